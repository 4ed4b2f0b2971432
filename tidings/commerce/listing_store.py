"""Queries of what stands beside orders, carts and products in lists: which states there are, and whose they are."""

from collections.abc import Iterable

from sqlalchemy import select

from tidings.commerce.tables import orders
from tidings.db import Tx
from tidings.db.bulk import THESE, these
from tidings.profiles.tables import profiles

NEWEST = 20_000  # orders among which states are looked for


def list_statuses(tx: Tx, workspace_id: int, most: int) -> list[str]:
    """Return the states that the newest orders have, in the order of the alphabet.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        most: States at most: there may be as many as orders.
    """
    o = orders.c
    newest = select(o.status).where(o.workspace_id == workspace_id).order_by(o.placed.desc(), o.n.desc())
    status = newest.limit(NEWEST).subquery().c.status
    return list(tx.execute(select(status).distinct().where(status > "").order_by(status).limit(most)).scalars())


def roots_of(tx: Tx, workspace_id: int, profile_ids: Iterable[int]) -> dict[int, int]:
    """Return of which profile each of some is part, by its id; those that are no more are left out."""
    wanted = sorted(set(profile_ids))
    # "+ 0": with many ids SQLite would rather read the whole workspace.
    mine = (profiles.c.workspace_id + 0 == workspace_id) & profiles.c.id.in_(THESE)
    rows = tx.execute(select(profiles.c.id, profiles.c.root_id).where(mine), these(wanted))
    return {row[0]: row[1] for row in rows}
