"""All queries by which a batch brings orders, carts and products up to date."""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, cast, select, true
from sqlalchemy import String as Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.selectable import Subquery

from tidings.commerce.tables import cart_events, carts, order_events, orders, product_events, products
from tidings.db import Tx
from tidings.db.bulk import apart, beside, collected, cut_given, fetch, given, insert_given, offered, pack
from tidings.profiles.tables import profiles

Rows = Sequence[tuple[Any, ...]]
_KEY = ("workspace_id", "brand_id", "id")


class OrderRow(NamedTuple):
    """A row of ``orders``, its members in the order of the columns."""

    n: int
    workspace_id: int
    brand_id: int
    id: str
    profile_id: int
    number: str | None
    status: str | None
    placed: int
    first_at: int
    currency: str
    revenue: str | None
    refunded: str
    items: str
    counted: int
    deleted: int
    named: int
    cart_id: str | None
    cart_token: str | None
    state: str


class CartRow(NamedTuple):
    """A row of ``carts``, its members in the order of the columns."""

    n: int
    workspace_id: int
    brand_id: int
    id: str
    holder: int
    profile_id: int
    token: str | None
    at: int
    until: int
    status: str
    order_n: int | None
    currency: str
    total: str | None
    items: str
    state: str


class ProductRow(NamedTuple):
    """A row of ``products`` without its number."""

    workspace_id: int
    brand_id: int
    id: str
    at: int
    told: int
    met_at: int | None
    known: int
    search: str
    sku: str | None
    present: int | None
    stock: str | None
    sold_out: int
    state: str


class Closing(NamedTuple):
    """An order next to a cart's newest state: when it was placed, its id, its number."""

    placed: int
    id: str
    n: int


def _all(row: type[NamedTuple], table: Table) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in row._fields]


def _same(one: Any, other: Any, names: Iterable[str]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = true()
    for name in names:
        found &= one.c[name] == other.c[name]
    return found


class _Saving:
    """An upsert of whole rows, whose numbers and whose last member travel beside them.

    Args:
        row: What is saved.
        table: Where.
        key: Columns of a unique key.
    """

    def __init__(self, row: type[NamedTuple], table: Table, key: Sequence[str]) -> None:
        names = row._fields
        texts, numbers = apart(table, names[:-1])
        rows = given(*texts, numbers=[*numbers, "start", "length"])
        members = [*[rows.c[name] for name in names[:-1]], cut_given(rows.c.start, rows.c.length)]
        statement = sqlite.insert(table).from_select(names, select(*members).where(true()))
        changes = {name: offered(table, name) for name in names if name not in (*key, *_KEY)}
        self._statement = statement.on_conflict_do_update(index_elements=list(key), set_=changes)
        self._order = itemgetter(*[names.index(name) for name in (*texts, *numbers)])
        self._numbers = len(numbers) + 2

    def run(self, tx: Tx, rows: Sequence[Any]) -> None:
        """Save rows."""
        if not rows:
            return
        packed: list[tuple[Any, ...]] = []
        last: list[bytes] = []
        start = 1
        for row in rows:
            text = row[-1].encode()
            packed.append((*self._order(row), start, len(text)))
            last.append(text)
            start += len(text)
        tx.execute(self._statement, beside(packed, self._numbers) | {"texts": b"".join(last)})


_keys = given(*_KEY)
_ORDERS = collected(
    select(*_all(OrderRow, orders)).select_from(_keys.join(orders, _same(_keys, orders, _KEY), isouter=True)),
    orders.c.n.is_not(None),
)
_SAVE_ORDERS = _Saving(OrderRow, orders, ["n"])
_holders = given(*_KEY, "holder")
_CARTS = collected(
    select(*_all(CartRow, carts)).select_from(
        _holders.join(carts, _same(_holders, carts, (*_KEY, "holder")), isouter=True)
    ),
    carts.c.n.is_not(None),
)
_tokens = given("workspace_id", "brand_id", "token")
_BY_TOKEN = collected(
    select(*_all(CartRow, carts)).select_from(
        _tokens.join(carts, _same(_tokens, carts, ("workspace_id", "token")), isouter=True)
    ),
    carts.c.brand_id == _tokens.c.brand_id,
)
_SAVE_CARTS = _Saving(CartRow, carts, ["n"])
_named = _keys.join(products, _same(_keys, products, _KEY), isouter=True)
_PRODUCTS = collected(select(*_all(ProductRow, products)).select_from(_named), products.c.n.is_not(None))
_BRIEF = ("workspace_id", "brand_id", "id", "met_at", "known")
_KNOWN = collected(select(*[products.c[name] for name in _BRIEF]).select_from(_named), products.c.n.is_not(None))
_SAVE_PRODUCTS = _Saving(ProductRow, products, ["workspace_id", "id", "brand_id"])
_HEARD = {
    table.name: insert_given(table, *[column.name for column in table.c]).on_conflict_do_nothing()
    for table in (order_events, cart_events, product_events)
}

_one, _member = profiles.alias("one"), profiles.alias("member")


def _cluster(rows: Subquery) -> Any:
    """Return given rows joined with every profile that is one customer with theirs."""
    whose = (_one.c.id == rows.c.profile_id) & (_one.c.workspace_id + 0 == rows.c.workspace_id)
    same = (_member.c.workspace_id == rows.c.workspace_id) & (_member.c.root_id == _one.c.root_id)
    return rows.join(_one, whose, isouter=True).join(_member, same, isouter=True)


_ordering = given("workspace_id", "brand_id", "profile_id", "since")
_NEARBY = collected(
    select(*_all(CartRow, carts)).select_from(
        _cluster(_ordering).join(
            carts,
            (carts.c.workspace_id == _ordering.c.workspace_id)
            & (carts.c.profile_id == _member.c.id)
            & (carts.c.until >= _ordering.c.since),
            isouter=True,
        )
    ),
    carts.c.brand_id == _ordering.c.brand_id,
)
_customers = given("workspace_id", "profile_id")
_EVERY = collected(
    select(*_all(CartRow, carts)).select_from(
        _cluster(_customers).join(
            carts,
            (carts.c.workspace_id == _customers.c.workspace_id)
            & (carts.c.profile_id == _member.c.id)
            & (carts.c.until > 0),
            isouter=True,
        )
    ),
    carts.c.n.is_not(None),
)
_MARK = cast(orders.c.placed, Text) + " " + cast(orders.c.n, Text) + " " + orders.c.id


def _next(rows: Subquery, *conditions: ColumnElement[bool], back: bool = False) -> ColumnElement[Any]:
    """Return the first order of a brand under some conditions, by when it was placed; the last one if ``back``."""
    by = (orders.c.placed.desc(), orders.c.id.desc()) if back else (orders.c.placed, orders.c.id)
    mine = (orders.c.workspace_id == rows.c.workspace_id) & (orders.c.brand_id == rows.c.brand_id)
    query = select(_MARK).where(mine, *conditions).order_by(*by).limit(1)
    return query.correlate(rows, _member).scalar_subquery()


_asked = given("i", "workspace_id", "brand_id", "profile_id", "at")
_theirs = (orders.c.profile_id == _member.c.id, orders.c.named == 0)
_AROUND = collected(
    select(
        _asked.c.i,
        _next(_asked, *_theirs, orders.c.placed >= _asked.c.at),
        _next(_asked, *_theirs, orders.c.placed < _asked.c.at, back=True),
    ).select_from(_cluster(_asked)),
    _member.c.id.is_not(None),
)
_called = given("i", "workspace_id", "brand_id", "name")
_NAMING: list[Select[Any]] = [
    collected(select(_called.c.i, _next(_called, column == _called.c.name)), true()) for column in (
        orders.c.cart_id, orders.c.cart_token
    )
]  # fmt: skip


def get_orders(tx: Tx, keys: Iterable[tuple[int, int, str]]) -> list[OrderRow]:
    """Return orders by (workspace id, brand id, id)."""
    return [OrderRow(*row) for row in _fetched(tx, _ORDERS, sorted(keys))]


def save_orders(tx: Tx, rows: Sequence[OrderRow]) -> None:
    """Write orders, new and present ones."""
    _SAVE_ORDERS.run(tx, rows)


def get_carts(tx: Tx, keys: Iterable[tuple[int, int, str, int]]) -> list[CartRow]:
    """Return carts by (workspace id, brand id, id, holder)."""
    return [CartRow(*row) for row in _fetched(tx, _CARTS, sorted(keys))]


def get_carts_by_token(tx: Tx, keys: Iterable[tuple[int, int, str]]) -> list[CartRow]:
    """Return carts by (workspace id, brand id, token)."""
    return [CartRow(*row) for row in _fetched(tx, _BY_TOKEN, sorted(keys))]


def get_carts_nearby(tx: Tx, since: Iterable[tuple[int, int, int, int]]) -> list[CartRow]:
    """Return the carts on which an order may have a bearing.

    Args:
        tx: The transaction.
        since: (workspace id, brand id, profile id, when an order was placed) of customers, by any of their profiles.
    """
    return [CartRow(*row) for row in _fetched(tx, _NEARBY, sorted(since))]


def get_carts_of(tx: Tx, customers: Iterable[tuple[int, int]]) -> list[CartRow]:
    """Return the carts of customers on which an order can have a bearing, by (workspace id, any profile of theirs)."""
    return [CartRow(*row) for row in _fetched(tx, _EVERY, sorted(customers))]


def save_carts(tx: Tx, rows: Sequence[CartRow]) -> None:
    """Write carts, new and present ones."""
    _SAVE_CARTS.run(tx, rows)


def get_orders_around(tx: Tx, asked: Rows) -> dict[int, tuple[Closing | None, Closing | None]]:
    """Return the order that a customer placed first at or after a moment, and last before it, of those naming no cart.

    Args:
        tx: The transaction.
        asked: (any number, workspace id, brand id, profile id, moment).
    """
    found: dict[int, tuple[Closing | None, Closing | None]] = {}
    for i, after, before in _fetched(tx, _AROUND, asked):
        known = found.get(i, (None, None))
        later = [one for one in (known[0], _closing(after)) if one is not None]
        earlier = [one for one in (known[1], _closing(before)) if one is not None]
        found[i] = (min(later, default=None), max(earlier, default=None))
    return found


def get_orders_naming(tx: Tx, ids: Rows, tokens: Rows) -> dict[int, Closing]:
    """Return the first order that names a cart.

    Args:
        tx: The transaction.
        ids: (any number, workspace id, brand id, id of a cart).
        tokens: The same with tokens.
    """
    found: dict[int, Closing] = {}
    for query, rows in zip(_NAMING, (ids, tokens), strict=True):
        for i, mark in _fetched(tx, query, rows):
            order = _closing(mark)
            if order is not None:
                found[i] = min(order, found.get(i, order))
    return found


def get_products(tx: Tx, keys: Iterable[tuple[int, int, str]]) -> list[ProductRow]:
    """Return products by (workspace id, brand id, id)."""
    return [ProductRow(*row) for row in _fetched(tx, _PRODUCTS, sorted(keys))]


def get_known(tx: Tx, keys: Iterable[tuple[int, int, str]]) -> dict[tuple[int, int, str], tuple[int | None, int]]:
    """Return of products, by (workspace id, brand id, id), what positions need not tell: ``met_at`` and ``known``."""
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in _fetched(tx, _KNOWN, sorted(keys))}


def save_products(tx: Tx, rows: Sequence[ProductRow]) -> None:
    """Write products, new and present ones, with their states."""
    _SAVE_PRODUCTS.run(tx, rows)


def add_order_events(tx: Tx, rows: Rows) -> None:
    """Record which events spoke of orders: (workspace id, number of the order, at, event id)."""
    _add(tx, order_events, rows)


def add_cart_events(tx: Tx, rows: Rows) -> None:
    """Record which events spoke of carts: (workspace id, number of the cart, at, event id)."""
    _add(tx, cart_events, rows)


def add_product_events(tx: Tx, rows: Rows) -> None:
    """Record in which events shops told of products: (workspace id, brand id, id, at, event id)."""
    _add(tx, product_events, rows)


def _closing(mark: str | None) -> Closing | None:
    if mark is None:
        return None
    placed, n, order_id = mark.split(" ", 2)
    return Closing(int(placed), order_id, int(n))


def _fetched(tx: Tx, query: Select[Any], rows: Rows) -> list[list[Any]]:
    return fetch(tx, query, rows) if rows else []


def _add(tx: Tx, table: Table, rows: Rows) -> None:
    if rows:
        tx.execute(_HEARD[table.name], {"rows": pack(sorted(rows))})
