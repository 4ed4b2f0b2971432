"""Overview, live events and refused requests in a real browser."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Browse
from tests.web.console.accessible import assert_accessible
from tests.web.console.conftest import Console
from tests.web.console.hostile import HOSTILE
from tests.web.console.test_browser import LOOKS, assert_fits, signed_in

PATHS = [
    "",
    "?span=week",
    "/events",
    "/events?name=nothing",
    "/events/{event_id}",
    "/refused",
    "/refused/{refused_id}",
    "/refused/unknown",
    "/refused/warnings",
]
TOLD = 20_000  # milliseconds for what is asked for every few seconds


@pytest.fixture
def live(console: Console, browse: Browse) -> Page:
    """The list of events with enough of them to scroll."""
    console.send(*({"userId": "u-1", "event": f"Seen {i}"} for i in range(60)))
    page = signed_in(browse, console.owner)
    page.goto(f"{console.server.url}/console/events")
    expect(page.locator("#live")).to_have_text("New events appear by themselves.")
    return page


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_for_everybody(console: Console, browse: Browse, path: str, look: str) -> None:
    console.send({"userId": "null", "anonymousId": "a-1", "event": "With a note"})
    page = signed_in(browse, console.owner, LOOKS[look])
    page.goto(f"{console.server.url}/console{path.format(**console.known())}")
    assert_fits(page)
    assert_accessible(page)


def test_the_overview_refreshes_itself(console: Console, browse: Browse) -> None:
    console.send({"userId": "u-1", "event": "Before"})
    page = signed_in(browse, console.owner)
    page.goto(f"{console.server.url}/console")
    expect(page.locator("#chart canvas")).to_be_visible()
    page.get_by_text("The same as a table").click()
    link = page.get_by_role("link", name="Profiles").last
    link.focus()
    before = page.locator("#steps").get_attribute("data-points")
    for i in range(3):
        console.send({"userId": "u-1", "event": f"Meanwhile {i}"})
    page.wait_for_function(
        "before => document.getElementById('steps').dataset.points !== before", arg=before, timeout=TOLD
    )
    assert sum(json.loads(page.locator("#steps").get_attribute("data-points") or "")[1]) >= 4
    expect(page.get_by_role("table", name="Events of the last 60 minutes")).to_be_visible()  # it stayed open
    expect(link).to_be_focused()
    page.locator(".side").get_by_role("button", name="Dark").click()
    expect(page.locator("#chart canvas")).to_have_count(1)
    page.wait_for_function("() => document.getAnimations().length === 0")  # colours in between have no contrast
    assert_accessible(page)


def test_what_nobody_sees_does_not_refresh_itself(console: Console, browse: Browse) -> None:
    page = signed_in(browse, console.owner)
    page.goto(f"{console.server.url}/console")
    asked = """() => {
        const elt = document.getElementById("figures"), how = {bubbles: true, cancelable: true, detail: {elt}};
        return elt.dispatchEvent(new CustomEvent("htmx:beforeRequest", how));
    }"""
    assert page.evaluate(asked)
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    assert not page.evaluate(asked)


def test_new_events_come_in_by_themselves(console: Console, live: Page) -> None:
    console.send({"userId": "u-1", "event": "Just now"})
    expect(live.locator("#rows tr").first).to_contain_text("Just now", timeout=TOLD)
    expect(live.locator("#rows tr")).to_have_count(51)
    expect(live.locator("#show-fresh")).to_be_hidden()


def test_new_events_move_nothing_that_is_read(console: Console, live: Page) -> None:
    row = live.locator("#rows tr").nth(40)
    row.scroll_into_view_if_needed()
    place = row.bounding_box()
    console.send({"userId": "u-1", "event": "Held 1"}, {"userId": "u-1", "event": "Held 2"})
    button = live.get_by_role("button", name="Show 2 new events")
    expect(button).to_be_visible(timeout=TOLD)
    assert row.bounding_box() == place
    button.click()
    expect(live.locator("#rows tr").first).to_contain_text("Held 2")
    expect(live.locator("#rows a").first).to_be_focused()
    console.send({"userId": "u-1", "event": "Held 3"})  # the focus is in the list: it waits
    expect(live.get_by_role("button", name="Show 1 new event")).to_be_visible(timeout=TOLD)
    assert_accessible(live)


def test_pausing_by_keyboard(console: Console, live: Page) -> None:
    live.keyboard.press("p")
    pause = live.get_by_role("button", name="Continue")
    expect(pause).to_have_attribute("aria-pressed", "true")
    expect(live.locator("#live")).to_have_text("Paused.")
    console.send({"userId": "u-1", "event": "Meanwhile"})
    assert "Meanwhile" not in live.locator("#rows").inner_text()
    live.keyboard.press("p")
    expect(live.locator("#rows tr").first).to_contain_text("Meanwhile", timeout=TOLD)
    live.keyboard.press("/")
    expect(live.get_by_label("Name", exact=True)).to_be_focused()
    live.keyboard.type("p")  # in a field it is a letter
    expect(live.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "false")


def test_the_first_event_fills_an_empty_list(console: Console, browse: Browse) -> None:
    page = signed_in(browse, console.owner)
    page.goto(f"{console.server.url}/console/events?name=Nobody+sent+this")
    expect(page.get_by_role("heading", name="No event fits")).to_be_visible()
    console.send({"userId": "u-1", "event": "Nobody sent this"})
    expect(page.locator("#rows tr")).to_have_count(1, timeout=TOLD)
    expect(page.get_by_role("heading", name="No event fits")).to_have_count(0)


def test_an_ended_session_is_said(console: Console, browse: Browse) -> None:
    browse.allow("status of 401")
    visitor = console.signed_in("carol@example.org")
    page = signed_in(browse, visitor)
    page.goto(f"{console.server.url}/console/events")
    assert visitor.post("/console/sign-out").status == 303
    expect(page.locator("#live")).to_have_text("Your session has ended: reload the page.", timeout=TOLD)


def test_nothing_hostile_comes_to_life(console: Console, browse: Browse) -> None:
    page = signed_in(browse, console.owner)
    page.goto(f"{console.server.url}/console/events")
    for text in HOSTILE:
        console.send({"userId": text, "event": text, "messageId": f"browser {text}", "properties": {text: text}})
    expect(page.locator("#rows")).to_contain_text("xx-hostileWWW", timeout=TOLD)
    for text in HOSTILE:
        console.server.call("POST", "/v1/track", {"event": text}, console.source["write_key"])
    rows = console.query("SELECT id FROM events WHERE message_id LIKE 'browser %'")
    for path in ("", "/events", "/refused", "/refused/warnings", *(f"/events/{number}" for (number,) in rows)):
        page.goto(f"{console.server.url}/console{path}")
        alive = "document.querySelectorAll('.xx-hostile, main img, main svg, main b').length"
        assert page.evaluate(alive) == 0
        assert_fits(page)
