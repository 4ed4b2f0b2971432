"""What people of a workspace change by hand, with the audit log."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.consent.world import ALICE, BOB, IP, KEY, MAIL, PHONE, T0, World
from tidings.consent import deeds, service
from tidings.consent.model import KINDS, ConsentSettings
from tidings.consent.service import Suppressing
from tidings.events.reports import Statement
from tidings.tenants.model import Actor
from tidings.tenants.service import Invalid
from tidings.tenants.tables import audit

ANA = Actor("user:4", IP)


def do(world: World, deed: Any, *arguments: Any, workspace: int = 1) -> Any:
    with world.tx.begin():
        return deed(world.tx, ANA, workspace, *arguments)


def audited(world: World) -> list[tuple[Any, ...]]:
    with world.tx.begin():
        rows = world.tx.execute(select(audit).order_by(audit.c.id)).mappings().all()
    assert MAIL not in repr(rows), "forgetting does not reach into the audit log"
    return [(row["workspace_id"], row["actor"], row["action"], row["subject"], row["detail"]) for row in rows]


def add(world: World, kind: Any, address: str = MAIL, reason: str | None = "asked for", **more: Any) -> int:
    one = Suppressing(channel=more.pop("channel", "email"), address=address, type=kind, reason=reason)
    added: int = do(world, deeds.add_suppressions, [one], T0 + 50, KEY, **more)
    return added


def lift(world: World, kind: Any, address: str = MAIL, reason: str | None = "repaired", **more: Any) -> int:
    one = Suppressing(channel=more.pop("channel", "email"), address=address, type=kind, reason=reason)
    lifted: int = do(world, deeds.lift_suppressions, [one], T0 + 60, KEY, **more)
    return lifted


def state(world: World, wish: Any, profile: int = ALICE, **members: Any) -> None:
    statement = Statement(**({"channel": "email", "wish": wish} | members))
    do(world, deeds.state_wish, profile, statement, T0 + 70, KEY)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("unsubscribed", "pending_opt_in")])
def test_staff_adds_and_lifts_most_types(world: World, kind: str) -> None:
    assert add(world, kind, " Alice@Example.org ") == 1
    assert add(world, kind) == 0
    assert world.active() == [kind]
    assert lift(world, kind) == 1
    assert lift(world, kind) == 0
    assert world.active() == []
    told = world.own()
    assert [one.name for one in told] == ["email-suppression/added", "email-suppression/removed"]
    assert told[0].properties["client_ip"] == IP
    assert (told[0].properties["reason"], told[1].properties["reason"]) == ("asked for", "repaired")
    assert [(one.change, one.by, one.ip) for one in world.history()] == [
        ("added", "user:4", IP),
        ("lifted", "user:4", IP),
    ]
    assert audited(world) == [
        (1, "user:4", "suppression.added", "", {"types": [f"email/{kind}"], "addresses": 1}),
        (1, "user:4", "suppression.lifted", "", {"types": [f"email/{kind}"], "addresses": 1}),
    ]


def test_what_only_the_customer_may_lift(world: World) -> None:
    add(world, "unsubscribed")  # a list that comes from elsewhere
    world.say("subscribe", confirm=True, server=False, at=60)
    for kind in ("unsubscribed", "pending_opt_in"):
        with pytest.raises(Invalid, match="only the customer"):
            lift(world, kind)
    assert world.active() == ["pending_opt_in", "unsubscribed"]
    with pytest.raises(Invalid, match="comes with a sign-up"):
        add(world, "pending_opt_in")
    with pytest.raises(Invalid, match="how the customer told you"):
        state(world, "subscribe", reason="  ")
    state(world, "subscribe", reason="On the telephone, 3 May")
    assert (world.state(), world.active(), world.opt_ins()[0].stage) == ("yes", [], "replaced")
    assert audited(world)[-1][2:] == ("consent.stated", "profile:1", {"channel": "email", "wish": "subscribe"})
    (entry,) = [one for one in world.history() if one.subject == "preference"]
    assert (entry.by, entry.reason, entry.change) == ("user:4", "On the telephone, 3 May", "yes")
    assert world.names()[-1] == "newsletter/subscribed"


def test_staff_asks_for_a_confirmation_where_the_settings_do(world: World) -> None:
    do(world, deeds.change_settings, ConsentSettings(double_opt_in="always"), T0)
    state(world, "subscribe", reason="At the counter")
    assert (world.state(), world.active()) == ("unknown", ["pending_opt_in"])
    state(world, "unsubscribe", channel="sms", address="+351 900 000 000")
    assert (world.state(channel="sms"), world.active(PHONE, "sms")) == ("no", ["unsubscribed"])


@pytest.mark.parametrize(
    ("profile", "members", "message"),
    [
        (77, {}, "no customer 77"),
        (ALICE, {"address": "bob@example.org"}, "no address of this customer"),
        (ALICE, {"address": "nonsense"}, "not an email address"),
        (ALICE, {"channel": "sms", "address": "0900"}, "begin it with"),
        (ALICE, {"wish": None}, "say what the customer wishes"),
        (ALICE, {"deleted": True}, "say what the customer wishes"),
    ],
)
def test_wishes_that_cannot_be(world: World, profile: int, members: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        state(world, members.pop("wish", "no"), profile, **members)
    assert (world.history(), audited(world)) == ([], [])


@pytest.mark.parametrize(
    ("channel", "address", "reason", "message"),
    [
        ("email", "nonsense", "why", "not an email address"),
        ("sms", "12345", "why", "phone number"),
        ("email", MAIL, None, "say why"),
    ],
)
def test_suppressions_that_cannot_be_lifted(
    world: World, channel: Any, address: str, reason: str | None, message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        lift(world, "hard_bounce", address, reason, channel=channel)


def test_what_is_done_now_is_newer_than_what_is_known(world: World) -> None:
    world.say("unsubscribe", at=9_000)
    state(world, "subscribe", reason="By letter")  # at 70, by our clock
    assert world.active() == []
    state(world, "no")
    assert world.state() == "no"


def test_a_customer_without_an_address_can_wish(world: World) -> None:
    state(world, "no", BOB)
    assert world.state(BOB) == "no"


def test_settings_belong_to_one_workspace(world: World) -> None:
    chosen = ConsentSettings(mail_unknown=True, double_opt_in="never", email_stops_sms=True, sms_stops_email=True)
    do(world, deeds.change_settings, chosen, T0)
    with world.tx.begin():
        assert service.settings_of(world.tx, 1) == chosen
        assert service.settings_of(world.tx, 2) == ConsentSettings()
        assert ConsentSettings().double_opt_in == "as_asked"
    assert audited(world)[0][2] == "consent.set"


def test_lists(world: World) -> None:
    from tidings.consent import store

    for address in ("b@example.org", "a@example.org", "c@example.org"):
        add(world, "manually_suppressed", address)
    add(world, "hard_bounce", "b@example.org")
    add(world, "hard_bounce", "z@example.org", workspace=2)
    lift(world, "manually_suppressed", "c@example.org")
    with world.tx.begin():
        first = store.list_suppressions(world.tx, 1, "email", (), "", ("", ""), 2)
        after = (first[-1]["address"], first[-1]["type"])
        rest = store.list_suppressions(world.tx, 1, "email", (), "", after, 9)
        bounced = store.list_suppressions(world.tx, 1, "email", ("hard_bounce",), "", ("", ""), 9)
        beginning = store.list_suppressions(world.tx, 1, "email", (), "a@", ("", ""), 9)
        assert store.count_active(world.tx, 1, "email", 2) == 2
        assert store.count_active(world.tx, 1, "email", 100) == 3
    assert [(row["address"][0], row["type"]) for row in first + rest] == [
        ("a", "manually_suppressed"),
        ("b", "hard_bounce"),
        ("b", "manually_suppressed"),
    ]
    assert [row["address"][0] for row in bounced] == ["b"]
    assert [row["address"][0] for row in beginning] == ["a"]


def test_a_customer_as_people_see_it(world: World) -> None:
    world.say("subscribe", ip=IP)
    world.say("unsubscribe", channel="sms", phone=PHONE)
    add(world, "hard_bounce")
    with world.tx.begin():
        found = service.view(world.tx, 1, ALICE, T0, KEY)
        assert service.view(world.tx, 2, ALICE, T0, KEY) is None
    assert found is not None
    mail, sms = found.channels
    assert (mail.address, mail.preference and mail.preference.ip) == (MAIL, IP)
    assert ([one.type for one in mail.suppressions], mail.marketing.reason) == (["hard_bounce"], "hard_bounce")
    assert (sms.address, sms.marketing.reason, sms.transactional.allowed) == (PHONE, "unsubscribed", True)
    assert [row["subject"] for row in found.history] == ["hard_bounce", "preference", "unsubscribed", "preference"]
