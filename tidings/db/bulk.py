"""Set-based statements: a whole batch of rows travels as one JSON parameter into one statement.

The sqlite3 driver gives up and retakes the interpreter lock for every row of ``executemany``; with a busy event loop
beside it, that costs more than the row. One statement runs from end to end without the lock.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.selectable import Subquery

from tidings.db.engine import Tx

DIGITS = 20  # of any number of 64 bits, with its sign
T = TypeVar("T", bound=Sequence[Any])
_decode = msgspec.json.Decoder(list[list[Any]]).decode
_encode = msgspec.json.Encoder(decimal_format="string").encode


def pack(rows: Sequence[Any]) -> str:
    """Return the parameter for ``given``: rows of numbers, texts and nulls.

    Args:
        rows: As many members a row as ``given`` has columns; a Decimal becomes text. Of ids, each by itself.
    """
    return _encode(rows).decode()


def beside(rows: Iterable[tuple[Any, ...]], numbers: int) -> dict[str, Any]:
    """Return the parameters for ``given`` with numbers that travel beside the rows.

    Args:
        rows: In each the texts (and what may be null) first, then the numbers, of 64 bits.
        numbers: How many these are.

    Raises:
        OverflowError: A number has more characters than any of 64 bits.
    """
    line = b"%%%dd" % DIGITS * numbers
    texts: list[tuple[Any, ...]] = []
    places: list[bytes] = []
    for row in rows:
        texts.append(row[:-numbers])
        places.append(line % row[-numbers:])
    together = b"".join(places)
    if len(together) != len(places) * numbers * DIGITS:  # all behind it would be read wrongly
        raise OverflowError(f"a number has more than {DIGITS} characters")
    return {"rows": pack(texts), "numbers": together}


def apart(table: Table, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return which columns of a table travel in rows, and which are numbers that can travel beside them."""
    numbers = [name for name in names if isinstance(table.c[name].type, Integer) and not table.c[name].nullable]
    return [name for name in names if name not in numbers], numbers


def ordered(rows: Iterable[T], key: int) -> list[T]:
    """Return rows in the order of their first members.

    A sort by each of them in turn costs half of one that compares whole rows, and neighbours share pages of a tree.

    Args:
        rows: Of one width.
        key: How many members the order is by; rows that have all of them in common keep theirs.
    """
    done = list(rows)
    for member in range(key - 1, -1, -1):
        done.sort(key=itemgetter(member))
    return done


def given(*columns: str, name: str = "rows", shared: Sequence[str] = (), numbers: Sequence[str] = ()) -> Subquery:
    """Return the rows that a statement is given as one parameter, as something to select from.

    Args:
        columns: Names of the members of a row, in their order.
        name: Name of the parameter; pass ``{name: pack(rows)}`` when executing.
        shared: Names of further members, which all rows have in common: parameters by themselves. Each member of a row
            costs half a microsecond, because SQLite parses the row anew for it.
        numbers: Names of further members that are whole numbers, never null, and travel beside the rows as the
            parameter ``numbers``, see ``beside``: each costs a fifth of that.
    """
    parameter: BindParameter[str] = bindparam(name)
    each = func.json_each(parameter).table_valued("value", "key", name=f"each_{name}")
    members = [each.c.value.op("->>")(literal_column(str(i))).label(column) for i, column in enumerate(columns)]
    members += [bindparam(column).label(column) for column in shared]
    packed: BindParameter[bytes] = bindparam("numbers", type_=LargeBinary)
    for i, column in enumerate(numbers):
        place = each.c.key * (DIGITS * len(numbers)) + (DIGITS * i + 1)
        members.append(cast(func.substr(packed, place, DIGITS), BigInteger).label(column))
    return select(*members).select_from(each).subquery(name)


# A customer may be made of thousands of profiles; as rows of one member each they would take three times as long.
_each = func.json_each(bindparam("rows")).table_valued("value", name="each_id")
CHOSEN = select(_each.c.value.label("id")).subquery("ids")
THESE = select(CHOSEN.c.id)  # for ``IN``


def these(ids: Iterable[int | str]) -> dict[str, str]:
    """Return the parameter of a statement that names ``CHOSEN`` or ``THESE``."""
    return {"rows": pack(list(ids))}


def cut_given(start: ColumnElement[Any], length: ColumnElement[Any], name: str = "texts") -> ColumnElement[str]:
    """Return a long text of a given row, which travels beside the rows instead of inside them.

    JSON in SQLite is parsed anew for every row and member, which for bodies costs more than storing them.

    Args:
        start: Member of the row: first byte, counted from 1.
        length: Member of the row: bytes.
        name: Name of the parameter: all texts of the batch in a row, UTF-8.
    """
    return cast(func.substr(bindparam(name, type_=LargeBinary), start, length), Text)


def collected(query: Select[Any], found: ColumnElement[bool]) -> Select[Any]:
    """Return a query that gives the rows of another as one JSON text, for the reason that rows go in as one.

    Args:
        query: What to collect; an outer join whose left side is ``given``.
        found: Tells a row that found something. It filters behind the join, not inside it: a condition inside would let
            the optimiser turn the join around and read a whole table for a handful of rows.
    """
    rows = func.json_array(*query.selected_columns)
    return query.with_only_columns(func.json_group_array(func.json(rows)).filter(found))


def fetch(tx: Tx, query: Select[Any], rows: Sequence[Any], **shared: Any) -> list[list[Any]]:
    """Execute a ``collected`` query with its given rows, or ids, and with what they have in common."""
    return fetch_with(tx, query, {"rows": pack(rows), **shared})


def fetch_with(tx: Tx, query: Select[Any], parameters: dict[str, Any]) -> list[list[Any]]:
    """Execute a ``collected`` query with parameters that are packed already."""
    found: list[list[Any]] = _decode(tx.execute(query, parameters).scalar_one())
    return found


def insert_given(table: Table, *columns: str, shared: Sequence[str] = (), numbers: Sequence[str] = ()) -> sqlite.Insert:
    """Return an INSERT of the given rows into these columns of a table; the others as for ``given``."""
    rows = given(*columns, shared=shared, numbers=numbers)
    return sqlite.insert(table).from_select([*columns, *shared, *numbers], select(*rows.c).where(true()))


def upsert_given(
    table: Table,
    *columns: str,
    key: Sequence[str],
    changes: dict[str, ColumnElement[Any]] | None = None,
    where: ColumnElement[bool] | None = None,
    numbers: Sequence[str] = (),
) -> sqlite.Insert:
    """Return an INSERT of the given rows that changes the row which is there already.

    Args:
        table: The table.
        columns: Members of a given row, in their order.
        key: Columns of the unique key.
        changes: New values of columns; none leaves the present row alone.
        where: Condition under which the present row is changed.
        numbers: Further columns, as for ``given``.
    """
    statement = insert_given(table, *columns, numbers=numbers)
    if not changes:
        return statement.on_conflict_do_nothing(index_elements=list(key))
    return statement.on_conflict_do_update(index_elements=list(key), set_=changes, where=where)


def offered(table: Table, column: str) -> ColumnElement[Any]:
    """Return the value that an upsert brings along for a column (``excluded``)."""
    return literal_column(f"excluded.{column}", type_=table.c[column].type)


def greatest(one: ColumnElement[Any] | Column[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the larger of two values that are not null."""
    return func.max(one, other)


def least(one: ColumnElement[Any] | Column[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the smaller of two values that are not null."""
    return func.min(one, other)
