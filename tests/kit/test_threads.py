"""How soon a thread that waits for the interpreter gets it."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidings.kit import threads


@pytest.fixture(autouse=True)
def interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def test_threads_take_turns_quickly_or_not() -> None:
    threads.take_turns(quickly=True)
    assert sys.getswitchinterval() == pytest.approx(threads.QUICK_SECONDS)
    threads.take_turns(quickly=False)
    assert sys.getswitchinterval() == pytest.approx(threads.SWITCH_SECONDS)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux adds to timed waits")
def test_only_the_thread_that_asks_wakes_on_time() -> None:
    def slack() -> int:
        return int(Path(f"/proc/{threading.get_native_id()}/timerslack_ns").read_text())

    seen: list[int] = []

    def run() -> None:
        seen.append(slack())
        threads.wake_on_time()
        seen.append(slack())

    here = slack()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [here, threads.SLACK_NANOSECONDS]
    assert slack() == here


def test_where_it_is_forbidden_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "write_text", refuse)
    threads.wake_on_time()
