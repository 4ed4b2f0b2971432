"""The query of the newest event of each source."""

from collections.abc import Sequence

from sqlalchemy import func, select

from tidings.db import Tx
from tidings.events.store import Row
from tidings.events.tables import events


def last_of(tx: Tx, workspace_id: int, source_ids: Sequence[int]) -> dict[int, Row]:
    """Return the newest event of each source that has sent one, without its body; one look into an index for each."""
    c = events.c
    newest = []
    for source_id in source_ids:
        query = select(func.max(c.id)).where(c.workspace_id == workspace_id, c.source_id == source_id)
        newest.append(tx.execute(query).scalar())
    columns = (c.id, c.source_id, c.verb, c.name, c.received, c.profile_id)
    # "+ 0" as in store._by_ids: by primary key, not through an index that begins with the workspace.
    found = select(*columns).where(c.workspace_id + 0 == workspace_id, c.id.in_([one for one in newest if one]))
    return {row["source_id"]: dict(row) for row in tx.execute(found).mappings()}
