"""Whatever comes, a handler answers; whatever it takes, the log can write and the pipeline can read."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.segment.shop import BASIC, RECEIVED, call, shop
from tidings.dialects.contract import Intake
from tidings.dialects.segment import SEGMENT
from tidings.events.model import Record

encode = msgspec.json.Encoder(decimal_format="number").encode
decode = msgspec.json.Decoder(Record, float_hook=Decimal).decode

NAMES = [
    "type",
    "action",
    "userId",
    "anonymousId",
    "messageId",
    "timestamp",
    "originalTimestamp",
    "sentAt",
    "context",
    "integrations",
    "channel",
    "writeKey",
    "event",
    "properties",
    "traits",
    "name",
    "category",
    "groupId",
    "previousId",
    "_metadata",
    "revenue",
    "currency",
    "email",
    "phone",
    "externalIds",
    "device",
    "page",
    "id",
    "advertisingId",
    "firstName",
    "address",
    "company",
    "active",
    "direct",
    "ip",
    "consent",
    "categoryPreferences",
]
WORDS = [
    "track",
    "identify",
    "page",
    "screen",
    "group",
    "alias",
    "wk_1",
    "ios",
    "2024-03-01T10:00:00Z",
    "1709287200",
    "null",
    "ana@acme.example",
    "+4930123456",
    "$1,250.5",
    "1e5",
    "0",
    "\x00",
    "\ud83d",
    "\ud83d\ude00",
]

STRANGE = [
    "[]",
    '{"a":NaN}',
    '"\\u0000"',
    '"\\ud83d"',
    "1e400",
    "1" * 5000,
    "[" * 99 + "]" * 99,
    '{"\\ud83d\\u0000":[]}',
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text()
)
names = st.sampled_from(NAMES) | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
    max_leaves=12,
)


def also(required: dict[str, Any]) -> Any:
    """Return objects with the given members, and any others."""
    return st.builds(
        lambda more, own: {**more, **own}, st.dictionaries(names, values, max_size=10), st.fixed_dictionaries(required)
    )


texts = st.sampled_from(WORDS) | st.text()
events = also({"userId": texts | st.integers(), "type": st.sampled_from(WORDS), "event": texts}) | also({})
batches = also({"batch": st.lists(events | values, max_size=4)})


def survives(outcome: Intake) -> None:
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
    assert outcome.reply.status in (200, 400, 401, 404)


@pytest.mark.parametrize("route", SEGMENT.routes, ids=lambda route: f"{route.method} {route.path}")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_input(route: Any, data: st.DataObject) -> None:
    body = data.draw(st.binary() | (events | batches | values).map(lambda value: json.dumps(value).encode()))
    sources = shop(trust=data.draw(st.sampled_from(["server", "browser"])), settings={"country": "DE"})
    survives(
        call(
            route.method,
            route.path,
            body=body,
            headers=data.draw(
                st.just(BASIC) | st.just({}) | st.text().map(lambda text: {"authorization": "Basic " + ascii(text)})
            ),
            query=data.draw(
                st.just("") | st.text(alphabet="&=.%+aZ0").map(lambda text: "writeKey=wk_1&userId=u&" + text)
            ),
            parameters={
                "call": data.draw(names | st.sampled_from(WORDS)),
                "writeKey": data.draw(st.sampled_from(WORDS)),
            },
            sources=sources,
            handle=route.handle,
        )
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    events,
    st.sampled_from(["properties", "context", "userId", "timestamp", "sentAt", "strange"]),
    st.sampled_from(STRANGE),
)
def test_strange_json_in_a_batch(event: Any, member: str, strange: str) -> None:
    odd = f'{{"type":"track","userId":"u","event":"x","{member}":{strange}}}'
    body = f'{{"batch":[{odd},{json.dumps(event)},{odd}],"context":{strange},"sentAt":{strange}}}'.encode()
    survives(call("POST", "/v1/batch", body=body, headers=BASIC))
