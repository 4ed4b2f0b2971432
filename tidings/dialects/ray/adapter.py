"""From interactions as RAY's clients send them to canonical events.

Implements the members of `POST /events/interaction` of the article "How: I communicate my customer interactions through
the API".
"""

import hashlib
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from tidings.dialects.calls import identifiers, money
from tidings.dialects.ray import person
from tidings.dialects.ray.person import Person
from tidings.events.model import Event, Members
from tidings.events.reports import Commerce, OrderReport
from tidings.kit import amounts, times
from tidings.tenants.model import Declared, Source
from tidings.tenants.rules import deviations

LONGEST = 100  # characters of a type or subtype
AHEAD = 24 * 60 * 60 * 1000  # milliseconds that a clock may be ahead

_LARGEST = 18  # digits of a store's number
_PURCHASES = frozenset(("PURCHASE", "ORDER", "SALE", "COMPRA", "PEDIDO", "VENTA"))
_TAKEN_BACK = re.compile(r"REFUND|RETURN|CANCEL|VOID|DEVOL|ANUL|REEMBOLSO")
_OWN = ("type", "subType", "storeId")  # members of the event that are properties beside those of customProps
_KNOWN = frozenset((*_OWN, "subtype", "source", "timestamp", "customProps", "user"))
_encode = msgspec.json.Encoder(decimal_format="number", order="sorted").encode


class Sender(msgspec.Struct, kw_only=True):
    """What the interactions of one request share.

    Args:
        source: Who sent it.
        received: When it arrived, UTC milliseconds.
        declared: Finds what the operator has declared of a type and subtype.
    """

    source: Source
    received: int
    declared: Callable[[Source, str, str], Declared | None]


class Interaction(msgspec.Struct, kw_only=True):
    """One interaction, checked.

    Args:
        place: Where it stands in the request: ``events[0]``.
        type: Upper case: types are compared without case.
        subtype: Upper case, "" for none.
        store: Number of the store, as text.
        original: ``timestamp`` as it was sent.
        moment: The same, UTC milliseconds.
        properties: ``customProps``.
        person: The customer.
        extra: What has no place of its own.
        notes: Remarks so far.
    """

    place: str
    type: str
    subtype: str
    store: str
    original: str
    moment: int
    properties: Members
    person: Person
    extra: Members
    notes: list[str]


def read(stated: Any, place: str, sender: Sender, faults: list[str]) -> Interaction | None:
    """Check one interaction.

    Args:
        stated: As it was sent.
        place: Where it stands in the request, for messages.
        sender: What the request's interactions share.
        faults: Receives what is wrong with it; the result then means nothing.
    """
    if type(stated) is not dict:
        faults.append(f"{place} must be an object")
        return None
    notes: list[str] = []
    extra = {name: value for name, value in stated.items() if name not in _KNOWN}
    kind = _word(stated.get("type"), f"{place}.type", faults)
    if not kind and not _blames(faults, f"{place}.type"):
        faults.append(f"{place}.type is required")
    subtype = _word(stated.get("subType", stated.get("subtype")), f"{place}.subType", faults)
    origin = stated.get("source")
    if origin is not None and not (isinstance(origin, str) and origin.strip().upper() in ("", "OTHER")):
        extra["source"] = origin
    original, moment = _moment(stated.get("timestamp"), f"{place}.timestamp", sender.received, faults)
    return Interaction(
        place=place,
        type=kind,
        subtype=subtype,
        store=_store(stated.get("storeId"), f"{place}.storeId", faults),
        original=original,
        moment=moment,
        properties=_properties(stated.get("customProps"), f"{place}.customProps", faults),
        person=person.read(stated.get("user"), f"{place}.user", sender.source.settings.country, faults, notes),
        extra=extra,
        notes=notes,
    )


def events_of(interactions: list[Interaction], sender: Sender) -> list[Event]:
    """Turn checked interactions into track events.

    Args:
        interactions: All of one request, in their order: of equal ones each next one is another event.
        sender: What they share.
    """
    met: dict[bytes, int] = {}
    events = []
    for interaction in interactions:
        content = _content(interaction)
        met[content] = met.get(content, 0) + 1
        events.append(_event(interaction, _message_id(content, met[content]), sender))
    return events


def _event(interaction: Interaction, message_id: str, sender: Sender) -> Event:
    who, notes = interaction.person, interaction.notes
    kind, subtype = interaction.type, interaction.subtype
    properties = {**interaction.properties, "type": kind, "storeId": int(interaction.store)}
    if subtype:
        properties["subType"] = subtype
    hidden = {name: value for name in _OWN if (value := interaction.properties.get(name)) is not None}
    extra = interaction.extra | ({"customProps": hidden} if hidden else {})
    event = Event(
        verb="track",
        name=f"{kind}/{subtype}" if subtype else kind,
        message_id=message_id,
        time=times.event_time(interaction.moment, None, sender.received, correct=False),
        original=interaction.original,
        email=who.email,
        phone=who.phone,
        traits=who.traits,
        properties=properties,
        extra=extra | ({"user": who.extra} if who.extra else {}),
        notes=notes,
        store=interaction.store,
    )
    declared = sender.declared(sender.source, kind, subtype)
    if declared is not None:
        notes += deviations(declared, interaction.properties, "customProps.")
    _count(event, interaction, sender.source)
    return event


def _count(event: Event, interaction: Interaction, source: Source) -> None:
    """Read the amount: of an order where the interaction is a purchase that names one, else towards the value."""
    properties, notes = interaction.properties, event.notes
    if _TAKEN_BACK.search(interaction.type) or _TAKEN_BACK.search(interaction.subtype):
        return  # what such an amount means is not documented: adding it could count money that was given back
    amount, currency = _amount(properties, source, notes)
    order_id = identifiers.text_of(properties.get("orderId")) or identifiers.text_of(properties.get("order_id"))
    if order_id is None or interaction.type not in _PURCHASES:
        if amount is not None:
            event.value, event.currency = amount, currency
        return
    order = OrderReport(id=order_id.strip(), at=event.time, placed_at=event.time)
    if amount is not None:
        order.total, order.currency = amount, currency
    event.commerce = Commerce(order=order)


def _amount(properties: Members, source: Source, notes: list[str]) -> tuple[Decimal | None, str]:
    """Return the amount, None where none can be used, and its currency."""
    usual = source.settings.currency or source.brand_currency
    stated, named = properties.get("amount"), properties.get("currency")
    if stated is None or stated == "":
        return None, usual
    amount = money.amount(stated, "customProps.amount", notes)
    if named is None or named == "":
        if amount is not None and amounts.names_currency(stated):
            notes.append(f"customProps.amount names a currency, customProps.currency does not: {stated}")
            amount = None
        return amount, usual
    currency = money.currency(named, notes)
    return (amount, currency) if currency else (None, usual)


def _word(stated: Any, field: str, faults: list[str]) -> str:
    """Return a type or subtype in upper case, "" where there is none."""
    if stated is None:
        return ""
    text = stated.strip() if isinstance(stated, str) else identifiers.number_text(stated)
    if text is None:
        faults.append(f"{field} must be text")
        return ""
    if len(text) > LONGEST:
        faults.append(f"{field} must have at most {LONGEST} characters")
    return text[:LONGEST].upper()


def _store(stated: Any, field: str, faults: list[str]) -> str:
    text = stated.strip() if isinstance(stated, str) else identifiers.number_text(stated)
    if not text:
        faults.append(f"{field} is required" if text == "" or stated is None else f"{field} must be a number")
        return ""
    whole = text[:-2] if text.endswith(".0") else text
    if not (whole.isascii() and whole.isdecimal() and len(whole) <= _LARGEST):
        faults.append(f"{field} must be the number of a store")
        return ""
    return str(int(whole))


def _moment(stated: Any, field: str, received: int, faults: list[str]) -> tuple[str, int]:
    text = identifiers.text_of(stated)
    if text is None:
        faults.append(f"{field} is required" if stated in (None, "") else f"{field} must be text in ISO 8601")
        return "", received
    moment = times.parse(stated)
    if moment is None:
        faults.append(f"{field} cannot be read: write it in ISO 8601, like 2020-08-05T18:38:13.343Z")
    elif moment > received + AHEAD:
        faults.append(f"{field} is more than 24 hours ahead")
    return text, received if moment is None else moment


def _properties(stated: Any, field: str, faults: list[str]) -> Members:
    if type(stated) is dict:
        return stated
    if stated is not None and stated not in ([], ""):
        faults.append(f"{field} must be an object")
    return {}


def _blames(faults: list[str], field: str) -> bool:
    return bool(faults) and faults[-1].startswith(field)


def _content(interaction: Interaction) -> bytes:
    """Return what makes two interactions the same: the vendor's contract has no id of an event."""
    who = interaction.person
    same = (
        interaction.store,
        who.email or who.phone,
        interaction.type,
        interaction.subtype,
        interaction.moment,
        interaction.properties,
    )
    return _encode(same)


def _message_id(content: bytes, occurrence: int) -> str:
    mark = hashlib.sha256(b"%d\n%s" % (occurrence, content)).hexdigest()
    return f"ray-{mark[:40]}"
