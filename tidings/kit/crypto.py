"""Hashes of secrets and the making of new ones."""

import hashlib
import secrets

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that are mistaken for another


def secret(length: int = 32) -> str:
    """Return a new random secret of ``length`` letters and digits (5.7 bits each)."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def fingerprint(text: str) -> str:
    """Return the SHA-256 of a secret in hex: looked up instead of the secret, which need not be stored for that."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def public_id() -> str:
    """Return a new id that is no secret, like ``KQMXVB``: whoever makes one looks whether it is free."""
    return "".join(secrets.choice(ALPHABET[31:]) for _ in range(6))


def code() -> str:
    """Return a new code to be typed once, like ``K7QM-2XVP`` (40 bits: whoever asks for it must slow guessers down)."""
    letters = [secrets.choice(ALPHABET[23:]) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])
