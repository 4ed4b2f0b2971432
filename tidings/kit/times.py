"""Moments as clients write them, and the time of an event.

A moment is a whole number of milliseconds since 1970-01-01 UTC, fractions cut off.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

EARLIEST = -62_135_596_800_000  # 0001-01-01, the first moment that `iso` can write
LATEST = 253_402_300_799_999  # 9999-12-31

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000
_TOLERANCE = 60_000  # below it the difference of two clocks is the network's delay, not a wrong clock
_SECONDS_BELOW = 100_000_000_000  # an epoch number below it counts seconds, from it on milliseconds
_NUMBERS_END = 16  # characters of an epoch number
_LONGEST = 64  # characters that a moment can sensibly have

_NUMBER = re.compile(r"-?\d{1,16}(\.\d+)?", re.ASCII)
_LOOSE = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:[Tt\s]\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?"
    r"\s*(?:([Zz]|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)?",
    re.ASCII,
)


def parse(moment: str | int | Decimal) -> int | None:
    """Read a moment in any form that clients are known to send.

    ISO 8601 with any number of fraction digits and any zone (none is UTC), a blank instead of ``T``, date only,
    one-digit months and days, second 60, and epoch numbers (below 1e11 seconds, else milliseconds), also as text.

    Args:
        moment: What the client sent.

    Returns:
        UTC milliseconds, or None where it cannot be read.
    """
    if type(moment) is str:
        if len(moment) > _NUMBERS_END:  # digits alone would be read as a date in the basic format
            try:
                read = datetime.fromisoformat(moment)
                since = (read if read.tzinfo is not None else read.replace(tzinfo=UTC)) - _EPOCH
                return since.days * _DAY + since.seconds * 1000 + since.microseconds // 1000
            except (ValueError, OverflowError):
                pass
        return _parse_loosely(moment.strip()) if len(moment) <= _LONGEST else None
    if isinstance(moment, bool) or not isinstance(moment, int | Decimal):
        return None
    return _from_number(Decimal(moment))


def event_time(original: int | None, sent: int | None, received: int, correct: bool) -> int:
    """Say when an event happened, with the error of the client's clock taken out.

    ``received - (sent - original)`` where the client says when it sent; the original itself where both clocks agree
    within 60 seconds, so that the network's delay moves nothing.

    Args:
        original: When it happened by the client's clock, UTC milliseconds; None where it did not say.
        sent: When the client says that the request left, UTC milliseconds; None where it did not say.
        received: When the request arrived by our clock, UTC milliseconds.
        correct: Whether to correct; off for replays of stored requests.

    Returns:
        UTC milliseconds, never later than ``received``.
    """
    if original is None:
        return received
    moment = original
    if correct and sent is not None and (received - sent > _TOLERANCE or sent - received > _TOLERANCE):
        moment = received - sent + original
        if moment < EARLIEST:
            moment = original
    if moment > received:
        return received
    return moment if moment > EARLIEST else EARLIEST


def iso(milliseconds: int) -> str:
    """Write a moment as ``2024-03-01T10:00:00.000Z``.

    Args:
        milliseconds: UTC milliseconds between the years 1 and 9999.
    """
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _milliseconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return since.days * _DAY + since.seconds * 1000 + since.microseconds // 1000


def _from_number(number: Decimal) -> int | None:
    if not number.is_finite() or number.adjusted() > 15:
        return None
    milliseconds = int(number if abs(number) >= _SECONDS_BELOW else number * 1000)
    return milliseconds if EARLIEST <= milliseconds <= LATEST else None


def _parse_loosely(text: str) -> int | None:
    if len(text) != 8 and _NUMBER.fullmatch(text):  # eight digits are a date
        return _from_number(Decimal(text))
    found = _LOOSE.fullmatch(text)
    try:
        if found is None:
            return _milliseconds(datetime.fromisoformat(text))
        year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = found.groups()
        start = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    if int(second or 0) > 60 or int(zone_minutes or 0) > 59 or int(zone_hours or 0) > 23:
        return None
    offset = (int(zone_hours or 0) * 60 + int(zone_minutes or 0)) * 60_000
    return (
        _milliseconds(start)
        + int(second or 0) * 1000
        + int(((fraction or "") + "000")[:3])
        + (offset if sign == "-" else -offset)
    )
