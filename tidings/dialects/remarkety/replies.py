"""The answers. Exactly 200 is success: the plugins take every other status for a failure and send again."""

from typing import Any

import msgspec

from tidings.dialects.contract import Headers, Reply

OK = Reply(200, b'{"status":"OK"}')

_encode = msgspec.json.Encoder(decimal_format="number").encode


def error(status: int, message: str, headers: Headers = ()) -> Reply:
    """Return an error.

    Args:
        status: HTTP status.
        message: The reason in a sentence.
        headers: Further ones.
    """
    return Reply(status, _encode({"status": "ERROR", "message": message}), headers=headers)


def document(content: Any) -> Reply:
    """Return a successful answer.

    Args:
        content: To be encoded as JSON.
    """
    return Reply(200, _encode(content))


def slow_down(seconds: float, message: str) -> Reply:
    """Return the answer to somebody who asks too often.

    Args:
        seconds: After which the next request is answered.
        message: The reason in a sentence.
    """
    return error(429, message, ((b"retry-after", b"%d" % max(1, round(seconds + 0.5))),))
