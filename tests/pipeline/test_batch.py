"""The pipeline's transaction script over a real database: effects, repeats, poison, restarts."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from tests.fresh import migrated
from tidings.db.engine import make_engine
from tidings.events import store as events
from tidings.events.model import Event, Record
from tidings.log.contract import Frame
from tidings.pipeline import batch
from tidings.pipeline.batch import PoisonedBatch, process
from tidings.profiles import service as profiles

ENCODE = msgspec.json.Encoder(decimal_format="number").encode
T0 = 1_700_000_000_000
KEY = bytes(32)


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Connection]:
    """A connection to an empty, migrated database."""
    path = tmp_path / "tidings.db"
    migrated(path, T0)
    engine = make_engine(path, mode="write")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def record(*happened: Event, trust: Any = "server", source: int = 1, workspace: int = 1, received: int = T0) -> bytes:
    made = Record(
        workspace_id=workspace, source_id=source, trust=trust, id_space="", received=received, events=list(happened)
    )
    return ENCODE(made)


def happened(message: str, verb: Any = "track", **members: Any) -> Event:
    given: dict[str, Any] = {"time": T0, "name": "Bought", "user_id": "alice"} | members
    return Event(verb=verb, message_id=message, **given)


def run(tx: Connection, position: int, *payloads: bytes, bisect: bool = False, recent: int = 200_000) -> events.Cursor:
    with tx.begin():
        return process(tx, [Frame(position, list(payloads), position)], recent, bisect=bisect, key=KEY)


def alice(tx: Connection, workspace: int = 1) -> profiles.ProfileView:
    with tx.begin():
        found = profiles.find(tx, workspace, "user_id", "alice")
    assert found is not None
    return found


def counts(tx: Connection, workspace: int = 1) -> dict[str, int]:
    with tx.begin():
        return events.get_counts(tx, workspace)


def test_a_repeat_changes_nothing_in_a_batch_later_or_in_another_order(tx: Connection) -> None:
    once = happened("m1", value=Decimal("10.10"), currency="EUR")
    other = happened("m1", value=Decimal("99"), currency="EUR")
    run(tx, 1, record(once, once, other))
    run(tx, 2, record(once, received=T0 + 40 * 86_400_000))
    assert counts(tx) == {"events": 1, "duplicates": 3, "profiles": 1}
    assert alice(tx).lifetime_value == {"EUR": "10.10"}
    run(tx, 3, record(once, source=2))  # another source's id is another event
    assert alice(tx).lifetime_value == {"EUR": "20.20"}


def test_a_frame_behind_the_cursor_is_not_applied_again(tx: Connection) -> None:
    run(tx, 5, record(happened("m1")))
    run(tx, 5, record(happened("m2")))
    assert counts(tx)["events"] == 1


def test_lifetime_value_is_exact(tx: Connection) -> None:
    amounts = ["0.1", "0.2", "999999999999999.999999", "-0.000001", "0.1"]
    for position, amount in enumerate(amounts, 1):
        run(tx, position, record(happened(f"m{position}", value=Decimal(amount), currency="USD")))
    assert alice(tx).lifetime_value == {"USD": str(sum(map(Decimal, amounts)))}


def test_traits_take_the_newest_by_event_time_whatever_the_order(tx: Connection) -> None:
    def identify(message: str, time: int, **traits: Any) -> Event:
        return happened(message, "identify", name=None, time=T0 + time, traits=traits)

    run(tx, 1, record(identify("m2", 20, plan="pro", city="Porto"), identify("m1", 10, plan="free", age=30)))
    run(tx, 2, record(identify("m0", 5, plan="old", city="Braga")))
    assert alice(tx).traits == {"plan": "pro", "city": "Porto", "age": 30}
    run(tx, 3, record(identify("m3", 30, plan=None), identify("m4", 25, plan="late")))
    assert alice(tx).traits == {"city": "Porto", "age": 30}
    run(tx, 4, record(identify("m3b", 30, plan="same time, later id")))
    assert alice(tx).traits["plan"] == "same time, later id"


def test_a_browser_fills_but_never_replaces_what_a_server_said(tx: Connection) -> None:
    server = record(happened("m1", "identify", traits={"plan": "pro"}))
    browser = record(
        happened("m2", "identify", time=T0 + 99, traits={"plan": "free", "plan2": None, "theme": "dark"}),
        trust="browser",
    )
    run(tx, 1, server, browser)
    assert alice(tx).traits == {"plan": "pro", "theme": "dark"}
    assert alice(tx).trait_details["theme"]["trust"] == "browser"
    run(tx, 2, record(happened("m3", "identify", time=T0 - 99, traits={"theme": "light"})))
    assert alice(tx).traits["theme"] == "light"


def test_a_merge_unites_what_two_profiles_had(tx: Connection) -> None:
    run(
        tx,
        1,
        record(happened("m1", user_id=None, anonymous_id="laptop", time=T0 - 50, value=Decimal(1), currency="EUR")),
    )
    run(tx, 2, record(happened("m2", value=Decimal(2), currency="EUR"), happened("m3", "identify", traits={"a": 1})))
    run(tx, 3, record(happened("m4", anonymous_id="laptop")))
    found = alice(tx)
    assert (found.id, found.event_count, found.first_seen) == (1, 4, T0 - 50)
    assert found.lifetime_value == {"EUR": "3"}
    assert found.traits == {"a": 1}
    assert [(merge["child_id"], merge["parent_id"], merge["cause"]) for merge in found.merges] == [
        (2, 1, "anonymous_id:laptop")
    ]
    assert counts(tx) == {"events": 4, "profiles": 2, "merged": 1}
    with tx.begin():
        timeline = events.list_timeline(tx, 1, [1, 2], None, 10)
    assert [row["message_id"] for row in timeline] == ["m4", "m3", "m2", "m1"]


def test_everything_about_one_person_in_one_batch(tx: Connection) -> None:
    run(
        tx,
        1,
        record(
            happened("m1", user_id=None, anonymous_id="laptop"),
            happened("m2", user_id=None, email="alice@example.org"),
            happened("m3", "identify", anonymous_id="laptop", email="alice@example.org", traits={"name": "Alice"}),
            happened("m4", "alias", user_id="alice", previous_id="old-alice"),
            happened("m5", user_id="old-alice"),
            happened("m6", "group", group_id="g1", traits={"name": "Acme"}),
        ),
    )
    found = alice(tx)
    assert found.event_count == 6
    assert {(row["kind"], row["value"]) for row in found.identifiers} == {
        ("user_id", "alice"),
        ("user_id", "old-alice"),
        ("email", "alice@example.org"),
        ("anonymous_id", "laptop"),
        ("anonymous_id", "old-alice"),
    }
    assert [group["id"] for group in found.groups] == ["g1"]


def test_inactive_events_leave_last_seen_alone(tx: Connection) -> None:
    run(tx, 1, record(happened("m1", active=False)))
    assert alice(tx).last_seen is None
    run(tx, 2, record(happened("m2"), happened("m3", time=T0 + 9, active=False)))
    assert alice(tx).last_seen == T0
    run(tx, 3, record(happened("m4", active=False, time=T0 + 99)))
    assert alice(tx).last_seen == T0


def test_workspaces_do_not_see_each_other(tx: Connection) -> None:
    run(tx, 1, record(happened("m1")), record(happened("m1"), source=2, workspace=2))
    assert alice(tx).id != alice(tx, 2).id
    with tx.begin():
        assert profiles.view(tx, 2, alice_id := 1) is None, alice_id
        assert events.get_event(tx, 2, 1) is None
        assert events.list_timeline(tx, 2, [1], None, 10) == []


def test_one_poison_event_is_refused_and_the_rest_goes_on(tx: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    real = batch.identify

    def allergic(item: batch.Item, *rest: Any) -> tuple[int, bool]:
        if item.head.name == "Poison":
            raise ValueError("this one hurts")
        return real(item, *rest)

    monkeypatch.setattr(batch, "identify", allergic)
    bad = happened("bad", name="Poison", user_id="mallory")
    payload = record(*[happened(f"m{i}", user_id=f"u{i}") for i in range(9)], bad, happened("m9"))
    with pytest.raises(PoisonedBatch):
        run(tx, 1, payload)
    assert counts(tx) == {}
    cursor = run(tx, 1, payload, bisect=True)
    assert (cursor.position, counts(tx)) == (1, {"events": 10, "profiles": 10, "refused": 1})
    with tx.begin():
        (refused,) = events.list_refused(tx, 1, None, None, 10)
    assert (refused["stage"], refused["code"], refused["message_id"]) == ("pipeline", "ValueError", "bad")
    assert "this one hurts" in refused["message"]


def test_trouble_of_the_disk_is_not_blamed_on_an_event(tx: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(events, "add", full)
    with pytest.raises(OSError, match="No space"):
        run(tx, 1, record(happened("m1")), bisect=True)
    monkeypatch.undo()
    run(tx, 1, record(happened("m1")))
    assert counts(tx) == {"events": 1, "profiles": 1}


def test_folding_loses_no_repeat_and_no_timeline(tx: Connection) -> None:
    for position in range(1, 12):
        run(tx, position, record(*[happened(f"m{position}-{i}", user_id=f"u{i % 7}") for i in range(20)]), recent=30)
    before = counts(tx)["events"]
    run(tx, 12, record(*[happened(f"m{p}-{i}", user_id="x") for p in range(1, 12) for i in range(20)]), recent=30)
    assert counts(tx)["events"] == before == 220
    with tx.begin():
        rows = [events.list_timeline(tx, 1, [profile], None, 100) for profile in range(1, 8)]
    assert sum(map(len, rows)) == 220


def test_a_merge_can_be_taken_back(tx: Connection) -> None:
    run(tx, 1, record(happened("m1", user_id=None, anonymous_id="a"), happened("m2", user_id=None, anonymous_id="b")))
    run(tx, 2, record(happened("m3", user_id=None, email="alice@example.org", anonymous_id="b")))
    run(tx, 3, record(happened("m4", value=Decimal(5), currency="EUR")))
    run(tx, 4, record(happened("m5", email="alice@example.org", anonymous_id="a")))
    whole = alice(tx)
    assert (whole.id, whole.event_count, len(whole.merges)) == (1, 5, 2)
    with tx.begin():
        assert profiles.unmerge(tx, 1, 2)
        assert not profiles.unmerge(tx, 1, 2)
        assert not profiles.unmerge(tx, 2, 3)
        freed = profiles.find(tx, 1, "email", "alice@example.org")
    assert freed is not None
    assert (freed.id, freed.event_count) == (alice(tx).id, 3) == (2, 3)  # alice had become part of 2 before
    with tx.begin():
        visitor = profiles.find(tx, 1, "anonymous_id", "a")
    assert visitor is not None
    assert (visitor.id, visitor.event_count, visitor.merges) == (1, 2, [])
    run(tx, 5, record(happened("m6", anonymous_id="a")))
    assert (alice(tx).id, alice(tx).event_count) == (1, 6)
