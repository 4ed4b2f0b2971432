"""Bringing carts up to date: with what the events of a batch say of them, and with the orders that close them.

Which order closes a cart is asked anew whenever either of the two was spoken of, from what is stored of both: so it
does not matter which of them arrived first.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tidings.commerce import layers, rules, store
from tidings.commerce.model import CartState, Change, Converted, Happening, Layer, Lines, Members, Outcome
from tidings.commerce.orders import Currency, Moved, text_of, tie_of
from tidings.commerce.store import CartRow, Closing
from tidings.db import Tx
from tidings.events.reports import CartReport, Line

ALWAYS = 2**62  # later than any order
Key = tuple[int, int, str, int]  # workspace id, brand id, id, holder
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(CartState, float_hook=Decimal).decode


class Draft:
    """A cart that a batch may change.

    Args:
        key: Workspace id, brand id, id, holder.
        old: Its row, None for a new one.
        number: The event that spoke of it first.
    """

    def __init__(self, key: Key, old: CartRow | None, number: int) -> None:
        self.key = key
        self.old = old
        self.number = number
        self.state = _decode(old.state) if old is not None else CartState([])
        self.members: Members = {}

    def hear(self, happening: Happening, report: CartReport) -> None:
        """Take in what an event says."""
        rank, tie = int(happening.server), tie_of(happening)
        members = rules.settled(rules.told(report, happening.profile))
        self.state.layers = layers.merge(self.state.layers, Layer(rank, report.at, tie, members))
        if isinstance(report.change, Line):
            line: Members = msgspec.to_builtins(report.change, builtin_types=(Decimal,))
            change = Change(rank, report.at, tie, line)
            if change not in self.state.changes:
                self.state.changes = sorted([*self.state.changes, change], key=lambda one: one[1:3])
        self._tidy()

    def _tidy(self) -> None:
        """Drop what a full state has overtaken, and fold the oldest of too many changes into one."""
        state, lines = self.state, self.lines()
        if lines is not None:
            state.changes = [one for one in state.changes if not rules.dead(one, lines)]
        while len(state.changes) > rules.CHANGES:
            oldest = state.changes.pop(0)
            present = rules.folded(self.lines(), [oldest], None)
            state.folded = Lines(*oldest[:3], present or [])
        if state.folded is not None and self.lines() != state.folded:
            state.folded = None

    def lines(self) -> Lines | None:
        """Return the last full state of what is in the cart."""
        layer = layers.source(self.state.layers, "lines")
        said = None if layer is None else Lines(layer.rank, layer.at, layer.tie, layer.members["lines"])
        known = [one for one in (said, self.state.folded) if one is not None]
        return max(known, key=lambda one: one[:3], default=None)

    def at(self) -> int:
        """Return the newest state that was reported, UTC milliseconds."""
        folded = self.state.folded.at if self.state.folded is not None else 0
        return max(layers.newest(self.state.layers), folded, *[one.at for one in self.state.changes[-1:]])


class Names(NamedTuple):
    """Which carts an order may close, with the moment from which on it may."""

    ids: set[Key]
    tokens: set[tuple[int, int, str]]
    customers: set[tuple[int, int, int, int]]


def fold(tx: Tx, happenings: Sequence[Happening], moved: Sequence[Moved], currency: Currency, outcome: Outcome) -> None:
    """Bring carts up to date.

    Args:
        tx: The transaction; orders of the batch are written already.
        happenings: Of the batch, in the order of the log.
        moved: Orders that changed.
        currency: Of a brand, for carts that name none.
        outcome: Gets the carts that turned into orders.
    """
    spoken: dict[Key, list[Happening]] = {}
    for one in happenings:
        report = one.commerce.cart
        if report is not None and (report.id or one.profile):
            key = (one.workspace_id, one.brand_id, rules.plain(report.id), 0 if report.id else one.profile)
            spoken.setdefault(key, []).append(one)
    known = {row[1:5]: row for row in store.get_carts(tx, spoken)} if spoken else {}
    drafts: dict[Key, Draft] = {}
    heard: list[tuple[int, int, int, int]] = []
    for key, events in spoken.items():
        row = known.get(key)
        draft = drafts[key] = Draft(key, row, events[0].event_id if row is None else row.n)
        for one in events:
            assert one.commerce.cart is not None
            draft.hear(one, one.commerce.cart)
            heard.append((key[0], draft.number, one.commerce.cart.at, one.event_id))
    for row in near(tx, touched_by(moved)):
        drafts.setdefault(row[1:5], Draft(row[1:5], row, row.n))
    settle(tx, list(drafts.values()), currency, outcome)
    store.add_cart_events(tx, heard)


def touched_by(moved: Iterable[Moved]) -> Names:
    """Return which carts orders may close or may have closed, by what they were and by what they are."""
    names = Names(set(), set(), set())
    for change in moved:
        for row in change:
            if row is None:
                continue
            wall = (row.workspace_id, row.brand_id)
            if row.cart_id:
                names.ids.add((*wall, row.cart_id, 0))
            if row.cart_token:
                names.tokens.add((*wall, row.cart_token))
            if row.profile_id and not row.named:
                names.customers.add((*wall, row.profile_id, row.placed))
    return names


def near(tx: Tx, names: Names) -> list[CartRow]:
    """Return these carts."""
    rows = store.get_carts(tx, names.ids) + store.get_carts_by_token(tx, names.tokens)
    return rows + store.get_carts_nearby(tx, names.customers)


def settle(tx: Tx, drafts: Sequence[Draft], currency: Currency, outcome: Outcome) -> None:
    """Decide anew which carts are open, and write those that changed.

    Args:
        tx: The transaction.
        drafts: The carts.
        currency: Of a brand, for carts that name none.
        outcome: Gets the carts that turned into orders.
    """
    around: list[tuple[int, int, int, int, int]] = []
    ids: list[tuple[int, int, int, str]] = []
    tokens: list[tuple[int, int, int, str]] = []
    for i, draft in enumerate(drafts):
        draft.members = layers.view(draft.state.layers)
        wall, cart_id, holder = draft.key[:2], draft.key[2], draft.members.get("profile", 0)
        if holder:
            around.append((i, *wall, holder, draft.at()))
        if cart_id:
            ids.append((i, *wall, cart_id))
        if token := text_of(draft.members.get("token"), 0):
            tokens.append((i, *wall, token))
    orders = store.get_orders_around(tx, around)
    naming = store.get_orders_naming(tx, ids, tokens)
    changed: list[CartRow] = []
    for i, draft in enumerate(drafts):
        after, before = orders.get(i, (None, None))
        row = _row(draft, naming.get(i), after, before, currency)
        if row != draft.old:
            changed.append(row)
        if row.status == "ordered" and row.order_n is not None and (draft.old is None or draft.old.status != "ordered"):
            outcome.converted.append(Converted(*row[1:3], row.n, row.id, row.order_n, row.profile_id))
    store.save_carts(tx, changed)


def _row(
    draft: Draft, naming: Closing | None, after: Closing | None, before: Closing | None, currency: Currency
) -> CartRow:
    cart, changed = read(draft, None if before is None else before.placed)
    at = draft.at()
    closed = not cart.lines if isinstance(cart.lines, list) else cart.closed is True
    closed = closed or (cart.closed is True and not changed)
    order = naming or (None if closed else after)
    if order is not None:
        status, until = "ordered", max(order.placed, at)
    elif closed:
        status, until = "closed", ALWAYS if draft.state.changes or draft.state.folded else 0
    else:
        status, until = "open", ALWAYS
    cost = rules.cost(cart, changed=changed)
    return CartRow(
        draft.number,
        *draft.key,
        draft.members.get("profile", 0),
        text_of(cart.token, 0),
        at,
        until,
        status,
        None if order is None else order.n,
        cart.currency or currency(*draft.key[:2]),
        None if cost is None else format(cost, "f"),
        format(rules.total(str(line.quantity) for line in cart.lines or ()), "f"),
        _encode(draft.state).decode(),
    )


def read(draft: Draft, ordered: int | None) -> tuple[CartReport, bool]:
    """Return all that is known of a cart, and whether its lines have changed since they were stated.

    Args:
        draft: The cart.
        ordered: When the customer last placed an order before the newest state of the cart, None for never.
    """
    stated = draft.lines()
    lines = rules.folded(stated, draft.state.changes, ordered)
    changed = draft.state.folded is not None or lines is not (None if stated is None else stated.lines)
    return rules.cart_of(draft.key[2], draft.at(), layers.view(draft.state.layers), lines), changed
