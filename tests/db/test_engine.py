"""The database: transactions as functions, many callers in one commit, nobody harmed by another's mistake."""

import asyncio
import json
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.serving import TIDINGS, wait_for
from tidings.db import Database, Tx
from tidings.db.engine import is_environment
from tidings.db.migrate import migrate
from tidings.tenants.tables import revisions, workspaces


def put(tx: Tx, name: str, value: int = 0) -> str:
    tx.execute(insert(revisions).values(name=name, value=value))
    return name


def put_and_fail(tx: Tx, name: str) -> None:
    put(tx, name)
    raise ZeroDivisionError(name)


def names(tx: Tx) -> set[str]:
    return set(tx.execute(select(revisions.c.name)).scalars())


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Keep the writer busy, so that functions gather for one drain."""
    running, go_on = threading.Event(), threading.Event()

    def wait(_tx: Tx) -> None:
        running.set()
        go_on.wait(20)

    busy = database._submit(wait)
    running.wait(20)
    yield
    go_on.set()
    busy.result(20)


def drained(database: Database, *scripts: Callable[[Tx], Any]) -> "list[Future[Any]]":
    """Submit functions that share one transaction."""
    with held(database):
        futures = [database._submit(script) for script in scripts]
    for future in futures:
        future.exception(20)
    return futures


def limit(database: Database, *, spare_pages: int | None) -> None:
    """Make the disk as full as if so many pages were left, None for an empty one; ends with the connection."""

    def script(tx: Tx) -> None:
        pages = tx.execute(text("PRAGMA page_count")).scalar() or 0
        most = 1_000_000_000 if spare_pages is None else pages + spare_pages
        tx.execute(text(f"PRAGMA max_page_count = {most}"))

    database.write_now(script)


def test_what_is_written_can_be_read(database: Database) -> None:
    assert database.write_now(put, "one", value=2**62) == "one"
    assert database.read_now(names) == {"one"}

    async def run() -> set[str]:
        await database.write(put, "two")
        return await database.read(names)

    assert asyncio.run(run()) == {"one", "two"}


def test_a_script_that_fails_alone_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        database.write_now(put_and_fail, "gone")
    assert database.read_now(names) == set()
    database.write_now(put, "after")


def test_a_script_that_fails_leaves_the_others_of_its_drain_committed(database: Database) -> None:
    scripts = [lambda tx: put(tx, "a"), lambda tx: put_and_fail(tx, "b"), lambda tx: put(tx, "c")]
    first, second, third = drained(database, *scripts)
    assert (first.result(), third.result()) == ("a", "c")
    assert isinstance(second.exception(), ZeroDivisionError)
    assert database.read_now(names) == {"a", "c"}


def test_a_statement_that_fails_leaves_the_others_of_its_drain_committed(database: Database) -> None:
    scripts = [lambda tx: put(tx, "a"), lambda tx: put(tx, "a"), lambda tx: put(tx, "c")]
    first, second, third = drained(database, *scripts)
    assert (first.result(), third.result()) == ("a", "c")
    assert isinstance(second.exception(), IntegrityError)
    assert not is_environment(second.exception() or Exception())
    assert database.read_now(names) == {"a", "c"}


def test_a_commit_that_fails_fails_all_callers_and_leaves_nothing(database: Database) -> None:
    def promise(tx: Tx) -> None:  # a foreign key that is checked at the commit
        tx.execute(text("CREATE TABLE child (id INTEGER REFERENCES workspaces (id) DEFERRABLE INITIALLY DEFERRED)"))
        tx.execute(text("INSERT INTO child VALUES (4711)"))

    futures = drained(database, lambda tx: put(tx, "a"), promise, lambda tx: put(tx, "c"))
    assert [type(future.exception()) for future in futures] == [IntegrityError] * 3
    assert database.read_now(names) == set()
    assert database.write_now(put, "after") == "after"


def test_savepoints_do_not_commit_by_themselves(database: Database) -> None:
    def script(tx: Tx) -> None:
        with tx.begin_nested():
            put(tx, "inner")
        assert database.read_now(names) == set()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write_now(script)
    assert database.read_now(names) == set()


def fill(tx: Tx) -> None:
    put(tx, "x" * 1_000_000)


def test_a_full_disk_fails_every_caller_of_the_drain_and_the_writer_goes_on(database: Database) -> None:
    limit(database, spare_pages=20)
    futures = drained(database, lambda tx: put(tx, "a"), fill, lambda tx: put(tx, "c"))
    errors = [future.exception() for future in futures]
    if isinstance(errors[0], OperationalError):  # SQLite gave the whole transaction up
        assert all(isinstance(error, OperationalError) for error in errors)
        assert database.read_now(names) == set()
    else:  # only the statement failed
        assert [type(error) for error in errors] == [type(None), OperationalError, type(None)]
        assert database.read_now(names) == {"a", "c"}
    assert is_environment(errors[1] or Exception())
    limit(database, spare_pages=None)
    assert database.write_now(put, "after") == "after"


def lose(tx: Tx) -> None:
    """Do what SQLite does on a full disk in the worst case: the transaction is gone."""
    put(tx, "lost")
    driver = tx.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("ROLLBACK")
    raise OSError("the disk is full")


def test_a_lost_transaction_fails_every_caller_and_nothing_of_it_stays(database: Database) -> None:
    futures = drained(database, lambda tx: put(tx, "a"), lose, lambda tx: put(tx, "c"))
    assert [future.exception() is not None for future in futures] == [True, True, True]
    assert database.read_now(names) == set()
    assert database.write_now(put, "after") == "after"
    assert database.read_now(names) == {"after"}


def test_a_lost_transaction_of_one_script_leaves_nothing(database: Database) -> None:
    with pytest.raises(Exception, match=r"full|transaction"):
        database.write_now(lose)
    assert database.read_now(names) == set()
    assert database.write_now(put, "after") == "after"


def test_a_caller_who_went_away_harms_nobody(database: Database) -> None:
    async def run() -> str:
        with held(database):
            gone = asyncio.create_task(database.write(put, "gone"))
            stays = asyncio.create_task(database.write(put, "stays"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        return await asyncio.wait_for(stays, 10)

    assert asyncio.run(run()) == "stays"
    assert "stays" in database.read_now(names)
    assert database.write_now(put, "after") == "after"


def test_the_writer_and_the_readers_are_set_up_alike(database: Database) -> None:
    def look(tx: Tx, name: str) -> Any:
        return tx.execute(text(f"PRAGMA {name}")).scalar()

    assert database.write_now(look, "journal_mode") == "wal"
    assert database.write_now(look, "synchronous") == 2
    assert database.write_now(look, "foreign_keys") == 1
    assert database.write_now(look, "query_only") == 0
    assert database.read_now(look, "query_only") == 1


def test_reads_are_snapshots(database: Database) -> None:
    def look_twice(tx: Tx) -> tuple[set[str], set[str]]:
        before = names(tx)
        database.write_now(put, "meanwhile")
        return before, names(tx)

    assert database.read_now(look_twice) == (set(), set())
    assert database.read_now(names) == {"meanwhile"}


def test_reads_cannot_write(database: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        database.read_now(put, "x")
    assert database.read_now(names) == set()


def test_another_process_gets_its_turn(database: Database) -> None:
    stopping = threading.Event()

    def write_on() -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            database.write_now(put, f"n{number}")

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write_on)]
        try:
            wait_for(lambda: len(database.read_now(names)) > 5)
            begin = time.monotonic()
            command = [*TIDINGS, "source", "create", "segment", "--data", str(database.path.parent), "--json"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            seconds = time.monotonic() - begin
        finally:
            stopping.set()
    assert [writer.result() for writer in writers] == [None]
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dialect"] == "segment"
    assert seconds < 15  # of which most is the start of Python on a busy machine


def test_another_writer_is_waited_for(database: Database) -> None:
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    future = database._submit(lambda tx: put(tx, "mine"))
    with pytest.raises(TimeoutError):
        future.result(0.3)
    other.execute("COMMIT")
    other.close()
    assert future.result(20) == "mine"


def test_closing_commits_what_waits(database: Database) -> None:
    with held(database):
        futures = [database._submit(partial(put, name=f"n{n}")) for n in range(200)]
        closing = threading.Thread(target=database.close)
        closing.start()
        wait_for(database._stopping.is_set)
    closing.join(20)
    assert [future.result(5) for future in futures] == [f"n{n}" for n in range(200)]
    with pytest.raises(RuntimeError):
        database.write_now(put, "late")
    database.close()  # twice is harmless
    again = Database(database.path)
    assert len(again.read_now(names)) == 200
    again.close()


def test_a_drain_is_bounded_and_in_order(database: Database) -> None:
    def add(tx: Tx, number: int) -> int:
        count = tx.execute(select(func.count()).select_from(revisions)).scalar()
        put(tx, f"n{number}")
        return int(count or 0)

    futures = drained(database, *[partial(add, number=n) for n in range(150)])
    assert [future.result() for future in futures] == list(range(150))


@pytest.mark.parametrize("name", ["a b", "50%20 off", "what?", "#1", "a&mode=memory", "ünï"])
def test_any_name_of_a_folder_will_do(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    migrate(folder / "tidings.db", 1)
    assert (folder / "tidings.db").stat().st_size > 0
    opened = Database(folder / "tidings.db")
    opened.write_now(put, "x")
    opened.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_write_of_text_that_no_database_takes_fails_alone(database: Database) -> None:
    with pytest.raises(Exception, match="surrogate"):
        database.write_now(put, "\ud800")
    assert database.write_now(put, "after") == "after"


def test_ids_of_rows_are_those_of_the_transaction(database: Database) -> None:
    values = {"name": "a", "time_zone": "UTC", "created_at": 1}
    made = database.write_now(lambda tx: tx.execute(insert(workspaces).values(values)).inserted_primary_key)
    assert made is not None
    assert made[0] == 1
