"""Set-up of the first owner, signing in and out, sessions and their ends."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Running, wait_for
from tests.web.console.conftest import ALICE, Console
from tests.web.console.visitor import PASSWORD, Visitor
from tidings.tenants.sessions import IDLE, LONGEST
from tidings.web.console.guard import local

OWNER = "owner@example.org"


def code_of(server: Running) -> str:
    found = re.search(r"^Console: \S+/console/set-up#(\S+) \(set-up code: (\S+)\)$", "".join(server.output), re.M)
    assert found
    assert found[1] == found[2]
    return found[1]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Running]:
    server = Running(tmp_path / "data").start()
    yield server
    server.stop()


def test_the_first_owner_is_set_up_with_the_printed_code(fresh: Running) -> None:
    visitor = Visitor(fresh)
    for path in ("/console", "/console/users", "/console/sign-in"):
        assert visitor.get(path).location == "/console/set-up", path
    form = visitor.get("/console/set-up")
    assert form.status == 200
    fields = {"code": code_of(fresh), "email": " Owner@Example.org ", "password": PASSWORD}
    wrong = [
        ({"code": "AAAA-AAAA"}, "This is not the code"),
        ({"code": ""}, "Fill this in"),
        ({"email": "nobody"}, "This is no mail address"),
        ({"password": "short"}, "Use at least 10 characters"),
        ({"password": "aaaaaaaaaaaa"}, "This is too easy to guess"),
        ({"password": OWNER}, "This is too easy to guess"),
        ({"password": "x" * 201}, "Use at most 200 characters"),
    ]
    for changes, words in wrong:
        page = visitor.post("/console/set-up", fields | changes, form.csrf)
        assert page.status == 422, changes
        assert page.faults[0].startswith(words), changes
        assert 'value=" Owner@Example.org "' in page.text or "email" in changes
        assert "autofocus" in page.text
    page = visitor.post("/console/set-up", fields | {"code": fields["code"].lower().replace("-", " ")}, form.csrf)
    assert (page.status, page.location) == (303, "/console")
    assert OWNER in visitor.get("/console/account").text
    assert fresh.cli("user", "list")[0]["role"] == "owner"
    late = Visitor(fresh)
    assert late.get("/console/set-up").location == "/console/sign-in"
    assert late.post("/console/set-up", fields).location == "/console/sign-in"
    assert len(fresh.cli("user", "list")) == 1
    fresh.stop()
    fresh.output.clear()
    fresh.start()
    assert "set-up" not in "".join(fresh.output)


def test_set_up_codes_cannot_be_guessed(fresh: Running) -> None:
    visitor = Visitor(fresh)
    csrf = visitor.get("/console/set-up").csrf
    fields = {"code": "AAAA-AAAA", "email": OWNER, "password": PASSWORD}
    assert [visitor.post("/console/set-up", fields, csrf).status for _ in range(10)] == [422] * 10
    other = Visitor(fresh)
    page = other.post("/console/set-up", fields | {"code": code_of(fresh)}, other.get("/console/set-up").csrf)
    assert page.status == 429
    assert 1 <= int(page.headers["retry-after"]) <= 60
    assert "Too many codes were tried" in page.said[0]


def test_a_user_of_the_command_line_ends_the_set_up(fresh: Running) -> None:
    visitor = Visitor(fresh)
    csrf = visitor.get("/console/set-up").csrf
    password = fresh.cli("user", "create", "--email", OWNER, "--role", "owner")["password"]
    page = visitor.post("/console/set-up", {"code": code_of(fresh), "email": "x@y.zz", "password": PASSWORD}, csrf)
    assert page.location == "/console/sign-in"
    assert visitor.sign_in(OWNER, password).status == 303


def test_signing_in_and_out(console: Console) -> None:
    visitor = console.visitor()
    before = visitor.get("/console/sign-in")
    assert before.status == 200
    page = visitor.sign_in("ALICE@example.org ")
    assert (page.status, page.location) == (303, "/console")
    (session,) = [cookie for cookie in page.cookies if cookie.startswith("tidings_session=")]
    assert re.fullmatch(r"tidings_session=\w{43}; Path=/console; SameSite=Lax; HttpOnly; Max-Age=1209600", session)
    cookie = visitor.cookies["tidings_session"]
    assert console.query("SELECT count(*) FROM sessions WHERE fingerprint LIKE ?", f"%{cookie}%") == [(0,)]
    assert visitor.get("/console/account").csrf != before.csrf
    assert visitor.get("/console/sign-in").location == "/console"
    page = visitor.post("/console/sign-out")
    assert page.location == "/console/sign-in"
    assert "tidings_session" not in visitor.cookies
    visitor.cookies["tidings_session"] = cookie
    assert visitor.get("/console/account").status == 303
    rows = console.query("SELECT action, ip FROM audit WHERE subject = 'user:1' ORDER BY id DESC LIMIT 2")
    assert rows == [("session.closed", "127.0.0.1"), ("session.opened", "127.0.0.1")]


def test_each_sign_in_is_a_session_of_its_own(console: Console) -> None:
    first, second = console.signed_in(ALICE), console.signed_in(ALICE)
    assert first.cookies["tidings_session"] != second.cookies["tidings_session"]
    assert first.csrf() != second.csrf()
    assert first.post("/console/sign-out", csrf=second.csrf()).status == 403


def test_signing_in_as_another_ends_the_session_before(console: Console) -> None:
    visitor = console.signed_in(ALICE)
    cookie = visitor.cookies["tidings_session"]
    assert visitor.sign_in("carol@example.org").status == 303
    assert "carol@example.org" in visitor.get("/console/account").text
    visitor.cookies["tidings_session"] = cookie
    assert visitor.get("/console/account").status == 303


def test_a_wrong_password_says_no_more_than_that(console: Console) -> None:
    texts = []
    for email in (ALICE, "nobody@example.org"):
        visitor = console.visitor()
        page = visitor.sign_in(email, "not the password")
        assert page.status == 422
        assert not any(cookie.startswith("tidings_session") for cookie in page.cookies)
        texts.append(page.text.replace(email, "").replace(visitor.csrf(), ""))
        assert "not the password" not in page.text
    assert texts[0] == texts[1]
    last = "SELECT action, subject FROM audit ORDER BY id DESC LIMIT 1"
    wait_for(lambda: console.query(last) == [("session.refused", "user:1")])


def test_an_unknown_address_takes_as_long(console: Console) -> None:
    def seconds(email: str) -> float:
        visitor = console.visitor()
        csrf = visitor.get("/console/sign-in").csrf
        begin = time.perf_counter()
        visitor.post("/console/sign-in", {"email": email, "password": "not the password"}, csrf)
        return time.perf_counter() - begin

    known = min(seconds("bob@example.org") for _ in range(3))
    unknown = min(seconds(f"nobody{i}@example.org") for i in range(3))
    assert unknown > known / 3


def test_sign_in_is_slowed_down(tmp_path: Path) -> None:
    server = Running(tmp_path / "data", environment={"TIDINGS_TRUSTED_PROXIES": "127.0.0.1"}).start()
    try:
        password = server.cli("user", "create", "--email", OWNER, "--role", "owner")["password"]

        def attempt(email: str, ip: str, password: str = "wrong password") -> int:
            visitor = Visitor(server, {"X-Forwarded-For": ip})
            page = visitor.sign_in(email, password)
            if page.status == 429:
                assert 1 <= int(page.headers["retry-after"]) <= 90
                assert "Too many attempts: wait" in page.said[0]
                assert "autofocus" in page.text or "data-focus" in page.text
            return page.status

        # By mail address, from wherever they come.
        assert [attempt(OWNER, f"192.0.2.{i}") for i in range(10)] == [422] * 10
        assert attempt(OWNER, "192.0.2.99", password) == 429
        # By the caller's network, at whatever address.
        assert [attempt(f"u{i}@example.org", f"2001:db8::{i}") for i in range(20)] == [422] * 20
        assert attempt("u99@example.org", "2001:db8::ffff") == 429
        assert attempt("u99@example.org", "2001:db8:1::1") == 422
    finally:
        server.stop()


def test_attempts_that_succeed_do_not_count(console: Console) -> None:
    console.add_user("often@example.org", "viewer")
    for _ in range(25):
        assert console.visitor().sign_in("often@example.org").status == 303


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/console\\@evil.example",
        "/console.evil.example",
        "/consoles",
        "javascript:alert(1)",
        "/tidings/v1/stats",
        "/console/../tidings/v1/stats",
        "/console/%2e%2E/tidings",
        "/console/./..",
        "/console/sign-out",
        "/console/sign-in?next=/console/sign-in",
        "/console/\r\nSet-Cookie: a=b",
        "/console/ x",
        "/console/\n",
        "/console/" + "x" * 3000,
        "",
        "console",
        "https:/console",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(console: Console, address: str) -> None:
    assert local(address) == "/console"
    visitor = console.visitor()
    page = visitor.post("/console/sign-in", {"email": "carol@example.org", "password": PASSWORD, "next": address})
    assert (page.status, page.location) == (303, "/console")


@pytest.mark.parametrize(
    "address", ["/console", "/console/users", "/console/audit?actor=user%3A1&cursor=x", "/console?x=1"]
)
def test_one_comes_back_to_the_page_that_one_wanted(console: Console, address: str) -> None:
    visitor = console.visitor()
    asked = visitor.get(address)
    assert asked.status == 303
    form = visitor.get(asked.location)
    assert f'name="next" value="{address.replace("&", "&amp;")}"' in form.text
    page = visitor.post("/console/sign-in", {"email": ALICE, "password": PASSWORD, "next": address}, form.csrf)
    assert page.location == address


def aged(console: Console, visitor: Visitor, column: str, by: int) -> None:
    import sqlite3

    from tidings.kit.crypto import fingerprint

    with sqlite3.connect(console.server.data / "tidings.db", timeout=30) as database:
        which = fingerprint(visitor.cookies["tidings_session"])
        done = database.execute(f"UPDATE sessions SET {column} = {column} - ? WHERE fingerprint = ?", (by, which))
        assert done.rowcount == 1
    database.close()


@pytest.mark.parametrize(("column", "limit"), [("seen_at", IDLE), ("expires_at", LONGEST)])
def test_a_session_ends_by_itself(console: Console, column: str, limit: int) -> None:
    visitor = console.signed_in(ALICE)
    aged(console, visitor, column, limit - 30_000)
    assert visitor.get("/console/account").status == 200
    aged(console, visitor, column, limit + 60_000)
    assert visitor.get("/console/account").location.startswith("/console/sign-in")


def test_use_keeps_a_session_alive(console: Console) -> None:
    visitor = console.signed_in(ALICE)
    aged(console, visitor, "seen_at", IDLE - 30_000)
    visitor.get("/console/account")
    aged(console, visitor, "seen_at", IDLE - 30_000)  # would be over by now without the visit
    assert visitor.get("/console/account").status == 200


def test_when_a_session_ends_in_the_middle(console: Console) -> None:
    visitor = console.signed_in(ALICE)
    csrf = visitor.csrf()
    aged(console, visitor, "seen_at", IDLE + 60_000)
    host = console.server.url
    page = visitor.post("/console/tokens", {"name": "lost", "scope": "read"}, csrf, Referer=f"{host}/console/tokens")
    assert page.location == "/console/sign-in?next=/console/tokens"
    assert visitor.follow(page).said == ["Your session had ended: what you sent was not saved."]
    fragment = visitor.get("/console/audit?x=1", HX_Request="true", HX_Current_URL=f"{host}/console/audit?action=user")
    assert fragment.status == 401
    assert fragment.headers["hx-redirect"] == "/console/sign-in?next=/console/audit%3Faction%3Duser"
    elsewhere = visitor.get("/console/audit", HX_Request="true", HX_Current_URL="https://evil.example/console/../x")
    assert elsewhere.headers["hx-redirect"] == "/console/sign-in"


@pytest.mark.parametrize(
    "cookies",
    [
        {"tidings_session": "x"},
        {"tidings_session": "x" * 43},
        {"tidings_session": "é" * 43},
        {"tidings_session": "'; DROP TABLE sessions; --"},
        {"tidings_notes": "W10=.abc"},
        {"tidings_notes": "é.é"},
        {"tidings_theme": "<script>"},
        {"tidings_visitor": "x" * 5000},
        {"other, x": '=;=;,"\\'},
    ],
)
def test_broken_cookies_are_no_cookies(console: Console, cookies: dict[str, str]) -> None:
    visitor = console.visitor()
    text = "; ".join(f"{name}={value}" for name, value in cookies.items())
    page = visitor.request("GET", "/console/sign-in", None, Cookie=text.encode().decode("latin-1"))
    assert page.status == 200
    assert page.said == []
    assert "data-theme" not in page.text.partition("<head>")[0]


def test_notes_are_said_once_and_cannot_be_made_up(console: Console) -> None:
    console.add_user("noted@example.org", "viewer")
    visitor = console.signed_in("noted@example.org")
    answer = visitor.post("/console/account/sign-out-everywhere")
    assert visitor.follow(answer).said[0].endswith("ended.")
    assert visitor.get("/console/account").said == []
    visitor.post("/console/account/sign-out-everywhere")
    stolen = visitor.cookies["tidings_notes"]
    other = console.signed_in("noted@example.org")
    other.cookies["tidings_notes"] = stolen
    assert other.get("/console/account").said == []


def test_light_and_dark_are_remembered(console: Console) -> None:
    visitor = console.visitor()
    visitor.get("/console/sign-in")
    for theme, shown in (("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ("<x>", ""), ("", "")):
        assert visitor.post("/console/theme", {"theme": theme, "next": "/console/sign-in"}).location == "/console"
        assert f'<html lang="en"{shown}>' in visitor.get("/console/sign-in").text


def test_cookies_and_headers_under_https(tmp_path: Path) -> None:
    server = Running(tmp_path / "data", environment={"TIDINGS_TRUSTED_PROXIES": "127.0.0.1"}).start()
    try:
        password = server.cli("user", "create", "--email", OWNER, "--role", "owner")["password"]
        visitor = Visitor(server, {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"})
        form = visitor.get("/console/sign-in")
        assert all("Secure" in cookie for cookie in form.cookies)
        page = visitor.sign_in(OWNER, password)
        assert page.status == 303
        assert all("Secure" in cookie for cookie in page.cookies)
        assert page.headers["strict-transport-security"].startswith("max-age=")
        assert "192.0.2.7" in visitor.get("/console/audit").text
        liar = Visitor(server, {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7, evil"})
        assert liar.get("/console/sign-in").status == 200
    finally:
        server.stop()


def test_what_a_proxy_says_is_not_believed_without_being_told(console: Console) -> None:
    visitor = console.visitor(**{"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"})
    page = visitor.get("/console/sign-in")
    assert "strict-transport-security" not in page.headers
    assert not any("Secure" in cookie for cookie in page.cookies)
