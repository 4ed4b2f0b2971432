"""All queries of the types of events that operators have declared."""

from typing import Any

import msgspec
from sqlalchemy import RowMapping, delete, func, insert, select, update

from tidings.db import Tx
from tidings.tenants.model import Declared, Property
from tidings.tenants.tables import declared_types

_Properties = dict[str, Property]


def add_declared(tx: Tx, declared: Declared) -> int:
    """Insert a declared type (its ``id`` is ignored) and return its id."""
    values = {
        "workspace_id": declared.workspace_id,
        "type": declared.type,
        "subtype": declared.subtype,
        "properties": msgspec.to_builtins(declared.properties),
        "created_at": declared.created_at,
    }
    key = tx.execute(insert(declared_types).values(values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def list_declared(tx: Tx, workspace_id: int) -> list[Declared]:
    """Return the declared types of a workspace, by type and subtype."""
    c = declared_types.c
    query = select(declared_types).where(c.workspace_id == workspace_id).order_by(c.type, c.subtype)
    return [_declared(row) for row in tx.execute(query).mappings()]


def count_declared(tx: Tx, workspace_id: int) -> int:
    """Return how many types a workspace has declared."""
    query = select(func.count()).where(declared_types.c.workspace_id == workspace_id)
    return tx.execute(query).scalar() or 0


def get_declared(tx: Tx, workspace_id: int, declared_id: int) -> Declared | None:
    """Return one declared type of a workspace."""
    c = declared_types.c
    query = select(declared_types).where(c.workspace_id == workspace_id, c.id == declared_id)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _declared(row)


def change_declared(tx: Tx, declared: Declared) -> None:
    """Store other names and properties of a declared type."""
    c = declared_types.c
    which = (c.workspace_id == declared.workspace_id) & (c.id == declared.id)
    properties = msgspec.to_builtins(declared.properties)
    values = {"type": declared.type, "subtype": declared.subtype, "properties": properties}
    tx.execute(update(declared_types).where(which).values(values))


def remove_declared(tx: Tx, workspace_id: int, declared_id: int) -> bool:
    """Delete a declared type; tell whether it existed."""
    which = (declared_types.c.workspace_id == workspace_id) & (declared_types.c.id == declared_id)
    return tx.execute(delete(declared_types).where(which)).rowcount > 0


def load_declared(tx: Tx) -> list[Declared]:
    """Return the declared types of the whole installation, for the table in memory."""
    return [_declared(row) for row in tx.execute(select(declared_types)).mappings()]


def _declared(row: RowMapping) -> Declared:
    members: dict[str, Any] = dict(row)
    members["properties"] = msgspec.convert(row["properties"], _Properties)
    return Declared(**members)
