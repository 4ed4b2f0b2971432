"""Live streams as server-sent events: polled off the loop, bounded in number, gone when anybody goes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from litestar import Request
from litestar.exceptions import TooManyRequestsException
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from tidings.events.api import Batch
from tidings.tenants.keys import Keys
from tidings.web.auth import bearer

STREAMS = 100
POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
Read = Callable[[int], Awaitable[Batch]]
logger = structlog.get_logger()


class Streams:
    """The open streams of this process.

    Args:
        keys: A stream ends when its token is revoked.
        stopping: Tells whether the server is shutting down.
        heartbeat: Seconds of silence after which a comment keeps proxies from closing the connection.
    """

    def __init__(self, keys: Keys, stopping: Callable[[], bool], heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self.keys = keys
        self.stopping = stopping
        self.heartbeat = heartbeat
        self.open = 0

    def answer(self, request: Request[Any, Any, Any], read: Read, after: int) -> "EventStream":
        """Return the answer that sends whatever ``read`` finds.

        Args:
            request: Who asks.
            read: Returns what follows an event.
            after: The event behind which the stream begins.

        Raises:
            TooManyRequestsException: There are 100 streams already.
        """
        if self.open >= STREAMS:
            raise TooManyRequestsException(
                f"there are {STREAMS} streams already: close one, or list events page by page",
                headers={"retry-after": "5"},
            )
        secret = bearer(request)
        return EventStream(self, lambda: self.keys.token(secret) is not None, read, after)


class EventStream(ASGIResponse):
    """One stream.

    Args:
        streams: Those that it is one of.
        allowed: Tells whether its token still holds.
        read: Returns what follows an event.
        after: The event behind which it begins.
    """

    def __init__(self, streams: Streams, allowed: Callable[[], bool], read: Read, after: int) -> None:
        super().__init__()
        self._streams = streams
        self._allowed = allowed
        self._read = read
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client or the server goes away."""
        self._streams.open += 1
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await _say(send, b"retry: 2000\n: events follow as they are stored\n\n")
            await self._send_all(send, gone)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self._streams.open -= 1

    async def _send_all(self, send: Send, gone: "asyncio.Future[None]") -> None:
        spoken = time.monotonic()
        while not gone.done() and not self._streams.stopping() and self._allowed():
            try:
                lines, self._after, more = await self._read(self._after)
            except Exception as error:
                # The client comes back by itself and goes on where it was.
                logger.warning("a live stream ended early", error=str(error))
                return
            if lines:
                await _say(send, b"".join(b"id: %d\ndata: %b\n\n" % line for line in lines))
                spoken = time.monotonic()
            elif time.monotonic() - spoken >= self._streams.heartbeat:
                await _say(send, b": still here\n\n")
                spoken = time.monotonic()
            if not more:
                await asyncio.wait([gone], timeout=POLL_SECONDS)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})
