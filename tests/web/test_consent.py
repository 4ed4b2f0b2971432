"""Consent through the API: preferences, suppressions, sign-ups that wait, settings."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.consent.talking import Newsletter
from tests.web.conftest import World

BOB, ANA, STRANGER = "bob@b.org", "ana@shop.example", "stranger@elsewhere.example"


@pytest.fixture(scope="module")
def shop(world: World) -> Newsletter:
    made = Newsletter(world.server)
    made.subscribe(ANA, client_ip="192.0.2.7", form="footer")
    made.unsubscribe(STRANGER, client_ip="192.0.2.8", reason="too much")
    return made


@pytest.fixture
def settings(world: World) -> Iterator[Any]:
    def change(**members: Any) -> Any:
        answer = world.admin("PATCH", "/consent/settings", members)
        assert answer.status == 200, answer.body
        return answer.json()

    yield change
    change(mail_unknown=False, double_opt_in="as_asked", email_stops_sms=False, sms_stops_email=False)


def number(world: World, email: str) -> int:
    return int(world.admin.get(f"/profiles/by/email/{email}")["id"])


def consent(world: World, email: str) -> Any:
    return world.reader.get(f"/profiles/{number(world, email)}/consent")


def found(world: World, query: str = "") -> list[tuple[str, str, str]]:
    items = world.reader.get(f"/suppressions?{query}&limit=200")["items"]
    return [(one["channel"], one["address"], one["type"]) for one in items]


def change(world: World, what: str, *items: dict[str, Any]) -> Any:
    return world.admin("POST", f"/suppressions{what}", {"items": list(items)})


def one(address: str, kind: str = "manually_suppressed", **more: Any) -> dict[str, Any]:
    return {"channel": "email", "address": address, "type": kind, **more}


def test_consent_of_a_customer(world: World, shop: Newsletter) -> None:
    seen = consent(world, ANA)
    mail, sms = seen["channels"]
    assert (mail["channel"], mail["address"], mail["state"]) == ("email", ANA, "yes")
    proof = mail["preference"]
    assert (proof["act"], proof["ip"], proof["form"], proof["address"]) == ("subscribe", "192.0.2.7", "footer", ANA)
    assert proof["source_id"] == shop.source["id"]
    assert world.admin.get(f"/events/{proof['event_id']}")["name"] == "newsletter/subscribe"
    assert (mail["marketing"]["allowed"], mail["marketing"]["reason"]) == (True, "consent_yes")
    assert (sms["state"], sms["preference"], sms["marketing"]["allowed"]) == ("unknown", None, False)
    assert [(line["subject"], line["change"], line["effect"]) for line in seen["history"]] == [
        ("preference", "yes", "made")
    ]
    assert seen["opt_ins"] == []


def test_whether_something_may_be_sent(world: World, shop: Newsletter, settings: Any) -> None:
    path = f"/profiles/{number(world, BOB)}/may-send"
    assert world.reader.get(f"{path}?channel=email&purpose=marketing")["reason"] == "consent_unknown"
    assert world.reader.get(f"{path}?purpose=transactional")["reason"] == "transactional"
    assert world.reader.get(f"{path}?channel=sms")["reason"] == "no_address"
    settings(mail_unknown=True)
    answer = world.reader.get(path)
    assert (answer["allowed"], answer["reason"]) == (True, "unknown_allowed")
    assert answer["text"].startswith("It is not known")
    for query in ("channel=fax", "purpose=spam", "channel=null"):
        assert world.reader("GET", f"{path}?{query}").status == 400
    assert world.reader("GET", "/profiles/999999999/may-send").status == 404


def test_a_wish_is_recorded(world: World, shop: Newsletter) -> None:
    path = f"/profiles/{number(world, STRANGER)}/consent"
    assert world.reader("POST", path, {"channel": "email", "wish": "subscribe"}).status == 403
    assert consent(world, STRANGER)["channels"][0]["marketing"]["reason"] == "unsubscribed"
    for body, field in (
        ({"channel": "email", "wish": "subscribe"}, "reason"),
        ({"channel": "email", "wish": "subscribe", "reason": "call", "address": ANA}, "address"),
        ({"channel": "email", "wish": "subscribe", "reason": "call", "address": "nobody"}, "address"),
        ({"channel": "email", "wish": "maybe"}, "wish"),
        ({"channel": "email"}, "wish"),
    ):
        answer = world.admin("POST", path, body)
        assert (answer.status, answer.json()["detail"][0]["field"]) == (400, field), body
    wish = {"channel": "email", "wish": "subscribe", "reason": "on the telephone"}
    answer = world.admin("POST", path, wish)
    assert answer.status == 200
    (mail, _) = answer.json()["channels"]
    assert (mail["state"], mail["suppressions"], mail["marketing"]["allowed"]) == ("yes", [], True)
    assert mail["preference"]["reason"] == "on the telephone"
    assert answer.json()["history"][0]["by"].startswith("token:")
    no = world.admin("POST", path, {"channel": "email", "wish": "no"}).json()
    assert no["channels"][0]["marketing"]["reason"] == "consent_no"
    assert world.admin("POST", "/profiles/999999999/consent", wish).status == 404


def test_the_history_comes_page_by_page(world: World, shop: Newsletter) -> None:
    shop.subscribe("often@shop.example")
    path = f"/profiles/{number(world, 'often@shop.example')}/consent"
    for wish in ("no", "yes", "no", "yes"):
        assert world.admin("POST", path, {"channel": "email", "wish": wish}).status == 200
    lines, cursor = [], ""
    while True:
        page = world.reader.get(f"{path}/history?limit=2{cursor}")
        lines += [line["change"] for line in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert lines == ["yes", "no", "yes", "no", "yes"]
    assert world.reader("GET", f"{path}/history?cursor=nonsense").status == 400


def test_suppressions_are_added_and_lifted(world: World) -> None:
    assert change(
        world, "", one("Zoe@Shop.example", reason="asked"), one("zoe@shop.example", "hard_bounce")
    ).json() == {"changed": 2}
    assert change(world, "", one("zoe@shop.example")).json() == {"changed": 0}
    assert found(world, "search=ZOE@") == [
        ("email", "zoe@shop.example", "hard_bounce"),
        ("email", "zoe@shop.example", "manually_suppressed"),
    ]
    assert found(world, "search=zoe&type=hard_bounce&channel=email") == [("email", "zoe@shop.example", "hard_bounce")]
    assert change(world, "/lift", one("zoe@shop.example", reason="a mistake")).json() == {"changed": 1}
    assert found(world, "search=zoe@") == [("email", "zoe@shop.example", "hard_bounce")]
    (lifted,) = world.reader.get("/suppressions?search=zoe@&active=false")["items"]
    assert (lifted["active"], lifted["reason"], bool(lifted["lifted"])) == (False, "a mistake", True)
    assert world.reader("POST", "/suppressions", {"items": [one("a@b.example")]}).status == 403


def test_what_cannot_be_added_or_lifted(world: World) -> None:
    bad = change(world, "", one("fine@shop.example"), one("not an address"))
    assert (bad.status, bad.json()["detail"][0]["field"]) == (400, "items[1].address")
    assert found(world, "search=fine@") == []  # all or nothing
    assert change(world, "", one("a@b.example", "pending_opt_in")).status == 409
    assert change(world, "", one("a@b.example", "unheard_of")).status == 400
    assert change(world, "", one("a@b.example", reason="x" * 501)).status == 400
    assert change(world, "").status == 400
    assert change(world, "", *[one(f"{n}@b.example") for n in range(501)]).status == 400
    assert change(world, "/lift", one("a@b.example")).json()["detail"][0]["field"] == "items[0].reason"
    refused = change(world, "/lift", one("a@b.example", "unsubscribed", reason="please"))
    assert (refused.status, "only the customer" in refused.json()["message"]) == (409, True)


def test_lists_come_page_by_page(world: World) -> None:
    longest = "x" * 60 + "@" + ".".join(["y" * 60] * 3) + ".example"
    items = [one(f"page-{n}@list.example", "suspected_as_spam") for n in range(7)] + [one(longest, "suspected_as_spam")]
    items += [{"channel": "sms", "address": f"+49151000000{n}", "type": "suspected_as_spam"} for n in range(3)]
    assert change(world, "", *items).json() == {"changed": 11}
    everything = found(world)
    assert everything == sorted(everything)
    for query in ("", "type=suspected_as_spam", "type=suspected_as_spam&channel=sms", "active=false"):
        seen, cursor = [], ""
        while True:
            page = world.reader.get(f"/suppressions?limit=3&{query}{cursor}")
            assert len(page["items"]) <= 3
            seen += [(row["channel"], row["address"], row["type"]) for row in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert seen == found(world, query), query
    assert len(found(world, "type=suspected_as_spam&channel=sms")) == 3
    for search in ("%2B49%20151", "0049151", "49-151"):
        assert len(found(world, f"search={search}&channel=sms")) == 3
    for cursor in ("nonsense", "WyJldmVudHMiLFs0MV1d", "W10"):
        assert world.reader("GET", f"/suppressions?cursor={cursor}").status == 400


def test_sign_ups_wait_with_their_links(world: World, shop: Newsletter) -> None:
    shop.subscribe("maybe@shop.example", double_optin_required=True, client_ip="192.0.2.9")
    assert world.reader("GET", "/consent/waiting").status == 403  # who has the link can confirm
    waiting = next(
        row for row in world.admin.get("/consent/waiting")["items"] if row["address"] == "maybe@shop.example"
    )
    assert (waiting["stage"], waiting["ip"], waiting["channel"]) == ("pending", "192.0.2.9", "email")
    assert waiting["expires"] > waiting["time"]
    seen = consent(world, "maybe@shop.example")
    assert seen["channels"][0]["marketing"]["reason"] == "pending_opt_in"
    assert "link" not in seen["opt_ins"][0]
    assert re.fullmatch(r"/tidings/confirm/\d+\.[\w-]+", waiting["link"])
    assert world.server.call("POST", waiting["link"], b"").status == 200
    assert consent(world, "maybe@shop.example")["channels"][0]["marketing"]["allowed"]
    assert waiting["id"] not in [row["id"] for row in world.admin.get("/consent/waiting")["items"]]


def test_settings(world: World, settings: Any) -> None:
    assert world.reader.get("/consent/settings") == {
        "mail_unknown": False,
        "double_opt_in": "as_asked",
        "email_stops_sms": False,
        "sms_stops_email": False,
    }
    assert settings(double_opt_in="always")["double_opt_in"] == "always"
    assert settings(sms_stops_email=True)["double_opt_in"] == "always"
    assert world.reader("PATCH", "/consent/settings", {"mail_unknown": True}).status == 403
    for body in ({"double_opt_in": "sometimes"}, {"mail_unknown": "yes"}, {"unknown": 1}):
        assert world.admin("PATCH", "/consent/settings", body).status == 400
    audited = len(world.admin.get("/audit?action=consent&limit=200")["items"])
    settings(sms_stops_email=True)  # as it is
    assert len(world.admin.get("/audit?action=consent&limit=200")["items"]) == audited


def test_nothing_of_another_workspace(world: World, shop: Newsletter) -> None:
    assert world.stranger.get("/suppressions") == {"items": [], "next": None}
    assert world.stranger.get("/consent/waiting") == {"items": [], "next": None}
    assert world.stranger("GET", f"/profiles/{number(world, ANA)}/consent").status == 404
    wish = {"channel": "email", "wish": "unsubscribe"}
    assert world.stranger("POST", f"/profiles/{number(world, ANA)}/consent", wish).status == 404
    assert consent(world, ANA)["channels"][0]["state"] == "yes"
    before = found(world)
    assert world.stranger("POST", "/suppressions", {"items": [one(ANA)]}).json() == {"changed": 1}
    assert found(world) == before
