"""Moments as clients write them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.kit import times

TEN = 1_709_287_200_000  # 2024-03-01T10:00:00Z


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2024-03-01T10:00:00.000Z", TEN),
        ("2024-03-01T10:00:00Z", TEN),
        ("2024-03-01T10:00Z", TEN),
        ("2024-03-01T10:00:00+00:00", TEN),
        ("2024-03-01T10:00:00.123+00:00", TEN + 123),
        ("2024-03-01T10:00:00.123999+00:00", TEN + 123),
        ("2024-03-01T15:30:00+05:30", TEN),
        ("2024-03-01T12:00:00.1234567+02:00", TEN + 123),
        ("2024-03-01T02:00:00.123456789-08:00", TEN + 123),
        ("2024-03-01 10:00:00", TEN),
        ("2024-03-01 10:00:00 UTC", TEN),
        ("2024-03-01T10:00:00+0000", TEN),
        ("2024-03-01T10:00:00", TEN),
        ("2024-03-01", TEN - 36_000_000),
        ("2024-3-1T10:00:00Z", TEN),
        ("2015-2-02T03:04:05.6Z", 1_422_846_245_600),
        ("2024-03-01T09:59:60Z", TEN),
        ("20240301T100000Z", TEN),
        ("20240301", TEN - 36_000_000),
        (" 2024-03-01T10:00:00Z ", TEN),
        ("1709287200", TEN),
        ("1709287200123", TEN + 123),
        ("1612101200123", 1_612_101_200_123),
        (1_709_287_200, TEN),
        (1_709_287_200_123, TEN + 123),
        (99_999_999_999, 99_999_999_999_000),
        (100_000_000_000, 100_000_000_000),
        (Decimal("1709287200.5"), TEN + 500),
        ("1969-12-31T23:59:59.999Z", -1),
        ("", None),
        ("yesterday", None),
        ("2024-13-01T00:00:00Z", None),
        ("2024-03-01T10:00:61Z", None),
        ("2024-03-01T10:00:00+99:00", None),
        ("2" * 1000, None),
        (10**30, None),
        (Decimal("1E+300"), None),
        (True, None),
        (None, None),
        ({}, None),
    ],
)
def test_parse(moment: Any, expected: int | None) -> None:
    assert times.parse(moment) == expected


@given(st.text() | st.integers() | st.decimals())
def test_parse_never_fails(moment: str | int | Decimal) -> None:
    found = times.parse(moment)
    times.iso(times.event_time(found, None, TEN, correct=True))


@pytest.mark.parametrize(
    ("original", "sent", "received", "correct", "expected"),
    [
        (TEN - 7_200_000, TEN - 7_193_000, TEN + 7_400, True, TEN + 400),  # the documented worked example
        (None, TEN, TEN, True, TEN),
        (TEN - 5_000, None, TEN, True, TEN - 5_000),
        (TEN - 5_000, TEN - 60_000, TEN, True, TEN - 5_000),
        (TEN - 65_000, TEN - 60_001, TEN, True, TEN - 4_999),
        (TEN - 65_000, TEN + 60_000, TEN, True, TEN - 65_000),
        (TEN + 65_000, TEN + 70_000, TEN, True, TEN - 5_000),
        (TEN - 65_000, TEN - 60_001, TEN, False, TEN - 65_000),
        (TEN + 90_000_000, None, TEN, True, TEN),
        (TEN + 1, None, TEN, True, TEN),
        (times.EARLIEST, times.LATEST, TEN, True, times.EARLIEST),
    ],
)
def test_event_time(original: int | None, sent: int | None, received: int, correct: bool, expected: int) -> None:
    assert times.event_time(original, sent, received, correct) == expected


def test_iso() -> None:
    assert times.iso(TEN + 7) == "2024-03-01T10:00:00.007Z"
    assert times.iso(times.EARLIEST) == "0001-01-01T00:00:00.000Z"
    assert times.iso(times.LATEST) == "9999-12-31T23:59:59.999Z"
    assert times.parse(times.iso(-1)) == -1
