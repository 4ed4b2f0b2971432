"""A source's own prefix: its dialect's paths below it, for it alone."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.dialects.asking import SIGNER, source
from tests.edge.wire import ORIGIN, Said, ask, basic, event, must_fail, must_take
from tests.serving import Running, wait_for
from tidings.dialects import DIALECTS, first_parts
from tidings.dialects.contract import Rejected
from tidings.edge.paths import Own
from tidings.tenants.model import Declared, Source
from tidings.tenants.rules import OWN_PARTS, prefix_fault

PAGE = b'{"userId": "alice", "event": "Seen", "groupId": "acme", "previousId": "a-1"}'


@pytest.fixture(scope="module")
def shop(live: Running) -> str:
    """The key of a Segment source with the prefix ``shop``."""
    key: str = live.source("segment", "--name", "prefixed", "--prefix", "shop")["write_key"]
    return key


@pytest.fixture(scope="module")
def site(live: Running) -> str:
    """The key of a Ripe source with the prefix ``site-1``."""
    key: str = live.source("ripe", "--name", "site", "--prefix", "site-1")["api_key"]
    return key


@pytest.fixture(scope="module")
def stranger(live: Running) -> str:
    """The key of a Ripe source without a prefix."""
    key: str = live.source("ripe", "--name", "stranger")["api_key"]
    return key


def refused(said: Said, status: int, message: str) -> None:
    """Check an error as Ripe words it."""
    assert said.status == status, said
    assert message in said.json()["message"]
    assert said.json().keys() == {"message"}


def test_all_paths_of_the_dialect_are_answered_below_it(live: Running, shop: str) -> None:
    for path in ("/v1/track", "/v1/t", "/v1/track/", "/v1/track?retry=1"):
        must_take(ask(live.port, "POST", "/shop" + path, event(), [basic(shop)]))
    must_take(ask(live.port, "POST", "/shop/v1/batch", b'{"batch": []}', [basic(shop)]))
    found = ask(live.port, "GET", f"/shop/v1/projects/{shop}/settings", headers=[("Host", "t.example")])
    assert found.json()["integrations"]["Segment.io"]["apiHost"].endswith("/shop/v1"), "SDKs stay below it"
    must_take(ask(live.port, "POST", "/v1/track", event(), [basic(shop)]))  # the vendor's own path goes on


@pytest.mark.parametrize("base", ["", "/event", "/core-backend"])
@pytest.mark.parametrize("prefix", ["/site-1", "/ripe"])
def test_the_connectors_endpoint_may_be_a_prefix(live: Running, site: str, base: str, prefix: str) -> None:
    for verb in ("identify", "track", "page", "group", "alias"):
        said = ask(live.port, "POST", f"{prefix}{base}/{verb}", PAGE, [basic(site, None)])
        assert (said.status, said.body) == (200, b"{}")
    assert ask(live.port, "GET", f"{prefix}{base}/auth/sdk", headers=[basic(site, None)]).status == 200
    assert ask(live.port, "GET", f"{prefix}{base}/auth/sdk", headers=[basic("nobody", None)]).status == 401


@pytest.mark.parametrize("path", ["/identify", "/track", "/auth/sdk"])
def test_short_paths_are_answered_below_a_prefix_only(live: Running, site: str, path: str) -> None:
    must_fail(ask(live.port, "POST", path, PAGE, [basic(site, None)]), 404, "not_found")


def test_a_key_of_another_source_is_refused(live: Running, site: str, stranger: str, shop: str, key: str) -> None:
    said = ask(live.port, "POST", "/site-1/track", PAGE, [basic(stranger, None)])
    refused(said, 401, "another source than the prefix /site-1")
    refused(ask(live.port, "GET", "/site-1/auth/sdk", headers=[basic(stranger, None)]), 401, "another source")
    refused(ask(live.port, "POST", "/site-1/track", PAGE, [basic(shop)]), 401, "belongs to no source")
    must_fail(ask(live.port, "POST", "/shop/v1/track", event(), [basic(key)]), 401, "another_source")
    keyed = json.dumps({"batch": [], "writeKey": key}).encode()
    must_fail(ask(live.port, "POST", "/shop/v1/batch", keyed), 401, "another_source")
    must_fail(ask(live.port, "GET", f"/shop/v1/projects/{key}/settings"), 401, "another_source")
    must_fail(ask(live.port, "POST", "/shop/v1/track", event()), 401, "unknown_source")
    wait_for(lambda: [1 for one in listed(live) if one["name"] == "site" and one["refused"]])


def listed(live: Running) -> list[dict[str, Any]]:
    """Return the figures of all sources: the operator of the prefix sees who knocks."""
    token = live.cli("token", "create")["token"]

    def ask_stats() -> Any:
        return live.call("GET", "/tidings/v1/stats", headers={"Authorization": f"Bearer {token}"})

    wait_for(lambda: ask_stats().status == 200)
    names = {one["id"]: one["name"] for one in live.cli("source", "list")}
    return [{"name": names.get(one["source_id"]), **one} for one in ask_stats().json()["sources"]]


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/site-1", "ripe"),
        ("/site-1/v1/track", "ripe"),
        ("/site-1/ripe/event/track", "ripe"),
        ("/site-1//track", "ripe"),
        ("/site-1/site-1/track", "ripe"),
        ("/event", "ripe"),
        ("/event/screen", "ripe"),
        ("/ripe/nothing", "ripe"),
        ("/shop", "segment"),
        ("/shop/track", "segment"),
        ("/SHOP/v1/track", "segment"),
        ("/nobody/v1/track", "segment"),
        ("//shop/v1/track", "segment"),
        ("/v1/shop/track", "segment"),
    ],
)
def test_nothing_else_is_below_it(live: Running, shop: str, site: str, path: str, dialect: str) -> None:
    said = ask(live.port, "POST", path, PAGE, [basic(site, None), ("Origin", ORIGIN)])
    if dialect == "ripe":
        refused(said, 404, "nothing at this path")
    else:
        must_fail(said, 404, "not_found")
    assert said.header("access-control-allow-origin") == ORIGIN


def test_methods_and_preflights_below_it(live: Running, site: str) -> None:
    refused(ask(live.port, "GET", "/site-1/track"), 405, "use POST")
    refused(ask(live.port, "POST", "/site-1/auth/sdk", b"{}"), 405, "use GET")
    asked = [("Origin", ORIGIN), ("Access-Control-Request-Headers", "authorization, content-type")]
    said = ask(live.port, "OPTIONS", "/site-1/track", headers=asked)
    assert said.status == 204
    assert said.header("access-control-allow-headers") == "authorization, content-type"


def test_a_large_or_compressed_body_below_it(live: Running, site: str) -> None:
    refused(ask(live.port, "POST", "/site-1/track", b"x" * 40_000, [basic(site, None)]), 413, "32768 bytes")
    refused(ask(live.port, "POST", "/site-1/track", b"x" * 600_000, [basic(site, None)]), 413, "512000 bytes")
    coded = [basic(site, None), ("Content-Encoding", "br")]
    refused(ask(live.port, "POST", "/site-1/track", PAGE, coded), 415, "send gzip")


def test_it_is_set_moved_and_taken_away(live: Running) -> None:
    made = live.source("ripe", "--name", "moving")
    number, header = str(made["id"]), basic(made["api_key"], None)

    def status(path: str) -> int:
        return ask(live.port, "POST", path, PAGE, [header]).status

    assert status("/first/track") == 404
    assert live.cli("source", "set", number, "prefix=first")["settings"]["prefix"] == "first"
    wait_for(lambda: status("/first/track") == 200)
    live.cli("source", "set", number, "prefix=second")
    wait_for(lambda: status("/second/track") == 200)
    assert status("/first/track") == 404
    live.cli("source", "disable", number)
    wait_for(lambda: status("/second/track") == 401)
    live.cli("source", "enable", number)
    live.cli("source", "set", number, "prefix=")
    wait_for(lambda: status("/second/track") == 404)
    assert status("/event/track") == 200


@pytest.mark.parametrize("prefix", ["a", "shop", "shop-2", "-", "0", "x" * 40, ""])
def test_what_can_be_a_prefix(prefix: str) -> None:
    assert prefix_fault(prefix, first_parts()) is None


@pytest.mark.parametrize("prefix", ["Shop", "sh op", "shöp", "a/b", "a.b", "a_b", "{x}", "x" * 41, "a\n", "%41"])
def test_what_cannot_be_written_in_a_prefix(prefix: str) -> None:
    assert "lower-case letters" in str(prefix_fault(prefix, first_parts()))


@pytest.mark.parametrize(
    "prefix",
    ["tidings", "console", "healthz", "readyz", "metrics", "v1", "event", "core-backend", "beacon", "segment", "ripe"],
)
def test_no_prefix_is_a_path_that_is_answered_anyway(prefix: str) -> None:
    assert "choose another" in str(prefix_fault(prefix, first_parts()))


def test_every_route_at_the_root_is_safe_from_prefixes() -> None:
    paths = [route.path for dialect in DIALECTS for route in dialect.routes if not route.prefixed]
    assert paths
    assert {path.split("/")[1] for path in paths} <= first_parts()
    assert not OWN_PARTS & first_parts(), "these need not be written down"


def test_no_two_dialects_answer_one_path() -> None:
    places = [
        (route.method, path)
        for dialect in DIALECTS
        for route in dialect.routes
        for path in (route.path, f"/{dialect.name}{route.path}")
        if path != route.path or not route.prefixed
    ]
    assert len(places) == len(set(places))


class Two:
    """An installation with two sources of the same dialect in the same brand."""

    def __init__(self, own: Source, other: Source) -> None:
        self.known = {"own": own, "other": other}

    def find(self, dialect: str, credential: str, secret: str) -> Source | None:
        return self.known.get(secret)

    def values(self, source: Source, credential: str) -> tuple[str, ...]:
        return (f"{credential} of {source.id}",)

    def marks(self, source: Source, credential: str) -> tuple[str, ...]:
        return ()

    def declared(self, source: Source, kind: str, subtype: str) -> Declared | None:
        return None

    def only(self, dialect: str) -> Source | None:
        return None

    def of_brand(self, dialect: str, key: str) -> tuple[Source, ...] | None:
        return {"main": tuple(self.known.values()), "empty": ()}.get(key)

    def source(self, source_id: int) -> Source | None:
        return next((source for source in self.known.values() if source.id == source_id), None)

    signer = SIGNER


def test_below_a_prefix_there_is_one_source() -> None:
    mine = replace(source("ripe", settings={"prefix": "own"}), id=1)
    others = replace(mine, id=2)
    own = Own(Two(mine, others), mine)
    assert own.find("ripe", "api_key", "own") == mine
    assert own.find("ripe", "api_key", "unknown") is None
    with pytest.raises(Rejected, match="than the prefix /own of the path") as refusal:
        own.find("ripe", "api_key", "other")
    assert (refusal.value.status, refusal.value.code, refusal.value.source) == (401, "another_source", mine)
    assert own.values(mine, "api_key") == ("api_key of 1",)
    assert (own.source(1), own.source(2), own.signer) == (mine, None, SIGNER)
    assert (own.only("ripe"), own.only("segment")) == (mine, None)
    assert Own(Two(mine, others), replace(mine, enabled=False)).only("ripe") is None
    assert (own.of_brand("ripe", "main"), own.of_brand("ripe", "empty"), own.of_brand("ripe", "x")) == (
        (mine,),
        (),
        None,
    )
