"""What the pages of sources ask of the layers above this room: what arrived, and what to paste."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from tidings.db import Tx
from tidings.tenants.model import Kinds, Snippet, Source, Trust


class Arrival(msgspec.Struct, frozen=True):
    """An event of a source.

    Args:
        id: Number of the event.
        verb: The call.
        name: Of a track event, page or screen.
        received: UTC milliseconds.
        profile_id: Whose it is, 0 for nobody's.
    """

    id: int
    verb: str
    name: str | None
    received: int
    profile_id: int


class Miss(msgspec.Struct, frozen=True):
    """A request or an event that was not taken.

    Args:
        id: Number of it.
        received: UTC milliseconds.
        code: Stable short name of the reason.
        message: The reason in a sentence.
        name: Of the event, where it could be read.
        advice: What to do about it.
    """

    id: int
    received: int
    code: str
    message: str
    name: str | None
    advice: str


class Sent(msgspec.Struct, frozen=True):
    """What a source has sent.

    Args:
        events: Stored, ever.
        refused: Requests and events that were not taken in the last 24 hours.
        last: The newest event; None without one.
    """

    events: int
    refused: int
    last: Arrival | None


class Arrivals(Protocol):
    """Knows what arrived; the events room answers."""

    def sent(self, tx: Tx, workspace_id: int, source_ids: Sequence[int], now: int) -> dict[int, Sent]:
        """Return what each of some sources has sent.

        Args:
            tx: The transaction.
            workspace_id: The wall.
            source_ids: Sources of the workspace.
            now: UTC milliseconds.
        """
        ...

    def last(self, tx: Tx, workspace_id: int, source_id: int) -> Arrival | None:
        """Return the newest event of a source."""
        ...

    def missed(self, tx: Tx, workspace_id: int, source_id: int, limit: int) -> list[Miss]:
        """Return what a source sent and was not taken, newest first."""
        ...

    def strange(self, tx: Tx, since: int, limit: int) -> list[Miss]:
        """Return what came to the installation with a key that belongs to no source, newest first.

        Args:
            tx: The transaction.
            since: UTC milliseconds.
            limit: At most.
        """
        ...


class Format(Protocol):
    """A dialect, as whoever makes a source of it sees it; `tidings.dialects.contract.Dialect` is one."""

    title: str
    about: str

    def snippets(self, url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
        """Return what programs need to send to a source."""
        ...


class Around:
    """What the pages of sources know beyond the database.

    Args:
        arrivals: Knows what arrived.
        formats: The dialects, by name.
        kinds: What the credentials of each are.
        parts: First parts of the dialects' paths.
        origin: Scheme and host at which the console was asked for; hostile.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        formats: Mapping[str, Format],
        kinds: Mapping[str, Kinds],
        parts: frozenset[str],
        origin: str,
    ) -> None:
        self.arrivals = arrivals
        self.formats = formats
        self.kinds = kinds
        self.parts = parts
        self.origin = origin

    def titles(self) -> dict[str, str]:
        """Return what people call the dialects."""
        return {name: one.title for name, one in self.formats.items()}

    def choices(self) -> list[tuple[str, str, str]]:
        """Return (name, title, sentence) of each dialect, in the order in which they are offered."""
        return [(name, one.title, one.about) for name, one in self.formats.items()]

    def base_of(self, source: Source) -> str:
        """Return where a source's clients send to: its own prefix, if it has one."""
        return "/".join(filter(None, (self.origin, source.settings.prefix)))

    def snippets(self, source: Source, credentials: Mapping[str, str]) -> tuple[Snippet, ...]:
        """Return what programs need to send to a source.

        Args:
            source: Which.
            credentials: Its own, by name, or words that stand in for them.
        """
        return self.formats[source.dialect].snippets(self.base_of(source), credentials, source.trust)
