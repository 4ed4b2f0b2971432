"""From user and event as Re:amaze's clients send them to canonical events.

Implements the members of `POST /data/users` and `POST /data/events` of the page "Data integration".
"""

import ipaddress
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec

from tidings.dialects.calls import context as circumstances
from tidings.dialects.calls import identifiers, traits
from tidings.dialects.calls.wire import Invalid
from tidings.dialects.reamaze_data.body import SECRETS, Sent, is_blank
from tidings.events.model import Event, ExternalId, Members, Verb
from tidings.kit import amounts, email, phone, times
from tidings.kit.ids import uuid7
from tidings.tenants.model import Source

EXTERNAL = ("facebook", "twitter", "instagram")
PHONES = ("sms", "phone", "mobile")
TIMES = ("timestamp", "created", "created_at")
DAY_MINUTES = 1_440

_URL = re.compile(r"(https?:)?//[^\s<>\"'\\]{1,2000}", re.IGNORECASE)


class Sender(msgspec.Struct, kw_only=True):
    """What the events of one request share.

    Args:
        source: Who sent it.
        received: When it arrived, UTC milliseconds.
        customer: Address of the caller where that is the customer's own, "" where it is not.
        repeat: What the client will send again if it repeats the request (``Idempotency-Key``), "" for nothing.
    """

    source: Source
    received: int
    customer: str = ""
    repeat: str = ""


class Person(msgspec.Struct, kw_only=True):
    """Who a request is about, checked.

    Args:
        id: The sender's own id of the customer.
        email: Normalised; None where none was sent that can be one.
        members: All that was sent of the user.
        notes: Remarks so far.
    """

    id: str
    email: str | None
    members: Members
    notes: list[str]


def person_of(user: Members, errors: dict[str, list[str]], *, mailed: bool) -> Person:
    """Return who a request is about.

    Args:
        user: As it was sent.
        errors: Receives what is wrong with a member; the result then means nothing.
        mailed: Whether an email is required.
    """
    notes: list[str] = []
    stated = user.get("id")
    if is_blank(stated):
        stated = None
    try:
        user_id = identifiers.read(stated, "id", notes)
    except Invalid:
        user_id, notes = None, []
        errors["id"] = ["must be text or a number"]
    if user_id is None and "id" not in errors:
        errors["id"] = [f"is no id of a customer: {notes[0]}" if notes else "can't be blank"]
    address, given = None, user.get("email")
    if not is_blank(given):
        text = identifiers.text_of(given)
        address = None if text is None else email.normalise(text)
    if address is None and mailed:
        errors["email"] = ["can't be blank" if is_blank(given) else "is invalid"]
    elif address is None and not is_blank(given):
        notes.append(f"no usable email: {str(given)[:100]}")
    return Person(id=user_id or "", email=address, members=user, notes=notes)


def name_of(event: Members, errors: dict[str, list[str]]) -> str:
    """Return the name of an event.

    Args:
        event: As it was sent.
        errors: Receives what is wrong with it.
    """
    stated = event.get("name")
    text = identifiers.text_of(stated)
    if text is None:
        errors["name"] = ["can't be blank" if is_blank(stated) else "must be text"]
    return text or ""


def identify(sent: Sent, person: Person, sender: Sender) -> Event:
    """Turn the user of ``/data/users`` into an identify event.

    Args:
        sent: What the request brought.
        person: Who.
        sender: What the request's events share.
    """
    event = _event("identify", "user", person, sender)
    event.time = sender.received
    _describe(event, person, sender)
    event.extra |= _unknown(sent.rest, _NONE)
    return event


def happened(sent: Sent, person: Person, name: str, sender: Sender) -> list[Event]:
    """Turn user and event of ``/data/events`` into a track event, after an identify if the user says more than who.

    Args:
        sent: What the request brought.
        person: Who.
        name: Name of the event.
        sender: What the request's events share.
    """
    members = sent.event or {}
    track = _event("track", "event", person, sender)
    track.name = name
    if not _TIMED.isdisjoint(members):  # the calls saved add up: this runs for every event
        track.original, track.time = _time(members, sender, track.notes)
    if sent.rest or not members.keys() <= _HAPPENED:
        track.extra = _unknown(sent.rest, _NONE) | _unknown(members, _HAPPENED)
    data, value = members.get("data"), members.get("value")
    if type(data) is dict:
        track.properties = data
    elif not is_blank(data):
        track.extra["data"] = data
    if not is_blank(value):
        track.value, track.currency = _value(value, sender.source, track.notes)
        if track.value is None:
            track.extra["value"] = value
    if person.members.keys() <= _BARE:
        return [track]
    who = _event("identify", "event-user", person, sender)
    _describe(who, person, sender)
    who.time, who.original = track.time, track.original
    track.phone, track.external_ids = who.phone, who.external_ids
    if who.traits or who.external_ids:
        return [who, track]
    if who.extra:
        track.extra.setdefault("user", who.extra)
    track.notes += [note for note in who.notes if note not in track.notes]
    return [track]


def currency_of(source: Source) -> str | None:
    """Return the currency in which a source states values."""
    return source.settings.currency or source.brand_currency


def _event(verb: Verb, kind: str, person: Person, sender: Sender) -> Event:
    message_id = f"{kind}:{quote(person.id, safe='')}:{sender.repeat}" if sender.repeat else uuid7()
    event = Event(verb=verb, message_id=message_id, time=sender.received, user_id=person.id, email=person.email)
    address, stated = sender.customer, person.members.get("ip")
    if not is_blank(stated):
        found = _address(stated)
        if found is None:
            event.notes.append(f"no usable ip: {str(stated)[:100]}")
        address = found or address
    if address:
        event.context["ip"] = address
    return event


def _describe(event: Event, person: Person, sender: Sender) -> None:
    """Complete an identify: traits and further identifiers."""
    user, notes = person.members, event.notes
    notes += person.notes
    event.extra = _unknown(user, _KNOWN)
    data = user.get("data")
    if isinstance(data, dict):
        circumstances.tidy_traits(data)
        event.traits = traits.of_user(data)
    elif not is_blank(data):
        notes.append("data is not an object")
        event.extra["data"] = data
    for field, (trait, read) in _TRAITS.items():
        stated = user.get(field)
        if is_blank(stated):
            continue
        value = read(stated)
        if value is None:
            notes.append(f"no usable {field}: {str(stated)[:100]}")
        else:
            event.traits[trait] = value
    _call(event, user, sender.source.settings.country)
    for kind in EXTERNAL:
        text = identifiers.text_of(user.get(kind))
        value = None if text is None else identifiers.read(text.strip(), kind, notes)
        if value is not None:
            event.external_ids.append(ExternalId(kind, value))


def _call(event: Event, user: Members, country: str | None) -> None:
    """Read the phone, which clients call by different names."""
    stated = {field: text for field in PHONES if (text := identifiers.text_of(user.get(field))) is not None}
    for field, text in stated.items():
        if event.phone is not None:
            event.extra[field] = text
            continue
        event.traits["phone"] = text.strip()
        event.phone = phone.normalise(text, country)
        if event.phone is None:
            event.notes.append(f"no usable {field}: {text[:100]}")


def _time(members: Members, sender: Sender, notes: list[str]) -> tuple[str | None, int]:
    """Return when an event happened, as it was sent and as it counts."""
    for field in TIMES:
        if field not in members:
            continue
        stated = members[field]
        text = identifiers.text_of(stated)
        if text is None:
            continue
        moment = times.parse(stated)
        if moment is None:
            notes.append(f"{field} cannot be read, the time of receipt counts")
        return text, times.event_time(moment, None, sender.received, correct=False)
    return None, sender.received


def _value(stated: Any, source: Source, notes: list[str]) -> tuple[Decimal | None, str | None]:
    amount = amounts.parse(stated)
    if amount is None:
        notes.append(f"no usable value: {str(stated)[:100]}")
        return None, None
    if amounts.names_currency(stated):
        notes.append(f"value names a currency, which is the source's to say: {stated}")
        return None, None
    return amount, currency_of(source)


def _unknown(members: Members, known: frozenset[str]) -> Members:
    return {field: value for field, value in members.items() if field not in known and field not in SECRETS}


def _address(stated: Any) -> str | None:
    try:
        return str(ipaddress.ip_address(stated.strip())) if isinstance(stated, str) else None
    except ValueError:
        return None


def _avatar(stated: Any) -> str | None:
    text = stated.strip() if isinstance(stated, str) else ""
    if not text.isprintable() or not _URL.fullmatch(text):
        return None
    return "https:" + text if text.startswith("//") else text


def _offset(stated: Any) -> int | None:
    """Return a number of minutes, kept as it is: the vendor's page has both signs (UTC - local, and local - UTC)."""
    number = amounts.parse(stated)
    return int(number) if number is not None and number == int(number) and abs(number) <= DAY_MINUTES else None


def _created(stated: Any) -> Any:
    return stated if identifiers.text_of(stated) is not None else None


# Name of the member -> name of the trait, and what reads it; a member wins over the same name in ``data``.
_TRAITS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "email": ("email", identifiers.text_of),
    "name": ("name", identifiers.text_of),
    "avatar": ("avatar", _avatar),
    "created": ("createdAt", _created),
    "tz_offset": ("tz_offset", _offset),
}
_KNOWN = frozenset(("id", "ip", "data", *_TRAITS, *EXTERNAL, *PHONES))
_HAPPENED = frozenset(("name", "value", "data", *TIMES))
_TIMED = frozenset(TIMES)
_NONE: frozenset[str] = frozenset()
_BARE = frozenset(("id", "ip", *SECRETS))  # of a user of whom no more is said than who it is
