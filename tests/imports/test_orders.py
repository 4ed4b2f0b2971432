"""Files of orders, one line for each position."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tests.imports.files import read
from tidings.events.model import Event
from tidings.events.reports import Line, OrderReport, Statement
from tidings.imports import grouping
from tidings.kit import times

HEAD = "order_id,order_created_at,sku,quantity,price\n"


def order(event: Event) -> OrderReport:
    assert event.commerce is not None
    assert event.commerce.order is not None
    return event.commerce.order


def test_the_columns_of_an_sftp_export() -> None:
    event = read(
        "orders",
        "order_id,order_created_at,order_status,order_financial_status,order_modified_at,order_currency,"
        "order_subtotal,order_shipping,order_discount,order_total,customer_id,email,item_id,item_name,item_quantity,"
        "item_price,item_color,gift\n"
        "000012,2024-03-01T10:00:00+01:00,shipped,paid,2024-03-02,eur,15.00,4,-1.50,17.50,77,a@b.example,9,Mug,2,"
        "5.00,blue,yes\n"
        "000012,2024-03-01T10:00:00+01:00,shipped,paid,2024-03-02,eur,15.00,4,-1.50,17.50,77,a@b.example,10,Cup,1,"
        "5.00,,yes\n",
    ).only
    found = order(event)
    assert (event.verb, event.name, event.message_id) == ("track", "orders/create", "import:x:2")
    assert (event.user_id, event.email, event.time) == ("77", "a@b.example", times.parse("2024-03-01T09:00:00Z"))
    assert (found.id, found.at, found.placed_at) == ("000012", times.parse("2024-03-02"), event.time)
    assert (found.currency, found.status, found.financial_status) == ("EUR", "shipped", "paid")
    assert [found.subtotal, found.shipping, found.discounts, found.total] == list(
        map(Decimal, ("15.00", "4", "1.50", "17.50"))
    )
    assert found.lines == [
        Line(product_id="9", name="Mug", quantity=Decimal(2), price=Decimal(5), extra={"item_color": "blue"}),
        Line(product_id="10", name="Cup", quantity=Decimal(1), price=Decimal(5)),
    ]
    assert found.extra == {"gift": "yes"}
    assert (found.tax, found.note, found.cancelled) == (UNSET, UNSET, UNSET)


def test_an_export_that_says_the_order_only_in_its_first_line() -> None:
    found = read(
        "orders",
        "Name,Email,Financial Status,Accepts Marketing,Currency,Total,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem price,Lineitem sku,Cancelled at,Id\n"
        "#1001,a@b.example,paid,yes,USD,30.00,2024-03-01 10:00:00 -0500,1,Mug,10.00,M,,500\n"
        "#1001,a@b.example,,,,,,2,Cup,10.00,C,,\n"
        "#1002,b@b.example,voided,no,USD,5.00,2024-03-01 10:00:00 -0500,1,Mug,5.00,M,2024-03-02 10:00:00 -0500,501\n",
    )
    first, second = found.events
    assert found.refused == []
    assert (order(first).id, order(first).number, order(first).total) == ("500", "#1001", Decimal(30))
    assert isinstance(lines := order(first).lines, list)
    assert [line.sku for line in lines] == ["M", "C"]
    assert first.statements == [Statement(channel="email", wish="yes")]
    assert (order(second).id, order(second).cancelled) == ("501", True)


def test_what_is_not_stated_follows_from_the_lines() -> None:
    found = order(read("orders", HEAD + "1,2024-03-01,a,3,0.10\n1,2024-03-01,b,1,0.20\n").only)
    assert (found.subtotal, found.total, found.currency) == (Decimal("0.50"), Decimal("0.50"), "EUR")
    text = "id,date,sku,price,item_discount,shipping\n1,2024-03-01,a,10,1,2\n1,2024-03-01,b,5,0.50,2\n"
    found = order(read("orders", text).only)
    assert (found.subtotal, found.discounts, found.total) == (Decimal(15), Decimal("1.50"), Decimal("15.50"))
    found = order(read("orders", "id,date,sku,price\n1,2024-03-01,a,10\n1,2024-03-01,b,\n").only)
    assert (found.subtotal, found.total) == (UNSET, UNSET)


def test_an_order_without_positions_says_nothing_of_them() -> None:
    found = order(read("orders", "id,date,total\n1,2024-03-01,10.00 USD\n").only)
    assert (found.lines, found.total, found.currency) == (UNSET, Decimal(10), "USD")


def test_an_order_that_begins_again_is_refused_and_nothing_of_it_is_lost_silently() -> None:
    found = read("orders", HEAD + "1,2024-03-01,a,1,1\n2,2024-03-01,b,1,1\n1,2024-03-01,c,1,1\n1,2024-03-01,d,1,1\n")
    assert [order(event).id for event in found.events] == ["1", "2"]
    assert found.reasons == dict.fromkeys((4, 5), "order '1' has ended above: sort the file by order")


def test_one_bad_line_refuses_its_whole_order_and_no_other() -> None:
    text = HEAD + "1,2024-03-01,a,1,1\n2,2024-03-01,b,1,1\n2,2024-03-01,c,x,1\n3,2024-03-01,d,1,1\n"
    found = read("orders", text)
    assert [order(event).id for event in found.events] == ["1", "3"]
    assert found.reasons == dict.fromkeys((3, 4), "quantity: 'x' is no quantity")
    assert found.rounds[-1].taken == 2


def test_an_unreadable_line_among_those_of_an_order_refuses_it() -> None:
    found = read("orders", HEAD + "1,2024-03-01,a,1,1\nbroken\n1,2024-03-01,c,1,1\n2,2024-03-01,d,1,1\nbroken\n")
    assert [order(event).id for event in found.events] == ["2"]
    assert found.reasons.keys() == {2, 3, 4, 6}
    assert found.reasons[2] == "line 3, among those of the order, cannot be read"
    assert found.reasons[3] == found.reasons[6] == "1 values for 5 columns"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,date,total\n1,2024-03-01,5\n1,2024-03-01,6\n", "contradict each other"),
        ("id,date,total,currency\n1,2024-03-01,5 USD,EUR\n", "is not in EUR"),
        ("id,date,sku,price\n1,2024-03-01,a,5 USD\n1,2024-03-01,b,5 EUR\n", "several currencies: EUR, USD"),
        ("id,date,total\n1,,5\n", "when the order was placed"),
        ("id,date,total\n,2024-03-01,5\n", "names no order"),
        ("id,date,email\n1,2024-03-01,nobody\n", "no mail address"),
    ],
)
def test_orders_that_cannot_be_used(text: str, reason: str) -> None:
    found = read("orders", text)
    assert found.events == []
    assert all(reason in one for one in found.reasons.values())
    assert len(found.reasons) == text.count("\n") - 1


def test_an_order_with_too_many_lines_is_refused_wholly() -> None:
    many = "1,2024-03-01,a,1,1\n" * (3 * grouping.MOST_LINES)
    found = read("orders", HEAD + many + "2,2024-03-01,a,1,1\n")
    assert [order(event).id for event in found.events] == ["2"]
    assert set(found.reasons.values()) == {grouping.TOO_LARGE}
    assert len(found.reasons) == 3 * grouping.MOST_LINES


def test_many_unreadable_lines_are_not_kept_in_memory() -> None:
    found = read("orders", HEAD + "1,2024-03-01,a,1,1\n" + "broken\n" * 500 + "1,2024-03-01,b,1,1\n")
    assert [order(event).id for event in found.events] == ["1"]
    assert "has ended above" in found.reasons[503]


def test_a_guest_has_no_profile() -> None:
    event = read("orders", "id,date,customer_id,accepts_marketing\n1,2024-03-01,0,yes\n").only
    assert (event.user_id, event.statements, event.traits) == (None, [], {})


@given(st.lists(st.integers(0, 400), max_size=600))
def test_what_is_known_is_what_was_added(numbers: list[int]) -> None:
    known, reference = grouping.Known(), set[int]()
    known.RECENT = 16
    for number in numbers:
        assert known.add(str(number)) is (number not in reference)
        reference.add(number)


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=30))
def test_every_line_is_taken_or_refused_and_an_order_is_whole_or_not_there(lines: list[tuple[int, bool]]) -> None:
    text = "".join(f"{number},2024-03-01,a,1,1\n" if good else "broken\n" for number, good in lines)
    found = read("orders", HEAD + text)
    assert sum(one.taken for one in found.rounds) + len(found.refused) == len(lines)
    assert len(found.reasons) == len(found.refused)
    ids = [order(event).id for event in found.events]
    assert len(set(ids)) == len(ids)
