"""JSON as clients really send it."""

import contextlib
import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.kit import jsontext

strict = msgspec.json.Decoder(Any, float_hook=jsontext.number).decode


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":NaN,"b":Infinity,"c":-Infinity}', {"a": None, "b": None, "c": None}),
        (rb'["\ud83d","\ude00x","\ud83d\ude00"]', ["\ufffd", "\ufffdx", "\U0001f600"]),
        (rb'{"a\u0000":"b\u0000c"}', {"a": "bc"}),
        (rb'["\\u0000"]', ["\\u0000"]),
        (rb'{"\ud83d":1}', {"\ufffd": 1}),
        (b"[9007199254740993,123456789012345678901234567890]", [9007199254740993, 123456789012345678901234567890]),
        (b"[1e400,-1e400,1e99999999999999999999]", [None, None, None]),
        (b"[1e-400,-1e-9999999999]", [0, 0]),
        (
            b"[1e-07,25.10,1.7976931348623157e308]",
            [Decimal("1E-7"), Decimal("25.10"), Decimal("1.7976931348623157E308")],
        ),
        (b"[" + b"9" * 4300 + b"," + b"9" * 4301 + b"]", [10**4300 - 1, None]),
        (b"\xef\xbb\xbf{}", {}),
        (b'["ab\xe9"]', ["ab\ufffd"]),
        (b'["\xed\xa0\xbd"]', ["\ufffd\ufffd\ufffd"]),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"a":NaN,"a":2}', {"a": 2}),
        (b'["a\tb"]', ["a\tb"]),
        (b'["a\x00b"]', ["ab"]),
    ],
)
def test_decode(body: bytes, expected: Any) -> None:
    found = jsontext.decode(body, strict)
    assert found == expected
    assert strict(jsontext.encode(found)) == found


@pytest.mark.parametrize("body", [b"", b"{", b"[1,]", b"{'a':1}", b'{"a":yes}', b"{} x", b"\xff"])
def test_unreadable(body: bytes) -> None:
    with pytest.raises(jsontext.Unreadable):
        jsontext.decode(body, strict)


@pytest.mark.parametrize("around", [(b"[", b"]"), (b'{"a":', b"}"), (b'{"}":"]]","a":[', b"]}")])
def test_depth(around: tuple[bytes, bytes]) -> None:
    levels = 32 if around[0].endswith(b"[") and len(around[0]) > 1 else 64
    jsontext.decode(around[0] * levels + b"1" + around[1] * levels, strict)
    for deep in (levels + 1, 5_000, 100_000):
        with pytest.raises(jsontext.TooDeep):
            jsontext.decode(around[0] * deep + b"1" + around[1] * deep, strict)


def test_many_brackets_are_not_deep() -> None:
    decoded: object = jsontext.decode(b"[" + b",".join([b'{"a":[1]}'] * 500) + b"]", strict)
    assert decoded == [{"a": [1]}] * 500


nested = st.recursive(
    st.text('{}[]\\"\u0000aé') | st.integers() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('{}[]"'), inner),
    max_leaves=30,
)


@given(nested, st.integers(0, 70), st.booleans())
def test_plain_throughout_never_lets_anything_odd_through(value: Any, levels: int, ascii_only: bool) -> None:
    for _ in range(levels):
        value = [value]
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    if jsontext.is_plain_throughout(body):
        assert jsontext.depth(body) <= jsontext.DEEPEST
        assert b"\\u0000" not in body
        assert strict(body) == value


def test_plain_throughout_is_not_deceived_by_brackets_in_texts() -> None:
    deep = b'{"a":"}","b":' * 500 + b"1" + b',"c":"{"}' * 500
    assert jsontext.depth(deep) == 500
    assert not jsontext.is_plain_throughout(deep)
    assert jsontext.is_plain_throughout(b"[" + b",".join([b'{"a":[1,"\\u00e9"]}'] * 500) + b"]")


def test_wrong_type() -> None:
    with pytest.raises(msgspec.ValidationError):
        jsontext.decode(b"[NaN]", msgspec.json.Decoder(dict[str, Any]).decode)


def test_split() -> None:
    body = b' {"batch" : [ {"x":NaN} , 2,"a]" ] , "a":1,"a":"\\ud83d" } '
    members = jsontext.members(body)
    assert members == {"batch": b'[ {"x":NaN} , 2,"a]" ]', "a": b'"\\ud83d"'}
    assert jsontext.elements(members["batch"], 100) == [b'{"x":NaN}', b"2", b'"a]"']
    assert jsontext.members(b"\xef\xbb\xbf{}") == {}
    assert jsontext.elements(b"[ ]", 100) == []
    deep = b"[" * 5_000 + b"]" * 5_000
    assert jsontext.elements(b"[" + deep + b", 1]", 100) == [deep, b"1"]


@pytest.mark.parametrize("body", [b"[]", b"", b"{1:2}", b'{"a" 1}', b'{"a":1', b'{"a":1}}', b'{"a":1,}', b'{"a":[[}'])
def test_split_unreadable(body: bytes) -> None:
    with pytest.raises(jsontext.Unreadable):
        jsontext.members(body)


def test_split_unclosed_deep() -> None:
    with pytest.raises(jsontext.Unreadable):
        jsontext.elements(b"[" * 5_000, 100)


@given(st.binary())
def test_any_bytes(body: bytes) -> None:
    for read in (lambda text: jsontext.decode(text, strict), jsontext.members, lambda text: jsontext.elements(text, 9)):
        with contextlib.suppress(jsontext.Unreadable, jsontext.TooDeep):
            read(body)
