"""Orders and carts.

Implements "orders/create" and "carts/create" of the vendor's events document, with what the plugins send.
"""

from msgspec import UNSET

from tidings.dialects.calls import money
from tidings.dialects.remarkety.lines import lines_of
from tidings.dialects.remarkety.reading import (
    named,
    objects,
    rest,
    said,
    said_amount,
    said_flag,
    said_moment,
    said_size,
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
_CANCELLED = frozenset(("canceled", "cancelled"))


def order_of(members: Members, order_id: str, at: int, default: str, notes: list[str]) -> OrderReport:
    """Return what an order says; what is absent or null leaves what is known.

    Args:
        members: As they were sent.
        order_id: Its id.
        at: Which state it is, UTC milliseconds.
        default: Currency of one that names none.
        notes: Receives remarks.
    """
    order = OrderReport(id=order_id, at=at)
    order.number = said(members.get("name"))
    order.placed_at = said_moment(members, "created_at", notes)
    order.currency = currency_of(members, default, notes)
    _states(order, members)
    order.subtotal = said_amount(members, "subtotal_price", notes)
    order.discounts = said_size(members, "total_discounts", notes)
    order.shipping = said_amount(members, "total_shipping", notes)
    order.tax = said_amount(members, "total_tax", notes)
    order.total = said_amount(members, "total_price", notes)
    lines = lines_of(members, notes)
    if lines is not None:
        order.lines = lines
    codes = members.get("discount_codes")
    if codes is not None:
        found = objects(codes, "discount_codes", notes)
        if found is not None:
            order.codes = [code for code in (text(one.get("code")) for one in found) if code is not None]
    order.payment_method = said(members.get("payment_method"))
    channel = members.get("channel")
    order.channel = said(members.get("source") if channel is None else channel)
    order.note = said(members.get("note"))
    order.test = said_flag(members.get("test"))
    order.cart_id = said(members.get("cart_id"))
    order.cart_token = said(members.get("cart_token"))
    for field in ("shipping_address", "billing_address"):
        address = members.get(field)
        if type(address) is dict and address:
            setattr(order, field, address)
    order.extra = rest(members, _ORDER) or UNSET
    return order


def cart_of(members: Members, at: int, default: str, notes: list[str]) -> CartReport:
    """Return what a cart says; one without an id is the cart of its customer. Arguments as for ``order_of``."""
    cart = CartReport(id=text(members.get("id")) or "", at=at)
    cart.token = said(members.get("cart_token"))
    cart.created_at = said_moment(members, "created_at", notes)
    cart.currency = currency_of(members, default, notes)
    cart.url = said(members.get("abandoned_checkout_url"))
    cart.subtotal = said_amount(members, "subtotal_price" if "subtotal_price" in members else "subtotal", notes)
    cart.discounts = said_size(members, "total_discounts", notes)
    cart.shipping = said_amount(members, "total_shipping", notes)
    cart.tax = said_amount(members, "total_tax", notes)
    cart.total = said_amount(members, "total_price", notes)
    lines = lines_of(members, notes, totals=True)
    if lines is not None:
        cart.lines = lines
    cart.extra = rest(members, _CART) or UNSET
    return cart


def currency_of(members: Members, default: str, notes: list[str]) -> Text:
    """Return the currency of an order or a cart; one that names none but has a sum is in the shop's own."""
    found = money.currency(text(members.get("currency")), notes)
    if found is not None:
        return found
    return UNSET if members.get("total_price") is None else default


def _states(order: OrderReport, members: Members) -> None:
    status = members.get("status")
    state = text(members.get("state"))
    if status is not None:
        name, code = named(status)
        order.status = UNSET if name is None else name
        order.status_code = UNSET if code is None else code
        words = {word.lower() for word in (name, code, state) if word is not None}
        if words:
            order.cancelled = not words.isdisjoint(_CANCELLED)
    elif state is not None:
        order.cancelled = state.lower() in _CANCELLED
    paid = named(members.get("financial_status"))[0]
    order.financial_status = UNSET if paid is None else paid
    sent = named(members.get("fulfillment_status"))[0]
    order.fulfillment_status = UNSET if sent is None else sent
