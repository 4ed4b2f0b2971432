"""All queries of profiles: who is who and what a batch changes for the pipeline, then what people and the API read."""

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Result, Select, Table, and_, case, delete, func, select, tuple_, update

from tidings.db import Tx
from tidings.db.bulk import (
    THESE,
    beside,
    collected,
    fetch,
    given,
    greatest,
    insert_given,
    least,
    offered,
    ordered,
    pack,
    these,
    upsert_given,
)
from tidings.kit import phone as phones
from tidings.profiles.model import Identifier
from tidings.profiles.tables import (
    additions,
    conflicts,
    group_members,
    group_traits,
    groups,
    identifiers,
    links,
    profiles,
    traits,
    values,
)

Rows = Sequence[Sequence[Any]]
Row = dict[str, Any]
SPACES = 50  # id spaces of user ids that are looked into
EXACT = Context(prec=60)  # the default of 28 digits would round the sum of many large amounts

_wanted = given("workspace_id", "kind", "value")
_OWNERS = collected(
    select(
        identifiers.c.workspace_id,
        identifiers.c.kind,
        identifiers.c.value,
        identifiers.c.profile_id,
        profiles.c.root_id,
    ).select_from(
        _wanted.join(
            identifiers,
            (identifiers.c.workspace_id == _wanted.c.workspace_id)
            & (identifiers.c.kind == _wanted.c.kind)
            & (identifiers.c.value == _wanted.c.value),
            isouter=True,
        ).join(profiles, profiles.c.id == identifiers.c.profile_id, isouter=True)
    ),
    identifiers.c.profile_id.is_not(None),
)
_roots = given("workspace_id", "root_id")
_CLUSTERS = collected(
    select(profiles.c.root_id, identifiers.c.kind, identifiers.c.value).select_from(
        _roots.join(
            profiles,
            (profiles.c.workspace_id == _roots.c.workspace_id) & (profiles.c.root_id == _roots.c.root_id),
            isouter=True,
        ).join(
            identifiers,
            (identifiers.c.workspace_id == _roots.c.workspace_id) & (identifiers.c.profile_id == profiles.c.id),
            isouter=True,
        )
    ),
    identifiers.c.profile_id.is_not(None),
)
_PROFILE = ("id", "workspace_id", "root_id", "event_count", "first_seen")
_PROFILES = upsert_given(
    profiles,
    "last_seen",
    numbers=_PROFILE,
    key=["id"],
    changes={
        "event_count": profiles.c.event_count + offered(profiles, "event_count"),
        "first_seen": least(profiles.c.first_seen, offered(profiles, "first_seen")),
        # "Seen" is null until an active event: the greatest of null and something is null.
        "last_seen": greatest(
            func.coalesce(profiles.c.last_seen, offered(profiles, "last_seen")),
            func.coalesce(offered(profiles, "last_seen"), profiles.c.last_seen),
        ),
    },
)
_IDENTIFIERS = upsert_given(
    identifiers,
    "workspace_id",
    "kind",
    "value",
    "profile_id",
    "source_id",
    "since",
    key=["workspace_id", "kind", "value"],
    changes={name: offered(identifiers, name) for name in ("profile_id", "source_id", "since")},
)
_LINKS = insert_given(links, "workspace_id", "child_id", "parent_id", "cause", "event_id", "at")
_CONFLICTS = insert_given(
    conflicts, "workspace_id", "profile_id", "other_id", "kind", "value", "reason", "event_id", "at"
)
_moved = given("workspace_id", "child_id", "parent_id")
_ROOTS = (
    update(profiles)
    .values(root_id=_moved.c.parent_id)
    .where(profiles.c.workspace_id == _moved.c.workspace_id, profiles.c.root_id == _moved.c.child_id)
)


def _newer(table: Table) -> Any:
    """Whether the offered trait outlives the present one: server trust first, then event time, then message id."""
    order = ("rank", "time", "message_id")
    return tuple_(*[offered(table, name) for name in order]) > tuple_(*[table.c[name] for name in order])


_TRAIT = ("workspace_id", "profile_id", "rank", "time", "source_id")
_TRAITS = upsert_given(
    traits,
    "name",
    "value",
    "message_id",
    "search",
    numbers=_TRAIT,
    key=["workspace_id", "profile_id", "name"],
    changes={n: offered(traits, n) for n in ("value", "rank", "time", "message_id", "source_id", "search")},
    where=_newer(traits),
)
_GROUP_TRAITS = upsert_given(
    group_traits,
    "workspace_id",
    "group_id",
    "name",
    "value",
    "rank",
    "time",
    "message_id",
    "source_id",
    "search",
    key=["workspace_id", "group_id", "name"],
    changes={n: offered(group_traits, n) for n in ("value", "rank", "time", "message_id", "source_id", "search")},
    where=_newer(group_traits),
)
_ADDITIONS = upsert_given(
    additions,
    "workspace_id",
    "profile_id",
    "name",
    "item",
    "rank",
    "time",
    "message_id",
    "source_id",
    key=["workspace_id", "profile_id", "name", "item"],
    changes={n: offered(additions, n) for n in ("rank", "time", "message_id", "source_id")},
    where=_newer(additions),
)
_GROUPS = upsert_given(
    groups,
    "workspace_id",
    "id",
    "first_seen",
    "last_seen",
    key=["workspace_id", "id"],
    changes={
        "first_seen": least(groups.c.first_seen, offered(groups, "first_seen")),
        "last_seen": greatest(groups.c.last_seen, offered(groups, "last_seen")),
    },
)
_MEMBERS = upsert_given(
    group_members,
    "workspace_id",
    "group_id",
    "profile_id",
    "since",
    key=["workspace_id", "group_id", "profile_id"],
    changes={"since": least(group_members.c.since, offered(group_members, "since"))},
)
_holders = given("workspace_id", "profile_id", "currency")
_VALUES = collected(
    select(values).select_from(
        _holders.join(
            values,
            (values.c.workspace_id == _holders.c.workspace_id)
            & (values.c.profile_id == _holders.c.profile_id)
            & (values.c.currency == _holders.c.currency),
            isouter=True,
        )
    ),
    values.c.profile_id.is_not(None),
)
_SET_VALUES = upsert_given(
    values,
    "workspace_id",
    "profile_id",
    "currency",
    "amount",
    key=["workspace_id", "profile_id", "currency"],
    changes={"amount": offered(values, "amount")},
)


def owners(tx: Tx, wanted: Iterable[tuple[int, Identifier]]) -> list[tuple[int, Identifier, int, int]]:
    """Return (workspace id, identifier, profile it was given to, root of that profile) of those that are known."""
    rows = ordered(((workspace_id, *identifier) for workspace_id, identifier in wanted), 3)
    return [(row[0], Identifier(row[1], row[2]), row[3], row[4]) for row in fetch(tx, _OWNERS, rows)]


def clusters(tx: Tx, roots: Iterable[tuple[int, int]]) -> list[tuple[int, Identifier]]:
    """Return (root, identifier) for every identifier of the clusters of some (workspace id, root)."""
    return [(row[0], Identifier(row[1], row[2])) for row in fetch(tx, _CLUSTERS, sorted(roots))]


def save_profiles(tx: Tx, rows: Rows) -> None:
    """Add to profiles, new or present: (id, workspace id, root id, events, first seen, last seen or null)."""
    if rows:
        tx.execute(_PROFILES, beside([(seen, *numbers) for *numbers, seen in rows], len(_PROFILE)))


def save_identifiers(tx: Tx, rows: Rows) -> None:
    """Let identifiers name profiles: (workspace id, kind, value, profile id, source id, since)."""
    _run(tx, _IDENTIFIERS, rows)


def save_links(tx: Tx, rows: Rows) -> None:
    """Merge: (workspace id, child, parent, cause, event id, at), in the order of happening."""
    _run(tx, _LINKS, rows)
    for row in rows:  # in order: a parent may become a child later in the same batch
        tx.execute(_ROOTS, {"rows": pack([row[:3]])})


def save_conflicts(tx: Tx, rows: Rows) -> None:
    """Record: (workspace id, profile, other, kind, value, reason, event id, at)."""
    _run(tx, _CONFLICTS, rows)


def save_traits(tx: Tx, rows: Rows) -> None:
    """Set traits: (workspace id, profile id, name, JSON or null, rank, time, message id, source id, search)."""
    if rows:
        packed = [
            (name, value, message_id, search, workspace_id, profile_id, rank, time, source_id)
            for workspace_id, profile_id, name, value, rank, time, message_id, source_id, search in rows
        ]
        tx.execute(_TRAITS, beside(packed, len(_TRAIT)))


def save_additions(tx: Tx, rows: Rows) -> None:
    """Add items to traits: (workspace id, profile id, name, item, rank, time, message id, source id)."""
    _run(tx, _ADDITIONS, rows)


def save_groups(tx: Tx, rows: Rows) -> None:
    """Set groups: (workspace id, group id, first seen, last seen)."""
    _run(tx, _GROUPS, rows)


def save_group_traits(tx: Tx, rows: Rows) -> None:
    """Set traits of groups: (workspace id, group id, name, JSON or null, rank, time, message id, source id, search)."""
    _run(tx, _GROUP_TRAITS, rows)


def save_members(tx: Tx, rows: Rows) -> None:
    """Put profiles into groups: (workspace id, group id, profile id, since)."""
    _run(tx, _MEMBERS, rows)


def add_values(tx: Tx, amounts: dict[tuple[int, int, str], Decimal]) -> None:
    """Add to lifetime values of (workspace id, profile id, currency), exactly."""
    if not amounts:
        return
    for workspace_id, profile_id, currency, amount in fetch(tx, _VALUES, sorted(amounts)):
        key = (workspace_id, profile_id, currency)
        amounts[key] = EXACT.add(amounts[key], Decimal(amount))
    _run(tx, _SET_VALUES, sorted((*key, format(amount, "f")) for key, amount in amounts.items()))


def root_of(tx: Tx, workspace_id: int, profile_id: int) -> int | None:
    """Return the profile that a profile is part of, None if there is none of this id."""
    mine = (profiles.c.workspace_id == workspace_id) & (profiles.c.id == profile_id)
    return tx.execute(select(profiles.c.root_id).where(mine)).scalar()


def root_by(tx: Tx, workspace_id: int, kind: str, value: str) -> int | None:
    """Return the profile that an identifier names; kind ``user_id`` looks into all id spaces."""
    i = identifiers.c
    kinds = [kind, *_spaces(tx, workspace_id)] if kind == "user_id" else [kind]
    query = select(profiles.c.root_id).join(identifiers, profiles.c.id == i.profile_id)
    query = query.where(i.workspace_id == workspace_id, i.kind.in_(kinds), i.value == value)
    return tx.execute(query.order_by(i.kind).limit(1)).scalar()


def members(tx: Tx, workspace_id: int, root: int) -> list[int]:
    """Return the ids of a profile and of all that were merged into it."""
    mine = (profiles.c.workspace_id == workspace_id) & (profiles.c.root_id == root)
    return list(tx.execute(select(profiles.c.id).where(mine).order_by(profiles.c.id)).scalars().all())


def list_figures(tx: Tx, workspace_id: int, ids: Sequence[int]) -> list[Row]:
    """Return counts and times of profiles, each by itself."""
    # "+ 0": with many ids SQLite would rather read the whole workspace.
    query = select(profiles).where(profiles.c.workspace_id + 0 == workspace_id, profiles.c.id.in_(THESE))
    return _sorted(profiles, tx.execute(query, these(ids)))


def list_identifiers(tx: Tx, workspace_id: int, ids: Sequence[int], kinds: Sequence[str] = ()) -> list[Row]:
    """Return the identifiers that were given to profiles: those of some kinds, without any all of them."""
    return _given_to(tx, identifiers, workspace_id, ids, *([identifiers.c.kind.in_(kinds)] if kinds else []))


def list_traits(tx: Tx, workspace_id: int, ids: Sequence[int]) -> list[Row]:
    """Return the traits of profiles, each profile's by themselves, removed ones too."""
    return _of(tx, traits, workspace_id, traits.c.profile_id.in_(THESE), ids)


def list_additions(tx: Tx, workspace_id: int, ids: Sequence[int]) -> list[Row]:
    """Return the items that were added to traits of profiles, each profile's by themselves."""
    return _of(tx, additions, workspace_id, additions.c.profile_id.in_(THESE), ids)


def list_values(tx: Tx, workspace_id: int, ids: Sequence[int]) -> list[Row]:
    """Return the lifetime values of profiles."""
    return _of(tx, values, workspace_id, values.c.profile_id.in_(THESE), ids)


def list_links(tx: Tx, workspace_id: int, ids: Sequence[int]) -> list[Row]:
    """Return how profiles became part of others."""
    return _of(tx, links, workspace_id, links.c.child_id.in_(THESE), ids)


def unlink(tx: Tx, workspace_id: int, child_id: int) -> bool:
    """Take a merge back; tell whether there was one."""
    mine = (links.c.workspace_id == workspace_id) & (links.c.child_id == child_id)
    return tx.execute(delete(links).where(mine)).rowcount > 0


def set_root(tx: Tx, workspace_id: int, ids: Sequence[int], root: int) -> None:
    """Let profiles be part of another."""
    mine = (profiles.c.workspace_id + 0 == workspace_id) & profiles.c.id.in_(THESE)
    tx.execute(update(profiles).where(mine).values(root_id=root), these(ids))


def list_conflicts(tx: Tx, workspace_id: int, ids: Sequence[int], limit: int) -> list[Row]:
    """Return the newest identity conflicts of profiles."""
    mine = (conflicts.c.workspace_id == workspace_id) & conflicts.c.profile_id.in_(THESE)
    query = select(conflicts).where(mine).order_by(conflicts.c.id.desc()).limit(limit)
    return [dict(row) for row in tx.execute(query, these(ids)).mappings()]


def list_memberships(tx: Tx, workspace_id: int, ids: Sequence[int]) -> list[Row]:
    """Return the groups of profiles."""
    return _given_to(tx, group_members, workspace_id, ids)


def get_group(tx: Tx, workspace_id: int, group_id: str) -> Row | None:
    """Return a group with its traits as they are stored."""
    found = _of(tx, groups, workspace_id, groups.c.id == group_id)
    if not found:
        return None
    rows = _of(tx, group_traits, workspace_id, group_traits.c.group_id == group_id)
    return found[0] | {"traits": rows}


def search(tx: Tx, workspace_id: int, prefix: str, limit: int) -> list[int]:
    """Return profiles whose identifier or name begins with a text.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        prefix: At least one character; case does not matter for names and addresses.
        limit: Profiles at most.
    """
    found: dict[int, None] = {}
    i = identifiers.c
    begins = {"email": prefix.lower(), "phone": phones.beginning(prefix)}
    external = _kinds(tx, workspace_id, "external:", "external;")
    for kind in ("user_id", *_spaces(tx, workspace_id), *external, "email", "phone", "anonymous_id"):
        begin = begins.get(kind, prefix)
        if not begin:
            continue
        query = select(profiles.c.root_id).join(identifiers, profiles.c.id == i.profile_id)
        query = query.where(i.workspace_id == workspace_id, i.kind == kind, *_begins(i.value, begin))
        found |= dict.fromkeys(tx.execute(query.order_by(i.value).limit(limit)).scalars())
    t = traits.c
    query = select(profiles.c.root_id).join(traits, profiles.c.id == t.profile_id)
    query = query.where(t.workspace_id == workspace_id, t.search.is_not(None), *_begins(t.search, prefix.casefold()))
    found |= dict.fromkeys(tx.execute(query.order_by(t.search).limit(limit)).scalars())
    return list(found)[:limit]


def list_profiles(tx: Tx, workspace_id: int, before: int | None, limit: int) -> list[int]:
    """Return the newest profiles that are not part of another."""
    p = profiles.c
    conditions = [p.workspace_id == workspace_id, p.root_id == p.id]
    if before is not None:
        conditions.append(p.root_id < before)
    return list(tx.execute(select(p.id).where(*conditions).order_by(p.root_id.desc()).limit(limit)).scalars())


def _spaces(tx: Tx, workspace_id: int) -> list[str]:
    """Return the kinds of user ids outside the workspace's own id space."""
    return _kinds(tx, workspace_id, "user_id@", "user_idA")


def _kinds(tx: Tx, workspace_id: int, last: str, end: str) -> list[str]:
    """Return the kinds of identifiers between two texts, each found by one step in the index."""
    i = identifiers.c
    found: list[str] = []
    while len(found) < SPACES:
        after = select(i.kind).where(i.workspace_id == workspace_id, i.kind > last, i.kind < end)
        following = tx.execute(after.order_by(i.kind).limit(1)).scalar()
        if following is None:
            break
        found.append(following)
        last = following
    return found


def _begins(column: ColumnElement[str], prefix: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # A range instead of LIKE: it uses the index, and the text needs no escaping.
    return column >= prefix, column < prefix + chr(0x10FFFF)


def _of(
    tx: Tx, table: Table, workspace_id: int, which: ColumnElement[bool], ids: Sequence[int] | None = None
) -> list[Row]:
    # Sorted here: for an ORDER BY that is the primary key SQLite would read the whole workspace in that order.
    query = select(table).where(table.c.workspace_id == workspace_id, which)
    return _sorted(table, tx.execute(query, None if ids is None else these(ids)))


def _given_to(tx: Tx, table: Table, workspace_id: int, ids: Sequence[int], *which: ColumnElement[bool]) -> list[Row]:
    # The keys first, by the index that has them all. An outer join, because it sets the order: without statistics
    # SQLite believes it cheaper to read the whole workspace (measured: 38 ms against 0.2 with 500,000 identifiers).
    keys = [column.name for column in table.primary_key.columns]
    mine = select(*[table.c[name] for name in keys])
    mine = mine.where(table.c.workspace_id == workspace_id, table.c.profile_id.in_(THESE), *which)
    known, rows = mine.subquery(), table.alias("rows")
    joined = known.join(rows, and_(*[rows.c[name] == known.c[name] for name in keys]), isouter=True)
    return _sorted(table, tx.execute(select(rows).select_from(joined), these(ids)))


def _sorted(table: Table, found: Result[Any]) -> list[Row]:
    names = list(found.keys())
    rows = [dict(zip(names, row, strict=True)) for row in found.all()]  # thousands perhaps: mappings cost more
    return sorted(rows, key=itemgetter(*[column.name for column in table.primary_key.columns]))


def _run(tx: Tx, statement: Any, rows: Rows) -> None:
    if rows:
        tx.execute(statement, {"rows": pack(rows)})


NAMED = ("name", "firstName", "lastName")
_STRENGTH = case((identifiers.c.kind == "anonymous_id", 1), else_=0)


def brief_figures(tx: Tx, workspace_id: int, roots: Sequence[int]) -> list[Row]:
    """Return the figures of profiles with all that was merged into each, by root."""
    p = profiles.c
    query = select(
        p.root_id,
        func.sum(p.event_count).label("event_count"),
        func.min(p.first_seen).label("first_seen"),
        func.max(p.last_seen).label("last_seen"),
    ).where(p.workspace_id == workspace_id, p.root_id.in_(roots))
    return [dict(row) for row in tx.execute(query.group_by(p.root_id)).mappings()]


def brief_identifiers(tx: Tx, workspace_id: int, roots: Sequence[int], most: int) -> list[Row]:
    """Return at most so many identifiers of each of some profiles, anonymous ids last, by root."""
    i = identifiers.c
    place = func.row_number().over(partition_by=profiles.c.root_id, order_by=(_STRENGTH, i.kind, i.value))
    ranked = (
        select(profiles.c.root_id, i.kind, i.value, place.label("place"))
        .join(profiles, profiles.c.id == i.profile_id)
        .where(i.workspace_id == workspace_id, i.profile_id.in_(_within(workspace_id, roots)))
        .subquery()
    )
    query = select(ranked.c.root_id, ranked.c.kind, ranked.c.value).where(ranked.c.place <= most)
    return [dict(row) for row in tx.execute(query.order_by(ranked.c.root_id, ranked.c.place)).mappings()]


def _within(workspace_id: int, roots: Sequence[int]) -> Select[tuple[int]]:
    # As a subquery and not as a join, which SQLite would begin at the other end: with all rows of the workspace.
    return select(profiles.c.id).where(profiles.c.workspace_id == workspace_id, profiles.c.root_id.in_(roots))


def brief_names(tx: Tx, workspace_id: int, roots: Sequence[int]) -> list[Row]:
    """Return the traits that name people, of some profiles with all that was merged into each, by root."""
    mine = (traits.c.workspace_id == workspace_id) & traits.c.name.in_(NAMED)
    query = select(profiles.c.root_id, traits).join(profiles, profiles.c.id == traits.c.profile_id)
    query = query.where(mine, traits.c.profile_id.in_(_within(workspace_id, roots)))
    return [dict(row) for row in tx.execute(query).mappings()]


def brief_values(tx: Tx, workspace_id: int, roots: Sequence[int]) -> list[Row]:
    """Return the lifetime values of some profiles with all that was merged into each, by root."""
    query = select(profiles.c.root_id, values).join(profiles, profiles.c.id == values.c.profile_id)
    query = query.where(values.c.workspace_id == workspace_id, values.c.profile_id.in_(_within(workspace_id, roots)))
    return [dict(row) for row in tx.execute(query).mappings()]
