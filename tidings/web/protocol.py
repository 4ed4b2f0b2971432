"""HTTP/1.1 on uvicorn, with answers in JSON where the parser itself refuses, and deaf to offers to upgrade."""

import re

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

_OFFER = re.compile(rb"\r\nupgrade(?=[ \t]*:)", re.IGNORECASE)
HEAD_BYTES = 16_384  # as much of what arrives at once as a head may take
_REFUSED = {"success": False, "code": "bad_request"}


class Protocol(HttpToolsProtocol):
    """One connection."""

    def data_received(self, data: bytes) -> None:
        """Take bytes; an offer to upgrade (Java's client makes one) would cost the request its body."""
        if b"pgrade" in data[:HEAD_BYTES].lower() and (self.cycle is None or self.cycle.response_complete):
            data = _OFFER.sub(b"\r\nX-Offer", data)
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and methods that the parser does not know."""
        body = msgspec.json.encode(_REFUSED | {"message": msg, "error": msg})
        head = [
            b"content-type: application/json\r\n",
            b"content-length: %d\r\n" % len(body),
            b"access-control-allow-origin: *\r\n",
            b"connection: close\r\n\r\n",
        ]
        self.transport.write(b"".join([STATUS_LINE[400], *head, body]))
        self.transport.close()
