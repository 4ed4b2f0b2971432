"""A browser without pictures: cookies, forms, no redirects unless asked for."""

import http.client
import re
from typing import Any
from urllib.parse import urlencode

from tests.serving import Running

PASSWORD = "a long enough password"


class Page:
    """What the console answered."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.cookies = [value for name, value in headers if name.lower() == "set-cookie"]
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        return self.headers["location"]

    @property
    def csrf(self) -> str:
        found = re.search(r'<meta name="csrf" content="([^"]*)">', self.text)
        assert found, self.text
        return found[1]

    @property
    def said(self) -> list[str]:
        """What the page says, as text."""
        return re.findall(r'<p class="note[^"]*"[^>]*>(.*?)</p>', self.text)

    @property
    def faults(self) -> list[str]:
        """What the page says at its fields."""
        return re.findall(r'<p class="fault"[^>]*>(.*?)</p>', self.text)


class Visitor:
    """Somebody with a browser.

    Args:
        server: Where to.
        headers: Sent with every request.
    """

    def __init__(self, server: Running, headers: dict[str, str] | None = None) -> None:
        self.server = server
        self.headers = headers or {}
        self.cookies: dict[str, str] = {}

    def request(self, method: str, path: str, body: str | bytes | None = None, **headers: str) -> Page:
        """Send one request and keep the cookies; header names are written with underscores."""
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            page = Page(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()
        for cookie in page.cookies:
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
            if "Max-Age=0" in cookie:
                del self.cookies[name]
        return page

    def get(self, path: str, **headers: str) -> Page:
        return self.request("GET", path, **headers)

    def post(self, path: str, fields: dict[str, Any] | None = None, csrf: str | None = None, **headers: str) -> Page:
        """Send a form with the token of our own page unless another is given."""
        token = self.csrf() if csrf is None else csrf
        body = urlencode((fields or {}) | ({"csrf": token} if token else {}), doseq=True)
        return self.request("POST", path, body, Content_Type="application/x-www-form-urlencoded", **headers)

    def csrf(self) -> str:
        """Return the token that this visitor's forms carry."""
        inside = self.get("/console/account")
        return inside.csrf if inside.status == 200 else self.get("/console/sign-in").csrf

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> Page:
        return self.post("/console/sign-in", {"email": email, "password": password, **fields})

    def follow(self, page: Page) -> Page:
        """Go where an answer leads."""
        assert page.status == 303, (page.status, page.text)
        return self.get(page.location)
