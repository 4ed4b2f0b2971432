"""Events and figures as people see them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tidings.db import Tx
from tidings.events import history_store, pending_store, store
from tidings.events.store import Row
from tidings.tenants.service import Invalid

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
        "events": stored(counts),
        "profiles": counts.get("profiles", 0) - counts.get("merged", 0) - counts.get("erased_profiles", 0),
        "lag": max(0, appended - store.get_cursor(tx).upto),
        "duplicates": counts.get("duplicates", 0),
        "refused": counts.get("refused", 0),
        "forgotten": counts.get("forgotten", 0),
    }


def stored(counts: Mapping[str, int]) -> int:
    """Return how many events are stored, by the counts of a source or a workspace."""
    return counts.get("events", 0) - counts.get("erased", 0)


def retry(tx: Tx, workspace_id: int, refused_id: int, now: int) -> int | None:
    """Have a refused event applied again, and take it off the list; if it fails again, it comes back with a new number.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        refused_id: Number of the refused event.
        now: UTC milliseconds.

    Returns:
        The number under which it waits for the pipeline; None if there is no such refused event.

    Raises:
        Invalid: It was never acknowledged, so that its sender has to send it again, or too little of it was kept.
    """
    row = store.get_refused(tx, workspace_id, refused_id)
    if row is None:
        return None
    if row["stage"] != "pipeline":
        raise Invalid(
            f"{refused_id} was refused when it came, and its sender was told so: there is nothing here to apply again. "
            "Correct what the message says, and let the sender send it again"
        )
    if row["record"] is None:
        raise Invalid(f"of {refused_id} too little was kept to apply it again: let its sender send it again")
    number = pending_store.add(tx, workspace_id, pending_store.RECORD, row["record"], now)
    history_store.drop_refused(tx, workspace_id, refused_id)
    return number
