"""What these pages call things: customers, identifiers, causes of merges, reasons of conflicts."""

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tidings.kit import email as emails
from tidings.profiles.listing import Brief
from tidings.profiles.model import Identifier
from tidings.profiles.service import ProfileView, called
from tidings.profiles.store import Row

_encode = msgspec.json.Encoder(decimal_format="number").encode
KINDS = {"user_id": "user id", "email": "email", "phone": "phone", "anonymous_id": "anonymous id"}
REASONS = {
    "two user ids": "Each has a user id of its own, so they are two customers.",
    "browser trust does not merge": "The event came with a key that everybody can read, which must not merge customers "
    "that are known by more than an anonymous id.",
}


def kind(name: str) -> str:
    """Return what a kind of identifier is called: "user id (outlet)" for ``user_id@outlet``."""
    base, _, part = name.replace("@", ":", 1).partition(":") if name.startswith("user_id@") else name.partition(":")
    text = "external id" if base == "external" else KINDS.get(base, base)
    return f"{text} ({part})" if part else text


def cause(text: str) -> Identifier:
    """Return the identifier that a merge was caused by, from the form in which it is stored."""
    kind_, _, value = text.partition(":")
    if kind_ == "external":
        type_, _, value = value.partition(":")
        kind_ = f"external:{type_}"
    return Identifier(kind_, value)


def reason(code: str) -> str:
    """Return in a sentence why two profiles were not merged."""
    return REASONS.get(code, code)


def title(id_: int, name: str | None, identifiers: Iterable[Identifier]) -> str:
    """Return what a customer is called on a page: the name, else the address, number or id, else the profile's."""
    known = list(identifiers)
    if name and name.strip():
        return name
    for wanted in ("email", "phone", "user_id", "external"):
        for identifier in known:
            if identifier.kind.startswith(wanted):
                return identifier.value
    return f"Profile {id_}"


def title_of(found: Brief | ProfileView) -> str:
    """Return what a customer is called on a page."""
    if isinstance(found, Brief):
        return title(found.id, found.name, found.identifiers)
    known = [Identifier(row["kind"], row["value"]) for row in found.identifiers]
    return title(found.id, called(found.traits), known)


def proof(profile: ProfileView) -> str:
    """Return what somebody has to type to forget a customer: the address if there is one, else the profile's number."""
    known = [row["value"] for row in profile.identifiers if row["kind"] == "email"]
    return known[0] if known else str(profile.id)


def names(profile: ProfileView, typed: str) -> bool:
    """Tell whether what somebody typed names a customer: an address, a user id, or the profile's number."""
    known = {str(profile.id)}
    for row in profile.identifiers:
        if row["kind"] == "email" or row["kind"].startswith("user_id"):
            known.add(row["value"])
    return typed in known or emails.normalise(typed) in known


def initials(text: str) -> str:
    """Return one or two letters that stand for somebody, "" where there are none.

    Args:
        text: What they are called; hostile.
    """
    words = [word for word in text.partition("@")[0][:200].split() if unicodedata.category(word[0])[0] in "LN"]
    letters = [word[0] for word in (words if len(words) < 2 else [words[0], words[-1]])]
    return "".join(letters).upper()[:2]


def shown_picture(traits: dict[str, Any], avatars: str) -> str | None:
    """Return the address of the picture that is shown of somebody, None for initials.

    Args:
        traits: Of the customer; hostile.
        avatars: The setting.
    """
    given = picture(traits)
    if avatars != "initials" and given is not None and given.lower().startswith("https:"):
        return given
    email = traits.get("email")
    address = emails.normalise(email) if isinstance(email, str) else None
    return gravatar(address) if avatars == "gravatar" and address else None


def gravatar(email: str) -> str:
    """Return the address of the picture that belongs to an email address at Gravatar, an error where there is none.

    Args:
        email: Normalised.
    """
    return f"https://gravatar.com/avatar/{hashlib.sha256(email.encode()).hexdigest()}?s=112&d=404&r=g"


def picture(traits: dict[str, Any]) -> str | None:
    """Return the address of somebody's picture, if it is one that a link may lead to."""
    address = traits.get("avatar")
    if not isinstance(address, str) or len(address) > 2000:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme.lower() in ("http", "https") and parts.netloc else None


def traits_of(values: dict[str, Any], details: dict[str, Row], sources: dict[int, str]) -> list[dict[str, Any]]:
    """Return traits as a page lists them: name, value, the same on one line, source and time."""
    return [
        {
            "name": name,
            "value": value,
            "text": value if isinstance(value, str) else _encode(value).decode(),
            "source": sources.get(details[name]["source_id"]),
            "time": details[name]["time"],
            "trust": details[name]["trust"],
        }
        for name, value in values.items()
    ]
