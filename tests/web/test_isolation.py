"""No route shows or changes what belongs to another workspace; generated, so that no new route can be forgotten."""

from typing import Any

from tests.web.conftest import World, operations

# What a body has to say before its path parameters are looked at.
BODIES = {"/tidings/v1/profiles/{profile_id}/consent": {"channel": "email", "wish": "unsubscribe"}}


def everything(world: World) -> list[Any]:
    paths = ["/sources", f"/sources/{world.source_id}/keys", "/tokens", "/events?limit=200", "/refused", "/profiles"]
    paths.append("/suppressions")
    return [world.admin.get(path) for path in paths]


def test_ids_of_another_workspace_are_not_there(world: World, document: dict[str, Any]) -> None:
    known = world.known()
    before = everything(world)
    seen = 0
    for method, path, operation in operations(document):
        if "{" not in path:
            continue
        address = path.format(**known)  # a KeyError: a new kind of id; teach it to World.known
        answer = world.stranger(method, address, BODIES.get(path, {}) if "requestBody" in operation else None)
        assert (answer.status, answer.json()["code"]) == (404, "not_found"), (method, path)
        if method == "GET":
            assert world.admin(method, address).status == 200, path  # so that the 404 above means something
        seen += 1
    assert seen >= 11
    assert everything(world) == before


def test_a_key_of_another_workspace_is_not_reached_through_ones_own_source(world: World) -> None:
    _, own = world.source(world.stranger, "own")
    assert world.stranger("DELETE", f"/sources/{own}/keys/{world.known()['key_id']}").status == 404
    assert world.stranger("DELETE", f"/sources/{world.source_id}/keys/1").status == 404


def test_lists_hold_nothing_of_another_workspace(world: World, document: dict[str, Any]) -> None:
    stranger_key, own = world.source(world.stranger, "quiet")
    for method, path, operation in operations(document):
        if method != "GET" or "{" in path or path.endswith("/stream"):
            continue
        found = world.stranger.get(path)
        text = str(found)
        assert "alice" not in text, path
        assert "order-1" not in text, path
        assert world.source_id not in [one.get("source_id", one.get("id")) for one in found.get("sources", [])]
        if "source_id" in [parameter["name"] for parameter in operation.get("parameters", [])]:
            assert world.stranger("GET", f"{path}?source_id={world.source_id}").status == 404, path
            assert world.stranger("GET", f"{path}?source_id={own}").status == 200, path
    for query in ("events?name=Ticket+Bought", "events?message_id=order-1", "profiles?search=alice"):
        assert world.stranger.get(f"/{query}") == {"items": [], "next": None}
    assert stranger_key


def test_a_stream_of_another_workspaces_source_is_not_there(world: World) -> None:
    assert world.stranger("GET", f"/events/stream?source_id={world.source_id}").status == 404


def test_a_message_id_in_both_workspaces_is_two_events(world: World) -> None:
    key, _ = world.source(world.stranger, "twin")
    world.send("track", {"userId": "twin", "event": "Twin", "messageId": "twin-1"}, key)
    world.send("track", {"userId": "twin", "event": "Twin", "messageId": "twin-1"})
    world.server.settled()
    (theirs,) = world.stranger.get("/events?message_id=twin-1")["items"]
    (ours,) = world.admin.get("/events?message_id=twin-1")["items"]
    assert theirs["id"] != ours["id"]
    assert theirs["profile_id"] != ours["profile_id"]
