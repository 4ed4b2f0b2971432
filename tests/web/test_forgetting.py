"""The routes that retry, export and forget; each test in a workspace of its own, since they take things away."""

import http.client
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from tests.serving import wait_for
from tests.web.conftest import V1, Caller, World

MANY = 1_100


class Place:
    """A workspace with a source and tokens of every scope."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        world.server.cli("workspace", "create", name)
        world.server.cli("brand", "create", name, "--workspace", name)
        self.admin, self.writer, self.reader = (
            Caller(world.server, world.server.cli("token", "create", "--scope", scope, "--workspace", name)["token"])
            for scope in ("admin", "write", "read")
        )
        wait_for(lambda: self.reader("GET", "/stats").status == 200)
        self.key, self.source_id = world.source(self.admin, name)

    def send(self, call: str, **body: Any) -> None:
        self.world.send(call, body, self.key)

    def person(self, kind: str, value: str) -> Any:
        wait_for(lambda: self.reader("GET", f"/profiles/by/{kind}/{value}").status == 200)
        return self.reader.get(f"/profiles/by/{kind}/{value}")

    def refuse(self, body: str, **members: Any) -> int:
        """Put an event on the refused list, as a pipeline does that could not apply it; return its number."""
        with closing(sqlite3.connect(self.world.server.data / "tidings.db", timeout=30)) as database:
            (wall,) = database.execute("SELECT workspace_id FROM sources WHERE id = ?", (self.source_id,)).fetchone()
            of_source = {"workspace_id": wall, "source_id": self.source_id, "received": 1}
            record = of_source | {
                "trust": "server",
                "id_space": "",
                "events": [json.loads(body)] if body != "{" else [],
            }
            row = of_source | {"stage": "pipeline", "code": "E", "message": "m", "body": body}
            row |= {"record": json.dumps(record)} | members
            columns, marks = ", ".join(row), ", ".join("?" * len(row))
            number = database.execute(
                f"INSERT INTO refused ({columns}) VALUES ({marks})", tuple(row.values())
            ).lastrowid
            database.commit()
        assert number is not None
        return number

    def deeds(self) -> list[tuple[str, str]]:
        return [(deed["action"], deed["subject"]) for deed in self.admin.get("/audit")["items"]]


def event(message: str, user: str = "alice") -> str:
    return f'{{"verb":"track","message_id":"{message}","time":1700000000000,"name":"Back","user_id":"{user}"}}'


def test_a_refused_event_is_applied_again(world: World) -> None:
    place = Place(world, "retrying")
    number = place.refuse(event("again-1"))
    (listed,) = [one for one in place.reader.get("/refused")["items"] if one["id"] == number]
    assert listed["retryable"] is True
    assert place.reader("POST", f"/refused/{number}/retry").status == 403
    answer = place.writer("POST", f"/refused/{number}/retry")
    assert (answer.status, answer.json()) == (200, {"id": number, "done": True})
    assert [one["name"] for one in place.reader.get("/events?message_id=again-1")["items"]] == ["Back"]
    assert place.writer("POST", f"/refused/{number}/retry").status == 404
    assert place.deeds()[0] == ("event.retried", f"refused:{number}")


def test_what_was_refused_at_the_edge_is_not_applied(world: World) -> None:
    place = Place(world, "correcting")
    number = place.refuse("{", stage="edge", record=None)
    assert [one["retryable"] for one in place.reader.get("/refused")["items"]] == [False]
    answer = place.writer("POST", f"/refused/{number}/retry")
    assert (answer.status, answer.json()["code"]) == (409, "conflict")
    assert "its sender was told" in answer.json()["message"]
    assert len(place.reader.get("/refused")["items"]) == 1


def test_a_customer_is_forgotten(world: World) -> None:
    place = Place(world, "forgetting")
    place.send("identify", anonymousId="laptop", traits={"plan": "free"})
    place.send("identify", userId="alice", anonymousId="laptop", traits={"email": "alice@example.org"})
    place.send("track", userId="bob", event="Bought")
    bob, alice = place.person("user_id", "bob"), place.person("user_id", "alice")
    assert place.writer("POST", f"/profiles/{alice['id']}/forget").status == 403
    answer = place.admin("POST", f"/profiles/{alice['id']}/forget")
    done = answer.json()
    assert (answer.status, done["id"], done["done"]) == (200, alice["id"], True)
    assert place.reader("GET", f"/profiles/{alice['id']}").status == 404
    assert place.reader("GET", "/profiles/by/email/alice@example.org").status == 404
    assert place.admin("POST", f"/profiles/{alice['id']}/forget").status == 404
    assert place.person("user_id", "bob") == bob
    place.send("track", userId="alice", event="Late", timestamp="2020-01-01T00:00:00Z", messageId="late")
    wait_for(lambda: place.reader.get("/stats")["forgotten"] == 1)
    figures = place.reader.get("/stats")
    assert (figures["events"], figures["profiles"], figures["sources"][0]["events"]) == (1, 1, 1)
    assert place.reader.get("/events?message_id=late")["items"] == []
    assert [one["profile_id"] for one in place.reader.get("/events")["items"]] == [bob["id"]]
    assert place.deeds()[0] == ("profile.forgotten", f"profile:{alice['id']}")
    assert "alice" not in str(place.admin.get("/audit"))


def test_an_erased_event_is_not_found_by_its_message_id(world: World) -> None:
    place = Place(world, "erasing")
    place.send("track", userId="alice", event="Bought", messageId="once")
    alice = place.person("user_id", "alice")
    place.admin("POST", f"/profiles/{alice['id']}/forget")
    assert place.reader.get("/events?message_id=once") == {"items": [], "next": None}


def test_an_export_is_sent_as_it_is_read(world: World) -> None:
    place = Place(world, "exporting")
    place.send("identify", userId="alice", traits={"exact": Decimal("12345678901234567890.10")})
    for start in range(0, MANY, 100):
        many = [{"type": "track", "userId": "alice", "event": f"e{n}"} for n in range(start, start + 100)]
        place.send("batch", batch=many)
    alice = place.person("user_id", "alice")
    wait_for(lambda: place.person("user_id", "alice")["event_count"] == MANY + 1)
    path = f"/profiles/{alice['id']}/export"
    assert place.writer("GET", path).status == 403
    answer = place.admin("GET", path)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == f'attachment; filename="profile-{alice["id"]}.json"'
    found = json.loads(answer.body, parse_float=Decimal)
    assert b"12345678901234567890.10" in answer.body
    assert [one["value"] for one in found["traits"]] == [Decimal("12345678901234567890.10")]
    assert [one["event"].get("name") for one in found["events"][1:]] == [f"e{n}" for n in range(MANY)]
    assert place.deeds()[0] == ("profile.exported", f"profile:{alice['id']}")
    assert place.admin("GET", "/profiles/999999/export").status == 404


def test_a_client_that_goes_away_during_an_export_harms_nobody(world: World) -> None:
    place = Place(world, "leaving")
    for _ in range(3):
        place.send("batch", batch=[{"type": "track", "userId": "alice", "event": "x" * 900} for _ in range(300)])
    alice = place.person("user_id", "alice")
    for _ in range(8):  # more than there are readers
        connection = http.client.HTTPConnection("127.0.0.1", world.server.port, timeout=30)
        headers = {"Authorization": f"Bearer {place.admin.token}"}
        connection.request("GET", f"{V1}/profiles/{alice['id']}/export", headers=headers)
        assert connection.getresponse().read(1) == b"{"
        connection.close()
    assert place.admin("GET", f"/profiles/{alice['id']}/export").status == 200


@pytest.mark.parametrize("path", ["/profiles/1/forget", "/refused/1/retry"])
def test_a_body_is_not_needed(world: World, path: str) -> None:
    assert world.stranger("POST", path, {}).status == world.stranger("POST", path).status == 404
