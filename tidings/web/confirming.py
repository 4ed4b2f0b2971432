"""The page on which a customer confirms a sign-up: without session, scripts or anything from elsewhere.

A GET changes nothing: programs that look through mail follow every link. The button posts.
"""

import base64
import hashlib
import math
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tidings.consent import confirming, rules
from tidings.consent.model import SignUp
from tidings.db import Database
from tidings.db.engine import is_environment
from tidings.kit import clock
from tidings.kit.proxies import Proxies, network
from tidings.kit.signing import Signer
from tidings.kit.throttle import Throttle
from tidings.web.auth import caller

BURST, SECONDS = 30, 4.0  # requests of one caller at once, and after how long there is one more
LONGEST = 200  # bytes of a path: what is longer is no link of ours
STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; padding: 1.5rem; }
main { max-width: 28rem; margin: 12vh auto 0; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; }
button { font: inherit; font-weight: 600; width: 100%; padding: .85rem 1rem; border: 0; border-radius: .5rem;
  background: #1d4ed8; color: #fff; cursor: pointer; }
button:focus-visible { outline: 3px solid #f59e0b; outline-offset: 2px; }
.hint { font-size: .9rem; opacity: .8; }
"""
_MARK = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_MARK}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-robots-tag": "noindex",
    "cache-control": "no-store",
}
WHAT = {"email": "email", "sms": "text messages"}
UNKNOWN = {
    "title": "This link does not work",
    "text": "It may be incomplete, or what it was about is no longer stored.",
    "hint": "Open it again from the message that you received, or sign up once more.",
}
ENDED = {
    "expired": ("This link has expired", "It could be used for 30 days. Nothing was changed."),
    "withdrawn": ("This sign-up was withdrawn", "You have unsubscribed since you signed up. Nothing was changed."),
    "replaced": ("There is nothing left to confirm", "You were subscribed in another way since. Nothing was changed."),
}
FAST = {
    "title": "Too many attempts",
    "text": "Too many requests came from where you are.",
    "hint": "Wait a moment, then try again.",
}
OURS = {
    "title": "This did not work",
    "text": "It is our mistake, and nothing was changed.",
    "hint": "Try again in a minute.",
}
ONLY = {"title": "This address does not take that", "text": "Open the link in a browser and press its button."}
Page = tuple[int, dict[str, str]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]
logger = structlog.get_logger()


class Confirming:
    """The ASGI app below ``/tidings/confirm/``.

    Args:
        database: The state.
        key: The installation's.
        proxies: Who may say who is calling.
    """

    def __init__(self, database: Database, key: bytes, proxies: Proxies) -> None:
        self._database = database
        self._key = key
        self._signer = Signer(key)
        self._proxies = proxies
        self._throttle = Throttle(BURST, SECONDS)
        loader = FileSystemLoader(Path(__file__).parent / "templates")
        pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        self._template = pages.get_template("confirm.html")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        ip, scheme = caller(self._proxies, scope)
        wait = self._throttle.take(network(ip), time.monotonic())
        more = {"strict-transport-security": "max-age=31536000"} if scheme == "https" else {}
        if wait:
            more["retry-after"] = str(math.ceil(wait))
            await self._send(scope, send, (429, FAST), more)
            return
        try:
            page = await self._page(scope, ip)
        except Exception as error:
            logger.error("a sign-up could not be confirmed", exc_info=error)  # without the path: it has the signature
            page = (503 if is_environment(error) else 500, OURS)
        if page[0] == 405:
            more["allow"] = "GET, HEAD, POST"
        await self._send(scope, send, page, more)

    async def _page(self, scope: Any, ip: str) -> Page:
        path: str = scope["path"]
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, ONLY
        number = None
        if len(path) <= LONGEST:
            number = confirming.number_in(self._signer, path.removeprefix(confirming.PATH))
        if number is None:
            return 404, UNKNOWN
        now = clock.now()
        if scope["method"] == "POST":
            found = await self._database.write(confirming.confirm, number, ip, now, self._key)
        else:
            found = await self._database.read(confirming.find_opt_in, number, now)
        return page_of(found)

    async def _send(self, scope: Any, send: Any, page: Page, more: dict[str, str]) -> None:
        status, words = page
        html = self._template.render({"asks": "", "hint": "", "style": STYLE} | words)
        body = html.encode("utf-8", "replace")
        headers = HEADERS | more | {"content-length": str(len(body))}
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def page_of(found: SignUp | None) -> Page:
    """Return status and words of the page about a sign-up.

    Args:
        found: The sign-up, None if there is none.
    """
    if found is None:
        return 404, UNKNOWN
    what, address = WHAT[found.channel], rules.mask(found.channel, found.address)
    if found.stage == "confirmed":
        return 200, {"title": "Thank you", "text": f"Your subscription by {what} to {address} is confirmed."}
    if found.stage == "pending":
        return 200, {
            "title": "Confirm your subscription",
            "text": f"Do you want to receive news by {what} to {address}?",
            "asks": "Yes, confirm",
            "hint": "If it was not you who signed up, close this page: you will receive nothing.",
        }
    title, text = ENDED[found.stage]
    return 410, {"title": title, "text": text, "hint": "You can sign up once more where you did before."}


def beside(public: Confirming, api: Asgi) -> Asgi:
    """Return an app that answers links to sign-ups itself and leaves all else to the API, which demands a token."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        await (public if scope["path"].startswith(confirming.PATH) else api)(scope, receive, send)

    return call
