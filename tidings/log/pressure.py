"""How much of a processor the event loop takes, told by the loop itself whenever it answers a commit."""

import time
from collections.abc import Callable

MEMORY_SECONDS = 0.1  # over which the share is averaged
MOST = 0.2  # of the average that one look can be: the loop has nothing to do while a commit with a checkpoint lasts
FULL = 0.55  # share from which on the loop has nothing to spare: the rest goes to the kernel and to waking up


class Pressure:
    """A running average of the share of a processor that a thread takes.

    Args:
        used: Processor seconds of the calling thread so far.
        clock: Seconds that only grow.
    """

    def __init__(
        self, used: Callable[[], float] = time.thread_time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._used = used
        self._clock = clock
        self._latest = (0.0, 0.0, 0.0)  # share, processor seconds and moment of the latest note: one write, no lock

    def note(self) -> None:
        """Look at the clocks; to be called in the event loop's thread, often while there is much to do."""
        share, before, at = self._latest
        used, now = self._used(), self._clock()
        passed = max(now - at, 1e-6)
        part = min(max(used - before, 0.0) / passed, 1.0)
        self._latest = (share + (part - share) * min(MOST, passed / MEMORY_SECONDS), used, now)

    @property
    def full(self) -> bool:
        """Whether the loop took all of a processor that it could get when it looked last."""
        return self._latest[0] >= FULL

    @property
    def age(self) -> float:
        """Seconds since the loop looked last."""
        return self._clock() - self._latest[2]
