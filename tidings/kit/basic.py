"""Credentials of Basic authorization (RFC 7617), as clients really write them."""

import base64
import binascii


def decode(credentials: bytes) -> str:
    """Return the text that the part behind ``Basic`` stands for, "" where it is no base64.

    Args:
        credentials: Standard or URL-safe base64; padding may be missing.
    """
    encoded = credentials.strip().rstrip(b"=")
    try:
        decoded = base64.b64decode(
            encoded + b"=" * (-len(encoded) % 4), altchars=b"-_" if b"-" in encoded or b"_" in encoded else None
        )
    except binascii.Error:
        return ""
    return decoded.decode("utf-8", "replace")
