"""A lead over HTTP, as Segment's connector for Ripe and a server of the customer send it."""

import base64
from typing import Any

import pytest

from tests.serving import Running, wait_for

PAGE = {"url": "https://acme.example/pricing", "path": "/pricing", "search": "", "referrer": None, "title": "Pricing"}


class Connector:
    """Sends as the connector does: the key alone in the header, explicit nulls, one event in each request.

    Args:
        server: Who answers.
        key: The API key.
        endpoint: The connector's setting, without the host.
    """

    def __init__(self, server: Running, key: str, endpoint: str) -> None:
        self.server = server
        self.endpoint = endpoint
        self.headers = {
            "Authorization": "Basic " + base64.b64encode(key.encode()).decode(),
            "Content-Type": "application/json",
        }

    def test(self) -> int:
        """Return what the settings page gets."""
        return self.server.call("GET", f"{self.endpoint}/auth/sdk", headers=self.headers).status

    def send(self, call: str, number: int, **members: Any) -> None:
        """Send one event."""
        common = {"messageId": f"m-{number}", "timestamp": f"2024-03-01T10:00:0{number}.000Z", "userId": None}
        answer = self.server.call("POST", f"{self.endpoint}/{call}", common | members, headers=self.headers)
        assert (answer.status, answer.json()) == (200, {})


@pytest.mark.parametrize("endpoint", ["/event", "/core-backend", "/acme", "/acme/event"])
def test_a_visitor_becomes_a_lead_of_an_account(server: Running, endpoint: str) -> None:
    made = server.source("ripe", "--set", "api_key=rk-from-before", "--prefix", "acme")
    connector = Connector(server, "rk-from-before", endpoint)
    assert connector.test() == 200
    assert Connector(server, "another", endpoint).test() == 401

    lead = {"anonymousId": "a-1", "userId": "u-42"}
    connector.send("page", 1, anonymousId="a-1", properties={}, context={"groupId": None, "page": PAGE})
    connector.send(
        "track", 2, anonymousId="a-1", event="Clicked Book a Demo", name="Clicked Book a Demo", properties={}
    )
    traits = {"email": "Ana@acme.example", "firstName": "Ana", "lastName": "Adams", "plan": "pro"}
    connector.send("identify", 3, **lead, traits=traits, context={"groupId": "g-9"})
    connector.send("group", 4, userId="u-42", groupId="g-9", traits={"name": "Acme", "seats": 12})
    connector.send("track", 5, **lead, event="Signed Up", properties={"revenue": 25})
    connector.send("track", 5, **lead, event="Signed Up", properties={"revenue": 25})  # a retry
    connector.send("alias", 6, userId="u-42", previousId="old-42")

    server.refusals_written()
    figures = server.settled()
    assert (figures["events"], figures["duplicates"], figures["refused"]) == (6, 1, 0)
    profile = server.cli("profile", "show", "--user-id", "u-42")
    assert {(one["kind"], one["value"]) for one in profile["identifiers"]} >= {
        ("user_id", "u-42"),
        ("anonymous_id", "a-1"),
        ("email", "ana@acme.example"),
    }
    assert profile["traits"] == traits | {"name": "Ana Adams"}
    assert [group["id"] for group in profile["groups"]] == ["g-9"]
    assert (profile["event_count"], profile["lifetime_value"]) == (6, {})
    assert server.cli("profile", "show", "--email", "ana@acme.example")["id"] == profile["id"]
    (seen,) = server.cli("events", "list", "--message-id", "m-1")
    assert seen["event"]["properties"]["url"] == PAGE["url"]
    assert made["api_key"] not in str(server.cli("events", "list"))


def test_refused_events_are_shown_with_their_source_and_without_the_key(server: Running) -> None:
    key = server.source("ripe")["api_key"]
    answer = server.call("POST", "/event/track", {"event": "Seen", "messageId": "m-1", "apiKey": key}, key)
    assert (answer.status, answer.json()) == (400, {"message": "userId or anonymousId is required"})
    assert server.call("POST", "/event/group", {"userId": "u-42", "messageId": "m-2"}, key).status == 400
    assert server.call("POST", "/event/track", {"userId": "u-42", "event": "x", "a": "y" * 33_000}, key).status == 413
    token = server.cli("token", "create")["token"]

    def refused() -> Any:
        answer = server.call("GET", "/tidings/v1/refused", headers={"Authorization": f"Bearer {token}"})
        return answer.json()["items"] if answer.status == 200 else []

    wait_for(lambda: len(refused()) == 3)
    assert {(one["source_id"], one["code"]) for one in refused()} == {
        (1, "no_user_anon_id"),
        (1, "id_required"),
        (1, "too_large"),
    }
    assert key not in str(refused())
