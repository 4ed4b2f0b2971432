"""All queries of stored events, refused ones, counts and the pipeline's cursor."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, delete, func, insert, or_, select, update

from tidings.db import Tx
from tidings.db.bulk import (
    CHOSEN,
    THESE,
    beside,
    collected,
    cut_given,
    fetch,
    given,
    offered,
    pack,
    these,
    upsert_given,
)
from tidings.events.tables import counts, cursor, events, refused, seen, timeline

REFUSED_KEPT = 1_000  # for each source: a ring
LOOKED_AT = 2_000  # events of a timeline that one page looks at where it is narrowed
TOGETHER = 500  # of them at once
FEW = 20  # profiles whose timelines are read one by one
FOLD = 1.25  # keys folded for each key added, so that the small tree shrinks back after a burst
Row = dict[str, Any]


class Cursor(msgspec.Struct):
    """How far the pipeline is.

    Args:
        position: In the log; everything up to it is in the database.
        upto: Events of the log up to the position.
        next_event: Id of the next event.
        next_profile: Id of the next profile.
        seen_recent: Keys in the recent tier of the message ids.
        seen_low: Where folding of the message ids goes on.
        timeline_recent: Keys in the recent tier of the timelines.
        timeline_low: Where folding of the timelines goes on.
    """

    position: int = 0
    upto: int = 0
    next_event: int = 1
    next_profile: int = 1
    seen_recent: int = 0
    seen_low: tuple[Any, ...] | None = None
    timeline_recent: int = 0
    timeline_low: tuple[Any, ...] | None = None


class Filter(NamedTuple):
    """What a list of events is narrowed to; None is everything.

    Args:
        source_id: One source.
        name: One name, exactly.
        verb: One verb.
        before: Only events with a smaller id (the cursor of a page).
        after: Only events with a larger id (the cursor of the live stream).
    """

    source_id: int | None = None
    name: str | None = None
    verb: str | None = None
    before: int | None = None
    after: int | None = None


_source: BindParameter[int] = bindparam("source_id")
_recent, _settled = (
    (tier.c.source_id == _source) & (tier.c.digest == CHOSEN.c.id) for tier in (seen.recent, seen.settled)
)
_KNOWN = collected(
    select(CHOSEN.c.id).select_from(CHOSEN.join(seen.recent, _recent, True).join(seen.settled, _settled, True)),
    or_(seen.recent.c.digest.is_not(None), seen.settled.c.digest.is_not(None)),
)
EVENT = ("id", "workspace_id", "source_id", "profile_id", "verb", "name", "time", "received", "message_id", "body")
_TEXTS = ("verb", "name", "message_id")
_NUMBERS = ("id", "workspace_id", "source_id", "profile_id", "time", "received", "start", "length")
_new = given(*_TEXTS, numbers=_NUMBERS)
_INSERT = insert(events).from_select(
    EVENT, select(*[_new.c[name] for name in EVENT[:-1]], cut_given(_new.c.start, _new.c.length))
)
_COUNT = upsert_given(
    counts,
    "workspace_id",
    "source_id",
    "name",
    "value",
    key=["workspace_id", "source_id", "name"],
    changes={"value": counts.c.value + offered(counts, "value")},
)


def known(tx: Tx, ids: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return which (source id, digest of message id) have been stored; a source is one workspace's."""
    wanted: dict[int, list[str]] = {}
    for source_id, key in ids:
        wanted.setdefault(source_id, []).append(key)
    return {
        (source_id, key)
        for source_id, keys in wanted.items()
        for (key,) in fetch(tx, _KNOWN, sorted(keys), source_id=source_id)
    }


def add(tx: Tx, rows: Sequence[Sequence[Any]]) -> None:
    """Insert events, members in the order of ``EVENT``, the body as bytes."""
    packed: list[tuple[Any, ...]] = []
    start = 1
    for event_id, workspace_id, source_id, profile_id, verb, name, time, received, message_id, body in rows:
        length = len(body)
        packed.append(
            (verb, name, message_id, event_id, workspace_id, source_id, profile_id, time, received, start, length)
        )
        start += length
    tx.execute(_INSERT, beside(packed, len(_NUMBERS)) | {"texts": b"".join([row[-1] for row in rows])})


def add_seen(tx: Tx, rows: list[tuple[Any, ...]]) -> None:
    """Remember message ids: (source id, digest, workspace id, event id)."""
    seen.insert(tx, rows)


def add_timeline(tx: Tx, rows: list[tuple[Any, ...]]) -> None:
    """Put events on timelines: (workspace id, profile id, time, event id)."""
    timeline.insert(tx, rows)


def count(tx: Tx, amounts: dict[tuple[int, int, str], int]) -> None:
    """Add to the counts of (workspace id, source id, name)."""
    if amounts:
        tx.execute(_COUNT, {"rows": pack(sorted((*key, amount) for key, amount in amounts.items()))})


def get_cursor(tx: Tx) -> Cursor:
    """Return how far the pipeline is."""
    row = tx.execute(select(cursor)).mappings().one_or_none()
    if row is None:
        return Cursor()
    members = {name: row[name] for name in Cursor.__struct_fields__}
    for name in ("seen_low", "timeline_low"):
        members[name] = msgspec.json.decode(row[name]) if row[name] else None
    return msgspec.convert(members, Cursor)


def set_cursor(tx: Tx, state: Cursor) -> None:
    """Record how far the pipeline is."""
    values = msgspec.structs.asdict(state)
    for name in ("seen_low", "timeline_low"):
        values[name] = msgspec.json.encode(values[name]).decode() if values[name] else None
    if tx.execute(update(cursor).where(cursor.c.id == 1).values(values)).rowcount == 0:
        tx.execute(insert(cursor).values(id=1, **values))


def fold(tx: Tx, state: Cursor, recent_limit: int, added: int) -> None:
    """Fold a slice of the recent tiers into the settled ones once the recent ones hold enough.

    Args:
        tx: The transaction.
        state: Where folding goes on; changed in place.
        recent_limit: Keys that may stay in a recent tier.
        added: Events of this batch.
    """
    size = int(added * FOLD)
    if size and state.seen_recent > recent_limit:
        state.seen_low, moved = seen.fold(tx, state.seen_low, size)
        state.seen_recent -= moved
    if size and state.timeline_recent > recent_limit:
        state.timeline_low, moved = timeline.fold(tx, state.timeline_low, size)
        state.timeline_recent -= moved


def add_refused(tx: Tx, rows: Sequence[Row]) -> None:
    """Insert refused requests or events and drop the oldest of each ring."""
    tx.execute(insert(refused), list(rows))
    for workspace_id, source_id in {(row["workspace_id"], row["source_id"]) for row in rows}:
        ring = (refused.c.workspace_id == workspace_id) & (refused.c.source_id == source_id)
        last = select(refused.c.id).where(ring).order_by(refused.c.id.desc()).limit(1).offset(REFUSED_KEPT)
        tx.execute(delete(refused).where(ring, refused.c.id <= last.scalar_subquery()))


def list_refused(
    tx: Tx, workspace_id: int, source_id: int | None, before: int | None, limit: int, *, stage: str | None = None
) -> list[Row]:
    """Return the newest refused requests and events of a workspace (0: of unknown keys)."""
    query = select(refused.c.id).where(refused.c.workspace_id == workspace_id)
    if source_id is not None:
        query = query.where(refused.c.source_id == source_id)
    if before is not None:
        query = query.where(refused.c.id < before)
    if stage is not None:
        query = query.where(refused.c.stage == stage)
    # The ids first: what has to be sorted would otherwise carry its body along.
    newest = query.order_by(refused.c.id.desc()).limit(limit).subquery()
    return _rows(tx, select(refused).where(refused.c.id.in_(select(newest.c.id))).order_by(refused.c.id.desc()))


def get_refused(tx: Tx, workspace_id: int, refused_id: int) -> Row | None:
    """Return one refused request or event of a workspace (0: of unknown keys)."""
    found = _rows(tx, select(refused).where(refused.c.workspace_id == workspace_id, refused.c.id == refused_id))
    return found[0] if found else None


def by_message(tx: Tx, workspace_id: int, digest: str, source_ids: Sequence[int]) -> list[Row]:
    """Return the events of a workspace that came with a message id, from any of its sources."""
    ids: list[int] = []
    for tier in (seen.recent, seen.settled):
        mine = (tier.c.workspace_id == workspace_id) & tier.c.source_id.in_(source_ids)
        ids += tx.execute(select(tier.c.event_id).where(mine, tier.c.digest == digest)).scalars()
    return _by_ids(tx, workspace_id, ids)


def get_event(tx: Tx, workspace_id: int, event_id: int) -> Row | None:
    """Return one event of a workspace."""
    found = _rows(tx, select(events).where(events.c.workspace_id == workspace_id, events.c.id == event_id))
    return found[0] if found else None


def list_timeline(
    tx: Tx, workspace_id: int, profile_ids: Sequence[int], before: tuple[int, int] | None, limit: int
) -> list[Row]:
    """Return the newest events of some profiles together, by the time they happened.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: A profile and those that were merged into it.
        before: (time, event id) of the last event of the page before.
        limit: Events at most.
    """
    page = _timeline_keys(tx, workspace_id, profile_ids, before, limit)
    return _by_ids(tx, workspace_id, [event_id for _, event_id in page])


def find_timeline(
    tx: Tx,
    workspace_id: int,
    profile_ids: Sequence[int],
    which: Filter,
    before: tuple[int, int] | None,
    limit: int,
) -> tuple[list[Row], tuple[int, int] | None]:
    """Return a page of the events of some profiles together, newest first, at a bounded cost.

    No index has the verb, name or source of a profile's events: what is narrowed to one is looked for in a bounded
    number of events, so that a page may hold fewer than asked for although more follow.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: A profile and those that were merged into it.
        which: What the list is narrowed to; its ``before`` and ``after`` do not count.
        before: (time, event id) behind which the page begins.
        limit: Events at most.

    Returns:
        The events, and the (time, event id) behind which the list goes on; None at its end.
    """
    narrowed = which[:3] != (None, None, None)
    window = max(LOOKED_AT, limit + 1) if narrowed else limit + 1
    keys = _timeline_keys(tx, workspace_id, profile_ids, before, window)
    found = _fitting(tx, workspace_id, keys, which, limit + 1) if narrowed else keys
    following = keys[-1] if len(keys) == window else None
    if len(found) > limit:
        found = found[:limit]
        following = found[-1]
    return _by_ids(tx, workspace_id, [event_id for _, event_id in found]), following


def _fitting(
    tx: Tx, workspace_id: int, keys: list[tuple[int, int]], which: Filter, enough: int
) -> list[tuple[int, int]]:
    c = events.c
    query = select(c.id, c.source_id, c.verb, c.name).where(c.workspace_id + 0 == workspace_id, c.id.in_(THESE))
    found: list[tuple[int, int]] = []
    for start in range(0, len(keys), TOGETHER):
        some = keys[start : start + TOGETHER]
        rows = tx.execute(query, these(event_id for _, event_id in some)).all()
        fits = {row.id for row in rows if _fits(row, which) and which.name in (None, row.name)}
        found += [key for key in some if key[1] in fits]
        if len(found) >= enough:
            break
    return found


def _timeline_keys(
    tx: Tx, workspace_id: int, profile_ids: Sequence[int], before: tuple[int, int] | None, limit: int
) -> list[tuple[int, int]]:
    """Return (time, event id) of the newest events of some profiles together."""
    # Each index has one profile's events in order, but a query for each of very many takes longer than to sort them.
    parts = [[one] for one in profile_ids] if len(profile_ids) <= FEW else [profile_ids]
    keys: list[tuple[int, int]] = []
    for part in parts:
        for tier in (timeline.recent, timeline.settled):
            query = select(tier.c.time, tier.c.event_id)
            query = query.where(tier.c.workspace_id == workspace_id, tier.c.profile_id.in_(THESE))
            if before is not None:
                later = (tier.c.time == before[0]) & (tier.c.event_id < before[1])
                query = query.where(tier.c.time <= before[0], (tier.c.time < before[0]) | later)
            query = query.order_by(tier.c.time.desc(), tier.c.event_id.desc()).limit(limit)
            keys += [(row[0], row[1]) for row in tx.execute(query, these(part)).all()]
    return sorted(keys, reverse=True)[:limit]


def get_counts(tx: Tx, workspace_id: int) -> dict[str, int]:
    """Return the counts of a workspace over all its sources."""
    query = select(counts.c.name, func.sum(counts.c.value)).where(counts.c.workspace_id == workspace_id)
    return {name: int(value) for name, value in tx.execute(query.group_by(counts.c.name))}


def get_source_counts(tx: Tx, workspace_id: int) -> dict[int, dict[str, int]]:
    """Return the counts of each source of a workspace."""
    found: dict[int, dict[str, int]] = {}
    for row in tx.execute(select(counts).where(counts.c.workspace_id == workspace_id)):
        found.setdefault(row.source_id, {})[row.name] = row.value
    return found


def _rows(tx: Tx, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in tx.execute(query).mappings()]


SCANNED = 4_000  # index entries that one page looks at, about, where no index answers a filter


def find_events(
    tx: Tx, workspace_id: int, source_ids: Sequence[int], which: Filter, limit: int
) -> tuple[list[Row], int | None]:
    """Return a page of events of a workspace, newest first (oldest first behind ``after``), at a bounded cost.

    No index has the events of a workspace in order, but those of each source and of each name have them: a page is
    merged from these. What they do not answer (a verb, a name together with a source) is looked for in a bounded
    number of entries, so that a page may hold fewer events than asked for although more follow.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        source_ids: All sources of the workspace.
        which: What the list is narrowed to.
        limit: Events at most.

    Returns:
        The events, and the id behind which (``before`` or ``after`` it) the list goes on; None at its end.
    """
    sources = source_ids if which.source_id is None else [which.source_id]
    ranges = [events.c.source_id == one for one in sources] if which.name is None else [events.c.name == which.name]
    residual = which.verb is not None or (which.name is not None and which.source_id is not None)
    window = max(limit + 1, SCANNED // max(1, len(ranges))) if residual else limit + 1
    found = [_entries(tx, workspace_id, one, which, window) for one in ranges]
    sign = -1 if which.after is None else 1
    # Where a range goes on behind its window, the list is known only as far as that window reaches.
    following = min(
        (entries[-1].id for entries in found if len(entries) == window), key=lambda i: sign * i, default=None
    )
    rows = sorted((row for entries in found for row in entries), key=lambda row: sign * int(row.id))
    ids = [row.id for row in rows if _fits(row, which) and (following is None or sign * row.id <= sign * following)]
    if len(ids) > limit:
        ids = ids[:limit]
        following = ids[-1]
    return _by_ids(tx, workspace_id, ids), following


def _fits(row: Any, which: Filter) -> bool:
    return which.verb in (None, row.verb) and which.source_id in (None, row.source_id)


def list_by_ids(tx: Tx, workspace_id: int, ids: Sequence[int]) -> list[Row]:
    """Return events of a workspace in the order of their ids; those that are no more are left out."""
    query = select(events.c.id).where(events.c.workspace_id + 0 == workspace_id, events.c.id.in_(ids))
    there = set(tx.execute(query).scalars())
    return _by_ids(tx, workspace_id, [one for one in ids if one in there])


def _by_ids(tx: Tx, workspace_id: int, ids: Sequence[int]) -> list[Row]:
    # "+ 0" keeps SQLite from reading the whole workspace through an index that begins with it: without statistics it
    # believes that to be cheaper than fifty look-ups by primary key (measured: 90 ms against 5 with 200,000 events).
    query = select(events).where(events.c.workspace_id + 0 == workspace_id, events.c.id.in_(ids))
    rows = {row["id"]: row for row in _rows(tx, query)}
    return [rows[one] for one in ids if one in rows]  # a message id is known for longer than an event that was erased


def _entries(tx: Tx, workspace_id: int, range_: ColumnElement[bool], which: Filter, window: int) -> list[Any]:
    c = events.c
    query = select(c.id, c.source_id, c.verb).where(c.workspace_id == workspace_id, range_)
    if which.before is not None:
        query = query.where(c.id < which.before)
    if which.after is not None:
        query = query.where(c.id > which.after)
    order = c.id.desc() if which.after is None else c.id.asc()
    return list(tx.execute(query.order_by(order).limit(window)))
