"""Whatever comes, a handler answers; whatever it takes, the log can write and the pipeline can read."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.ripe.shop import BASIC, call, shop
from tests.dialects.strange import STRANGE, events, survives, values
from tidings.dialects.ripe import RIPE

bodies = st.binary() | (events | values).map(lambda value: json.dumps(value).encode())
headers: st.SearchStrategy[dict[str, str]] = (
    st.just(BASIC) | st.just({}) | st.text().map(lambda text: {"authorization": ascii(text)})
)


@pytest.mark.parametrize("route", RIPE.routes, ids=lambda route: f"{route.method} {route.path}")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_input(route: Any, data: st.DataObject) -> None:
    sources = shop(trust=data.draw(st.sampled_from(["server", "browser"])), settings={"country": "DE"})
    body, header = data.draw(bodies), data.draw(headers)
    outcome = call(route.method, route.path, body=body, headers=header, sources=sources, handle=route.handle)
    survives(outcome)
    assert "message" in json.loads(outcome.reply.body) or outcome.reply.body == b"{}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["identify", "track", "page", "group", "alias"]),
    st.sampled_from(["properties", "traits", "context", "userId", "groupId", "previousId", "timestamp", "strange"]),
    st.sampled_from(STRANGE),
)
def test_strange_json(verb: str, member: str, strange: str) -> None:
    body = f'{{"userId":"u","event":"x","groupId":"g","previousId":"p","{member}":{strange}}}'.encode()
    survives(call("POST", f"/event/{verb}", body=body, headers=BASIC))
