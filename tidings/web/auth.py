"""Who may do what: bearer tokens with scopes, looked up before anything of a request is read."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from litestar.connection import ASGIConnection, Request
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotAuthorizedException,
    PermissionDeniedException,
)
from litestar.handlers import BaseRouteHandler

from tidings.kit.proxies import Proxies
from tidings.tenants.api import bad
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Scope, Token
from tidings.web.document import Parameters

HOLDERS: dict[Scope, set[Scope]] = {  # which scopes of a token are enough
    "read": {"read", "write", "admin"},
    "write": {"write", "admin"},
    "admin": {"admin"},
}
Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


def bearer(connection: Connection) -> str:
    """Return the secret that a request carries, "" if none."""
    scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def make_guard(keys: Keys, parameters: Parameters) -> Guard:
    """Return what every request has to pass: a token, its scope, a readable query, a JSON body.

    Args:
        keys: The tokens in memory.
        parameters: Names of the query parameters by method and path template; filled once the routes are known.
    """

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        scope: Any = connection.scope
        if scope["method"] == "OPTIONS":  # the framework's own answer; it forgets methods, and there is no CORS here
            allowed = sorted(method for method, path in parameters if path == scope["path_template"])
            raise MethodNotAllowedException(headers={"allow": ", ".join(allowed)})
        secret = bearer(connection)
        token = keys.token(secret) if secret else None
        if token is None:
            raise NotAuthorizedException(
                "unknown token" if secret else "send Authorization: Bearer TOKEN (tidings token create)"
            )
        needed: Scope = handler.opt.get("scope", "read")
        if not HOLDERS[needed].intersection(token.scopes):
            raise PermissionDeniedException(f"this needs a token with the scope {needed}")
        scope["auth"] = token
        check_query(scope["query_string"], parameters.get((scope["method"], scope["path_template"]), {}))
        if "data" in handler.parsed_fn_signature.parameters:
            check_content(connection)

    return guard


def check_query(query: bytes, known: dict[str, bool]) -> None:
    """Refuse a query that cannot be read, and parameters that the route does not know.

    Args:
        query: As it came.
        known: Names of the route's parameters, and whether each is free text.

    Raises:
        ClientException: It is not percent-encoded UTF-8 without NUL, or has an unknown parameter.
    """
    try:
        text = unquote_to_bytes(query.replace(b"+", b" ")).decode()
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True)
    except (UnicodeDecodeError, ValueError):
        raise ClientException("the query must be percent-encoded UTF-8") from None
    if "\0" in text:
        raise ClientException("the query must not contain NUL")
    for name, value in pairs:
        if name not in known:
            raise bad(name, f"unknown parameter (there are: {', '.join(sorted(known)) or 'none'})")
        if value == "null" and not known[name]:  # the framework would take it for a parameter that was left out
            raise bad(name, "leave it out instead of sending null")


def check_content(connection: Connection) -> None:
    """Refuse a body that does not claim to be plain JSON.

    Raises:
        HTTPException: 415.
    """
    kind = connection.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HTTPException(status_code=415, detail="send the body as Content-Type: application/json")
    if connection.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(status_code=415, detail="send the body without Content-Encoding")


def provide_token(request: Request[Any, Any, Any]) -> Token:
    """Return the token of a request that the guard has let through."""
    token: Token = request.scope["auth"]
    return token


def caller(proxies: Proxies, scope: Any) -> tuple[str, str]:
    """Return address and scheme of whoever sent a request.

    Args:
        proxies: Who may say so.
        scope: ASGI's.
    """
    peer = scope["client"][0] if scope.get("client") else ""
    return proxies.caller(peer, scope["scheme"], dict(scope["headers"]))


def make_actor(proxies: Proxies) -> Callable[..., Actor]:
    """Return what says who asks for a change, for the audit log.

    Args:
        proxies: Who may say who is calling.
    """

    def actor(request: Request[Any, Any, Any], token: Token) -> Actor:
        return Actor(f"token:{token.id}", caller(proxies, request.scope)[0])

    return actor
