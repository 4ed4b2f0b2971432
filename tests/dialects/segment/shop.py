"""One shop with one Segment source, and a way to call its routes without a server."""

from decimal import Decimal
from typing import Any

import msgspec

from tidings.dialects.contract import Intake, Rejected, Request
from tidings.dialects.segment import SEGMENT
from tidings.events.model import Event
from tidings.tenants.model import Source, SourceSettings

RECEIVED = 1_709_287_210_000  # 2024-03-01T10:00:10.000Z
BASIC = {"authorization": "Basic d2tfMTo="}  # wk_1:


class Shop:
    """The sources of an installation that has one."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def find(self, dialect: str, credential: str, secret: str) -> Source | None:
        """Return the source for the key ``wk_1``."""
        return self.source if (dialect, credential, secret) == ("segment", "write_key", "wk_1") else None


def shop(trust: Any = "server", enabled: bool = True, settings: dict[str, Any] | None = None) -> Shop:
    """Return a shop whose source has the key ``wk_1``."""
    return Shop(
        Source(
            id=1,
            workspace_id=1,
            brand_id=1,
            brand_currency="EUR",
            dialect="segment",
            name="Shop",
            trust=trust,
            enabled=enabled,
            settings=SourceSettings(**(settings or {})),
        )
    )


def handler(method: str, path: str) -> Any:
    """Return what handles a path, also below a prefix."""
    for route in SEGMENT.routes:
        fixed = route.path.partition("{")[0]
        rest = route.path.rpartition("}")[2] if "{" in route.path else ""
        matches = fixed in path and path.endswith(rest) if rest or fixed != route.path else path == route.path
        if route.method == method and matches:
            return route.handle
    raise LookupError(path)


def call(
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    query: str = "",
    parameters: dict[str, str] | None = None,
    sources: Shop | None = None,
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
        client="203.0.113.9",
        scheme="https",
        host="events.shop.example",
        received=RECEIVED,
    )
    try:
        intake: Intake = (handle or handler(method, path))(request, sources or shop())
    except Rejected as problem:
        return Intake(source=problem.source, reply=SEGMENT.error(problem.status, problem.code, problem.message))
    return intake


def send(content: Any, path: str = "/v1/track", **options: Any) -> Intake:
    """Post JSON with the shop's key."""
    return call("POST", path, body=msgspec.json.encode(content), headers=BASIC, **options)


def event_fields(event: Event) -> dict[str, Any]:
    """Return all fields of an event as plain values."""
    fields: dict[str, Any] = msgspec.structs.asdict(event)
    return {name: msgspec.to_builtins(value, builtin_types=(Decimal,)) for name, value in fields.items()}
