"""``authkey``: the proof that a request about a customer comes from who knows the account's secrets."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

Proof = Literal["id", "id and email"]

_NUMBER = re.compile(r"\s*([+-]?\d+)(\.\d*)?([eE][+-]?\d+)?|\s*([+-]?\.\d+)([eE][+-]?\d+)?", re.ASCII)
_LARGEST = 2**63 - 1  # PHP's
_LONGEST = 40  # characters of a number that anybody has for an id
_RIGHT = (
    'authkey must be the lower-case hex SHA-256 of the id, a ":" and the account API key '
    '(or the HMAC-SHA256 of the id, a ":" and the email, with the SSO secret)'
)
_PHP = """In PHP write hash("sha256", $id . ":" . $key): the "+" of the vendor's PHP sample adds numbers"""


def check(authkey: str, user_id: str, email: str, keys: Iterable[str], secrets: Iterable[str]) -> Proof | None:
    """Say what an authkey proves, None where it is wrong; every secret is tried, in constant time.

    Implements the authkey of the pages "Data integration" (SHA-256) and "Widget authentication" (HMAC).

    Args:
        authkey: As it was sent; upper case is taken too.
        user_id: ``id`` as it was sent, as text.
        email: As it was sent; "" where none was.
        keys: API keys of the account.
        secrets: Its SSO secrets.
    """
    given = authkey.strip().lower().encode("utf-8", "replace")
    plain = signed = False
    for key in keys:
        plain |= hmac.compare_digest(given, digest(f"{user_id}:{key}"))
    for secret in secrets if email else ():
        signed |= hmac.compare_digest(given, signature(secret, f"{user_id}:{email}"))
    return "id and email" if signed else "id" if plain else None


def fault(authkey: str, user_id: str, email: str) -> str:
    """Return what to do about a wrong authkey, precisely where it is what the vendor's PHP sample makes.

    Args:
        authkey: As it was sent.
        user_id: ``id`` as it was sent, as text.
        email: As it was sent; "" where none was.
    """
    given = authkey.strip().lower().encode("utf-8", "replace")
    added = php_sum(user_id)
    if hmac.compare_digest(given, digest(added)):
        return (
            f'authkey is the SHA-256 of "{added}" alone: "+" has added the id and ":" with the key as numbers. '
            f'{_PHP}, "." joins text'
        )
    without = "" if email else "; without an email only the first form can be checked"
    return f"authkey is wrong: {_RIGHT}{without}. {_PHP}"


def digest(text: str) -> bytes:
    """Return the hex SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest().encode()


def signature(secret: str, text: str) -> bytes:
    """Return the hex HMAC-SHA256 of a text."""
    code = hmac.digest(secret.encode("utf-8", "surrogatepass"), text.encode("utf-8", "surrogatepass"), "sha256")
    return code.hex().encode()


def php_sum(user_id: str) -> str:
    """Return the text of ``$id + ":key"`` in PHP before 8: the number that the id begins with, and 0 for the key.

    Args:
        user_id: The id as text.
    """
    found = _NUMBER.match(user_id[:_LONGEST])
    if found is None:
        return "0"
    whole, fraction, exponent = found[1], found[2], found[3]
    if whole is not None and fraction is None and exponent is None and abs(int(whole)) <= _LARGEST:
        return str(int(whole))
    return _float(Decimal(found[0].strip()))


def _float(number: Decimal) -> str:
    """Return a number as PHP writes a float: 14 digits."""
    try:
        text = format(float(number), ".14G")
    except OverflowError:
        return "INF"
    mantissa, e, exponent = text.partition("E")
    if not e:
        return text
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent):+d}"
