"""What e-commerce events say, under all names and spellings; both dialects that have calls read them alike."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from tests.dialects.ripe import shop as ripe
from tests.dialects.samples import decode
from tests.dialects.segment import shop as segment
from tidings.dialects.calls import commerce
from tidings.events.model import Event
from tidings.events.reports import CartReport, Line, OrderReport, ProductReport
from tidings.kit import jsontext

MUG = {"product_id": "p-1", "sku": "M-1", "name": "Mug", "price": 10, "quantity": 2}
LID = {"product_id": "p-2", "name": "Lid", "price": "2.50"}
DOCUMENTED = {
    "checkout_id": "fksdjfsdjfisjf9sdfjsd9f",
    "order_id": "50314b8e9bcf000000000000",
    "affiliation": "Google Store",
    "subtotal": 22.5,
    "total": 27.5,
    "revenue": 22.5,
    "shipping": 3,
    "tax": 2,
    "discount": 2.5,
    "coupon": "hasbros",
    "currency": "USD",
    "products": [
        {
            "product_id": "507f1f77bcf86cd799439011",
            "sku": "45790-32",
            "name": "Monopoly: 3rd Edition",
            "price": 19,
            "quantity": 1,
            "category": "Games",
            "url": "https://www.example.com/product/path",
            "image_url": "https://www.example.com/product/path.jpg",
        },
        {
            "product_id": "505bd76785ebb509fc183733",
            "sku": "46493-32",
            "name": "Uno Card Game",
            "price": 3,
            "quantity": 2,
        },
    ],
}


def as_sent(properties: dict[str, Any]) -> dict[str, Any]:
    """Return members as the edge decodes them: numbers that are no integers are decimals."""
    return decode(jsontext.encode(properties))


def told(name: str, properties: dict[str, Any]) -> Event:
    """Return an event as the reading leaves it."""
    event = Event(verb="track", message_id="m", time=1000, name=name, properties=as_sent(properties))
    commerce.read(event, "EUR")
    return event


def order_of(name: str, properties: dict[str, Any]) -> OrderReport:
    event = told(name, properties)
    assert event.commerce is not None
    assert event.commerce.order is not None
    assert (event.commerce.cart, event.commerce.products, event.commerce.viewed) == (None, [], [])
    return event.commerce.order


def cart_of(name: str, properties: dict[str, Any]) -> CartReport:
    event = told(name, properties)
    assert event.commerce is not None
    assert event.commerce.cart is not None
    assert event.commerce.order is None
    return event.commerce.cart


def test_the_documented_order() -> None:
    order = order_of("Order Completed", DOCUMENTED)
    assert order == OrderReport(
        id="50314b8e9bcf000000000000",
        at=1000,
        placed_at=1000,
        status="completed",
        currency="USD",
        channel="Google Store",
        codes=["hasbros"],
        discounts=Decimal("2.5"),
        shipping=Decimal(3),
        tax=Decimal(2),
        subtotal=Decimal(25),
        total=Decimal("27.5"),
        lines=[
            Line(
                product_id="507f1f77bcf86cd799439011",
                sku="45790-32",
                name="Monopoly: 3rd Edition",
                price=Decimal(19),
                categories=["Games"],
                url="https://www.example.com/product/path",
                image="https://www.example.com/product/path.jpg",
            ),
            Line(
                product_id="505bd76785ebb509fc183733",
                sku="46493-32",
                name="Uno Card Game",
                price=Decimal(3),
                quantity=Decimal(2),
            ),
        ],
        extra={"checkout_id": "fksdjfsdjfisjf9sdfjsd9f", "subtotal": Decimal("22.5"), "revenue": Decimal("22.5")},
    )


@pytest.mark.parametrize("words", [("order", "completed"), ("checkout", "started"), ("product", "viewed")])
def test_names_in_every_spelling(words: tuple[str, str]) -> None:
    noun, verb = words
    spellings = [f"{noun} {verb}".title(), f"{verb} {noun}", f"{noun}_{verb}", f"{noun}-{verb}".upper(), noun + verb]
    readers = {commerce.reader_of(spelling) for spelling in spellings}
    assert len(readers) == 1
    assert readers != {None}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Order Cancelled", "Canceled Order"),
        ("Order Started", "Checkout Started"),
        ("Product Added", "Wishlist Product Added to Cart"),
        ("Product Added", "Product Added to Cart from Wishlist"),
    ],
)
def test_names_that_mean_the_same(one: str, other: str) -> None:
    assert commerce.reader_of(one) is commerce.reader_of(other) is not None


@pytest.mark.parametrize(
    "name",
    [
        "Product Added to Wishlist",
        "Order Completed Twice",
        "Product List Viewed",
        "Product Clicked",
        "Checkout Step Viewed",
        "Checkout Step Completed",
        "Payment Info Entered",
        "Coupon Applied",
        "order",
        "",
        "Order Completed" + " " * 60,
    ],
)
def test_other_events_say_nothing(name: str) -> None:
    assert told(name, DOCUMENTED).commerce is None


@pytest.mark.parametrize(
    ("properties", "total"),
    [
        ({"total": 27.5, "value": 1, "revenue": 2}, "27.5"),
        ({"value": 30, "revenue": 2}, "30"),
        ({"revenue": 22.5, "shipping": 3, "tax": 2, "discount": 2.5}, "27.5"),
        ({"subtotal": 22.5, "shipping": 3}, "25.5"),
        ({"products": [MUG, LID], "discount": -2, "shipping": 3, "tax": "1"}, "24.50"),
        ({"total": "$1,250.50"}, "1250.50"),
        ({"total": 0, "revenue": 9}, "0"),
    ],
)
def test_what_was_stated_is_not_computed_anew(properties: dict[str, Any], total: str) -> None:
    assert order_of("Order Completed", {"order_id": 7} | properties).total == Decimal(total)


def test_an_order_without_any_amount_has_no_total() -> None:
    order = order_of("Order Completed", {"order_id": 7, "products": [{"product_id": "p-1"}]})
    assert (order.id, order.total, order.subtotal, order.currency) == ("7", UNSET, UNSET, "EUR")
    assert order.lines == [Line(product_id="p-1")]


@pytest.mark.parametrize("properties", [{}, {"order_id": None}, {"orderId": " "}, {"order_id": {"a": 1}}])
@pytest.mark.parametrize("name", ["Order Completed", "Order Updated", "Order Refunded", "Order Cancelled"])
def test_without_an_id_there_is_no_order(name: str, properties: dict[str, Any]) -> None:
    event = told(name, properties | {"total": 5})
    assert event.commerce is None
    assert event.notes == ["no order_id: the event is kept, there is no order"]


@pytest.mark.parametrize("member", ["order_id", "orderId", "orderid", "OrderID", "order-id"])
def test_members_in_every_spelling(member: str) -> None:
    order = order_of("Completed Order", {member: "007", "cartId": "c-1", "paymentMethod": "card"})
    assert (order.id, order.cart_id, order.payment_method) == ("007", "c-1", "card")


def test_the_members_of_version_1() -> None:
    products = [{"id": "p-1", "sku": "M-1", "name": "Mug", "price": 10, "quantity": 2, "category": "Cups"}]
    order = order_of("Completed Order", {"orderId": "7", "total": 20, "products": products})
    line = Line(product_id="p-1", sku="M-1", name="Mug", price=Decimal(10), quantity=Decimal(2), categories=["Cups"])
    assert order.lines == [line]


def test_an_update_speaks_only_of_what_it_mentions() -> None:
    order = order_of("Order Updated", {"order_id": "7", "shipping": 4})
    assert order == OrderReport(id="7", at=1000, shipping=Decimal(4))
    order = order_of("Order Updated", {"order_id": "7", "products": [MUG]})
    assert (order.total, order.status, order.placed_at, order.currency) == (UNSET, UNSET, UNSET, UNSET)
    assert order.subtotal == Decimal(20)


def test_a_cancellation() -> None:
    order = order_of("Order Cancelled", {"order_id": "7", "total": 5, "reason": "late"})
    assert (order.cancelled, order.status, order.total, order.extra) == (
        True,
        "cancelled",
        Decimal(5),
        {"reason": "late"},
    )


@pytest.mark.parametrize(
    ("properties", "amount", "lines"),
    [
        ({}, None, 0),
        ({"total": 5}, "5", 0),
        ({"total": -5, "products": [MUG]}, "5", 1),
        ({"revenue": "5.50"}, "5.50", 0),
        ({"products": [MUG, LID]}, "22.50", 2),
        ({"products": [MUG, {"product_id": "p-3"}]}, None, 2),
        ({"products": []}, None, 0),
        ({"total": "lots"}, None, 0),
    ],
)
def test_a_refund(properties: dict[str, Any], amount: str | None, lines: int) -> None:
    order = order_of("Order Refunded", {"order_id": "7"} | properties)
    refund = order.refund
    assert not isinstance(refund, msgspec.UnsetType)
    assert (refund.amount, len(refund.lines)) == (None if amount is None else Decimal(amount), lines)
    assert (order.currency, order.total, order.lines) == (UNSET, UNSET, UNSET)


@pytest.mark.parametrize("name", ["Product Added", "Added Product"])
def test_a_product_comes_into_the_cart(name: str) -> None:
    cart = cart_of(name, MUG | {"cart_id": "c-1", "variant": "red", "currency": "usd", "position": 3})
    line = Line(product_id="p-1", sku="M-1", name="Mug", variant="red", price=Decimal(10), quantity=Decimal(2))
    assert cart == CartReport(id="c-1", at=1000, currency="USD", change=line)


@pytest.mark.parametrize(
    ("name", "quantity", "expected"),
    [
        ("Product Added", None, "1"),
        ("Product Added", "3", "3"),
        ("Product Added", -3, "3"),
        ("Product Added", 0.5, "0.5"),
        ("Product Added", "many", "1"),
        ("Product Removed", 1, "-1"),
        ("Product Removed", -2, "-2"),
        ("Product Removed", None, "-1000000000"),
    ],
)
def test_quantities_of_a_cart(name: str, quantity: Any, expected: str) -> None:
    cart = cart_of(name, {"product_id": "p-1", "quantity": quantity})
    assert isinstance(cart.change, Line)
    assert (cart.id, cart.change.quantity) == ("", Decimal(expected))


@pytest.mark.parametrize(
    "properties", [{}, {"quantity": 2}, {"product_id": "", "sku": None}, {"product_id": "p", "quantity": 0}]
)
def test_a_change_of_nothing_is_none(properties: dict[str, Any]) -> None:
    assert told("Product Added", properties).commerce is None


def test_a_cart_as_it_was_seen() -> None:
    cart = cart_of("Cart Viewed", {"cart_id": "c-1", "products": [MUG, LID]})
    assert isinstance(cart.lines, list)
    assert [(line.product_id, line.quantity, line.price) for line in cart.lines] == [
        ("p-1", Decimal(2), Decimal(10)),
        ("p-2", Decimal(1), Decimal("2.50")),
    ]
    assert cart_of("Cart Viewed", {"products": []}).lines == []
    assert told("Cart Viewed", {"cart_id": "c-1"}).commerce is None
    assert told("Cart Viewed", {"products": "p-1"}).notes == ["products is not a list"]


def test_a_checkout() -> None:
    cart = cart_of("Checkout Started", {"order_id": "7", "value": 30, "shipping": 3, "tax": 2, "products": [MUG]})
    assert (cart.total, cart.shipping, cart.tax, cart.currency) == (Decimal(30), Decimal(3), Decimal(2), "EUR")
    assert cart.extra == {"order_id": "7"}
    assert isinstance(cart.lines, list)
    assert len(cart.lines) == 1
    assert cart_of("Order Started", {"products": []}).lines is UNSET


def test_a_product_that_was_looked_at() -> None:
    event = told("Product Viewed", MUG | {"brand": "Acme", "category": "Cups", "url": "https://x.example/p-1"})
    assert event.commerce is not None
    assert event.commerce.viewed == ["p-1"]
    (product,) = event.commerce.products
    assert product == ProductReport(
        id="p-1",
        at=1000,
        seen=True,
        sku="M-1",
        title="Mug",
        vendor="Acme",
        categories=["Cups"],
        url="https://x.example/p-1",
        price=Decimal(10),
        currency="EUR",
    )


def test_a_product_of_which_only_the_id_is_known() -> None:
    event = told("Viewed Product", {"id": 17})
    assert event.commerce is not None
    assert (event.commerce.viewed, event.commerce.products) == (["17"], [])
    event = told("Product Viewed", {"sku": "M-1"})
    assert event.commerce is not None
    assert event.commerce.viewed == ["M-1"]
    assert told("Product Viewed", {"name": "Mug"}).commerce is None


def test_what_cannot_be_used_is_a_note_and_no_refusal() -> None:
    properties = {
        "order_id": "7",
        "total": "much",
        "tax": True,
        "currency": "euros",
        "products": [MUG | {"price": "ten", "quantity": []}, "p-2", {"quantity": 1}],
    }
    event = told("Order Completed", properties)
    assert event.notes == [
        "no usable currency: euros",
        "no usable tax: True",
        "no usable products[0].price: ten",
        "no usable products[0].quantity: []",
        "products[1] names no product",
        "products[2] names no product",
        "no usable total: much",
    ]
    assert event.commerce is not None
    assert event.commerce.order is not None
    assert event.commerce.order.lines == [Line(product_id="p-1", sku="M-1", name="Mug")]
    assert event.properties == as_sent(properties)


def test_sums_are_exact_and_bounded() -> None:
    lines = [{"product_id": "p", "price": Decimal("99999999999.999999"), "quantity": Decimal("1000.5")}]
    assert order_of("Order Completed", {"order_id": "7", "products": lines}).total is UNSET  # 7 decimals
    lines[0]["quantity"] = Decimal(1000)
    total = order_of("Order Completed", {"order_id": "7", "products": lines}).total
    assert total == Decimal("99999999999999.999")


def test_many_remarks_are_cut() -> None:
    assert len(told("Cart Viewed", {"products": [1] * 500}).notes) == 20


def test_both_dialects_read_them() -> None:
    body = {"userId": "u", "event": "Order Completed", "properties": DOCUMENTED, "messageId": "m"}
    encoded = msgspec.json.encode(body)
    (one,) = segment.call("POST", "/v1/track", body=encoded, headers=segment.BASIC).events
    (other,) = ripe.call("POST", "/event/track", body=encoded, headers=ripe.BASIC).events
    assert one.commerce is not None
    assert one.commerce == other.commerce
    assert (one.value, other.value) == (None, None)  # the revenue of an order is counted with the order
