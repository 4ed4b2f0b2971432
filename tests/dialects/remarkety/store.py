"""One installation with stores of Remarkety, and a way to call its routes without a server."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.dialects import asking
from tests.dialects.asking import CLIENT, RECEIVED
from tidings.dialects.contract import Intake, Rejected, Request, Route
from tidings.dialects.remarkety.dialect import RemarketyDialect
from tidings.events.model import Event
from tidings.kit.signing import Signer
from tidings.tenants.model import Declared, Source

KEY = "SuperSecretApiKey"
KEYED = {"x-api-key": KEY}


class Stores:
    """The sources of an installation: by store id, with the brand of each.

    Args:
        sources: Brand key and source of each store.
        tokens: Of each store.
    """

    signer = Signer(b"a key")

    def __init__(self, sources: Mapping[str, tuple[str, Source]], tokens: Mapping[str, tuple[str, ...]]) -> None:
        self.sources = sources
        self.tokens = tokens

    def find(self, dialect: str, credential: str, secret: str) -> Source | None:
        """Return a source by its store id or one of its tokens."""
        assert dialect == "remarkety"
        for store_id, (_, source) in self.sources.items():
            if secret in {"store_id": (store_id,), "api_key": self.tokens[store_id]}[credential]:
                return source
        return None

    def marks(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return that no hashes are known."""
        return ()

    def declared(self, source: Source, kind: str, subtype: str) -> Declared | None:
        """Return that nothing is declared."""
        return None

    def values(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return that nothing is stored readable."""
        return ()

    def source(self, source_id: int) -> Source | None:
        """Return a source by its number."""
        return next((source for _, source in self.sources.values() if source.id == source_id), None)

    def only(self, dialect: str) -> Source | None:
        """Return the only enabled source."""
        enabled = [source for _, source in self.sources.values() if source.enabled]
        return enabled[0] if len(enabled) == 1 else None

    def of_brand(self, dialect: str, key: str) -> tuple[Source, ...] | None:
        """Return the sources of a brand; there is one, ``elsewhere``, that has none."""
        found = tuple(source for brand, source in self.sources.values() if brand == key)
        return found if found or key == "elsewhere" else None


def source(number: int = 1, **members: Any) -> Source:
    """Return a source in a brand of its own, in euros."""
    return msgspec.structs.replace(asking.source("remarkety", **members), id=number, brand_id=number)


def one(**members: Any) -> Stores:
    """Return an installation whose only store is ``AAABBB`` of the brand ``shop``, with two tokens."""
    return Stores({"AAABBB": ("shop", source(**members))}, {"AAABBB": (KEY, "made by the shop: äöü")})


def two() -> Stores:
    """Return an installation with a second store ``CCCDDD`` of the brand ``pens``."""
    return Stores(
        {"AAABBB": ("shop", source()), "CCCDDD": ("pens", source(2))}, {"AAABBB": (KEY,), "CCCDDD": ("pens key",)}
    )


def route_of(dialect: RemarketyDialect, method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Return the route of a path, and what its parts match."""
    parts = path.split("/")
    for route in dialect.routes:
        pattern = route.path.split("/")
        if route.method != method or len(pattern) != len(parts):
            continue
        if all(want == have or want.startswith("{") for want, have in zip(pattern, parts, strict=True)):
            named = zip(pattern, parts, strict=True)
            return route, {want[1:-1]: have for want, have in named if want.startswith("{")}
    raise LookupError(path)


def asked(
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    query: str = "",
    host: str = "events.tidings.example",
    parameters: dict[str, str] | None = None,
) -> Request:
    """Return a request."""
    return Request(
        method=method,
        path=path,
        parameters=parameters or {},
        query=query.encode(),
        headers={name.encode(): value.encode() for name, value in (headers or {}).items()},
        body=body,
        client=CLIENT,
        scheme="https",
        host=host,
        received=RECEIVED,
    )


def call(
    path: str,
    *,
    method: str = "POST",
    sources: Stores | None = None,
    dialect: RemarketyDialect | None = None,
    **options: Any,
) -> Intake:
    """Return what a request turns into; what is rejected becomes an intake with the dialect's answer."""
    speaking = dialect or RemarketyDialect()
    route, parameters = route_of(speaking, method, path)
    try:
        return route.handle(asked(method, path, parameters=parameters, **options), sources or one())
    except Rejected as problem:
        reply = speaking.error(problem.status, problem.code, problem.message)
        return Intake(source=problem.source, reply=reply)


def send(event_type: str, content: Any, headers: Mapping[str, str] | None = None, **options: Any) -> Intake:
    """Post an event as JSON, with the store's key unless other headers are given."""
    sent = {"x-event-type": event_type, **(KEYED if headers is None else headers)}
    return call("/webhooks", body=msgspec.json.encode(content), headers=sent, **options)


def event_of(event_type: str, content: Any, headers: Mapping[str, str] | None = None, **options: Any) -> Event:
    """Return the one event of a request that is taken."""
    outcome = send(event_type, content, headers, **options)
    assert (outcome.reply.status, outcome.refused) == (200, []), outcome
    assert outcome.reply.body == b'{"status":"OK"}'
    (event,) = outcome.events
    return event


def said(intake: Intake) -> Any:
    """Return what an answer says."""
    return msgspec.json.decode(intake.reply.body)
