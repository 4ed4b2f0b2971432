"""Erasing what deleted rows have left in the files, when somebody has asked for it."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from tidings.db import Database
from tidings.db import compactions as store
from tidings.db.squeezing import CannotCompact
from tidings.events import pending_store as pending
from tidings.events.store import Cursor
from tidings.kit import clock
from tidings.log.contract import Log

LOOK_SECONDS = 0.5
SHORT = 20_000  # events that may stand in the log behind the cursor: while it is written anew, nobody can append
logger = structlog.get_logger()


class Compaction:
    """Compacts state and log between two batches: the consumer of the log alone knows that its cursor stands still.

    Args:
        database: The state.
        log: What is consumed.
        backups_held_off: Lets backups wait with their beginning; yields whether that holds, or one is under way.
        spare: Bytes of the disk that are to stay free.
        stopped: Waits for so many seconds; tells whether to give up.
    """

    def __init__(
        self,
        database: Database,
        log: Log,
        backups_held_off: Callable[[], AbstractContextManager[bool]],
        spare: int,
        stopped: Callable[[float], bool],
    ) -> None:
        self._database = database
        self._log = log
        self._backups_held_off = backups_held_off
        self._spare = spare
        self._stopped = stopped
        self._looked = 0.0
        self._asked: int | None = None
        self._behind = 0

    def due(self) -> bool:
        """Tell whether a compaction is asked for; what stands in the log now is worked off before it."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            asked = self._database.read_now(store.asked)
            if asked != self._asked:
                self._asked, self._behind = asked, self._log.end
        return self._asked is not None

    def run(self, cursor: Cursor) -> None:
        """Compact, unless the log is not worked off far enough, or a backup is being taken: then later.

        Args:
            cursor: How far the pipeline is, on disk.
        """
        assert self._asked is not None
        if cursor.position < self._behind or self._log.upto - cursor.upto > SHORT:
            return
        if not self._database.read_now(pending.is_empty):
            return
        with self._backups_held_off() as held:
            if not held:
                return
            begin = time.monotonic()
            failure: str | None = None
            try:
                self._log.compact(cursor.position, self._spare, self._stopped)
                self._database.compact_now(self._spare)
            except CannotCompact as error:
                failure = str(error)
        if failure is not None and self._stopped(0):
            return  # broken off: after the next start
        self._database.write_now(store.finish, self._asked, clock.now(), failure)
        if failure is None:
            logger.info("the data folder was compacted", seconds=round(time.monotonic() - begin, 1))
        else:
            logger.warning("the data folder could not be compacted", error=failure)
        self._asked = None
