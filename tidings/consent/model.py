"""What customers want to receive, and what keeps us from sending to an address."""

from typing import Literal, NamedTuple, get_args

import msgspec

from tidings.events.reports import Channel, Statement, Wish

State = Literal["yes", "no", "unknown"]
Purpose = Literal["marketing", "transactional"]
Mode = Literal["never", "as_asked", "always"]
Stage = Literal["pending", "confirmed", "withdrawn", "replaced", "expired"]
Act = Literal["yes", "no", "subscribe", "unsubscribe", "confirm"]
Kind = Literal[
    "unsubscribed",
    "manually_suppressed",
    "hard_bounce",
    "soft_bounce",
    "spam_complaint",
    "pending_opt_in",
    "domain_suppressed",
    "deleted",
    "suspected_as_spam",
]
Effect = Literal["made", "same", "late", "held"]

KINDS: tuple[Kind, ...] = get_args(Kind)
CHANNELS: tuple[Channel, ...] = get_args(Channel)
EXPLICIT: tuple[Act, ...] = ("subscribe", "unsubscribe", "confirm")  # what the customer did, not what a record says
NAMED: dict[Channel, str] = {"email": "email", "sms": "phone"}  # kind of identifier that a channel's addresses are


class Order(NamedTuple):
    """What decides which of two statements is the newer one, whenever they arrive.

    Args:
        time: Event time, UTC milliseconds.
        message_id: The sender's.
        source_id: Scope of the message id.
    """

    time: int
    message_id: str
    source_id: int


class Said(msgspec.Struct, frozen=True):
    """What one event says about consent.

    Args:
        workspace_id: The wall.
        source_id: Where it came from; 0 is Tidings itself.
        event_id: The stored event; 0 for what was done in console or API.
        message_id: The sender's id of it.
        time: When it happened, UTC milliseconds.
        received: When it arrived, UTC milliseconds.
        server: Whether it came under server trust.
        profile: The customer as processed; 0 is nobody.
        email: The event's own address, normalised.
        phone: The event's own number, E.164.
        statements: In the order in which they are meant.
        by: Who did it in console, API or command line (``user:3``), "" for an event.
    """

    workspace_id: int
    source_id: int
    event_id: int
    message_id: str
    time: int
    received: int
    server: bool
    profile: int
    email: str | None = None
    phone: str | None = None
    statements: list[Statement] = []
    by: str = ""

    @property
    def order(self) -> Order:
        """What it is compared by."""
        return Order(self.time, self.message_id, self.source_id)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What an event says about one address on one channel: its statements as one.

    Args:
        channel: On which way.
        address: Normalised; "" where there is none.
        wish: What is wanted, None where that is not said.
        confirm: Whether a double opt-in was asked for.
        deleted: Whether the shop has deleted the customer.
        ip: Address that the customer came from.
        form: Where the wish was stated.
        reason: Why, in words.
        speaks: Whether it is the one that counts for the customer's preference: the event's last of the channel.
    """

    channel: Channel
    address: str = ""
    wish: Wish | None = None
    confirm: bool | None = None
    deleted: bool | None = None
    ip: str | None = None
    form: str | None = None
    reason: str | None = None
    speaks: bool = True


class Preference(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer wants on one channel. The members are the columns of the table, in its order.

    Args:
        workspace_id: The wall.
        profile_id: The customer as processed.
        channel: On which way.
        state: ``yes`` or ``no``; where there is no row it is unknown.
        time: Event time of the newest statement, UTC milliseconds.
        message_id: Of the newest statement.
        source_id: Of the newest statement.
        address: What the statement that proves it was about, "" where it named no address.
        since: Event time of the statement that proves it: the one that made it so, or the customer's last own act.
        act: What that statement was.
        event_id: The event of the proof, 0 for what was done in console or API.
        by_source_id: The source of the proof.
        ip: Address that the customer came from.
        form: Where the wish was stated.
        reason: Why, in words.
    """

    workspace_id: int
    profile_id: int
    channel: Channel
    state: State
    time: int
    message_id: str
    source_id: int
    address: str
    since: int
    act: Act
    event_id: int
    by_source_id: int
    ip: str | None
    form: str | None
    reason: str | None

    @property
    def order(self) -> Order:
        """What it is compared by."""
        return Order(self.time, self.message_id, self.source_id)


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """A reason not to send to an address, with when it was last added and lifted.

    The members are the columns of the table, in its order.

    Args:
        workspace_id: The wall.
        channel: On which way.
        address: Normalised, or the keyed digest of a forgotten customer's.
        type: Which reason.
        active: Whether it was added after it was lifted.
        hashed: Whether the address is a digest.
        added_at: Event time of the newest adding, UTC milliseconds; None if it never was.
        added_message: Message id of it.
        added_source: Source of it.
        lifted_at: Event time of the newest lifting; None if it never was.
        lifted_message: Message id of it.
        lifted_source: Source of it.
        event_id: The event of the newest change, 0 for what was done in console or API.
        ip: Address that the newest change came from.
        reason: Of the newest change, in words.
    """

    workspace_id: int
    channel: Channel
    address: str
    type: Kind
    active: bool = False
    hashed: bool = False
    added_at: int | None = None
    added_message: str = ""
    added_source: int = 0
    lifted_at: int | None = None
    lifted_message: str = ""
    lifted_source: int = 0
    event_id: int = 0
    ip: str | None = None
    reason: str | None = None

    @property
    def added(self) -> Order | None:
        """When it was last added."""
        return None if self.added_at is None else Order(self.added_at, self.added_message, self.added_source)

    @property
    def lifted(self) -> Order | None:
        """When it was last lifted."""
        return None if self.lifted_at is None else Order(self.lifted_at, self.lifted_message, self.lifted_source)


class SignUp(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-up that waits for its confirmation, or did. The members are the columns of the table, in its order.

    Args:
        id: Number, in the link; 0 until it is stored.
        workspace_id: The wall.
        channel: On which way.
        address: What is to be confirmed.
        profile_id: Whose, as processed.
        stage: How far it came.
        time: Event time of the last sign-up, UTC milliseconds.
        message_id: Of that sign-up.
        source_id: Of that sign-up.
        event_id: Of that sign-up.
        asked_at: When that sign-up arrived; the link works for 30 days from then.
        ip: Address that the customer signed up from.
        form: Where.
        closed_at: When it was confirmed, or ended otherwise; None while it is pending.
        closed_ip: Address that it was confirmed from.
    """

    id: int = 0
    workspace_id: int
    channel: Channel
    address: str
    profile_id: int
    stage: Stage = "pending"
    time: int
    message_id: str
    source_id: int
    event_id: int
    asked_at: int
    ip: str | None = None
    form: str | None = None
    closed_at: int | None = None
    closed_ip: str | None = None

    @property
    def order(self) -> Order:
        """What it is compared by."""
        return Order(self.time, self.message_id, self.source_id)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the history. The members are the columns of the table behind its number, in its order.

    Args:
        workspace_id: The wall.
        profile_id: The customer as processed, 0 is nobody.
        channel: On which way.
        address: "" where none was named.
        subject: ``preference``, ``opt_in`` or a type of suppression.
        change: ``yes`` or ``no``; ``pending confirmed withdrawn replaced expired``; ``added`` or ``lifted``.
        effect: ``made`` it so; ``same`` said again; ``late``, after something newer; ``held`` without confirmation.
        time: Event time, UTC milliseconds.
        received: When it arrived.
        source_id: Where it came from, 0 is Tidings itself.
        event_id: The event, 0 for what was done in console or API.
        by: Who did it there, "" for an event.
        ip: Address that it came from.
        form: Where the wish was stated.
        reason: Why, in words.
    """

    workspace_id: int
    profile_id: int
    channel: Channel
    address: str
    subject: str
    change: str
    effect: Effect
    time: int
    received: int
    source_id: int
    event_id: int
    by: str
    ip: str | None
    form: str | None
    reason: str | None


class ConsentSettings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What a workspace decides about consent.

    Args:
        mail_unknown: Whether marketing mail may go to customers of whom neither yes nor no is known; never to phones.
        double_opt_in: Whether a subscription needs confirmation: ``never``, ``as_asked`` by the shop, or ``always``.
        email_stops_sms: Whether who unsubscribes from email is unsubscribed from SMS, too.
        sms_stops_email: Whether who unsubscribes from SMS is unsubscribed from email, too.
    """

    mail_unknown: bool = False
    double_opt_in: Mode = "as_asked"
    email_stops_sms: bool = False
    sms_stops_email: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How things stand when somebody agrees to receive something.

    Args:
        state: Of the preference.
        settled: Whether the preference is yes for this very address.
        unsubscribed: Whether ``unsubscribed`` is active.
        pending: Whether a confirmation is waited for.
        address: Whether there is an address to confirm.
    """

    state: State = "unknown"
    settled: bool = False
    unsubscribed: bool = False
    pending: bool = False
    address: bool = True


class Decision(msgspec.Struct, frozen=True):
    """Whether something may be sent.

    Args:
        allowed: Yes or no.
        reason: Stable short code of why.
        text: Why, in a sentence.
        at: When it was decided, UTC milliseconds.
    """

    allowed: bool
    reason: str
    text: str
    at: int = 0
