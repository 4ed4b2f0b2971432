"""How a plugin registers its token: with a code that works once, for a short time, for its own source only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fresh import migrated
from tidings.db import Database
from tidings.kit.crypto import fingerprint
from tidings.tenants import handshakes, handshakes_store, people_store, service, store
from tidings.tenants.audit import CLI
from tidings.tenants.handshakes import WINDOW, WrongCode
from tidings.tenants.model import Kinds, Source, SourceSettings

KINDS = Kinds(("store_id", "api_key"), public=("store_id",))
IP = "203.0.113.9"
NOW = 1_000


class Place:
    """Two workspaces, each with a source."""

    def __init__(self, path: Path) -> None:
        migrated(path, 1)
        self.database = Database(path)
        self.alice = self.database.write_now(service.first_workspace, 1)
        self.stranger = self.database.write_now(service.create_workspace, "stranger", "UTC", 1)
        self.database.write_now(service.create_brand, self.stranger, "theirs", "Theirs", "gbp", 1)
        self.source, self.credentials = self.make(self.alice)
        self.other, _ = self.make(self.stranger)

    def make(self, workspace_id: int, dialect: str = "remarkety") -> tuple[Source, dict[str, str]]:
        draft = Source(
            id=0,
            workspace_id=workspace_id,
            brand_id=0,
            brand_currency="",
            dialect=dialect,
            name=f"shop {dialect}",
            trust="server",
            enabled=True,
            settings=SourceSettings(),
        )
        return self.database.write_now(
            service.create_source, draft, None, {"store_id": None, "api_key": None}, 1, KINDS
        )

    def open(self, now: int = NOW) -> str:
        return self.database.write_now(handshakes.open_window, CLI, self.alice, self.source.id, now)[0]

    def register(self, code: str, key: str = "made by the shop", now: int = NOW) -> dict[str, str]:
        done = self.database.write_now(handshakes.register, code, "api_key", key, now, KINDS, IP)
        assert done.source.id == self.source.id
        return done.credentials

    def state(self, now: int = NOW) -> tuple[str, int | None, int | None]:
        source = self.database.read_now(store.get_source, self.alice, self.source.id)
        assert source is not None
        found = self.database.read_now(handshakes.window_of, source, now)
        return found.state, found.until, found.ended_at

    def keys(self, source: Source | None = None) -> list[str]:
        found = source or self.source
        return self.database.read_now(store.list_fingerprints, found.workspace_id, found.id, "api_key")

    def deeds(self) -> list[tuple[str, str, Any]]:
        found = self.database.read_now(
            people_store.list_deeds, self.alice, actor=None, action=None, before=None, limit=50
        )
        return [(deed.action, deed.actor, deed.ip) for deed in reversed(found)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path / "tidings.db")
    yield found
    found.database.close()


def test_a_store_id_is_made_and_shown(place: Place) -> None:
    assert len(place.credentials["store_id"]) == 6
    assert place.credentials["store_id"].isupper()
    hints = place.database.read_now(store.list_credentials, place.alice, place.source.id)
    assert [row["hint"] for row in hints if row["name"] == "store_id"] == [place.credentials["store_id"]]


def test_a_token_is_registered_once(place: Place) -> None:
    code = place.open()
    assert place.register(code) == {"store_id": place.credentials["store_id"]}
    assert place.keys() == [fingerprint(place.credentials["api_key"]), fingerprint("made by the shop")]
    assert place.register(code.lower().replace("-", " ")) == {"store_id": place.credentials["store_id"]}
    assert len(place.keys()) == 2
    with pytest.raises(WrongCode):
        place.register(code, "another")
    assert len(place.keys()) == 2
    assert place.deeds() == [
        ("install.opened", "cli", None),
        ("key.added", "install", IP),
        ("install.done", "install", IP),
    ]


@pytest.mark.parametrize("code", ["", "AAAA-AAAA", "made by the shop"])
def test_a_wrong_code_is_nothing(place: Place, code: str) -> None:
    for opened in (False, True):
        if opened:
            place.open()
        with pytest.raises(WrongCode):
            place.register(code)
    assert len(place.keys()) == 1


def test_a_code_is_worth_nothing_later(place: Place) -> None:
    code = place.open()
    with pytest.raises(WrongCode):
        place.register(code, now=NOW + WINDOW + 1)
    assert place.register(code, now=NOW + WINDOW)
    again = place.open()
    with pytest.raises(WrongCode):
        place.register(code, "another")
    assert place.register(again, "another")


def test_a_code_of_a_disabled_source_is_nothing(place: Place) -> None:
    code = place.open()
    place.database.write_now(service.change_source, place.alice, place.source.id, enabled=False, settings=None)
    with pytest.raises(WrongCode):
        place.register(code)
    with pytest.raises(service.Invalid, match="disabled"):
        place.open()
    with pytest.raises(service.Invalid, match="no source"):
        place.database.write_now(handshakes.open_window, CLI, place.stranger, place.source.id, NOW)


def test_other_dialects_have_no_such_thing(place: Place) -> None:
    other, _ = place.make(place.alice, "segment")
    with pytest.raises(service.Invalid, match="speaks segment"):
        place.database.write_now(handshakes.open_window, CLI, place.alice, other.id, NOW)
    assert place.deeds() == []


def test_the_state_is_seen(place: Place) -> None:
    assert place.state() == ("never", None, None)
    place.database.write_now(handshakes.end, place.source, NOW, IP)
    assert place.state() == ("never", None, NOW)
    code, until = place.open(), NOW + WINDOW
    assert place.state(until) == ("open", until, NOW)
    assert place.state(until + 1) == ("closed", until, NOW)
    place.database.write_now(service.change_source, place.alice, place.source.id, enabled=False, settings=None)
    assert place.state() == ("closed", until, NOW)
    place.database.write_now(service.change_source, place.alice, place.source.id, enabled=True, settings=None)
    place.register(code)
    assert place.state() == place.state(until + 1) == ("used", until, None)
    place.open(until + 1)
    assert place.state(until + 1) == ("open", until + 1 + WINDOW, None)


def test_a_token_that_is_there_already_is_no_mistake(place: Place) -> None:
    assert place.register(place.open(), place.credentials["api_key"])
    assert len(place.keys()) == 1


def test_a_token_of_another_source_is_refused_and_the_code_lives(place: Place) -> None:
    place.database.write_now(service.add_credential, place.other, "api_key", "theirs", 1, KINDS)
    code = place.open()
    for key, fault in (("theirs", "another source"), ("x" * 1001, "1 to 1000"), (" ", "1 to 1000")):
        with pytest.raises(service.Invalid, match=fault):
            place.register(code, key)
    assert place.register(code)


def test_an_end_is_marked_and_nothing_else(place: Place) -> None:
    def ended() -> dict[int, int]:
        return place.database.read_now(handshakes_store.list_ended, place.alice)

    place.register(place.open())
    assert ended() == {}
    for _ in range(2):
        place.database.write_now(handshakes.end, place.source, NOW + 5, IP)
    assert ended() == {place.source.id: NOW + 5}
    assert place.database.read_now(handshakes_store.list_ended, place.stranger) == {}
    assert len(place.keys()) == 2
    assert [action for action, _, _ in place.deeds()].count("install.ended") == 1
    place.register(place.open(), "the next one")
    assert ended() == {}


def test_an_end_without_a_beginning(place: Place) -> None:
    place.database.write_now(handshakes.end, place.source, NOW, IP)
    assert place.database.read_now(handshakes_store.list_ended, place.alice) == {place.source.id: NOW}
    assert place.register(place.open())


def test_codes_are_kept_as_hashes(place: Place, tmp_path: Path) -> None:
    code = place.open()
    place.register(code)
    place.database.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for text in (code, code.replace("-", ""), "made by the shop"):
        assert text.encode() not in content
