"""Stored events, refused ones and counts: every list stays within its workspace and its bounds."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fresh import migrated
from tidings.db import Database, Tx
from tidings.events import refusals, service, store
from tidings.events.model import Refusal
from tidings.events.refusals import WAITING, Refusals, clean
from tidings.events.store import REFUSED_KEPT, Cursor, Filter
from tidings.kit.digest import digest
from tidings.tenants.model import Source, SourceSettings

ALICE, STRANGER = 1, 2


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "tidings.db"
    migrated(path, 1)
    opened = Database(path)
    yield opened
    opened.close()


def source(source_id: int, workspace_id: int = ALICE) -> Source:
    return Source(
        id=source_id,
        workspace_id=workspace_id,
        brand_id=1,
        brand_currency="USD",
        dialect="segment",
        name="web",
        trust="server",
        enabled=True,
        settings=SourceSettings(),
    )


def event(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "id": number,
        "workspace_id": ALICE,
        "source_id": 1,
        "profile_id": 1,
        "verb": "track",
        "name": "Bought",
        "time": 1000 + number,
        "received": 2000 + number,
        "message_id": f"m{number}",
    } | changes
    body = {"verb": row["verb"], "message_id": row["message_id"], "time": row["time"]}
    return row | {"body": msgspec.Raw(msgspec.json.encode(body))}


def put(tx: Tx, rows: list[dict[str, Any]]) -> None:
    """Store events as the pipeline does, the indexes with them."""
    store.add(tx, [[row[name] for name in store.EVENT] for row in rows])
    store.add_seen(tx, [(r["source_id"], digest(r["message_id"]), r["workspace_id"], r["id"]) for r in rows])
    store.add_timeline(tx, [(r["workspace_id"], r["profile_id"], r["time"], r["id"]) for r in rows])


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


def refused(number: int, source_id: int, workspace_id: int = ALICE) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "source_id": source_id,
        "received": number,
        "stage": "edge",
        "code": "bad",
        "message": f"number {number}",
        "message_id": None,
        "name": None,
        "body": "{}",
    }


def test_each_source_has_its_own_ring_of_refused_requests(database: Database) -> None:
    database.write_now(store.add_refused, [refused(n, 1) for n in range(3)])
    database.write_now(store.add_refused, [refused(n, 0, 0) for n in range(2)])
    for start in range(0, REFUSED_KEPT + 200, 300):
        database.write_now(store.add_refused, [refused(n, 2) for n in range(start, start + 300)])
    kept = database.read_now(store.list_refused, ALICE, 2, None, 10_000)
    assert len(kept) == REFUSED_KEPT
    assert kept[0]["message"] == "number 1199"
    assert kept[-1]["message"] == "number 200"
    assert len(database.read_now(store.list_refused, ALICE, 1, None, 10_000)) == 3
    assert len(database.read_now(store.list_refused, 0, None, None, 10_000)) == 2
    assert len(database.read_now(store.list_refused, ALICE, None, None, 10_000)) == REFUSED_KEPT + 3
    assert database.read_now(store.list_refused, STRANGER, 2, None, 10_000) == []


def test_refused_requests_are_paged_without_gaps(database: Database) -> None:
    database.write_now(store.add_refused, [refused(n, 1 + n % 2) for n in range(25)])
    found: list[int] = []
    before = None
    while page := database.read_now(store.list_refused, ALICE, None, before, 10):
        found += [row["received"] for row in page]
        before = page[-1]["id"]
    assert found == list(range(24, -1, -1))


def test_refusals_are_written_with_their_count(database: Database) -> None:
    gathered = Refusals(database)
    hostile = Refusal(code="bad", message="m", body=b"\xff\0<script>", message_id="a\0\ud800", name="\udfff")
    gathered.add(source(1), 5, [hostile, Refusal(code="worse", message="n")])
    gathered.add(None, 6, [Refusal(code="unknown_key", message="k")])
    asyncio.run(gathered.flush())
    asyncio.run(gathered.flush())
    worse, bad = database.read_now(store.list_refused, ALICE, None, None, 10)
    assert (worse["code"], bad["code"], bad["stage"], bad["received"]) == ("worse", "bad", "edge", 5)
    assert (bad["body"], bad["message_id"], bad["name"]) == ("�<script>", "a?", "?")
    assert [row["code"] for row in database.read_now(store.list_refused, 0, None, None, 10)] == ["unknown_key"]
    assert database.read_now(store.get_counts, ALICE) == {"refused": 2}


def test_a_flood_of_refusals_is_counted_but_not_kept(database: Database) -> None:
    gathered = Refusals(database)
    for number in range(WAITING + 500):
        gathered.add(source(1), number, [Refusal(code="bad", message="m")])
    assert len(gathered._waiting) == WAITING
    asyncio.run(gathered.flush())
    assert database.read_now(store.get_counts, ALICE) == {"refused": WAITING + 500}
    assert database.read_now(store.list_refused, ALICE, None, None, 1)[0]["received"] == WAITING + 499


def test_refusals_outlive_a_write_that_fails(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    gathered = Refusals(database)
    gathered.add(source(1), 1, [Refusal(code="bad", message="m")])

    def full(*_: Any) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(refusals, "write", full)
        with pytest.raises(OSError, match="disk full"):
            asyncio.run(gathered.flush())
    asyncio.run(gathered.flush())
    assert database.read_now(store.get_counts, ALICE) == {"refused": 1}


@given(st.none() | st.text(max_size=50))
def test_cleaned_text_can_be_stored(text: str | None) -> None:
    found = clean(text)
    if text is None:
        assert found is None
    else:
        assert found is not None
        assert "\0" not in found
        found.encode()


def test_counts_add_up_by_source_and_workspace(database: Database) -> None:
    database.write_now(store.count, {(ALICE, 1, "events"): 3, (ALICE, 2, "events"): 4, (STRANGER, 3, "events"): 100})
    database.write_now(store.count, {(ALICE, 1, "events"): 2**40, (ALICE, 1, "duplicates"): 1})
    database.write_now(store.count, {})
    assert database.read_now(store.get_counts, ALICE) == {"events": 7 + 2**40, "duplicates": 1}
    assert database.read_now(store.get_source_counts, ALICE) == {
        1: {"events": 3 + 2**40, "duplicates": 1},
        2: {"events": 4},
    }
    assert database.read_now(store.get_counts, 99) == {}


def test_the_figures(database: Database) -> None:
    assert database.read_now(service.stats_of, ALICE, 0) == {
        "events": 0,
        "profiles": 0,
        "lag": 0,
        "duplicates": 0,
        "refused": 0,
        "forgotten": 0,
    }
    counts = {(ALICE, 1, "events"): 7, (ALICE, 0, "profiles"): 5, (ALICE, 0, "merged"): 2, (STRANGER, 1, "events"): 9}
    database.write_now(store.count, counts)
    database.write_now(store.set_cursor, Cursor(position=3, upto=10))
    found = database.read_now(service.stats_of, ALICE, 15)
    assert (found["events"], found["profiles"], found["lag"]) == (7, 3, 5)
    assert database.read_now(service.stats_of, ALICE, 8)["lag"] == 0


def test_the_cursor_comes_back_as_it_was(database: Database) -> None:
    assert database.read_now(store.get_cursor) == Cursor()
    state = Cursor(
        position=2**40, upto=2**41, next_event=7, next_profile=8, seen_low=(1, "d'é"), timeline_low=(1, 2, 3, 4)
    )
    for _ in range(2):
        database.write_now(store.set_cursor, state)
        assert database.read_now(store.get_cursor) == state
    database.write_now(store.set_cursor, Cursor(position=1))
    assert database.read_now(store.get_cursor) == Cursor(position=1)


@pytest.fixture
def filled(database: Database) -> Database:
    rows = [event(n, source_id=1 + n % 2, name=["Bought", "Viewed", None][n % 3]) for n in range(1, 31)]
    rows += [event(n, verb="identify", name=None) for n in range(31, 34)]
    rows += [event(n, workspace_id=STRANGER, source_id=9) for n in range(34, 37)]
    database.write_now(put, rows)
    return database


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Filter(), list(range(33, 0, -1))),
        (Filter(source_id=2), list(range(29, 0, -2))),
        (Filter(source_id=9), []),  # the stranger's
        (Filter(name="Viewed"), list(range(28, 0, -3))),
        (Filter(name="viewed"), []),
        (Filter(name="' OR 1=1 --"), []),
        (Filter(verb="identify"), [33, 32, 31]),
        (Filter(before=5), [4, 3, 2, 1]),
        (Filter(after=30), [31, 32, 33]),
        (Filter(after=10, before=13), [11, 12]),
        (Filter(source_id=1, name="Bought", verb="track", before=20), [18, 12, 6]),
    ],
)
def test_events_are_listed_by_filter(filled: Database, which: Filter, expected: list[int]) -> None:
    assert ids(filled.read_now(store.find_events, ALICE, [1, 2], which, 1000)[0]) == expected
    assert ids(filled.read_now(store.find_events, ALICE, [1, 2], which, 2)[0]) == expected[:2]


def test_pages_of_events_have_no_gaps(filled: Database) -> None:
    found: list[int] = []
    following: int | None = 10**6
    while following is not None:
        which = Filter(verb="track", before=following)
        page, following = filled.read_now(store.find_events, ALICE, [1, 2], which, 7)
        found += ids(page)
    assert found == list(range(30, 0, -1))
    found, following = [], 0
    while following is not None:
        page, following = filled.read_now(store.find_events, ALICE, [1, 2], Filter(after=following), 7)
        found += ids(page)
    assert found == list(range(1, 34))


def test_an_event_is_within_its_wall(filled: Database) -> None:
    row = filled.read_now(store.get_event, ALICE, 3)
    assert row is not None
    shown = service.present(row)
    assert shown["event"] == {"verb": "track", "message_id": "m3", "time": 1003}
    assert "workspace_id" not in shown
    assert "body" not in shown
    assert filled.read_now(store.get_event, STRANGER, 3) is None
    assert filled.read_now(store.get_event, ALICE, 34) is None


def test_an_event_is_found_by_its_message_id_from_any_source_in_both_tiers(filled: Database) -> None:
    filled.write_now(put, [event(40, source_id=2, message_id="m3x"), event(41, source_id=1, message_id="m3x")])
    assert sorted(ids(filled.read_now(store.by_message, ALICE, digest("m3x"), [1, 2]))) == [40, 41]
    assert ids(filled.read_now(store.by_message, ALICE, digest("m3x"), [2])) == [40]
    assert filled.read_now(store.by_message, ALICE, digest("m3x"), []) == []
    assert filled.read_now(store.by_message, ALICE, digest("m34"), [1, 2, 9]) == []
    assert filled.read_now(store.by_message, STRANGER, digest("m3x"), [1, 2]) == []
    filled.write_now(store.fold, Cursor(), 0, 10)
    assert sorted(ids(filled.read_now(store.by_message, ALICE, digest("m3x"), [1, 2]))) == [40, 41]
    asked = [(1, digest("m3x")), (2, digest("m3x")), (1, digest("m35")), (9, digest("m35")), (1, digest("new"))]
    assert filled.read_now(store.known, asked) == {(1, digest("m3x")), (2, digest("m3x")), (9, digest("m35"))}
    assert filled.read_now(store.known, []) == set()


def test_folding_leaves_small_tiers_alone(filled: Database) -> None:
    state = Cursor()
    filled.write_now(store.fold, state, 1000, 10)
    assert (state.seen_low, state.timeline_low) == (None, None)
    filled.write_now(store.fold, state, 0, 0)
    assert (state.seen_low, state.timeline_low) == (None, None)


def folded(tx: Tx, added: int) -> None:
    store.fold(tx, Cursor(seen_recent=added, timeline_recent=added), 0, added)


def timeline(database: Database, profiles: list[int], limit: int) -> list[int]:
    """Read a timeline page by page."""
    found: list[int] = []
    before: tuple[int, int] | None = None
    while page := database.read_now(store.list_timeline, ALICE, profiles, before, limit):
        assert len(page) <= limit
        found += ids(page)
        before = (page[-1]["time"], page[-1]["id"])
    return found


def test_a_timeline_is_of_its_profiles_and_its_wall(database: Database) -> None:
    rows = [event(n, profile_id=n % 3) for n in range(10)]
    rows += [event(n, profile_id=1, workspace_id=STRANGER) for n in range(10, 13)]
    database.write_now(put, rows)
    assert timeline(database, [1], 2) == [7, 4, 1]
    assert timeline(database, [1, 2], 3) == [8, 7, 5, 4, 2, 1]
    assert timeline(database, [], 3) == []
    assert ids(database.read_now(store.list_timeline, STRANGER, [1], None, 9)) == [12, 11, 10]
    assert database.read_now(store.list_timeline, STRANGER, [2], None, 9) == []


times = st.integers(-5, 5)
histories = st.lists(st.tuples(st.integers(1, 3), times), min_size=1, max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(history=histories, merged=st.sets(st.integers(1, 4)), limit=st.integers(1, 7), fold=st.integers(0, 30))
def test_a_timeline_of_merged_profiles_over_both_tiers_is_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    history: list[tuple[int, int]],
    merged: set[int],
    limit: int,
    fold: int,
) -> None:
    path = tmp_path_factory.mktemp("timeline") / "tidings.db"
    migrated(path, 1)
    database = Database(path)
    rows = [event(n, profile_id=profile, time=time) for n, (profile, time) in enumerate(history, 1)]
    half = len(rows) // 2
    if half:
        database.write_now(put, rows[:half])
        database.write_now(folded, fold)
    database.write_now(put, rows[half:])
    expected = sorted(((r["time"], r["id"]) for r in rows if r["profile_id"] in merged), reverse=True)
    assert timeline(database, sorted(merged), limit) == [number for _, number in expected]
    database.close()
