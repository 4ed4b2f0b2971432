"""What an event counts towards the lifetime value: its ``revenue``, unless it is about an order."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tidings.events.model import Members

DEFAULT_CURRENCY = "USD"  # documented

_LIMIT = Decimal(10) ** 15
_DECIMALS = 6
_DECORATION = re.compile(
    r"[\s'\u2019]|^[A-Za-z]{3}|[A-Za-z]{3}$|[$\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba\u20aa\u0e3f]"
)
_NAMED = re.compile(r"[A-Za-z]{3}|[\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba\u20aa\u0e3f]")  # $ is many currencies
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_ENGLISH = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_CONTINENTAL = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+,\d*|\d+,\d{1,2})", re.ASCII)
_CURRENCY = re.compile(r"[A-Za-z]{3}", re.ASCII)
_LONGEST = 40

_ORDER_WORDS = (
    ("order", "completed"),
    ("order", "updated"),
    ("order", "refunded"),
    ("order", "cancelled"),
    ("order", "canceled"),
    ("checkout", "started"),
    ("order", "started"),
)
_ORDER_EVENTS = frozenset(a + b for words in _ORDER_WORDS for a, b in (words, words[::-1]))
_SEPARATORS = str.maketrans("", "", " _-")


@lru_cache(maxsize=2048)
def is_order(event: str) -> bool:
    """Tell whether an event is about an order or a checkout, whose revenue is counted there.

    The whole name counts, in both word orders, whatever its case, blanks, ``_`` and ``-`` (e-commerce events v2).

    Args:
        event: Name of a track event.
    """
    return len(event) < 100 and event.lower().translate(_SEPARATORS) in _ORDER_EVENTS


def value_of(properties: Members, default: str, notes: list[str]) -> tuple[Decimal | None, str | None]:
    """Return the amount and the currency that an event counts, both None where it counts nothing.

    Args:
        properties: Of a track event.
        default: Currency where the event names none.
        notes: Receives a remark on an amount or currency that cannot be used.
    """
    stated = properties["revenue"]
    if stated is None or stated == "":
        return None, None
    amount = parse(stated)
    if amount is None:
        notes.append(f"no usable revenue: {str(stated)[:100]}")
        return None, None
    currency = properties.get("currency")
    if currency is None or currency == "":
        if isinstance(stated, str) and _NAMED.search(stated):
            notes.append(f"revenue names a currency, currency does not: {stated}")
            return None, None
        return amount, default
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency.strip()):
        notes.append(f"no usable currency: {str(currency)[:100]}")
        return None, None
    return amount, currency.strip().upper()


def parse(stated: Any) -> Decimal | None:
    """Read an amount, also as text with a currency sign and thousands separators.

    Args:
        stated: A decoded JSON value: ``25``, ``"25.00"``, ``"$1,250.5"``, ``"1.250,50 EUR"``.

    Returns:
        The exact amount below 10^15 with at most 6 decimals; None where there is no such amount.
    """
    if type(stated) is Decimal or type(stated) is int:
        amount = Decimal(stated)
    elif isinstance(stated, str) and len(stated) <= _LONGEST:
        text = _DECORATION.sub("", stated.strip())
        if _ENGLISH.fullmatch(text):
            text = text.replace(",", "")
        elif _CONTINENTAL.fullmatch(text):
            text = text.replace(".", "").replace(",", ".")
        if not _PLAIN.fullmatch(text):
            return None
        amount = Decimal(text)
    else:
        return None
    if not amount.is_finite() or amount.copy_abs() >= _LIMIT:
        return None
    return amount if _decimals(amount) <= _DECIMALS else None


def _decimals(amount: Decimal) -> int:
    _, digits, exponent = amount.as_tuple()
    if not amount or not isinstance(exponent, int) or exponent >= -_DECIMALS:
        return 0
    places = -exponent
    for digit in reversed(digits):
        if digit or not places:
            break
        places -= 1
    return places
