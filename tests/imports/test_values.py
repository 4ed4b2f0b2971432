"""Values of cells: exact, or refused with the name of the column."""

from decimal import Decimal

import pytest

from tidings.imports.columns import Columns
from tidings.imports.model import Unusable
from tidings.imports.values import Cells, moment_of
from tidings.kit.times import iso


def cell(text: str, zone: str = "UTC") -> Cells:
    return Cells({"x": text} if text else {}, Columns(["The X"], {"x": 0}, {}), zone)


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2024-03-01", "UTC", "2024-03-01T00:00:00.000Z"),
        ("2024-03-01", "Europe/Berlin", "2024-02-29T23:00:00.000Z"),
        ("2024-07-01 12:00:00", "Europe/Berlin", "2024-07-01T10:00:00.000Z"),
        ("20240701", "America/New_York", "2024-07-01T04:00:00.000Z"),
        ("2024-07-01 12:00:00 +0200", "America/New_York", "2024-07-01T10:00:00.000Z"),
        ("2024-07-01T12:00:00Z", "America/New_York", "2024-07-01T12:00:00.000Z"),
        ("2024-07-01T12:00:00.5+00:00", "America/New_York", "2024-07-01T12:00:00.500Z"),
        ("2024-07-01 12:00 UTC", "America/New_York", "2024-07-01T12:00:00.000Z"),
        ("1719835200", "America/New_York", "2024-07-01T12:00:00.000Z"),
    ],
)
def test_moments_without_a_zone_are_those_of_the_workspace(text: str, zone: str, moment: str) -> None:
    found = moment_of(text, zone)
    assert found is not None
    assert iso(found) == moment


@pytest.mark.parametrize("text", ["31.02.2024", "02/03/2024", "yesterday", "2024-13-01", "0001-01-01x"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Unusable, match=r"The X: .* is no moment"):
        cell(text).moment("x")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31 23:59:59"])
def test_the_ends_of_time_break_nothing(text: str, zone: str) -> None:
    moment_of(text, zone)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("19.90 USD", "19.90", "USD"),
        ("eur 1.234,50", "1234.50", "EUR"),
        ("0.10", "0.10", None),
        ("$5", "5", None),
        ("-3", "-3", None),
    ],
)
def test_money(text: str, amount: str, currency: str | None) -> None:
    assert cell(text).money("x") == (Decimal(amount), currency)


@pytest.mark.parametrize("text", ["abc", "1,2,3", "1e99", "NaN", "€ 5", "0.0000001"])
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(Unusable, match="The X"):
        cell(text).money("x")


@pytest.mark.parametrize(
    ("text", "flag"),
    [("1", True), ("YES", True), ("subscribed", True), ("0", False), ("No", False), ("", None), ("NULL", None)],
)
def test_flags(text: str, flag: bool | None) -> None:
    assert cell(text).flag("x") is flag


def test_a_flag_that_is_neither_is_refused() -> None:
    with pytest.raises(Unusable, match="neither yes nor no"):
        cell("maybe").flag("x")


@pytest.mark.parametrize("text", ["-1", "many", "1 2 x"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(Unusable, match="no quantity"):
        cell(text).quantity("x")


def test_items_are_those_between_separators_once_each() -> None:
    assert cell("a; b,,a ;c").items("x", ",;") == ["a", "b", "c"]


def test_a_long_value_is_cut_in_the_reason() -> None:
    with pytest.raises(Unusable) as caught:
        cell("x" * 5000).email("x")
    assert len(str(caught.value)) < 120
