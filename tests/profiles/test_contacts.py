"""Customers by their email addresses: page by page, as one with what was merged into them, within the wall."""

from sqlalchemy import Connection

from tests.pipeline.test_batch import T0, happened, record, run, tx
from tidings.profiles import contacts

__all__ = ["tx"]


def test_pages_go_through_all_addresses_once(tx: Connection) -> None:
    for number in range(7):
        who = {"user_id": f"u{number}", "email": f"{6 - number}@example.org"}
        run(tx, number + 1, record(happened(f"m{number}", verb="identify", traits={"n": number}, **who)))
    found = [one for offset in range(0, 9, 3) for one in contacts.page(tx, 1, offset, 3)]
    assert [(one.email, one.traits["n"]) for one in found] == [(f"{n}@example.org", 6 - n) for n in range(7)]
    assert contacts.page(tx, 1, 7, 3) == []
    assert contacts.page(tx, 2, 0, 3) == []


def test_a_contact_is_all_that_became_one(tx: Connection) -> None:
    guest = happened("1", verb="identify", user_id=None, email="a@example.org", additions={"tags": ["guest"]})
    run(tx, 1, record(guest, happened("2", verb="identify", time=T0 + 1, traits={"city": "Porto"})))
    run(tx, 2, record(happened("3", time=T0 + 2, email="a@example.org"), happened("4", email="b@example.org")))
    first, second = contacts.page(tx, 1, 0, 10)
    assert (first.email, second.email, first.profile_id) == ("a@example.org", "b@example.org", second.profile_id)
    assert first.traits == second.traits == {"city": "Porto", "tags": ["guest"]}
    assert sorted(first.members) == sorted(second.members)
    assert len(first.members) == 2
    assert contacts.by_email(tx, 1, "b@example.org") == second
    assert {contacts.by_profile(tx, 1, member) == first for member in first.members} == {True}


def test_nobody_is_found_where_nobody_is(tx: Connection) -> None:
    run(tx, 1, record(happened("1"), happened("2", user_id="mailed", email="a@example.org")))
    assert contacts.by_email(tx, 1, "nobody@example.org") is None
    assert contacts.by_email(tx, 2, "a@example.org") is None
    assert contacts.by_profile(tx, 1, 4711) is None
    assert [contacts.by_profile(tx, 1, profile_id) is None for profile_id in (1, 2)] == [True, False]
