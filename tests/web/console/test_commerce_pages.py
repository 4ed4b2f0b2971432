"""Orders, products and carts: lists, search, one of each, and what a customer bought, whatever it is called."""

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser import DESKTOP, PHONE, Browse
from tests.serving import Running, wait_for
from tests.web.console.accessible import assert_accessible
from tests.web.console.conftest import Console
from tests.web.console.hostile import HOSTILE, MARK, assert_harmless
from tests.web.console.test_browser import LOOKS, assert_fits, assert_focus_is_seen, signed_in
from tests.web.console.test_profile_pages import tab_to
from tests.web.console.visitor import Page

ALL = [*HOSTILE, "a/b//c", "..", "'quoted' \"twice\"", "x" * 5_000]
MUG = {"product_id": "mug", "sku": "MUG-1", "name": "Blue mug", "price": 12.5, "quantity": 2, "category": "Kitchen"}
CAP = {"product_id": "cap", "name": "Cap", "price": 20, "url": "https://shop.example/cap"}


class Shop:
    """What two sources have told the console's server of orders, carts and products."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.server = console.server
        wait_for(lambda: self.server.knows(console.source))
        self.market = self.server.source("remarkety", "--name", "market")
        console.send(
            {"type": "identify", "userId": "u-42", "traits": {"name": "Ana Costa", "email": "ana@shop.example"}},
            *[self.order("u-42", f"10{number:02}", number + 1, total=45 + number) for number in range(12)],
            self.event("u-42", "Order Refunded", order_id="1001", total=10, products=[MUG]),
            self.event("u-42", "Order Cancelled", order_id="1003"),
            self.event("u-42", "Product Viewed", **CAP),
            self.event("u-42", "Product Added", **CAP),
            self.event("u-7", "Product Added", cart_id="c-7", **MUG),
            self.event("u-8", "Product Added", cart_id="c-8", **MUG),
            self.order("u-8", "8", 3, cart_id="c-8"),
        )
        self.tells("products/create", self.product("shirt", "Shirt", 5))
        self.tells("products/create", self.product("socks", "Socks", 0))
        self.tells("products/update", self.product("gone", "Gone", 1) | {"product_exists": False})
        self.tells("carts/create", self.left("u-42-left") | {"email": "ana@shop.example"})
        self.tells("carts/delete", {"id": "u-42-left", "email": "ana@shop.example"})
        self.tells("orders/create", self.strange_order("300") | {"test": True})
        self.tells("carts/create", self.left("left"))
        self.server.cli("brand", "create", "outlet", "--name", "Outlet")
        self.market, usual = self.server.source("remarkety", "--name", "outlet", "--brand", "outlet"), self.market
        self.tells("orders/create", {"id": "bargain", "email": "bargain@shop.example"})
        self.tells(
            "carts/create",
            self.left("bargain")
            | {
                "email": "lefty@shop.example",
                "line_items": [{"product_id": "trousers", "name": "Trousers", "quantity": 1}],
            },
        )
        self.tells("products/create", self.product("trousers", "Trousers", 3))
        self.market = usual
        for number, text in enumerate(ALL):
            self.tells("orders/create", self.strange_order(f"strange-{number}", text))
            self.tells("orders/create", {"id": f"{text} {number}", "email": "strange@shop.example"})
            self.tells("products/create", self.strange_product(f"strange-{number}", text))
            self.tells("carts/create", self.left(f"strange-{number}", text))
        self.server.settled()

    def order(self, user_id: str, order_id: str, day: int, **properties: Any) -> dict[str, Any]:
        stated = {"order_id": order_id, "currency": "EUR", "shipping": 5, "products": [MUG, CAP]} | properties
        return self.event(user_id, "Order Completed", **stated) | {"timestamp": f"2026-03-{day:02}T23:30:00Z"}

    def event(self, user_id: str, event: str, **properties: Any) -> dict[str, Any]:
        return {"userId": user_id, "event": event, "properties": properties}

    def tells(self, topic: str, body: Any) -> None:
        headers = {"x-event-type": topic, "x-token": self.market["api_key"], "Content-Type": "application/json"}
        answer = self.server.call("POST", f"/webhooks/?storeId={self.market['store_id']}", body, headers=headers)
        assert answer.status == 200, answer.body

    def product(self, product_id: str, title: str, stock: int) -> dict[str, Any]:
        variants = [
            {"id": f"{product_id}-{n}", "title": f"{title} {n}", "price": 5 + n, "inventory_quantity": stock}
            for n in range(2)
        ]
        return {
            "id": product_id, "title": title, "sku": f"{product_id}-sku", "product_exists": True, "variants": variants,
            "categories": [{"name": "Clothes"}], "url": "https://shop.example/p", "body_html": "<b>Soft</b>",
            "image": {"src": "https://shop.example/p.png"},
        }  # fmt: skip

    def left(self, cart_id: str, text: str = "Shirt") -> dict[str, Any]:
        line = {"product_id": "shirt", "name": text, "quantity": 1, "price": 9.99, "url": text, "vendor": text}
        return {
            "id": cart_id, "email": "left@shop.example", "updated_at": "2026-03-01T09:20:00Z", "currency": "EUR",
            "line_items": [line], "total_price": 9.99, "abandoned_checkout_url": text, "cart_token": f"{cart_id}{text}",
            text: text,
        }  # fmt: skip

    def strange_order(self, order_id: str, text: str = "plain") -> dict[str, Any]:
        line = {
            "product_id": text, "variant_id": text, "sku": text, "name": text, "variant_title": text, "vendor": text,
            "url": text, "image": text, "quantity": 1, "price": 9.99, text: text,
        }  # fmt: skip
        return {
            "id": order_id, "name": text, "email": "strange@shop.example", "currency": "EUR", "total_price": 9.99,
            "created_at": "2026-01-01T09:00:00Z", "line_items": [line], "status": {"code": text, "name": text},
            "financial_status": text, "fulfillment_status": text, "payment_method": text, "channel": text,
            "note": text, "discount_codes": [{"code": text}], "cart_id": text, text: {text: text},
            "shipping_address": {text: text, "city": text}, "billing_address": {"name": {text: text}},
        }  # fmt: skip

    def strange_product(self, product_id: str, text: str) -> dict[str, Any]:
        variant = {"id": text, "title": text, "sku": text, "barcode": text, "price": 1, "inventory_quantity": 1}
        return {
            "id": product_id, "title": text, "sku": text, "vendor": text, "body_html": text, "url": text, "tags": text,
            "image": {"src": text}, "images": [{"src": text}], "categories": [{"name": text}], "variants": [variant],
            text: text,
        }  # fmt: skip

    def brand(self, key: str) -> int:
        return int(self.console.query("SELECT id FROM brands WHERE key = ?", key)[0][0])

    def number(self, table: str, id_: str) -> int:
        return int(self.console.query(f"SELECT n FROM {table} WHERE id = ?", id_)[0][0])

    def profile(self, user_id: str) -> int:
        query = "SELECT profile_id FROM identifiers WHERE kind = 'user_id' AND value = ?"
        return int(self.console.query(query, user_id)[0][0])

    def get(self, path: str, **headers: str) -> Page:
        page = self.console.viewer.get(f"/console/{path}", **headers)
        assert page.status == 200, page.text
        return page


@pytest.fixture(scope="module")
def shop(console: Console) -> Shop:
    return Shop(console)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    server = Running(tmp_path_factory.mktemp("fresh") / "data").start()
    try:
        yield Console(server)
    finally:
        server.stop()


def text_of(page: Page) -> str:
    """Return what the main part of a page says, without marks, blanks as one."""
    inside = page.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", inside)).split())


def links(page: Page, kind: str) -> list[str]:
    return re.findall(rf'href="/console/{kind}/(\d+)"', page.text)


def walk(shop: Shop, path: str, kind: str, limit: int) -> list[str]:
    joint = "&" if "?" in path else "?"
    address, found = f"{path}{joint}limit={limit}", []
    while True:
        page = shop.get(address)
        found += re.findall(rf'class="clip"><a href="/console/{kind}/(\d+)"', page.text)
        further = re.search(r'rel="next" href="/console/([^"]+)"', page.text)
        if not further:
            return found
        address = f"{html.unescape(further[1])}&limit={limit}"


def test_orders_are_listed(shop: Shop) -> None:
    said = text_of(shop.get("orders?search=10"))
    for part in ("1011 Main Ana Costa 12 Mar 2026, 23:30:00 completed 3 56.00 EUR", "46.00 EUR 10.00 EUR refunded"):
        assert part in said.replace("\N{NO-BREAK SPACE}", " "), part
    assert re.search(r"1003 .* cancelled", said)
    assert f'href="/console/profiles/{shop.profile("u-42")}"' in shop.get("orders?search=10").text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 15 + 2 * len(ALL)),
        ("?search=10", 12),
        ("?status=cancelled", 1),
        ("?search=10&status=completed", 11),
        ("?profile_id={ana}", 12),
        ("?profile_id={ana}&status=completed", 11),
    ],
)
def test_pages_of_orders_meet_each_once(shop: Shop, query: str, count: int) -> None:
    path = "orders" + query.format(ana=shop.profile("u-42"))
    for limit in (5, 200):
        found = walk(shop, path, "orders", limit)
        assert len(found) == len(set(found)) == count


def test_states_are_offered(shop: Shop) -> None:
    page = shop.get("orders")
    assert re.findall(r'<option value="(cancelled|completed|plain)">', page.text) == ["cancelled", "completed", "plain"]
    assert "x" * 5_000 not in page.text


def test_orders_of_one_customer_name_them(shop: Shop) -> None:
    page = shop.get(f"orders?profile_id={shop.profile('u-42')}&status=completed")
    assert "Orders of Ana Costa" in text_of(page)
    assert f'<input type="hidden" name="profile_id" value="{shop.profile("u-42")}">' in page.text
    assert "Customer" not in page.text


def test_one_order(shop: Shop) -> None:
    page = shop.get(f"orders/{shop.number('orders', '1001')}")
    said = text_of(page).replace("\N{NO-BREAK SPACE}", " ")
    for part in (
        "Order 1001 Ana Costa , 2 Mar 2026, 23:30:00 completed", "Revenue 46.00 EUR", "Refunded 10.00 EUR",
        "Blue mug SKU MUG-1 id mug in Kitchen 12.50 EUR 2 25.00 EUR", "Shipping 5.00 EUR", "Total 46.00 EUR",
        "10.00 EUR Blue mug × 2", "Order Refunded shop", "Order Completed shop, 2 Mar 2026", "in the shop",
    ):  # fmt: skip
        assert part in said, part
    assert len(links(page, "events")) == 2
    assert links(page, "products") == [str(shop.number("products", "mug")), str(shop.number("products", "cap"))]
    for number in links(page, "events"):
        assert shop.get(f"events/{number}").status == 200


def test_an_order_that_does_not_count_says_why(shop: Shop) -> None:
    assert "it is cancelled" in text_of(shop.get(f"orders/{shop.number('orders', '1003')}"))
    assert "it is a test" in text_of(shop.get(f"orders/{shop.number('orders', '300')}"))
    assert "not counted" not in text_of(shop.get(f"orders/{shop.number('orders', '1001')}"))


def test_times_are_in_the_zone_of_the_workspace(fresh: Console) -> None:
    shopped = {"order_id": "late", "products": [MUG]}
    fresh.send(
        {"userId": "late", "event": "Order Completed", "properties": shopped, "timestamp": "2026-03-01T23:30:00Z"}
    )
    number = fresh.query("SELECT n FROM orders")[0][0]
    assert fresh.owner.post("/console/settings/workspace", {"title": "x", "time_zone": "Asia/Tokyo"}).status == 303
    for path in ("orders", f"orders/{number}"):
        assert "2 Mar 2026, 08:30:00" in fresh.viewer.get(f"/console/{path}").text


def test_products(shop: Shop) -> None:
    said = text_of(shop.get("products?search=shirt")).replace("\N{NO-BREAK SPACE}", " ")
    assert re.search(r"Shirt 2 variants, Main shirt-sku from 5.00 USD 10", said)
    assert "out of stock" in shop.get("products?search=socks").text
    assert len(links(shop.get("products?only=out_of_stock"), "products")) == 1
    assert "gone" in text_of(shop.get("products?search=gone"))
    assert "No product is found" in shop.get("products?search=gone&only=existing").text
    found = walk(shop, "products", "products", 7)
    assert len(found) == len(set(found)) == shop.console.query("SELECT count(*) FROM products")[0][0]


def test_one_product(shop: Shop) -> None:
    page = shop.get(f"products/{shop.number('products', 'shirt')}")
    said = text_of(page)
    for part in ("Shirt 0", "Shirt 1 id shirt-1", "<b>Soft</b>", "Clothes", "shirt-sku", "products/create market"):
        assert part in said, part
    assert 'href="https://shop.example/p.png" rel="noreferrer noopener external"' in page.text
    assert "<img" not in page.text
    assert "It is not for sale any more" in shop.get(f"products/{shop.number('products', 'gone')}").text
    assert "only met in orders" in shop.get(f"products/{shop.number('products', 'cap')}").text


def test_carts(shop: Shop) -> None:
    ana, left = (str(shop.number("carts", id_)) for id_ in ("", "left"))
    everything = walk(shop, "carts", "carts", 4)
    assert len(everything) == len(set(everything)) == 4 + len(ALL)
    assert {ana, left} <= set(everything)
    abandoned = walk(shop, "carts?status=open&abandoned_for=60", "carts", 4)
    assert left in abandoned
    assert ana not in abandoned
    page = shop.get("carts?status=ordered")
    assert links(page, "carts") == [str(shop.number("carts", "c-8"))]
    assert links(page, "orders") == [str(shop.number("orders", "8"))]
    closed = shop.get("carts?status=closed")
    assert links(closed, "carts") == [str(shop.number("carts", "u-42-left"))]
    assert "No ordered cart" in shop.get(f"carts?status=ordered&brand_id={shop.brand('outlet')}").text


def test_carts_of_one_customer(shop: Shop) -> None:
    path = f"carts?profile_id={shop.profile('u-42')}"
    ana, left = (str(shop.number("carts", id_)) for id_ in ("", "u-42-left"))
    page = shop.get(path)
    assert "Carts of Ana Costa" in text_of(page)
    assert sorted(links(page, "carts")) == sorted([ana, left])
    assert links(shop.get(f"{path}&status=closed"), "carts") == [left]
    assert links(shop.get(f"{path}&abandoned_for=60"), "carts") == []
    assert f'<input type="hidden" name="profile_id" value="{shop.profile("u-42")}">' in page.text
    assert walk(shop, path, "carts", 1) == links(page, "carts")
    whole = text_of(shop.get(f"profiles/{shop.profile('u-42')}/commerce"))
    assert re.search(r"Carts .* closed .* Bought most", whole)
    part = shop.get(f"profiles/{shop.profile('u-42')}/commerce", HX_Request="true")
    assert "Other carts" in part.text
    assert links(part, "carts").count(left) == 1


def test_lists_are_narrowed_to_a_brand(shop: Shop) -> None:
    outlet = shop.brand("outlet")
    for kind, id_ in (("orders", "bargain"), ("carts", "bargain"), ("products", "trousers")):
        page = shop.get(f"{kind}?brand_id={outlet}")
        assert links(page, kind)[0] == str(shop.number(kind, id_))
        assert f'<option value="{outlet}" selected>Outlet</option>' in page.text
        assert "Outlet" in text_of(page)
    assert walk(shop, f"orders?brand_id={outlet}", "orders", 1) == [str(shop.number("orders", "bargain"))]


def test_a_filter_of_brands_is_there_with_several(fresh: Console) -> None:
    for kind in ("orders", "carts", "products"):
        assert 'name="brand_id"' not in fresh.viewer.get(f"/console/{kind}").text


def test_one_cart(shop: Shop) -> None:
    said = text_of(shop.get(f"carts/{shop.number('carts', '')}"))
    for part in (
        "Ana Costa",
        "open",
        "Cap in the shop id cap",
        "the one cart that the customer has",
        "Product Added shop",
    ):
        assert part in said, part
    page = shop.get(f"carts/{shop.number('carts', 'c-8')}")
    assert links(page, "orders") == [str(shop.number("orders", "8"))]


def test_what_a_customer_bought(shop: Shop) -> None:
    path = f"profiles/{shop.profile('u-42')}/commerce"
    page = shop.get(path)
    said = text_of(page).replace("\N{NO-BREAK SPACE}", " ")
    for part in (
        "Orders and carts", "Orders 11", "Revenue 558.00 EUR", "Average order 50.73 EUR", "Refunds 10.00 EUR",
        "Items 33", "First order 1 Mar 2026", "last order 12 Mar 2026", "All orders", "Blue mug 22 in 11 orders",
        "Kitchen 11", "Viewed last Cap",
    ):  # fmt: skip
        assert part in said, part
    assert len(set(links(page, "orders"))) == 11  # the ten newest, and the first
    part_of_page = shop.get(path, HX_Request="true")
    assert "<html" not in part_of_page.text
    assert "558.00" in part_of_page.text
    assert f'href="/console/{path}"' in part_of_page.text
    whole = shop.get(f"profiles/{shop.profile('u-42')}")
    assert f'hx-get="/console/{path}"' in whole.text
    assert f'<a href="/console/{path}">' in whole.text


def test_somebody_who_bought_nothing(shop: Shop) -> None:
    shop.console.send({"type": "identify", "userId": "nothing-yet"})
    path = f"profiles/{shop.profile('nothing-yet')}/commerce"
    assert "Orders of this customer appear as a source reports them." in shop.get(path).text
    assert "Nothing ordered" in shop.get(path, HX_Request="true").text


def test_empty_lists_say_what_to_do(fresh: Console) -> None:
    for path, words in (("orders", "No orders yet"), ("products", "No products yet"), ("carts", "No open cart")):
        page = fresh.stranger.get(f"/console/{path}")
        assert words in page.text
        assert f"curl http://127.0.0.1:{fresh.server.port}/v1/track" in html.unescape(page.text)


def test_what_is_not_found_says_so(shop: Shop) -> None:
    for path, words in (
        ("orders?search=nobody", "No order is found"),
        ("orders?status=nothing", "No order is found"),
        ("products?search=nobody", "No product is found"),
    ):
        assert words in shop.get(path).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("orders?profile_id=x", 400),
        ("orders?brand_id=x", 400),
        ("orders?brand_id=999999", 404),
        ("carts?brand_id=999999", 404),
        ("products?brand_id=999999", 404),
        ("carts?profile_id=999999", 404),
        ("orders?profile_id=999999", 404),
        ("orders?cursor=nonsense", 400),
        ("orders?search=" + "x" * 1001, 400),
        ("orders/0", 400),
        ("orders/999999", 404),
        ("orders/x", 404),
        ("carts?status=lost", 400),
        ("carts?abandoned_for=7", 400),
        ("carts?abandoned_for=60&status=closed", 400),
        ("carts/999999", 404),
        ("products?only=some", 400),
        ("products/999999", 404),
        ("profiles/999999/commerce", 404),
    ],
)
def test_odd_questions_are_refused(shop: Shop, path: str, status: int) -> None:
    assert shop.console.viewer.get(f"/console/{path}").status == status


@pytest.mark.parametrize("number", range(len(ALL)))
def test_nothing_hostile_comes_to_life(shop: Shop, number: int) -> None:
    for table in ("orders", "products", "carts"):
        page = shop.get(f"{table}/{shop.number(table, f'strange-{number}')}")
        assert_harmless(page.text)
        assert 'href="javascript' not in page.text
        searched = "/console/" + table + "?" + urlencode({"search": ALL[number]})
        if table != "carts" and len(ALL[number]) <= 1000:
            page = shop.console.viewer.get(searched)
            assert page.status == 200
            assert_harmless(page.text)


def test_lists_of_hostile_values_are_harmless(shop: Shop) -> None:
    ((owner,),) = shop.console.query(
        "SELECT profile_id FROM identifiers WHERE kind = 'email' AND value = 'strange@shop.example'"
    )
    paths = ["orders?limit=200", "products?limit=200", "carts?limit=200", f"profiles/{owner}/commerce"]
    for path in paths:
        page = shop.get(path)
        assert MARK in page.text
        assert_harmless(page.text)
    assert_harmless(shop.get(f"profiles/{owner}/commerce", HX_Request="true").text)


def test_lists_hold_nothing_of_another_workspace(shop: Shop) -> None:
    for path in ("orders", "orders?search=1", "carts", "products", "products?search=m"):
        page = shop.console.stranger.get(f"/console/{path}")
        assert page.status == 200
        assert not re.search(r'href="/console/(orders|products|carts)/\d', page.text), path


# In Chromium


def addresses(shop: Shop) -> list[str]:
    return [
        "orders",
        f"orders?profile_id={shop.profile('u-42')}",
        "orders?search=nobody",
        f"orders/{shop.number('orders', '1001')}",
        f"orders/{shop.number('orders', '300')}",
        "products",
        f"products/{shop.number('products', 'shirt')}",
        "carts",
        f"carts/{shop.number('carts', '')}",
        f"carts?profile_id={shop.profile('u-42')}",
        f"profiles/{shop.profile('u-42')}/commerce",
    ]


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_are_for_everybody(shop: Shop, browse: Browse, look: str) -> None:
    page = signed_in(browse, shop.console.viewer, LOOKS[look])
    for path in addresses(shop):
        page.goto(f"{shop.server.url}/console/{path}")
        assert_fits(page)
        assert_accessible(page)


@pytest.mark.parametrize("look", ["light", "dark phone"])
def test_the_part_of_the_customers_page_comes_by_itself(shop: Shop, browse: Browse, look: str) -> None:
    page = signed_in(browse, shop.console.viewer, LOOKS[look])
    page.goto(f"{shop.server.url}/console/profiles/{shop.profile('u-42')}")
    page.get_by_role("heading", name="Orders and carts").scroll_into_view_if_needed()
    expect(page.get_by_text("558.00 EUR")).to_be_visible()
    expect(page.get_by_role("heading", name="Newest orders")).to_be_visible()
    assert_fits(page)
    assert_accessible(page)
    page.get_by_role("link", name="All orders, carts and products").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Orders and carts")


def test_the_part_is_a_link_without_scripts(shop: Shop, browse: Browse) -> None:
    page = signed_in(browse, shop.console.viewer, DESKTOP | {"java_script_enabled": False})
    page.goto(f"{shop.server.url}/console/profiles/{shop.profile('u-42')}")
    page.get_by_role("link", name="What this customer bought").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Orders and carts")


def test_hostile_pages_fit_and_stay_dead(shop: Shop, browse: Browse) -> None:
    strange = [ALL.index(HOSTILE[0]), ALL.index(HOSTILE[10]), ALL.index(HOSTILE[15]), len(ALL) - 1]
    paths = ["orders?limit=200", "products?limit=200", "carts?limit=200"]
    paths += [f"{t}/{shop.number(t, f'strange-{n}')}" for t in ("orders", "products", "carts") for n in strange]
    for look in (DESKTOP, PHONE):
        page = signed_in(browse, shop.console.viewer, look)
        for path in paths:
            page.goto(f"{shop.server.url}/console/{path}")
            assert page.evaluate("document.querySelectorAll('.xx-hostile, main img, main script, main b').length") == 0
            assert_fits(page)


def test_an_order_is_found_by_keyboard(shop: Shop, browse: Browse) -> None:
    page = signed_in(browse, shop.console.viewer)
    page.goto(f"{shop.server.url}/console/account")
    for key, title in (("k", "Carts"), ("w", "Products"), ("d", "Orders")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        page.wait_for_load_state()  # the script that knows the keys comes last
    page.keyboard.press("/")
    page.keyboard.type("1001")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    tab_to(page, "1001")
    assert_focus_is_seen(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Order 1001")
