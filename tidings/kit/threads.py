"""How soon a thread that waits for the interpreter gets it."""

import contextlib
import sys
import threading
from pathlib import Path

SWITCH_SECONDS = 0.0002  # how long a thread may compute while another waits: short, for the event loop's sake
QUICK_SECONDS = 0.00001
SLACK_NANOSECONDS = 1_000


def take_turns(*, quickly: bool) -> None:
    """Set for how long a thread of this process may compute while another one waits.

    Args:
        quickly: Whether a thread that waits is to get on at once; each change costs some microseconds.
    """
    sys.setswitchinterval(QUICK_SECONDS if quickly else SWITCH_SECONDS)


def wake_on_time() -> None:
    """Let timed waits of the calling thread end when they should: Linux adds 50 microseconds to each otherwise.

    A thread waits so long for the interpreter before it insists. Elsewhere than on Linux, and where that is forbidden,
    nothing changes. See PR_SET_TIMERSLACK and /proc/pid/timerslack_ns in the manual of Linux.
    """
    with contextlib.suppress(OSError):
        Path(f"/proc/{threading.get_native_id()}/timerslack_ns").write_text(str(SLACK_NANOSECONDS))
