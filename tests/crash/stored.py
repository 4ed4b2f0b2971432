"""What a data folder holds, read beside the server, and how it must compare to the reference."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tests.crash.reference import Accepted, Fold, Profile
from tests.crash.traffic import Sent
from tests.serving import Running
from tidings.db.engine import make_engine
from tidings.profiles.service import ProfileView, view

WORKSPACE = 1


def rows(path: Path, query: str) -> list[sqlite3.Row]:
    """Return rows of one of the folder's files."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(query).fetchall()


@contextmanager
def reading(data: Path) -> Iterator[Connection]:
    """Give a snapshot to read profiles from, as the command line and the API do."""
    engine = make_engine(data / "tidings.db", mode="read")
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    finally:
        engine.dispose()


def profiles(data: Path) -> dict[int, ProfileView]:
    """Return all profiles that are not part of another."""
    roots = [row["id"] for row in rows(data / "tidings.db", "SELECT id FROM profiles WHERE root_id = id")]
    with reading(data) as tx:
        found = {root: view(tx, WORKSPACE, root) for root in roots}
    return {root: profile for root, profile in found.items() if profile is not None}


def shown(profile: ProfileView) -> dict[str, Any]:
    """Return what is compared of a stored profile."""
    return {
        "identifiers": {(row["kind"], row["value"]) for row in profile.identifiers},
        "traits": {
            name: (row["trust"], row["time"], row["message_id"], profile.traits[name])
            for name, row in profile.trait_details.items()
        },
        "value": {currency: Decimal(amount) for currency, amount in profile.lifetime_value.items()},
        "groups": {row["id"]: row["since"] for row in profile.groups},
        "events": profile.event_count,
        "seen": (profile.first_seen, profile.last_seen),
    }


def expected(profile: Profile) -> dict[str, Any]:
    """Return the same of a profile of the reference."""
    return {
        "identifiers": profile.identifiers,
        "traits": {
            name: ("server" if rank else "browser", time, message_id, as_json(value))
            for name, (rank, time, message_id, value) in profile.traits.items()
            if value is not None
        },
        "value": profile.value,
        "groups": profile.groups,
        "events": profile.events,
        "seen": (profile.first_seen, profile.last_seen),
    }


def as_json(value: Any) -> Any:
    """Return a value as it looks after a way through JSON, with exact numbers."""
    return json.loads(json.dumps(value), parse_float=Decimal)


def fold(data: Path, sent: Sent) -> Fold:
    """Check that each stored event is one that was sent; return the reference over them in the order of processing."""
    reference = Fold()
    stored: set[tuple[int, str]] = set()
    for row in rows(data / "tidings.db", "SELECT * FROM events ORDER BY id"):
        source, body, sent_at = sent.variants[json.loads(row["body"])["context"]["nonce"]]
        accepted = Accepted(source, body, sent_at, row["received"])
        has = (row["source_id"], row["message_id"], row["verb"], row["time"])
        assert has == (source.id, body["messageId"], body["type"], accepted.time), body
        assert has[:2] not in stored, f"stored twice: {body}"
        stored.add(has[:2])
        reference.add(accepted)
    assert stored >= sent.acknowledged, f"acknowledged and lost: {sorted(sent.acknowledged - stored)[:20]}"
    return reference


def reconcile(server: Running, sent: Sent) -> Fold:
    """Compare a settled server with the reference in everything that people see; return the reference."""
    figures = server.settled()
    data = server.data
    reference = fold(data, sent)
    compare(data, reference)
    appended = count(data)
    assert figures == {
        "events": len(reference.subjects),
        "profiles": len(reference.profiles),
        "lag": 0,
        "duplicates": appended - len(reference.subjects),
        "refused": 0,
        "forgotten": 0,
    }
    assert sent.answers <= appended <= sent.tries
    return reference


def count(data: Path) -> int:
    """Return how many events were ever acknowledged."""
    return int(rows(data / "log.db", "SELECT max(upto) AS upto FROM frames")[0]["upto"])


def compare(data: Path, reference: Fold) -> None:
    """Compare all that people see of customers and groups with the reference."""
    check_first_difference(data, reference)
    stored = {root: shown(profile) for root, profile in profiles(data).items()}
    wanted = {profile.id: expected(profile) for profile in reference.profiles.values()}
    for root in sorted(wanted.keys() | stored.keys()):
        have, want = stored.get(root, {}), wanted.get(root, {})
        for what in have.keys() | want.keys():
            assert have.get(what) == want.get(what), f"{what} of profile {root}"
    roots = {row["id"]: row["root_id"] for row in rows(data / "tidings.db", "SELECT id, root_id FROM profiles")}
    owners = [roots.get(row[0], 0) for row in rows(data / "tidings.db", "SELECT profile_id FROM events ORDER BY id")]
    assert owners == [reference.survivor(one).id if one else 0 for one in reference.subjects]
    assert group_traits(data) == {
        group: {name: trait[3] for name, trait in traits.items()} for group, traits in reference.group_traits.items()
    }
    assert integrity(data) == ["ok", "ok"]


def check_first_difference(data: Path, reference: Fold) -> None:
    """Name the event at which the stored profiles leave the reference: what follows from it says little."""
    stored = rows(data / "tidings.db", "SELECT id, profile_id, body FROM events ORDER BY id")
    for row, resolved in zip(stored, reference.resolved, strict=True):
        assert row["profile_id"] == resolved, f"event {row['id']} stands on another profile: {row['body']}"


def group_traits(data: Path) -> dict[str, dict[str, Any]]:
    """Return the traits of all groups, removed ones as None."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows(data / "tidings.db", "SELECT group_id, name, value FROM group_traits"):
        found.setdefault(row["group_id"], {})[row["name"]] = None if row["value"] is None else json.loads(row["value"])
    return found


def integrity(data: Path) -> list[str]:
    """Return what SQLite says of both files."""
    return [rows(data / name, "PRAGMA integrity_check")[0][0] for name in ("tidings.db", "log.db")]


def everything(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables of the state."""
    path = data / "tidings.db"
    names = [row["name"] for row in rows(path, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    return {name: [tuple(row) for row in rows(path, f'SELECT * FROM "{name}"')] for name in names}
