"""Whatever arrives in whatever order, late or twice: the same consent, and one own event for each change."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.consent.world import World
from tidings.consent.model import Said
from tidings.events.reports import Statement

WISHES = st.sampled_from(["yes", "no", "subscribe", "unsubscribe", None])
STATEMENTS = st.builds(
    Statement,
    channel=st.sampled_from(["email", "sms"]),
    wish=WISHES,
    deleted=st.sampled_from([None, None, True, False]),
)
MOMENTS = st.integers(0, 6)
EVENTS = st.lists(st.tuples(MOMENTS, st.lists(STATEMENTS, min_size=1, max_size=3)), min_size=1, max_size=8)
ACTS = st.sampled_from(["subscribe", "browser", "asked", "free", "yes", "browser yes", "no", "unsubscribe", "confirm"])


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("consent")
    made = World(folder / "tidings.db")
    yield made
    made.close()


class Somebody:
    """A customer of whom nothing is known."""

    number = 100

    def __init__(self, world: World) -> None:
        Somebody.number += 1
        self.world = world
        self.profile = Somebody.number
        self.email, self.phone = f"n{self.number}@example.org", f"+4930{self.number:06}"

    def said(self, name: str, at: int, statements: list[Statement], **more: Any) -> Said:
        own = {"profile": self.profile, "email": self.email, "phone": self.phone, "message_id": name}
        return self.world.said(*statements, at=at, **(own | more))

    def found(self) -> tuple[Any, ...]:
        state = self.world.state
        return (
            state(self.profile),
            state(self.profile, "sms"),
            self.world.active(self.email),
            self.world.active(self.phone, "sms"),
        )


def expected(events: list[tuple[int, list[Statement]]]) -> tuple[Any, ...]:
    """Fold the events in the order of their happening."""
    state = {"email": "unknown", "sms": "unknown"}
    active: dict[str, set[str]] = {"email": set(), "sms": set()}
    for _, statements in sorted(enumerate(events), key=lambda pair: (pair[1][0], f"m{pair[0]}")):
        for said in statements[1]:
            here = active[said.channel]
            if said.wish:
                state[said.channel] = "yes" if said.wish in ("yes", "subscribe") else "no"
            if said.wish == "unsubscribe":
                here.add("unsubscribed")
            if said.deleted:
                here.add("deleted")
            if said.deleted is False:
                here.discard("deleted")
            if said.wish == "subscribe":
                here.discard("unsubscribed")
    return state["email"], state["sms"], sorted(active["email"]), sorted(active["sms"])


def last_of_each(statements: list[Statement]) -> list[Statement]:
    """Return what statements of one event about one address come to: the last wish and the last word on deleting."""
    found = []
    for channel in ("email", "sms"):
        mine = [one for one in statements if one.channel == channel]
        wishes, deleted = (
            [one.wish for one in mine if one.wish],
            [one.deleted for one in mine if one.deleted is not None],
        )
        if wishes or deleted:
            last = {"wish": wishes[-1] if wishes else None, "deleted": deleted[-1] if deleted else None}
            found.append(Statement(channel=channel, **last))  # type: ignore[arg-type]
    return found


@settings(max_examples=120, deadline=None)
@given(events=EVENTS, data=st.data())
def test_any_order_ends_in_the_same(one: World, events: list[tuple[int, list[Statement]]], data: Any) -> None:
    somebody = Somebody(one)
    said = [somebody.said(f"m{number}", at, statements) for number, (at, statements) in enumerate(events)]
    arriving = data.draw(st.permutations(said))
    arriving = arriving + data.draw(st.lists(st.sampled_from(said), max_size=4))
    start = 0
    while start < len(arriving):
        size = data.draw(st.integers(1, 4))
        one.hear(*arriving[start : start + size])
        start += size
    assert somebody.found() == expected([(at, last_of_each(statements)) for at, statements in events])


@settings(max_examples=60, deadline=None)
@given(acts=st.lists(ACTS, max_size=10), mode=st.sampled_from(["never", "as_asked", "always"]))
def test_every_change_is_one_own_event_and_only_the_customer_comes_back(one: World, acts: list[str], mode: str) -> None:
    one.settings(double_opt_in=mode)
    one.own()
    somebody = Somebody(one)
    for number, act in enumerate(acts, 1):
        state, _, active, _ = somebody.found()
        open_now = [row for row in one.opt_ins(somebody.email) if row.stage == "pending"]
        perform(somebody, act, number, [row.id for row in open_now])
        new_state, _, new_active, _ = somebody.found()
        told = Counter(f"{event.name} {event.properties.get('type', '')}".strip() for event in one.own())
        came, went = set(new_active) - set(active), set(active) - set(new_active)
        should = Counter({f"email-suppression/added {kind}": 1 for kind in came})
        should += Counter({f"email-suppression/removed {kind}": 1 for kind in went})
        should += Counter({"newsletter/subscribed": 1} if new_state == "yes" != state else {})
        assert told == should, act
        assert ("pending_opt_in" in active) == bool(open_now)
        if "unsubscribed" in went:
            assert act == "confirm" or (mode != "always" and act in ("subscribe", "asked", "free"))
        if act.startswith("browser") and new_state == "yes" != state:
            assert (state, active) == ("unknown", [])
        if "pending_opt_in" in went:
            assert act in ("confirm", "unsubscribe", "free") or mode == "never"
    one.settings()


def perform(somebody: Somebody, act: str, number: int, pending: list[int]) -> None:
    at = number * 10
    if act == "confirm":
        for opt_in in pending:
            somebody.world.confirm(opt_in, at=at)
        return
    wish: Any = {"yes": "yes", "browser yes": "yes", "no": "no", "unsubscribe": "unsubscribe"}.get(act, "subscribe")
    confirm = {"asked": True, "free": False}.get(act)
    statement = Statement(channel="email", wish=wish, confirm=confirm)
    somebody.world.hear(somebody.said(f"a{number}", at, [statement], server=not act.startswith("browser")))


def test_the_reference_can_tell_orders_apart() -> None:
    out, back = Statement(channel="email", wish="unsubscribe"), Statement(channel="email", wish="subscribe")
    assert expected([(1, [out]), (2, [back])]) != expected([(2, [out]), (1, [back])])
