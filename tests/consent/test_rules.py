"""The rules of consent, case by case."""

import itertools
from typing import Any, get_args

import pytest

from tests.consent.world import MAIL, PHONE, T0
from tidings.consent import rules
from tidings.consent.model import KINDS, Claim, ConsentSettings, Mode, Order, Said, Standing, State, Suppression
from tidings.events.reports import Statement

FREE = Standing()
PENDING = Standing(pending=True)
UNSUBSCRIBED = Standing(state="no", unsubscribed=True)
REFUSED = Standing(state="no")
SETTLED = Standing(state="yes", settled=True)
NOWHERE = Standing(address=False)


@pytest.mark.parametrize(
    ("mode", "confirm", "standing", "wish", "server", "browser"),
    [
        # Nothing stands against it: only the settings and what the shop asked for count.
        ("as_asked", None, FREE, "subscribe", "take", "take"),
        ("as_asked", False, FREE, "subscribe", "take", "take"),
        ("as_asked", True, FREE, "subscribe", "ask", "ask"),
        ("as_asked", None, FREE, "yes", "take", "take"),
        ("as_asked", True, FREE, "yes", "ask", "ask"),
        ("always", None, FREE, "subscribe", "ask", "ask"),
        ("always", False, FREE, "yes", "ask", "ask"),
        ("never", None, FREE, "subscribe", "take", "take"),
        ("never", True, FREE, "subscribe", "take", "ask"),
        # Without an address there is nobody to ask.
        ("always", None, NOWHERE, "subscribe", "hold", "hold"),
        ("as_asked", None, NOWHERE, "subscribe", "take", "take"),
        # Whoever said no comes back by the customer's own act, which a browser cannot prove.
        ("as_asked", None, UNSUBSCRIBED, "subscribe", "take", "ask"),
        ("never", None, UNSUBSCRIBED, "subscribe", "take", "ask"),
        ("as_asked", None, UNSUBSCRIBED, "yes", "take", "hold"),
        ("always", None, UNSUBSCRIBED, "yes", "hold", "hold"),
        ("as_asked", None, REFUSED, "subscribe", "take", "ask"),
        ("as_asked", None, REFUSED, "yes", "take", "hold"),
        # What was asked stays asked, until it is confirmed or the shop's server says that it need not be.
        ("as_asked", None, PENDING, "subscribe", "ask", "ask"),
        ("as_asked", False, PENDING, "subscribe", "take", "ask"),
        ("never", None, PENDING, "subscribe", "take", "ask"),
        ("always", False, PENDING, "subscribe", "ask", "ask"),
        ("as_asked", None, PENDING, "yes", "hold", "hold"),
        ("never", False, PENDING, "yes", "hold", "hold"),
        # A yes to the same address needs no second one.
        ("always", True, SETTLED, "subscribe", "take", "take"),
        ("always", True, SETTLED, "yes", "take", "take"),
    ],
)
def test_what_becomes_of_agreement(
    mode: Mode, confirm: bool | None, standing: Standing, wish: Any, server: str, browser: str
) -> None:
    settings = ConsentSettings(double_opt_in=mode)
    found = [rules.judge(wish, confirm, settings, standing, server=trust) for trust in (True, False)]
    assert found == [server, browser]


def test_a_browser_never_gets_more_than_a_server() -> None:
    more = {"hold": 0, "ask": 1, "take": 2}
    truths = (True, False)
    for mode, confirm, state, unsubscribed, pending, settled in itertools.product(
        get_args(Mode), (None, True, False), get_args(State), truths, truths, truths
    ):
        standing = Standing(state=state, settled=settled, unsubscribed=unsubscribed, pending=pending)
        settings = ConsentSettings(double_opt_in=mode)
        for wish in ("yes", "subscribe"):
            server, browser = (rules.judge(wish, confirm, settings, standing, server=one) for one in truths)
            assert more[browser] <= more[server], (mode, confirm, standing, wish)
            if unsubscribed or pending:
                assert browser != "take", (mode, confirm, standing, wish)


@pytest.mark.parametrize(
    ("channel", "purpose", "address", "active", "state", "unknown", "allowed", "reason"),
    [
        ("email", "marketing", MAIL, [], "yes", False, True, "consent_yes"),
        ("email", "marketing", MAIL, [], "no", True, False, "consent_no"),
        ("email", "marketing", MAIL, [], "unknown", False, False, "consent_unknown"),
        ("email", "marketing", MAIL, [], "unknown", True, True, "unknown_allowed"),
        ("sms", "marketing", PHONE, [], "unknown", True, False, "consent_unknown"),
        ("sms", "marketing", PHONE, [], "yes", False, True, "consent_yes"),
        ("email", "marketing", None, [], "yes", True, False, "no_address"),
        ("sms", "transactional", None, [], "yes", True, False, "no_address"),
        ("email", "transactional", MAIL, [], "no", False, True, "transactional"),
        ("email", "marketing", MAIL, ["soft_bounce", "unsubscribed"], "yes", True, False, "unsubscribed"),
        ("email", "transactional", MAIL, ["unsubscribed", "hard_bounce"], "yes", True, False, "hard_bounce"),
    ],
)
def test_what_may_be_sent(
    channel: Any, purpose: Any, address: Any, active: Any, state: Any, unknown: bool, allowed: bool, reason: str
) -> None:
    found = rules.decide(channel, purpose, address, active, state, mail_unknown=unknown)
    assert (found.allowed, found.reason) == (allowed, reason)
    assert found.text.endswith(".")


@pytest.mark.parametrize("kind", KINDS)
def test_each_type_stops_marketing_and_the_technical_ones_everything(kind: Any) -> None:
    marketing, other = (
        rules.decide("email", purpose, MAIL, [kind], "yes", mail_unknown=True)
        for purpose in ("marketing", "transactional")
    )
    assert (marketing.allowed, marketing.reason) == (False, kind)
    assert other.allowed == (kind not in rules.TECHNICAL)


def said(*statements: Statement, email: str | None = MAIL, phone: str | None = None) -> Said:
    return Said(1, 5, 1, "m", T0, T0, True, 1, email, phone, list(statements))


def claims(*statements: Statement, known: Any = None, **settings: Any) -> list[Claim]:
    return rules.claims(said(*statements), ConsentSettings(**settings), known or {})


def test_an_address_is_the_events_own_unless_it_is_named() -> None:
    found = claims(
        Statement(channel="email", wish="yes"),
        Statement(channel="sms", wish="no"),
        Statement(channel="email", address="b@example.org", wish="no"),
    )
    assert [(one.channel, one.address, one.wish, one.speaks) for one in found] == [
        ("email", MAIL, "yes", False),  # the last one of a channel speaks for the customer
        ("sms", "", "no", True),
        ("email", "b@example.org", "no", True),
    ]


def test_statements_about_one_address_are_one() -> None:
    (found,) = claims(
        Statement(channel="email", wish="yes", confirm=True, ip="1"),
        Statement(channel="email", address=MAIL, wish="unsubscribe", ip="2", reason=" \0why "),
        Statement(channel="email", deleted=False),
    )
    assert (found.wish, found.ip, found.reason, found.deleted, found.confirm) == (
        "unsubscribe",
        "2",
        "why",
        False,
        None,
    )


def test_opt_outs_are_linked_in_the_directions_that_are_on() -> None:
    out = Statement(channel="email", wish="unsubscribe")
    known = {"sms": [PHONE, "+4930123456"]}
    assert len(claims(out, known=known)) == 1
    assert len(claims(out, known=known, sms_stops_email=True)) == 1
    _, first, second = claims(out, known=known, email_stops_sms=True)
    assert [(one.channel, one.address, one.wish) for one in (first, second)] == [
        ("sms", PHONE, "unsubscribe"),
        ("sms", "+4930123456", "unsubscribe"),
    ]
    assert [first.speaks, second.speaks] == [False, True]
    assert "email" in str(first.reason)
    assert len(claims(out, Statement(channel="sms", wish="subscribe"), known=known, email_stops_sms=True)) == 2
    assert [one.address for one in claims(out, email_stops_sms=True)] == [MAIL, ""]
    assert len(claims(Statement(channel="email", wish="no"), known=known, email_stops_sms=True)) == 1


def test_the_newest_moment_decides_whatever_the_order() -> None:
    start = Suppression(workspace_id=1, channel="email", address=MAIL, type="unsubscribed")
    moves = [(Order(1, "a", 1), True), (Order(2, "a", 1), False), (Order(2, "b", 1), True)]
    ends = set()
    for order in itertools.permutations(moves):
        one = start
        for when, add in [*order, *order]:
            one = rules.moved(one, when, Claim(channel="email", reason=f"at {when}"), 1, add=add)
        ends.add((one.active, one.added, one.lifted, one.reason))
    assert ends == {(True, Order(2, "b", 1), Order(2, "a", 1), f"at {Order(2, 'b', 1)}")}


def test_masks() -> None:
    assert rules.mask("email", MAIL) == "a•••@e•••.org"
    assert rules.mask("sms", PHONE) == "+35•••00"
