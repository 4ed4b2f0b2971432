"""Compacting the state: no trace of what was deleted, nobody's write lost, and a clear word where it cannot be."""

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from tests.fresh import migrated
from tidings.db import Database, Tx, compactions, squeezing
from tidings.db.engine import announce
from tidings.db.squeezing import CannotCompact
from tidings.tenants.tables import revisions

TRACE = "alice@example.org"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    migrated(tmp_path / "tidings.db", 1)
    opened = Database(tmp_path / "tidings.db")
    yield opened
    opened.close()


def fill(tx: Tx) -> None:
    tx.execute(insert(revisions), [{"name": f"{number}-{TRACE}", "value": number} for number in range(3000)])


def clear(tx: Tx) -> None:
    tx.execute(delete(revisions).where(revisions.c.value % 100 != 0))
    tx.execute(delete(revisions).where(revisions.c.name.contains(TRACE)))


def names(tx: Tx) -> list[str]:
    return list(tx.execute(select(revisions.c.name)).scalars())


def put(tx: Tx, name: str) -> None:
    tx.execute(insert(revisions).values(name=name, value=1))


def traces(database: Database) -> list[str]:
    return [path.name for path in database.path.parent.iterdir() if TRACE.encode() in path.read_bytes()]


def leave_traces(tx: Tx) -> None:
    """Have deleted rows stand, as SQLite does unless it is built otherwise (Debian's is)."""
    driver(tx).execute("PRAGMA secure_delete = OFF")


def driver(tx: Tx) -> sqlite3.Connection:
    found = tx.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


def test_no_trace_is_left(database: Database) -> None:
    database.write_now(leave_traces)
    database.write_now(fill)
    database.write_now(clear)
    assert traces(database)
    before = database.path.stat().st_size
    database.compact_now(0)
    assert traces(database) == []
    assert database.path.with_name("tidings.db-wal").stat().st_size == 0
    assert database.path.stat().st_size <= before
    database.write_now(put, "after")
    assert database.read_now(names) == ["after"]


def test_writers_wait_and_readers_read_meanwhile(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = squeezing.squeeze
    read: list[list[str]] = []
    running = threading.Event()

    def slow(*arguments: Any) -> None:
        running.set()
        read.append(database.read_now(names))
        real(*arguments)

    monkeypatch.setattr("tidings.db.engine.squeeze", slow)
    database.write_now(put, "before")
    with closing_thread(lambda: database.compact_now(0)):
        running.wait(20)
        database.write_now(put, "meanwhile")
    assert read == [["before"]]
    assert sorted(database.read_now(names)) == ["before", "meanwhile"]


class closing_thread:  # noqa: N801 -- reads like contextlib.closing
    """Run something beside, and see its end."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.thread = threading.Thread(target=run)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.thread.join(30)
        assert not self.thread.is_alive()


def test_a_reader_that_does_not_end_is_named(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squeezing, "READERS_SECONDS", 0.2)
    database.write_now(fill)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM revisions").fetchone() == (3000,)
        with pytest.raises(CannotCompact, match=r"goes on reading tidings\.db"):
            database.compact_now(0)
    assert len(database.read_now(names)) == 3000
    database.compact_now(0)


def test_too_little_room_is_told_before_anything_is_done(database: Database) -> None:
    with pytest.raises(CannotCompact, match="free space"):
        database.compact_now(2**60)
    with pytest.MonkeyPatch.context() as patch:
        usage = shutil.disk_usage(database.path.parent)
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
        with pytest.raises(CannotCompact, match="0 are free"):
            database.compact_now(0)


def test_one_that_is_broken_off_changes_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.write_now(fill)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM revisions").fetchone()
        with closing_thread(database.break_off), pytest.raises(CannotCompact):
            database.compact_now(0)
    assert len(database.read_now(names)) == 3000
    database.write_now(put, "after")


def test_an_interrupt_ends_the_writing(database: Database) -> None:
    """Each step of the copying calls back; the first one breaks off, from another thread as a shutdown does."""
    database.write_now(fill)

    def stop() -> int:
        thread = threading.Thread(target=database.break_off)
        thread.start()
        thread.join(10)
        return 0

    connection = database.write_now(driver)
    connection.set_progress_handler(stop, 1000)
    with pytest.raises(CannotCompact, match="interrupted"):
        database.compact_now(0)
    connection.set_progress_handler(None, 0)
    assert len(database.read_now(names)) == 3000
    database.write_now(put, "after")


def test_compactions_are_asked_for_and_answered(database: Database) -> None:
    assert database.read_now(compactions.asked) is None
    first = database.write_now(compactions.ask, 10)
    second = database.write_now(compactions.ask, 11)
    assert database.read_now(compactions.asked) == second
    assert database.read_now(compactions.outcome, first) == (False, None)
    database.write_now(compactions.finish, second, 12, None)
    assert database.read_now(compactions.asked) is None
    assert database.read_now(compactions.outcome, first) == (True, None)
    third = database.write_now(compactions.ask, 13)
    database.write_now(compactions.finish, third, 14, "no room")
    assert database.read_now(compactions.outcome, third) == (True, "no room")
    assert database.read_now(compactions.outcome, second) == (True, None)
    assert database.read_now(compactions.outcome, 99) == (False, None)


def test_old_compactions_are_not_kept(database: Database) -> None:
    numbers = [database.write_now(compactions.ask, number) for number in range(compactions.KEPT + 3)]
    database.write_now(compactions.finish, numbers[-1], 1, None)
    kept = [number for number in numbers if database.read_now(compactions.outcome, number).done]
    assert kept == numbers[-compactions.KEPT :]


def test_listeners_hear_of_what_is_announced(database: Database) -> None:
    heard: list[str] = []
    database.listen(lambda: heard.append("one"))
    database.listen(lambda: heard.append("two"))
    database.write_now(put, "quiet")
    assert heard == []

    def loud(tx: Tx) -> None:
        announce(tx)

    database.write_now(loud)
    database.write_now(put, "quiet again")
    assert heard == ["one", "two"]
