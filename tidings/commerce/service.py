"""What the pipeline and pages ask of this room: apply a batch, forget, export, figures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tidings.commerce import carts, customers_store, orders, products, reading, rules, store
from tidings.commerce.customers import VIEWED, Tally, newest
from tidings.commerce.model import Figures, Happening, Mention, Outcome, ProductView
from tidings.db import Tx
from tidings.kit.times import iso
from tidings.tenants import store as tenants

FAVOURITES = 10  # products and categories that figures name
SAMPLE = 200  # most bought products whose categories are counted


class Currencies:
    """The currencies of brands, read when they are first needed.

    Args:
        tx: The transaction.
    """

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._known: dict[int, dict[int, str]] = {}

    def of(self, workspace_id: int, brand_id: int) -> str:
        """Return the currency of a brand, "" if there is none of this number."""
        if workspace_id not in self._known:
            brands = tenants.list_brands(self._tx, workspace_id)
            self._known[workspace_id] = {row["id"]: row["currency"] for row in brands}
        return self._known[workspace_id].get(brand_id, "")


def apply(tx: Tx, happenings: Sequence[Happening]) -> Outcome:
    """Bring orders, carts, products and the figures of customers up to date with a batch of events.

    Args:
        tx: The transaction of the batch; its profiles and merges are written already.
        happenings: In the order of the log, without repeats.
    """
    outcome, tally, currency = Outcome(), Tally(), Currencies(tx).of
    moved = orders.fold(tx, happenings, currency, tally, outcome)
    carts.fold(tx, happenings, moved, currency, outcome)
    products.fold(tx, happenings, outcome)
    for one in happenings:
        if one.profile:
            for product_id in one.commerce.viewed:
                product = (one.brand_id, rules.plain(product_id))
                tally.view((one.workspace_id, one.profile), product, one.time)
    tally.write(tx)
    return outcome


def unite(tx: Tx, customers: Iterable[tuple[int, int]]) -> Outcome:
    """Ask anew which carts were closed by orders, after profiles have been merged or parted.

    Args:
        tx: The transaction; the merges are written already.
        customers: (workspace id, profile id): any one profile of each cluster that changed.
    """
    outcome = Outcome()
    rows = {row.n: row for row in store.get_carts_of(tx, set(customers))}
    drafts = [carts.Draft(row[1:5], row, row.n) for row in rows.values()]
    carts.settle(tx, drafts, Currencies(tx).of, outcome)
    return outcome


def forget(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> None:
    """Erase orders, carts, figures and histories of some profiles; products stay.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: A customer's, all that became one.
    """
    customers_store.erase(tx, workspace_id, profile_ids)


def figures_of(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> Figures:
    """Return what a customer has bought, at a cost that does not grow with the number of orders.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: A customer's, all that became one.
    """
    figures = Figures()
    counted: Counter[str] = Counter()
    for currency, (amount, revenue, refunded, items) in customers_store.list_sums(tx, workspace_id, profile_ids):
        counted[currency] += amount
        figures.items = rules.EXACT.add(figures.items, items)
        figures.revenue[currency] = rules.EXACT.add(figures.revenue.get(currency, rules.ZERO), revenue)
        figures.refunds[currency] = rules.EXACT.add(figures.refunds.get(currency, rules.ZERO), refunded)
    figures.orders = counted.total()
    figures.average = {name: rules.average(figures.revenue[name], amount) for name, amount in counted.items() if amount}
    figures.first = customers_store.edge(tx, workspace_id, profile_ids, last=False)
    figures.last = customers_store.edge(tx, workspace_id, profile_ids, last=True)
    figures.cart = reading.open_cart(tx, workspace_id, profile_ids)
    seen: dict[tuple[int, str], int] = {}
    for viewed in customers_store.list_views(tx, workspace_id, profile_ids):
        for at, brand_id, product_id in viewed:
            seen[brand_id, product_id] = max(at, seen.get((brand_id, product_id), at))
    most = customers_store.favourites(tx, workspace_id, profile_ids, SAMPLE)
    last = newest(seen)[:VIEWED]
    known = reading.products(tx, workspace_id, [row[:2] for row in most] + [(row[1], row[2]) for row in last])
    figures.products = [
        mention(row[0], row[1], known.get(row[:2]), orders=row[2], quantity=row[3]) for row in most[:FAVOURITES]
    ]
    figures.viewed = [mention(row[1], row[2], known.get((row[1], row[2])), at=row[0]) for row in last]
    figures.categories = categories((known.get(row[:2]), row[2]) for row in most)
    return figures


def mention(brand_id: int, product_id: str, product: ProductView | None, **figures: Any) -> Mention:
    """Return a product as figures name it."""
    found = Mention(brand_id=brand_id, product_id=product_id, **figures)
    if product is not None:
        said = product.said
        found.title, found.url, found.image = said.title or None, said.url or None, said.image or None
        found.gone = said.exists is False
    return found


def categories(bought: Iterable[tuple[ProductView | None, int]]) -> list[tuple[str, int]]:
    """Return the categories of products with their orders, most first."""
    counted: Counter[str] = Counter()
    for product, amount in bought:
        if product is not None:
            for name in dict.fromkeys(product.said.categories or ()):
                counted[name] += amount
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:FAVOURITES]


def export_of(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> dict[str, Any]:
    """Return all that is stored of what a customer ordered, left in carts and viewed, as JSON values.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: A customer's, all that became one.
    """
    figures = figures_of(tx, workspace_id, profile_ids)
    shown = msgspec.to_builtins(figures)
    for name in ("viewed", "cart"):
        del shown[name]
    return {
        "orders": [msgspec.to_builtins(one) for one in reading.all_orders(tx, workspace_id, profile_ids)],
        "carts": [msgspec.to_builtins(one) for one in reading.all_carts(tx, workspace_id, profile_ids)],
        "figures": shown,
        "viewed": [
            {"brand_id": one.brand_id, "product_id": one.product_id, "title": one.title, "at": iso(one.at or 0)}
            for one in figures.viewed
        ],
    }
