"""Lists page by page: each object once, at a cost that does not grow with what is stored."""

from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from tests.commerce.shop import ALICE, BOB, STRANGER, T0, cart, line, merge, order, product, run, says
from tidings.commerce import listing, listing_store
from tidings.commerce.listing import OrdersWanted
from tidings.commerce.reading_store import CartFilter, ProductFilter
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
    found, _ = walk(shop, listing.carts, CartFilter(), limit=limit)
    assert len({view.number for view in found}) == len(found) == 30
    for search, count in ((None, 31), ("same", 15), ("p", 30)):  # with the mug that is in the carts
        found, _ = walk(shop, listing.products, search, ProductFilter(), limit=limit)
        assert len({view.number for view in found}) == len(found) == count, search


def test_a_state_of_a_customers_orders_is_looked_for_in_bounded_steps(shop: Connection, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", 4)
    found, pages = walk(shop, listing.orders, OrdersWanted(status="rare", profile_id=ALICE), limit=2)
    assert sorted(view.said.id for view in found) == ["o00", "o10", "o20"]
    assert pages >= 7


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


def test_states_are_found_without_reading_all_orders(shop: Connection) -> None:
    assert listing_store.list_statuses(shop, 1, 30) == ["paid", "rare"]
    assert listing_store.list_statuses(shop, 1, 1) == ["paid"]
    assert listing_store.list_statuses(shop, 2, 30) == ["secret"]


def test_no_list_reads_a_whole_table(shop: Connection) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(shop, "before_cursor_execute", note)
    for wanted in (
        OrdersWanted(), OrdersWanted(status="paid"), OrdersWanted(search="o"), OrdersWanted(profile_id=ALICE),
        OrdersWanted(status="rare", profile_id=ALICE),
    ):  # fmt: skip
        _, cursor = listing.orders(shop, 1, wanted, Page(None, 2))
        listing.orders(shop, 1, wanted, Page(cursor, 2))
    for upto in (None, T0 + 5):
        _, cursor = listing.carts(shop, 1, CartFilter("open", upto), Page(None, 2))
        listing.carts(shop, 1, CartFilter("open", upto), Page(cursor, 2))
    for narrowed in (ProductFilter(), ProductFilter(present=True), ProductFilter(sold_out=True)):
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
    found, _ = listing.carts(shop, 1, CartFilter("open", T0 + 2), Page(None, 200))
    assert sorted(view.said.id for view in found) == [f"c{number:02}" for number in range(9)]
