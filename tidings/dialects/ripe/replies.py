"""The answers: the vendor documents none, so they are what its Segment connector takes for success and failure."""

import msgspec

from tidings.dialects.contract import Reply

OK = Reply(200, b"{}")


def error(status: int, message: str) -> Reply:
    """Return an error.

    Args:
        status: HTTP status. The connector repeats after 429 and 5xx and gives the event up after any other 4xx.
        message: The reason in a sentence.
    """
    return Reply(status, msgspec.json.encode({"message": message}))
