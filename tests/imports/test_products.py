"""Files of products: the feed in Google's format, and others."""

from decimal import Decimal

import pytest
from msgspec import UNSET

from tests.imports.files import STARTED, read
from tidings.events.model import Event
from tidings.events.reports import Amount, ProductReport


def product(event: Event) -> ProductReport:
    assert event.commerce is not None
    (found,) = event.commerce.products
    return found


def test_the_columns_of_the_feed() -> None:
    event = read(
        "products",
        "id\ttitle\tlink\tprice\titem_group_id\timage_link\tdescription\tsku\tavailability\tsale_price\tbrand\t"
        "product_type\tgtin\n"
        '9-1\tMug\thttps://s.example/m\t19.90 USD\t9\thttps://s.example/m.jpg\t"A ""fine""\nmug"\tM-9\tin stock\t'
        "9.90 USD\tClay\tKitchen > Mugs|Gifts\t400\n",
    ).only
    assert (event.verb, event.name, event.user_id, event.time) == ("track", "products/create", None, STARTED)
    assert product(event) == ProductReport(
        id="9-1",
        at=STARTED,
        title="Mug",
        url="https://s.example/m",
        price=Decimal("19.90"),
        sale_price=Decimal("9.90"),
        currency="USD",
        parent_id="9",
        image="https://s.example/m.jpg",
        description='A "fine"\nmug',
        sku="M-9",
        stock=None,
        vendor="Clay",
        categories=["Kitchen / Mugs", "Gifts"],
        extra={"gtin": "400"},
    )


@pytest.mark.parametrize(
    ("availability", "inventory", "stock"),
    [
        ("out of stock", "", Decimal(0)),
        ("in_stock", "", None),
        ("", "", UNSET),
        ("in stock", "7", Decimal(7)),
        ("", "-2", Decimal(-2)),
    ],
)
def test_stock(availability: str, inventory: str, stock: Amount) -> None:
    found = read("products", f"id,availability,inventory_quantity\n1,{availability},{inventory}\n").only
    assert product(found).stock == stock


def test_a_file_of_stock_says_nothing_of_prices() -> None:
    found = product(read("products", "id,stock,updated_at\n1,7,2024-03-01\n").only)
    assert (found.price, found.currency, found.title, found.exists) == (UNSET, UNSET, UNSET, UNSET)
    assert found.at == 1_709_251_200_000


def test_a_price_without_a_currency_is_in_that_of_the_shop() -> None:
    found = product(read("products", "id,price,published\n1,5,no\n").only)
    assert (found.price, found.currency, found.exists) == (Decimal(5), "EUR", False)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",5,", "names no product"),
        ("1,5 USD,5 EUR", "several currencies: EUR, USD"),
        ("1,cheap,", "price: 'cheap' is no amount of money"),
    ],
)
def test_lines_that_cannot_be_used(line: str, reason: str) -> None:
    found = read("products", f"id,price,sale_price,x\n{line},y\n2,1,,\n")
    assert found.reasons == {2: found.reasons[2]}
    assert reason in found.reasons[2]
    assert len(found.events) == 1


def test_an_availability_that_nobody_knows_is_refused() -> None:
    assert "neither" in read("products", "id,availability\n1,maybe\n").reasons[2]
