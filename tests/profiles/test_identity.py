"""The identity table of docs/architecture.md, row by row, as pure rules."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.profiles.model import Identifier, Resolution
from tidings.profiles.rules import Directory, contested, resolve, resolve_alias

ALICE, BOB = Identifier("user_id", "alice"), Identifier("user_id", "bob")
ALICE_MAIL, BOB_MAIL = Identifier("email", "alice@example.org"), Identifier("email", "bob@example.org")
PHONE = Identifier("phone", "+351900000000")
LAPTOP, TABLET = Identifier("anonymous_id", "laptop"), Identifier("anonymous_id", "tablet")


class World:
    """A directory that starts empty and hands out ids from 1."""

    def __init__(self) -> None:
        self.directory = Directory({}, {}, {})
        self.made = 0

    def new_id(self) -> int:
        self.made += 1
        return self.made

    def event(self, *identifiers: Identifier, server: bool = True) -> Resolution:
        return resolve(list(identifiers), self.directory, server=server, new_id=self.new_id)

    def alias(self, user: Identifier, previous: str, *, server: bool = True) -> Resolution:
        resolution = self.event(user, server=server)
        resolve_alias(user, previous, self.directory, resolution, server=server)
        return resolution

    def who(self, identifier: Identifier) -> int | None:
        return self.directory.root(identifier)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(params=[True, False], ids=["server", "browser"])
def server(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_identifiers_of_one_profile_and_new_ones_join_it(world: World, server: bool) -> None:
    first = world.event(LAPTOP, server=server)
    second = world.event(ALICE, LAPTOP, server=server)
    assert (first.created, second.created, second.profile) == (True, False, first.profile)
    assert second.joined == [ALICE]
    assert world.event(ALICE, ALICE_MAIL, PHONE, server=server).profile == first.profile


def test_an_email_without_user_id_merges_into_the_user(world: World) -> None:
    mail = world.event(ALICE_MAIL).profile
    user = world.event(ALICE).profile
    both = world.event(ALICE, ALICE_MAIL)
    assert (both.profile, world.who(ALICE), world.who(ALICE_MAIL)) == (mail, mail, mail)
    assert [(merge.child, merge.parent, merge.cause) for merge in both.merges] == [(user, mail, ALICE_MAIL)]


def test_a_browser_does_not_merge_two_strong_profiles(world: World) -> None:
    world.event(ALICE_MAIL)
    user = world.event(ALICE).profile
    both = world.event(ALICE, ALICE_MAIL, server=False)
    assert both.profile == user
    assert not both.merges
    assert [conflict.reason for conflict in both.conflicts] == ["browser trust does not merge"]
    assert world.who(ALICE_MAIL) != user


def test_an_email_of_another_user_moves_under_server_trust_only(world: World) -> None:
    bob = world.event(BOB, BOB_MAIL).profile
    alice = world.event(ALICE, BOB_MAIL, server=False)
    assert alice.created
    assert [conflict.reason for conflict in alice.conflicts] == ["two user ids"]
    assert world.who(BOB_MAIL) == bob
    assert world.event(ALICE, BOB_MAIL).moved == [BOB_MAIL]
    assert world.who(BOB_MAIL) == alice.profile != world.who(BOB)


def test_email_and_phone_merge_unless_both_have_user_ids(world: World) -> None:
    mail = world.event(ALICE_MAIL).profile
    world.event(BOB, PHONE)
    assert world.event(ALICE_MAIL, PHONE).profile == mail
    assert world.who(BOB) == mail

    other = World()
    other.event(ALICE, ALICE_MAIL)
    other.event(BOB, PHONE)
    both = other.event(ALICE_MAIL, PHONE)
    assert [conflict.reason for conflict in both.conflicts] == ["two user ids"]
    assert other.who(PHONE) == other.who(BOB) != other.who(ALICE_MAIL)


def test_an_anonymous_visitor_becomes_the_user(world: World, server: bool) -> None:
    user = world.event(ALICE, server=server).profile
    visitor = world.event(LAPTOP, server=server).profile
    both = world.event(ALICE, LAPTOP, server=server)
    assert [(merge.child, merge.parent) for merge in both.merges] == [(visitor, user)]


def test_a_shared_device_goes_over_to_who_uses_it_now(world: World, server: bool) -> None:
    alice = world.event(ALICE, LAPTOP, server=server).profile
    bob = world.event(BOB, LAPTOP, server=server)
    assert bob.created
    assert bob.moved == [LAPTOP]
    assert not bob.merges
    assert world.event(LAPTOP, server=server).profile == bob.profile != alice


def test_user_ids_of_two_id_spaces_can_be_one_customer(world: World) -> None:
    elsewhere = Identifier("user_id@outlet", "17")
    one = world.event(ALICE, ALICE_MAIL).profile
    assert world.event(elsewhere, ALICE_MAIL).profile == one


def test_an_event_that_names_nobody_belongs_to_nobody(world: World) -> None:
    assert world.event() == Resolution(0)


def test_a_new_user_with_two_known_halves_makes_no_phantom(world: World) -> None:
    bob = world.event(BOB, BOB_MAIL).profile
    caller = world.event(PHONE).profile
    alice = world.event(ALICE, BOB_MAIL, PHONE)
    assert (alice.profile, alice.created, alice.moved) == (caller, False, [BOB_MAIL])
    assert world.who(BOB_MAIL) == world.who(ALICE) == caller != bob


def test_alias_remembers_an_unknown_id(world: World) -> None:
    user = world.alias(ALICE, "laptop").profile
    assert world.event(LAPTOP).profile == user
    assert world.event(Identifier("user_id", "laptop")).profile == user


def test_alias_from_a_browser_cannot_reserve_a_user_id(world: World) -> None:
    user = world.alias(ALICE, "bob", server=False).profile
    assert world.event(BOB).profile != user


def test_alias_merges_two_users_under_server_trust_only(world: World) -> None:
    alice, bob = world.event(ALICE).profile, world.event(BOB).profile
    assert world.alias(BOB, "alice", server=False).conflicts
    assert world.who(ALICE) != world.who(BOB)
    merged = world.alias(BOB, "alice")
    assert [(merge.child, merge.parent) for merge in merged.merges] == [(bob, alice)]
    again = world.alias(ALICE, "bob")
    assert not again.changes


@given(
    st.lists(
        st.tuples(
            st.lists(
                st.sampled_from([ALICE, BOB, ALICE_MAIL, BOB_MAIL, PHONE, LAPTOP, TABLET]), min_size=1, unique=True
            ).filter(lambda names: not {ALICE, BOB} <= set(names)),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_whatever_comes_everybody_is_somebody(history: list[tuple[list[Identifier], bool]]) -> None:
    world = World()
    order = [ALICE, BOB, ALICE_MAIL, BOB_MAIL, PHONE, LAPTOP, TABLET]
    roots: set[int] = set()
    for names, server in history:
        resolution = world.event(*sorted(names, key=order.index), server=server)
        roots.add(resolution.profile)
        assert resolution.profile == world.directory.root(sorted(names, key=order.index)[0])
        for merge in resolution.merges:
            assert merge.parent < merge.child
            assert server or merge.cause.kind == "anonymous_id"
        if not server:
            assert all(identifier.kind == "anonymous_id" for identifier in resolution.moved)
        assert not any(
            len({i for i in world.directory.user_ids(root) if i.kind == "user_id"}) > 1
            for root in world.directory.kinds
        )
    for identifier, owner in world.directory.owners.items():
        root = world.directory.root(identifier)
        assert root is not None
        assert identifier in world.directory.kinds[root], owner


def replay(events: list[list[Identifier]], key: Callable[[World], object]) -> object:
    world = World()
    for names in events:
        world.event(*names)
    return key(world)


@given(
    st.permutations(
        [
            [LAPTOP],
            [ALICE, LAPTOP],
            [ALICE, ALICE_MAIL],
            [ALICE_MAIL],
            [TABLET],
            [ALICE, TABLET],
            [PHONE, ALICE_MAIL][::-1],
        ]
    )
)
def test_the_order_of_arrival_does_not_matter_where_nothing_moves(events: list[list[Identifier]]) -> None:
    def clusters(world: World) -> set[frozenset[Identifier]]:
        found: dict[int, set[Identifier]] = {}
        for identifier in world.directory.owners:
            found.setdefault(world.who(identifier) or 0, set()).add(identifier)
        return {frozenset(members) for members in found.values()}

    assert replay(events, clusters) == {frozenset({ALICE, ALICE_MAIL, PHONE, LAPTOP, TABLET})}


def test_contested_is_only_what_may_change_identities(world: World) -> None:
    world.event(ALICE, LAPTOP)
    assert not contested([ALICE, LAPTOP], world.directory)
    assert contested([ALICE, TABLET], world.directory)
    assert contested([BOB], world.directory)
