"""The proof of an id: test vectors, rotation, and what the vendor's PHP sample makes of it."""

import hashlib

import pytest

from tests.dialects.reamaze_data.desk import BOB, Desk, authkey, desk, said, send, signed, source
from tidings.dialects.reamaze_data.authkey import check, fault, php_sum

PLAIN = "ea0f520113956825e52c312216da9e6e564e1317baf371b782fe55d00493455e"
SIGNED = "6f87bfb45f673f347f23e407380db2dd2d2ad3694789f3d3dfb4dd7ab12d7430"


def test_the_vectors() -> None:
    assert authkey(17) == PLAIN
    assert signed(17, BOB) == SIGNED
    assert check(PLAIN, "17", "", ["secret"], ["secret"]) == "id"
    assert check(SIGNED, "17", BOB, ["secret"], ["secret"]) == "id and email"


@pytest.mark.parametrize(
    ("given", "user_id", "email", "keys", "secrets"),
    [
        (PLAIN, "18", BOB, ["secret"], ["secret"]),
        (PLAIN, "17", BOB, ["other"], ["secret"]),
        (PLAIN, "17", BOB, [], ["secret"]),
        (PLAIN[:-1], "17", BOB, ["secret"], ["secret"]),
        (PLAIN + "0", "17", BOB, ["secret"], ["secret"]),
        (SIGNED, "17", "", ["secret"], ["secret"]),
        (SIGNED, "17", "alice@example.com", ["secret"], ["secret"]),
        (SIGNED, "17", BOB, ["secret"], ["other"]),
        (SIGNED, "17", BOB, ["secret"], []),
        (hashlib.sha256(b"17:").hexdigest(), "17", BOB, ["secret"], ["secret"]),
        (signed(17, ""), "17", "", ["secret"], ["secret"]),
        ("é", "17", BOB, ["secret"], ["secret"]),
        ("\ud83d", "17", BOB, ["secret"], ["secret"]),
        ("", "17", BOB, ["secret"], ["secret"]),
    ],
)
def test_a_wrong_one_proves_nothing(given: str, user_id: str, email: str, keys: list[str], secrets: list[str]) -> None:
    assert check(given, user_id, email, keys, secrets) is None


def test_all_keys_work_while_they_are_changed() -> None:
    sources = Desk({"acme": ("shop", source())}, {"acme": ("old-key", "new-key")}, {"acme": ("old-sso", "new-sso")})
    for given in (
        authkey(17, "old-key"),
        authkey(17, "new-key"),
        signed(17, BOB, "old-sso"),
        signed(17, BOB, "new-sso"),
    ):
        outcome = send({"user": {"id": "17", "email": BOB, "authkey": given}}, headers={}, sources=sources)
        assert outcome.reply.status == 200
    for given in (authkey(17, "old-sso"), signed(17, BOB, "new-key")):
        outcome = send({"user": {"id": "17", "email": BOB, "authkey": given}}, headers={}, sources=sources)
        assert outcome.reply.status == 403


@pytest.mark.parametrize(
    ("user_id", "added"),
    [
        ("17", "17"),
        (" 17", "17"),
        ("+17", "17"),
        ("-17", "-17"),
        ("007", "7"),
        ("0", "0"),
        ("17abc", "17"),
        ("abc", "0"),
        ("", "0"),
        (":", "0"),
        ("1.50", "1.5"),
        ("1.", "1"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9.2233720368548E+18"),
        ("1e25", "1.0E+25"),
        ("1e-7", "1.0E-7"),
        ("1e999", "INF"),
        ("9" * 5_000, "1.0E+40"),
        ("٣", "0"),
    ],
)
def test_what_php_adds(user_id: str, added: str) -> None:
    assert php_sum(user_id) == added
    given = hashlib.sha256(added.encode()).hexdigest()
    assert fault(given, user_id, "").startswith(f'authkey is the SHA-256 of "{added}" alone')


def test_the_refusal_explains_the_plus_in_any_case() -> None:
    for content in ({"id": "17", "email": BOB}, {"id": "17", "email": ""}):
        message = fault("xxxxxx", "17", content["email"])
        assert '$id . ":" . $key' in message
        assert '"+" of the vendor\'s PHP sample' in message
    assert "without an email" in fault("xxxxxx", "17", "")
    assert "without an email" not in fault("xxxxxx", "17", BOB)
    outcome = send({"user": {"id": "17", "email": BOB, "authkey": "xxxxxx"}}, sources=desk())
    assert outcome.reply.status == 403
    assert "vendor's PHP sample" in said(outcome)["error"]
    assert outcome.source is not None  # the operator sees it with the source
