"""Two accounts with RAY sources, and a way to call their routes without a server."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from tests.dialects import asking
from tests.dialects.asking import CLIENT, RECEIVED
from tidings.dialects.contract import Intake, Rejected, Request
from tidings.dialects.ray import RAY, tokens
from tidings.dialects.ray.tokens import Login
from tidings.kit.crypto import fingerprint
from tidings.kit.signing import Signer
from tidings.tenants.model import Declared, Source

LOGIN = Login("client-1", "client-secret-1", "api-user-1", "api-password-1")
STORES = ("3", "4")
FORM = {"grant_type": "password", "username": LOGIN.username, "password": LOGIN.password}
ANA = {"email": "ana@example.org"}
EVENT = {"type": "VISIT", "storeId": 3, "timestamp": "2024-03-01T09:00:00.000Z", "user": ANA}


class Accounts:
    """The sources of an installation: the shop's, with the stores 3 and 4, and a stranger's, with the store 9.

    Args:
        source: The shop's.
        declared: What its operator has declared, by type and subtype.
    """

    def __init__(self, source: Source, declared: Mapping[tuple[str, str], Declared] | None = None) -> None:
        self.shop = source
        self.stranger = msgspec.structs.replace(source, id=2, workspace_id=2, brand_id=2)
        self.known = declared or {}
        self.signer = Signer(b"key of the installation")
        self.credentials = {
            (1, "client_id"): [LOGIN.client_id],
            (1, "client_secret"): [LOGIN.client_secret],
            (1, "username"): [LOGIN.username],
            (1, "password"): [LOGIN.password],
            (1, "store_id"): [*STORES],
            (2, "client_id"): ["client-2"],
            (2, "client_secret"): ["client-secret-2"],
            (2, "username"): ["api-user-2"],
            (2, "password"): ["api-password-2"],
            (2, "store_id"): ["9"],
        }

    def find(self, dialect: str, credential: str, secret: str) -> Source | None:
        """Return the source that has a credential."""
        assert dialect == "ray"
        for (number, name), values in self.credentials.items():
            if name == credential and secret in values:
                return self.source(number)
        return None

    def values(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return that nothing is readable."""
        return ()

    def only(self, dialect: str) -> Source | None:
        """Return that there is more than one."""
        return None

    def of_brand(self, dialect: str, key: str) -> tuple[Source, ...] | None:
        """Return that there is no such brand."""
        return None

    def source(self, source_id: int) -> Source | None:
        """Return a source by its number."""
        return {1: self.shop, 2: self.stranger}.get(source_id)

    def marks(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return the hashes of a source's credentials."""
        return tuple(fingerprint(value) for value in self.credentials[source.id, credential])

    def declared(self, source: Source, kind: str, subtype: str) -> Declared | None:
        """Return what is declared of a type."""
        return self.known.get((kind, subtype)) or self.known.get((kind, ""))


def accounts(declared: Mapping[tuple[str, str], Declared] | None = None, **members: Any) -> Accounts:
    """Return an installation; the members are those of the sources."""
    return Accounts(asking.source("ray", **members), declared)


def token(sources: Accounts, now: int = RECEIVED) -> str:
    """Return an access token of the shop."""
    return str(tokens.issue(sources.shop, LOGIN, sources, now)["access_token"])


def basic(name: str, password: str) -> dict[str, str]:
    """Return a header with Basic authorization."""
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def call(
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    query: str = "",
    sources: Accounts | None = None,
) -> Intake:
    """Return what a request turns into; what is rejected becomes an intake with the dialect's answer."""
    handle = next(route.handle for route in RAY.routes if (route.method, route.path) == (method, path))
    request = Request(
        method=method,
        path=path,
        parameters={},
        query=query.encode(),
        headers={name.encode(): value.encode() for name, value in (headers or {}).items()},
        body=body,
        client=CLIENT,
        scheme="https",
        host="events.shop.example",
        received=RECEIVED,
    )
    try:
        return handle(request, sources or accounts())
    except Rejected as problem:
        return Intake(source=problem.source, reply=RAY.error(problem.status, problem.code, problem.message))


def login(form: Any = None, headers: dict[str, str] | None = None, **options: Any) -> Intake:
    """Log in; the right way unless told otherwise."""
    body = urlencode(FORM if form is None else form).encode()
    client = basic(LOGIN.client_id, LOGIN.client_secret)
    return call("POST", "/oauth/token", body=body, headers=client if headers is None else headers, **options)


def send(content: Any, *, sources: Accounts | None = None, headers: dict[str, str] | None = None) -> Intake:
    """Send interactions with a token of the shop."""
    known = sources or accounts()
    bearer = {"authorization": f"Bearer {token(known)}"} if headers is None else headers
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return call("POST", "/events/interaction", body=body, headers=bearer, sources=known)


def said(intake: Intake) -> Any:
    """Return what an answer says."""
    return msgspec.json.decode(intake.reply.body)
