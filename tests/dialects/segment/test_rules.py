"""Rules of the Segment dialect, row by row."""

import base64
import gzip
from typing import Any

import msgspec
import pytest

from tests.dialects.segment.shop import BASIC, RECEIVED, call, send, shop
from tidings.dialects.calls import context, traits, wire
from tidings.dialects.segment import SEGMENT, money
from tidings.dialects.segment.keys import header_key
from tidings.events.model import VERBS, ExternalId

ONE = {"userId": "u-42", "anonymousId": "a-1", "messageId": "m-1"}


def code_of(outcome: Any) -> str:
    return str(msgspec.json.decode(outcome.reply.body)["code"])


# -- paths ------------------------------------------------------------------------------------------------------------

PATHS = {
    ("POST", path)
    for path in (
        *(
            f"/v1/{name}"
            for name in [
                "identify",
                "track",
                "page",
                "screen",
                "group",
                "alias",
                "i",
                "t",
                "p",
                "s",
                "g",
                "a",
                "batch",
                "import",
                "b",
                "m",
            ]
        ),
        "/beacon/v1/batch",
    )
} | {
    ("GET", path)
    for path in (
        "/v1/pixel/{call}",
        "/v1/projects/{writeKey}/settings",
        "/sourceConfig",
        "/analytics.js/v1/{writeKey}/analytics.min.js",
        "/analytics.js/v1/{writeKey}/platform/analytics.min.js",
    )
}


def test_paths() -> None:
    assert {(route.method, route.path) for route in SEGMENT.routes} == PATHS
    assert all(route.limit == 512_000 for route in SEGMENT.routes)
    assert SEGMENT.name == "segment"
    assert SEGMENT.credentials == ("write_key",)


@pytest.mark.parametrize("verb", VERBS)
def test_every_call_on_every_path(verb: str) -> None:
    content = {**ONE, "event": "x", "groupId": "g", "previousId": "p"}
    for path in (f"/v1/{verb}", f"/v1/{verb[0]}"):
        assert [event.verb for event in send(content, path).events] == [verb]
    for path in ("/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch"):
        assert [event.verb for event in send({"batch": [{**content, "type": verb}]}, path).events] == [verb]


# -- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 415, 429, 500, 503])
def test_every_error_is_an_object_with_code_message_and_error(status: int) -> None:
    reply = SEGMENT.error(status, "some_code", "Some reason")
    assert reply.status == status
    assert reply.content_type == b"application/json"
    assert msgspec.json.decode(reply.body) == {
        "success": False,
        "code": "some_code",
        "message": "Some reason",
        "error": "Some reason",
    }
    assert b"www-authenticate" not in dict(reply.headers)


def test_too_large_is_the_documented_400() -> None:
    reply = SEGMENT.error(413, "too_large", "x")
    assert (reply.status, msgspec.json.decode(reply.body)["message"]) == (400, "Exceed payload limit")


@pytest.mark.parametrize(
    ("path", "content", "code"),
    [
        ("/v1/track", {"event": "x"}, "no_user_anon_id"),
        ("/v1/track", {"userId": "", "anonymousId": " \t", "event": "x"}, "no_user_anon_id"),
        ("/v1/track", {"userId": None, "anonymousId": None, "event": "x"}, "no_user_anon_id"),
        ("/v1/track", {"userId": "null", "event": "x"}, "no_user_anon_id"),
        ("/v1/identify", {"traits": {"email": "ana@acme.example"}}, "no_user_anon_id"),
        ("/v1/page", {}, "no_user_anon_id"),
        ("/v1/screen", {}, "no_user_anon_id"),
        ("/v1/alias", {}, "no_user_anon_id"),
        ("/v1/alias", {"previousId": "a"}, "id_required"),
        ("/v1/alias", {"userId": "u"}, "id_required"),
        ("/v1/alias", {"userId": "u", "previousId": "guest"}, "id_required"),
        ("/v1/group", ONE, "id_required"),
        ("/v1/group", {**ONE, "groupId": ""}, "id_required"),
        ("/v1/group", {**ONE, "groupId": "undefined"}, "id_required"),
        ("/v1/track", {"userId": True, "event": "x"}, "id_not_string"),
        ("/v1/track", {"userId": ["u"], "event": "x"}, "id_not_string"),
        ("/v1/track", {"userId": "u", "anonymousId": {}, "event": "x"}, "id_not_string"),
        ("/v1/group", {**ONE, "groupId": [1]}, "id_not_string"),
        ("/v1/alias", {**ONE, "previousId": False}, "id_not_string"),
        ("/v1/track", ONE, "event_not_defined"),
        ("/v1/track", {**ONE, "event": None}, "event_not_defined"),
        ("/v1/track", {**ONE, "event": "  "}, "event_not_defined"),
        ("/v1/track", {**ONE, "event": 5}, "event_not_string"),
        ("/v1/track", {**ONE, "event": "x", "properties": "a"}, "properties_not_object"),
        ("/v1/track", {**ONE, "event": "x", "properties": [1]}, "properties_not_object"),
        ("/v1/page", {**ONE, "properties": 1}, "properties_not_object"),
        ("/v1/screen", {**ONE, "properties": True}, "properties_not_object"),
        ("/v1/identify", {**ONE, "traits": "a"}, "traits_not_object"),
        ("/v1/group", {**ONE, "groupId": "g", "traits": 5}, "traits_not_object"),
        ("/v1/page", {**ONE, "name": 5}, "name_not_string"),
        ("/v1/screen", {**ONE, "category": ["a"]}, "category_not_string"),
    ],
)
def test_codes(path: str, content: dict[str, Any], code: str) -> None:
    alone = send(content, path)
    assert (alone.reply.status, code_of(alone)) == (400, code)
    assert [refusal.code for refusal in alone.refused] == [code]
    batched = send({"batch": [{**content, "type": path[4:]}, {**ONE, "type": "page"}]}, "/v1/batch")
    assert (batched.reply.status, batched.reply.body) == (200, b'{"success": true}')
    assert [refusal.code for refusal in batched.refused] == [code]
    assert [event.verb for event in batched.events] == ["page"]


@pytest.mark.parametrize(
    ("consent", "code"),
    [
        (None, "consent_categorypreferences_should_exist"),
        ({}, "consent_categorypreferences_should_exist"),
        ({"categoryPreferences": "all"}, "consent_categorypreferences_fields_should_be_object"),
        ({"categoryPreferences": {"ads": "yes"}}, "consent_categorypreferences_fields_should_be_bool"),
    ],
)
def test_consent_codes(consent: Any, code: str) -> None:
    content = {**ONE, "event": "Segment Consent Preference Updated", "context": {"consent": consent}}
    assert code_of(send(content)) == code


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"5", b"\xff\xfe", gzip.compress(b"{}")])
def test_bodies_that_say_nothing(path: str, body: bytes) -> None:
    outcome = call("POST", path, body=body, headers=BASIC)
    assert (outcome.reply.status, code_of(outcome)) == (400, "bad_request")
    assert outcome.source is not None


@pytest.mark.parametrize("batch", [None, {}, "x", 5])
def test_batch_that_is_no_list(batch: Any) -> None:
    assert send({"batch": batch}, "/v1/batch").reply.status == 400


# -- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (b"Basic " + base64.b64encode(b"wk_1:"), "wk_1"),
        (b"BASIC  " + base64.b64encode(b"wk_1"), "wk_1"),
        (b"basic " + base64.b64encode(b"wk_1:a:b"), "wk_1"),
        (b"Basic d2tfMTo", "wk_1"),
        (b"Bearer abc", ""),
        (b"Basic", ""),
        (b"Basic !", ""),
        (b"Basic \xff\xfe", ""),
        (b"", ""),
    ],
)
def test_header(header: bytes, key: str) -> None:
    assert header_key(header) == key


@pytest.mark.parametrize("stated", [None, 5, "", {}, "wk_9"])
def test_keys_that_are_none(stated: Any) -> None:
    body = msgspec.json.encode({**ONE, "event": "x", "writeKey": stated})
    outcome = call("POST", "/v1/track", body=body)
    assert (outcome.reply.status, code_of(outcome)) == (401, "unknown_source")


# -- ids --------------------------------------------------------------------------------------------------------------

BLOCKED = [
    "0",
    "000",
    "-",
    "--",
    "-1",
    "0-0",
    "00000000-0000-0000-0000-000000000000",
    "null",
    "NULL",
    "anonymous",
    "undefined",
    "none",
    "nil",
    "NaN",
    "unknown",
    "Guest",
]


@pytest.mark.parametrize("text", [*BLOCKED, "[object Object]", " null "])
def test_blocked_ids(text: str) -> None:
    event = send({**ONE, "userId": text, "event": "x"}).events[0]
    assert (event.user_id, event.anonymous_id) == (None, "a-1")
    assert event.notes == [f"blocked userId: {text.strip()}"]


@pytest.mark.parametrize("text", ["-2", "10", "nullable", "anon", "unknown-1", "0a", "N", "guest@acme.example"])
def test_ids_that_are_not_blocked(text: str) -> None:
    assert send({**ONE, "userId": text, "event": "x"}).events[0].user_id == text


def test_decimal_id_is_its_text() -> None:
    body = b'{"userId":1E+2,"event":"x"}'
    assert call("POST", "/v1/track", body=body, headers=BASIC).events[0].user_id == "100"


@pytest.mark.parametrize("stated", [None, "", " "])
def test_message_id_is_made(stated: Any) -> None:
    event = send({**ONE, "messageId": stated, "event": "x"}).events[0]
    assert event.message_id[14] == "7"
    assert event.notes == []


def test_message_id_of_another_type() -> None:
    event = send({**ONE, "messageId": ["m"], "event": "x"}).events[0]
    assert event.notes == ["messageId is not text, a new one was made"]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"type": "CRM", "id": "7"}, [ExternalId("crm", "7")]),
        ({"type": "crm", "id": 7, "collection": "users", "encoding": "none"}, [ExternalId("crm", "7")]),
        ({"type": "crm", "id": "null"}, []),
        ({"type": "crm"}, []),
        ({"id": "7"}, []),
        ({"type": "crm", "id": "7", "encoding": "sha256"}, []),
        ({"type": "crm", "id": "7", "collection": "accounts"}, []),
        ({"type": "user_id", "id": "7"}, []),
        ("7", []),
    ],
)
def test_external_ids(entry: Any, found: list[ExternalId]) -> None:
    assert send({**ONE, "event": "x", "context": {"externalIds": [entry]}}).events[0].external_ids == found


def test_ids_of_an_android_device() -> None:
    device = {"type": "Android", "id": "d", "advertisingId": "ad", "token": "t"}
    expected = [ExternalId("android.id", "d"), ExternalId("android.idfa", "ad"), ExternalId("android.push_token", "t")]
    assert send({**ONE, "event": "x", "context": {"device": device}}).events[0].external_ids == expected
    assert send({**ONE, "event": "x", "context": {"device": {"id": "d"}}}).events[0].external_ids == []


# -- money ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "value", "currency", "notes"),
    [
        ({"revenue": 5}, 5, "USD", 0),
        ({"revenue": 5, "currency": "eur"}, 5, "EUR", 0),
        ({"revenue": 5, "currency": None}, 5, "USD", 0),
        ({"revenue": 5, "currency": "euro"}, None, None, 1),
        ({"revenue": "5 EUR"}, None, None, 1),
        ({"revenue": "€5", "currency": "EUR"}, 5, "EUR", 0),
        ({"revenue": None}, None, None, 0),
        ({"revenue": ""}, None, None, 0),
        ({"value": 5}, None, None, 0),
        ({"revenue": 10**15}, None, None, 1),
    ],
)
def test_value(properties: dict[str, Any], value: Any, currency: str | None, notes: int) -> None:
    event = send({**ONE, "event": "Donation Made", "properties": properties}).events[0]
    assert (event.value, event.currency, len(event.notes)) == (value, currency, notes)
    assert event.properties == properties


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("Order Completed", True),
        ("order_completed", True),
        ("OrderCompleted", True),
        ("Completed Order", True),
        ("order-canceled", True),
        ("Order Cancelled", True),
        ("Order Refunded", True),
        ("Updated Order", True),
        ("Checkout Started", True),
        ("Started Order", True),
        ("Order Completed Again", False),
        ("Order", False),
        ("Product Added to Wishlist", False),
    ],
)
def test_order_names(name: str, order: bool) -> None:
    assert money.is_order(name) is order


# -- traits, context --------------------------------------------------------------------------------------------------


def test_both_spellings() -> None:
    assert traits.of_user({"first_name": "A", "firstName": "B"}) == {"first_name": "A", "firstName": "B"}
    assert traits.of_group({"Name": "A", "NAME": "B"}) == {"name": "A", "NAME": "B"}


@pytest.mark.parametrize("given", [{"name": "X", "firstName": "A", "lastName": "B"}, {"firstName": "A"}])
def test_name_is_left_alone(given: dict[str, Any]) -> None:
    assert traits.of_user(dict(given)) == given


def test_null_name_stays_a_removal() -> None:
    given = {"name": None, "firstName": "A", "lastName": "B"}
    assert traits.of_user(dict(given)) == given


def test_merge_shares_nothing_that_changes() -> None:
    batch = {"library": {"name": "a", "version": "1"}, "app": {"name": "Shop"}}
    merged = context.merge({"library": {"version": "2"}, "x": 1}, batch)
    assert merged == {"library": {"name": "a", "version": "2"}, "app": {"name": "Shop"}, "x": 1}
    assert batch == {"library": {"name": "a", "version": "1"}, "app": {"name": "Shop"}}


def test_addresses_of_batch_events_are_their_own() -> None:
    body = {"batch": [{**ONE, "type": "page"}, {**ONE, "type": "page", "context": {"ip": "::1"}}], "context": {"a": 1}}
    outcome = send(body, "/v1/batch", sources=shop(trust="browser"))
    assert [event.context for event in outcome.events] == [{"a": 1, "ip": "203.0.113.9"}, {"a": 1, "ip": "::1"}]


@pytest.mark.parametrize("stated", ["x", 5, [1]])
def test_context_that_is_no_object(stated: Any) -> None:
    event = send({**ONE, "event": "x", "context": stated}).events[0]
    assert (event.context, event.notes) == ({}, ["context is not an object"])


def test_empty_lists_in_context() -> None:
    given = {
        "device": [],
        "page": [],
        "traits": {"address": []},
        "externalIds": [],
        "consent": {"categoryPreferences": []},
    }
    expected = {**given, "device": {}, "page": {}, "traits": {"address": {}}, "consent": {"categoryPreferences": {}}}
    assert send({**ONE, "event": "x", "context": given}).events[0].context == expected


def test_members_of_another_call_are_kept() -> None:
    event = send({**ONE, "event": "x", "traits": {"a": 1}, "name": "n", "channel": "server"}).events[0]
    assert event.extra == {"traits": {"a": 1}, "name": "n", "channel": "server"}
    assert event.traits == {}


def test_category_twice() -> None:
    event = send({**ONE, "category": "a", "properties": {"category": "b", "name": "n"}}, "/v1/page").events[0]
    assert (event.name, event.properties["category"], event.extra) == ("n", "b", {"category": "a"})


@pytest.mark.parametrize("stated", [5, "x", None, [], {"All": True}])
def test_integrations_never_decide(stated: Any) -> None:
    assert len(send({**ONE, "event": "x", "integrations": stated}).events) == 1
    batch = {"batch": [{**ONE, "type": "page", "integrations": stated}], "integrations": {"All": False}}
    assert len(send(batch, "/v1/batch").events) == 1


def test_original_timestamp_comes_first() -> None:
    content = {**ONE, "event": "x", "originalTimestamp": "2024-03-01T09:00:00Z", "timestamp": "2024-03-01T08:00:00Z"}
    assert send(content).events[0].original == "2024-03-01T09:00:00Z"
    assert send({**content, "originalTimestamp": None}).events[0].original == "2024-03-01T08:00:00Z"


def test_epoch_timestamp_is_kept_as_text() -> None:
    event = send({**ONE, "event": "x", "timestamp": RECEIVED - 1, "sentAt": RECEIVED}).events[0]
    assert (event.time, event.original, event.sent) == (RECEIVED - 1, str(RECEIVED - 1), str(RECEIVED))


def test_sent_of_the_event_comes_before_that_of_the_batch() -> None:
    body = {"batch": [{**ONE, "type": "page", "sentAt": "a"}, {**ONE, "type": "page"}], "sentAt": "b"}
    assert [event.sent for event in send(body, "/v1/batch").events] == ["a", "b"]


# -- limits -----------------------------------------------------------------------------------------------------------


def event_of(size: int) -> bytes:
    start = b'{"type":"track","userId":"u","event":"x","a":"'
    return start + b"y" * (size - len(start) - 2) + b'"}'


def test_size_of_an_event_is_what_stands_in_the_request() -> None:
    for path, around in (
        ("/v1/track", b"%s"),
        ("/v1/batch", b'{"batch":[ %s ]}'),
        ("/v1/b", b'{"batch":[%s],"a":NaN}'),
    ):
        assert len(call("POST", path, body=around % event_of(32_768), headers=BASIC).events) == 1
        outcome = call("POST", path, body=around % event_of(32_769), headers=BASIC)
        assert outcome.events == []
        assert outcome.reply.status == (400 if path == "/v1/track" else 200)


def test_refused_bodies_are_cut() -> None:
    outcome = call("POST", "/v1/batch", body=b'{"batch":[%s]}' % event_of(100_000), headers=BASIC)
    assert len(outcome.refused[0].body) == 65_536


def test_surplus_of_a_batch_is_dropped() -> None:
    outcome = send({"batch": [{"type": "page", "userId": "u"}] * 2_503}, "/v1/batch")
    assert (len(outcome.events), outcome.reply.status) == (2_500, 200)
    assert [refusal.message for refusal in outcome.refused] == [
        "A batch has at most 2500 events, those behind them were dropped"
    ]


@pytest.mark.parametrize(("size", "count"), [(40_000, 1), (20_000, 300)])
def test_common_context_cannot_blow_up_the_batch(size: int, count: int) -> None:
    body = {"batch": [{"type": "page", "userId": "u"}] * count, "context": {"a": "x" * size}}
    outcome = send(body, "/v1/batch")
    assert len(outcome.events) == count
    assert outcome.events[0].context == {}
    assert outcome.events[0].notes == ["context and integrations of the batch are too large and were left out"]


def test_common_context_that_is_odd() -> None:
    body = {"batch": [{"type": "page", "userId": "u"}], "context": "x", "integrations": []}
    assert send(body, "/v1/batch").events[0].notes == ["context of the batch is not an object"]


def test_common_context_that_is_too_deep() -> None:
    body = b'{"batch":[{"type":"page","userId":"u"}],"context":{"a":%s}}' % (b"[" * 70 + b"]" * 70)
    event = call("POST", "/v1/batch", body=body, headers=BASIC).events[0]
    assert (event.context, event.notes) == ({}, ["context of the batch is nested too deeply and was left out"])


def test_key_is_taken_out_of_refused_text() -> None:
    assert wire.without_key(rb'{"writeKey" : "a\"b", "x":1}') == b'{"writeKey":"", "x":1}'


def test_disabled_source_still_has_settings() -> None:
    """An SDK without settings may turn to the vendor's own host."""
    parameters = {"writeKey": "wk_1"}
    outcome = call("GET", "/v1/projects/wk_1/settings", parameters=parameters, sources=shop(enabled=False))
    assert outcome.reply.status == 200


def test_source_config_needs_a_key() -> None:
    assert call("GET", "/sourceConfig").reply.status == 401
