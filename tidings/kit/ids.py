"""Ids that Tidings makes itself."""

import os
import time

_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  # two fixed bits, two random ones


def uuid7() -> str:
    """Return a new UUID, version 7: sortable by the millisecond in which it was made.

    Returns:
        The 36 characters of RFC 9562, section 5.7, in lower case.
    """
    moment = f"{time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF:012x}"
    random = os.urandom(10).hex()
    return f"{moment[:8]}-{moment[8:]}-7{random[:3]}-{_VARIANT[random[3]]}{random[4:7]}-{random[7:19]}"
