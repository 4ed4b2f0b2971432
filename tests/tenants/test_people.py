"""Users, sessions, passwords and the audit log, with a database and without a server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fresh import migrated
from tidings.db import Database
from tidings.tenants import audit, passwords, people_store, service, sessions, users
from tidings.tenants.model import Actor, User

HOUR = 3600 * 1000
AGENTS = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0": (
        "Edge on Windows"
    ),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1": (
        "Safari on iPhone"
    ),
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36": (
        "Chrome on Android"
    ),
    "curl/8.5.0": "curl",
    "": "unknown browser",
    "<script>alert(1)</script>": "unknown browser",
    "x" * 10_000: "x" * 31,
}


class Place:
    """A database with two workspaces."""

    def __init__(self, path: Path) -> None:
        migrated(path, 1)
        self.database = Database(path)
        self.alice = self.database.write_now(service.first_workspace, 1)
        self.stranger = self.database.write_now(service.create_workspace, "stranger", "UTC", 1)

    def user(self, email: str, role: Any = "owner", workspace: int | None = None, now: int = 5) -> User:
        wall = self.alice if workspace is None else workspace
        return self.database.write_now(users.add, audit.CLI, wall, email, role, "hash", now)

    def deeds(self, workspace: int | None = None, **narrowed: Any) -> list[Any]:
        wall = self.alice if workspace is None else workspace
        which = {"actor": None, "action": None, "before": None, "limit": 100} | narrowed
        return self.database.read_now(people_store.list_deeds, wall, **which)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    opened = Place(tmp_path / "tidings.db")
    yield opened
    opened.database.close()


def test_an_address_has_one_user_in_the_installation(place: Place) -> None:
    place.user("a@b.example")
    for wall in (place.alice, place.stranger):
        with pytest.raises(users.Taken, match=r"a@b\.example has a user already"):
            place.user("a@b.example", workspace=wall)
    assert [deed.action for deed in place.deeds()] == ["user.added"]


def test_no_number_reaches_into_another_workspace(place: Place) -> None:
    theirs = place.user("theirs@b.example", workspace=place.stranger)
    place.user("other@b.example", workspace=place.stranger)
    write: Any = place.database.write_now
    scripts: list[tuple[Any, tuple[str, ...]]] = [
        (users.change_role, ("viewer",)),
        (users.change_password, ("hash",)),
        (users.remove, ()),
    ]
    for script, arguments in scripts:
        with pytest.raises(users.NoUser):
            write(script, audit.CLI, place.alice, theirs.id, *arguments, 9)
    read = place.database.read_now
    assert read(people_store.get_user, place.alice, theirs.id) is None
    assert read(people_store.user_by_email, place.alice, theirs.email) is None
    assert read(people_store.password_of, place.alice, theirs.id) is None
    assert read(people_store.list_users, place.alice) == []
    assert place.deeds() == []
    assert len(place.deeds(place.stranger)) == 2


def test_a_number_is_never_given_twice(place: Place) -> None:
    first = place.user("first@b.example")
    second = place.user("second@b.example")
    place.database.write_now(users.remove, audit.CLI, place.alice, second.id, 9)
    assert place.user("third@b.example").id > second.id > first.id


def test_the_first_owner_is_made_once(place: Place) -> None:
    made = place.database.write_now(users.set_up, "a@b.example", "hash", "192.0.2.1", 7)
    assert (made.role, made.workspace_id) == ("owner", place.alice)
    with pytest.raises(service.Invalid, match="set up already"):
        place.database.write_now(users.set_up, "b@b.example", "hash", None, 8)
    (deed,) = place.deeds()
    assert (deed.actor, deed.email, deed.ip) == (f"user:{made.id}", "a@b.example", "192.0.2.1")


def test_a_session_is_recognised_until_it_ends(place: Place) -> None:
    user = place.user("a@b.example")
    cookie = place.database.write_now(sessions.open_session, user, "curl/8", "192.0.2.1", HOUR)

    def seen(now: int, value: str = cookie) -> Any:
        return place.database.read_now(sessions.recognise, value, now)

    person, stale = seen(HOUR + 1)
    assert (person.user.id, person.workspace.title, stale) == (user.id, "default", False)
    assert seen(HOUR + sessions.TOUCH)[1] is True
    assert seen(HOUR + sessions.IDLE) is not None
    assert seen(HOUR + sessions.IDLE + 1) is None
    assert seen(HOUR, cookie[:-1] + ("a" if cookie[-1] != "a" else "b")) is None
    assert seen(HOUR, "") is None
    assert person.csrf != cookie
    place.database.write_now(people_store.touch_session, place.alice, person.session_id, HOUR + sessions.LONGEST - 1)
    assert seen(HOUR + sessions.LONGEST - 1) is not None
    assert seen(HOUR + sessions.LONGEST) is None


def test_sessions_that_are_over_are_swept_away(place: Place) -> None:
    user = place.user("a@b.example")
    for _ in range(3):
        place.database.write_now(sessions.open_session, user, "", None, HOUR)
    place.database.write_now(sessions.open_session, user, "", None, HOUR + sessions.IDLE + 1)
    every = place.database.read_now(people_store.list_sessions, place.alice, user.id, 0, 0)
    assert len(every) == 1


@pytest.mark.parametrize(("agent", "expected"), AGENTS.items())
def test_a_browser_in_two_words(agent: str, expected: str) -> None:
    assert sessions.summary(agent) == expected


def test_the_audit_log_is_narrowed(place: Place) -> None:
    user = place.user("a@b.example")
    who = Actor(f"user:{user.id}", "192.0.2.1")
    place.database.write_now(audit.record, who, place.alice, "source.created", 7, "source:1", name="x")
    place.database.write_now(audit.record, who, place.alice, "sources.odd", 8)
    assert [deed.action for deed in place.deeds()] == ["sources.odd", "source.created", "user.added"]
    assert [deed.action for deed in place.deeds(action="source")] == ["source.created"]
    assert [deed.action for deed in place.deeds(action="sources.odd")] == ["sources.odd"]
    assert [deed.action for deed in place.deeds(action="s%")] == []
    assert [deed.actor for deed in place.deeds(actor="cli")] == ["cli"]
    newest = place.deeds(limit=1)[0]
    assert [deed.id for deed in place.deeds(before=newest.id, limit=1)] == [newest.id - 1]
    assert newest.email == "a@b.example"
    place.user("b@b.example")
    place.database.write_now(users.remove, audit.CLI, place.alice, user.id, 9)
    assert {deed.email for deed in place.deeds(actor=who.name)} == {None}


def test_passwords() -> None:
    known = passwords.hashed("correct horse")
    assert known.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verified(known, "correct horse")
    assert not passwords.verified(known, "correct horsf")
    assert not passwords.verified(None, "correct horse")
    assert not passwords.verified("no hash at all", "correct horse")
    assert not passwords.outdated(known)
    assert passwords.outdated("$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHRzb21l$KSmx7+ZQ9Z7NSGkSmUbjbA")
    made = {passwords.made() for _ in range(50)}
    assert len(made) == 50
    assert all(passwords.fault(text) is None for text in made)
