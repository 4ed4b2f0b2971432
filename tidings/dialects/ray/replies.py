"""The answers: the vendor's envelope with the status in it, and those of OAuth 2 (RFC 6749 section 5)."""

from typing import Any

import msgspec

from tidings.dialects.contract import Headers, Reply
from tidings.kit import jsontext

OAUTH = frozenset(
    (
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unsupported_grant_type",
        "access_denied",
        "invalid_token",
    )
)
TAKEN = Reply(200, b'{"message":"ok","result":"success","statusCode":200}')

_NO_STORE: Headers = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_BASIC: Headers = ((b"www-authenticate", b'Basic realm="RAY"'),)
_BEARER: Headers = ((b"www-authenticate", b'Bearer realm="RAY", error="invalid_token"'),)


def token(members: dict[str, Any]) -> Reply:
    """Return an access token.

    Args:
        members: ``access_token`` and what goes with it.
    """
    return Reply(200, msgspec.json.encode(members), headers=_NO_STORE)


def found(data: dict[str, Any]) -> Reply:
    """Return what was asked for.

    Args:
        data: Of the envelope.
    """
    return Reply(200, jsontext.encode({"data": data, "result": "success", "message": "ok", "statusCode": 200}))


def error(status: int, code: str, message: str) -> Reply:
    """Return an error in the envelope, with the members of OAuth where it is about a token.

    Args:
        status: HTTP status, also in the envelope.
        code: Stable short name of the reason.
        message: The reason in a sentence.
    """
    members: dict[str, Any] = {"data": None, "result": "error", "message": message, "statusCode": status}
    if code not in OAUTH:
        return Reply(status, msgspec.json.encode(members))
    headers = _NO_STORE
    if status == 401:
        headers += _BEARER if code == "invalid_token" else _BASIC
    members = {"error": code, "error_description": message} | members
    return Reply(status, msgspec.json.encode(members), headers=headers)
