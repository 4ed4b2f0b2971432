"""The plainest events are read in one go, and become what they become in the general way."""

import json
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.asking import RECEIVED
from tests.dialects.reamaze_data.desk import BASIC, BOB, Desk, asked, authkey, basic, desk, signed, source
from tests.dialects.strange import nested
from tidings.dialects.contract import Intake, Rejected
from tidings.dialects.reamaze_data import documented, intake
from tidings.dialects.reamaze_data.body import EVENT_LIMIT

WHO = b'{"user":{"id":"17"},"event":{"name":"purchase"%b}}'
MULTIPART = {"content-type": "multipart/form-data; boundary=x"}

PLAIN = [
    WHO % b"",
    WHO % b',"value":49.90,"data":{"sku":"A1"},"created_at":"2024-02-01T10:00:00Z"',
    WHO % b',"timestamp":"","created":"1706781600","value":null',
    WHO % b',"value":0,"data":{}',
    WHO % b',"created":"2030-01-01"',
    WHO % b',"created_at":"2024-02-01","created":"2024-02-02","timestamp":"2024-02-03"',
    b' {"event":{"name":"A \\u20ac"},"user":{"id":17}}',
    b'{"user":{"id":"unknown-17","authkey":"%b"},"event":{"name":"purchase"}}' % authkey("unknown-17").encode(),
]
ODD = [
    WHO % b',"value":"49.90"',
    WHO % b',"value":true',
    WHO % b',"value":1.0000001',
    WHO % b',"value":1e15',
    WHO % b',"created":1706781600',
    WHO % b',"created":"yesterday"',
    WHO % b',"created":" "',
    WHO % b',"data":[]',
    WHO % b',"data":null',
    WHO % b',"data":{"x":"\\u0000"}',
    WHO % b',"colour":"red"',
    WHO % (b',"data":{"x":"%b"}' % (b"x" * EVENT_LIMIT)),
    b"\xef\xbb\xbf" + WHO % b"",
    b'{"user":{"id":"17"},"event":{"name":" "}}',
    b'{"user":{"id":"17"},"event":{"name":""}}',
    b'{"user":{"id":"17"},"event":{"name":5}}',
    b'{"user":{"id":"17"},"event":"purchase"}',
    b'{"user":{"id":"17"},"event":{"name":"purchase"},"account":"acme"}',
    b'{"user":{"id":"17","authkey":" "},"event":{"name":"purchase"}}',
    b'{"user":{"id":"17","authkey":5},"event":{"name":"purchase"}}',
    b'{"user":{"id":"17","email":"bob@example.com"},"event":{"name":"purchase"}}',
    b'{"user":{"id":"null"},"event":{"name":"purchase"}}',
    b'{"user":{"id":0},"event":{"name":"purchase"}}',
    b'{"user":{"id":1.0},"event":{"name":"purchase"}}',
    b'{"user":{"id":true},"event":{"name":"purchase"}}',
    b'{"user":{"id":""},"event":{"name":"purchase"}}',
    b'{"user":{},"event":{"name":"purchase"}}',
    b'{"id":"17","name":"purchase"}',
    b"user[id]=17&event[name]=purchase",
    b"{",
    b"",
]
WAYS: list[dict[str, str]] = [
    BASIC,
    {},
    {"origin": "https://shop.example"},
    BASIC | {"origin": "https://shop.example"},
    BASIC | {"idempotency-key": "k-1"},
    BASIC | MULTIPART,
    basic("another"),
]
HOSTS = ["acme.tidings.example", "shop.example", "elsewhere.example", "localhost", "203.0.113.1:8080"]


@pytest.mark.parametrize("body", PLAIN)
def test_plain_events_are_read_in_one_go(body: bytes) -> None:
    assert documented.read(body, RECEIVED) is not None


@pytest.mark.parametrize("body", ODD)
def test_others_are_not(body: bytes) -> None:
    assert documented.read(body, RECEIVED) is None


@pytest.mark.parametrize("body", [*PLAIN, *ODD])
def test_both_ways_say_the_same(body: bytes) -> None:
    for headers in WAYS:
        for host in HOSTS:
            compare(body, headers, host, desk())


@pytest.mark.parametrize("headers", WAYS)
@pytest.mark.parametrize("members", [{"trust": "browser"}, {"enabled": False}, {"settings": {"currency": "USD"}}])
def test_both_ways_say_the_same_of_other_sources(headers: dict[str, str], members: dict[str, Any]) -> None:
    for body in PLAIN:
        compare(body, headers, HOSTS[0], desk(**members))


@pytest.mark.parametrize("headers", WAYS)
def test_both_ways_say_the_same_of_several_sources(headers: dict[str, str]) -> None:
    sources = Desk(
        {"acme": ("shop", source(1)), "other": ("shop", source(2))},
        {"acme": ("secret", "newer"), "other": ("another",)},
    )
    proofs = [authkey(17), authkey(17, "newer"), authkey(17, "another"), authkey(17).upper(), signed(17, ""), "", "ß"]
    bodies = [json.dumps({"user": {"id": 17, "authkey": proof}, "event": {"name": "x"}}).encode() for proof in proofs]
    for body in [*PLAIN, *bodies]:
        for host in [*HOSTS, "other.example"]:
            compare(body, headers, host, sources)


names, values = nested(
    ["id", "authkey", "email", "name", "value", "data", "timestamp", "created", "created_at", "user", "event"],
    ["17", BOB, authkey(17), "purchase", "49.90", "2024-03-01T10:00:00Z", "1709287200", "null", " ", "\x00", "\ud83d"],
)
users = st.fixed_dictionaries(
    {"id": st.sampled_from(["17", 17]) | values}, optional={"authkey": st.just(authkey(17)) | values}
)
events = st.fixed_dictionaries(
    {"name": st.just("purchase") | st.text()},
    optional={
        "value": st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=2).map(float) | values,
        "data": st.dictionaries(names, values, max_size=3) | values,
        "timestamp": st.datetimes().map(str) | values,
        "created": st.datetimes().map(str) | values,
        "created_at": st.datetimes().map(str) | values,
    },
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(content=st.fixed_dictionaries({"user": users, "event": events}), headers=st.sampled_from(WAYS))
def test_both_ways_say_the_same_of_anything(content: Any, headers: dict[str, str]) -> None:
    compare(json.dumps(content).encode(), headers, HOSTS[0], desk(settings={"country": "DE"}))


def compare(body: bytes, headers: dict[str, str], host: str, sources: Desk) -> None:
    """Check that a request becomes the same in both ways."""
    found = taken(body, headers, host, sources)
    with patch.object(documented, "read", lambda *_: None):
        assert found == taken(body, headers, host, sources)


def taken(body: bytes, headers: dict[str, str], host: str, sources: Desk) -> Any:
    """Return all that a request becomes, but for the ids that are made for its events."""
    try:
        found: Intake = intake.take_event(asked("/data/events", body, headers, host), sources)
    except Rejected as refused:
        return refused.status, refused.code, refused.message, refused.source, refused.body
    if "idempotency-key" in headers:
        return found
    events = [msgspec.structs.replace(event, message_id="") for event in found.events]
    return msgspec.structs.replace(found, events=events)
