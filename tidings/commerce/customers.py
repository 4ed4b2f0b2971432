"""What moves in the figures of customers while a batch is applied."""

from decimal import Decimal
from typing import NamedTuple

from tidings.commerce import customers_store as store
from tidings.commerce.rules import EXACT, ZERO, bought
from tidings.commerce.store import OrderRow
from tidings.db import Tx
from tidings.events.reports import OrderReport

VIEWED = 20  # products viewed last that are remembered of a customer


class Share(NamedTuple):
    """What orders add to a customer's figures in one currency, or take from them."""

    orders: int = 0
    revenue: Decimal = ZERO
    refunded: Decimal = ZERO
    items: Decimal = ZERO

    def plus(self, other: "Share") -> "Share":
        """Return the exact sum."""
        return Share(
            self.orders + other.orders,
            EXACT.add(self.revenue, other.revenue),
            EXACT.add(self.refunded, other.refunded),
            EXACT.add(self.items, other.items),
        )


class Tally:
    """What a batch adds to the figures of customers: pure until ``write``."""

    def __init__(self) -> None:
        self.sums: dict[tuple[int, int, str], Share] = {}
        self.bought: dict[tuple[int, int, int, str], tuple[int, Decimal]] = {}
        self.views: dict[tuple[int, int], dict[tuple[int, str], int]] = {}

    def order(self, old: OrderRow | None, before: OrderReport | None, new: OrderRow, said: OrderReport) -> None:
        """Take away what an order counted for, and add what it counts for now.

        Args:
            old: Its row before, None for a new one.
            before: What was known of it before, None where it did not count.
            new: Its row.
            said: What is known of it.
        """
        if old is not None and before is not None:
            if new.profile_id == old.profile_id and new[9:14] == old[9:14] and before.lines == said.lines:
                return
            self._count(old, before, -1)
        if new.counted:
            self._count(new, said, 1)

    def _count(self, row: OrderRow, said: OrderReport, sign: int) -> None:
        if not row.profile_id:
            return
        amounts = [Decimal(row.revenue or 0), Decimal(row.refunded), Decimal(row.items)]
        quantities = bought(said.lines or ())
        if sign < 0:
            amounts = [amount.copy_negate() for amount in amounts]
            quantities = {product_id: quantity.copy_negate() for product_id, quantity in quantities.items()}
        share = Share(sign, *amounts)
        holder = (row.workspace_id, row.profile_id, row.currency)
        known = self.sums.get(holder)
        self.sums[holder] = share if known is None else known.plus(share)
        for product_id, quantity in quantities.items():
            key = (row.workspace_id, row.profile_id, row.brand_id, product_id)
            count = self.bought.get(key)
            added = (sign, quantity) if count is None else (count[0] + sign, EXACT.add(count[1], quantity))
            self.bought[key] = added

    def view(self, customer: tuple[int, int], product: tuple[int, str], at: int) -> None:
        """Note that a customer looked at a product.

        Args:
            customer: Workspace id, profile id.
            product: Brand id, id.
            at: UTC milliseconds.
        """
        seen = self.views.setdefault(customer, {})
        seen[product] = max(at, seen.get(product, at))

    def write(self, tx: Tx) -> None:
        """Add everything to what is stored."""
        if self.sums:
            self.sums = dict(sorted(self.sums.items()))
            for key, present in store.get_sums(tx, self.sums).items():
                self.sums[key] = self.sums[key].plus(Share(*present))
            store.save_sums(tx, {key: share for key, share in self.sums.items() if share.orders})
            store.drop_sums(tx, [key for key, share in self.sums.items() if not share.orders])
        if self.bought:
            self.bought = dict(sorted(self.bought.items()))
            for product, (orders, amount) in store.get_bought(tx, self.bought).items():
                more = self.bought[product]
                self.bought[product] = (more[0] + orders, EXACT.add(more[1], amount))
            store.save_bought(tx, {key: count for key, count in self.bought.items() if count[0]})
            store.drop_bought(tx, [key for key, count in self.bought.items() if not count[0]])
        if self.views:
            for customer, viewed in store.get_views(tx, self.views).items():
                for at, brand_id, product_id in viewed:
                    self.view(customer, (brand_id, product_id), at)
            store.save_views(tx, {customer: newest(seen) for customer, seen in self.views.items()})


def newest(seen: dict[tuple[int, str], int]) -> list[tuple[int, int, str]]:
    """Return the products viewed last: (at, brand id, id), newest first."""
    return sorted(((at, *product) for product, at in seen.items()), reverse=True)[:VIEWED]
