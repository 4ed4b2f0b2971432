"""All queries of one customer's whole history: read from its beginning, or erased."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Table, delete, func, select, tuple_

from tidings.db import Tx
from tidings.db.bulk import THESE, offered, pack, these, upsert_given
from tidings.events.store import Row
from tidings.events.tables import events, names, refused, timeline

CHUNK = 5_000  # events that are erased by one statement: what is held in memory stays bounded
READ = 200  # refused rows that are looked at together
_TIERS = (timeline.recent, timeline.settled)
# "+ 0" for the reason given in store.py: the ids lead, not an index that begins with the workspace.
_MINE = events.c.id.in_(THESE)
_NAME = ("workspace_id", "source_id", "verb", "name", "further")
_COUNT = upsert_given(names, *_NAME, "events", key=_NAME, changes={"events": names.c.events + offered(names, "events")})


def oldest(
    tx: Tx, workspace_id: int, profile_ids: Sequence[int], after: tuple[int, int] | None, limit: int
) -> list[Row]:
    """Return the oldest events of some profiles together, by the time they happened.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: A profile and those that were merged into it.
        after: (time, event id) of the last event of the page before.
        limit: Events at most.
    """
    keys: list[tuple[int, int]] = []
    for profile_id in profile_ids:
        for tier in _TIERS:
            query = _first(tier, workspace_id, profile_id, limit)
            if after is not None:
                query = query.where(tier.c.time >= after[0], tuple_(tier.c.time, tier.c.event_id) > tuple_(*after))
            keys += [(row[0], row[1]) for row in tx.execute(query)]
    page = [event_id for _, event_id in sorted(keys)[:limit]]
    query = select(events).where(events.c.workspace_id + 0 == workspace_id, _MINE)
    rows = {row["id"]: dict(row) for row in tx.execute(query, these(page)).mappings()}
    return [rows[one] for one in page if one in rows]


def erase(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> tuple[int, Counter[int]]:
    """Erase the events of some profiles, in the order of their timelines; message ids stay known.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: A profile and those that were merged into it.

    Returns:
        How many keys were in the recent tier of the timelines, and how many events each source had sent.
    """
    recent = 0
    by_source: Counter[int] = Counter()
    for tier in _TIERS:
        for profile_id in profile_ids:
            while keys := [(row[0], row[1]) for row in tx.execute(_first(tier, workspace_id, profile_id, CHUNK))]:
                chunk = these(sorted(event_id for _, event_id in keys))
                mine = (events.c.workspace_id + 0 == workspace_id) & _MINE
                sent = select(events.c.source_id, func.count()).where(mine).group_by(events.c.source_id)
                by_source.update({row[0]: row[1] for row in tx.execute(sent, chunk)})
                tx.execute(delete(events).where(mine), chunk)
                erased = (tier.c.workspace_id == workspace_id) & (tier.c.profile_id == profile_id)
                erased &= (tier.c.time <= keys[-1][0]) & (tuple_(tier.c.time, tier.c.event_id) <= tuple_(*keys[-1]))
                tx.execute(delete(tier).where(erased))
                recent += len(keys) if tier is timeline.recent else 0
    return recent, by_source


def erase_refused(tx: Tx, workspace_ids: Sequence[int], names_them: Callable[[Row], bool]) -> None:
    """Erase refused requests and events of some workspaces.

    Args:
        tx: The transaction.
        workspace_ids: The walls; 0 is that of unknown keys.
        names_them: Tells whether to erase a row.
    """
    for workspace_id in workspace_ids:
        last = 0
        mine = refused.c.workspace_id == workspace_id
        while True:
            query = select(refused).where(mine, refused.c.id > last).order_by(refused.c.id).limit(READ)
            rows = [dict(row) for row in tx.execute(query).mappings()]
            if not rows:
                break
            last = rows[-1]["id"]
            found = [row["id"] for row in rows if names_them(row)]
            tx.execute(delete(refused).where(mine, refused.c.id.in_(THESE)), these(found))


def drop_refused(tx: Tx, workspace_id: int, refused_id: int) -> None:
    """Take one event off the refused list."""
    tx.execute(delete(refused).where(refused.c.workspace_id == workspace_id, refused.c.id == refused_id))


def erase_names(tx: Tx, workspace_id: int, names_them: Callable[[str], bool]) -> None:
    """Let events of some names count as further names, without the name: it may hold whatever stood on a page.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        names_them: Tells whether a name is to go.
    """
    query = select(names).where(names.c.workspace_id == workspace_id, names.c.further == 0)
    found = [row for row in tx.execute(query).mappings().all() if names_them(row["name"])]
    for row in found:
        tx.execute(delete(names).where(*[names.c[column] == row[column] for column in _NAME]))
    further = [(workspace_id, row["source_id"], row["verb"], "", 1, row["events"]) for row in found]
    if further:
        tx.execute(_COUNT, {"rows": pack(further)})


def _first(tier: Table, workspace_id: int, profile_id: int, limit: int) -> Any:
    query = select(tier.c.time, tier.c.event_id).where(
        tier.c.workspace_id == workspace_id, tier.c.profile_id == profile_id
    )
    return query.order_by(tier.c.time, tier.c.event_id).limit(limit)
