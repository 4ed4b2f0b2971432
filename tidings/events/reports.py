"""What an event says about orders, carts, products and consent, in the same words whatever the dialect.

Members that are ``UNSET`` are not spoken of and leave what is known; ``None`` says that there is nothing.
"""

from decimal import Decimal
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

Channel = Literal["email", "sms"]
Wish = Literal["yes", "no", "subscribe", "unsubscribe"]
Text = str | None | UnsetType
Amount = Decimal | None | UnsetType
Moment = int | None | UnsetType  # UTC milliseconds
Flag = bool | UnsetType


class Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One position of an order or a cart.

    Args:
        product_id: The shop's id of the product, "" where it was not said.
        variant_id: The shop's id of the variant.
        sku: Stock keeping unit.
        name: What customers read.
        variant: Name of the variant.
        quantity: How many; may be a fraction.
        refunded: How many of them were given back.
        price: Of one, in the currency of the order or cart.
        discount: Taken off, never negative.
        tax: Of the line.
        vendor: Who makes or sells it.
        categories: Names of categories.
        url: Page of the product.
        image: Picture of the product.
        extra: Further members, as they were sent.
    """

    product_id: str = ""
    variant_id: str = ""
    sku: str = ""
    name: str = ""
    variant: str = ""
    quantity: Decimal = Decimal(1)
    refunded: Decimal = Decimal(0)
    price: Decimal | None = None
    discount: Decimal | None = None
    tax: Decimal | None = None
    vendor: str = ""
    categories: list[str] = []
    url: str | None = None
    image: str | None = None
    extra: dict[str, Any] = {}


class Refund(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Money that was given back; refunds of one order add up.

    Args:
        amount: In the currency of the order; None is all that was paid.
        lines: What came back, where that was said.
    """

    amount: Decimal | None = None
    lines: list[Line] = []


class OrderReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an event says about an order.

    Args:
        id: The shop's id, as text; leading zeros stay.
        at: Which state it is: the later one wins, member by member. UTC milliseconds, ``updated_at`` where it is sent.
        number: What customers know it by.
        placed_at: When it was placed.
        currency: ISO 4217, upper case.
        status: Name of the state of the order.
        status_code: The shop's code of it.
        financial_status: Name of the state of the payment.
        fulfillment_status: Name of the state of the delivery.
        subtotal: Of the lines, before discounts, shipping and tax.
        discounts: Taken off, never negative.
        shipping: Costs of the delivery.
        tax: Tax.
        total: What was charged.
        lines: All positions.
        codes: Discount codes.
        payment_method: How it was paid.
        channel: Where it was placed: web, ``POS``.
        note: What the customer wrote.
        test: It is not counted.
        cancelled: It is not counted.
        deleted: It is not counted and not listed.
        cart_id: The cart that became this order.
        cart_token: Another name of that cart.
        shipping_address: As it was sent.
        billing_address: As it was sent.
        refund: Money given back with this event.
        extra: Further members, as they were sent.
    """

    id: str
    at: int
    number: Text = UNSET
    placed_at: Moment = UNSET
    currency: Text = UNSET
    status: Text = UNSET
    status_code: Text = UNSET
    financial_status: Text = UNSET
    fulfillment_status: Text = UNSET
    subtotal: Amount = UNSET
    discounts: Amount = UNSET
    shipping: Amount = UNSET
    tax: Amount = UNSET
    total: Amount = UNSET
    lines: list[Line] | UnsetType = UNSET
    codes: list[str] | UnsetType = UNSET
    payment_method: Text = UNSET
    channel: Text = UNSET
    note: Text = UNSET
    test: Flag = UNSET
    cancelled: Flag = UNSET
    deleted: Flag = UNSET
    cart_id: Text = UNSET
    cart_token: Text = UNSET
    shipping_address: dict[str, Any] | UnsetType | None = UNSET
    billing_address: dict[str, Any] | UnsetType | None = UNSET
    refund: Refund | UnsetType = UNSET
    extra: dict[str, Any] | UnsetType = UNSET


class CartReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an event says about a cart.

    Args:
        id: The shop's id; "" is the one cart that the event's customer has.
        at: Which state it is, as in an order.
        token: Another name of the cart.
        created_at: When it was begun.
        currency: ISO 4217, upper case.
        url: Where the customer finds it again.
        subtotal: Of the lines.
        discounts: Taken off, never negative.
        shipping: Costs of the delivery.
        tax: Tax.
        total: What it would cost.
        lines: All positions; none closes the cart.
        change: One position that came or went: its quantity is added, a negative one is taken away.
        closed: There is no such cart any more.
        extra: Further members, as they were sent.
    """

    id: str = ""
    at: int
    token: Text = UNSET
    created_at: Moment = UNSET
    currency: Text = UNSET
    url: Text = UNSET
    subtotal: Amount = UNSET
    discounts: Amount = UNSET
    shipping: Amount = UNSET
    tax: Amount = UNSET
    total: Amount = UNSET
    lines: list[Line] | UnsetType = UNSET
    change: Line | UnsetType = UNSET
    closed: Flag = UNSET
    extra: dict[str, Any] | UnsetType = UNSET


class VariantReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an event says about a variant of a product.

    Args:
        id: The shop's id; the product's own where it has but one.
        sku: Stock keeping unit.
        title: What customers read.
        price: Of one.
        sale_price: While it is on sale.
        currency: ISO 4217, upper case.
        stock: How many there are; None where that is not tracked.
        barcode: EAN, UPC.
        image: Picture.
        extra: Further members, as they were sent.
    """

    id: str
    sku: Text = UNSET
    title: Text = UNSET
    price: Amount = UNSET
    sale_price: Amount = UNSET
    currency: Text = UNSET
    stock: Amount = UNSET
    barcode: Text = UNSET
    image: Text = UNSET
    extra: dict[str, Any] | UnsetType = UNSET


class ProductReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an event says about a product.

    Args:
        id: The shop's id.
        at: Which state it is, as in an order.
        seen: It was only met on the way, in an order or on a page: what the shop says itself wins, whenever it came.
        sku: Stock keeping unit.
        title: What customers read.
        description: Text, maybe HTML.
        url: Page.
        image: First picture.
        images: All pictures.
        vendor: Who makes or sells it.
        categories: Names of categories, a path has " / " in it.
        tags: Tags.
        price: Of one, where there are no variants to say it.
        sale_price: While it is on sale.
        currency: ISO 4217, upper case.
        stock: How many there are, where there are no variants to say it.
        exists: Whether it is for sale; one that is not stays for history and leaves recommendations.
        parent_id: The product that it is a variety of.
        created_at: When it was made.
        published_at: When it was shown first.
        variants: All variants; those that are not among them are gone.
        extra: Further members, as they were sent.
    """

    id: str
    at: int
    seen: bool = False
    sku: Text = UNSET
    title: Text = UNSET
    description: Text = UNSET
    url: Text = UNSET
    image: Text = UNSET
    images: list[str] | UnsetType = UNSET
    vendor: Text = UNSET
    categories: list[str] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    price: Amount = UNSET
    sale_price: Amount = UNSET
    currency: Text = UNSET
    stock: Amount = UNSET
    exists: Flag = UNSET
    parent_id: Text = UNSET
    created_at: Moment = UNSET
    published_at: Moment = UNSET
    variants: list[VariantReport] | UnsetType = UNSET
    extra: dict[str, Any] | UnsetType = UNSET


class Commerce(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an event says about the shop's objects.

    Args:
        order: An order.
        cart: A cart.
        products: Products.
        viewed: Ids of products that the customer looked at.
    """

    order: OrderReport | None = None
    cart: CartReport | None = None
    products: list[ProductReport] = []
    viewed: list[str] = []


class Statement(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What an event says about what a customer wants to receive.

    Args:
        channel: On which way.
        address: Email or E.164 number, normalised; "" is the customer's own, whatever it is.
        wish: ``yes`` and ``no`` are what a record of the customer says; ``subscribe`` and ``unsubscribe`` are what the
            customer did: only they lift and set ``unsubscribed``.
        confirm: Whether a double opt-in was asked for; None where nothing was said.
        deleted: The shop has deleted the customer (``deleted`` is suppressed); False with ``wish`` None revives.
        ip: Address that the customer came from.
        form: Where the wish was stated.
        reason: Why, in words.
    """

    channel: Channel
    address: str = ""
    wish: Wish | None = None
    confirm: bool | None = None
    deleted: bool | None = None
    ip: str | None = None
    form: str | None = None
    reason: str | None = None
