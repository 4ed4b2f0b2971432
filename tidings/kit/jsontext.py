"""JSON as clients really send it: strict and fast first, tolerant where that fails.

What the tolerant reading repairs: bare ``NaN`` and ``Infinity`` (null), lone surrogates (U+FFFD), NUL in text
(removed), numbers beyond a double (null), integers beyond what Python converts (null), a byte order mark (skipped),
invalid UTF-8 (U+FFFD), control characters in text (kept). Of repeated members the last wins. Everything returned can be
encoded and decoded again.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

DEEPEST = 64  # levels of objects and lists; a flat object has one

_NUL = b"\\u0000"
_LIST = ord("[")
_BACKSLASH = ord("\\")
_BOM = b"\xef\xbb\xbf"
_DIGITS = 4_300  # of an integer; Python refuses to convert longer ones
_PLAIN = 300  # characters of a number without exponent that always fits a double
_LARGEST = Decimal("1.7976931348623157E+308")
_SMALLEST = Decimal("2.5E-324")
_ZERO = Decimal(0)
_UNTIDY = re.compile("[\x00\ud800-\udfff]")
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(rb'"(?:[^"\\]+|\\.)*+"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'{}[]"'))
_ROUNDS = DEEPEST // 2  # each takes away at most two levels
_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*+"|[{}\[\]]', re.DOTALL)

encode = msgspec.json.Encoder(decimal_format="number").encode


class Unreadable(ValueError):  # noqa: N818 -- the sender's mistake
    """The text is no JSON, also by the tolerant reading."""


class TooDeep(ValueError):  # noqa: N818 -- the sender's mistake
    """The text nests deeper than 64 levels."""


def number(text: str) -> Decimal | None:
    """Read a JSON number that is no integer, keeping its decimal text; the ``float_hook`` of every decoder.

    Args:
        text: The number as it stands in the JSON text.

    Returns:
        The exact number, zero where a double would be zero, None where a double would be infinite.
    """
    if len(text) < _PLAIN and "e" not in text and "E" not in text:
        return Decimal(text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    size = value.copy_abs()
    if size < _SMALLEST:
        return _ZERO
    return value if size <= _LARGEST else None


def decode(body: bytes, strict: Callable[[bytes], T]) -> T:
    """Decode JSON with a strict decoder, and a repaired text of it where that fails or would let something odd through.

    Args:
        body: JSON text.
        strict: A msgspec decoder's ``decode``, with `number` as its ``float_hook``.

    Returns:
        What ``strict`` makes of it, without NUL, lone surrogates, infinite numbers or deep nesting.

    Raises:
        Unreadable: It is no JSON.
        TooDeep: It nests deeper than 64 levels.
        msgspec.ValidationError: It is JSON, but not of the type that ``strict`` wants.
    """
    if is_plain(body):
        try:
            return strict(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
    elif _NUL not in body and depth(body) <= DEEPEST:
        try:
            return strict(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
    return strict(repair(body))


def is_plain(body: bytes) -> bool:
    """Tell whether a strict decoder may be trusted with a text: no NUL in it, and too few brackets to nest deeply.

    Args:
        body: JSON text.
    """
    # This runs for every event. Removing a byte counts it faster than count(), and a number is found faster than bytes.
    brackets = len(body) - len(body.replace(b"{", b""))
    if _LIST in body:
        brackets += len(body) - len(body.replace(b"[", b""))
    return brackets <= DEEPEST and not (_BACKSLASH in body and _NUL in body)


def is_plain_throughout(body: bytes) -> bool:
    """Tell the same as ``is_plain`` of a long text, where some brackets stand beside each other rather than nested.

    Args:
        body: JSON text.
    """
    if _BACKSLASH in body and (_NUL in body or b'\\"' in body):
        return False
    # No quote is escaped, so each begins or ends a text. One that holds brackets parts its quotes from each other.
    marks = body.translate(None, _NOT_STRUCTURE)
    rest = marks.translate(None, b'"')
    if 2 * marks.count(b'""') != len(marks) - len(rest):
        return False
    for _ in range(_ROUNDS):
        if not rest:
            return True
        rest = rest.replace(b"{}", b"").replace(b"[]", b"")
    return not rest


def repair(body: bytes) -> bytes:
    """Return the strict JSON text of what the tolerant reading makes of a body.

    Args:
        body: JSON text with the oddities that the module names.

    Raises:
        Unreadable: It is no JSON.
        TooDeep: It nests deeper than 64 levels.
    """
    if depth(body) > DEEPEST:
        raise TooDeep(f"nested deeper than {DEEPEST} levels")
    text = body.removeprefix(_BOM).decode("utf-8", "replace")
    try:
        value = _TOLERANT.decode(text)
    except RecursionError as problem:
        raise TooDeep(f"nested deeper than {DEEPEST} levels") from problem
    except ValueError as problem:
        raise Unreadable(str(problem)) from problem
    return encode(clean(value))


def clean(value: Any) -> Any:
    """Return a decoded value without NUL and lone surrogates, in keys too.

    Args:
        value: What a JSON decoder returned, nested at most 64 levels.
    """
    if isinstance(value, str):
        return _UNTIDY.sub(_tidy, value)
    if isinstance(value, dict):
        return {clean(key): clean(member) for key, member in value.items()}
    if isinstance(value, list):
        return [clean(element) for element in value]
    return value


def depth(body: bytes) -> int:
    """Count the levels of objects and lists in JSON text, without recursion.

    Args:
        body: JSON text; the figure means nothing for other text.
    """
    deepest = level = 0
    for bracket in _STRING.sub(b"", body).translate(None, _NOT_BRACKETS):
        if bracket in b"{[":
            level += 1
            deepest = max(deepest, level)
        else:
            level -= 1
    return deepest


def members(body: bytes) -> dict[str, bytes]:
    """Split an object that a strict decoder refuses into its members, each as it stands in the text.

    Args:
        body: JSON text, nested as deeply as it likes.

    Returns:
        The members' texts by name, the last of repeated ones.

    Raises:
        Unreadable: It is no object, or no JSON.
    """
    text = body.removeprefix(_BOM).decode("latin-1")  # one character for each byte
    found: dict[str, bytes] = {}
    place = _open(text, "{")
    while place is not None:
        if text[place : place + 1] != '"':
            raise Unreadable(f"a member's name expected at byte {place}")
        key, place = _skip(text, place)
        place = _past(text, place, ":")
        _, end = _skip(text, place)
        found[key] = text[place:end].encode("latin-1")
        place = _next(text, end, "}")
    return found


def elements(body: bytes, most: int) -> list[bytes]:
    """Split a list that a strict decoder refuses into its elements, each as it stands in the text.

    Args:
        body: JSON text, nested as deeply as it likes.
        most: Elements to return; what follows is not looked at, since splitting costs far more than decoding.

    Raises:
        Unreadable: It is no list, or no JSON.
    """
    text = body.decode("latin-1")
    found: list[bytes] = []
    place = _open(text, "[")
    while place is not None and len(found) < most:
        _, end = _skip(text, place)
        found.append(text[place:end].encode("latin-1"))
        place = _next(text, end, "]")
    return found


def _integer(text: str) -> int | None:
    return int(text) if len(text) <= _DIGITS else None


def _tidy(found: re.Match[str]) -> str:
    return "" if found[0] == "\x00" else "\ufffd"


_TOLERANT = json.JSONDecoder(strict=False, parse_float=number, parse_int=_integer, parse_constant=lambda _: None)
_SKIPPING = json.JSONDecoder(strict=False, parse_float=str, parse_int=str, parse_constant=str)


def _blank(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _past(text: str, place: int, mark: str) -> int:
    place = _blank(text, place)
    if text[place : place + 1] != mark:
        raise Unreadable(f"{mark} expected at byte {place}")
    return _blank(text, place + 1)


def _open(text: str, bracket: str) -> int | None:
    """Return where the first element begins, None where there is none."""
    place = _past(text, 0, bracket)
    if text[place : place + 1] == {"{": "}", "[": "]"}[bracket]:
        _finish(text, place + 1)
        return None
    return place


def _next(text: str, place: int, bracket: str) -> int | None:
    """Return where the next element begins, None after the last."""
    place = _blank(text, place)
    if text[place : place + 1] == bracket:
        _finish(text, place + 1)
        return None
    return _past(text, place, ",")


def _finish(text: str, place: int) -> None:
    if _blank(text, place) != len(text):
        raise Unreadable(f"more text after the end at byte {place}")


def _skip(text: str, place: int) -> tuple[Any, int]:
    """Return the value at a place, where that is a key, and where it ends."""
    try:
        return _SKIPPING.raw_decode(text, place)
    except RecursionError:
        return None, _skip_deep(text, place)
    except ValueError as problem:
        raise Unreadable(str(problem)) from problem


def _skip_deep(text: str, place: int) -> int:
    level = 0
    for token in _TOKEN.finditer(text, place):
        if token[0] in "{[":
            level += 1
        elif token[0] in "}]":
            level -= 1
            if level == 0:
                return token.end()
    raise Unreadable("brackets are not closed")
