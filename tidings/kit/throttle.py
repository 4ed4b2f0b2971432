"""Slowing down those who guess: some attempts at once, then one from time to time, in bounded memory."""

from collections import OrderedDict

KEYS = 10_000


class Throttle:
    """Attempts by key.

    Args:
        burst: Attempts that are free.
        seconds: After which one more is.
    """

    def __init__(self, burst: int, seconds: float) -> None:
        self._burst = burst
        self._seconds = seconds
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key: (attempts used, at)

    def take(self, key: str, now: float) -> float:
        """Count an attempt, before it is known whether it succeeds.

        Args:
            key: Whose; long ones are the caller's business.
            now: Seconds of a monotonic clock.

        Returns:
            0 if it may be made, else the seconds until one may.
        """
        used = self._present(key, now)
        if used + 1 > self._burst:
            return (used + 1 - self._burst) * self._seconds
        self._keep(key, used + 1, now)
        return 0.0

    def give_back(self, key: str, now: float) -> None:
        """Forget an attempt that succeeded."""
        self._keep(key, max(0.0, self._present(key, now) - 1), now)

    def _present(self, key: str, now: float) -> float:
        used, then = self._used.get(key, (0.0, now))
        return max(0.0, used - (now - then) / self._seconds)

    def _keep(self, key: str, used: float, now: float) -> None:
        self._used[key] = (used, now)
        self._used.move_to_end(key)
        if len(self._used) > KEYS:
            self._used.popitem(last=False)
