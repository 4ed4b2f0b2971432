"""What comes over the wire: one event, or a batch of them, in strict and in tolerant reading."""

import re
from typing import Any

import msgspec

from tidings.events.model import Members, Refusal
from tidings.kit import jsontext

EVENT_LIMIT = 32_768  # bytes of one event as it stands in the request
BATCH_LIMIT = 2_500  # events in one request
REFUSED_LIMIT = 65_536  # bytes that are kept of what was not taken

_NOTHING = msgspec.Raw(b"")
_WRITE_KEY = re.compile(rb'"writeKey"\s*:\s*"(?:[^"\\]+|\\.)*+"', re.DOTALL)
_EMPTY_LIST = re.compile(rb"\[\s*\]")

decode_event = msgspec.json.Decoder(Members, float_hook=jsontext.number).decode
decode_any = msgspec.json.Decoder(Any, float_hook=jsontext.number).decode


class Envelope(msgspec.Struct, rename="camel"):
    """The body of a batch, its parts as they stand in the request.

    Args:
        batch: The events; None where the member is missing.
        sent_at: The client's clock when the request left.
        write_key: The key.
        context: Circumstances that all events share.
        integrations: Destinations that all events share.
    """

    batch: list[msgspec.Raw] | None = None
    sent_at: msgspec.Raw = _NOTHING
    write_key: msgspec.Raw = _NOTHING
    context: msgspec.Raw = _NOTHING
    integrations: msgspec.Raw = _NOTHING


_ENVELOPE = msgspec.json.Decoder(Envelope)


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


def read_event(raw: bytes) -> Members:
    """Decode one event.

    Args:
        raw: The event as it stands in the request.

    Raises:
        Invalid: It is too large, too deep or no object.
        jsontext.Unreadable: It is no JSON.
    """
    if len(raw) > EVENT_LIMIT:
        raise Invalid("bad_request", "Exceed payload limit: an event has at most 32 KB")
    try:
        return jsontext.decode(raw, decode_event)
    except msgspec.ValidationError as problem:
        raise Invalid("bad_request", "An event must be a JSON object") from problem
    except jsontext.TooDeep as problem:
        raise Invalid("bad_request", f"The event is {problem}") from problem


def read_envelope(body: bytes) -> Envelope:
    """Decode the outer object of a batch, leaving its events as they stand.

    Args:
        body: The request's body.

    Raises:
        Invalid: It is no object with a list ``batch``.
        jsontext.Unreadable: It is no JSON.
    """
    try:
        envelope = _ENVELOPE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        envelope = _split(body)
    if envelope.batch is None:
        raise Invalid("bad_request", "batch is required: a list of events")
    return envelope


def read_part(raw: msgspec.Raw) -> Any:
    """Decode a part of the envelope, None where it is missing or too deep.

    Args:
        raw: The part as it stands in the request.

    Raises:
        jsontext.Unreadable: It is no JSON.
    """
    text = bytes(raw)
    if not text:
        return None
    try:
        return jsontext.decode(text, decode_any)
    except jsontext.TooDeep:
        return None


def has_empty_list(body: bytes) -> bool:
    """Tell whether a body has ``[]`` somewhere, which may stand for an empty object.

    Args:
        body: JSON text.
    """
    return _EMPTY_LIST.search(body) is not None


def refusal(problem: Invalid, raw: bytes) -> Refusal:
    """Return what an operator sees of an event that was not taken.

    Args:
        problem: Why.
        raw: The event as it stands in the request.
    """
    try:
        content = read_event(raw)
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
    """Return JSON text with the values of ``writeKey`` taken out.

    Args:
        raw: JSON text.
    """
    return _WRITE_KEY.sub(b'"writeKey":""', raw)


def _split(body: bytes) -> Envelope:
    try:
        parts = jsontext.members(body)
    except jsontext.Unreadable as problem:
        if not body.strip().removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            raise Invalid("bad_request", "The body must be a JSON object") from problem
        raise
    batch = parts.get("batch", b"")
    if not batch.startswith(b"["):
        raise Invalid("bad_request", "batch must be a list of events")
    return Envelope(
        batch=[msgspec.Raw(element) for element in jsontext.elements(batch)],
        sent_at=msgspec.Raw(parts.get("sentAt", b"")),
        write_key=msgspec.Raw(parts.get("writeKey", b"")),
        context=msgspec.Raw(parts.get("context", b"")),
        integrations=msgspec.Raw(parts.get("integrations", b"")),
    )
