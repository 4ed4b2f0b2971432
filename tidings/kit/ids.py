"""Ids that Tidings makes itself."""

import os
import time

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62
_RANDOM_A = (1 << 12) - 1
_RANDOM_B = (1 << 62) - 1


def uuid7() -> str:
    """Return a new UUID, version 7: sortable by the millisecond in which it was made.

    Returns:
        The 36 characters of RFC 9562, section 5.7, in lower case.
    """
    random = int.from_bytes(os.urandom(10), "big")
    milliseconds = time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF
    number = milliseconds << 80 | _VERSION | (random >> 62 & _RANDOM_A) << 64 | _VARIANT | random & _RANDOM_B
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
