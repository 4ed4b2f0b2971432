"""How values are written for people: moments, amounts, numbers, JSON."""

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from markupsafe import Markup, escape

from tidings.kit import times

_STEPS = ((1, "second"), (60, "minute"), (3600, "hour"), (86_400, "day"), (2_629_746, "month"), (31_556_952, "year"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


def moment(at: int | str | None, zone: tzinfo, now: int, *, short: bool = False) -> Markup:
    """Return a moment as ``<time>``, in the workspace's time zone, with how long ago it was as its title.

    Args:
        at: UTC milliseconds, or the ISO form of the API; None is a dash.
        zone: The workspace's.
        now: UTC milliseconds.
        short: Without the date if it was today.
    """
    milliseconds = times.parse(at) if isinstance(at, str) else at
    if milliseconds is None:
        return Markup('<span class="quiet">–</span>') if at is None else escape(at)
    try:
        local = (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(zone)
        today = (_EPOCH + timedelta(milliseconds=now)).astimezone(zone).date() == local.date()
    except OverflowError:  # at the edge of year 1 or 9999
        return escape(times.iso(milliseconds))
    text = f"{local:%H:%M:%S}" if short and today else f"{local.day} {local:%b %Y, %H:%M:%S}"
    title = f"{ago(milliseconds, now)} ({zone})"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(times.iso(milliseconds), title, text)


def ago(at: int, now: int) -> str:
    """Return how long ago something was, in words.

    Args:
        at: UTC milliseconds.
        now: UTC milliseconds.
    """
    seconds = abs(now - at) // 1000
    if seconds < 5:
        return "just now"
    length, name = max(step for step in _STEPS if step[0] <= seconds)
    amount = seconds // length
    text = f"{amount} {name}{'' if amount == 1 else 's'}"
    return f"{text} ago" if at <= now else f"in {text}"


def number(value: float | None) -> str:
    """Return a number with thousands set apart; None is a dash."""
    return "–" if value is None else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def money(value: Decimal | str | None, currency: str | None = None) -> str:
    """Return an exact amount with at least two decimals, none of them lost.

    Args:
        value: The amount; None is a dash.
        currency: ISO 4217.
    """
    if value is None:
        return "–"
    try:
        amount = Decimal(value)
        exponent = amount.normalize().as_tuple().exponent
    except InvalidOperation:
        return str(value)
    if not isinstance(exponent, int):
        return str(value)
    text = f"{amount:,.{max(2, -exponent)}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{text}\N{NO-BREAK SPACE}{currency}" if currency else text


def pretty(value: Any) -> str:
    """Return anything as indented JSON; text that is JSON itself too, other text as it is."""
    if isinstance(value, str | bytes):
        try:
            return msgspec.json.format(value if isinstance(value, bytes) else value.encode(), indent=2).decode()
        except (msgspec.DecodeError, UnicodeError):
            return value if isinstance(value, str) else value.decode("utf-8", "replace")
    return msgspec.json.format(_encode(value), indent=2).decode()


def words(name: str) -> str:
    """Return ``role_changed`` as "role changed"."""
    return name.replace("_", " ").replace(".", " ")


def size(count: int) -> str:
    """Return bytes for people."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count //= 1024
    return f"{count} {unit}"
