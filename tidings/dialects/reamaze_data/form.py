"""Bodies of the kind that HTML forms send, with brackets for members: ``user[data][plan]=pro``."""

import re
from itertools import pairwise
from typing import Any
from urllib.parse import unquote_to_bytes

from tidings.events.model import Members
from tidings.kit import jsontext

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")
_MOST = 1_000  # pairs
_DEEPEST = 16  # brackets of a key


def decode(body: bytes) -> Members:
    """Decode ``application/x-www-form-urlencoded`` text; all values are text.

    ``a[b]=1`` is an object and ``a[]=1&a[]=2`` a list. What is no UTF-8 becomes U+FFFD.

    Args:
        body: The text.

    Raises:
        jsontext.Unreadable: It has too many pairs, or a key contradicts another.
        jsontext.TooDeep: A key has too many brackets.
    """
    pairs = body.split(b"&", _MOST)
    if len(pairs) > _MOST:
        raise jsontext.Unreadable(f"a form has at most {_MOST} pairs")
    found: Members = {}
    for pair in pairs:
        if pair:
            key, _, value = pair.partition(b"=")
            _put(found, _text(key), _text(value))
    cleaned: Members = jsontext.clean(found)
    return cleaned


def _text(encoded: bytes) -> str:
    return unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8", "replace")


def _put(members: Members, key: str, value: str) -> None:
    parsed = _KEY.fullmatch(key)
    steps = [key] if parsed is None else [parsed[1], *_PART.findall(parsed[2])]
    if len(steps) > _DEEPEST:
        raise jsontext.TooDeep(f"nested deeper than {_DEEPEST} brackets")
    place: Any = members
    for step, following in pairwise(steps):
        place = _below(place, step, [] if following == "" else {}, key)
    _set(place, steps[-1], value, key)


def _below(place: Any, step: str, empty: Any, key: str) -> Any:
    """Return what stands at a step, made where there is nothing yet."""
    if isinstance(place, list):
        place.append(empty)
        return empty
    found = place.setdefault(step, empty)
    if type(found) is not type(empty):
        raise jsontext.Unreadable(f"{key[:100]} contradicts another key of the form")
    return found


def _set(place: Any, step: str, value: str, key: str) -> None:
    if isinstance(place, list):
        place.append(value)
    elif isinstance(place.get(step), dict | list):
        raise jsontext.Unreadable(f"{key[:100]} contradicts another key of the form")
    else:
        place[step] = value  # of a repeated key the last counts
