"""Forms: brackets make objects and lists; what contradicts itself is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.dialects.reamaze_data import body, form
from tidings.kit import jsontext


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (b"", {}),
        (b"&&", {}),
        (b"a=1", {"a": "1"}),
        (b"a", {"a": ""}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a[b]=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        (b"a%5Bb%5D%5Bc%5D=1", {"a": {"b": {"c": "1"}}}),
        (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
        (b"a[][b]=1&a[][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        (b"a[0]=1", {"a": {"0": "1"}}),
        (b"a+b=c+d%2B", {"a b": "c d+"}),
        (b"a=%E2%82%AC%FF%00%", {"a": "€\ufffd%"}),
        (b"a[=1&]=2&[b]=3&a[b]c=4", {"a[": "1", "]": "2", "[b]": "3", "a[b]c": "4"}),
    ],
)
def test_forms(text: bytes, content: dict[str, Any]) -> None:
    assert form.decode(text) == content


@pytest.mark.parametrize("text", [b"a=1&a[b]=2", b"a[b]=1&a=2", b"a[]=1&a[b]=2", b"a[b]=1&a[]=2", b"a[b]=1&a[b][c]=2"])
def test_contradictions(text: bytes) -> None:
    with pytest.raises(jsontext.Unreadable, match="contradicts"):
        form.decode(text)


def test_bounds() -> None:
    assert len(form.decode(b"&".join(b"a%d=1" % number for number in range(1_000)))) == 1_000
    with pytest.raises(jsontext.Unreadable, match="at most 1000"):
        form.decode(b"&".join(b"a%d=1" % number for number in range(1_001)))
    with pytest.raises(jsontext.TooDeep):
        form.decode(b"a" + b"[b]" * 16 + b"=1")


@given(st.binary(max_size=100) | st.text("ab[]=&%5BD+", max_size=60).map(str.encode))
def test_any_form(text: bytes) -> None:
    try:
        content = form.decode(text)
    except (jsontext.Unreadable, jsontext.TooDeep):
        return
    assert jsontext.clean(content) == content


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b'{"authkey": "a\\"b", "x": 1}', b'{"authkey": "", "x": 1}'),
        (b'{"authkey":5}', b'{"authkey":""}'),
        (b'{"AuthKey" : "abc"', b'{"AuthKey" : ""'),
        (b'{"authkey":"cut', b'{"authkey":""'),
        (b"user[api_key]=abc&b=c", b'user[api_key]=""&b=c'),
        (b"sso_secret=abc", b'sso_secret=""'),
        (b"no secret here", b"no secret here"),
    ],
)
def test_excerpts_have_no_secrets(text: bytes, shown: bytes) -> None:
    assert body.excerpt(text) == shown


def test_an_excerpt_is_made_quickly_whatever_comes() -> None:
    for hostile in (
        b"authkey" + b'"' * 120_000,
        b'authkey":"' + b"\\" * 120_001,
        b"authkey" * 18_000,
        b"authkey=" * 16_000,
    ):
        assert len(body.excerpt(hostile)) <= body.REFUSED_LIMIT
