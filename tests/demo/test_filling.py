"""``tidings serve --demo`` over a real server: filled once, also when a kill comes in between."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.serving import Running, wait_for
from tidings.cli.demo import Plan
from tidings.demo.filling import make_lanes

COMPLETE = re.compile(r"The demo is complete: (\d+) events, (\d+) more refused on purpose")
SOURCES = {
    f"Demo {brand} ({dialect})" for brand in ("shop", "wholesale") for dialect in ("Segment", "Ripe", "Re:amaze")
}


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Running]:
    """A server that is being filled, with a first source as ``make run`` makes it."""
    running = Running(tmp_path / "data", "--demo", "--first-source", "segment").start()
    yield running
    running.stop()


def says(running: Running, text: str) -> bool:
    return any(text in line for line in running.output)


def completed(running: Running) -> tuple[int, int]:
    """Wait for the end; return how many events were stored and refused by what it says."""
    wait_for(lambda: COMPLETE.search("".join(running.output)) or says(running, "not complete"), 120)
    found = COMPLETE.search("".join(running.output))
    assert found, running.output
    running.refusals_written()
    return int(found[1]), int(found[2])


def rows(running: Running, query: str) -> list[tuple[Any, ...]]:
    path = running.data / "tidings.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(query).fetchall()


def number(running: Running, query: str) -> int:
    return int(rows(running, query)[0][0])


@pytest.mark.slow
def test_a_demo_is_filled_in_once(demo: Running) -> None:
    stored, refused = completed(demo)
    figures = demo.settled()
    assert 40_000 < figures["events"] == stored < 65_000
    assert 1_400 < figures["profiles"] < 2_500
    assert 0 < figures["refused"] < refused  # some came with a key that belongs to nobody
    assert figures["duplicates"] == 0
    assert {source["name"] for source in demo.cli("source", "list")} == {"segment", *SOURCES}
    assert number(demo, "SELECT count(DISTINCT source_id) FROM events") == len(SOURCES)
    assert number(demo, "SELECT count(*) FROM events WHERE body LIKE '%blocked user%'") > 10
    assert number(demo, "SELECT count(*) FROM groups") > 30
    assert {row[0] for row in rows(demo, "SELECT DISTINCT currency FROM profile_values")} == {"EUR", "USD"}
    two = "SELECT root_id FROM events JOIN profiles ON profiles.id = profile_id JOIN sources ON sources.id = source_id"
    two += " GROUP BY root_id HAVING count(DISTINCT dialect) > 1"
    assert number(demo, f"SELECT count(*) FROM ({two})") > 200
    assert not (demo.data / "demo.json").exists()

    demo.stop()
    demo.output.clear()
    demo.start()
    wait_for(lambda: says(demo, "There are events already"))
    assert demo.settled() == figures
    assert len(demo.cli("source", "list")) == len(SOURCES) + 1


@pytest.mark.slow
def test_a_demo_goes_on_after_a_kill_as_the_same_demo(demo: Running) -> None:
    wait_for(lambda: sum("Filling in the demo" in line for line in demo.output) > 1, 60)
    demo.kill()
    plan = msgspec.json.decode((demo.data / "demo.json").read_bytes(), type=Plan)
    demo.output.clear()
    demo.start()
    stored, _ = completed(demo)
    figures = demo.settled()
    assert (
        figures["events"] == stored == sum(call.events for lane in make_lanes(plan.moment, plan.seed) for call in lane)
    )
    assert figures["duplicates"] > 0
    assert figures["refused"] < 40  # none twice
    assert len(demo.cli("source", "list")) == len(SOURCES) + 1
    for source in demo.cli("source", "list"):
        keys = demo.cli("source", "key", "list", str(source["id"]))
        assert len(keys) == (3 if source["dialect"] == "reamaze_data" else 1)


def test_a_workspace_with_an_event_is_left_alone(server: Running) -> None:
    key = server.source("segment")["write_key"]
    assert server.call("POST", "/v1/track", {"userId": "alice", "event": "Bought"}, key).status == 200
    server.kill()
    server.options = ("--demo",)
    server.output.clear()
    server.start()
    wait_for(lambda: says(server, "There are events already"))
    assert server.settled()["events"] == 1
    assert len(server.cli("source", "list")) == 1


def test_without_the_option_nothing_is_filled_in(server: Running) -> None:
    assert server.cli("source", "list") == []
    assert server.settled()["events"] == 0
