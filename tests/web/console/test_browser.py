"""The console in a real browser: by keyboard, on a phone, in the dark, and for those who do not see it."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import DESKTOP, PHONE, Browse
from tests.serving import Running
from tests.web.console.accessible import assert_accessible, violations
from tests.web.console.conftest import ALICE, Console
from tests.web.console.hostile import HOSTILE_LINES
from tests.web.console.test_entry import code_of
from tests.web.console.visitor import PASSWORD, Visitor

# Every page that stands in the navigation, and what is reached from it.
PAGES = ["account", "users", "tokens", "audit", "settings"]
LOOKS: dict[str, dict[str, Any]] = {
    "light": DESKTOP,
    "dark": DESKTOP | {"color_scheme": "dark"},
    "phone": PHONE,
    "dark phone": PHONE | {"color_scheme": "dark"},
}


def signed_in(browse: Browse, visitor: Visitor, look: dict[str, Any] = DESKTOP) -> Page:
    """Return a page of a browser that has a visitor's session."""
    page = browse(look)
    url = visitor.server.url + "/console"
    page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in visitor.cookies.items()])
    return page


def test_everything_begins_with_the_keyboard(console: Console, browse: Browse) -> None:
    page = browse()
    page.goto(f"{console.server.url}/console/users")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.keyboard.type(ALICE)  # the focus is where it begins
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")
    expect(page.get_by_label("Main").get_by_role("link", name="Audit log")).to_have_attribute("aria-current", "page")
    page.wait_for_load_state()  # the heading is there before the script that knows the keys
    page.keyboard.press("/")
    expect(page.get_by_label("Who", exact=True)).to_be_focused()
    page.keyboard.press("g")  # in a field it is a letter
    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")
    assert_focus_is_seen(page)


def test_the_focus_goes_to_what_is_wrong(console: Console, browse: Browse) -> None:
    browse.allow("status of 422")
    page = signed_in(browse, console.owner)
    page.goto(f"{console.server.url}/console/users")
    page.get_by_label("Email").fill("carol@example.org")
    page.get_by_role("button", name="Add user").click()
    expect(page.get_by_label("Email")).to_be_focused()
    expect(page.get_by_label("Email")).to_have_accessible_description(
        "Carol@example.org has a user already: an address belongs to one workspace of the installation"
    )
    assert_accessible(page)


def test_a_dialog_asks_first(console: Console, browse: Browse) -> None:
    number = console.add_user("gone@example.org", "viewer")
    page = signed_in(browse, console.owner)
    page.goto(f"{console.server.url}/console/users")
    opener = page.locator(f"[data-dialog=remove-{number}]")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Remove gone@example.org?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_contain_text("gone@example.org was removed")
    assert console.query("SELECT count(*) FROM users WHERE id = ?", number) == [(0,)]


def test_a_secret_is_shown_once_and_copied(console: Console, browse: Browse) -> None:
    page = signed_in(browse, console.owner)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{console.server.url}/console/tokens")
    page.get_by_label("Name").fill("copied")
    page.get_by_role("button", name="Make token").click()
    secret = page.locator(".once code").text_content()
    assert secret is not None
    page.locator(".once").get_by_role("button", name="Copy").click()
    expect(page.locator(".once").get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    assert_accessible(page)
    page.goto(f"{console.server.url}/console/tokens")
    assert secret not in page.content()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_for_everybody(console: Console, browse: Browse, path: str, look: str) -> None:
    page = signed_in(browse, console.owner, LOOKS[look])
    page.goto(f"{console.server.url}/console/{path}")
    assert_fits(page)
    assert_accessible(page)
    dark = page.evaluate("getComputedStyle(document.body).color.match(/\\d+/g)[0] > 128")
    assert dark == ("dark" in look)


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_outside_are_for_everybody(console: Console, browse: Browse, look: str) -> None:
    browse.allow(r"status of (404|422)")
    page = browse(LOOKS[look])
    page.goto(f"{console.server.url}/console/sign-in")
    assert_fits(page)
    assert_accessible(page)
    page.get_by_label("Email").fill("nobody@example.org")
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    assert_accessible(page)
    page.goto(f"{console.server.url}/console/nothing")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    assert_fits(page)
    assert_accessible(page)


def test_a_violation_would_be_found(browse: Browse) -> None:
    page = browse()
    page.set_content("<html><body><img src='data:,'><input></body></html>")
    assert any("image-alt" in text for text in violations(page))


def test_the_menu_of_a_phone(console: Console, browse: Browse) -> None:
    page = signed_in(browse, console.owner, PHONE)
    page.goto(f"{console.server.url}/console/users")
    link = page.get_by_label("Menu", exact=True).get_by_role("link", name="Settings")
    expect(link).to_be_hidden()
    page.locator("summary", has_text="Menu").tap()
    assert_accessible(page)
    assert_fits(page)
    link.tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_light_and_dark_by_the_switch(console: Console, browse: Browse) -> None:
    page = signed_in(browse, console.signed_in(ALICE))
    page.goto(f"{console.server.url}/console/account")
    page.locator(".side").get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator(".side").get_by_role("button", name="Light")).to_be_visible()
    page.goto(f"{console.server.url}/console/users")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(f"{console.server.url}/console/account")
    page.get_by_role("button", name="As the system").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")


def test_the_switch_works_without_scripts(console: Console, browse: Browse) -> None:
    page = signed_in(browse, console.signed_in(ALICE), DESKTOP | {"java_script_enabled": False})
    page.goto(f"{console.server.url}/console/account")
    page.get_by_role("button", name="Dark", exact=True).last.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")


def test_nothing_hostile_comes_to_life(console: Console, browse: Browse) -> None:
    for text in HOSTILE_LINES:
        assert console.owner.post("/console/tokens", {"name": text, "scope": "read"}).status == 200
    page = signed_in(browse, console.owner)
    for path in ("tokens", "audit?limit=200"):
        page.goto(f"{console.server.url}/console/{path}")
        assert page.evaluate("document.querySelectorAll('.xx-hostile, main img, main svg, main b').length") == 0
        assert_fits(page)
    page.goto(f"{console.server.url}/console/tokens")
    for button in page.get_by_role("button", name="Revoke").all()[:40]:
        if button.is_visible():
            button.click()
            page.keyboard.press("Escape")


def test_fragments_carry_the_token_and_lead_to_the_sign_in(console: Console, browse: Browse) -> None:
    browse.allow("status of 401|Error Code 401")
    visitor = console.signed_in(ALICE)
    page = signed_in(browse, visitor)
    page.goto(f"{console.server.url}/console/audit?action=user")
    assert page.evaluate("[htmx.config.allowEval, htmx.config.includeIndicatorStyles]") == [False, False]
    page.evaluate("htmx.ajax('POST', '/console/theme', {values: {theme: 'dark'}, swap: 'none'})")
    page.wait_for_function("document.cookie.includes('tidings_theme=dark')")
    visitor.cookies.pop("tidings_theme", None)
    assert visitor.post("/console/sign-out").status == 303
    page.evaluate("htmx.ajax('GET', '/console/audit', '#main')")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert page.url.endswith("/console/sign-in?next=/console/audit%3Faction%3Duser")


def test_an_error_of_a_fragment_is_said(console: Console, browse: Browse) -> None:
    browse.allow("status of 404|Error Code 404")
    page = signed_in(browse, console.owner)
    page.goto(f"{console.server.url}/console/users")
    page.evaluate("htmx.ajax('POST', '/console/users/99999/remove', '#main')")
    expect(page.get_by_role("status")).to_contain_text("there is no user 99999 in this workspace")
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")


def test_the_printed_address_sets_up_the_first_owner(tmp_path: Path, browse: Browse) -> None:
    server = Running(tmp_path / "data").start()
    try:
        page = browse()
        page.goto(f"{server.url}/console/set-up#{code_of(server)}")
        expect(page.get_by_label("Set-up code")).to_have_value(code_of(server))
        expect(page.get_by_label("Email")).to_be_focused()
        assert "#" not in page.url
        assert_accessible(page)
        page.keyboard.type("owner@example.org")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator(".side").get_by_text("owner@example.org")).to_be_visible()
        page.goto("about:blank")  # what the page still loads would not find the server
    finally:
        server.stop()


def assert_fits(page: Page) -> None:
    """Fail if a page is wider than the window."""
    assert page.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [page.evaluate("innerWidth")] * 2


def assert_focus_is_seen(page: Page) -> None:
    style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert style != "none"
