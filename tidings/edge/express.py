"""HTTP/1.1 on uvicorn, with a short way for the requests that make up nearly all traffic.

A POST to a plain ingest path with a Content-Length is decided right when its last byte is there, and answered when
the commit of the log is done: no task, no messages, no events in between. Everything else (other paths and methods,
chunked bodies, ``Expect``) takes uvicorn's ordinary way into the ASGI app, which gives the same answers. Measured in
docs/decisions/0007.
"""

import asyncio
import re
import time
from collections import deque
from typing import Any, ClassVar, cast

import msgspec
import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from tidings.dialects.contract import Dialect, Reply, Route
from tidings.edge.asgi import Accepted, Asked, Edge, by_name, head
from tidings.log.contract import LogUnavailable

OFFER = re.compile(rb"\r\nupgrade(?=[ \t]*:)", re.IGNORECASE)
OFFER_BYTES = 32  # of a line that begins with the name of the header
HEAD_BYTES = 16_384  # as much of what arrives at once as a head may take
URL_BYTES = 8_192
REFUSED = {"success": False, "code": "bad_request", "result": "error", "statusCode": 400}  # what any dialect looks at
logger = structlog.get_logger()


class Taking:
    """A request on the short way."""

    __slots__ = ("asked", "body", "dialect", "keep_alive", "route", "started")

    def __init__(self, asked: Asked, dialect: Dialect, route: Route) -> None:
        self.asked = asked
        self.dialect = dialect
        self.route = route
        self.body = b""
        self.keep_alive = True
        self.started = time.perf_counter()


class UnderWay:
    """Stands where uvicorn looks whether the request before is answered."""

    response_complete = False
    disconnected = False

    def __init__(self) -> None:
        self.message_event = asyncio.Event()


class Express(HttpToolsProtocol):
    """One connection.

    Requests are answered in the order in which they came, also where both ways alternate on one connection: uvicorn's
    own queue holds what came behind a request that is under way on the short way.
    """

    edge: ClassVar[Edge | None] = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._taking: Taking | None = None  # its body is arriving
        self._waiting: deque[Taking] = deque()  # complete; the first one is under way
        self._closing = False
        self._idle_since = 0.0
        self._watch: Any = None

    def data_received(self, data: bytes) -> None:
        """Take bytes; an offer to upgrade (Java's client makes one) would cost the request its body."""
        # JSON has no line ends as a rule, so the last one is the end of the head: a large body is not looked at.
        most = min(data.rfind(b"\r") + OFFER_BYTES, HEAD_BYTES)
        if b"pgrade" in data[:most].lower() and (self.cycle is None or self.cycle.response_complete):
            data = OFFER.sub(b"\r\nX-Offer", data)
        self._idle_since = 0.0
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Choose the way."""
        self._taking = self._short_way()
        if self._taking is not None:
            return
        if self._waiting and (self.cycle is None or self.cycle.response_complete):
            self.cycle = cast(RequestResponseCycle, UnderWay())  # uvicorn then queues what comes
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Gather the body."""
        if self._taking is not None:
            self._taking.body = self._taking.body + body if self._taking.body else body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Decide what is complete."""
        taking = self._taking
        if taking is not None:
            self._taking = None
            taking.keep_alive = self.parser.should_keep_alive()
            self._waiting.append(taking)
            if len(self._waiting) == 1:
                self._decide(taking)
            else:
                self.flow.pause_reading()  # whoever does not wait for answers is not read ahead for ever
        else:
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what nobody waits for any more; what is on its way to the log goes there."""
        self._waiting.clear()
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Answer what is under way, then close."""
        if self._waiting or self._taking is not None:
            self._closing = True
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and methods that the parser does not know."""
        body = msgspec.json.encode(REFUSED | {"message": msg, "error": msg})
        pairs = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"access-control-allow-origin", b"*"),
            (b"connection", b"close"),
        ]
        self.transport.write(b"".join([STATUS_LINE[400], *lines(pairs), b"\r\n", body]))
        self.transport.close()

    def _short_way(self) -> Taking | None:
        if self.edge is None or self.parser.get_method() != b"POST" or self.expect_100_continue:
            return None
        if self.cycle is not None and not self.cycle.response_complete:
            return None
        if len(self.url) > URL_BYTES:  # the ordinary way refuses it
            return None
        path, _, query = self.url.partition(b"?")
        if path[-1:] == b"/":
            path = path.rstrip(b"/")
        found = self.edge.plain_route(path)
        if found is None:
            return None
        headers = by_name(self.headers)
        length = headers.get(b"content-length", b"")
        if b"transfer-encoding" in headers or not length.isdigit() or int(length) > found[2].limit:
            return None
        peer = self.client[0] if self.client else ""
        return Taking(Asked(found[0], {}, query, headers, peer, self.scheme or "http"), found[1], found[2])

    def _decide(self, taking: Taking) -> None:
        assert self.edge is not None
        outcome = self.edge.decide(taking.asked, taking.body, taking.dialect, taking.route)
        if isinstance(outcome, Reply):
            self._answer(taking, outcome, 0)
            return
        accepted: Accepted = outcome

        def done(failure: str | None) -> None:
            assert self.edge is not None
            if failure is None:
                self._answer(taking, accepted.reply, accepted.events)
            else:
                self._answer(taking, self.edge.unavailable(taking.dialect, failure), 0)

        try:
            self.edge.log.submit(accepted.payload, accepted.events, done)
        except LogUnavailable as error:
            done(str(error))

    def _answer(self, taking: Taking, reply: Reply, events: int) -> None:
        assert self.edge is not None
        self.server_state.total_requests += 1
        self.edge.meter.answered(taking.dialect.name, reply.status, events, time.perf_counter() - taking.started)
        if not self._waiting or self._waiting[0] is not taking:  # the client went away
            return
        self._waiting.popleft()
        closing = not taking.keep_alive or (self._closing and not self._waiting)
        pairs = [*self.server_state.default_headers, *head(reply, taking.asked.headers, "POST")]
        if closing:
            pairs.append((b"connection", b"close"))
        self.transport.write(b"".join([STATUS_LINE[reply.status], *lines(pairs), b"\r\n", reply.body]))
        if closing:
            self.transport.close()
        elif self._waiting:
            self.loop.call_soon(self._decide, self._waiting[0])  # a call right here would nest as deep as the queue
        elif self.pipeline:
            self.flow.resume_reading()
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self.flow.resume_reading()
            self._watch_idle()

    def _watch_idle(self) -> None:
        # One timer for each connection, not one for each request.
        self._idle_since = self.loop.time()
        if self._watch is None:
            self._watch = self.loop.call_later(self.timeout_keep_alive, self._end_idle)

    def _end_idle(self) -> None:
        self._watch = None
        if not self._idle_since or self.transport.is_closing():
            return  # a request is under way; its answer watches again
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            self.transport.close()
        else:
            self._watch = self.loop.call_later(left, self._end_idle)


def lines(pairs: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Return headers as they stand in an answer."""
    return [b"%b: %b\r\n" % pair for pair in pairs]


def express(edge: Edge | None) -> type[Express]:
    """Return the protocol class whose short way leads to an edge; None has no short way."""
    return type("Express", (Express,), {"edge": edge})
