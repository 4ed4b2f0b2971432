"""Whose request it is: the client and the user behind a login, or the bearer of a token; and whose a store is."""

from urllib.parse import parse_qsl

from tidings.dialects.contract import Rejected, Request, Sources
from tidings.dialects.ray import tokens
from tidings.dialects.ray.tokens import NAME, Login
from tidings.kit import basic
from tidings.tenants.model import Source

_MOST = 100  # parameters
_HOW = "send the header Authorization: Bearer ACCESS_TOKEN, with a token of /oauth/token"


def login(request: Request, sources: Sources) -> tuple[Source, Login]:
    """Return the source that a client logs in to, and what it showed.

    Args:
        request: Basic authorization of the client; the parameters of the password grant in body or query.
        sources: Where to look.

    Raises:
        Rejected: With the codes of RFC 6749 section 5.2.
    """
    client_id, client_secret = _client(request)
    source = _find(sources, "client_id", client_id)
    if source is None or not _has(source, sources, "client_secret", client_secret):
        message = "client id and client secret, as Basic authorization, belong to no client"
        raise Rejected(401, "invalid_client", message, source)
    given = _parameters(request, source)
    grant = given.get("grant_type", "")
    if not grant:
        raise Rejected(400, "invalid_request", "the parameter grant_type is missing: send grant_type=password", source)
    if grant != "password":
        message = f"grant_type {grant[:40]!r} is not supported: send grant_type=password"
        raise Rejected(400, "unsupported_grant_type", message, source)
    for name in ("username", "password"):
        if not given.get(name):
            raise Rejected(400, "invalid_request", f"the parameter {name} is missing", source)
    shown = Login(client_id, client_secret, given["username"], given["password"])
    is_user = _has(source, sources, "username", shown.username)
    if not _has(source, sources, "password", shown.password) or not is_user:
        raise Rejected(400, "invalid_grant", "Bad credentials", source)
    if not source.enabled:
        raise Rejected(403, "access_denied", "the source of this client is disabled", source)
    return source, shown


def bearer(request: Request, sources: Sources) -> Source:
    """Return the source whose token a request has.

    Raises:
        Rejected: 401 no token or one that does not hold; 403 a disabled source.
    """
    scheme, _, token = request.headers.get(b"authorization", b"").strip().partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip():
        raise Rejected(401, "invalid_token", f"there is no access token: {_HOW}")
    return tokens.source_of(token.strip().decode("latin-1"), sources, request.received)


def owns(source: Source, store_id: str, sources: Sources) -> bool:
    """Tell whether a store is one of the source's.

    Args:
        source: Whose account.
        store_id: Digits without leading zeros.
        sources: Where to look.
    """
    return _has(source, sources, "store_id", store_id)


def _client(request: Request) -> tuple[str, str]:
    scheme, _, credentials = request.headers.get(b"authorization", b"").strip().partition(b" ")
    if scheme.lower() != b"basic":
        message = "there is no client: send client id and client secret as Basic authorization"
        raise Rejected(401, "invalid_client", message)
    client_id, _, client_secret = basic.decode(credentials).partition(":")
    return client_id.strip(), client_secret.strip()


def _has(source: Source, sources: Sources, name: str, value: str) -> bool:
    found = _find(sources, name, value)
    return found is not None and found.id == source.id


def _find(sources: Sources, name: str, value: str) -> Source | None:
    """Return whose credential it is; below a source's prefix None for another source's."""
    try:
        return sources.find(NAME, name, value.strip())
    except Rejected:
        return None


def _parameters(request: Request, source: Source) -> dict[str, str]:
    """Return the parameters of body and query, the body's where both have one."""
    found: dict[str, str] = {}
    for text in (request.query, request.body):
        try:
            found |= parse_qsl(text.decode("utf-8", "replace").strip(), max_num_fields=_MOST)
        except ValueError:
            message = f"there are more than {_MOST} parameters"
            raise Rejected(400, "invalid_request", message, source) from None
    return found
