"""All queries by which orders, carts and products are listed, searched and looked at."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, Table, func, select, tuple_

from tidings.commerce.store import CartRow, OrderRow, ProductRow
from tidings.commerce.tables import (
    cart_events,
    carts,
    order_events,
    orders,
    product_events,
    product_skus,
    products,
)
from tidings.db import Tx
from tidings.db.bulk import CHOSEN, THESE, collected, fetch, given, these

LOOKED_AT = 5_000  # objects that one page looks through for those of a brand, by which no list is indexed
LISTED = 100_000  # orders that it looks through for those of a state or a brand, in the index that has both

_places = msgspec.json.Decoder(list[tuple[int, str, int]]).decode
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
Place = tuple[Any, int]  # in a list: what it is ordered by, and the number of the object


class OrderFilter(NamedTuple):
    """What a list of orders is narrowed to; None is everything.

    Args:
        status: Name of the state, exactly; only ``look_for_orders`` looks at it.
        profile_ids: Whose.
        before: (placed at, number) of the last order of the page before.
        brand_id: Of which brand; looked at where ``profile_ids`` are given, and by ``look_for_orders``.
    """

    status: str | None = None
    profile_ids: Sequence[int] | None = None
    before: tuple[int, int] | None = None
    brand_id: int | None = None


class CartFilter(NamedTuple):
    """What a list of carts is narrowed to.

    Args:
        status: ``open``, ``ordered`` or ``closed``; None is all, of some customer.
        upto: Only carts in which nothing has happened since this moment, UTC milliseconds; None is all.
        before: (at, number) of the last cart of the page before.
        brand_id: Of which brand; None is all.
        profile_ids: Whose; None is everybody's.
    """

    status: str | None = "open"
    upto: int | None = None
    before: tuple[int, int] | None = None
    brand_id: int | None = None
    profile_ids: Sequence[int] | None = None


class ProductFilter(NamedTuple):
    """What a list of products is narrowed to.

    Args:
        present: Without those that are gone.
        sold_out: Only those of which nothing is left.
        after: (title as it is searched, number) of the last product of the page before.
        brand_id: Of which brand; None is all.
    """

    present: bool = False
    sold_out: bool = False
    after: tuple[str, int] | None = None
    brand_id: int | None = None


def list_orders(tx: Tx, workspace_id: int, narrowed: OrderFilter, limit: int) -> list[OrderRow]:
    """Return orders of everybody or of some profiles that are not deleted, the newest first.

    They are not narrowed to a state, and only those of some profiles to a brand; see ``look_for_orders``.
    """
    if narrowed.profile_ids is not None:
        return _orders_of(tx, workspace_id, narrowed, limit)
    o = orders.c
    query = select(*_ORDER).where(*_before(workspace_id, narrowed), o.deleted == 0)
    return _orders(tx, query.order_by(o.placed.desc(), o.n.desc()).limit(limit))


def look_for_orders(
    tx: Tx, workspace_id: int, narrowed: OrderFilter, limit: int
) -> tuple[list[OrderRow], Place | None]:
    """Look through everybody's next orders, the newest first, for those of a state or a brand.

    Returns:
        Those that were found, and where the list goes on; None where all of it was looked through.
    """
    o = orders.c
    following = select(o.placed, o.n).where(*_before(workspace_id, narrowed)).order_by(o.placed.desc(), o.n.desc())
    end = tx.execute(following.limit(1).offset(LISTED - 1)).one_or_none()
    fitting = following.where(o.deleted == 0)
    if narrowed.status is not None:
        fitting = fitting.where(o.status == narrowed.status)
    if narrowed.brand_id is not None:
        fitting = fitting.where(o.brand_id == narrowed.brand_id)
    if end is not None:
        fitting = fitting.where(o.placed >= end[0], tuple_(o.placed, o.n) >= tuple_(*end))
    found = tx.execute(fitting.limit(limit)).all()
    place = end if len(found) < limit else found[-1]
    return _orders_by_number(tx, workspace_id, [n for _, n in found]), None if place is None else (place[0], place[1])


def _before(workspace_id: int, narrowed: OrderFilter) -> list[ColumnElement[bool]]:
    o = orders.c
    mine = [o.workspace_id == workspace_id]
    if narrowed.before is not None:
        mine += [o.placed <= narrowed.before[0], tuple_(o.placed, o.n) < tuple_(*narrowed.before)]
    return mine


def _looked_for(tx: Tx, keys: Select[Any], brand_id: int | None, limit: int) -> tuple[list[int], Place | None]:
    """Return the numbers of a brand's objects, and the place of the last object looked at if there may be more.

    Args:
        tx: The transaction.
        keys: What a list is ordered by, number and brand of its objects, in its order.
        brand_id: The brand.
        limit: Objects at most.
    """
    found: list[int] = []
    last, looked_at = None, 0
    with tx.execute(keys.limit(LOOKED_AT)) as result:
        for value, number, brand in result:
            last, looked_at = (value, number), looked_at + 1
            if brand == brand_id:
                found.append(number)
            if len(found) == limit:
                return found, last
    return found, last if looked_at == LOOKED_AT else None


def _orders_of(tx: Tx, workspace_id: int, narrowed: OrderFilter, limit: int) -> list[OrderRow]:
    """Return orders of some profiles, the newest first, of one moment by their ids."""
    o = orders.c
    mine = [o.workspace_id == workspace_id, o.deleted == 0]
    if narrowed.brand_id is not None:
        mine.append(o.brand_id == narrowed.brand_id)
    if narrowed.before is not None:
        last = get_order(tx, workspace_id, narrowed.before[1])
        mine.append(tuple_(o.placed, o.id) < tuple_(narrowed.before[0], "" if last is None else last.id))
        mine.append(o.placed <= narrowed.before[0])
    # First the numbers alone, of one profile after the other, from the index that has all that is asked: for whole rows
    # SQLite would rather walk through the orders of everybody (measured: 6 s against 1 ms with 600,000 orders).
    keys = select(o.placed, o.id, o.n).where(*mine, o.profile_id == CHOSEN.c.id)
    each = keys.order_by(o.placed.desc(), o.id.desc()).limit(limit).correlate(CHOSEN).subquery()
    told = select(func.json_group_array(func.json_array(*each.c))).scalar_subquery()
    found: list[tuple[int, str, int]] = []
    for (text,) in tx.execute(select(told).select_from(CHOSEN), these(narrowed.profile_ids or ())):
        found += _places(text)
    return _orders_by_number(tx, workspace_id, [n for _, _, n in sorted(found, reverse=True)[:limit]])


def _orders_by_number(tx: Tx, workspace_id: int, numbers: Sequence[int]) -> list[OrderRow]:
    query = select(*_ORDER).where(orders.c.workspace_id + 0 == workspace_id, orders.c.n.in_(THESE))
    rows = {row[0]: OrderRow(*row) for row in tx.execute(query, these(numbers))}
    return [rows[n] for n in numbers]


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
    """Return carts of everybody or of some profiles, the newest state first."""
    if narrowed.profile_ids is not None:
        return _newest_carts_of(tx, workspace_id, narrowed, limit)
    query = _newest_carts(_CART, workspace_id, narrowed)
    return [CartRow(*row) for row in tx.execute(query.limit(limit))]


def look_for_carts(tx: Tx, workspace_id: int, narrowed: CartFilter, limit: int) -> tuple[list[CartRow], Place | None]:
    """Look through the next carts, the newest state first, for those of a brand; what it returns is as of orders."""
    keys = _newest_carts([carts.c.at, carts.c.n, carts.c.brand_id], workspace_id, narrowed)
    numbers, place = _looked_for(tx, keys, narrowed.brand_id, limit)
    return _carts_by_number(tx, workspace_id, numbers), place


def _newest_carts(columns: Sequence[Any], workspace_id: int, narrowed: CartFilter) -> Select[Any]:
    c = carts.c
    mine = [c.workspace_id == workspace_id, c.status == narrowed.status]
    if narrowed.upto is not None:
        mine.append(c.at <= narrowed.upto)
    if narrowed.before is not None:
        mine += [c.at <= narrowed.before[0], tuple_(c.at, c.n) < tuple_(*narrowed.before)]
    return select(*columns).where(*mine).order_by(c.at.desc(), c.n.desc())


def _newest_carts_of(tx: Tx, workspace_id: int, narrowed: CartFilter, limit: int) -> list[CartRow]:
    """Return carts of some profiles: no index has them by their moments, so that of all of them these are read."""
    c = carts.c
    mine = (c.workspace_id == workspace_id) & c.profile_id.in_(THESE)
    keys = select(c.at, c.n).where(mine)
    if narrowed.status is not None:
        keys = keys.where(c.status == narrowed.status)
    if narrowed.brand_id is not None:
        keys = keys.where(c.brand_id == narrowed.brand_id)
    if narrowed.upto is not None:
        keys = keys.where(c.at <= narrowed.upto)
    if narrowed.before is not None:
        keys = keys.where(tuple_(c.at, c.n) < tuple_(*narrowed.before))
    found = sorted((tuple(row) for row in tx.execute(keys, these(narrowed.profile_ids or ()))), reverse=True)
    return _carts_by_number(tx, workspace_id, [number for _, number in found[:limit]])


def _carts_by_number(tx: Tx, workspace_id: int, numbers: Sequence[int]) -> list[CartRow]:
    query = select(*_CART).where(carts.c.workspace_id + 0 == workspace_id, carts.c.n.in_(THESE))
    rows = {row[0]: CartRow(*row) for row in tx.execute(query, these(numbers))}
    return [rows[n] for n in numbers]


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
    mine = (c.workspace_id == workspace_id) & c.profile_id.in_(THESE) & (c.until >= since)
    rows = tx.execute(select(*_CART).where(mine), these(profile_ids))
    return sorted((CartRow(*row) for row in rows), key=lambda row: (row.at, row.n), reverse=True)


def list_products(tx: Tx, workspace_id: int, narrowed: ProductFilter, limit: int) -> list[Numbered]:
    """Return products by their titles."""
    return _products(tx, _by_title(_PRODUCT, workspace_id, narrowed).limit(limit))


def look_for_products(
    tx: Tx, workspace_id: int, narrowed: ProductFilter, limit: int
) -> tuple[list[Numbered], Place | None]:
    """Look through the next products, by their titles, for those of a brand; what it returns is as of orders."""
    p = products.c
    numbers, place = _looked_for(
        tx, _by_title([p.search, p.n, p.brand_id], workspace_id, narrowed), narrowed.brand_id, limit
    )
    query = select(*_PRODUCT).where(p.workspace_id + 0 == workspace_id, p.n.in_(THESE))
    rows = {row[0]: (row[0], ProductRow(*row[1:])) for row in tx.execute(query, these(numbers))}
    return [rows[n] for n in numbers], place


def _by_title(columns: Sequence[Any], workspace_id: int, narrowed: ProductFilter) -> Select[Any]:
    p = products.c
    mine = [p.workspace_id == workspace_id, *_narrowed(narrowed)]
    if narrowed.after is not None:
        mine += [p.search >= narrowed.after[0], tuple_(p.search, p.n) > tuple_(*narrowed.after)]
    return select(*columns).where(*mine).order_by(p.search, p.n)


def search_products(tx: Tx, workspace_id: int, prefix: str, narrowed: ProductFilter, limit: int) -> list[Numbered]:
    """Return products whose title, SKU or id, or the SKU of a variant, begins with a text.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        prefix: At least one character; case matters for SKUs and ids only.
        narrowed: Which products; ``after`` and the brand are ignored.
        limit: Products at most.
    """
    p = products.c
    found: dict[int, ProductRow] = {}
    for column, begin in ((p.search, prefix.casefold()), (p.sku, prefix), (p.id, prefix)):
        query = select(*_PRODUCT).where(p.workspace_id == workspace_id, *_begins(column, begin), *_narrowed(narrowed))
        found |= dict(_products(tx, query.order_by(column).limit(limit)))
        if column is p.sku and len(found) < limit:
            found |= dict(_with_variants(tx, workspace_id, prefix, narrowed))
    return list(found.items())[:limit]


def _with_variants(tx: Tx, workspace_id: int, prefix: str, narrowed: ProductFilter) -> list[Numbered]:
    """Return products that have a variant whose SKU begins with a text: of the first 5,000 such SKUs."""
    s = product_skus.c
    query = select(s.brand_id, s.product_id).where(s.workspace_id == workspace_id, *_begins(s.sku, prefix))
    keys = dict.fromkeys((workspace_id, *row) for row in tx.execute(query.order_by(s.sku).limit(LOOKED_AT)))
    known = {(row.brand_id, row.id): (number, row) for number, row in get_products(tx, list(keys))}
    found = [known[key[1:]] for key in keys if key[1:] in known]
    return [(number, row) for number, row in found if _fits(row, narrowed)]


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


def _fits(row: ProductRow, narrowed: ProductFilter) -> bool:
    """Tell of a row what ``_narrowed`` asks the database."""
    return not (narrowed.present and row.present == 0) and not (narrowed.sold_out and row.sold_out != 1)


def _begins(column: ColumnElement[Any], prefix: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # A range instead of LIKE: it uses the index, and the text needs no escaping.
    return column >= prefix, column < prefix + chr(0x10FFFF)


def _orders(tx: Tx, query: Select[Any]) -> list[OrderRow]:
    return [OrderRow(*row) for row in tx.execute(query)]


def _products(tx: Tx, query: Select[Any]) -> list[Numbered]:
    return [(row[0], ProductRow(*row[1:])) for row in tx.execute(query)]
