"""All queries of what customers bought and viewed: sums, products, views, and erasing them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Float, Table, cast, delete, func, or_, select, tuple_

from tidings.commerce.model import Mark
from tidings.commerce.rules import total
from tidings.commerce.tables import (
    cart_events,
    carts,
    customer_products,
    customer_sums,
    customer_views,
    order_events,
    orders,
)
from tidings.db import Tx
from tidings.db.bulk import (
    CHOSEN,
    THESE,
    apart,
    beside,
    collected,
    fetch_with,
    given,
    offered,
    pack,
    these,
    upsert_given,
)
from tidings.kit.amounts import write

Holder = tuple[int, int, str]  # workspace id, profile id, currency
Bought = tuple[int, int, int, str]  # workspace id, profile id, brand id, product id
Customer = tuple[int, int]  # workspace id, profile id
Viewed = list[tuple[int, int, str]]  # at, brand id, product id
Amounts = tuple[int, Decimal, Decimal, Decimal]  # orders, revenue, refunded, items
_views = msgspec.json.Decoder(Viewed).decode


def _lookup(table: Table) -> Any:
    names = [column.name for column in table.primary_key.columns]
    texts, numbers = apart(table, names)
    rows = given(*texts, numbers=numbers)
    same = rows.c.workspace_id == table.c.workspace_id
    for name in names[1:]:
        same &= rows.c[name] == table.c[name]
    return collected(select(table).select_from(rows.join(table, same, isouter=True)), table.c.profile_id.is_not(None))


def _saving(table: Table) -> Any:
    names = [column.name for column in table.columns]
    key = [column.name for column in table.primary_key.columns]
    texts, numbers = apart(table, names)
    changes = {n: offered(table, n) for n in names if n not in key}
    return upsert_given(table, *texts, numbers=numbers, key=key, changes=changes)


def _dropping(table: Table) -> Any:
    names = [column.name for column in table.primary_key.columns]
    rows = given(*names)
    return delete(table).where(tuple_(*[table.c[name] for name in names]).in_(select(*rows.c)))


def _order(table: Table, names: Sequence[str]) -> tuple[Callable[[Any], tuple[Any, ...]], int]:
    """Return what puts numbers behind the rest of a row, and how many these are."""
    texts, numbers = apart(table, names)
    return itemgetter(*[names.index(name) for name in (*texts, *numbers)]), len(numbers)


_TABLES = (customer_sums, customer_products, customer_views)
_LOOKUP = {table.name: _lookup(table) for table in _TABLES}
_SAVING = {table.name: _saving(table) for table in _TABLES}
_ROW = {table.name: _order(table, [column.name for column in table.columns]) for table in _TABLES}
_KEY = {table.name: _order(table, [column.name for column in table.primary_key.columns]) for table in _TABLES}
_DROPPING = {table.name: _dropping(table) for table in _TABLES}


def get_sums(tx: Tx, keys: Collection[Holder]) -> dict[Holder, Amounts]:
    """Return the sums of customers that there are."""
    rows = _look_up(tx, customer_sums, keys)
    return {(row[0], row[1], row[2]): (row[3], Decimal(row[4]), Decimal(row[5]), Decimal(row[6])) for row in rows}


def save_sums(tx: Tx, sums: Mapping[Holder, Sequence[Any]]) -> None:
    """Set sums of customers: orders, revenue, refunded, items."""
    _save(tx, customer_sums, ((*key, one[0], *_texts(one[1:])) for key, one in sums.items()))


def drop_sums(tx: Tx, keys: Iterable[Holder]) -> None:
    """Remove sums of customers in which nothing is left."""
    _run(tx, _DROPPING[customer_sums.name], keys)


def get_bought(tx: Tx, keys: Collection[Bought]) -> dict[Bought, tuple[int, Decimal]]:
    """Return orders and quantities of what customers bought."""
    rows = _look_up(tx, customer_products, keys)
    return {(row[0], row[1], row[2], row[3]): (row[4], Decimal(row[5])) for row in rows}


def save_bought(tx: Tx, counts: Mapping[Bought, tuple[int, Decimal]]) -> None:
    """Set orders and quantities of what customers bought."""
    _save(tx, customer_products, ((*key, one[0], write(one[1])) for key, one in counts.items()))


def drop_bought(tx: Tx, keys: Iterable[Bought]) -> None:
    """Remove products that a customer has not bought after all."""
    _run(tx, _DROPPING[customer_products.name], keys)


def get_views(tx: Tx, keys: Collection[Customer]) -> dict[Customer, Viewed]:
    """Return the products that customers viewed last."""
    rows = _look_up(tx, customer_views, keys)
    return {(row[0], row[1]): _views(row[2]) for row in rows}


def save_views(tx: Tx, views: Mapping[Customer, Viewed]) -> None:
    """Set the products that customers viewed last."""
    _save(tx, customer_views, ((*key, msgspec.json.encode(one).decode()) for key, one in views.items()))


def list_sums(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> list[tuple[str, Amounts]]:
    """Return the sums of some profiles, each profile's by themselves, with their currencies."""
    found = _of(tx, customer_sums, workspace_id, profile_ids)
    return [(row[2], (row[3], Decimal(row[4]), Decimal(row[5]), Decimal(row[6]))) for row in found]


def list_views(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> list[Viewed]:
    """Return the products that some profiles viewed last."""
    return [_views(row[2]) for row in _of(tx, customer_views, workspace_id, profile_ids)]


def favourites(
    tx: Tx, workspace_id: int, profile_ids: Sequence[int], limit: int
) -> list[tuple[int, str, int, Decimal]]:
    """Return what some profiles together bought most, by orders, then by quantity.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: A profile and those that were merged into it.
        limit: Products at most.

    Returns:
        Brand id, product id, orders, quantity.
    """
    c = customer_products.c
    mine = (c.workspace_id == workspace_id) & c.profile_id.in_(THESE)
    orders_ = func.sum(c.orders)
    query = select(c.brand_id, c.product_id, orders_, func.json_group_array(c.quantity)).where(mine)
    query = query.group_by(c.brand_id, c.product_id)
    query = query.order_by(orders_.desc(), func.sum(cast(c.quantity, Float)).desc(), c.brand_id, c.product_id)
    rows = tx.execute(query.limit(limit), these(profile_ids)).all()
    return [(row[0], row[1], int(row[2]), total(msgspec.json.decode(row[3]))) for row in rows]


def edge(tx: Tx, workspace_id: int, profile_ids: Sequence[int], *, last: bool) -> Mark | None:
    """Return the first or the last order of some profiles together, of those that count."""
    o = orders.c
    by = (o.placed.desc(), o.id.desc()) if last else (o.placed, o.id)
    mine = (o.workspace_id == workspace_id, o.profile_id == CHOSEN.c.id, o.counted == 1)
    each = select(o.n).where(*mine).order_by(*by).limit(1).correlate(CHOSEN).scalar_subquery()
    numbers = select(each).select_from(CHOSEN)
    query = select(o.placed, o.id, o.brand_id, o.n).where(o.workspace_id + 0 == workspace_id, o.n.in_(numbers))
    found = [Mark(*row) for row in tx.execute(query, these(profile_ids))]
    return (max if last else min)(found, default=None)


def erase(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> None:
    """Erase orders, carts and figures of profiles, with the lists of events that spoke of them."""
    chosen = these(profile_ids)
    o, c = orders.c, carts.c
    mine = select(o.n, o.cart_id, o.cart_token, o.brand_id).where(
        o.workspace_id == workspace_id, o.profile_id.in_(THESE)
    )
    theirs = [tuple(row) for row in tx.execute(mine, chosen)]
    numbers = [row[0] for row in tx.execute(
        select(c.n).where(c.workspace_id == workspace_id, or_(c.profile_id.in_(THESE), c.holder.in_(THESE))), chosen
    )]  # fmt: skip
    numbers += _nobodys(tx, workspace_id, theirs)
    for table, events, which in ((orders, order_events, [row[0] for row in theirs]), (carts, cart_events, numbers)):
        n = these(sorted(set(which)))
        tx.execute(delete(events).where(events.c.workspace_id == workspace_id, events.c.n.in_(THESE)), n)
        tx.execute(delete(table).where(table.c.workspace_id + 0 == workspace_id, table.c.n.in_(THESE)), n)
    for table in _TABLES:
        held = (table.c.workspace_id == workspace_id) & table.c.profile_id.in_(THESE)
        tx.execute(delete(table).where(held), chosen)


def _nobodys(tx: Tx, workspace_id: int, theirs: Sequence[Sequence[Any]]) -> list[int]:
    """Return the carts of nobody that became one of some orders: they were the same person's."""
    found: list[int] = []
    c = carts.c
    for _, cart_id, token, brand_id in theirs:
        for column, name in ((c.id, cart_id), (c.token, token)):
            if name:
                query = select(c.n).where(c.workspace_id == workspace_id, column == name, c.brand_id == brand_id)
                found += tx.execute(query.where(c.profile_id == 0)).scalars()
    return found


def _of(tx: Tx, table: Table, workspace_id: int, profile_ids: Sequence[int]) -> list[Any]:
    query = select(table).where(table.c.workspace_id == workspace_id, table.c.profile_id.in_(THESE))
    return list(tx.execute(query, these(profile_ids)).all())


def _texts(amounts: Sequence[Decimal]) -> list[str]:
    return [write(amount) for amount in amounts]


def _look_up(tx: Tx, table: Table, keys: Iterable[Any]) -> list[list[Any]]:
    order, numbers = _KEY[table.name]
    return fetch_with(tx, _LOOKUP[table.name], beside(map(order, sorted(keys)), numbers))


def _save(tx: Tx, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
    order, numbers = _ROW[table.name]
    packed = sorted(rows)
    if packed:
        tx.execute(_SAVING[table.name], beside(map(order, packed), numbers))


def _run(tx: Tx, statement: Any, rows: Iterable[tuple[Any, ...]]) -> None:
    packed = sorted(rows)
    if packed:
        tx.execute(statement, {"rows": pack(packed)})
