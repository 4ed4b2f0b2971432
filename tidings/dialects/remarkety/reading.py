"""Members as shops really send them: numbers as text, text as numbers, null for "not given"."""

from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET

from tidings.dialects.calls import money
from tidings.dialects.calls.identifiers import number_text
from tidings.events.model import Members
from tidings.events.reports import Amount, Flag, Moment, Text
from tidings.kit import amounts, times

_TRUE = frozenset(("true", "1", "yes"))
_FALSE = frozenset(("false", "0", "no", ""))
_EXACT = 10**15  # integers from here on are no amounts
_REMEMBERED = 40  # characters of a moment that is remembered

Places = tuple[tuple[str, str], ...]  # name of a member as it is sent, name of the field of a report

_parse = lru_cache(maxsize=256)(times.parse)


def text(value: Any) -> str | None:
    """Return text without surrounding blanks, or a number as its text; None for anything else and for blank text.

    Args:
        value: A decoded JSON value.
    """
    if type(value) is str:
        return value.strip() or None
    return None if value is None else number_text(value)


def copy_texts(report: msgspec.Struct, members: Members, places: Places) -> None:
    """Write into a report the texts that an object gives; what it does not give stays as it is.

    Args:
        report: Its fields of these names are texts.
        members: Of the object.
        places: Which.
    """
    get = members.get
    for field, name in places:
        value = get(field)
        if value is not None:
            found = value.strip() if type(value) is str else number_text(value)
            if found:
                setattr(report, name, found)


def copy_amounts(report: msgspec.Struct, members: Members, places: Places, notes: list[str]) -> None:
    """Write into a report the amounts that an object gives and that can be used.

    Args:
        report: Its fields of these names are amounts.
        members: Of the object.
        places: Which.
        notes: Receives remarks on amounts that cannot be used.
    """
    get = members.get
    for field, name in places:
        value = get(field)
        if value is not None:
            found = amount(value, field, notes)
            if found is not None:
                setattr(report, name, found)


def said(value: Any) -> Text:
    """Return text, ``UNSET`` where none was given; the arguments are those of ``text``."""
    if value is None:
        return UNSET
    found = text(value)
    return UNSET if found is None else found


def amount(value: Any, field: str, notes: list[str]) -> Decimal | None:
    """Return an amount, None where there is none that can be used.

    Args:
        value: A decoded JSON value: ``7.5``, ``"100.0000"``.
        field: Name of the member, for the remark.
        notes: Receives a remark on an amount that cannot be used.
    """
    if type(value) is Decimal:
        if amounts.is_one(value):
            return value
    elif type(value) is int:
        if -_EXACT < value < _EXACT:
            return Decimal(value)
    elif value is None or (type(value) is str and not value.strip()):
        return None
    return money.amount(value, field, notes)


def said_amount(members: Members, field: str, notes: list[str]) -> Amount:
    """Return the amount of a member, ``UNSET`` where there is none that can be used."""
    value = members.get(field)
    if value is None:
        return UNSET
    found = amount(value, field, notes)
    return UNSET if found is None else found


def size(value: Amount) -> Amount:
    """Return an amount without its sign: Magento sends discounts as negative numbers."""
    return abs(value) if type(value) is Decimal else value


def moment(members: Members, field: str, notes: list[str]) -> int | None:
    """Return the moment of a member in UTC milliseconds, None where there is none that can be read.

    Args:
        members: Of an object.
        field: Name of the member.
        notes: Receives a remark on a moment that cannot be read.
    """
    value = members.get(field)
    if value is None:
        return None
    # Whatever is dated is asked several times when that was.
    found = _parse(value) if type(value) is str and len(value) <= _REMEMBERED else times.parse(value)
    if found is None and value != "":
        money.note(notes, f"{field} cannot be read: {str(value)[:100]}")
    return found


def said_moment(members: Members, field: str, notes: list[str]) -> Moment:
    """Return the moment of a member, ``UNSET`` where there is none that can be read."""
    found = moment(members, field, notes)
    return UNSET if found is None else found


def flag(value: Any) -> bool | None:
    """Return a truth value, also as clients write it in forms; None for anything else.

    Args:
        value: A decoded JSON value.
    """
    if value is True:
        return True
    if value is False:
        return False
    word = text(value)
    word = ("" if value == "" else None) if word is None else word.lower()
    return True if word in _TRUE else False if word in _FALSE else None


def said_flag(value: Any) -> Flag:
    """Return a truth value, ``UNSET`` where there is none."""
    found = None if value is None else flag(value)
    return UNSET if found is None else found


def words(value: Any) -> list[str] | None:
    """Return tags, which are a list or text with commas; trimmed, without empty ones, each once; None for neither.

    Args:
        value: A decoded JSON value.
    """
    if type(value) is str:
        value = value.split(",")
    if type(value) is not list:
        return None
    found = [word for word in map(text, value) if word is not None]
    return list(dict.fromkeys(found))


def named(value: Any) -> tuple[str | None, str | None]:
    """Return name and code of a status, which is ``{"code", "name"}`` or bare text that is both.

    Args:
        value: A decoded JSON value.
    """
    if value is None:
        return None, None
    if type(value) is dict:
        name, code = text(value.get("name")), text(value.get("code"))
        return name or code, code
    bare = text(value)
    return bare, bare


def picture(value: Any) -> str | None:
    """Return the address of a picture, which is text or an object with ``src``.

    Args:
        value: A decoded JSON value.
    """
    if type(value) is str:
        return value.strip() or None
    return text(value.get("src")) if type(value) is dict else text(value)


def objects(value: Any, field: str, notes: list[str]) -> list[Members] | None:
    """Return the objects of a list, None where there is no list.

    Args:
        value: A decoded JSON value; an object of objects is how PHP writes a list with gaps.
        field: Name of the member, for the remark.
        notes: Receives a remark on elements that are no objects.
    """
    if type(value) is dict and value and all(type(one) is dict for one in value.values()):
        value = list(value.values())
    if type(value) is not list:
        if value is not None:
            money.note(notes, f"{field} is not a list")
        return None
    found = [one for one in value if type(one) is dict]
    if len(found) < len(value):
        money.note(notes, f"{field} has elements that are no objects")
    return found


def rest(members: Members, known: frozenset[str]) -> Members:
    """Return the members that are not known, as they were sent, but for those that are null.

    Args:
        members: Of an object.
        known: Names of members that have a place of their own.
    """
    if known.issuperset(members):
        return {}
    return {field: value for field, value in members.items() if field not in known and value is not None}
