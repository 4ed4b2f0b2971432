"""The only place that reads the clock; everything else takes the time as an argument."""

import time


def now() -> int:
    """Return the present moment in UTC milliseconds."""
    return time.time_ns() // 1_000_000
