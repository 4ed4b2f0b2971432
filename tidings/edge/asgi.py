"""The way from a dialect's route to the durable log and back, as a bare ASGI app.

Read the body within its limit, let the dialect decode it, append, reply. Nothing else happens here. ``express.py``
takes the same steps for the plainest requests without ASGI in between.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol

import msgspec
import structlog

from tidings.db import Tx
from tidings.dialects.contract import Answer, Dialect, Intake, Rejected, Reply, Request, Route, Sources
from tidings.edge.paths import Own, Owners, Paths
from tidings.events.model import Record, Refusal
from tidings.kit import clock
from tidings.kit.bodies import GZIP_MAGIC, Broken, TooLarge, UnknownCoding, decompress
from tidings.kit.buckets import Buckets
from tidings.kit.places import Finder
from tidings.kit.proxies import Proxies
from tidings.log.contract import Log, LogUnavailable
from tidings.tenants.model import Source

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

DRAIN_BYTES = 8 * 1024 * 1024  # of a body that is too large: read and dropped, so that the client sees the answer
EXCERPT_BYTES = 65_536  # of a refused request that are shown to the operator
QUIET_SECONDS = 1.0  # between two log lines that say the same
RETRY_SECONDS = b"5"
TOO_FAST = "this key sends faster than it may: slow down"
MAX_AGE = b"7200"
EXPOSED = b"Retry-After, X-RateLimit-Reset"
CORS_METHODS = b"GET, POST, OPTIONS"
_encode = msgspec.json.Encoder(decimal_format="number").encode
logger = structlog.get_logger()


class Refusals(Protocol):
    """Where refused requests go, off the request path."""

    def add(self, source: Source | None, received: int, refused: Iterable[Refusal]) -> None:
        """Take refusals, or drop them when there are too many."""
        ...


class State(Protocol):
    """What the routes with ``access`` answer from."""

    def read(self, script: Callable[[Tx], Reply], position: int) -> Awaitable[Reply]:
        """Read the state once it has come as far as a position in the log, or after 2 s."""
        ...

    def write(self, script: Callable[[Tx], Reply], position: int) -> Awaitable[Reply]:
        """Change the state once it has come as far as a position in the log, or after 2 s."""
        ...


class Meter(Protocol):
    """What is counted."""

    def answered(self, dialect: str, status: int, events: int, seconds: float) -> None:
        """Count an answer with the events it acknowledges."""
        ...


class Edge:
    """The ASGI app of all dialects.

    Args:
        dialects: Whose routes are answered, at the root, below ``/{name}`` and below the prefixes of sources.
        sources: Who may send.
        log: Where events become durable.
        refusals: Where refused requests go.
        meter: What is counted.
        proxies: Who may say who is calling.
        rate: Requests per second for each source that has no setting of its own; 0 is no limit.
        writable: Tells why nothing can be stored now, "" if all is well.
        state: What the routes with ``access`` answer from.
        places: Finds where an address is; None without a file of places.
    """

    def __init__(  # noqa: PLR0913 -- the composition root names each
        self,
        dialects: Iterable[Dialect],
        sources: Owners,
        log: Log,
        refusals: Refusals,
        meter: Meter,
        proxies: Proxies,
        rate: int,
        writable: Callable[[], str],
        state: State,
        places: Finder | None = None,
    ) -> None:
        self._paths = Paths(dialects, sources)
        self._plain = self._paths.plain
        self._sources = sources
        self.log = log
        self._refusals = refusals
        self.meter = meter
        self._proxies = proxies
        self._rate = rate
        self._writable = writable
        self._state = state
        self._places = places
        self._buckets = Buckets()
        self._told = 0.0  # when it was last said that nothing can be stored

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        path: str = scope["path"]
        if len(path) > 1 and path[-1] == "/":  # never a redirect: clients take it for success, or repeat it as GET
            path = path.rstrip("/")
        routes, parameters, own = self._paths.find(path)
        method: str = scope["method"]
        headers = by_name(scope["headers"])
        found = routes.get(method)
        dialect = found[0] if found else self._paths.dialect(path, routes, own)
        events = 0
        if found is not None:
            peer = scope["client"][0] if scope.get("client") else ""
            asked = Asked(path, parameters, scope["query_string"], headers, peer, scope["scheme"], own)
            reply, events = await self._take(asked, receive, *found)
        elif method == "OPTIONS":
            reply = Reply(204, b"")
        elif routes:
            allowed = ", ".join([*routes, "OPTIONS"])
            reply = dialect.error(405, "method_not_allowed", f"use {allowed} here")
            reply = _with(reply, (b"allow", allowed.encode()))
        else:
            reply = dialect.error(404, "not_found", "there is nothing at this path: check host and path of the client")
        await send({"type": "http.response.start", "status": reply.status, "headers": head(reply, headers, method)})
        await send({"type": "http.response.body", "body": reply.body})
        self.meter.answered(dialect.name, reply.status, events, time.perf_counter() - started)

    def plain_route(self, path: bytes) -> tuple[str, Dialect, Route] | None:
        """Return path, dialect and route of a POST to a path without parameters, None for anything else."""
        return self._plain.get(path)

    async def _take(self, asked: "Asked", receive: Receive, dialect: Dialect, route: Route) -> tuple[Reply, int]:
        try:
            wire = await read_body(receive, route.limit) if route.method != "GET" else b""
        except Gone:
            return Reply(499, b""), 0
        except TooLarge:
            return self._too_large(asked, dialect, route), 0
        outcome = self.decide(asked, wire, dialect, route)
        if isinstance(outcome, Reply):
            return outcome, 0
        try:
            position = await self.log.append(outcome.payload, outcome.events) if outcome.events else 0
        except LogUnavailable as error:
            return self.unavailable(dialect, str(error)), 0
        if outcome.answer is None:
            return outcome.reply, outcome.events
        return await self._answer(dialect, route, outcome.answer, position), outcome.events

    async def _answer(self, dialect: Dialect, route: Route, answer: Answer, position: int) -> Reply:
        ask = self._state.write if route.access == "write" else self._state.read
        try:
            return await ask(answer, position)
        except Rejected as error:
            return dialect.error(error.status, error.code, error.message)
        except Exception:
            logger.exception("a question could not be answered", path=route.path, dialect=dialect.name)
            return dialect.error(500, "internal_error", "this is our mistake: please report it")

    def decide(self, asked: "Asked", wire: bytes, dialect: Dialect, route: Route) -> "Reply | Accepted":
        """Return the answer to a request, or what must be durable before it is answered; raises nothing.

        Args:
            asked: The request but for its body.
            wire: The body as it came.
            dialect: Whose route it is.
            route: The route.
        """
        received = clock.now()
        try:
            coding = asked.headers.get(b"content-encoding")
            plain = coding is None and wire[:2] != GZIP_MAGIC and len(wire) <= route.limit
            body = wire if plain else decompress(wire, coding or b"", route.limit)
            intake = route.handle(self._request(asked, body, route.method, received), self._seen_by(asked))
            self._admit(intake, asked.headers)
            return self._record(intake, received)
        except TooLarge:
            return self._too_large(asked, dialect, route)
        except Broken as error:
            return self._refuse(asked, dialect, 400, "bad_request", f"the compressed body is broken: {error}")
        except UnknownCoding as error:
            message = f"Content-Encoding {str(error)[:40]!r} is not supported: send gzip, deflate or none"
            return self._refuse(asked, dialect, 415, "unsupported_encoding", message)
        except TooFast as error:
            return _slow_down(self._refuse(asked, dialect, 429, "too_many_requests", TOO_FAST), error.seconds)
        except LogUnavailable as error:
            return self.unavailable(dialect, str(error))
        except Rejected as error:
            refusal = Refusal(code=error.code, message=error.message, body=error.body[:EXCERPT_BYTES])
            self._refusals.add(error.source, received, [refusal])
            return dialect.error(error.status, error.code, error.message)
        except Exception:
            logger.exception("a request could not be decoded", path=asked.path, dialect=dialect.name)
            return dialect.error(500, "internal_error", "this is our mistake: please report it")

    def unavailable(self, dialect: Dialect, why: str) -> Reply:
        """Return the answer when nothing can be stored."""
        if time.monotonic() - self._told > QUIET_SECONDS:
            self._told = time.monotonic()
            logger.error("events cannot be stored and are answered with 503", error=why)
        reply = dialect.error(503, "unavailable", "events cannot be stored at the moment: please try again")
        return _with(reply, (b"retry-after", RETRY_SECONDS))

    def _request(self, asked: "Asked", body: bytes, method: str, received: int) -> Request:
        client, scheme = self._proxies.caller(asked.peer, asked.scheme, asked.headers)
        return Request(
            method=method,
            path=asked.path,
            parameters=asked.parameters,
            query=asked.query,
            headers=asked.headers,
            body=body,
            client=client,
            scheme=scheme,
            host=asked.headers.get(b"host", b"").decode("latin-1"),
            received=received,
        )

    def _record(self, intake: Intake, received: int) -> "Reply | Accepted":
        source = intake.source
        if intake.refused:
            self._refusals.add(source, received, intake.refused)
        if not intake.events or source is None:
            return intake.reply if intake.answer is None else Accepted(b"", 0, intake.reply, intake.answer)
        if trouble := self._writable():
            raise LogUnavailable(trouble)
        if self._places is not None:
            locate(intake, self._places)
        record = Record(
            workspace_id=source.workspace_id,
            source_id=source.id,
            trust=intake.trust or source.trust,
            id_space=source.settings.id_space,
            received=received,
            events=intake.events,
            proven=intake.proven,
            brand_id=source.brand_id,
        )
        return Accepted(_encode(record), len(intake.events), intake.reply, intake.answer)

    def _admit(self, intake: Intake, headers: dict[bytes, bytes]) -> None:
        """Raise where the source's own settings keep a request out."""
        source = intake.source
        if source is None:
            return
        origin = headers.get(b"origin")
        origins = source.settings.origins
        if origins and origin is not None and origin.decode("latin-1") not in origins:
            message = f"this source takes browser events only from {', '.join(origins)}"
            raise Rejected(403, "origin_not_allowed", message, source)
        rate = source.settings.rate or self._rate
        if rate:
            wait = self._buckets.take(source.id, rate, time.monotonic())
            if wait:
                raise TooFast(wait)

    def _too_large(self, asked: "Asked", dialect: Dialect, route: Route) -> Reply:
        return self._refuse(asked, dialect, 413, "too_large", f"the limit is {route.limit} bytes")

    def _refuse(self, asked: "Asked", dialect: Dialect, status: int, code: str, message: str) -> Reply:
        """Refuse a request whose body no dialect has seen, in the name of the source whose key came along."""
        received = clock.now()
        try:
            source = dialect.sender(self._request(asked, b"", "POST", received), self._seen_by(asked))
        except Rejected as unknown:
            source = unknown.source
        self._refusals.add(source, received, [Refusal(code=code, message=message)])
        return dialect.error(status, code, message)

    def _seen_by(self, asked: "Asked") -> Sources:
        return self._sources if asked.own is None else Own(self._sources, asked.own)


def locate(intake: Intake, places: Finder) -> None:
    """Write into events where the customer was, as far as an address tells and the client did not.

    Here and not in the pipeline, because the same log always gives the same state, and the file of places changes.

    Args:
        intake: Its events are changed; of a shared context only the top level.
        places: Finds the place of an address.
    """
    for event in intake.events:
        address = event.context.get("ip")
        if not isinstance(address, str):
            continue
        place = event.context.get("location") or places(address)
        if not place:
            continue
        event.context["location"] = place
        if intake.located and event.verb == "identify":
            event.traits.setdefault("location", place)


class Asked(msgspec.Struct):
    """A request but for its body: what both ways of taking one know.

    Args:
        path: Decoded, without a trailing slash.
        parameters: What the route's ``{name}`` parts matched.
        query: Raw query string.
        headers: Lower-case names.
        peer: Address of the connection.
        scheme: Scheme of the connection.
        own: The source whose prefix the path begins with.
    """

    path: str
    parameters: dict[str, str]
    query: bytes
    headers: dict[bytes, bytes]
    peer: str
    scheme: str
    own: Source | None = None


class Accepted(msgspec.Struct):
    """What must be durable before the answer goes out.

    Args:
        payload: For the log.
        events: How many are in it; none is nothing to store.
        reply: The answer then.
        answer: Makes another from what is stored; None where ``reply`` is it.
    """

    payload: bytes
    events: int
    reply: Reply
    answer: Answer | None = None


class TooFast(Exception):  # noqa: N818
    """The source sends faster than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class Gone(Exception):  # noqa: N818
    """The client went away in the middle of its request."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the body as it came.

    Raises:
        TooLarge: It is longer than the limit.
        Gone: The client went away.
    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False) and len(body) <= limit:
        return body
    parts = [body]
    size = len(body)
    more = message.get("more_body", False)
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        elif size > DRAIN_BYTES:
            break
        more = message.get("more_body", False)
    if size > limit:
        raise TooLarge
    return b"".join(parts)


def by_name(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by name, the last of repeated ones; proxies may add a line each to X-Forwarded-For."""
    headers = dict(pairs)
    if b"x-forwarded-for" in headers:
        headers[b"x-forwarded-for"] = b", ".join(value for name, value in pairs if name == b"x-forwarded-for")
    return headers


def head(reply: Reply, headers: dict[bytes, bytes], method: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer.

    Args:
        reply: The answer.
        headers: Of the request.
        method: Of the request.
    """
    found = [*reply.headers]
    if reply.status not in (204, 304):  # RFC 9110, 8.6
        found.append((b"content-length", b"%d" % len(reply.body)))
    if reply.body:
        found.append((b"content-type", reply.content_type))
    if b"origin" in headers:
        found += cors(headers, reply, preflight=method == "OPTIONS")
    return found


def cors(headers: dict[bytes, bytes], reply: Reply, *, preflight: bool) -> list[tuple[bytes, bytes]]:
    """Return the headers that let a browser read the answer, on errors too.

    Echoing any origin with credentials is safe only because these paths look at no cookie.
    """
    origin = headers.get(b"origin")
    if origin is None or any(name == b"access-control-allow-origin" for name, _ in reply.headers):
        return []  # two of them, and a browser refuses the answer
    allow = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", EXPOSED),
        (b"vary", b"Origin"),
    ]
    if preflight:
        asked = headers.get(b"access-control-request-headers", b"content-type")  # "*" does not cover authorization
        allow += [
            (b"access-control-allow-methods", CORS_METHODS),
            (b"access-control-allow-headers", asked),
            (b"access-control-max-age", MAX_AGE),
        ]
        if headers.get(b"access-control-request-private-network") == b"true":
            allow.append((b"access-control-allow-private-network", b"true"))
    return allow


def _slow_down(reply: Reply, seconds: float) -> Reply:
    whole = str(max(1, round(seconds + 0.5))).encode()
    return _with(reply, (b"retry-after", whole), (b"x-ratelimit-reset", whole))


def _with(reply: Reply, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(reply.status, reply.body, reply.content_type, (*reply.headers, *headers))
