"""All queries of own events: what was caused inside and waits for the pipeline, which drains it like the log."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select

from tidings.db import Tx
from tidings.db.bulk import THESE, these
from tidings.db.engine import announce
from tidings.events.tables import pending_events

RECORD, FORGET, PARTED = "record", "forget", "parted"
_DROP = delete(pending_events).where(pending_events.c.id.in_(THESE))


class Pending(NamedTuple):
    """An event of our own.

    Args:
        id: In the order of happening.
        workspace_id: The wall.
        kind: ``record`` (a log record), ``forget`` (a ``Forget``) or ``parted`` (a ``Parting``).
        payload: JSON.
        created_at: UTC milliseconds.
    """

    id: int
    workspace_id: int
    kind: str
    payload: str
    created_at: int


def add(tx: Tx, workspace_id: int, kind: str, payload: str, now: int) -> int:
    """Leave an event to the pipeline, in the transaction that causes it, and return its number.

    Args:
        tx: The transaction; the pipeline is woken once it is on disk.
        workspace_id: The wall.
        kind: ``record``, ``forget`` or ``parted``.
        payload: JSON.
        now: UTC milliseconds.
    """
    values = {"workspace_id": workspace_id, "kind": kind, "payload": payload, "created_at": now}
    made = tx.execute(insert(pending_events).values(values)).inserted_primary_key
    assert made is not None
    announce(tx)
    return int(made[0])


def oldest(tx: Tx, limit: int, size: int = 2**31) -> tuple[list[Pending], bool]:
    """Return what the pipeline takes next, of all workspaces in the order of happening.

    Args:
        tx: The transaction.
        limit: How many at most.
        size: Characters of payloads after which no more are read.

    Returns:
        The events, and whether there may be more.
    """
    rows = tx.execute(select(pending_events).order_by(pending_events.c.id).limit(limit))
    found: list[Pending] = []
    for row in rows:
        found.append(Pending(row.id, row.workspace_id, row.kind, row.payload, row.created_at))
        size -= len(row.payload)
        if size <= 0:
            rows.close()
            return found, True
    return found, len(found) == limit


def drop(tx: Tx, ids: Sequence[int]) -> None:
    """Remove what the pipeline has taken, of whatever workspace."""
    if ids:
        tx.execute(_DROP, these(ids))


def is_empty(tx: Tx) -> bool:
    """Tell whether nothing waits, of any workspace."""
    return tx.execute(select(pending_events.c.id).limit(1)).scalar() is None


def newest(tx: Tx, workspace_id: int) -> int | None:
    """Return the number of the last event of a workspace that waits for the pipeline, None if none does."""
    mine = pending_events.c.workspace_id == workspace_id
    return tx.execute(select(func.max(pending_events.c.id)).where(mine)).scalar()


def waits(tx: Tx, workspace_id: int, number: int) -> bool:
    """Tell whether an event of a workspace still waits for the pipeline."""
    mine = (pending_events.c.workspace_id == workspace_id) & (pending_events.c.id == number)
    return tx.execute(select(pending_events.c.id).where(mine)).scalar() is not None
