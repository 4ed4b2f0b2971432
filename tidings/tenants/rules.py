"""What can be a source's own prefix, and what of an event is not as its type was declared."""

import re
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from tidings.kit import times
from tidings.tenants.model import Declared, PropertyKind

LONGEST_PREFIX = 40
# First parts of Tidings' own paths, and of the vendors' paths that are not answered yet.
OWN_PARTS = frozenset(("console", "healthz", "metrics", "readyz", "sdk", "tidings"))

_IS: dict[PropertyKind, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | Decimal) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: isinstance(value, str) and times.parse(value) is not None,
}
_PREFIX = re.compile(rf"[a-z0-9-]{{1,{LONGEST_PREFIX}}}")


def prefix_fault(prefix: str, dialects: Collection[str]) -> str | None:
    """Return why a text can be no source's prefix, None where it can or is empty.

    Args:
        prefix: First part of the paths below which a source's dialect is to be answered.
        dialects: First parts of the paths of all dialects.
    """
    if prefix and not _PREFIX.fullmatch(prefix):
        return f"use 1 to {LONGEST_PREFIX} lower-case letters, digits and '-'"
    if prefix in OWN_PARTS or prefix in dialects:
        return f"paths of Tidings begin with /{prefix}: choose another"
    return None


def deviations(declared: Declared, properties: dict[str, Any], place: str) -> list[str]:
    """Return what of an event's properties is not as the operator has declared it, for its notes.

    Args:
        declared: The type of the event.
        properties: As they were sent.
        place: Where they stand in the request, for the notes: ``customProps.``.
    """
    found = []
    for name, known in declared.properties.items():
        value = properties.get(name)
        if value is None:
            if known.required:
                found.append(f"{place}{name} is missing, which is declared for {declared.title}")
        elif not _IS[known.kind](value):
            found.append(f"{place}{name} is not of the kind {known.kind}, as declared for {declared.title}")
    return found
