"""Remarkety's intake against a real server: paths, stores and tokens, contacts, customers, products, plugins."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.serving import TIDINGS, Answer, Running, wait_for

STORE, KEY = "AAABBB", "SuperSecretApiKey"
MAGENTOS = "a token that the shop has made: äöü"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ANA = "ana@example.org"


def sent(server: Running, path: str, event_type: str, content: Any, key: str | None = KEY, **headers: str) -> Answer:
    named = {"x-event-type": event_type, "Content-Type": "application/json"} | headers
    if key is not None:
        named["x-api-key"] = key.encode().decode("latin-1")  # as a client puts UTF-8 into a header
    return server.call("POST", path, content, headers=named)


def customer(server: Running, **members: Any) -> None:
    assert sent(server, f"/webhooks/store/{STORE}", "customers/update", members).status == 200


def profile(server: Running, **names: str) -> dict[str, Any]:
    server.processed()
    (name, value) = next(iter(names.items()))
    found: dict[str, Any] = server.cli("profile", "show", f"--{name.replace('_', '-')}", value)
    return found


def api(server: Running, method: str, path: str, body: Any = None, key: str | None = KEY, version: int = 2) -> Answer:
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"x-token": key})
    return server.call(method, f"/api/v{version}/stores/{STORE}{path}", body, headers=headers)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with one store; its tests have customers of their own."""
    running = Running(tmp_path_factory.mktemp("live") / "data").start()
    pinned = ("--set", f"store_id={STORE}", "--set", f"api_key={KEY}", "--token", MAGENTOS)
    made = running.source("remarkety", *pinned)
    assert (made["store_id"], made["api_key"], made["tokens"]) == (STORE, KEY, [MAGENTOS])
    yield running
    running.stop()


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks",
        "/webhooks/",
        f"/webhooks?storeId={STORE}",
        f"/webhooks/?storeId={STORE}",
        f"/webhooks/store/{STORE}",
    ],
)
@pytest.mark.parametrize("prefix", ["", "/remarkety"])
@pytest.mark.parametrize("key", [KEY, MAGENTOS])
def test_all_addresses_answer_without_a_redirect(live: Running, path: str, prefix: str, key: str) -> None:
    answer = sent(live, prefix + path, "orders/update", {"id": 1}, key)
    assert (answer.status, answer.body) == (200, b'{"status":"OK"}')
    assert answer.headers["content-type"] == "application/json"


def test_what_is_sent_arrives(live: Running) -> None:
    customer(live, id=77, email=ANA, first_name="Ana", last_name="Lima", tags=["vip"], rewards={"points": 120})
    customer(live, id="77", tags=["new"], append_tags=True, updated_at="2024-03-01T10:00:00+00:00")
    customer(live, id=77, rewards={"points": 5})
    found = profile(live, user_id="77")
    assert [(one["kind"], one["value"]) for one in found["identifiers"]] == [("user_id", "77"), ("email", ANA)]
    assert found["traits"]["name"] == "Ana Lima"
    assert found["traits"]["rewards"] == {"points": 5}


def test_a_repeat_of_a_plugin_is_dropped(live: Running) -> None:
    content = {"id": 4711, "email": "repeat@example.org", "updated_at": "2024-03-01T10:00:00+00:00"}
    for timestamp in ("1709287205", "1709287265"):
        more = {"timestamp": timestamp, "event_id": "customers/update"}
        assert sent(live, "/webhooks", "customers/updated", content | more).status == 200
    assert profile(live, user_id="4711")["event_count"] == 1


def test_a_page_may_send_from_anywhere(live: Running) -> None:
    path, origin = f"/webhooks/store/{STORE}", "https://shop.example"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-event-type,x-token,cache-control",
    }
    preflight = live.call("OPTIONS", path, headers=asked)
    assert preflight.status == 204
    allowed = {name.lower(): value for name, value in preflight.headers.items()}
    assert allowed["access-control-allow-origin"] == origin
    assert allowed["access-control-allow-credentials"] == "true"
    assert "x-event-type" in allowed["access-control-allow-headers"]
    content = {"email": "visitor@example.org", "first_name": "Vi"}
    for answer in (
        sent(live, path, "customers/update", content, None, Origin=origin),
        sent(live, path, "", content, None, Origin=origin),
    ):
        assert {name.lower(): value for name, value in answer.headers.items()}["access-control-allow-origin"] == origin
    found = profile(live, email="visitor@example.org")
    assert found["trait_details"]["firstName"]["trust"] == "browser"


def test_without_a_key_nobody_is_changed(live: Running) -> None:
    customer(live, id="k-1", email="known@example.org", first_name="Known")
    body = {"email": "known@example.org", "firstName": "Changed", "tags": ["x"], "properties": {"city": "Porto"}}
    known = api(live, "POST", "/contacts", body, None, version=1)
    unknown = api(live, "POST", "/contacts", body | {"email": "unknown@example.org"}, None, version=1)
    assert (known.status, unknown.status) == (200, 200)
    assert known.json()["info"] | {"email": "unknown@example.org"} == unknown.json()["info"]
    there = profile(live, email="known@example.org")
    assert (there["traits"]["firstName"], "tags" in there["traits"], "address" in there["traits"]) == (
        "Known",
        False,
        False,
    )
    assert profile(live, email="unknown@example.org")["traits"]["firstName"] == "Changed"
    assert api(live, "POST", "/contacts", body, version=1).status == 200
    assert profile(live, email="known@example.org")["traits"]["firstName"] == "Changed"


def test_errors_are_the_vendors(live: Running) -> None:
    path = f"/webhooks?storeId={STORE}"
    for answer, status in (
        (sent(live, path, "", {}), 400),
        (sent(live, path, "x", b"{"), 400),
        (sent(live, path, "x", {}, "wrong"), 401),
        (sent(live, "/webhooks?storeId=NOBODY", "x", {}), 404),
        (live.call("GET", "/webhooks"), 405),
        (live.call("GET", "/webhooks/nothing/here"), 404),
        (sent(live, path, "x", {}, Accept="text/html"), 406),
        (sent(live, path, "x", b'{"a":"' + b"x" * 1_048_576 + b'"}'), 413),
        (api(live, "GET", "/customers?page=0"), 400),
        (api(live, "GET", "/customers", key=None), 401),
        (api(live, "PUT", "/customers/1-abc", {"customer": {}}), 404),
        (api(live, "GET", "/nothing"), 404),
    ):
        assert answer.status == status, answer.body
        assert answer.json()["status"] == "ERROR"
        assert answer.json()["message"]


def test_customers_are_listed_page_by_page(live: Running) -> None:
    for number in range(7):
        customer(live, id=f"page-{number}", email=f"page-{number}@example.org", first_name=f"P{number}", tags=["p"])
    profile(live, email="page-6@example.org")
    found: list[dict[str, Any]] = []
    for page in range(1, 100):
        some = api(live, "GET", f"/customers?page={page}&limit=3").json()["customers"]
        found += some
        if len(some) < 3:
            break
    pages = [one for one in found if one["email"].startswith("page-")]
    assert [one["first_name"] for one in pages] == [f"P{number}" for number in range(7)]
    assert len({one["hash"] for one in found}) == len(found) == len({one["email"] for one in found})
    assert api(live, "GET", "/customers?page=99").json() == {"customers": []}
    (one,) = api(live, "GET", f"/customers?email={quote('PAGE-3@example.org')}").json()["customers"]
    assert one == pages[3]
    assert (one["id"], one["tags"], one["accepts_marketing"]) == ("page-3", ["p"], None)
    assert re.fullmatch(r"[A-Za-z0-9_.~=-]+", one["hash"])
    assert api(live, "GET", "/customers?email=nobody@example.org").json() == {"customers": []}


def test_a_customer_is_made_and_changed(live: Running) -> None:
    content = {"email": "made@example.org", "first_name": "Made", "accepts_marketing": True, "tags": ["a"], "size": "M"}
    made = api(live, "POST", "/customers", {"customer": content})
    assert made.status == 200
    contact = made.json()["customer"]
    assert (contact["email"], contact["first_name"], contact["tags"], contact["size"]) == (
        "made@example.org",
        "Made",
        ["a"],
        "M",
    )
    assert contact["accepts_marketing"] is True
    changed = api(live, "PUT", f"/customers/{contact['hash']}", {"customer": {"tags": ["b"], "first_name": "Changed"}})
    assert changed.status == 200, changed.body
    assert changed.json()["customer"] == contact | {"tags": ["b"], "first_name": "Changed"}
    wait_for(lambda: profile(live, email="made@example.org")["traits"]["tags"] == ["b"])
    wait_for(lambda: listed(live, "made@example.org")["first_name"] == "Changed")
    assert listed(live, "made@example.org")["hash"] == contact["hash"]
    moved = api(live, "PUT", f"/customers/{contact['hash']}", {"customer": {"email": "moved@example.org"}})
    assert moved.status == 400


def test_a_customer_with_an_id_may_move(live: Running) -> None:
    customer(live, id="mover", email="old@example.org", first_name="Mo")
    profile(live, user_id="mover")
    name = listed(live, "old@example.org")["hash"]
    answer = api(live, "PUT", f"/customers/{name}", {"customer": {"email": "new@example.org"}})
    assert (answer.status, answer.json()["customer"]["email"]) == (200, "new@example.org")
    wait_for(lambda: api(live, "GET", "/customers?email=new@example.org").json()["customers"] != [])
    assert listed(live, "new@example.org")["hash"] == name
    assert api(live, "PUT", f"/customers/{name}", {"customer": {"id": "another"}}).status == 400


def listed(server: Running, email: str) -> dict[str, Any]:
    (found,) = api(server, "GET", f"/customers?email={email}").json()["customers"]
    one: dict[str, Any] = found
    return one


def test_products_are_listed(live: Running) -> None:
    variant = {"id": "9-1", "product_id": 9, "sku": "MUG-9-1", "title": "Blue", "price": 7.5, "inventory_quantity": 3}
    product = {"id": 9, "title": "Mug", "sku": "MUG-9", "url": "https://shop.example/mug", "variants": [variant]}
    product |= {"image": {"src": "https://shop.example/mug.jpg"}, "categories": [{"code": 4, "name": "Kitchen"}]}
    product |= {"tags": "blue,gift", "product_exists": True, "updated_at": "2024-03-01T10:00:00+00:00"}
    assert sent(live, "/webhooks", "products/create", product).status == 200
    stock = {"id": "9", "updated_at": "2024-03-02T10:00:00+00:00", "variants": [{"id": "9-1", "inventory_quantity": 0}]}
    assert sent(live, "/webhooks", "products/updated", stock).status == 200
    assert sent(live, "/webhooks", "products/update", {"id": "seen only", "title": "?"}, None).status == 200
    live.processed()
    (found,) = [one for one in api(live, "GET", "/products?page=1&limit=50").json()["products"] if one["id"] == "9"]
    assert (found["title"], found["tags"], found["categories"]) == ("Mug", ["blue", "gift"], [{"name": "Kitchen"}])
    assert found["image"] == {"src": "https://shop.example/mug.jpg"}
    (one,) = found["variants"]
    assert (one["id"], one["inventory_quantity"], one["price"], one["title"]) == ("9-1", 0, 7.5, "Blue")
    assert "seen only" not in [one["id"] for one in api(live, "GET", "/products").json()["products"]]
    assert api(live, "GET", "/products?page=9").json() == {"products": []}


def test_the_line_that_tidings_prints_works(live: Running) -> None:
    command = [*TIDINGS, "source", "create", "remarkety", "--name", "printed"]
    done = subprocess.run([*command, "--data", str(live.data)], capture_output=True, text=True, check=True)
    line = done.stdout.splitlines()[-1].strip()
    line = re.sub(r"http://[^/]+/", f"{live.url}/", line)

    def works() -> bool:
        ran = subprocess.run(["bash", "-c", f"{line} -s"], capture_output=True, text=True, check=True)
        return json.loads(ran.stdout) == {"status": "OK"}

    wait_for(works)
    assert profile(live, user_id="u-42")["event_count"] >= 1
    number = next(one["id"] for one in live.cli("source", "list") if one["name"] == "printed")
    live.cli("source", "disable", str(number))


@pytest.fixture
def plugged(tmp_path: Path) -> Iterator[Running]:
    """A server with a store that a plugin is to connect to."""
    running = Running(tmp_path / "data").start()
    running.source("remarkety", "--set", f"store_id={STORE}", "--set", f"api_key={KEY}")
    yield running
    running.stop()


def test_a_plugin_of_magento_connects(plugged: Running) -> None:
    fields = {
        "key": "magentos own token",
        "email": "owner@shop.example",
        "acceptTerms": "true",
        "isNewUser": "",
        "selectedView": '{"website_id":1,"store_id":1,"view_id":1}',
        "domain": "/shop.example",
        "platform": "MAGENTO_2",
        "version": "2.4",
        "oem": "remarkety",
    }

    def notify(password: str, **more: str) -> Answer:
        body = urlencode(fields | {"password": password} | more).encode()
        return plugged.call("POST", "/public/install/notify", body, headers=FORM)

    closed = notify("AAAA-AAAA")
    assert (closed.status, closed.json()["status"], closed.json()["code"]) == (400, "ERROR", "WRONG_PASSWORD")
    opened = plugged.cli("source", "open-install", "1")
    missing = plugged.call("POST", "/public/install/notify", b"email=x", headers=FORM)
    assert (missing.status, missing.json()["code"]) == (400, "FIELD_MISSING")
    for _ in range(2):
        done = notify(opened["password"])
        assert (done.status, done.json()) == (200, {"status": "OK", "storePublicId": STORE})
    assert notify(opened["password"], key="another").status == 400
    wait_for(lambda: sent(plugged, "/webhooks", "orders/create", {"id": 1}, "magentos own token").status == 200)
    asked = urlencode({"key": "magentos own token", "domain": "shop.example"}).encode()
    told = plugged.call("POST", "/public/install/get-store-id", asked, headers=FORM)
    assert (told.status, told.json()["storePublicId"]) == (200, STORE)
    assert plugged.call("POST", "/public/install/get-store-id", b"key=unknown", headers=FORM).status == 401
    assert notify("guess").status in (400, 429)
    statuses = {notify("guess").status for _ in range(6)}
    assert 429 in statuses
    leaks(plugged, opened["password"], "magentos own token")


def test_a_plugin_of_prestashop_connects_and_ends(plugged: Running) -> None:
    opened = plugged.cli("source", "open-install", "1")
    query = {"key": "prestashops key", "email": "o@shop.example", "password": opened["password"], "isNewUser": "true"}
    done = plugged.call("GET", "/public/install/notify?" + urlencode(query), headers={"User-Agent": "Mozilla/5.0"})
    assert (done.status, done.json()["status"]) == (200, "OK")
    path = "/public/install/uninstall?" + urlencode({"key": "prestashops key", "email": "o@shop.example"})
    wait_for(lambda: plugged.call("GET", path).status == 200)
    assert plugged.call("GET", path).json() == {"status": "OK"}
    assert "plugin_ended" in plugged.cli("source", "list")[0]
    assert sent(plugged, "/webhooks", "orders/create", {"id": 1}, "prestashops key").status == 200
    leaks(plugged, opened["password"], "prestashops key")


def leaks(server: Running, *secrets: str) -> None:
    """Check that secrets of an address are in no log and in no file."""
    server.stop()
    said = "".join(server.output).encode()
    said += b"".join(path.read_bytes() for path in server.data.iterdir() if path.is_file())
    for secret in secrets:
        for form in (secret, quote(secret), secret.replace(" ", "+")):
            assert form.encode() not in said
