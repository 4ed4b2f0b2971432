"""One shop with one Re:amaze source, and a way to call its routes without a server."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from tests.dialects import asking
from tests.dialects.asking import CLIENT, RECEIVED, SIGNER
from tidings.dialects.contract import Intake, Rejected, Request
from tidings.dialects.reamaze_data import REAMAZE_DATA
from tidings.tenants.model import Declared, Source

KEY = SSO = "secret"
BASIC = {"authorization": "Basic " + base64.b64encode(b"secret:").decode()}
BOB = "bob@example.com"


class Desk:
    """The sources of an installation: by account, with the brand of each.

    Args:
        sources: Brand key and source of each account.
        keys: API keys of each account.
        secrets: SSO secrets of each account.
    """

    def __init__(
        self,
        sources: Mapping[str, tuple[str, Source]],
        keys: Mapping[str, tuple[str, ...]],
        secrets: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.sources = sources
        self.keys = keys
        self.secrets = keys if secrets is None else secrets

    def find(self, dialect: str, credential: str, secret: str) -> Source | None:
        """Return a source by its account or one of its API keys."""
        assert dialect == "reamaze_data"
        for account, (_, source) in self.sources.items():
            if secret in {"account": (account,), "api_key": self.keys[account]}[credential]:
                return source
        return None

    def values(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return the secrets of a source."""
        account = next(name for name, (_, known) in self.sources.items() if known.id == source.id)
        return {"api_key": self.keys, "sso_secret": self.secrets}[credential][account]

    def marks(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return that no hashes are known."""
        return ()

    def declared(self, source: Source, kind: str, subtype: str) -> Declared | None:
        """Return that nothing is declared."""
        return None

    def only(self, dialect: str) -> Source | None:
        """Return the only enabled source."""
        enabled = [source for _, source in self.sources.values() if source.enabled]
        return enabled[0] if len(enabled) == 1 else None

    def of_brand(self, dialect: str, key: str) -> tuple[Source, ...] | None:
        """Return the sources of a brand; there is one, ``elsewhere``, that has none."""
        found = tuple(source for brand, source in self.sources.values() if brand == key)
        return found if found or key == "elsewhere" else None

    def source(self, source_id: int) -> Source | None:
        """Return a source by its number."""
        return next((source for _, source in self.sources.values() if source.id == source_id), None)

    signer = SIGNER


def source(number: int = 1, **members: Any) -> Source:
    """Return a source in a brand of its own, in euros."""
    return msgspec.structs.replace(asking.source("reamaze_data", **members), id=number, brand_id=number)


def desk(**members: Any) -> Desk:
    """Return an installation whose only source has the account ``acme``, the brand ``shop`` and secrets ``secret``."""
    return Desk({"acme": ("shop", source(**members))}, {"acme": (KEY,)})


def authkey(user_id: Any, key: str = KEY) -> str:
    """Return the plain form."""
    return hashlib.sha256(f"{user_id}:{key}".encode()).hexdigest()


def signed(user_id: Any, email: str, secret: str = SSO) -> str:
    """Return the HMAC form."""
    return hmac.new(secret.encode(), f"{user_id}:{email}".encode(), "sha256").hexdigest()


def basic(key: str) -> dict[str, str]:
    """Return the header with a key."""
    return {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def asked(path: str, body: bytes, headers: dict[str, str] | None = None, host: str = "acme.tidings.example") -> Request:
    """Return a request."""
    return Request(
        method="POST",
        path=path,
        parameters={},
        query=b"",
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
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    host: str = "acme.tidings.example",
    sources: Desk | None = None,
) -> Intake:
    """Return what a request turns into; what is rejected becomes an intake with the dialect's answer."""
    handle = next(route.handle for route in REAMAZE_DATA.routes if route.path == path)
    try:
        return handle(asked(path, body, headers, host), sources or desk())
    except Rejected as problem:
        reply = REAMAZE_DATA.error(problem.status, problem.code, problem.message)
        return Intake(source=problem.source, reply=reply)


def send(content: Any, path: str = "/data/users", **options: Any) -> Intake:
    """Post JSON with the account's key unless other headers are given."""
    return call(path, body=msgspec.json.encode(content), **{"headers": BASIC} | options)


def said(intake: Intake) -> Any:
    """Return what an answer says."""
    return msgspec.json.decode(intake.reply.body)
