"""What an event counts towards the lifetime value: its ``revenue``, unless it is about an order."""

import re
from decimal import Decimal
from functools import lru_cache

from tidings.events.model import Members
from tidings.kit import amounts

DEFAULT_CURRENCY = "USD"  # documented

_CURRENCY = re.compile(r"[A-Za-z]{3}", re.ASCII)

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
    amount = amounts.parse(stated)
    if amount is None:
        notes.append(f"no usable revenue: {str(stated)[:100]}")
        return None, None
    currency = properties.get("currency")
    if currency is None or currency == "":
        if amounts.names_currency(stated):
            notes.append(f"revenue names a currency, currency does not: {stated}")
            return None, None
        return amount, default
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency.strip()):
        notes.append(f"no usable currency: {str(currency)[:100]}")
        return None, None
    return amount, currency.strip().upper()
