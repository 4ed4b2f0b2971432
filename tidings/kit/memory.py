"""How much memory this process may use."""

import os
from pathlib import Path

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container: cgroup 2 and 1


def size(limits: tuple[str, ...] = _LIMITS) -> int:
    """Return the bytes of memory of the machine, or those that its container may use where these are fewer.

    Args:
        limits: Files that may name such a limit; "max" there is none.
    """
    known = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in limits:
        try:
            known.append(int(Path(name).read_text("ascii")))
        except (OSError, ValueError):  # no such file, or no limit
            continue
    return min(known)
