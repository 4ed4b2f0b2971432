"""A customer is forgotten by a running server: no byte of theirs is left, and they do not come back by themselves."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from tests.serving import Running, wait_for

USER, OLD, EMAIL = "zoë/77-quince", "old-quince-77", "Zoë.Quince+shop@quittenbaum.example"
PHONE, DEVICE, EXTERNAL = "+4930987654321", "7f3c-anon-quince", "GA1.2.3344-quince"
SHOWN = "Zo\u00eb.quince+shop@quittenbaum.example"


def spellings(value: str) -> set[bytes]:
    """Return the bytes that would give a value away."""
    found = set()
    for one in {value, value.lower(), value.upper(), value.casefold()}:
        escaped = json.dumps(one)[1:-1]
        found |= {one, escaped, escaped.replace("/", "\\/"), json.dumps(one, ensure_ascii=False)[1:-1]}
        found |= {quote(one), quote(one, safe=""), quote_plus(one), quote(one, safe="").lower()}
    return {one.encode() for one in found}


def traces(data: Path, *values: str) -> list[tuple[str, bytes]]:
    """Return in which files of a folder something gives somebody away."""
    wanted = {spelling for value in values for spelling in spellings(value)}
    return [
        (path.name, spelling)
        for path in sorted(data.rglob("*"))
        if path.is_file()
        for spelling in wanted
        if spelling in path.read_bytes()
    ]


class Shop:
    """A shop with a server and a web site of its own, which sends what Zoë and Bob do."""

    def __init__(self, server: Running, *workspace: str) -> None:
        self.server = server
        self.key = server.source("segment", "--name", "server", *workspace)["write_key"]
        self.site = server.source("segment", "--name", "site", "--trust", "browser", *workspace)["write_key"]
        self.leads = server.source("ripe", "--name", "leads", *workspace)["api_key"]

    def send(self, call: str, body: Any, key: str | None = None, status: int = 200) -> None:
        assert self.server.call("POST", f"/v1/{call}", body, key or self.key).status == status, body

    def lives(self) -> None:
        """Let Zoë leave traces wherever somebody can."""
        zoe = {"userId": USER, "anonymousId": DEVICE}
        self.send("page", {"anonymousId": DEVICE, "name": f"Page of {EMAIL}", "messageId": f"page-{DEVICE}"}, self.site)
        self.send("identify", {**zoe, "traits": {"email": EMAIL, "phone": PHONE, "n": 1.5}})
        external = {"id": EXTERNAL, "type": "ga_client_id", "collection": "users", "encoding": "none"}
        order = {"event": "Tip Given", "properties": {"revenue": "12.345678", "mail": EMAIL}}
        self.send("track", {**zoe, **order, "context": {"externalIds": [external]}})
        self.send("alias", {"userId": USER, "previousId": OLD})
        self.send("group", {**zoe, "groupId": "acme", "traits": {"owner": EMAIL, "plan": "gold"}, "messageId": USER})
        self.send("group", {**zoe, "groupId": USER, "traits": {"plan": "solo"}})
        self.server.call("POST", "/event/track", {**zoe, "event": "Called", "properties": {}}, self.leads)
        self.send("track", f'{{"userId": "{USER}", "event": '.encode(), status=400)
        self.send("batch", {"batch": [{"type": "track", "userId": USER, "anonymousId": DEVICE}]})
        self.send("track", {"userId": USER, "event": "x"}, "nobody-knows-this-key", status=401)
        self.send("identify", {"userId": "bob", "traits": {"email": "bob@shop.example"}})
        self.send("group", {"userId": "bob", "groupId": "acme", "traits": {"seats": 3}})
        wait_for(lambda: len(self.server.cli("stats")) and self.server.cli("stats")["refused"] >= 2)
        self.server.settled()

    def show(self, user_id: str, *workspace: str) -> Any:
        return self.server.cli("profile", "show", "--user-id", user_id, *workspace)

    def knows(self, *which: str) -> bool:
        try:
            self.server.cli("profile", "show", *which)
        except RuntimeError as error:
            assert "no such profile" in str(error)
            return False
        return True


def test_no_byte_is_left_after_the_compaction(server: Running) -> None:
    shop = Shop(server)
    shop.lives()
    everything = (USER, OLD, EMAIL, PHONE, DEVICE, EXTERNAL)
    bob = shop.show("bob")
    assert {kind for kind in (USER, OLD, EMAIL, PHONE, DEVICE, EXTERNAL) if not traces(server.data, kind)} == set()
    document = server.cli("profile", "export", "--email", EMAIL)
    assert len(document["events"]) == 7
    done = server.cli("profile", "forget", "--email", EMAIL)
    assert done["done"]
    server.cli("compact")
    assert traces(server.data, *everything) == []
    assert not shop.knows("--email", EMAIL)
    assert not shop.knows("--id", str(done["id"]))
    assert shop.show("bob") == bob
    figures = server.settled()
    assert (figures["events"], figures["profiles"], figures["forgotten"]) == (2, 1, 0)

    before = (datetime.fromisoformat(done["at"]) - timedelta(minutes=5)).isoformat()
    late = {"anonymousId": DEVICE, "userId": USER, "timestamp": before}
    shop.send("identify", {**late, "traits": {"email": EMAIL, "old": True}})
    shop.send("track", {"anonymousId": DEVICE, "event": "x", "timestamp": before}, shop.site)
    assert server.settled()["forgotten"] == 2
    assert not shop.knows("--user-id", USER)
    server.cli("compact")
    assert traces(server.data, *everything) == []
    shop.send("identify", {"userId": USER, "traits": {"new": True}})
    server.settled()
    again = shop.show(USER)
    assert again["id"] > done["id"]
    assert (again["event_count"], again["traits"], again["merges"], again["groups"]) == (1, {"new": True}, [], [])
    assert [one["value"] for one in again["identifiers"]] == [USER]
    assert traces(server.data, OLD, EMAIL, PHONE, DEVICE, EXTERNAL) == []
    assert "Traceback" not in "".join(server.output)


def test_another_workspace_and_another_person_are_not_touched(server: Running) -> None:
    server.cli("workspace", "create", "stranger")
    server.cli("brand", "create", "strange", "--workspace", "stranger")
    shop, other = Shop(server), Shop(server, "--workspace", "stranger")
    for each in (shop, other):
        each.send("identify", {"userId": USER, "anonymousId": DEVICE, "traits": {"email": EMAIL}})
        each.send("track", {"userId": "bob", "anonymousId": DEVICE, "event": "Lent the tablet"})
    server.settled()
    theirs, bob = shop.show(USER, "--workspace", "stranger"), shop.show("bob")
    assert DEVICE in [one["value"] for one in bob["identifiers"]]
    server.cli("profile", "forget", "--user-id", USER)
    server.cli("compact")
    assert shop.show(USER, "--workspace", "stranger") == theirs
    assert shop.show("bob") == bob
    before = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    other.send("track", {"userId": USER, "event": "late", "timestamp": before})
    shop.send("track", {"anonymousId": DEVICE, "event": "late", "timestamp": before})
    assert server.settled()["forgotten"] == 0
    assert shop.show(USER, "--workspace", "stranger")["event_count"] == 2
    assert shop.show("bob")["event_count"] == 2


def test_a_forget_and_a_compaction_survive_a_restart(server: Running) -> None:
    """Whatever is asked for while no server runs, or while it is killed, is done by whoever comes next."""
    shop = Shop(server)
    shop.send("identify", {"userId": USER, "traits": {"email": EMAIL}})
    server.settled()
    server.kill()
    assert server.cli("profile", "forget", "--user-id", USER)["done"]
    server.cli("compact")
    assert traces(server.data, USER, EMAIL) == []
    server.start()
    before = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    shop.send("track", {"userId": USER, "event": "late", "timestamp": before})
    assert server.settled()["forgotten"] == 1
    assert not shop.knows("--user-id", USER)
