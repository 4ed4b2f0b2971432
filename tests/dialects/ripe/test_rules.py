"""Rules of the Ripe dialect that no single request shows."""

import base64
import json
import shlex
from typing import Any

import msgspec
import pytest

from tests.dialects.ripe.shop import BASIC, call, send
from tests.dialects.samples import body_of, decode, samples_of
from tidings.dialects import ripe
from tidings.dialects.calls import wire
from tidings.dialects.ripe import RIPE
from tidings.dialects.ripe.keys import header_key

VERBS = ("identify", "track", "page", "group", "alias")
ONE = {"userId": "u-42", "messageId": "m-1", "timestamp": "2024-03-01T10:00:00.000Z"}


def test_paths() -> None:
    root = {(route.method, route.path) for route in RIPE.routes if not route.prefixed}
    below = {(route.method, route.path) for route in RIPE.routes if route.prefixed}
    calls = {("POST", f"/{verb}") for verb in VERBS} | {("GET", "/auth/sdk")}
    assert root == {(method, base + path) for base in ("/event", "/core-backend") for method, path in calls}
    assert below == calls
    assert (RIPE.name, RIPE.credentials) == ("ripe", ("api_key",))


@pytest.mark.parametrize("base", ["/event", "/core-backend", ""])
@pytest.mark.parametrize("verb", VERBS)
def test_every_call_on_every_base(base: str, verb: str) -> None:
    outcome = send({**ONE, "event": "x", "groupId": "g-9", "previousId": "a-1"}, f"{base}/{verb}")
    assert [event.verb for event in outcome.events] == [verb]
    assert (outcome.reply.status, outcome.reply.body) == (200, b"{}")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 429, 500, 503])
def test_every_error_is_an_object_with_a_message(status: int) -> None:
    reply = RIPE.error(status, "some_code", "Some reason")
    assert (reply.status, reply.content_type) == (status, b"application/json")
    assert msgspec.json.decode(reply.body) == {"message": "Some reason"}


def encoded(text: str) -> bytes:
    return base64.b64encode(text.encode())


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (b"Basic " + encoded("rk_1"), "rk_1"),
        (b"BASIC " + encoded("rk_1:"), "rk_1"),
        (encoded("rk_1"), "rk_1"),
        (b" " + encoded("rk_1:") + b" ", "rk_1"),
        (b"Basic " + encoded("rk:1"), "rk:1"),
        (b"Basic " + encoded("rk_1::"), "rk_1:"),
        (b"Basic " + base64.urlsafe_b64encode("ÿþÿ>?".encode()).rstrip(b"="), "ÿþÿ>?"),
        (b"Basic", ""),
        (b"Basic !", ""),
        (b"Basic :", ""),
        (b"Basic " + encoded(":"), ""),
        (b"Bearer " + encoded("rk_1"), ""),
        (b"Basic " + encoded("rk_1") + b" x", ""),
        (b"", ""),
    ],
)
def test_header(header: bytes, key: str) -> None:
    assert header_key(header) == key


def test_what_clients_send_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower reading is for what nobody documented."""

    def slow(raw: bytes) -> Any:
        raise AssertionError(raw)

    monkeypatch.setattr(wire, "read_members", slow)
    usual = [path for path in samples_of(ripe) if path.stem in (*VERBS, "context-of-segment", "page-category")]
    assert len(usual) == 7
    for path in usual:
        request = decode(path.read_bytes())["request"]
        assert len(call("POST", request["path"], body=body_of(request), headers=BASIC).events) == 1


def event_of(size: int) -> bytes:
    start = b'{"userId":"u-42","event":"x","a":"'
    return start + b"y" * (size - len(start) - 2) + b'"}'


def test_an_event_has_at_most_32_kb() -> None:
    assert len(call("POST", "/event/track", body=event_of(32_768), headers=BASIC).events) == 1
    outcome = call("POST", "/event/track", body=event_of(32_769), headers=BASIC)
    assert (outcome.reply.status, outcome.events) == (413, [])
    assert outcome.source is not None
    assert [refusal.code for refusal in outcome.refused] == ["too_large"]
    assert len(call("POST", "/event/track", body=event_of(100_000), headers=BASIC).refused[0].body) == 65_536


def test_the_key_comes_before_the_body() -> None:
    """Whoever has no key learns nothing and leaves nothing."""
    for body in (b"{", event_of(100_000), b"{}"):
        outcome = call("POST", "/event/track", body=body)
        assert (outcome.reply.status, outcome.refused) == (401, [])


def test_two_events_without_a_message_id_are_two() -> None:
    content = {"userId": "u-42", "event": "x"}
    assert send(content).events[0].message_id != send(content).events[0].message_id


@pytest.mark.parametrize("key", ["rk_1", 'it\'s "$(me)" `now`; é'])
def test_the_example_sends_what_is_taken(key: str) -> None:
    words = shlex.split(RIPE.example("https://events.example", {"api_key": key}))
    assert words[:2] == ["curl", "https://events.example/event/track"]
    header, body = words[3], words[-1]
    assert header_key(header.removeprefix("Authorization: ").encode()) == key
    assert [event.user_id for event in send(json.loads(body)).events] == ["u-42"]
