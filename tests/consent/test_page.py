"""The public page of a sign-up: from the event to the confirmation, over HTTP."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.consent.world import MAIL, PHONE
from tests.serving import Answer, Running, wait_for
from tidings.consent import confirming
from tidings.db import Database
from tidings.events.model import Event, Record
from tidings.events.pending_store import RECORD, add
from tidings.events.reports import Statement
from tidings.folder import Folder
from tidings.kit import clock
from tidings.kit.signing import Signer

DAY = 86_400_000


class Site:
    """A server to which sign-ups are told as own events, and the links to them."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.signer = Signer(Folder(server.data).make_secret())
        self._events = 0

    def tell(self, email: str, statement: Statement, **members: Any) -> None:
        """Let an event say something, as the shop's server would, and wait until it is applied."""
        self._events += 1
        now = clock.now()
        event = Event(
            verb="track", message_id=f"told-{self._events}", time=now, name="newsletter/subscribe", email=email,
            statements=[statement], **members,
        )  # fmt: skip
        made = Record(workspace_id=1, source_id=0, trust="server", id_space="", received=now, events=[event])
        database = Database(self.server.data / "tidings.db")
        database.write_now(add, 1, RECORD, msgspec.json.encode(made).decode(), now)
        database.close()
        wait_for(lambda: not self.rows("SELECT 1 FROM pending_events"))

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.server.data / "tidings.db")) as database:
            found = database.execute(query, values).fetchall()
            database.commit()
            return found

    def sign_up(self, email: str, **members: Any) -> str:
        """Let somebody sign up; return the path of the link."""
        given: dict[str, Any] = {"channel": "email", "wish": "subscribe", "confirm": True}
        statement = Statement(**(given | members))
        self.tell(email, statement, **({"phone": PHONE} if statement.channel == "sms" else {}))
        address = PHONE if statement.channel == "sms" else email
        query = "SELECT id FROM consent_opt_ins WHERE address = ? AND stage = 'pending'"
        wait_for(lambda: self.rows(query, address))
        return confirming.link_to(self.signer, self.rows(query, address)[0][0])

    def get(self, path: str, method: str = "GET") -> Answer:
        return self.server.call(method, path)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data: Path = tmp_path_factory.mktemp("consent") / "data"
    server = Running(data).start()
    server.source()
    yield Site(server)
    server.stop()
    assert "could not be confirmed" not in "".join(server.output)


def text(answer: Answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*</style>|<[^>]*>", " ", answer.body.decode(), flags=re.DOTALL))


def test_from_the_sign_up_to_the_own_event(site: Site) -> None:
    path = site.sign_up(MAIL, ip="198.51.100.1")
    for _ in range(2):  # whoever looks through mail follows links
        page = site.get(path)
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "a•••@e•••.org" in text(page)
        assert MAIL not in page.body.decode()
        assert '<form method="post">' in page.body.decode()
    assert site.rows("SELECT stage FROM consent_opt_ins WHERE address = ?", MAIL) == [("pending",)]
    done = site.get(path, "POST")
    assert (done.status, "Thank you" in text(done), "<form" in done.body.decode()) == (200, True, False)
    again = site.get(path, "POST")
    assert (again.status, text(again)) == (200, text(done))
    assert text(site.get(path)) == text(done)
    site.server.settled()
    told = [json.loads(row[0]) for row in site.rows("SELECT body FROM events WHERE name = 'newsletter/subscribed'")]
    (properties,) = [one["properties"] for one in told]
    assert (properties["email"], properties["signup_ip"], properties["optin_ip"]) == (MAIL, "198.51.100.1", "127.0.0.1")
    assert properties["optin_timestamp"].endswith("+00:00")
    kinds = site.rows("SELECT profile_id FROM events WHERE name LIKE 'email-suppression/%' OR name LIKE 'newsletter/%'")
    assert len(kinds) == 1 + 2 + 1  # the sign-up, added, removed, subscribed
    assert len(set(kinds)) == 1  # all of one customer


def test_the_headers_let_nothing_in(site: Site) -> None:
    page = site.get(site.sign_up("headers@example.org"))
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    assert "<script" not in page.body.decode()
    head = site.get(site.sign_up("headers@example.org"), "HEAD")
    assert (head.status, head.body) == (200, b"")


def test_sms(site: Site) -> None:
    path = site.sign_up("sms@example.org", channel="sms")
    assert "text messages to +35•••00" in text(site.get(path))
    assert site.get(path, "POST").status == 200
    assert site.rows("SELECT state FROM consent_preferences WHERE channel = 'sms'") == [("yes",)]


def test_links_that_are_not_ours(site: Site) -> None:
    path = site.sign_up("wrong@example.org")
    other = confirming.link_to(Signer(b"x" * 32), 1)
    for wrong in (
        f"{path}x",
        path[:-1],
        other,
        "/tidings/confirm/",
        "/tidings/confirm/1",
        f"{path}/",
        f"{path}{'x' * 900}",
    ):
        for method in ("GET", "POST"):
            answer = site.get(wrong, method)
            assert (answer.status, "does not work" in text(answer)) == (404, True), wrong
    gone = confirming.link_to(site.signer, 999_999)
    assert site.get(gone, "POST").status == 404
    answer = site.get(path, "DELETE")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert site.rows("SELECT stage FROM consent_opt_ins WHERE address = 'wrong@example.org'") == [("pending",)]


def test_links_that_have_ended(site: Site) -> None:
    path = site.sign_up("late@example.org")
    site.rows("UPDATE consent_opt_ins SET asked_at = asked_at - ? WHERE address = 'late@example.org'", 31 * DAY)
    for method in ("GET", "POST"):
        answer = site.get(path, method)
        assert (answer.status, "expired" in text(answer)) == (410, True)
    path = site.sign_up("back@example.org")
    site.tell("back@example.org", Statement(channel="email", wish="unsubscribe"))
    site.server.settled()
    answer = site.get(path, "POST")
    assert (answer.status, "withdrawn" in text(answer)) == (410, True)
    query = "SELECT type FROM consent_suppressions WHERE active AND address = 'back@example.org'"
    assert site.rows(query) == [("unsubscribed",)]


def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    server = Running(tmp_path / "data").start()
    try:
        answers = [server.call("GET", f"/tidings/confirm/{n}.x") for n in range(40)]
    finally:
        server.stop()
    refused = [one for one in answers if one.status == 429]
    assert 5 <= len(refused) <= 10
    assert int(refused[0].headers["retry-after"]) >= 1
    assert {one.status for one in answers} == {404, 429}
