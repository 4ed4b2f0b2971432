"""All queries of imports."""

from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import RowMapping, insert, select, update

from tidings.db import Tx
from tidings.imports.model import Import
from tidings.imports.tables import imports

_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder(dict[str, Decimal]).decode


def find(tx: Tx, workspace_id: int, brand_id: int, kind: str, file_hash: str) -> Import | None:
    """Return the import of a file, None if there was none."""
    c = imports.c
    mine = (c.workspace_id == workspace_id) & (c.brand_id == brand_id) & (c.kind == kind) & (c.hash == file_hash)
    row = tx.execute(select(imports).where(mine)).mappings().one_or_none()
    return None if row is None else _import(row)


def add(tx: Tx, draft: Import) -> int:
    """Insert an import (its ``id`` is ignored) and return its id."""
    values = {name: value for name, value in _values(draft).items() if name != "id"}
    key = tx.execute(insert(imports).values(values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def change(tx: Tx, workspace_id: int, changed: Import, lines: int) -> bool:
    """Write how far an import is, if it is where it was last seen; tell whether it was.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        changed: What it is from now on.
        lines: Where it was seen: another process may import the same file, and only one of them goes on.
    """
    c = imports.c
    mine = (c.workspace_id == workspace_id) & (c.id == changed.id) & (c.lines == lines)
    values = {name: value for name, value in _values(changed).items() if name not in ("id", "workspace_id")}
    return tx.execute(update(imports).where(mine).values(values)).rowcount > 0


def _values(one: Import) -> dict[str, Any]:
    return msgspec.structs.asdict(one) | {"totals": _encode(one.totals).decode()}


def _import(row: RowMapping) -> Import:
    return Import(**{**row, "totals": _decode(row["totals"])})
