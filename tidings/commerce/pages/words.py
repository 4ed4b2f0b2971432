"""What these pages call orders, carts and products, and how their parts are written."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from tidings.commerce.model import CartView, Mention, OrderView, ProductView
from tidings.commerce.rules import EXACT
from tidings.commerce.shown import said
from tidings.events.reports import Line

LONGEST = 2_000  # characters of an address that a link leads to
ADDRESS = 40  # members of a postal address that are shown
_encode = msgspec.json.Encoder(decimal_format="number").encode
Badge = tuple[str, str]  # text, kind of badge


class Position(NamedTuple):
    """One line of an order or a cart, as a page shows it.

    Args:
        title: What customers read, else SKU or id.
        product: Number of the product here, None if it is not known.
        url: Page in the shop, None where it is no address of the web.
        about: (label, text) of what else is known.
        quantity: How many, as text.
        refunded: How many of them were given back, as text; "" for none.
        price: Of one.
        discount: Taken off, None for nothing.
        sum: What the line costs, None where no price is known.
    """

    title: str
    product: int | None
    url: str | None
    about: list[tuple[str, str]]
    quantity: str
    refunded: str
    price: Decimal | None
    discount: Decimal | None
    sum: Decimal | None


def order_title(view: OrderView) -> str:
    """Return what an order is called: what customers know it by, else the shop's id."""
    return said(view.said.number) or view.said.id


def cart_title(view: CartView) -> str:
    """Return what a cart is called."""
    return view.said.id or f"Cart {view.number}"


def product_title(view: ProductView) -> str:
    """Return what a product is called."""
    return said(view.said.title) or said(view.said.sku) or view.said.id


def mention_title(one: Mention) -> str:
    """Return what a product in the figures of a customer is called."""
    return one.title or one.product_id


def order_badges(view: OrderView) -> list[Badge]:
    """Return the states of an order, and why it does not count."""
    order, found = view.said, []
    for flag, off in ((order.test, "test"), (order.cancelled, "cancelled"), (order.deleted, "deleted")):
        if flag is True and (said(order.status) or "").lower() != off:
            found.append((off, "warning"))
    for text in (said(order.status), said(order.financial_status), said(order.fulfillment_status)):
        if text and text not in [known for known, _ in found]:
            uncounted = view.worth.counted is False and text.lower() in ("cancelled", "canceled", "test", "deleted")
            found.append((text, "warning" if uncounted else ""))
    return found


def cart_badge(view: CartView) -> Badge:
    """Return the state of a cart."""
    return view.status, {"open": "accent", "ordered": "ok"}.get(view.status, "")


def product_badges(view: ProductView) -> list[Badge]:
    """Return what is to be known of a product at a glance."""
    found = []
    if view.said.exists is False:
        found.append(("gone", "warning"))
    if view.stock is not None and view.stock <= 0:
        found.append(("out of stock", "warning"))
    return found


def price_of(view: ProductView) -> tuple[Decimal | None, str, bool]:
    """Return the price of a product, its currency, and whether that is the lowest of several."""
    product = view.said
    variants = said(product.variants) or []
    known = [(price, said(one.currency)) for one in variants if (price := said(one.price)) is not None]
    if known:
        price, currency = min(known, key=lambda pair: pair[0])
        return price, currency or said(product.currency) or "", len({price for price, _ in known}) > 1
    return said(product.price), said(product.currency) or "", False


def positions(lines: Sequence[Line], known: dict[str, int]) -> list[Position]:
    """Return the lines of an order or a cart.

    Args:
        lines: Hostile.
        known: Numbers of products by the shop's id.
    """
    return [_position(line, known.get(line.product_id)) for line in lines]


def _position(line: Line, product: int | None) -> Position:
    title = line.name or line.sku or line.product_id
    about = [("variant", line.variant), ("SKU", line.sku), ("id", line.product_id), ("variant id", line.variant_id)]
    about += [("by", line.vendor), ("in", ", ".join(line.categories))]
    total = None if line.price is None else EXACT.multiply(line.price, line.quantity)
    if total is not None and line.discount is not None:
        total = EXACT.subtract(total, abs(line.discount))
    return Position(
        title=title or "without a name",
        product=product,
        url=web(line.url),
        about=[(label, text) for label, text in about if text and text != title],
        quantity=quantity(line.quantity),
        refunded=quantity(line.refunded) if line.refunded else "",
        price=line.price,
        discount=line.discount or None,
        sum=total,
    )


def quantity(amount: Decimal | None) -> str:
    """Return how many, without zeros that say nothing; a dash where nobody knows."""
    if amount is None:
        return "–"
    text = format(amount, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def web(address: object) -> str | None:
    """Return an address if a link may lead to it: one of the web, not too long."""
    if not isinstance(address, str) or len(address) > LONGEST:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme.lower() in ("http", "https") and parts.netloc else None


def postal(address: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return the members of a postal address that say something, as text."""
    rows = [(name.replace("_", " "), one_line(value)) for name, value in (address or {}).items()]
    return [(name, text) for name, text in rows if text][:ADDRESS]


def one_line(value: object) -> str:
    """Return any value as text; "" for nothing."""
    if value is None or value in ({}, []):
        return ""
    return value if isinstance(value, str) else _encode(value).decode()
