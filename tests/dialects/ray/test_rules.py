"""What interactions turn into, and which of them are refused."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.dialects.asking import RECEIVED
from tests.dialects.ray.shop import ANA, EVENT, accounts, said, send, token
from tidings.dialects.contract import Request
from tidings.dialects.ray import RAY
from tidings.events.model import Event
from tidings.tenants.model import Declared, Property

HOUR = 3_600_000
HINT = "(write + and the code of the country, or send user.country)"


def one(**members: Any) -> Event:
    """Return the event of an interaction that is taken."""
    intake = send([EVENT | members])
    assert intake.reply.status == 200, intake.reply.body
    (event,) = intake.events
    return event


def test_routes() -> None:
    assert {(route.method, route.path, route.access, route.prefixed) for route in RAY.routes} == {
        ("POST", "/oauth/token", "", False),
        ("POST", "/events/interaction", "", False),
        ("PUT", "/segments/users", "read", False),
        ("GET", "/stores", "read", True),
    }


def test_the_answer_is_the_documented_one() -> None:
    intake = send([EVENT])
    assert said(intake) == {"message": "ok", "result": "success", "statusCode": 200}


def test_a_list_may_be_empty_and_one_event_may_stand_alone() -> None:
    empty, alone = send([]), send(EVENT)
    assert (empty.reply.status, empty.events, empty.refused) == (200, [], [])
    assert (alone.reply.status, len(alone.events)) == (200, 1)


def test_types_are_compared_without_case_and_make_the_name() -> None:
    event = one(type=" purchase ", subType="Delivery", customProps={"table": 7})
    assert event.name == "PURCHASE/DELIVERY"
    assert event.properties == {"type": "PURCHASE", "subType": "DELIVERY", "storeId": 3, "table": 7}
    assert one(type="visit").name == "VISIT"
    assert one(subtype="table").name == "VISIT/TABLE"
    assert one(type=7).name == "7"


def test_custom_properties_do_not_hide_those_of_the_event() -> None:
    event = one(customProps={"type": "x", "storeId": 1, "note": "y"})
    assert event.properties == {"type": "VISIT", "storeId": 3, "note": "y"}
    assert event.extra == {"customProps": {"type": "x", "storeId": 1}}


@pytest.mark.parametrize("store", [3, "3", " 3 ", "03", "4", 3.0])
def test_a_store_is_a_number_or_its_text(store: Any) -> None:
    event = one(storeId=store)
    assert event.store == str(int(float(store)))
    assert event.properties["storeId"] == int(float(store))


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("2024-03-01T09:00:00.123Z", 1709283600123),
        ("2024-03-01T09:00:00Z", 1709283600000),
        ("2024-03-01T06:00:00-03:00", 1709283600000),
        ("2024-03-01", 1709251200000),
        (1709283600123, 1709283600123),
        ("2024-03-02T09:00:00Z", RECEIVED),
    ],
)
def test_a_moment_in_any_spelling_is_never_later_than_received(stated: Any, moment: int) -> None:
    event = one(timestamp=stated)
    assert (event.time, event.original) == (moment, str(stated))


def test_a_customer_is_found_by_both_and_described() -> None:
    event = one(
        user={
            "email": " Ana@Example.org ",
            "phone": "912 345 678",
            "country": "pt",
            "name": "Ana",
            "lastName": "Silva",
            "gender": "f",
            "birthDate": "1990-05-01T00:00:00.000Z",
            "instagramProfile": "https://instagram.com/ana",
            "linkedInProfile": "",
            "googleProfile": None,
            "nickname": "Anita",
        }
    )
    assert (event.email, event.phone) == ("ana@example.org", "+351912345678")
    assert event.traits == {
        "email": "Ana@Example.org",
        "phone": "912 345 678",
        "country": "PT",
        "firstName": "Ana",
        "lastName": "Silva",
        "name": "Ana Silva",
        "gender": "F",
        "birthday": "1990-05-01",
        "instagramProfile": "https://instagram.com/ana",
    }
    assert event.extra == {"user": {"nickname": "Anita"}}
    assert event.notes == []
    assert (event.user_id, event.external_ids) == (None, [])


def test_a_phone_is_read_by_the_country_of_the_source() -> None:
    intake = send([EVENT | {"user": {"phone": "912 345 678"}}], sources=accounts(settings={"country": "PT"}))
    assert intake.events[0].phone == "+351912345678"


@pytest.mark.parametrize(
    ("member", "value", "trait", "expected"),
    [
        ("gender", "Or", "gender", "O"),
        ("gender", "o", "gender", "O"),
        ("birthDate", "1990-05-01", "birthday", "1990-05-01"),
        ("birthDate", "1990-05-01T23:30:00-03:00", "birthday", "1990-05-01"),
        ("name", "Ana", "firstName", "Ana"),
    ],
)
def test_what_is_said_of_a_customer(member: str, value: str, trait: str, expected: str) -> None:
    assert one(user=ANA | {member: value}).traits == {"email": ANA["email"], trait: expected}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("gender", "X"),
        ("gender", 1),
        ("birthDate", "once"),
        ("country", "Portugal"),
        ("country", 351),
        ("name", {"first": "Ana"}),
        ("twitterProfile", ["x"]),
    ],
)
def test_what_cannot_be_used_is_kept_with_a_note(member: str, value: Any) -> None:
    event = one(user=ANA | {member: value})
    assert event.traits == {"email": ANA["email"]}
    assert event.extra == {"user": {member: value}}
    assert event.notes == [f"no usable {member}: {value}"]


def test_one_unusable_identifier_of_two_is_a_note() -> None:
    event = one(user=ANA | {"phone": "12"})
    assert (event.email, event.phone) == ("ana@example.org", None)
    assert event.traits["phone"] == "12"
    assert event.notes == [f"phone is no number: 12 {HINT}"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"type": None}, "events[0].type is required"),
        ({"type": " "}, "events[0].type is required"),
        ({"type": {"a": 1}}, "events[0].type must be text"),
        ({"type": "x" * 101}, "events[0].type must have at most 100 characters"),
        ({"subType": ["x"]}, "events[0].subType must be text"),
        ({"storeId": None}, "events[0].storeId is required"),
        ({"storeId": ""}, "events[0].storeId is required"),
        ({"storeId": True}, "events[0].storeId must be a number"),
        ({"storeId": 3.5}, "events[0].storeId must be the number of a store"),
        ({"storeId": -3}, "events[0].storeId must be the number of a store"),
        ({"storeId": "three"}, "events[0].storeId must be the number of a store"),
        ({"storeId": "³"}, "events[0].storeId must be the number of a store"),
        ({"storeId": 10**30}, "events[0].storeId must be the number of a store"),
        ({"timestamp": None}, "events[0].timestamp is required"),
        ({"timestamp": ""}, "events[0].timestamp is required"),
        ({"timestamp": {}}, "events[0].timestamp must be text in ISO 8601"),
        (
            {"timestamp": "yesterday"},
            "events[0].timestamp cannot be read: write it in ISO 8601, like 2020-08-05T18:38:13.343Z",
        ),
        ({"timestamp": RECEIVED + 24 * HOUR + 1}, "events[0].timestamp is more than 24 hours ahead"),
        ({"customProps": "none"}, "events[0].customProps must be an object"),
        ({"customProps": [1]}, "events[0].customProps must be an object"),
        ({"user": None}, "events[0].user is required"),
        ({"user": "ana"}, "events[0].user must be an object"),
        ({"user": {}}, "events[0].user.email or phone is required"),
        ({"user": {"email": "", "phone": " "}}, "events[0].user.email or phone is required"),
        ({"user": {"email": "ana"}}, "events[0].user.email is no address: ana"),
        ({"user": {"email": {"a": 1}}}, "events[0].user.email must be text"),
        (
            {"user": {"phone": "912 345 678"}},
            f"events[0].user.phone is no number: 912 345 678 {HINT}",
        ),
        ({"user": {"phone": "1", "country": "PT"}}, "events[0].user.phone is no number: 1"),
    ],
)
def test_what_is_refused(members: dict[str, Any], message: str) -> None:
    intake = send([EVENT | members])
    assert (intake.reply.status, said(intake)["message"]) == (400, message)
    assert said(intake) == {"data": None, "result": "error", "message": message, "statusCode": 400}
    assert intake.events == []
    (refused,) = intake.refused
    assert (refused.code, refused.message) == ("invalid", message)


def test_one_wrong_event_keeps_all_out_and_is_named() -> None:
    intake = send([EVENT, EVENT | {"type": None}, "x", EVENT | {"user": {}, "storeId": None}])
    assert intake.reply.status == 400
    assert intake.events == []
    assert said(intake)["message"] == (
        "events[1].type is required; events[2] must be an object; events[3].storeId is required; "
        "events[3].user.email or phone is required"
    )


def test_of_many_faults_the_first_ten_are_told() -> None:
    message = said(send([{}] * 5))["message"]
    assert message.count(";") == 10
    assert message.endswith("; and 10 more")


@pytest.mark.parametrize("store", [9, 77])
def test_a_store_of_nobody_or_somebody_else_is_forbidden(store: int) -> None:
    intake = send([EVENT, EVENT | {"storeId": store}])
    assert (intake.reply.status, said(intake)["statusCode"], intake.events) == (403, 403, [])
    assert said(intake)["message"] == f"events[1].storeId: the store {store} does not belong to this account"


@pytest.mark.parametrize("body", [b"", b"{", b"3", b'"x"', b"null", b"[" * 100 + b"]" * 100, b"type=VISIT"])
def test_a_body_that_is_no_list_is_refused(body: bytes) -> None:
    intake = send(body)
    assert (intake.reply.status, said(intake)["statusCode"], intake.events) == (400, 400, [])


def test_more_than_a_thousand_events_are_too_many() -> None:
    assert len(send([EVENT] * 1000).events) == 1000
    intake = send([EVENT] * 1001)
    assert (intake.reply.status, said(intake)["statusCode"], intake.events) == (413, 413, [])
    assert RAY.routes[1].limit == 1_048_576


def test_a_request_that_is_sent_again_has_the_same_ids() -> None:
    content = [EVENT, EVENT, EVENT | {"customProps": {"a": 1, "b": 2.50}}]
    first = [event.message_id for event in send(content).events]
    again = [event.message_id for event in send([EVENT, EVENT, EVENT | {"customProps": {"b": 2.5, "a": 1}}]).events]
    assert len(set(first)) == 3  # two equal ones in one request are two
    assert first == again


@pytest.mark.parametrize(
    "members",
    [
        {"type": "OTHER"},
        {"subType": "X"},
        {"storeId": 4},
        {"timestamp": "2024-03-01T09:00:00.001Z"},
        {"customProps": {"amount": 1}},
        {"user": {"email": "bob@example.org"}},
    ],
)
def test_another_event_has_another_id(members: dict[str, Any]) -> None:
    assert one(**members).message_id != one().message_id


@pytest.mark.parametrize(
    "members",
    [
        {"type": "visit"},
        {"storeId": "3"},
        {"timestamp": "2024-03-01T10:00:00+01:00"},
        {"user": ANA | {"name": "Ana", "phone": "+351912345678"}},
        {"source": "OTHER"},
    ],
)
def test_the_same_event_spelt_otherwise_has_the_same_id(members: dict[str, Any]) -> None:
    assert one(**members).message_id == one().message_id


@pytest.mark.parametrize(
    ("properties", "value", "currency"),
    [
        ({"amount": 31.5}, "31.5", "EUR"),
        ({"amount": "1.250,50"}, "1250.50", "EUR"),
        ({"amount": 10, "currency": "usd"}, "10", "USD"),
        ({"amount": -3}, "-3", "EUR"),
        ({"amount": ""}, None, None),
        ({"amount": None}, None, None),
    ],
)
def test_an_amount_counts_towards_the_value(properties: Any, value: str | None, currency: str | None) -> None:
    event = one(type="PURCHASE", customProps=properties)
    assert (event.value, event.currency) == (None if value is None else Decimal(value), currency)
    assert event.commerce is None
    assert event.notes == []


@pytest.mark.parametrize(
    ("properties", "note"),
    [
        ({"amount": "many"}, "no usable customProps.amount: many"),
        ({"amount": True}, "no usable customProps.amount: True"),
        ({"amount": "5 EUR"}, "customProps.amount names a currency, customProps.currency does not: 5 EUR"),
        ({"amount": 5, "currency": "euros"}, "no usable currency: euros"),
    ],
)
def test_an_amount_that_cannot_be_used_is_a_note(properties: Any, note: str) -> None:
    event = one(type="PURCHASE", customProps=properties)
    assert (event.value, event.currency, event.notes) == (None, None, [note])


@pytest.mark.parametrize("member", ["orderId", "order_id"])
@pytest.mark.parametrize("kind", ["PURCHASE", "order", "Compra"])
def test_a_purchase_that_names_an_order_is_that_order(member: str, kind: str) -> None:
    event = one(type=kind, subType="DELIVERY", customProps={member: 1001, "amount": 31.5})
    assert (event.value, event.currency) == (None, None)
    assert event.commerce is not None
    order = event.commerce.order
    assert order is not None
    assert (order.id, order.total, order.currency) == ("1001", Decimal("31.5"), "EUR")
    assert order.at == order.placed_at == event.time


def test_an_order_of_another_type_is_no_order() -> None:
    event = one(type="FEEDBACK", customProps={"orderId": 1001, "amount": 5})
    assert (event.commerce, event.value) == (None, Decimal(5))


@pytest.mark.parametrize("members", [{"type": "REFUND"}, {"type": "PURCHASE", "subType": "cancelled"}])
def test_what_is_taken_back_counts_nowhere(members: dict[str, Any]) -> None:
    event = one(**members, customProps={"orderId": 1, "amount": 5})
    assert (event.commerce, event.value, event.currency) == (None, None, None)


def test_what_is_not_as_declared_is_taken_with_a_note() -> None:
    properties = {
        "amount": Property(kind="number", required=True),
        "table": Property(kind="text"),
        "paid": Property(kind="boolean"),
        "until": Property(kind="date"),
    }
    declared = {
        ("PURCHASE", ""): Declared(
            id=1, workspace_id=1, type="PURCHASE", subtype="", properties=properties, created_at=1
        ),
        ("PURCHASE", "FREE"): Declared(
            id=2, workspace_id=1, type="PURCHASE", subtype="FREE", properties={}, created_at=1
        ),
    }

    def notes(kind: str, subtype: str, given: Any) -> list[str]:
        content = [EVENT | {"type": kind, "subType": subtype, "customProps": given}]
        return send(content, sources=accounts(declared)).events[0].notes

    fine = {"amount": 5, "table": "7", "paid": False, "until": "2024-05-01"}
    assert notes("purchase", "delivery", fine) == []
    assert notes("purchase", "delivery", {}) == ["customProps.amount is missing, which is declared for PURCHASE"]
    assert notes("purchase", "", {"amount": "x", "table": 7, "paid": 1, "until": "later"}) == [
        "customProps.amount is not of the kind number, as declared for PURCHASE",
        "customProps.table is not of the kind text, as declared for PURCHASE",
        "customProps.paid is not of the kind boolean, as declared for PURCHASE",
        "customProps.until is not of the kind date, as declared for PURCHASE",
        "no usable customProps.amount: x",
    ]
    assert notes("purchase", "free", {}) == []
    assert notes("unheard of", "", {"amount": 1}) == []


def test_members_that_are_not_documented_are_kept() -> None:
    event = one(channel="web", source="POS")
    assert event.extra == {"channel": "web", "source": "POS"}


def test_the_sender_of_a_body_that_nobody_read() -> None:
    sources = accounts()

    def asked(header: str) -> Request:
        return Request(
            method="POST",
            path="/events/interaction",
            parameters={},
            query=b"",
            headers={b"authorization": header.encode()},
            body=b"",
            client="",
            scheme="https",
            host="",
            received=RECEIVED,
        )

    assert RAY.sender(asked(f"Bearer {token(sources)}"), sources) == sources.shop
    assert RAY.sender(asked("Bearer x"), sources) is None
    assert RAY.sender(asked(""), sources) is None


def test_the_event_can_be_stored() -> None:
    event = one(type="PURCHASE", customProps={"orderId": 1, "amount": 5.25}, user=ANA | {"x": [1.5, None]})
    assert msgspec.json.decode(msgspec.json.encode(event))["store"] == "3"
