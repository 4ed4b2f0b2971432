"""Whatever the order, the repetition, the delay and the batches in which events arrive, the same state comes of them.

The state is also held against one that is folded in the simplest way: all events sorted by trust, state and message,
each overwriting what it speaks of.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from sqlalchemy import Connection, select

from tests.commerce.shop import ALICE, BOB, CAROL, OUTLET, SHOP, line, merge, numbered, opened, says, stored
from tidings.commerce import service
from tidings.commerce.model import Happening, Outcome
from tidings.commerce.tables import carts, customer_products, customer_sums, orders
from tidings.events.reports import CartReport, Commerce, Line, OrderReport, Refund

ARRIVALS = 4  # of one history
CURRENCIES = {SHOP: "EUR", OUTLET: "USD"}
AMOUNTS = st.sampled_from(["0", "0.01", "7.50", "19.990001", "1000000000000.10", "100"]).map(Decimal)
MOMENTS = st.integers(1, 6)
PRODUCTS = st.sampled_from(["mug", "cup", ""])


@pytest.fixture(scope="module")
def database() -> Iterator[Connection]:
    with opened(None) as connection:
        yield connection


def maybe(values: Any) -> Any:
    return st.just(UNSET) | values


POSITIONS = st.builds(
    line, PRODUCTS, st.sampled_from(["1", "2", "0.5"]), st.none() | AMOUNTS, name=st.sampled_from(["", "Mug", "Tasse"])
)
LINES = st.lists(POSITIONS, max_size=3)
ORDERS = st.builds(
    OrderReport,
    id=st.sampled_from(["o1", "o1", "o2"]),
    at=MOMENTS,
    placed_at=maybe(MOMENTS | st.none()),
    currency=maybe(st.sampled_from(["CHF", None])),
    status=maybe(st.sampled_from(["Paid", "Shipped", None])),
    total=maybe(AMOUNTS | st.none()),
    shipping=maybe(AMOUNTS),
    lines=maybe(LINES),
    cancelled=maybe(st.booleans()),
    test=maybe(st.sampled_from([False, False, True])),
    cart_id=st.sampled_from([UNSET, UNSET, UNSET, "c1", None]),
    cart_token=st.sampled_from([UNSET, UNSET, UNSET, "t", None]),
    refund=maybe(st.builds(Refund, amount=AMOUNTS | st.none())),
    extra=maybe(st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 3), max_size=2)),
)
CARTS = st.builds(
    CartReport,
    id=st.sampled_from(["c1", "c1", "c2", "", ""]),
    at=MOMENTS,
    token=maybe(st.sampled_from(["t", "u", None])),
    currency=maybe(st.sampled_from(["CHF", None])),
    total=maybe(AMOUNTS),
    lines=maybe(LINES),
    change=maybe(st.builds(line, PRODUCTS, st.sampled_from(["1", "-1", "2"]), st.none() | AMOUNTS)),
    closed=st.sampled_from([UNSET, UNSET, UNSET, UNSET, True]),
)


@st.composite
def histories(draw: Any) -> list[Happening]:
    """Return events of some customers about few orders and carts, so that they often speak of the same."""
    found = []
    for i in range(draw(st.integers(2, 10))):
        said = draw(st.builds(Commerce, order=ORDERS) | st.builds(Commerce, cart=CARTS))
        customer = draw(st.sampled_from([ALICE, ALICE, ALICE, CAROL, CAROL, BOB, 0]))
        brand = draw(st.sampled_from([SHOP] * 7 + [OUTLET]))
        server = draw(st.sampled_from([True, True, False]))
        found.append(says(said, customer, message=f"m{i}", server=server, brand=brand))
    return found


def arrive(tx: Connection, batches: Sequence[Sequence[Happening]], united: int | None) -> list[Outcome]:
    """Apply batches; before the one of a number, Carol turns out to be Alice."""
    outcomes = []
    for i, batch in enumerate([*batches, []]):
        if i == united:
            merge(tx, CAROL, ALICE)
            outcomes.append(service.unite(tx, [(1, CAROL)]))
        outcomes.append(service.apply(tx, numbered(batch)))
    return outcomes


def cut(happenings: Sequence[Happening], luck: Any) -> list[Sequence[Happening]]:
    bounds = [0, *[at for at in range(1, len(happenings)) if luck.random() < 0.6], len(happenings)]
    return [happenings[a:b] for a, b in pairwise(bounds)]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(histories(), st.randoms(use_true_random=True), st.integers(0, 3) | st.none())
def test_the_order_of_arrival_changes_nothing(
    database: Connection, told: list[Happening], luck: Any, united: int | None
) -> None:
    with database.begin() as undone:
        arrive(database, [told], None if united is None else 0)
        wanted = stored(database)
        reference = Simple(told, merged=united is not None)
        assert reference.orders() == orders_of(database)
        assert reference.figures() == figures_of(database)
        assert reference.carts() == carts_of(database)
        undone.rollback()
    for _ in range(ARRIVALS):
        with database.begin() as undone:
            delayed = told + [luck.choice(told) for _ in range(2)]
            luck.shuffle(delayed)
            batches = cut(delayed, luck)
            outcomes = arrive(database, batches, None if united is None else min(united, len(batches)))
            assert stored(database) == wanted
            placed = [(one.brand_id, one.order_id) for outcome in outcomes for one in outcome.placed]
            assert sorted(placed) == sorted(reference.reported)  # each once
            undone.rollback()


def orders_of(tx: Connection) -> dict[Any, Any]:
    o = orders.c
    names = (o.placed, o.status, o.currency, o.revenue, o.refunded, o.counted, o.profile_id)
    found: dict[Any, Any] = {}
    for row in tx.execute(select(o.brand_id, o.id, *names)):
        revenue = None if row[5] is None else Decimal(row[5])
        found[row[0], row[1]] = (*row[2:5], revenue, Decimal(row[6]), *row[7:])
    return found


def figures_of(tx: Connection) -> dict[Any, Any]:
    s, p = customer_sums.c, customer_products.c
    found: dict[Any, Any] = {}
    for row in tx.execute(select(s.profile_id, s.currency, s.orders, s.revenue, s.refunded, s["items"])):
        found[row[0], row[1]] = (row[2], *map(Decimal, row[3:]))
    for count in tx.execute(select(p.profile_id, p.brand_id, p.product_id, p.orders, p.quantity)):
        found[count[:3]] = (count[3], Decimal(count[4]))
    return found


def carts_of(tx: Connection) -> dict[Any, Any]:
    c = carts.c
    called = {row.n: row.id for row in tx.execute(select(orders.c.n, orders.c.id))}
    rows = tx.execute(select(c.brand_id, c.id, c.holder, c.status, c.order_n, c.profile_id, c["items"]))
    return {row[:3]: (row[3], called.get(row[4]), row[5], Decimal(row[6])) for row in rows}


class Simple:
    """The state as a simple fold over the sorted events gives it."""

    def __init__(self, told: Sequence[Happening], *, merged: bool) -> None:
        self.told = sorted(told, key=lambda one: (one.server, self.at(one), one.message_id))
        self.roots = {ALICE: ALICE, BOB: BOB, CAROL: ALICE if merged else CAROL}
        about = [(one.brand_id, one.commerce.order.id) for one in told if one.commerce.order]
        self.reported = set(about)

    def at(self, one: Happening) -> int:
        report = one.commerce.order or one.commerce.cart
        assert report is not None
        return report.at

    def last(self, events: Sequence[Happening], name: str, none: Any = None) -> Any:
        found = none
        for one in events:
            value = getattr(one.commerce.order or one.commerce.cart, name)
            found = found if value is UNSET else value
        return found

    def about(self, brand: int, order_id: str) -> list[Happening]:
        mine = [one for one in self.told if one.brand_id == brand and one.commerce.order]
        return [one for one in mine if one.commerce.order and one.commerce.order.id == order_id]

    def owner(self, events: Sequence[Happening]) -> int:
        return next((one.profile for one in reversed(events) if one.profile), 0)

    def orders(self) -> dict[Any, Any]:
        found = {}
        for brand, order_id in self.reported:
            events = self.about(brand, order_id)
            placed = self.last(events, "placed_at")
            revenue = self.revenue(events)
            given = [one.commerce.order.refund for one in events if one.commerce.order and one.commerce.order.refund]
            refunded = sum((one.amount for one in given if isinstance(one, Refund) and one.amount), Decimal(0))
            if revenue is not None:
                everything = any(isinstance(one, Refund) and one.amount is None for one in given)
                refunded = revenue if everything else min(refunded, revenue)
            found[brand, order_id] = (
                min(self.at(one) for one in events) if placed is None else placed,
                self.last(events, "status"),
                self.last(events, "currency") or CURRENCIES[brand],
                revenue,
                refunded,
                int(not self.last(events, "cancelled") and not self.last(events, "test")),
                self.owner(events),
            )
        return found

    def revenue(self, events: Sequence[Happening]) -> Decimal | None:
        total: Decimal | None = self.last(events, "total")
        if total is not None:
            return total
        priced = [one for one in self.last(events, "lines") or () if one.price is not None]
        if not priced:
            return None
        shipping: Decimal = self.last(events, "shipping") or Decimal(0)
        return sum((one.price * one.quantity for one in priced), Decimal(0)) + shipping

    def figures(self) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for (brand, order_id), (_, _, currency, revenue, refunded, counted, owner) in self.orders().items():
            if not counted or not owner:
                continue
            lines: list[Line] = self.last(self.about(brand, order_id), "lines") or []
            items = sum((one.quantity for one in lines), Decimal(0))
            self.add(found, (owner, currency), (1, revenue or Decimal(0), refunded, items))
            for name in {one.product_id for one in lines if one.product_id}:
                quantity = sum((one.quantity for one in lines if one.product_id == name), Decimal(0))
                self.add(found, (owner, brand, name), (1, quantity))
        return found

    def add(self, found: dict[Any, Any], key: Any, more: tuple[Any, ...]) -> None:
        found[key] = tuple(a + b for a, b in zip(found.get(key, (0,) * len(more)), more, strict=True))

    def carts(self) -> dict[Any, Any]:
        keys: dict[Any, list[Happening]] = {}
        for one in self.told:
            report = one.commerce.cart
            if report and (report.id or one.profile):
                keys.setdefault((one.brand_id, report.id, 0 if report.id else one.profile), []).append(one)
        return {key: self.cart(key[0], key[1], events) for key, events in keys.items()}

    def cart(self, brand: int, cart_id: str, events: Sequence[Happening]) -> tuple[Any, ...]:
        owner, token = self.owner(events), self.last(events, "token")
        at = self.state(events)
        placed = sorted((row[0], name, row[-1]) for (shop, name), row in self.orders().items() if shop == brand)
        naming, mine = [], []
        for moment, name, buyer in placed:
            by_id = self.last(self.about(brand, name), "cart_id")
            by_token = self.last(self.about(brand, name), "cart_token")
            if (by_id and by_id == cart_id) or (by_token and by_token == token):
                naming.append(name)
            if not by_id and not by_token and owner and buyer and self.roots[buyer] == self.roots[owner]:
                mine.append((moment, name))
        before = max((moment for moment, _ in mine if moment < at), default=None)
        lines, changed = self.contents(events, before)
        shut = self.shut(events)
        closed = not lines if lines is not None else bool(shut)
        closed = closed or (bool(shut) and not changed)
        after = [name for moment, name in mine if moment >= at]
        items = sum(map(Decimal, (lines or {}).values()), Decimal(0))
        if naming or (after and not closed):
            return "ordered", (naming or after)[0], owner, items
        return "closed" if closed else "open", None, owner, items

    def full(self, events: Sequence[Happening]) -> Happening | None:
        stating = [
            one
            for one in events
            if (report := one.commerce.cart) and (report.closed is True or report.lines is not UNSET)
        ]
        return stating[-1] if stating else None

    def shut(self, events: Sequence[Happening]) -> bool:
        full = self.full(events)
        return (
            full is not None
            and full.commerce.cart is not None
            and (full.commerce.cart.closed is True or not full.commerce.cart.lines)
        )

    def changes(self, events: Sequence[Happening]) -> list[Happening]:
        """Return the changes that a full state has not overtaken, oldest first."""
        full = self.full(events)
        found = []
        for one in events:
            if one.commerce.cart is None or one.commerce.cart.change is UNSET:
                continue
            if full is not None and (
                one.server < full.server or (self.at(one), one.message_id) <= (self.at(full), full.message_id)
            ):
                continue
            found.append(one)
        return sorted(found, key=lambda one: (self.at(one), one.message_id))

    def contents(self, events: Sequence[Happening], before: int | None) -> tuple[dict[Any, Any] | None, bool]:
        full, changes = self.full(events), self.changes(events)
        lines: dict[Any, Any] | None = None
        if full is not None and full.commerce.cart is not None:
            lines = {i: one.quantity for i, one in enumerate(full.commerce.cart.lines or ())}
        named = (
            {}
            if full is None or full.commerce.cart is None
            else {i: self.name(one) for i, one in enumerate(full.commerce.cart.lines or ())}
        )
        if not changes:
            return lines, False
        lines = dict(lines or {})
        if before is not None and any(self.at(one) > before for one in changes):
            changes = [one for one in changes if self.at(one) > before]
            if full is None or self.at(full) <= before:
                lines, named = {}, {}
        for one in changes:
            change = one.commerce.cart.change if one.commerce.cart else None
            assert isinstance(change, Line)
            slot = next((i for i in lines if named[i] == self.name(change)), None)
            if slot is None and change.quantity > 0:
                slot = len(named) + 100
                named[slot], lines[slot] = self.name(change), Decimal(0)
            if slot is not None:
                lines[slot] += change.quantity
                if lines[slot] <= 0:
                    del lines[slot]
        return lines, True

    def name(self, one: Line) -> Any:
        return (one.product_id, one.variant_id) if one.product_id else ("", one.sku, one.name)

    def state(self, events: Sequence[Happening]) -> int:
        """Return the newest state that has a say: what a server has overruled in every member has none."""
        held: dict[str, int] = {}
        for one in events:
            report = one.commerce.cart
            assert report is not None
            names = set(msgspec.to_builtins(report)) - {"id", "at", "change"}
            if report.closed is True or report.lines is not UNSET:
                names |= {"closed", "lines"}
            names |= {"profile"} if one.profile else set()
            held |= dict.fromkeys(names, self.at(one))
        return max([0, *held.values(), *[self.at(one) for one in self.changes(events)]])
