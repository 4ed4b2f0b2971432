"""The plainest events, which are nearly all, read in one go: as documented, with no more of the customer than the id.

Only what the general way (``body``, then ``adapter``) finds nothing odd about is taken here, and becomes the same.
"""

from typing import Any

import msgspec

from tidings.dialects.calls import identifiers
from tidings.dialects.reamaze_data.body import EVENT_LIMIT
from tidings.events.model import Event, Members
from tidings.kit import amounts, jsontext, times
from tidings.kit.ids import uuid7


class _User(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str | int
    authkey: str = ""


class _Happened(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    name: str
    value: Any = None
    data: Members = {}
    timestamp: str = ""
    created: str = ""
    created_at: str = ""


class _Body(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    user: _User
    event: _Happened


_decode = msgspec.json.Decoder(_Body, float_hook=jsontext.number).decode


def read(body: bytes, received: int) -> tuple[Event, str] | None:
    """Return a request's track event, as yet without currency, and its authkey; None where it is not as plain.

    Args:
        body: The body, said to be anything but multipart.
        received: When the request arrived, UTC milliseconds.
    """
    if len(body) > EVENT_LIMIT or not jsontext.is_plain(body):
        return None
    try:
        sent = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    user, happened = sent.user, sent.event
    notes: list[str] = []
    user_id = identifiers.read(user.id, "id", notes)
    if user_id is None or not happened.name or happened.name.isspace() or user.authkey.isspace():
        return None
    value = happened.value
    if value is not None:
        value = None if type(value) is str else amounts.parse(value)
        if value is None:
            return None
    moment, original = None, happened.timestamp or happened.created or happened.created_at or None
    if original is not None:
        moment = times.parse(original)
        if moment is None:
            return None
    event = Event(
        verb="track",
        message_id=uuid7(),
        time=times.event_time(moment, None, received, correct=False),
        original=original,
        name=happened.name,
        user_id=user_id,
        properties=happened.data,
        value=value,
        notes=notes,
    )
    return event, user.authkey
