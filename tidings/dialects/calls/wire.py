"""One event as it comes over the wire, in strict and in tolerant reading."""

import re
from typing import Any, ClassVar

import msgspec

from tidings.events.model import Members, Refusal, Verb
from tidings.kit import jsontext

EVENT_LIMIT = 32_768  # bytes of one event as it stands in the request
REFUSED_LIMIT = 65_536  # bytes that are kept of what was not taken

_KEY = re.compile(rb'"(writeKey|apiKey|api_key)"\s*:\s*"(?:[^"\\]+|\\.)*+"', re.DOTALL)
_EMPTY_LIST = re.compile(rb"\[\s*\]")


class Common(msgspec.Struct, tag_field="type", rename="camel", forbid_unknown_fields=True, gc=False):
    """What every event can have, as it was sent; anything can be anything.

    Args:
        user_id: The sender's lasting id of the person.
        anonymous_id: Random id of a visitor.
        message_id: The sender's id of the event.
        timestamp: When it happened by the client's clock.
        original_timestamp: The same, of relatives.
        sent_at: When the request left by the client's clock.
        context: Circumstances.
        integrations: Destinations.
        channel: Kind of the sender.
        write_key: The key; browsers repeat it in every event.
        version: Written by the original service, not read.
        received_at: Written by the original service, not read.
        metadata: Bookkeeping of the SDK, not read.
    """

    verb: ClassVar[Verb]

    user_id: Any = None
    anonymous_id: Any = None
    message_id: Any = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    context: Any = None
    integrations: Any = None
    channel: Any = None
    write_key: Any = None
    version: Any = None
    received_at: Any = None
    metadata: Any = msgspec.field(name="_metadata", default=None)


class Identify(Common, tag="identify"):
    """Who a person is."""

    verb = "identify"
    traits: Any = None


class Track(Common, tag="track"):
    """What a person did; ``name`` is what some clients send beside ``event``."""

    verb = "track"
    event: Any = None
    name: Any = None
    properties: Any = None


class Page(Common, tag="page"):
    """What a person saw on a site."""

    verb = "page"
    name: Any = None
    category: Any = None
    properties: Any = None


class Screen(Common, tag="screen"):
    """What a person saw in an app."""

    verb = "screen"
    name: Any = None
    category: Any = None
    properties: Any = None


class Group(Common, tag="group"):
    """The account that a person belongs to."""

    verb = "group"
    group_id: Any = None
    traits: Any = None


class Alias(Common, tag="alias"):
    """Two ids of one person."""

    verb = "alias"
    previous_id: Any = None


Call = Identify | Track | Page | Screen | Group | Alias
CALLS: dict[str, type[Call]] = {
    "identify": Identify,
    "track": Track,
    "page": Page,
    "screen": Screen,
    "group": Group,
    "alias": Alias,
}

_DECODE_ANY_CALL = msgspec.json.Decoder(Call, float_hook=jsontext.number).decode
_DECODE = {verb: msgspec.json.Decoder(call, float_hook=jsontext.number).decode for verb, call in CALLS.items()}
_FIELDS = {
    verb: {field.encode_name: field.name for field in msgspec.structs.fields(call)} for verb, call in CALLS.items()
}
_decode_members = msgspec.json.Decoder(Members, float_hook=jsontext.number).decode


class Invalid(Exception):  # noqa: N818 -- the sender's mistake
    """An event that cannot be taken.

    Args:
        code: Reason, in the words of the original service where it has one.
        message: The reason in a sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def read_event(raw: bytes, verb: Verb | None = None) -> tuple[Call, Members]:
    """Decode one event.

    Args:
        raw: The event as it stands in the request.
        verb: The call that the path names; None where the event's ``type`` says it.

    Returns:
        The event, and its members that no call of this kind has.

    Raises:
        Invalid: It is too large, too deep, no object or of no known type.
        jsontext.Unreadable: It is no JSON.
    """
    if len(raw) <= EVENT_LIMIT and jsontext.is_plain(raw):
        try:
            return (_DECODE_ANY_CALL if verb is None else _DECODE[verb])(raw), {}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # an odd one: a member that calls of this kind do not have, or text that needs repair
    members = read_members(raw)
    stated = members.pop("type", None)
    if verb is None:
        verb = _verb(stated, members.pop("action", None))
    fields = _FIELDS[verb]
    known = {fields[name]: members.pop(name) for name in fields.keys() & members.keys()}
    return CALLS[verb](**known), members


def read_members(raw: bytes) -> Members:
    """Decode one event, of whatever kind.

    Args:
        raw: The event as it stands in the request.

    Raises:
        Invalid: It is too large, too deep or no object.
        jsontext.Unreadable: It is no JSON.
    """
    if len(raw) > EVENT_LIMIT:
        raise Invalid("bad_request", "Exceed payload limit: an event has at most 32 KB")
    try:
        return jsontext.decode(raw, _decode_members)
    except msgspec.ValidationError as problem:
        raise Invalid("bad_request", "An event must be a JSON object") from problem
    except jsontext.TooDeep as problem:
        raise Invalid("bad_request", f"The event is {problem}") from problem


def _verb(*stated: Any) -> Verb:
    for name in stated:
        call = CALLS.get(name.strip().lower()) if isinstance(name, str) else None
        if call is not None:
            return call.verb
    raise Invalid("bad_request", "type must be identify, track, page, screen, group or alias")


def has_empty_list(body: bytes) -> bool:
    """Tell whether a body has ``[]`` somewhere, which may stand for an empty object.

    Args:
        body: JSON text.
    """
    first = body.find(b"[")
    if first < 0 or body.find(b"[", first + 1) < 0:  # none, or only the batch's own: no need to search the body slowly
        return first >= 0 and _EMPTY_LIST.match(body, first) is not None
    return _EMPTY_LIST.search(body, first) is not None


def refusal(problem: Invalid, raw: bytes) -> Refusal:
    """Return what an operator sees of an event that was not taken.

    Args:
        problem: Why.
        raw: The event as it stands in the request.
    """
    try:
        content = read_members(raw)
    except (Invalid, jsontext.Unreadable):
        content = {}
    message_id, name = content.get("messageId"), content.get("event")
    return Refusal(
        code=problem.code,
        message=problem.message,
        body=without_key(raw)[:REFUSED_LIMIT],
        message_id=message_id if isinstance(message_id, str) else None,
        name=name if isinstance(name, str) else None,
    )


def without_key(raw: bytes) -> bytes:
    """Return JSON text with the values of ``writeKey``, ``apiKey`` and ``api_key`` taken out.

    Args:
        raw: JSON text.
    """
    return _KEY.sub(rb'"\1":""', raw)
