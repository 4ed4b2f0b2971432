"""What e-commerce events say about orders, carts and products.

Implements the e-commerce events of the Segment specification, v2 and the names and members of v1 that still occur.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from itertools import product

from msgspec import UNSET

from tidings.dialects.calls import members
from tidings.dialects.calls.members import Found, line_of, lines_of, product_of
from tidings.events.model import Event
from tidings.events.reports import Amount, CartReport, Commerce, OrderReport, Refund

Reader = Callable[[Event, Found, str], Commerce | None]

LONGEST = 60  # characters of a name that can be one of these
_EVERYTHING = Decimal(-(10**9))  # of a line that is removed without saying how many of it
_SEPARATORS = str.maketrans("", "", " _-")


def read(event: Event, default: str) -> None:
    """Write into a track event what it says about orders, carts and products, if its name is that of such an event.

    Args:
        event: Has name, properties and time; gets ``commerce``, and a remark on what cannot be used.
        default: Currency of prices and of a new order that name none.
    """
    name = event.name
    if name is None or len(name) > LONGEST:
        return
    reader = reader_of(name)
    if reader is not None:
        event.commerce = reader(event, Found(event.properties), default)


@lru_cache(maxsize=2048)
def reader_of(name: str) -> Reader | None:
    """Return what reads an event, None for one that is not about orders, carts or products.

    The whole name counts, in both word orders, whatever its case, blanks, ``_`` and ``-``: "Product Added to Wishlist"
    is no cart.

    Args:
        name: Of a track event.
    """
    return _READERS.get(name.lower().translate(_SEPARATORS))


def _completed(event: Event, found: Found, default: str) -> Commerce | None:
    """Read an order that was placed; which cart it closes is the business of whoever keeps both."""
    order = _order(event, found)
    if order is None:
        return None
    order.placed_at = event.time
    order.status = "completed"
    if order.currency is UNSET:
        order.currency = default
    if order.total is UNSET:
        order.total = members.sum_of(order)
    return Commerce(order=order)


def _updated(event: Event, found: Found, default: str) -> Commerce | None:
    del default  # the order may have said its currency before
    order = _order(event, found)
    return None if order is None else Commerce(order=order)


def _cancelled(event: Event, found: Found, default: str) -> Commerce | None:
    said = _updated(event, found, default)
    if said is not None and said.order is not None:
        said.order.cancelled = True
        said.order.status = "cancelled"
    return said


def _refunded(event: Event, found: Found, default: str) -> Commerce | None:
    """Read a refund: the amount that is stated, else that of the products, else all that was paid."""
    del default
    order_id = _order_id(event, found)
    if order_id is None:
        return None
    amounts = [found.amount(field, event.notes) for field in ("total", "value", "revenue")]
    amount = next((abs(one) for one in amounts if one is not None), None)
    lines = lines_of(found, event.notes) or []
    if amount is None and lines:
        amount = members.worth(lines)
    refund = Refund(amount=amount, lines=lines)
    currency = members.said(found.currency(event.notes))
    order = OrderReport(id=order_id, at=event.time, currency=currency, refund=refund)
    return Commerce(order=order)


def _started(event: Event, found: Found, default: str) -> Commerce:
    """Read a checkout: the cart as it stands; an order that it names is not placed yet."""
    cart = _cart(event, found)
    cart.currency = found.currency(event.notes) or default
    total, value = (found.amount(field, event.notes) for field in ("total", "value"))
    cart.total = members.said(value if total is None else total)
    cart.discounts = members.said(found.size("discount", event.notes))
    cart.shipping = members.said(found.amount("shipping", event.notes))
    cart.tax = members.said(found.amount("tax", event.notes))
    lines = lines_of(found, event.notes)
    if lines:  # an empty list says nothing: nobody checks out without products
        cart.lines = lines
    cart.extra = found.rest() or UNSET
    return Commerce(cart=cart)


def _cart_viewed(event: Event, found: Found, default: str) -> Commerce | None:
    del default
    cart = _cart(event, found)
    lines = lines_of(found, event.notes)
    if lines is None:
        return None
    cart.lines = lines
    cart.currency = members.said(found.currency(event.notes))
    cart.extra = found.rest() or UNSET
    return Commerce(cart=cart)


def _added(event: Event, found: Found, default: str) -> Commerce | None:
    del default
    return _change(event, found, 1)


def _removed(event: Event, found: Found, default: str) -> Commerce | None:
    del default
    return _change(event, found, -1)


def _viewed(event: Event, found: Found, default: str) -> Commerce | None:
    seen = product_of(found, event.time, found.currency(event.notes) or default, event.notes)
    if seen is None:
        return None
    report, is_described = seen
    return Commerce(products=[report] if is_described else [], viewed=[report.id])


def _change(event: Event, found: Found, sign: int) -> Commerce | None:
    cart = _cart(event, found)
    cart.currency = members.said(found.currency(event.notes))
    stated = found.has("quantity")
    line = line_of(event.properties, "", event.notes)
    if line is None or not line.quantity:
        return None
    line.quantity = abs(line.quantity) * sign
    if sign < 0 and not stated:
        line.quantity = _EVERYTHING
    cart.change = line
    return Commerce(cart=cart)


def _cart(event: Event, found: Found) -> CartReport:
    return CartReport(id=found.text("cart_id") or "", at=event.time)


def _order(event: Event, found: Found) -> OrderReport | None:
    """Return an order as far as an event speaks of it; what was stated is never computed anew."""
    order_id = _order_id(event, found)
    if order_id is None:
        return None
    notes = event.notes
    order = OrderReport(id=order_id, at=event.time, currency=members.said(found.currency(notes)))
    order.cart_id = members.said(found.text("cart_id"))
    order.channel = members.said(found.text("affiliation"))
    order.payment_method = members.said(found.text("payment_method"))
    coupon = found.text("coupon")
    if coupon is not None:
        order.codes = [coupon]
    order.discounts = members.said(found.size("discount", notes))
    order.shipping = members.said(found.amount("shipping", notes))
    order.tax = members.said(found.amount("tax", notes))
    lines = lines_of(found, notes)
    if lines is not None:
        order.lines = lines
        order.subtotal = members.said(members.worth(lines))
    order.total = _total(order, found, notes)
    order.extra = found.rest() or UNSET
    return order


def _total(order: OrderReport, found: Found, notes: list[str]) -> Amount:
    """Return what an order costs: ``total``, else ``value``, else goods (after discount) with shipping and tax."""
    total, value = found.amount("total", notes), found.amount("value", notes)
    if total is not None or value is not None:
        return members.said(value if total is None else total)
    for field in ("revenue", "subtotal"):
        goods = found.amount(field, notes, keep=True)
        if goods is not None:
            return members.added(goods, order.shipping, order.tax)
    return UNSET


def _order_id(event: Event, found: Found) -> str | None:
    order_id = found.text("order_id")
    if order_id is None:
        event.notes.append("no order_id: the event is kept, there is no order")
    return order_id


_NAMES: tuple[tuple[Reader, tuple[str, ...], tuple[str, ...]], ...] = (
    (_completed, ("order",), ("completed",)),
    (_updated, ("order",), ("updated",)),
    (_refunded, ("order",), ("refunded",)),
    (_cancelled, ("order",), ("cancelled", "canceled")),
    (_started, ("order", "checkout"), ("started",)),
    # No steps of a checkout: one that is told after its order would open the cart again.
    (_cart_viewed, ("cart",), ("viewed",)),
    (_added, ("product",), ("added",)),
    (_removed, ("product",), ("removed",)),
    (_viewed, ("product",), ("viewed",)),
)
_READERS: dict[str, Reader] = {
    spelling: reader
    for reader, nouns, verbs in _NAMES
    for noun, verb in product(nouns, verbs)
    for spelling in (noun + verb, verb + noun)
} | dict.fromkeys(
    ("wishlistproductaddedtocart", "productaddedtocartfromwishlist", "productaddedfromwishlisttocart"), _added
)
