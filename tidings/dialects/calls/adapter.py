"""From a call as it was sent to the canonical event.

Implements the common fields and the six calls of the Segment HTTP Tracking API, with the codes of the original service.
What a dialect has of its own stands in its `Grammar`.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from tidings.dialects.calls import context as circumstances
from tidings.dialects.calls import identifiers, traits, wire
from tidings.dialects.calls.wire import Alias, Call, Group, Identify, Invalid, Page, Screen, Track
from tidings.dialects.contract import Request
from tidings.events.model import Event, Members, Verb
from tidings.kit import times
from tidings.kit.ids import uuid7
from tidings.tenants.model import Source

PAGE_MEMBERS = ("path", "referrer", "search", "title", "url")
_READ = frozenset(("active", "groupId", "externalIds", "device", "traits"))


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
        from_customer: Whether the caller's address is the customer's own.
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
    from_customer: bool = False
    empty_lists: bool = False
    note: str | None = None


class Grammar(msgspec.Struct, frozen=True):
    """What a dialect makes of the calls.

    Args:
        complete: For each verb what completes an event that has the common fields; raises Invalid.
        personless: Verbs that need neither ``userId`` nor ``anonymousId``.
    """

    complete: dict[Verb, Callable[[Event, Any, Sender], None]]
    personless: frozenset[str]


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
        from_customer=source.trust == "browser",
        empty_lists=wire.has_empty_list(text),
    )


def adapt(call: Call, unknown: Members, sender: Sender, grammar: Grammar) -> Event:
    """Turn one event into a canonical one.

    Args:
        call: The event as it was sent.
        unknown: Its members that a call of its kind does not have; becomes the event's ``extra``.
        sender: What the request's events share.
        grammar: The dialect's own rules.

    Raises:
        Invalid: It is not an event by the rules of the original service.
    """
    notes = [] if sender.note is None else [sender.note]
    user_id, anonymous_id = call.user_id, call.anonymous_id
    if user_id is not None:  # the calls saved add up: this runs for every event
        user_id = identifiers.read(user_id, "userId", notes)
    if anonymous_id is not None:
        anonymous_id = identifiers.read(anonymous_id, "anonymousId", notes)
    if user_id is None and anonymous_id is None and call.verb not in grammar.personless:
        raise _nobody(notes)
    original, sent, moment = _times(call, sender, notes)
    message_id, context = call.message_id, call.context
    if type(message_id) is not str or not message_id or message_id.isspace():
        message_id = _message_id(message_id, notes)
    if type(context) is not dict or sender.empty_lists or sender.context:
        context = _context(context, sender, notes)
    if call.integrations is not None or sender.integrations:
        unknown["integrations"] = _integrations(call.integrations, sender)
    if call.channel is not None:
        unknown["channel"] = call.channel
    event = Event(
        verb=call.verb,
        message_id=message_id,
        time=moment,
        original=original,
        sent=sent,
        user_id=user_id,
        anonymous_id=anonymous_id,
        context=context,
        extra=unknown,
        notes=notes,
    )
    grammar.complete[call.verb](event, call, sender)
    _read_context(event, context, sender)
    return event


def stamp(stated: Any) -> str | None:
    """Return the text of a moment as a client stated it, None where it stated none.

    Args:
        stated: A decoded JSON value.
    """
    return stated if isinstance(stated, str) else identifiers.number_text(stated)


def _nobody(notes: list[str]) -> Invalid:
    return Invalid("no_user_anon_id", "; ".join(["userId or anonymousId is required", *notes]))


def _message_id(stated: Any, notes: list[str]) -> str:
    text = identifiers.number_text(stated)
    if text is not None:
        return text
    if stated is not None and type(stated) is not str:
        notes.append("messageId is not text, a new one was made")
    return uuid7()


def _times(call: Call, sender: Sender, notes: list[str]) -> tuple[str | None, str | None, int]:
    """Return the client's two stamps as they were sent, and the event's time."""
    original = call.original_timestamp or call.timestamp
    sent, left = sender.sent, sender.left
    if call.sent_at:
        sent, left = stamp(call.sent_at), times.parse(call.sent_at)
    happened = times.parse(original) if original else None
    if happened is None and original:
        notes.append("timestamp cannot be read, the time of receipt counts")
    moment = times.event_time(happened, left, sender.received, sender.correct)
    return original if type(original) is str else stamp(original), sent, moment


def _context(stated: Any, sender: Sender, notes: list[str]) -> Members:
    found = circumstances.read(stated, "context", notes)
    if sender.empty_lists:
        circumstances.tidy(found)
    return circumstances.merge(found, sender.context) if sender.context else found


def _integrations(stated: Any, sender: Sender) -> Any:
    if type(stated) is dict and not sender.integrations:
        return stated
    if stated is None or stated == []:
        stated = {}
    return circumstances.merge(stated, sender.integrations) if isinstance(stated, dict) else stated


def _read_context(event: Event, context: Members, sender: Sender) -> None:
    """Take from the circumstances what has a place of its own, and fill in the address of the caller."""
    if not _READ.isdisjoint(context):
        if context.get("active") is False:
            event.active = False
        if event.group_id is None and "groupId" in context:
            text = identifiers.text_of(context["groupId"])
            event.group_id = identifiers.read(text, "context.groupId", event.notes)
        if "externalIds" in context or "device" in context:
            event.external_ids = identifiers.external(context, event.notes)
        known = context.get("traits")
        if type(known) is dict:
            _find_person(event, known, sender)
    if (sender.from_customer or context.get("direct") is True) and not context.get("ip"):
        context["ip"] = sender.client


def _find_person(event: Event, known: Members, sender: Sender) -> None:
    if event.email is None and "email" in known:
        event.email = identifiers.address_in(known, event.notes)
    if event.phone is None and "phone" in known:
        event.phone = identifiers.phone_in(known, sender.source.settings.country, event.notes)


def _object(value: Any, field: str) -> Members:
    if type(value) is dict:
        return value
    if value is None or value == []:
        return {}
    raise Invalid(f"{field}_not_object", f"{field} must be an object")


def identify(event: Event, call: Identify, sender: Sender) -> None:
    """Complete an identify: traits, and the address and phone among them."""
    found = _object(call.traits, "traits")
    if sender.empty_lists:
        circumstances.tidy_traits(found)
    known = event.context.get("traits")
    if not found and isinstance(known, dict):
        found = dict(known)  # so it comes from relatives
    _find_person(event, found, sender)
    event.traits = traits.of_user(found)


def track(event: Event, call: Track, sender: Sender) -> None:
    """Complete a track: name and properties."""
    name = call.event
    if type(name) is not str:
        if name is not None:
            raise Invalid("event_not_string", "event must be text")
        name = ""
    if not name or name.isspace():
        raise Invalid("event_not_defined", "event is required: the name of what happened")
    event.name = name
    if call.name is not None and call.name != name:
        event.extra["name"] = call.name
    properties = call.properties
    event.properties = properties if type(properties) is dict else _object(properties, "properties")


def view(event: Event, call: Page | Screen, sender: Sender) -> None:
    """Complete a page or screen: name and category may stand on top or among the properties."""
    name = _title(call.name, "name")
    category = _title(call.category, "category")
    properties = _object(call.properties, "properties")
    named = properties.get("name")
    event.name = name or (named if isinstance(named, str) and named.strip() else None)
    if category and properties.setdefault("category", category) != category:
        event.extra["category"] = category
    page = event.context.get("page")
    if event.verb == "page" and isinstance(page, dict):
        for member in PAGE_MEMBERS:
            if member in page and member not in properties:
                properties[member] = page[member]
    event.properties = properties


def group(event: Event, call: Group, sender: Sender) -> None:
    """Complete a group: its id and its traits."""
    event.group_id = identifiers.read(call.group_id, "groupId", event.notes)
    if event.group_id is None:
        raise Invalid("id_required", "; ".join(["groupId is required", *event.notes]))
    found = _object(call.traits, "traits")
    if sender.empty_lists:
        circumstances.tidy_traits(found)
    event.traits = traits.of_group(found)


def alias(event: Event, call: Alias, sender: Sender) -> None:
    """Complete an alias: the id used so far, which ``anonymousId`` may be."""
    event.previous_id = identifiers.read(call.previous_id, "previousId", event.notes) or event.anonymous_id
    if event.user_id is None and event.previous_id is None:
        raise _nobody(event.notes)
    if event.user_id is None or event.previous_id is None:
        missing = "userId" if event.user_id is None else "previousId"
        raise Invalid("id_required", "; ".join([f"{missing} is required", *event.notes]))


def _title(value: Any, field: str) -> str | None:
    if value is None or value == "":
        return None
    if type(value) is not str:
        raise Invalid(f"{field}_not_string", f"{field} must be text")
    return value if value.strip() else None
