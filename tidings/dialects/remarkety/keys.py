"""Whose request it is: the store id, else the token, else ``x-domain``, else the only source there is."""

import ipaddress
from functools import lru_cache
from urllib.parse import quote_plus

from tidings.dialects.contract import Rejected, Request, Sources
from tidings.dialects.remarkety import body
from tidings.tenants.model import Source

NAME = "remarkety"
TOKENS = (b"x-api-key", b"x-token")

_HOW = "send a token of the store as x-api-key or x-token"


def source_of(request: Request, sources: Sources) -> tuple[Source, bool]:
    """Return whose request it is, and whether a token says so.

    Args:
        request: The request.
        sources: Where to look; below a source's prefix, that one only.

    Raises:
        Rejected: 401 a wrong token, or nothing says which store; 403 another host, or a disabled source; 404 an unknown
            store.
    """
    store_id = request.parameters.get("store_id")
    if store_id is None and request.query:
        store_id = _stated_store(request.query)
    tokens = _tokens(request.headers)
    if store_id:
        named = sources.find(NAME, "store_id", store_id)
        if named is None:
            raise Rejected(404, "unknown_store", f"there is no store {store_id[:100]!r}: check the store id")
        if tokens and not _opens(tokens, named, sources):
            raise Rejected(401, "wrong_key", f"the token is none of this store's: {_HOW}", named)
        return _checked(named, request, sources), bool(tokens)
    if tokens:
        found = next((known for token in tokens if (known := sources.find(NAME, "api_key", token))), None)
        if found is None:
            raise Rejected(401, "wrong_key", f"the token belongs to no store: {_HOW}")
        return _checked(found, request, sources), True
    return _checked(_of_domain(request, sources), request, sources), False


def keyed(request: Request, sources: Sources) -> Source:
    """Return whose request it is, which a token has to say.

    Raises:
        Rejected: As ``source_of``, and 401 without a token.
    """
    source, has_token = source_of(request, sources)
    if not has_token:
        raise Rejected(401, "no_credentials", f"a token is needed here: {_HOW}", source)
    return source


def secretly_keyed(request: Request, sources: Sources) -> Source:
    """Return whose request it is, which a token that only servers know has to say: the answer tells of customers.

    Raises:
        Rejected: As ``keyed``, and 403 where the source's token may stand in a page.
    """
    source = keyed(request, sources)
    if source.trust != "server":
        message = "the token of this source is public (trust browser): make a source with trust server"
        raise Rejected(403, "public_key", message, source)
    return source


@lru_cache(maxsize=1024)
def labels(domain: str) -> tuple[str, ...]:
    """Return the parts of a domain that may be the key of a brand, first to last, without the top-level domain.

    Args:
        domain: As plugins send it: ``shop.example``, ``/shop.example`` (Magento 2 cuts the wrong characters off), or
            a whole address.
    """
    bare = domain.strip().lower()
    bare = bare.partition("://")[2] or bare
    host = bare.lstrip("/").partition("/")[0].partition(":")[0].strip(".")
    return tuple(host.split(".")[:-1])


def _of_domain(request: Request, sources: Sources) -> Source:
    """Return the source of a request that has neither store id nor token."""
    domain = body.header(request.headers.get(b"x-domain", b""))
    for label in labels(domain[:253]):
        brand = sources.of_brand(NAME, label)
        enabled = [source for source in brand or () if source.enabled]
        if len(enabled) == 1:
            return enabled[0]
    only = sources.only(NAME)
    if only is None:
        message = f"it cannot be told for which store this is: give storeId in the address, or {_HOW}"
        raise Rejected(401, "unknown_source", message)
    return only


def _checked(source: Source, request: Request, sources: Sources) -> Source:
    """Return the source if it is enabled and the host, where it names a brand, names its own."""
    label = _host_label(request.host)
    brand = sources.of_brand(NAME, label) if label else None
    if brand is not None and all(other.id != source.id for other in brand):
        raise Rejected(403, "another_brand", f"the host names {label}, the store belongs to another brand", source)
    if not source.enabled:
        raise Rejected(403, "source_disabled", "the source of this store is disabled", source)
    return source


def _tokens(headers: dict[bytes, bytes]) -> list[str]:
    found = []
    for name in TOKENS:
        if name in headers and (token := body.header(headers[name])):
            found.append(token)
    return found


def _opens(tokens: list[str], source: Source, sources: Sources) -> bool:
    """Tell whether one of some tokens is of a source."""
    for token in tokens:
        found = sources.find(NAME, "api_key", token)
        if found is not None and found.id == source.id:
            return True
    return False


def _stated_store(query: bytes) -> str | None:
    """Return ``storeId`` of a query; nearly all queries of a shop are the same."""
    return _remembered_store(query) if len(query) <= 100 else _store_in(query)


def _store_in(query: bytes) -> str | None:
    found = body.pairs(query)
    return next((value for name, value in found.items() if name.lower() in ("storeid", "store_id")), None)


_remembered_store = lru_cache(maxsize=1024)(_store_in)


@lru_cache(maxsize=1024)
def _host_label(host: str) -> str:
    """Return the first label of a host's name, "" for addresses and localhost."""
    name = host.strip().lower()
    if name.startswith("["):
        return ""
    name = name.partition(":")[0].rstrip(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "" if name == "localhost" else name.partition(".")[0]
    return ""


def address_of(url: str, store_id: str) -> str:
    """Return where a store's events go.

    Args:
        url: Where the server answers.
        store_id: Of the store.
    """
    return f"{url}/webhooks/?storeId={quote_plus(store_id)}"
