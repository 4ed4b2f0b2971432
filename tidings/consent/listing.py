"""The list of suppressions, some at a time, and as lines of a file."""

from collections.abc import Sequence
from typing import NamedTuple

from tidings.consent import store
from tidings.consent.loading import suppressions_of
from tidings.consent.model import CHANNELS, Kind, Suppression
from tidings.consent.service import Suppressing
from tidings.db import Tx
from tidings.events.reports import Channel
from tidings.kit.times import iso

LOOKED = 5_000  # rows that one page looks through: a type, and what is lifted, have no index
COUNTED = 1_000  # active suppressions of a channel that are counted
PIECE = 2_000  # rows of a file that are read at once
HEADER = ("channel", "address", "type", "active", "added", "lifted", "reason")  # of a file


class Which(NamedTuple):
    """What a list of suppressions is narrowed to.

    Args:
        search: How the address begins, as somebody wrote it; "" for all.
        channel: Only these, None for both.
        type: Only these, None for all.
        active: Whether to list what holds, or what was lifted.
    """

    search: str = ""
    channel: Channel | None = None
    type: Kind | None = None
    active: bool = True


class Place(NamedTuple):
    """Where a list of suppressions goes on.

    Args:
        channel: Of the last one before.
        address: Of the last one before.
        type: Of the last one before.
    """

    channel: str = ""
    address: str = ""
    type: str = ""


class Found(NamedTuple):
    """Some suppressions of a list.

    Args:
        rows: By channel, address and type.
        after: Where the list goes on, None at its end.
    """

    rows: list[Suppression]
    after: Place | None


def some(tx: Tx, workspace_id: int, which: Which, after: Place, limit: int) -> Found:
    """Return the next suppressions of a list.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        which: What is wanted.
        after: Where to go on.
        limit: Rows at most; as many are looked through where that needs an index that there is, else ``LOOKED``.
    """
    looked = limit if which.active and which.type is None else max(limit, LOOKED)
    found: list[Suppression] = []
    for channel in CHANNELS:
        begins = beginning(channel, which.search)
        if channel < after.channel or which.channel not in (None, channel) or begins is None:
            continue
        begin = (after.address, after.type) if channel == after.channel else ("", "")
        rows = store.list_suppressions(
            tx, workspace_id, channel, (), begins, begin, looked + 1, lifted=not which.active
        )
        for row in rows:
            if len(found) == limit or not looked:
                return Found(found, after)
            looked -= 1
            after = Place(row["channel"], row["address"], row["type"])
            if which.type in (None, row["type"]) and row["active"] == which.active:
                found.append(Suppression(**row))
    return Found(found, None)


def beginning(channel: Channel, search: str) -> str | None:
    """Return how the addresses begin that somebody looks for, None if it cannot be any of this channel.

    Args:
        channel: On which way.
        search: As it was written: any case, numbers with blanks and with ``00`` or ``+`` before the country.
    """
    text = search.strip().lower()
    if channel == "email" or not text:
        return text
    digits = text.replace("00", "+", 1) if text.startswith("00") else text
    digits = "".join(one for one in digits if one not in " -./()")
    digits = digits if digits.startswith("+") else f"+{digits}"
    return digits if digits == "+" or digits[1:].isdecimal() else None


def counts(tx: Tx, workspace_id: int) -> dict[Channel, int]:
    """Return how many active suppressions there are, by channel, counted up to ``COUNTED``."""
    return {channel: store.count_active(tx, workspace_id, channel, COUNTED) for channel in CHANNELS}


def not_yet(tx: Tx, workspace_id: int, wanted: Sequence[Suppressing], key: bytes) -> list[Suppressing]:
    """Return those of some suppressions that do not hold already.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        wanted: With addresses in their normal form.
        key: The installation's.
    """
    places = {(workspace_id, one.channel, one.address) for one in wanted}
    active = {(one.channel, one.address, one.type) for one in suppressions_of(tx, places, key) if one.active}
    return [one for one in wanted if (one.channel, one.address, one.type) not in active]


def cells(row: Suppression) -> tuple[str, ...]:
    """Return a suppression as a line of a file, by ``HEADER``."""
    moments = ["" if at is None else iso(at) for at in (row.added_at, row.lifted_at)]
    return (row.channel, row.address, row.type, "true" if row.active else "false", *moments, row.reason or "")
