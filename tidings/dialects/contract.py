"""What the edge asks of a dialect: authenticate, decode, reply."""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec

from tidings.db import Tx
from tidings.events.model import Event, Refusal
from tidings.kit.signing import Signer
from tidings.tenants.model import Declared, Snippet, Source, Trust

Headers = tuple[tuple[bytes, bytes], ...]
Method = Literal["GET", "POST", "PUT", "DELETE"]
Access = Literal["", "read", "write"]


class Request(msgspec.Struct, kw_only=True):
    """One HTTP request, its body read within the limit and decompressed.

    Args:
        method: Of the route.
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


Answer = Callable[[Tx], Reply]


class Intake(msgspec.Struct, kw_only=True):
    """What a request turned into.

    Args:
        source: Who sent it; None where nobody could be told.
        events: To be made durable before ``reply`` goes out.
        refused: Events or requests to be shown to the operator.
        reply: The answer, once the events are on disk.
        trust: Lowers the source's trust for this request; None leaves it.
        proven: Whether a secret of the source vouches for all identifiers of the events, whatever ``trust`` is.
        located: Whether the address in an identify tells where the customer is, so that its place becomes a trait.
        answer: Makes the reply from what is stored, on routes with ``access``, once the events are applied or after 2 s
            (it may raise Rejected); None where ``reply`` is it already.
    """

    source: Source | None
    events: list[Event] = []
    refused: list[Refusal] = []
    reply: Reply
    trust: Trust | None = None
    proven: bool = False
    located: bool = False
    answer: Answer | None = None


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

    def values(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return all present values of a readable credential, for proofs that are computed with it.

        Args:
            source: Whose credential.
            credential: Name of the credential, one of the dialect's ``readable``.
        """
        ...

    def only(self, dialect: str) -> Source | None:
        """Return the only enabled source of a dialect in the installation, None if there are none or several.

        Args:
            dialect: Name of the dialect.
        """
        ...

    def of_brand(self, dialect: str, key: str) -> tuple[Source, ...] | None:
        """Return the sources of ``dialect`` in a brand, enabled or not; None if there is no such brand.

        Args:
            dialect: Name of the dialect.
            key: The brand's key, a host's first label.
        """
        ...

    def source(self, source_id: int) -> Source | None:
        """Return a source by its number, enabled or not."""
        ...

    def marks(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return the hashes of all present values of a credential, oldest first; ``kit.crypto.fingerprint`` made them.

        Args:
            source: Whose credential.
            credential: Name of the credential.
        """
        ...

    def declared(self, source: Source, kind: str, subtype: str) -> Declared | None:
        """Return what the operator has declared of a type of events, None where nothing was.

        Args:
            source: Whose events.
            kind: The type, upper case.
            subtype: Upper case; one that is not declared itself is what its type is.
        """
        ...

    @property
    def signer(self) -> Signer:
        """What signs tokens that the dialect hands out."""
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
        method: ``OPTIONS`` is the edge's business.
        path: Path with ``{name}`` parts, no trailing slash.
        handle: Turns a request into an intake; raises Rejected.
        limit: Bytes of the decompressed body at most.
        prefixed: Whether it is answered below a prefix only (the dialect's name, or a source's own), because at the
            root the path could be anybody's.
        access: Whether an intake's ``answer`` reads the state, or changes it.
    """

    method: Method
    path: str
    handle: Callable[[Request, Sources], Intake]
    limit: int = 512_000
    prefixed: bool = False
    access: Access = ""


class Dialect(Protocol):
    """One vendor's wire format.

    Args:
        name: Of the dialect, also the prefix below which its paths stand.
        routes: What it answers.
        credentials: Names of what a source of it is known by.
        readable: Those of them whose value the vendor's proof is computed with; they are stored readable.
        labels: Those of them that are no secrets but names, first labels of hosts.
        public: Those of them that are no secrets either, and of any form.
        numbers: Those of them that are no secrets either, but numbers.
        title: What people call it.
        about: Which clients speak it, in a sentence.
    """

    name: str
    routes: tuple[Route, ...]
    credentials: tuple[str, ...]
    readable: tuple[str, ...]
    labels: tuple[str, ...]
    public: tuple[str, ...]
    numbers: tuple[str, ...]
    title: str
    about: str

    def error(self, status: int, code: str, message: str) -> Reply:
        """Return the answer of this dialect for an error of any layer (404, 405, 413, 429, 500, 503 too)."""
        ...

    def sender(self, request: Request, sources: Sources) -> Source | None:
        """Return whose request it is as far as header and query tell, None where they do not; the body is not read.

        Raises:
            Rejected: They tell it and it is refused, with the source if that is known.
        """
        ...

    def example(self, url: str, credentials: Mapping[str, str]) -> str:
        """Return a line for the shell that sends one event of the customer ``u-42``.

        Args:
            url: Where the server answers, with the source's prefix if it has one, without a trailing slash.
            credentials: The source's own, by name.
        """
        ...

    def snippets(self, url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
        """Return what programs need to send to a source, the shell's line first; each sends what this answers.

        Args:
            url: Where the server answers, with the source's prefix if it has one, without a trailing slash; hostile.
            credentials: The source's own, by name, or words that stand in for them.
            trust: Of the source.
        """
        ...
