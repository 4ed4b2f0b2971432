"""The queries of groups: lists, and who is in them."""

from collections.abc import Sequence

from sqlalchemy import distinct, exists, func, select

from tidings.db import Tx
from tidings.profiles.store import Row
from tidings.profiles.tables import group_members, group_traits, groups, profiles

_END = chr(0x10FFFF)


def newest(tx: Tx, workspace_id: int, before: tuple[int, int] | None, limit: int) -> list[Row]:
    """Return the groups that were seen first last.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        before: (first seen of the last group of the page before, how many of that moment were shown).
        limit: Groups at most.
    """
    g = groups.c
    query = select(groups).where(g.workspace_id == workspace_id)
    rows: list[Row] = []
    if before is not None:
        same = query.where(g.first_seen == before[0]).order_by(g.id).offset(before[1]).limit(limit)
        rows = [dict(row) for row in tx.execute(same).mappings()]
        query = query.where(g.first_seen < before[0])
    further = query.order_by(g.first_seen.desc(), g.id).limit(limit - len(rows))
    return rows + [dict(row) for row in tx.execute(further).mappings()]


def search(tx: Tx, workspace_id: int, prefix: str, limit: int) -> list[str]:
    """Return the ids of groups whose id begins with a text, then of those whose name does; case matters for ids."""
    found = dict.fromkeys(by_id(tx, workspace_id, prefix, limit))
    t = group_traits.c
    begin = prefix.casefold()
    query = select(t.group_id).where(t.workspace_id == workspace_id, t.search.is_not(None))
    query = query.where(t.search >= begin, t.search < begin + _END).order_by(t.search, t.group_id)
    found |= dict.fromkeys(tx.execute(query.limit(limit)).scalars())
    return list(found)[:limit]


def by_id(tx: Tx, workspace_id: int, prefix: str, limit: int) -> list[str]:
    """Return the ids of groups that begin with a text, in their order."""
    g = groups.c
    query = select(g.id).where(g.workspace_id == workspace_id, g.id >= prefix, g.id < prefix + _END)
    return list(tx.execute(query.order_by(g.id).limit(limit)).scalars())


def list_groups(tx: Tx, workspace_id: int, ids: Sequence[str]) -> list[Row]:
    """Return some groups."""
    query = select(groups).where(groups.c.workspace_id == workspace_id, groups.c.id.in_(ids))
    return [dict(row) for row in tx.execute(query).mappings()]


def names(tx: Tx, workspace_id: int, ids: Sequence[str]) -> dict[str, str]:
    """Return the traits "name" of groups, as JSON."""
    t = group_traits.c
    query = select(t.group_id, t.value).where(t.workspace_id == workspace_id, t.group_id.in_(ids))
    query = query.where(t.name == "name", t.value.is_not(None))
    return {row.group_id: row.value for row in tx.execute(query)}


def count_members(tx: Tx, workspace_id: int, group_id: str, most: int) -> int:
    """Count the customers of a group, merged ones as one, among so many memberships at most."""
    m = group_members.c
    some = select(m.profile_id).where(m.workspace_id == workspace_id, m.group_id == group_id).limit(most).subquery()
    query = select(func.count(distinct(profiles.c.root_id))).select_from(some)
    query = query.join(profiles, profiles.c.id == some.c.profile_id).where(profiles.c.workspace_id == workspace_id)
    return int(tx.execute(query).scalar_one())


def list_members(tx: Tx, workspace_id: int, group_id: str, before: int | None, limit: int) -> list[tuple[int, int]]:
    """Return the newest customers of a group as (profile that was put into it, profile that survives).

    A customer stands where the newest of their profiles in the group does, once.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        group_id: Which.
        before: The profile that was put into it, of the last customer of the page before.
        limit: Customers at most.
    """
    m, p = group_members.c, profiles.c
    other, its = profiles.alias("other"), group_members.alias("its")
    # One within the other and not as a join, which SQLite would begin with all members of the group.
    is_member = exists().where(
        its.c.workspace_id == workspace_id, its.c.group_id == group_id, its.c.profile_id == other.c.id
    )
    newer = exists().where(
        other.c.workspace_id == workspace_id, other.c.root_id == p.root_id, other.c.id > p.id, is_member
    )
    query = select(m.profile_id, p.root_id).join(profiles, p.id == m.profile_id)
    query = query.where(m.workspace_id == workspace_id, m.group_id == group_id, p.workspace_id + 0 == workspace_id)
    if before is not None:
        query = query.where(m.profile_id < before)
    query = query.where(~newer).order_by(m.profile_id.desc()).limit(limit)
    return [(row.profile_id, row.root_id) for row in tx.execute(query)]


def since(tx: Tx, workspace_id: int, group_id: str, roots: Sequence[int]) -> dict[int, int]:
    """Return since when customers belong to a group, by the profile that survives."""
    m, p = group_members.c, profiles.c
    query = select(p.root_id, func.min(m.since).label("since")).join(group_members, m.profile_id == p.id)
    query = query.where(p.workspace_id == workspace_id, p.root_id.in_(roots))
    query = query.where(m.workspace_id == workspace_id, m.group_id == group_id).group_by(p.root_id)
    return {row.root_id: row.since for row in tx.execute(query)}
