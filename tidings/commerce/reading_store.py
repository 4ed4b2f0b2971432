"""All queries by which orders, carts and products are listed, searched and looked at."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, select, tuple_

from tidings.commerce.store import CartRow, OrderRow, ProductRow
from tidings.commerce.tables import cart_events, carts, order_events, orders, product_events, products
from tidings.db import Tx
from tidings.db.bulk import collected, fetch, given, pack

_ids = given("id")
_THESE = select(_ids.c.id)
_ORDER = [orders.c[name] for name in OrderRow._fields]
_CART = [carts.c[name] for name in CartRow._fields]
_PRODUCT = [products.c.n, *[products.c[name] for name in ProductRow._fields]]
_keys = given("workspace_id", "brand_id", "id")
_PRODUCTS = collected(
    select(*_PRODUCT).select_from(
        _keys.join(
            products,
            (products.c.workspace_id == _keys.c.workspace_id)
            & (products.c.id == _keys.c.id)
            & (products.c.brand_id == _keys.c.brand_id),
            isouter=True,
        )
    ),
    products.c.n.is_not(None),
)
Numbered = tuple[int, ProductRow]


class OrderFilter(NamedTuple):
    """What a list of orders is narrowed to; None is everything.

    Args:
        status: Name of the state, exactly; it is not looked at where ``profile_ids`` are given.
        profile_ids: Whose.
        before: (placed at, number) of the last order of the page before.
    """

    status: str | None = None
    profile_ids: Sequence[int] | None = None
    before: tuple[int, int] | None = None


class CartFilter(NamedTuple):
    """What a list of carts is narrowed to.

    Args:
        status: ``open``, ``ordered`` or ``closed``.
        upto: Only carts in which nothing has happened since this moment, UTC milliseconds; None is all.
        before: (at, number) of the last cart of the page before.
    """

    status: str = "open"
    upto: int | None = None
    before: tuple[int, int] | None = None


class ProductFilter(NamedTuple):
    """What a list of products is narrowed to.

    Args:
        present: Without those that are gone.
        sold_out: Only those of which nothing is left.
        after: (title as it is searched, number) of the last product of the page before.
    """

    present: bool = False
    sold_out: bool = False
    after: tuple[str, int] | None = None


def list_orders(tx: Tx, workspace_id: int, narrowed: OrderFilter, limit: int) -> list[OrderRow]:
    """Return orders that are not deleted, the newest first."""
    o = orders.c
    if narrowed.profile_ids is not None:
        return _orders_of(tx, workspace_id, narrowed, limit)
    mine = [o.workspace_id == workspace_id, o.deleted == 0]
    if narrowed.status is not None:
        mine.append(o.status == narrowed.status)
    if narrowed.before is not None:
        mine += [o.placed <= narrowed.before[0], tuple_(o.placed, o.n) < tuple_(*narrowed.before)]
    return _orders(tx, select(*_ORDER).where(*mine).order_by(o.placed.desc(), o.n.desc()).limit(limit))


def _orders_of(tx: Tx, workspace_id: int, narrowed: OrderFilter, limit: int) -> list[OrderRow]:
    """Return orders of some profiles, the newest first, of one moment by their ids."""
    o = orders.c
    mine = [o.workspace_id == workspace_id, o.deleted == 0]
    if narrowed.before is not None:
        last = get_order(tx, workspace_id, narrowed.before[1])
        mine.append(tuple_(o.placed, o.id) < tuple_(narrowed.before[0], "" if last is None else last.id))
        mine.append(o.placed <= narrowed.before[0])
    # First the numbers alone, of one profile after the other, from the index that has all that is asked: for whole rows
    # SQLite would rather walk through the orders of everybody (measured: 6 s against 1 ms with 600,000 orders).
    found: list[tuple[int, str, int]] = []
    for profile_id in narrowed.profile_ids or ():
        keys = select(o.placed, o.id, o.n).where(*mine, o.profile_id == profile_id)
        found += [tuple(row) for row in tx.execute(keys.order_by(o.placed.desc(), o.id.desc()).limit(limit))]
    page = sorted(found, reverse=True)[:limit]
    query = select(*_ORDER).where(o.workspace_id + 0 == workspace_id, o.n.in_(_THESE))
    rows = {row[0]: OrderRow(*row) for row in tx.execute(query, _given([n for _, _, n in page]))}
    return [rows[n] for _, _, n in page]


def search_orders(tx: Tx, workspace_id: int, prefix: str, limit: int) -> list[OrderRow]:
    """Return orders whose id or number begins with a text, those that are not deleted.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        prefix: At least one character.
        limit: Orders at most.
    """
    found: dict[int, OrderRow] = {}
    for column in (orders.c.id, orders.c.number):
        query = select(*_ORDER).where(orders.c.workspace_id == workspace_id, *_begins(column, prefix))
        rows = _orders(tx, query.where(orders.c.deleted == 0).order_by(column).limit(limit))
        found |= {row.n: row for row in rows}
    return list(found.values())[:limit]


def get_order(tx: Tx, workspace_id: int, number: int) -> OrderRow | None:
    """Return an order, also a deleted one."""
    query = select(*_ORDER).where(orders.c.workspace_id + 0 == workspace_id, orders.c.n == number)
    return next(iter(_orders(tx, query)), None)


def find_order(tx: Tx, workspace_id: int, brand_id: int, order_id: str) -> OrderRow | None:
    """Return the order that a shop calls by an id, also a deleted one."""
    o = orders.c
    query = select(*_ORDER).where(o.workspace_id == workspace_id, o.brand_id == brand_id, o.id == order_id)
    return next(iter(_orders(tx, query)), None)


def list_carts(tx: Tx, workspace_id: int, narrowed: CartFilter, limit: int) -> list[CartRow]:
    """Return carts, the newest state first."""
    c = carts.c
    mine = [c.workspace_id == workspace_id, c.status == narrowed.status]
    if narrowed.upto is not None:
        mine.append(c.at <= narrowed.upto)
    if narrowed.before is not None:
        mine += [c.at <= narrowed.before[0], tuple_(c.at, c.n) < tuple_(*narrowed.before)]
    query = select(*_CART).where(*mine).order_by(c.at.desc(), c.n.desc())
    return [CartRow(*row) for row in tx.execute(query.limit(limit))]


def get_cart(tx: Tx, workspace_id: int, number: int) -> CartRow | None:
    """Return a cart."""
    query = select(*_CART).where(carts.c.workspace_id + 0 == workspace_id, carts.c.n == number)
    row = tx.execute(query).one_or_none()
    return None if row is None else CartRow(*row)


def carts_of(tx: Tx, workspace_id: int, profile_ids: Sequence[int], since: int = -1) -> list[CartRow]:
    """Return the carts of some profiles.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: A profile and those that were merged into it.
        since: Only those that orders from this moment on may close; -1 is all.
    """
    c = carts.c
    mine = (c.workspace_id == workspace_id) & c.profile_id.in_(_THESE) & (c.until >= since)
    rows = tx.execute(select(*_CART).where(mine), _given(profile_ids))
    return sorted((CartRow(*row) for row in rows), key=lambda row: (row.at, row.n), reverse=True)


def list_products(tx: Tx, workspace_id: int, narrowed: ProductFilter, limit: int) -> list[Numbered]:
    """Return products by their titles."""
    p = products.c
    mine = [p.workspace_id == workspace_id, *_narrowed(narrowed)]
    if narrowed.after is not None:
        mine += [p.search >= narrowed.after[0], tuple_(p.search, p.n) > tuple_(*narrowed.after)]
    return _products(tx, select(*_PRODUCT).where(*mine).order_by(p.search, p.n).limit(limit))


def search_products(tx: Tx, workspace_id: int, prefix: str, narrowed: ProductFilter, limit: int) -> list[Numbered]:
    """Return products whose title, SKU or id begins with a text.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        prefix: At least one character; case matters for SKU and id only.
        narrowed: Which products; ``after`` is ignored.
        limit: Products at most.
    """
    p = products.c
    found: dict[int, ProductRow] = {}
    for column, begin in ((p.search, prefix.casefold()), (p.sku, prefix), (p.id, prefix)):
        query = select(*_PRODUCT).where(p.workspace_id == workspace_id, *_begins(column, begin), *_narrowed(narrowed))
        found |= dict(_products(tx, query.order_by(column).limit(limit)))
    return list(found.items())[:limit]


def page_of_products(tx: Tx, workspace_id: int, brand_id: int, offset: int, limit: int) -> list[Numbered]:
    """Return a part of what a shop itself has told of its products, by their ids.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        brand_id: The shop.
        offset: Products to pass over.
        limit: Products at most.
    """
    p = products.c
    mine = (p.workspace_id == workspace_id) & (p.brand_id == brand_id) & (p.told == 1)
    return _products(tx, select(*_PRODUCT).where(mine).order_by(p.id).offset(offset).limit(limit))


def get_products(tx: Tx, keys: Sequence[tuple[int, int, str]]) -> list[Numbered]:
    """Return products by (workspace id, brand id, id)."""
    return [(row[0], ProductRow(*row[1:])) for row in fetch(tx, _PRODUCTS, sorted(set(keys)))] if keys else []


def get_product(tx: Tx, workspace_id: int, number: int) -> ProductRow | None:
    """Return a product."""
    query = select(*_PRODUCT).where(products.c.workspace_id + 0 == workspace_id, products.c.n == number)
    return next((row for _, row in _products(tx, query)), None)


def order_history(tx: Tx, workspace_id: int, number: int, limit: int) -> list[tuple[int, int]]:
    """Return the newest events that spoke of an order: (at, event id)."""
    return _history(tx, order_events, [order_events.c.workspace_id == workspace_id, order_events.c.n == number], limit)


def cart_history(tx: Tx, workspace_id: int, number: int, limit: int) -> list[tuple[int, int]]:
    """Return the newest events that spoke of a cart: (at, event id)."""
    return _history(tx, cart_events, [cart_events.c.workspace_id == workspace_id, cart_events.c.n == number], limit)


def product_history(tx: Tx, workspace_id: int, brand_id: int, product_id: str, limit: int) -> list[tuple[int, int]]:
    """Return the newest events in which the shop told of a product: (at, event id)."""
    p = product_events.c
    mine = [p.workspace_id == workspace_id, p.brand_id == brand_id, p.id == product_id]
    return _history(tx, product_events, mine, limit)


def _history(tx: Tx, table: Table, mine: Sequence[ColumnElement[bool]], limit: int) -> list[tuple[int, int]]:
    query = select(table.c.at, table.c.event_id).where(*mine)
    rows = tx.execute(query.order_by(table.c.at.desc(), table.c.event_id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


def _narrowed(narrowed: ProductFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if narrowed.present:
        found.append(products.c.present.is_distinct_from(0))
    if narrowed.sold_out:
        found.append(products.c.sold_out == 1)
    return found


def _begins(column: ColumnElement[Any], prefix: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # A range instead of LIKE: it uses the index, and the text needs no escaping.
    return column >= prefix, column < prefix + chr(0x10FFFF)


def _orders(tx: Tx, query: Select[Any]) -> list[OrderRow]:
    return [OrderRow(*row) for row in tx.execute(query)]


def _products(tx: Tx, query: Select[Any]) -> list[Numbered]:
    return [(row[0], ProductRow(*row[1:])) for row in tx.execute(query)]


def _given(ids: Sequence[int]) -> dict[str, str]:
    return {"rows": pack([[one] for one in ids])}
