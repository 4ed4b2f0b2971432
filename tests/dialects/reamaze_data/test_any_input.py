"""Whatever comes, a handler answers; whatever it takes, the log can write and the pipeline can read."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.asking import RECEIVED
from tests.dialects.reamaze_data.desk import BASIC, BOB, authkey, call, desk, signed
from tests.dialects.strange import decode, encode, nested
from tidings.dialects.reamaze_data import REAMAZE_DATA
from tidings.events.model import Record

NAMES = ["user", "event", "account", "id", "authkey", "email", "name", "avatar", "created", "ip", "tz_offset", "data"]
NAMES += ["facebook", "twitter", "instagram", "sms", "mobile", "phone", "value", "timestamp", "first_name", "address"]
WORDS = ["17", BOB, authkey(17), signed(17, BOB), "acme", "purchase", "49.90", "$1,250.5", "https://img.example/b.png"]
WORDS += [
    "2024-03-01T10:00:00Z",
    "203.0.113.9",
    "+4930123456",
    "null",
    "0",
    "\x00",
    "\ud83d",
    "1e999",
    " ",
    "{",
    "secret",
]

names, values = nested(NAMES, WORDS)
WHO: dict[str, Any] = {"id": "17", "email": BOB, "authkey": authkey(17)}


def also(required: dict[str, Any], most: int = 6) -> st.SearchStrategy[Any]:
    """Return objects with the given members, some of which are then something else."""
    return st.dictionaries(names, values, max_size=most).map(lambda more: {**required, **more})


bodies = (
    st.builds(
        lambda user, event, more: {**more, "user": user, "event": event}, also(WHO), also({"name": "x"}), also({})
    )
    | also(WHO | {"name": "purchase"})
    | values
)


def as_form(value: Any, name: str = "") -> str:
    """Return a form as PHP writes it."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else (("", element) for element in value)
        return "&".join(as_form(inner, f"{name}[{key}]" if name else str(key)) for key, inner in pairs)
    return f"{quote(name, errors='replace')}={quote(str(value), errors='replace')}"


@pytest.mark.parametrize("route", REAMAZE_DATA.routes, ids=lambda route: route.path)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_input(route: Any, data: st.DataObject) -> None:
    body = data.draw(
        st.binary()
        | bodies.map(lambda value: json.dumps(value).encode())
        | bodies.map(lambda value: as_form(value).encode())
    )
    headers = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "authorization": st.just(BASIC["authorization"]) | st.text().map(lambda text: "Basic " + ascii(text)),
                "content-type": st.sampled_from(
                    ["application/json", "application/x-www-form-urlencoded", "text/plain"]
                ),
                "idempotency-key": st.text(),
                "origin": st.just("https://shop.example"),
            },
        )
    )
    sources = desk(trust=data.draw(st.sampled_from(["server", "browser"])), settings={"country": "DE"})
    host = data.draw(st.sampled_from(["acme.example", "shop.example", "elsewhere.example", "localhost"]) | st.text())
    outcome = call(route.path, body=body, headers=headers, host=host, sources=sources)
    assert outcome.reply.status in (200, 400, 401, 403, 413, 422)
    content = json.loads(outcome.reply.body)
    assert (outcome.reply.status == 200) == bool(outcome.events) == (content == {"success": True})
    if outcome.events:
        record = Record(
            workspace_id=1, source_id=1, trust="server", id_space="", received=RECEIVED, events=outcome.events
        )
        text = encode(record)
        assert decode(text) == record
        assert b"\\u0000" not in text
    for event in outcome.events:
        assert event.time <= RECEIVED
        assert event.message_id
        assert event.user_id
    assert len({event.message_id for event in outcome.events}) == len(outcome.events)
