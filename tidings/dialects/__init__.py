"""The vendors' wire formats. A dialect is a folder; this list is the registry."""

from tidings.dialects.contract import Dialect
from tidings.dialects.ray import RAY
from tidings.dialects.reamaze_data import REAMAZE_DATA
from tidings.dialects.remarkety import REMARKETY
from tidings.dialects.ripe import RIPE
from tidings.dialects.segment import SEGMENT
from tidings.tenants.model import Kinds

DIALECTS: tuple[Dialect, ...] = (SEGMENT, RIPE, REAMAZE_DATA, REMARKETY, RAY)


def dialect_of(name: str) -> Dialect:
    """Return a dialect.

    Args:
        name: Its name.
    """
    return next(known for known in DIALECTS if known.name == name)


def kinds_of(name: str) -> Kinds:
    """Return what the credentials of a dialect are.

    Args:
        name: Name of the dialect.
    """
    dialect = dialect_of(name)
    return Kinds(dialect.credentials, dialect.readable, dialect.labels, dialect.public, dialect.numbers)


def first_parts() -> frozenset[str]:
    """Return the first parts of all paths that a dialect answers: these can be no source's prefix."""
    fixed = {route.path.split("/")[1] for dialect in DIALECTS for route in dialect.routes if not route.prefixed}
    return frozenset(fixed | {dialect.name for dialect in DIALECTS})
