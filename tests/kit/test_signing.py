"""Signatures under the installation's key."""

import pytest

from tidings.kit.signing import Signer

ALICE = Signer(b"a" * 32)


def test_what_was_signed_is_known_again() -> None:
    mark = ALICE.sign("confirm", "ana@example.org")
    assert ALICE.is_signed("confirm", "ana@example.org", mark)
    assert len(mark) == 32
    assert mark.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("purpose", "text", "mark"),
    [
        ("token", "ana@example.org", None),
        ("confirm", "bob@example.org", None),
        ("confirm", "ana@example.org", ""),
        ("confirm", "ana@example.org", "é\ud800"),
    ],
)
def test_anything_else_is_not(purpose: str, text: str, mark: str | None) -> None:
    made = ALICE.sign("confirm", "ana@example.org")
    assert not ALICE.is_signed(purpose, text, made if mark is None else mark)


def test_another_installation_signs_otherwise() -> None:
    assert not Signer(b"b" * 32).is_signed("confirm", "x", ALICE.sign("confirm", "x"))
