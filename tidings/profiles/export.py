"""All that is stored of a customer, as one JSON document, in pieces of bounded size."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from tidings.db import Database, Tx
from tidings.events import history_store as history
from tidings.events.store import Row as EventRow
from tidings.kit.times import iso
from tidings.profiles import registrations_store as registrations
from tidings.profiles import service, store
from tidings.profiles.store import Row

FORMAT = 1  # of the document
PAGE = 500  # events of one piece
ALL = 2**31
END = b"]}\n"
Section = Callable[[Tx, int, list[int]], dict[str, Any]]
_encode = msgspec.json.encode


class Begun(NamedTuple):
    """A document up to its events.

    Args:
        id: The profile that survives.
        members: It and all that was merged into it, whose events follow.
        text: The beginning of the document.
    """

    id: int
    members: list[int]
    text: bytes


class Piece(NamedTuple):
    """Some events of a document.

    Args:
        text: What follows the piece before.
        after: Where the next piece goes on; None if there is none.
    """

    text: bytes
    after: tuple[int, int] | None


def begin(tx: Tx, workspace_id: int, profile_id: int, now: int, sections: Sequence[Section]) -> Begun | None:
    """Return everything but the events of a customer, None if there is none of this number.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_id: The customer, or one that became part of it.
        now: UTC milliseconds.
        sections: What other rooms know of a customer: members of the document, from the workspace and the profiles.
    """
    view = service.view(tx, workspace_id, profile_id)
    if view is None:
        return None
    ids = store.members(tx, workspace_id, view.id)
    conflicts = store.list_conflicts(tx, workspace_id, ids, ALL)
    document = {
        "format": FORMAT,
        "exported": iso(now),
        "id": view.id,
        "event_count": view.event_count,
        "first_seen": iso(view.first_seen),
        "last_seen": None if view.last_seen is None else iso(view.last_seen),
        "identifiers": [row | {"since": iso(row["since"])} for row in view.identifiers],
        "traits": traits(store.list_traits(tx, workspace_id, ids)),
        "additions": additions(store.list_additions(tx, workspace_id, ids)),
        "lifetime_value": view.lifetime_value,
        "groups": [row | {"since": iso(row["since"])} for row in view.groups],
        "stores": [{"store": one.store, "at": iso(one.at)} for one in registrations.of(tx, workspace_id, ids)],
        "merges": [row | {"at": iso(row["at"])} for row in view.merges],
        "conflicts": [service.without(row, "workspace_id") | {"at": iso(row["at"])} for row in conflicts],
    }
    for section in sections:
        document |= section(tx, workspace_id, ids)
    return Begun(view.id, ids, _encode(document)[:-1] + b',"events":[')


def traits(rows: list[Row]) -> list[Row]:
    """Return traits as the document has them: every one that is stored, with the one of each name that holds marked."""
    holding = service.newest(rows)
    return [
        {
            "name": row["name"],
            "value": None if row["value"] is None else msgspec.Raw(row["value"].encode()),
            "removed": row["value"] is None,
            "holds": row is holding[row["name"]],
            **service.detail(row),
            "time": iso(row["time"]),
        }
        for row in rows
    ]


def additions(rows: list[Row]) -> list[Row]:
    """Return what was added to traits that are lists, as the document has it."""
    return [{"name": row["name"], "item": row["item"], **service.detail(row), "time": iso(row["time"])} for row in rows]


def piece(tx: Tx, workspace_id: int, members: list[int], after: tuple[int, int] | None) -> Piece:
    """Return the next events of a customer, oldest first; the bodies are the bytes that are stored.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        members: Whose events.
        after: Where the piece before ended; None for the first one.
    """
    rows = history.oldest(tx, workspace_id, members, after, PAGE)
    text = b",".join(_encode(event(row)) for row in rows)
    further = (rows[-1]["time"], rows[-1]["id"]) if len(rows) == PAGE else None
    return Piece((b"," if after and text else b"") + text, further)


def event(row: EventRow) -> Row:
    """Return a stored event as the document has it."""
    members = {name: row[name] for name in ("id", "source_id", "profile_id")}
    times = {name: iso(row[name]) for name in ("time", "received")}
    return members | times | {"event": msgspec.Raw(row["body"].encode())}


def pieces(database: Database, workspace_id: int, begun: Begun) -> Iterator[bytes]:
    """Yield a document from its beginning to its end, each piece read by itself: nothing is held up meanwhile."""
    yield begun.text
    after: tuple[int, int] | None = None
    while True:
        text, after = database.read_now(piece, workspace_id, begun.members, after)
        yield text
        if after is None:
            break
    yield END
