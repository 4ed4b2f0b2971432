"""Telephone numbers as identifiers."""

import re
from functools import lru_cache

_SHORTEST = 8  # characters of an international number with "+"; what is shorter is a code within a town
_LONGEST = 40  # characters that a number with its decoration can sensibly have
_DECORATION = re.compile(r"[\s().\-/\u00a0\u2010-\u2015\u202f]+")


@lru_cache(maxsize=4096)
def normalise(text: str, country: str | None) -> str | None:
    """Bring a telephone number into the form by which customers are found: E.164.

    Args:
        text: The number as it was sent, in any notation; ``00`` means ``+`` where no country is given.
        country: ISO 3166 code of the country by which a number without ``+`` is read; None reads none.

    Returns:
        ``+`` and at most 15 digits (ITU-T E.164), or None where it cannot be a number.
    """
    import phonenumbers  # heavy: only those who have numbers pay for it

    number = text.strip()
    if not number or len(number) > _LONGEST:
        return None
    if country is None and number.startswith("00"):
        number = "+" + number[2:]
    try:
        parsed = phonenumbers.parse(number, country.upper() if country else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    found = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return found if len(found) >= _SHORTEST else None


def beginning(text: str) -> str:
    """Return the beginning of a number, as somebody types it, in the form that whole numbers have: ``+`` and digits.

    Args:
        text: In any notation, with ``+`` or ``00`` and the country.

    Returns:
        "" where no such number begins so.
    """
    bare = _DECORATION.sub("", text)
    bare = "+" + bare[2:] if bare.startswith("00") else bare
    return bare if bare.startswith("+") and bare[1:].isdecimal() and bare.isascii() else ""
