"""What stands before every page: recognises who comes, bounds what is read, and puts the safe headers on answers."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from tidings.db import Database
from tidings.db.engine import is_environment
from tidings.kit import clock
from tidings.kit.proxies import Proxies
from tidings.tenants import people_store, sessions
from tidings.tenants.model import Person
from tidings.web.auth import caller
from tidings.web.console.static import Static
from tidings.web.console.visit import Visit, cookies_of

PATH, QUERY = 4096, 8192  # bytes
POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
))  # fmt: skip
HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}
HSTS = b"max-age=31536000"
PICTURES = POLICY.replace("img-src 'self' data:", "img-src 'self' data: https:")
Asgi = Callable[[Any, Any, Any], Awaitable[None]]
ErrorPage = Callable[[Visit, int, str], bytes]
logger = structlog.get_logger()


class Gate:
    """The ASGI app around the pages.

    Args:
        app: The pages; finds the visit as ``scope["auth"]`` and who is signed in as ``scope["user"]``.
        prepare: Does what the first visitor of each page would wait for; to be called in a thread.
        error_page: Makes a page that says what went wrong before a route was reached.
        static: The files.
        database: Where sessions are.
        proxies: Who may say who is calling.
        policy: What pages may load.
    """

    def __init__(
        self,
        *,
        app: Asgi,
        prepare: Callable[[], None],
        error_page: ErrorPage,
        static: Static,
        database: Database,
        proxies: Proxies,
        policy: str,
    ) -> None:
        self._app = app
        self.prepare = prepare
        self._error_page = error_page
        self._static = static
        self._database = database
        self._proxies = proxies
        self._headers = {b"content-security-policy": policy.encode(), **HEADERS}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request below /console."""
        ip, scheme = caller(self._proxies, scope)
        cookie = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        agent, host = headers.get(b"user-agent", ""), headers.get(b"host", "")
        visit = Visit(ip, cookies_of(cookie), agent, host, secure=scheme == "https")
        send = guarded(visit, send, scope["method"], self._headers)
        if scope["method"] == "HEAD":
            scope["method"] = "GET"
        if scope["path"].startswith("/console/static/"):
            await self._static(scope, send)
            return
        if len(scope.get("raw_path") or scope["path"]) > PATH or len(scope["query_string"]) > QUERY:
            await self._refuse(visit, send, 400, "The address is too long.")
            return
        try:
            visit.person = await self._recognise(visit.session)
        except Exception as error:
            if is_environment(error):
                logger.error("the console cannot reach its data", path=scope["path"], error=str(error))
                await self._refuse(visit, send, 503, "The data cannot be read or written at this moment.")
            else:
                logger.error("the console cannot tell who comes", path=scope["path"], exc_info=error)
                await self._refuse(visit, send, 500, "")
            return
        scope["auth"], scope["user"] = visit, visit.person
        await self._app(scope, receive, send)

    async def _recognise(self, cookie: str) -> Person | None:
        if not cookie:
            return None
        now = clock.now()
        found = await self._database.read(sessions.recognise, cookie, now)
        if found is None:
            return None
        person, stale = found
        if stale:
            await self._database.write(people_store.touch_session, person.workspace_id, person.session_id, now)
        return person

    async def _refuse(self, visit: Visit, send: Any, status: int, text: str) -> None:
        body = self._error_page(visit, status, text)
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        headers += [(b"retry-after", b"5")] if status == 503 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def guarded(visit: Visit, send: Any, method: str, safe: dict[bytes, bytes]) -> Any:
    """Return a ``send`` that adds the safe headers and the visit's cookies to whatever is answered.

    Args:
        visit: Whose answer it is.
        send: ASGI's.
        method: HEAD gets the answer of GET without its body.
        safe: The headers.
    """

    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            visit.finish()
            headers = [(name.lower(), value) for name, value in message["headers"] if name.lower() not in safe]
            headers += safe.items()
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            if visit.secure:
                headers.append((b"strict-transport-security", HSTS))
            headers += [(b"set-cookie", cookie) for cookie in visit.set_cookies]
            message = {**message, "headers": headers}
        elif method == "HEAD":
            message = {**message, "body": b""}
        await send(message)

    return sending
