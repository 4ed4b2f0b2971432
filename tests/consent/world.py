"""A database with Alice, Bob and a stranger's workspace, and short words for what is said about consent."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, event, select

from tests.fresh import migrated
from tidings.consent import loading, service, store
from tidings.consent.model import ConsentSettings, Decision, Entry, Said, SignUp
from tidings.consent.tables import history, opt_ins
from tidings.db.engine import make_engine
from tidings.events import pending_store
from tidings.events.model import Event, Record
from tidings.events.reports import Statement
from tidings.profiles import store as profiles

T0 = 1_700_000_000_000
KEY = b"k" * 32
ALICE, BOB, STRANGER = 1, 2, 9
MAIL, PHONE = "alice@example.org", "+351900000000"
IP = "192.0.2.7"
_record = msgspec.json.Decoder(Record).decode


class World:
    """One database.

    Args:
        path: Of its file; made here.
    """

    def __init__(self, path: Path) -> None:
        migrated(path, T0)
        self._engine = make_engine(path, mode="write")
        self.tx: Connection = self._engine.connect()
        driver: Any = self.tx.connection.driver_connection
        driver.execute("PRAGMA synchronous = OFF")  # nobody cuts the power here
        self._said = 0
        with self.tx.begin():
            profiles.save_profiles(
                self.tx, [(one, 1, one, 1, T0, T0) for one in (ALICE, BOB)] + [(STRANGER, 2, STRANGER, 1, T0, T0)]
            )
            named = [(1, "email", MAIL, ALICE), (1, "phone", PHONE, ALICE), (1, "user_id", "bob", BOB)]
            named += [(2, "email", MAIL, STRANGER)]
            profiles.save_identifiers(self.tx, [(*one, 1, T0) for one in named])

    def close(self) -> None:
        self.tx.close()
        self._engine.dispose()

    def settings(self, workspace: int = 1, **chosen: Any) -> None:
        with self.tx.begin():
            store.set_settings(self.tx, workspace, ConsentSettings(**chosen))

    def said(self, *statements: Statement, at: int | None = None, **members: Any) -> Said:
        """Return what an event of Alice's says, under server trust, ``at`` milliseconds after the beginning."""
        self._said += 1
        at = self._said if at is None else at
        given: dict[str, Any] = {
            "workspace_id": 1, "source_id": 5, "event_id": self._said, "message_id": f"m{self._said:04}",
            "time": T0 + at, "received": T0 + at, "server": True, "profile": ALICE, "email": MAIL, "phone": None,
        }  # fmt: skip
        return Said(**(given | members), statements=list(statements))

    def hear(self, *said: Said) -> None:
        with self.tx.begin():
            service.apply(self.tx, said, KEY)

    def say(self, wish: Any, **members: Any) -> None:
        """Let Alice, or whom ``members`` name, wish something by email or by another channel."""
        own = {name: members.pop(name) for name in ("channel", "address", "confirm", "deleted", "ip", "form", "reason")
               if name in members}  # fmt: skip
        self.hear(self.said(Statement(**({"channel": "email", "wish": wish} | own)), **members))

    def state(self, profile: int = ALICE, channel: Any = "email", workspace: int = 1) -> str:
        with self.tx.begin():
            members = profiles.members(self.tx, workspace, profile) or [profile]
            return service.state_of(service.preference_of(self.tx, workspace, members, channel))

    def active(self, address: str = MAIL, channel: Any = "email", workspace: int = 1) -> list[str]:
        with self.tx.begin():
            rows = loading.suppressions_of(self.tx, [(workspace, channel, address)], KEY)
        return sorted(one.type for one in rows if one.active)

    def may(
        self, purpose: Any = "marketing", channel: Any = "email", profile: int = ALICE, workspace: int = 1
    ) -> Decision:
        with self.tx.begin():
            return service.may_send(self.tx, workspace, profile, channel, purpose, T0, KEY)

    def history(self, workspace: int = 1) -> list[Entry]:
        with self.tx.begin():
            rows = self.tx.execute(select(history).where(history.c.workspace_id == workspace).order_by(history.c.id))
            return [Entry(**{k: v for k, v in row.items() if k != "id"}) for row in rows.mappings()]

    def told(self, subject: str) -> list[tuple[str, str]]:
        return [(one.change, one.effect) for one in self.history() if one.subject == subject]

    def opt_ins(self, address: str = "") -> list[SignUp]:
        query = select(opt_ins).where(opt_ins.c.address == address) if address else select(opt_ins)
        with self.tx.begin():
            rows = self.tx.execute(query.order_by(opt_ins.c.id)).mappings().all()
        return [SignUp(**row) for row in rows]

    def confirm(self, number: int, at: int = 1000, ip: str = IP) -> SignUp | None:
        from tidings.consent import confirming

        with self.tx.begin():
            return confirming.confirm(self.tx, number, ip, T0 + at, KEY)

    def own(self, workspace: int = 1) -> list[Event]:
        """Take the own events that wait for the pipeline."""
        with self.tx.begin():
            waiting = [one for one in pending_store.oldest(self.tx, 10_000)[0] if one.workspace_id == workspace]
            pending_store.drop(self.tx, [one.id for one in waiting])
        records = [_record(one.payload) for one in waiting]
        assert all((one.source_id, one.trust, one.workspace_id) == (0, "server", workspace) for one in records)
        events = [event for one in records for event in one.events]
        assert all(not one.statements and one.verb == "track" and one.time <= 2 * T0 for one in events)
        return events

    def names(self) -> list[str]:
        return [f"{one.name} {one.properties.get('type', '')}".strip() for one in self.own()]


def counted(connection: Connection) -> Iterator[list[str]]:
    """Yield the statements that a connection executes from now on."""
    seen: list[str] = []

    def see(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(connection.engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(connection.engine, "before_cursor_execute", see)


def merge(world: World, child: int, parent: int, rows: Sequence[Any] = ()) -> None:
    """Let a profile become part of another."""
    with world.tx.begin():
        profiles.save_links(world.tx, [(1, child, parent, "email:x", 1, T0), *rows])
