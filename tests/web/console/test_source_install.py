"""A plugin of a shop may register its token: an owner opens that on the source's page, and sees the code once."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser import Browse
from tests.serving import wait_for
from tests.web.console.accessible import assert_accessible
from tests.web.console.conftest import ALICE, Console
from tests.web.console.hostile import HOSTILE_LINES, assert_harmless
from tests.web.console.test_browser import LOOKS, assert_fits, signed_in
from tests.web.console.test_source_pages import deeds, make, secrets_in


def shop(console: Console, name: str) -> int:
    """Make a source of Remarkety; return its number."""
    return make(console.owner, name, dialect="remarkety")[0]


def register(console: Console, code: str, key: str) -> int:
    """Come as a plugin; return the status of the answer."""
    body = urlencode({"password": code, "key": key, "email": "o@shop.example"}).encode()
    return console.server.call("POST", "/public/install/notify", body, headers={"Content-Type": "x"}).status


def state(console: Console, number: int) -> str:
    """Return what the page of a source says of its installation."""
    found = re.search(
        r"<dt>Installation</dt><dd>(.*?)</dd>", console.viewer.get(f"/console/sources/{number}").text, re.S
    )
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def test_the_code_is_shown_once_and_works_once(console: Console) -> None:
    number = shop(console, "with a plugin")
    assert state(console, number) == "closed It was never opened."
    page = console.owner.post(f"/console/sources/{number}/install")
    assert page.status == 200
    assert page.headers["cache-control"] == "no-store"
    (code,) = secrets_in(page)
    assert state(console, number).startswith("open until ")
    again = console.owner.post(f"/console/sources/{number}/install")
    assert register(console, code, "a first plugin") == 400  # the earlier code is worth nothing
    (code,) = secrets_in(again)
    assert register(console, code, "the shop's own key") == 200
    assert state(console, number) == "used A plugin has registered."
    assert register(console, code, "another key") == 400
    assert deeds(console, number) == ["source.created", "install.opened", "install.opened", "key.added", "install.done"]

    log = console.owner.get("/console/audit?action=install").text
    assert ALICE in log
    seen = [console.owner.get(f"/console/sources{path}").text for path in ("", f"/{number}", f"/{number}/settings")]
    seen += [log, console.owner.get("/console/audit").text, "".join(console.server.output)]
    seen.append(str(console.query("SELECT * FROM audit")) + str(console.query("SELECT * FROM handshakes")))
    for form in (code, code.replace("-", "")):
        assert not [text for text in seen if form in text]

    ended = urlencode({"key": "the shop's own key"}).encode()
    wait_for(lambda: console.server.call("POST", "/public/install/uninstall", ended).status == 200)
    assert "taken out of the shop" in console.viewer.get(f"/console/sources/{number}").text


def test_only_owners_see_the_button(console: Console) -> None:
    number = shop(console, "not for all")
    for role, visitor in console.visitors.items():
        text = visitor.get(f"/console/sources/{number}").text
        assert (f"/console/sources/{number}/install" in text) == (role == "owner")
        assert "It was never opened." in text
    assert deeds(console, number) == ["source.created"]


def test_what_cannot_be_opened(console: Console) -> None:
    other, _ = make(console.owner, "no plugins here")
    assert "Connect a plugin" not in console.owner.get(f"/console/sources/{other}").text
    page = console.owner.follow(console.owner.post(f"/console/sources/{other}/install"))
    assert page.said == [f"Nothing was opened: source {other} speaks segment: only Remarkety&#39;s plugins connect so."]
    number = shop(console, "switched off")
    console.owner.post(f"/console/sources/{number}/disable")
    assert "Enable the source first." in console.owner.get(f"/console/sources/{number}").text
    page = console.owner.follow(console.owner.post(f"/console/sources/{number}/install"))
    assert page.said == [f"Nothing was opened: source {number} is disabled: enable it first."]
    assert "install.opened" not in deeds(console, other) + deeds(console, number)
    assert console.owner.post("/console/sources/999999/install").status == 404


def test_nothing_hostile_comes_to_life(console: Console) -> None:
    for text in HOSTILE_LINES:
        page = console.owner.post(f"/console/sources/{shop(console, 'p' + text[:99])}/install")
        assert page.status == 200
        assert_harmless(page.text)


@pytest.mark.parametrize("look", LOOKS)
def test_it_is_for_everybody(console: Console, browse: Browse, look: str) -> None:
    number = shop(console, f"plugin {look}")
    page = signed_in(browse, console.owner, LOOKS[look])
    page.goto(f"{console.server.url}/console/sources/{number}")
    assert_fits(page)
    opener = page.get_by_role("button", name="Open for 15 minutes")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Let a plugin connect?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".once code")).to_have_text(re.compile(r"^\w{4}-\w{4}$"))
    assert_fits(page)
    assert_accessible(page)
    page.get_by_role("link", name="Done").click()
    expect(page.locator("dd", has_text="until")).to_be_visible()
