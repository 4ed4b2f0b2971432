"""Whose request it is: the write key from header, body or query."""

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from tidings.dialects.contract import Rejected, Request, Sources
from tidings.kit import basic
from tidings.tenants.model import Source


def source_of(request: Request, sources: Sources, stated: Any = None) -> Source:
    """Find the source of a request: by its Basic header, else by the key in the body, else by the query.

    A Bearer header says nothing here: tokens of the original service cannot be checked.

    Args:
        request: The request.
        sources: Where to look.
        stated: ``writeKey`` of the body, whatever it is.

    Raises:
        Rejected: 401, no key, an unknown key or a disabled source.
    """
    key = header_key(request.headers.get(b"authorization", b"")) or _text(stated) or query_key(request.query)
    if not key:
        raise Rejected(
            401, "unknown_source", "A write key is required: Basic authorization with the key as user name, or writeKey"
        )
    source = sources.find("segment", "write_key", key)
    if source is None:
        raise Rejected(401, "unknown_source", "The write key belongs to no source")
    if not source.enabled:
        raise Rejected(401, "source_disabled", "The source of this write key is disabled", source)
    return source


@lru_cache(maxsize=1024)
def header_key(header: bytes) -> str:
    """Return the key of ``Authorization: Basic base64(key:)``, "" where there is none.

    Args:
        header: The header's value; colon and password may be missing.
    """
    scheme, _, credentials = header.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    return basic.decode(credentials).partition(":")[0].strip()


def query_key(query: bytes) -> str:
    """Return ``writeKey`` of a query string, "" where there is none.

    Args:
        query: Raw query string.
    """
    if b"writeKey" not in query:
        return ""
    return dict(parse_qsl(query.decode("latin-1"), errors="replace")).get("writeKey", "").strip()


def _text(stated: Any) -> str:
    return stated.strip() if isinstance(stated, str) else ""
