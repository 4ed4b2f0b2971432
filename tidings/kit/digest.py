"""The digest under which a message id is remembered."""

from base64 import b64encode
from hashlib import blake2b


def digest(message_id: str) -> str:
    """Return 128 bits of BLAKE2b as 22 characters: one size for ids of any length, without a shared prefix."""
    return b64encode(blake2b(message_id.encode(), digest_size=16).digest())[:22].decode()
