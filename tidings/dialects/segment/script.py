"""The browser script that Segment's page snippet loads: Tidings' own, put together from the files in ``script/``."""

import gzip
import hashlib
import json
from functools import lru_cache
from pathlib import Path

from tidings import __version__
from tidings.dialects.contract import Headers, Intake, Rejected, Reply, Request, Sources

_PARTS = ("values", "memory", "queue", "events", "links", "analytics")
_HEADERS: Headers = (
    (b"cache-control", b"public, max-age=300"),
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),  # pages that isolate themselves load nothing without it
    (b"vary", b"Accept-Encoding"),
)


def deliver(request: Request, sources: Sources) -> Intake:
    """Answer ``GET /analytics.js/v1/{writeKey}/analytics.min.js``.

    A disabled source is answered too: the pages that call it need ``window.analytics`` all the same.

    Args:
        request: The request, ``writeKey`` among its parameters.
        sources: Where to look for the key.

    Raises:
        Rejected: 404, the key belongs to no source.
    """
    key = request.parameters.get("writeKey", "")
    source = sources.find("segment", "write_key", key)
    if source is None:
        raise Rejected(404, "unknown_source", "The write key belongs to no source")
    plain, packed, tag = _script(key)
    headers: Headers = (*_HEADERS, (b"etag", tag))
    if tag in request.headers.get(b"if-none-match", b""):
        return Intake(source=source, reply=Reply(304, b"", headers=headers))
    if b"gzip" not in request.headers.get(b"accept-encoding", b""):
        return Intake(source=source, reply=Reply(200, plain, b"text/javascript; charset=utf-8", headers))
    headers = (*headers, (b"content-encoding", b"gzip"))
    return Intake(source=source, reply=Reply(200, packed, b"text/javascript; charset=utf-8", headers))


@lru_cache(maxsize=256)
def _script(key: str) -> tuple[bytes, bytes, bytes]:
    """Return the script with a key in it, plain and compressed, and its entity tag."""
    text = _source().replace('"__WRITE_KEY__"', literal(key)).replace('"__VERSION__"', literal(__version__))
    plain = text.encode()
    tag = f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"'.encode()  # weak: the same for both encodings
    return plain, gzip.compress(plain, mtime=0), tag


@lru_cache(maxsize=1)
def _source() -> str:
    folder = Path(__file__).parent / "script"
    parts = "\n".join((folder / f"{name}.js").read_text("utf-8") for name in _PARTS)
    return f'(function () {{\n"use strict";\n{parts}}})();\n'


def literal(text: str) -> str:
    """Return a JavaScript string that nothing in it can end, in a script file or inside a page.

    Args:
        text: Any text.
    """
    return json.dumps(text).replace("<", "\\u003c")
