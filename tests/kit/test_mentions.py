"""Whether a text names somebody, however it is spelled."""

import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.kit.mentions import Mentions

ALICE = Mentions(["alice@example.org", "+49301234567", "u/1 ü", "jörg@xn--mller-kva.example"])


@pytest.mark.parametrize(
    "text",
    [
        "alice@example.org",
        "<Alice@Example.ORG>",
        '{"email": "alice\\u0040example.org"}',
        "email=alice%40example.org",
        '{\\"email\\": \\"alice\\\\u0040example.org\\"}',
        "data=%7B%22email%22%3A%22alice%5Cu0040example.org%22%7D",
        "tel:+49301234567",
        "phone=%2B49301234567&x=1",
        '{"id":"u\\/1 \\u00fc"}',
        "id=u%2F1+%C3%BC",
        "id=U%2F1%20u%CC%88",
        "Jörg@müller.example",
        "jörg@xn--mller-kva.example",
        "alicealice@example.org or alice@example.org",
    ],
)
def test_a_value_is_found(text: str) -> None:
    assert ALICE.within(None, "", text)


@pytest.mark.parametrize(
    "text",
    ["malice@example.org", "alice@example.organic", "alice@example", "+493012345678", "xu/1 ü", "u/1", "%", "\\"],
)
def test_what_is_part_of_something_else_is_not_found(text: str) -> None:
    assert not ALICE.within(text)


@pytest.mark.parametrize("text", ["7", '"7"', "id=7", "a=7&b=8", '{"userId": 7}', '{"user_id":7,"a":1}', "'7'"])
def test_a_short_value_is_found_where_values_stand(text: str) -> None:
    assert Mentions(["7"]).within(text)


@pytest.mark.parametrize("text", ["17", "7 apples", '{"quantity":7}', '{"id":71}', '{"id":7.5}', '"a7"', "a=77"])
def test_a_short_value_is_not_found_elsewhere(text: str) -> None:
    assert not Mentions(["7"]).within(text)


def test_nobody_is_found_nowhere() -> None:
    assert not Mentions([]).within("alice")
    assert not Mentions([""]).within("")


values = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=20)


@given(values, st.booleans())
def test_any_value_is_found_in_any_spelling(value: str, ascii_only: bool) -> None:
    wanted = Mentions([value])
    document = json.dumps({"userId": value, "n": [1, None]}, ensure_ascii=ascii_only)
    for text in (value, document, json.dumps(document), quote(value), quote_plus(value), urlencode({"id": value})):
        assert wanted.within(text), text
    assert not value.isascii() or wanted.within("no", value.upper())


@given(st.lists(values, max_size=5), st.text(max_size=200))
def test_no_text_is_too_odd(wanted: list[str], text: str) -> None:
    assert Mentions(wanted).within(text) in (True, False)
