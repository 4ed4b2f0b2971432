"""All queries of figures: events by minute and by name, and the list of events with notes. All of bounded size."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, tuple_

from tidings.db import Tx
from tidings.db.bulk import collected, fetch, given, insert_given, offered, pack, upsert_given
from tidings.events.tables import minutes, names, noted

MINUTE = 60_000  # milliseconds
MINUTES_KEPT = 8 * 24 * 60  # of each source
NAMES = 1_000  # of each source that are counted apart; the rest counts as further names, so that nobody fills the disk
LONGEST = 200  # characters of a name that is counted apart
NOTED = 10_000  # events with notes of each workspace: the latest
ALL = 0  # in place of a source: all of the workspace together
Place = tuple[int, int]  # workspace id, source id

_arrival = itemgetter(1, 2, 7)  # workspace, source and moment of a row in the order of ``store.EVENT``
_kind = itemgetter(1, 2, 4, 5)  # workspace, source, verb and name


class Name(NamedTuple):
    """How often events of one name came.

    Args:
        verb: Their verb.
        name: Their name, "" for none.
        further: These are all names that are not counted apart.
        events: How many.
    """

    verb: str
    name: str
    further: bool
    events: int


def _added(column: str) -> Any:
    key = ("workspace_id", "source_id", "minute")
    return upsert_given(
        minutes, *key, "events", "refused", key=key, changes={column: minutes.c[column] + offered(minutes, column)}
    )


_ADD = {column: _added(column) for column in ("events", "refused")}
_NAME = ("workspace_id", "source_id", "verb", "name", "further")
_ADD_NAMES = upsert_given(
    names, *_NAME, "events", key=_NAME, changes={"events": names.c.events + offered(names, "events")}
)
_given_names = given(*_NAME[:4])
_KNOWN_NAMES = collected(
    select(*[names.c[column] for column in _NAME[:4]]).select_from(
        _given_names.join(
            names,
            (names.c.workspace_id == _given_names.c.workspace_id)
            & (names.c.source_id == _given_names.c.source_id)
            & (names.c.verb == _given_names.c.verb)
            & (names.c.name == _given_names.c.name)
            & (names.c.further == 0),
            True,
        )
    ),
    names.c.workspace_id.is_not(None),
)
_given_ends = given("workspace_id", "source_id", "minute")
_PRUNE = delete(minutes).where(
    tuple_(minutes.c.workspace_id, minutes.c.source_id, minutes.c.minute).in_(
        select(minutes.c.workspace_id, minutes.c.source_id, minutes.c.minute).select_from(
            _given_ends.join(
                minutes,
                (minutes.c.workspace_id == _given_ends.c.workspace_id)
                & (minutes.c.source_id == _given_ends.c.source_id)
                & (minutes.c.minute < _given_ends.c.minute),
            )
        )
    )
)
_NOTE = insert_given(noted, "workspace_id", "event_id", "source_id")


def count_events(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> dict[Place, int]:
    """Count new events by minute and by name, and return how many each source has sent.

    Args:
        tx: The transaction.
        rows: Members in the order of ``store.EVENT``.
    """
    arrivals = Counter(map(_arrival, rows))
    sent: Counter[Place] = Counter()
    for (workspace_id, source_id, _), amount in arrivals.items():
        sent[workspace_id, source_id] += amount
    count_minutes(tx, "events", arrivals)
    count_names(tx, Counter(map(_kind, rows)))
    return sent


def count_minutes(tx: Tx, column: str, arrivals: Mapping[tuple[int, int, int], int]) -> None:
    """Add to the counts of minutes, and drop those of the same sources that are too old.

    Args:
        tx: The transaction.
        column: ``events`` or ``refused``.
        arrivals: How many by workspace, source and UTC milliseconds.
    """
    amounts: Counter[tuple[int, int, int]] = Counter()
    for (workspace_id, source_id, received), amount in arrivals.items():
        minute = received // MINUTE
        amounts[workspace_id, source_id, minute] += amount
        if source_id != ALL:  # what came with an unknown key has no source: it is counted once
            amounts[workspace_id, ALL, minute] += amount
    if not amounts:
        return
    newest: dict[Place, int] = {}
    for workspace_id, source_id, minute in amounts:
        place = (workspace_id, source_id)
        newest[place] = max(minute, newest.get(place, minute))
    rows = sorted((*key, *((n, 0) if column == "events" else (0, n))) for key, n in amounts.items())
    tx.execute(_ADD[column], {"rows": pack(rows)})
    ends = [(*place, minute - MINUTES_KEPT) for place, minute in newest.items()]
    tx.execute(_PRUNE, {"rows": pack(sorted(ends))})


def count_names(tx: Tx, amounts: Mapping[tuple[int, int, str, str | None], int]) -> None:
    """Add to the counts of names; a source's names beyond the first 1,000, and long ones, are counted as one.

    Args:
        tx: The transaction.
        amounts: How many by workspace, source, verb and name.
    """
    apart: Counter[tuple[int, int, str, str]] = Counter()
    rows: Counter[tuple[int, int, str, str, int]] = Counter()
    for (workspace_id, source_id, verb, name), amount in amounts.items():
        if len(name or "") > LONGEST:
            rows[workspace_id, source_id, verb, "", 1] += amount
        else:
            apart[workspace_id, source_id, verb, name or ""] += amount
    keys = sorted(apart)
    known = {(w, s, verb, name) for w, s, verb, name in fetch(tx, _KNOWN_NAMES, keys)} if keys else set()
    room: dict[Place, int] = {}
    for key in keys:
        place = (key[0], key[1])
        if key not in known:
            if place not in room:
                room[place] = NAMES - _counted_apart(tx, *place)
            room[place] -= 1
        fits = key in known or room[place] >= 0
        rows[(*key, 0) if fits else (*key[:3], "", 1)] += apart[key]
    if rows:
        tx.execute(_ADD_NAMES, {"rows": pack(sorted((*key, amount) for key, amount in rows.items()))})


def _counted_apart(tx: Tx, workspace_id: int, source_id: int) -> int:
    mine = (names.c.workspace_id == workspace_id) & (names.c.source_id == source_id) & (names.c.further == 0)
    return tx.execute(select(func.count()).select_from(names).where(mine)).scalar_one()


def add_noted(tx: Tx, rows: Sequence[Place | tuple[int, int, int]]) -> None:
    """List events with notes, as (workspace id, event id, source id), and drop the oldest of the list."""
    if not rows:
        return
    tx.execute(_NOTE, {"rows": pack(rows)})
    for workspace_id in {row[0] for row in rows}:
        mine = noted.c.workspace_id == workspace_id
        last = select(noted.c.event_id).where(mine).order_by(noted.c.event_id.desc()).limit(1).offset(NOTED)
        tx.execute(delete(noted).where(mine, noted.c.event_id <= last.scalar_subquery()))


def list_noted(tx: Tx, workspace_id: int, source_id: int | None, before: int | None, limit: int) -> list[int]:
    """Return the newest events with notes, as ids; some may have been erased since."""
    query = select(noted.c.event_id).where(noted.c.workspace_id == workspace_id)
    if source_id is not None:
        query = query.where(noted.c.source_id == source_id)
    if before is not None:
        query = query.where(noted.c.event_id < before)
    return list(tx.execute(query.order_by(noted.c.event_id.desc()).limit(limit)).scalars())


def sum_minutes(tx: Tx, workspace_id: int, source_id: int, begin: int, step: int) -> dict[int, tuple[int, int]]:
    """Return (events, refused) of steps in which there were any.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        source_id: One source, or ``ALL``.
        begin: First minute, counted from 1970; a multiple of the step.
        step: Minutes that are taken together.

    Returns:
        By the first minute of the step.
    """
    c = minutes.c
    first = (c.minute - c.minute % step).label("first")
    query = select(first, func.sum(c.events), func.sum(c.refused))
    query = query.where(c.workspace_id == workspace_id, c.source_id == source_id, c.minute >= begin)
    return {row[0]: (int(row[1]), int(row[2])) for row in tx.execute(query.group_by(first))}


def sum_sources(tx: Tx, workspace_id: int, source_ids: Iterable[int], begin: int) -> dict[int, tuple[int, int]]:
    """Return (events, refused) of sources, or of ``ALL``, since a minute."""
    c = minutes.c
    query = select(c.source_id, func.sum(c.events), func.sum(c.refused))
    query = query.where(c.workspace_id == workspace_id, c.source_id.in_(list(source_ids)), c.minute >= begin)
    return {row[0]: (int(row[1]), int(row[2])) for row in tx.execute(query.group_by(c.source_id))}


def top_names(tx: Tx, workspace_id: int, source_id: int | None, limit: int) -> tuple[list[Name], int]:
    """Return the most frequent names of a workspace or a source, and how many events there are of all names."""
    c = names.c
    mine = c.workspace_id == workspace_id
    if source_id is not None:
        mine &= c.source_id == source_id
    amount = func.sum(c.events)
    query = select(c.verb, c.name, c.further, amount).where(mine).group_by(c.verb, c.name, c.further)
    query = query.order_by(amount.desc(), c.verb, c.name).limit(limit)
    found = [Name(verb, name, bool(further), int(events)) for verb, name, further, events in tx.execute(query)]
    return found, int(tx.execute(select(func.sum(c.events)).where(mine)).scalar() or 0)
