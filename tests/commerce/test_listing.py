"""Lists page by page: each object once, at a cost that does not grow with what is stored."""

from typing import Any

import pytest
from litestar.exceptions import NotFoundException
from sqlalchemy import Connection, event, select

from tests.commerce.shop import (
    ALICE,
    BOB,
    FOREIGN,
    OUTLET,
    SHOP,
    STRANGER,
    T0,
    cart,
    line,
    merge,
    order,
    product,
    run,
    says,
)
from tidings.commerce import listing, listing_store, reading_store
from tidings.commerce.listing import CartsWanted, OrdersWanted
from tidings.commerce.model import CartStatus
from tidings.commerce.reading_store import ProductFilter
from tidings.commerce.tables import carts, orders, products
from tidings.tenants.paging import Page


def walk(tx: Connection, script: Any, *arguments: Any, limit: int) -> tuple[list[Any], int]:
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page, cursor = script(tx, 1, *arguments, Page(cursor, limit))
        assert len(page) <= limit
        found += page
        pages += 1
        assert pages < 1000
    return found, pages


@pytest.fixture
def shop(tx: Connection) -> Connection:
    for number in range(30):
        status = "rare" if number % 10 == 0 else "paid"
        run(tx, says(order(f"o{number:02}", T0 + number // 3, total=1, status=status, number=f"#{number:02}")))
        run(tx, says(cart(f"c{number:02}", T0 + number // 3, lines=[line()]), BOB))
        run(tx, says(product(f"p{number:02}", T0, title="Same" if number % 2 else f"T{number}", exists=number != 4)))
    run(tx, says(order("foreign", T0, total=1, status="secret"), STRANGER, workspace=2, brand=3))
    return tx


@pytest.mark.parametrize("limit", [1, 4, 30, 31])
def test_every_object_is_met_once(shop: Connection, limit: int) -> None:
    for wanted in (OrdersWanted(), OrdersWanted(profile_id=ALICE), OrdersWanted(search="o"), OrdersWanted(search="#")):
        found, _ = walk(shop, listing.orders, wanted, limit=limit)
        assert len({view.number for view in found}) == len(found) == 30, wanted
    for carts_of in (CartsWanted(), CartsWanted(profile_id=BOB)):
        found, _ = walk(shop, listing.carts, carts_of, limit=limit)
        assert len({view.number for view in found}) == len(found) == 30
    for search, count in ((None, 31), ("same", 15), ("p", 30)):  # with the mug that is in the carts
        found, _ = walk(shop, listing.products, search, ProductFilter(), limit=limit)
        assert len({view.number for view in found}) == len(found) == count, search


def test_a_state_of_a_customers_orders_is_looked_for_in_bounded_steps(shop: Connection, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", 4)
    found, pages = walk(shop, listing.orders, OrdersWanted(status="rare", profile_id=ALICE), limit=2)
    assert sorted(view.said.id for view in found) == ["o00", "o10", "o20"]
    assert pages >= 7


@pytest.mark.parametrize("looked_at", [3, 5_000])
@pytest.mark.parametrize("limit", [1, 2, 9])
def test_those_of_a_brand_are_looked_for_in_bounded_steps(
    shop: Connection, monkeypatch: Any, limit: int, looked_at: int
) -> None:
    monkeypatch.setattr(reading_store, "LOOKED_AT", looked_at)
    monkeypatch.setattr(reading_store, "LISTED", looked_at)
    for number in (0, 1, 2, 3):
        moment, status = T0 + number * 3, "rare" if number == 3 else "paid"
        run(shop, says(order(f"x{number}", moment, total=1, status=status), ALICE, brand=OUTLET))
        run(shop, says(cart(f"x{number}", moment, lines=[line()]), BOB, brand=OUTLET))
        run(shop, says(product(f"x{number}", T0, title="Same"), brand=OUTLET))
    theirs = [f"x{number}" for number in (3, 2, 1, 0)]
    for wanted, ids in (
        (OrdersWanted(brand_id=OUTLET), theirs),
        (OrdersWanted(brand_id=OUTLET, status="rare"), ["x3"]),
        (OrdersWanted(status="rare"), ["x3", "o20", "o10", "o00"]),
        (OrdersWanted(brand_id=OUTLET, profile_id=ALICE), theirs),
        (OrdersWanted(brand_id=OUTLET, profile_id=ALICE, status="paid"), theirs[1:]),
        (OrdersWanted(brand_id=OUTLET, profile_id=BOB), []),
        (OrdersWanted(brand_id=OUTLET, search="x"), theirs[::-1]),
        (OrdersWanted(brand_id=SHOP, search="x"), []),
    ):
        assert [view.said.id for view in walk(shop, listing.orders, wanted, limit=limit)[0]] == ids, wanted
    for left, ids in (
        (CartsWanted(brand_id=OUTLET), theirs),
        (CartsWanted(brand_id=OUTLET, profile_id=BOB), theirs),
        (CartsWanted(brand_id=OUTLET, status="closed"), []),
        (CartsWanted(brand_id=OUTLET, upto=T0 + 3), theirs[2:]),
    ):
        assert [view.said.id for view in walk(shop, listing.carts, left, limit=limit)[0]] == ids, left
    narrowed = ProductFilter(brand_id=OUTLET)
    for search, ids in ((None, ["mug", *theirs[::-1]]), ("same", theirs[::-1]), ("o", [])):
        found, _ = walk(shop, listing.products, search, narrowed, limit=limit)
        assert [view.said.id for view in found] == ids, search


def test_brands_that_are_not_there(shop: Connection) -> None:
    for number in (FOREIGN, 99):
        with pytest.raises(NotFoundException, match="no brand"):
            listing.orders(shop, 1, OrdersWanted(brand_id=number), Page(None, 5))
        with pytest.raises(NotFoundException, match="no brand"):
            listing.carts(shop, 1, CartsWanted(brand_id=number), Page(None, 5))
        with pytest.raises(NotFoundException, match="no brand"):
            listing.products(shop, 1, None, ProductFilter(brand_id=number), Page(None, 5))


def test_carts_of_a_customer_in_every_state(shop: Connection) -> None:
    run(shop, says(cart("old", T0 - 5, lines=[line()]), ALICE))
    run(shop, says(order("of-old", T0 - 4, total=1, cart_id="old"), ALICE))
    run(shop, says(cart("c00", T0 + 50, lines=[]), BOB))
    merge(shop, BOB, ALICE)
    counts: list[tuple[CartStatus | None, int]] = [(None, 31), ("open", 29), ("ordered", 1), ("closed", 1)]
    for profile in (ALICE, BOB):
        found, _ = walk(shop, listing.carts, CartsWanted(profile_id=profile), limit=7)
        states = [(view.said.id, view.status) for view in found]
        assert (states[0], states[-1]) == (("c00", "closed"), ("old", "ordered"))
        for status, count in counts:
            assert len(walk(shop, listing.carts, CartsWanted(status, profile_id=profile), limit=7)[0]) == count
    assert walk(shop, listing.carts, CartsWanted("closed"), limit=7)[0][0].said.id == "c00"
    with pytest.raises(NotFoundException, match="no profile"):
        listing.carts(shop, 1, CartsWanted(profile_id=STRANGER), Page(None, 5))


def test_a_search_goes_to_its_first_matches(shop: Connection, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "SEARCHED", 7)
    assert len(walk(shop, listing.orders, OrdersWanted(search="o"), limit=2)[0]) == 7
    assert len(walk(shop, listing.products, "p", ProductFilter(), limit=3)[0]) == 7


def test_orders_of_merged_profiles_are_one_customers(shop: Connection) -> None:
    run(shop, says(order("bobs", T0 + 100, total=5), BOB))
    merge(shop, BOB, ALICE)
    for profile in (ALICE, BOB):
        found = listing.customer(shop, 1, profile, latest=2)
        assert (found.profile_id, found.figures.orders, found.more) == (ALICE, 31, True)
        assert [view.said.id for view in found.orders] == ["bobs", "o29"]
    assert listing_store.roots_of(shop, 1, [ALICE, BOB, STRANGER, 77]) == {ALICE: ALICE, BOB: ALICE}


def test_states_are_those_of_the_newest_orders(shop: Connection, monkeypatch: Any) -> None:
    assert listing_store.list_statuses(shop, 1, 30) == ["paid", "rare"]
    assert listing_store.list_statuses(shop, 1, 1) == ["paid"]
    assert listing_store.list_statuses(shop, 2, 30) == ["secret"]
    monkeypatch.setattr(listing_store, "NEWEST", 5)
    assert listing_store.list_statuses(shop, 1, 30) == ["paid"]


def test_no_list_reads_a_whole_table(shop: Connection) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(shop, "before_cursor_execute", note)
    for wanted in (
        OrdersWanted(), OrdersWanted(status="paid"), OrdersWanted(search="o"), OrdersWanted(profile_id=ALICE),
        OrdersWanted(status="rare", profile_id=ALICE), OrdersWanted(brand_id=SHOP),
        OrdersWanted(status="paid", brand_id=SHOP), OrdersWanted(profile_id=ALICE, brand_id=SHOP),
    ):  # fmt: skip
        _, cursor = listing.orders(shop, 1, wanted, Page(None, 2))
        listing.orders(shop, 1, wanted, Page(cursor, 2))
    for left in (
        CartsWanted(), CartsWanted(upto=T0 + 5), CartsWanted(brand_id=SHOP), CartsWanted(profile_id=BOB),
        CartsWanted("open", T0 + 5, BOB, SHOP),
    ):  # fmt: skip
        _, cursor = listing.carts(shop, 1, left, Page(None, 2))
        listing.carts(shop, 1, left, Page(cursor, 2))
    for narrowed in (
        ProductFilter(), ProductFilter(present=True), ProductFilter(sold_out=True), ProductFilter(brand_id=SHOP),
    ):  # fmt: skip
        listing.products(shop, 1, "s", narrowed, Page(None, 2))
        _, cursor = listing.products(shop, 1, None, narrowed, Page(None, 2))
        listing.products(shop, 1, None, narrowed, Page(cursor, 2))
    listing.customer(shop, 1, ALICE)
    listing_store.list_statuses(shop, 1, 5)
    event.remove(shop, "before_cursor_execute", note)
    assert len(asked) > 30
    plans = {
        statement: [row[3] for row in shop.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        for statement, parameters in asked
    }
    ours = {table.name for table in (orders, carts, products)}
    for statement, steps in plans.items():
        assert not [step for step in steps if step.startswith("SCAN") and step.split()[1] in ours], statement
        walked = [step for step in steps if "USE TEMP B-TREE FOR ORDER BY" in step]
        assert not walked or "customer_products" in statement, (statement, steps)


def test_the_plans_would_show_a_scan(shop: Connection) -> None:
    query = str(select(orders.c.n).where(orders.c["items"] == "1").compile(compile_kwargs={"literal_binds": True}))
    (step,) = [row[3] for row in shop.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    assert step.startswith("SCAN orders")


def test_a_product_whose_title_changes_between_two_pages(shop: Connection) -> None:
    page, cursor = listing.products(shop, 1, None, ProductFilter(), Page(None, 3))
    last = page[-1].said.id
    run(shop, says(product(last, T0 + 1, title="zzz")))
    following, after = listing.products(shop, 1, None, ProductFilter(), Page(cursor, 3))
    assert (following, after) == ([], None)  # the list goes on where it stands now: at the end


def test_carts_that_nobody_has_touched_since(shop: Connection) -> None:
    found, _ = listing.carts(shop, 1, CartsWanted(upto=T0 + 2), Page(None, 200))
    assert sorted(view.said.id for view in found) == [f"c{number:02}" for number in range(9)]
