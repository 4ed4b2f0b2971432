"""Telephone numbers as identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.kit import phone


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+49 30 123456", None, "+4930123456"),
        ("030 / 12 34 56", "DE", "+4930123456"),
        ("030 123456", "de", "+4930123456"),
        ("0049 30 123456", None, "+4930123456"),
        ("0048 22 123 45 67", "DE", "+48221234567"),
        ("(555) 555-0100", "US", "+15555550100"),
        ("+1 555 555 0100", "PL", "+15555550100"),
        ("030 123456", None, None),
        ("030 123456", "XX", None),
        ("12", "DE", None),
        ("hello", "DE", None),
        ("", "DE", None),
        ("+" + "1" * 50, None, None),
    ],
)
def test_normalise(text: str, country: str | None, expected: str | None) -> None:
    assert phone.normalise(text, country) == expected


@given(st.text(), st.sampled_from([None, "DE", "US", "??"]))
def test_never_fails(text: str, country: str | None) -> None:
    phone.normalise(text, country)
