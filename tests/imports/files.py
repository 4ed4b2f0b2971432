"""Reading the text of a file without a database."""

import io
from typing import Any

from tidings.events.model import Event
from tidings.imports import kinds
from tidings.imports.model import Import, Refused, Setting
from tidings.imports.rounds import Rounds

NOW = 1_750_000_000_000
STARTED = NOW - 60_000
HASH = "ab" * 32


def setting(**members: Any) -> Setting:
    given = {"stamp": "import:x", "hash": HASH, "currency": "EUR", "zone": "UTC", "country": None, "started": STARTED}
    return Setting(**(given | members))


def draft(kind: str, lines: int = 0) -> Import:
    return Import(
        id=1, workspace_id=1, brand_id=2, kind=kind, name="f.csv", hash=HASH, size=1, options="{}", lines=lines,
        started_at=STARTED,
    )  # fmt: skip


class Read:
    """What a file was read into."""

    def __init__(self, events: list[Event], refused: list[Refused], rounds: list[Any]) -> None:
        self.events = events
        self.refused = refused
        self.rounds = rounds

    @property
    def only(self) -> Event:
        assert self.refused == []
        (event,) = self.events
        return event

    @property
    def reasons(self) -> dict[int, str]:
        return {one.line: one.reason for one in self.refused}


class Noting:
    """Makes events and keeps them."""

    def __init__(self, maker: kinds.Maker) -> None:
        self._maker = maker
        self.made: list[Event] = []

    def event(self, entry: Any) -> Event:
        event = self._maker.event(entry)
        self.made.append(event)
        return event


def read(kind: str, text: str | bytes, columns: dict[str, str] | None = None, **members: Any) -> Read:
    """Read a file from its beginning."""
    raw = text if isinstance(text, bytes) else text.encode()
    file = kinds.opened(kind, io.BytesIO(raw), setting(**members), columns or {})
    noting = Noting(file.maker)
    rounds = list(Rounds(draft(kind), noting, again=False).of(file.entries, NOW))
    return Read(noting.made, [one for each in rounds for one in each.refused], rounds)
