"""A forgotten customer is gone, stays gone, and nobody else is harmed."""

import itertools
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from tests.crash import stored
from tests.crash.reference import Accepted, Fold, Source
from tests.fresh import migrated
from tests.pipeline.test_batch import KEY, T0, counts, happened, record, run, tx
from tests.pipeline.test_own_events import drain, left, refused, wait
from tidings.db.engine import make_engine
from tidings.events import history_store as history
from tidings.events import pending_store, store
from tidings.events import tables as event_tables
from tidings.events.model import Event, Forget
from tidings.log.contract import Frame
from tidings.pipeline.batch import PoisonedBatch, process
from tidings.profiles import forgotten_store, service
from tidings.profiles import store as profiles
from tidings.rooms import metadata

__all__ = ["tx"]  # the fixture
MAIL = "alice@example.org"
UNCOUNTED = ("counts", "pipeline_cursor", "minutes")
TABLES = [t for t in metadata.sorted_tables if "workspace_id" in t.columns and t.name not in UNCOUNTED]


def ask(tx: Connection, profile_id: int, at: int = T0, workspace: int = 1, upto: int = 0) -> None:
    with tx.begin():
        asked = service.forget(tx, workspace, profile_id, at, upto)
    assert asked is not None


def forget(tx: Connection, profile_id: int, at: int = T0, workspace: int = 1) -> None:
    ask(tx, profile_id, at, workspace)
    drain(tx)
    assert left(tx) == []


def who(tx: Connection, kind: str, value: str, workspace: int = 1) -> service.ProfileView | None:
    with tx.begin():
        return service.find(tx, workspace, kind, value)


def rows(tx: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of customers' tables, the two tiers of an index as one."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with tx.begin():
        for table in TABLES:
            name = table.name.removesuffix("_recent")
            found.setdefault(name, []).extend(tuple(row) for row in tx.execute(select(table)))
    return {name: sorted(each, key=repr) for name, each in found.items()}


def everything_of_alice(**more: Any) -> list[bytes]:
    """Return records that fill every table with something of Alice's."""
    return [
        record(happened("a1", user_id=None, anonymous_id="laptop-a")),
        record(happened("a2", "identify", user_id=None, email=MAIL, traits={"plan": "pro", "gone": None})),
        record(happened("a3", "identify", anonymous_id="laptop-a", email=MAIL, phone="+4930123456", **more)),
        record(happened("a4", value=Decimal("9.99"), currency="EUR", notes=["odd"], name=f"Page of {MAIL}")),
        record(happened("a5", "group", group_id="acme", traits={"owner": MAIL, "plan": "gold"})),
        record(happened("a6", "group", group_id="alice", traits={"plan": "solo"})),
        record(happened("b0", user_id="bob", email="bob@example.org", anonymous_id="laptop-b")),
        record(happened("b1", user_id="bob", email=MAIL), trust="browser"),  # a conflict that has Alice in it
    ]


def fill(tx: Connection) -> int:
    """Make Alice, and Bob beside her; return her number."""
    for position, payload in enumerate(everything_of_alice(), 1):
        run(tx, position, payload)
    found = who(tx, "user_id", "alice")
    assert found is not None
    assert found.merges, "two profiles should have become one"
    return found.id


def test_nothing_is_left_but_hashes_and_counts(tx: Connection) -> None:
    alice = fill(tx)
    before = rows(tx)
    forget(tx, alice)
    assert who(tx, "user_id", "alice") is None
    after = rows(tx)
    text = repr({name: each for name, each in after.items() if name != "events"})
    for trace in ("alice", "laptop-a", "4930123456"):
        assert trace in repr(before), trace
        assert trace not in text, trace
    assert [row[8] for row in after["events"]] == ["b0", "b1"]  # Bob's own words stay his
    assert after["seen"] == before["seen"]
    assert len(after["forgotten"]) == 4 + 1  # user id, email, phone, anonymous id; and a witness of the key
    assert after["identity_conflicts"] == []
    assert {row[1] for row in after["profile_links"]} == set()
    assert [row[1:3] for row in after["groups"]] == [("acme", T0)]
    assert [(row[1], row[2], row[3]) for row in after["group_traits"]] == [("acme", "plan", '"gold"')]
    assert after["group_members"] == []
    with tx.begin():
        for table in TABLES:
            if "profile_id" in table.columns:
                assert set(tx.execute(select(table.c.profile_id)).scalars()) <= {3}, table.name  # Bob


def test_others_are_not_touched(tx: Connection) -> None:
    bob = who_bob = None
    alice = fill(tx)
    run(tx, 9, record(happened("x1", "identify", email=MAIL, traits={"mine": True}), workspace=2, source=2))
    bob, who_bob = who(tx, "user_id", "bob"), who(tx, "email", MAIL, workspace=2)
    forget(tx, alice)
    assert bob is not None
    assert who(tx, "user_id", "bob") == msgspec.structs.replace(bob, conflicts=[])
    assert who(tx, "email", MAIL, workspace=2) == who_bob
    assert counts(tx, 2) == {"events": 1, "profiles": 1}


def test_counts_tell_what_is_stored_and_what_ever_was(tx: Connection) -> None:
    alice = fill(tx)
    forget(tx, alice)
    found = counts(tx)
    assert (found["events"], found["erased"]) == (8, 6)
    assert (found["profiles"], found["merged"], found["erased_profiles"]) == (3, 1, 1)
    with tx.begin():
        figures = event_service_stats(tx)
    assert (figures["events"], figures["profiles"]) == (2, 1)


def event_service_stats(tx: Connection) -> dict[str, int]:
    from tidings.events.service import stats_of

    return stats_of(tx, 1, 8)


def test_late_events_of_before_do_not_bring_a_customer_back(tx: Connection) -> None:
    alice = fill(tx)
    forget(tx, alice, at=T0 + 100)
    gone = rows(tx)
    late = {"time": T0 + 100, "user_id": None}
    for position, event in enumerate(
        [
            happened("l1", time=T0 + 100),
            happened("l2", anonymous_id="laptop-a", **late),
            happened("l3", email=MAIL, **late),
            happened("l4", phone="+4930123456", **late),
            happened("l5", "alias", user_id="carol", previous_id="laptop-a", time=T0),
            happened("l6", "alias", user_id="carol", previous_id="alice", time=T0),
            happened("l7", user_id="bob", anonymous_id="laptop-a", time=T0),
            happened("a3", time=T0),  # a repeat of an erased one
        ],
        20,
    ):
        run(tx, position, record(event, received=T0 + 500))
    assert rows(tx) == gone
    assert counts(tx)["forgotten"] == 8
    run(tx, 40, record(happened("n1", "identify", time=T0 + 101, traits={"new": 1}), received=T0 + 500))
    found = who(tx, "user_id", "alice")
    assert found is not None
    assert (found.id > alice, found.traits, found.event_count, len(found.identifiers)) == (True, {"new": 1}, 1, 1)
    run(tx, 41, record(happened("l8", time=T0 + 100)))
    assert who(tx, "user_id", "alice") == found


def test_what_was_acknowledged_before_is_resolved_by_all_that_was_known(tx: Connection) -> None:
    """An event that waits in the log names the customer by something that only another waiting event tells."""
    run(tx, 1, record(happened("m1")))
    ask(tx, 1, at=T0 + 10, upto=3)
    run(tx, 2, record(happened("m2", email=MAIL, time=T0 + 5)))
    assert len(left(tx)) == 1
    run(tx, 3, record(happened("m3", user_id=None, email=MAIL, time=T0 + 6)))
    assert (left(tx), who(tx, "email", MAIL)) == ([], None)
    run(tx, 4, record(happened("m4", user_id=None, email=MAIL, time=T0 + 11)))
    found = who(tx, "email", MAIL)
    assert found is not None
    assert found.event_count == 1


def test_an_event_of_later_in_the_same_batch_begins_a_new_profile(tx: Connection) -> None:
    run(tx, 1, record(happened("m1")))
    ask(tx, 1, at=T0 + 10, upto=2)
    frames = [Frame(n, [record(happened(f"m{n}", time=T0 + 10 * n))], n) for n in (2, 3, 4)]
    frames[0] = Frame(2, [record(happened("m2", time=T0 + 1))], 2)
    with tx.begin():
        process(tx, frames, 200_000, bisect=False, key=KEY)
    found = who(tx, "user_id", "alice")
    assert found is not None
    assert (found.id, found.event_count, found.first_seen) == (2, 2, T0 + 30)


def test_forgetting_twice_changes_nothing_more(tx: Connection) -> None:
    alice = fill(tx)
    ask(tx, alice)
    ask(tx, alice)
    drain(tx)
    once = (rows(tx), counts(tx))
    with tx.begin():
        assert service.forget(tx, 1, alice, T0, 0) is None
    wait(tx, msgspec.json.encode(Forget(profile_id=alice, at=T0 + 5, upto=0)), pending_store.FORGET)
    drain(tx)
    assert (rows(tx), counts(tx)) == once


def test_a_customer_forgotten_again_is_forgotten_up_to_the_later_moment(tx: Connection) -> None:
    run(tx, 1, record(happened("m1")))
    forget(tx, 1, at=T0 + 10)
    run(tx, 2, record(happened("m2", time=T0 + 20)))
    forget(tx, 2, at=T0 + 30)
    forget_at = [row for row in rows(tx)["forgotten"] if row[0] == 1]
    assert [row[2] for row in forget_at] == [T0 + 30]
    run(tx, 3, record(happened("m3", time=T0 + 25)))
    assert who(tx, "user_id", "alice") is None


def test_a_profile_of_another_workspace_is_not_reached(tx: Connection) -> None:
    alice = fill(tx)
    before = rows(tx)
    wait(tx, msgspec.json.encode(Forget(profile_id=alice, at=T0, upto=0)), pending_store.FORGET, workspace=2)
    drain(tx)
    assert rows(tx) == before | {"pending_events": []}


def test_what_was_merged_into_a_forgotten_customer_is_gone_with_it(tx: Connection) -> None:
    fill(tx)
    forget(tx, 2)  # a child
    assert who(tx, "user_id", "alice") is None
    with tx.begin():
        assert not service.unmerge(tx, 1, 2)
        assert not service.unmerge(tx, 1, 1)
        assert service.view(tx, 1, 2) is None


def test_what_was_taken_apart_before_is_not_forgotten_together(tx: Connection) -> None:
    alice = fill(tx)
    with tx.begin():
        assert service.unmerge(tx, 1, 2)
    other = who(tx, "email", MAIL)
    assert other is not None
    assert other.id == 2
    forget(tx, alice)
    assert who(tx, "email", MAIL) == msgspec.structs.replace(other, conflicts=other.conflicts)
    with tx.begin():
        figures = event_service_stats(tx)
        assert figures["profiles"] == len(profiles.list_profiles(tx, 1, None, 100)) == 3 - 1


def test_a_shared_device_takes_nobody_with_it(tx: Connection) -> None:
    """The tablet is Bob's now; what Alice did on it is hers, and what he did stays."""
    run(tx, 1, record(happened("a1", anonymous_id="tablet"), happened("a2", "identify", email=MAIL)))
    run(tx, 2, record(happened("b1", user_id="bob", anonymous_id="tablet", value=Decimal("0.10"), currency="EUR")))
    bob = who(tx, "user_id", "bob")
    assert bob is not None
    forget(tx, 1, at=T0 + 50)
    assert who(tx, "user_id", "bob") == bob
    run(tx, 3, record(happened("b2", user_id=None, anonymous_id="tablet")))
    again = who(tx, "user_id", "bob")
    assert again is not None
    assert again.event_count == bob.event_count + 1


@pytest.mark.parametrize("column", ["body", "message", "message_id", "name", "record"])
@pytest.mark.parametrize(
    "text",
    [
        '{"email":"Alice@Example.org"}',
        '{"email":"alice\\u0040example.org"}',
        "email=alice%40example.org&x=1",
        '{"userId":"u\\/1 \\u00fc"}',
        "userId=u%2F1%20%C3%BC",
        "tel:+4930123456.",
    ],
)
def test_refused_requests_that_name_a_forgotten_customer_are_erased(tx: Connection, text: str, column: str) -> None:
    run(tx, 1, record(happened("m1", user_id="u/1 ü", email=MAIL, phone="+4930123456")))
    plain = {"source_id": 1, "received": T0, "stage": "edge", "code": "c", "message": "m", "body": "{}"}
    plain |= {"message_id": None, "name": None, "record": None}
    other = plain | {"body": '{"email":"malice@example.org","userId":"u/12"}'}
    with tx.begin():
        for wall in (0, 1, 2):
            store.add_refused(tx, [plain | {"workspace_id": wall, column: text}, other | {"workspace_id": wall}])
    forget(tx, 1)
    assert [len(refused(tx, wall)) for wall in (0, 1, 2)] == [1, 1, 2]
    assert refused(tx)[0]["body"] == other["body"]


def test_short_ids_do_not_sweep_the_list(tx: Connection) -> None:
    run(tx, 1, record(happened("m1", user_id="7")))
    plain = {"workspace_id": 1, "source_id": 1, "received": T0, "stage": "edge", "code": "c", "message": "m"}
    hers = ['{"userId":"7"}', '{"user_id": 7}', "id=7&x=1"]
    others = ['{"quantity":7}', '{"userId":"77"}', '{"a":1.7}', "page 7", '{"userId":71}']
    with tx.begin():
        store.add_refused(tx, [plain | {"body": body} for body in [*hers, *others]])
    forget(tx, 1)
    assert sorted(row["body"] for row in refused(tx)) == sorted(others)


def test_a_long_history_is_erased_piece_by_piece_in_both_tiers(tx: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "CHUNK", 7)
    for position in range(1, 12):
        events = [happened(f"m{position}-{i}", user_id=("alice", "bob")[i % 2], time=T0 - i) for i in range(20)]
        cursor = run(tx, position, record(*events), recent=30)
    before = rows(tx)["timeline"]
    assert cursor.timeline_recent < len(before), "nothing was folded"
    forget(tx, 1)
    cursor = run(tx, 12, record(happened("last", user_id="bob")), recent=30)
    found = rows(tx)
    assert len(found["events"]) == len(found["timeline"]) == 111
    assert {row[3] for row in found["events"]} == {2}
    with tx.begin():
        recent = list(tx.execute(select(event_tables.timeline.recent)))
    assert cursor.timeline_recent == len(recent)


def test_a_forget_that_fails_is_on_the_refused_list(tx: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = fill(tx)
    before = rows(tx)

    def fail(*_: Any) -> None:
        raise ValueError("not today")

    ask(tx, alice)
    with monkeypatch.context() as patch:
        patch.setattr(history, "erase", fail)
        with pytest.raises(PoisonedBatch):
            drain(tx)
        drain(tx, bisect=True)
    (row,) = refused(tx)
    assert row["message"] == "forget: not today"
    assert rows(tx) == before | {"refused": rows(tx)["refused"]}
    forget(tx, alice)
    assert who(tx, "user_id", "alice") is None


def test_digests_need_the_key(tx: Connection) -> None:
    with tx.begin():
        assert forgotten_store.is_key(tx, None)
    fill(tx)
    forget(tx, 1)
    with tx.begin():
        assert forgotten_store.is_key(tx, KEY)
        assert not forgotten_store.is_key(tx, None)
        assert not forgotten_store.is_key(tx, b"another key of thirty-two bytes!")


# Any interleaving of some people's events with forgetting them ends as the reference says.

SOURCES = [Source(1, "", "server"), Source(2, "", "browser"), Source(3, "", "server", "second")]
USERS, MAILS, DEVICES = ["alice", "bob"], [MAIL, "bob@example.org"], ["laptop", "phone"]
maybe = st.sampled_from
people = st.fixed_dictionaries(
    {"user": maybe([None, *USERS]), "mail": maybe([None, None, *MAILS]), "device": maybe([None, *DEVICES])}
)
happenings = st.tuples(
    maybe(["track", "identify", "identify", "group", "alias"]),
    people,
    maybe(SOURCES),
    maybe([0, 0, 10, 20, 40]),
    maybe([1, 2]),
)
forgets = st.tuples(st.just("forget"), maybe([("user_id", u) for u in USERS] + [("email", m) for m in MAILS]))
steps = st.lists(st.one_of(happenings, happenings, happenings, forgets, st.just(("process",))), max_size=30)


def sent(number: int, kind: str, person: dict[str, Any], size: int) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return one event as a client sends it, and as the edge understands it; None for one that the edge refuses."""
    body: dict[str, Any] = {"type": kind, "messageId": f"m{number}"}
    event: dict[str, Any] = {"verb": kind, "message_id": f"m{number}", "user_id": person["user"]}
    if person["user"]:
        body["userId"] = person["user"]
    if kind == "alias":
        body |= {"previousId": person["device"] or USERS[number % 2]}
        return (body, event | {"previous_id": body["previousId"]}) if person["user"] else None
    if not person["user"] and not person["device"] and kind != "group":
        return None
    event["anonymous_id"] = person["device"]
    if person["device"]:
        body["anonymousId"] = person["device"]
    if kind == "identify":
        body["traits"] = {"size": size} | ({"email": person["mail"]} if person["mail"] else {})
        event |= {"traits": body["traits"], "email": person["mail"]}
    elif kind == "group":
        body |= {"groupId": "g", "traits": {"size": size}}
        event |= {"group_id": "g", "traits": body["traits"]}
    else:
        body |= {"event": "Bought", "properties": {"revenue": size, "currency": "EUR"}}
        event |= {"name": "Bought", "value": Decimal(size), "currency": "EUR"}
        if person["mail"]:
            body["context"] = {"traits": {"email": person["mail"]}}
            event["email"] = person["mail"]
    return body, event


class Life:
    """A pipeline and the reference, side by side."""

    def __init__(self, tx: Connection) -> None:
        self.tx = tx
        self.reference = Fold()
        self.frames: list[Frame] = []
        self.log = 0
        self.now = T0

    def step(self, step: Any) -> None:
        self.now += 10
        if step[0] == "process":
            self.process()
        elif step[0] == "forget":
            self.forget(step[1])
        else:
            self.happen(*step)

    def happen(self, kind: str, person: dict[str, Any], source: Source, ago: int, size: int) -> None:
        made = sent(self.log, kind, person, size)
        if made is None:
            return
        body, event = made
        moment = self.now - ago
        body["timestamp"] = datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds")
        self.log += 1
        self.reference.add(Accepted(source, body, None, self.now))
        payload = msgspec.json.encode(
            {
                "workspace_id": 1,
                "source_id": source.id,
                "trust": source.trust,
                "id_space": source.space,
                "received": self.now,
                "events": [Event(time=moment, **event)],
            }
        )
        self.frames.append(Frame(self.log, [payload], self.log))

    def forget(self, name: tuple[str, str]) -> None:
        """Ask for it where the pipeline knows the customer; the reference forgets whom it has become since."""
        profile = who(self.tx, *name)
        if profile is None:
            return
        ask(self.tx, profile.id, self.now, upto=self.log)
        known = self.reference.merged.get(profile.id) or self.reference.profiles.get(profile.id)
        if known is not None and self.reference.survivor(known).id in self.reference.profiles:
            self.reference.forget(self.reference.survivor(known), self.now)

    def process(self) -> None:
        while self.frames or left(self.tx):
            with self.tx.begin():
                cursor = process(self.tx, self.frames, 5, bisect=False, key=KEY)
            self.frames = [frame for frame in self.frames if frame.position > cursor.position]

    def compare(self) -> None:
        reference = self.reference
        with self.tx.begin():
            roots = profiles.list_profiles(self.tx, 1, None, 1000)
            found = {root: stored.shown(service.view(self.tx, 1, root)) for root in roots}  # type: ignore[arg-type]
            owners = [row[0] for row in self.tx.execute(select(event_tables.events.c.profile_id))]
            figures = event_service_stats(self.tx)
        assert found == {profile.id: stored.expected(profile) for profile in reference.profiles.values()}
        assert owners == reference.resolved
        assert figures["profiles"] == len(reference.profiles)
        assert figures["events"] == len(reference.subjects)
        assert figures["forgotten"] == reference.dropped
        assert figures["events"] + reference.erased + reference.dropped == self.log


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("template") / "tidings.db"
    migrated(path, T0)
    return path


@given(steps)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_interleaving_ends_as_the_reference_says(template: Path, tmp_path: Path, life: list[Any]) -> None:
    path = tmp_path / f"{next(NUMBERS)}.db"
    shutil.copy(template, path)
    engine: Engine = make_engine(path, mode="write")
    try:
        with engine.connect() as connection:
            lived = Life(connection)
            for step in life:
                lived.step(step)
            lived.process()
            lived.compare()
    finally:
        engine.dispose()
        for file in tmp_path.glob(f"{path.name}*"):
            file.unlink()


NUMBERS: Iterator[int] = itertools.count()
