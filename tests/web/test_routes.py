"""Every route does what it says."""

from datetime import datetime
from typing import Any

import pytest

from tests.serving import wait_for
from tests.web.conftest import Caller, World


def test_stats(world: World) -> None:
    found = world.admin.get("/stats")
    assert {"events", "profiles", "lag", "duplicates", "refused", "forgotten", "sources"} == set(found)
    shop = next(one for one in found["sources"] if one["source_id"] == world.source_id)
    assert shop["name"] == "shop"
    assert shop["events"] >= 5
    assert shop["refused"] >= 1
    assert found["lag"] == 0


def test_an_event_is_shown_exactly(world: World) -> None:
    (found,) = world.admin.get("/events?message_id=order-1")["items"]
    assert found == world.admin.get(f"/events/{found['id']}")
    assert found["properties"] == {"total": 0.10, "revenue": 12.50, "big": 2**70}
    assert (found["value"], found["currency"], found["verb"]) == ("12.50", "USD", "track")
    assert found["profile_id"] == world.person("alice//1")["id"]
    body = world.admin("GET", f"/events/{found['id']}").body
    assert b'"revenue":12.50,"big":1180591620717411303424' in body
    moment = datetime.fromisoformat(found["time"])
    assert found["time"].endswith("Z")
    assert len(found["time"]) == 24
    assert moment.tzinfo is not None


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("name=Ticket+Bought", lambda e: e["name"] == "Ticket Bought"),
        ("verb=group", lambda e: e["verb"] == "group"),
        ("source_id={source_id}", lambda e: True),
        ("verb=track&name=Ticket+Bought&source_id={source_id}", lambda e: e["verb"] == "track"),
        ("message_id=order-1&verb=track", lambda e: e["message_id"] == "order-1"),
    ],
)
def test_events_are_filtered(world: World, query: str, fits: Any) -> None:
    found = world.admin.get("/events?limit=200&" + query.format(source_id=world.source_id))["items"]
    assert found
    assert all(fits(event) for event in found)


@pytest.mark.parametrize("query", ["name=ticket+bought", "message_id=order-1&verb=identify", "message_id=order"])
def test_events_that_do_not_fit_are_not_shown(world: World, query: str) -> None:
    assert world.admin.get(f"/events?{query}") == {"items": [], "next": None}


def test_refused_requests(world: World) -> None:
    found = world.admin.get(f"/refused?source_id={world.source_id}")["items"][-1]
    assert (found["stage"], found["body"], found["source_id"]) == ("edge", "{", world.source_id)


def test_requests_with_unknown_keys_are_for_admins(world: World) -> None:
    world.server.call("POST", "/v1/track", {"event": "x", "userId": "u"}, "nobody-knows-this-key")
    wait_for(lambda: world.admin.get("/refused?unknown_keys=true")["items"])
    found = world.admin.get("/refused?unknown_keys=true")["items"][0]
    assert found["source_id"] is None
    assert "nobody-knows-this-key" not in str(found)
    assert world.reader("GET", "/refused?unknown_keys=true").status == 403
    assert world.admin("GET", f"/refused?unknown_keys=true&source_id={world.source_id}").status == 400


def test_a_profile_is_one_customer(world: World) -> None:
    alice = world.person("alice//1")
    assert {(i["kind"], i["value"]) for i in alice["identifiers"]} == {
        ("user_id", "alice//1"),
        ("email", "alice@example.org"),
        ("anonymous_id", "visitor/1"),
    }
    assert alice["traits"]["age"] == 41.50
    assert alice["lifetime_value"] == {"USD": "12.50"}
    assert alice["event_count"] == 3
    assert alice["trait_details"]["age"]["trust"] == "server"
    assert alice == world.admin.get(f"/profiles/{alice['id']}")
    assert alice == world.admin.get("/profiles/by/email/ALICE@Example.org")
    assert alice == world.admin.get("/profiles/by/anonymous_id/visitor%2F1")
    assert b'"age":41.5' in world.admin("GET", f"/profiles/{alice['id']}").body


def test_a_timeline_goes_over_all_that_was_merged(world: World) -> None:
    alice = world.person("alice//1")
    found = world.admin.get(f"/profiles/{alice['id']}/timeline")["items"]
    assert [event["verb"] for event in found] == ["track", "identify", "identify"]
    assert found[0] == world.admin.get("/events?message_id=order-1")["items"][0]


@pytest.mark.parametrize("search", ["ALICE@", "alice/", "adams", "Ali", "visitor/1"])
def test_profiles_are_searched(world: World, search: str) -> None:
    (found,) = world.admin.get(f"/profiles?search={search}")["items"]
    assert found["name"] == "Alice Adams"
    assert found["identifiers"][-1] == {"kind": "anonymous_id", "value": "visitor/1"}
    assert found["event_count"] == 3


def test_the_newest_profiles_come_first(world: World) -> None:
    found = [row["id"] for row in world.admin.get("/profiles")["items"]]
    assert found == sorted(found, reverse=True)
    assert {world.person("bob")["id"], world.person("alice//1")["id"]} <= set(found)
    assert world.admin.get("/profiles?search=nobody-of-this-name") == {"items": [], "next": None}


def test_a_group(world: World) -> None:
    found = world.admin.get("/groups/acme%2F1")
    assert (found["id"], found["traits"]) == ("acme/1", {"plan": "gold"})
    assert found["trait_details"]["plan"]["source_id"] == world.source_id
    assert world.person("bob")["groups"][0]["id"] == "acme/1"


def test_a_source_is_made_changed_and_switched_off(world: World) -> None:
    settings = {"currency": "EUR", "country": "DE", "rate": 7}
    body = {"dialect": "segment", "name": "second", "trust": "browser", "settings": settings, "brand": "main"}
    made = world.admin.make("/sources", body | {"credentials": {"write_key": "pinned-key-2"}})
    number = made["source"]["id"]
    assert made["credentials"] == {"write_key": "pinned-key-2"}
    assert made["source"]["settings"] | settings == made["source"]["settings"]
    assert world.admin.get(f"/sources/{number}") == made["source"]
    assert made["source"] in world.admin.get("/sources")["items"]
    world.send("track", {"userId": "carol", "event": "Seen"}, "pinned-key-2")  # known as soon as it is made
    changed = world.admin("PATCH", f"/sources/{number}", {"settings": {"currency": None}, "enabled": False}).json()
    assert (changed["settings"]["currency"], changed["settings"]["rate"], changed["enabled"]) == (None, 7, False)
    assert world.server.call("POST", "/v1/track", {"userId": "c", "event": "x"}, "pinned-key-2").status in (401, 403)


def test_a_ripe_source_is_made_with_a_prefix(world: World) -> None:
    body = {"dialect": "ripe", "name": "site", "settings": {"prefix": "site"}, "credentials": {"api_key": "rk-1"}}
    made = world.admin.make("/sources", body)
    assert (made["credentials"], made["source"]["settings"]["prefix"]) == ({"api_key": "rk-1"}, "site")
    number = made["source"]["id"]
    event = {"userId": "dora", "event": "Seen"}
    assert world.server.call("POST", "/site/track", event, "rk-1").status == 200
    assert world.admin("PATCH", f"/sources/{number}", {"settings": {"prefix": ""}}).json()["settings"]["prefix"] == ""
    assert world.server.call("POST", "/site/track", event, "rk-1").status == 404
    assert world.server.call("POST", "/event/track", event, "rk-1").status == 200


def test_a_key_is_rotated(world: World) -> None:
    key, number = world.source(world.admin, "rotated")
    made = world.admin.make(f"/sources/{number}/keys", {})
    world.send("track", {"userId": "carol", "event": "Seen"}, made["secret"])
    first, second = world.admin.get(f"/sources/{number}/keys")["items"]
    assert second == made["key"]
    assert made["secret"].endswith(second["hint"][1:])
    assert world.admin("DELETE", f"/sources/{number}/keys/{first['id']}").status == 204
    assert world.server.call("POST", "/v1/track", {"userId": "c", "event": "x"}, key).status == 401
    assert [one["id"] for one in world.admin.get(f"/sources/{number}/keys")["items"]] == [second["id"]]


def test_a_token_is_made_and_revoked(world: World) -> None:
    made = world.admin.make("/tokens", {"name": "short-lived", "scopes": ["write", "read", "read"]})
    caller = Caller(world.server, made["secret"])
    assert made["token"]["scopes"] == ["write", "read"]
    assert caller("GET", "/stats").status == 200
    assert made["token"] in world.admin.get("/tokens")["items"]
    assert world.admin("DELETE", f"/tokens/{made['token']['id']}").status == 204
    assert caller("GET", "/stats").status == 401


def test_figures_over_time(world: World) -> None:
    for span, step, steps in (("hour", 1, 60), ("day", 15, 96), ("week", 60, 168)):
        found = world.admin.get(f"/stats/history?span={span}")
        assert (found["span"], found["step"], len(found["items"])) == (span, step, steps)
        assert sum(item["events"] for item in found["items"]) >= 5
        assert sum(item["refused"] for item in found["items"]) >= 1
    assert world.admin.get(f"/stats/history?source_id={world.source_id}")["items"][-1].keys() == {
        "at",
        "events",
        "refused",
    }
    assert sum(item["events"] for item in world.stranger.get("/stats/history")["items"]) == 0
    assert world.stranger("GET", f"/stats/history?source_id={world.source_id}").status == 404
    assert world.admin("GET", "/stats/history?span=year").status == 400


def test_figures_by_name(world: World) -> None:
    found = world.admin.get("/stats/names?limit=100")
    bought = next(item for item in found["items"] if item["name"] == "Ticket Bought")
    assert (bought["verb"], bought["further"]) == ("track", False)
    assert bought["events"] >= 2
    assert found["events"] == sum(item["events"] for item in found["items"])
    assert {item["name"] for item in found["items"] if item["verb"] == "identify"} == {None}
    assert world.admin.get("/stats/names?limit=1")["items"] == found["items"][:1]
    assert world.stranger.get("/stats/names") == {"items": [], "events": 0}


def test_events_with_notes(world: World) -> None:
    world.send("track", {"userId": "null", "anonymousId": "visitor/2", "event": "Odd"})
    wait_for(lambda: world.admin.get("/events/noted")["items"])
    (found,) = world.admin.get(f"/events/noted?source_id={world.source_id}&limit=1")["items"]
    assert (found["name"], found["notes"]) == ("Odd", ["blocked userId: null"])
    assert world.stranger.get("/events/noted") == {"items": [], "next": None}


def test_a_source_is_renamed(world: World) -> None:
    _, number = world.source(world.admin, "to be renamed")
    assert world.admin("PATCH", f"/sources/{number}", {"name": "renamed"}).json()["name"] == "renamed"
    assert world.admin.get(f"/sources/{number}")["name"] == "renamed"
    assert world.admin.get("/audit?action=source.renamed")["items"][0]["detail"] == {"name": "renamed"}
    taken = world.admin("PATCH", f"/sources/{number}", {"name": "shop", "enabled": False})
    assert taken.status == 409
    assert "there is a source 'shop' already" in taken.json()["message"]
    assert world.admin.get(f"/sources/{number}")["enabled"] is True
    assert world.admin("PATCH", f"/sources/{number}", {"name": "two\nlines"}).status == 400
    assert world.admin("PATCH", "/sources/999999", {"name": "nobody"}).status == 404
