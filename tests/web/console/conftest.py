"""One server with users of every role, and a stranger's workspace beside theirs."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Running, wait_for
from tests.web.console.visitor import PASSWORD, Visitor
from tidings.tenants.passwords import hashed

ALICE, BOB, CAROL, STRANGER = (f"{name}@example.org" for name in ("alice", "bob", "carol", "stranger"))
ROLES = {"owner": ALICE, "editor": BOB, "viewer": CAROL}


class Console:
    """The server, and who may look at it: Alice owns, Bob edits, Carol views, a stranger owns another workspace."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.import_id = ""
        self.password = hashed(PASSWORD)
        server.cli("workspace", "create", "stranger")
        server.cli("brand", "create", "strange", "--workspace", "stranger")
        for role, email in ROLES.items():
            self.add_user(email, role)
        self.add_user(STRANGER, "owner", "--workspace", "stranger")
        self.visitors = {role: self.signed_in(email) for role, email in ROLES.items()}
        self.owner, self.editor, self.viewer = (self.visitors[role] for role in ROLES)
        self.stranger = self.signed_in(STRANGER)
        self.source = server.cli("source", "create", "segment", "--name", "shop")

    def add_user(self, email: str, role: str, *options: str) -> int:
        """Add somebody with the password of all; return the number."""
        made: int = self.server.cli("user", "create", "--email", email, "--role", role, *options)["id"]
        with sqlite3.connect(self.server.data / "tidings.db", timeout=30) as database:
            database.execute("UPDATE users SET password = ? WHERE id = ?", (self.password, made))
        database.close()
        return made

    def visitor(self, **headers: str) -> Visitor:
        """Return somebody who is not signed in."""
        return Visitor(self.server, headers)

    def signed_in(self, email: str) -> Visitor:
        visitor = self.visitor()
        page = visitor.sign_in(email)
        assert page.status == 303, page.text
        return visitor

    def query(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database."""
        database = sqlite3.connect(f"file:{self.server.data / 'tidings.db'}?mode=ro", uri=True, timeout=30)
        try:
            return database.execute(text, values).fetchall()
        finally:
            database.close()

    def send(self, *messages: dict[str, Any]) -> None:
        """Have events taken and processed."""
        wait_for(lambda: self.server.knows(self.source))
        batch = [{"type": "track"} | message for message in messages]
        answer = self.server.call("POST", "/v1/batch", {"batch": batch}, self.source["write_key"])
        assert answer.status == 200, answer.body
        self.server.processed()

    def imported(self, **fields: str) -> str:
        """Import a list of addresses as an editor; return the number of the import once it is at its end."""
        page = self.editor.post("/console/suppressions/import", {"type": "unsubscribed"} | fields)
        assert page.status == 303, page.text
        wait_for(lambda: "All of the list is done." in self.editor.get(page.location).text)
        return page.location.rpartition("/")[2]

    def known(self) -> dict[str, str]:
        """Return for each path parameter one that is in the first workspace, percent-encoded."""
        workspace = self.query("SELECT id FROM workspaces WHERE name = 'default'")[0][0]

        def newest(table: str, number: str = "id") -> str:
            return str(self.query(f"SELECT max({number}) FROM {table} WHERE workspace_id = ?", workspace)[0][0])

        if not self.query("SELECT 1 FROM tokens WHERE workspace_id = ?", workspace):
            self.server.cli("token", "create", "--name", "known")
        if not self.query("SELECT 1 FROM declared_types WHERE workspace_id = ?", workspace):
            self.server.cli("types", "add", "KNOWN")
        if not self.query("SELECT 1 FROM events WHERE workspace_id = ?", workspace):
            self.send({"userId": "known", "event": "Known"})
        if not self.query("SELECT 1 FROM groups WHERE workspace_id = ? AND id = 'known/1'", workspace):
            self.send({"type": "group", "userId": "known", "groupId": "known/1"})
        if not self.query("SELECT 1 FROM carts WHERE workspace_id = ?", workspace):
            mug = {"product_id": "mug", "price": 12.5}
            self.send(
                {"userId": "known", "event": "Order Completed", "properties": {"order_id": "known", "products": [mug]}},
                {"userId": "known-too", "event": "Product Added", "properties": mug},
            )
        for key, wall in ((self.source["write_key"], workspace), ("nobody's", 0)):
            if not self.query("SELECT 1 FROM refused WHERE workspace_id = ?", wall):
                self.server.call("POST", "/v1/track", b"{", key)
                wait_for(lambda wall=wall: self.query("SELECT 1 FROM refused WHERE workspace_id = ?", wall))
        if not self.import_id:
            self.import_id = self.imported(pasted="known@list.example\nnot an address")
        return {
            "import_id": self.import_id,
            "user_id": str(self.query("SELECT id FROM users WHERE email = ?", CAROL)[0][0]),
            "token_id": newest("tokens"),
            "type_id": newest("declared_types"),
            "brand_id": newest("brands"),
            "source_id": newest("sources"),
            "key_id": newest("credentials"),
            "event_id": newest("events"),
            "profile_id": str(self.query("SELECT max(root_id) FROM profiles WHERE workspace_id = ?", workspace)[0][0]),
            "group_id": "known%2F1",
            "refused_id": newest("refused"),
            "order": newest("orders", "n"),
            "cart": newest("carts", "n"),
            "product": newest("products", "n"),
            "unknown_id": str(self.query("SELECT max(id) FROM refused WHERE workspace_id = 0")[0][0]),
        }


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    data: Path = tmp_path_factory.mktemp("console") / "data"
    server = Running(data).start()
    try:
        yield Console(server)
    finally:
        server.stop()
    assert "a page of the console failed" not in "".join(server.output)
