"""One server with two workspaces: Alice's and Bob's, and a stranger's."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from tests.serving import Answer, Running, wait_for

V1 = "/tidings/v1"
JSON = {"Content-Type": "application/json"}


class Caller:
    """Somebody with a bearer token."""

    def __init__(self, server: Running, token: str) -> None:
        self.server = server
        self.token = token

    def __call__(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}"} | (JSON if body is not None else {}) | (headers or {})
        return self.server.call(method, path if path.startswith("/tidings") else V1 + path, body, headers=sent)

    def get(self, path: str) -> Any:
        answer = self("GET", path)
        assert answer.status == 200, answer.body
        return answer.json()

    def make(self, path: str, body: Any) -> Any:
        answer = self("POST", path, body)
        assert answer.status == 201, answer.body
        return answer.json()


class World:
    """The server, who may call it, and what is in it."""

    def __init__(self, server: Running) -> None:
        self.server = server
        server.cli("workspace", "create", "stranger")
        server.cli("brand", "create", "strange", "--workspace", "stranger")
        server.cli("user", "create", "--email", "alice@example.org", "--role", "owner")
        tokens = [
            server.cli("token", "create", "--scope", "admin", *workspace)["token"]
            for workspace in ((), ("--workspace", "stranger"))
        ]
        self.admin, self.stranger = (Caller(server, token) for token in tokens)
        wait_for(lambda: self.stranger("GET", "/stats").status == 200)
        self.key, self.source_id = self.source(self.admin, "shop")
        self.reader = Caller(server, self.admin.make("/tokens", {"name": "reader", "scopes": ["read"]})["secret"])
        self.send("identify", {"anonymousId": "visitor/1", "traits": {"plan": "free"}})
        alice = {"email": "alice@example.org", "firstName": "Alice", "lastName": "Adams", "age": 41.50}
        self.send("identify", {"userId": "alice//1", "anonymousId": "visitor/1", "traits": alice})
        order = {"event": "Ticket Bought", "properties": {"total": 0.10, "revenue": Decimal("12.50"), "big": 2**70}}
        self.send("track", {"userId": "alice//1", "messageId": "order-1", **order})
        self.send("track", {"userId": "bob", "event": "Ticket Bought", "context": {"traits": {"email": "bob@b.org"}}})
        self.send("group", {"userId": "bob", "groupId": "acme/1", "traits": {"plan": "gold"}})
        assert server.call("POST", "/v1/track", b"{", self.key).status == 400
        wait_for(lambda: self.admin.get("/stats")["events"] == 5 and self.admin.get("/refused")["items"])

    def source(self, caller: Caller, name: str) -> tuple[str, int]:
        """Make a source; return its key and number."""
        made = caller.make("/sources", {"dialect": "segment", "name": name})
        return made["credentials"]["write_key"], made["source"]["id"]

    def send(self, call: str, body: dict[str, Any], key: str | None = None) -> None:
        """Send one event."""
        data = msgspec.json.Encoder(decimal_format="number").encode(body)
        answer = self.server.call("POST", f"/v1/{call}", data, key or self.key, JSON)
        assert answer.status == 200, answer.body

    def person(self, user_id: str) -> Any:
        return self.admin.get(f"/profiles/by/user_id/{quote(user_id, safe='')}")

    def known(self) -> dict[str, str]:
        """Return for each path parameter one that is in the first workspace, percent-encoded."""
        if not self.admin.get("/carts")["items"]:
            mug = {"product_id": "mug/1", "name": "Mug", "price": 12.5}
            order = {"order_id": "known/1", "products": [mug]}
            self.send("track", {"userId": "bob", "event": "Order Completed", "properties": order})
            self.send("track", {"userId": "cart-holder", "event": "Product Added", "properties": mug})
            self.server.settled()
        if not self.admin.get("/types")["items"]:
            assert self.admin("PUT", "/types", {"type": "KNOWN"}).status == 200
        return {
            "source_id": str(self.source_id),
            "key_id": str(self.admin.get(f"/sources/{self.source_id}/keys")["items"][0]["id"]),
            "token_id": str(self.admin.get("/tokens")["items"][-1]["id"]),
            "refused_id": str(self.admin.get("/refused")["items"][0]["id"]),
            "event_id": str(self.admin.get("/events")["items"][0]["id"]),
            "profile_id": str(self.person("bob")["id"]),
            "brand_id": str(self.admin.get("/brands")["items"][0]["id"]),
            "user_id": str(self.admin.get("/users")["items"][0]["id"]),
            "kind": "user_id",
            "value": "bob",
            "group_id": "acme%2F1",
            "type_id": str(self.admin.get("/types")["items"][0]["id"]),
            "order": str(self.admin.get("/orders")["items"][0]["id"]),
            "order_id": "known%2F1",
            "cart": str(self.admin.get("/carts")["items"][0]["id"]),
            "product": str(self.admin.get("/products")["items"][0]["id"]),
            "product_id": "mug%2F1",
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data: Path = tmp_path_factory.mktemp("api") / "data"
    server = Running(data).start()
    try:
        yield World(server)
    finally:
        server.stop()
    assert "an API request failed" not in "".join(server.output)


@pytest.fixture(scope="module")
def document(world: World) -> dict[str, Any]:
    """The OpenAPI document of the running server."""
    found: dict[str, Any] = world.server.call("GET", "/tidings/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (method, path, operation) of every route."""
    return [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
