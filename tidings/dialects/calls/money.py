"""Amounts and currencies among the members of an event; what cannot be used becomes a remark, never a refusal."""

from decimal import Decimal
from typing import Any

from tidings.kit import amounts

_MOST_NOTES = 20  # on one event: a long list of odd lines need not be told in full


def amount(stated: Any, field: str, notes: list[str]) -> Decimal | None:
    """Return an amount, None where there is none that can be used.

    Args:
        stated: A decoded JSON value; None says that nothing was stated.
        field: Name of the member, for the remark.
        notes: Receives a remark on an amount that cannot be used.
    """
    if stated is None:
        return None
    found = amounts.parse(stated)
    if found is None:
        note(notes, f"no usable {field}: {str(stated)[:100]}")
    return found


def currency(stated: Any, notes: list[str]) -> str | None:
    """Return a currency by its three letters, upper case; None where there is none that can be used.

    Args:
        stated: A decoded JSON value; None says that nothing was stated.
        notes: Receives a remark on a currency that cannot be used.
    """
    if stated is None:
        return None
    if isinstance(stated, str):
        letters = stated.strip()
        if len(letters) == 3 and letters.isascii() and letters.isalpha():
            return letters.upper()
    note(notes, f"no usable currency: {str(stated)[:100]}")
    return None


def note(notes: list[str], remark: str) -> None:
    """Add a remark, unless it was made already or there are many.

    Args:
        notes: Of the event.
        remark: For the operator.
    """
    if len(notes) < _MOST_NOTES and remark not in notes:
        notes.append(remark)
