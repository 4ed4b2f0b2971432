"""A shop whose pages carry the snippet, for tests in a real browser."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser import Browse
from tests.e2e.site import Site, snippet
from tests.serving import Running

IDLE = """() => analytics.initialized && Object.keys(localStorage).every(name => !name.startsWith("tidings.queue."))"""


class Shop:
    """The shop's site on one origin, Tidings on another."""

    def __init__(self, server: Running, site: Site) -> None:
        self.server = server
        self.site = site
        self.key: str = server.source("segment", "--trust", "browser")["write_key"]
        self.token = server.token("--scope", "read")

    @property
    def tidings(self) -> str:
        """Where the snippet loads the script from."""
        return f"http://events.shop.example:{self.server.port}"

    def put(
        self, path: str = "/", calls: str = "", body: str = "", headers: dict[str, str] | None = None, **given: str
    ) -> str:
        """Set a page and return its address.

        Args:
            path: Of the page.
            calls: JavaScript after the snippet, run before the script has arrived.
            body: HTML.
            headers: Of the answer.
            given: ``options`` of analytics.load, ``name`` of the global, ``host`` with a prefix, ``head`` HTML,
                ``before`` JavaScript before the snippet.
        """
        head, before = given.pop("head", ""), given.pop("before", "")
        text = snippet(given.pop("host", self.tidings), self.key, **given)
        scripts = f"<script>{before}</script><script>{text}{calls}</script>"
        html = f"<!doctype html><title>Mugs</title><link rel=icon href=data:,>{head}{scripts}<body>{body}</body>"
        self.site.put(path, html, headers)
        return self.site.address(path)

    def events(self, *anonymous: str) -> list[dict[str, Any]]:
        """Wait until all is processed, and return the events of visitors, oldest first, each message id once."""
        self.server.processed()
        bearer = {"Authorization": f"Bearer {self.token}"}
        rows = self.server.call("GET", "/tidings/v1/events?limit=200", headers=bearer).json()["items"]
        found = [row for row in rows if row["anonymous_id"] in anonymous]
        assert [name for name, times in Counter(row["message_id"] for row in found).items() if times > 1] == []
        return sorted(found, key=lambda row: int(row["id"]))

    def sent(self, page: Page) -> list[dict[str, Any]]:
        """Wait until the page has sent all it has to say, and return the events of its visitor."""
        page.wait_for_function(IDLE)
        return self.events(page.evaluate("analytics.user().anonymousId()"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with a running Tidings, shared by the tests of a module: visitors tell them apart."""
    server = Running(tmp_path_factory.mktemp("shop") / "data").start()
    site = Site()
    yield Shop(server, site)
    site.close()
    server.stop()


@pytest.fixture
def page(browse: Browse) -> Page:
    """A visitor at a desktop."""
    return browse()
