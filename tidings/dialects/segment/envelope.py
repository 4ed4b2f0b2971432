"""The outer object of a batch, in strict and in tolerant reading."""

from typing import Any

import msgspec

from tidings.dialects.calls.wire import EVENT_LIMIT, Call, Invalid
from tidings.kit import jsontext

BATCH_LIMIT = 2_500  # events in one request
_GROUP = 8  # events that are looked at together

_NOTHING = msgspec.Raw(b"")

_decode_any = msgspec.json.Decoder(Any, float_hook=jsontext.number).decode


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


class _Calls(msgspec.Struct):
    batch: list[Call]


_ENVELOPE = msgspec.json.Decoder(Envelope)
_CALLS = msgspec.json.Decoder(_Calls, float_hook=jsontext.number)


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


def read_calls(body: bytes, envelope: Envelope) -> list[Call] | None:
    """Decode the events of a batch all at once, None where one of them may need a closer look.

    Args:
        body: The request's body.
        envelope: The same, its events as they stand.
    """
    batch = envelope.batch or []
    groups = (batch[start : start + _GROUP] for start in range(0, len(batch), _GROUP))
    if len(batch) > BATCH_LIMIT or not all(map(_are_plain, groups)):
        return None
    try:
        return _CALLS.decode(body).batch
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # some event is odd, or the envelope is


def _are_plain(events: list[msgspec.Raw]) -> bool:
    """Tell whether events are short and plain, at first of all of them together, since most have few brackets."""
    together = b"".join(events)
    if len(together) <= EVENT_LIMIT and jsontext.is_plain(together):
        return True
    return all(len(event) <= EVENT_LIMIT and jsontext.is_plain(bytes(event)) for event in events)


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
        return jsontext.decode(text, _decode_any)
    except jsontext.TooDeep:
        return None


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
        batch=[msgspec.Raw(element) for element in jsontext.elements(batch, BATCH_LIMIT + 1)],
        sent_at=msgspec.Raw(parts.get("sentAt", b"")),
        write_key=msgspec.Raw(parts.get("writeKey", b"")),
        context=msgspec.Raw(parts.get("context", b"")),
        integrations=msgspec.Raw(parts.get("integrations", b"")),
    )
