"""Segment's own SDKs for Node.js, the current and the old one, as they come from npm, against a running server."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Running, wait_for

NODE = Path(__file__).parent.parent / "node"
SDKS = {"current": "@segment/analytics-node", "old": "analytics-node"}
WAIT = 60
CALLS = {"m-view", "m-identify", "m-track", "m-page", "m-screen", "m-group", "m-alias", "m-last"}


@pytest.fixture(params=SDKS)
def generation(request: pytest.FixtureRequest) -> str:
    """Which SDK."""
    name: str = request.param
    if shutil.which("node") is None or not (NODE / "node_modules" / SDKS[name]).is_dir():
        pytest.fail(f"Node.js or its package {SDKS[name]} is not installed: 'make test' installs both")
    return name


class Script:
    """A Node.js program that uses an SDK."""

    def __init__(self, generation: str, server: Running, key: str, *what: str) -> None:
        self.process = subprocess.Popen(
            ["node", "run.mjs", generation, server.url, key, *what],
            cwd=NODE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self) -> None:
        output, _ = self.process.communicate(timeout=WAIT)
        assert self.process.returncode == 0, output


@pytest.fixture
def key(server: Running) -> str:
    """The write key of a source."""
    made: str = server.source("segment")["write_key"]
    return made


@pytest.fixture
def scripts() -> Iterator[list[Script]]:
    """Programs that must not outlive their test."""
    started: list[Script] = []
    yield started
    for script in started:
        if script.process.poll() is None:
            script.process.kill()
            script.process.communicate()


def stored(server: Running) -> dict[str, dict[str, Any]]:
    """Return the stored events by message id; each id once."""
    rows = server.cli("events", "list", "--limit", "1000")
    assert [name for name, times in Counter(row["message_id"] for row in rows).items() if times > 1] == []
    return {row["message_id"]: row for row in rows}


def test_every_call(server: Running, key: str, generation: str, scripts: list[Script]) -> None:
    scripts.append(Script(generation, server, key, "everything"))
    scripts[-1].finish()
    server.refusals_written()
    figures = server.settled()
    assert (figures["events"], figures["duplicates"], figures["refused"]) == (8, 0, 0)

    events = stored(server)
    assert set(events) == CALLS
    assert {row["verb"] for row in events.values()} == {"identify", "track", "page", "screen", "group", "alias"}
    assert events["m-track"]["time"] == 1709287200123
    assert events["m-track"]["event"]["context"]["library"]["name"] in ("@segment/analytics-node", "analytics-node")
    assert events["m-page"]["event"]["properties"]["category"] == "Docs"
    assert events["m-screen"]["name"] == "Cart"
    assert events["m-last"]["event"]["context"]["locale"] == "de-DE"

    profile = server.cli("profile", "show", "--user-id", "alice")
    assert profile["event_count"] == 8
    assert profile["lifetime_value"] == {"EUR": "12.5"}
    assert profile["traits"]["plan"] == "pro"
    assert [group["id"] for group in profile["groups"]] == ["acme"]
    assert {(row["kind"], row["value"]) for row in profile["identifiers"]} >= {
        ("user_id", "alice"),
        ("user_id", "alice-before"),
        ("anonymous_id", "a-1"),
        ("email", "alice@example.com"),
    }


def test_unusual_values_cost_no_event(server: Running, key: str, generation: str, scripts: list[Script]) -> None:
    scripts.append(Script(generation, server, key, "odd"))
    scripts[-1].finish()
    server.refusals_written()
    figures = server.settled()
    assert (figures["events"], figures["refused"]) == (17, 0)
    properties = stored(server)["odd-all"]["event"]["properties"]
    assert "missing" not in properties
    assert (properties["nothing"], properties["notANumber"], properties["endless"]) == (None, None, None)
    assert (properties["tiny"], properties["huge"]) == (1e-7, 1.7976931348623157e308)
    assert properties["moment"] == "2024-02-29T23:59:59.999Z"
    assert (properties["duck"], properties["half"], properties["nul"]) == ("🦆 Zażółć", "\ufffd", "ab")
    assert server.cli("profile", "show", "--user-id", "odd")["traits"]["duck"] == "🦆 Zażółć"


def test_the_server_goes_down_in_the_middle_and_comes_back(
    server: Running, key: str, generation: str, scripts: list[Script]
) -> None:
    # The first program's messages meet a running server that is killed, the second one's find none at all.
    scripts.append(Script(generation, server, key, "many", "300"))
    wait_for(lambda: b'tidings_events_total{dialect="segment"}' in server.call("GET", "/metrics").body)
    server.kill()
    assert scripts[0].process.poll() is None, "it has more to send"
    scripts.append(Script(generation, server, key, "everything"))
    server.start()
    for script in scripts:
        script.finish()
    server.refusals_written()
    figures = server.settled()
    assert (figures["events"], figures["refused"]) == (308, 0)
    assert sorted(stored(server)) == sorted({f"m-{number:03}" for number in range(300)} | CALLS)
    assert len(server.cli("events", "list", "--message-id", "m-299")) == 1
    profile = server.cli("profile", "show", "--user-id", "alice")
    assert (profile["event_count"], profile["lifetime_value"]) == (308, {"EUR": "12.5", "USD": "300"})
