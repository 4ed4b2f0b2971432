"""What a browser needs to be allowed to send, and to read the answer."""

import pytest

from tests.edge.wire import ORIGIN, Said, ask, basic, event
from tests.serving import Running

PATHS = [
    "/v1/track",
    "/v1/t",
    "/v1/b",
    "/v1/batch",
    "/v1/m",
    "/beacon/v1/batch",
    "/v1/pixel/track",
    "/v1/projects/nobody/settings",
    "/sourceConfig",
    "/sourceConfig/",
    "/segment/v1/track/",
]


def words(value: str) -> set[str]:
    return {word.strip().lower() for word in value.split(",")}


def must_be_readable(said: Said, origin: str = ORIGIN) -> None:
    """Check what a browser checks before a page may see an answer to a request with credentials."""
    assert said.header("access-control-allow-origin") == origin, said
    assert said.header("access-control-allow-credentials") == "true", said
    assert words(said.header("access-control-expose-headers")) == {"retry-after", "x-ratelimit-reset"}, said
    assert "origin" in words(said.header("vary")), said
    assert said.all("set-cookie") == []
    assert said.all("www-authenticate") == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "asked", ["authorization", "authorization,x-retry-count", "anonymousid,authorization,content-type,sentat"]
)
def test_a_preflight_is_allowed_what_it_asks_for(live: Running, path: str, asked: str) -> None:
    headers = [("Origin", ORIGIN), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", asked)]
    said = ask(live.port, "OPTIONS", path, headers=headers)
    assert said.status == 204
    assert said.body == b""
    must_be_readable(said)
    assert said.header("access-control-allow-methods") == "GET, POST, OPTIONS"
    assert said.header("access-control-allow-headers") == asked
    assert said.header("access-control-max-age") == "7200"
    assert said.all("access-control-allow-private-network") == []
    assert said.all("location") == []


def test_a_preflight_from_a_public_page_to_a_private_network(live: Running) -> None:
    headers = [("Origin", ORIGIN), ("Access-Control-Request-Method", "POST")]
    said = ask(live.port, "OPTIONS", "/v1/t", headers=[*headers, ("Access-Control-Request-Private-Network", "true")])
    assert said.header("access-control-allow-private-network") == "true"
    said = ask(live.port, "OPTIONS", "/v1/t", headers=headers)
    assert said.all("access-control-allow-private-network") == []
    assert said.header("access-control-allow-headers") != "*", "* does not cover authorization"


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "null", "capacitor://localhost", "https://xn--bcher-kva.example"]
)
def test_any_origin_is_echoed(live: Running, key: str, origin: str) -> None:
    said = ask(live.port, "POST", "/v1/t", event(), [basic(key), ("Origin", origin)])
    assert said.status == 200
    must_be_readable(said, origin)


@pytest.mark.parametrize(
    ("method", "path", "body", "named", "status"),
    [
        ("POST", "/v1/t", event(), True, 200),
        ("POST", "/v1/b", b'{"batch": []}', True, 200),
        ("POST", "/v1/m", b'{"series": []}', False, 200),
        ("GET", "/v1/pixel/track?event=x&userId=alice", b"", False, 200),
        ("POST", "/v1/t", b"{", True, 400),
        ("POST", "/v1/t", b'{"userId": "alice"}', True, 400),
        ("POST", "/v1/t", event(), False, 401),
        ("GET", "/sourceConfig/", b"", False, 401),
        ("GET", "/v1/projects/nobody/settings", b"", False, 404),
        ("GET", "/nowhere", b"", False, 404),
        ("DELETE", "/v1/t", b"", True, 405),
    ],
)
def test_every_answer_can_be_read(
    live: Running, key: str, method: str, path: str, body: bytes, named: bool, status: int
) -> None:
    headers = [("Origin", ORIGIN), *([basic(key)] if named else [])]
    said = ask(live.port, method, path.format(key=key), body, headers)
    assert said.status == status, said
    must_be_readable(said)


@pytest.mark.parametrize("path", ["/v1/projects/{key}/settings", "/sourceConfig/?writeKey={key}"])
@pytest.mark.parametrize("headers", [[], [("Origin", ORIGIN)]])
def test_settings_are_for_every_page(live: Running, key: str, path: str, headers: list[tuple[str, str]]) -> None:
    """They may be cached, so the answer to a request without Origin has to serve a page's request, too."""
    said = ask(live.port, "GET", path.format(key=key), headers=headers)
    assert said.status == 200
    assert said.header("cache-control") == "public, max-age=300"
    assert said.header("access-control-allow-origin") == "*"
    assert said.all("access-control-allow-credentials") == [], "not together with *"
