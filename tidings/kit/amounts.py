"""Amounts of money as clients write them."""

import re
from decimal import Decimal
from typing import Any

_LIMIT = Decimal(10) ** 15
_WHOLE_LIMIT = 10**15  # the same, to compare whole numbers with
_SMALLEST = Decimal("0.000001")
_DECORATION = re.compile(
    r"[\s'\u2019]|^[A-Za-z]{3}|[A-Za-z]{3}$|[$\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba\u20aa\u0e3f]"
)
_NAMED = re.compile(r"[A-Za-z]{3}|[\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba\u20aa\u0e3f]")  # $ is many currencies
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_ENGLISH = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_CONTINENTAL = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+,\d*|\d+,\d{1,2})", re.ASCII)
_LONGEST = 40


def parse(stated: Any) -> Decimal | None:
    """Read an amount, also as text with a currency sign and thousands separators.

    Args:
        stated: A decoded JSON value: ``25``, ``"25.00"``, ``"$1,250.5"``, ``"1.250,50 EUR"``.

    Returns:
        The exact amount below 10^15 with at most 6 decimals; None where there is no such amount.
    """
    if type(stated) is Decimal:
        amount = stated
    elif type(stated) is int:
        return Decimal(stated) if -_WHOLE_LIMIT < stated < _WHOLE_LIMIT else None
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
    return amount if is_one(amount) else None


def write(amount: Decimal) -> str:
    """Return an exact amount as text without an exponent; a third of what ``format`` takes.

    Args:
        amount: A finite number.
    """
    text = str(amount)
    return text if "E" not in text else format(amount, "f")


def is_one(number: Decimal) -> bool:
    """Tell whether a number is within the bounds of amounts: finite, below 10^15, at most 6 decimals."""
    return number.is_finite() and number.copy_abs() < _LIMIT and not number % _SMALLEST


def names_currency(stated: Any) -> bool:
    """Tell whether an amount as text says in which currency it is; ``$`` does not, since many have it.

    Args:
        stated: A decoded JSON value.
    """
    return isinstance(stated, str) and _NAMED.search(stated) is not None
