"""Ids that Tidings makes itself."""

import random
import time

_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}  # two fixed bits, two random ones


def uuid7() -> str:
    """Return a new UUID, version 7: sortable by the millisecond in which it was made.

    Returns:
        The 36 characters of RFC 9562, section 5.7, in lower case.
    """
    moment = f"{time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF:012x}"
    # An id is no secret, and the randomness of the system costs a call into it.
    chance = f"{random.getrandbits(80):020x}"
    return f"{moment[:8]}-{moment[8:]}-7{chance[:3]}-{_VARIANT[chance[3]]}{chance[4:7]}-{chance[7:19]}"
