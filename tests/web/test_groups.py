"""Groups and their members, timelines that are narrowed, and merges that are taken back, through the API."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.fresh import migrated
from tests.web.conftest import Caller, World
from tests.web.test_paging import walk
from tidings.db import Database
from tidings.events import store
from tidings.events.store import Filter


@pytest.fixture(scope="module")
def club(world: World) -> World:
    for number in range(9):
        traits = {"name": f"Club {number}", "size": number}
        world.send("group", {"userId": f"guest-{number}", "groupId": f"club-{number}", "traits": traits})
        world.send("group", {"userId": f"guest-{number}", "groupId": "all/clubs", "traits": {"name": "All Clubs"}})
        world.send("page", {"userId": "guest-0", "name": f"Page {number % 2}"})
    world.server.settled()
    return world


def test_groups_are_listed(club: World) -> None:
    found = club.admin.get("/groups?limit=200")["items"]
    moments = [group["first_seen"] for group in found]
    assert moments == sorted(moments, reverse=True)
    everybody = next(group for group in found if group["id"] == "all/clubs")
    assert (everybody["name"], everybody["member_count"]) == ("All Clubs", 9)
    assert walk(club, "/groups", 3) == [group["id"] for group in found]


@pytest.mark.parametrize(
    ("search", "count"),
    [("club-", 9), ("CLUB%201", 1), ("club", 9), ("all%20cl", 1), ("all/", 1), ("Club-", 0), ("x", 0)],
)
def test_groups_are_searched(club: World, search: str, count: int) -> None:
    found = walk(club, f"/groups?search={search}", 2)
    assert (len(found), len(set(found))) == (count, count)


def test_a_group_knows_its_members(club: World) -> None:
    assert club.admin.get("/groups/all%2Fclubs")["member_count"] == 9
    found = club.admin.get("/group-members/all%2Fclubs")["items"]
    assert [one["identifiers"][0]["value"] for one in found] == [f"guest-{number}" for number in reversed(range(9))]
    assert walk(club, "/group-members/all%2Fclubs", 2) == [one["id"] for one in found]
    assert club.admin("GET", "/group-members/unknown").status == 404
    assert club.stranger("GET", "/group-members/all%2Fclubs").status == 404


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("verb=page", lambda e: e["verb"] == "page"),
        ("name=Page+1", lambda e: e["name"] == "Page 1"),
        ("verb=group&source_id={source_id}", lambda e: e["verb"] == "group"),
        ("source_id={source_id}", lambda e: True),
        ("name=none", lambda e: False),
    ],
)
def test_a_timeline_is_narrowed(club: World, query: str, fits: Callable[[Any], bool]) -> None:
    path = f"/profiles/{club.person('guest-0')['id']}/timeline"
    expected = [event["id"] for event in club.admin.get(f"{path}?limit=200")["items"] if fits(event)]
    assert walk(club, f"{path}?{query.format(source_id=club.source_id)}", 2) == expected


def test_a_timeline_of_another_workspaces_source_is_not_there(club: World) -> None:
    _, own = club.source(club.stranger, "apart")
    assert club.admin("GET", f"/profiles/{club.person('guest-0')['id']}/timeline?source_id={own}").status == 404


@pytest.mark.parametrize("profiles", [[1], list(range(1, 31))])
@pytest.mark.parametrize("which", [Filter(), Filter(verb="page"), Filter(name="n3"), Filter(source_id=2, verb="page")])
def test_a_rare_event_of_a_timeline_is_found_in_bounded_steps(
    tmp_path: Path, monkeypatch: Any, profiles: list[int], which: Filter
) -> None:
    monkeypatch.setattr(store, "LOOKED_AT", 10)
    monkeypatch.setattr(store, "TOGETHER", 4)
    migrated(tmp_path / "tidings.db", 1)
    database = Database(tmp_path / "tidings.db")
    rows = [
        (n, 1, 1 + n % 2, profiles[n % len(profiles)], "page" if n % 37 == 0 else "track", f"n{n % 5}", 500 - n // 3, n,
         f"m{n}", msgspec.Raw(b"{}"))
        for n in range(1, 300)
    ]  # fmt: skip
    database.write_now(store.add, rows)
    database.write_now(store.add_timeline, [(1, row[3], row[6], row[0]) for row in rows])

    def fits(row: Any) -> bool:
        return which.verb in (None, row[4]) and which.name in (None, row[5]) and which.source_id in (None, row[2])

    found: list[int] = []
    before: tuple[int, int] | None = None
    for _ in range(300):
        page, before = database.read_now(store.find_timeline, 1, profiles, which, before, 4)
        assert len(page) <= 4
        found += [row["id"] for row in page]
        if before is None:
            break
    database.close()
    assert found == [row[0] for row in sorted(rows, key=lambda row: (row[6], row[0]), reverse=True) if fits(row)]


def test_a_merge_is_taken_back(club: World) -> None:
    club.send("identify", {"userId": "whole", "traits": {"email": "whole@example.org"}})
    club.send("identify", {"anonymousId": "half", "traits": {"phone": "+351910000000"}})
    club.server.settled()
    half = club.admin.get("/profiles/by/anonymous_id/half")["id"]
    whole = club.person("whole")["id"]
    assert club.admin("POST", f"/profiles/{half}/unmerge").status == 409
    club.send("identify", {"userId": "whole", "traits": {"phone": "+351910000000"}})
    club.server.settled()
    assert club.admin.get(f"/profiles/{half}")["id"] == whole
    assert club.reader("POST", f"/profiles/{half}/unmerge").status == 403
    assert club.stranger("POST", f"/profiles/{half}/unmerge").status == 404
    writer = Caller(club.server, club.admin.make("/tokens", {"name": "writer", "scopes": ["write"]})["secret"])
    answer = writer("POST", f"/profiles/{half}/unmerge")
    assert (answer.status, answer.json()["id"], answer.json()["merges"]) == (200, half, [])
    assert club.admin.get(f"/profiles/{whole}")["merges"] == []
    deed = club.admin.get("/audit?action=profile.unmerged")["items"][0]
    assert (deed["subject"], deed["detail"]) == (f"profile:{half}", {"out_of": whole})


def test_removed_traits_are_told(club: World) -> None:
    club.send("identify", {"userId": "fickle", "traits": {"plan": "gold", "kept": 1}})
    club.send("identify", {"userId": "fickle", "traits": {"plan": None}, "messageId": "removes"})
    club.server.settled()
    found = club.person("fickle")
    assert found["traits"] == {"kept": 1}
    assert found["removed_traits"]["plan"]["message_id"] == "removes"


@pytest.mark.parametrize("search", ["+351%20920%20000%20000", "00351920000000", "351920000000", "CALLER@Example.ORG"])
def test_a_profile_is_found_by_what_is_pasted(club: World, search: str) -> None:
    traits = {"phone": "+351 920 000 000", "email": "caller@example.org"}
    club.send("identify", {"userId": "caller", "traits": traits, "messageId": "caller-1"})
    club.server.settled()
    (found,) = club.admin.get(f"/profiles?search={search}")["items"]
    assert found["id"] == club.person("caller")["id"]
    assert found["lifetime_value"] == {}
    assert club.admin.get(f"/profiles?search={found['id']}")["items"][0]["id"] == found["id"]
