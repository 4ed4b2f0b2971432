"""All queries of consent: what a batch needs and changes, what is sent is asked by, and what people read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, Table, and_, delete, func, or_, select, update
from sqlalchemy.dialects import sqlite

from tidings.consent.model import (
    ConsentSettings,
    Entry,
    Kind,
    Preference,
    SignUp,
    Stage,
    Suppression,
)
from tidings.consent.tables import history, opt_ins, preferences, settings, suppressions
from tidings.db import Tx
from tidings.db.bulk import collected, fetch, given, insert_given, offered, pack, upsert_given
from tidings.events.reports import Channel
from tidings.profiles.tables import profiles

Row = dict[str, Any]
FORGOTTEN = "forgotten"  # in place of the address of somebody who is: no address, and equal to none


def _columns(shape: type[msgspec.Struct], *without: str) -> list[str]:
    return [field.name for field in msgspec.structs.fields(shape) if field.name not in without]


def _whole(table: Table, shape: type[msgspec.Struct]) -> sqlite.Insert:
    """Return what stores rows that are the members of a Struct, whatever was there."""
    columns, keys = _columns(shape), [column.name for column in table.primary_key.columns]
    changes = {name: offered(table, name) for name in columns if name not in keys}
    return upsert_given(table, *columns, key=keys, changes=changes)


def _found(table: Table, shape: type[msgspec.Struct], *keys: str, where: ColumnElement[bool] | None = None) -> Any:
    """Return what collects the rows of a table by given keys."""
    wanted = given(*keys)
    on = and_(*[table.c[name] == wanted.c[name] for name in keys])
    on = on if where is None else on & where
    joined = wanted.join(table, on, isouter=True)
    columns = [table.c[name] for name in _columns(shape)]
    return collected(select(*columns).select_from(joined), table.c.workspace_id.is_not(None))


_asked = given("workspace_id", "id")
_own, _fellow = profiles.alias("own"), profiles.alias("fellow")
_CLUSTERS = collected(
    select(_own.c.workspace_id, _own.c.id.label("asked"), _own.c.root_id, _fellow.c.id.label("member")).select_from(
        _asked.join(
            _own, (_own.c.id == _asked.c.id) & (_own.c.workspace_id == _asked.c.workspace_id), isouter=True
        ).join(
            _fellow,
            (_fellow.c.workspace_id == _asked.c.workspace_id) & (_fellow.c.root_id == _own.c.root_id),
            isouter=True,
        )
    ),
    _fellow.c.id.is_not(None),
)
_PREFERENCES = _found(preferences, Preference, "workspace_id", "profile_id")
_SUPPRESSIONS = _found(suppressions, Suppression, "workspace_id", "channel", "address")
_PENDING = _found(opt_ins, SignUp, "workspace_id", "channel", "address", where=opt_ins.c.stage == "pending")
_SAVE_PREFERENCES = _whole(preferences, Preference)
_SAVE_SUPPRESSIONS = _whole(suppressions, Suppression)
_changed = given(*_columns(SignUp))
_SAVE_OPT_INS = (
    update(opt_ins)
    .values({name: _changed.c[name] for name in _columns(SignUp, "id", "workspace_id")})
    .where(opt_ins.c.workspace_id == _changed.c.workspace_id, opt_ins.c.id == _changed.c.id)
)
_OPEN = insert_given(opt_ins, *_columns(SignUp, "id"))
_ADD_HISTORY = insert_given(history, *_columns(Entry))
_ACTIVE, _HASHED = (_columns(Suppression).index(name) for name in ("active", "hashed"))
_profiles = given("id", name="profiles")
_places = given("channel", "address", name="places")


def settings_of(tx: Tx, workspace_ids: Iterable[int]) -> dict[int, ConsentSettings]:
    """Return the settings of workspaces; those that decided nothing have the defaults."""
    wanted = sorted(set(workspace_ids))
    rows = tx.execute(select(settings).where(settings.c.workspace_id.in_(wanted))).mappings()
    found = {row["workspace_id"]: row for row in rows}
    return {one: _settings(found[one]) if one in found else ConsentSettings() for one in wanted}


def _settings(row: Mapping[Any, Any]) -> ConsentSettings:
    return ConsentSettings(**{name: row[name] for name in _columns(ConsentSettings)})


def set_settings(tx: Tx, workspace_id: int, chosen: ConsentSettings) -> None:
    """Store what a workspace decides."""
    values = msgspec.structs.asdict(chosen)
    statement = sqlite.insert(settings).values(workspace_id=workspace_id, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["workspace_id"], set_=values))


def clusters(tx: Tx, wanted: Iterable[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Return (workspace id, profile asked for, its root, profile of the same root) for some (workspace id, profile)."""
    return [(row[0], row[1], row[2], row[3]) for row in fetch(tx, _CLUSTERS, sorted(wanted))]


def preferences_of(tx: Tx, wanted: Iterable[tuple[int, int]]) -> list[Preference]:
    """Return the preferences of some (workspace id, profile), each profile by itself."""
    return _read(Preference, fetch(tx, _PREFERENCES, sorted(wanted)))


def suppressions_of(tx: Tx, wanted: Iterable[tuple[int, Channel, str]]) -> list[Suppression]:
    """Return all suppressions, active or not, of some (workspace id, channel, address or digest)."""
    rows = fetch(tx, _SUPPRESSIONS, sorted(wanted))
    for row in rows:
        row[_ACTIVE], row[_HASHED] = bool(row[_ACTIVE]), bool(row[_HASHED])
    return _read(Suppression, rows)


def with_hashes(tx: Tx, workspace_ids: Iterable[int]) -> set[int]:
    """Return those of some workspaces in which addresses of forgotten customers are suppressed."""
    s = suppressions.c
    asked = sorted(set(workspace_ids))
    any_of = [select(s.workspace_id).where(s.workspace_id == one, s.hashed.is_(True)).limit(1) for one in asked]
    return {found for query in any_of if (found := tx.execute(query).scalar()) is not None}


def pending_of(tx: Tx, wanted: Iterable[tuple[int, Channel, str]]) -> list[SignUp]:
    """Return the sign-ups that wait for confirmation, of some (workspace id, channel, address)."""
    return _read(SignUp, fetch(tx, _PENDING, sorted(wanted)))


def save_preferences(tx: Tx, rows: Sequence[Preference]) -> None:
    """Store preferences."""
    _run(tx, _SAVE_PREFERENCES, [msgspec.structs.astuple(row) for row in rows])


def save_suppressions(tx: Tx, rows: Sequence[Suppression]) -> None:
    """Store suppressions."""
    _run(tx, _SAVE_SUPPRESSIONS, [msgspec.structs.astuple(row) for row in rows])


def save_opt_ins(tx: Tx, rows: Sequence[SignUp]) -> None:
    """Store what became of sign-ups that have a number."""
    _run(tx, _SAVE_OPT_INS, [msgspec.structs.astuple(row) for row in rows])


def open_opt_ins(tx: Tx, rows: Sequence[SignUp]) -> None:
    """Store sign-ups, which get their numbers."""
    _run(tx, _OPEN, [msgspec.structs.astuple(row)[1:] for row in rows])


def add_history(tx: Tx, rows: Sequence[Entry]) -> None:
    """Write lines into the history."""
    _run(tx, _ADD_HISTORY, [msgspec.structs.astuple(row) for row in rows])


def find_opt_in(tx: Tx, number: int) -> SignUp | None:
    """Return a sign-up of whatever workspace: who asks has a signature over its number, and knows no workspace."""
    row = tx.execute(select(opt_ins).where(opt_ins.c.id == number)).mappings().one_or_none()
    return None if row is None else SignUp(**row)


def close_pending(tx: Tx, workspace_id: int, number: int, stage: Stage, at: int, ip: str | None) -> bool:
    """End a sign-up that is pending; tell whether it was, so that of two who confirm at once only one does."""
    mine = (opt_ins.c.workspace_id == workspace_id) & (opt_ins.c.id == number) & (opt_ins.c.stage == "pending")
    return tx.execute(update(opt_ins).where(mine).values(stage=stage, closed_at=at, closed_ip=ip)).rowcount > 0


def list_suppressions(  # noqa: PLR0913 -- what a list is narrowed by
    tx: Tx,
    workspace_id: int,
    channel: Channel,
    kinds: Sequence[Kind],
    begins: str,
    after: tuple[str, str],
    limit: int,
    *,
    lifted: bool = False,
) -> list[Row]:
    """Return active suppressions by address, those of forgotten customers left out.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        channel: On which way.
        kinds: Types; none is all.
        begins: How the address begins, "" for all.
        after: Address and type of the last one of the page before; two "" for the first page.
        limit: Rows at most.
        lifted: Whether those that are not active any more are among them.
    """
    s = suppressions.c
    query = select(suppressions).where(s.workspace_id == workspace_id, s.channel == channel, ~s.hashed)
    query = query.where(s.added_at.is_not(None) if lifted else s.active.is_(True))
    query = query.where(s.address >= after[0], or_(s.address > after[0], s.type > after[1]))
    if begins:
        query = query.where(s.address >= begins, s.address < begins + chr(0x10FFFF))
    if kinds:
        query = query.where(s.type.in_(kinds))
    return _rows(tx, query.order_by(s.address, s.type).limit(limit))


def list_opt_ins(tx: Tx, workspace_id: int, stage: Stage, before: int | None, limit: int) -> list[SignUp]:
    """Return the newest sign-ups of a stage.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        stage: How far they came.
        before: Number of the last one of the page before, None for the first page.
        limit: Rows at most.
    """
    o = opt_ins.c
    query = select(opt_ins).where(o.workspace_id == workspace_id, o.stage == stage)
    if before is not None:
        query = query.where(o.id < before)
    return [SignUp(**row) for row in _rows(tx, query.order_by(o.id.desc()).limit(limit))]


def opt_ins_of(
    tx: Tx, workspace_id: int, profile_ids: Sequence[int], places: Sequence[tuple[Channel, str]]
) -> list[SignUp]:
    """Return all sign-ups of some profiles and of some (channel, address), oldest first."""
    return [SignUp(**row) for row in _either(tx, opt_ins, workspace_id, profile_ids, places)]


def history_of(
    tx: Tx,
    workspace_id: int,
    profile_ids: Sequence[int],
    places: Sequence[tuple[Channel, str]],
    before: int | None = None,
    limit: int | None = None,
) -> list[Row]:
    """Return the history of some profiles and of some (channel, address), newest first.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: The customer.
        places: The customer's addresses: what was said of them when nobody knew whose they are.
        before: Number of the last line of the page before, None for the first page.
        limit: Lines at most, None for all.
    """
    return _either(tx, history, workspace_id, profile_ids, places, before, limit)[::-1][:limit]


def _either(
    tx: Tx,
    table: Table,
    workspace_id: int,
    profile_ids: Sequence[int],
    places: Sequence[tuple[Channel, str]],
    before: int | None = None,
    limit: int | None = None,
) -> list[Row]:
    # Two queries, each on its index, instead of one OR over both.
    mine = _profiles.join(
        table, (table.c.workspace_id == workspace_id) & (table.c.profile_id == _profiles.c.id), isouter=True
    )
    theirs = _places.join(
        table,
        (table.c.workspace_id == workspace_id)
        & (table.c.channel == _places.c.channel)
        & (table.c.address == _places.c.address),
        isouter=True,
    )
    found: dict[int, Row] = {}
    these = _these(profile_ids, places)
    for name, join in (("profiles", mine), ("places", theirs)):
        query = select(table).select_from(join).where(table.c.id.is_not(None))
        if before is not None:
            query = query.where(table.c.id < before)
        query = query.order_by(table.c.id.desc()).limit(limit)
        found |= {row["id"]: dict(row) for row in tx.execute(query, {name: these[name]}).mappings()}
    return [found[number] for number in sorted(found)]


def erase(tx: Tx, workspace_id: int, profile_ids: Sequence[int], places: Sequence[tuple[Channel, str]]) -> None:
    """Erase what is kept of customers: preferences, sign-ups, history, and the suppressions of their addresses."""
    rows = _these(profile_ids, places)
    ids = select(_profiles.c.id)
    _unname(tx, workspace_id, places)
    tx.execute(
        delete(preferences).where(preferences.c.workspace_id == workspace_id, preferences.c.profile_id.in_(ids)),
        {"profiles": rows["profiles"]},
    )
    for table in (opt_ins, history):
        mine = (table.c.workspace_id == workspace_id) & table.c.profile_id.in_(ids)
        tx.execute(delete(table).where(mine), {"profiles": rows["profiles"]})
        _erase_places(tx, table, workspace_id, rows["places"])
    _erase_places(tx, suppressions, workspace_id, rows["places"])


def _unname(tx: Tx, workspace_id: int, places: Sequence[tuple[Channel, str]]) -> None:
    """Take addresses out of the proof of others, whose events named them; the history tells whose."""
    lines = _either(tx, history, workspace_id, [], places)
    others = {"profiles": pack([[number] for number in sorted({line["profile_id"] for line in lines})])}
    p = preferences.c
    for channel, address in {(line["channel"], line["address"]) for line in lines}:
        mine = (p.workspace_id == workspace_id) & p.profile_id.in_(select(_profiles.c.id))
        mine &= (p.channel == channel) & (p.address == address)
        tx.execute(update(preferences).where(mine).values(address=FORGOTTEN), others)


def _erase_places(tx: Tx, table: Table, workspace_id: int, places: str) -> None:
    for channel in ("email", "sms"):
        these = select(_places.c.address).where(_places.c.channel == channel)
        mine = (table.c.workspace_id == workspace_id) & (table.c.channel == channel) & table.c.address.in_(these)
        tx.execute(delete(table).where(mine), {"places": places})


def count_active(tx: Tx, workspace_id: int, channel: Channel, most: int) -> int:
    """Return how many active suppressions there are, counting no further than ``most``."""
    s = suppressions.c
    mine = select(s.address).where(s.workspace_id == workspace_id, s.channel == channel, s.active.is_(True), ~s.hashed)
    return tx.execute(select(func.count()).select_from(mine.limit(most).subquery())).scalar_one()


def _these(profile_ids: Sequence[int], places: Sequence[tuple[Channel, str]]) -> dict[str, str]:
    return {"profiles": pack([[one] for one in profile_ids]), "places": pack([list(one) for one in places])}


def _rows(tx: Tx, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in tx.execute(query).mappings()]


def _read(shape: Any, rows: Iterable[Sequence[Any]]) -> list[Any]:
    names = _columns(shape)
    return [shape(**dict(zip(names, row, strict=True))) for row in rows]  # what we wrote ourselves is not checked again


def _run(tx: Tx, statement: Any, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        tx.execute(statement, {"rows": pack(rows)})
