"""Values of cells, under the names of their columns: read exactly, or refused with the reason."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tidings.imports.columns import Columns
from tidings.imports.model import Unusable
from tidings.kit import amounts, email, phone, times

YES = frozenset(("1", "yes", "y", "true", "t", "on", "subscribed", "opted in", "opted_in"))
NO = frozenset(("0", "no", "n", "false", "f", "off", "unsubscribed", "not subscribed", "not_subscribed", "opted out",
                "opted_out"))  # fmt: skip
UNKNOWN = frozenset(("null", "none", "unknown", "n/a", "-"))
SHOWN = 60  # characters of a value in a reason
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CODE = re.compile(r"(?<![A-Za-z])([A-Za-z]{3})(?![A-Za-z])")
_NUMBER = re.compile(r"-?\d{1,16}(\.\d+)?", re.ASCII)
_ZONED = re.compile(r"\d[Tt\s]\s*\d[\d:.,]*\s*(?:[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)", re.ASCII)


class Money(NamedTuple):
    """An amount, and the currency that it names.

    Args:
        amount: Exact.
        currency: ISO 4217, None where it names none.
    """

    amount: Decimal
    currency: str | None


class Cells:
    """The values of a line by their members; an empty cell says nothing.

    Args:
        values: Texts without blanks around them, none of them empty.
        columns: Of the file.
        zone: IANA name of the time zone of moments that name none.
    """

    def __init__(self, values: Mapping[str, str], columns: Columns, zone: str) -> None:
        self._values = values
        self._columns = columns
        self._zone = zone

    def has(self, *members: str) -> bool:
        """Tell whether one of some members is given."""
        return any(member in self._values for member in members)

    def text(self, member: str) -> str:
        """Return a value, "" where it is not given."""
        return self._values.get(member, "")

    def moment(self, member: str) -> int | None:
        """Return UTC milliseconds, None where nothing is given.

        Raises:
            Unusable: It cannot be read.
        """
        text = self.text(member)
        if not text:
            return None
        moment = moment_of(text, self._zone)
        if moment is None:
            raise self.wrong(member, "is no moment (write 2024-03-01 or 2024-03-01T10:00:00+01:00)")
        return moment

    def money(self, member: str) -> Money | None:
        """Return an amount with the currency that it names, None where nothing is given.

        Raises:
            Unusable: It cannot be read.
        """
        text = self.text(member)
        if not text:
            return None
        amount = amounts.parse(text)
        if amount is None:
            raise self.wrong(member, "is no amount of money")
        code = _CODE.search(text)
        if code is None and amounts.names_currency(text):
            raise self.wrong(member, "names its currency by a sign: write the code, 19.90 USD")
        return Money(amount, None if code is None else code[1].upper())

    def amount(self, member: str) -> Decimal | None:
        """Return an amount, None where nothing is given; the currency that it may name is left out of account.

        Raises:
            Unusable: It cannot be read.
        """
        found = self.money(member)
        return None if found is None else found.amount

    def size(self, member: str) -> Decimal | None:
        """Return an amount without its sign: a discount of -5 takes off as much as one of 5."""
        found = self.amount(member)
        return None if found is None else abs(found)

    def quantity(self, member: str) -> Decimal | None:
        """Return how many, None where nothing is given.

        Raises:
            Unusable: It is no number, or below zero.
        """
        text = self.text(member)
        if not text:
            return None
        found = amounts.parse(text)
        if found is None or found < 0:
            raise self.wrong(member, "is no quantity")
        return found

    def flag(self, member: str) -> bool | None:
        """Return yes or no, None where nothing is given or it is unknown.

        Raises:
            Unusable: It is neither.
        """
        text = self.text(member).casefold()
        if not text or text in UNKNOWN:
            return None
        if text not in YES and text not in NO:
            raise self.wrong(member, "is neither yes nor no")
        return text in YES

    def currency(self, member: str) -> str | None:
        """Return a currency, None where nothing is given.

        Raises:
            Unusable: It is none.
        """
        text = self.text(member).upper()
        if text and not (len(text) == 3 and text.isascii() and text.isalpha()):
            raise self.wrong(member, "is no currency (three letters, ISO 4217)")
        return text or None

    def email(self, member: str) -> str | None:
        """Return a mail address in the form by which customers are found, None where nothing is given.

        Raises:
            Unusable: It cannot be one.
        """
        text = self.text(member)
        if not text:
            return None
        address = email.normalise(text)
        if address is None:
            raise self.wrong(member, "is no mail address")
        return address

    def phone(self, member: str, country: str | None, notes: list[str]) -> str | None:
        """Return a number in E.164, None where it cannot be brought into that form, which is remarked on."""
        text = self.text(member)
        if not text:
            return None
        number = phone.normalise(text, country)
        if number is None:
            notes.append(f"no usable phone: {text[:SHOWN]}")
        return number

    def items(self, member: str, separators: str) -> list[str]:
        """Return what is listed in a cell.

        Args:
            member: Which.
            separators: Each separates two items.
        """
        parts = re.split(f"[{re.escape(separators)}]", self.text(member))
        return list(dict.fromkeys(part.strip() for part in parts if part.strip()))

    def wrong(self, member: str, what: str) -> Unusable:
        """Return why a line is refused."""
        column = self._columns.names[self._columns.places[member]]
        return Unusable(f"{column}: {self.text(member)[:SHOWN]!r} {what}")


@lru_cache(maxsize=16_384)
def moment_of(text: str, zone: str) -> int | None:
    """Read a moment or a day, which is its first moment.

    Args:
        text: In any form that ``times.parse`` reads.
        zone: IANA name of the time zone that counts where the text names none.

    Returns:
        UTC milliseconds, or None where it cannot be read.
    """
    read = times.parse(text)
    if read is None or _ZONED.search(text) or (len(text) != 8 and _NUMBER.fullmatch(text)):
        return read
    try:
        offset = (_EPOCH + timedelta(milliseconds=read)).replace(tzinfo=ZoneInfo(zone)).utcoffset()
    except OverflowError:
        return None
    return read if offset is None else read - round(offset.total_seconds() * 1000)
