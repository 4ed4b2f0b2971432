"""The answers. A successful body never has ``error`` or ``errors`` on top: the PHP client takes that for a failure."""

import msgspec

from tidings.dialects.contract import Headers, Reply

OK = Reply(200, b'{"success": true}')

_CHALLENGE: Headers = ((b"www-authenticate", b'Basic realm="Re:amaze"'),)


def error(status: int, message: str) -> Reply:
    """Return an error; a 401 challenges the client to name its key.

    Args:
        status: HTTP status.
        message: The reason in a sentence.
    """
    headers = _CHALLENGE if status == 401 else ()
    return Reply(status, msgspec.json.encode({"error": message}), headers=headers)


def invalid(errors: dict[str, list[str]]) -> Reply:
    """Return the answer to a request whose values cannot be taken.

    Args:
        errors: For each member what is wrong with it.
    """
    return Reply(422, msgspec.json.encode({"errors": errors}))
