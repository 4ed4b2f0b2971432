"""A customer who is forgotten leaves nothing but hashes, and is not written to again."""

import msgspec
from sqlalchemy import select

from tests.consent.world import ALICE, BOB, IP, KEY, MAIL, PHONE, STRANGER, World
from tidings.consent import service, store, tables
from tidings.profiles import forgotten_store
from tidings.profiles import store as profiles

TABLES = [tables.preferences, tables.suppressions, tables.opt_ins, tables.history]


def rows(world: World, workspace: int = 1) -> dict[str, list[tuple[object, ...]]]:
    with world.tx.begin():
        return {
            table.name: [tuple(row) for row in world.tx.execute(select(table).where(table.c.workspace_id == workspace))]
            for table in TABLES
        }


def forget(world: World) -> None:
    """Do what the pipeline does."""
    with world.tx.begin():
        names = forgotten_store.names(world.tx, 1, [ALICE])
        forgotten_store.erase(world.tx, 1, [ALICE])
        kinds = {"email": "email", "phone": "sms"}
        places = [(kinds[name.kind], name.value) for name in names]
        service.forget(world.tx, 1, [ALICE], places, KEY)  # type: ignore[arg-type]


def come_back(world: World, profile: int = 50) -> None:
    with world.tx.begin():
        profiles.save_profiles(world.tx, [(profile, 1, profile, 1, 1, 1)])
        profiles.save_identifiers(world.tx, [(1, "email", MAIL, profile, 1, 1)])


def fill(world: World) -> None:
    world.say("subscribe", ip=IP, form=f"form of {MAIL}", message_id=f"{MAIL}-1")
    world.say("unsubscribe", ip=IP, reason=MAIL, message_id=f"{MAIL}-2")
    world.say("subscribe", server=False)
    world.say("subscribe", channel="sms", phone=PHONE)
    world.say(None, channel="sms", phone=PHONE, deleted=True)
    world.say(None, channel="sms", phone=PHONE, deleted=False)
    world.say("yes", profile=BOB, email="bob@example.org")
    world.say("unsubscribe", profile=BOB, email=MAIL)  # another's event about her address
    world.say("no", profile=BOB, email="bob@example.org")
    world.say("unsubscribe", workspace_id=2, profile=STRANGER)


def test_only_hashes_of_active_suppressions_stay(world: World) -> None:
    fill(world)
    elsewhere = rows(world, 2)
    before = repr(rows(world))
    forget(world)
    after = rows(world)
    for trace in ("alice", PHONE, IP):
        assert trace in before, trace
        assert trace not in repr(after), trace
    assert sorted((row[3], row[4], row[5]) for row in after["consent_suppressions"]) == [
        ("unsubscribed", True, True),
    ]
    assert [row[1] for row in after["consent_preferences"]] == [BOB]
    assert after["consent_opt_ins"] == []
    assert {row[2] for row in after["consent_history"]} == {BOB}
    assert rows(world, 2) == elsewhere
    with world.tx.begin():
        assert store.list_suppressions(world.tx, 1, "email", (), "", ("", ""), 9) == []


def test_who_has_unsubscribed_and_comes_back_is_not_mailed(world: World) -> None:
    world.settings(mail_unknown=True)
    world.say("unsubscribe")
    forget(world)
    come_back(world)
    assert world.may(profile=50).reason == "unsubscribed"
    world.say("yes", profile=50)
    assert world.may(profile=50).reason == "unsubscribed"
    world.say("subscribe", profile=50, server=False)
    assert world.active() == ["pending_opt_in", "unsubscribed"]
    world.own()
    world.say("subscribe", profile=50, confirm=False)
    assert world.may(profile=50).reason == "consent_yes"
    assert "email-suppression/removed unsubscribed" in world.names()


def test_forgetting_again_after_coming_back(world: World) -> None:
    world.say("unsubscribe")
    forget(world)
    come_back(world, ALICE)
    world.say("subscribe")
    forget(world)
    assert rows(world)["consent_suppressions"] == []  # she came back before: nothing keeps her out any more
    come_back(world, ALICE)
    world.say("unsubscribe")
    forget(world)
    forget(world)
    with world.tx.begin():
        service.forget(world.tx, 1, [ALICE], [("email", MAIL)], KEY)
    assert [row[3:6] for row in rows(world)["consent_suppressions"]] == [("unsubscribed", True, True)]
    assert world.active() == ["unsubscribed"]


def test_a_link_of_somebody_who_was_forgotten_leads_nowhere(world: World) -> None:
    world.say("subscribe", confirm=True)
    forget(world)
    assert world.confirm(1) is None
    world.say("subscribe", confirm=True, email="next@example.org", profile=BOB)
    assert [one.id for one in world.opt_ins()] == [2]  # her number becomes nobody else's


def test_an_export_has_all_of_it_and_nothing_of_others(world: World) -> None:
    fill(world)
    with world.tx.begin():
        found = service.export_of(world.tx, 1, [ALICE])["consent"]
        other = service.export_of(world.tx, 2, [STRANGER])["consent"]
        assert service.export_of(world.tx, 2, [ALICE])["consent"] == {
            "preferences": [], "suppressions": [], "opt_ins": [], "history": [],
        }  # fmt: skip
    assert {row["channel"]: row["state"] for row in found["preferences"]} == {"email": "no", "sms": "yes"}
    assert {(row["channel"], row["type"]) for row in found["suppressions"] if row["active"]} == {
        ("email", "unsubscribed")
    }
    assert [row["stage"] for row in found["opt_ins"]] == ["withdrawn"]
    assert "bob@example.org" not in repr(found)
    assert found["history"][-1]["time"] == "2023-11-14T22:13:20.001Z"
    assert len(other["history"]) == 2
    assert msgspec.json.encode(found)
