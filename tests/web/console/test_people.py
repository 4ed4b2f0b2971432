"""The pages of users, tokens, the audit log, settings and one's own account."""

import re

import msgspec
import pytest

from tests.serving import wait_for
from tests.web.console.conftest import ALICE, CAROL, Console
from tests.web.console.hostile import HOSTILE, HOSTILE_LINES, assert_harmless
from tests.web.console.visitor import PASSWORD, Page, Visitor
from tidings.app import SHOWN
from tidings.config import Settings


def secret_in(page: Page) -> str:
    """Return what a page shows this once."""
    found = re.search(r'<div class="once">.*?<code>([^<]+)</code>', page.text, re.S)
    assert found, page.text
    return found[1]


def last(console: Console) -> tuple[str, str, str]:
    """Return the newest row of the audit log."""
    return console.query("SELECT actor, action, subject FROM audit ORDER BY id DESC LIMIT 1")[0]


def test_a_user_is_added_changed_and_removed(console: Console) -> None:
    page = console.owner.post("/console/users", {"email": "Dora@Example.org", "role": "viewer"})
    assert page.status == 200
    password = secret_in(page)
    number = console.query("SELECT id FROM users WHERE email = 'dora@example.org'")[0][0]
    assert last(console) == ("user:1", "user.added", f"user:{number}")
    dora = console.visitor()
    assert dora.sign_in("dora@example.org", password).status == 303
    assert dora.get("/console/users").status == 403

    page = console.owner.post(f"/console/users/{number}/role", {"role": "owner"})
    assert console.owner.follow(page).said == ["dora@example.org is now owner. They have to sign in again."]
    assert dora.get("/console/account").status == 303
    assert last(console) == ("user:1", "user.role_changed", f"user:{number}")
    assert dora.sign_in("dora@example.org", password).status == 303
    assert dora.get("/console/users").status == 200

    page = console.owner.post(f"/console/users/{number}/password")
    assert dora.get("/console/account").status == 303
    assert dora.sign_in("dora@example.org", password).status == 422
    assert dora.sign_in("dora@example.org", secret_in(page)).status == 303

    page = console.owner.post(f"/console/users/{number}/remove")
    assert console.owner.follow(page).said == ["dora@example.org was removed and is signed out."]
    assert dora.get("/console/account").status == 303
    assert last(console) == ("user:1", "user.removed", f"user:{number}")
    assert console.query("SELECT count(*) FROM sessions WHERE user_id = ?", number) == [(0,)]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"email": "", "role": "viewer"}, "Fill this in"),
        ({"email": "nobody", "role": "viewer"}, "This is no mail address: write it like ana@shop.example"),
        ({"email": CAROL.upper(), "role": "viewer"}, f"{CAROL.capitalize()} has a user already"),
        ({"email": "stranger@example.org", "role": "viewer"}, "Stranger@example.org has a user already"),
        ({"email": "new@example.org", "role": "king"}, "Choose one of the options"),
        ({"email": "new@example.org"}, "Fill this in"),
        ({"email": "x" * 600, "role": "viewer"}, "Use at most 508 characters"),
    ],
)
def test_a_user_that_cannot_be_added(console: Console, fields: dict[str, str], fault: str) -> None:
    page = console.owner.post("/console/users", fields)
    assert page.status == 422
    assert page.faults[0].startswith(fault)
    assert page.text.count(" autofocus") == 1 + page.text.count("formnovalidate autofocus")  # those are of dialogs


def test_the_last_owner_stays(console: Console) -> None:
    number = console.query("SELECT id FROM users WHERE email = 'stranger@example.org'")[0][0]
    for path, fields in (("remove", {}), ("role", {"role": "viewer"})):
        page = console.stranger.post(f"/console/users/{number}/{path}", fields)
        said = console.stranger.follow(page).said
        assert said == ["Nothing was changed: this is the last owner: make somebody else an owner first."]
    assert console.stranger.get("/console/users").status == 200
    page = console.stranger.post(f"/console/users/{number}/role", {"role": "emperor"})
    assert console.stranger.follow(page).said == ["Choose one of the roles."]


def test_ones_own_password(console: Console) -> None:
    console.add_user("erin@example.org", "viewer")
    here, elsewhere = console.signed_in("erin@example.org"), console.signed_in("erin@example.org")
    new = "another password"
    for present, wanted, fault in (
        ("wrong", new, "This is not your present password"),
        (PASSWORD, "short", "Use at least 10 characters"),
        ("", new, "Fill this in"),
    ):
        page = here.post("/console/account/password", {"present_password": present, "new_password": wanted})
        assert (page.status, page.faults) == (422, [fault])
    page = here.post("/console/account/password", {"present_password": PASSWORD, "new_password": new})
    assert here.follow(page).said == ["Your password was changed. Your other sessions have ended."]
    assert elsewhere.get("/console/account").status == 303
    assert console.visitor().sign_in("erin@example.org").status == 422
    assert console.visitor().sign_in("erin@example.org", new).status == 303


def test_signing_out_everywhere_else(console: Console) -> None:
    console.add_user("frank@example.org", "viewer")
    here, elsewhere = console.signed_in("frank@example.org"), console.signed_in("frank@example.org")
    assert here.get("/console/account").text.count('Last seen">') == 2
    page = here.post("/console/account/sign-out-everywhere")
    assert here.follow(page).said == ["1 other session ended."]
    assert elsewhere.get("/console/account").status == 303
    assert here.get("/console/account").status == 200


def test_a_token_is_made_used_and_revoked(console: Console) -> None:
    page = console.owner.post("/console/tokens", {"name": "reports", "scope": "read"})
    assert page.status == 200
    secret = secret_in(page)
    headers = {"Authorization": f"Bearer {secret}"}
    assert console.server.call("GET", "/tidings/v1/stats", headers=headers).status == 200
    listed = console.owner.get("/console/tokens")
    assert secret not in listed.text
    assert secret[-4:] in listed.text
    number = console.query("SELECT max(id) FROM tokens")[0][0]
    assert last(console) == ("user:1", "token.created", f"token:{number}")
    page = console.owner.post(f"/console/tokens/{number}/revoke")
    assert console.owner.follow(page).said == ["The token was revoked: it is refused from now on."]
    assert console.server.call("GET", "/tidings/v1/stats", headers=headers).status == 401
    assert console.owner.post(f"/console/tokens/{number}/revoke").status == 404


@pytest.mark.parametrize("fields", [{"name": "", "scope": "read"}, {"name": "a\nb", "scope": "read"}, {"name": "x"}])
def test_a_token_that_cannot_be_made(console: Console, fields: dict[str, str]) -> None:
    page = console.owner.post("/console/tokens", fields)
    assert page.status == 422
    assert len(page.faults) == 1


def test_the_workspace_and_its_brands(console: Console) -> None:
    page = console.stranger.post("/console/settings/workspace", {"title": "Strange & Co", "time_zone": "Asia/Tokyo"})
    shown = console.stranger.follow(page)
    assert shown.said == ["The workspace was changed."]
    assert "Strange &amp; Co" in shown.text
    assert "(Asia/Tokyo)" in shown.text
    assert {w["name"]: w["title"] for w in console.server.cli("workspace", "list")}["stranger"] == "Strange & Co"
    page = console.stranger.post("/console/settings/workspace", {"title": "X", "time_zone": "Mars/Olympus"})
    assert (page.status, page.faults) == (422, ["Choose one of the list, like Europe/Berlin"])

    brand = {"name": "Second", "key": "second-shop", "currency": "eur"}
    assert console.stranger.follow(console.stranger.post("/console/settings/brands", brand)).said
    for changes, fault in (
        ({}, "Brand key &#39;second-shop&#39; is taken: keys are unique in the installation"),
        ({"key": "Not a label"}, "Brand key &#39;Not a label&#39;: use lower-case letters, digits and &#39;-&#39;"),
        ({"currency": "EURO"}, "This has characters that cannot stand here"),
    ):
        page = console.stranger.post("/console/settings/brands", brand | changes)
        assert (page.status, page.faults) == (422, [fault])
        assert '<details class="card" open>' in page.text
    number = console.query("SELECT id FROM brands WHERE key = 'second-shop'")[0][0]
    made = console.server.cli("source", "create", "segment", "--brand", "second-shop", "--workspace", "stranger")
    assert made["brand_currency"] == "EUR"
    page = console.stranger.post(f"/console/settings/brands/{number}", {"name": "Renamed", "currency": "JPY"})
    assert console.stranger.follow(page).said == ["The brand Renamed was changed."]
    wait_for(lambda: console.server.cli("source", "list", "--workspace", "stranger")[0]["brand_currency"] == "JPY")


def test_settings_of_the_server_hold_no_secret(console: Console) -> None:
    assert set(SHOWN) == {field.name for field in msgspec.structs.fields(Settings)}  # a secret one: leave it out here
    text = console.owner.get("/console/settings").text
    assert str(console.server.data) in text
    assert "disk_reserve_mib" in text
    assert console.source["write_key"] not in text


def test_the_audit_log_is_paged_and_narrowed(console: Console) -> None:
    for number in range(4):
        console.owner.post("/console/tokens", {"name": f"paged-{number}", "scope": "read"})
    seen: list[str] = []
    address = "/console/audit?limit=3&action=token"
    for _ in range(50):
        page = console.owner.get(address)
        assert "session" not in page.text.partition("<tbody>")[2]
        seen += re.findall(r"token:\d+", page.text)
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        if following is None:
            break
        address = following[1].replace("&amp;", "&") + "&limit=3"
    rows = console.query("SELECT subject FROM audit WHERE workspace_id = 1 OR 1 ORDER BY id DESC")
    assert seen == [row[0] for row in rows if row[0].startswith("token:")][: len(seen)]
    assert len(seen) >= 4
    page = console.owner.get("/console/audit?actor=cli")
    assert page.text.count('data-label="Who">Command line') >= 3
    assert f'data-label="Who">{ALICE}' not in page.text
    page = console.owner.get("/console/audit?actor=user:1&action=token.created")
    assert f'data-label="Who">{ALICE}' in page.text
    assert "Nothing of this kind" in console.owner.get("/console/audit?actor=user:99999").text


def test_nothing_of_the_other_workspace_is_shown(console: Console) -> None:
    console.owner.post("/console/tokens", {"name": "ours-alone", "scope": "read"})
    for path in ("users", "tokens", "audit", "settings", "account", "audit?actor=user:1"):
        text = console.stranger.get(f"/console/{path}").text
        assert ALICE not in text, path
        assert "ours-alone" not in text, path


def test_hostile_values_stay_text(console: Console) -> None:
    visitor: Visitor = console.owner
    for text in HOSTILE_LINES:
        page = visitor.post("/console/tokens", {"name": text, "scope": "read"})
        assert page.status == 200, text
        assert_harmless(page.text)
    visitor.post("/console/settings/workspace", {"title": HOSTILE_LINES[0], "time_zone": "UTC"})
    console.server.call("GET", "/console/sign-in", headers={"User-Agent": HOSTILE[0]})
    for path in ("tokens", "audit?limit=200", "settings", "users", "account"):
        page = visitor.get(f"/console/{path}")
        assert page.status == 200
        assert_harmless(page.text)
    shown = visitor.get("/console/tokens").text
    assert "&lt;script&gt;alert(" in shown
    visitor.post("/console/settings/workspace", {"title": "Alice's", "time_zone": "Europe/Berlin"})


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_forms_come_back_as_text(console: Console, text: str) -> None:
    fields = {"title": text + "x" * 101, "time_zone": text, "name": text, "key": text, "currency": text, "email": text}
    fields |= {"role": text, "scope": text, "present_password": text, "new_password": text}
    for path in ("settings/workspace", "settings/brands", "users", "account/password"):
        page = console.owner.post(f"/console/{path}", fields)
        assert page.status == 422, path
        assert_harmless(page.text)
    for visitor in (console.owner, console.visitor()):
        for path in (f"sign-in?next={text!a}", f"audit?actor={text!a}", f"audit?action={text!a}", f"{text!a}"):
            page = visitor.get("/console/" + re.sub(r"[^!-~]", "+", path))
            assert page.status in (200, 303, 400, 404), path
            assert_harmless(page.text)
    page = console.visitor(**{"User-Agent": re.sub(r"[^ -~]", "?", text)}).sign_in(text, text)
    assert page.status == 422
    assert_harmless(page.text)


def test_a_hostile_page_would_be_found() -> None:
    for text in (
        "<b class=xx-hostile>",
        '<a href="javascript:1">',
        '<p onclick="1">',
        '<p style="x">',
        "<!-- xx-hostile -->",
    ):
        with pytest.raises(AssertionError):
            assert_harmless(text)
