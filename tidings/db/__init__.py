"""The state database: one writer, many readers, transactions as plain functions."""

from tidings.db.engine import Database, Tx
from tidings.db.tables import metadata

__all__ = ["Database", "Tx", "metadata"]
