"""Tidings' own events about consent: what changed, in the words of Remarkety's outgoing webhooks.

They carry no statements, so that none of them causes another. Their message ids are made of what they tell: the same
change is the same event.
"""

from typing import Any

import msgspec

from tidings.consent.model import NAMED, Kind, Said
from tidings.events.model import Event, ExternalId, Record
from tidings.events.reports import Channel
from tidings.kit.digest import digest
from tidings.kit.times import iso
from tidings.profiles.model import Identifier

SOURCE = 0  # of Tidings itself
SUBSCRIBED = "newsletter/subscribed"
_MEMBER: dict[Channel, str] = {"email": "email", "sms": "phone_number"}


class Own(msgspec.Struct, frozen=True):
    """An own event, before it waits for the pipeline.

    Args:
        workspace_id: The wall.
        id_space: Of its user id.
        received: When what caused it arrived, UTC milliseconds.
        event: Itself.
    """

    workspace_id: int
    id_space: str
    received: int
    event: Event


def suppression(
    said: Said, channel: Channel, address: str, kind: Kind, ip: str | None, reason: str, *, add: bool
) -> Own:
    """Return ``email-suppression/added``, or its like.

    Args:
        said: What caused it.
        channel: On which way.
        address: Normalised.
        kind: Type of the suppression.
        ip: Address that the customer came from.
        reason: Why, in words.
        add: Whether it was added, or removed.
    """
    change = "added" if add else "removed"
    properties = {
        "timestamp": moment(said.time),
        _MEMBER[channel]: address,
        "client_ip": ip,
        "type": kind,
        "reason": reason,
    }
    name = f"{channel}-suppression/{change}"
    return _own(said, name, properties, Identifier(NAMED[channel], address), kind)


def subscribed(said: Said, channel: Channel, name: Identifier | None, address: str, **more: str | None) -> Own | None:
    """Return ``newsletter/subscribed``; None where the customer has no name at all.

    Args:
        said: What caused it.
        channel: On which way.
        name: What names the customer.
        address: That the preference is for, "" where there is none.
        more: Further members; what is None is left out. ``timestamp`` takes the place of the event's own.
    """
    if name is None:
        return None
    properties = {"timestamp": moment(said.time)} | ({_MEMBER[channel]: address} if address else {})
    properties |= {member: value for member, value in more.items() if value is not None}
    return _own(said, SUBSCRIBED, properties, name, channel)


def moment(at: int) -> str:
    """Write a moment as the vendor does: ISO 8601 with an offset, in whole seconds."""
    return f"{iso(at)[:19]}+00:00"


def record_of(owns: list[Own]) -> str:
    """Return the log record of own events of one workspace and one id space.

    Args:
        owns: At least one.
    """
    made = Record(
        workspace_id=owns[0].workspace_id,
        source_id=SOURCE,
        trust="server",
        id_space=owns[0].id_space,
        received=max(own.received for own in owns),
        events=[own.event for own in owns],
    )
    return _encode(made).decode()


def _own(said: Said, name: str, properties: dict[str, Any], who: Identifier, what: str) -> Own:
    cause = [str(said.workspace_id), name, what, *who, str(said.source_id), said.message_id]
    members, space = _named(who)
    event = Event(
        verb="track",
        message_id=f"consent-{digest(chr(10).join(cause))}",
        time=said.time,
        name=name,
        properties=properties,
        active=False,  # it tells what became of something that was counted when it came
        **members,
    )
    return Own(said.workspace_id, space, max(said.received, said.time), event)


def _named(who: Identifier) -> tuple[dict[str, Any], str]:
    """Return the member of an event that an identifier is, and the id space that it belongs to."""
    if who.kind.startswith("external:"):
        return {"external_ids": [ExternalId(who.kind.removeprefix("external:"), who.value)]}, ""
    kind, _, space = who.kind.partition("@")
    return {kind: who.value}, space


_encode = msgspec.json.Encoder(decimal_format="number").encode
