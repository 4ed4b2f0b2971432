"""Whatever comes, a handler answers in the envelope; whatever it takes, the log can write and the pipeline can read."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.ray.shop import ANA, EVENT, LOGIN, accounts, basic, call, token
from tests.dialects.strange import nested, survives
from tidings.dialects.ray import RAY

NAMES = [
    "type",
    "subType",
    "source",
    "storeId",
    "timestamp",
    "customProps",
    "user",
    "email",
    "phone",
    "name",
    "lastName",
]
NAMES += ["gender", "birthDate", "country", "googleProfile", "amount", "currency", "orderId", "stores", "id", "filters"]
WORDS = ["VISIT", "PURCHASE", "3", "9", "2024-03-01T09:00:00.000Z", "2024-03-01", "ana@example.org", "+351912345678"]
WORDS += ["PT", "F", "31.50", "1e999", "\x00", "\ud83d", " ", "null", "0"]

names, values = nested(NAMES, WORDS)


def also(required: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return objects with the given members, some of which are then something else."""
    return st.dictionaries(names, values, max_size=3).map(lambda more: {**required, **more})


interactions = st.builds(
    lambda event, user, props: {**event, "user": user, "customProps": props}, also(EVENT), also(ANA), also({})
)
bodies = st.lists(interactions | also(EVENT), max_size=3) | also({"stores": [{"id": 3}]}) | values


@pytest.mark.parametrize("route", RAY.routes, ids=lambda route: route.path)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_input(route: Any, data: st.DataObject) -> None:
    sources = accounts(settings={"country": "PT"})
    body = data.draw(st.binary() | bodies.map(lambda value: json.dumps(value).encode()))
    right = {"authorization": f"Bearer {token(sources)}"}
    client = basic(LOGIN.client_id, LOGIN.client_secret)
    odd = st.text().map(lambda text: {"authorization": text.encode("utf-8", "replace").decode()})
    headers = data.draw(st.just(right) | st.just(client) | odd)
    query = data.draw(st.text(st.characters(max_codepoint=0x7F)) | st.just("grant_type=password&pageSize=5"))
    outcome = call(route.method, route.path, body=body, headers=headers, query=query, sources=sources)
    if outcome.events:
        survives(outcome)
    content = json.loads(outcome.reply.body)
    assert outcome.reply.status in (200, 400, 401, 403, 413)
    assert content["statusCode"] == outcome.reply.status
    assert len({event.message_id for event in outcome.events}) == len(outcome.events)
    for event in outcome.events:
        assert event.email or event.phone
