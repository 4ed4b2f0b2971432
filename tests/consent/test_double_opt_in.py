"""Sign-ups that wait for their confirmation."""

from tests.consent.world import ALICE, IP, KEY, MAIL, PHONE, T0, World
from tidings.consent import confirming
from tidings.consent.rules import DAY
from tidings.events.reports import Statement
from tidings.kit.signing import Signer


def test_a_sign_up_waits_until_it_is_confirmed(world: World) -> None:
    world.say("subscribe", confirm=True, ip="198.51.100.1", form="popup")
    assert (world.state(), world.active()) == ("unknown", ["pending_opt_in"])
    assert world.may().reason == "pending_opt_in"
    assert world.may("transactional").allowed  # what asks for the confirmation is no advertising
    assert world.names() == ["email-suppression/added pending_opt_in"]
    (opt_in,) = world.opt_ins()
    assert (opt_in.stage, opt_in.ip, opt_in.form, opt_in.event_id) == ("pending", "198.51.100.1", "popup", 1)
    confirmed = world.confirm(opt_in.id, at=300_000, ip=IP)
    assert confirmed is not None
    assert (confirmed.stage, confirmed.closed_at, confirmed.closed_ip) == ("confirmed", T0 + 300_000, IP)
    assert (world.state(), world.active(), world.may().reason) == ("yes", [], "consent_yes")
    removed, subscribed = world.own()
    assert (removed.name, removed.properties["type"]) == ("email-suppression/removed", "pending_opt_in")
    assert subscribed.name == "newsletter/subscribed"
    assert subscribed.properties == {
        "timestamp": "2023-11-14T22:13:20+00:00",
        "email": MAIL,
        "signup_ip": "198.51.100.1",
        "optin_ip": IP,
        "optin_timestamp": "2023-11-14T22:18:20+00:00",
    }
    assert world.told("opt_in") == [("pending", "made"), ("confirmed", "made")]


def test_confirming_twice_is_confirming_once(world: World) -> None:
    world.say("subscribe", confirm=True)
    world.confirm(1)
    before = (world.history(), world.names())
    again = world.confirm(1, at=2000, ip="203.0.113.9")
    assert again is not None
    assert (again.stage, again.closed_ip) == ("confirmed", IP)
    assert (world.history(), world.own()) == (before[0], [])


def test_nothing_else_confirms(world: World) -> None:
    world.say("subscribe", confirm=True)
    world.say("yes")
    world.say("yes", server=False)
    world.say("subscribe", server=False)
    world.say("subscribe")  # once more without a word about confirming
    assert (world.state(), world.active()) == ("unknown", ["pending_opt_in"])
    (opt_in,) = world.opt_ins()  # the same sign-up, renewed
    assert (opt_in.id, opt_in.time) == (1, T0 + 5)
    assert world.names() == ["email-suppression/added pending_opt_in"]


def test_the_shops_server_may_say_that_no_confirmation_is_needed(world: World) -> None:
    world.say("subscribe", confirm=True)
    world.say("subscribe", confirm=False, server=False)
    assert world.state() == "unknown"
    world.say("subscribe", confirm=False)
    assert (world.state(), world.active(), world.opt_ins()[0].stage) == ("yes", [], "replaced")
    found = world.confirm(1)
    assert found is not None
    assert found.stage == "replaced"
    assert world.told("opt_in")[-1] == ("replaced", "made")


def test_coming_back_through_a_browser_needs_confirmation(world: World) -> None:
    world.say("unsubscribe")
    world.say("subscribe", server=False)
    assert world.active() == ["pending_opt_in", "unsubscribed"]
    world.own()
    world.confirm(1)
    assert (world.state(), world.active()) == ("yes", [])
    assert sorted(world.names()) == [
        "email-suppression/removed pending_opt_in",
        "email-suppression/removed unsubscribed",
        "newsletter/subscribed",
    ]
    world.say("unsubscribe", at=500)  # it happened before she confirmed, and came late
    assert (world.state(), world.active()) == ("yes", [])


def test_who_unsubscribes_has_withdrawn_the_sign_up(world: World) -> None:
    world.say("subscribe", confirm=True, at=10)
    world.say("unsubscribe", at=5)  # before it
    assert world.opt_ins()[0].stage == "pending"
    world.say("unsubscribe", at=20)
    assert (world.opt_ins()[0].stage, world.active()) == ("withdrawn", ["unsubscribed"])
    found = world.confirm(1)
    assert found is not None
    assert (found.stage, world.state(), world.active()) == ("withdrawn", "no", ["unsubscribed"])
    world.say("subscribe", confirm=True, at=15)  # late: she has unsubscribed since
    assert world.active() == ["unsubscribed"]
    assert world.told("opt_in")[-1] == ("pending", "late")


def test_a_sign_up_that_was_never_confirmed_expires(world: World) -> None:
    world.say("subscribe", confirm=True, at=0)
    found = world.confirm(1, at=30 * DAY + 1)
    assert found is not None
    assert (found.stage, world.state(), world.active()) == ("expired", "unknown", ["pending_opt_in"])
    world.say("subscribe", confirm=True, at=30 * DAY + 5)
    assert [(one.id, one.stage) for one in world.opt_ins()] == [(1, "expired"), (2, "pending")]
    assert world.confirm(2, at=30 * DAY + 9) is not None
    assert world.state() == "yes"


def test_a_confirmation_is_newer_than_anything_known(world: World) -> None:
    world.say("unsubscribe", at=900)  # by the clock of a sender that is ahead of ours
    world.say("subscribe", server=False, at=901)
    world.confirm(1, at=3)
    assert (world.state(), world.active()) == ("yes", [])


def test_a_yes_for_one_address_is_none_for_another(world: World) -> None:
    world.say("subscribe")
    world.own()
    world.say("subscribe", email="new@example.org", confirm=True)
    assert world.active("new@example.org") == ["pending_opt_in"]
    assert (world.state(), world.active()) == ("yes", [])
    world.own()
    world.confirm(1)
    assert world.names() == ["email-suppression/removed pending_opt_in", "newsletter/subscribed"]
    world.say("subscribe", email="new@example.org", confirm=True, at=5000)
    assert (world.active("new@example.org"), len(world.opt_ins())) == ([], 1)  # there is nothing left to confirm


def test_several_in_one_batch(world: World) -> None:
    ask = Statement(channel="email", wish="subscribe", confirm=True)
    out = Statement(channel="email", wish="unsubscribe")
    world.hear(world.said(ask), world.said(out), world.said(ask), world.said(ask))
    assert [(one.stage, one.time) for one in world.opt_ins()] == [("pending", T0 + 4)]
    assert world.active() == ["pending_opt_in", "unsubscribed"]
    world.hear(world.said(out), world.said(ask))
    assert [one.stage for one in world.opt_ins()] == ["withdrawn", "pending"]


def test_sms_is_confirmed_for_itself(world: World) -> None:
    world.settings(double_opt_in="always")
    world.hear(world.said(Statement(channel="sms", wish="subscribe"), phone=PHONE))
    assert world.active(PHONE, "sms") == ["pending_opt_in"]
    world.confirm(1)
    assert (world.state(channel="sms"), world.state()) == ("yes", "unknown")
    assert world.own()[-1].properties["phone_number"] == PHONE


def test_a_sign_up_of_nobody_becomes_that_of_who_has_the_address(world: World) -> None:
    world.say("subscribe", confirm=True, profile=0)
    world.confirm(1)
    assert world.state(ALICE) == "yes"


def test_a_link_is_signed_for_its_number(world: World) -> None:
    signer = Signer(KEY)
    path = confirming.link_to(signer, 12)
    assert path.startswith("/tidings/confirm/12.")
    token = path.removeprefix(confirming.PATH)
    assert confirming.number_in(signer, token) == 12
    signature = token.partition(".")[2]
    for wrong in (f"13.{signature}", "12", "12.", f"+12.{signature}", f"012.{signature}", f"١٢.{signature}",
                  f"{'9' * 40}.{signature}", f"12.{signature}x", "", ".", f".{signature}", "12.\ud800"):  # fmt: skip
        assert confirming.number_in(signer, wrong) is None, wrong
    assert confirming.number_in(Signer(b"x" * 32), token) is None
