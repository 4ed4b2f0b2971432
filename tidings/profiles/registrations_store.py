"""All queries of registrations: which customers are registered in which stores, and since when."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, column, or_, select, union_all

from tidings.db import Tx
from tidings.db.bulk import collected, fetch, given, least, offered, pack, upsert_given
from tidings.profiles.store import Rows
from tidings.profiles.tables import profiles, registrations

_SAVE = upsert_given(
    registrations,
    "workspace_id",
    "store",
    "profile_id",
    "at",
    key=["workspace_id", "store", "profile_id"],
    changes={"at": least(registrations.c.at, offered(registrations, "at"))},
)

_these = given("workspace_id", "profile_id")
_HELD = collected(
    select(profiles.c.root_id, registrations.c.store, registrations.c.at).select_from(
        _these.join(
            registrations,
            and_(
                registrations.c.workspace_id == _these.c.workspace_id,
                registrations.c.profile_id == _these.c.profile_id,
            ),
            isouter=True,
        ).join(profiles, profiles.c.id == registrations.c.profile_id, isouter=True)
    ),
    registrations.c.profile_id.is_not(None),
)


class Registration(NamedTuple):
    """A customer in a store.

    Args:
        root: The profile that survives.
        store: Number of the store.
        at: Since when, UTC milliseconds.
    """

    root: int
    store: str
    at: int


def save(tx: Tx, rows: Rows) -> None:
    """Register profiles, new or present: (workspace id, store, profile id, first event)."""
    if rows:
        tx.execute(_SAVE, {"rows": pack(rows)})


def page(tx: Tx, workspace_id: int, stores: Sequence[str], offset: int, limit: int, *, newest_first: bool) -> list[int]:
    """Return customers in the order in which they were first registered in one of some stores, each once.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        stores: Numbers of stores, each once.
        offset: Customers that come before the page.
        limit: Customers of the page.
        newest_first: Whether the order is turned around.
    """
    r, p, first, twin = registrations.c, profiles.c, registrations.alias("first"), profiles.alias("twin")
    # A customer with several registrations is listed by the first of them: no other one comes before it. Nested and not
    # joined, because SQLite would begin the join at the other end: with the whole store, for every row.
    before = or_(
        first.c.at < r.at,
        and_(first.c.at == r.at, first.c.profile_id < r.profile_id),
        and_(first.c.at == r.at, first.c.profile_id == r.profile_id, first.c.store < r.store),
    )
    held = and_(first.c.workspace_id == twin.c.workspace_id, first.c.profile_id == twin.c.id, first.c.store.in_(stores))
    own = select(first.c.at).where(held, before).correlate(twin, registrations).exists()
    cluster = and_(twin.c.workspace_id == p.workspace_id, twin.c.root_id == p.root_id)
    earlier = select(twin.c.id).where(cluster, own).correlate(profiles, registrations).exists()
    each = [
        select(p.root_id, r.at, r.profile_id)
        .join(profiles, and_(p.workspace_id == r.workspace_id, p.id == r.profile_id))
        .where(r.workspace_id == workspace_id, r.store == one, ~earlier)
        for one in stores
    ]
    order: list[ColumnElement[int]] = [column("at"), column("profile_id")]
    # One part for each store, so that each is read in the order of its index and no further than the page.
    query = union_all(*each).order_by(*[one.desc() if newest_first else one for one in order])
    return list(tx.execute(query.offset(offset).limit(limit)).scalars())


def of(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> list[Registration]:
    """Return the registrations of profiles, by customer and store.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: Of all profiles of some customers.
    """
    found: dict[tuple[int, str], int] = {}
    for root, store, at in fetch(tx, _HELD, [(workspace_id, number) for number in profile_ids]):
        found[root, store] = min(at, found.get((root, store), at))
    return [Registration(root, store, at) for (root, store), at in sorted(found.items())]


def members(tx: Tx, workspace_id: int, roots: Sequence[int]) -> dict[int, int]:
    """Return the customers of all profiles that are part of some customers, by profile."""
    p = profiles.c
    query = select(p.id, p.root_id).where(p.workspace_id == workspace_id, p.root_id.in_(roots))
    return {row.id: row.root_id for row in tx.execute(query).all()}
