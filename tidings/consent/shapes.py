"""What the own API takes and returns of consent."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from tidings.consent import rules, service
from tidings.consent.model import (
    Act,
    Decision,
    Effect,
    Kind,
    Mode,
    Preference,
    SignUp,
    Stage,
    State,
    Suppression,
)
from tidings.events.reports import Channel, Wish
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.tenants.api import Id, Time
from tidings.tenants.paging import Next

LONGEST = 320  # characters of an address as somebody writes it
MOST = 500  # suppressions of one request

Reason = Annotated[str, Meta(max_length=rules.WORDS, description="Why, in words.")]
Written = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LONGEST,
        description="Email address, or phone number with + and its country.",
        examples=["ana@example.org"],
    ),
]
Ip = Annotated[str | None, Meta(description="Address that it came from.", examples=["192.0.2.7"])]
EventId = Annotated[int | None, Meta(description="The event that says so; null for what was done by hand.")]
SourceId = Annotated[int, Meta(description="Where it came from; 0 is Tidings itself.")]
Address = Annotated[str, Meta(description="Normalised.", examples=["ana@example.org"])]


class PreferenceOut(Struct, kw_only=True):
    """What a customer wants on one channel, with its proof."""

    state: State
    since: Annotated[Time, Meta(description="When it was said.")]
    act: Annotated[Act, Meta(description="What was said: yes and no are records, the others the customer's own act.")]
    address: Annotated[str | None, Meta(description="What it was said about, null where no address was named.")]
    source_id: SourceId
    event_id: EventId
    ip: Ip
    form: Annotated[str | None, Meta(description="Where the wish was stated.")]
    reason: str | None


class SuppressionOut(Struct, kw_only=True):
    """A reason not to send to an address."""

    channel: Channel
    address: Address
    type: Kind
    active: Annotated[bool, Meta(description="Whether it was added after it was lifted.")]
    added: Time | None
    lifted: Time | None
    event_id: EventId
    ip: Ip
    reason: Annotated[str | None, Meta(description="Of the newest change.")]


class DecisionOut(Struct, kw_only=True):
    """Whether something may be sent, and why."""

    allowed: bool
    reason: Annotated[str, Meta(description="Stable code, see docs/consent.md.", examples=["consent_yes"])]
    text: Annotated[str, Meta(examples=["The customer wants it."])]
    at: Time


class ChannelOut(Struct, kw_only=True):
    """Consent of a customer on one channel."""

    channel: Channel
    address: Annotated[str | None, Meta(description="Where it would go: what is known since last.")]
    state: State
    preference: Annotated[PreferenceOut | None, Meta(description="Null while it is unknown.")]
    suppressions: Annotated[list[SuppressionOut], Meta(description="Active ones of all addresses of the customer.")]
    marketing: DecisionOut
    transactional: DecisionOut


class SignUpOut(Struct, kw_only=True):
    """A sign-up that is to be confirmed, or was."""

    id: Id
    channel: Channel
    address: Address
    profile_id: Annotated[int | None, Meta(description="Whose, null for nobody who is known.")]
    stage: Stage
    time: Annotated[Time, Meta(description="When the customer signed up last.")]
    expires: Annotated[Time, Meta(description="Until when the link works.")]
    source_id: SourceId
    event_id: EventId
    ip: Ip
    form: str | None
    closed: Annotated[Time | None, Meta(description="When it was confirmed, or ended otherwise.")]
    closed_ip: Ip


class EntryOut(Struct, kw_only=True):
    """One line of the history."""

    id: Id
    channel: Channel
    address: str | None
    subject: Annotated[str, Meta(description="preference, opt_in or a type of suppression.", examples=["preference"])]
    change: Annotated[str, Meta(examples=["yes"])]
    effect: Annotated[Effect, Meta(description="made it so; said the same; came late; was held back.")]
    time: Time
    received: Time
    source_id: SourceId
    event_id: EventId
    by: Annotated[str | None, Meta(description="Who did it by hand: user:ID, token:ID or cli.", examples=["user:1"])]
    ip: Ip
    form: str | None
    reason: str | None


class ConsentOut(Struct, kw_only=True):
    """Consent of one customer."""

    profile_id: Id
    channels: Annotated[list[ChannelOut], Meta(description="Email and SMS.")]
    opt_ins: Annotated[list[SignUpOut], Meta(description="Sign-ups with a double opt-in, oldest first.")]
    history: Annotated[list[EntryOut], Meta(description="The newest fifty lines, newest first.")]


class HistoryPage(Struct, kw_only=True):
    """Consent history of a customer, newest first."""

    items: list[EntryOut]
    next: Next


class WishIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a customer has told somebody."""

    channel: Channel
    wish: Annotated[
        Wish,
        Meta(
            description="yes and no: a record says so. subscribe and unsubscribe: the customer's own wish; subscribe "
            "needs a reason and lifts unsubscribed."
        ),
    ]
    address: Annotated[Written, Meta(description="One of the customer's own. Default: the newest.")] | UnsetType = UNSET
    reason: Annotated[Reason, Meta(description="How they told it.")] | UnsetType = UNSET
    confirm: (
        Annotated[
            bool, Meta(description="Ask them for a double opt-in. Default: false, unless the settings demand it.")
        ]
        | UnsetType
    ) = UNSET


class SuppressionIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """A suppression to be added or lifted."""

    channel: Channel
    address: Written
    type: Kind
    reason: Annotated[Reason, Meta(description="Why, in words. Lifting needs it.")] | UnsetType = UNSET


class SuppressionsIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """Suppressions to be added or lifted: all of them, or none if one is wrong."""

    items: Annotated[list[SuppressionIn], Meta(min_length=1, max_length=MOST)]


class Changed(Struct, kw_only=True):
    """What a change came to."""

    changed: Annotated[int, Meta(description="How many hold otherwise than before.")]


class SuppressionPage(Struct, kw_only=True):
    """Suppressions by channel, address and type."""

    items: list[SuppressionOut]
    next: Next


class WaitingOut(SignUpOut, kw_only=True):
    """A sign-up that is to be confirmed, with its link."""

    link: Annotated[
        str,
        Meta(
            description="Path of the page on which the customer confirms it, below the server's own address. Whoever "
            "has it can confirm: give it to the customer only.",
            examples=["/tidings/confirm/1.Xk3"],
        ),
    ]


class WaitingPage(Struct, kw_only=True):
    """Sign-ups that are to be confirmed, newest first; also those whose link has expired."""

    items: list[WaitingOut]
    next: Next


class ConsentSettingsOut(Struct, kw_only=True):
    """What the workspace decides about consent."""

    mail_unknown: Annotated[bool, Meta(description="Whether marketing mail may go where neither yes nor no is known.")]
    double_opt_in: Annotated[Mode, Meta(description="Whether who agrees has to confirm it.")]
    email_stops_sms: Annotated[bool, Meta(description="Unsubscribing from email unsubscribes from SMS, too.")]
    sms_stops_email: Annotated[bool, Meta(description="Unsubscribing from SMS unsubscribes from email, too.")]


class ConsentSettingsIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """Settings to be changed; what is left out stays."""

    mail_unknown: bool | UnsetType = UNSET
    double_opt_in: Mode | UnsetType = UNSET
    email_stops_sms: bool | UnsetType = UNSET
    sms_stops_email: bool | UnsetType = UNSET


def channel_view(found: service.ChannelView) -> ChannelOut:
    """Return consent on a channel as the API shows it."""
    return ChannelOut(
        channel=found.channel,
        address=found.address,
        state=service.state_of(found.preference),
        preference=None if found.preference is None else preference(found.preference),
        suppressions=[suppression(one) for one in found.suppressions],
        marketing=decision(found.marketing),
        transactional=decision(found.transactional),
    )


def preference(found: Preference) -> PreferenceOut:
    """Return a preference as the API shows it."""
    return PreferenceOut(
        state=found.state,
        since=iso(found.since),
        act=found.act,
        address=found.address or None,
        source_id=found.by_source_id,
        event_id=found.event_id or None,
        ip=found.ip,
        form=found.form,
        reason=found.reason,
    )


def suppression(found: Suppression) -> SuppressionOut:
    """Return a suppression as the API shows it."""
    return SuppressionOut(
        channel=found.channel,
        address=found.address,
        type=found.type,
        active=found.active,
        added=_moment(found.added_at),
        lifted=_moment(found.lifted_at),
        event_id=found.event_id or None,
        ip=found.ip,
        reason=found.reason,
    )


def decision(found: Decision) -> DecisionOut:
    """Return whether something may be sent as the API shows it."""
    return DecisionOut(allowed=found.allowed, reason=found.reason, text=found.text, at=iso(found.at))


def sign_up(found: SignUp) -> SignUpOut:
    """Return a sign-up as the API shows it; one that nobody can confirm any more is expired."""
    ended = found.stage == "pending" and clock.now() - found.asked_at > rules.LINK_LASTS
    return SignUpOut(
        id=found.id,
        channel=found.channel,
        address=found.address,
        profile_id=found.profile_id or None,
        stage="expired" if ended else found.stage,
        time=iso(found.time),
        expires=iso(found.asked_at + rules.LINK_LASTS),
        source_id=found.source_id,
        event_id=found.event_id or None,
        ip=found.ip,
        form=found.form,
        closed=_moment(found.closed_at),
        closed_ip=found.closed_ip,
    )


def entry(row: dict[str, Any]) -> EntryOut:
    """Return a line of the history as the API shows it."""
    members = {name: value for name, value in row.items() if name not in ("workspace_id", "profile_id")}
    for name in ("address", "event_id", "by"):
        members[name] = members[name] or None
    for name in ("time", "received"):
        members[name] = iso(members[name])
    return EntryOut(**members)


def _moment(at: int | None) -> str | None:
    return None if at is None else iso(at)
