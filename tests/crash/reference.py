"""What the profiles must be: a slow fold over the accepted events, written from the rules of the design alone.

It shares no code with the product. It looks at the bodies as the clients sent them, one event after the other, in one
dictionary; it knows nothing of batches, rows, deltas and restarts.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

Identifier = tuple[str, str]
ORDERS = {"order completed", "order updated", "order refunded", "order cancelled", "checkout started"}
AGREE = 60_000  # clocks that differ by no more agree


@dataclass(frozen=True)
class Source:
    """Who sent an event."""

    id: int
    key: str
    trust: str
    space: str = ""

    @property
    def user_kind(self) -> str:
        return f"user_id@{self.space}" if self.space else "user_id"


@dataclass(frozen=True)
class Accepted:
    """An event that the server took, as the client sent it, with the moment at which it arrived."""

    source: Source
    body: dict[str, Any]
    sent_at: str | None
    received: int

    @property
    def time(self) -> int:
        """received - (sent - original) where the clocks disagree, else the original; never later than received."""
        if "timestamp" not in self.body:
            return self.received
        original = milliseconds(self.body["timestamp"])
        stated = self.body.get("sentAt", self.sent_at)
        if stated is not None:
            sent = milliseconds(stated)
            if abs(self.received - sent) > AGREE:
                original = self.received - (sent - original)
        return min(original, self.received)

    @property
    def person(self) -> dict[str, Any]:
        """Traits that are about the customer: those of identify, else those of the context."""
        own = self.body.get("traits") if self.body["type"] == "identify" else None
        traits: dict[str, Any] = own or self.body.get("context", {}).get("traits") or {}
        return traits

    @property
    def identifiers(self) -> list[Identifier]:
        """Strongest first."""
        named: list[tuple[str, str | None]] = [
            (self.source.user_kind, self.body.get("userId")),
            ("email", self.person.get("email")),
            ("phone", self.person.get("phone")),
            ("anonymous_id", self.body.get("anonymousId")),
        ]
        return [(kind, value.lower() if kind == "email" else value) for kind, value in named if value]

    @property
    def names(self) -> list[Identifier]:
        """All identifiers that it may be about; an alias says not of which kind the previous one is."""
        previous = self.body.get("previousId")
        if self.body["type"] != "alias" or previous is None:
            return self.identifiers
        return [*self.identifiers, (self.source.user_kind, previous), ("anonymous_id", previous)]

    @property
    def amount(self) -> tuple[str, Decimal] | None:
        """Currency and value of a track event that is about no order."""
        properties = self.body.get("properties", {})
        if self.body["type"] != "track" or "revenue" not in properties or self.body["event"].lower() in ORDERS:
            return None
        return properties.get("currency", "USD").upper(), Decimal(str(properties["revenue"]))


def milliseconds(moment: str) -> int:
    """Return UTC milliseconds of an ISO 8601 moment, exactly."""
    read = datetime.fromisoformat(moment)
    return int(read.replace(microsecond=0).timestamp()) * 1000 + read.microsecond // 1000


Trait = tuple[int, int, str, Any]  # rank of the trust, event time, message id; then the value, None removes


@dataclass
class Profile:
    """One customer."""

    id: int
    identifiers: set[Identifier] = field(default_factory=set)
    traits: dict[str, Trait] = field(default_factory=dict)
    value: dict[str, Decimal] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    events: int = 0
    first_seen: int | None = None
    last_seen: int | None = None

    @property
    def is_strong(self) -> bool:
        return any(kind != "anonymous_id" for kind, _ in self.identifiers)

    @property
    def spaces(self) -> set[str]:
        """Id spaces in which it has a user id."""
        return {kind for kind, _ in self.identifiers if kind.startswith("user_id")}

    def see(self, time: int, *, active: bool) -> None:
        self.events += 1
        self.first_seen = least(self.first_seen, time)
        self.last_seen = greatest(self.last_seen, time if active else None)

    def take_over(self, other: "Profile") -> None:
        """Add what another profile has."""
        self.identifiers |= other.identifiers
        for name, trait in other.traits.items():
            put(self.traits, name, trait)
        for currency, amount in other.value.items():
            self.value[currency] = self.value.get(currency, Decimal(0)) + amount
        for group, since in other.groups.items():
            self.groups[group] = min(since, self.groups.get(group, since))
        self.events += other.events
        self.first_seen = least(self.first_seen, other.first_seen)
        self.last_seen = greatest(self.last_seen, other.last_seen)


def least(one: int | None, two: int | None) -> int | None:
    return min((value for value in (one, two) if value is not None), default=None)


def greatest(one: int | None, two: int | None) -> int | None:
    return max((value for value in (one, two) if value is not None), default=None)


def put(traits: dict[str, Trait], name: str, offered: Trait) -> None:
    """Keep the greater of two values: server trust before browser trust, then event time, then message id."""
    present = traits.get(name)
    if present is None or offered[:3] > present[:3]:
        traits[name] = offered


class Fold:
    """All customers, after the events given so far."""

    def __init__(self) -> None:
        self.profiles: dict[int, Profile] = {}
        self.owners: dict[Identifier, Profile] = {}
        self.created = 0
        self.resolved: list[int] = []  # id of each event's profile at that moment, 0 for nobody
        self.subjects: list[Profile | None] = []  # of each event, as it was resolved
        self.merged: dict[int, Profile] = {}
        self.conflicts = 0
        self.moves = 0
        self.group_traits: dict[str, dict[str, Trait]] = {}
        self.forgotten: dict[Identifier, int] = {}
        self.dropped = 0
        self.erased = 0

    def forget(self, profile: Profile, at: int) -> None:
        """Erase a customer; what happened up to a moment and comes later is not taken any more. Groups stay."""
        for identifier in profile.identifiers:
            del self.owners[identifier]
            self.forgotten[identifier] = max(at, self.forgotten.get(identifier, at))
        del self.profiles[profile.id]
        stays = [one is None or self.survivor(one) is not profile for one in self.subjects]
        self.subjects = [one for one, kept in zip(self.subjects, stays, strict=True) if kept]
        self.resolved = [one for one, kept in zip(self.resolved, stays, strict=True) if kept]
        self.erased += profile.events

    def add(self, event: Accepted) -> None:
        """Apply one event."""
        if any(self.forgotten.get(name, event.time - 1) >= event.time for name in event.names):
            self.dropped += 1
            return
        body = event.body
        profile = self.resolve(event) if event.identifiers else None
        if profile is not None and body["type"] == "alias" and body["previousId"] != body["userId"]:
            profile = self.alias(event, profile)
        rank = int(event.source.trust == "server")
        stated = event.person if body["type"] == "identify" else body.get("traits", {})
        offered = {name: (rank, event.time, body["messageId"], value) for name, value in stated.items()}
        if body["type"] == "group":
            for name, trait in offered.items():
                put(self.group_traits.setdefault(body["groupId"], {}), name, trait)
        self.subjects.append(profile)
        self.resolved.append(profile.id if profile else 0)
        if profile is None:
            return
        profile.see(event.time, active=body.get("context", {}).get("active", True))
        if body["type"] == "identify":
            for name, trait in offered.items():
                put(profile.traits, name, trait)
        if body["type"] == "group":
            group = body["groupId"]
            profile.groups[group] = min(event.time, profile.groups.get(group, event.time))
        if event.amount is not None:
            currency, amount = event.amount
            profile.value[currency] = profile.value.get(currency, Decimal(0)) + amount

    def resolve(self, event: Accepted) -> Profile:
        """Say whose event it is, by the identity table."""
        named = event.identifiers
        subject = self.subject_of(named)
        for identifier in named:
            owner = self.owners.get(identifier)
            if owner is None:
                self.give(identifier, subject)
            elif owner is subject:
                continue
            elif identifier[0] == "anonymous_id":
                subject = self.by_device(identifier, owner, subject)
            elif owner.spaces & subject.spaces:
                if event.source.trust == "server" and named[0][0].startswith("user_id"):
                    self.move(identifier, owner, subject)
                else:
                    self.conflicts += 1
            elif event.source.trust == "server":
                subject = self.merge(owner, subject)
            else:
                self.conflicts += 1
        return subject

    def subject_of(self, named: list[Identifier]) -> Profile:
        """Return the profile of the strongest identifier that is known and whose profile can have the user id."""
        user = named[0] if named[0][0].startswith("user_id") else None
        for identifier in named:
            owner = self.owners.get(identifier)
            if owner is None:
                continue
            if user in (None, identifier) or user[0] not in owner.spaces:
                return owner
        self.created += 1
        made = self.profiles[self.created] = Profile(self.created)
        return made

    def by_device(self, identifier: Identifier, owner: Profile, subject: Profile) -> Profile:
        """A visitor becomes the customer; of another customer's device only the anonymous id moves."""
        if not owner.is_strong:
            return self.merge(owner, subject)
        self.move(identifier, owner, subject)
        return subject

    def alias(self, event: Accepted, subject: Profile) -> Profile:
        """The previous id is looked for as a user id, then as an anonymous id; an unknown one is remembered.

        An alias says itself that both are one person, which a server is believed; a browser only of a visitor.
        """
        as_user = (event.source.user_kind, event.body["previousId"])
        as_anonymous = ("anonymous_id", event.body["previousId"])
        server = event.source.trust == "server"
        owner = self.owners.get(as_user) or self.owners.get(as_anonymous)
        if owner is subject:
            return subject
        if owner is not None and (server or not owner.is_strong):
            return self.merge(owner, subject)
        if owner is not None:
            self.conflicts += 1
            return subject
        if server:
            self.give(as_user, subject)
        self.give(as_anonymous, subject)
        return subject

    def give(self, identifier: Identifier, profile: Profile) -> None:
        profile.identifiers.add(identifier)
        self.owners[identifier] = profile

    def move(self, identifier: Identifier, owner: Profile, subject: Profile) -> None:
        self.moves += 1
        owner.identifiers.discard(identifier)
        self.give(identifier, subject)

    def merge(self, one: Profile, two: Profile) -> Profile:
        """Make one of two; the older survives."""
        parent, child = sorted((one, two), key=lambda profile: profile.id)
        parent.take_over(child)
        for identifier in child.identifiers:
            self.owners[identifier] = parent
        del self.profiles[child.id]
        self.merged[child.id] = parent
        return parent

    def survivor(self, profile: Profile) -> Profile:
        """Return who a profile is part of now."""
        while profile.id in self.merged:
            profile = self.merged[profile.id]
        return profile
