"""The digests under which message ids, and the identifiers of forgotten customers, are remembered."""

import hmac
from binascii import b2a_base64
from hashlib import blake2b


def digest(message_id: str) -> str:
    """Return 128 bits of BLAKE2b as 22 characters: one size for ids of any length, without a shared prefix."""
    return digest_of(message_id.encode())


def digest_of(content: bytes) -> str:
    """Return the same of a content that stands for an id."""
    return b2a_base64(blake2b(content, digest_size=16).digest())[:22].decode()


def keyed_digest(key: bytes, kind: str, value: str) -> str:
    """Return HMAC-SHA256 of an identifier as 43 characters: without the key nobody can try out whose it is.

    Args:
        key: The installation's.
        kind: Of the identifier; has no NUL in it.
        value: Normalised text.
    """
    return b2a_base64(hmac.digest(key, f"{kind}\0{value}".encode(), "sha256"))[:43].decode()
