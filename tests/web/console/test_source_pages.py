"""The pages of sources: make one, see its keys once, set it, rotate its keys, wait for its first event."""

import json
import re
import shlex
import subprocess
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import Browse
from tests.serving import wait_for
from tests.web.console.accessible import assert_accessible
from tests.web.console.conftest import Console
from tests.web.console.hostile import HOSTILE, HOSTILE_LINES, MARK, assert_harmless
from tests.web.console.test_browser import LOOKS, assert_fits, signed_in
from tests.web.console.visitor import Page, Visitor
from tidings.dialects import DIALECTS

NEW = {"dialect": "segment", "brand": "main", "trust": "server"}
SECRETS = {"segment": 1, "ripe": 1, "reamaze_data": 2, "remarkety": 1, "ray": 4}


def secrets_in(page: Page) -> list[str]:
    """Return what a page shows this once."""
    return re.findall(r'<div class="once">.*?<code>([^<]+)</code>', page.text, re.S)


def number_in(page: Page) -> int:
    """Return the number of the source that a page has just made."""
    found = re.search(r'hx-get="/console/sources/(\d+)/arrivals', page.text)
    assert found, page.text
    return int(found[1])


def make(visitor: Visitor, name: str, **fields: str) -> tuple[int, str]:
    """Make a source; return its number and its first secret."""
    page = visitor.post("/console/sources", {**NEW, "name": name, **fields})
    assert page.status == 200, page.faults
    return number_in(page), secrets_in(page)[0]


def take(console: Console, key: str, event: str = "Bought", **message: Any) -> int:
    """Send an event; return the status of the answer."""
    return console.server.call("POST", "/v1/track", {"userId": "u", "event": event, **message}, key).status


def settle(console: Console) -> None:
    console.server.processed()


def deeds(console: Console, source_id: int) -> list[str]:
    """Return what was done to a source, oldest first."""
    rows = console.query("SELECT action FROM audit WHERE subject = ? ORDER BY id", f"source:{source_id}")
    return [row[0] for row in rows]


def settings_of(console: Console, source_id: int) -> Any:
    return next(s for s in console.server.cli("source", "list") if s["id"] == source_id)["settings"]


@pytest.mark.parametrize("dialect", [dialect.name for dialect in DIALECTS])
def test_a_source_is_made_and_its_keys_are_shown_once(console: Console, dialect: str) -> None:
    assert f"/console/sources/new?dialect={dialect}" in console.owner.get("/console/sources/new").text
    form = console.owner.get(f"/console/sources/new?dialect={dialect}")
    assert form.status == 200
    assert "never replaces what a server said" in form.text
    fields = {**NEW, "dialect": dialect, "name": f"made {dialect}"}
    page = console.owner.post("/console/sources", fields)
    assert page.status == 200
    secrets, number = secrets_in(page), number_in(page)
    assert len(set(secrets)) == len(secrets) == SECRETS[dialect]
    assert "Waiting for the first event" in page.text
    assert f"http://127.0.0.1:{console.server.port}" in page.text
    assert "YOUR_" not in page.text
    assert deeds(console, number) == ["source.created"]

    seen = [console.owner.get(f"/console/sources{path}") for path in ("", f"/{number}", f"/{number}/settings")]
    seen.append(console.owner.get("/console/audit"))
    for later in seen:
        assert later.status == 200
        assert not [secret for secret in secrets if secret in later.text]
    assert secrets[0][-4:] in seen[1].text
    assert "YOUR_" in seen[1].text
    assert not [secret for secret in secrets if secret in "".join(console.server.output)]
    stored = str(console.query("SELECT action, subject, detail FROM audit"))
    assert not [secret for secret in secrets if secret in stored]


def test_keys_that_clients_have_already_are_taken(console: Console) -> None:
    fields = {**NEW, "dialect": "reamaze_data", "name": "moved over", "account": "Mugs-Shop", "api_key": "as-before-1"}
    page = console.owner.post("/console/sources", fields)
    assert page.status == 200
    assert secrets_in(page)[0] == "as-before-1"
    assert "<code>mugs-shop</code>" in page.text
    later = console.owner.get(f"/console/sources/{number_in(page)}")
    assert "as-before-1" not in later.text
    assert "mugs-shop" in later.text  # a name, no secret


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": ""}, "Fill this in"),
        ({"name": "shop"}, "There is a source &#39;shop&#39; already: choose another name"),
        ({"name": "x" * 101}, "Use at most 100 characters"),
        ({"trust": "both"}, "Choose one of the options"),
        ({"trust": ""}, "Fill this in"),
        ({"brand": "strange"}, "No brand &#39;strange&#39; in this workspace"),
        ({"currency": "EURO"}, "This has characters that cannot stand here"),
        ({"country": "Germany"}, "This has characters that cannot stand here"),
        ({"prefix": "console"}, "Paths of Tidings begin with /console: choose another"),
        ({"prefix": "v1"}, "Paths of Tidings begin with /v1: choose another"),
        ({"prefix": "A b"}, "Use 1 to 40 lower-case letters"),
        ({"origins": "shop.example"}, "Shop.example: write scheme and host, like https://www.shop.example"),
        ({"origins": "https://a.example\nhttps://b.example/path"}, "Https://b.example/path: an origin ends behind"),
        ({"origins": "http://[::1"}, "Http://[::1: write scheme and host"),
        ({"origins": "\n".join(f"https://{n}.example" for n in range(101))}, "Use at most 100 origins"),
        ({"write_key": "has a blank"}, "Use 1 to 200 letters, digits and signs, without blanks"),
        ({"write_key": "k" * 201}, "Use 1 to 200 letters"),
        ({"write_key": "taken-by-another"}, "Another source has this write_key already"),
    ],
)
def test_a_source_that_cannot_be_made(console: Console, fields: dict[str, str], fault: str) -> None:
    if "write_key" in fields and not console.query("SELECT 1 FROM sources WHERE name = 'taken'"):
        make(console.owner, "taken", write_key="taken-by-another")
    before = console.query("SELECT count(*) FROM sources")
    page = console.owner.post("/console/sources", {**NEW, "name": "new one", **fields})
    assert page.status == 422
    assert page.faults[0].startswith(fault), page.faults
    assert page.text.count(" autofocus") == 1
    assert console.query("SELECT count(*) FROM sources") == before


def test_a_dialect_that_is_none(console: Console) -> None:
    assert console.owner.get("/console/sources/new?dialect=mail").status == 404
    page = console.owner.post("/console/sources", {**NEW, "dialect": "mail", "name": "x"})
    assert page.status == 422
    assert "What do your clients speak?" in page.text


def test_settings_are_changed_and_in_force_at_once(console: Console) -> None:
    number, key = make(console.owner, "to be set", origins="https://WWW.shop.example:443/\nnull", currency="eur")
    assert settings_of(console, number)["origins"] == ["https://www.shop.example", "null"]
    assert settings_of(console, number)["currency"] == "EUR"
    path = f"/console/sources/{number}/settings"
    form = console.owner.get(path)
    assert "https://www.shop.example\nnull</textarea>" in form.text
    assert 'name="correct_time" value="on" checked' in form.text
    sent = {"name": "was set", "country": "de", "rate": "50", "id_space": "mugs", "prefix": "mugs-set"}
    page = console.owner.post(path, sent | {"origins": "https://b.example"})
    assert console.owner.follow(page).said == ["was set was changed. This is in force now."]
    assert settings_of(console, number) == {
        "currency": None,
        "country": "DE",
        "id_space": "mugs",
        "correct_time": False,
        "origins": ["https://b.example"],
        "rate": 50,
        "prefix": "mugs-set",
        "browser_orders": False,
        "keyless_contacts": True,
    }
    assert deeds(console, number) == ["source.created", "source.renamed", "source.changed"]
    origin = {"Origin": "https://evil.example"}
    body = {"userId": "u", "event": "x"}
    assert console.server.call("POST", "/mugs-set/v1/track", body, key, origin).status == 403
    assert console.server.call("POST", "/mugs-set/v1/track", body, key).status == 200
    shown = console.owner.get(f"/console/sources/{number}")
    assert f"http://127.0.0.1:{console.server.port}/mugs-set/v1/track" in shown.text
    console.owner.post(path, sent | {"origins": "https://b.example"})  # the same again is no deed
    assert len(deeds(console, number)) == 3


def test_what_is_taken_without_a_key_is_set(console: Console) -> None:
    number, _ = make(console.owner, "keyless", dialect="remarkety", store_id="KEYLSS")
    path = f"/console/sources/{number}/settings"
    assert "KEYLSS" in console.owner.get(f"/console/sources/{number}").text
    form = console.owner.get(path)
    assert 'name="keyless_contacts" value="on" checked' in form.text
    assert 'name="browser_orders" value="on" checked' not in form.text
    console.owner.post(path, {"name": "keyless", "correct_time": "on", "keyless": "on", "browser_orders": "on"})
    found = settings_of(console, number)
    assert (found["browser_orders"], found["keyless_contacts"]) == (True, False)
    assert "counted" in console.owner.get(f"/console/sources/{number}").text
    assert (
        'name="browser_orders"'
        not in console.owner.get(f"/console/sources/{make(console.owner, 'n')[0]}/settings").text
    )


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "shop"}, "There is a source &#39;shop&#39; already"),
        ({"prefix": "prefix-of-another"}, "Another source has the prefix"),
        ({"rate": "many"}, "Write a whole number"),
        ({"rate": "-1"}, "Use 0 or more"),
        ({"rate": "1000001"}, "Use 1000000 or less"),
        ({"id_space": "a b"}, "This has characters that cannot stand here"),
        ({"origins": "*"}, "*: write scheme and host"),
    ],
)
def test_settings_that_cannot_be(console: Console, fields: dict[str, str], fault: str) -> None:
    rows = console.query("SELECT id FROM sources WHERE name = 'unchanged'")
    number = rows[0][0] if rows else make(console.owner, "unchanged")[0]
    if not rows:
        make(console.owner, "another", prefix="prefix-of-another")
    page = console.owner.post(f"/console/sources/{number}/settings", {"name": "unchanged", **fields})
    assert page.status == 422
    assert page.faults[0].startswith(fault), page.faults
    assert deeds(console, number) == ["source.created"]


def test_a_key_is_rotated_without_a_gap(console: Console) -> None:
    number, old = make(console.owner, "rotated")
    page = console.owner.post(f"/console/sources/{number}/keys", {"name": "write_key"})
    assert page.status == 200
    new = secrets_in(page)[0]
    assert "go on working until you revoke them" in page.text
    assert new in re.findall(r"<pre.*?</pre>", page.text, re.S)[1]  # the line for curl has it
    assert [take(console, key) for key in (old, new)] == [200, 200]
    key_id = console.query("SELECT min(id) FROM credentials WHERE source_id = ?", number)[0][0]
    shown = console.owner.get(f"/console/sources/{number}")
    assert old[-4:] in shown.text
    assert new[-4:] in shown.text
    assert new not in shown.text
    page = console.owner.post(f"/console/sources/{number}/keys/{key_id}/revoke")
    assert console.owner.follow(page).said == ["The key was revoked: what comes with it is refused from now on."]
    assert [take(console, key) for key in (old, new)] == [401, 200]
    assert deeds(console, number) == ["source.created", "key.added", "key.revoked"]
    assert console.owner.post(f"/console/sources/{number}/keys/{key_id}/revoke").status == 404
    assert "It is the only one of its kind" in console.owner.get(f"/console/sources/{number}").text


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": "write_key", "value": "a b"}, "This has characters that cannot stand here"),
        ({"name": "write_key", "value": "k" * 201}, "Use at most 200 characters"),
        ({"name": "write_key", "value": "pinned-elsewhere"}, "Another source has this write_key already"),
    ],
)
def test_a_key_that_cannot_be_added(console: Console, fields: dict[str, str], fault: str) -> None:
    if not console.query("SELECT 1 FROM sources WHERE name = 'pinned'"):
        make(console.owner, "pinned", write_key="pinned-elsewhere")
    number = console.query("SELECT id FROM sources WHERE name = 'shop'")[0][0]
    before = console.query("SELECT count(*) FROM credentials")
    page = console.owner.post(f"/console/sources/{number}/keys", fields)
    assert (page.status, page.faults[0][: len(fault)]) == (422, fault)
    assert console.owner.post(f"/console/sources/{number}/keys", {"name": "api_key"}).status == 422
    assert console.query("SELECT count(*) FROM credentials") == before


def test_a_source_is_disabled_and_enabled(console: Console) -> None:
    number, key = make(console.owner, "switched")
    page = console.owner.follow(console.owner.post(f"/console/sources/{number}/disable"))
    assert page.said == ["switched is disabled: what it sends is refused from now on."]
    assert take(console, key) == 401
    assert "Disabled" in page.text
    assert ">disabled</span>" in console.viewer.get("/console/sources").text
    page = console.owner.follow(console.owner.post(f"/console/sources/{number}/enable"))
    assert page.said == ["switched is enabled: what it sends is taken."]
    assert take(console, key) == 200
    assert deeds(console, number) == ["source.created", "source.changed", "source.changed"]


def test_waiting_turns_into_what_arrived_or_why_not(console: Console) -> None:
    number, key = make(console.owner, "awaited")
    path = f"/console/sources/{number}/arrivals"
    waiting = console.owner.get(path)
    assert 'hx-trigger="every 2s"' in waiting.text
    token = re.search(r"seen=([\d-]+)", waiting.text)
    assert token
    again = console.owner.get(f"{path}?seen={token[1]}")
    assert again.status in (200, 204)  # other tests send with unknown keys

    assert console.server.call("POST", "/v1/track", {"event": "Nobody's"}, key).status == 400
    wait_for(lambda: "userId or anonymousId is required" in console.viewer.get(path).text)
    refused = console.viewer.get(path)
    assert "Send one of the two." in refused.text
    assert "Waiting for the first event" in refused.text

    assert take(console, key, "Mug Bought") == 200
    settle(console)
    wait_for(lambda: "Mug Bought" in console.viewer.get(path).text)
    there = console.viewer.get(path)
    event, profile = console.query("SELECT id, profile_id FROM events WHERE name = 'Mug Bought'")[0]
    assert f'href="/console/events/{event}"' in there.text
    assert f'href="/console/profiles/{profile}"' in there.text
    assert "hx-trigger" not in there.text
    token = re.search(r"seen=([\d-]+)", refused.text)
    assert token
    assert console.viewer.get(f"{path}?seen={token[1]}").status == 200
    listed = console.viewer.get("/console/sources").text
    row = listed[listed.index(f'href="/console/sources/{number}"') :].partition("</tr>")[0]
    assert '<td data-label="Events" class="number">1</td>' in row
    assert f"refused?source_id={number}" in row


def test_nothing_new_is_said_with_204(console: Console) -> None:
    number, _ = make(console.owner, "quiet")
    path = f"/console/sources/{number}/arrivals"
    token = re.search(r"seen=([\d-]+)", console.viewer.get(path).text)
    assert token
    page = console.viewer.get(f"{path}?seen={token[1]}")
    assert (page.status, page.body) == (204, b"")
    assert console.viewer.get(f"{path}?seen={'x' * 3000}").status == 200


def test_a_wrong_key_is_told_to_owners_only(console: Console) -> None:
    number, _ = make(console.owner, "mistyped")
    secret = "my-mistyped-secret-key"
    assert take(console, secret) == 401
    path = f"/console/sources/{number}/arrivals"
    told = "A request came with a key that belongs to no source"
    wait_for(lambda: told in console.owner.get(path).text)
    assert secret not in console.owner.get(path).text
    assert told not in console.editor.get(path).text
    assert told not in console.viewer.get(path).text


def test_viewers_see_neither_keys_nor_buttons(console: Console) -> None:
    number, key = make(console.owner, "looked at")
    for visitor in (console.viewer, console.editor):
        page = visitor.get(f"/console/sources/{number}")
        assert page.status == 200
        assert key[-4:] not in page.text
        for word in ("/disable", "/keys", "/settings", "Revoke"):
            assert word not in page.text.partition('id="main"')[2]
        assert "/console/sources/new" not in visitor.get("/console/sources").text
    assert "looked at" not in console.stranger.get("/console/sources").text


def test_an_empty_list_says_what_to_do(console: Console) -> None:
    assert "No source yet" in console.stranger.get("/console/sources").text
    assert "/console/sources/new" in console.stranger.get("/console/sources").text


def test_nothing_hostile_comes_to_life(console: Console) -> None:
    numbers: list[int] = []
    for text in HOSTILE_LINES:
        page = console.owner.post("/console/sources", {**NEW, "name": text, "write_key": f"k{len(numbers)}'\"<b>&"})
        assert page.status == 200, page.faults
        assert_harmless(page.text)
        numbers.append(number_in(page))
    key = secrets_in(page)[0].replace("&#39;", "'").replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">")
    key = key.replace("&amp;", "&")
    for text in HOSTILE:
        assert take(console, key, text) == 200
        console.server.call("POST", "/v1/track", {"event": text, "type": text}, key)
    settle(console)
    last = f"/console/sources/{numbers[-1]}"
    wait_for(lambda: console.query("SELECT 1 FROM refused WHERE source_id = ?", numbers[-1]))
    paths = ["/console/sources", last, f"{last}/settings", f"{last}/arrivals", "/console/sources/new"]
    for path in paths + [f"/console/sources/{number}" for number in numbers]:
        page = console.owner.get(path)
        assert page.status == 200
        assert_harmless(page.text)
    assert MARK in console.owner.get("/console/sources").text
    for name in ("name", "prefix", "origins", "currency", "id_space", "rate"):
        for text in HOSTILE[:9]:
            assert_harmless(console.owner.post(f"{last}/settings", {"name": "x", name: text, "country": "!"}).text)
            assert_harmless(console.owner.post("/console/sources", {**NEW, name: text, "country": "!"}).text)
    hostile = console.owner.get(last, Host='x"><script>alert(1)</script>')
    assert "<script>alert" not in hostile.text


def test_odd_numbers_are_not_there(console: Console) -> None:
    for number in ("0", "999999", "9" * 30):
        assert console.owner.get(f"/console/sources/{number}").status in (400, 404)
        assert console.owner.post(f"/console/sources/{number}/disable").status in (400, 404)
        assert console.owner.post(f"/console/sources/1/keys/{number}/revoke").status in (400, 404)


def test_from_a_new_source_to_its_first_event(console: Console, browse: Browse) -> None:
    page = signed_in(browse, console.owner)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{console.server.url}/console/sources")
    page.get_by_role("link", name="New source").click()
    page.get_by_role("link", name="Segment").click()
    page.get_by_label("Name").fill("from the browser")
    page.get_by_role("button", name="Make source").click()
    expect(page.get_by_role("heading", name="Waiting for the first event")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    snippet = page.locator("[data-snippet=curl]")
    snippet.get_by_role("button", name="Copy").click()
    expect(snippet.get_by_role("button", name="Copied")).to_be_visible()
    line = page.evaluate("navigator.clipboard.readText()")
    assert shlex.split(line)[0] == "curl"
    done = subprocess.run(["bash", "-c", f"{line} -sS"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"success": True}
    expect(page.get_by_role("heading", name="Last event")).to_be_visible()
    expect(page.locator("#arrivals").get_by_role("link", name="Product Viewed")).to_be_visible()
    assert page.locator("#arrivals[hx-trigger]").count() == 0
    assert_accessible(page)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("from the browser")


def test_a_hidden_tab_does_not_ask(console: Console, browse: Browse) -> None:
    number, key = make(console.owner, "hidden")
    page = signed_in(browse, console.owner)
    hide = "Object.defineProperty(document, 'hidden', {get: () => window.away, configurable: true}); window.away = true"
    page.goto(f"{console.server.url}/console/sources/{number}")
    page.evaluate(hide)
    page.evaluate("document.addEventListener('htmx:beforeRequest', e => { window.kept = e.defaultPrevented })")
    page.wait_for_function("() => window.kept === true")
    assert take(console, key, "While Away") == 200
    settle(console)
    page.evaluate("window.kept = undefined")
    page.wait_for_function("() => window.kept === true")
    expect(page.get_by_role("heading", name="Waiting for the first event")).to_be_visible()
    page.evaluate("window.away = false")
    expect(page.get_by_role("link", name="While Away")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_are_for_everybody(console: Console, browse: Browse, look: str) -> None:
    number, key = make(console.owner, f"looks {look}"[:100], prefix=f"looks-{look.replace(' ', '-')}")
    assert console.server.call("POST", f"/looks-{look.replace(' ', '-')}/v1/track", {"event": "x"}, key).status == 400
    page = signed_in(browse, console.owner, LOOKS[look])
    for path in ("", "/new", "/new?dialect=reamaze_data", f"/{number}", f"/{number}/settings"):
        page.goto(f"{console.server.url}/console/sources{path}")
        page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
        assert_fits(page)
        assert_accessible(page)
