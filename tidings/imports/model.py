"""What a file is read into on its way to events."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec


class Unusable(Exception):  # noqa: N818
    """A line cannot be used; the text says why, in the words of the file."""


class Row(msgspec.Struct):
    """One line of a file; a quoted line break makes it several lines long.

    Args:
        line: Number of its first line, counted from 1.
        last: Number of its last line.
        text: As it stands in the file.
        cells: Its values, as many as there are columns.
        fault: Why it cannot be used, "" where it can.
    """

    line: int
    last: int
    text: str
    cells: list[str] = []
    fault: str = ""


class Entry(msgspec.Struct):
    """The lines that become one event: one line, or those of one order.

    Args:
        rows: At least one.
        fault: Why they cannot be used, "" where they can.
    """

    rows: list[Row]
    fault: str = ""

    @property
    def line(self) -> int:
        """Number of the first line."""
        return self.rows[0].line

    @property
    def last(self) -> int:
        """Number of the last line."""
        return self.rows[-1].last


class Refused(msgspec.Struct, frozen=True):
    """A line that was not taken.

    Args:
        line: Its number.
        reason: Why, and where.
        text: As it stands in the file.
    """

    line: int
    reason: str
    text: str


class Setting(msgspec.Struct, kw_only=True, frozen=True):
    """What holds for all lines of a file.

    Args:
        stamp: Beginning of message ids: names the place, the kind and the file.
        hash: SHA-256 of the file, hexadecimal.
        currency: Of amounts that name none, ISO 4217.
        zone: IANA name of the time zone of moments and days that name none.
        country: ISO 3166 country by which phones without ``+`` are read; None reads none.
        started: When the import was begun, UTC milliseconds: what has no time of its own happened then.
    """

    stamp: str
    hash: str
    currency: str
    zone: str
    country: str | None
    started: int


class Import(msgspec.Struct, kw_only=True):
    """A file that is being imported, or was.

    Args:
        id: Number.
        workspace_id: The wall.
        brand_id: The shop that its objects belong to.
        kind: What the lines are.
        name: Of the file, for people.
        hash: SHA-256 of its bytes, hexadecimal.
        size: Of the file, in bytes.
        options: How it is read, JSON.
        lines: Number of the last line that is done.
        taken: Lines that became events, or parts of one.
        refused: Lines that were not taken.
        totals: Sum of the totals of its orders, for each currency, exact.
        waiting: Number of the last own event that was left to the pipeline.
        started_at: When it was begun, UTC milliseconds.
        finished_at: When its end was reached, UTC milliseconds.
    """

    id: int
    workspace_id: int
    brand_id: int
    kind: str
    name: str
    hash: str
    size: int
    options: str
    lines: int = 0
    taken: int = 0
    refused: int = 0
    totals: dict[str, Decimal] = {}
    waiting: int | None = None
    started_at: int
    finished_at: int | None = None


class Round(msgspec.Struct):
    """What is left to the pipeline in one transaction, with how far it goes.

    Args:
        payloads: Log records, JSON.
        lines: Number of the last line that is in it.
        taken: Lines that became events.
        refused: Those that did not; also such as are done before it, where they are read once more.
        totals: Sum of the totals of orders, for each currency.
        ended: Whether the file ends with it.
    """

    payloads: list[str] = []
    lines: int = 0
    taken: int = 0
    refused: list[Refused] = []
    totals: dict[str, Decimal] = {}
    ended: bool = False


Rows = Iterator[Row]
Entries = Iterator[Entry]
