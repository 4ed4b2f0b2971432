"""The canonical event: what every dialect decodes into, what the log stores, what the pipeline reads."""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from tidings.events.reports import Commerce, Statement
from tidings.tenants.model import Trust

Verb = Literal["identify", "track", "page", "screen", "group", "alias"]
Members = dict[str, Any]

VERBS: tuple[Verb, ...] = ("identify", "track", "page", "screen", "group", "alias")
FORMAT = 1  # of a log record; raise it when Record or Event changes in a way that old records do not decode


class ExternalId(msgspec.Struct, frozen=True, omit_defaults=True):
    """An identifier of another system.

    Args:
        type: Lower-case name of the kind of id, for example ``ga_client_id``.
        id: The id itself.
    """

    type: str
    id: str


class Event(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Something that happened.

    Args:
        verb: The call.
        message_id: The sender's id of the event, or one made by the edge.
        time: When it happened, UTC milliseconds, by the rule of the design (never later than received).
        original: The client's own statement of the time, as it was sent.
        sent: When the client says that the request left, as it was sent.
        name: Name of a track event, page or screen.
        user_id: The sender's own lasting id of the customer.
        anonymous_id: Random id of a visitor or device.
        previous_id: The id used so far (alias).
        group_id: The account that the customer belongs to (group), or acts for (``context.groupId``).
        email: Normalised address that identifies the customer.
        phone: E.164 number that identifies the customer.
        external_ids: Further identifiers.
        traits: Of the group (group), else of the customer, reserved names normalised; null removes.
        properties: Of a track, page or screen event.
        context: The circumstances.
        extra: Members that the dialect does not know, kept as they came.
        value: Money or another amount that counts towards the lifetime value.
        currency: ISO 4217, upper case; set wherever ``value`` is.
        active: False leaves "last seen" alone (``context.active``).
        notes: What was odd about it, for the operator: ``"blocked user_id: null"``.
        additions: Items that are added to traits that are lists, by the name of the trait.
        only_new: Its traits, additions and statements count only if it is the first event of its customer.
        commerce: What it says about orders, carts and products.
        statements: What it says about what the customer wants to receive.
        store: Number of the store in which its customer is registered by it.
    """

    verb: Verb
    message_id: str
    time: int
    original: str | None = None
    sent: str | None = None
    name: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    previous_id: str | None = None
    group_id: str | None = None
    email: str | None = None
    phone: str | None = None
    external_ids: list[ExternalId] = []
    traits: Members = {}
    properties: Members = {}
    context: Members = {}
    extra: Members = {}
    value: Decimal | None = None
    currency: str | None = None
    active: bool = True
    notes: list[str] = []
    additions: dict[str, list[str]] = {}
    only_new: bool = False
    commerce: Commerce | None = None
    statements: list[Statement] = []
    store: str | None = None


class Record(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What one request put into the log: its events with what the edge knew of their source.

    Args:
        workspace_id: The wall.
        source_id: Scope of the message ids.
        trust: Trust of the source when the request came, or less where the request proved less.
        id_space: Id space of the ``user_id``s ("" is the workspace's own).
        received: When the request arrived, UTC milliseconds.
        events: At least one.
        proven: Whether the source's secret vouches for the identifiers of the events: they then count as under server
            trust, while ``trust`` stays that of the traits.
        brand_id: The shop of the source, within which orders, carts and products have their ids.
    """

    workspace_id: int
    source_id: int
    trust: Trust
    id_space: str
    received: int
    events: list[Event]
    proven: bool = False
    brand_id: int = 0


class Head(msgspec.Struct, kw_only=True):
    """As much of an event as the pipeline reads; the rest is stored as the bytes that came from the log."""

    verb: Verb
    message_id: str
    time: int
    name: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    previous_id: str | None = None
    group_id: str | None = None
    email: str | None = None
    phone: str | None = None
    external_ids: list[ExternalId] = []
    traits: Members = {}
    value: Decimal | None = None
    currency: str | None = None
    active: bool = True
    notes: list[str] = []
    additions: dict[str, list[str]] = {}
    only_new: bool = False
    commerce: Commerce | None = None
    statements: list[Statement] = []
    store: str | None = None


class RawRecord(msgspec.Struct, kw_only=True):
    """A record whose events are still the bytes that the edge wrote."""

    workspace_id: int
    source_id: int
    trust: Trust
    id_space: str
    received: int
    events: list[msgspec.Raw]
    proven: bool = False
    brand_id: int = 0


class Forget(msgspec.Struct, kw_only=True, frozen=True):
    """What the pipeline is asked to erase.

    Args:
        profile_id: A customer, by any of the profiles that became one.
        at: When it was asked, UTC milliseconds: events up to then that name the customer later are dropped.
        upto: Events in the log at that moment: they are worked off before.
    """

    profile_id: int
    at: int
    upto: int


class Parting(msgspec.Struct, kw_only=True, frozen=True):
    """A merge that was taken back, for what depends on who is one customer.

    Args:
        profile_ids: One of each customer that there is now.
    """

    profile_ids: list[int]


class Refusal(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A request or an event that was not taken.

    Args:
        code: Stable short name of the reason, in the dialect's words where it has them.
        message: The reason in a sentence, with what to do.
        body: What came, at most 64 KiB of it, secrets removed.
        message_id: The sender's id, where it could be read.
        name: Name of the event, where it could be read.
    """

    code: str
    message: str
    body: bytes = b""
    message_id: str | None = None
    name: str | None = None
