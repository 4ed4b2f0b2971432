"""Forgetting somebody who bought, left a cart and unsubscribed: nothing of theirs is left, and they get no mail."""

import json
from typing import Any

from tests.e2e.test_forgetting import traces
from tests.serving import Running

EMAIL, PHONE, USER = "zora.quince@quittenbaum.example", "+4930987650077", "customer-quince-7"
STREET, NOTE, CART = "Quittenallee 77", "For Zora Quince", "cart-quince-7"
LINE = {"product_id": 9, "sku": "MUG-9", "name": "Mug", "quantity": 2, "price": 7.5}
ZORA = {"id": USER, "email": EMAIL, "first_name": "Zoraquince", "default_address": {"street": STREET, "phone": PHONE}}
ORDER = {
    "id": "000077", "created_at": "2026-01-02T10:00:00+00:00", "updated_at": "2026-01-02T10:00:00+00:00",
    "currency": "EUR", "customer": ZORA, "line_items": [LINE], "total_price": 15, "note": NOTE,
    "status": {"name": "Paid"}, "shipping_address": {"street": STREET},
}  # fmt: skip
BASKET = {"id": CART, "updated_at": "2026-01-03T10:00:00+00:00", "customer": ZORA, "line_items": [LINE]}
PRODUCT = {"id": 9, "title": "Mug", "updated_at": "2026-01-01T00:00:00+00:00", "variants": [{"id": 9, "price": 7.5}]}


def post(server: Running, source: dict[str, Any], kind: str, body: Any) -> None:
    headers = {"x-token": source["api_key"], "x-event-type": kind, "content-type": "application/json"}
    path = f"/webhooks/?storeId={source['store_id']}"
    answer = server.call("POST", path, json.dumps(body).encode(), None, headers=headers)
    assert (answer.status, answer.json()) == (200, {"status": "OK"}), answer.body


def test_nothing_is_left_of_a_customer_but_that_they_get_no_mail(server: Running) -> None:
    shop = server.source("remarkety")
    post(server, shop, "products/create", PRODUCT)
    post(server, shop, "orders/create", ORDER)
    post(server, shop, "carts/update", BASKET)
    post(server, shop, "newsletter/unsubscribe", {"email": EMAIL, "client_ip": "192.0.2.77"})
    stranger = {"id": "bob", "email": "bob@shop.example"}
    other = {**ORDER, "id": "000078", "customer": stranger, "note": "", "shipping_address": {}}
    post(server, shop, "orders/create", other)
    server.settled()
    own = {event["name"] for event in server.cli("events", "list", "--limit", "50") if event["source_id"] == 0}
    assert own == {"email-suppression/added"}
    everything = (EMAIL, PHONE, USER, STREET, NOTE, CART, "Zoraquince")
    assert {each for each in everything if not traces(server.data, each)} == set()
    document = server.cli("profile", "export", "--email", EMAIL)
    text = json.dumps(document)
    assert all(each in text for each in everything)
    assert document["orders"] and document["carts"]
    assert server.cli("profile", "forget", "--email", EMAIL)["done"]
    server.cli("compact")
    assert traces(server.data, *everything) == []
    assert traces(server.data, "000078") != []
    assert traces(server.data, "MUG-9") != []
    post(server, shop, "customers/update", {"email": EMAIL, "accepts_marketing": True})
    server.settled()
    profile = server.cli("profile", "show", "--email", EMAIL)
    token = server.token()
    path = f"/tidings/v1/profiles/{profile['id']}/may-send?channel=email&purpose=marketing"
    decision = server.call("GET", path, None, None, headers={"authorization": f"Bearer {token}"}).json()
    assert (decision["allowed"], decision["reason"]) == (False, "unsubscribed")
