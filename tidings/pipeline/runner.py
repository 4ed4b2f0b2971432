"""The thread that drives the pipeline: read, commit, trim, and never stop for long."""

import gc
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog

from tidings.db import Database
from tidings.events import pending_store as pending
from tidings.events.store import Cursor, get_cursor
from tidings.log.contract import Frame, Log
from tidings.pipeline.batch import PoisonedBatch, process
from tidings.pipeline.compaction import Compaction

BATCH = 16_000  # events of one transaction at most, give or take a frame
RECENT = 200_000  # keys in the recent tier of an index
IDLE_SECONDS = 0.5
TRIM_SECONDS = 5.0
RETRY_SECONDS = (0.2, 1.0, 5.0, 15.0)
PRESSED_BATCH = 2_000  # events of a batch while the edge is pressed: short turns, so that none waits for a long one
PATIENCE = 16.0  # how much longer than its last batch took the pipeline steps back for a pressed edge
MANY = 10  # events of a batch after which, if more come already, it lets them gather
GATHER_SECONDS = 0.1  # for how long: a batch costs some milliseconds, however small it is
IMPATIENT = 2_000_000  # events of lag at which it steps back no more, so that lag stays bounded under lasting pressure
logger = structlog.get_logger()


class Pipeline:
    """Consumes the log and our own events.

    Args:
        database: The state; what it announces wakes the pipeline.
        log: What is consumed.
        backups_held_off: Lets backups wait with their beginning; yields whether that holds, or one is under way, which
            forbids to take anything out of the log.
        key: The installation's, under which identifiers of forgotten customers are known.
        spare: Bytes of the disk that a compaction leaves free.
        batch: Events of one transaction.
    """

    def __init__(
        self,
        database: Database,
        log: Log,
        backups_held_off: Callable[[], AbstractContextManager[bool]],
        key: bytes,
        *,
        spare: int = 0,
        batch: int = BATCH,
    ) -> None:
        self._database = database
        self._log = log
        self._backups_held_off = backups_held_off
        self._key = key
        self._batch = batch
        self._stopping = threading.Event()
        self._trimmed = 0.0
        self._failures = 0
        self.cursor: Cursor = database.read_now(get_cursor)
        self.failure: str | None = None
        self._compaction = Compaction(database, log, backups_held_off, spare, self._stopping.wait)
        self._thread = threading.Thread(target=self._run, name="tidings-pipeline", daemon=True)
        database.listen(log.wake)

    def start(self) -> None:
        """Begin to consume."""
        self._thread.start()

    def stop(self, drain_seconds: float) -> None:
        """Work off what is in the log, at most so long, then stop; the rest waits for the next start."""
        deadline = time.monotonic() + drain_seconds
        while self._thread.is_alive() and time.monotonic() < deadline and self._log.wait(self.cursor.position, 0):
            self._stopping.wait(0.02)
        self._stopping.set()
        self._log.wake()
        self._database.break_off()
        if self._thread.is_alive():
            self._thread.join()

    def settle(self) -> None:
        """Work off all that there is and compact if that was asked for, in this thread, where no server runs."""
        while self._behind():
            self.step()
        if self._compaction.due():
            self._compaction.run(self.cursor)

    def _behind(self, seconds: float = 0) -> bool:
        """Wait until there is something to do, at most so long; tell whether there is."""
        return self._log.wait(self.cursor.position, seconds) or not self._database.read_now(pending.is_empty)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._behind(IDLE_SECONDS):
                    self.step()
                    self._failures, self.failure = 0, None
                self._trim()
                if self._compaction.due():
                    self._compaction.run(self.cursor)
            except Exception as error:  # disk full, broken file: tell, wait, try again; the log keeps everything
                self.failure = str(error)
                pause = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
                self._failures += 1
                logger.error("the pipeline cannot commit and tries again", error=self.failure, seconds=pause)
                self._stopping.wait(pause)

    def step(self) -> int:
        """Commit one batch; return how many events of the log it worked off."""
        pressed = self._log.pressed
        frames = self._log.read(self.cursor.position, min(self._batch, PRESSED_BATCH) if pressed else self._batch)
        before, there, started = self.cursor.upto, self._log.upto, time.monotonic()
        self.cursor = self._commit(list(frames))
        done = self.cursor.upto - before
        if done >= MANY and self._log.upto > there:
            self._step_back(time.monotonic() - started)
        return done

    def _step_back(self, worked: float) -> None:
        """Let events gather, and leave processor and interpreter to the edge while it is pressed: lag may grow then.

        How much the event loop has to do shows only while the pipeline does not take the interpreter from it.
        """
        lag = self._log.upto - self.cursor.upto
        now = time.monotonic()
        until = now + PATIENCE * max(0.0, 1.0 - lag / IMPATIENT) * worked
        gathered = now + GATHER_SECONDS
        while (now < gathered or (self._log.pressed and now < until)) and not self._stopping.is_set():
            self._stopping.wait(0.05)
            now = time.monotonic()

    def _commit(self, frames: list[Frame]) -> Cursor:
        gc.disable()  # it would look through the many objects of the batch again and again, and find nothing
        try:
            return self._database.write_now(process, frames, RECENT, bisect=False, key=self._key)
        except PoisonedBatch as poisoned:
            logger.warning("a batch holds an event that cannot be applied", error=repr(poisoned.__cause__))
            return self._database.write_now(process, frames, RECENT, bisect=True, key=self._key)
        finally:
            gc.enable()

    def _trim(self) -> None:
        if time.monotonic() - self._trimmed < TRIM_SECONDS:
            return
        with self._backups_held_off() as held:
            if held:
                self._log.trim(self.cursor.position)
                self._trimmed = time.monotonic()
