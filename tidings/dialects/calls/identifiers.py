"""Ids in events: what counts as one, and what is a program's word for "nobody"."""

from decimal import Decimal
from typing import Any

from tidings.dialects.calls.wire import Invalid
from tidings.events.model import ExternalId, Members
from tidings.kit import email, phone

BLOCKED = frozenset(
    ("-1", "null", "anonymous", "undefined", "none", "nil", "nan", "unknown", "guest", "[object object]")
)
_LONGEST_BLOCKED = max(map(len, BLOCKED))
_SPACES = tuple(chr(code) for code in range(0x3001) if chr(code).isspace())
_SUSPECT = frozenset((*(word[0] for word in BLOCKED), *(word[0].upper() for word in BLOCKED), "0", "", *_SPACES))

_DEVICES = {"ios": "ios", "android": "android"}
_DEVICE_IDS = (("id", "id"), ("advertisingId", "idfa"), ("token", "push_token"))
_OWN_KINDS = frozenset(("user_id", "anonymous_id", "group_id", "email", "phone"))


def read(value: Any, field: str, notes: list[str]) -> str | None:
    """Return an id as text; None where it is absent, empty or blocked.

    Args:
        value: What the event has.
        field: Name of the member, for messages.
        notes: Receives a remark on a blocked id.

    Raises:
        Invalid: ``id_not_string``, it is neither text nor a number.
    """
    if value is None:
        return None
    text: str | None = value if type(value) is str else number_text(value)
    if text is None:
        raise Invalid("id_not_string", f"{field} must be text")
    if text[:1] not in _SUSPECT:
        return text
    bare = text.strip()
    if not bare:
        return None
    if (len(bare) <= _LONGEST_BLOCKED and bare.lower() in BLOCKED) or not bare.strip("0-"):
        notes.append(f"blocked {field}: {bare}")
        return None
    return text


def number_text(value: Any) -> str | None:
    """Return the decimal text of a number, None for anything else.

    Args:
        value: A decoded JSON value.
    """
    if type(value) is int:
        return str(value)
    if type(value) is Decimal:
        return format(value, "f")
    return None


def text_of(value: Any) -> str | None:
    """Return text or a number as text, None for anything else and for blank text.

    Args:
        value: A decoded JSON value.
    """
    if isinstance(value, str):
        return value if value.strip() else None
    return number_text(value)


def address_in(members: Members, notes: list[str]) -> str | None:
    """Return the normalised ``email`` of traits.

    Args:
        members: Traits.
        notes: Receives a remark on an address that cannot be one.
    """
    text = text_of(members.get("email"))
    if text is None:
        return None
    address = email.normalise(text)
    if address is None:
        notes.append(f"no usable email: {text[:100]}")
    return address


def phone_in(members: Members, country: str | None, notes: list[str]) -> str | None:
    """Return the E.164 form of ``phone`` of traits.

    Args:
        members: Traits.
        country: ISO 3166 country by which numbers without ``+`` are read.
        notes: Receives a remark on a number that cannot be one.
    """
    text = text_of(members.get("phone"))
    if text is None:
        return None
    number = phone.normalise(text, country)
    if number is None:
        notes.append(f"no usable phone: {text[:100]}")
    return number


def external(context: Members, notes: list[str]) -> list[ExternalId]:
    """Return the further identifiers in a context: ``externalIds`` and those of the device.

    Args:
        context: Circumstances of an event.
        notes: Receives a remark on each that is not used.
    """
    found: list[ExternalId] = []
    listed = context.get("externalIds")
    if isinstance(listed, list):
        for entry in listed:
            _add(found, _listed(entry, notes))
    device = context.get("device")
    if isinstance(device, dict):
        for identifier in _of_device(device, notes):
            _add(found, identifier)
    return found


def _add(found: list[ExternalId], identifier: ExternalId | None) -> None:
    if identifier is not None and identifier not in found:
        found.append(identifier)


def _listed(entry: Any, notes: list[str]) -> ExternalId | None:
    if not isinstance(entry, dict):
        notes.append("external id without type and id")
        return None
    if entry.get("collection") not in (None, "", "users"):
        return None  # an account's id says nothing of the person
    kind, value = text_of(entry.get("type")), text_of(entry.get("id"))
    if kind is None or value is None or entry.get("encoding") not in (None, "", "none"):
        notes.append("external id without type and id, or encoded")
        return None
    kind = kind.strip().lower()
    if kind in _OWN_KINDS:
        notes.append(f"external id of type {kind} is not used: send it as the member of that name")
        return None
    value = read(value, f"external id {kind}", notes)
    return None if value is None else ExternalId(kind, value)


def _of_device(device: Members, notes: list[str]) -> list[ExternalId]:
    kind = device.get("type")
    system = _DEVICES.get(kind.strip().lower()) if isinstance(kind, str) else None
    if system is None:
        return []
    found = []
    for member, suffix in _DEVICE_IDS:
        text = text_of(device.get(member))
        value = None if text is None else read(text, f"{system}.{suffix}", notes)
        if value is not None:
            found.append(ExternalId(f"{system}.{suffix}", value))
    return found
