"""Pages with Segment's snippet in a real browser, with the script that Tidings serves."""

import time
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser import Browse
from tests.e2e.conftest import IDLE, Shop
from tests.serving import wait_for

NO_SERVER = r"net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)"
LOADED = "() => analytics.initialized"


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["name"] or event["verb"] for event in events]


def cookies(context: BrowserContext) -> dict[str, Any]:
    return {cookie["name"]: cookie for cookie in context.cookies()}


def test_what_the_snippet_has_collected_is_replayed_in_order(shop: Shop, page: Page) -> None:
    calls = """
        analytics.identify("replay", {email: "replay@shop.example", plan: "pro"});
        analytics.track("First", {price: 9.5});
        analytics.group("acme", {name: "Acme", employees: 7});
        analytics.track("Second");
        analytics.screen("App", "Cart", {items: 2});
        analytics.alias("replay");
        history.pushState({}, "", "/later?x=1");
        document.title = "Later";
        window.array = analytics; window.stub = analytics.track;
    """
    address = shop.put("/", calls, head='<link rel="canonical" href="https://shop.example/mugs">')
    page.goto(address + "?utm_source=letter&utm_campaign=spring", referer="https://search.example/?q=mugs")
    events = shop.sent(page)
    assert names(events) == ["page", "identify", "First", "group", "Second", "Cart", "alias"]
    assert page.evaluate("[Array.isArray(analytics), analytics.initialized, array.length]") == [False, True, 0]

    first = events[0]
    assert first["properties"] == {
        "path": "/mugs",
        "referrer": "https://search.example/?q=mugs",
        "search": "?utm_source=letter&utm_campaign=spring",
        "title": "Mugs",
        "url": "https://shop.example/mugs?utm_source=letter&utm_campaign=spring",
    }
    context = first["context"]
    assert context["page"] == first["properties"]
    assert context["campaign"] == {"source": "letter", "name": "spring"}
    assert context["library"]["name"] == "tidings-analytics.js"
    assert (context["locale"], context["timezone"]) == ("en-US", "Europe/Berlin")
    assert "Chrome" in context["userAgent"]
    assert context["ip"] == "127.0.0.1"
    assert events[5]["properties"] == {"items": 2, "category": "App"}
    assert abs(datetime.fromisoformat(first["time"]).timestamp() - time.time()) < 60

    page.evaluate("stub('From a kept stub'); array.push(['track', 'From the array'])")
    assert names(shop.sent(page))[7:] == ["From a kept stub", "From the array"]
    profile = shop.server.cli("profile", "show", "--user-id", "replay")
    assert profile["event_count"] == 9
    assert (profile["traits"]["plan"], profile["traits"]["email"]) == ("pro", "replay@shop.example")
    assert [group["id"] for group in profile["groups"]] == ["acme"]
    stored = shop.server.cli("events", "list", "--message-id", first["message_id"])
    assert stored[0]["profile_id"] == profile["id"]


def test_every_way_to_leave_arguments_out(shop: Shop, page: Page) -> None:
    page.goto(shop.put())
    page.wait_for_function(LOADED)
    page.evaluate("""() => {
        const done = [];
        analytics.identify({color: "red"}, {context: {tenant: "t-1"}, messageId: "args-1"});
        analytics.identify(42, () => done.push("identify"));
        analytics.identify("42", null, {anonymousId: "args-visitor"});
        analytics.track("Bought", {revenue: 12.5, currency: "EUR"}, {timestamp: new Date(17e11), userId: "42"});
        analytics.track("Alone", () => done.push("track"));
        analytics.track({event: "Whole", properties: {size: 2}});
        analytics.page("Start");
        analytics.page("Docs", "Intro", {title: "My title"}, {integrations: {Mail: false}}, () => done.push("page"));
        analytics.page({path: "/own"});
        analytics.pageview("/old");
        analytics.group(7);
        analytics.alias("43", "42");
        return Promise.all([analytics.screen("Cart")]).then(([said]) => window.said = [done, said.event.name]);
    }""")
    page.wait_for_function("window.said && said[0].length === 3")
    assert page.evaluate("[said[0].sort(), said[1]]") == [["identify", "page", "track"], "Cart"]
    page.wait_for_function(IDLE)
    rows = shop.events("args-visitor")
    events = {row["name"] or row["verb"]: row for row in rows}
    assert (events["Bought"]["time"], events["Bought"]["user_id"]) == ("2023-11-14T22:13:20.000Z", "42")
    assert events["Whole"]["properties"] == {"size": 2}
    assert "category" not in events["Start"]["properties"]
    intro = events["Intro"]
    assert (intro["properties"]["category"], intro["context"]["page"]["title"]) == ("Docs", "My title")
    assert [row["properties"]["path"] for row in rows if row["verb"] == "page"] == ["/", "/", "/own", "/old"]
    assert events["group"]["group_id"] == "7"
    assert (events["alias"]["user_id"], events["alias"]["previous_id"]) == ("43", "42")
    assert len(rows) == 11
    profile = shop.server.cli("profile", "show", "--user-id", "42")
    assert profile["lifetime_value"] == {"EUR": "12.5"}
    assert profile["traits"]["color"] == "red"
    first = shop.server.cli("events", "list", "--message-id", "args-1")[0]
    assert first["event"]["context"]["tenant"] == "t-1"
    assert first["profile_id"] == rows[0]["profile_id"]


def test_a_page_s_mistakes_cost_it_nothing(shop: Shop, page: Page) -> None:
    page.goto(shop.put())
    page.wait_for_function(LOADED)
    page.evaluate("""() => {
        const round = {}; round.round = round;
        analytics.track(); analytics.track(null, {}); analytics.track("Round", round); analytics.track("Big", {n: 1n});
        analytics.page(null, undefined, 7); analytics.identify(() => { throw new Error("in a callback") });
        analytics.on("track", () => { throw new Error("in a listener") });
        analytics.trackLink(null, "x"); analytics.trackForm(undefined, "x");
        analytics.debug(); analytics.ready(); analytics.off("track"); analytics.on("constructor", () => 0);
        analytics.addSourceMiddleware(() => { throw new Error("in a middleware") });
        return analytics.track("Good", {nothing: undefined, f() {}, text: "\\ud83d \\u0000 🦆"});
    }""")
    assert names(shop.sent(page)) == ["page", "page", "identify", "Good"]


def test_ids_and_traits_are_kept_where_the_vendor_keeps_them(shop: Shop, page: Page) -> None:
    page.goto(shop.put())
    page.wait_for_function(LOADED)
    first = page.evaluate("analytics.user().anonymousId()")
    page.evaluate("analytics.identify('ana@shop.example', {plan: 'pro'}); analytics.group('acme, inc', {seats: 3})")
    kept = cookies(page.context)
    assert {name: cookie["value"] for name, cookie in kept.items()} == {
        "ajs_anonymous_id": first,
        "ajs_user_id": "ana@shop.example",
        "ajs_group_id": "acme%2C%20inc",
    }
    for cookie in kept.values():
        assert (cookie["domain"], cookie["path"], cookie["sameSite"]) == (".shop.example", "/", "Lax")
        assert abs(cookie["expires"] - time.time() - 365 * 86_400) < 60
    page.wait_for_function(IDLE)
    assert page.evaluate("({...localStorage})") == {
        "ajs_anonymous_id": f'"{first}"',
        "ajs_user_id": '"ana@shop.example"',
        "ajs_group_id": '"acme, inc"',
        "ajs_user_traits": '{"plan":"pro"}',
        "ajs_group_properties": '{"seats":3}',
    }

    page.goto(shop.site.address("/", "blog.shop.example"))  # a subdomain has the cookies, not the localStorage
    page.wait_for_function(LOADED)
    assert page.evaluate("[analytics.user().id(), analytics.group().id()]") == ["ana@shop.example", "acme, inc"]
    assert page.evaluate("analytics.user().anonymousId()") == first
    page.evaluate("analytics.identify({size: 'L'})")
    assert shop.sent(page)[-1]["traits"] == {"size": "L"}

    page.evaluate("analytics.reset()")
    assert cookies(page.context) == {}
    assert page.evaluate("[analytics.user().id(), analytics.user().traits(), analytics.group().id()]") == [
        None,
        {},
        None,
    ]
    assert page.evaluate("analytics.user().anonymousId()") != first


def test_another_person_at_the_same_device_is_another_visitor(shop: Shop, page: Page) -> None:
    page.goto(shop.put())
    page.wait_for_function(LOADED)
    first = page.evaluate("analytics.user().anonymousId()")
    page.evaluate("analytics.identify('device-1', {plan: 'pro'}); analytics.identify('device-1', {size: 'L'})")
    assert page.evaluate("[analytics.user().anonymousId(), analytics.user().traits()]") == [
        first,
        {"plan": "pro", "size": "L"},
    ]
    page.evaluate("analytics.identify('device-2', {size: 'S'}); analytics.track('Hers')")
    second = page.evaluate("analytics.user().anonymousId()")
    assert second != first
    assert page.evaluate("analytics.user().traits()") == {"size": "S"}
    assert [row["user_id"] for row in shop.sent(page)] == ["device-2", "device-2"]
    hers, his = (shop.server.cli("profile", "show", "--user-id", name) for name in ("device-2", "device-1"))
    assert hers["id"] != his["id"]
    assert (his["event_count"], hers["event_count"]) == (3, 2)


@pytest.mark.parametrize("form", ["{}", '"{}"', "%22{}%22"], ids=["today's", "quoted", "JSON"])
def test_a_visitor_of_the_vendor_s_script_stays_known(shop: Shop, browse: Browse, form: str) -> None:
    anonymous = f"6f0f-{len(form)}"
    page = browse()
    page.context.add_cookies(
        [
            {"name": name, "value": form.format(value), "domain": ".shop.example", "path": "/"}
            for name, value in {"ajs_anonymous_id": anonymous, "ajs_user_id": "known"}.items()
        ]
    )
    kept = """localStorage.ajs_user_traits = '{"plan":"pro"}'"""
    page.goto(shop.put(before=kept, calls="analytics.identify({size: 'L'})"))
    assert [row["user_id"] for row in shop.sent(page)] == ["known", "known"]
    assert page.evaluate("analytics.user().anonymousId()") == anonymous
    assert page.evaluate("analytics.user().traits()") == {"plan": "pro", "size": "L"}
    assert {name: cookie["value"] for name, cookie in cookies(page.context).items()} == {
        "ajs_anonymous_id": anonymous,
        "ajs_user_id": "known",
    }


def test_cookies_of_one_host_do_not_hide_the_wider_ones(shop: Shop, page: Page) -> None:
    page.context.add_cookies([{"name": "ajs_user_id", "value": "narrow", "url": shop.put()}])
    page.goto(shop.put())
    page.wait_for_function(LOADED)
    assert page.evaluate("analytics.user().id()") == "narrow"
    page.evaluate("analytics.identify('wide')")
    assert page.evaluate("analytics.user().id()") == "wide"
    assert [(cookie["domain"], cookie["value"]) for cookie in page.context.cookies() if "user" in cookie["name"]] == [
        (".shop.example", "wide")
    ]


@pytest.mark.parametrize("mark", ["?", "#/cart?"])
def test_the_query_of_a_page_acts_as_calls(shop: Shop, page: Page, mark: str) -> None:
    anonymous = f"query-{len(mark)}"
    query = f"ajs_uid=u%201&ajs_trait_plan=pro+plus&ajs_event=Letter+Opened&ajs_prop_id=7&ajs_aid={anonymous}"
    page.goto(shop.put() + mark + query)
    events = shop.sent(page)
    assert page.evaluate("analytics.user().anonymousId()") == anonymous
    assert names(events) == ["identify", "Letter Opened", "page"]
    assert events[0]["traits"] == {"plan": "pro plus"}
    assert events[1]["properties"] == {"id": "7"}
    assert {event["user_id"] for event in events} == {"u 1"}


def test_a_page_can_forbid_that_its_query_acts(shop: Shop, page: Page) -> None:
    page.goto(shop.put(options="{useQueryString: {uid: /^u-/}}") + "?ajs_uid=mallory&ajs_event=Seen")
    assert names(shop.sent(page)) == ["Seen", "page"]
    assert page.evaluate("analytics.user().id()") is None
    page.goto(shop.put(options="{useQueryString: false}") + "?ajs_uid=u-1&ajs_event=Again")
    assert names(shop.sent(page)) == ["Seen", "page", "page"]


def test_the_server_is_down_and_comes_back(shop: Shop, browse: Browse, page: Page) -> None:
    browse.allow(NO_SERVER)
    page.goto(shop.put())
    shop.sent(page)
    shop.server.kill()
    page.evaluate("() => { for (let n = 0; n < 5; n++) analytics.track('Down ' + n) }")
    page.goto(shop.site.address("/empty"))  # no page of the shop is open when the server comes back
    assert page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('tidings.queue.')).length") == 5
    shop.server.start()
    page.goto(shop.put(calls="analytics.track('Up')"))
    wanted = ["page", *(f"Down {number}" for number in range(5)), "page", "Up"]
    assert names(shop.sent(page)) == wanted

    shop.server.kill()
    assert page.evaluate("analytics.track('In the meantime').then(said => said.event.event)") == "In the meantime"
    shop.server.start()
    assert names(shop.sent(page)) == [*wanted, "In the meantime"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_is_put_off_is_sent_again_with_the_same_id(shop: Shop, browse: Browse, page: Page, status: int) -> None:
    browse.allow(f"status of {status}")
    page.goto(shop.put())
    shop.sent(page)
    bodies: list[dict[str, Any]] = []

    def answer(route: Any) -> None:
        bodies.append(route.request.post_data_json)
        if len(bodies) == 1:
            headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "*", "Retry-After": "1"}
            route.fulfill(status=status, headers=headers)
        else:
            route.continue_()

    page.route("**/v1/t", answer)
    page.evaluate("analytics.track('Twice')")
    assert names(shop.sent(page)) == ["page", "Twice"]
    assert len({body["messageId"] for body in bodies}) == 1
    waited = [body["sentAt"] for body in bodies]
    assert waited[0] < waited[1]
    assert all(body["writeKey"] == shop.key for body in bodies)


def test_what_is_refused_is_not_sent_again(shop: Shop, browse: Browse, page: Page) -> None:
    browse.allow("status of 400")
    page.goto(shop.put())
    page.evaluate("analytics.track('Much', {text: 'x'.repeat(40000)}); analytics.track('Little')")
    assert names(shop.sent(page)) == ["page", "Little"]


def test_what_is_queued_when_the_page_is_left_is_sent(shop: Shop, page: Page) -> None:
    page.goto(shop.put())
    page.wait_for_function(LOADED)
    anonymous = page.evaluate("analytics.user().anonymousId()")
    # No storage, so that only the beacons of this page can bring them.
    page.evaluate("Object.defineProperty(window, 'localStorage', {get() { throw new Error('forbidden') }})")
    page.evaluate("() => { for (let n = 0; n < 9; n++) analytics.track('Left ' + n); location.assign('/empty') }")
    page.wait_for_url("**/empty")
    wanted = {"page", *(f"Left {number}" for number in range(9))}
    wait_for(lambda: set(names(shop.events(anonymous))) == wanted)


def test_links_and_forms_are_tracked(shop: Shop, page: Page) -> None:
    body = """
        <a id=link href="/linked?a=1">Link</a> <div id=box><a href="/nested">Nested</a></div>
        <form id=form action="/formed"><input name=submit value=1><button name=go value=now>Go</button></form>
    """
    calls = """
        function bind() {
            analytics.trackLink(document.getElementById("link"), "Followed", {where: "top"});
            analytics.trackLink(document.querySelectorAll("#box"), e => "Clicked " + e.id, e => ({id: e.id}));
            analytics.trackForm(document.getElementById("form"), "Sent", {form: "order"}, {integrations: {A: true}});
        }
        document.addEventListener("DOMContentLoaded", bind);
    """
    slow = "analytics.addSourceMiddleware(({payload, next}) => setTimeout(next, 100, payload));"
    query = "jQuery = form => ({on: (kind, act) => form.addEventListener(kind, e => act({originalEvent: e}))});"
    for more in ("", slow, query + slow):
        for click, arrived in (
            ("#link", "/linked?a=1"),
            ("#box a", "/nested"),
            ("#form button", "/formed?submit=1&go=now"),
        ):
            page.goto(shop.put("/", calls + more, body))
            page.wait_for_function(LOADED)
            page.click(click)
            page.wait_for_url("**" + arrived)
    page.goto(shop.put("/"))
    events = [event for event in shop.sent(page) if event["verb"] == "track"]
    assert names(events) == ["Followed", "Clicked box", "Sent"] * 3
    assert [event["properties"] for event in events[:3]] == [
        {"where": "top"},
        {"id": "box"},
        {"form": "order"},
    ]


def test_a_link_waits_no_longer_than_patience_lasts(shop: Shop, page: Page) -> None:
    calls = "analytics.addSourceMiddleware(() => undefined);"
    page.goto(shop.put("/", calls, '<a id=link href="/linked">Link</a>'))
    page.wait_for_function(LOADED)
    page.evaluate("analytics.trackLink(document.getElementById('link'), 'Dropped')")
    started = time.monotonic()
    page.click("#link")
    page.wait_for_url("**/linked")
    assert time.monotonic() - started < 5


def test_middlewares_and_plugins_change_and_drop_events(shop: Shop, page: Page) -> None:
    calls = """
        analytics.track("Kept", {card: "4111"}); analytics.track("Dropped"); analytics.track("Late");
        window.heard = [];
        analytics.once("track", (event, properties) => heard.push([event, properties]));
        analytics.on("page", () => heard.push("page"));
        analytics.addSourceMiddleware(({payload, next}) => {
            if (payload.obj.event === "Dropped") return;
            if (payload.obj.properties) delete payload.obj.properties.card;
            if (payload.obj.event === "Late") setTimeout(next, 20, payload); else next(payload);
        });
        analytics.register({name: "Enrich", type: "enrichment", version: "1", isLoaded: () => true,
            load: () => Promise.resolve(), track(ctx) { ctx.updateEvent("context", {tenant: "t-2"}); return ctx; }});
        analytics.ready(() => heard.push("ready"));
    """
    page.goto(shop.put("/", calls))
    page.wait_for_function("window.heard.length === 3")
    page.wait_for_function(LOADED)
    events = [event for event in shop.sent(page) if event["verb"] == "track"]
    assert names(events) == ["Kept", "Late"]
    assert events[0]["properties"] == {}
    assert events[0]["context"]["tenant"] == "t-2"
    assert page.evaluate("heard.slice().sort()") == [["Kept", {"card": "4111"}], "page", "ready"]


@pytest.mark.parametrize(
    "options", ["{integrations: {All: false}}", "{integrations: {'Segment.io': false}}", "{disable: true}"]
)
def test_a_page_without_consent_sends_nothing(shop: Shop, page: Page, options: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(shop.put(options=options, calls="analytics.track('No', {}, () => document.title = 'done')"))
    page.wait_for_function("document.title === 'done'")
    assert [url for url in asked if "/v1/" in url and "analytics.js" not in url] == []


def test_options_of_load(shop: Shop, page: Page) -> None:
    host = shop.tidings.removeprefix("http://")
    options = f"""{{
        initialPageview: true, obfuscate: true, disableClientPersistence: true,
        integrations: {{"Segment.io": {{apiHost: "{host}/segment/v1", protocol: "http"}}, Mail: {{a: 1}}}}
    }}"""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    calls = (
        "analytics.track('Only this once', {}, {integrations: {'Segment.io': false}}, () => document.title = 'done')"
    )
    page.goto(shop.put(options=options, name="shopTidings", calls="var analytics = shopTidings;" + calls))
    page.wait_for_function("document.title === 'done'")
    anonymous = page.evaluate("shopTidings.user().anonymousId()")
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length") == 0
    page.goto(shop.site.address("/empty"))
    # What the page sends when it is left is on its way only.
    wait_for(lambda: names(shop.events(anonymous)) == ["page", "page"])
    found = shop.events(anonymous)
    assert found[0]["extra"]["integrations"] == {"Segment.io": True, "Mail": True}
    assert {url for url in asked if url.endswith("/p")} == {f"{shop.tidings}/segment/v1/p"}


def test_a_prefix_in_front_of_the_script_s_path_holds_for_events(shop: Shop, page: Page) -> None:
    with page.expect_request("**/p") as asked:
        page.goto(shop.put(host=shop.tidings + "/segment"))
    assert asked.value.url == f"{shop.tidings}/segment/v1/p"
    assert asked.value.headers["content-type"] == "text/plain"  # a simple request: no preflight
    assert "authorization" not in asked.value.headers
    assert names(shop.sent(page)) == ["page"]


def test_under_a_strict_policy(shop: Shop, page: Page) -> None:
    policy = (
        f"default-src 'none'; script-src {shop.tidings}; connect-src {shop.tidings}; require-trusted-types-for 'script'"
    )
    path = f"{shop.tidings}/analytics.js/v1/{shop.key}/platform/analytics.min.js"
    headers = {"Content-Security-Policy": policy, "Cross-Origin-Embedder-Policy": "require-corp"}
    shop.site.put("/strict", f'<!doctype html><title>Strict</title><script src="{path}"></script>', headers)
    page.goto(shop.site.address("/strict?ajs_event=Seen"))
    page.evaluate("analytics.identify('strict', {plan: 'pro'})")
    assert names(shop.sent(page)) == ["Seen", "identify"]


def test_with_cookies_and_storage_forbidden(shop: Shop, page: Page) -> None:
    # An opaque origin: document.cookie and localStorage throw.
    page.goto(
        shop.put("/boxed", "analytics.identify('boxed')", headers={"Content-Security-Policy": "sandbox allow-scripts"})
    )
    page.wait_for_function(LOADED)
    with pytest.raises(Exception, match="sandboxed"):
        page.evaluate("document.cookie")
    with pytest.raises(Exception, match="sandboxed"):
        page.evaluate("localStorage")
    anonymous = page.evaluate("analytics.user().anonymousId()")
    assert page.evaluate("[analytics.user().id(), analytics.user().anonymousId()]") == ["boxed", anonymous]
    assert page.evaluate("analytics.track('Boxed').then(said => said.event.userId)") == "boxed"
    wait_for(lambda: names(shop.events(anonymous)) == ["page", "identify", "Boxed"])
