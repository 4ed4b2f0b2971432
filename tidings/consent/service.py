"""Transaction scripts of consent: what events and people say, whether something may be sent, and forgetting."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tidings.consent import rules, store
from tidings.consent.loading import addresses_in, digest_of, later, opened, suppressions_of, written
from tidings.consent.model import (
    CHANNELS,
    NAMED,
    Claim,
    ConsentSettings,
    Decision,
    Kind,
    Preference,
    Purpose,
    Said,
    SignUp,
    State,
    Suppression,
)
from tidings.db import Tx
from tidings.events.reports import Channel
from tidings.kit import email as emails
from tidings.kit import phone as phones
from tidings.kit.times import iso
from tidings.profiles import store as profiles
from tidings.profiles.model import Identifier
from tidings.tenants.service import Invalid

HISTORY = 50  # lines that a view shows


class Suppressing(msgspec.Struct, frozen=True, kw_only=True):
    """A suppression to add or to lift.

    Args:
        channel: On which way.
        address: As somebody wrote it; an SMS number with ``+`` and its country.
        type: Which reason.
        reason: Why, in words.
    """

    channel: Channel
    address: str
    type: Kind
    reason: str | None = None


class ChannelView(msgspec.Struct, kw_only=True):
    """Consent of one customer on one channel.

    Args:
        channel: On which way.
        address: Where it would go, None without one.
        preference: What the customer wants, None while that is unknown.
        suppressions: Active ones of all addresses of the customer.
        marketing: Whether marketing may be sent.
        transactional: Whether other messages may be sent.
    """

    channel: Channel
    address: str | None
    preference: Preference | None
    suppressions: list[Suppression]
    marketing: Decision
    transactional: Decision


class ConsentView(msgspec.Struct, kw_only=True):
    """Consent of one customer.

    Args:
        channels: Email and SMS.
        opt_ins: Sign-ups, oldest first.
        history: The newest lines, newest first.
    """

    channels: list[ChannelView]
    opt_ins: list[SignUp]
    history: list[store.Row]


def apply(tx: Tx, said: Sequence[Said], key: bytes) -> None:
    """Take what events say about consent, with the own events that follow from it.

    Args:
        tx: The transaction of the events.
        said: In the order of the log.
        key: The installation's, by which addresses of forgotten customers are recognised when they come back.
    """
    speaking = [one for one in said if one.statements]
    if speaking:
        book = opened(tx, speaking, key)
        for one in speaking:
            book.hear(one)
        written(tx, book)


def state_wish(tx: Tx, said: Said, key: bytes) -> None:
    """Take what a customer has told somebody of the workspace.

    Args:
        tx: The transaction.
        said: With one statement, under server trust; the address "" of its channel is the customer's newest.
        key: The installation's.

    Raises:
        Invalid: There is no such customer, or none who is named by that address.
    """
    (statement,) = said.statements
    channel = statement.channel
    root = profiles.root_of(tx, said.workspace_id, said.profile)
    if root is None:
        raise Invalid(f"there is no customer {said.profile} in this workspace")
    known = addresses_of(tx, said.workspace_id, profiles.members(tx, said.workspace_id, root))[channel]
    if statement.address and statement.address not in known:
        raise Invalid(f"{statement.address} is no address of this customer", "address")
    address = statement.address or next(iter(known), "")
    named = {"email": address or None} if channel == "email" else {"phone": address or None}
    said = msgspec.structs.replace(said, profile=root, **named)
    book = opened(tx, [said], key)
    book.hear(later(said, book, channel, address))
    written(tx, book)


def suppress(tx: Tx, said: Said, wanted: Sequence[Suppressing], key: bytes, *, add: bool, ip: str | None = None) -> int:
    """Add or lift suppressions of any type, now; who may lift what is the caller's business (``deeds``).

    Args:
        tx: The transaction.
        said: When, and by whom; without statements.
        wanted: What to add or lift.
        key: The installation's.
        add: Whether to add, or to lift.
        ip: Address that it came from.

    Returns:
        How many hold otherwise than before.

    Raises:
        Invalid: An address is none.
    """
    places = {one: (said.workspace_id, one.channel, address_in(one.channel, one.address)) for one in wanted}
    book = opened(tx, [said], key, places.values())
    changed = 0
    for one, (_, channel, address) in places.items():
        reason = rules.clean(one.reason, rules.WORDS)
        claim = Claim(channel=channel, address=address, ip=ip, reason=reason)
        changed += book.suppress(later(said, book, channel, address), claim, one.type, add=add)
    written(tx, book)
    return changed


def address_in(channel: Channel, text: str) -> str:
    """Return an address as it is stored.

    Raises:
        Invalid: It is none.
    """
    found = emails.normalise(text) if channel == "email" else phones.normalise(text, None)
    if found is None:
        what = "an email address" if channel == "email" else "a phone number: begin it with + and its country"
        raise Invalid(f"{text[:100]!r} is not {what}", "address")
    return found


def settings_of(tx: Tx, workspace_id: int) -> ConsentSettings:
    """Return what a workspace decides about consent."""
    return store.settings_of(tx, [workspace_id])[workspace_id]


def addresses_of(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> dict[Channel, list[str]]:
    """Return the addresses of a customer by channel, the one that is known since last first: that is written to."""
    rows = profiles.list_identifiers(tx, workspace_id, profile_ids, list(NAMED.values()))
    rows.sort(key=lambda row: (row["since"], row["value"]), reverse=True)
    return addresses_in([Identifier(row["kind"], row["value"]) for row in rows])


def may_send(
    tx: Tx, workspace_id: int, profile_id: int, channel: Channel, purpose: Purpose, now: int, key: bytes
) -> Decision:
    """Tell whether something may be sent to a customer, and why.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_id: The customer, or one that became part of it.
        channel: On which way; to the address that is known since last.
        purpose: ``marketing``, or ``transactional`` for what belongs to something that the customer does.
        now: UTC milliseconds.
        key: The installation's.
    """
    root = profiles.root_of(tx, workspace_id, profile_id)
    if root is None:
        return Decision(False, "no_profile", "There is no such customer.", now)
    members = profiles.members(tx, workspace_id, root)
    address = next(iter(addresses_of(tx, workspace_id, members)[channel]), None)
    rows = [] if address is None else suppressions_of(tx, [(workspace_id, channel, address)], key)
    state = state_of(preference_of(tx, workspace_id, members, channel))
    return _decided(tx, workspace_id, channel, purpose, address, rows, state, now)


def _decided(  # noqa: PLR0913 -- the facts, each of another table
    tx: Tx,
    workspace_id: int,
    channel: Channel,
    purpose: Purpose,
    address: str | None,
    rows: Sequence[Suppression],
    state: State,
    now: int,
) -> Decision:
    allows = store.settings_of(tx, [workspace_id])[workspace_id].mail_unknown
    active = [one.type for one in rows if one.active and one.address == address]
    decision = rules.decide(channel, purpose, address, active, state, mail_unknown=allows)
    return msgspec.structs.replace(decision, at=now)


def preference_of(tx: Tx, workspace_id: int, members: Sequence[int], channel: Channel) -> Preference | None:
    """Return what a customer wants: the newest statement of all profiles that became one."""
    rows = store.preferences_of(tx, [(workspace_id, member) for member in members])
    return max((row for row in rows if row.channel == channel), key=lambda row: row.order, default=None)


def state_of(preference: Preference | None) -> State:
    """Return a preference in one word."""
    return preference.state if preference else "unknown"


def view(tx: Tx, workspace_id: int, profile_id: int, now: int, key: bytes) -> ConsentView | None:
    """Return the consent of a customer as people see it, None if there is no such customer.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_id: The customer, or one that became part of it.
        now: UTC milliseconds.
        key: The installation's.
    """
    root = profiles.root_of(tx, workspace_id, profile_id)
    if root is None:
        return None
    members = profiles.members(tx, workspace_id, root)
    addresses = addresses_of(tx, workspace_id, members)
    places = [(channel, address) for channel in CHANNELS for address in addresses[channel]]
    channels = []
    for channel in CHANNELS:
        rows = suppressions_of(tx, [(workspace_id, channel, one) for one in addresses[channel]], key)
        preference = preference_of(tx, workspace_id, members, channel)
        address, state = next(iter(addresses[channel]), None), state_of(preference)
        marketing, other = (
            _decided(tx, workspace_id, channel, purpose, address, rows, state, now)
            for purpose in ("marketing", "transactional")
        )
        channels.append(
            ChannelView(
                channel=channel,
                address=address,
                preference=preference,
                suppressions=sorted((one for one in rows if one.active), key=lambda one: (one.address, one.type)),
                marketing=marketing,
                transactional=other,
            )
        )
    return ConsentView(
        channels=channels,
        opt_ins=store.opt_ins_of(tx, workspace_id, members, places),
        history=store.history_of(tx, workspace_id, members, places, limit=HISTORY),
    )


def forget(
    tx: Tx, workspace_id: int, profile_ids: Sequence[int], addresses: Sequence[tuple[Channel, str]], key: bytes
) -> None:
    """Erase what is kept of a customer; active suppressions of their addresses stay, under keyed digests.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: The customer, with all that were merged into it.
        addresses: Theirs.
        key: The installation's.
    """
    rows = suppressions_of(tx, [(workspace_id, channel, address) for channel, address in addresses], key)
    digests = [(channel, digest_of(key, channel, address)) for channel, address in addresses]
    store.erase(tx, workspace_id, profile_ids, [*addresses, *digests])
    kept = [
        Suppression(
            workspace_id=workspace_id,
            channel=one.channel,
            address=digest_of(key, one.channel, one.address),
            type=one.type,
            active=True,
            hashed=True,
            added_at=one.added_at,
        )
        for one in rows
        if one.active
    ]
    store.save_suppressions(tx, kept)


def export_of(tx: Tx, workspace_id: int, profile_ids: Sequence[int]) -> dict[str, Any]:
    """Return what is kept of a customer, as a member of the document that they are given.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_ids: The customer, with all that were merged into it.
    """
    addresses = addresses_of(tx, workspace_id, profile_ids)
    places = [(channel, address) for channel in CHANNELS for address in addresses[channel]]
    said = store.preferences_of(tx, [(workspace_id, profile_id) for profile_id in profile_ids])
    rows = store.suppressions_of(tx, [(workspace_id, channel, address) for channel, address in places])
    return {
        "consent": {
            "preferences": [_shown(msgspec.structs.asdict(row)) for row in said],
            "suppressions": [_shown(msgspec.structs.asdict(row)) for row in rows],
            "opt_ins": [
                _shown(msgspec.structs.asdict(row)) for row in store.opt_ins_of(tx, workspace_id, profile_ids, places)
            ],
            "history": [_shown(row) for row in store.history_of(tx, workspace_id, profile_ids, places)],
        }
    }


def _shown(row: store.Row) -> store.Row:
    """Return a row with its moments as text, without the wall."""
    moments = {"time", "since", "received", "added_at", "lifted_at", "asked_at", "closed_at"}
    return {
        name: iso(value) if name in moments and value is not None else value
        for name, value in row.items()
        if name not in ("workspace_id", "hashed")
    }
