"""Identifiers and what identity resolution decides."""

from typing import NamedTuple

import msgspec


class Identifier(NamedTuple):
    """A name of a profile.

    Args:
        kind: ``user_id`` (``user_id@space`` outside the workspace's id space), ``external:<type>``, ``email``,
            ``phone`` or ``anonymous_id``.
        value: Normalised text.
    """

    kind: str
    value: str


class Merge(NamedTuple):
    """One profile becomes part of another.

    Args:
        child: Root that ends.
        parent: Root that survives, the older one.
        cause: The identifier that named both.
    """

    child: int
    parent: int
    cause: Identifier


class Conflict(NamedTuple):
    """Two profiles that an event named together and that were not merged.

    Args:
        profile: Whose event it is.
        other: The profile that keeps the identifier.
        identifier: What they were named by.
        reason: Why not: ``two user ids``, ``browser trust``.
    """

    profile: int
    other: int
    identifier: Identifier
    reason: str


class Resolution(msgspec.Struct):
    """What an event does to identities.

    Args:
        profile: Whose event it is; 0 where the event names nobody.
        created: Whether that profile is new.
        joined: Identifiers that begin to name the profile.
        moved: Identifiers that named another profile so far.
        merges: Profiles that became one.
        conflicts: Profiles that did not.
    """

    profile: int
    created: bool = False
    joined: list[Identifier] = []
    moved: list[Identifier] = []
    merges: list[Merge] = []
    conflicts: list[Conflict] = []

    @property
    def changes(self) -> bool:
        """Whether the event did anything to identities."""
        return self.created or bool(self.joined or self.moved or self.merges or self.conflicts)
