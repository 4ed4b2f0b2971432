"""Checkpoints of the log: beside the commits, and never in their way."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import wait_for
from tidings.log import checkpoints
from tidings.log.sqlite import SqliteLog


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteLog]:
    monkeypatch.setattr(checkpoints, "WAL_BYTES", 400_000)
    opened = SqliteLog(tmp_path / "log.db", "epoch")
    yield opened
    opened.close()


def append(log: SqliteLog, times: int) -> None:
    async def run() -> None:
        async with asyncio.timeout(10):  # SQLite itself is patient for 30 s
            for _ in range(times):
                await log.append(bytes(50_000), 1)

    asyncio.run(run())


def wal(log: SqliteLog) -> int:
    return Path(f"{log.path}-wal").stat().st_size


def test_the_write_ahead_log_goes_into_the_file_and_begins_anew(log: SqliteLog) -> None:
    before = log.path.stat().st_size
    append(log, 9)
    wait_for(lambda: log.path.stat().st_size > before + 400_000)
    wait_for(lambda: not log._writing.locked())
    size = wal(log)
    for _ in range(3):
        append(log, 9)
    assert wal(log) < 3 * size
    assert len(log.read(0, 10**6)) == 36


def test_a_reader_of_old_pages_holds_up_no_commit(log: SqliteLog) -> None:
    reader = sqlite3.connect(log.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM frames").fetchone()
    append(log, 30)
    reader.execute("COMMIT")
    reader.close()
    append(log, 9)
    assert len(log.read(0, 10**6)) == 39


def test_a_checkpoint_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "WAL_BYTES", 10)
    asked: list[str] = []

    class Failing:
        def execute(self, statement: str) -> None:
            asked.append(statement)
            raise sqlite3.OperationalError("disk I/O error")

        def close(self) -> None:
            asked.append("closed")

    checkpointer = checkpoints.Checkpointer(Failing(), threading.Lock())  # type: ignore[arg-type]
    for times in (1, 2):
        checkpointer.count(11)
        wait_for(lambda times=times: len(asked) == times)
    checkpointer.close()
    assert asked[-1] == "closed"
