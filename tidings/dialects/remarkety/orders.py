"""Orders and carts.

Implements "orders/create" and "carts/create" of the vendor's events document, with what the plugins send.
"""

from msgspec import UNSET

from tidings.dialects.calls import money
from tidings.dialects.remarkety.lines import lines_of
from tidings.dialects.remarkety.reading import (
    copy_amounts,
    copy_texts,
    named,
    objects,
    rest,
    said,
    said_flag,
    said_moment,
    size,
    text,
)
from tidings.events.model import Members
from tidings.events.reports import CartReport, OrderReport, Text

_ORDER = frozenset(
    (
        "id",
        "name",
        "created_at",
        "updated_at",
        "currency",
        "email",
        "customer",
        "line_items",
        "lineitems",
        "status",
        "financial_status",
        "fulfillment_status",
        "subtotal_price",
        "total_discounts",
        "total_shipping",
        "total_tax",
        "total_price",
        "shipping_address",
        "billing_address",
        "note",
        "payment_method",
        "test",
        "channel",
        "source",
        "cart_id",
        "cart_token",
    )
)
_CART = frozenset(
    (
        "id",
        "cart_token",
        "created_at",
        "updated_at",
        "currency",
        "email",
        "customer",
        "accepts_marketing",
        "line_items",
        "lineitems",
        "abandoned_checkout_url",
        "subtotal_price",
        "subtotal",
        "total_discounts",
        "total_shipping",
        "total_tax",
        "total_price",
    )
)
_ORDER_TEXTS = (
    ("name", "number"),
    ("payment_method", "payment_method"),
    ("note", "note"),
    ("cart_id", "cart_id"),
    ("cart_token", "cart_token"),
)
_CART_TEXTS = (("cart_token", "token"), ("abandoned_checkout_url", "url"))
_SUMS = (
    ("subtotal_price", "subtotal"),
    ("total_discounts", "discounts"),
    ("total_shipping", "shipping"),
    ("total_tax", "tax"),
    ("total_price", "total"),
)
_SUMS_OF_CART_WITH_SUBTOTAL = (("subtotal", "subtotal"), *_SUMS[1:])
_CANCELLED = frozenset(("canceled", "cancelled"))


def order_of(members: Members, order_id: str, at: int, default: str | None, notes: list[str]) -> OrderReport:
    """Return what an order says; what is absent or null leaves what is known.

    Args:
        members: As they were sent.
        order_id: Its id.
        at: Which state it is, UTC milliseconds.
        default: Currency of those of its source that name none, if the operator has set one.
        notes: Receives remarks.
    """
    get = members.get
    order = OrderReport(id=order_id, at=at)
    copy_texts(order, members, _ORDER_TEXTS)
    order.placed_at = said_moment(members, "created_at", notes)
    order.currency = currency_of(members, default, notes)
    _states(order, members)
    copy_amounts(order, members, _SUMS, notes)
    order.discounts = size(order.discounts)
    lines = lines_of(members, notes)
    if lines is not None:
        order.lines = lines
    codes = get("discount_codes")
    if codes is not None:
        found = objects(codes, "discount_codes", notes)
        if found is not None:
            order.codes = [code for code in (text(one.get("code")) for one in found) if code is not None]
    channel = get("channel")
    order.channel = said(get("source") if channel is None else channel)
    order.test = said_flag(get("test"))
    if type(address := get("shipping_address")) is dict and address:
        order.shipping_address = address
    if type(address := get("billing_address")) is dict and address:
        order.billing_address = address
    order.extra = rest(members, _ORDER) or UNSET
    return order


def cart_of(members: Members, at: int, default: str | None, notes: list[str]) -> CartReport:
    """Return what a cart says; one without an id is the cart of its customer. Arguments as for ``order_of``."""
    cart = CartReport(id=text(members.get("id")) or "", at=at)
    copy_texts(cart, members, _CART_TEXTS)
    cart.created_at = said_moment(members, "created_at", notes)
    cart.currency = currency_of(members, default, notes)
    copy_amounts(cart, members, _SUMS if "subtotal_price" in members else _SUMS_OF_CART_WITH_SUBTOTAL, notes)
    cart.discounts = size(cart.discounts)
    lines = lines_of(members, notes, totals=True)
    if lines is not None:
        cart.lines = lines
    cart.extra = rest(members, _CART) or UNSET
    return cart


def currency_of(members: Members, default: str | None, notes: list[str]) -> Text:
    """Return the currency of an order or a cart; one that names none but has a sum is in that of its source.

    The brand's is not filled in here: a later state that leaves the currency out would change what was said before.
    """
    stated = members.get("currency")
    if stated is not None:
        found = money.currency(text(stated), notes)
        if found is not None:
            return found
    return UNSET if not default or members.get("total_price") is None else default


def _states(order: OrderReport, members: Members) -> None:
    get = members.get
    name, code = named(get("status"))
    state = text(get("state"))
    if name is not None:
        order.status = name
    if code is not None:
        order.status_code = code
    words = [word.lower() for word in (name, code, state) if word is not None]
    if words:
        order.cancelled = not _CANCELLED.isdisjoint(words)
    if (stated := get("financial_status")) is not None:
        order.financial_status = named(stated)[0] or UNSET
    if (stated := get("fulfillment_status")) is not None:
        order.fulfillment_status = named(stated)[0] or UNSET
