"""An installation with one source, and a way to call a dialect's routes without a server."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from tidings.dialects.contract import Dialect, Intake, Rejected, Request
from tidings.events.model import Event
from tidings.kit.signing import Signer
from tidings.tenants.model import Source, SourceSettings

RECEIVED = 1_709_287_210_000  # 2024-03-01T10:00:10.000Z
CLIENT = "203.0.113.9"
SIGNER = Signer(b"of the installation")


class Shop:
    """The sources of an installation that has one.

    Args:
        source: The source.
        credential: Name and value of its only one.
    """

    def __init__(self, source: Source, credential: tuple[str, str]) -> None:
        self.source = source
        self.credential = credential

    def find(self, dialect: str, credential: str, secret: str) -> Source | None:
        """Return the source for its credential."""
        known = (self.source.dialect, *self.credential)
        return self.source if (dialect, credential, secret) == known else None

    def values(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return the value of the source's credential."""
        return (self.credential[1],) if credential == self.credential[0] else ()

    def only(self, dialect: str) -> Source | None:
        """Return the source if it speaks this dialect."""
        return self.source if dialect == self.source.dialect and self.source.enabled else None

    def of_brand(self, dialect: str, key: str) -> tuple[Source, ...] | None:
        """Return that there is no such brand."""
        return None


def source(dialect: str, trust: Any = "server", enabled: bool = True, settings: dict[str, Any] | None = None) -> Source:
    """Return a source."""
    return Source(
        id=1,
        workspace_id=1,
        brand_id=1,
        brand_currency="EUR",
        dialect=dialect,
        name="Shop",
        trust=trust,
        enabled=enabled,
        settings=SourceSettings(**(settings or {})),
    )


def handler(dialect: Dialect, method: str, path: str) -> Callable[..., Intake]:
    """Return what handles a path, also below a prefix."""
    for route in dialect.routes:
        fixed = route.path.partition("{")[0]
        rest = route.path.rpartition("}")[2] if "{" in route.path else ""
        matches = fixed in path and path.endswith(rest) if rest or fixed != route.path else path == route.path
        if route.method == method and matches:
            return route.handle
    raise LookupError(path)


def call(
    dialect: Dialect,
    sources: Shop,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    query: str = "",
    parameters: dict[str, str] | None = None,
    handle: Any = None,
) -> Intake:
    """Return what a request turns into; what is rejected becomes an intake with the dialect's answer."""
    request = Request(
        method=method,
        path=path,
        parameters=parameters or {},
        query=query.encode(),
        headers={name.encode(): value.encode() for name, value in (headers or {}).items()},
        body=body,
        client=CLIENT,
        scheme="https",
        host="events.shop.example",
        received=RECEIVED,
    )
    try:
        intake: Intake = (handle or handler(dialect, method, path))(request, sources)
    except Rejected as problem:
        return Intake(source=problem.source, reply=dialect.error(problem.status, problem.code, problem.message))
    return intake


def event_fields(event: Event) -> dict[str, Any]:
    """Return all fields of an event as plain values."""
    fields: dict[str, Any] = msgspec.structs.asdict(event)
    return {name: msgspec.to_builtins(value, builtin_types=(Decimal,)) for name, value in fields.items()}
