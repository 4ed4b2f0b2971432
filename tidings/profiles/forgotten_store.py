"""All queries of forgotten customers: by which digests they are known, and what of theirs is erased."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import delete, func, select, update

from tidings.db import Tx
from tidings.db.bulk import CHOSEN, THESE, collected, fetch, given, greatest, offered, pack, these, upsert_given
from tidings.kit.digest import digest, keyed_digest
from tidings.profiles.model import Identifier
from tidings.profiles.tables import (
    additions,
    conflicts,
    forgotten,
    group_members,
    group_traits,
    groups,
    identifiers,
    links,
    profiles,
    registrations,
    traits,
    values,
)

NOBODY = 0  # workspace of the witness
WITNESS = ("", "")  # kind and value of no identifier: its digest tells whether a key is the one of the digests

_NEWEST = select(
    CHOSEN.c.id,
    select(func.max(forgotten.c.at)).where(forgotten.c.workspace_id == CHOSEN.c.id).correlate(CHOSEN).scalar_subquery(),
)
_wanted = given("workspace_id", "digest")
_MOMENTS = collected(
    select(forgotten.c.workspace_id, forgotten.c.digest, forgotten.c.at).select_from(
        _wanted.join(
            forgotten,
            (forgotten.c.workspace_id == _wanted.c.workspace_id) & (forgotten.c.digest == _wanted.c.digest),
            isouter=True,
        )
    ),
    forgotten.c.digest.is_not(None),
)
_REMEMBER = upsert_given(
    forgotten,
    "workspace_id",
    "digest",
    "at",
    key=["workspace_id", "digest"],
    changes={"at": greatest(forgotten.c.at, offered(forgotten, "at"))},
)


def newest(tx: Tx, workspace_ids: Iterable[int]) -> dict[int, int]:
    """Return up to which moment events may have to be dropped, for those workspaces that have forgotten somebody."""
    rows = tx.execute(_NEWEST, these(sorted(workspace_ids)))
    return {row[0]: row[1] for row in rows if row[1] is not None}


def moments(tx: Tx, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Return up to which moment events are dropped that name an identifier, by (workspace id, digest)."""
    return {(row[0], row[1]): row[2] for row in fetch(tx, _MOMENTS, sorted(wanted))}


def remember(tx: Tx, workspace_id: int, names: Iterable[Identifier], at: int, key: bytes) -> None:
    """Have events that name one of these identifiers dropped, up to a moment.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        names: Of a forgotten customer.
        at: UTC milliseconds.
        key: The installation's.
    """
    rows = [(workspace_id, keyed_digest(key, *name), at) for name in names]
    if rows:
        tx.execute(_REMEMBER, {"rows": pack(sorted([*rows, (NOBODY, keyed_digest(key, *WITNESS), 0)]))})


def is_key(tx: Tx, key: bytes | None) -> bool:
    """Tell whether a key is the one that identifiers of forgotten customers are known by; any is if there are none."""
    if tx.execute(select(forgotten.c.digest).limit(1)).scalar() is None:
        return True
    if key is None:
        return False
    mine = (forgotten.c.workspace_id == NOBODY) & (forgotten.c.digest == keyed_digest(key, *WITNESS))
    return tx.execute(select(forgotten.c.digest).where(mine)).scalar() is not None


def names(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> list[Identifier]:
    """Return what profiles are named by."""
    i = identifiers.c
    query = select(i.kind, i.value).where(i.workspace_id == workspace_id, i.profile_id.in_(THESE))
    return [Identifier(row[0], row[1]) for row in tx.execute(query, these(profile_ids))]


def erase(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> None:
    """Erase profiles with all that hangs on them but their events; groups stay, without them."""
    held = [
        (table, table.c.profile_id.in_(THESE))
        for table in (identifiers, traits, additions, values, group_members, registrations)
    ]
    held += [
        (links, links.c.child_id.in_(THESE)),
        (conflicts, conflicts.c.profile_id.in_(THESE)),
        (conflicts, conflicts.c.other_id.in_(THESE)),
        (profiles, profiles.c.id.in_(THESE)),
    ]
    for table, which in held:
        tx.execute(delete(table).where(table.c.workspace_id == workspace_id, which), these(profile_ids))


def groups_of(tx: Tx, workspace_id: int, profile_ids: Sequence[int], values: Sequence[str]) -> list[str]:
    """Return the groups that profiles belong to, and those whose id is one of some values."""
    m, g = group_members.c, groups.c
    query = select(m.group_id).where(m.workspace_id == workspace_id, m.profile_id.in_(THESE)).distinct()
    found = set(tx.execute(query, these(profile_ids)).scalars())
    named = select(g.id).where(g.workspace_id == workspace_id, g.id.in_(THESE))
    return sorted(found | set(tx.execute(named, these(values)).scalars()))


def erase_from_groups(tx: Tx, workspace_id: int, group_ids: Sequence[str], names_them: Callable[[str], bool]) -> None:
    """Erase from groups what names somebody who is erased: traits, ids of messages, and groups of that person alone.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        group_ids: The groups that the person belonged to.
        names_them: Tells whether a text names the person.
    """
    t, m, g = group_traits.c, group_members.c, groups.c
    for group_id in group_ids:
        mine = (t.workspace_id == workspace_id) & (t.group_id == group_id)
        member = select(m.profile_id).where(m.workspace_id == workspace_id, m.group_id == group_id).limit(1)
        if names_them(group_id) and tx.execute(member).scalar() is None:
            tx.execute(delete(group_traits).where(mine))
            tx.execute(delete(groups).where(g.workspace_id == workspace_id, g.id == group_id))
            continue
        for row in tx.execute(select(t.name, t.value, t.message_id).where(mine)).all():
            if names_them(row.name) or (row.value is not None and names_them(row.value)):
                tx.execute(delete(group_traits).where(mine, t.name == row.name))
            elif names_them(row.message_id):
                other = update(group_traits).values(message_id=digest(row.message_id))
                tx.execute(other.where(mine, t.name == row.name))
