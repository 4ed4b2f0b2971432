"""Which column is which member: real names of columns, and what an operator says about others."""

import re
from collections.abc import Mapping, Sequence

from tidings.imports.model import Unusable

Aliases = Mapping[str, tuple[str, ...]]
_SEPARATORS = re.compile(r"[^0-9a-z]+")


class Columns:
    """The columns of a file.

    Args:
        names: As they stand in the header.
        places: Where each member is, counted from 0.
        rest: Further columns that have a name, and where they are.
    """

    def __init__(self, names: Sequence[str], places: Mapping[str, int], rest: Mapping[str, int]) -> None:
        self.names = names
        self.places = places
        self.rest = rest

    def values(self, cells: Sequence[str]) -> dict[str, str]:
        """Return what a line says, by members: texts without blanks around them, empty ones left out."""
        found = {member: cells[place].strip() for member, place in self.places.items()}
        return {member: text for member, text in found.items() if text}

    def further(self, cells: Sequence[str]) -> dict[str, str]:
        """Return what a line says in further columns, by their names."""
        found = {name: cells[place].strip() for name, place in self.rest.items()}
        return {name: text for name, text in found.items() if text}


def assigned(names: Sequence[str], aliases: Aliases, given: Mapping[str, str]) -> Columns:
    """Say which member each column is.

    What an operator says goes first, then the order of the aliases. A column whose member is taken already is a
    further one.

    Args:
        names: As they stand in the header.
        aliases: Names by which a member is known, in the form of ``plain``, the best first.
        given: Members by column; "" leaves a column out.

    Raises:
        Unusable: A column or a member that is named does not exist, or a name stands twice in the header.
    """
    by_name = _by_plain_name(names)
    places: dict[str, int] = {}
    used: set[int] = set()
    for column, member in given.items():
        place = by_name.get(plain(column))
        if place is None:
            raise Unusable(f"there is no column {column!r} (there are: {', '.join(names)})")
        if member and member not in aliases:
            raise Unusable(f"there is no member {member!r} (there are: {', '.join(aliases)})")
        used.add(place)
        if member:
            places[member] = place
    for member, spellings in aliases.items():
        for spelling in spellings:
            place = by_name.get(spelling)
            if place is not None and place not in used and member not in places:
                places[member] = place
                used.add(place)
    rest = {name: place for place, name in enumerate(names) if name and place not in used}
    return Columns(names, places, rest)


def demand(columns: Columns, required: Sequence[Sequence[str]]) -> None:
    """Make sure that a file has what it cannot do without.

    Args:
        columns: Of the file.
        required: Members; of each group one is enough.

    Raises:
        Unusable: All of a group are missing.
    """
    for group in required:
        if not any(member in columns.places for member in group):
            wanted = " or ".join(group)
            found = ", ".join(columns.names)[:500]
            raise Unusable(f"there is no column for {wanted} (there are: {found}); --map COLUMN={group[0]} names one")


def plain(name: str) -> str:
    """Return a name of a column without regard to case, blanks and signs: ``Order ID`` is ``order_id``."""
    return _SEPARATORS.sub("_", name.casefold()).strip("_")


def _by_plain_name(names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, name in enumerate(names):
        key = plain(name) or name
        if key and found.setdefault(key, place) != place:
            raise Unusable(f"two columns are called {name!r}")
    return found
