"""A caller's mistake gets a status and a sentence, never a 500; generated from the document where it can be."""

import socket
from typing import Any

import pytest

from tests.web.conftest import V1, Caller, World, operations

HUGE = "9" * 30


def problem(answer: Any, status: int, code: str) -> Any:
    found = answer.json()
    assert (answer.status, found["code"]) == (status, code), answer.body
    assert found["message"]
    assert answer.headers["content-type"] == "application/json"
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    return found


def filled(path: str, world: World) -> str:
    return path.format(**world.known())


def test_every_route_needs_a_token_and_its_scope(world: World, document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        address = filled(path, world)
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
            answer = world.server.call(method, address, headers=headers)
            problem(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"
        if "scope admin" in operation["description"]:
            problem(world.reader(method, address, {}), 403, "forbidden")
    admin = [1 for *_, operation in operations(document) if "scope admin" in operation["description"]]
    assert len(admin) >= 14
    writer = Caller(world.server, world.admin.make("/tokens", {"name": "writer", "scopes": ["write"]})["secret"])
    assert writer("GET", "/events").status == 200
    assert writer("GET", "/tokens").status == 403


def test_every_route_refuses_methods_and_parameters_that_it_has_not(world: World, document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        address = filled(path, world)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"} - {m.upper() for m in item}:
            answer = world.admin(method, address)
            problem(answer, 405, "method_not_allowed")
            assert set(answer.headers["allow"].split(", ")) - {"OPTIONS"} == {name.upper() for name in item}
        for method in item:
            found = problem(world.admin(method.upper(), f"{address}?emial=x", {}), 400, "invalid")
            assert found["detail"][0]["field"] == "emial"


def test_every_body_is_checked(world: World, document: dict[str, Any]) -> None:
    bodies = [(m, filled(path, world)) for m, path, operation in operations(document) if "requestBody" in operation]
    assert len(bodies) >= 6
    for method, path in bodies:
        for body in (b"{", b"[]", b"\xff", b"null", b'{"name":"\\ud800"}', b"[" * 60_000, b'"\xed\xa0\x80"'):
            problem(world.admin(method, path, body), 400, "invalid")
        found = problem(world.admin(method, path, {"frobnicate": 1}), 400, "invalid")
        assert found["detail"] == [{"field": "frobnicate", "message": "unknown field"}]
        problem(world.admin(method, path, b""), 400, "invalid")
        problem(
            world.admin(method, path, b"x=1", {"Content-Type": "application/x-www-form-urlencoded"}),
            415,
            "unsupported_media_type",
        )
        problem(world.admin(method, path, b"{}", {"Content-Encoding": "gzip"}), 415, "unsupported_media_type")
        problem(world.admin(method, path, b" " * 65_537), 413, "too_large")


def test_every_number_in_a_path_is_checked(world: World, document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        numbers = [
            p["name"]
            for p in operation.get("parameters", [])
            if p["in"] == "path" and p["schema"].get("type") == "integer"
        ]
        for name in numbers:
            for bad in ("0", "-1", HUGE, "9" * 3000, "abc", "1.5", "%00", "1e3", str(2**63)):
                answer = world.admin(method, path.format(**world.known() | {name: bad}), {})
                assert answer.status in (400, 404), (method, path, bad, answer.body)
                assert answer.json()["code"] in ("invalid", "not_found")


@pytest.mark.parametrize(
    "path", ["/events", "/refused", "/profiles", "/profiles?search=a", "/profiles/{profile_id}/timeline"]
)
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        f"limit={HUGE}",
        "limit=null",
        "limit=",
        "cursor=",
        "cursor=x",
        "cursor=%C3%A9",
        "cursor=WyJldmVudHMiLFsi",
        "cursor=WzFd",
        "cursor=" + "A" * 201,
        "cursor=%00",
        "%FF=1",
        "limit=%ED%A0%80",
    ],
)
def test_bad_pages(world: World, path: str, query: str) -> None:
    address = filled(path, world)
    found = problem(world.admin("GET", address + ("&" if "?" in address else "?") + query), 400, "invalid")
    if "detail" in found:
        assert found["detail"][0]["field"] in ("limit", "cursor")


def test_a_cursor_belongs_to_its_list(world: World) -> None:
    cursor = world.admin.get("/events?limit=1")["next"]
    problem(world.admin("GET", f"/profiles?cursor={cursor}"), 400, "invalid")


@pytest.mark.parametrize(
    "path",
    [
        "/events?verb=buy",
        "/events?verb=null",
        "/events?source_id=0",
        f"/events?source_id={HUGE}",
        "/events?source_id=null",
        "/events?name=" + "x" * 1001,
        "/events?name=%00",
        "/events?name=%ED%A0%80",
        "/profiles?search=",
        "/profiles/by/fax/1",
        "/profiles?search=" + "x" * 201,
        "/profiles/by/email/%00",
        "/profiles/by/email/%FF",
        "/profiles/by/user_id/" + "x" * 1001,
        "/groups/%00",
        "/groups/%ED%A0%80",
        "/groups/" + "x" * 1001,
        "/refused?unknown_keys=perhaps",
    ],
)
def test_bad_filters(world: World, path: str) -> None:
    problem(world.admin("GET", path), 400, "invalid")


def test_overlong_addresses(world: World) -> None:
    problem(world.admin("GET", "/groups/" + "x" * 5000), 400, "too_long")
    problem(world.admin("GET", "/events?name=" + "x" * 40_000), 400, "too_long")


@pytest.mark.parametrize(
    "path",
    [
        "/sources/999",
        "/sources/999/keys",
        "/events/999999",
        "/profiles/999999",
        "/profiles/999999/timeline",
        "/groups/none",
        "/profiles/by/email/none@example.org",
        "/profiles/by/phone/+4912345",
        "/events?source_id=999",
        "/refused?source_id=999",
        "/nothing",
        "/profiles/by",
        "/profiles/by/email",
        "/tidings/",
        "/tidings/v1",
        "/tidings/openapi.yaml",
    ],
)
def test_what_is_not_there(world: World, path: str) -> None:
    problem(world.admin("GET", path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/tokens/999"),
        ("DELETE", "/sources/{source_id}/keys/999"),
        ("DELETE", "/sources/999/keys/1"),
        ("PATCH", "/sources/999"),
        ("POST", "/sources/999/keys"),
    ],
)
def test_what_is_not_there_cannot_be_changed(world: World, method: str, path: str) -> None:
    body: Any = None if method == "DELETE" else {}
    problem(world.admin(method, path.format(source_id=world.source_id), body), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "dialect"),
        ({"dialect": "fax"}, "dialect"),
        ({"dialect": "segment", "brand": "none"}, "brand"),
        ({"dialect": "segment", "credentials": {"api_key": "x"}}, "credentials.api_key"),
        ({"dialect": "segment", "credentials": {"write_key": "a b"}}, "credentials[...]"),
        ({"dialect": "segment", "credentials": {"write_key": "x" * 201}}, "credentials[...]"),
        ({"dialect": "segment", "trust": "nobody"}, "trust"),
        ({"dialect": "segment", "name": "a\nb"}, "name"),
        ({"dialect": "segment", "name": "a\n"}, "name"),
        ({"dialect": "segment", "name": "a\0"}, "name"),
        ({"dialect": "segment", "name": "x" * 101}, "name"),
        ({"dialect": "segment", "settings": {"currency": "eur"}}, "settings.currency"),
        ({"dialect": "segment", "settings": {"currency": "EUR\n"}}, "settings.currency"),
        ({"dialect": "segment", "settings": {"rate": -1}}, "settings.rate"),
        ({"dialect": "segment", "settings": {"rate": 10**30}}, "settings.rate"),
        ({"dialect": "segment", "settings": {"rate": "1"}}, "settings.rate"),
        ({"dialect": "segment", "settings": {"correct_time": "true"}}, "settings.correct_time"),
        ({"dialect": "segment", "settings": {"colour": "red"}}, "settings.colour"),
        ({"dialect": "segment", "settings": {"prefix": "Shop"}}, "settings.prefix"),
        ({"dialect": "segment", "settings": {"prefix": "shop\n"}}, "settings.prefix"),
        ({"dialect": "segment", "settings": {"prefix": "x" * 41}}, "settings.prefix"),
        ({"dialect": "segment", "settings": {"prefix": "tidings"}}, "settings.prefix"),
        ({"dialect": "segment", "settings": {"prefix": "core-backend"}}, "settings.prefix"),
    ],
)
def test_bad_sources(world: World, body: Any, field: str) -> None:
    found = problem(world.admin("POST", "/sources", body), 400, "invalid")
    assert found["detail"][0]["field"] == field


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["root"]},
        {"name": "", "scopes": ["read"]},
        {"scopes": ["read"]},
    ],
)
def test_bad_tokens(world: World, body: Any) -> None:
    problem(world.admin("POST", "/tokens", body), 400, "invalid")


def test_conflicts(world: World) -> None:
    problem(world.admin("POST", "/sources", {"dialect": "segment", "name": "shop"}), 409, "conflict")
    taken = {"dialect": "segment", "name": "other", "credentials": {"write_key": world.key}}
    problem(world.admin("POST", "/sources", taken), 409, "conflict")
    problem(world.admin("POST", f"/sources/{world.source_id}/keys", {"value": world.key}), 409, "conflict")
    world.admin.make("/sources", {"dialect": "ripe", "name": "prefixed", "settings": {"prefix": "theirs"}})
    settings = {"settings": {"prefix": "theirs"}}
    problem(world.admin("POST", "/sources", {"dialect": "ripe", "name": "other", **settings}), 409, "conflict")
    problem(world.admin("PATCH", f"/sources/{world.source_id}", settings), 409, "conflict")
    problem(world.admin("PATCH", f"/sources/{world.source_id}", {"settings": {"prefix": "event"}}), 400, "invalid")
    problem(world.admin("POST", f"/sources/{world.source_id}/keys", {"name": "api_key"}), 400, "invalid")
    assert not [one for one in world.admin.get("/sources")["items"] if one["name"] == "other"]


@pytest.mark.parametrize(
    "path", [b"/events/\xff", b"/events?name=\xc3\xa9", b"/events?%zz", b"/events?name=%", b"/%2e%2e/v1"]
)
def test_raw_bytes_in_the_address(world: World, path: bytes) -> None:
    with socket.create_connection(("127.0.0.1", world.server.port), 10) as client:
        secret = world.admin.token.encode()
        client.sendall(
            b"GET "
            + V1.encode()
            + path
            + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "
            + secret
            + b"\r\n\r\n"
        )
        status = client.recv(100).split()[1]
    assert status in (b"400", b"404", b"200")
