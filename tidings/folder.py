"""The data folder: made on first start, owned by one server at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATE, LOG, LOCK, BACKUP_LOCK, SETTINGS = "tidings.db", "log.db", "lock", "backup.lock", "tidings.toml"


class FolderTrouble(Exception):  # noqa: N818
    """The folder cannot be used; the text says why and what to do."""


class Folder:
    """Paths of one data folder.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = path / STATE
        self.log = path / LOG
        self.settings = path / SETTINGS

    def prepare(self) -> None:
        """Make the folder, for this user only.

        Raises:
            FolderTrouble: It cannot be made or written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self.path / LOCK).open("a"):
                pass
        except OSError as error:
            raise FolderTrouble(
                f"data folder {self.path}: {error.strerror} (check that this user may write it)"
            ) from None

    def own(self) -> int:
        """Lock the folder for this process; the lock ends with the process, however it ends.

        Returns:
            The descriptor that holds the lock.

        Raises:
            FolderTrouble: Another server has it.
        """
        descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            text = f"another server works on {self.path}: stop it first, or give this one another --data"
            raise FolderTrouble(text) from None
        return descriptor

    def is_served(self) -> bool:
        """Tell whether a server works on the folder."""
        try:
            os.close(self.own())
        except FolderTrouble:
            return True
        return False

    @contextmanager
    def trimming_paused(self) -> Iterator[None]:
        """Keep the server, in whatever process, from trimming the log."""
        with (self.path / BACKUP_LOCK).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def may_trim(self) -> bool:
        """Tell whether nobody takes a backup."""
        with (self.path / BACKUP_LOCK).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
        return True

    def free_mib(self) -> int:
        """Return the free space of the disk in MiB."""
        disk = os.statvfs(self.path)
        return disk.f_bavail * disk.f_frsize // (1024 * 1024)
