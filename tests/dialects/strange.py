"""Events as nobody should send them, and what must hold for whatever a handler makes of them."""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.dialects.asking import RECEIVED
from tidings.dialects.contract import Intake
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


def nested(names: list[str], words: list[str]) -> tuple[Any, Any]:
    """Return names of members and values of them: those that a dialect knows, and any others."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.integers(min_value=-(10**400), max_value=10**400)
        | st.floats()
        | st.sampled_from(words)
        | st.text()
    )
    members = st.sampled_from(names) | st.text(max_size=5)
    values = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(members, inner, max_size=6),
        max_leaves=12,
    )
    return members, values


names, values = nested(NAMES, WORDS)


def also(required: dict[str, Any]) -> Any:
    """Return objects with the given members, and any others."""
    return st.builds(
        lambda more, own: {**more, **own}, st.dictionaries(names, values, max_size=10), st.fixed_dictionaries(required)
    )


texts = st.sampled_from(WORDS) | st.text()
events = also({"userId": texts | st.integers(), "type": st.sampled_from(WORDS), "event": texts}) | also({})


def survives(outcome: Intake) -> None:
    """Check that the log can write what was taken and the pipeline can read it, and that the answer is no failure."""
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
    assert outcome.reply.status in (200, 304, 400, 401, 404, 413)
