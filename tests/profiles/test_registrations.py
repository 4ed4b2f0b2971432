"""Customers of stores: listed once each, in the order of registration, whatever was merged and however it is paged."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from tests.fresh import migrated
from tidings.db import Database, Tx
from tidings.profiles import registered
from tidings.profiles import registrations_store as registrations
from tidings.profiles.tables import identifiers, profiles, traits

ALICE, STRANGER = 1, 2


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    migrated(tmp_path / "tidings.db", 1)
    found = Database(tmp_path / "tidings.db")
    yield found
    found.close()


def add(tx: Tx, number: int, root: int | None = None, workspace_id: int = ALICE) -> None:
    members = {"id": number, "workspace_id": workspace_id, "root_id": root or number, "event_count": 1}
    tx.execute(insert(profiles).values(**members, first_seen=1, last_seen=1))


def test_the_first_event_in_a_store_counts(database: Database) -> None:
    def fill(tx: Tx) -> None:
        add(tx, 1)
        registrations.save(tx, [(ALICE, "3", 1, 50)])
        registrations.save(tx, [(ALICE, "3", 1, 40), (ALICE, "4", 1, 60)])
        registrations.save(tx, [(ALICE, "3", 1, 70)])

    database.write_now(fill)
    found = database.read_now(registrations.of, ALICE, [1])
    assert [tuple(one) for one in found] == [(1, "3", 40), (1, "4", 60)]
    assert database.read_now(registrations.of, STRANGER, [1]) == []


def test_pages_are_those_of_the_whole_list(database: Database) -> None:
    chance = random.Random(7)
    roots = {number: chance.choice([None, None, 1, 2, 3]) if number > 5 else None for number in range(1, 60)}
    held = {(chance.choice("345"), number): chance.randrange(10) for number in roots for _ in range(3)}

    def fill(tx: Tx) -> None:
        for number, root in roots.items():
            add(tx, number, root)
        add(tx, 100, workspace_id=STRANGER)
        rows = [(ALICE, store, number, at) for (store, number), at in held.items()]
        registrations.save(tx, [*rows, (STRANGER, "3", 100, 0)])

    database.write_now(fill)
    for stores in (["3"], ["4", "5"], ["3", "4", "5"], ["9"]):
        firsts: dict[int, tuple[int, int]] = {}
        for (store, number), at in held.items():
            if store in stores:
                root = roots[number] or number
                firsts[root] = min(firsts.get(root, (at, number)), (at, number))
        expected = sorted(firsts, key=lambda root: firsts[root])
        for newest_first in (False, True):
            listed = expected[::-1] if newest_first else expected
            for size in (1, 7, 100):
                pages = [
                    database.read_now(registrations.page, ALICE, stores, offset, size, newest_first=newest_first)
                    for offset in range(0, len(listed) + 1, size)
                ]
                assert [one for page in pages for one in page] == listed


def test_customers_are_told_as_one_with_what_was_merged(database: Database) -> None:
    def fill(tx: Tx) -> None:
        add(tx, 1)
        add(tx, 2, root=1)
        add(tx, 3)
        named = {"workspace_id": ALICE, "source_id": 1, "since": 1}
        tx.execute(insert(identifiers).values(**named, kind="email", value="a@x.org", profile_id=1))
        tx.execute(insert(identifiers).values(**named, kind="phone", value="+351912345678", profile_id=2))
        said = {"workspace_id": ALICE, "rank": 1, "message_id": "m", "source_id": 1, "name": "firstName"}
        tx.execute(insert(traits).values(**said, profile_id=1, value='"Old"', time=1))
        tx.execute(insert(traits).values(**said, profile_id=2, value='"Ana"', time=2))
        registrations.save(tx, [(ALICE, "3", 2, 9), (ALICE, "3", 1, 10)])

    database.write_now(fill)
    ana, nobody = database.read_now(registered.customers, ALICE, [1, 3])
    assert (ana.id, ana.email, ana.phone, ana.traits) == (1, "a@x.org", "+351912345678", {"firstName": "Ana"})
    assert [tuple(one) for one in ana.registrations] == [(1, "3", 9)]
    assert (nobody.email, nobody.traits, nobody.registrations) == (None, {}, [])
    assert database.read_now(registered.customers, ALICE, []) == []


def test_a_page_is_read_by_the_index(database: Database) -> None:
    def fill(tx: Tx) -> None:
        tx.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
            "INSERT INTO profiles (id, workspace_id, root_id, event_count, first_seen) SELECT i, 1, i, 1, 1 FROM n"
        )
        tx.exec_driver_sql("INSERT INTO registrations SELECT 1, CAST(3 + id % 2 AS TEXT), id, id FROM profiles")

    database.write_now(fill)

    def steps(tx: Tx) -> int:
        """Count the virtual machine's steps, in hundreds."""
        counted = 0

        def count() -> int:
            nonlocal counted
            counted += 1
            return 0

        driver = tx.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(count, 100)
        try:
            assert len(registrations.page(tx, ALICE, ["3", "4"], 0, 50, newest_first=True)) == 50
        finally:
            driver.set_progress_handler(None, 0)
        return counted

    assert database.read_now(steps) < 200
