"""From a request's body to the user and the event in it: JSON or a form, wrapped as documented or flat."""

import re
from typing import Any

import msgspec

from tidings.dialects.reamaze_data import form
from tidings.events.model import Members
from tidings.kit import jsontext

EVENT_LIMIT = 32_768  # bytes of a user or an event, encoded
BODY_LIMIT = 131_072  # of the request: a form takes up to three bytes for one
REFUSED_LIMIT = 65_536  # bytes that are kept of what was not taken

SECRETS = frozenset(("authkey", "api_key", "sso_secret"))
# Of a wholly flat event these say who it was; ``name``, ``value``, ``data`` and times say what happened.
_WHO = frozenset(
    (
        "id",
        "authkey",
        "email",
        "avatar",
        "ip",
        "tz_offset",
        "facebook",
        "twitter",
        "instagram",
        "sms",
        "mobile",
        "phone",
    )
)
_decode = msgspec.json.Decoder(Members, float_hook=jsontext.number).decode
# Possessive throughout: nothing to step back into, however long the text.
_SECRET = re.compile(
    rb"""((?:authkey|api_key|sso_secret)["'\]]*+(?:%5D)?+\s*+[:=]\s*+)(?:"(?:[^"\\]++|\\.)*+"|[^&,\s}]++)""",
    re.IGNORECASE | re.DOTALL,
)


class Sent(msgspec.Struct):
    """What a request brought.

    Args:
        user: Who.
        event: What happened; None for a request about a user only.
        rest: Members beside them, without those that name the account.
        account: The account that the body names, "" where it names none.
        misshapen: Which of ``user`` and ``event`` are something else than objects.
    """

    user: Members
    event: Members | None
    rest: Members
    account: str = ""
    misshapen: list[str] = []


def is_blank(value: Any) -> bool:
    """Tell whether a member counts as not given: null, blank text, or empty as typed clients and PHP write it.

    Args:
        value: A decoded value.
    """
    if value is None:
        return True
    kind = type(value)  # this runs for nearly every member
    if kind is str:
        return not value or value.isspace()
    return not value and (kind is dict or kind is list)


def read(body: bytes, content_type: bytes) -> Members:
    """Decode a body by what it looks like; curl says "form" of JSON unless it is told otherwise.

    Args:
        body: The body.
        content_type: What the client says it is.

    Raises:
        jsontext.Unreadable: It is neither JSON nor a form, or no object.
        jsontext.TooDeep: It nests too deeply.
    """
    begin = body[:1]
    if begin != b"{":
        begin = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if begin not in (b"{", b"[") and (b"form-urlencoded" in content_type or b"=" in body):
        return form.decode(body.strip())
    try:
        return jsontext.decode(body, _decode)
    except msgspec.ValidationError as problem:
        raise jsontext.Unreadable("it must be an object") from problem


def split_user(members: Members) -> Sent:
    """Find the user in a body of ``/data/users``: the member ``user``, else the body itself.

    Args:
        members: The decoded body; taken apart.
    """
    misshapen: list[str] = []
    account = _account(members)
    user = _object(members, "user", misshapen)
    rest = members
    if user is None:
        user, rest = members, {}
    return Sent(user, None, rest, account or _account(user), misshapen)


def split_event(members: Members) -> Sent:
    """Find user and event in a body of ``/data/events``, each a member, or one of them or both flat.

    Args:
        members: The decoded body; taken apart.
    """
    misshapen: list[str] = []
    account = _account(members)
    user = _object(members, "user", misshapen)
    named = members.get("event")
    name = members.pop("event") if isinstance(named, str) and named.strip() else None
    event = _object(members, "event", misshapen)
    if user is None and event is not None:
        user, members = members, {}
    elif user is None:
        user = {field: members.pop(field) for field in _WHO & members.keys()}
    if event is None:
        event, members = members, {}
    if name is not None:  # "event": "purchase"
        event["name"] = name
    return Sent(user, event, members, account or _account(user), misshapen)


def too_large(sent: Sent, size: int) -> bool:
    """Tell whether user or event exceed the limit.

    Args:
        sent: What the request brought.
        size: Bytes of the body.
    """
    if size <= EVENT_LIMIT:
        return False
    parts = (sent.user, sent.event or {}, sent.rest)
    return any(len(jsontext.encode(part)) > EVENT_LIMIT for part in parts)


def excerpt(body: bytes) -> bytes:
    """Return what an operator is shown of a body: without secrets, not all of a long one.

    Args:
        body: JSON text or a form.
    """
    return _SECRET.sub(rb'\1""', body)[:REFUSED_LIMIT]


def _account(members: Members) -> str:
    if "account" not in members:
        return ""
    stated = members.pop("account")
    return stated.strip().lower() if isinstance(stated, str) else ""


def _object(members: Members, field: str, misshapen: list[str]) -> Members | None:
    """Take out a member that must be an object, None where it counts as not given."""
    value = members.pop(field, None)
    if type(value) is dict and value:
        return value
    if is_blank(value):
        return None
    misshapen.append(field)
    return {}
