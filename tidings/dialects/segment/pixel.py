"""Events as the address of an image, for mails and AMP pages. The answer is always the image."""

import base64
import binascii
from typing import Any
from urllib.parse import parse_qsl

from tidings.dialects.calls import wire
from tidings.dialects.calls.adapter import adapt, sender_of
from tidings.dialects.calls.wire import Invalid
from tidings.dialects.contract import Intake, Rejected, Request, Sources
from tidings.dialects.segment import keys, replies
from tidings.dialects.segment.adapter import GRAMMAR
from tidings.events.model import Members, Refusal
from tidings.kit import jsontext
from tidings.tenants.model import Source

_PARAMETERS = 1_000  # of one query


def take(request: Request, sources: Sources) -> Intake:
    """Answer ``GET /v1/pixel/{call}`` with an image, whatever is wrong with the event.

    Args:
        request: Its query has ``data`` (base64 of an event) or the members of an event, dots making objects.
        sources: Where to look for the key.
    """
    text = b""
    source: Source | None = None
    try:
        text = _event_text(request.query)
        known = wire.CALLS.get(request.parameters.get("call", ""))
        if known is None:
            raise Invalid("bad_request", "The call must be identify, track, page, screen, group or alias")
        call, unknown = wire.read_event(text, known.verb)
        source = keys.source_of(request, sources, call.write_key)
        event = adapt(call, unknown, sender_of(request, source, text), GRAMMAR)
        return Intake(source=source, events=[event], reply=replies.PIXEL)
    except Rejected as problem:
        refused = wire.refusal(Invalid(problem.code, problem.message), text)
        return Intake(source=problem.source, refused=[refused], reply=replies.PIXEL)
    except Invalid as problem:
        return Intake(source=source, refused=[wire.refusal(problem, text)], reply=replies.PIXEL)
    except jsontext.Unreadable as problem:
        refused = Refusal(
            code="bad_request", message=f"The data is no JSON: {problem}", body=text[: wire.REFUSED_LIMIT]
        )
        return Intake(source=source, refused=[refused], reply=replies.PIXEL)


def _event_text(query: bytes) -> bytes:
    """Return the event of a query as JSON text."""
    try:
        # "+" stays: it is a letter of the base64 alphabet
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=_PARAMETERS)
    except ValueError as problem:
        raise Invalid("bad_request", f"The query has more than {_PARAMETERS} parameters") from problem
    found = dict(pairs)
    if "data" in found:
        return _decode(found["data"])
    return jsontext.encode(jsontext.clean(_nest(found)))


def _decode(data: str) -> bytes:
    letters = "".join(data.split()) if "-" in data or "_" in data else data.strip().replace(" ", "+")
    letters = letters.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Invalid("bad_request", "data must be the base64 text of an event") from problem


def _nest(flat: dict[str, str]) -> Members:
    """Make objects of dotted names: ``properties.subject=x`` becomes ``{"properties": {"subject": "x"}}``."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")[: jsontext.DEEPEST]
        place = nested
        for step in path:
            below = place.get(step)
            if not isinstance(below, dict):
                below = place[step] = {}
            place = below
        if not isinstance(place.get(last), dict):
            place[last] = value
    return nested
