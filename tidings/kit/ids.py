"""Ids that Tidings makes itself."""

import random
import time

_MARKS = 7 << 76 | 0b10 << 62  # version and variant


def uuid7() -> str:
    """Return a new UUID, version 7: sortable by the millisecond in which it was made.

    Returns:
        The 36 characters of RFC 9562, section 5.7, in lower case.
    """
    moment = time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF
    # An id is no secret, and the randomness of the system costs a call into it.
    bits = moment << 80 | _MARKS | random.getrandbits(12) << 64 | random.getrandbits(62)
    digits = bits.to_bytes(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
