"""What holds for all requests: paths, answers, sizes, trust, and amounts to the last digit."""

import re
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.dialects.reamaze_data.desk import BASIC, BOB, asked, authkey, call, desk, said, send, signed
from tidings.dialects.contract import Rejected
from tidings.dialects.reamaze_data import REAMAZE_DATA
from tidings.dialects.reamaze_data.body import EVENT_LIMIT

USER = {"id": "17", "email": BOB}


def test_paths() -> None:
    assert {(route.method, route.path) for route in REAMAZE_DATA.routes} == {
        ("POST", f"/data/{name}{suffix}") for name in ("users", "events") for suffix in ("", ".json")
    }
    assert not any(route.prefixed for route in REAMAZE_DATA.routes)
    assert REAMAZE_DATA.name == "reamaze_data"
    assert REAMAZE_DATA.credentials == ("account", "api_key", "sso_secret")
    assert REAMAZE_DATA.readable == ("api_key", "sso_secret")
    assert REAMAZE_DATA.labels == ("account",)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 429, 500, 503])
def test_every_error_is_an_object_with_error(status: int) -> None:
    reply = REAMAZE_DATA.error(status, "some_code", "Some reason")
    assert (reply.status, reply.content_type) == (status, b"application/json")
    assert msgspec.json.decode(reply.body) == {"error": "Some reason"}
    assert (b"www-authenticate" in dict(reply.headers)) == (status == 401)


def test_success_has_no_error_on_top() -> None:
    assert said(send({"user": USER})) == {"success": True}


@pytest.mark.parametrize("part", ["user", "event"])
def test_a_user_and_an_event_may_have_32_kb_each(part: str) -> None:
    content: dict[str, Any] = {"user": dict(USER), "event": {"name": "purchase"}}
    content[part]["data"] = {"x": ""}
    room = EVENT_LIMIT - len(msgspec.json.encode(content[part]))
    content[part]["data"]["x"] = "x" * room
    both = content | {"event": content["event"] | {"data": {"x": "x" * 30_000}}}
    for taken in (content, both):
        assert send(taken, "/data/events").reply.status == 200
    content[part]["data"]["x"] += "x"
    refused = send(content, "/data/events")
    assert (refused.reply.status, refused.events) == (413, [])


@pytest.mark.parametrize(
    "value", ["0.1", "0.000001", "999999999999999.999999", "-0.10", "1E+3", "123456789012345678901234567890e-20"]
)
def test_values_are_exact(value: str) -> None:
    for stated in (value, f'"{value}"'):
        body = f'{{"user":{{"id":"17"}},"event":{{"name":"purchase","value":{stated}}}}}'.encode()
        (event,) = call("/data/events", body=body, headers=BASIC).events
        if "e-20" in value:
            assert event.value is None  # ten decimals too many
        else:
            assert event.value == Decimal(value)


PROOFS = [
    ("key", None, False),
    ("key and authkey", None, False),
    ("plain", "browser", False),
    ("signed", "browser", True),
]


@pytest.mark.parametrize(("proof", "trust", "proven"), PROOFS)
@pytest.mark.parametrize("path", ["/data/users", "/data/events"])
def test_trust(path: str, proof: str, trust: str | None, proven: bool) -> None:
    given = {"signed": signed(17, BOB)}.get(proof, authkey(17))
    user = USER | ({} if proof == "key" else {"authkey": given})
    headers = BASIC if "key" in proof.split() else {}
    for event in ({}, {"event": {"name": "purchase"}}):
        if path == "/data/users" or event:
            outcome = send({"user": user} | event, path, headers=headers)
            assert (outcome.reply.status, outcome.trust, outcome.proven) == (200, trust, proven)
            assert outcome.located


def test_each_event_has_an_id_of_its_own_unless_the_client_names_the_request() -> None:
    content = {"user": USER, "event": {"name": "purchase", "value": 5}}
    first, second = (send(content, "/data/events").events for _ in range(2))
    assert len({event.message_id for event in [*first, *second]}) == 4
    named = BASIC | {"idempotency-key": "k-1"}
    first, second = (send(content, "/data/events", headers=named).events for _ in range(2))
    assert [event.message_id for event in first] == [event.message_id for event in second]
    others = [
        send(content, headers=named).events[0],
        send({"user": {"id": "18", "email": BOB}}, headers=named).events[0],
        *send(content, "/data/events", headers=BASIC | {"idempotency-key": "k-2"}).events,
        *send(content, "/data/events", headers=BASIC | {"idempotency-key": "k" * 256}).events,
        *send(content, "/data/events", headers=BASIC | {"idempotency-key": "k\x01"}).events,
    ]
    assert len({event.message_id for event in [*first, *others]}) == 2 + len(others)


def test_ids_and_keys_do_not_run_together() -> None:
    one = send({"user": {"id": "a:b", "email": BOB}}, headers=BASIC | {"idempotency-key": "c"}).events[0]
    other = send({"user": {"id": "a", "email": BOB}}, headers=BASIC | {"idempotency-key": "b:c"}).events[0]
    assert one.message_id != other.message_id


def test_a_refused_event_is_shown_by_its_name() -> None:
    (refusal,) = send({"event": {"name": "purchase"}}, "/data/events").refused
    assert (refusal.name, refusal.code) == ("purchase", "invalid")


@pytest.mark.parametrize("headers", [{}, BASIC])
def test_a_refused_proof_is_kept_nowhere(headers: dict[str, str]) -> None:
    body = msgspec.json.encode({"user": USER | {"authkey": "sent-by-somebody", "name": "Bob"}})
    request = asked("/data/users", body, headers)
    with pytest.raises(Rejected) as refused:
        REAMAZE_DATA.routes[0].handle(request, desk())
    assert refused.value.code == "wrong_authkey"
    assert b'"name":"Bob"' in refused.value.body
    assert b"sent-by-somebody" not in refused.value.body


def test_the_example_works_for_any_key() -> None:
    line = REAMAZE_DATA.example("http://127.0.0.1:8080/shop", {"api_key": "it's a key"})
    assert line.startswith("curl http://127.0.0.1:8080/shop/data/events -u 'it'\"'\"'s a key:' ")
    found = re.search(r"-d '(.*)'$", line)
    assert found
    outcome = call("/data/events", body=found[1].encode(), headers=BASIC, sources=desk())
    assert [(event.user_id, event.name) for event in outcome.events] == [("u-42", "purchase")]
