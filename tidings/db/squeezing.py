"""Leaving no byte of what was deleted in a database file.

A deleted row goes on standing in free pages, in unused parts of pages that are in use, and in the write-ahead log.
VACUUM writes all pages anew; the checkpoint then brings them into the file, cuts off its end and empties the log. A
kill in between leaves the file as it was or as it should be, with all rows either way.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

MIB = 1024 * 1024
SHARE = 2.2  # of the file's size that must be free: once for the temporary copy, once for the write-ahead log
READERS_SECONDS = 30.0  # how long to wait for readers of old pages
PAUSE_SECONDS = 0.05


class CannotCompact(Exception):  # noqa: N818
    """What was deleted cannot be erased from the file now; nothing is harmed. The text says why and what to do."""


def squeeze(
    driver: sqlite3.Connection,
    path: Path,
    spare: int,
    pause: Callable[[float], bool],
    alone: AbstractContextManager[Any] | None = None,
) -> None:
    """Write a database anew without what was deleted, and empty its write-ahead log.

    Args:
        driver: A connection to it outside of any transaction. Other connections may read meanwhile, and wait to write.
        path: Its file.
        spare: Bytes of the disk that are to stay free.
        pause: Waits for so many seconds; tells whether to give up.
        alone: Held whenever the connection is used, and not while readers are waited for; for one that others use, too.

    Raises:
        CannotCompact: There is no room, somebody goes on reading old pages, or it was broken off.
    """
    needed, free = int(path.stat().st_size * SHARE) + spare, shutil.disk_usage(path.parent).free
    if free < needed:
        raise CannotCompact(f"writing {path.name} anew needs {needed // MIB} MiB of free space; {free // MIB} are free")
    guard = alone or nullcontext()
    try:
        with guard:
            driver.execute("PRAGMA auto_vacuum = NONE").close()  # VACUUM would change the file's layout to this setting
            driver.execute("VACUUM").close()
        deadline = time.monotonic() + READERS_SECONDS
        while True:
            with guard:
                if empty_log(driver):
                    return
            if pause(PAUSE_SECONDS):
                raise CannotCompact("broken off")
            if time.monotonic() > deadline:
                raise CannotCompact(f"another process goes on reading {path.name}: end it and try again")
    except sqlite3.Error as error:
        raise CannotCompact(f"{path.name}: {error}") from None


def empty_log(driver: sqlite3.Connection) -> bool:
    """Bring everything into the file and cut its write-ahead log to nothing, unless somebody reads old pages now."""
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA busy_timeout = 0").close()  # it would wait inside SQLite, and hear of no shutdown
    try:
        busy: int = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return False
        raise
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(patience)}").close()


def keep_copies_in(folder: Path) -> None:
    """Have SQLite put the copies that it makes while it works beside the data instead of into a folder of the system.

    There they would be as large as the data, perhaps in memory, and on a disk that others may read. To be called before
    the first thread begins.

    Args:
        folder: The data folder.
    """
    os.environ.setdefault("SQLITE_TMPDIR", str(folder))
