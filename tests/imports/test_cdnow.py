"""The public CDNOW transaction log."""

from decimal import Decimal

import pytest

from tests.imports.files import read
from tests.imports.test_orders import order
from tidings.events.reports import Line
from tidings.imports.model import Unusable
from tidings.kit import times


def test_a_purchase() -> None:
    event = read("cdnow", " 00001 19970101  2   11.77\n", currency="USD", zone="America/New_York").only
    found = order(event)
    assert (event.verb, event.name, event.message_id) == ("track", "orders/create", "import:x:1")
    assert (event.user_id, event.time) == ("00001", times.parse("1997-01-01T05:00:00Z"))
    assert (found.id, found.at, found.placed_at) == ("cdnow-abababababab-1", event.time, event.time)
    assert (found.total, found.currency, found.lines) == (Decimal("11.77"), "USD", [Line(quantity=Decimal(2))])


def test_two_purchases_of_one_day_are_two() -> None:
    found = read("cdnow", "1 19970101 1 5.00\n1 19970101 1 5.00\n")
    assert len({event.message_id for event in found.events}) == 2
    assert len({order(event).id for event in found.events}) == 2
    assert found.rounds[-1].totals == {"EUR": Decimal(10)}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1 19970101 1", "3 values, not 4"),
        ("1 19970229 1 5", "'19970229' is no day"),
        ("1 1997-01-01 1 5", "is no day"),
        ("1 19970101 x 5", "'x' is no quantity"),
        ("1 19970101 -1 5", "is no quantity"),
        ("1 19970101 1 -5", "'-5' is no amount"),
        ("00000 19970101 1 5", "names nobody"),
    ],
)
def test_lines_that_cannot_be_used(line: str, reason: str) -> None:
    found = read("cdnow", f"{line}\n2 19970101 1 5\n")
    assert reason in found.reasons[1]
    assert len(found.events) == 1


def test_there_are_no_columns_to_be_named() -> None:
    with pytest.raises(Unusable, match="no columns"):
        read("cdnow", "", {"a": "id"})


def test_an_empty_file_is_done_at_once() -> None:
    (only,) = read("cdnow", b"").rounds
    assert (only.ended, only.payloads, only.lines) == (True, [], 0)
