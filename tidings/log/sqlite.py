"""The log in a SQLite file of its own, so that the pipeline's writes never delay an acknowledgement.

All requests that wait when a commit begins become one frame: one row, one fsync, one answer to each.
"""

import asyncio
import sqlite3
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import quote

import structlog

from tidings.db.squeezing import CannotCompact, squeeze
from tidings.kit.threads import take_turns, wake_on_time
from tidings.log.checkpoints import WAL_BYTES, Checkpointer
from tidings.log.contract import Frame, LogUnavailable
from tidings.log.pressure import Pressure

FORMAT = 1
logger = structlog.get_logger()
FRAME_BYTES = 1024 * 1024
READ_BYTES = 32 * 1024 * 1024
QUEUE_BYTES = 64 * 1024 * 1024  # what may wait for the disk; more is refused, so memory stays bounded
LATELY_SECONDS = 0.05  # without a commit after which nobody presses any more
REQUEST_BYTES = 4 * 1024  # of a large request
LARGE_BYTES = 32 * 1024  # of a commit
LARGE_SECONDS = 0.01  # between commits of large requests while the edge is pressed, at most
LARGE_REQUESTS = 10  # that are to share such a commit
PACE_BYTES = 50_000_000  # of large requests that the event loop takes in a second, on a usual machine
CROWD = 8  # small requests of a commit
CROWD_SECONDS = 0.002  # between commits of so many
PAGE_BYTES = 16_384  # a frame of small requests fills many of the usual size, and each is written by itself
WAL_MOST = 4 * WAL_BYTES  # from which on commits do themselves what the checkpointer did not get done
SCHEMA = """
CREATE TABLE IF NOT EXISTS log_meta (epoch TEXT NOT NULL, format INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS frames (
    position INTEGER PRIMARY KEY AUTOINCREMENT,  -- a plain rowid would restart after trimming
    upto INTEGER NOT NULL,
    payload BLOB NOT NULL
);
"""


class _Waiting:
    """A payload with what its request wants to be told."""

    __slots__ = ("done", "events", "loop", "payload")

    def __init__(
        self,
        payload: bytes,
        events: int,
        loop: asyncio.AbstractEventLoop,
        done: Callable[[int | None, str | None], None],
    ) -> None:
        self.payload = payload
        self.events = events
        self.loop = loop
        self.done = done


class SqliteLog:
    """Group commit over one table.

    Args:
        path: The file; made if absent.
        epoch: What the state database carries; a mismatch means that the two files do not belong together.
        read_bytes: Of frames that are read at once at most; a reader makes objects of some ten times as much of them.

    Raises:
        LogMismatch: The file belongs to another state, or to a newer version.
    """

    def __init__(self, path: Path, epoch: str, read_bytes: int = READ_BYTES) -> None:
        self.path = path
        self._read_bytes = read_bytes
        self._writing = threading.Lock()
        try:
            self._connection = connect(path)
            self._prepare(epoch)
        except sqlite3.DatabaseError as error:
            raise LogMismatch(f"{path}: {error} (disk, rights, or a damaged file: 'tidings doctor' looks)") from None
        self._reader = connect(path)
        self._reader.execute("PRAGMA query_only = ON")
        self._checkpointer = Checkpointer(connect(path), self._writing)
        self._reading = threading.Lock()
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()  # in C: a put is cheap, a get sleeps without the lock
        # Bytes ever put and ever taken: each number has one writer, so neither needs a lock.
        self._put = 0
        self._taken = 0
        self._grown = threading.Condition()
        self._stopping = False
        self._woken = False
        self._pressure = Pressure()
        self.failure: str | None = None
        row = self._connection.execute("SELECT position, upto FROM frames ORDER BY position DESC LIMIT 1").fetchone()
        sequence = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'frames'").fetchone()
        self.end: int = row[0] if row else (sequence[0] if sequence else 0)
        self.upto: int = row[1] if row else 0
        self._thread = threading.Thread(target=self._commit_forever, name="tidings-log", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Requests that wait for the disk at this moment."""
        return self._queue.qsize()

    @property
    def pressed(self) -> bool:
        """Whether requests come so fast that the event loop takes all of a processor."""
        # A commit takes long where the disk is busy with a checkpoint: whoever waits for it presses no less.
        return self._pressure.full and (self._put > self._taken or self._pressure.age < LATELY_SECONDS)

    def append(self, payload: bytes, events: int) -> "asyncio.Future[int]":
        """Make ``payload`` durable and return its position.

        Args:
            payload: One request's record.
            events: How many events are in it.

        Raises:
            LogUnavailable: It is not on disk and will not be read.
        """
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def done(position: int | None, failure: str | None) -> None:
            if future.done():  # the client went away
                return
            if position is None:
                future.set_exception(LogUnavailable(failure or "the log cannot append"))
            else:
                future.set_result(position)

        self._enqueue(payload, events, done)
        return future

    def submit(self, payload: bytes, events: int, done: Callable[[str | None], None]) -> None:
        """Make ``payload`` durable, then call ``done`` on the running event loop.

        Args:
            payload: One request's record.
            events: How many events are in it.
            done: Is given None once it is on disk, or why it is not.

        Raises:
            LogUnavailable: It cannot be taken.
        """
        self._enqueue(payload, events, lambda position, failure: done(None if position is not None else failure or "?"))

    def _enqueue(self, payload: bytes, events: int, done: Callable[[int | None, str | None], None]) -> None:
        if self._stopping or self._put - self._taken + len(payload) > QUEUE_BYTES:
            raise LogUnavailable("the log is stopping" if self._stopping else "more waits for the disk than may")
        self._put += len(payload)
        self._queue.put(_Waiting(payload, events, asyncio.get_running_loop(), done))

    def read(self, after: int, events: int) -> list[Frame]:
        """Return the frames behind a position, until they hold at least ``events`` events."""
        frames: list[Frame] = []
        with self._reading:
            cursor = self._reader.execute(
                "SELECT position, upto, payload FROM frames WHERE position > ? ORDER BY position LIMIT 1024", (after,)
            )
            begin: int | None = None
            size = 0
            for position, upto, payload in cursor:
                payloads = unpack(payload)
                frames.append(Frame(position, payloads, upto))
                begin = upto - 1 if begin is None else begin
                size += len(payload)
                if upto - begin >= events or size >= self._read_bytes:
                    break
            cursor.close()
        return frames

    def wait(self, after: int, seconds: float) -> bool:
        """Block until something stands behind a position, at most ``seconds``; tell whether it does."""
        with self._grown:
            self._grown.wait_for(lambda: self.end > after or self._stopping or self._woken, seconds)
            self._woken = False
            return self.end > after

    def wake(self) -> None:
        """Let whoever waits, or is the next to wait, look around at once."""
        with self._grown:
            self._woken = True
            self._grown.notify_all()

    def trim(self, position: int) -> int:
        """Drop frames up to a position that the reader has committed; return how many."""
        with self._writing:
            cursor = self._connection.execute(
                "DELETE FROM frames WHERE position <= ? AND position < (SELECT max(position) FROM frames)", (position,)
            )
            return cursor.rowcount

    def compact(self, position: int, spare: int, pause: Callable[[float], bool]) -> None:
        """Leave no byte of what stood in the log up to a position that the reader has committed.

        Every statement stands for itself, so that a kill in between loses nothing: what is behind the position is not
        touched, and the newest frame stays, though empty, because it says how many events there were.

        Args:
            position: The last one that is erased.
            spare: Bytes of the disk that are to stay free.
            pause: Waits for so many seconds; tells whether to give up.

        Raises:
            CannotCompact: It could not be done now; nothing is harmed.
        """
        try:
            self.trim(position)
            with self._writing:
                self._connection.execute("UPDATE frames SET payload = ? WHERE position <= ?", (EMPTY, position))
        except sqlite3.Error as error:
            raise CannotCompact(f"{self.path.name}: {error}") from None
        squeeze(self._connection, self.path, spare, pause, alone=self._writing)

    @property
    def erased(self) -> int:
        """Position of the frame that a compaction has erased and left standing empty, 0 if there is none."""
        oldest = "SELECT position, length(payload) FROM frames ORDER BY position LIMIT 1"  # later ones were appended
        with self._reading:
            row = self._reader.execute(oldest).fetchone()
        return row[0] if row and row[1] <= len(EMPTY) else 0

    def close(self) -> None:
        """Commit what waits and close the file."""
        if self._stopping:
            return
        self._stopping = True
        self._queue.put(None)
        with self._grown:
            self._grown.notify_all()
        self._thread.join()
        self._checkpointer.close()
        with self._reading:
            self._reader.close()
        self._connection.close()

    def _prepare(self, epoch: str) -> None:
        self._connection.executescript(SCHEMA)
        row = self._connection.execute("SELECT epoch, format FROM log_meta").fetchone()
        if row is None:
            self._connection.execute("INSERT INTO log_meta (epoch, format) VALUES (?, ?)", (epoch, FORMAT))
        elif row[0] != epoch:
            raise LogMismatch(f"{self.path} belongs to another tidings.db (restore both files of one backup)")
        elif row[1] != FORMAT:
            raise LogMismatch(f"{self.path} has format {row[1]}; this version reads {FORMAT}")

    def _commit_forever(self) -> None:
        wake_on_time()
        ending = False
        while not ending:
            batch, ending = self._take()
            if not batch:
                continue
            position = self._commit_or_fail(batch)
            pressed = self.pressed
            take_turns(quickly=pressed and len(batch) >= CROWD)
            if not pressed:
                time.sleep(0)  # gives up the interpreter: more requests gather, and share the next commit
            if position is not None:
                with self._grown:
                    self.end = position
                    self._grown.notify_all()
            self._taken += sum(len(waiting.payload) for waiting in batch)
            answer(batch, position, self.failure, self._pressure)
            if pressed and not ending:
                time.sleep(spacing(batch))
        while not self._queue.empty():  # whoever came while the end was being told
            late = self._queue.get()
            answer([late] if late else [], None, "the log is stopping", self._pressure)

    def _commit_or_fail(self, batch: list[_Waiting]) -> int | None:
        with self._writing:
            try:
                position = self._commit(batch)
            except Exception as error:  # whatever it is: the thread must live, and everyone be answered
                self.failure = str(error) or repr(error)
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                return None
        self.failure = None
        self._checkpointer.count(sum(len(waiting.payload) for waiting in batch))
        return position

    def _take(self) -> tuple[list[_Waiting], bool]:
        """Wait for a request, then return all that wait (a frame's worth), and whether the end has come."""
        batch: list[_Waiting] = []
        size = 0
        while size < FRAME_BYTES:
            try:
                waiting = self._queue.get_nowait() if batch else self._first()
            except Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
            size += len(waiting.payload)
        return batch, False

    def _first(self) -> _Waiting | None:
        try:
            return self._queue.get(timeout=LATELY_SECONDS)
        except Empty:
            take_turns(quickly=False)  # the crowd is gone, perhaps in the middle of the last commit
            return self._queue.get()

    def _commit(self, batch: list[_Waiting]) -> int:
        upto = self.upto + sum(waiting.events for waiting in batch)
        payload = pack([waiting.payload for waiting in batch])
        # One statement in autocommit mode is one transaction, with one fsync of the write-ahead log.
        # ``execute`` would ask for the number of the row, and hand the interpreter over once more for it.
        row = (self.end + 1, upto, payload)
        self._connection.executemany("INSERT INTO frames (position, upto, payload) VALUES (?, ?, ?)", [row])
        self.upto = upto
        return self.end + 1


class LogMismatch(Exception):  # noqa: N818
    """The log file does not belong to this state, or to this version."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the log file: write-ahead log, fsync at every commit."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new file; others keep theirs
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_MOST // page}")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    return connection


def spacing(batch: list[_Waiting]) -> float:
    """Return for how many seconds a pressed edge is left alone after a commit, so that more share the next one.

    Each commit hands the interpreter over several times. Large requests take the event loop so long that each
    would get a commit of its own; whoever sends only a few at a time would only wait.
    """
    size = sum(len(waiting.payload) for waiting in batch)
    if size >= LARGE_BYTES and size > REQUEST_BYTES * len(batch):
        return min(LARGE_SECONDS, LARGE_REQUESTS * size / len(batch) / PACE_BYTES)
    return CROWD_SECONDS if len(batch) >= CROWD else 0.0


def answer(batch: list[_Waiting], position: int | None, failure: str | None, pressure: Pressure) -> None:
    """Tell the requests of a commit, with one call into each event loop, which then looks how much it has to do."""
    for loop in {waiting.loop for waiting in batch}:
        told = [waiting.done for waiting in batch if waiting.loop is loop]
        try:
            loop.call_soon_threadsafe(_tell, told, position, failure, pressure)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _tell(
    told: list[Callable[[int | None, str | None], None]], position: int | None, failure: str | None, pressure: Pressure
) -> None:
    pressure.note()
    for done in told:
        try:
            done(position, failure)
        except Exception:  # one request's trouble is not its neighbours'
            logger.exception("an answer failed after its commit")


def pack(payloads: list[bytes]) -> bytes:
    """Return payloads as one blob: count and lengths (little-endian 32 bits), then the bytes."""
    return b"".join([struct.pack(f"<{len(payloads) + 1}I", len(payloads), *map(len, payloads)), *payloads])


def unpack(blob: bytes) -> list[bytes]:
    """Return the payloads of a blob."""
    (count,) = struct.unpack_from("<I", blob)
    payloads = []
    offset = 4 + 4 * count
    for length in struct.unpack_from(f"<{count}I", blob, 4):
        payloads.append(blob[offset : offset + length])
        offset += length
    return payloads


EMPTY = pack([])  # what no commit writes


def appended(path: Path) -> int:
    """Return how many events were ever appended to a log file that a server may be working on."""
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=30)
    try:
        row = connection.execute("SELECT upto FROM frames ORDER BY position DESC LIMIT 1").fetchone()
    finally:
        connection.close()
    return row[0] if row else 0
