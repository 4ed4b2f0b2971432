"""What the room takes in, what a batch came to, and what it hands out about orders, carts, products and customers."""

from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from tidings.events.reports import CartReport, Commerce, OrderReport, ProductReport, Refund

CartStatus = Literal["open", "ordered", "closed"]
Members = dict[str, Any]


class Layer(NamedTuple):
    """What one event said of an object.

    Args:
        rank: How far it is trusted.
        at: Which state of the object it is, UTC milliseconds.
        tie: Decides between states of the same moment, and tells the events apart.
        members: What it said, by name; None is "nothing". Names with a ``:`` in them are made up by the sender.
    """

    rank: int
    at: int
    tie: str
    members: Members


class Given(NamedTuple):
    """Money that one event said was given back.

    Args:
        at: When, UTC milliseconds.
        tie: Tells the events apart.
        amount: Never negative; None is all that was paid.
        lines: What came back.
    """

    at: int
    tie: str
    amount: Decimal | None
    lines: list[Members]


class OrderState(msgspec.Struct, omit_defaults=True):
    """All that was said of an order.

    Args:
        layers: Its members.
        given: The newest refunds.
        more: Sum of the refunds before them.
        all: Whether one of those was of everything.
    """

    layers: list[Layer]
    given: list[Given] = []
    more: Decimal = Decimal(0)
    all: bool = False


class Change(NamedTuple):
    """One position that came into a cart or left it.

    Args:
        rank: How far the event is trusted.
        at: When, UTC milliseconds.
        tie: Tells the events apart.
        line: The position; its quantity is added.
    """

    rank: int
    at: int
    tie: str
    line: Members


class Lines(NamedTuple):
    """The positions of a cart at a moment.

    Args:
        rank: How far that is trusted.
        at: When, UTC milliseconds.
        tie: The event.
        lines: The positions.
    """

    rank: int
    at: int
    tie: str
    lines: list[Members]


class CartState(msgspec.Struct, omit_defaults=True):
    """All that was said of a cart.

    Args:
        layers: Its members.
        changes: The newest changes, oldest first.
        folded: What the changes before them came to.
    """

    layers: list[Layer]
    changes: list[Change] = []
    folded: Lines | None = None


class Happening(NamedTuple):
    """An event that speaks of orders, carts or products.

    Args:
        workspace_id: The wall.
        brand_id: The shop within which objects have their ids.
        source_id: Where it came from; with the message id it names the event.
        event_id: Number of the stored event.
        message_id: The sender's id.
        time: When it happened, UTC milliseconds.
        server: Whether it came with server trust.
        profile: Whose event it is, as it was processed; 0 is nobody's.
        commerce: What it says.
    """

    workspace_id: int
    brand_id: int
    source_id: int
    event_id: int
    message_id: str
    time: int
    server: bool
    profile: int
    commerce: Commerce


class Placed(NamedTuple):
    """An order that was met for the first time; never told again of the same brand and order id.

    Args:
        workspace_id: The wall.
        brand_id: The shop.
        order_id: The shop's id.
        event_id: The event that spoke of it first.
        profile: Whose it is now, 0 for nobody's.
        counted: Whether it counts: no test, not cancelled, not deleted.
    """

    workspace_id: int
    brand_id: int
    order_id: str
    event_id: int
    profile: int
    counted: bool


class Restocked(NamedTuple):
    """A product that can be bought again.

    Args:
        workspace_id: The wall.
        brand_id: The shop.
        product_id: The shop's id.
        variants: Ids of the variants that are back.
        whole: Whether nothing of the product was left before.
        event_id: The event that said so last.
    """

    workspace_id: int
    brand_id: int
    product_id: str
    variants: list[str]
    whole: bool
    event_id: int


class Converted(NamedTuple):
    """A cart that turned into an order.

    Args:
        workspace_id: The wall.
        brand_id: The shop.
        cart: Number of the cart: the event that spoke of it first.
        cart_id: The shop's id, "" for the one cart that a customer has.
        order: Number of the order: the event that spoke of it first.
        profile: Whose cart it is, 0 for nobody's.
    """

    workspace_id: int
    brand_id: int
    cart: int
    cart_id: str
    order: int
    profile: int


class Outcome(msgspec.Struct):
    """What later rooms act on."""

    placed: list[Placed] = []
    restocked: list[Restocked] = []
    converted: list[Converted] = []


class Worth(msgspec.Struct, frozen=True):
    """What an order adds to the figures of its customer.

    Args:
        currency: ISO 4217, "" where nobody knows.
        revenue: What was charged, None where that is not known.
        refunded: What was given back, never more than the revenue where that is known.
        items: Sum of the quantities.
        counted: Whether it is added at all.
    """

    currency: str
    revenue: Decimal | None
    refunded: Decimal
    items: Decimal
    counted: bool


class OrderView(msgspec.Struct, kw_only=True):
    """An order as it stands.

    Args:
        number: Number of the order in this installation: the event that spoke of it first.
        brand_id: The shop.
        profile_id: Whose it is, as it was processed; 0 is nobody's.
        placed_at: When it was placed, or first heard of, UTC milliseconds.
        first_at: Oldest state that was reported, UTC milliseconds.
        worth: What it adds to figures.
        said: All that is known of it.
        refunds: Money given back, oldest first, at most the newest 200.
    """

    number: int
    brand_id: int
    profile_id: int
    placed_at: int
    first_at: int
    worth: Worth
    said: OrderReport
    refunds: list[Refund]


class CartView(msgspec.Struct, kw_only=True):
    """A cart as it stands.

    Args:
        number: Number of the cart in this installation: the event that spoke of it first.
        brand_id: The shop.
        profile_id: Whose it is, as it was processed; 0 is nobody's.
        status: ``open``, ``ordered`` or ``closed``.
        order: Number of the order that it became, None if it did not.
        at: Its newest state, UTC milliseconds.
        currency: ISO 4217, "" where nobody knows.
        total: What it would cost, None where that is not known.
        items: Sum of the quantities.
        said: All that is known of it; the lines have all changes in them.
    """

    number: int
    brand_id: int
    profile_id: int
    status: CartStatus
    order: int | None
    at: int
    currency: str
    total: Decimal | None
    items: Decimal
    said: CartReport


class ProductView(msgspec.Struct, kw_only=True):
    """A product as it stands.

    Args:
        number: Number of the product in this installation.
        brand_id: The shop.
        at: Its newest state, UTC milliseconds; 0 where it is known by id only.
        told: Whether the shop itself has told of it; else it was only met in orders, in carts or on pages.
        stock: How many there are, of all variants together; None where that is not known or not tracked.
        said: All that is known of it, with its variants.
    """

    number: int
    brand_id: int
    at: int
    told: bool
    stock: Decimal | None
    said: ProductReport


class Mention(msgspec.Struct, kw_only=True):
    """A product in the figures of a customer.

    Args:
        brand_id: The shop.
        product_id: The shop's id.
        title: What customers read, None where nobody has said.
        url: Page, None where nobody has said.
        image: Picture, None where nobody has said.
        gone: Not for sale any more: it may be shown, and not be recommended.
        orders: Orders that it is in, 0 for a viewed one.
        quantity: How many were bought, 0 for a viewed one.
        at: When it was viewed, UTC milliseconds; None for a bought one.
    """

    brand_id: int
    product_id: str
    title: str | None = None
    url: str | None = None
    image: str | None = None
    gone: bool = False
    orders: int = 0
    quantity: Decimal = Decimal(0)
    at: int | None = None


class Mark(msgspec.Struct, frozen=True, order=True):
    """The first or last order of a customer.

    Args:
        at: When it was placed, UTC milliseconds.
        order_id: The shop's id.
        brand_id: The shop.
        number: Number of the order in this installation.
    """

    at: int
    order_id: str
    brand_id: int
    number: int


class Figures(msgspec.Struct, kw_only=True):
    """What a customer has bought; only orders that count are in it.

    Args:
        orders: How many.
        items: Sum of the quantities.
        revenue: By currency, exactly; "" is a currency that nobody knows.
        refunds: Given back, by currency.
        average: Revenue divided by orders, by currency, to the cent.
        first: The first order, None if there is none.
        last: The last order.
        products: Most bought, by orders, then by quantity.
        categories: Names with the orders of their products, most first.
        cart: The newest open cart.
        viewed: Products viewed last, newest first.
    """

    orders: int = 0
    items: Decimal = Decimal(0)
    revenue: dict[str, Decimal] = {}
    refunds: dict[str, Decimal] = {}
    average: dict[str, Decimal] = {}
    first: Mark | None = None
    last: Mark | None = None
    products: list[Mention] = []
    categories: list[tuple[str, int]] = []
    cart: CartView | None = None
    viewed: list[Mention] = []


class Heard(NamedTuple):
    """An event that spoke of an object.

    Args:
        at: Which state it reported, UTC milliseconds.
        event_id: Number of the event; it may have been erased since.
    """

    at: int
    event_id: int
