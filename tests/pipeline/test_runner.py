"""The thread of the pipeline: what wakes it, and when it compacts."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tests.fresh import migrated
from tests.pipeline.test_batch import T0, happened, record
from tests.serving import wait_for
from tidings.db import Database, compactions
from tidings.events import pending_store, store
from tidings.folder import Folder
from tidings.log.contract import Frame
from tidings.log.sqlite import SqliteLog
from tidings.pipeline import compaction, runner
from tidings.pipeline.opening import key_of, open_pipeline


class Running:
    """A pipeline at work over a folder."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path)
        self.folder.prepare()
        epoch = migrated(self.folder.state, T0)
        self.database = Database(self.folder.state)
        self.log, self.pipeline = open_pipeline(self.folder, self.database, epoch, key_of(self.folder, self.database))

    def counts(self) -> dict[str, int]:
        return self.database.read_now(store.get_counts, 1)

    def append(self, payload: bytes) -> None:
        async def one() -> None:
            await self.log.append(payload, 1)

        asyncio.run(one())

    def ask(self) -> int:
        return self.database.write_now(compactions.ask, T0)

    def outcome(self, number: int) -> compactions.Outcome:
        return self.database.read_now(compactions.outcome, number)

    def close(self) -> None:
        self.pipeline.stop(5)
        self.log.close()
        self.database.close()


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(compaction, "LOOK_SECONDS", 0.01)
    made = Running(tmp_path / "data")
    yield made
    made.close()


def test_an_own_event_wakes_the_pipeline(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "IDLE_SECONDS", 60)
    running.pipeline.start()
    for number in range(3):
        payload = record(happened(f"m{number}")).decode()
        running.database.write_now(pending_store.add, 1, pending_store.RECORD, payload, T0)
        wait_for(lambda wanted=number + 1: running.counts().get("events") == wanted, 20)


def test_an_own_event_of_another_process_is_found(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "IDLE_SECONDS", 0.05)
    running.pipeline.start()
    other = Database(running.folder.state)
    other.write_now(pending_store.add, 1, pending_store.RECORD, record(happened("m1")).decode(), T0)
    other.close()
    wait_for(lambda: running.counts().get("events") == 1, 20)


def test_a_compaction_comes_behind_what_was_acknowledged(running: Running) -> None:
    running.append(record(happened("alice-1", properties={"trace": "quince"})))
    number = running.ask()
    monkey = running.pipeline._compaction
    assert monkey.due()
    monkey.run(running.pipeline.cursor)
    assert not running.outcome(number).done, "an acknowledged event was not worked off yet"
    running.pipeline.settle()
    assert running.outcome(number) == (True, None)
    assert running.counts()["events"] == 1
    assert b"quince" not in running.folder.log.read_bytes()
    assert not monkey.due()


def test_a_compaction_waits_for_a_backup_and_for_a_short_log(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    number = running.ask()
    with running.folder.trimming_paused():
        running.pipeline.settle()
        assert not running.outcome(number).done
    running.append(record(happened("m1")))
    running.pipeline.settle()
    assert running.outcome(number).done
    running.ask()
    monkeypatch.setattr(compaction, "SHORT", -1)
    running.pipeline.settle()
    assert running.database.read_now(compactions.asked) is not None


def test_a_backup_waits_for_a_compaction(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real = SqliteLog.compact

    def slow(log: SqliteLog, *arguments: object) -> None:
        beside.start()
        wait_for(trying.is_set)
        order.append("compacted")
        real(log, *arguments)  # type: ignore[arg-type]

    trying = threading.Event()

    def back_up() -> None:
        trying.set()
        with running.folder.trimming_paused():
            order.append("copied")

    beside = threading.Thread(target=back_up)
    monkeypatch.setattr(SqliteLog, "compact", slow)
    running.ask()
    running.pipeline.settle()
    beside.join(20)
    assert order == ["compacted", "copied"]


def test_a_compaction_that_cannot_be_done_says_why(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    running.append(record(happened("m1")))
    running.pipeline._compaction._spare = 2**60
    number = running.ask()
    running.pipeline.start()
    wait_for(lambda: running.outcome(number).done, 20)
    assert "free space" in str(running.outcome(number).failure)
    running.append(record(happened("m2")))
    wait_for(lambda: running.counts()["events"] == 2, 20)


def test_a_stop_ends_a_compaction_which_is_done_after_the_next_start(running: Running) -> None:
    running.append(record(happened("m1")))
    number = running.ask()
    with closing(sqlite3.connect(running.folder.state, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        running.pipeline.start()
        wait_for(lambda: running.database._squeezing is not None, 20)
        running.pipeline.stop(0)
    assert running.outcome(number) == (False, None)
    running.close()
    again = Running(running.folder.path)
    again.pipeline.settle()
    assert again.outcome(number) == (True, None)
    assert again.counts()["events"] == 1
    again.close()


class Clock:
    """Time that passes only where somebody works or waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def is_set(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("events", "arriving", "pressed", "rest"),
    [
        (runner.MANY - 1, 50, True, 0.0),  # nothing to gather
        (runner.MANY, 0, True, 0.0),  # nothing comes any more
        (runner.MANY, 1, False, runner.GATHER_SECONDS),
        (runner.MANY, 1, True, runner.PATIENCE * 0.5),
        (runner.MANY, runner.IMPATIENT // 2, True, runner.PATIENCE * 0.25),
        (runner.MANY, runner.IMPATIENT, True, runner.GATHER_SECONDS),
    ],
)
def test_how_long_it_steps_back(
    running: Running, monkeypatch: pytest.MonkeyPatch, events: int, arriving: int, pressed: bool, rest: float
) -> None:
    clock, pipeline, log = Clock(), running.pipeline, running.log
    before = pipeline.cursor.upto
    log.upto = before + events

    def commit(_frames: list[Frame]) -> store.Cursor:
        clock.now += 0.5
        log.upto += arriving
        return msgspec.structs.replace(pipeline.cursor, upto=before + events)

    monkeypatch.setattr(runner, "time", clock)
    monkeypatch.setattr(SqliteLog, "pressed", pressed)
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "_stopping", clock)
        patched.setattr(pipeline, "_commit", commit)
        assert pipeline.step() == events
    assert clock.now - 100.5 == pytest.approx(rest, abs=0.06)  # it looks every 50 ms
    pipeline.cursor.upto = log.upto = before
