"""Bringing the write-ahead log of the log file into the file itself, beside the commits instead of inside of one.

A commit that does it takes a tenth of a second and more, for which every client waits.
"""

import sqlite3
import threading

import structlog

WAL_BYTES = 64 * 1024 * 1024  # between checkpoints, each of which costs two more fsyncs
ROUNDS = 2  # beside the commits: what comes during the first is little, during the second next to nothing
logger = structlog.get_logger()


class Checkpointer:
    """A thread that checkpoints whenever enough has been written.

    Args:
        connection: Its own one.
        writing: Held by whoever writes. The last round is made under it, so that the next commit finds a write-ahead
            log that is worked off to its end, and begins it anew.
    """

    def __init__(self, connection: sqlite3.Connection, writing: threading.Lock) -> None:
        self._connection = connection
        self._writing = writing
        self._written = 0
        self._due = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="tidings-log-checkpoint", daemon=True)
        self._thread.start()

    def count(self, size: int) -> None:
        """Note that so many bytes have been committed; to be called by one thread."""
        self._written += size
        if self._written >= WAL_BYTES:
            self._written = 0
            self._due.set()

    def close(self) -> None:
        """End the thread."""
        self._stopping = True
        self._due.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._stopping:
                return
            try:
                for _ in range(ROUNDS):
                    self._checkpoint()
                with self._writing:
                    self._checkpoint()
            except sqlite3.Error as error:  # the disk is full, or gone: commits will say so, and try it in time
                logger.warning("the log could not be checkpointed", error=str(error))

    def _checkpoint(self) -> None:
        # PASSIVE waits for nobody: with the others a backup that reads would hold up the commits behind the lock.
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
