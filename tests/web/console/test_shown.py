"""How values are written for people."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tidings.kit.times import EARLIEST, LATEST
from tidings.web.console import shown

NOW = 1_772_362_800_000  # 2026-03-01T11:00:00Z
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_moment_is_shown_in_the_zone() -> None:
    text = str(shown.moment(NOW - 180_000, BERLIN, NOW))
    assert '<time datetime="2026-03-01T10:57:00.000Z" title="3 minutes ago (Europe/Berlin)">' in text
    assert ">1 Mar 2026, 11:57:00<" in text
    assert str(shown.moment("2026-03-01T10:57:00.000Z", BERLIN, NOW)) == text
    assert ">11:57:00<" in str(shown.moment(NOW - 180_000, BERLIN, NOW, short=True))
    assert ">28 Feb 2026, 12:00:00<" in str(shown.moment(NOW - 86_400_000, BERLIN, NOW, short=True))


@pytest.mark.parametrize("at", [None, EARLIEST, LATEST, "nonsense", "<b>", "9999-12-31T23:59:59Z"])
def test_a_moment_at_the_edge_of_time_is_no_failure(at: int | str | None) -> None:
    assert "<b>" not in str(shown.moment(at, BERLIN, NOW))
    assert str(shown.moment(at, ZoneInfo("Pacific/Kiritimati"), NOW))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (59, "59 seconds ago"), (60, "1 minute ago"), (7200, "2 hours ago"), (-90, "in 1 minute"),
     (86_400 * 3, "3 days ago"), (86_400 * 70, "2 months ago"), (86_400 * 800, "2 years ago")],
)  # fmt: skip
def test_how_long_ago(seconds: int, words: str) -> None:
    assert shown.ago(NOW - seconds * 1000, NOW) == words


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("12.5", "EUR", "12.50\xa0EUR"),
        (Decimal("1234567.891"), "USD", "1\u202f234\u202f567.891\xa0USD"),
        (Decimal(100), None, "100.00"),
        ("-0.000001", "JPY", "-0.000001\xa0JPY"),
        (None, "EUR", "–"),
        ("NaN", "EUR", "NaN"),
        ("<b>", "EUR", "<b>"),  # text: the template escapes it
    ],
)
def test_an_amount_loses_nothing(value: Decimal | str | None, currency: str | None, text: str) -> None:
    assert shown.money(value, currency) == text


def test_numbers_and_json() -> None:
    assert shown.number(1234567) == "1\u202f234\u202f567"
    assert shown.number(None) == "–"
    assert shown.pretty({"a": Decimal("1.10")}) == '{\n  "a": 1.10\n}'
    assert shown.pretty('{"a":1}') == '{\n  "a": 1\n}'
    assert shown.pretty("{broken") == "{broken"
    assert shown.pretty(b"\xff") == "\ufffd"
    assert shown.words("user.role_changed") == "user role changed"
    assert shown.size(2048) == "2 KiB"
