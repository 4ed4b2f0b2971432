"""Backup and restore of a data folder: the state first, then the log, which therefore always covers the state."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tidings.db.copying import Damaged, LogFacts, StateFacts, copy, flush, log_facts, quick_check, state_facts
from tidings.folder import BACKUP_LOCK, LOCK, LOG, SECRET, SETTINGS, STATE, Folder, FolderTrouble

MIB = 1024 * 1024
NEITHER_HERE_NOR_THERE = {LOCK, BACKUP_LOCK, "lost+found"}  # a folder with nothing else in it is empty
Progress = Callable[[str, int, int], None]  # name of the file, bytes copied, bytes in all


class Copied(msgspec.Struct, frozen=True):
    """A finished copy of a data folder.

    Args:
        path: Where it is.
        state_bytes: Size of the state.
        log_bytes: Size of the log, 0 if there was none yet.
        settings: Whether a settings file came along.
        position: In the log; everything up to it is in the state.
        events: Events in the log since it began: those acknowledged before the copying began are among them.
        lag: How many of them the state does not contain yet; the server works them off when it starts.
        aside: Folder that holds what was replaced, None if nothing was.
    """

    path: str
    state_bytes: int
    log_bytes: int
    settings: bool
    position: int
    events: int
    lag: int
    aside: str | None = None


def back_up(folder: Folder, target: Path, on_progress: Progress) -> Copied:
    """Copy a data folder, whether a server works on it or not.

    Args:
        folder: What to copy.
        target: A folder that does not exist, or is empty. It has this name only once it is complete.
        on_progress: Called after every step.

    Raises:
        FolderTrouble: There is nothing to copy, something is in the way, or the disk is full.
        Damaged: A file cannot be copied, or the copies do not belong together.
    """
    if not folder.state.exists():
        raise FolderTrouble(f"no data in {folder.path}: name the folder with --data")
    if os.path.lexists(target) and not (target.is_dir() and not any(target.iterdir())):
        raise FolderTrouble(f"{target} is there already and is not an empty folder: choose a new name")
    with words_of_the_system(target), folder.trimming_paused():
        target.parent.mkdir(parents=True, exist_ok=True)
        has_room(target.parent, folder)
        with temporary(target.parent / f".{target.name}.{os.getpid()}.partial") as partial:
            done = copy_files(folder, Folder(partial), on_progress)
            partial.rename(target)
            flush(target.parent)
    return msgspec.structs.replace(done, path=str(target))


def restore(source: Path, folder: Folder, on_progress: Progress, *, replace: bool) -> Copied:
    """Make a data folder from a backup.

    Args:
        source: The backup.
        folder: Where to: new or empty, and no server works on it.
        on_progress: Called after every step.
        replace: Whether files that are there may be moved aside, into a folder beside the new ones.

    Raises:
        FolderTrouble: The source is no backup, the folder is in use or not empty, or the disk is full.
        Damaged: A file is damaged, or the two do not belong together.
    """
    origin = Folder(source)
    if not origin.state.exists():
        raise FolderTrouble(f"{source} is no backup: it has no {STATE}")
    if source.resolve() == folder.path.resolve():
        raise FolderTrouble(f"{source} is the data folder itself: restore into another one")
    if is_served(origin):
        raise FolderTrouble(f"a server works on {source}: take a backup of it with 'tidings backup' first")
    consistent(state_facts(origin.state), log_of(origin))
    folder.prepare()
    lock = folder.own()
    try:
        with words_of_the_system(folder.path):
            if not replace and {entry.name for entry in folder.path.iterdir()} - NEITHER_HERE_NOR_THERE:
                raise FolderTrouble(
                    f"{folder.path} is not empty: choose a new folder, or move its data aside: --replace"
                )
            return bring_in(origin, folder, on_progress)
    finally:
        os.close(lock)


def bring_in(origin: Folder, folder: Folder, on_progress: Progress) -> Copied:
    """Copy a backup into an owned folder, read the copies to the end, and only then let them take their places.

    Raises:
        FolderTrouble: The disk has no room.
        Damaged: A file is damaged, or the two do not belong together.
    """
    has_room(folder.path, origin)
    with temporary(folder.path / f".restore.{os.getpid()}.partial") as partial:
        done = copy_files(origin, Folder(partial), on_progress)
        check(Folder(partial))
        aside = move_aside(folder, settings=done.settings)
        for file in (partial / LOG, partial / STATE, partial / SECRET, partial / SETTINGS):
            if file.exists():
                file.rename(folder.path / file.name)
        flush(folder.path)
    return msgspec.structs.replace(done, path=str(folder.path), aside=None if aside is None else str(aside))


def copy_files(origin: Folder, target: Folder, on_progress: Progress) -> Copied:
    """Copy state, log, key and settings, in this order, and hold the copies against each other.

    Raises:
        Damaged: A file cannot be copied, or the copies do not belong together.
    """
    copy(origin.state, target.state, lambda done, total: on_progress(STATE, done, total))
    if origin.log.exists():
        copy(origin.log, target.log, lambda done, total: on_progress(LOG, done, total))
    # After the state: whatever digests the copy of the state has, they were made with the key that is there by now.
    for file, copied in ((origin.secret, target.secret), (origin.settings, target.settings)):
        if file.exists():
            shutil.copy2(file, copied)
            flush(copied)
    flush(target.path)
    state, log = state_facts(target.state), log_of(target)
    consistent(state, log)
    return Copied(
        path=str(target.path),
        state_bytes=target.state.stat().st_size,
        log_bytes=target.log.stat().st_size if log else 0,
        settings=target.settings.exists(),
        position=state.position,
        events=log.upto if log else 0,
        lag=log.upto - state.upto if log else 0,
    )


def log_of(folder: Folder) -> LogFacts | None:
    """Return the facts of a folder's log, None if it has none yet."""
    return log_facts(folder.log) if folder.log.exists() else None


def consistent(state: StateFacts, log: LogFacts | None) -> None:
    """Make sure that a state goes on where its log does.

    Raises:
        Damaged: The two do not belong together, or events between them are missing.
    """
    if log is None:
        if state.position:
            raise Damaged(f"{LOG} is missing: the state has worked off its log up to position {state.position}")
        return
    if state.epoch != log.epoch:
        raise Damaged(f"{STATE} and {LOG} do not belong together (take both files from the same backup)")
    if log.last < state.position or log.first > state.position + 1:
        raise Damaged(
            f"{LOG} holds positions {log.first} to {log.last}, but the state goes on behind {state.position}: "
            "events are missing between them (take both files from the same backup)"
        )


def check(folder: Folder) -> None:
    """Read both files from end to end.

    Raises:
        Damaged: SQLite finds something wrong.
    """
    for path in (folder.state, folder.log):
        found = quick_check(path) if path.exists() else []
        if found:
            raise Damaged(f"{path.name} is damaged: {'; '.join(found)}")


def is_served(folder: Folder) -> bool:
    """Tell whether a server works on a folder, without making anything in it."""
    lock = folder.path / LOCK
    return lock.exists() and os.access(lock, os.W_OK) and folder.is_served()


def move_aside(folder: Folder, *, settings: bool) -> Path | None:
    """Move the files of a data folder into a new folder within it; return that, None if there were none.

    Args:
        folder: Owned by this process.
        settings: Whether the settings file has to make room, too.
    """
    names = [f"{name}{suffix}" for name in (STATE, LOG) for suffix in ("", "-wal", "-shm", "-journal")]
    names += [SECRET, *([SETTINGS] if settings else [])]
    present = [folder.path / name for name in names if (folder.path / name).exists()]
    if not present:
        return None
    number = next(n for n in range(1, 10_000) if not (folder.path / f"replaced-{n}").exists())
    aside = folder.path / f"replaced-{number}"
    aside.mkdir(mode=0o700)
    for path in present:
        path.rename(aside / path.name)
    flush(aside)
    return aside


def has_room(where: Path, origin: Folder) -> None:
    """Make sure that a disk has room for a copy.

    Raises:
        FolderTrouble: It has not.
    """
    files = [origin.state, origin.log, origin.path / f"{STATE}-wal", origin.path / f"{LOG}-wal"]
    needed = sum(file.stat().st_size for file in files if file.exists()) // MIB
    free = Folder(where).free_mib()
    if free <= needed:
        raise FolderTrouble(f"{where} has {free} MiB free and {needed} MiB may be needed: make room, or go elsewhere")


@contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """Make a folder for this user only, and remove it afterwards unless it has another name by then."""
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def words_of_the_system(path: Path) -> Iterator[None]:
    """Turn errors of the file system into ``FolderTrouble``."""
    try:
        yield
    except OSError as error:
        raise FolderTrouble(f"{error.filename or path}: {error.strerror or error}") from None
