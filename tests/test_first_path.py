"""The main job, by the processes that operators start: an event goes in over HTTP, the customer comes out."""

from pathlib import Path

from tests.serving import Running, wait_for


def test_an_event_becomes_a_profile(tmp_path: Path) -> None:
    server = Running(tmp_path / "data", bare=True).start()
    try:
        made = server.command("source", "create", "segment")
        wait_for(lambda: server.knows(made))
        answer = server.call(
            "POST",
            "/v1/track",
            {"userId": "alice", "event": "Bought", "properties": {"revenue": 12.5}},
            made["write_key"],
        )
        assert (answer.status, answer.json()) == (200, {"success": True})
        assert server.settled()["events"] == 1
        profile = server.command("profile", "show", "--user-id", "alice")
        assert profile["lifetime_value"] == {"USD": "12.5"}
        assert profile["event_count"] == 1
    finally:
        server.stop()
