"""Profiles and groups: lists, search, timelines, traits, merges and undoing them, whatever they are called."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from tests.browser import DESKTOP, PHONE, Browse
from tests.serving import Running, wait_for
from tests.web.console.accessible import assert_accessible
from tests.web.console.conftest import Console
from tests.web.console.hostile import HOSTILE, MARK, assert_harmless
from tests.web.console.test_browser import LOOKS, assert_fits, assert_focus_is_seen, signed_in
from tests.web.console.visitor import Page, Visitor

STRANGE = ["a/b", "a//b/", ".", "..", "../audit", "50%", "%2F", "a?b#c", "שלום", "'quoted' \"twice\"", "x" * 10_000]
ALL = [*HOSTILE, *STRANGE]

COUNT = "SELECT count(*) FROM groups WHERE workspace_id = (SELECT id FROM workspaces WHERE name = 'default')"


class Shop:
    """What has been sent to the console's server, and who is who."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.server = console.server
        wait_for(lambda: self.server.knows(console.source))
        self.browser = self.server.source("segment", "--name", "site", "--trust", "browser")
        self.count = 0
        self.ana()
        self.two_with_one_address()
        for number in range(130):
            self.send("track", userId="busy", event="Viewed" if number % 10 else "Bought", **self.at(number))
        for number in range(7):
            self.send("group", userId=f"worker-{number}", groupId="factory", traits={"name": "The Factory"})
        self.strange()
        self.settled()

    def send(self, call: str, key: str | None = None, **body: Any) -> None:
        secret = key or self.console.source["write_key"]
        answer = self.server.call("POST", f"/v1/{call}", body, secret)
        assert answer.status == 200, answer.body

    def settled(self) -> None:
        self.server.processed()

    def at(self, number: int) -> dict[str, str]:
        return {"timestamp": f"2026-03-{1 + number // 20:02}T10:{number % 20:02}:00Z"}

    def ana(self) -> None:
        self.send("page", anonymousId="laptop", name="Home", properties={"path": "/welcome", "title": "Hello"})
        self.send("identify", userId="u-42", traits={"email": "Ana@Shop.example", "phone": "+49 151 1234567"})
        traits = {
            "name": "Ana Costa",
            "avatar": "https://pictures.example/ana.png",
            "plan": None,
            "address": {"c": 1.5},
        }
        self.send("identify", userId="u-42", anonymousId="laptop", traits=traits)
        order = {"revenue": 12.5, "currency": "EUR", "coupon": "SPRING"}
        self.send("track", userId="u-42", event="Ticket Bought", properties=order)
        self.send("track", userId="u-42", event="Ticket Bought", properties=order | {"currency": "USD"})
        self.send("group", userId="u-42", groupId="acme/1", traits={"name": "Acme Ltd", "seats": 40})

    def two_with_one_address(self) -> None:
        self.send("identify", userId="first", traits={"email": "same@shop.example"})
        self.send("identify", self.browser["write_key"], userId="second", traits={"email": "same@shop.example"})

    def strange(self) -> None:
        for number, text in enumerate(ALL):
            also = {text: text, "avatar": text} if len(text) < 5_000 else {text: 1}  # an event has at most 32 KB
            self.send("identify", userId=text, anonymousId=f"device {number} {text[:100]}", traits={"name": text})
            self.send("identify", userId=text, traits=also)
            self.send("identify", userId=text, traits={f"{text} gone": None})
            self.send("track", userId=text, event=text, messageId=f"strange-{number}")
            self.send("page", userId=text, name="Props", properties={text: 1, "path": text})
            self.send("group", userId=text, groupId=text, traits={"name": text})
            self.send("group", userId=text, groupId=text, traits={text: ["a", 1.5]})

    def profile(self, user_id: str) -> int:
        return int(
            self.console.query(
                "SELECT p.root_id FROM identifiers i JOIN profiles p ON p.id = i.profile_id"
                " WHERE i.kind = 'user_id' AND i.value = ?",
                user_id,
            )[0][0]
        )

    def page(self, user_id: str, query: str = "", visitor: Visitor | None = None) -> Page:
        page = (visitor or self.console.viewer).get(f"/console/profiles/{self.profile(user_id)}{query}")
        assert page.status == 200, page.text
        return page

    def merged(self, name: str) -> tuple[int, int]:
        """Make two customers and let an event name both; return the one that became part of the other, and that."""
        self.send("identify", userId=name, traits={"email": f"{name}@shop.example"})
        number = f"+49 30 {1_000_000 + len(name)}"
        self.send("identify", anonymousId=f"{name}-phone", traits={"phone": number})
        self.settled()
        parent = self.profile(name)
        self.send("identify", userId=name, traits={"phone": number})
        self.settled()
        ((child,),) = self.console.query("SELECT child_id FROM profile_links WHERE parent_id = ?", parent)
        return child, parent


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
    """Return what a page says, without marks, blanks as one."""
    inside = re.sub(r"(?s)<(header class=\"bar\"|aside|head\b|dialog).*?</(header|aside|head|dialog)>", " ", page.text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", inside)).split())


def found(shop: Shop, search: str) -> list[str]:
    page = shop.console.viewer.get("/console/profiles?" + urlencode({"search": search, "limit": 200}))
    assert page.status == 200, page.text
    return re.findall(r'href="/console/profiles/(\d+)"', page.text)


@pytest.mark.parametrize(
    "search", ["ana c", " ANA COSTA ", "u-4", "ana@shop", "ANA@SHOP.EXAMPLE", "laptop", "+49 (151)", "0049 151 1234567",
               "49 151 1234567", "+491511234567"]
)  # fmt: skip
def test_somebody_is_found(shop: Shop, search: str) -> None:
    assert str(shop.profile("u-42")) in found(shop, search)


def test_somebody_is_found_by_the_number_of_the_profile(shop: Shop) -> None:
    number = str(shop.profile("u-42"))
    assert found(shop, number)[0] == number
    assert found(shop, "999999") == found(shop, "9" * 30) == []


def test_a_national_number_is_read_by_the_country_of_a_source(shop: Shop) -> None:
    assert found(shop, "0151 1234567") == []
    token = shop.server.cli("token", "create", "--scope", "admin")["token"]
    german = {"dialect": "segment", "name": "german", "settings": {"country": "DE"}}
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    wait_for(lambda: shop.server.call("GET", "/tidings/v1/sources", headers=bearer).status == 200)
    assert shop.server.call("POST", "/tidings/v1/sources", german, headers=bearer).status == 201
    assert found(shop, "0151 1234567") == [str(shop.profile("u-42"))]


def test_a_search_that_finds_nobody_says_so(shop: Shop) -> None:
    page = shop.console.viewer.get("/console/profiles?search=nobody-of-this-name")
    assert "Nobody is found" in page.text
    assert 'href="/console/profiles"' in page.text
    assert 'value="nobody-of-this-name"' in page.text


def test_the_list_shows_what_matters(shop: Shop) -> None:
    page = shop.console.viewer.get("/console/profiles?search=u-42")
    said = text_of(page)
    for part in ("AC", "Ana Costa", "user id u-42", "email ana@shop.example", "12.50 EUR", "12.50 USD"):
        assert part in said, part


def test_pages_of_the_list_meet_everybody_once(shop: Shop) -> None:
    for search in ("", "worker"):
        address, ids = "/console/profiles?" + urlencode({"limit": 3} | ({"search": search} if search else {})), []
        while True:
            page = shop.console.viewer.get(address)
            ids += re.findall(r'href="/console/profiles/(\d+)"', page.text)
            further = re.search(r'rel="next" href="([^"]+)"', page.text)
            if not further:
                break
            address = html.unescape(further[1]) + "&limit=3"
        assert len(ids) == len(set(ids))
        assert len(ids) == 7 or (not search and len(ids) > 30)


def test_one_profile(shop: Shop) -> None:
    page = shop.page("u-42")
    said = text_of(page)
    expected = [
        "Ana Costa", "12.50 EUR 12.50 USD", "Today", "track Ticket Bought", "page Home", "path /welcome",
        "coupon SPRING", "name Ana Costa", "Removed traits (1)", "plan by", "user id u-42", "phone +491511234567",
        "anonymous id laptop", "acme/1", "became part of this one", "named both by the anonymous id laptop", "identify",
    ]  # fmt: skip
    for part in expected:
        assert part in said, part
    assert 'href="https://pictures.example/ana.png"' in page.text
    assert 'href="/console/groups/acme%2F1"' in page.text
    assert "shop" in said
    events = [row[0] for row in shop.console.query("SELECT id FROM events WHERE name = 'Ticket Bought'")]
    assert all(f'href="/console/events/{number}"' in page.text for number in events)
    assert re.findall(r'<img src="([^"]*)"', page.text) == ["https://pictures.example/ana.png"]


def test_a_conflict_is_told_in_words(shop: Shop) -> None:
    said = text_of(shop.page("second"))
    assert (
        f"also named profile {shop.profile('first')} , by the email same@shop.example . They were not merged." in said
    )
    assert "Each has a user id of its own" in said


def entries(page: Page) -> list[str]:
    return re.findall(r'href="/console/events/(\d+)"', page.text)


def test_a_timeline_is_paged_and_narrowed(shop: Shop) -> None:
    path = f"/console/profiles/{shop.profile('busy')}"
    for query, count in (("", 130), ("name=Bought", 13), ("verb=track", 130), ("verb=page", 0), ("source_id=1", 130)):
        address, ids = f"{path}?{query}", []
        while True:
            page = shop.console.viewer.get(address)
            assert page.status == 200
            ids += entries(page)
            further = re.search(r'rel="next" href="([^"]+)"', page.text)
            if not further:
                break
            address = html.unescape(further[1])
            assert query in address
        assert (len(ids), len(set(ids))) == (count, count), query
    assert "Nothing of this kind" in shop.console.viewer.get(f"{path}?verb=page").text
    said = text_of(shop.console.viewer.get(path))
    assert "Saturday, 7 March 2026" in said
    assert said.index("7 March 2026") < said.index("6 March 2026")


def test_days_begin_in_the_zone_of_the_workspace(fresh: Console) -> None:
    visitor = fresh.owner
    wait_for(lambda: fresh.server.knows(fresh.source))
    event = {"userId": "late", "event": "Late", "timestamp": "2026-03-01T23:30:00Z"}
    assert fresh.server.call("POST", "/v1/track", event, fresh.source["write_key"]).status == 200
    fresh.server.settled()
    ((number,),) = fresh.query("SELECT id FROM profiles")
    assert "Sunday, 1 March 2026" in visitor.get(f"/console/profiles/{number}").text
    assert visitor.post("/console/settings/workspace", {"title": "x", "time_zone": "Europe/Berlin"}).status == 303
    page = visitor.get(f"/console/profiles/{number}").text
    assert "Monday, 2 March 2026" in page
    assert ">00:30:00<" in page


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("verb=nonsense", 400),
        ("source_id=x", 400),
        ("source_id=999999", 404),
        ("cursor=nonsense", 400),
        ("limit=0", 400),
    ],
)
def test_odd_filters_are_refused(shop: Shop, query: str, status: int) -> None:
    assert shop.console.viewer.get(f"/console/profiles/{shop.profile('busy')}?{query}").status == status


def test_numbers_that_are_none_are_refused(shop: Shop) -> None:
    for path, status in (("0", 400), ("999999", 404), ("9" * 30, 400), ("x", 404)):
        assert shop.console.viewer.get(f"/console/profiles/{path}").status == status, path


def test_a_merge_is_undone(shop: Shop) -> None:
    child, parent = shop.merged("twice")
    page = shop.console.viewer.get(f"/console/profiles/{child}")
    assert (page.status, page.location) == (303, f"/console/profiles/{parent}")
    page = shop.console.viewer.follow(page)
    assert page.said == [f"Profile {child} was merged into this one."]
    assert "unmerge" not in page.text
    assert f'action="/console/profiles/{child}/unmerge"' in shop.console.editor.get(page_of(parent)).text
    assert shop.console.viewer.post(page_of(child) + "/unmerge").status == 403
    page = shop.console.editor.post(page_of(child) + "/unmerge")
    assert page.location == page_of(child)
    page = shop.console.editor.follow(page)
    assert page.said[0].startswith(f"Profile {child} stands by itself again")
    assert "twice-phone" in page.text
    page = shop.console.editor.follow(shop.console.editor.post(page_of(child) + "/unmerge"))
    assert page.said == [f"Profile {child} is not merged into another one any more."]
    bob = shop.console.query("SELECT id FROM users WHERE email = 'bob@example.org'")[0][0]
    rows = shop.console.query("SELECT actor, action, detail FROM audit WHERE subject = ?", f"profile:{child}")
    assert rows == [(f"user:{bob}", "profile.unmerged", f'{{"out_of": {parent}}}')]


def test_a_customer_is_exported(shop: Shop) -> None:
    number = shop.profile("u-42")
    assert "Export" not in shop.page("u-42").text
    page = shop.console.editor.get(page_of(number) + "/export")
    assert page.headers["content-disposition"] == f'attachment; filename="profile-{number}.json"'
    assert page.headers["content-type"].startswith("application/json")
    assert page.headers["cache-control"] == "no-store"
    document = json.loads(page.body)
    assert (document["id"], document["event_count"]) == (number, len(document["events"]))
    assert shop.console.viewer.get(page_of(number) + "/export").status == 403
    assert shop.console.stranger.get(page_of(number) + "/export").status == 404
    rows = shop.console.query("SELECT action FROM audit WHERE subject = ?", f"profile:{number}")
    assert rows == [("profile.exported",)]


def test_a_customer_is_forgotten_once_they_are_named(shop: Shop) -> None:
    shop.send("identify", userId="goes", traits={"email": "goes@shop.example", "name": "Goes Away"})
    shop.settled()
    number = shop.profile("goes")
    path = page_of(number) + "/forget"
    assert "Forget" not in shop.page("goes", visitor=shop.console.editor).text
    for role in ("viewer", "editor"):
        assert shop.console.visitors[role].post(path, {"typed": str(number)}).status == 403
    assert shop.console.stranger.post(path, {"typed": str(number)}).status == 404
    assert shop.console.owner.post(path, {"typed": str(number)}, csrf="x" * 43).status == 403
    for typed in ("", "goes@shop.exampl", "Goes Away", str(number + 1), "x" * 2000):
        page = shop.console.owner.post(path, {"typed": typed})
        assert page.status == 422, typed
        assert page.said == ["Nobody was forgotten: type goes@shop.example to confirm it."]
    page = shop.console.owner.post(path, {"typed": " GOES@shop.example "})
    assert page.location == "/console/profiles"
    assert shop.console.owner.follow(page).said[0].startswith(f"Profile {number} is being forgotten.")
    wait_for(lambda: shop.console.owner.get(page_of(number)).status == 404)
    assert found(shop, "goes") == []
    rows = shop.console.query("SELECT action, detail FROM audit WHERE subject = ?", f"profile:{number}")
    assert rows == [("profile.forgotten", "{}")]


def page_of(profile: int) -> str:
    return f"/console/profiles/{profile}"


def test_groups_are_listed_and_found(shop: Shop) -> None:
    get = shop.console.viewer.get
    assert "The Factory" in get("/console/groups?limit=200").text
    for search in ("fact", "the f", "THE FACTORY", " factory "):
        said = text_of(get("/console/groups?" + urlencode({"search": search})))
        assert "The Factory factory 7" in said, search
    assert "No group is found" in get("/console/groups?search=nothing").text
    address, ids = "/console/groups?limit=2", []
    while True:
        page = get(address)
        ids += re.findall(r'<span class="clip"><a href="([^"]+)"', page.text)
        further = re.search(r'rel="next" href="([^"]+)"', page.text)
        if not further:
            break
        address = html.unescape(further[1]) + "&limit=2"
    assert len(ids) == len(set(ids)) == shop.console.query(COUNT)[0][0]


def test_a_group_has_traits_and_members(shop: Shop) -> None:
    page = shop.console.viewer.get("/console/groups/acme%2F1")
    said = text_of(page)
    for part in ("Acme Ltd", "Id acme/1", "Members 1", "Ana Costa", "seats 40", "name Acme Ltd"):
        assert part in said, part
    address, members = "/console/groups/factory?limit=2", []
    while True:
        page = shop.console.viewer.get(address)
        members += re.findall(r'href="/console/profiles/(\d+)"', page.text)
        further = re.search(r'rel="next" href="([^"]+)"', page.text)
        if not further:
            break
        address = html.unescape(further[1]) + "&limit=2"
    assert sorted(map(int, members)) == sorted(shop.profile(f"worker-{number}") for number in range(7))
    assert members == sorted(members, key=int, reverse=True)


def test_merged_members_count_once(shop: Shop) -> None:
    for who in ({"userId": "one-of-two"}, {"anonymousId": "two-of-two"}):
        shop.send("group", groupId="pair", **who)
    shop.settled()
    assert "Members 2" in text_of(shop.console.viewer.get("/console/groups/pair"))
    shop.send("track", userId="one-of-two", anonymousId="two-of-two", event="Both")
    shop.settled()
    page = shop.console.viewer.get("/console/groups/pair")
    assert "Members 1" in text_of(page)
    assert re.findall(r'href="/console/profiles/(\d+)"', page.text) == [str(shop.profile("one-of-two"))]


def test_a_group_that_nobody_was_put_into(shop: Shop) -> None:
    shop.send("track", userId="u-42", event="Seen", context={"groupId": "only named"})
    shop.settled()
    said = text_of(shop.console.viewer.get("/console/groups/only%20named"))
    assert "Members 0" in said
    assert "Nobody: events named the group" in said
    assert shop.console.viewer.get("/console/groups/unknown").status == 404
    assert shop.console.viewer.get("/console/group?digest=x&begins=x").status == 404
    assert shop.console.viewer.get("/console/group").location == "/console/groups"


@pytest.mark.parametrize("text", ALL, ids=range(len(ALL)))
def test_nothing_hostile_comes_to_life(shop: Shop, text: str) -> None:
    stored = stored_as(shop, text)
    page = shop.page(stored)
    assert_harmless(page.text)
    assert 'href="javascript' not in page.text
    assert "Removed traits (1)" in page.text
    assert re.search(r"<h1><bdi>", page.text)
    for address in (
        "/console/profiles?" + urlencode({"search": text}),
        "/console/groups?" + urlencode({"search": text}),
    ):
        page = shop.console.viewer.get(address)
        if len(text) <= 1000:
            assert page.status == 200, page.text
        assert_harmless(page.text)
    links = re.findall(r'href="(/console/group[s]?[/?][^"]+)"', shop.page(stored).text)
    assert links
    for link in links:
        page = shop.console.viewer.get(html.unescape(link))
        assert page.status == 200, link
        assert_harmless(page.text)
        assert str(shop.profile(stored)) in re.findall(r'href="/console/profiles/(\d+)"', page.text)


def stored_as(shop: Shop, text: str) -> str:
    """Return the user id as which a text is stored: surrounding blanks may go."""
    number = ALL.index(text)
    ((profile,),) = shop.console.query("SELECT profile_id FROM events WHERE message_id = ?", f"strange-{number}")
    rows = shop.console.query("SELECT value FROM identifiers WHERE profile_id = ? AND kind = 'user_id'", profile)
    return str(rows[0][0])


def test_lists_of_hostile_values_are_harmless(shop: Shop) -> None:
    for path in ("profiles", "groups"):
        page = shop.console.viewer.get(f"/console/{path}?limit=200")
        assert MARK in page.text
        assert_harmless(page.text)


def test_ids_of_another_workspace_are_not_there(shop: Shop) -> None:
    child, parent = shop.merged("guarded")
    group = re.findall(r'href="(/console/group\?[^"]+)"', shop.page("x" * 10_000).text)[0]
    for path in (page_of(parent), page_of(child), "/console/groups/factory", html.unescape(group)):
        assert shop.console.stranger.get(path).status == 404, path
        assert shop.console.viewer.get(path).status in (200, 303), path
    assert shop.console.stranger.post(page_of(child) + "/unmerge").status == 404
    for path in ("profiles", "profiles?search=u-42", f"profiles?search={parent}", "groups", "groups?search=fac"):
        page = shop.console.stranger.get(f"/console/{path}")
        assert not re.search(r'href="/console/(profiles|groups)/', page.text), path


def test_empty_lists_say_what_to_do(fresh: Console) -> None:
    for path, words in (("profiles", "No profiles yet"), ("groups", "No groups yet")):
        page = fresh.stranger.get(f"/console/{path}")
        assert words in page.text
        assert f"curl http://127.0.0.1:{fresh.server.port}/v1/" in html.unescape(page.text)


# In Chromium


def addresses(shop: Shop) -> dict[str, str]:
    return {
        "profiles": "profiles?search=" + quote("a"),
        "profile": f"profiles/{shop.profile('u-42')}",
        "conflict": f"profiles/{shop.profile('second')}",
        "busy": f"profiles/{shop.profile('busy')}?verb=page",
        "groups": "groups",
        "group": "groups/acme%2F1",
    }


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_are_for_everybody(shop: Shop, browse: Browse, look: str) -> None:
    page = signed_in(browse, shop.console.owner, LOOKS[look])
    for path in addresses(shop).values():
        page.goto(f"{shop.server.url}/console/{path}")
        assert_fits(page)
        assert_accessible(page)


def test_hostile_pages_fit_and_stay_dead(shop: Shop, browse: Browse) -> None:
    for look in (DESKTOP, PHONE):
        page = signed_in(browse, shop.console.owner, look)
        profiles = [
            f"profiles/{shop.profile(stored_as(shop, text))}" for text in (HOSTILE[0], HOSTILE[10], "x" * 10_000)
        ]
        for path in ("profiles?limit=200", "groups?limit=200", *profiles):
            page.goto(f"{shop.server.url}/console/{path}")
            assert page.evaluate("document.querySelectorAll('.xx-hostile, main img, main script, main b').length") == 0
            assert_fits(page)


def test_the_picture_that_a_shop_sent_is_shown(shop: Shop, browse: Browse) -> None:
    page = signed_in(browse, shop.console.owner)
    page.goto(f"{shop.server.url}/console/profiles/{shop.profile('u-42')}")
    picture = page.locator(".avatar img")
    wait_for(lambda: picture.evaluate("image => image.naturalWidth") > 0)


def test_a_search_and_an_undo_by_keyboard(shop: Shop, browse: Browse) -> None:
    child, parent = shop.merged("keyboard")
    page = signed_in(browse, shop.console.editor)
    page.goto(f"{shop.server.url}/console/account")
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", level=1)).to_have_text("Profiles")
    page.wait_for_load_state()  # the heading is there before the keys are
    page.keyboard.press("/")
    page.keyboard.type("KEYBOARD@shop.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    tab_to(page, "keyboard@shop.example")
    assert_focus_is_seen(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("keyboard@shop.example")
    tab_to(page, "Undo")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=f"Take profile {child} out again?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text(f"Profile {child} stands by itself again")
    assert page.url.endswith(page_of(child))
    assert parent != child


def tab_to(page: Tab, text: str) -> None:
    """Press Tab until the focus is on something of this text."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            return
    raise AssertionError(f"the keyboard does not reach {text}")
