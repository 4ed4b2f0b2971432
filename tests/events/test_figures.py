"""Counts by minute and by name: exact, within the workspace, and of bounded size."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from tests.fresh import migrated
from tests.pipeline.test_batch import T0, happened, record, run
from tidings.db.engine import make_engine
from tidings.events import figures_store as figures
from tidings.events import reasons
from tidings.events.figures_api import GRIDS, Span, history_of
from tidings.events.figures_store import ALL, LONGEST, MINUTE, MINUTES_KEPT, NAMES, NOTED, Name
from tidings.events.pages.overview import drawn
from tidings.events.tables import minutes, names, noted

NOW = T0 // MINUTE


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Connection]:
    path = tmp_path / "tidings.db"
    migrated(path, T0)
    engine = make_engine(path, mode="write")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def rows(tx: Connection, table: Any) -> int:
    return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def test_the_pipeline_counts_by_minute_and_by_name(tx: Connection) -> None:
    run(tx, 1, record(happened("m1"), happened("m2", name=None, verb="identify"), source=1))
    run(tx, 2, record(happened("m1"), happened("m3"), source=1, received=T0 + MINUTE), record(happened("m1"), source=2))
    run(tx, 3, record(happened("m9", name="Theirs"), workspace=2, source=7))
    with tx.begin():
        assert figures.sum_minutes(tx, 1, 1, NOW, 1) == {NOW: (2, 0), NOW + 1: (1, 0)}
        assert figures.sum_minutes(tx, 1, ALL, NOW, 1) == {NOW: (3, 0), NOW + 1: (1, 0)}
        assert figures.sum_minutes(tx, 1, ALL, NOW - NOW % 15, 15) == {NOW - NOW % 15: (4, 0)}
        assert figures.sum_sources(tx, 1, [1, 2, 7], NOW) == {1: (3, 0), 2: (1, 0)}
        both = [Name("track", "Bought", False, 3), Name("identify", "", False, 1)]
        assert figures.top_names(tx, 1, None, 10) == (both, 4)
        assert figures.top_names(tx, 1, 2, 10) == ([Name("track", "Bought", False, 1)], 1)
        assert figures.top_names(tx, 1, None, 1)[0] == both[:1]


def test_minutes_end_after_eight_days(tx: Connection) -> None:
    with tx.begin():
        for i in range(3):
            figures.count_minutes(tx, "events", {(1, 1, T0 + i * MINUTE): 1})
        figures.count_minutes(tx, "events", {(2, 9, T0): 1})
        figures.count_minutes(tx, "refused", {(1, 1, T0 + (MINUTES_KEPT + 1) * MINUTE): 2})
        assert figures.sum_minutes(tx, 1, 1, 0, 1) == {
            NOW + 1: (1, 0),
            NOW + 2: (1, 0),
            NOW + MINUTES_KEPT + 1: (0, 2),
        }
        assert figures.sum_minutes(tx, 1, ALL, 0, 1).keys() == figures.sum_minutes(tx, 1, 1, 0, 1).keys()
        assert figures.sum_minutes(tx, 2, 9, 0, 1) == {NOW: (1, 0)}


def test_unknown_keys_are_counted_once(tx: Connection) -> None:
    with tx.begin():
        figures.count_minutes(tx, "refused", {(0, 0, T0): 3})
        assert figures.sum_minutes(tx, 0, ALL, NOW, 1) == {NOW: (0, 3)}


def test_names_without_end_count_as_further_ones(tx: Connection) -> None:
    with tx.begin():
        figures.count_names(tx, {(1, 1, "track", f"Name {i:05}"): 1 for i in range(NAMES + 50)})
        figures.count_names(tx, {(1, 1, "track", "Name 00007"): 5, (1, 1, "page", "New"): 2, (1, 2, "page", "New"): 1})
        figures.count_names(tx, {(1, 2, "page", "x" * LONGEST): 1, (1, 2, "page", "x" * (LONGEST + 1)): 4})
        found, total = figures.top_names(tx, 1, None, NAMES + 10)
    amounts = Counter({(one.verb, one.name[:10], one.further): one.events for one in found})
    assert amounts["track", "", True] == 50
    assert amounts["track", "Name 00007", False] == 6
    assert amounts["page", "", True] == 2 + 4
    assert amounts["page", "New", False] == 1
    assert amounts["page", "x" * 10, False] == 1
    assert total == NAMES + 50 + 8 + 5
    with tx.begin():
        assert rows(tx, names) == NAMES + 5


def test_events_with_notes_are_listed_up_to_a_bound(tx: Connection) -> None:
    run(tx, 1, record(happened("m1"), happened("m2", notes=["blocked user_id: null"])))
    with tx.begin():
        assert figures.list_noted(tx, 1, None, None, 10) == [2]
        figures.add_noted(tx, [(1, 10 + i, 3) for i in range(NOTED + 5)])
        assert rows(tx, noted) == NOTED
        assert figures.list_noted(tx, 1, None, None, 2) == [NOTED + 14, NOTED + 13]
        assert figures.list_noted(tx, 1, 3, 20, 2) == [19, 18]
        assert figures.list_noted(tx, 1, 4, None, 2) == []
        assert figures.list_noted(tx, 2, None, None, 2) == []


def test_what_cannot_be_applied_is_counted_as_refused(tx: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    from tidings.pipeline import effects

    def fail(*_: Any) -> None:
        raise ValueError("no luck")

    monkeypatch.setattr(effects.Effects, "describe", fail)
    run(tx, 1, record(happened("m1")), bisect=True)
    with tx.begin():
        assert figures.sum_minutes(tx, 1, ALL, NOW, 1) == {NOW: (0, 1)}
        assert rows(tx, minutes) == 2


@pytest.mark.parametrize("span", GRIDS)
def test_a_history_has_no_gaps(tx: Connection, span: Span) -> None:
    step, steps = GRIDS[span]
    with tx.begin():
        figures.count_minutes(tx, "events", {(1, 1, T0): 30, (1, 1, T0 - (steps + 1) * step * MINUTE): 99})
        found = history_of(tx, 1, span, None, T0)
    assert (len(found.items), found.step) == (steps, step)
    assert [item.events for item in found.items] == [0] * (steps - 1) + [30]
    begun = T0 // MINUTE % step + 1
    assert drawn(found, T0)["chart"][1][-1] == pytest.approx(30 / begun, abs=0.06)
    assert drawn(found, T0)["table"][0][1] == 30


@pytest.mark.parametrize(
    ("stage", "code", "word"),
    [
        ("edge", "no_user_anon_id", "names nobody"),
        ("edge", "traits_not_object", "must be an object"),
        ("edge", "name_not_string", "must be text"),
        ("edge", "consent_categorypreferences_should_exist", "consent"),
        ("edge", "never_heard_of", "The message below"),
        ("pipeline", "bad_request", "acknowledged"),
    ],
)
def test_every_code_is_explained(stage: str, code: str, word: str) -> None:
    reason = reasons.of_refusal(stage, code)
    assert word in reason.means
    assert reason.advice


@pytest.mark.parametrize(
    ("note", "word"),
    [
        ("blocked userId: null", "placeholder"),
        ("no usable email: x", "address or number"),
        ("no usable value: x", "lifetime value"),
        ("revenue names a currency, currency does not: $5", "lifetime value"),
        ("no usable avatar: x", "could not be read"),
        ("timestamp cannot be read, the time of receipt counts", "time of receipt"),
        ("context is not an object", "could not be used"),
        ("something new", "odd"),
    ],
)
def test_every_note_is_explained(note: str, word: str) -> None:
    assert word in reasons.of_note(note).means
