"""The main job: an event goes in over HTTP, the customer comes out of the command line."""

from tests.serving import Running


def test_an_event_becomes_a_profile(server: Running) -> None:
    key = server.source("segment")["write_key"]
    answer = server.call(
        "POST", "/v1/track", {"userId": "alice", "event": "Bought", "properties": {"revenue": 12.5}}, key
    )
    assert (answer.status, answer.json()) == (200, {"success": True})
    assert server.settled()["events"] == 1
    profile = server.cli("profile", "show", "--user-id", "alice")
    assert profile["lifetime_value"] == {"USD": "12.5"}
    assert profile["event_count"] == 1
