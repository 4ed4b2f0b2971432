"""What /healthz, /readyz and /metrics know: they tell the truth or nothing."""

from typing import Protocol

from tidings.events.store import Cursor
from tidings.folder import Folder


class Appending(Protocol):
    """As much of a log as health looks at."""

    upto: int
    failure: str | None

    @property
    def waiting(self) -> int:
        """Requests that wait for the disk."""
        ...


class Consuming(Protocol):
    """As much of the pipeline as health looks at."""

    cursor: Cursor
    failure: str | None


class Health:
    """The state of the parts.

    Args:
        reserve_mib: Free disk space below which nothing is stored.
        folder: Whose disk is watched.
        log: What events are appended to.
        pipeline: What consumes it.
    """

    def __init__(self, reserve_mib: int, folder: Folder, log: Appending, pipeline: Consuming) -> None:
        self._reserve = reserve_mib
        self._folder = folder
        self._log = log
        self._pipeline = pipeline
        self.free_mib = folder.free_mib()

    @property
    def lag(self) -> int:
        """Acknowledged events that the pipeline has not committed yet."""
        return max(0, self._log.upto - self._pipeline.cursor.upto)

    @property
    def waiting(self) -> int:
        """Requests that wait for the disk."""
        return self._log.waiting

    @property
    def appended(self) -> int:
        """Events acknowledged since the log began."""
        return self._log.upto

    async def look(self) -> None:
        """Look at the disk."""
        self.free_mib = self._folder.free_mib()

    def why_not_writable(self) -> str:
        """Return why no event can be stored now, "" if all is well."""
        if self.free_mib < self._reserve:
            return f"the disk has {self.free_mib} MiB left; {self._reserve} are kept in reserve (disk_reserve_mib)"
        return ""

    def troubles(self) -> list[str]:
        """Return what keeps the server from being ready, in words."""
        found = [self.why_not_writable()]
        if self._log.failure:
            found.append(f"the log cannot append: {self._log.failure}")
        if self._pipeline.failure:
            found.append(f"the pipeline cannot commit: {self._pipeline.failure}")
        return [trouble for trouble in found if trouble]
