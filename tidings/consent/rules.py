"""The rules of consent: what a statement means, what needs confirmation, and what may be sent. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from tidings.consent.model import (
    Claim,
    ConsentSettings,
    Decision,
    Kind,
    Order,
    Purpose,
    Said,
    Standing,
    State,
    Suppression,
)
from tidings.events.reports import Channel, Statement, Wish

DAY = 86_400_000
LINK_LASTS = 30 * DAY  # milliseconds from the last sign-up
IP, WORDS = 64, 500  # characters that are kept of what a statement says
_OTHER: dict[Channel, Channel] = {"email": "sms", "sms": "email"}
Verdict = Literal["take", "ask", "hold"]

# What an order confirmation does not go to either: it would not arrive, or would harm what goes to everybody else.
TECHNICAL: tuple[Kind, ...] = ("hard_bounce", "spam_complaint", "domain_suppressed", "suspected_as_spam", "deleted")
# The first that holds is named.
WHY: dict[Kind, str] = {
    "unsubscribed": "The customer has unsubscribed this address.",
    "spam_complaint": "The customer has reported a message to this address as spam.",
    "hard_bounce": "This address does not exist: a message came back for good.",
    "deleted": "The shop has deleted this customer.",
    "manually_suppressed": "Somebody of this workspace has suppressed this address.",
    "domain_suppressed": "Nothing is sent to this address's domain.",
    "suspected_as_spam": "This address is suspected to be a spam trap.",
    "soft_bounce": "Too many messages to this address came back.",
    "pending_opt_in": "The customer has signed up and not confirmed it yet.",
}
NO_LIFTING: dict[Kind, str] = {
    "unsubscribed": "only the customer can lift unsubscribed: if they have told you that they want to subscribe again, "
    "record that wish with how they told you",
    "pending_opt_in": "only the customer can confirm a sign-up, by its link; if they have told you that they want to "
    "subscribe, record that wish with how they told you",
}


def claims(said: Said, settings: ConsentSettings, known: Mapping[Channel, Sequence[str]]) -> list[Claim]:
    """Return what an event says, address by address, with what the workspace links to it.

    Args:
        said: The event.
        settings: The workspace's.
        known: Addresses of the customer that are known already; they matter to linked opt-outs only.
    """
    own: dict[Channel, str] = {"email": said.email or "", "sms": said.phone or ""}
    found: dict[tuple[Channel, str], Claim] = {}
    for statement in said.statements:
        address = statement.address or own[statement.channel]
        before = found.pop((statement.channel, address), None)
        found[statement.channel, address] = _joined(before, statement, address)
    made = list(found.values())
    spoken = {claim.channel: claim for claim in made if claim.wish}
    made = [
        claim if spoken.get(claim.channel) is claim else msgspec.structs.replace(claim, speaks=False) for claim in made
    ]
    for channel, claim in spoken.items():
        linked = settings.email_stops_sms if channel == "email" else settings.sms_stops_email
        other = _OTHER[channel]
        if claim.wish == "unsubscribe" and linked and other not in spoken:
            addresses = dict.fromkeys(address for address in (*known.get(other, ()), own[other]) if address)
            follows = [_linked(claim, other, address) for address in addresses or [""]]
            made += [msgspec.structs.replace(one, speaks=one is follows[-1]) for one in follows]
    return made


def _joined(before: Claim | None, said: Statement, address: str) -> Claim:
    deleted = before.deleted if before is not None and said.deleted is None else said.deleted
    if before is not None and before.wish is not None and said.wish is None:
        return msgspec.structs.replace(before, deleted=deleted)
    return Claim(
        channel=said.channel,
        address=address,
        wish=said.wish,
        confirm=said.confirm,
        deleted=deleted,
        ip=clean(said.ip, IP),
        form=clean(said.form, WORDS),
        reason=clean(said.reason, WORDS),
    )


def _linked(claim: Claim, channel: Channel, address: str) -> Claim:
    words = f"Linked to unsubscribing from {claim.channel}"
    return Claim(
        channel=channel, address=address, wish="unsubscribe", ip=claim.ip, form=claim.form, reason=words, speaks=False
    )


def clean(text: str | None, most: int) -> str | None:
    """Return a text as it can be stored; None for an empty one."""
    return (text.replace("\0", "").strip()[:most] or None) if text else None


def judge(wish: Wish, confirm: bool | None, settings: ConsentSettings, standing: Standing, *, server: bool) -> Verdict:
    """Tell what becomes of somebody's agreement.

    Args:
        wish: ``yes``, a record of the shop; or ``subscribe``, the customer's own act.
        confirm: Whether a double opt-in was asked for; None where nothing was said.
        settings: The workspace's.
        standing: How things stand.
        server: Whether it came under server trust.

    Returns:
        ``take`` it; ``ask`` for a confirmation; or ``hold``, which changes nothing.
    """
    mode, act = settings.double_opt_in, wish == "subscribe"
    asked = mode == "always" or (confirm is True and (mode == "as_asked" or not server))
    if standing.settled and not standing.unsubscribed and not standing.pending:
        return "take"
    verdict: Verdict = "take"
    if not server and (standing.unsubscribed or standing.state == "no"):
        verdict = "ask" if act else "hold"
    elif standing.pending:
        released = server and not asked and (confirm is False or mode == "never")
        verdict = "hold" if not act else "take" if released else "ask"
    elif asked:
        # A record is no reason to write to somebody who has unsubscribed, not even to ask.
        verdict = "ask" if act or not standing.unsubscribed else "hold"
    return "hold" if verdict == "ask" and not standing.address else verdict


def moved(present: Suppression, order: Order, claim: Claim, event_id: int, *, add: bool) -> Suppression:
    """Return a suppression after it was added or lifted once more; the newest of all such moments decides.

    Args:
        present: As it is.
        order: When this happened.
        claim: Why, and from where.
        event_id: The event.
        add: Whether it was added, or lifted.
    """
    before = present.added if add else present.lifted
    if before is not None and order <= before:
        return present
    if add:
        found = msgspec.structs.replace(
            present, added_at=order.time, added_message=order.message_id, added_source=order.source_id
        )
    else:
        found = msgspec.structs.replace(
            present, lifted_at=order.time, lifted_message=order.message_id, lifted_source=order.source_id
        )
    last = newest(present.added, present.lifted)
    if last is None or order > last:
        found = msgspec.structs.replace(found, event_id=event_id, ip=claim.ip, reason=claim.reason)
    return msgspec.structs.replace(found, active=holds(found))


def holds(one: Suppression) -> bool:
    """Tell whether a suppression was added after it was lifted."""
    return one.added is not None and (one.lifted is None or one.added > one.lifted)


def newest(*orders: Order | None) -> Order | None:
    """Return the newest of some moments, None if there are none."""
    return max((order for order in orders if order is not None), default=None)


def together(one: Suppression, other: Suppression) -> Suppression:
    """Return what an address's own row and that of its digest say together: the newest moments of both.

    Args:
        one: The row that stays; its reason and its place are kept.
        other: The other one.
    """
    added, lifted = newest(one.added, other.added), newest(one.lifted, other.lifted)
    found = one
    if added:
        found = msgspec.structs.replace(
            found, added_at=added.time, added_message=added.message_id, added_source=added.source_id
        )
    if lifted:
        found = msgspec.structs.replace(
            found, lifted_at=lifted.time, lifted_message=lifted.message_id, lifted_source=lifted.source_id
        )
    return msgspec.structs.replace(found, active=holds(found))


def decide(
    channel: Channel,
    purpose: Purpose,
    address: str | None,
    active: Collection[Kind],
    state: State,
    *,
    mail_unknown: bool,
) -> Decision:
    """Tell whether something may be sent to a customer.

    Args:
        channel: On which way.
        purpose: Whether it is advertising, or belongs to something that the customer does.
        address: Where it would go, None if there is no address.
        active: Suppressions of the address.
        state: The customer's preference on this channel.
        mail_unknown: Whether the workspace lets marketing mail go to those of whom neither yes nor no is known.
    """
    if address is None:
        return Decision(
            False, "no_address", f"No {'email address' if channel == 'email' else 'phone number'} is known."
        )
    stopping = active if purpose == "marketing" else [one for one in active if one in TECHNICAL]
    for kind, text in WHY.items():
        if kind in stopping:
            return Decision(False, kind, text)
    if purpose == "transactional":
        return Decision(True, "transactional", "It is not advertising, and nothing technical stands against it.")
    if state == "yes":
        return Decision(True, "consent_yes", "The customer wants it.")
    if state == "no":
        return Decision(False, "consent_no", "The customer does not want it.")
    if channel == "email" and mail_unknown:
        return Decision(
            True, "unknown_allowed", "It is not known whether the customer wants it; the settings allow it."
        )
    return Decision(False, "consent_unknown", "It is not known whether the customer wants it.")


def mask(channel: Channel, address: str) -> str:
    """Return an address so that its owner recognises it and nobody else learns it."""
    if channel == "sms":
        return f"{address[:3]}•••{address[-2:]}"
    local, _, domain = address.rpartition("@")
    host, _, ending = domain.rpartition(".")
    return f"{local[:1]}•••@{host[:1]}•••.{ending}"
