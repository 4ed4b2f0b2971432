"""The log: group commit, order, positions that never restart, refusals instead of loss."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving import wait_for
from tidings.db.squeezing import CannotCompact
from tidings.log import sqlite as module
from tidings.log.contract import LogUnavailable
from tidings.log.pressure import Pressure
from tidings.log.sqlite import LogMismatch, SqliteLog, appended, pack, unpack


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(tmp_path / "log.db", "epoch")
    yield opened
    opened.close()


def reopened(log: SqliteLog) -> SqliteLog:
    log.close()
    return SqliteLog(log.path, "epoch")


@asynccontextmanager
async def held(log: SqliteLog) -> AsyncIterator[None]:
    """Keep the log from committing, so that appends gather behind one that waits for the disk."""
    with log._writing:
        first = log.append(b"first", 1)
        wait_for(lambda: log.waiting == 0)
        yield
    await first


def append_all(log: SqliteLog, *payloads: bytes) -> list[int]:
    async def run() -> list[int]:
        return [await log.append(payload, 1) for payload in payloads]

    return asyncio.run(run())


def everything(log: SqliteLog) -> list[bytes]:
    return [payload for frame in log.read(0, 10**9) for payload in frame.payloads]


def full_disk(log: SqliteLog) -> None:
    pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
    log._connection.execute(f"PRAGMA max_page_count = {pages}")


def empty_disk(log: SqliteLog) -> None:
    log._connection.execute("PRAGMA max_page_count = 1000000")


def test_a_file_with_pages_of_another_size_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(module, "PAGE_BYTES", 4096)
        old = SqliteLog(tmp_path / "log.db", "epoch")
    append_all(old, b"one")
    log = reopened(old)
    append_all(log, b"two" * 10_000)
    assert everything(log) == [b"one", b"two" * 10_000]
    ((page,), (pages,)) = (
        log._connection.execute(f"PRAGMA {x}").fetchone() for x in ("page_size", "wal_autocheckpoint")
    )
    assert (page, page * pages) == (4096, module.WAL_MOST)
    log.close()


def batch(requests: int, size: int) -> list[module._Waiting]:
    loop = asyncio.new_event_loop()
    loop.close()
    return [module._Waiting(bytes(size), 1, loop, lambda _position, _failure: None) for _ in range(requests)]


def test_commits_are_apart_as_long_as_the_loop_takes_to_gather_more() -> None:
    assert module.spacing(batch(1, 500)) == 0.0
    assert module.spacing(batch(module.CROWD - 1, 500)) == 0.0
    assert module.spacing(batch(module.CROWD, 500)) == module.CROWD_SECONDS
    assert module.spacing(batch(4, 10_000)) == pytest.approx(0.002)
    assert module.spacing(batch(4, 50_000)) == pytest.approx(0.01)
    assert module.spacing(batch(1, 500_000)) == module.LARGE_SECONDS


def test_both_connections_sync_at_every_commit(log: SqliteLog) -> None:
    for connection in (log._connection, log._reader):
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert log._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_the_reader_cannot_write(log: SqliteLog) -> None:
    with pytest.raises(sqlite3.OperationalError):
        log._reader.execute("DELETE FROM frames")


def test_what_waits_together_is_one_frame(log: SqliteLog) -> None:
    async def run() -> list[int]:
        async with held(log):
            waiting = [log.append(b"%d" % n, 2) for n in range(10)]
        return list(await asyncio.gather(*waiting))

    positions = asyncio.run(run())
    assert set(positions) == {2}
    first, second = log.read(0, 1000)
    assert first.payloads == [b"first"]
    assert second.payloads == [b"%d" % n for n in range(10)]
    assert (first.upto, second.upto, log.upto, log.end) == (1, 21, 21, 2)


def test_a_frame_is_bounded(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRAME_BYTES", 100)

    async def run() -> None:
        async with held(log):
            waiting = [log.append(b"x" * 60, 1) for _ in range(4)]
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert [len(frame.payloads) for frame in log.read(0, 1000)] == [1, 2, 2]


def test_each_commit_looks_how_much_the_loop_has_to_do(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0

    def work() -> float:  # as much of the processor as there was time: the machine's other work is no matter
        nonlocal now
        now += 0.02
        return now

    monkeypatch.setattr(log, "_pressure", Pressure(work, lambda: now))
    assert not log.pressed
    append_all(log, *[b"x"] * 20)
    assert log.pressed
    now += 1
    assert not log.pressed


def test_whoever_waits_for_a_commit_that_takes_long_presses_no_less(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pressure, "full", True)
    monkeypatch.setattr(Pressure, "age", 10.0)

    async def run() -> None:
        async with held(log):
            assert log.waiting == 0
            assert log.pressed

    asyncio.run(run())
    wait_for(lambda: not log.pressed)


def test_threads_take_longer_turns_again_once_a_crowd_is_gone(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[bool] = []
    monkeypatch.setattr(module, "take_turns", lambda *, quickly: turns.append(quickly))
    monkeypatch.setattr(module, "CROWD", 1)
    monkeypatch.setattr(Pressure, "full", True)
    append_all(log, b"one")
    wait_for(lambda: turns[-1:] == [False])
    assert True in turns


@pytest.mark.parametrize(
    ("payload", "together", "pressed", "longest"),
    [
        (b"x" * 600, 60, True, module.CROWD_SECONDS),
        (b"x" * 600, module.CROWD - 1, True, 0),
        (b"x" * 60_000, 3, True, module.LARGE_SECONDS),
        (b"x" * 60_000, 3, False, 0),
    ],
)
def test_many_requests_or_large_ones_share_a_commit_while_the_edge_is_pressed(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch, payload: bytes, together: int, pressed: bool, longest: float
) -> None:
    pauses: list[float] = []
    clocks = {"monotonic": time.monotonic, "thread_time": time.thread_time}
    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=pauses.append, **clocks))
    monkeypatch.setattr(Pressure, "full", pressed)

    async def often() -> None:
        for _ in range(20):
            await asyncio.gather(*[log.append(payload, 1) for _ in range(together)])

    asyncio.run(often())
    log.close()
    assert max(pauses) == longest


def test_the_order_is_that_of_the_appends(log: SqliteLog) -> None:
    async def run() -> list[int]:
        return list(await asyncio.gather(*[log.append(b"%d" % n, 1) for n in range(500)]))

    positions = asyncio.run(run())
    assert positions == sorted(positions)
    assert everything(log) == [b"%d" % n for n in range(500)]


def test_loops_of_several_threads_are_all_answered(log: SqliteLog) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.extend(append_all(log, *[b"x"] * 20))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    assert len(everything(log)) == 80


def test_positions_never_restart_after_trimming_and_reopening(log: SqliteLog) -> None:
    last = append_all(log, b"a", b"b", b"c")[-1]
    assert log.trim(last) == 2  # the newest frame stays: it carries the number of events
    again = reopened(log)
    assert (again.end, again.upto) == (3, 3)
    assert append_all(again, b"d") == [4]
    assert [(f.position, f.upto, f.payloads) for f in again.read(last, 9)] == [(4, 4, [b"d"])]
    again.close()


def test_positions_never_restart_even_if_no_frame_is_left(log: SqliteLog) -> None:
    append_all(log, b"a", b"b")
    log._connection.execute("DELETE FROM frames")
    again = reopened(log)
    assert append_all(again, b"c") == [3]
    again.close()


def test_trimming_spares_what_is_behind_the_position(log: SqliteLog) -> None:
    append_all(log, b"a", b"b", b"c", b"d")
    assert log.trim(2) == 2
    assert everything(log) == [b"c", b"d"]
    assert log.trim(0) == 0
    assert log.trim(10**9) == 1


def test_reading_stops_at_the_events_asked_for(log: SqliteLog) -> None:
    async def run() -> None:
        for _ in range(6):
            await log.append(b"x", 10)

    asyncio.run(run())
    assert [frame.position for frame in log.read(0, 1)] == [1]
    assert [frame.position for frame in log.read(2, 1)] == [3]
    # "until they hold at least so many": 25 needs three frames of ten; the first one may count less than it holds.
    assert len(log.read(0, 25)) in (3, 4)
    assert [frame.position for frame in log.read(4, 1000)] == [5, 6]
    assert log.read(6, 1000) == []


def test_reading_stops_at_the_bytes_that_memory_may_hold(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "small.db", "epoch", read_bytes=400)
    append_all(log, *[b"x" * 300] * 5)
    assert [frame.position for frame in log.read(0, 1000)] == [1, 2]
    log.close()


def test_waiting_ends_when_something_is_appended(log: SqliteLog) -> None:
    assert log.wait(0, 0) is False
    found: list[bool] = []
    waiting = threading.Thread(target=lambda: found.append(log.wait(0, 20)))
    waiting.start()
    append_all(log, b"x")
    waiting.join(10)
    assert found == [True]
    assert log.wait(0, 0) is True
    begin = time.monotonic()
    assert log.wait(1, 0.05) is False
    assert time.monotonic() - begin >= 0.05


def test_waiting_ends_when_the_log_is_closed(log: SqliteLog) -> None:
    found: list[bool] = []
    waiting = threading.Thread(target=lambda: found.append(log.wait(0, 20)))
    waiting.start()
    log.close()
    waiting.join(10)
    assert found == [False]


def test_more_than_may_wait_is_refused_and_the_rest_is_kept(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE_BYTES", 1000)

    async def run() -> None:
        async with held(log):
            waiting = log.append(b"x" * 990, 1)
            with pytest.raises(LogUnavailable):
                log.append(b"y" * 20, 1)
        await waiting
        await log.append(b"z", 1)  # there is room again

    asyncio.run(run())
    assert everything(log) == [b"first", b"x" * 990, b"z"]


def test_a_full_disk_refuses_all_who_wait_and_ends_with_the_disk(log: SqliteLog) -> None:
    append_all(log, b"before")

    async def run() -> None:
        full_disk(log)
        waiting = [log.append(b"x" * 10_000, 1) for _ in range(5)]
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in found] == [LogUnavailable] * 5
        assert "full" in str(found[0])
        assert "full" in str(log.failure)
        empty_disk(log)
        assert await log.append(b"after", 1) == 2

    asyncio.run(run())
    assert log.failure is None
    assert everything(log) == [b"before", b"after"]
    assert log.upto == 2


def test_a_file_that_cannot_be_written_refuses(log: SqliteLog) -> None:
    log._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(LogUnavailable):
        append_all(log, b"x")
    log._connection.execute("PRAGMA query_only = OFF")
    assert append_all(log, b"y") == [1]


def test_an_error_of_another_kind_does_not_end_the_log(log: SqliteLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(_payloads: list[bytes]) -> bytes:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(module, "pack", out_of_memory)
        with pytest.raises(LogUnavailable):
            asyncio.run(asyncio.wait_for(_one(log), 2))
    assert append_all(log, b"y") == [1]


async def _one(log: SqliteLog) -> int:
    return await log.append(b"x", 1)


def test_a_closed_log_refuses(log: SqliteLog) -> None:
    log.close()
    with pytest.raises(LogUnavailable):
        append_all(log, b"x")


def test_a_waiter_who_went_away_harms_nobody(log: SqliteLog) -> None:
    async def run() -> None:
        async with held(log):
            gone = log.append(b"gone", 1)
            stays = log.append(b"stays", 1)
            gone.cancel()
        assert await asyncio.wait_for(stays, 5) == 2

    asyncio.run(run())
    assert everything(log) == [b"first", b"gone", b"stays"]


def test_a_loop_that_is_closed_harms_nobody(log: SqliteLog) -> None:
    loop = asyncio.new_event_loop()

    async def leave() -> None:
        log.append(b"left", 1)

    with log._writing:
        loop.run_until_complete(leave())
        loop.close()
    assert append_all(log, b"next")
    assert everything(log) == [b"left", b"next"]


def test_closing_commits_what_waits(log: SqliteLog) -> None:
    async def run() -> list[int]:
        log._writing.acquire()
        waiting = [log.append(b"%d" % n, 1) for n in range(3)]
        closing = threading.Thread(target=log.close)
        closing.start()
        wait_for(lambda: log._stopping)
        log._writing.release()
        found = await asyncio.gather(*waiting)
        closing.join()
        return list(found)

    assert asyncio.run(run())
    again = reopened(log)
    assert everything(again) == [b"0", b"1", b"2"]
    again.close()


def test_a_log_of_another_state_is_refused(log: SqliteLog) -> None:
    append_all(log, b"mine")
    log.close()
    with pytest.raises(LogMismatch, match="belongs to another"):
        SqliteLog(log.path, "another")
    again = reopened(log)
    assert everything(again) == [b"mine"]
    again.close()


def test_a_log_of_another_format_is_refused(log: SqliteLog) -> None:
    log._connection.execute("UPDATE log_meta SET format = 99")
    log.close()
    with pytest.raises(LogMismatch, match="format 99"):
        SqliteLog(log.path, "epoch")


def test_another_process_can_count_what_was_appended(log: SqliteLog, tmp_path: Path) -> None:
    assert appended(tmp_path / "none.db") == 0
    assert appended(log.path) == 0
    append_all(log, b"a", b"b")
    log.trim(2)
    assert appended(log.path) == 2


@pytest.mark.parametrize("name", ["a b", "50%20 off", "what?", "#1", "ünï"])
def test_any_name_of_a_folder_will_do(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    log = SqliteLog(folder / "log.db", "epoch")
    append_all(log, b"a")
    assert appended(log.path) == 1
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


@given(st.lists(st.binary(max_size=50), max_size=30))
def test_what_is_packed_is_unpacked(payloads: list[bytes]) -> None:
    assert unpack(pack(payloads)) == payloads


def test_who_waits_can_be_woken(log: SqliteLog) -> None:
    found: list[bool] = []
    waiting = threading.Thread(target=lambda: found.append(log.wait(0, 20)))
    waiting.start()
    log.wake()
    waiting.join(10)
    assert found == [False]
    log.wake()  # before anybody waits
    begin = time.monotonic()
    assert log.wait(0, 20) is False
    assert time.monotonic() - begin < 10
    assert log.wait(0, 0.05) is False


def never(_seconds: float) -> bool:
    return False


def traces(log: SqliteLog, text: bytes) -> list[str]:
    return [path.name for path in log.path.parent.iterdir() if text in path.read_bytes()]


def test_nothing_is_left_of_what_was_worked_off(log: SqliteLog) -> None:
    log._connection.execute("PRAGMA secure_delete = OFF")  # Debian's SQLite is built with ON
    append_all(log, b"alice" * 1000, b"alice 2", b"bob")
    log.compact(2, 0, never)
    assert traces(log, b"alice") == []
    assert everything(log) == [b"bob"]
    assert (log.end, log.upto, log.erased) == (3, 3, 0)
    assert append_all(log, b"carol") == [4]
    again = reopened(log)
    assert [(f.position, f.upto) for f in again.read(0, 9)] == [(3, 3), (4, 4)]
    again.close()


def test_the_newest_frame_is_emptied_and_still_says_how_many_events_there_were(log: SqliteLog) -> None:
    append_all(log, b"alice", b"alice")
    log.compact(2, 0, never)
    assert traces(log, b"alice") == []
    assert everything(log) == []
    assert (log.erased, appended(log.path)) == (2, 2)
    again = reopened(log)
    assert (again.end, again.upto, again.erased) == (2, 2, 2)
    assert append_all(again, b"bob") == [3]
    assert again.trim(2) == 1
    assert again.erased == 0
    again.close()


def test_what_is_not_worked_off_is_not_touched(log: SqliteLog) -> None:
    append_all(log, b"a", b"b")
    log.compact(0, 0, never)
    assert everything(log) == [b"a", b"b"]
    log.compact(0, 0, never)
    assert everything(log) == [b"a", b"b"]


def test_appending_goes_on_while_a_reader_keeps_a_compaction_waiting(log: SqliteLog) -> None:
    append_all(log, b"alice", b"b")
    reader = sqlite3.connect(log.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM frames").fetchall()
    pauses: list[list[int]] = []

    def append(_seconds: float) -> bool:
        pauses.append(append_all(log, b"meanwhile"))
        if len(pauses) == 3:
            reader.execute("COMMIT")
        return len(pauses) > 10

    log.compact(1, 0, append)
    assert pauses == [[3], [4], [5]]
    assert traces(log, b"alice") == []
    reader.close()


def test_a_compaction_can_be_given_up_or_refused(log: SqliteLog) -> None:
    append_all(log, b"a", b"b")
    reader = sqlite3.connect(log.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM frames").fetchall()
    with pytest.raises(CannotCompact, match="broken off"):
        log.compact(1, 0, lambda _: True)
    with pytest.raises(CannotCompact, match="free space"):
        log.compact(1, 2**60, never)
    reader.close()
    assert everything(log) == [b"b"]
    log._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(CannotCompact, match="readonly"):
        log.compact(1, 0, never)
