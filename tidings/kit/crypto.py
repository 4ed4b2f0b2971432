"""Hashes of secrets and the making of new ones."""

import hashlib
import secrets

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that are mistaken for another


def secret(length: int = 32) -> str:
    """Return a new random secret of ``length`` letters and digits (5.7 bits each)."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def fingerprint(text: str) -> str:
    """Return the SHA-256 of a secret in hex: looked up instead of the secret, which is never stored."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
