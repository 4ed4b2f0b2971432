"""The answers: a JSON object for every status, because several SDKs repeat a request that is answered otherwise."""

import msgspec

from tidings.dialects.contract import Headers, Reply

OK = Reply(200, b'{"success": true}')
PIXEL = Reply(
    200,
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;",
    b"image/gif",
    ((b"cache-control", b"no-store"),),
)

_TOO_LARGE = 413
_CACHED: Headers = ((b"cache-control", b"public, max-age=300"), (b"access-control-allow-origin", b"*"))


def settings(content: object) -> Reply:
    """Return a JSON document that clients fetch before they send.

    Args:
        content: What to encode.
    """
    return Reply(200, msgspec.json.encode(content), headers=_CACHED)


def error(status: int, code: str, message: str) -> Reply:
    """Return an error as the Segment HTTP Tracking API words it.

    Args:
        status: HTTP status; 413 becomes the documented 400.
        code: Stable short name of the reason.
        message: The reason in a sentence; for a size it becomes the documented text.
    """
    if status == _TOO_LARGE:
        status, code, message = 400, "bad_request", "Exceed payload limit"
    content = {"success": False, "code": code, "message": message, "error": message}
    return Reply(status, msgspec.json.encode(content))
