"""What can be a source's own prefix."""

import re
from collections.abc import Collection

LONGEST_PREFIX = 40
# First parts of Tidings' own paths, and of the vendors' paths that are not answered yet.
OWN_PARTS = frozenset(("api", "console", "healthz", "metrics", "readyz", "sdk", "tidings"))

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
