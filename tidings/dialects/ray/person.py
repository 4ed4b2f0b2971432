"""The customer of an interaction: how to find them, and what is said of them."""

from datetime import date
from typing import Any

import msgspec

from tidings.dialects.calls import identifiers, traits
from tidings.events.model import Members
from tidings.kit import email, phone

NETWORKS = ("googleProfile", "instagramProfile", "linkedInProfile", "facebookProfile", "twitterProfile")

_GENDERS = {"M": "M", "F": "F", "O": "O", "OR": "O"}  # the English article prints "Or" for other
_TEXTS = {"name": "firstName", "lastName": "lastName"} | {name: name for name in NETWORKS}
_KNOWN = frozenset(("email", "phone", "gender", "birthDate", "country", *_TEXTS))


class Person(msgspec.Struct, kw_only=True):
    """Who an interaction is about, checked.

    Args:
        email: Normalised.
        phone: E.164.
        traits: What is said of them; what was not said, or blank, is not among them.
        extra: What has no place of its own.
    """

    email: str | None = None
    phone: str | None = None
    traits: Members = {}
    extra: Members = {}


def read(stated: Any, place: str, country: str | None, faults: list[str], notes: list[str]) -> Person:
    """Check the customer of an interaction.

    Args:
        stated: As it was sent.
        place: Where it stands in the request, for messages.
        country: ISO 3166 country of the source, for phones of customers without one.
        faults: Receives what is wrong with it; the result then means nothing.
        notes: Receives a remark on what cannot be used.
    """
    if type(stated) is not dict:
        faults.append(f"{place} is required" if stated in (None, "", []) else f"{place} must be an object")
        return Person()
    found = Person(extra={name: value for name, value in stated.items() if name not in _KNOWN})
    _describe(found, stated, notes)
    at_home = found.traits.get("country") or country
    wrong = [problem for problem in (_mailed(found, stated), _called(found, stated, at_home)) if problem]
    if found.email is None and found.phone is None:
        faults.append(f"{place}." + (f"; {place}.".join(wrong) if wrong else "email or phone is required"))
    notes += wrong
    return found


def _mailed(found: Person, stated: Members) -> str:
    """Read the email; return what is wrong with it."""
    text = identifiers.text_of(stated.get("email"))
    if text is None:
        return "" if _is_blank(stated.get("email")) else "email must be text"
    found.traits["email"] = text.strip()
    found.email = email.normalise(text)
    return "" if found.email else f"email is no address: {text[:100]}"


def _called(found: Person, stated: Members, country: str | None) -> str:
    """Read the phone; return what is wrong with it."""
    text = identifiers.text_of(stated.get("phone"))
    if text is None:
        return "" if _is_blank(stated.get("phone")) else "phone must be text"
    found.traits["phone"] = text.strip()
    found.phone = phone.normalise(text, country)
    hint = "" if country else " (write + and the code of the country, or send user.country)"
    return "" if found.phone else f"phone is no number: {text[:40]}{hint}"


def _describe(found: Person, stated: Members, notes: list[str]) -> None:
    """Read what is said of the customer beside the identifiers."""
    said: Members = {}
    for field, trait in _TEXTS.items():
        value = stated.get(field)
        if _is_blank(value):
            continue
        text = identifiers.text_of(value)
        if text is None:
            _drop(found, field, value, notes)
        else:
            said[trait] = text.strip()
    for field, trait, look in (
        ("gender", "gender", _gender),
        ("birthDate", "birthday", _day),
        ("country", "country", _country),
    ):
        value = stated.get(field)
        if _is_blank(value):
            continue
        text = look(value.strip()) if isinstance(value, str) else None
        if text is None:
            _drop(found, field, value, notes)
        else:
            said[trait] = text
    found.traits = traits.of_user(said)


def _drop(found: Person, field: str, value: Any, notes: list[str]) -> None:
    notes.append(f"no usable {field}: {str(value)[:100]}")
    found.extra[field] = value


def _gender(text: str) -> str | None:
    return _GENDERS.get(text.upper())


def _day(text: str) -> str | None:
    """Return the day of a moment as it stands there: a birthday has no time zone."""
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None


def _country(text: str) -> str | None:
    return text.upper() if len(text) == 2 and text.isascii() and text.isalpha() else None


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
