"""Whatever comes, a handler answers; whatever it takes, the log can write and the pipeline can read."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.segment.shop import BASIC, call, shop
from tests.dialects.strange import STRANGE, WORDS, also, events, names, survives, values
from tidings.dialects.calls.wire import EVENT_LIMIT, Invalid, read_event
from tidings.dialects.segment import SEGMENT
from tidings.dialects.segment.envelope import read_calls, read_envelope
from tidings.kit.jsontext import DEEPEST, Unreadable

batches = also({"batch": st.lists(events | values, max_size=4)})


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


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(events, max_size=12), st.booleans())
def test_events_decoded_all_at_once_are_those_decoded_one_by_one(batch: list[Any], ascii_only: bool) -> None:
    body = json.dumps({"batch": batch}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        envelope = read_envelope(body)
    except (Invalid, Unreadable):
        return
    calls = read_calls(body, envelope)
    if calls is not None:
        assert [(call, {}) for call in calls] == [read_event(bytes(raw)) for raw in envelope.batch or []]


def test_a_usual_batch_is_decoded_all_at_once() -> None:
    event = {"type": "track", "event": "Order “é”", "userId": "u", "context": {"ip": "x", "tags": [1, []]}}
    body = json.dumps({"batch": [event] * 200, "sentAt": "x"}).encode()
    calls = read_calls(body, read_envelope(body))
    assert calls is not None
    assert len(calls) == 200
    odd = json.dumps({"batch": [event, event | {"properties": {"a": "x" * EVENT_LIMIT}}]}).encode()
    assert read_calls(odd, read_envelope(odd)) is None


@pytest.mark.parametrize("place", [0, 7, 8, 20, 39])
def test_one_deep_event_sends_a_batch_the_careful_way_and_many_brackets_do_not(place: int) -> None:
    wide = {"type": "track", "event": "x", "userId": "u", "properties": {"a": [{"b": {}}] * 14}}
    batch: list[Any] = [wide] * 40
    body = json.dumps({"batch": batch}).encode()
    assert len(read_calls(body, read_envelope(body)) or []) == 40
    deep: Any = 1
    for _ in range(DEEPEST):
        deep = {"{": deep}
    batch[place] = wide | {"properties": deep}
    body = json.dumps({"batch": batch}).encode()
    assert read_calls(body, read_envelope(body)) is None
