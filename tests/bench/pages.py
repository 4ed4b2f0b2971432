"""How long somebody looks at nothing: every page of the console in a real browser, over a large workspace."""

import re
import shutil
import sqlite3
import statistics
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
from playwright.sync_api import Page, sync_playwright

from tests.bench import shop
from tests.bench.load import HEAVY, batches, request, run
from tests.bench.measuring import Report, cli, create_source
from tests.serving import Running, wait_for
from tests.web.console.visitor import Visitor
from tidings.web.console.app import all_routes

BOUND = 300.0  # ms
PROFILES = 100_000
ORDERS = 5_000
MERGED = 2_000  # visitors who turn out to be one customer
EMAIL = "owner@shop.example"
# What a page asks for by itself, what is a file, and what only a fresh installation shows.
NO_PAGES = re.compile(r"/(fresh|arrivals|export|\{import_id:int\}/refused|set-up|group)/?$")
PAINTED = """() => new Promise(done => new PerformanceObserver(() => done(Math.max(
    ...performance.getEntriesByType("paint").map(one => one.startTime)))).observe({type: "paint", buffered: true}))"""
ENCODE = msgspec.json.encode


def pages(report: Report, data: Path, events: int) -> None:
    """First paint of each page: its first time after a start, and later.

    Args:
        report: Gets the rows.
        data: The data folder to make.
        events: How many to store.
    """
    key = create_source(data)
    store = cli(data, "source", "create", "remarkety")
    password = cli(data, "user", "create", "--email", EMAIL, "--role", "owner")["password"]
    cli(data, "token", "create")
    cli(data, "types", "add", "VISITED")
    server = Running(data).start()
    fill(server, key, store, events)
    owner = signed_in(server, password)
    server.stop()
    server.start()
    asked = {"type": "unsubscribed", "pasted": "a@list.example\nnot an address"}
    sent = owner.post("/console/suppressions/import", asked)  # a server forgets what it has imported
    wait_for(lambda: "All of the list is done." in owner.get(sent.location).text)
    addresses = [*page_addresses(server, sent.location.rpartition("/")[2]), *searches(server)]
    first: dict[str, float] = {}
    later: dict[str, float] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), chromium_sandbox=False)
        page = browser.new_page()
        page.goto(server.url + "/healthz")  # a browser begins a process for each host, which is no page of ours
        page.context.add_cookies([{"name": n, "value": v, "url": server.url} for n, v in owner.cookies.items()])
        for address in addresses:
            first[address] = painted(page, server.url + address)
        for address in addresses:
            later[address] = statistics.median(painted(page, server.url + address) for _ in range(3))
        browser.close()
    server.stop()
    for label, found in (("for the first time after a start", first), ("again", later)):
        slowest = max(found, key=lambda address: found[address])
        what = f"slowest first paint of {len(found)} addresses, {label} ({slowest})"
        report.add(what, found[slowest], "ms", "< 300", holds=found[slowest] < BOUND)


def painted(page: Page, address: str) -> float:
    """Open a page and return after how many milliseconds it showed something."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, f"{address}: {answer.status}"
    return float(page.evaluate(PAINTED))


def signed_in(server: Running, password: str) -> Visitor:
    """Return somebody who may see every page."""
    owner = Visitor(server)
    assert owner.sign_in(EMAIL, password).status == 303
    return owner


def fill(server: Running, key: str, store: dict[str, str], events: int) -> None:
    """Send what a shop has after a while: events, orders, carts, a group, refused requests, a much merged customer."""
    for known in (key, "nobody's"):
        server.call("POST", "/v1/track", b"{", known)
    everything = [
        *batches(key, PROFILES, 1, 20, events // 20),
        *(request("/v1/batch", body, key) for body in merging()),
        *shop.shopping(store["store_id"], store["api_key"], 0, ORDERS),
    ]
    load = run(server.port, lambda: iter(everything), connections=8, seconds=3_600)
    assert not load.refused, "a request was refused"
    wait_for(lambda: server.call("GET", "/readyz").json()["lag"] == 0, 3_600)


def merging() -> Iterator[bytes]:
    """Yield batches in which visitors turn out to be one customer, and others belong to a group."""
    for begin in range(0, MERGED, 100):
        yield ENCODE({"batch": [{"type": "page", "anonymousId": f"m{n}"} for n in range(begin, begin + 100)]})
    for begin in range(0, MERGED, 100):
        numbers = range(begin, begin + 100)
        known = [
            {"type": "identify", "userId": "merged", "anonymousId": f"m{n}", "traits": {f"t{n % 40}": n}}
            for n in numbers
        ]
        yield ENCODE({"batch": known})
        yield ENCODE({"batch": [{"type": "group", "userId": f"user-{n}", "groupId": "acme"} for n in numbers]})


def page_addresses(server: Running, import_id: str) -> list[str]:
    """Return an address of every page that somebody who is signed in can open."""
    with closing(sqlite3.connect(server.data / "tidings.db")) as state:

        def newest(query: str) -> str:
            (found,) = state.execute(query).fetchone()
            assert found is not None, query
            return str(found)

        known = {
            "import_id": import_id,
            "source_id": newest("SELECT min(id) FROM sources"),
            "type_id": newest("SELECT max(id) FROM declared_types"),
            "brand_id": newest("SELECT max(id) FROM brands"),
            "event_id": newest("SELECT max(id) FROM events"),
            "profile_id": newest(f"SELECT profile_id FROM identifiers WHERE value = '{HEAVY.decode()}'"),
            "group_id": "acme",
            "refused_id": newest("SELECT max(id) FROM refused WHERE workspace_id > 0"),
            "unknown_id": newest("SELECT max(id) FROM refused WHERE workspace_id = 0"),
            "order": newest("SELECT max(n) FROM orders"),
            "cart": newest("SELECT max(n) FROM carts"),
            "product": newest("SELECT max(n) FROM products"),
        }
    paths = {path for route in all_routes() if "GET" in route.http_methods for path in route.paths}
    shown = sorted(path.rstrip("/") for path in paths if not NO_PAGES.search(path))
    return ["/console" + re.sub(r"\{(\w+):?\w*\}", lambda found: known[found[1]], path) for path in shown]


def searches(server: Running) -> list[str]:
    """Return addresses with what is slow to find: rare, frequent and missing things, and the much merged customer."""
    merged = server.cli("profile", "show", "--user-id", "merged")["id"]
    pages = ["events?name=nothing", "events?verb=page", "profiles?search=user-", "profiles?search=nobody"]
    pages += [f"profiles/{merged}", f"profiles/{merged}?verb=track", "refused?stage=pipeline", "orders?search=c1"]
    return [f"/console/{page}" for page in pages]
