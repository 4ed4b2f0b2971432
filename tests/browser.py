"""A real browser: Debian's Chromium, driven by Playwright. One process a session, a fresh visitor for every call.

    def test_sign_in(server: Running, browse: Browse) -> None:
        page = browse()                                    # a desktop, light
        page = browse(PHONE, color_scheme="dark")          # another visitor: a phone, dark
        page = browse(DESKTOP, locale="de-DE", storage_state=path)   # any option of Playwright's Browser.new_context
        page.goto(server.url + "/console")
        page.get_by_label("Email").fill("alice@example.com")
        expect(page.get_by_role("heading")).to_have_text("Customers")    # from playwright.sync_api import expect

Each call is a visitor of its own (cookies, localStorage, cache); a second tab of the same one is
``page.context.new_page()``. Hosts that end in ``.example`` are this machine, and nothing beyond it can be reached; a
page of ``http://www.shop.example:PORT`` is no secure context, one of ``127.0.0.1`` is.

Waiting is Playwright's business: ``expect`` and the locators wait up to ten seconds; for anything else use
``page.wait_for_function``, or ``tests.serving.wait_for`` with a condition that asks the page (what a page reports
arrives only while a call to Playwright is under way).

A test fails at its end if a page wrote an error to the console (also a resource that could not be loaded), threw, or
broke its Content-Security-Policy. Where that is what the test is about, say so first:

    browse.allow(r"status of 404")       # a regular expression; searched in the text of the fault

``browse.faults`` holds what was found so far. In a test that uses ``browse``, ``asyncio.run`` does not work.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebError, sync_playwright

MILLISECONDS = 10_000
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
# Nothing may be loaded from elsewhere: names lead to this machine or nowhere.
HOSTS = "MAP *.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
# A report-only policy and a violation in a frame reach the console too, but in words that change with the version.
WATCH = """document.addEventListener("securitypolicyviolation", e =>
    console.error("CSP violation: " + e.effectiveDirective + " keeps out " + e.blockedURI + " at " + e.sourceFile))"""

# The only host elsewhere that answers: customers have their pictures there.
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path fill="teal" d="M0 0h1v1H0z"/></svg>'
SVG = "image/svg+xml"


class Browse:
    """Opens pages for visitors and keeps what goes wrong in them; the module says how to use it."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._allowed: list[str] = []
        self._found: list[str] = []

    def __call__(self, device: dict[str, Any] = DESKTOP, **options: Any) -> Page:
        """Return a page of a new visitor.

        Args:
            device: ``DESKTOP`` or ``PHONE``.
            options: Of Playwright's ``Browser.new_context``, for example ``color_scheme="dark"``.
        """
        given = {"locale": "en-US", "timezone_id": "Europe/Berlin", **device, **options}
        context = self._browser.new_context(**given)
        self._contexts.append(context)
        context.set_default_timeout(MILLISECONDS)
        context.add_init_script(WATCH)
        context.route("https://pictures.example/**", lambda route: route.fulfill(body=PICTURE, content_type=SVG))
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        return context.new_page()

    def allow(self, pattern: str) -> None:
        """Forgive faults that a regular expression is found in."""
        self._allowed.append(pattern)

    @property
    def faults(self) -> list[str]:
        """What went wrong in the pages and is not allowed."""
        return [text for text in self._found if not any(re.search(pattern, text) for pattern in self._allowed)]

    def close(self) -> None:
        """Close all pages."""
        for context in self._contexts:
            context.close()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location
            self._found.append(f"console: {message.text} ({place['url']}:{place['lineNumber']})")

    def _on_error(self, error: WebError) -> None:
        self._found.append(f"thrown: {error.error.stack or error.error.message}")


class Chromium:
    """The browser of the session, started when the first test needs it."""

    def __init__(self) -> None:
        program = shutil.which("chromium")
        if program is None:
            pytest.fail("Chromium is not installed: 'make test' installs it")
        self._playwright = sync_playwright().start()
        # Chromium's own sandbox does not work for root; Playwright switches it off for everybody unless told.
        self.browser = self._playwright.chromium.launch(
            executable_path=program, chromium_sandbox=os.geteuid() != 0, args=[f"--host-resolver-rules={HOSTS}"]
        )
        self._loop = asyncio.get_running_loop()
        self.rest()

    def wake(self) -> None:
        """Let Playwright work in this thread."""
        asyncio._set_running_loop(self._loop)

    def rest(self) -> None:
        """Let others work in this thread: the loop of Playwright's that is suspended in it forbids asyncio.run."""
        asyncio._set_running_loop(None)

    def stop(self) -> None:
        """End the browser."""
        self.wake()
        self.browser.close()
        self._playwright.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The browser; tests use ``browse``."""
    started = Chromium()
    yield started
    started.stop()


@pytest.fixture
def browse(chromium: Chromium) -> Iterator[Browse]:
    """Opens pages; the test fails if anything goes wrong in one that was not allowed."""
    chromium.wake()
    pages = Browse(chromium.browser)
    try:
        yield pages
        pages.close()
    finally:
        chromium.rest()
    assert pages.faults == [], "in the browser"
