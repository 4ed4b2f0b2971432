"""What holds for all requests: paths, answers, repeats, trust, sizes, and amounts to the last digit."""

import re
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from tests.dialects.asking import RECEIVED
from tests.dialects.remarkety.store import KEY, KEYED, asked, call, event_of, one, said, send
from tidings.dialects import kinds_of
from tidings.dialects.contract import Rejected
from tidings.dialects.remarkety import REMARKETY
from tidings.dialects.remarkety.contacts import KEYLESS, Contacts
from tidings.dialects.remarkety.intake import UNSUBSCRIBES, Webhooks, takes_json
from tidings.dialects.remarkety.keys import labels
from tidings.dialects.remarkety.topics import topic_of
from tidings.events.reports import CartReport, OrderReport, ProductReport

ANA = "ana@example.org"


def order_of(content: Any, event_type: str = "orders/update", **options: Any) -> OrderReport:
    commerce = event_of(event_type, {"id": 12, **content}, **options).commerce
    assert commerce is not None
    assert commerce.order is not None
    return commerce.order


def cart_of(content: Any, event_type: str = "carts/update", **options: Any) -> CartReport:
    commerce = event_of(event_type, {"id": 55, **content}, **options).commerce
    assert commerce is not None
    assert commerce.cart is not None
    return commerce.cart


def product_of(content: Any, event_type: str = "products/update", **options: Any) -> ProductReport:
    commerce = event_of(event_type, {"id": 9, **content}, **options).commerce
    assert commerce is not None
    return commerce.products[0]


def test_paths() -> None:
    stores = ("/api/v1/stores/{store_id}", "/api/v2/stores/{store_id}")
    assert {(route.method, route.path, route.access) for route in REMARKETY.routes} >= {
        ("POST", "/webhooks", ""),
        ("POST", "/webhooks/store/{store_id}", ""),
        ("POST", f"{stores[0]}/contacts", ""),
        ("POST", f"{stores[0]}/contacts/unsubscribe", ""),
        ("POST", f"{stores[1]}/contacts/batch", ""),
        ("GET", f"{stores[1]}/customers", "read"),
        ("POST", f"{stores[1]}/customers", "read"),
        ("PUT", f"{stores[1]}/customers/{{hash}}", "write"),
        ("POST", f"{stores[1]}/orders", ""),
        ("GET", f"{stores[1]}/products", "read"),
        ("GET", "/public/install/notify", "write"),
        ("POST", "/public/install/notify", "write"),
        ("POST", "/public/install/get-store-id", "read"),
        ("GET", "/public/install/uninstall", "write"),
    }
    assert REMARKETY.credentials == ("store_id", "api_key")
    assert kinds_of("remarkety").usual == "api_key"
    assert kinds_of("remarkety").shown == ("store_id",)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 413, 415, 429, 500, 503])
def test_every_error_has_a_status_and_a_message(status: int) -> None:
    reply = REMARKETY.error(status, "some_code", "Some reason")
    assert (reply.status, reply.content_type) == (status, b"application/json")
    assert msgspec.json.decode(reply.body) == {"status": "ERROR", "message": "Some reason"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (alias, canonical)
        for noun, deeds in {
            "customers": ("create", "update", "delete"),
            "orders": ("create", "update", "delete"),
            "products": ("create", "update", "delete"),
            "carts": ("create", "update", "delete"),
            "newsletter": ("subscribe", "unsubscribe"),
        }.items()
        for deed in deeds
        for canonical in [f"{noun}/{deed}"]
        for alias in (canonical, f"{canonical}d")
    ],
)
def test_names(text: str, name: str) -> None:
    for spelling in (text, f" {text.upper()} "):
        topic = topic_of(spelling)
        assert topic is not None
        assert topic.name == name
        assert f"{topic.noun}/{topic.deed}" == name


@pytest.mark.parametrize("text", ["orders", "orders/shipped", "/create", "create", "newsletter/create", "Site Search"])
def test_other_names_are_custom(text: str) -> None:
    topic = topic_of(text)
    assert topic is not None
    assert (topic.name, topic.noun) == (text, "")


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (b"", True),
        (b"*/*", True),
        (b"application/*;q=0.1", True),
        (b"application/json", True),
        (b"text/html, */*;q=0.8", True),
        (b"application/json;q=0", False),
        (b"*/*;q=0.0", False),
        (b"*/*, application/json; q=0.000", False),
        (b"*/*;q=0, application/json", True),
        (b"application/xml", False),
        (b"text/*", False),
    ],
)
def test_accept(accept: bytes, wanted: bool) -> None:
    assert takes_json(accept) is wanted


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("shop.example", ("shop",)),
        ("/Shop.example", ("shop",)),
        ("https://www.shop.example:8443/de/", ("www", "shop")),
        ("localhost", ()),
        ("", ()),
    ],
)
def test_domains(domain: str, found: tuple[str, ...]) -> None:
    assert labels(domain) == found


@pytest.mark.parametrize(
    "value", ["0.1", "0.000001", "999999999999999.999999", "-0.10", "1E+3", "123456789012345678901234567890e-20"]
)
def test_amounts_are_exact(value: str) -> None:
    for stated in (value, f'"{value}"'):
        body = f'{{"id":12,"total_price":{stated},"currency":"EUR"}}'.encode()
        (event,) = call("/webhooks", body=body, headers={"x-event-type": "orders/update", **KEYED}).events
        assert event.commerce is not None
        assert event.commerce.order is not None
        if "e-20" in value:  # ten decimals too many
            assert event.commerce.order.total is UNSET
            assert any("no usable total_price" in note for note in event.notes)
        else:
            assert event.commerce.order.total == Decimal(value)


def test_numbers_and_their_text_name_the_same() -> None:
    for field, make in (("order", order_of), ("cart", cart_of), ("product", product_of)):
        assert [make({"id": stated}).id for stated in (1234, "1234", " 1234 ")] == ["1234"] * 3, field
    assert order_of({"id": "000000012"}).id == "000000012"
    line = {"product_id": 9, "variant_id": 91, "sku": 7}
    (read,) = order_of({"line_items": [line]}).lines or []
    assert (read.product_id, read.variant_id, read.sku) == ("9", "91", "7")


def test_what_is_absent_or_null_is_not_spoken_of() -> None:
    for report in (order_of({}), order_of(dict.fromkeys(["total_price", "status", "line_items", "note", "test"]))):
        spoken = {name for name, value in msgspec.structs.asdict(report).items() if value is not UNSET}
        assert spoken == {"id", "at"}
    for product in (product_of({}), product_of(dict.fromkeys(["price", "variants", "title", "vendor", "image"]))):
        spoken = {name for name, value in msgspec.structs.asdict(product).items() if value is not UNSET}
        assert spoken == {"id", "at", "seen"}
    assert cart_of({"line_items": []}).lines == []


def test_of_two_names_one_counts() -> None:
    for given, channel in (({"channel": "POS"}, "POS"), ({"channel": None}, "web"), ({"channel": " "}, UNSET)):
        assert order_of({"source": "web", **given}).channel == channel
    for given, vendor in (({"vendor": "Clay"}, "Clay"), ({"vendor": None}, "Mill"), ({"vendor": ""}, "Mill")):
        assert product_of({"manufacturer": "Mill", **given}).vendor == vendor
    assert cart_of({"subtotal": 7}).subtotal == 7
    assert cart_of({"subtotal": 7, "subtotal_price": 8}).subtotal == 8
    assert cart_of({"subtotal": 7, "subtotal_price": None}).subtotal is UNSET
    images = [None, {"src": "b.jpg"}]
    for given, name, image in (({"name": "Mug", "image": "a.jpg"}, "Mug", "a.jpg"), ({"name": ""}, "Old mug", "b.jpg")):
        (line,) = order_of({"line_items": [{"title": "Old mug", "images": images, **given}]}).lines or []
        assert (line.name, line.image, line.extra) == (name, image, {"title": "Old mug"})


@pytest.mark.parametrize("set_currency", [None, "CHF"])
@pytest.mark.parametrize(
    ("stated", "currency"),
    [("eur", "EUR"), (" Usd ", "USD"), (None, None), ("€", None), ("EURO", None), ("E1R", None), ("ＵＳＤ", None)],
)
@pytest.mark.parametrize("what", ["order", "cart"])
def test_what_names_no_currency_says_none_unless_its_source_has_one(
    what: str, stated: str | None, currency: str | None, set_currency: str | None
) -> None:
    content = {"id": 12, "currency": stated, "total_price": 5}
    settings = {"currency": set_currency} if set_currency else {}
    event = event_of(f"{what}s/update", content, sources=one(settings=settings))
    assert event.commerce is not None
    report = getattr(event.commerce, what)
    assert report.currency == (currency or set_currency or UNSET)
    usable = stated is None or currency is not None
    assert any("no usable currency" in note for note in event.notes) is not usable


def test_discounts_are_never_negative() -> None:
    order = order_of({"total_discounts": -20, "line_items": [{"discount": "-1.5"}]})
    assert (order.discounts, (order.lines or [])[0].discount) == (Decimal(20), Decimal("1.5"))
    assert cart_of({"total_discounts": "-3"}).discounts == 3


def test_a_woocommerce_line_has_the_price_of_all() -> None:
    line = {"product_id": 1, "quantity": 4, "price": 10, "tax_lines": {"price": 1}}
    (of_cart,) = cart_of({"line_items": [line]}).lines or []
    assert (of_cart.price, of_cart.extra["line_price"], of_cart.tax) == (Decimal("2.5"), 10, Decimal(1))
    (of_order,) = order_of({"line_items": [line]}).lines or []
    assert (of_order.price, of_order.tax) == (Decimal(10), Decimal(1))
    (usual,) = cart_of({"line_items": [line | {"tax_lines": [{"price": 1}, {"price": 2}]}]}).lines or []
    assert (usual.price, usual.tax) == (Decimal(10), Decimal(3))
    (none,) = cart_of({"line_items": [line | {"quantity": 0}]}).lines or []
    assert none.price == 10


def test_a_repeat_of_an_object_is_the_same_event() -> None:
    content = {"id": 1, "email": ANA, "updated_at": "2024-03-01T10:00:00+00:00", "customer": {"id": 7}}
    sending = {"timestamp": "1709287205", "event_id": "orders/update", "calling_function": "a"}
    again = {"timestamp": "1709287265", "event_id": "orders/update", "calling_function": "b"}
    for noun in ("customers", "orders", "carts", "products"):
        first, second = (event_of(f"{noun}/update", {**content, **more}) for more in (sending, again))
        assert first.message_id == second.message_id
        others = [
            event_of(f"{noun}/create", content),
            event_of(f"{noun}/update", content | {"updated_at": "2024-03-01T10:00:01+00:00"}),
            event_of(f"{noun}/update", content | {"title": "x"}),
            event_of(f"{noun}/update", content, {}),  # what a page sends cannot make the shop's event a repeat
            *(event_of(f"{noun}/update", content | {"updated_at": None}) for _ in range(2)),
            *(event_of(f"{noun}/update", content | {"updated_at": "soon"}) for _ in range(2)),
        ]
        assert len({event.message_id for event in [first, *others]}) == 1 + len(others)


def test_a_repeat_is_one_after_an_update_of_tidings_too() -> None:
    content = {"id": 1, "updated_at": "2024-03-01T10:00:00+00:00", "total_price": 7.5, "note": "gr\u00fc\u00df dich"}
    assert event_of("orders/update", content).message_id == "content:vcGr/JNWO5VmXe/LCZrIRA"


@pytest.mark.parametrize("event_type", ["newsletter/subscribe", "room-booked"])
def test_two_equal_wishes_are_two(event_type: str) -> None:
    content = {"email": ANA, "updated_at": "2024-03-01T10:00:00+00:00"}
    assert event_of(event_type, content).message_id != event_of(event_type, content).message_id


def test_a_client_can_name_its_request() -> None:
    named = KEYED | {"idempotency-key": '"k-1"'}
    content = {"email": ANA}
    first = event_of("room-booked", content, named).message_id
    assert first == event_of("room-booked", content, named).message_id
    others = [
        event_of("room-left", content, named),
        event_of("room-booked", content, {"idempotency-key": "k-1"}),
        event_of("room-booked", content, KEYED | {"idempotency-key": "k" * 256}),
    ]
    assert len({first, *(event.message_id for event in others)}) == 4


def test_states_are_ordered_by_the_clock_of_the_shop() -> None:
    ahead = "2024-03-01T10:05:00+00:00"  # five minutes before ours
    event = event_of("orders/update", {"id": 1, "updated_at": ahead})
    assert event.commerce is not None
    assert event.commerce.order is not None
    assert (event.time, event.commerce.order.at) == (RECEIVED, RECEIVED + 290_000)
    assert order_of({"created_at": ahead}, "orders/create").at == RECEIVED + 290_000
    assert order_of({"created_at": ahead}, "orders/update").at == RECEIVED
    assert order_of({"updated_at": "2024-03-03"}).at == RECEIVED


def test_trust() -> None:
    for event_type, content in (("orders/create", {"id": 1}), ("x", {"email": ANA}), ("customers/update", {"id": 1})):
        assert send(event_type, content).trust is None
        assert send(event_type, content, {}).trust == "browser"
    cases: tuple[tuple[dict[str, Any], bool], ...] = (({}, False), ({"browser_orders": True}, True))
    for settings, counted in cases:
        keyless: dict[str, Any] = {"sources": one(settings=settings), "headers": {}}
        for options in (keyless, {"sources": one(trust="browser", settings=settings)}):
            event = event_of("orders/create", {"id": 1}, **options)
            assert (event.commerce is not None) == counted
            assert any("not counted" in note for note in event.notes) != counted
    assert product_of({}, headers={}).seen
    assert not product_of({}).seen


def test_a_blocked_id_is_nobody() -> None:
    for stated in (0, "null", "undefined", "", " "):
        assert event_of("customers/update", {"id": stated, "email": ANA}).user_id is None
        assert event_of("orders/create", {"id": 1, "customer": {"id": stated, "email": ANA}}).user_id is None


def test_an_email_that_cannot_be_one_is_no_trait() -> None:
    order = {"id": 1, "email": "ana@example.org", "customer": {"email": "nope", "first_name": "Ana"}}
    event = event_of("orders/create", order)
    assert (event.email, event.traits) == ("ana@example.org", {"firstName": "Ana"})


def test_what_is_missing_is_told() -> None:
    assert event_of("customers/create", {"id": 1}).notes == ["email is missing"]
    notes = event_of("orders/create", {"id": 1, "customer": {"email": ANA}, "line_items": [{"sku": 1}]}).notes
    for field in ("created_at", "status.name", "total_price", "customer.updated_at", "line_items[].product_id"):
        assert f"{field} is missing" in notes
    assert "line_items[].sku is missing" not in notes
    assert event_of("products/update", {"id": 1}).notes == []
    assert "variants is missing" in event_of("products/create", {"id": 1}).notes
    assert "title is missing" not in event_of("carts/create", {"id": 1}).notes
    for event_type in ("customers/delete", "orders/delete", "products/delete", "carts/delete"):
        assert event_of(event_type, {"id": 1}).notes == []


def test_tags() -> None:
    for content, traits, additions in (
        ({"tags": ["a", " b "]}, ["a", "b"], {}),
        ({"tags": "a, b,"}, ["a", "b"], {}),
        ({"tags": []}, [], {}),
        ({"tags": ""}, [], {}),
        ({"tags": None}, None, {}),
        ({"tags": ["a"], "append_tags": True}, None, {"tags": ["a"]}),
        ({"tags": "a", "append_tags": "true"}, None, {"tags": ["a"]}),
        ({"tags": [], "append_tags": True}, None, {}),
    ):
        event = event_of("customers/update", {"email": ANA, **content})
        assert (event.traits.get("tags"), event.additions) == (traits, additions), content


def test_the_properties_are_what_came() -> None:
    content = {"id": 1, "total_price": 1, "nested": {"a": [1, None]}, "null": None}
    sent = content | {"timestamp": "1", "event_id": "x", "calling_function": "y"}
    assert event_of("orders/update", sent).properties == content


def test_nobody_unsubscribes_a_list_without_a_key() -> None:
    now = [0.0]
    handle = Webhooks(lambda: now[0]).take
    headers = {"x-event-type": "newsletter/unsubscribe"}
    request = asked("POST", "/webhooks", body=msgspec.json.encode({"email": ANA}), headers=headers)
    answers = [handle(request, one()) for _ in range(UNSUBSCRIBES + 1)]
    assert [answer.reply.status for answer in answers] == [200] * UNSUBSCRIBES + [429]
    assert int(dict(answers[-1].reply.headers)[b"retry-after"]) >= 1
    assert (len(answers[-1].refused), answers[-1].events) == (1, [])
    keyed = asked("POST", "/webhooks", body=request.body, headers=headers | KEYED)
    assert handle(keyed, one()).reply.status == 200
    now[0] += 60
    assert handle(request, one()).reply.status == 200


def test_contacts_without_a_key_come_slowly() -> None:
    now = [0.0]
    add = Contacts(lambda: now[0]).add
    path: dict[str, Any] = {"parameters": {"store_id": "AAABBB"}}
    request = asked("POST", "/api/v1/stores/AAABBB/contacts", body=msgspec.json.encode({"email": ANA}), **path)
    statuses = [add(request, one()).reply.status for _ in range(KEYLESS + 1)]
    assert statuses == [200] * KEYLESS + [429]
    keyed = asked("POST", "/x", body=request.body, headers=KEYED, **path)
    assert add(keyed, one()).reply.status == 200


def test_an_answer_without_a_key_says_what_came() -> None:
    content = {"email": ANA, "firstName": "Ana", "secret": 1, "doubleOptin": False}
    outcome = call("/api/v1/stores/AAABBB/contacts", body=msgspec.json.encode(content))
    assert said(outcome) == {"status": "OK", "info": {"email": ANA, "firstName": "Ana", "doubleOptin": False}}
    (event,) = outcome.events
    assert event.only_new
    assert outcome.trust == "browser"


def test_without_a_key_a_contact_has_one_name() -> None:
    content = {
        "id": "77",
        "pos_id": "t",
        "email": ANA,
        "sms_phone_number": "+351912345678",
        "smsMarketingAllowed": True,
    }
    for headers, named in (({}, (None, ANA, None, 0)), (KEYED, ("77", ANA, "+351912345678", 1))):
        outcome = call("/api/v1/stores/AAABBB/contacts", body=msgspec.json.encode(content), headers=headers)
        (event,) = outcome.events
        assert (event.user_id, event.email, event.phone, len(event.external_ids)) == named
        assert event.traits["phone"] == "+351912345678"
        assert [(one.channel, one.address) for one in event.statements] == [("sms", "+351912345678")]
    only = {key: value for key, value in content.items() if key != "email"}
    (event,) = call("/api/v1/stores/AAABBB/contacts", body=msgspec.json.encode(only)).events
    assert (event.user_id, event.phone) == (None, "+351912345678")


@pytest.mark.parametrize(("method", "path"), [("GET", "/customers"), ("POST", "/customers"), ("PUT", "/customers/1-x")])
def test_a_public_token_learns_of_nobody(method: str, path: str) -> None:
    body = msgspec.json.encode({"customer": {"email": ANA}})
    for trust, status in (("server", 200), ("browser", 403)):
        options: dict[str, Any] = {"method": method, "body": body, "headers": KEYED, "sources": one(trust=trust)}
        outcome = call(f"/api/v2/stores/AAABBB{path}", **options)
        assert (outcome.reply.status, outcome.answer is not None) == (status, trust == "server")


def test_a_refused_key_is_kept_nowhere() -> None:
    request = asked("POST", "/webhooks", body=b"{}", headers={"x-event-type": "x", "x-token": "mistyped-secret"})
    with pytest.raises(Rejected) as refused:
        Webhooks().take(request, one())
    assert b"mistyped" not in refused.value.body
    assert "mistyped" not in refused.value.message


def test_the_example_works_for_any_key() -> None:
    line = REMARKETY.example("http://127.0.0.1:8080/shop", {"store_id": "A&B", "api_key": "it's a key"})
    assert line.startswith("curl 'http://127.0.0.1:8080/shop/webhooks/?storeId=A%26B' ")
    assert "'x-api-key: it'\"'\"'s a key'" in line
    found = re.search(r"-d '(.*)'$", line)
    assert found
    headers = {"x-event-type": "room-booked", "x-api-key": KEY}
    (event,) = call("/webhooks", body=found[1].encode(), headers=headers).events
    assert (event.user_id, event.name) == ("u-42", "room-booked")


def test_a_blank_name_says_nothing() -> None:
    guest = {"email": ANA, "first_name": "", "last_name": "  ", "group": ""}
    assert event_of("customers/update", guest).traits == {"email": ANA, "group": ""}
    ordered = event_of("orders/create", {"id": 12, "customer": {**guest, "first_name": "Ana"}})
    assert ordered.traits == {"email": ANA, "firstName": "Ana", "group": ""}


def test_the_form_of_a_subscription_is_no_trait() -> None:
    event = event_of("newsletter/subscribe", {"email": ANA, "form": "footer", "city": "Porto"})
    assert event.statements[0].form == "footer"
    assert event.traits == {"email": ANA, "city": "Porto"}


@pytest.mark.parametrize(
    ("said", "confirm"), [({}, None), ({"doubleOptin": False}, False), ({"doubleOptin": "1"}, True)]
)
def test_a_contact_of_a_batch_says_whether_to_confirm(said: dict[str, Any], confirm: bool | None) -> None:
    body = msgspec.json.encode({"contacts": [{"email": ANA, "accepts_marketing": True, **said}]})
    intake = call("/api/v2/stores/AAABBB/contacts/batch", body=body, headers=KEYED)
    assert [statement.confirm for statement in intake.events[0].statements] == [confirm]
