"""Access tokens: signed and not stored; one holds until it expires or the secrets that it was got with are gone."""

import secrets
from itertools import product
from typing import Any

import msgspec

from tidings.dialects.contract import Rejected, Sources
from tidings.kit.crypto import fingerprint
from tidings.tenants.model import Source

NAME = "ray"
LIFETIME = 43_199  # seconds, as in the vendor's example
SECRETS = ("client_secret", "password")  # a token dies with those that it was got with

_PURPOSE = "ray-token"
_LONGEST = 200  # characters


class Login(msgspec.Struct, frozen=True):
    """What a client shows to get a token.

    Args:
        client_id: User name of the Basic authorization.
        client_secret: Password of the Basic authorization.
        username: Of the API user.
        password: Of the API user.
    """

    client_id: str
    client_secret: str
    username: str
    password: str


def issue(source: Source, login: Login, sources: Sources, now: int) -> dict[str, Any]:
    """Return the answer that holds a new token.

    Args:
        source: Whom it is for.
        login: What it is got with.
        sources: Has the signer.
        now: UTC milliseconds.
    """
    number = secrets.token_hex(16)
    text = f"{source.id}.{now // 1000 + LIFETIME}.{number}"
    marks = tuple(fingerprint(getattr(login, name)) for name in SECRETS)
    return {
        "access_token": f"{text}.{sources.signer.sign(_PURPOSE, _signed(text, marks))}",
        "token_type": "bearer",
        "expires_in": LIFETIME,
        "scope": "read write",
        "jti": number,
    }


def source_of(token: str, sources: Sources, now: int) -> Source:
    """Return whose token it is.

    Args:
        token: As the client sent it.
        sources: Where to look.
        now: UTC milliseconds.

    Raises:
        Rejected: 401 it is none of ours, has expired, or was got with secrets that are gone; 403 a disabled source.
    """
    text, _, signature = token.rpartition(".")
    parts = text.split(".")
    if len(token) > _LONGEST or len(parts) != 3 or not all(part.isascii() and part.isalnum() for part in parts):
        raise _invalid("it is none of ours")
    source = sources.source(int(parts[0])) if parts[0].isdecimal() else None
    if source is None or source.dialect != NAME:
        raise _invalid("it is none of ours")
    present = product(*(sources.marks(source, name) for name in SECRETS))
    if not any(sources.signer.is_signed(_PURPOSE, _signed(text, marks), signature) for marks in present):
        raise _invalid("it is none of ours, or the secrets that it was got with are gone")
    if not parts[1].isdecimal() or int(parts[1]) * 1000 <= now:
        raise _invalid("it has expired", source)
    if not source.enabled:
        raise Rejected(403, "source_disabled", "the source of this token is disabled", source)
    return source


def _signed(text: str, marks: tuple[str, ...]) -> str:
    return ".".join((text, *marks))


def _invalid(why: str, source: Source | None = None) -> Rejected:
    message = f"the access token cannot be used: {why}; get another one at /oauth/token"
    return Rejected(401, "invalid_token", message, source)
