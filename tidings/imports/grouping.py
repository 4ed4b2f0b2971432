"""Which lines become one event: each its own, or those of an order that stand together."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from hashlib import blake2b
from heapq import merge
from typing import NamedTuple

from tidings.imports.columns import Columns
from tidings.imports.model import Entries, Entry, Row, Rows

MOST_LINES = 1_000  # of one order
MOST_CHARACTERS = 1024 * 1024
TOO_LARGE = f"the order has more than {MOST_LINES} lines, or more than {MOST_CHARACTERS // 1024} KiB"
BETWEEN = 100  # unreadable lines that are looked past to see whether the order goes on behind them


def single(rows: Rows) -> Entries:
    """Return each line by itself."""
    for row in rows:
        yield Entry([row], row.fault)


class Names(NamedTuple):
    """What a line calls its order.

    Args:
        id: "" where it does not say.
        number: What customers know it by, "" where it does not say.
    """

    id: str
    number: str

    def same(self, other: "Names") -> bool:
        """Tell whether another line is of the same order; the id goes before the number."""
        if self.id and other.id:
            return self.id == other.id
        return bool(self.number) and self.number == other.number


NOBODY = Names("", "")


class Orders:
    """Puts lines of one order together. An order that has ended does not begin again: its later lines are refused.

    Args:
        columns: Of the file; ``id`` and ``number`` name the order.
    """

    def __init__(self, columns: Columns) -> None:
        self._places = [columns.places.get(member) for member in Names._fields]
        self._known = Known()
        self._names = NOBODY  # of the order that is being read
        self._rows: list[Row] = []
        self._between: list[Row] = []  # unreadable lines since its last one
        self._fault = ""
        self._size = 0

    def entries(self, rows: Rows) -> Entries:
        """Return the orders, and lines that are of none, in the order of the file."""
        for row in rows:
            if row.fault:
                self._between.append(row)
                if len(self._between) > BETWEEN:
                    yield from self._end()
                continue
            names = Names(*("" if place is None else row.cells[place].strip() for place in self._places))
            if names.same(self._names):
                self._go_on(row, names)
                if self._fault == TOO_LARGE:
                    yield from self._give()
                continue
            yield from self._end()
            if not any(names):
                yield Entry([row], "it names no order")
            elif self._is_new(names):
                self._names, self._rows, self._size = names, [row], len(row.text)
            else:
                yield Entry([row], f"order {(names.id or names.number)[:60]!r} has ended above: sort the file by order")
        yield from self._end()

    def _is_new(self, names: Names) -> bool:
        said = [f"{kind}:{name}" for kind, name in zip(Names._fields, names, strict=True) if name]
        return sum(map(self._known.add, said)) == len(said)  # both are remembered, even if the first one was known

    def _go_on(self, row: Row, names: Names) -> None:
        if self._between:
            self._fault = self._fault or f"line {self._between[0].line}, among those of the order, cannot be read"
            self._rows += self._between
            self._between = []
        self._rows.append(row)
        self._size += len(row.text)
        if names.id and not self._names.id:
            self._known.add(f"id:{names.id}")
            self._names = Names(names.id, self._names.number)
        if self._size > MOST_CHARACTERS or len(self._rows) > MOST_LINES:
            self._fault = TOO_LARGE

    def _give(self) -> Iterator[Entry]:
        """Yield the lines so far; what is too large goes on behind them with the same fault."""
        if self._rows:
            yield Entry(self._rows, self._fault)
        self._rows, self._size = [], 0

    def _end(self) -> Iterator[Entry]:
        yield from self._give()
        self._names, self._fault = NOBODY, ""
        for row in self._between:
            yield Entry([row], row.fault)
        self._between = []


class Known:
    """Names that have been met, 8 bytes each, since a file may have millions of orders."""

    RECENT = 50_000  # that are not sorted yet

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._sorted: list[array[int]] = []

    def add(self, name: str) -> bool:
        """Remember a name, and tell whether it was new."""
        number = int.from_bytes(blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "big")
        if number in self._recent or any(_has(some, number) for some in self._sorted):
            return False
        self._recent.add(number)
        if len(self._recent) >= self.RECENT:
            self._fold()
        return True

    def _fold(self) -> None:
        some = array("Q", sorted(self._recent))
        self._recent.clear()
        while self._sorted and len(self._sorted[-1]) <= len(some):  # few of them, each more than twice the next
            some = array("Q", merge(self._sorted.pop(), some))
        self._sorted.append(some)


def _has(numbers: "array[int]", number: int) -> bool:
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number
