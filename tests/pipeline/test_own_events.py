"""Own events: drained like the log, in its order, in the transaction of their effects; refused ones applied again."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, event

from tests.fresh import migrated
from tests.pipeline.test_batch import ENCODE, KEY, T0, alice, counts, happened, record, run, tx
from tidings.db import Database
from tidings.events import pending_store, service, store
from tidings.events.model import Forget
from tidings.events.pending_store import FORGET, RECORD, Pending
from tidings.kit.digest import digest
from tidings.log.contract import Frame
from tidings.pipeline import batch, plan
from tidings.pipeline.batch import PoisonedBatch, process
from tidings.profiles import store as profiles
from tidings.tenants.service import Invalid

__all__ = ["tx"]  # the fixture


def wait(tx: Connection, payload: bytes | str, kind: str = RECORD, workspace: int = 1) -> int:
    text = payload if isinstance(payload, str) else payload.decode()
    with tx.begin():
        return pending_store.add(tx, workspace, kind, text, T0)


def drain(tx: Connection, *, bisect: bool = False) -> store.Cursor:
    with tx.begin():
        return process(tx, [], 200_000, bisect=bisect, key=KEY)


def left(tx: Connection) -> list[Pending]:
    with tx.begin():
        return pending_store.oldest(tx, 1000)[0]


def refused(tx: Connection, workspace: int = 1) -> list[dict[str, Any]]:
    with tx.begin():
        return store.list_refused(tx, workspace, None, None, 100)


def again(tx: Connection, refused_id: int, workspace: int = 1) -> int | None:
    with tx.begin():
        return service.retry(tx, workspace, refused_id, T0 + 1)


@pytest.fixture
def allergy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Have events of the name "Poison" fail until this is undone."""
    real = batch.identify

    def allergic(item: batch.Item, *rest: Any) -> tuple[int, bool]:
        if item.head.name == "Poison":
            raise ValueError("this one hurts")
        return real(item, *rest)

    monkeypatch.setattr(batch, "identify", allergic)
    return monkeypatch


def test_a_pending_record_is_applied_like_one_of_the_log(tx: Connection) -> None:
    wait(tx, record(happened("m1"), happened("m2", user_id="bob")))
    wait(tx, record(happened("m1"), workspace=2, source=2), workspace=2)
    before = drain(tx)
    assert (before.position, before.next_event) == (0, 4)
    assert (counts(tx)["events"], counts(tx, 2)["events"], left(tx)) == (2, 1, [])
    assert alice(tx).event_count == 1
    drain(tx)
    assert counts(tx)["events"] == 2


def test_what_is_pending_goes_with_the_frames_of_the_log(tx: Connection) -> None:
    wait(tx, record(happened("m2", "identify", traits={"from": "pending"})))
    run(tx, 1, record(happened("m1", "identify", traits={"from": "log"})))
    assert (counts(tx)["events"], left(tx)) == (2, [])
    assert alice(tx).traits == {"from": "pending"}


def test_a_batch_that_is_undone_leaves_what_is_pending(tx: Connection, allergy: pytest.MonkeyPatch) -> None:
    wait(tx, record(happened("bad", name="Poison"), happened("m1")))
    with pytest.raises(PoisonedBatch):
        drain(tx)
    assert (len(left(tx)), counts(tx)) == (1, {})
    drain(tx, bisect=True)
    assert (left(tx), counts(tx)) == ([], {"events": 1, "profiles": 1, "refused": 1})


def test_a_bounded_number_is_taken_at_once(tx: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "PENDING", 2)
    for number in range(5):
        wait(tx, record(happened(f"m{number}")))
    sizes = []
    while left(tx):
        drain(tx)
        sizes.append(len(left(tx)))
    assert sizes == [3, 1, 0]
    assert counts(tx)["events"] == 5


@pytest.mark.parametrize(
    ("kind", "payload"), [(RECORD, "{"), (RECORD, '{"events": 1}'), (FORGET, "[]"), ("dance", "{}")]
)
def test_what_cannot_be_read_is_refused_and_stops_nothing(tx: Connection, kind: str, payload: str) -> None:
    wait(tx, payload, kind)
    wait(tx, record(happened("m1")))
    with pytest.raises(PoisonedBatch):
        drain(tx)
    drain(tx, bisect=True)
    (row,) = refused(tx)
    assert (row["stage"], row["body"], row["record"], row["source_id"]) == ("pipeline", payload, None, 0)
    assert row["message"].startswith(kind)
    assert (counts(tx)["events"], counts(tx)["refused"], left(tx)) == (1, 1, [])
    with pytest.raises(Invalid, match="too little was kept"):
        again(tx, row["id"])


def test_a_refused_event_is_applied_again_once(tx: Connection, allergy: pytest.MonkeyPatch) -> None:
    bad = record(happened("bad", name="Poison", value=1, currency="EUR"), trust="browser", received=T0 + 7)
    bad = msgspec.json.encode(msgspec.json.decode(bad) | {"id_space": "second", "proven": True})
    run(tx, 1, record(happened("m1")), bad, bisect=True)
    (row,) = refused(tx)
    with pytest.raises(LookupError):
        raise LookupError if again(tx, row["id"], workspace=2) is None else AssertionError("another's event")
    assert again(tx, row["id"]) is not None
    assert refused(tx) == []
    assert again(tx, row["id"]) is None
    allergy.undo()
    drain(tx)
    assert (counts(tx)["events"], left(tx)) == (2, [])
    with tx.begin():
        (stored,) = store.by_message(tx, 1, digest("bad"), [1])
    assert (stored["received"], stored["time"], stored["source_id"]) == (T0 + 7, T0, 1)
    with tx.begin():
        assert profiles.root_by(tx, 1, "user_id@second", "alice") == stored["profile_id"]
    run(tx, 2, bad)  # its sender had sent it again, too
    assert (counts(tx)["events"], counts(tx)["duplicates"]) == (2, 1)


def test_the_record_is_the_event_as_it_came(tx: Connection, allergy: pytest.MonkeyPatch) -> None:
    odd = happened(
        "bad", user_id="mallory", name="Poison", properties={"big": 2**70, "text": "ü\u2028\\u0000", "exact": 0.1}
    )
    run(tx, 1, record(happened("m0"), odd), bisect=True)
    (row,) = refused(tx)
    assert msgspec.json.decode(row["record"])["events"] == [msgspec.json.decode(ENCODE(odd))]
    assert ENCODE(odd).decode() in row["record"]


def test_an_event_that_fails_again_comes_back_with_another_number(tx: Connection, allergy: pytest.MonkeyPatch) -> None:
    run(tx, 1, record(happened("bad", name="Poison")), bisect=True)
    first = refused(tx)[0]["id"]
    again(tx, first)
    drain(tx, bisect=True)
    (row,) = refused(tx)
    assert row["id"] > first
    assert counts(tx) == {"refused": 2}


def test_a_retry_is_done_wholly_or_not_at_all(tx: Connection, allergy: pytest.MonkeyPatch) -> None:
    run(tx, 1, record(happened("bad", name="Poison")), bisect=True)
    number = refused(tx)[0]["id"]

    def fail(_connection: Any) -> None:
        raise OSError(5, "Input/output error")

    event.listen(tx.engine, "commit", fail)
    with pytest.raises(OSError, match="Input/output"):
        again(tx, number)
    event.remove(tx.engine, "commit", fail)
    tx.rollback()
    tx.connection.rollback()
    assert [row["id"] for row in refused(tx)] == [number]
    assert left(tx) == []
    assert again(tx, number)


def test_what_was_refused_at_the_edge_cannot_be_retried(tx: Connection) -> None:
    row = {"workspace_id": 1, "source_id": 1, "received": T0, "stage": "edge", "code": "c", "message": "m", "body": "{"}
    old = row | {"stage": "pipeline"}
    with tx.begin():
        store.add_refused(tx, [row])
        store.add_refused(tx, [old])
    older, newer = sorted(one["id"] for one in refused(tx))
    with pytest.raises(Invalid, match="its sender was told"):
        again(tx, older)
    with pytest.raises(Invalid, match="too little was kept"):
        again(tx, newer)
    assert len(refused(tx)) == 2


def own(number: int, upto: int | None) -> Pending:
    if upto is None:
        return Pending(number, 1, RECORD, record(happened(f"own{number}")).decode(), T0)
    asked = msgspec.json.encode(Forget(profile_id=1, at=T0, upto=upto)).decode()
    return Pending(number, 1, FORGET, asked, T0)


def planned(
    frames: list[int], pending: list[Pending], upto: int = 0, *, more: bool = False
) -> tuple[list[str], int | None]:
    """Plan frames of one event that end where the numbers say; return the steps in words, and the last frame."""
    made = plan.plan([Frame(end, [record(happened(f"log{end}"))], end) for end in frames], pending, upto, more=more)
    words = []
    for step in made.steps:
        if not isinstance(step, list):
            words.append(f"forget {step.own.id}")
        else:
            words += [msgspec.json.decode(body)["message_id"] for _, body in step]
    assert made.taken == [one.id for one in pending][: len(made.taken)]
    return words, made.frame.position if made.frame else None


@pytest.mark.parametrize(
    ("frames", "pending", "steps", "last"),
    [
        ([1, 2, 3], [], ["log1", "log2", "log3"], 3),
        ([1, 2], [(7, None)], ["own7", "log1", "log2"], 2),
        ([1, 2, 3], [(7, 2)], ["log1", "log2", "forget 7", "log3"], 3),
        ([1, 2, 3], [(7, 0)], ["forget 7", "log1", "log2", "log3"], 3),
        ([1, 2], [(7, 9)], ["log1", "log2"], 2),  # it waits for what was acknowledged before it
        ([1, 2], [(7, 9), (8, None)], ["log1", "log2"], 2),  # and what came after it waits, too
        (
            [1, 2, 3],
            [(7, None), (8, 1), (9, None), (10, 2)],
            ["own7", "log1", "forget 8", "own9", "log2", "forget 10", "log3"],
            3,
        ),
        ([], [(7, 9), (8, None)], ["forget 7", "own8"], None),  # nothing stands behind the cursor
    ],
)
def test_the_log_and_what_is_pending_are_worked_off_in_their_order(
    frames: list[int], pending: list[tuple[int, int | None]], steps: list[str], last: int | None
) -> None:
    assert planned(frames, [own(*one) for one in pending]) == (steps, last)


def test_the_log_waits_for_own_events_that_a_batch_does_not_take() -> None:
    assert planned([1, 2], [own(7, None), own(8, None)], more=True) == (["own7", "own8"], None)
    many = [own(number, 1) for number in range(7, 7 + plan.FORGETS + 3)]
    steps, last = planned([1, 2], many)
    assert (len(steps), last) == (1 + plan.FORGETS, 1)


def test_who_listens_hears_of_it_after_the_commit(tmp_path: Path) -> None:
    path = tmp_path / "tidings.db"
    migrated(path, T0)
    database = Database(path)
    heard: list[int] = []
    database.listen(lambda: heard.append(len(database.read_now(pending_store.oldest, 10)[0])))
    database.write_now(store.count, {(1, 1, "events"): 1})
    assert heard == []
    database.write_now(pending_store.add, 1, RECORD, "{}", T0)
    database.write_now(pending_store.add, 1, RECORD, "{}", T0)
    database.close()
    assert heard == [1, 2]


def test_own_events_are_read_up_to_a_size(tx: Connection) -> None:
    for _ in range(4):
        wait(tx, "x" * 100)
    with tx.begin():
        found = [pending_store.oldest(tx, limit, size) for limit, size in ((9, 1000), (9, 150), (2, 1000), (4, 1000))]
    assert [(len(rows), more) for rows, more in found] == [(4, False), (2, True), (2, True), (4, True)]
