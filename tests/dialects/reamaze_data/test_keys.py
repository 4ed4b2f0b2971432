"""Whose request it is, where there are several accounts."""

from typing import Any

import pytest

from tests.dialects.reamaze_data.desk import BOB, Desk, authkey, basic, call, said, send, source
from tidings.dialects.reamaze_data.keys import header_key, host_label

NEUTRAL = "events.tidings.example"


def two(**members: Any) -> Desk:
    """Return Acme and a stranger, whose account and brand differ in name."""
    sources = {"acme": ("shop", source(1, **members)), "stranger": ("theirs", source(2))}
    return Desk(sources, {"acme": ("acme-key",), "stranger": ("their-key",)})


def user(key: str | None = None, **members: Any) -> dict[str, Any]:
    proof = {} if key is None else {"authkey": authkey(17, key)}
    return {"user": {"id": "17", "email": BOB} | proof | members}


@pytest.mark.parametrize(
    ("host", "key", "number"),
    [
        (NEUTRAL, "acme-key", 1),
        (NEUTRAL, "their-key", 2),
        ("acme.tidings.example", "acme-key", 1),
        ("shop.tidings.example", "acme-key", 1),
        ("stranger.tidings.example", "their-key", 2),
        ("theirs.tidings.example", "their-key", 2),
    ],
)
def test_a_key_says_it(host: str, key: str, number: int) -> None:
    outcome = send(user(), headers=basic(key), host=host, sources=two())
    assert outcome.reply.status == 200
    assert outcome.source is not None
    assert outcome.source.id == number


@pytest.mark.parametrize("host", ["acme.tidings.example", "shop.tidings.example", "elsewhere.tidings.example"])
def test_a_key_must_belong_to_the_account_of_the_host(host: str) -> None:
    outcome = send(user(), headers=basic("their-key"), host=host, sources=two())
    assert outcome.reply.status == 403
    assert host.partition(".")[0] in said(outcome)["error"]


@pytest.mark.parametrize("host", ["acme.tidings.example", "shop.tidings.example", "ACME.tidings.example:8443"])
def test_without_a_key_the_host_says_it(host: str) -> None:
    assert send(user("acme-key"), headers={}, host=host, sources=two()).reply.status == 200
    refused = send(user("their-key"), headers={}, host=host, sources=two())
    assert refused.reply.status == 403  # proven for another account


@pytest.mark.parametrize("host", [NEUTRAL, "127.0.0.1", "localhost:8080", "[::1]:80", ""])
def test_without_key_and_host_the_body_says_it(host: str) -> None:
    for content in (user("acme-key", account=" Acme "), user("acme-key") | {"account": "acme"}):
        outcome = send(content, headers={}, host=host, sources=two())
        assert outcome.reply.status == 200
        assert outcome.source is not None
        assert outcome.source.id == 1


@pytest.mark.parametrize("content", [user("acme-key"), user("acme-key", account="nobody"), user("acme-key", account=1)])
def test_where_several_could_be_meant_the_answer_says_what_to_send(content: dict[str, Any]) -> None:
    outcome = send(content, headers={}, host=NEUTRAL, sources=two())
    assert (outcome.reply.status, outcome.source) == (401, None)
    assert dict(outcome.reply.headers) == {b"www-authenticate": b'Basic realm="Re:amaze"'}
    for word in ("API key", "host", "authkey"):
        assert word in said(outcome)["error"]


def test_the_only_enabled_source_is_meant() -> None:
    outcome = send(user("their-key"), headers={}, host=NEUTRAL, sources=two(enabled=False))
    assert outcome.reply.status == 200
    assert outcome.source is not None
    assert outcome.source.id == 2


def test_a_body_that_names_another_account_is_refused() -> None:
    for content in (user(account="stranger"), user() | {"account": "stranger"}):
        assert send(content, headers=basic("acme-key"), host=NEUTRAL, sources=two()).reply.status == 403
    by_host = send(user("acme-key", account="stranger"), headers={}, host="acme.tidings.example", sources=two())
    assert by_host.reply.status == 403
    assert send(user(account="nobody"), headers=basic("acme-key"), host=NEUTRAL, sources=two()).reply.status == 200


def test_of_several_sources_of_a_brand_the_enabled_one_is_meant() -> None:
    sources = {"one": ("shop", source(1)), "other": ("shop", source(2, enabled=False))}
    keys = {"one": ("k",), "other": ("k2",)}
    host = "shop.tidings.example"
    assert send(user("k"), headers={}, host=host, sources=Desk(sources, keys)).reply.status == 200
    sources["other"] = ("shop", source(2))
    several = send(user("k"), headers={}, host=host, sources=Desk(sources, keys))
    assert several.reply.status == 401
    assert "several" in said(several)["error"]
    assert send(user(), headers=basic("k2"), host=host, sources=Desk(sources, keys)).reply.status == 200


def test_what_cannot_be_read_is_kept_for_whose_key_it_came_with() -> None:
    for headers, kept in ((basic("acme-key"), 1), (basic("nobody"), None), ({}, None)):
        outcome = call("/data/users", body=b'{"user":', headers=headers, host=NEUTRAL, sources=two())
        assert outcome.reply.status == 400
        assert (outcome.source.id if outcome.source else None) == kept


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (b"Basic c2VjcmV0Og==", "secret"),
        (b"basic  c2VjcmV0", "secret"),
        (b"BASIC c2VjcmV0Ong=", "secret"),
        (b"Basic OnNlY3JldA==", ""),
        (b"Basic", ""),
        (b"Basic !", ""),
        (b"Bearer c2VjcmV0Og==", ""),
        (b"", ""),
    ],
)
def test_headers(header: bytes, key: str) -> None:
    assert header_key(header) == key


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("acme.reamaze.com", "acme"),
        ("Acme.Example.:443", "acme"),
        ("acme", "acme"),
        ("acme.localhost:8080", "acme"),
        ("localhost", ""),
        ("LOCALHOST:80", ""),
        ("192.0.2.7", ""),
        ("192.0.2.7:80", ""),
        ("[2001:db8::1]:80", ""),
        ("", ""),
        (":80", ""),
        (".example", ""),
    ],
)
def test_first_labels(host: str, label: str) -> None:
    assert host_label(host) == label
