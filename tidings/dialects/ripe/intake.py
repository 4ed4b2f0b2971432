"""The paths: one event in each request, and whether a key is valid."""

from tidings.dialects.calls import wire
from tidings.dialects.calls.adapter import adapt, sender_of
from tidings.dialects.calls.wire import Invalid
from tidings.dialects.contract import Intake, Request, Sources
from tidings.dialects.ripe import keys, replies
from tidings.dialects.ripe.adapter import GRAMMAR
from tidings.events.model import Event, Verb
from tidings.kit import jsontext
from tidings.tenants.model import Source

_KEYS = ("apiKey", "api_key")  # nobody is asked for it in the body; where it is there, it is not stored


def take(request: Request, sources: Sources, verb: Verb) -> Intake:
    """Turn a request into an intake; an event that cannot be taken is answered with an error and kept as refused.

    Args:
        request: The request.
        sources: Where to look for its key.
        verb: The call.

    Raises:
        Rejected: 401 key.
    """
    source = keys.source_of(request, sources)
    if len(request.body) > wire.EVENT_LIMIT:
        return _refuse(request, source, 413, Invalid("too_large", f"An event has at most {wire.EVENT_LIMIT} bytes"))
    try:
        return Intake(source=source, events=[_event(request, source, verb)], reply=replies.OK)
    except Invalid as problem:
        return _refuse(request, source, 400, problem)
    except jsontext.Unreadable as problem:
        return _refuse(request, source, 400, Invalid("bad_request", f"The body is no JSON: {problem}"))


def check_key(request: Request, sources: Sources) -> Intake:
    """Answer ``GET .../auth/sdk``, by which Segment's settings page tests a key.

    Args:
        request: The request.
        sources: Where to look for the key.

    Raises:
        Rejected: 401, no key, an unknown key or a disabled source.
    """
    return Intake(source=keys.source_of(request, sources), reply=replies.OK)


def _event(request: Request, source: Source, verb: Verb) -> Event:
    call, unknown = wire.read_event(request.body, verb)
    for name in _KEYS:
        unknown.pop(name, None)
    return adapt(call, unknown, sender_of(request, source, request.body), GRAMMAR)


def _refuse(request: Request, source: Source, status: int, problem: Invalid) -> Intake:
    refused = wire.refusal(problem, request.body)
    return Intake(source=source, refused=[refused], reply=replies.error(status, problem.message))
