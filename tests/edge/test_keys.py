"""Who may send: forms of the key, keys in force, and what a source's own settings keep out."""

import base64
import json
import time
from typing import Any

import pytest

from tests.edge.wire import ORIGIN, Said, ask, basic, event, must_fail, must_take
from tests.serving import Running, wait_for

IN_FORCE = 1.0  # seconds after the command has ended


def sends(live: Running, key: str) -> int:
    return ask(live.port, "POST", "/v1/track", event(), [basic(key)]).status


def test_every_form_of_the_header(live: Running, key: str) -> None:
    url_safe = base64.urlsafe_b64encode(f"{key}:".encode()).decode().rstrip("=")
    for header in (
        basic(key),
        basic(key, None),
        basic(key, "ignored:password"),
        basic(f"  {key} "),
        basic(key, scheme="basic"),
        basic(key, scheme="BASIC "),
        ("Authorization", f"Basic {url_safe}"),
    ):
        must_take(ask(live.port, "POST", "/v1/track", event(), [header]))


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
def test_the_key_in_body_or_query(live: Running, key: str, path: str) -> None:
    content: dict[str, Any] = {"batch": []} if path == "/v1/batch" else {"userId": "alice", "event": "Bought"}
    plain, keyed = json.dumps(content).encode(), json.dumps(content | {"writeKey": key}).encode()
    must_take(ask(live.port, "POST", path, keyed))
    must_take(ask(live.port, "POST", f"{path}?writeKey={key}", plain))
    must_take(ask(live.port, "POST", f"{path}?writeKey=unknown", keyed))
    must_take(ask(live.port, "POST", path, keyed, [("Authorization", "Bearer some.oauth.token")]))
    must_take(ask(live.port, "POST", path, keyed, [("Authorization", "Basic !!!")]))
    must_fail(ask(live.port, "POST", path, keyed, [basic("unknown")]), 401, "unknown_source")
    must_fail(ask(live.port, "POST", path, plain), 401, "unknown_source")


def test_the_key_of_a_batch_may_stand_in_its_events(live: Running, key: str) -> None:
    body = json.dumps({"batch": [{"type": "track", "userId": "alice", "event": "Bought", "writeKey": key}]}).encode()
    must_take(ask(live.port, "POST", "/v1/b", body))


@pytest.mark.parametrize("stated", [None, 7, True, [], {}, "", " ", "unknown", "\u0000", "\ud83d"])
def test_a_key_in_the_body_that_is_none(live: Running, stated: Any) -> None:
    body = json.dumps({"userId": "alice", "event": "Bought", "writeKey": stated}).encode()
    must_fail(ask(live.port, "POST", "/v1/track", body), 401, "unknown_source")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic :",
        "Basic Og==",
        "Basic \xff",
        "Basic /w==",
        "Digest x",
        "Bearer",
        "Basic " + "A" * 50_000,
    ],
)
def test_a_header_without_a_key_is_401_without_a_password_box(live: Running, header: str) -> None:
    said = ask(live.port, "POST", "/v1/track", event(), [("Authorization", header)])
    must_fail(said, 401)
    assert said.all("www-authenticate") == []


def test_cookies_are_not_looked_at(live: Running, key: str) -> None:
    for cookie in (f"writeKey={key}", f"session={key}; Authorization=Basic {key}"):
        said = ask(live.port, "POST", "/v1/track", event(), [("Cookie", cookie), ("Origin", ORIGIN)])
        must_fail(said, 401)
        assert said.all("set-cookie") == []


def test_the_key_is_not_stored(live: Running, key: str) -> None:
    must_take(ask(live.port, "POST", "/v1/track", event("keyless", writeKey=key)))
    live.settled()
    assert key not in json.dumps(live.cli("events", "list", "--message-id", "keyless"))


def test_keys_are_in_force_within_a_second(live: Running, made: dict[str, Any]) -> None:
    source = str(made["id"])
    second = live.command("source", "key", "add", source)["write_key"]
    wait_for(lambda: sends(live, second) == 200, IN_FORCE)
    assert sends(live, made["write_key"]) == 200
    first = live.command("source", "key", "list", source)[0]["id"]
    live.command("source", "key", "revoke", source, str(first))
    wait_for(lambda: sends(live, made["write_key"]) == 401, IN_FORCE)
    assert sends(live, second) == 200


def test_a_disabled_source(live: Running, made: dict[str, Any]) -> None:
    key, source = made["write_key"], str(made["id"])
    live.command("source", "disable", source)
    wait_for(lambda: sends(live, key) == 401, IN_FORCE)
    must_fail(ask(live.port, "POST", "/v1/track", event(), [basic(key)]), 401, "source_disabled")
    assert live.call("GET", f"/v1/projects/{key}/settings").status == 200
    live.command("source", "enable", source)
    wait_for(lambda: sends(live, key) == 200, IN_FORCE)


def test_an_origin_that_is_not_on_the_list(live: Running, made: dict[str, Any]) -> None:
    key = made["write_key"]
    live.command("source", "set", str(made["id"]), "origins=https://a.example,https://b.example")

    def ask_from(origin: str) -> int:
        return ask(live.port, "POST", "/v1/track", event(), [basic(key), ("Origin", origin)]).status

    wait_for(lambda: ask_from(ORIGIN) == 403, IN_FORCE)
    said = ask(live.port, "POST", "/v1/track", event(), [basic(key), ("Origin", ORIGIN)])
    must_fail(said, 403, "origin_not_allowed")
    assert said.header("access-control-allow-origin") == ORIGIN, "the page has to see why"
    assert [ask_from(origin) for origin in ("https://a.example", "https://b.example")] == [200, 200]
    assert [ask_from(origin) for origin in ("http://a.example", "https://a.example.evil", "null")] == [403, 403, 403]
    assert sends(live, key) == 200, "servers send no origin"
    live.command("source", "set", str(made["id"]), "origins=")
    wait_for(lambda: ask_from(ORIGIN) == 200, IN_FORCE)


def test_a_source_that_sends_too_fast(live: Running, key: str, made: dict[str, Any]) -> None:
    live.cli("source", "set", str(made["id"]), "rate=5")

    refused: list[Said] = []

    def hurry() -> bool:
        here = [basic(made["write_key"]), ("Origin", ORIGIN)]
        answers = [ask(live.port, "POST", "/v1/track", event(), here) for _ in range(30)]
        refused.extend(answer for answer in answers if answer.status == 429)
        return refused != []

    wait_for(hurry, 5)
    said = refused[-1]  # a further request might be let through: five a second are
    must_fail(said, 429)
    assert 1 <= int(said.header("retry-after")) <= 2
    assert 1 <= int(said.header("x-ratelimit-reset")) <= 2
    assert said.header("access-control-expose-headers") == "Retry-After, X-RateLimit-Reset"
    assert sends(live, key) == 200, "others may go on"
    started = time.monotonic()
    wait_for(lambda: sends(live, made["write_key"]) == 200, int(said.header("retry-after")))
    taken = sum(sends(live, made["write_key"]) == 200 for _ in range(20))
    assert taken <= 3 + 5 * (time.monotonic() - started)


def test_refused_requests_are_counted_for_their_source(live: Running) -> None:
    live.cli("workspace", "create", "elsewhere")
    live.cli("brand", "create", "shop", "--workspace", "elsewhere")
    made = live.source("segment", "--workspace", "elsewhere")
    here = basic(made["write_key"])
    must_fail(ask(live.port, "POST", "/v1/track", b'{"userId": "bob"}', [here]), 400, "event_not_defined")
    must_fail(ask(live.port, "POST", "/v1/track", b"{", [here]), 400, "bad_request")
    body = json.dumps({"batch": [{"type": "track", "userId": "bob", "event": "E"}, {"type": "track"}, 7]}).encode()
    must_take(ask(live.port, "POST", "/v1/batch", body, [here]))
    must_fail(ask(live.port, "POST", "/v1/track", event(), [basic("unknown")]), 401)
    live.cli("source", "disable", str(made["id"]), "--workspace", "elsewhere")
    wait_for(lambda: sends(live, made["write_key"]) == 401)
    wait_for(lambda: live.cli("stats", "--workspace", "elsewhere")["refused"] >= 5)
    live.settled()
    assert live.cli("stats", "--workspace", "elsewhere")["events"] >= 1


@pytest.mark.parametrize(
    ("dialect", "credential", "path"),
    [
        ("segment", "write_key", "/v1/track"),
        ("ripe", "api_key", "/event/track"),
        ("reamaze_data", "api_key", "/data/events"),
        ("remarkety", "api_key", "/webhooks"),
    ],
)
def test_a_body_that_no_dialect_has_seen_is_refused_in_the_name_of_its_key(
    live: Running, dialect: str, credential: str, path: str
) -> None:
    made = live.source(dialect, "--name", f"unseen-{dialect}")
    here = [("Authorization", "Basic " + base64.b64encode(made[credential].encode()).decode())]
    if dialect == "remarkety":
        here = [("X-Api-Key", made[credential]), ("X-Event-Type", "hello")]
    live.refusals_written()
    before = live.cli("stats")["refused"]
    ask(live.port, "POST", path, b"{}", [*here, ("Content-Encoding", "br")])
    ask(live.port, "POST", path, b"\x1f\x8b broken", here)
    ask(live.port, "POST", path, b" " * 1_100_000, here)
    wait_for(lambda: live.cli("stats")["refused"] >= before + 3)
    live.cli("source", "set", str(made["id"]), "rate=1")
    wait_for(lambda: ask(live.port, "POST", path, b"{}", here).status == 429)
    wait_for(lambda: live.cli("stats")["refused"] >= before + 4)
