"""A timeline on a page: events by day, each with what matters of it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from tidings.events.model import Event
from tidings.events.store import Row
from tidings.kit.times import iso

FACTS = 4  # of one event
LONGEST = 120  # characters of one fact
FIRST = ("path", "url", "title", "order_id", "orderId", "product_id", "productId", "sku", "quantity", "coupon")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_decode = msgspec.json.Decoder(Event, float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Entry(NamedTuple):
    """One event of a timeline.

    Args:
        id: Number.
        verb: The call.
        name: Of a track event, page or screen; "" for others.
        clock: Time of the day in the workspace's zone.
        iso: The moment.
        source: Name of the source, None if it is gone.
        value: Exact amount with its currency, or None.
        facts: (label, text) of what matters of it.
        notes: What was odd about it.
    """

    id: int
    verb: str
    name: str
    clock: str
    iso: str
    source: str | None
    value: tuple[Decimal, str | None] | None
    facts: list[tuple[str, str]]
    notes: list[str]


class Day(NamedTuple):
    """What happened on one day.

    Args:
        title: The date in words.
        entries: Newest first.
    """

    title: str
    entries: list[Entry]


def by_day(rows: list[Row], sources: dict[int, str], zone: ZoneInfo, now: int) -> list[Day]:
    """Return events as a page shows them.

    Args:
        rows: Stored events, newest first.
        sources: Names of the workspace's sources.
        zone: The workspace's, in which days begin.
        now: UTC milliseconds.
    """
    today = _local(now, zone).date()
    moments = [(_local(row["time"], zone), row) for row in rows]
    return [
        Day(_title(day, today), [_entry(row, moment, sources) for moment, row in some])
        for day, some in groupby(moments, key=lambda pair: pair[0].date())
    ]


def _entry(row: Row, moment: datetime, sources: dict[int, str]) -> Entry:
    event = _decode(row["body"])
    return Entry(
        id=row["id"],
        verb=event.verb,
        name=event.name or "",
        clock=f"{moment:%H:%M:%S}",
        iso=iso(row["time"]),
        source=sources.get(row["source_id"]),
        value=None if event.value is None else (event.value, event.currency),
        facts=list(_facts(event)),
        notes=event.notes,
    )


def _facts(event: Event) -> Iterator[tuple[str, str]]:
    if event.verb == "group" and event.group_id:
        yield "group", _short(event.group_id)
    if event.verb == "alias" and event.previous_id:
        yield "so far", _short(event.previous_id)
    if event.traits:
        names = [_short(name) for name in event.traits]
        more = f" and {len(names) - FACTS} more" if len(names) > FACTS else ""
        yield "traits", ", ".join(names[:FACTS]) + more
    known = [name for name in FIRST if name in event.properties]
    chosen = [*known, *[name for name in event.properties if name not in known]]
    plain = [name for name in chosen if isinstance(event.properties[name], str | int | Decimal) and name != "currency"]
    for name in plain[:FACTS]:
        value = event.properties[name]
        yield _short(name), _short(value if isinstance(value, str) else _encode(value).decode())


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _local(at: int, zone: ZoneInfo) -> datetime:
    moment = _EPOCH + timedelta(milliseconds=at)
    try:
        return moment.astimezone(zone)
    except OverflowError:  # at the edge of year 1 or 9999
        return moment


def _title(day: date, today: date) -> str:
    text = f"{day:%A}, {day.day} {day:%B} {day.year}"
    if day == today:
        return f"Today, {day.day} {day:%B}"
    return f"Yesterday, {day.day} {day:%B}" if day + timedelta(days=1) == today else text
