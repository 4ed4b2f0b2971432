"""Amounts: what counts as one, exactly."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.kit import amounts


@pytest.mark.parametrize(
    ("stated", "amount"),
    [
        (25, "25"),
        (Decimal("25.10"), "25.10"),
        ("25.00", "25.00"),
        ("$1,250.5", "1250.5"),
        ("1,250", "1250"),
        ("1.250,50", "1250.50"),
        ("12,5", "12.5"),
        ("€ 5", "5"),
        ("5 EUR", "5"),
        ("-3", "-3"),
        (Decimal("1E+3"), "1E+3"),
        (Decimal("1.12345600"), "1.12345600"),
        (Decimal("0.00000000"), "0"),
        (999_999_999_999_999, "999999999999999"),
        (10**15, None),
        (Decimal("1.1234567"), None),
        ("a lot", None),
        ("", None),
        ("1,2,3", None),
        ("1" * 50, None),
        ("NaN", None),
        ("1e99", None),
        (True, None),
        (None, None),
        ([25], None),
    ],
)
def test_amounts(stated: Any, amount: str | None) -> None:
    assert amounts.parse(stated) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("stated", "named"),
    [
        ("5 EUR", True),
        ("€ 5", True),
        ("eur5", True),
        ("$5", False),
        ("5", False),
        ("1e5", False),
        (5, False),
        (None, False),
    ],
)
def test_named_currencies(stated: Any, named: bool) -> None:
    assert amounts.names_currency(stated) is named


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6) | st.integers().map(Decimal))
def test_what_is_written_is_exact_and_has_no_exponent(amount: Decimal) -> None:
    text = amounts.write(amount)
    assert "E" not in text
    assert (Decimal(text), text) == (amount, format(amount, "f"))


def test_tiny_and_large_amounts_have_no_exponent_either() -> None:
    assert [amounts.write(Decimal(text)) for text in ("1E-7", "1E+3", "-2E+1")] == ["0.0000001", "1000", "-20"]
    assert amounts.parse(10**15) is None
    assert amounts.parse(-(10**15) + 1) == -(10**15) + 1
