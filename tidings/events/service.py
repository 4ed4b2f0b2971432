"""Events and figures as people see them."""

from decimal import Decimal
from typing import Any

import msgspec

from tidings.db import Tx
from tidings.events import store
from tidings.events.store import Row

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def present(row: Row) -> Row:
    """Return a stored event with its canonical body decoded."""
    shown: Row = {name: value for name, value in row.items() if name not in ("body", "workspace_id")}
    body: Any = _decode(row["body"])
    return shown | {"event": body}


def stats_of(tx: Tx, workspace_id: int, appended: int) -> dict[str, int]:
    """Return the figures of a workspace.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        appended: Events in the log since it began (the whole installation's).
    """
    counts = store.get_counts(tx, workspace_id)
    return {
        "events": counts.get("events", 0),
        "profiles": counts.get("profiles", 0) - counts.get("merged", 0),
        "lag": max(0, appended - store.get_cursor(tx).upto),
        "duplicates": counts.get("duplicates", 0),
        "refused": counts.get("refused", 0),
    }
