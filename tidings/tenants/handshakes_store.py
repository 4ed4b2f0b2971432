"""All queries of install handshakes: by which plugins register their tokens."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert

from tidings.db import Tx
from tidings.tenants.tables import handshakes

Row = dict[str, Any]


def open_window(tx: Tx, workspace_id: int, source_id: int, code: str, expires_at: int) -> None:
    """Let one plugin register with a source; an earlier code of the source is worth nothing any more.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        source_id: Whose token it will be.
        code: Hash of the code.
        expires_at: Until when, UTC milliseconds.
    """
    window = {"code": code, "expires_at": expires_at, "key": None}
    values = {"workspace_id": workspace_id, "source_id": source_id, "ended_at": None, **window}
    tx.execute(insert(handshakes).values(values).on_conflict_do_update(index_elements=["source_id"], set_=window))


def get(tx: Tx, workspace_id: int, source_id: int) -> Row | None:
    """Return the handshake of a source."""
    h = handshakes.c
    query = select(handshakes).where(h.workspace_id == workspace_id, h.source_id == source_id)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def find(tx: Tx, code: str) -> Row | None:
    """Return the handshake of a code, of whatever workspace: who asks knows nothing but the code."""
    row = tx.execute(select(handshakes).where(handshakes.c.code == code)).mappings().one_or_none()
    return None if row is None else dict(row)


def burn(tx: Tx, workspace_id: int, source_id: int, key: str) -> bool:
    """Mark a code as used; tell whether it was not yet, so that of two plugins only one registers.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        source_id: Whose.
        key: Hash of the token that was registered with it.
    """
    mine = (handshakes.c.workspace_id == workspace_id) & (handshakes.c.source_id == source_id)
    used = update(handshakes).where(mine, handshakes.c.key.is_(None)).values(key=key, ended_at=None)
    return tx.execute(used).rowcount > 0


def end(tx: Tx, workspace_id: int, source_id: int, now: int) -> bool:
    """Mark that the plugin of a source was taken out; tell whether that is news."""
    mine = (handshakes.c.workspace_id == workspace_id) & (handshakes.c.source_id == source_id)
    if tx.execute(update(handshakes).where(mine, handshakes.c.ended_at.is_(None)).values(ended_at=now)).rowcount:
        return True
    values = {"workspace_id": workspace_id, "source_id": source_id, "expires_at": 0, "ended_at": now}
    return tx.execute(insert(handshakes).values(values).on_conflict_do_nothing()).rowcount > 0


def list_ended(tx: Tx, workspace_id: int) -> dict[int, int]:
    """Return when the plugins of sources were taken out, UTC milliseconds, by the sources' numbers."""
    h = handshakes.c
    query = select(h.source_id, h.ended_at).where(h.workspace_id == workspace_id, h.ended_at.is_not(None))
    return {row.source_id: row.ended_at for row in tx.execute(query)}
