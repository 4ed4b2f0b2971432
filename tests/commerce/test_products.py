"""Products over a real database: what shops tell, what orders and pages show, and what is back in stock."""

from decimal import Decimal
from itertools import permutations

import pytest
from msgspec import UNSET
from sqlalchemy import Connection

from tests.commerce.shop import FOREIGN, SHOP, STRANGER, cart, line, order, product, run, says, stored
from tidings.commerce import reading
from tidings.commerce.model import ProductView
from tidings.commerce.reading_store import ProductFilter
from tidings.commerce.rules import DAY
from tidings.events.reports import VariantReport


def found(tx: Connection, product_id: str = "mug") -> ProductView:
    return reading.products(tx, 1, [(SHOP, product_id)])[SHOP, product_id]


def variant(variant_id: str = "a", stock: int | None = None, **members: object) -> VariantReport:
    amount = {} if stock is None else {"stock": Decimal(stock)}
    return VariantReport(id=variant_id, **amount, **members)  # type: ignore[arg-type]


def test_a_stock_update_keeps_prices_and_texts(tx: Connection) -> None:
    first = [variant("a", 3, price=Decimal("7.5"), title="Blue"), variant("b", 1, price=Decimal(8))]
    run(tx, says(product(title="Mug", price=Decimal(7), variants=first, at=10)))
    run(tx, says(product(variants=[variant("a", 0), variant("b", 5)], at=20)))
    run(tx, says(product(variants=[variant("a", 9, price=Decimal(1))], at=15)))  # late
    said = found(tx).said
    assert (said.title, said.price) == ("Mug", Decimal(7))
    assert isinstance(said.variants, list)
    assert [(one.id, one.stock, one.price, one.title) for one in said.variants if isinstance(one.title, str)] == [
        ("a", Decimal(0), Decimal(1), "Blue")
    ]
    assert [one.id for one in said.variants] == ["a", "b"]
    assert found(tx).stock == 5


def test_variants_that_are_not_listed_are_gone(tx: Connection) -> None:
    run(tx, says(product(variants=[variant("a", 1), variant("b", 1)], at=10)))
    run(tx, says(product(variants=[variant("b")], at=20)))
    said = found(tx).said
    assert isinstance(said.variants, list)
    assert [(one.id, one.stock) for one in said.variants] == [("b", Decimal(1))]


def test_a_position_makes_a_product_that_nobody_has_told_of(tx: Connection) -> None:
    seen = line("mug", price="7.50", name="Mug", sku="M1", url="https://shop.example/mug", categories=["Kitchen"])
    run(tx, says(order(lines=[seen], currency="EUR")), says(cart(change=line("cup", name="Cup"))))
    said = found(tx).said
    assert (said.title, said.sku, said.price, said.currency) == ("Mug", "M1", Decimal("7.50"), "EUR")
    assert said.categories == ["Kitchen"]
    assert said.exists is UNSET
    assert not found(tx).told
    assert found(tx, "cup").said.title == "Cup"


@pytest.mark.parametrize("arrived", list(permutations(range(4))))
def test_what_the_shop_says_wins_whenever_it_came(tx: Connection, arrived: tuple[int, ...]) -> None:
    told = [
        says(product(title="Told", at=10)),
        says(product(title="Seen", url="seen", seen=True, at=90)),
        says(order("a", at=95, lines=[line(name="Met", url="met", image="met")])),
        says(order("b", at=96, lines=[line(name="Later", image="later", vendor="later")])),
    ]
    for i in arrived:
        run(tx, told[i])
    said = found(tx).said
    assert (said.title, said.url, said.image, said.vendor) == ("Told", "seen", "met", "later")
    assert found(tx).told


def test_positions_of_a_later_day_are_newer(tx: Connection) -> None:
    days = [says(order(f"o{i}", at=i * DAY + 5, lines=[line(name=f"Day {i}", sku="M")])) for i in range(3)]
    states = []
    for arrived in permutations(days):
        with tx.begin_nested() as undone:
            for one in arrived:
                run(tx, one)
            assert found(tx).said.title == "Day 2"
            states.append(stored(tx)["products"])
            undone.rollback()
    assert all(state == states[0] for state in states)


def test_positions_of_browsers_and_servers_in_any_order(tx: Connection) -> None:
    told = [
        says(order("a", at=5, lines=[line(name="Server")])),
        says(order("b", at=DAY + 5, lines=[line(name="Browser", sku="B")]), server=False),
        says(order("c", at=7, lines=[line(name="Later", url="u")])),
        says(order("d", at=DAY + 4, lines=[line(sku="Best", price=5)], currency=None), server=False),
    ]
    states = []
    for arrived in permutations(told):
        with tx.begin_nested() as undone:
            for one in arrived:
                run(tx, one)
            said = found(tx).said
            assert (said.title, said.sku, said.url) == ("Server", "Best", "u")
            states.append(stored(tx)["products"])
            undone.rollback()
    assert all(state == states[0] for state in states)


def test_back_in_stock(tx: Connection) -> None:
    def stock(*amounts: int | None, at: int) -> list[tuple[str, list[str], bool]]:
        variants = [variant(name, amount) for name, amount in zip("ab", amounts, strict=False)]
        outcome = run(tx, says(product(variants=variants, at=at)))
        return [(one.product_id, one.variants, one.whole) for one in outcome.restocked]

    assert stock(5, 0, at=1) == []  # it was not known before
    assert stock(0, 0, at=2) == []
    assert stock(0, 3, at=4) == [("mug", ["b"], True)]
    assert stock(9, 9, at=3) == []  # late: it has been otherwise since
    assert stock(1, 3, at=5) == [("mug", ["a"], False)]
    assert stock(2, 2, at=6) == []


def test_back_in_stock_is_seen_within_a_batch(tx: Connection) -> None:
    reports = [says(product(stock=Decimal(amount), at=at)) for at, amount in enumerate([5, 0, 7])]
    (back,) = run(tx, *reports).restocked
    assert (back.product_id, back.whole, back.event_id) == ("mug", True, reports[-1].event_id)
    assert run(tx, says(product(stock=Decimal(0), at=9)), says(product(stock=None, at=10))).restocked == []


def test_lists_and_searches(tx: Connection) -> None:
    run(
        tx,
        says(product("1", title="Mug", sku="M-1", stock=Decimal(0))),
        says(product("2", title="mud", sku="X", exists=False)),
        says(product("3", title="Élan")),
        says(product("9", title="Mug"), STRANGER, workspace=2, brand=FOREIGN),
        says(order(lines=[line("m-4")])),
    )

    def ids(products: list[ProductView]) -> list[str]:
        return [one.said.id for one in products]

    assert ids(reading.list_products(tx, 1, ProductFilter(), 9)) == ["m-4", "2", "1", "3"]
    assert ids(reading.list_products(tx, 1, ProductFilter(present=True), 9)) == ["m-4", "1", "3"]
    assert ids(reading.list_products(tx, 1, ProductFilter(sold_out=True), 9)) == ["1"]
    first = reading.list_products(tx, 1, ProductFilter(), 2)
    after = (reading.searched(first[-1]), first[-1].number)
    assert ids(reading.list_products(tx, 1, ProductFilter(after=after), 9)) == ["1", "3"]
    assert ids(reading.search_products(tx, 1, "MU", ProductFilter(), 9)) == ["2", "1"]
    assert ids(reading.search_products(tx, 1, "MU", ProductFilter(present=True), 9)) == ["1"]
    assert ids(reading.search_products(tx, 1, "M-", ProductFilter(), 9)) == ["m-4", "1"]
    assert ids(reading.search_products(tx, 1, "é", ProductFilter(), 9)) == ["3"]


def test_a_product_tells_in_which_events_the_shop_told_of_it(tx: Connection) -> None:
    first = says(product(at=5, title="Mug"))
    run(tx, first, says(product(at=6, seen=True)), says(order(lines=[line("mug")])))
    shown = reading.product(tx, 1, found(tx).number)
    assert shown is not None
    assert shown[1] == [(5, first.event_id)]
    assert reading.product(tx, 2, found(tx).number) is None
