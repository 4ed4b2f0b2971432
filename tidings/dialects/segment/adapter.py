"""From an event as Segment's clients send it to the canonical event.

Implements the Segment HTTP Tracking API: common fields, the six calls, and the codes of the original service.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from tidings.dialects.contract import Request
from tidings.dialects.segment import context as circumstances
from tidings.dialects.segment import identifiers, money, traits, wire
from tidings.dialects.segment.wire import Invalid
from tidings.events.model import VERBS, Event, Members, Verb
from tidings.kit import times
from tidings.kit.ids import uuid7
from tidings.tenants.model import Source

_CONSENT_EVENT = "Segment Consent Preference Updated"
_PAGE_MEMBERS = ("path", "referrer", "search", "title", "url")
_PERSONLESS: frozenset[str] = frozenset(("group", "alias"))


class Sender(msgspec.Struct, kw_only=True):
    """What all events of one request share.

    Args:
        source: Who sent it.
        received: When it arrived, UTC milliseconds.
        client: Address of the caller.
        sent: ``sentAt`` of the batch, as it was sent.
        left: The same, UTC milliseconds.
        context: Circumstances of the whole batch.
        integrations: Destinations of the whole batch.
        correct: Whether the client's clock is corrected.
        empty_lists: Whether ``[]`` occurs in the body.
        note: A remark for every event of the request.
    """

    source: Source
    received: int
    client: str
    sent: str | None = None
    left: int | None = None
    context: Members = {}
    integrations: Members = {}
    correct: bool = True
    empty_lists: bool = False
    note: str | None = None


def sender_of(request: Request, source: Source, text: bytes) -> Sender:
    """Return what the events of a request share, as far as the request itself tells.

    Args:
        request: The request.
        source: Who sent it.
        text: The JSON text that the request brought.
    """
    return Sender(
        source=source,
        received=request.received,
        client=request.client,
        correct=source.settings.correct_time,
        empty_lists=wire.has_empty_list(text),
    )


def adapt(members: Members, sender: Sender, verb: Verb | None = None) -> Event:
    """Turn one event into a canonical one.

    Args:
        members: The decoded event; used up, what stays becomes the event's ``extra``.
        sender: What the request's events share.
        verb: The call that the path names; None where the event's ``type`` says it.

    Raises:
        Invalid: It is not an event by the rules of the original service.
    """
    stated = members.pop("type", None)
    if verb is None:
        verb = (_VERBS.get(stated) if type(stated) is str else None) or _verb(stated, members)
    notes = [] if sender.note is None else [sender.note]
    user_id = identifiers.read(members.pop("userId", None), "userId", notes)
    anonymous_id = identifiers.read(members.pop("anonymousId", None), "anonymousId", notes)
    if user_id is None and anonymous_id is None and verb not in _PERSONLESS:
        raise _nobody(notes)
    original, sent, moment = _times(members, sender, notes)
    context = members.pop("context", None)
    if type(context) is not dict or sender.empty_lists or sender.context:
        context = _context(context, sender, notes)
    event = Event(
        verb=verb,
        message_id=_message_id(members.pop("messageId", None), notes),
        time=moment,
        original=original,
        sent=sent,
        user_id=user_id,
        anonymous_id=anonymous_id,
        context=context,
        extra=members,
        notes=notes,
    )
    _COMPLETE[verb](event, members, sender)
    _read_context(event, sender)
    if not _DROPPED.isdisjoint(members):
        for name in _DROPPED & members.keys():
            del members[name]
    if sender.integrations:
        own = circumstances.read(members.get("integrations"), "integrations", notes)
        members["integrations"] = circumstances.merge(own, sender.integrations)
    return event


_VERBS: dict[str, Verb] = {verb: verb for verb in VERBS}
_DROPPED = frozenset(("writeKey", "receivedAt", "version", "_metadata", "action"))


def _verb(stated: Any, members: Members) -> Verb:
    for candidate in (stated, members.get("action")):
        if isinstance(candidate, str):
            verb = _VERBS.get(candidate.strip().lower())
            if verb is not None:
                return verb
    raise Invalid("bad_request", "type must be identify, track, page, screen, group or alias")


def _nobody(notes: list[str]) -> Invalid:
    return Invalid("no_user_anon_id", "; ".join(["userId or anonymousId is required", *notes]))


def _message_id(stated: Any, notes: list[str]) -> str:
    if type(stated) is str and stated and not stated.isspace():
        return stated
    text = identifiers.number_text(stated)
    if text is not None:
        return text
    if stated is not None and type(stated) is not str:
        notes.append("messageId is not text, a new one was made")
    return uuid7()


def _times(members: Members, sender: Sender, notes: list[str]) -> tuple[str | None, str | None, int]:
    """Return the client's two stamps as they were sent, and the event's time."""
    original = members.pop("timestamp", None)
    if "originalTimestamp" in members:
        original = members.pop("originalTimestamp") or original
    sent, left = sender.sent, sender.left
    if "sentAt" in members:
        stated = members.pop("sentAt")
        if stated:
            sent, left = stamp(stated), times.parse(stated)
    happened = times.parse(original) if original else None
    if happened is None and original:
        notes.append("timestamp cannot be read, the time of receipt counts")
    moment = times.event_time(happened, left, sender.received, sender.correct)
    return original if type(original) is str else stamp(original), sent, moment


def stamp(stated: Any) -> str | None:
    """Return the text of a moment as a client stated it, None where it stated none.

    Args:
        stated: A decoded JSON value.
    """
    return stated if isinstance(stated, str) else identifiers.number_text(stated)


def _context(stated: Any, sender: Sender, notes: list[str]) -> Members:
    found = circumstances.read(stated, "context", notes)
    if sender.empty_lists:
        circumstances.tidy(found)
    return circumstances.merge(found, sender.context) if sender.context else found


def _read_context(event: Event, sender: Sender) -> None:
    """Take from the circumstances what has a place of its own, and fill in the address of the caller."""
    context = event.context
    if context.get("active") is False:
        event.active = False
    if event.group_id is None and "groupId" in context:
        event.group_id = _lenient_id(context["groupId"], "context.groupId", event.notes)
    if "externalIds" in context or "device" in context:
        event.external_ids = identifiers.external(context, event.notes)
    known = context.get("traits")
    if type(known) is dict:
        if event.email is None and "email" in known:
            event.email = identifiers.address_in(known, event.notes)
        if event.phone is None and "phone" in known:
            event.phone = identifiers.phone_in(known, sender.source.settings.country, event.notes)
    if (sender.source.trust == "browser" or context.get("direct") is True) and not context.get("ip"):
        context["ip"] = sender.client


def _lenient_id(value: Any, field: str, notes: list[str]) -> str | None:
    text = identifiers.text_of(value)
    return None if text is None else identifiers.read(text, field, notes)


def _object(members: Members, field: str, code: str) -> Members:
    value = members.pop(field, None)
    if type(value) is dict:
        return value
    if value is None or value == []:
        return {}
    raise Invalid(code, f"{field} must be an object")


def _identify(event: Event, members: Members, sender: Sender) -> None:
    found = _object(members, "traits", "traits_not_object")
    if sender.empty_lists:
        circumstances.tidy_traits(found)
    known = event.context.get("traits")
    if not found and isinstance(known, dict):
        found = dict(known)
    if "email" in found:
        event.email = identifiers.address_in(found, event.notes)
    if "phone" in found:
        event.phone = identifiers.phone_in(found, sender.source.settings.country, event.notes)
    event.traits = traits.of_user(found)


def _track(event: Event, members: Members, sender: Sender) -> None:
    name = members.pop("event", None)
    if type(name) is not str:
        if name is None:
            raise Invalid("event_not_defined", "event is required: the name of what happened")
        raise Invalid("event_not_string", "event must be text")
    if not name or name.isspace():
        raise Invalid("event_not_defined", "event is required: the name of what happened")
    event.name = name
    properties = _object(members, "properties", "properties_not_object")
    event.properties = properties
    if "revenue" in properties and not money.is_order(name):
        currency = sender.source.settings.currency or money.DEFAULT_CURRENCY
        event.value, event.currency = money.value_of(properties, currency, event.notes)
    if name == _CONSENT_EVENT:
        _check_consent(event.context)


def _check_consent(context: Members) -> None:
    consent = context.get("consent")
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    field = "context.consent.categoryPreferences"
    if preferences is None:
        raise Invalid("consent_categorypreferences_should_exist", f"{field} is required")
    if not isinstance(preferences, dict):
        raise Invalid("consent_categorypreferences_fields_should_be_object", f"{field} must be an object")
    if not all(isinstance(choice, bool) for choice in preferences.values()):
        raise Invalid("consent_categorypreferences_fields_should_be_bool", f"{field} must have only true and false")


def _view(event: Event, members: Members, sender: Sender) -> None:
    """Complete a page or screen: name and category may stand on top or among the properties."""
    name = _title(members, "name")
    category = _title(members, "category")
    properties = _object(members, "properties", "properties_not_object")
    named = properties.get("name")
    event.name = name or (named if isinstance(named, str) and named.strip() else None)
    if category and properties.setdefault("category", category) != category:
        event.extra["category"] = category
    page = event.context.get("page")
    if event.verb == "page" and isinstance(page, dict):
        for member in _PAGE_MEMBERS:
            if member in page and member not in properties:
                properties[member] = page[member]
    event.properties = properties


def _title(members: Members, field: str) -> str | None:
    value = members.pop(field, None)
    if value is None or value == "":
        return None
    if type(value) is not str:
        raise Invalid(f"{field}_not_string", f"{field} must be text")
    return value if value.strip() else None


def _group(event: Event, members: Members, sender: Sender) -> None:
    event.group_id = identifiers.read(members.pop("groupId", None), "groupId", event.notes)
    if event.group_id is None:
        raise Invalid("id_required", "; ".join(["groupId is required", *event.notes]))
    found = _object(members, "traits", "traits_not_object")
    if sender.empty_lists:
        circumstances.tidy_traits(found)
    event.traits = traits.of_group(found)


def _alias(event: Event, members: Members, sender: Sender) -> None:
    event.previous_id = identifiers.read(members.pop("previousId", None), "previousId", event.notes)
    if event.previous_id is None:
        event.previous_id = event.anonymous_id
    if event.user_id is None and event.previous_id is None:
        raise _nobody(event.notes)
    if event.user_id is None or event.previous_id is None:
        missing = "userId" if event.user_id is None else "previousId"
        raise Invalid("id_required", "; ".join([f"{missing} is required", *event.notes]))


_COMPLETE: dict[Verb, Callable[[Event, Members, Sender], None]] = {
    "identify": _identify,
    "track": _track,
    "page": _view,
    "screen": _view,
    "group": _group,
    "alias": _alias,
}
