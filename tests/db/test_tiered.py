"""The index in two tiers: whatever is inserted and folded, the union is a set of what was inserted."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, create_engine, select
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

from tidings.db import tiered
from tidings.db.tiered import TieredIndex


@pytest.fixture(scope="module")
def index() -> TieredIndex:
    """An index in a metadata of its own, so that the schema of Tidings stays as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiered, "metadata", MetaData())
        return TieredIndex(
            "sample",
            [
                Column("source_id", Integer, primary_key=True),
                Column("digest", String, primary_key=True),
                Column("event_id", Integer, nullable=False),
            ],
            key=2,
            shared=["source_id"],
        )


@pytest.fixture
def tx(index: TieredIndex) -> Iterator[Connection]:
    with fresh(index) as connection:
        yield connection


def fresh(index: TieredIndex) -> Connection:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    connection = engine.connect()
    index.settled.metadata.create_all(connection)
    return connection


def keys(tx: Connection, table: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(table))]


def union(tx: Connection, index: TieredIndex) -> list[tuple[Any, ...]]:
    return sorted(keys(tx, index.recent) + keys(tx, index.settled))


key = st.tuples(st.integers(1, 3), st.text("abcé'", max_size=3))
steps = st.lists(st.lists(key, unique=True, max_size=12) | st.integers(1, 10), max_size=25)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_any_sequence_keeps_the_union(index: TieredIndex, sequence: list[Any]) -> None:
    tx = fresh(index)
    try:
        expected: dict[tuple[Any, ...], int] = {}
        low: tuple[Any, ...] | None = None
        for step in sequence:
            if isinstance(step, int):
                before = len(keys(tx, index.recent))
                low, _ = index.fold(tx, low, step)
                assert before - len(keys(tx, index.recent)) <= step
            else:
                new = [each for each in step if each not in expected]
                rows = [(*each, len(expected) + n) for n, each in enumerate(new)]
                expected |= {row[:2]: row[2] for row in rows}
                if rows:
                    index.insert(tx, rows)
            assert union(tx, index) == sorted((*each, value) for each, value in expected.items())
    finally:
        tx.close()
        tx.engine.dispose()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(key, unique=True, min_size=1, max_size=12), max_size=25), st.integers(1, 10))
def test_folding_more_than_is_added_keeps_the_recent_tier_bounded(
    index: TieredIndex, batches: list[list[Any]], limit: int
) -> None:
    tx = fresh(index)
    try:
        known: set[Any] = set()
        low: tuple[Any, ...] | None = None
        for batch in batches:
            new = [each for each in batch if each not in known]
            known |= set(new)
            if new:
                index.insert(tx, [(*each, 1) for each in new])
            if len(keys(tx, index.recent)) > limit:
                # As events.store.fold does. A slice that ends at the last key wraps round, so one more may be needed.
                for _ in range(2):
                    low, _ = index.fold(tx, low, 15)
            assert len(keys(tx, index.recent)) <= limit + 12
    finally:
        tx.close()
        tx.engine.dispose()


def test_a_slice_is_a_run_of_neighbours(tx: Connection, index: TieredIndex) -> None:
    index.insert(tx, [(1, letter, n) for n, letter in enumerate("heagdcfb")])
    low, _ = index.fold(tx, None, 3)
    assert [row[1] for row in keys(tx, index.settled)] == ["a", "b", "c"]
    assert low == (1, "d")
    assert index.fold(tx, low, 3) == ((1, "g"), 3)
    assert index.fold(tx, (1, "g"), 3)[0] is None  # the end: the next slice begins at the smallest key
    assert keys(tx, index.recent) == []


def test_an_empty_tier_is_not_folded(tx: Connection, index: TieredIndex) -> None:
    assert index.fold(tx, None, 5) == (None, 0)
    assert index.fold(tx, (1, "z"), 5) == (None, 0)
    index.insert(tx, [(1, "a", 1)])
    assert index.fold(tx, (1, "z"), 5) == (None, 0)
    assert keys(tx, index.recent) == [(1, "a", 1)]
