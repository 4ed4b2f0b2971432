"""What orders are worth, what is in a cart, what a product's stock is."""

from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest

from tests.commerce.shop import line
from tidings.commerce import rules
from tidings.commerce.model import Change, Given, Lines, Members, OrderState
from tidings.events.reports import CartReport, OrderReport, ProductReport, Refund, VariantReport


def worth(order: OrderReport, *refunds: str | None) -> Any:
    state = OrderState([])
    for i, amount in enumerate(refunds):
        rules.refund(state, Given(i, "m", None if amount is None else Decimal(amount), []))
    return rules.worth(order, state, "EUR")


def placed(**members: Any) -> OrderReport:
    return OrderReport(id="o", at=1, **members)


@pytest.mark.parametrize(
    ("members", "revenue"),
    [
        ({"total": Decimal("22.10"), "lines": [line(price=1)]}, "22.10"),
        ({"total": Decimal(0), "lines": [line(price=1)]}, "0"),
        ({"lines": [line(quantity=2, price="7.50"), line("b", price=1, discount=Decimal("0.25"))]}, "15.75"),
        ({"lines": [line(price=10)], "shipping": Decimal(4), "tax": Decimal(3), "discounts": Decimal(-5)}, "12"),
        ({"lines": [line(price=10)], "shipping": None, "total": None}, "10"),
        ({"lines": [line()]}, None),
        ({"lines": []}, None),
        ({}, None),
    ],
)
def test_revenue_is_the_total_or_what_the_lines_come_to(members: dict[str, Any], revenue: str | None) -> None:
    assert worth(placed(**members)).revenue == (None if revenue is None else Decimal(revenue))


def test_money_is_exact() -> None:
    quantity, price = "123456789012345.000001", "999999999999999.999999"
    revenue = worth(placed(lines=[line(quantity=quantity, price=price)])).revenue
    assert Fraction(revenue) == Fraction(quantity) * Fraction(price)


@pytest.mark.parametrize(
    ("total", "refunds", "expected"),
    [
        ("10", ("3", "4.5"), "7.5"),
        ("10", ("3", "9"), "10"),
        ("10", (None,), "10"),
        ("10", ("3", None), "10"),
        (None, ("3",), "3"),
        (None, (None,), "0"),
        ("0", ("3",), "0"),
    ],
)
def test_no_more_is_refunded_than_was_paid(total: str | None, refunds: tuple[str | None, ...], expected: str) -> None:
    order = placed() if total is None else placed(total=Decimal(total))
    assert worth(order, *refunds).refunded == Decimal(expected)


@pytest.mark.parametrize("name", ["test", "cancelled", "deleted"])
def test_what_is_not_counted(name: str) -> None:
    assert not worth(placed(**{name: True})).counted
    assert worth(placed(**{name: False})).counted


def test_refunds_beyond_the_bound_are_kept_as_their_sum() -> None:
    given = [Given(at, "m", Decimal("0.01"), []) for at in range(rules.REFUNDS + 50)]
    states = [OrderState([]), OrderState([])]
    for state, order in zip(states, (given, given[::-1]), strict=True):
        for one in order:
            rules.refund(state, one)
    assert states[0] == states[1]
    assert len(states[0].given) == rules.REFUNDS
    assert rules.worth(placed(total=Decimal(9)), states[0], "").refunded == Decimal("2.50")


def test_amounts_that_are_taken_off_are_absolute() -> None:
    report = placed(discounts=Decimal("-2"), lines=[line(discount=Decimal("-1"))])
    assert rules.told(report, 0) == {"discounts": 2, "lines": [{"product_id": "mug", "quantity": 1, "discount": 1}]}
    assert rules.given_back(Refund(amount=Decimal(-3)), 1, "m").amount == 3


def test_extra_members_and_owner_are_members_like_any_other() -> None:
    report = placed(note=None, extra={"weight": Decimal("1.10"), "a:b": None})
    said = rules.told(report, 7)
    assert said == {"note": None, "extra:weight": Decimal("1.10"), "extra:a:b": None, "profile": 7}
    assert rules.order_of("o", 1, said) == report


def change(at: int, quantity: int, product: str = "mug", rank: int = 1) -> Change:
    return Change(rank, at, "m", {"product_id": product, "quantity": Decimal(quantity)})


def contents(lines: Lines | None, *changes: Change, ordered: int | None = None) -> dict[str, int] | None:
    found = rules.folded(lines, changes, ordered)
    return None if found is None else {one["product_id"]: int(rules.quantity(one)) for one in found}


def full(at: int, rank: int = 1, **quantities: int) -> Lines:
    lines: list[Members] = [{"product_id": name, "quantity": amount} for name, amount in quantities.items()]
    return Lines(rank, at, "m", lines)


def test_what_changes_make_of_a_cart() -> None:
    assert contents(None) is None
    assert contents(full(5, mug=1)) == {"mug": 1}
    assert contents(None, change(1, 2), change(2, 1, "cup"), change(3, -1)) == {"mug": 1, "cup": 1}
    assert contents(full(5, mug=1), change(4, 9), change(5, 9), change(6, 2)) == {"mug": 3}
    assert contents(None, change(1, 1), change(2, -5), change(3, 1)) == {"mug": 1}  # never below nothing
    assert contents(full(1, rank=1), change(2, 1, rank=0)) == {}  # a browser does not change what a server stated
    assert contents(full(1, rank=0), change(2, 1, rank=1)) == {"mug": 1}


def test_an_order_takes_away_what_came_before_it() -> None:
    assert contents(None, change(1, 2), change(5, 1, "cup"), ordered=3) == {"cup": 1}
    assert contents(full(1, mug=4), change(5, 1, "cup"), ordered=3) == {"cup": 1}
    assert contents(full(4, mug=4), change(5, 1, "cup"), ordered=3) == {"mug": 4, "cup": 1}
    assert contents(None, change(1, 2), ordered=3) == {"mug": 2}  # nothing has happened since


def test_a_change_brings_what_it_says_of_the_position() -> None:
    first = {"product_id": "mug", "name": "Mug", "price": Decimal(5), "quantity": Decimal(1)}
    more = {"product_id": "mug", "price": Decimal(6), "quantity": Decimal(2)}
    less = {"product_id": "mug", "price": Decimal(9), "quantity": Decimal(-1)}
    found = rules.folded(None, [Change(1, i, "m", one) for i, one in enumerate([first, more, less])], None)
    assert found == [{"product_id": "mug", "name": "Mug", "price": Decimal(6), "quantity": Decimal(2)}]


def test_a_changed_cart_costs_what_its_lines_cost() -> None:
    cart = CartReport(at=1, total=Decimal(50), lines=[line(quantity=2, price=5)])
    assert rules.cost(cart, changed=False) == 50
    assert rules.cost(cart, changed=True) == 10


def test_variants_have_members_of_their_own() -> None:
    told = ProductReport(
        id="mug",
        at=1,
        variants=[
            VariantReport(id="a:1", price=Decimal("7.5"), stock=Decimal(3)),
            VariantReport(id="b", stock=None, extra={"weight": 1}),
        ],
    )
    said = rules.told(told, 0)
    assert said["variants"] == ["a:1", "b"]
    assert said["variant:price:a:1"] == Decimal("7.5")
    assert rules.product_of("mug", 1, said) == told
    assert rules.stocks(said) == {"a:1": 3, "b": None}


@pytest.mark.parametrize(
    ("known", "total"),
    [({}, None), ({"": Decimal(0)}, 0), ({"a": Decimal(2), "b": Decimal(-1)}, 2), ({"a": Decimal(0), "b": None}, None)],
)
def test_a_stock_that_is_not_tracked_is_not_nothing(known: dict[str, Decimal | None], total: int | None) -> None:
    assert rules.total_stock(known) == total


def test_a_sighting_is_the_first_one_of_the_newest_day() -> None:
    at = [5, 9, rules.DAY + 7, rules.DAY + 3]
    best = max(at, key=lambda one: rules.sighting(one, "m"))
    assert best == rules.DAY + 3
    assert all(rules.sighted_at(*rules.sighting(one, "m")) == one for one in at)


def test_a_text_with_a_nul_is_found_again() -> None:
    assert rules.plain("a\0b") == "a\N{REPLACEMENT CHARACTER}b"


def test_changes_keep_their_order_whatever_they_arrive_in() -> None:
    made = [change(1, 1), change(2, -1), change(3, 2)]
    for arrived in permutations(made):
        assert contents(None, *sorted(arrived, key=lambda one: one[1:3])) == {"mug": 2}
