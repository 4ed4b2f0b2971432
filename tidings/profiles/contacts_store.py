"""Queries that go through the customers by their email addresses."""

from collections.abc import Sequence

from sqlalchemy import select

from tidings.db import Tx
from tidings.profiles.tables import identifiers, profiles


def page_of_addresses(tx: Tx, workspace_id: int, offset: int, limit: int) -> list[tuple[str, int]]:
    """Return (address, profile that has it) of a part of all addresses, by the alphabet.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        offset: Addresses to pass over.
        limit: Addresses at most.
    """
    i = identifiers.c
    found = select(i.value, i.profile_id).where(i.workspace_id == workspace_id, i.kind == "email")
    page = found.order_by(i.value).offset(offset).limit(limit).subquery()
    # An outer join, so that SQLite begins with the page and not with the profiles.
    query = select(page.c.value, profiles.c.root_id).join_from(
        page, profiles, profiles.c.id == page.c.profile_id, isouter=True
    )
    rows = tx.execute(query.where(profiles.c.workspace_id + 0 == workspace_id).order_by(page.c.value))
    return [(address, root) for address, root in rows]


def members_of(tx: Tx, workspace_id: int, roots: Sequence[int]) -> list[tuple[int, int]]:
    """Return (profile, its root) of all profiles that are part of some.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        roots: Profiles that are not part of another.
    """
    p = profiles.c
    query = select(p.id, p.root_id).where(p.workspace_id == workspace_id, p.root_id.in_(roots))
    return [(profile_id, root) for profile_id, root in tx.execute(query.order_by(p.id))]
