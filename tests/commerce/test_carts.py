"""Carts over a real database: what closes them, what opens them again, and which are abandoned."""

from decimal import Decimal

from sqlalchemy import Connection

from tests.commerce.shop import ALICE, BOB, OUTLET, SHOP, STRANGER, cart, line, order, run, says
from tidings.commerce import reading
from tidings.commerce.model import CartView
from tidings.commerce.reading_store import CartFilter


def listed(tx: Connection, status: str = "open", workspace: int = 1) -> list[str]:
    return [one.said.id for one in reading.list_carts(tx, workspace, CartFilter(status), 99)]


def mine(tx: Connection, profile: int = ALICE) -> CartView | None:
    return reading.open_cart(tx, 1, [profile])


def contents(tx: Connection, profile: int = ALICE) -> dict[str, int] | None:
    found = mine(tx, profile)
    return None if found is None else {one.product_id: int(one.quantity) for one in found.said.lines or ()}


def test_an_order_closes_the_cart_that_it_names_for_good(tx: Connection) -> None:
    run(tx, says(cart("c", at=5, lines=[line()])), says(cart("d", at=5, lines=[line()], token="t")))
    (converted,) = run(tx, says(order("o", at=10, cart_id="c"), BOB)).converted
    assert (converted.cart_id, converted.profile) == ("c", ALICE)
    assert listed(tx) == ["d"]
    run(tx, says(cart("c", at=50, lines=[line(quantity=2)])))
    assert listed(tx) == ["d"]
    assert [one.cart_id for one in run(tx, says(order("p", at=10, cart_token="t"), 0)).converted] == ["d"]
    assert run(tx, says(order("p", at=11))).converted == []


def test_an_order_may_arrive_before_the_cart_that_it_names(tx: Connection) -> None:
    run(tx, says(order("o", at=10, cart_id="c")))
    assert len(run(tx, says(cart("c", at=50, lines=[line()]))).converted) == 1
    assert listed(tx, "ordered") == ["c"]


def test_an_order_that_names_no_cart_closes_the_older_ones_of_its_customer(tx: Connection) -> None:
    run(
        tx,
        says(cart("older", at=10, lines=[line()])),
        says(cart("newer", at=11, lines=[line()])),
        says(cart("bobs", at=1, lines=[line()]), BOB),
        says(cart("outlet", at=1, lines=[line()]), brand=OUTLET),
        says(cart("strangers", at=1, lines=[line()]), STRANGER, workspace=2),
    )
    assert [one.cart_id for one in run(tx, says(order(at=99, placed_at=10))).converted] == ["older"]
    assert listed(tx) == ["newer", "outlet", "bobs"]
    run(tx, says(cart("older", at=9, lines=[line(quantity=5)])), says(cart("late", at=3, lines=[line()])))
    assert listed(tx) == ["newer", "outlet", "bobs"]
    run(tx, says(cart("older", at=12, lines=[line()])))
    assert listed(tx) == ["older", "newer", "outlet", "bobs"]
    assert listed(tx, workspace=2) == ["strangers"]


def test_a_cart_opens_again_when_the_order_turns_out_to_name_another(tx: Connection) -> None:
    run(tx, says(cart("c", at=5, lines=[line()])), says(order(at=10)))
    assert listed(tx) == []
    run(tx, says(order(at=20, cart_id="other")))
    assert listed(tx) == ["c"]


def test_a_cart_is_closed_by_having_nothing_in_it(tx: Connection) -> None:
    run(tx, says(cart("a", at=5, lines=[line()])), says(cart("b", at=5, lines=[line()])))
    run(tx, says(cart("a", at=6, lines=[])), says(cart("b", at=6, closed=True)))
    assert sorted(listed(tx, "closed")) == ["a", "b"]
    run(tx, says(cart("b", at=5, url="late")), says(cart("a", at=7, lines=[line()])))
    assert listed(tx) == ["a"]


def test_a_cart_without_an_id_is_the_one_of_its_customer(tx: Connection) -> None:
    run(tx, says(cart("", at=5, lines=[line("mug")])), says(cart("", at=5, lines=[line("cup")]), BOB))
    run(tx, says(cart("", at=6, lines=[line("mug", 2)])), says(cart("", at=6, lines=[line()]), 0))
    assert contents(tx) == {"mug": 2}
    assert contents(tx, BOB) == {"cup": 1}
    assert len(listed(tx)) == 2


def test_changes_begin_anew_after_an_order(tx: Connection) -> None:
    run(tx, says(cart("", at=1, change=line("mug", 2))), says(cart("", at=2, change=line("cup"))))
    run(tx, says(cart("", at=3, change=line("mug", -1))))
    assert contents(tx) == {"mug": 1, "cup": 1}
    run(tx, says(order(at=5)))
    assert contents(tx) is None
    run(tx, says(cart("", at=7, change=line("pot", price=9))))
    assert contents(tx) == {"pot": 1}
    found = mine(tx)
    assert found is not None
    assert (found.total, found.items, found.currency) == (Decimal(9), Decimal(1), "EUR")
    run(tx, says(cart("", at=8, change=line("pot", -1))))
    assert listed(tx, "closed") == [""]


def test_very_many_changes_are_folded(tx: Connection) -> None:
    for at in range(1, 301):
        run(tx, says(cart("c", at=at, change=line(f"p{at % 3}"))))
    assert contents(tx) == {"p0": 100, "p1": 100, "p2": 100}
    found = mine(tx)
    assert found is not None
    assert found.items == 300
    run(tx, says(cart("c", at=500, lines=[line("mug")])))
    assert contents(tx) == {"mug": 1}


def test_abandoned_carts_by_page(tx: Connection) -> None:
    run(tx, *[says(cart(f"c{at}", at=at, lines=[line()])) for at in range(6)])
    assert [one.said.id for one in reading.list_carts(tx, 1, CartFilter(upto=3), 2)] == ["c3", "c2"]
    page = reading.list_carts(tx, 1, CartFilter(upto=3), 2)
    rest = CartFilter(upto=3, before=(page[-1].at, page[-1].number))
    assert [one.said.id for one in reading.list_carts(tx, 1, rest, 9)] == ["c1", "c0"]


def test_a_cart_tells_which_events_spoke_of_it(tx: Connection) -> None:
    first, second = says(cart("c", at=5)), says(cart("c", at=2))
    run(tx, first, second)
    found = reading.cart(tx, 1, first.event_id)
    assert found is not None
    assert (found[0].brand_id, found[1]) == (SHOP, [(5, first.event_id), (2, second.event_id)])
    assert reading.cart(tx, 2, first.event_id) is None
