"""Orders, carts and products as the own API shows them: amounts as decimal text, moments in ISO form."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from tidings.commerce.model import CartStatus
from tidings.tenants.api import Id, Time

AMOUNT = r"^-?[0-9]+(\.[0-9]+)?$"
Amount = Annotated[str, Meta(description="Exact decimal amount.", examples=["129.90"], pattern=AMOUNT)]
Quantity = Annotated[str, Meta(description="How many, decimal: it may be a fraction.", examples=["2"], pattern=AMOUNT)]
Currency = Annotated[str, Meta(description='ISO 4217; "" where nobody knows.', examples=["EUR"])]
ShopId = Annotated[str, Meta(description="The shop's id of it, as text.", examples=["1001"])]
OwnerId = Annotated[int | None, Meta(description="Whose it is, as resolved when it came; null is nobody's.")]
Sums = Annotated[dict[str, str], Meta(description="Exact decimal sum by currency.", examples=[{"EUR": "129.90"}])]
Extra = Annotated[dict[str, Any], Meta(description="Further members, as they were sent.")]


class HeardOut(Struct, kw_only=True):
    """An event that spoke of an object."""

    at: Annotated[Time, Meta(description="Which state of the object it reported.")]
    event_id: Annotated[int, Meta(description="Number of the event; it may have been erased since.")]


History = Annotated[list[HeardOut], Meta(description="The newest 200 events that spoke of it, newest first.")]


class LineOut(Struct, kw_only=True):
    """One position of an order or a cart."""

    product_id: Annotated[str, Meta(description='The shop\'s id; "" where it was not said.', examples=["mug"])]
    variant_id: str
    sku: str
    name: str
    variant: str
    quantity: Quantity
    refunded: Annotated[Quantity, Meta(description="How many of them were given back.")]
    price: Annotated[Amount | None, Meta(description="Of one.")]
    discount: Annotated[Amount | None, Meta(description="Taken off, never negative.")]
    tax: Amount | None
    vendor: str
    categories: list[str]
    url: str | None
    image: str | None
    extra: Extra


class RefundOut(Struct, kw_only=True):
    """Money that was given back."""

    amount: Annotated[Amount | None, Meta(description="null is all that was paid.")]
    lines: list[LineOut]


class OrderBrief(Struct, kw_only=True):
    """An order in a list."""

    id: Id
    brand_id: Id
    order_id: ShopId
    number: Annotated[str | None, Meta(description="What customers know it by.", examples=["#1001"])]
    profile_id: OwnerId
    placed_at: Annotated[Time, Meta(description="When it was placed, or first heard of.")]
    status: str | None
    financial_status: str | None
    fulfillment_status: str | None
    currency: Currency
    revenue: Annotated[Amount | None, Meta(description="What was charged; null where that is not known.")]
    refunded: Annotated[Amount, Meta(description="Given back, never more than what was charged.")]
    items: Annotated[Quantity, Meta(description="Sum of the quantities.")]
    test: Annotated[bool, Meta(description="A test order is not counted.")]
    cancelled: Annotated[bool, Meta(description="A cancelled order is not counted.")]
    counted: Annotated[bool, Meta(description="Whether it is in the figures of its customer.")]


class OrderOut(OrderBrief, kw_only=True):
    """An order as it stands."""

    first_at: Annotated[Time, Meta(description="Oldest state that was reported.")]
    deleted: Annotated[bool, Meta(description="A deleted order is neither counted nor listed.")]
    status_code: str | None
    subtotal: Amount | None
    discounts: Annotated[Amount | None, Meta(description="Taken off, never negative.")]
    shipping: Amount | None
    tax: Amount | None
    total: Amount | None
    lines: list[LineOut]
    refunds: Annotated[list[RefundOut], Meta(description="The newest 200, oldest first.")]
    codes: Annotated[list[str], Meta(description="Discount codes.")]
    payment_method: str | None
    channel: str | None
    note: str | None
    cart_id: str | None
    cart_token: str | None
    shipping_address: dict[str, Any] | None
    billing_address: dict[str, Any] | None
    extra: Extra
    history: History


class CartBrief(Struct, kw_only=True):
    """A cart in a list."""

    id: Id
    brand_id: Id
    cart_id: Annotated[str, Meta(description='The shop\'s id; "" for the one cart that the customer has.')]
    profile_id: OwnerId
    status: CartStatus
    order: Annotated[int | None, Meta(description="Number (`id`) of the order that it became.")]
    at: Annotated[Time, Meta(description="When something last happened in it.")]
    currency: Currency
    total: Annotated[Amount | None, Meta(description="What it would cost; null where that is not known.")]
    items: Annotated[Quantity, Meta(description="Sum of the quantities.")]


class CartDetail(CartBrief, kw_only=True):
    """A cart with what is in it."""

    token: str | None
    created_at: Time | None
    url: Annotated[str | None, Meta(description="Where the customer finds it again.")]
    subtotal: Amount | None
    discounts: Amount | None
    shipping: Amount | None
    tax: Amount | None
    lines: list[LineOut]
    extra: Extra


class CartOut(CartDetail, kw_only=True):
    """A cart as it stands."""

    history: History


class VariantOut(Struct, kw_only=True):
    """A variant of a product."""

    variant_id: ShopId
    sku: str | None
    title: str | None
    price: Amount | None
    sale_price: Amount | None
    currency: str | None
    stock: Annotated[Quantity | None, Meta(description="null where it is not known or not tracked.")]
    barcode: str | None
    image: str | None
    extra: Extra


class ProductBrief(Struct, kw_only=True):
    """A product in a list."""

    id: Id
    brand_id: Id
    product_id: ShopId
    title: str | None
    sku: str | None
    vendor: str | None
    price: Annotated[Amount | None, Meta(description="Of one; variants may have others.")]
    sale_price: Amount | None
    currency: str | None
    stock: Annotated[Quantity | None, Meta(description="Of all variants; null where not known or not tracked.")]
    exists: Annotated[bool | None, Meta(description="Whether it is for sale; null where nobody has said.")]
    told: Annotated[bool, Meta(description="false: it was only met in orders, in carts or on pages.")]
    at: Annotated[Time | None, Meta(description="Its newest state.")]


class ProductOut(ProductBrief, kw_only=True):
    """A product as it stands."""

    description: Annotated[str | None, Meta(description="As it was sent, maybe HTML.")]
    url: str | None
    image: str | None
    images: list[str]
    categories: list[str]
    tags: list[str]
    parent_id: str | None
    created_at: Time | None
    published_at: Time | None
    variants: list[VariantOut]
    extra: Extra
    history: History


class MentionOut(Struct, kw_only=True):
    """A product that a customer bought or looked at."""

    brand_id: Id
    product_id: ShopId
    title: str | None
    url: str | None
    image: str | None
    gone: Annotated[bool, Meta(description="Not for sale any more.")]
    orders: Annotated[int, Meta(description="Orders that it is in; 0 for one that was looked at.")]
    quantity: Quantity
    viewed_at: Time | None


class MarkOut(Struct, kw_only=True):
    """The first or the last order of a customer."""

    id: Id
    brand_id: Id
    order_id: ShopId
    placed_at: Time


class Category(Struct, kw_only=True):
    """A category that a customer bought from."""

    name: str
    orders: Annotated[int, Meta(description="Orders of its products.")]


class CommerceOut(Struct, kw_only=True):
    """What a customer bought; only orders that count are in the figures."""

    profile_id: Annotated[int, Meta(description="Number of the profile that survives.")]
    orders: Annotated[int, Meta(description="How many count.")]
    items: Annotated[Quantity, Meta(description="Sum of the quantities.")]
    revenue: Sums
    refunds: Sums
    average: Annotated[dict[str, str], Meta(description="Average value of an order by currency, to the cent.")]
    first: MarkOut | None
    last: MarkOut | None
    products: Annotated[list[MentionOut], Meta(description="The ten bought most, by orders, then by quantity.")]
    categories: Annotated[list[Category], Meta(description="The ten bought from most.")]
    viewed: Annotated[list[MentionOut], Meta(description="The last twenty looked at, newest first.")]
    cart: Annotated[CartDetail | None, Meta(description="The newest open cart.")]
    latest: Annotated[list[OrderBrief], Meta(description="The newest ten orders, also those that do not count.")]
