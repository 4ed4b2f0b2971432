"""Orders, carts and products as pages, the API and the export show them."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from tidings.commerce import carts, layers, orders, rules, store
from tidings.commerce import products as catalogue
from tidings.commerce import reading_store as rows
from tidings.commerce.model import CartStatus, CartView, Heard, OrderView, ProductView, Worth
from tidings.commerce.reading_store import CartFilter, OrderFilter, ProductFilter
from tidings.commerce.store import CartRow, OrderRow, ProductRow
from tidings.db import Tx
from tidings.events.reports import Refund

HISTORY = 200  # events of an object that are shown
PAGE = 500  # orders that are read at once where all are read


def list_orders(tx: Tx, workspace_id: int, narrowed: OrderFilter, limit: int) -> list[OrderView]:
    """Return orders, the newest first; the next page begins before (``placed_at``, ``number``) of the last one."""
    return [order_view(row) for row in rows.list_orders(tx, workspace_id, narrowed, limit)]


def search_orders(tx: Tx, workspace_id: int, prefix: str, limit: int) -> list[OrderView]:
    """Return orders whose id or number begins with a text."""
    return [order_view(row) for row in rows.search_orders(tx, workspace_id, prefix, limit)]


def order(tx: Tx, workspace_id: int, number: int) -> tuple[OrderView, list[Heard]] | None:
    """Return an order with the newest events that spoke of it, None if there is none of this number."""
    row = rows.get_order(tx, workspace_id, number)
    if row is None:
        return None
    return order_view(row), [Heard(*one) for one in rows.order_history(tx, workspace_id, number, HISTORY)]


def find_order(tx: Tx, workspace_id: int, brand_id: int, order_id: str) -> OrderView | None:
    """Return the order that a shop calls by an id, None if there is none."""
    row = rows.find_order(tx, workspace_id, brand_id, rules.plain(order_id))
    return None if row is None else order_view(row)


def list_carts(tx: Tx, workspace_id: int, narrowed: CartFilter, limit: int) -> list[CartView]:
    """Return carts, the newest state first; the next page begins before (``at``, ``number``) of the last one."""
    return cart_views(tx, rows.list_carts(tx, workspace_id, narrowed, limit))


def look_for_carts(
    tx: Tx, workspace_id: int, narrowed: CartFilter, limit: int
) -> tuple[list[CartView], rows.Place | None]:
    """Return carts of a brand among the next ones, and where the list goes on; None at its end."""
    found, place = rows.look_for_carts(tx, workspace_id, narrowed, limit)
    return cart_views(tx, found), place


def cart(tx: Tx, workspace_id: int, number: int) -> tuple[CartView, list[Heard]] | None:
    """Return a cart with the newest events that spoke of it, None if there is none of this number."""
    row = rows.get_cart(tx, workspace_id, number)
    if row is None:
        return None
    heard = [Heard(*one) for one in rows.cart_history(tx, workspace_id, number, HISTORY)]
    return cart_views(tx, [row])[0], heard


def open_cart(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> CartView | None:
    """Return the open cart of some profiles whose state is the newest, None if none is open."""
    theirs = rows.carts_of(tx, workspace_id, profile_ids, carts.ALWAYS)
    found = next((row for row in theirs if row.status == "open"), None)
    return None if found is None else cart_views(tx, [found])[0]


def list_products(tx: Tx, workspace_id: int, narrowed: ProductFilter, limit: int) -> list[ProductView]:
    """Return products by title; the next page begins after (``searched(product)``, ``number``) of the last one."""
    return [product_view(*row) for row in rows.list_products(tx, workspace_id, narrowed, limit)]


def look_for_products(
    tx: Tx, workspace_id: int, narrowed: ProductFilter, limit: int
) -> tuple[list[ProductView], rows.Place | None]:
    """Return products of a brand among the next ones, and where the list goes on; None at its end."""
    found, place = rows.look_for_products(tx, workspace_id, narrowed, limit)
    return [product_view(*one) for one in found], place


def search_products(tx: Tx, workspace_id: int, prefix: str, narrowed: ProductFilter, limit: int) -> list[ProductView]:
    """Return products whose title, SKU or id begins with a text."""
    return [product_view(*row) for row in rows.search_products(tx, workspace_id, prefix, narrowed, limit)]


def page_of_products(tx: Tx, workspace_id: int, brand_id: int, offset: int, limit: int) -> list[ProductView]:
    """Return a part of what a shop itself has told of its products, by their ids."""
    found = rows.page_of_products(tx, workspace_id, brand_id, offset, limit)
    return [product_view(number, row) for number, row in found]


def product(tx: Tx, workspace_id: int, number: int) -> tuple[ProductView, list[Heard]] | None:
    """Return a product with the newest events in which the shop told of it, None if there is none of this number."""
    row = rows.get_product(tx, workspace_id, number)
    if row is None:
        return None
    heard = rows.product_history(tx, workspace_id, row.brand_id, row.id, HISTORY)
    return product_view(number, row), [Heard(*one) for one in heard]


def products(tx: Tx, workspace_id: int, keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], ProductView]:
    """Return products by (brand id, id)."""
    found = rows.get_products(tx, [(workspace_id, *key) for key in keys])
    return {(row.brand_id, row.id): product_view(number, row) for number, row in found}


def all_orders(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> list[OrderView]:
    """Return all orders of some profiles that are not deleted, the newest first."""
    found: list[OrderRow] = []
    before: tuple[int, int] | None = None
    while True:
        page = rows.list_orders(tx, workspace_id, OrderFilter(None, profile_ids, before), PAGE)
        found += page
        if len(page) < PAGE:
            return [order_view(row) for row in found]
        before = (page[-1].placed, page[-1].n)


def all_carts(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> list[CartView]:
    """Return all carts of some profiles, the newest state first."""
    return cart_views(tx, rows.carts_of(tx, workspace_id, profile_ids))


def order_view(row: OrderRow) -> OrderView:
    """Return an order as it stands."""
    state = orders.state_of(row)
    revenue = None if row.revenue is None else Decimal(row.revenue)
    return OrderView(
        number=row.n,
        brand_id=row.brand_id,
        profile_id=row.profile_id,
        placed_at=row.placed,
        first_at=row.first_at,
        worth=Worth(row.currency, revenue, Decimal(row.refunded), Decimal(row.items), bool(row.counted)),
        said=orders.read_order(row),
        refunds=[msgspec.convert({"amount": one.amount, "lines": one.lines}, Refund) for one in state.given],
    )


def cart_views(tx: Tx, found: Sequence[CartRow]) -> list[CartView]:
    """Return carts as they stand."""
    drafts = [carts.Draft(row[1:5], row, row.n) for row in found]
    # Which order came before decides what is in a cart only where something has come into it since.
    changed = [i for i, draft in enumerate(drafts) if draft.state.changes and found[i].profile_id]
    asked = [(i, *found[i][1:3], found[i].profile_id, found[i].at) for i in changed]
    around = store.get_orders_around(tx, asked)
    views = []
    for i, (row, draft) in enumerate(zip(found, drafts, strict=True)):
        before = around.get(i, (None, None))[1]
        said, _ = carts.read(draft, None if before is None else before.placed)
        view = CartView(
            number=row.n,
            brand_id=row.brand_id,
            profile_id=row.profile_id,
            status=msgspec.convert(row.status, CartStatus),
            order=row.order_n,
            at=row.at,
            currency=row.currency,
            total=None if row.total is None else Decimal(row.total),
            items=Decimal(row.items),
            said=said,
        )
        views.append(view)
    return views


def product_view(number: int, row: ProductRow) -> ProductView:
    """Return a product as it stands."""
    members = layers.view(layers.read(row.state or "[]"))
    return ProductView(
        number=number,
        brand_id=row.brand_id,
        at=row.at,
        told=bool(row.told),
        stock=None if row.stock is None else Decimal(row.stock),
        said=rules.product_of(row.id, row.at, members),
    )


def searched(product: ProductView) -> str:
    """Return the text by which a product has its place in lists."""
    return catalogue.sort_text(product.said.title, product.said.id)
