"""Orders, carts and products through the API, as two dialects told them."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.serving import wait_for
from tests.web.conftest import World
from tests.web.test_paging import walk
from tests.web.test_refusals import HUGE, problem

MUG = {"product_id": "mug", "sku": "MUG-1", "name": "Blue mug", "price": 12.5, "quantity": 2, "category": "Kitchen"}
CAP = {"product_id": "cap/1", "name": "Cap", "price": 20}
STRANGE = "a/b//c d?#%2F"


class Market:
    """Two shops of one brand: one speaks of tracked events, one sends its objects."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.admin = world.admin
        made = world.admin.make("/sources", {"dialect": "remarkety", "name": "market"})
        self.store, self.token = (made["credentials"][name] for name in ("store_id", "api_key"))
        self.brand = made["source"]["brand_id"]
        for number in range(11):
            self.buys("buyer", f"1{number:02}", day=number + 1, total=45 + number, shipping=5, tax=2.5, discount=-5)
        self.buys("buyer", STRANGE, day=20, total=0.1)
        self.track("buyer", "Order Refunded", order_id="101", total=10, products=[MUG])
        self.track("buyer", "Order Cancelled", order_id="102")
        self.buys("other", "200", day=3, total=7, currency="USD")
        self.track("buyer", "Product Viewed", None, **CAP)
        self.track("buyer", "Product Added", None, **CAP)
        self.tells("orders/create", self.order("300", "#300", test=True))
        self.tells("carts/create", self.cart("left", "2024-03-01T09:20:00Z"))
        self.tells("carts/create", self.cart("begun", "2024-03-02T09:20:00Z"))
        self.tells("products/create", self.product("shirt", "Shirt", stock=(3, 0)))
        self.tells("products/create", self.product("socks", "Socks", stock=(0, 0)))
        self.tells("products/create", self.product("gone", "Gone", stock=(1, 1), exists=False))
        self.outlet = world.admin.make("/brands", {"key": "outlet", "name": "Outlet", "currency": "EUR"})["id"]
        made = world.admin.make("/sources", {"dialect": "remarkety", "name": "outlet", "brand": "outlet"})
        self.store, self.token = (made["credentials"][name] for name in ("store_id", "api_key"))
        self.tells(
            "orders/create", self.order("900", "#900", line_items=[], email="bargain@example.org", status="Collected")
        )
        self.tells("carts/create", self.cart("bargain", "2024-03-03T09:20:00Z", "trousers"))
        self.tells(
            "carts/update",
            self.cart("bargain-2", "2024-03-04T09:20:00Z", "trousers") | {"email": "bargain@example.org"},
        )
        self.tells("carts/delete", {"id": "bargain-2", "email": "bargain@example.org"})
        self.tells("products/create", self.product("trousers", "Trousers", stock=(0, 0)))
        world.server.settled()

    def track(self, user_id: str, event: str, day: int | None = None, **properties: Any) -> None:
        body = {"userId": user_id, "event": event, "properties": properties}
        when = {} if day is None else {"timestamp": f"2026-03-{day:02}T10:00:00Z"}
        self.world.send("track", body | when)

    def buys(self, user_id: str, order_id: str, day: int, **properties: Any) -> None:
        stated = {"currency": "EUR", "products": [MUG, CAP]} | properties
        self.track(user_id, "Order Completed", day, order_id=order_id, **stated)

    def tells(self, topic: str, body: Any) -> None:
        headers = {"x-event-type": topic, "x-token": self.token, "Content-Type": "application/json"}
        path = f"/webhooks/?storeId={self.store}"
        wait_for(lambda: self.world.server.call("POST", path, body, headers=headers).status == 200)

    def order(self, order_id: str, number: str, **members: Any) -> dict[str, Any]:
        line = {"product_id": "shirt", "variant_id": "shirt-1", "quantity": 1, "price": 9.99, "name": "Shirt", "odd": 1}
        return {
            "id": order_id, "name": number, "email": "shopper@example.org", "currency": "EUR", "total_price": 9.99,
            "created_at": "2024-03-01T09:00:00Z", "updated_at": "2024-03-01T09:00:00Z", "line_items": [line],
            "status": {"code": "S", "name": "Shipped"}, "shipping_address": {"city": "Porto", "zip": "4000"},
            "discount_codes": [{"code": "10OFF"}], "note": "Ring twice", "weight": 1.50, **members,
        }  # fmt: skip

    def cart(self, cart_id: str, at: str, product_id: str = "shirt") -> dict[str, Any]:
        line = {"product_id": product_id, "name": product_id.title(), "quantity": 1, "price": 9.99}
        return {
            "id": cart_id, "email": f"{cart_id}@example.org", "currency": "EUR", "created_at": at, "updated_at": at,
            "line_items": [line], "total_price": 9.99, "abandoned_checkout_url": "https://shop.example/cart",
        }  # fmt: skip

    def product(self, product_id: str, title: str, stock: tuple[int, int], *, exists: bool = True) -> dict[str, Any]:
        variants = [
            {"id": f"{product_id}-{n}", "title": f"No. {n}", "price": 5 + n, "inventory_quantity": amount}
            for n, amount in enumerate(stock)
        ]
        return {
            "id": product_id, "title": title, "sku": f"{product_id}-sku", "product_exists": exists,
            "categories": [{"name": "Clothes"}], "variants": variants, "updated_at": "2024-03-01T09:00:00Z",
        }  # fmt: skip

    def get(self, path: str) -> Any:
        return self.admin.get(path)

    def buyer(self) -> int:
        number: int = self.world.person("buyer")["id"]
        return number

    def by_id(self, order_id: str) -> Any:
        return self.get(f"/orders/by/{self.brand}/{quote(order_id, safe='')}")


@pytest.fixture(scope="module")
def market(world: World) -> Iterator[Market]:
    yield Market(world)


def names(found: Any, member: str = "order_id") -> list[str]:
    return [item[member] for item in found["items"]]


def test_orders_are_listed(market: Market) -> None:
    found = market.get("/orders?limit=200")["items"]
    moments = [order["placed_at"] for order in found]
    assert moments == sorted(moments, reverse=True)
    assert walk(market.world, "/orders", 4) == [order["id"] for order in found]
    cancelled = next(order for order in found if order["order_id"] == "102")
    assert (cancelled["cancelled"], cancelled["counted"], cancelled["revenue"]) == (True, False, "47")
    test = next(order for order in found if order["order_id"] == "300")
    assert (test["test"], test["counted"], test["number"], test["status"]) == (True, False, "#300", "Shipped")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("search=10", [f"1{number:02}" for number in range(10)]),
        ("search=%23300", ["300"]),
        ("search=%23300&brand_id={outlet}", []),
        ("search=%23&brand_id={outlet}", ["900"]),
        ("brand_id={outlet}", ["900"]),
        ("brand_id={outlet}&status=completed", []),
        ("brand_id={outlet}&profile_id={buyer}", []),
        ("search=a%2Fb", [STRANGE]),
        ("search=nothing", []),
        ("search=10&status=cancelled", ["102"]),
        ("status=Shipped", ["300"]),
        ("status=Shipped&brand_id={outlet}", []),
        ("status=Collected&brand_id={outlet}", ["900"]),
        ("status=shipped", []),
        ("search=10&profile_id={other}", []),
        ("profile_id={other}", ["200"]),
        ("profile_id={buyer}&status=cancelled", ["102"]),
    ],
)
def test_orders_are_narrowed(market: Market, query: str, expected: list[str]) -> None:
    query = query.format(buyer=market.buyer(), other=market.world.person("other")["id"], outlet=market.outlet)
    assert sorted(names(market.get(f"/orders?{query}"))) == sorted(expected)
    whole = [order["id"] for order in market.get(f"/orders?{query}&limit=200")["items"]]
    assert walk(market.world, f"/orders?{query}", 3) == whole


def test_orders_of_a_customer_are_paged(market: Market) -> None:
    found = market.get(f"/orders?profile_id={market.buyer()}&limit=200")["items"]
    assert len(found) == 12
    assert walk(market.world, f"/orders?profile_id={market.buyer()}", 5) == [order["id"] for order in found]


def test_an_order_is_shown(market: Market) -> None:
    found = market.by_id("300")
    assert found == market.get(f"/orders/{found['id']}")
    assert (found["total"], found["revenue"], found["currency"], found["items"]) == ("9.99", "9.99", "EUR", "1")
    (line,) = found["lines"]
    assert (line["product_id"], line["variant_id"], line["price"], line["quantity"]) == (
        "shirt",
        "shirt-1",
        "9.99",
        "1",
    )
    assert line["extra"] == {"odd": 1}
    assert found["shipping_address"] == {"city": "Porto", "zip": "4000"}
    assert (found["billing_address"], found["codes"], found["note"]) == (None, ["10OFF"], "Ring twice")
    assert b'"weight":1.5' in market.admin("GET", f"/orders/{found['id']}").body
    (heard,) = found["history"]
    assert market.get(f"/events/{heard['event_id']}")["name"] == "orders/create"
    assert heard["at"] == "2024-03-01T09:00:00.000Z"


def test_a_refunded_order_is_shown(market: Market) -> None:
    found = market.by_id("101")
    assert (found["discounts"], found["shipping"], found["tax"], found["total"]) == ("5", "5", "2.5", "46")
    assert (found["refunded"], found["counted"]) == ("10", True)
    ((refund),) = found["refunds"]
    assert (refund["amount"], refund["lines"][0]["product_id"]) == ("10", "mug")
    assert len(found["history"]) == 2


def test_an_order_is_found_by_an_id_with_slashes(market: Market) -> None:
    assert market.by_id(STRANGE)["order_id"] == STRANGE
    problem(market.admin("GET", f"/orders/by/{market.brand}/a"), 404, "not_found")
    problem(market.admin("GET", "/orders/by/999999/300"), 404, "not_found")


def test_carts_are_listed(market: Market) -> None:
    found = market.get("/carts?limit=200")["items"]
    assert {"left", "begun", ""} <= {cart["cart_id"] for cart in found}
    assert {cart["status"] for cart in found} == {"open"}
    assert walk(market.world, "/carts", 1) == [cart["id"] for cart in found]
    assert names(market.get("/carts?status=closed"), "cart_id") == ["bargain-2"]


def test_carts_are_narrowed(market: Market) -> None:
    assert names(market.get(f"/carts?brand_id={market.outlet}"), "cart_id") == ["bargain"]
    owner = market.get("/profiles/by/email/bargain@example.org")["id"]
    found = market.get(f"/carts?profile_id={owner}")["items"]
    assert [(cart["cart_id"], cart["status"]) for cart in found] == [("bargain-2", "closed"), ("bargain", "open")]
    assert walk(market.world, f"/carts?profile_id={owner}", 1) == [cart["id"] for cart in found]
    for query, expected in (
        (f"profile_id={owner}&status=open", ["bargain"]),
        (f"profile_id={owner}&abandoned_for=60", ["bargain"]),
        (f"profile_id={owner}&brand_id={market.brand}", []),
        (f"profile_id={owner}&brand_id={market.outlet}&status=closed", ["bargain-2"]),
    ):
        assert names(market.get(f"/carts?{query}"), "cart_id") == expected, query


def test_carts_that_were_left(market: Market) -> None:
    assert names(market.get("/carts?abandoned_for=60"), "cart_id") == ["bargain", "begun", "left"]
    assert names(market.get("/carts?abandoned_since=2024-03-01T10:00:00Z"), "cart_id") == ["left"]
    assert names(market.get("/carts?abandoned_since=2024-03-01T10:20:00%2B02:00"), "cart_id") == []
    minutes = int(time.time()) // 60
    assert market.get(f"/carts?abandoned_for={min(minutes, 5_000_000)}")["items"] == []


def test_a_cart_is_shown(market: Market) -> None:
    brief = next(cart for cart in market.get("/carts")["items"] if cart["cart_id"] == "left")
    found = market.get(f"/carts/{brief['id']}")
    assert brief.items() <= found.items()
    assert (found["total"], found["url"], found["order"]) == ("9.99", "https://shop.example/cart", None)
    assert (found["lines"][0]["name"], len(found["history"])) == ("Shirt", 1)
    assert found["created_at"] == "2024-03-01T09:20:00.000Z"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("search=sh", ["shirt"]),
        ("search=sh&brand_id={outlet}", []),
        ("search=tr&brand_id={outlet}", ["trousers"]),
        ("brand_id={outlet}", ["trousers"]),
        ("brand_id={outlet}&out_of_stock=true", ["trousers"]),
        ("search=SHIRT", ["shirt"]),
        ("search=shirt-s", ["shirt"]),
        ("search=cap%2F", ["cap/1"]),
        ("search=blue", ["mug"]),
        ("search=MUG-", ["mug"]),
        ("search=go", ["gone"]),
        ("search=go&existing=true", []),
        ("out_of_stock=true", ["socks", "trousers"]),
        ("search=shi&out_of_stock=true", []),
    ],
)
def test_products_are_narrowed(market: Market, query: str, expected: list[str]) -> None:
    query = query.format(outlet=market.outlet)
    assert names(market.get(f"/products?{query}"), "product_id") == expected


def test_products_are_listed(market: Market) -> None:
    found = market.get("/products?limit=200")["items"]
    assert {"mug", "cap/1", "shirt", "socks", "gone"} <= {product["product_id"] for product in found}
    titles = [(product["title"] or product["product_id"]).casefold() for product in found]
    assert titles == sorted(titles)
    assert walk(market.world, "/products", 2) == [product["id"] for product in found]
    assert "gone" not in names(market.get("/products?existing=true&limit=200"), "product_id")


def test_a_product_is_shown(market: Market) -> None:
    brief = market.get(f"/products?search=shirt&brand_id={market.brand}")["items"][0]
    assert (brief["stock"], brief["exists"], brief["told"], brief["sku"]) == ("3", True, True, "shirt-sku")
    found = market.get(f"/products/{brief['id']}")
    assert brief.items() <= found.items()
    assert [(one["variant_id"], one["price"], one["stock"]) for one in found["variants"]] == [
        ("shirt-0", "5", "3"),
        ("shirt-1", "6", "0"),
    ]
    assert found["categories"] == ["Clothes"]
    assert market.get(f"/events/{found['history'][0]['event_id']}")["name"] == "products/create"
    met = market.get(f"/products/by/{market.brand}/cap%2F1")
    assert (met["told"], met["exists"], met["history"], met["price"]) == (False, None, [], "20")
    problem(market.admin("GET", f"/products/by/{market.brand}/cap"), 404, "not_found")


def test_what_a_customer_bought(market: Market) -> None:
    found = market.get(f"/profiles/{market.buyer()}/commerce")
    # Eleven orders of 45 and so on, without the cancelled one of 47, and one of 0.1.
    assert (found["orders"], found["revenue"], found["refunds"]) == (11, {"EUR": "503.1"}, {"EUR": "10"})
    assert found["average"] == {"EUR": "45.74"}
    assert (found["first"]["order_id"], found["last"]["order_id"]) == ("100", STRANGE)
    assert (len(found["latest"]), found["latest"][0]["order_id"]) == (10, STRANGE)
    assert {one["product_id"]: (one["orders"], one["quantity"]) for one in found["products"]} == {
        "mug": (11, "22"),
        "cap/1": (11, "11"),
    }
    assert found["categories"] == [{"name": "Kitchen", "orders": 11}]
    assert [one["title"] for one in found["viewed"]] == ["Cap"]
    assert (found["cart"]["lines"][0]["product_id"], found["cart"]["status"]) == ("cap/1", "open")


def test_what_somebody_bought_who_bought_nothing(market: Market) -> None:
    market.world.send("identify", {"userId": "nothing-yet"})
    market.world.server.settled()
    found = market.get(f"/profiles/{market.world.person('nothing-yet')['id']}/commerce")
    nothing = {"orders": 0, "items": "0", "revenue": {}, "first": None, "cart": None, "viewed": [], "latest": []}
    assert nothing.items() <= found.items()


def test_a_merged_customer_bought_what_both_did(market: Market) -> None:
    market.world.send("identify", {"userId": "joined", "traits": {"email": "joined@example.org"}})
    market.buys("joined", "400", day=1, total=1)
    order = market.order("401", "#401", email="half@example.org")
    market.tells("orders/create", order)
    market.world.server.settled()
    half = market.get("/profiles/by/email/half@example.org")["id"]
    market.world.send("identify", {"userId": "joined", "traits": {"email": "half@example.org"}})
    market.world.server.settled()
    root = market.world.person("joined")["id"]
    assert market.get(f"/profiles/{half}")["id"] == root != half
    for profile in (root, half):
        found = market.get(f"/profiles/{profile}/commerce")
        assert (found["profile_id"], found["orders"], found["revenue"]) == (root, 2, {"EUR": "10.99"})
        assert sorted(names(market.get(f"/orders?profile_id={profile}"))) == ["400", "401"]


@pytest.mark.parametrize(
    "path",
    [
        "/orders?search=",
        "/orders?search=" + "x" * 201,
        "/orders?search=%00",
        "/orders?status=" + "x" * 1001,
        "/orders?profile_id=0",
        "/orders?brand_id=0",
        "/carts?brand_id=x",
        f"/products?brand_id={HUGE}",
        f"/orders?profile_id={HUGE}",
        "/orders?cursor=x",
        "/orders/by/0/1",
        "/orders/by/1/%00",
        "/orders/by/1/" + "x" * 1001,
        "/products?existing=perhaps",
        "/products?search=%ED%A0%80",
        "/products?cursor=WyJwcm9kdWN0cyIsWzk5OTk5OV1d",
        "/carts?status=lost",
        "/carts?abandoned_for=-1",
        f"/carts?abandoned_for={HUGE}",
        "/carts?abandoned_since=yesterday",
        "/carts?abandoned_since=2024-13-01T10:00:00Z",
        "/carts?abandoned_since=2024-03-01",
        "/carts?abandoned_for=5&abandoned_since=2024-03-01T10:00:00Z",
        "/carts?abandoned_for=5&status=closed",
    ],
)
def test_bad_questions(market: Market, path: str) -> None:
    problem(market.admin("GET", path), 400, "invalid")


@pytest.mark.parametrize(
    "path",
    [
        "/orders?profile_id=999999",
        "/orders?brand_id=999999",
        "/carts?profile_id=999999",
        "/carts?brand_id=999999",
        "/products?brand_id=999999",
        "/profiles/999999/commerce",
        "/orders/999999",
        "/orders/by",
    ],
)
def test_what_is_not_there(market: Market, path: str) -> None:
    problem(market.admin("GET", path), 404, "not_found")


def test_nothing_of_another_workspace_is_there(market: Market) -> None:
    stranger = market.world.stranger
    for path in (
        "/orders",
        "/orders?search=1",
        "/carts",
        "/products",
        "/products?search=m",
        "/orders?status=completed",
    ):
        assert stranger.get(path) == {"items": [], "next": None}, path
    for query in (f"profile_id={market.buyer()}", f"brand_id={market.outlet}"):
        assert stranger("GET", f"/orders?{query}").status == stranger("GET", f"/carts?{query}").status == 404
    assert stranger("GET", f"/products?brand_id={market.outlet}").status == 404
    assert stranger("GET", f"/orders/by/{market.brand}/300").status == 404
    cursor = market.get("/products?limit=1")["next"]
    assert stranger("GET", f"/products?cursor={cursor}").status == 400
