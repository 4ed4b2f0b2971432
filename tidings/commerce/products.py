"""Bringing products up to date: with what shops tell of them, and with what orders, carts and pages show of them."""

from collections.abc import Iterator, Sequence
from typing import Any

from tidings.commerce import layers, rules, skus, skus_store, store
from tidings.commerce.model import Happening, Layer, Outcome, Restocked
from tidings.commerce.orders import text_of, tie_of
from tidings.commerce.store import ProductRow
from tidings.db import Tx
from tidings.events.reports import Line, ProductReport
from tidings.kit.digest import digest

SEEN = 2  # ranks of what was met on the way, below what the shop itself says
MET = 4  # of positions of orders and carts, which say the least
Key = tuple[int, int, str]
Sighting = tuple[int, int, str, Line, Any]  # rank, at, event, position, currency


class Draft:
    """A product that a batch may change.

    Args:
        key: Workspace id, brand id, id.
        row: Its row, None for a new one.
    """

    def __init__(self, key: Key, row: ProductRow | None) -> None:
        self.key = key
        self.row = row
        self.layers = layers.read(row.state) if row is not None else []
        self.out: set[str] = set()  # variants that had run out at some moment of the batch, "" for the whole product
        self.event_id = 0

    def hear(self, report: ProductReport, happening: Happening) -> None:
        """Take in what an event says."""
        self._note_stock()
        rank = int(happening.server) - (SEEN if report.seen else 0)
        layer = Layer(rank, report.at, digest(tie_of(happening)), rules.told(report, 0))
        self.layers = layers.merge(self.layers, layer)
        self.event_id = happening.event_id

    def meet(self, positions: Sequence[Sighting]) -> None:
        """Take in what positions say."""
        said: dict[int, int] = {}
        for rank, at, tie, line, currency in sorted(positions, key=_strength, reverse=True):
            known = rules.knowing(line, currency)
            if known & ~said.get(rank, 0):
                said[rank] = said.get(rank, 0) | known
                layer = Layer(rank, *rules.sighting(at, tie), rules.sighted(line, currency))
                self.layers = layers.merge(self.layers, layer)

    def _note_stock(self) -> None:
        known = rules.stocks(layers.view(self.layers))
        self.out |= {key for key, amount in known.items() if amount is not None and amount <= 0}
        whole = rules.total_stock(known)
        if whole is not None and whole <= 0:
            self.out.add("")

    def restocked(self) -> Restocked | None:
        """Return what can be bought again after this batch, None if nothing can that had run out."""
        if not self.out:
            return None
        known = rules.stocks(layers.view(self.layers))
        back = sorted(
            key for key, amount in known.items() if key and key in self.out and amount is not None and amount > 0
        )
        whole = rules.total_stock(known)
        wholly = "" in self.out and whole is not None and whole > 0
        return Restocked(*self.key, back, wholly, self.event_id) if back or wholly else None


def fold(tx: Tx, happenings: Sequence[Happening], outcome: Outcome) -> None:
    """Bring products up to date.

    Args:
        tx: The transaction.
        happenings: Of the batch, in the order of the log.
        outcome: Gets the products that are back in stock.
    """
    told: dict[Key, list[tuple[ProductReport, Happening]]] = {}
    heard: list[tuple[int, int, str, int, int]] = []
    for one in happenings:
        for report in one.commerce.products:
            key = (one.workspace_id, one.brand_id, rules.plain(report.id))
            told.setdefault(key, []).append((report, one))
            if not report.seen:
                heard.append((*key, report.at, one.event_id))
    met = _telling(tx, happenings)
    keys = {**told, **met}
    rows = {row[:3]: row for row in store.get_products(tx, keys)}
    changed: list[ProductRow] = []
    gone: list[skus_store.Known] = []
    come: list[skus_store.Known] = []
    for key in keys:
        draft = Draft(key, rows.get(key))
        if key in told:  # positions tell nothing of variants
            before = skus.of(draft.layers)
            for report, one in told[key]:
                draft.hear(report, one)
            after = skus.of(draft.layers)
            gone += [(key[0], sku, *key[1:]) for sku in before - after]
            come += [(key[0], sku, *key[1:]) for sku in after - before]
        if key in met:
            draft.meet(met[key])
        new = _row(draft)
        if new != draft.row:
            changed.append(new)
        restocked = draft.restocked()
        if restocked is not None:
            outcome.restocked.append(restocked)
    store.save_products(tx, changed)
    skus_store.change(tx, gone, come)
    store.add_product_events(tx, heard)


def _telling(tx: Tx, happenings: Sequence[Happening]) -> dict[Key, list[Sighting]]:
    """Return the positions of orders and carts that may say something of a product which would be kept."""
    found: dict[Key, list[tuple[Happening, Line, int, Any]]] = {}
    for one in happenings:
        workspace_id, brand_id = one.workspace_id, one.brand_id
        for line, at, currency in _lines(one):
            if line.product_id:
                key = (workspace_id, brand_id, rules.plain(line.product_id))
                positions = found.get(key)
                if positions is None:
                    positions = found[key] = []
                positions.append((one, line, at, currency))
    known = store.get_known(tx, found)
    telling: dict[Key, list[Sighting]] = {}
    for key, positions in found.items():
        present = known.get(key)
        for one, line, at, currency in positions:
            if present is None or not rules.tells_nothing(rules.knowing(line, currency), at, *present):
                sighting = (int(one.server) - MET, at, digest(tie_of(one)), line, currency)
                telling.setdefault(key, []).append(sighting)
    return telling


def _lines(happening: Happening) -> Iterator[tuple[Line, int, Any]]:
    """Yield the positions of the order and the cart of an event."""
    order, cart = happening.commerce.order, happening.commerce.cart
    if order is not None:
        for line in order.lines or ():
            yield line, order.at, order.currency
    if cart is not None:
        for line in cart.lines or ():
            yield line, cart.at, cart.currency
        if isinstance(cart.change, Line):
            yield cart.change, cart.at, cart.currency


def _strength(sighting: Sighting) -> tuple[int, int, str]:
    return (sighting[0], *rules.sighting(sighting[1], sighting[2]))


def _row(draft: Draft) -> ProductRow:
    members = layers.view(draft.layers)
    stock = rules.total_stock(rules.stocks(members))
    present = members.get("exists")
    met_at, known = _known(draft.layers)
    return ProductRow(
        *draft.key,
        layers.newest(draft.layers),
        int(any(one.rank >= 0 for one in draft.layers)),
        met_at,
        known,
        sort_text(members.get("title"), draft.key[2]),
        text_of(members.get("sku")),
        None if present is None else int(present),
        None if stock is None else format(stock, "f"),
        int(stock is not None and stock <= 0),
        layers.write(draft.layers).decode(),
    )


def _known(known: Sequence[Layer]) -> tuple[int | None, int]:
    """Return what a later position need not tell: all that better layers say, and those of the last day."""
    names: set[str] = set()
    met: list[Layer] = []
    for layer in known:
        if layer.rank == 1 - MET and (not met or layer.at == met[0].at):
            met.append(layer)
            names |= layer.members.keys()
        elif layer.rank > 1 - MET:
            names |= layer.members.keys()
    met_at = max((rules.sighted_at(layer.at, layer.tie) for layer in met), default=None)
    return met_at, rules.known_of(names)


def sort_text(title: object, product_id: str) -> str:
    """Return the text by which a product is listed and searched: its title, else its id, without regard to case."""
    return (text_of(title) or product_id).casefold()
