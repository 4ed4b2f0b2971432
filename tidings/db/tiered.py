"""A sorted index in two tiers, for keys that arrive in random order.

Every insert into a large B-tree at a random place dirties a page of its own, which is written twice (write-ahead log
and checkpoint). So new keys go into a small tree, and with every batch one slice of it, a run of neighbouring keys, is
folded into the large one, where the slice shares its pages. Readers look into both. Measured in
docs/decisions/0004.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Table, bindparam, delete, select, tuple_
from sqlalchemy.sql.base import Executable

from tidings.db.bulk import insert_given, ordered, pack
from tidings.db.engine import Tx
from tidings.db.tables import metadata

RECENT = 200_000  # keys in the small tree at most, before folding begins
assert RECENT > 0


class TieredIndex:
    """Two tables of the same columns, all of them the primary key or behind it.

    Args:
        name: Name of the settled table; the small one is ``{name}_recent``.
        columns: The columns, the key first.
        key: How many of the columns are the key.
        shared: Columns, the first of the key among them, that many rows of a batch have in common.
    """

    def __init__(self, name: str, columns: list[Column[Any]], *, key: int, shared: Sequence[str]) -> None:
        self.settled = Table(name, metadata, *columns, sqlite_with_rowid=False)
        self.recent = self.settled.to_metadata(metadata, name=f"{name}_recent")
        self.names = [column.name for column in columns]
        self._shared = shared
        self._places = [self.names.index(one) for one in shared]
        own = [one for one in self.names if one not in shared]
        self._own = itemgetter(*[self.names.index(one) for one in own])
        self._ordered_by = sum(one in own for one in self.names[:key])
        self._insert = insert_given(self.recent, *own, shared=shared)
        self._key = [self.recent.c[name] for name in self.names[:key]]
        low = tuple_(*[bindparam(f"low_{c.name}", type_=c.type) for c in self._key])
        high = tuple_(*[bindparam(f"high_{c.name}", type_=c.type) for c in self._key])
        self._end = select(*self._key).where(tuple_(*self._key) >= low).order_by(*self._key)
        everything = select(*[self.recent.c[name] for name in self.names])
        slice_ = (tuple_(*self._key) >= low) & (tuple_(*self._key) < high)
        rest = tuple_(*self._key) >= low
        self._fold = {"slice": self._move(everything, slice_), "rest": self._move(everything, rest)}

    def _move(self, everything: Any, which: Any) -> tuple[Executable, Executable]:
        copy = self.settled.insert().from_select(self.names, everything.where(which).order_by(*self._key))
        return copy, delete(self.recent).where(which)

    def insert(self, tx: Tx, rows: list[tuple[Any, ...]]) -> None:
        """Insert new keys; a key that is in either tier already must not come again."""
        parts: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        for row in rows:
            parts.setdefault(tuple([row[place] for place in self._places]), []).append(self._own(row))
        for common, part in sorted(parts.items()):
            shared = dict(zip(self._shared, common, strict=True))
            tx.execute(self._insert, {"rows": pack(ordered(part, self._ordered_by)), **shared})

    def fold(self, tx: Tx, low: tuple[Any, ...] | None, size: int) -> tuple[tuple[Any, ...] | None, int]:
        """Move the next ``size`` keys from ``low`` on into the settled tree.

        Args:
            tx: The transaction.
            low: Where the last slice ended; None begins at the smallest key.
            size: Keys to move.

        Returns:
            Where the next slice begins (None for the beginning), and how many keys were moved.
        """
        first = low or tx.execute(select(*self._key).order_by(*self._key).limit(1)).one_or_none()
        if first is None:
            return None, 0
        start = {f"low_{c.name}": value for c, value in zip(self._key, first, strict=True)}
        end = tx.execute(self._end.limit(1).offset(size), start).one_or_none()
        kind = "rest" if end is None else "slice"
        stop = {f"high_{c.name}": value for c, value in zip(self._key, end or (), strict=False)}
        copy, clear = self._fold[kind]
        tx.execute(copy, start | stop)
        return None if end is None else tuple(end), tx.execute(clear, start | stop).rowcount
