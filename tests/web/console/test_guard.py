"""What every page demands, route by route; a new route has to be named here, or it fails."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.console.conftest import Console
from tests.web.console.hostile import assert_harmless
from tests.web.console.visitor import Page, Visitor
from tidings.web.console.app import ROOMS, all_routes
from tidings.web.console.gate import PICTURES

ORDER = ["viewer", "editor", "owner"]
# The least role of every route that is not open to all.
LEAST = {
    "GET /console": "viewer",
    "GET /console/account": "viewer",
    "POST /console/account/password": "viewer",
    "POST /console/account/sign-out-everywhere": "viewer",
    "GET /console/audit": "owner",
    "GET /console/carts": "viewer",
    "GET /console/carts/{cart:int}": "viewer",
    "GET /console/events": "viewer",
    "GET /console/events/fresh": "viewer",
    "GET /console/events/{event_id:int}": "viewer",
    "GET /console/group": "viewer",
    "GET /console/groups": "viewer",
    "GET /console/groups/{group_id:path}": "viewer",
    "GET /console/orders": "viewer",
    "GET /console/orders/{order:int}": "viewer",
    "GET /console/overview": "viewer",
    "GET /console/products": "viewer",
    "GET /console/products/{product:int}": "viewer",
    "GET /console/profiles": "viewer",
    "GET /console/profiles/{profile_id:int}": "viewer",
    "GET /console/profiles/{profile_id:int}/commerce": "viewer",
    "GET /console/profiles/{profile_id:int}/export": "editor",
    "GET /console/profiles/{profile_id:int}/consent": "viewer",
    "POST /console/profiles/{profile_id:int}/consent": "editor",
    "POST /console/profiles/{profile_id:int}/forget": "owner",
    "POST /console/profiles/{profile_id:int}/unmerge": "editor",
    "GET /console/refused": "viewer",
    "GET /console/refused/unknown": "owner",
    "GET /console/refused/unknown/{unknown_id:int}": "owner",
    "GET /console/refused/warnings": "viewer",
    "GET /console/refused/{refused_id:int}": "viewer",
    "POST /console/refused/{refused_id:int}/retry": "editor",
    "GET /console/settings": "owner",
    "POST /console/settings/brands": "owner",
    "GET /console/settings/brands/{brand_id:int}": "owner",
    "POST /console/settings/brands/{brand_id:int}": "owner",
    "POST /console/settings/workspace": "owner",
    "GET /console/sources": "viewer",
    "POST /console/sources": "owner",
    "GET /console/sources/new": "owner",
    "GET /console/sources/{source_id:int}": "viewer",
    "GET /console/sources/{source_id:int}/arrivals": "viewer",
    "POST /console/sources/{source_id:int}/disable": "owner",
    "POST /console/sources/{source_id:int}/enable": "owner",
    "POST /console/sources/{source_id:int}/keys": "owner",
    "POST /console/sources/{source_id:int}/keys/{key_id:int}/revoke": "owner",
    "POST /console/sources/{source_id:int}/install": "owner",
    "GET /console/sources/{source_id:int}/settings": "owner",
    "POST /console/sources/{source_id:int}/settings": "owner",
    "GET /console/suppressions": "viewer",
    "POST /console/suppressions": "editor",
    "GET /console/suppressions/export": "editor",
    "GET /console/suppressions/import": "editor",
    "POST /console/suppressions/import": "editor",
    "GET /console/suppressions/import/{import_id:int}": "editor",
    "GET /console/suppressions/import/{import_id:int}/refused": "editor",
    "POST /console/suppressions/lift": "editor",
    "GET /console/suppressions/settings": "owner",
    "POST /console/suppressions/settings": "owner",
    "GET /console/suppressions/waiting": "viewer",
    "GET /console/types": "viewer",
    "POST /console/types": "editor",
    "GET /console/types/new": "editor",
    "GET /console/types/{type_id:int}": "editor",
    "POST /console/types/{type_id:int}": "editor",
    "POST /console/types/{type_id:int}/remove": "editor",
    "GET /console/tokens": "owner",
    "POST /console/tokens": "owner",
    "POST /console/tokens/{token_id:int}/revoke": "owner",
    "GET /console/users": "owner",
    "POST /console/users": "owner",
    "POST /console/users/{user_id:int}/password": "owner",
    "POST /console/users/{user_id:int}/remove": "owner",
    "POST /console/users/{user_id:int}/role": "owner",
}
OPEN = {
    "GET /console/set-up",
    "GET /console/sign-in",
    "POST /console/set-up",
    "POST /console/sign-in",
    "POST /console/sign-out",
    "POST /console/theme",
}
# What came with an unknown key belongs to no workspace: every owner of the installation may see it.
SHARED = {"GET /console/refused/unknown/{unknown_id:int}"}
# What a form has to say before its path parameters are looked at.
FORMS = {
    "POST /console/users/{user_id:int}/role": {"role": "editor"},
    "POST /console/settings/brands/{brand_id:int}": {"name": "Theirs", "currency": "EUR"},
}


def routes() -> Iterator[tuple[str, dict[str, Any]]]:
    for route in all_routes():
        for method in route.http_methods:
            for path in route.paths:
                yield f"{method} /console{path.rstrip('/')}", route.opt


ROUTES = dict(routes())
WITH_IDS = sorted(name for name in ROUTES.keys() - SHARED if "{" in name)


def filled(name: str, known: dict[str, str]) -> tuple[str, str]:
    """Return method and address of a route; a KeyError: a new kind of id, teach it to Console.known."""
    method, _, path = name.partition(" ")
    return method, re.sub(r"\{(\w+):?\w*\}", lambda found: known[found[1]], path)


def send(visitor: Visitor, name: str, known: dict[str, str]) -> Page:
    method, path = filled(name, known)
    return visitor.get(path) if method == "GET" else visitor.post(path, FORMS.get(name, {}))


def test_every_place_in_the_navigation_is_a_page_with_a_key_of_its_own() -> None:
    nav = [place for room in ROOMS.values() for place in room.NAV]
    assert [place.path for place in nav if f"GET {place.path}" not in ROUTES] == []
    assert len({place.order for place in nav}) == len({place.key for place in nav}) == len(nav)
    assert {place.path: place.role for place in nav} == {place.path: LEAST[f"GET {place.path}"] for place in nav}


def test_every_route_is_named_here() -> None:
    assert {name for name, opt in ROUTES.items() if opt.get("open")} == OPEN
    assert {name: opt.get("role", "viewer") for name, opt in ROUTES.items() if not opt.get("open")} == LEAST


@pytest.mark.parametrize("name", sorted(LEAST))
def test_nobody_gets_in_without_signing_in(console: Console, name: str) -> None:
    page = send(console.visitor(), name, console.known())
    assert page.status == 303
    assert page.location.startswith("/console/sign-in")


@pytest.mark.parametrize("name", sorted(name for name, role in LEAST.items() if role != "viewer"))
def test_a_lesser_role_is_refused(console: Console, name: str) -> None:
    before = console.query("SELECT count(*), max(id) FROM audit")
    for role in ORDER[: ORDER.index(LEAST[name])]:
        page = send(console.visitors[role], name, console.known())
        assert page.status == 403, role
        assert f"This needs the role {LEAST[name]}; yours is {role}." in page.text
    assert console.query("SELECT count(*), max(id) FROM audit") == before


@pytest.mark.parametrize("name", sorted(name for name in LEAST if name.startswith("GET ") and "{" not in name))
def test_a_sufficient_role_is_let_in(console: Console, name: str) -> None:
    for role in ORDER[ORDER.index(LEAST[name]) :]:
        assert send(console.visitors[role], name, console.known()).status in (200, 303), role


@pytest.mark.parametrize("name", WITH_IDS)
def test_ids_of_another_workspace_are_not_there(console: Console, name: str) -> None:
    known = console.known()
    before = console.query("SELECT count(*) FROM audit")
    page = send(console.stranger, name, known)
    assert page.status == 404, page.text
    assert console.query("SELECT count(*) FROM audit") == before
    if name.startswith("GET "):
        assert send(console.owner, name, known).status == 200  # so that the 404 above means something


@pytest.mark.parametrize("name", sorted(name for name in ROUTES if name.startswith("POST ")))
def test_forms_that_are_not_ours_change_nothing(console: Console, name: str) -> None:
    _, path = filled(name, console.known())
    visitor = console.owner
    tokens = {"": "", "another's": console.stranger.csrf(), "wrong": "x" * 43}
    before = console.query("SELECT count(*), max(id) FROM audit")
    for what, token in tokens.items():
        page = visitor.post(path, FORMS.get(name, {}), csrf=token)
        assert page.status == 403, what
        assert "reload the page" in page.text
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        page = visitor.post(path, FORMS.get(name, {}), **headers)
        assert page.status == 403, headers
        assert "another site" in page.text
    assert console.query("SELECT count(*), max(id) FROM audit") == before


def test_a_token_in_the_header_is_as_good(console: Console) -> None:
    token = console.viewer.csrf()
    host = f"127.0.0.1:{console.server.port}"
    page = console.viewer.post(
        "/console/theme",
        {"theme": "dark"},
        csrf="",
        X_CSRF_Token=token,
        Origin=f"http://{host}",
        Sec_Fetch_Site="same-origin",
    )
    assert page.status == 303


@pytest.mark.parametrize("name", sorted(name for name in ROUTES if name.startswith("GET ")))
def test_safe_headers_are_on_every_page(console: Console, name: str) -> None:
    for visitor in (console.owner, console.visitor()):
        page = send(visitor, name, console.known())
        assert_safe(page)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/console/nothing-here", 404),
        ("GET", "/console/users/abc", 404),
        ("DELETE", "/console/users", 405),
        ("OPTIONS", "/console/users", 405),
        ("PUT", "/console/static/x/console.css", 405),
        ("GET", "/console/static/x/console.css", 404),
        ("GET", "/console/" + "x" * 5000, 400),
        ("GET", "/console/audit?x=" + "x" * 9000, 400),
        ("GET", "/console/audit?cursor=nonsense", 400),
        ("GET", "/console/audit?limit=many", 400),
        ("POST", "/console/users/999999/remove", 404),
    ],
)
def test_errors_are_pages_that_say_what_to_do(console: Console, method: str, path: str, status: int) -> None:
    page = console.owner.post(path) if method == "POST" else console.owner.request(method, path)
    assert page.status == status
    assert_safe(page)
    if "/static/" not in path:
        assert 'href="/console"' in page.text
        assert "<h1>" in page.text


def test_head_is_get_without_a_body(console: Console) -> None:
    for path in (
        "/console/sign-in",
        re.findall(r'href="(/console/static/[^"]+)"', console.visitor().get("/console/sign-in").text)[0],
    ):
        page, head = console.visitor().get(path), console.visitor().request("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == page.headers["content-length"] == str(len(page.body))
        assert head.headers["content-security-policy"] == PICTURES


def test_options_says_what_there_is(console: Console) -> None:
    assert console.visitor().request("OPTIONS", "/console/users").headers["allow"] == "GET, POST"
    assert console.owner.request("DELETE", "/console/users").headers["allow"]


def test_a_body_that_is_no_form_is_refused(console: Console) -> None:
    token = console.owner.csrf()
    for kind, body, status in (
        ("application/json", b"{}", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("application/x-www-form-urlencoded", b"a=\xff", 400),
        ("application/x-www-form-urlencoded", b"a=%ff", 400),
        ("application/x-www-form-urlencoded", b"a=%00&csrf=" + token.encode(), 400),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(600)), 400),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 70_000, 413),
    ):
        page = console.owner.request("POST", "/console/tokens", body, Content_Type=kind)
        assert page.status == status, (kind, body[:20])
        assert_safe(page)


def test_files_are_kept_for_ever_under_the_address_of_their_content(console: Console) -> None:
    page = console.visitor().get("/console/sign-in")
    addresses = re.findall(r'(?:src|href)="(/console/static/[^"]+)"', page.text)
    kinds = {}
    for address in addresses:
        file = console.visitor().get(address)
        assert file.status == 200, address
        assert "immutable" in file.headers["cache-control"]
        assert file.headers["x-content-type-options"] == "nosniff"
        assert not file.cookies
        kinds[address.rpartition(".")[2]] = file.headers["content-type"]
    assert kinds == {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
    packed = console.visitor().get(addresses[1], Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(console.visitor().get(addresses[1]).body)


def assert_safe(page: Page) -> None:
    headers = page.headers
    assert headers["content-security-policy"] == PICTURES
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers
    assert "strict-transport-security" not in headers
    if page.status != 200 or "text/html" in headers["content-type"]:
        assert headers["cache-control"] == "no-store"
    for cookie in page.cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/console" in cookie
        assert "Secure" not in cookie  # this is plain http; test_entry has https behind a proxy
    if "text/html" in headers.get("content-type", ""):
        assert_harmless(page.text)  # nothing inline: no script, no style, no handler
