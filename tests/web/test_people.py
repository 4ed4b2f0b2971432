"""The own API's routes of users and the audit log."""

from typing import Any

import pytest

from tests.web.conftest import World


def test_a_user_is_added_changed_and_removed(world: World) -> None:
    made = world.admin.make("/users", {"email": "Bob@Example.org", "role": "viewer"})
    number = made["user"]["id"]
    assert made["user"] == world.admin.get(f"/users/{number}")
    assert (made["user"]["email"], made["user"]["role"], made["user"]["seen"]) == ("bob@example.org", "viewer", None)
    assert len(made["password"]) == 19
    changed = world.admin("PATCH", f"/users/{number}", {"role": "editor", "password": "a longer password"}).json()
    assert changed["role"] == "editor"
    assert world.admin("PATCH", f"/users/{number}", {}).json() == changed
    assert world.admin("DELETE", f"/users/{number}").status == 204
    assert world.admin("DELETE", f"/users/{number}").status == 404
    given = world.admin.make("/users", {"email": "c@example.org", "role": "viewer", "password": "a longer password"})
    assert given["password"] is None
    actions = [deed["action"] for deed in world.admin.get("/audit?action=user")["items"]]
    assert actions[:5] == [
        "user.added", "user.removed", "user.password_changed", "user.role_changed", "user.added"
    ]  # fmt: skip
    assert "a longer password" not in str(world.admin.get("/audit?limit=200"))


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"email": "nobody", "role": "viewer"}, 400, "email"),
        ({"email": "x@y.zz", "role": "king"}, 400, "role"),
        ({"email": "x@y.zz", "role": "viewer", "password": "short"}, 400, "password"),
        ({"email": "x@y.zz"}, 400, "role"),
        ({"email": "x@y.zz", "role": "viewer", "admin": True}, 400, "admin"),
        ({"email": "alice@example.org", "role": "viewer"}, 409, None),
    ],
)
def test_a_user_that_cannot_be_added(world: World, body: Any, status: int, field: str | None) -> None:
    answer = world.admin("POST", "/users", body)
    assert answer.status == status
    assert [fault["field"] for fault in answer.json().get("detail", [])] == ([field] if field else [])


def test_the_last_owner_stays(world: World) -> None:
    (owner,) = [user for user in world.admin.get("/users")["items"] if user["role"] == "owner"]
    assert world.admin("DELETE", f"/users/{owner['id']}").status == 409
    assert world.admin("PATCH", f"/users/{owner['id']}", {"role": "viewer"}).status == 409


def test_changes_through_the_api_are_in_the_audit_log(world: World) -> None:
    key, number = world.source(world.admin, "audited")
    world.admin("PATCH", f"/sources/{number}", {"settings": {"rate": 9}})
    added = world.admin.make(f"/sources/{number}/keys", {})
    world.admin("DELETE", f"/sources/{number}/keys/{added['key']['id']}")
    token = world.admin.make("/tokens", {"name": "audited", "scopes": ["read"]})
    world.admin("DELETE", f"/tokens/{token['token']['id']}")
    found = world.admin.get("/audit?limit=6")
    rows = [(deed["action"], deed["subject"]) for deed in found["items"]]
    mine, its = f"token:{token['token']['id']}", f"source:{number}"
    assert rows == [
        ("token.revoked", mine), ("token.created", mine), ("key.revoked", its), ("key.added", its),
        ("source.changed", its), ("source.created", its),
    ]  # fmt: skip
    assert {deed["ip"] for deed in found["items"]} == {"127.0.0.1"}
    assert {deed["actor"][:6] for deed in found["items"]} == {"token:"}
    assert found["items"][4]["detail"] == {"rate": 9}
    for secret in (key, added["secret"], token["secret"]):
        assert secret not in str(found)
    following = world.admin.get(f"/audit?limit=200&cursor={found['next']}")["items"]
    assert following[0]["id"] < found["items"][-1]["id"]


def test_the_audit_log_is_narrowed(world: World) -> None:
    for query, fits in (
        ("action=source.created", lambda deed: deed["action"] == "source.created"),
        ("action=workspace", lambda deed: deed["action"].startswith("workspace.")),
        ("actor=cli", lambda deed: deed["actor"] == "cli"),
    ):
        assert all(fits(deed) for deed in world.admin.get(f"/audit?{query}")["items"]), query
    for query in ("actor=somebody", "action=a.b.c", "action=%25", "cursor=x"):
        assert world.admin("GET", f"/audit?{query}").status == 400, query
    assert "alice" not in str(world.stranger.get("/audit"))


def test_the_workspace_and_its_brands(world: World) -> None:
    present = world.stranger.get("/workspace")
    assert (present["name"], present["title"], present["time_zone"]) == ("stranger", "stranger", "UTC")
    changed = world.stranger("PATCH", "/workspace", {"title": "Strange", "time_zone": "Europe/Berlin"}).json()
    assert changed == present | {"title": "Strange", "time_zone": "Europe/Berlin"}
    assert world.stranger("PATCH", "/workspace", {"title": "Strange"}).json() == changed
    assert world.stranger("PATCH", "/workspace", {"time_zone": "Mars/Olympus"}).status == 400
    assert world.admin.get("/workspace")["name"] == "default"
    made = world.stranger.make("/brands", {"key": "outlet", "currency": "eur"})
    assert (made["key"], made["name"], made["currency"]) == ("outlet", "outlet", "EUR")
    assert made in world.stranger.get("/brands")["items"]
    assert world.stranger("POST", "/brands", {"key": "outlet"}).status == 409
    number = made["id"]
    assert world.stranger("PATCH", f"/brands/{number}", {"currency": "jpy"}).json() == made | {"currency": "JPY"}
    assert world.stranger.get(f"/brands/{number}")["currency"] == "JPY"
    actions = [deed["action"] for deed in world.stranger.get("/audit?limit=3")["items"]]
    assert actions == ["brand.changed", "brand.created", "workspace.changed"]


def test_the_server(world: World) -> None:
    found = world.admin.get("/server")
    assert found["settings"]["data"] == str(world.server.data)
    assert found["version"]
    assert world.reader("GET", "/server").status == 403
