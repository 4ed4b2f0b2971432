"""What can be imported: how the lines of each kind are read, put together and turned into events."""

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NamedTuple, Protocol

from tidings.events.model import Event
from tidings.imports import cdnow, customers, grouping, orders, products
from tidings.imports.columns import Aliases, Columns, assigned, demand
from tidings.imports.model import Entries, Entry, Setting, Unusable
from tidings.imports.reading import Lines, blank_separated_rows, csv_rows, header_of


class Maker(Protocol):
    """Makes events of entries."""

    def event(self, entry: Entry) -> Event:
        """Return what the lines say.

        Raises:
            Unusable: They cannot be used.
        """
        ...


class Kind(NamedTuple):
    """A kind of CSV file.

    Args:
        aliases: Names of columns by member, the best first.
        required: Members; of each group one is enough.
        maker: Makes the events.
        one_by_one: Whether each line is an event of its own.
    """

    aliases: Aliases
    required: tuple[tuple[str, ...], ...]
    maker: Callable[[Columns, Setting], Maker]
    one_by_one: bool = True


class File(NamedTuple):
    """A file that is being read.

    Args:
        lines: Tells how far.
        entries: What becomes an event each.
        maker: Makes the events.
        columns: Of a CSV file; None where the format has none.
    """

    lines: Lines
    entries: Entries
    maker: Maker
    columns: Columns | None


CDNOW = "cdnow"
CSV: Mapping[str, Kind] = {
    "customers": Kind(customers.ALIASES, customers.REQUIRED, customers.Customers),
    "orders": Kind(orders.ALIASES, orders.REQUIRED, orders.Orders, one_by_one=False),
    "products": Kind(products.ALIASES, products.REQUIRED, products.Products),
}
KINDS = (*CSV, CDNOW)


def opened(kind: str, file: BinaryIO, setting: Setting, given: Mapping[str, str]) -> File:
    """Begin to read a file.

    Args:
        kind: One of ``KINDS``.
        file: At its beginning.
        setting: What holds for all lines.
        given: Members by column, as the operator says; "" leaves a column out.

    Raises:
        Unusable: The file as a whole cannot be read as this kind.
    """
    lines = Lines(file)
    if kind == CDNOW:
        if given:
            raise Unusable("this format has no columns that could be named")
        return File(lines, grouping.single(blank_separated_rows(lines)), cdnow.Cdnow(setting), None)
    about = CSV[kind]
    names, delimiter = header_of(lines)
    columns = assigned(names, about.aliases, given)
    demand(columns, about.required)
    rows = csv_rows(lines, delimiter, len(names))
    entries = grouping.single(rows) if about.one_by_one else grouping.Orders(columns).entries(rows)
    return File(lines, entries, about.maker(columns, setting), columns)


def explained(columns: Columns | None) -> dict[str, Any]:
    """Return how columns were understood: members by column, and what became of the others.

    Args:
        columns: Of a file.
    """
    if columns is None:
        return {}
    members = {columns.names[place]: member for member, place in columns.places.items()}
    return {name: members.get(name) for name in columns.names if name}
