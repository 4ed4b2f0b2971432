"""Whose request it is: the API key, which is all that Basic authorization holds."""

from functools import lru_cache

from tidings.dialects.contract import Rejected, Request, Sources
from tidings.kit import basic
from tidings.tenants.model import Source


def source_of(request: Request, sources: Sources) -> Source:
    """Find the source of a request by its ``Authorization`` header.

    Args:
        request: The request.
        sources: Where to look.

    Raises:
        Rejected: 401, no key, an unknown key or a disabled source.
    """
    key = header_key(request.headers.get(b"authorization", b""))
    if not key:
        raise Rejected(401, "unknown_source", "An API key is required: send Authorization: Basic base64(API key)")
    source = sources.find("ripe", "api_key", key)
    if source is None:
        raise Rejected(401, "unknown_source", "The API key belongs to no source")
    if not source.enabled:
        raise Rejected(401, "source_disabled", "The source of this API key is disabled", source)
    return source


@lru_cache(maxsize=1024)
def header_key(header: bytes) -> str:
    """Return the key of ``Authorization: Basic base64(key)``, "" where there is none.

    The key stands there alone, without the colon that other clients of Basic authorization put behind a user name; one
    at the end is dropped. The scheme may be missing: the vendor's documentation asks for the base64 text only.

    Args:
        header: The header's value.
    """
    words = header.split()
    if len(words) == 2 and words[0].lower() == b"basic":
        del words[0]
    if len(words) != 1:
        return ""
    return basic.decode(words[0]).strip().removesuffix(":").strip()
