"""The two files of a data folder as files: copy them under a working server, check them, tell what is in them."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec

PAGES = 1024  # of 4 KiB, copied in one step
BUSY_SECONDS = 30
OLDEST_SQLITE = (3, 38, 0)  # the first with -> and ->>
Progress = Callable[[int, int], None]


class Damaged(Exception):  # noqa: N818
    """A file is not what it should be, or cannot be read; the text names it and says why."""


class StateFacts(msgspec.Struct, frozen=True):
    """What tells one state database from another.

    Args:
        revision: Of its schema.
        epoch: The same in the log that belongs to it.
        position: In the log; everything up to it is in the state.
        upto: Events of the log up to the position.
    """

    revision: str
    epoch: str
    position: int
    upto: int


class LogFacts(msgspec.Struct, frozen=True):
    """What tells one log from another.

    Args:
        epoch: The same in the state that it belongs to.
        format: Of its frames.
        first: Position of the oldest frame that is left, 0 if there is none.
        last: Position of the newest frame that ever was, 0 if there was none.
        upto: Events in the log since it began.
    """

    epoch: str
    format: int
    first: int
    last: int
    upto: int


class ForgottenFacts(msgspec.Struct, frozen=True):
    """What tells of forgotten customers.

    Args:
        latest: When the latest one was forgotten, UTC milliseconds; None if nobody ever was.
        witnesses: Digests of nobody; the one that the installation's key gives must be among them.
        compacted: When the files were last compacted, UTC milliseconds; None if never.
    """

    latest: int | None
    witnesses: list[str]
    compacted: int | None


def copy(source: Path, target: Path, on_progress: Progress) -> None:
    """Copy a database as it is at this moment, while others read and write it, and have the copy on disk.

    The copy is in rollback-journal mode, so that it is one file and can be read from a read-only medium.

    Args:
        source: The database.
        target: A file that does not exist yet.
        on_progress: Called with the bytes copied and the bytes in all after every step.

    Raises:
        Damaged: The source cannot be read, or the target cannot be written.
    """
    with reading(source) as origin, explained(target):
        # The transaction pins one snapshot. Without it every commit of the server would start the copying anew, and
        # under load it would never end.
        origin.execute("BEGIN")
        (size,) = origin.execute("PRAGMA page_size").fetchone()
        origin.execute("SELECT count(*) FROM sqlite_master").fetchone()
        made = sqlite3.connect(target, isolation_level=None)
        try:
            made.execute("PRAGMA journal_mode = OFF")
            made.execute("PRAGMA synchronous = OFF")  # one fsync at the end
            origin.backup(
                made,
                pages=PAGES,
                progress=lambda _, left, total: on_progress((total - left) * size, total * size),
            )
            made.execute("PRAGMA journal_mode = DELETE").fetchone()
        finally:
            made.close()
    flush(target)


def flush(path: Path) -> None:
    """Have a file or folder on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def quick_check(path: Path) -> list[str]:
    """Return what SQLite finds wrong with a database, nothing if it is sound."""
    try:
        with reading(path) as database:
            found = [str(row[0]) for row in database.execute("PRAGMA quick_check(5)")]
    except Damaged as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def state_facts(path: Path) -> StateFacts:
    """Return what tells a state database from another.

    Raises:
        Damaged: It is none, or cannot be read.
    """
    with reading(path) as database:
        revision = database.execute("SELECT version_num FROM alembic_version").fetchone()
        epoch = database.execute("SELECT epoch FROM installation").fetchone()
        cursor = database.execute("SELECT position, upto FROM pipeline_cursor").fetchone() or (0, 0)
    if revision is None or epoch is None:
        raise Damaged(f"{path}: not a complete state of Tidings")
    return StateFacts(revision=revision[0], epoch=epoch[0], position=cursor[0], upto=cursor[1])


def forgotten_facts(path: Path) -> ForgottenFacts:
    """Return what tells of forgotten customers.

    Raises:
        Damaged: It is no state, or cannot be read.
    """
    with reading(path) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'forgotten'").fetchone():
            return ForgottenFacts(latest=None, witnesses=[], compacted=None)  # an earlier version's
        (latest,) = database.execute("SELECT max(at) FROM forgotten WHERE workspace_id > 0").fetchone()
        witnesses = database.execute("SELECT digest FROM forgotten WHERE workspace_id = 0").fetchall()
        done = "SELECT max(done_at) FROM compactions WHERE done_at IS NOT NULL AND failure IS NULL"
        (compacted,) = database.execute(done).fetchone()
    return ForgottenFacts(latest=latest, witnesses=[row[0] for row in witnesses], compacted=compacted)


def log_facts(path: Path) -> LogFacts:
    """Return what tells a log from another.

    Raises:
        Damaged: It is none, or cannot be read.
    """
    with reading(path) as database:
        meta = database.execute("SELECT epoch, format FROM log_meta").fetchone()
        first = database.execute("SELECT min(position) FROM frames").fetchone()[0]
        last = database.execute("SELECT position, upto FROM frames ORDER BY position DESC LIMIT 1").fetchone() or (0, 0)
        sequence = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'frames'").fetchone()
    if meta is None:
        raise Damaged(f"{path}: not a complete log of Tidings")
    newest = max(last[0], sequence[0] if sequence else 0)
    return LogFacts(epoch=meta[0], format=meta[1], first=first or 0, last=newest, upto=last[1])


def sqlite_troubles() -> list[str]:
    """Return what the SQLite of this Python lacks, nothing if it will do."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        return [f"SQLite {sqlite3.sqlite_version} is older than {'.'.join(map(str, OLDEST_SQLITE))}"]
    database = sqlite3.connect(":memory:")
    try:
        found = database.execute("SELECT value ->> 1 FROM json_each('[[1,\"two\"]]')").fetchone()
    except sqlite3.Error as error:
        return [f"SQLite {sqlite3.sqlite_version} lacks the JSON functions: {error}"]
    finally:
        database.close()
    return [] if found == ("two",) else [f"SQLite {sqlite3.sqlite_version} answers wrongly about JSON"]


def sqlite_version() -> str:
    """Return the version of the SQLite of this Python."""
    return sqlite3.sqlite_version


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that can only be read, beside whoever writes it.

    Raises:
        Damaged: Something about it, or about what is asked of it, is wrong.
    """
    with explained(path):
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        database = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the driver's errors into ``Damaged`` with the name of a file."""
    try:
        yield
    except sqlite3.Error as error:
        raise Damaged(f"{path}: {error}") from None
