"""SQLite behind two verbs: ``write`` and ``read`` take a plain function and run it inside a transaction."""

import asyncio
import contextlib
import ctypes
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from sqlite3 import Connection as Driver
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from tidings.db.squeezing import squeeze
from tidings.kit import memory

P = ParamSpec("P")
T = TypeVar("T")
Tx = Connection

BUSY_SECONDS = 30  # how long the server and the command line wait for each other
PAUSE_SECONDS = 0.005  # between two transactions: without it another process never gets its turn
DRAIN = 64  # waiting functions that share one transaction at most
READERS = 4
IDLE_SECONDS = 5.0
CACHE_MIB = (64, 384)  # of the writer, least and most; given back when nothing has happened for a while
CACHE_SHARE = 16  # part of the memory, between these
READER_MIB = 16
ANNOUNCED = "announced"
WAL_PAGES = 64_000  # 256 MiB between checkpoints: a page that is written often is copied back once


class Database:
    """The state of one data folder.

    Args:
        path: File of the database; made by ``tidings.db.migrate`` beforehand.
        cache_mib: MiB of pages that the writer keeps in memory while there is much to do; 0 asks how much there is.
    """

    def __init__(self, path: Path, cache_mib: int = 0) -> None:
        self.path = path
        self._writer = make_engine(path, mode="write", cache_mib=cache_mib)
        self._readers = make_engine(path, mode="read")
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="tidings-read")
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._listeners: list[Callable[[], None]] = []
        self._squeezing: Driver | None = None
        self._interrupting = threading.Lock()
        self._broken_off = threading.Event()
        self._thread = threading.Thread(target=self._drain_forever, name="tidings-write", daemon=True)
        self._thread.start()

    async def write(self, script: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``script(tx, ...)`` in the writer's transaction and return its result once it is on disk.

        Raises:
            Exception: Whatever the script raised (its changes are gone), or the error of the commit.
        """
        return await asyncio.wrap_future(self._submit(lambda tx: script(tx, *args, **kwargs)))

    def write_now(self, script: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what ``write`` does from a thread that may block."""
        return self._submit(lambda tx: script(tx, *args, **kwargs)).result()

    async def read(self, script: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``script(tx, ...)`` on a snapshot, in a thread of the read pool."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: self.read_now(script, *args, **kwargs))

    def read_now(self, script: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what ``read`` does in this thread."""
        with self._readers.connect() as tx, tx.begin():
            return script(tx, *args, **kwargs)

    def listen(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called in the writer's thread after each commit that announces something."""
        self._listeners.append(listener)

    def compact_now(self, spare: int) -> None:
        """Leave no byte of deleted rows in the file, from a thread that may block; all who write wait meanwhile.

        Args:
            spare: Bytes of the disk that are to stay free.

        Raises:
            CannotCompact: It could not be done now; nothing is harmed.
        """
        self._submit(lambda connection: self._squeeze(connection, spare), bare=True).result()

    def break_off(self) -> None:
        """End a compaction that is under way, as if it had not begun, and let none begin."""
        self._broken_off.set()
        with self._interrupting:
            if self._squeezing is not None:
                self._squeezing.interrupt()

    def close(self) -> None:
        """Finish what waits and close the files."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._waiting.put(None)
        self._thread.join()
        self._pool.shutdown()
        self._writer.dispose()
        self._readers.dispose()

    def _submit(self, run: Callable[[Tx], T], *, bare: bool = False) -> "Future[T]":
        future: Future[T] = Future()
        if self._stopping.is_set():
            raise RuntimeError("the database is closed")
        self._waiting.put(_Job(run, future, bare=bare))
        return future

    def _squeeze(self, connection: Connection, spare: int) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, Driver)
        with self._interrupting:
            self._squeezing = driver
        try:
            squeeze(driver, self.path, spare, self._broken_off.wait)
        finally:
            with self._interrupting:
                self._squeezing = None

    def _tell(self, connection: Connection) -> None:
        if connection.info.pop(ANNOUNCED, False):
            for listener in self._listeners:
                listener()

    def _drain_forever(self) -> None:
        with self._writer.connect() as connection:
            while True:
                job = self._next(connection)
                jobs = [] if job is None else [job]
                while len(jobs) < DRAIN and not self._waiting.empty():
                    more = self._waiting.get()
                    if more is not None:
                        jobs.append(more)
                jobs = [job for job in jobs if job.future.set_running_or_notify_cancel()]  # some callers went away
                scripts = [job for job in jobs if not job.bare]
                if scripts:
                    commit_together(connection, scripts)
                    self._tell(connection)
                    self._stopping.wait(PAUSE_SECONDS)
                for job in jobs:
                    if job.bare:
                        run_bare(connection, job)
                if self._stopping.is_set() and self._waiting.empty():
                    return

    def _next(self, connection: Connection) -> "_Job | None":
        try:
            return self._waiting.get(timeout=IDLE_SECONDS)
        except Empty:
            give_back(connection)  # a burst fills the page cache; a quiet server should be small again
            return self._waiting.get()


class _Job:
    """A waiting function with the future of its caller."""

    def __init__(self, run: Callable[[Tx], Any], future: "Future[Any]", *, bare: bool) -> None:
        self.run = run
        self.future = future
        self.bare = bare  # outside of a transaction, which some statements demand
        self.result: Any = None
        self.error: BaseException | None = None


def commit_together(connection: Connection, jobs: list[_Job]) -> None:
    """Run the functions in one transaction, each in its own savepoint, commit once, then wake all callers."""
    try:
        with connection.begin():
            for job in jobs:
                _run(connection, job, alone=len(jobs) == 1)
    except BaseException as error:
        if in_transaction(connection):  # SQLAlchemy sends no ROLLBACK after a COMMIT that failed
            connection.connection.rollback()
        for job in jobs:
            job.future.set_exception(job.error or error)
        return
    for job in jobs:
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _run(connection: Connection, job: _Job, *, alone: bool) -> None:
    try:
        if alone:  # a savepoint copies every page that it touches: spare the pipeline's large transactions that
            job.result = job.run(connection)
        else:
            with connection.begin_nested():
                job.result = job.run(connection)
    except BaseException as error:
        job.error = error
        if alone or not in_transaction(connection):  # on a full disk SQLite has rolled back everything by itself
            raise


def run_bare(connection: Connection, job: _Job) -> None:
    """Run a function outside of any transaction and wake its caller."""
    try:
        job.result = job.run(connection)
    except BaseException as error:
        job.future.set_exception(error)
    else:
        job.future.set_result(job.result)


def announce(tx: Tx) -> None:
    """Have the database's listeners called once this transaction is on disk (and perhaps if it is not)."""
    tx.info[ANNOUNCED] = True


def give_back(connection: Connection) -> None:
    """Return the memory of SQLite's page cache to the system."""
    driver = connection.connection.driver_connection
    if isinstance(driver, Driver):
        driver.execute("PRAGMA shrink_memory").close()
    with contextlib.suppress(OSError, AttributeError):  # glibc keeps freed memory unless it is told; others need not be
        ctypes.CDLL(None).malloc_trim(0)


def usual_cache(memory_bytes: int) -> int:
    """Return how many MiB of pages the writer keeps on a machine with so much memory."""
    least, most = CACHE_MIB
    return min(most, max(least, memory_bytes // (CACHE_SHARE * 2**20)))


def in_transaction(connection: Connection) -> bool:
    """Tell whether SQLite itself still holds the transaction open."""
    driver = connection.connection.driver_connection
    return isinstance(driver, Driver) and driver.in_transaction


def is_environment(error: BaseException) -> bool:
    """Tell whether an error comes from the disk or the database, not from the data that was written."""
    if isinstance(error, (OSError, MemoryError)):
        return True
    return isinstance(error, DBAPIError) and type(error.orig).__name__ in ("OperationalError", "DatabaseError")


def make_engine(path: Path, *, mode: str, cache_mib: int = 0) -> Engine:
    """Return an engine for one SQLite file.

    Args:
        path: The file.
        mode: ``write`` for the single connection of the writer, ``read`` for a pool of readers.
        cache_mib: Of the writer, as for `Database`.
    """
    cache = READER_MIB if mode == "read" else cache_mib or usual_cache(memory.size())
    engine = create_engine(
        URL.create("sqlite", database=str(path)),  # as text, a "?" or "%" in the path would have a meaning
        poolclass=StaticPool if mode == "write" else QueuePool,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def configure(driver: Any, _record: Any) -> None:
        driver.execute("PRAGMA journal_mode = WAL")
        driver.execute("PRAGMA synchronous = FULL")
        driver.execute("PRAGMA foreign_keys = ON")
        driver.execute(f"PRAGMA cache_size = -{cache * 1024}")
        driver.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        driver.execute(f"PRAGMA journal_size_limit = {WAL_PAGES * 4096}")
        if mode == "read":
            driver.execute("PRAGMA query_only = ON")

    # The driver's own BEGIN is off (isolation_level None): with it a SAVEPOINT commits by itself.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if mode == "write" else "BEGIN")

    return engine
