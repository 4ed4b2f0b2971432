"""The data folder: made on first start, owned by one server at a time."""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATE, LOG, LOCK, BACKUP_LOCK, SETTINGS = "tidings.db", "log.db", "lock", "backup.lock", "tidings.toml"
SECRET = "secret.key"  # noqa: S105 -- a file's name
SECRET_BYTES = 32
LOCK_TRIES, LOCK_SECONDS = 4, 0.05  # a command that looks whether a server runs holds the lock for a moment


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
        self.secret = path / SECRET

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
        for _ in range(LOCK_TRIES):
            if _locked(descriptor):
                return descriptor
            time.sleep(LOCK_SECONDS)
        os.close(descriptor)
        text = f"another server works on {self.path}: stop it first, or give this one another --data"
        raise FolderTrouble(text)

    def is_served(self) -> bool:
        """Tell whether a server works on the folder."""
        descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            return not _locked(descriptor)
        finally:
            os.close(descriptor)

    def read_secret(self) -> bytes | None:
        """Return the installation's key, None if there is no file of it.

        Raises:
            FolderTrouble: It cannot be read, or is none.
        """
        try:
            found = self.secret.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FolderTrouble(f"{self.secret}: {error.strerror} (check that this user may read it)") from None
        if len(found) != SECRET_BYTES:
            text = f"{self.secret} is damaged: {len(found)} bytes instead of {SECRET_BYTES} (put it back from a backup)"
            raise FolderTrouble(text)
        return found

    def make_secret(self) -> bytes:
        """Return the installation's key; make it, for this user only, where there is none. Only for the folder's owner.

        Raises:
            FolderTrouble: It cannot be read or made.
        """
        present = self.read_secret()
        if present is not None:
            return present
        key, made = secrets.token_bytes(SECRET_BYTES), self.path / f".{SECRET}.{os.getpid()}"
        try:
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(descriptor)
            made.rename(self.secret)
            self._flush()
        except OSError as error:
            raise FolderTrouble(f"{self.secret}: {error.strerror} (check disk and rights)") from None
        return key

    def _flush(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def trimming_paused(self) -> Iterator[None]:
        """Keep the server, in whatever process, from trimming the log."""
        with (self.path / BACKUP_LOCK).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def may_trim(self) -> bool:
        """Tell whether nobody takes a backup."""
        with self.backups_held_off() as held:
            return held

    @contextmanager
    def backups_held_off(self) -> Iterator[bool]:
        """Let backups wait with their beginning; yield whether that holds, or whether one is under way already."""
        with (self.path / BACKUP_LOCK).open("a") as file:
            yield _locked(file.fileno())

    def free_mib(self) -> int:
        """Return the free space of the disk in MiB."""
        disk = os.statvfs(self.path)
        return disk.f_bavail * disk.f_frsize // (1024 * 1024)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
