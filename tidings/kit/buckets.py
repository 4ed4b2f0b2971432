"""Token buckets: a sustained rate with bursts of two seconds' worth."""


class Buckets:
    """One bucket for each key; keys are few (sources)."""

    def __init__(self) -> None:
        self._level: dict[int, tuple[float, float]] = {}

    def take(self, key: int, rate: int, now: float) -> float:
        """Take one token.

        Args:
            key: Whose bucket.
            rate: Tokens per second.
            now: Seconds of a monotonic clock.

        Returns:
            0 if there was one, else the seconds until there will be.
        """
        size = 2.0 * rate
        level, then = self._level.get(key, (size, now))
        level = min(size, level + (now - then) * rate)
        if level < 1:
            self._level[key] = (level, now)
            return (1 - level) / rate
        self._level[key] = (level - 1, now)
        return 0.0
