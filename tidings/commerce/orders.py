"""Bringing orders up to date with what the events of a batch say."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tidings.commerce import layers, rules, store
from tidings.commerce.customers import Tally
from tidings.commerce.model import Happening, Layer, OrderState, Outcome, Placed, Worth
from tidings.commerce.store import OrderRow
from tidings.db import Tx
from tidings.events.reports import OrderReport, Refund
from tidings.kit import amounts

SHOWN = 200  # characters of a text that lists show and search
Key = tuple[int, int, str]
Currency = Callable[[int, int], str]  # of (workspace id, brand id)
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(OrderState, float_hook=Decimal).decode


class Moved(NamedTuple):
    """What became of an order in a batch.

    Args:
        old: Its row before, None for a new one.
        new: Its row now.
    """

    old: OrderRow | None
    new: OrderRow


def tie_of(happening: Happening) -> str:
    """Return what names an event among those of all sources, and decides between states of the same moment."""
    return f"{happening.message_id} {happening.source_id}"


def fold(tx: Tx, happenings: Sequence[Happening], currency: Currency, tally: Tally, outcome: Outcome) -> list[Moved]:
    """Bring orders up to date and return those that were spoken of.

    Args:
        tx: The transaction.
        happenings: Of the batch, in the order of the log.
        currency: Of a brand, for orders that name none.
        tally: Gets what moves in the figures of customers.
        outcome: Gets the orders that are new.
    """
    spoken: dict[Key, list[Happening]] = {}
    for one in happenings:
        if one.commerce.order is not None:
            spoken.setdefault((one.workspace_id, one.brand_id, rules.plain(one.commerce.order.id)), []).append(one)
    known = {row[1:4]: row for row in store.get_orders(tx, spoken)} if spoken else {}
    moved: list[Moved] = []
    heard: list[tuple[int, int, int, int]] = []
    for key, events in spoken.items():
        old = known.get(key)
        new, said = _folded(key, old, events, currency)
        if old is None:
            first = events[0]
            outcome.placed.append(Placed(*key, first.event_id, new.profile_id, bool(new.counted)))
        if new != old:
            tally.order(old, read_order(old) if old is not None and old.counted else None, new, said)
            moved.append(Moved(old, new))
        for one in events:
            assert one.commerce.order is not None
            heard.append((key[0], new.n, one.commerce.order.at, one.event_id))
    store.save_orders(tx, [one.new for one in moved])
    store.add_order_events(tx, heard)
    return moved


def _folded(
    key: Key, old: OrderRow | None, events: Sequence[Happening], currency: Currency
) -> tuple[OrderRow, OrderReport]:
    state = _decode(old.state) if old is not None else OrderState([])
    first_at = old.first_at if old is not None else None
    for one in events:
        report = one.commerce.order
        assert report is not None
        tie = tie_of(one)
        layer = Layer(int(one.server), report.at, tie, rules.told(report, one.profile))
        state.layers = layers.merge(state.layers, layer)
        if isinstance(report.refund, Refund):
            rules.refund(state, rules.given_back(report.refund, report.at, tie))
        first_at = report.at if first_at is None else min(first_at, report.at)
    assert first_at is not None
    members = layers.view(state.layers)
    said = events[0].commerce.order if old is None and len(events) == 1 else None
    said = said or rules.order_of(key[2], layers.newest(state.layers), members)
    worth = rules.worth(said, state, "" if said.currency else currency(key[0], key[1]))
    number = events[0].event_id if old is None else old.n
    return _row(number, key, members.get("profile", 0), first_at, said, worth, state), said


def _row(
    number: int, key: Key, profile: int, first_at: int, said: OrderReport, worth: Worth, state: OrderState
) -> OrderRow:
    called = text_of(said.number)
    return OrderRow(
        number,
        *key,
        profile,
        None if called == key[2] else called,
        text_of(said.status),
        said.placed_at if isinstance(said.placed_at, int) else first_at,
        first_at,
        worth.currency,
        None if worth.revenue is None else amounts.write(worth.revenue),
        amounts.write(worth.refunded),
        amounts.write(worth.items),
        int(worth.counted),
        int(said.deleted is True),
        int(bool(said.cart_id or said.cart_token)),
        text_of(said.cart_id, 0),
        text_of(said.cart_token, 0),
        _encode(state).decode(),
    )


def text_of(text: object, longest: int = SHOWN) -> str | None:
    """Return a text for a column, None where nothing is said.

    Args:
        text: A member of a report.
        longest: Characters that are kept; 0 keeps all.
    """
    if not isinstance(text, str) or not text:
        return None
    return rules.plain(text[:longest] if longest else text)


def state_of(row: OrderRow) -> OrderState:
    """Return all that was said of an order."""
    return _decode(row.state)


def read_order(row: OrderRow) -> OrderReport:
    """Return all that is known of an order."""
    known = _decode(row.state).layers
    return rules.order_of(row.id, layers.newest(known), layers.view(known))
