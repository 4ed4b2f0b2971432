"""What a batch of events changes, gathered event by event and written table by table."""

from decimal import Decimal
from typing import Any

import msgspec

from tidings.commerce import service as commerce
from tidings.commerce.model import Happening
from tidings.consent import service as consent
from tidings.consent.model import Said
from tidings.db import Tx
from tidings.events import figures_store as figures
from tidings.events import store as events
from tidings.events.model import Head, RawRecord
from tidings.events.reports import Commerce
from tidings.profiles import registrations_store as registrations
from tidings.profiles import store as profiles
from tidings.profiles.model import Identifier, Resolution

SEARCHED = {"name", "firstName", "lastName", "email"}
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Effects:
    """The rows that a batch adds up to: pure until ``write``.

    Every member folds with what is stored already (counts add, times take the least or greatest, traits the newest),
    so that it does not matter how events are cut into batches.
    """

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.seen: list[tuple[int, str, int, int]] = []
        self.timeline: list[tuple[int, int, int, int]] = []
        self.profiles: dict[int, list[Any]] = {}
        self.identifiers: dict[tuple[int, Identifier], tuple[Any, ...]] = {}
        self.links: list[tuple[Any, ...]] = []
        self.conflicts: list[tuple[Any, ...]] = []
        self.traits: dict[tuple[int, int, str], tuple[Any, ...]] = {}
        self.additions: dict[tuple[int, int, str, str], tuple[Any, ...]] = {}
        self.happenings: list[Happening] = []
        self.said: list[Said] = []
        self.values: dict[tuple[int, int, str], Decimal] = {}
        self.groups: dict[tuple[int, str], list[int]] = {}
        self.group_traits: dict[tuple[int, str, str], tuple[Any, ...]] = {}
        self.members: dict[tuple[int, str, int], int] = {}
        self.registrations: dict[tuple[int, str, int], int] = {}
        self.counts: dict[tuple[int, int, str], int] = {}
        self.noted: list[tuple[int, int, int]] = []

    def store(self, record: RawRecord, head: Head, body: msgspec.Raw, digest: str, event_id: int, profile: int) -> None:
        """Keep the event itself, its message id and its place on the timeline."""
        workspace = record.workspace_id
        self.events.append(
            (
                event_id,
                workspace,
                record.source_id,
                profile,
                head.verb,
                head.name,
                head.time,
                record.received,
                head.message_id,
                bytes(body),
            )
        )
        self.seen.append((record.source_id, digest, workspace, event_id))
        if head.notes:
            self.noted.append((workspace, event_id, record.source_id))
        if profile:
            self.timeline.append((workspace, profile, head.time, event_id))
            row = self.profiles.get(profile)
            seen = head.time if head.active else None
            if row is None:
                self.profiles[profile] = [profile, workspace, profile, 1, head.time, seen]
                return
            row[3] += 1
            row[4] = min(row[4], head.time)
            if seen is not None and (row[5] is None or seen > row[5]):
                row[5] = seen

    def resolve(self, record: RawRecord, head: Head, resolution: Resolution, event_id: int) -> None:
        """Keep what the event did to identities."""
        workspace, at = record.workspace_id, head.time
        for identifier in [*resolution.joined, *resolution.moved]:
            key = (workspace, identifier)
            self.identifiers[key] = (workspace, *identifier, resolution.profile, record.source_id, at)
        for merge in resolution.merges:
            cause = f"{merge.cause.kind}:{merge.cause.value}"
            self.links.append((workspace, merge.child, merge.parent, cause, event_id, at))
            self.count(record, "merged")
        for conflict in resolution.conflicts:
            kind, value = conflict.identifier
            row = (workspace, conflict.profile, conflict.other, kind, value, conflict.reason, event_id, at)
            self.conflicts.append(row)
        if resolution.created:
            self.count(record, "profiles")

    def describe(self, record: RawRecord, head: Head, profile: int) -> None:
        """Keep groups, value and store of the event."""
        workspace = record.workspace_id
        if head.group_id:
            self._group(record, head, profile)
        if head.value is not None and head.currency and profile:
            holder = (workspace, profile, head.currency)
            self.values[holder] = profiles.EXACT.add(self.values.get(holder, Decimal(0)), head.value)
        if head.store and profile:
            place = (workspace, head.store, profile)
            self.registrations[place] = min(self.registrations.get(place, head.time), head.time)

    def characterise(self, record: RawRecord, head: Head, profile: int) -> None:
        """Keep what the event says about its customer: traits, and items that are added to them."""
        stamp = _stamp(record, head)
        if head.verb != "group":
            for name, value in head.traits.items():
                key = (record.workspace_id, profile, name)
                present = self.traits.get(key)
                if present is None or stamp > present[4:7]:
                    self.traits[key] = (*key, _json(value), *stamp, record.source_id, searched(name, value))
        for name, items in head.additions.items():
            for item in items:
                place = (record.workspace_id, profile, name, item)
                there = self.additions.get(place)
                if there is None or stamp > there[4:7]:
                    self.additions[place] = (*place, *stamp, record.source_id)

    def speak(self, record: RawRecord, head: Head, said: Commerce, event_id: int, profile: int) -> None:
        """Keep what the event says about orders, carts and products."""
        self.happenings.append(
            Happening(
                workspace_id=record.workspace_id,
                brand_id=record.brand_id,
                source_id=record.source_id,
                event_id=event_id,
                message_id=head.message_id,
                time=head.time,
                server=record.trust == "server",
                profile=profile,
                commerce=said,
            )
        )

    def wish(self, record: RawRecord, head: Head, event_id: int, profile: int) -> None:
        """Keep what the event says about what its customer wants to receive."""
        self.said.append(
            Said(
                workspace_id=record.workspace_id,
                source_id=record.source_id,
                event_id=event_id,
                message_id=head.message_id,
                time=head.time,
                received=record.received,
                server=record.trust == "server",
                profile=profile,
                email=head.email,
                phone=head.phone,
                statements=head.statements,
            )
        )

    def count(self, record: RawRecord, name: str, amount: int = 1) -> None:
        """Add to a count of the record's source."""
        key = (record.workspace_id, record.source_id, name)
        self.counts[key] = self.counts.get(key, 0) + amount

    def write(self, tx: Tx, cursor: events.Cursor, key: bytes) -> None:
        """Write everything, one statement for each table.

        Args:
            tx: The transaction.
            cursor: Counts the new keys of the indexes; changed in place.
            key: The installation's, under which addresses of forgotten customers are known.
        """
        profiles.save_profiles(tx, [self.profiles[key] for key in sorted(self.profiles)])
        profiles.save_identifiers(tx, sorted(self.identifiers.values()))
        profiles.save_links(tx, self.links)
        profiles.save_conflicts(tx, self.conflicts)
        profiles.save_traits(tx, [self.traits[key] for key in sorted(self.traits)])
        profiles.save_additions(tx, [self.additions[key] for key in sorted(self.additions)])
        profiles.add_values(tx, self.values)
        profiles.save_groups(tx, [(*key, *times) for key, times in self.groups.items()])
        profiles.save_group_traits(tx, list(self.group_traits.values()))
        profiles.save_members(tx, [(*key, since) for key, since in self.members.items()])
        registrations.save(tx, [(*key, at) for key, at in sorted(self.registrations.items())])
        if self.events:
            events.add(tx, self.events)
            events.add_seen(tx, self.seen)
            events.add_timeline(tx, self.timeline)
            cursor.seen_recent += len(self.seen)
            cursor.timeline_recent += len(self.timeline)
            for place, amount in figures.count_events(tx, self.events).items():
                self.counts[(*place, "events")] = amount
            figures.add_noted(tx, self.noted)
        events.count(tx, self.counts)
        if self.happenings:
            commerce.apply(tx, self.happenings)
        if self.links:
            commerce.unite(tx, {(workspace, parent) for workspace, _, parent, *_ in self.links})
        if self.said:
            consent.apply(tx, self.said, key)

    def _group(self, record: RawRecord, head: Head, profile: int) -> None:
        assert head.group_id is not None
        workspace, group = record.workspace_id, head.group_id
        times = self.groups.setdefault((workspace, group), [head.time, head.time])
        times[0], times[1] = min(times[0], head.time), max(times[1], head.time)
        if head.verb != "group":
            return  # context.groupId: the customer acts for the account, which makes nobody a member
        if profile:
            member = (workspace, group, profile)
            self.members[member] = min(self.members.get(member, head.time), head.time)
        stamp = _stamp(record, head)
        for name, value in head.traits.items():
            key = (workspace, group, name)
            present = self.group_traits.get(key)
            if present is None or stamp > present[4:7]:
                search = searched(name, value) if name == "name" else None
                self.group_traits[key] = (*key, _json(value), *stamp, record.source_id, search)


def _stamp(record: RawRecord, head: Head) -> tuple[int, int, str]:
    """Return what decides between values of a trait: the larger one stays."""
    return int(record.trust == "server"), head.time, head.message_id


def _json(value: Any) -> str | None:
    return None if value is None else _encode(value).decode()


def searched(name: str, value: Any) -> str | None:
    """Return the text under which a trait is found by prefix, None for a trait that is not searched."""
    return value.casefold()[:200] if name in SEARCHED and isinstance(value, str) else None
