"""Style sheet, scripts and icons, below addresses that change with their content and may be kept for ever."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import msgspec

PREFIX = "/console/static"
FOLDER = Path(__file__).parent.parent / "static"
KINDS = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
}
FOR_EVER = b"public, max-age=31536000, immutable"
NEEDED = {"vendor/htmx.min.js", "vendor/uPlot.iife.min.js", "vendor/uPlot.min.css"}


class Incomplete(Exception):  # noqa: N818
    """The installation lacks files that the console's pages load."""


class File(msgspec.Struct, frozen=True):
    """One file.

    Args:
        path: Its address.
        kind: Its media type.
        body: Its content.
        packed: The same, gzipped.
    """

    path: str
    kind: bytes
    body: bytes
    packed: bytes


class Static:
    """All files of a folder, in memory: they are few and small.

    Args:
        folder: Where they are.

    Raises:
        Incomplete: What others have made is not there.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._by_name: dict[str, File] = {}
        for path in sorted(folder.rglob("*")):
            if path.suffix in KINDS:
                name = path.relative_to(folder).as_posix()
                self._by_name[name] = read(name, path)
        if missing := NEEDED - self._by_name.keys():
            raise Incomplete(f"{folder} lacks {', '.join(sorted(missing))}: run 'make setup'")
        self._by_path = {file.path: file for file in self._by_name.values()}

    def address(self, name: str) -> str:
        """Return where a file is, by its name in the folder."""
        return self._by_name[name].path

    async def __call__(self, scope: Any, send: Any) -> None:
        """Answer with a file."""
        file = self._by_path.get(scope["path"])
        status = 200 if file else 404
        if scope["method"] != "GET":
            status, file = 405, None
        body, headers = b"not found", [(b"content-type", b"text/plain")]
        if file:
            packed = b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
            body = file.packed if packed else file.body
            headers = [(b"content-type", file.kind), (b"cache-control", FOR_EVER), (b"vary", b"accept-encoding")]
            headers += [(b"content-encoding", b"gzip")] if packed else []
        headers += [(b"allow", b"GET, HEAD")] if status == 405 else []
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def read(name: str, path: Path) -> File:
    """Return a file with the address that its content gives it."""
    body = path.read_bytes()
    mark = hashlib.sha256(body).hexdigest()[:16]
    return File(f"{PREFIX}/{mark}/{name}", KINDS[path.suffix], body, gzip.compress(body, mtime=0))
