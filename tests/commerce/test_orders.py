"""Orders over a real database: first sight, owners, figures, what does not count, walls."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select

from tests.commerce.shop import (
    ALICE,
    BOB,
    CAROL,
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
from tidings.commerce import reading, reading_store, service
from tidings.commerce.model import Figures
from tidings.commerce.reading_store import OrderFilter
from tidings.commerce.tables import order_events
from tidings.events.reports import Commerce, OrderReport, Refund
from tidings.rooms import metadata


def figures(tx: Connection, *profiles: int) -> Figures:
    return service.figures_of(tx, 1, profiles or (ALICE,))


def test_an_order_is_placed_on_first_sight_and_never_again(tx: Connection) -> None:
    first, again = says(order(at=10, total=5)), says(order(at=20, total=6))
    (placed,) = run(tx, first, again).placed
    assert (placed.brand_id, placed.order_id, placed.event_id, placed.profile) == (SHOP, "o1", first.event_id, ALICE)
    assert placed.counted
    assert run(tx, says(order(at=5, total=4)), says(order(at=30))).placed == []
    found = reading.find_order(tx, 1, SHOP, "o1")
    assert found is not None
    assert found.number == first.event_id
    assert (found.worth.revenue, found.first_at, found.placed_at) == (Decimal(6), 5, 5)


def test_the_same_id_in_another_brand_or_workspace_is_another_order(tx: Connection) -> None:
    here, there = says(order(total=5)), says(order(total=6), brand=OUTLET)
    abroad = says(order(total=7), STRANGER, workspace=2, brand=FOREIGN)
    assert len(run(tx, here, there, abroad).placed) == 3
    assert figures(tx).revenue == {"EUR": 5, "USD": 6}  # each brand's own currency, where none is named
    assert service.figures_of(tx, 2, [ALICE, STRANGER]).revenue == {"GBP": 7}
    assert [one.worth.revenue for one in reading.list_orders(tx, 2, OrderFilter(), 9)] == [7]
    assert reading.order(tx, 2, here.event_id) is None
    assert reading.find_order(tx, 2, SHOP, "o1") is None


def test_leading_zeros_are_part_of_an_id(tx: Connection) -> None:
    assert len(run(tx, says(order("012")), says(order("12"))).placed) == 2


def test_a_late_older_state_changes_only_what_nobody_else_said(tx: Connection) -> None:
    run(tx, says(order(at=20, total=6, status="Shipped")))
    run(tx, says(order(at=10, total=5, status="New", note="ring twice")))
    found = reading.find_order(tx, 1, SHOP, "o1")
    assert found is not None
    assert (found.said.total, found.said.status, found.said.note) == (Decimal(6), "Shipped", "ring twice")


def test_a_browser_does_not_change_what_a_server_said(tx: Connection) -> None:
    run(tx, says(order(at=10, total=5)), says(order(at=20, total=1, note="x"), server=False))
    found = reading.find_order(tx, 1, SHOP, "o1")
    assert found is not None
    assert (found.said.total, found.said.note) == (Decimal(5), "x")


def test_what_does_not_count_is_kept_and_comes_back(tx: Connection) -> None:
    lines = [line(quantity=2, price=5)]
    outcome = run(tx, says(order("t", total=99, test=True, lines=lines)), says(order("o", at=1, total=10, lines=lines)))
    assert [one.counted for one in outcome.placed] == [False, True]
    assert (figures(tx).orders, figures(tx).revenue) == (1, {"EUR": Decimal(10)})
    for name in ("cancelled", "deleted"):
        run(tx, says(order("o", at=5, **{name: True})))
        assert figures(tx) == Figures()
        run(tx, says(order("o", at=6, **{name: False})))
        assert (figures(tx).orders, figures(tx).items, len(figures(tx).products)) == (1, Decimal(2), 1)
    run(tx, says(order("o", at=7, deleted=True)))
    assert [one.said.id for one in reading.list_orders(tx, 1, OrderFilter(), 9)] == ["t"]
    assert reading.find_order(tx, 1, SHOP, "o") is not None


def test_figures_of_a_customer(tx: Connection) -> None:
    run(
        tx,
        says(product("mug", title="The mug", categories=["Kitchen", "Gifts"])),
        says(product("cup", title="The cup", categories=["Kitchen"], exists=False)),
        says(order("a", at=10, total="10.10", lines=[line("mug", 2), line("cup", "0.5")])),
        says(order("b", at=30, total="20.201", lines=[line("mug", 1), line("mug", 3)])),
        says(order("c", at=20, total="5", currency="USD", refund="7")),
        says(order("b", at=31, refund="0.1")),
        says(Commerce(viewed=["cup", "lost"]), time=T0),
        says(Commerce(viewed=["mug", "cup"]), time=T0 + 1),
        says(cart("open", at=40, lines=[line(price=5)])),
    )
    found = figures(tx)
    assert (found.orders, found.items) == (3, Decimal("6.5"))
    assert found.revenue == {"EUR": Decimal("30.301"), "USD": 5}
    assert found.refunds == {"EUR": Decimal("0.1"), "USD": 5}
    assert found.average == {"EUR": Decimal("15.15"), "USD": 5}
    assert found.first is not None
    assert found.last is not None
    assert (found.first.order_id, found.first.at, found.last.order_id, found.last.at) == ("a", 10, "b", 30)
    assert [(one.product_id, one.title, one.orders, one.quantity, one.gone) for one in found.products] == [
        ("mug", "The mug", 2, 6, False),
        ("cup", "The cup", 1, Decimal("0.5"), True),
    ]
    assert found.categories == [("Kitchen", 3), ("Gifts", 2)]
    assert [(one.product_id, one.at) for one in found.viewed] == [("mug", T0 + 1), ("cup", T0 + 1), ("lost", T0)]
    assert found.cart is not None
    assert (found.cart.said.id, found.cart.total) == ("open", Decimal(5))


def test_many_views_are_remembered_up_to_twenty(tx: Connection) -> None:
    for at in range(50, 0, -1):
        run(tx, says(Commerce(viewed=[f"p{at}", "p7"]), time=at))
    assert [one.product_id for one in figures(tx).viewed] == ["p7", *[f"p{at}" for at in range(50, 31, -1)]]


def test_an_order_moves_with_its_owner(tx: Connection) -> None:
    run(tx, says(order(at=10, total=5, lines=[line()]), ALICE))
    run(tx, says(order(at=20, status="Paid"), BOB), says(order(at=30), 0))
    assert figures(tx) == Figures()
    assert figures(tx, BOB).revenue == {"EUR": 5}
    assert [one.product_id for one in figures(tx, BOB).products] == ["mug"]


def test_merged_customers_are_one(tx: Connection) -> None:
    run(
        tx,
        says(order("a", at=10, total=5, lines=[line()]), ALICE),
        says(order("b", at=5, total=6, lines=[line()]), BOB),
    )
    found = figures(tx, ALICE, BOB)
    assert (found.orders, found.revenue, found.products[0].orders) == (2, {"EUR": Decimal(11)}, 2)
    assert (found.first and found.first.order_id, found.last and found.last.order_id) == ("b", "a")
    assert [one.said.id for one in reading.list_orders(tx, 1, OrderFilter(profile_ids=[ALICE, BOB]), 9)] == ["a", "b"]


def test_lists_searches_and_pages(tx: Connection) -> None:
    for i in range(7):
        run(tx, says(order(f"{i:03}", at=10, placed_at=i // 2, number=f"#{i}", status="Paid" if i % 2 else "New")))
    seen: list[Any] = []
    before = None
    while page := reading.list_orders(tx, 1, OrderFilter(before=before), 3):
        seen += [one.said.id for one in page]
        before = (page[-1].placed_at, page[-1].number)
    assert seen == ["006", "005", "004", "003", "002", "001", "000"]
    paid, _ = reading_store.look_for_orders(tx, 1, OrderFilter(status="Paid"), 9)
    assert [one.id for one in paid] == ["005", "003", "001"]
    assert [one.said.id for one in reading.search_orders(tx, 1, "#5", 9)] == ["005"]
    assert [one.said.id for one in reading.search_orders(tx, 1, "00", 2)] == ["000", "001"]
    assert reading.search_orders(tx, 2, "00", 9) == []


def test_an_order_tells_which_events_spoke_of_it(tx: Connection) -> None:
    first, second = says(order(at=10)), says(order(at=30))
    run(tx, first)
    run(tx, second, says(order("other")))
    found = reading.order(tx, 1, first.event_id)
    assert found is not None
    assert found[1] == [(30, second.event_id), (10, first.event_id)]


def test_an_id_that_ends_at_a_nul_elsewhere(tx: Connection) -> None:
    assert len(run(tx, says(order("a\0b", cart_id="c\0d")), says(order("a"))).placed) == 2
    assert run(tx, says(order("a\0b", at=20))).placed == []
    assert reading.find_order(tx, 1, SHOP, "a\0b") is not None


def test_nothing_of_a_forgotten_customer_is_left(tx: Connection) -> None:
    secret = "geheim-4711"
    run(
        tx,
        says(order(secret, at=10, total=5, lines=[line("mug")], cart_id="guest", note=secret), message=secret),
        says(cart(f"c-{secret}", at=20, lines=[line()], url=secret), message=f"{secret}2"),
        says(cart("", at=20, lines=[line("mug", name="Mug")]), message=f"{secret}3"),
        says(cart("guest", at=2, url=secret), 0),  # nobody's, but it became the order
        says(Commerce(viewed=["mug"]), message=f"{secret}4"),
        says(order("b", at=10, total=5, lines=[line("mug")]), BOB),
    )
    exported = repr(service.export_of(tx, 1, [ALICE]))
    assert secret in exported
    before = tx.execute(select(func.count()).select_from(order_events)).scalar()
    service.forget(tx, 1, [ALICE])
    everything = [repr(tx.execute(select(table)).all()) for table in metadata.sorted_tables]
    assert not [text for text in everything if secret in text]
    assert service.export_of(tx, 1, [ALICE])["orders"] == []
    assert figures(tx) == Figures()
    assert tx.execute(select(func.count()).select_from(order_events)).scalar() == (before or 0) - 1
    assert figures(tx, BOB).orders == 1
    assert [one.said.id for one in reading.list_orders(tx, 1, OrderFilter(), 9)] == ["b"]
    (found,) = reading.products(tx, 1, [(SHOP, "mug")]).values()  # products stay
    assert found.said.title == "Mug"


def test_a_merge_unites_carts_and_orders(tx: Connection) -> None:
    run(tx, says(cart("c", at=5, lines=[line()]), CAROL), says(order(at=10, total=1), ALICE))
    assert reading.open_cart(tx, 1, [ALICE, CAROL]) is not None
    merge(tx, CAROL, ALICE)
    (converted,) = service.unite(tx, [(1, ALICE)]).converted
    assert converted.cart_id == "c"
    assert reading.open_cart(tx, 1, [ALICE, CAROL]) is None
    assert service.unite(tx, [(1, ALICE)]).converted == []


def test_a_refund_of_positions_without_prices_is_what_the_order_says_of_them(tx: Connection) -> None:
    sold = [line("mug", 2, "7.50"), line("cup", 1, 5, variant_id="blue")]
    parts = Refund(lines=[line("mug", 1), line("cup", 1, variant_id="blue"), line("gone", 1)])
    back = says(Commerce(order=OrderReport(id="o1", at=20, refund=parts)))
    run(tx, says(order(at=10, total=20, lines=sold)), back)
    assert figures(tx).refunds == {"EUR": Decimal("12.50")}
