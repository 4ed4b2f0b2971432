"""Paging walks everything exactly once, while more comes in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.fresh import migrated
from tests.serving import wait_for
from tests.web.conftest import World
from tidings.db import Database
from tidings.events import store
from tidings.events.store import Filter


def walk(world: World, path: str, limit: int, between: Callable[[int], None] = lambda _: None) -> list[int]:
    found: list[int] = []
    cursor, joint = "", "&" if "?" in path else "?"
    for page in range(1000):
        answer = world.admin.get(f"{path}{joint}limit={limit}{cursor}")
        assert len(answer["items"]) <= limit
        found += [item["id"] for item in answer["items"]]
        if answer["next"] is None:
            return found
        cursor = f"&cursor={answer['next']}"
        between(page)
    raise AssertionError("the list has no end")


@pytest.fixture(scope="module")
def crowd(world: World) -> World:
    for number in range(60):
        world.send("track", {"userId": f"walker-{number % 25}", "event": f"Step {number % 3}"})
    wait_for(lambda: world.admin.get("/profiles?search=walker-24")["items"])
    world.server.settled()
    return world


@pytest.mark.parametrize("limit", [1, 7, 200])
@pytest.mark.parametrize(
    "query", ["", "?name=Step+1", "?verb=track", "?source_id={source_id}", "?verb=track&name=Step+2"]
)
def test_events(crowd: World, limit: int, query: str) -> None:
    query = query.format(source_id=crowd.source_id)
    present = crowd.admin.get(f"/events{query}{'&' if query else '?'}limit=200")["items"]
    expected = {event["id"] for event in present}

    def add(page: int) -> None:
        if page < 5:
            crowd.send("track", {"userId": "walker-1", "event": "Step 1"})

    found = walk(crowd, f"/events{query}", limit, add)
    assert found == sorted(set(found), reverse=True)
    assert set(found) == expected
    crowd.server.settled()


def test_a_timeline(crowd: World) -> None:
    person = crowd.person("walker-1")["id"]
    path = f"/profiles/{person}/timeline"
    expected = [event["id"] for event in crowd.admin.get(f"{path}?limit=200")["items"]]
    found = walk(crowd, path, 3, lambda _: crowd.send("track", {"userId": "walker-1", "event": "Late"}))
    assert found == expected
    crowd.server.settled()


@pytest.mark.parametrize("path", ["/profiles", "/profiles?search=walker"])
def test_profiles(crowd: World, path: str) -> None:
    expected = [one["id"] for one in crowd.admin.get(f"{path}{'&' if '?' in path else '?'}limit=200")["items"]]
    assert len(expected) >= 25
    assert walk(crowd, path, 4) == expected


def test_refused(crowd: World) -> None:
    for _ in range(9):
        crowd.server.call("POST", "/v1/track", b"{", crowd.key)
    wait_for(lambda: len(crowd.admin.get("/refused")["items"]) >= 9)
    found = walk(crowd, "/refused", 2)
    assert found == sorted(set(found), reverse=True)
    assert len(found) >= 9


@pytest.fixture
def database(tmp_path: Path) -> Any:
    migrated(tmp_path / "tidings.db", 1)
    opened = Database(tmp_path / "tidings.db")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "which", [Filter(verb="page"), Filter(name="n1", source_id=2), Filter(verb="page", source_id=1), Filter()]
)
def test_a_rare_event_is_found_in_bounded_steps(database: Database, monkeypatch: Any, which: Filter) -> None:
    monkeypatch.setattr(store, "SCANNED", 10)
    rows = [
        (n, 1, 1 + n % 2, 0, "page" if n % 37 == 0 else "track", f"n{n % 5}", n, n, f"m{n}", msgspec.Raw(b"{}"))
        for n in range(1, 300)
    ]
    database.write_now(store.add, rows)

    def fits(row: Any) -> bool:
        return which.verb in (None, row[4]) and which.name in (None, row[5]) and which.source_id in (None, row[2])

    expected = [row[0] for row in rows if fits(row)]
    for forward in (False, True):
        found: list[int] = []
        following: int | None = 0 if forward else 10**6
        while following is not None:
            bounds = which._replace(after=following) if forward else which._replace(before=following)
            page, following = database.read_now(store.find_events, 1, [1, 2], bounds, 4)
            assert len(page) <= 4
            found += [row["id"] for row in page]
        assert found == (expected if forward else expected[::-1])
