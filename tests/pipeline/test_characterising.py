"""What events say about their customer: traits of any verb, items that are added to traits, what only the new get."""

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.pipeline.test_batch import T0, alice, happened, record, run, tx
from tidings.events.model import Event

__all__ = ["tx"]


def tags(tx: Connection) -> Any:
    return alice(tx).traits.get("tags")


def added(message: str, time: int, *items: str) -> Event:
    return happened(message, time=time, additions={"tags": list(items)})


def test_a_track_event_may_describe_its_customer(tx: Connection) -> None:
    run(tx, 1, record(happened("1", traits={"firstName": "Alice"})))
    assert alice(tx).traits == {"firstName": "Alice"}


def test_traits_of_a_group_are_not_those_of_the_customer(tx: Connection) -> None:
    run(tx, 1, record(happened("1", verb="group", group_id="g", traits={"name": "Acme"})))
    assert alice(tx).traits == {}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_items_are_added_whatever_the_order_of_arrival(tx: Connection, order: tuple[int, ...]) -> None:
    sent = [
        added("1", T0 + 1, "old"),
        happened("2", verb="identify", time=T0 + 2, traits={"tags": ["vip"]}),
        added("3", T0 + 3, "sport", "vip"),
        added("4", T0 + 4, "blue"),
    ]
    for position, place in enumerate(order, 1):
        run(tx, position, record(sent[place]))
    assert tags(tx) == ["vip", "sport", "blue"]


def test_a_later_empty_list_takes_all_items_away(tx: Connection) -> None:
    emptied = happened("2", verb="identify", time=T0 + 2, traits={"tags": []})
    run(tx, 1, record(added("1", T0 + 1, "vip"), emptied))
    assert tags(tx) == []


def test_browsers_add_nothing_to_what_a_server_has_set(tx: Connection) -> None:
    run(tx, 1, record(happened("1", verb="identify", traits={"tags": ["vip"]})))
    run(tx, 2, record(added("2", T0 + 1, "hostile"), trust="browser"))
    assert tags(tx) == ["vip"]


def test_items_are_those_of_all_that_became_one(tx: Connection) -> None:
    run(tx, 1, record(happened("1", user_id=None, email="a@b.c", additions={"tags": ["guest"]})))
    run(tx, 2, record(added("2", T0 + 1, "vip")))
    run(tx, 3, record(happened("3", email="a@b.c")))
    assert tags(tx) == ["guest", "vip"]


def test_what_only_the_new_get_leaves_the_others_alone(tx: Connection) -> None:
    first = happened("1", verb="identify", traits={"city": "Porto"}, additions={"tags": ["a"]}, only_new=True)
    again = happened("2", verb="identify", traits={"city": "Rome"}, additions={"tags": ["b"]}, only_new=True)
    again.time += 1
    run(tx, 1, record(first, again))
    assert alice(tx).traits == {"city": "Porto", "tags": ["a"]}
    assert alice(tx).event_count == 2
