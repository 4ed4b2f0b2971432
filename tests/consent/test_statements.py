"""What events say about consent becomes preferences, suppressions, history, and one own event for each change."""

import pytest

from tests.consent.world import ALICE, BOB, IP, KEY, MAIL, PHONE, STRANGER, T0, World, counted, merge
from tidings.consent import service
from tidings.events.reports import Statement


def test_unknown_yes_and_no(world: World) -> None:
    assert world.state() == "unknown"
    world.say("yes", ip=IP, form="footer")
    assert world.state() == "yes"
    world.say("no")
    assert world.state() == "no"
    assert world.told("preference") == [("yes", "made"), ("no", "made")]
    (told,) = world.own()
    assert (told.name, told.email, told.active) == ("newsletter/subscribed", MAIL, False)
    assert told.properties == {"timestamp": "2023-11-14T22:13:20+00:00", "email": MAIL, "signup_ip": IP}


def test_a_record_neither_adds_nor_lifts_unsubscribed(world: World) -> None:
    world.say("no")
    assert world.active() == []
    world.say("unsubscribe")
    world.say("yes")
    assert (world.state(), world.active()) == ("yes", ["unsubscribed"])
    assert world.may().reason == "unsubscribed"


def test_only_a_subscription_lifts_unsubscribed_and_only_that(world: World) -> None:
    world.say("unsubscribe", ip=IP)
    world.say(None, deleted=True)
    assert (world.state(), world.active()) == ("no", ["deleted", "unsubscribed"])
    world.say("subscribe")
    assert (world.state(), world.active()) == ("yes", ["deleted"])
    world.say(None, deleted=False)
    assert world.active() == []
    added, deleted, removed, subscribed, revived = world.own()
    assert [one.name for one in (added, deleted, removed, subscribed, revived)] == [
        "email-suppression/added", "email-suppression/added", "email-suppression/removed", "newsletter/subscribed",
        "email-suppression/removed",
    ]  # fmt: skip
    assert added.properties == {
        "timestamp": "2023-11-14T22:13:20+00:00",
        "email": MAIL,
        "client_ip": IP,
        "type": "unsubscribed",
        "reason": "Recipient unsubscribed",
    }
    assert removed.properties["reason"] == "Customer re-subscribed"
    assert (deleted.properties["type"], revived.properties["type"]) == ("deleted", "deleted")


def test_a_customer_that_comes_again_does_not_lift_unsubscribed(world: World) -> None:
    world.say("unsubscribe", deleted=True)
    world.say("yes", deleted=False)
    assert world.active() == ["unsubscribed"]


def test_unsubscribing_an_address_never_seen_is_stored(world: World) -> None:
    stranger = "never@seen.example"
    world.say("unsubscribe", profile=0, email=stranger)
    assert world.active(stranger) == ["unsubscribed"]
    (told,) = world.own()
    assert told.email == stranger
    assert world.history()[0].profile_id == 0


def test_a_browser_may_unsubscribe_but_not_delete_nor_come_back(world: World) -> None:
    world.say("subscribe", server=False)
    assert world.state() == "yes"
    world.say("unsubscribe", server=False, deleted=True)
    assert (world.state(), world.active()) == ("no", ["unsubscribed"])
    world.say("yes", server=False)
    world.say("subscribe", server=False)
    assert world.state() == "no"
    assert world.active() == ["pending_opt_in", "unsubscribed"]


def test_channels_and_addresses_are_separate(world: World) -> None:
    world.say("unsubscribe", channel="sms", phone=PHONE)
    world.say("yes")
    assert (world.active(PHONE, "sms"), world.active()) == (["unsubscribed"], [])
    assert (world.state(channel="sms"), world.state()) == ("no", "yes")
    assert (world.may(channel="sms").reason, world.may().reason) == ("unsubscribed", "consent_yes")
    told = world.own()[0]
    assert (told.name, told.phone, told.email) == ("sms-suppression/added", PHONE, None)
    assert told.properties["phone_number"] == PHONE
    world.say("unsubscribe", address="other@example.org")
    assert (world.active("other@example.org"), world.active()) == (["unsubscribed"], [])


def test_without_an_address_only_the_preference_is_kept(world: World) -> None:
    world.say("unsubscribe", email=None)
    assert (world.state(), world.active(), world.own()) == ("no", [], [])
    world.say("subscribe", email=None)
    assert (world.state(), world.active()) == ("yes", [])
    (told,) = world.own()
    assert (told.email, told.properties.get("email")) == (MAIL, None)  # named by what is known of her


def test_a_customer_without_an_address_is_named_by_what_there_is(world: World) -> None:
    world.say("yes", profile=BOB, email=None)
    (told,) = world.own()
    assert (told.user_id, told.email) == ("bob", None)
    world.say("yes", profile=77, email=None)  # nothing names this one: there is nobody to tell it of
    assert (world.own(), world.state(77)) == ([], "yes")


def test_the_newest_event_wins_and_older_ones_are_history(world: World) -> None:
    world.say("no", at=20)
    world.say("subscribe", at=10)
    assert (world.state(), world.active()) == ("no", [])
    world.say("unsubscribe", at=5)  # before she subscribed: it never stops anything
    assert (world.state(), world.active()) == ("no", [])
    assert world.told("preference") == [("no", "made"), ("yes", "late"), ("no", "late")]
    assert world.told("unsubscribed") == [("added", "late")]
    assert world.own() == []


def test_ties_are_decided_by_message_id(world: World) -> None:
    world.say("yes", at=3, message_id="b")
    world.say("no", at=3, message_id="a")
    assert world.state() == "yes"


def test_repeats_change_nothing(world: World) -> None:
    said = world.said(Statement(channel="email", wish="unsubscribe"))
    world.hear(said, said)
    once = (world.history(), world.names())
    world.hear(said)
    assert (world.history(), world.names()) == (once[0], [])
    assert once[1] == ["email-suppression/added unsubscribed"]


def test_a_record_that_says_the_same_again_is_no_new_proof(world: World) -> None:
    world.say("subscribe", ip=IP, form="popup")
    world.say("yes", at=500)
    with world.tx.begin():
        found = service.preference_of(world.tx, 1, [ALICE], "email")
    assert found is not None
    assert (found.ip, found.form, found.act, found.since, found.time) == (IP, "popup", "subscribe", T0 + 1, T0 + 500)
    world.say("no", at=400)  # older than what the record said
    assert world.state() == "yes"
    assert world.told("preference") == [("yes", "made"), ("no", "late")]


def test_one_event_may_say_several_things(world: World) -> None:
    world.hear(
        world.said(
            Statement(channel="email", wish="yes"),
            Statement(channel="sms", wish="subscribe"),
            Statement(channel="email", wish="no"),
            phone=PHONE,
        )
    )
    assert (world.state(), world.state(channel="sms")) == ("no", "yes")
    (told,) = world.own()
    assert told.properties["phone_number"] == PHONE


def test_what_is_merged_is_one_customer(world: World) -> None:
    world.say("yes", profile=BOB, email="bob@example.org", at=10)
    merge(world, BOB, ALICE)
    assert world.state(ALICE) == "yes"
    world.own()
    world.say("yes", at=11)
    assert world.own() == []  # she wants it already
    world.say("no", at=5)
    assert world.state() == "yes"
    world.say("no", at=12)
    assert (world.state(), world.may().reason) == ("no", "consent_no")


def test_linked_opt_outs(world: World) -> None:
    world.settings(email_stops_sms=True)
    world.say("yes", channel="sms")
    world.say("unsubscribe")  # the event names no phone; hers is known
    assert (world.active(PHONE, "sms"), world.state(channel="sms")) == (["unsubscribed"], "no")
    assert world.names() == [
        "newsletter/subscribed",
        "email-suppression/added unsubscribed",
        "sms-suppression/added unsubscribed",
    ]
    world.say("subscribe", channel="sms", phone=PHONE)
    world.say("unsubscribe", channel="sms", phone=PHONE)
    assert world.state() == "no"
    world.say("subscribe")
    world.say("unsubscribe", channel="sms", phone=PHONE)
    assert world.active() == []  # the other direction is off


def test_workspaces_do_not_see_each_other(world: World) -> None:
    world.settings(mail_unknown=True)
    world.say("unsubscribe")
    elsewhere = {"workspace_id": 2, "profile": STRANGER}
    assert world.active(workspace=2) == []
    assert world.may(profile=STRANGER, workspace=2).reason == "consent_unknown"
    world.say("subscribe", **elsewhere)
    assert world.active() == ["unsubscribed"]
    assert (world.state(), world.state(STRANGER, workspace=2)) == ("no", "yes")
    assert [one.name for one in world.own(2)] == ["newsletter/subscribed"]
    assert world.may(profile=ALICE, workspace=2).reason == "no_profile"
    assert len(world.history(2)) == 1


def test_a_batch_takes_a_fixed_number_of_statements(world: World) -> None:
    def batch(size: int, start: int) -> int:
        said = [
            world.said(
                Statement(channel="email", wish="unsubscribe" if n % 2 else "subscribe", confirm=n % 3 == 0),
                profile=ALICE if n % 2 else BOB, email=f"n{start + n}@example.org", server=n % 5 > 0,
            )
            for n in range(size)
        ]  # fmt: skip
        with world.tx.begin():
            for seen in counted(world.tx):
                service.apply(world.tx, said, KEY)
                return len(seen)
        raise AssertionError

    assert batch(4, 0) >= batch(400, 100)
    assert batch(400, 600) <= 14


def test_text_of_strangers_is_kept_as_text(world: World) -> None:
    world.say("subscribe", ip="1" * 500, form="<b>\0é" + "x" * 900, reason="\0")
    (one,) = [entry for entry in world.history() if entry.subject == "preference"]
    assert (len(one.ip or ""), (one.form or "")[:4], len(one.form or ""), one.reason) == (64, "<b>é", 500, None)


@pytest.mark.parametrize("wish", ["yes", "subscribe"])
def test_may_send_by_settings(world: World, wish: str) -> None:
    assert world.may().reason == "consent_unknown"
    assert world.may("transactional").allowed
    world.settings(mail_unknown=True)
    assert world.may().reason == "unknown_allowed"
    world.say(wish)
    assert (world.may().allowed, world.may().reason, world.may().at) == (True, "consent_yes", T0)
    assert world.may(profile=BOB).reason == "no_address"
    assert world.may(profile=77).reason == "no_profile"
