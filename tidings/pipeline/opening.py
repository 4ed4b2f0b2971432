"""Opening what the pipeline works on, in the server or in a command where none runs."""

from tidings.db import Database
from tidings.folder import Folder, FolderTrouble
from tidings.kit import memory
from tidings.log.sqlite import READ_BYTES, LogMismatch, SqliteLog
from tidings.pipeline.runner import Pipeline
from tidings.profiles import forgotten_store as forgotten

READ_SHARE = 64  # part of the memory that what is read at once may take


def open_pipeline(
    folder: Folder, database: Database, epoch: str, key: bytes, spare: int = 0
) -> tuple[SqliteLog, Pipeline]:
    """Return the log and the pipeline of a folder that this process owns; the pipeline is not started.

    Args:
        folder: The data folder.
        database: Its state.
        epoch: The state's.
        key: The installation's, from ``key_of``.
        spare: Bytes of the disk that a compaction leaves free.

    Raises:
        LogMismatch: Log and state do not belong together.
    """
    log = SqliteLog(folder.log, epoch, min(READ_BYTES, memory.size() // READ_SHARE))
    pipeline = Pipeline(database, log, folder.backups_held_off, key, spare=spare)
    position = pipeline.cursor.position
    if position > log.end:  # its positions would begin again behind the cursor, unread
        raise LogMismatch(f"{folder.log} is older than {folder.state}, or was lost: restore both files of one backup")
    if position < log.erased:
        raise LogMismatch(f"{folder.state} is older than {folder.log}, or was lost: restore both files of one backup")
    return log, pipeline


def key_of(folder: Folder, database: Database) -> bytes:
    """Return the installation's key; it is made on first use.

    Raises:
        FolderTrouble: Customers were forgotten under a key that is not there, or under another one.
    """
    found = folder.read_secret()
    if not database.read_now(forgotten.is_key, found):
        what = "is missing" if found is None else "is the key of another installation"
        raise FolderTrouble(
            f"{folder.secret} {what}: without the right key, late events would bring back customers who were forgotten "
            "(put it back from a backup; docs/operations.md says what to do if there is none)"
        )
    return found or folder.make_secret()
