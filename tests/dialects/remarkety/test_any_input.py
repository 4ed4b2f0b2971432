"""Whatever comes, a handler answers; whatever it takes, the log can write and the pipeline can read."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.asking import RECEIVED
from tests.dialects.remarkety.store import KEY, asked, one
from tests.dialects.strange import STRANGE, decode, encode, nested
from tidings.dialects.contract import Intake, Rejected
from tidings.dialects.remarkety import REMARKETY
from tidings.dialects.remarkety.dialect import RemarketyDialect
from tidings.events.model import Record

TYPES = [f"{noun}/{deed}" for noun in ("customers", "orders", "products", "carts") for deed in ("create", "deleted")]
TYPES += ["orders/updated", "products/update", "newsletter/subscribe", "newsletter/unsubscribed", "productView", "x"]
NAMES = ["id", "email", "customer", "customerId", "customer_email", "line_items", "lineitems", "status", "products"]
NAMES += ["variants", "image", "images", "categories", "tags", "append_tags", "tax_lines", "price", "quantity", "src"]
NAMES += ["total_price", "currency", "created_at", "updated_at", "accepts_marketing", "default_address", "pos_id"]
NAMES += ["discount_codes", "code", "name", "productId", "productCategories", "contacts", "properties", "order", "key"]
NAMES += [
    "sms_phone_number_e164",
    "sms_country_code",
    "birthdate",
    "groups",
    "rewards",
    "client_ip",
    "shipping_address",
]
WORDS = ["ana@example.org", "+351912345678", "2024-03-01T10:00:00+00:00", "2024-03-01 10:00:00", "EUR", "100.0000", "0"]
WORDS += ["null", "true", "tag1,tag2", "canceled", "1e999", "\x00", "\ud83d", "https://shop.example/mug.jpg", "PT", "9"]
names, values = nested(NAMES, WORDS)
WHO: dict[str, Any] = {"id": 12, "email": "ana@example.org", "updated_at": "2024-03-01T09:00:00Z"}


def also(required: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return objects with the given members, some of which are then something else."""
    return st.dictionaries(names, values, max_size=8).map(lambda more: {**required, **more})


lines = st.lists(also({"product_id": 9, "price": "7.5"}) | values, max_size=3)
bodies = (
    also(WHO)
    | st.builds(lambda who, some: who | {"line_items": some, "variants": some, "products": some}, also(WHO), lines)
    | st.builds(lambda some: {"contacts": some, "order": WHO, "customer": WHO}, lines)
    | values
)
headers = st.fixed_dictionaries(
    {"x-event-type": st.sampled_from(TYPES) | st.text(max_size=20)},
    optional={
        "x-api-key": st.just(KEY) | st.text(max_size=10),
        "x-token": st.just(KEY) | st.text(max_size=10),
        "x-event-time": st.sampled_from(["1709280000", "-1", "9" * 30, "soon"]) | st.text(max_size=12),
        "x-domain": st.sampled_from(["shop.example", "/elsewhere.example"]) | st.text(),
        "x-platform": st.text(),
        "accept": st.sampled_from(["*/*", "application/json", "text/html"]) | st.text(),
        "idempotency-key": st.text(),
        "user-agent": st.text(),
    },
)


@pytest.mark.parametrize("route", REMARKETY.routes, ids=lambda route: f"{route.method} {route.path}")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_input(route: Any, data: st.DataObject) -> None:
    # A dialect of its own for each example: the throttles of one would remember the others.
    index = [(one.method, one.path) for one in REMARKETY.routes].index((route.method, route.path))
    handle = RemarketyDialect().routes[index].handle
    sent = data.draw(headers)
    request = asked(
        route.method,
        route.path,
        body=data.draw(st.binary() | bodies.map(lambda value: json.dumps(value).encode())),
        query=data.draw(st.sampled_from(["", "storeId=AAABBB", "storeId=x", "page=0"]) | st.text().map(quote)),
        host=data.draw(st.sampled_from(["shop.example", "elsewhere.example", "localhost", "[::1]:80"]) | st.text()),
        parameters={"store_id": data.draw(st.sampled_from(["AAABBB", "x"])), "hash": data.draw(st.text())},
    )
    request.headers = {name.encode(): value.encode("utf-8", "replace") for name, value in sent.items()}
    sources = one(trust=data.draw(st.sampled_from(["server", "browser"])), settings={"country": "DE"})
    try:
        outcome: Intake = handle(request, sources)
    except Rejected as problem:
        reply = REMARKETY.error(problem.status, problem.code, problem.message)
        outcome = Intake(source=problem.source, reply=reply)
    survives(outcome)


@given(
    st.sampled_from(TYPES),
    st.sampled_from(["id", "email", "line_items", "customer", "variants", "tags", "updated_at", "total_price"]),
    st.sampled_from(STRANGE),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_strange_json(event_type: str, member: str, strange: str) -> None:
    body = f'{{"id":1,"email":"ana@example.org","productId":2,"{member}":{strange}}}'.encode()
    request = asked("POST", "/webhooks", body=body, headers={"x-event-type": event_type, "x-token": KEY})
    try:
        survives(REMARKETY.routes[0].handle(request, one()))
    except Rejected as problem:
        assert problem.status == 400


def survives(outcome: Intake) -> None:
    """Check that the log can write what was taken and the pipeline can read it, and that the answer is no failure."""
    assert outcome.reply.status in (200, 400, 401, 403, 404, 406)
    content = json.loads(outcome.reply.body)
    if outcome.reply.status != 200:
        assert content["status"] == "ERROR"
        assert content["message"]
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
        assert event.name
    assert len({event.message_id for event in outcome.events}) == len(outcome.events)
