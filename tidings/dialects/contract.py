"""What the edge asks of a dialect: authenticate, decode, reply."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from tidings.events.model import Event, Refusal
from tidings.tenants.model import Source

Headers = tuple[tuple[bytes, bytes], ...]


class Request(msgspec.Struct, kw_only=True):
    """One HTTP request, its body read within the limit and decompressed.

    Args:
        method: ``GET`` or ``POST``.
        path: Decoded path without a trailing slash.
        parameters: What the route's ``{name}`` parts matched.
        query: Raw query string.
        headers: Lower-case names; the last of repeated ones.
        body: Decompressed bytes, empty for GET.
        client: Address of the caller, behind trusted proxies the right-most untrusted hop.
        scheme: ``http`` or ``https`` as the caller sees it.
        host: Host header, with port.
        received: When it arrived, UTC milliseconds.
    """

    method: str
    path: str
    parameters: dict[str, str]
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes
    client: str
    scheme: str
    host: str
    received: int


class Reply(msgspec.Struct, frozen=True):
    """An HTTP answer. CORS and length headers are the edge's business."""

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: Headers = ()


class Intake(msgspec.Struct, kw_only=True):
    """What a request turned into.

    Args:
        source: Who sent it; None where nobody could be told.
        events: To be made durable before ``reply`` goes out.
        refused: Events or requests to be shown to the operator.
        reply: The answer, once the events are on disk.
    """

    source: Source | None
    events: list[Event] = []
    refused: list[Refusal] = []
    reply: Reply


class Sources(Protocol):
    """The sources by their credentials, in memory."""

    def find(self, dialect: str, credential: str, secret: str) -> Source | None:
        """Return the source of ``dialect`` whose ``credential`` has this secret, enabled or not.

        Args:
            dialect: Name of the dialect.
            credential: Name of the credential, for example ``write_key``.
            secret: What the caller sent.
        """
        ...


class Rejected(Exception):  # noqa: N818 -- it is an answer, not a failure of ours
    """The caller's mistake, to be answered in the caller's dialect.

    Args:
        status: HTTP status.
        code: Stable short name of the reason.
        message: The reason in a sentence.
        source: Who sent it, where that is known.
        body: What came, without secrets, to be shown to the operator; only where the source is known, since the body
            of a stranger may hold a mistyped secret.
    """

    def __init__(self, status: int, code: str, message: str, source: Source | None = None, body: bytes = b"") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.source = source
        self.body = body


class Route(msgspec.Struct, frozen=True):
    """A path of a dialect.

    Args:
        method: ``GET`` or ``POST``; ``OPTIONS`` is the edge's business.
        path: Path with ``{name}`` parts, no trailing slash.
        handle: Turns a request into an intake; raises Rejected.
        limit: Bytes of the decompressed body at most.
    """

    method: str
    path: str
    handle: Callable[[Request, Sources], Intake]
    limit: int = 512_000


class Dialect(Protocol):
    """One vendor's wire format."""

    name: str
    routes: tuple[Route, ...]
    credentials: tuple[str, ...]

    def error(self, status: int, code: str, message: str) -> Reply:
        """Return the answer of this dialect for an error of any layer (404, 405, 413, 429, 500, 503 too)."""
        ...
