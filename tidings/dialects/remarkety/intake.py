"""The ingest endpoint in its four shapes: one request is one event."""

import time
from collections.abc import Callable
from functools import lru_cache

from tidings.dialects.contract import Intake, Rejected, Request, Sources
from tidings.dialects.remarkety import adapter, body, keys, replies
from tidings.dialects.remarkety.adapter import Invalid, Sender
from tidings.dialects.remarkety.topics import Topic, topic_of
from tidings.events.model import Members, Refusal
from tidings.kit import jsontext
from tidings.kit.throttle import Throttle
from tidings.tenants.model import Source

REPEAT_LIMIT = 255  # characters of an Idempotency-Key
UNSUBSCRIBES, UNSUBSCRIBE_SECONDS = 30, 2.0  # without a key from one address: at once, and one more each two seconds
_LONGEST = 300  # characters of what headers say beside the event

Handle = Callable[[Request, Sources], Intake]


class Webhooks:
    """Takes events.

    Args:
        monotonic: Seconds of a clock that never goes back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._unsubscribes = Throttle(UNSUBSCRIBES, UNSUBSCRIBE_SECONDS)

    def take(self, request: Request, sources: Sources) -> Intake:
        """Turn a request into an intake with its event.

        Args:
            request: The request.
            sources: Where to look for its store.

        Raises:
            Rejected: 400 unreadable or without type; 401, 403, 404 whose it is.
        """
        source, has_token = keys.source_of(request, sources)
        topic = _topic(request, source)
        members = _members(request, source) if topic.noun == "carts" else object_of(request, source)
        if members is None:  # with null Magento's page says that there is no cart
            return Intake(source=source, reply=replies.OK)
        if not has_token and topic.name == "newsletter/unsubscribe":
            # Anybody may unsubscribe any address, that is the vendor's contract; nobody may do it with a list.
            wait = self._unsubscribes.take(request.client[:64], self._monotonic())
            if wait:
                message = "this address unsubscribes others faster than it may: slow down, or send a token"
                refused = Refusal(code="too_many_requests", message=message, name=topic.name)
                return Intake(source=source, refused=[refused], reply=replies.slow_down(wait, message))
        try:
            event = adapter.adapt(topic, members, sender_of(request, source, has_token=has_token))
        except Invalid as problem:
            return refuse(source, str(problem), request.body, topic.name)
        return Intake(source=source, events=[event], reply=replies.OK, trust=None if has_token else "browser")


def refuse(source: Source, message: str, content: bytes, name: str | None = None) -> Intake:
    """Return the answer to a request without what it cannot do without.

    Args:
        source: Who sent it.
        message: What is missing.
        content: What came.
        name: Of the event.
    """
    refused = Refusal(code="invalid", message=message, body=content[:65_536], name=name)
    return Intake(source=source, refused=[refused], reply=replies.error(400, message))


def in_json(handle: Handle) -> Handle:
    """Return a handler that answers only those who take JSON for an answer.

    Args:
        handle: What it does else.
    """

    def guarded(request: Request, sources: Sources) -> Intake:
        accept = request.headers.get(b"accept")
        if accept is not None and accept != b"*/*" and not takes_json(accept):
            raise Rejected(406, "not_acceptable", "answers are JSON only: send Accept: application/json")
        return handle(request, sources)

    return guarded


@lru_cache(maxsize=256)
def takes_json(accept: bytes) -> bool:
    """Tell whether a header ``Accept`` leaves room for JSON (RFC 9110, 12.5.1).

    Args:
        accept: Its value; blank takes everything.
    """
    if not accept.strip():
        return True
    best = (0, False)  # how exactly a range means JSON, and whether it wants it
    for part in accept.lower().split(b","):
        kind, *parameters = (piece.strip() for piece in part.split(b";"))
        exact = {b"*/*": 1, b"*": 1, b"application/*": 2, b"application/json": 3, b"text/json": 3}.get(kind, 0)
        refused = any(one.replace(b" ", b"").rstrip(b"0") in (b"q=", b"q=0.", b"q=.") for one in parameters)
        best = max(best, (exact, exact > 0 and not refused))
    return best[1]


def _topic(request: Request, source: Source) -> Topic:
    stated = body.header(request.headers.get(b"x-event-type", b""))
    if not stated and request.query:  # a beacon of a page has no headers
        query = body.pairs(request.query)
        stated = next((query[name] for name in ("type", "eventType", "event_type") if query.get(name)), "")
    if not stated.strip():
        message = "x-event-type is missing: name the event, for example orders/create"
        raise Rejected(400, "no_event_type", message, source, request.body)
    topic = topic_of(stated) if len(stated) <= _LONGEST else None
    if topic is None:
        message = "x-event-type must be printable text of at most 200 characters"
        raise Rejected(400, "bad_event_type", message, source, request.body)
    return topic


def object_of(request: Request, source: Source) -> Members:
    """Return the object that a body holds.

    Args:
        request: The request.
        source: Who sent it.

    Raises:
        Rejected: 400, it cannot be read.
    """
    members = _members(request, source)
    if members is None:
        raise _unreadable(request, source, "it must be an object, and is null")
    return members


def _members(request: Request, source: Source) -> Members | None:
    try:
        return body.read(request.body)
    except (jsontext.Unreadable, jsontext.TooDeep) as problem:
        raise _unreadable(request, source, str(problem)) from problem


def _unreadable(request: Request, source: Source, why: str) -> Rejected:
    message = f"the body cannot be read as a JSON object: {why}"
    return Rejected(400, "bad_request", message, source, request.body)


def sender_of(request: Request, source: Source, *, has_token: bool) -> Sender:
    """Return what the circumstances of a request say about its event.

    Args:
        request: The request.
        source: Who sent it.
        has_token: Whether a token says so.
    """
    headers = request.headers
    trusted = has_token and source.trust == "server"
    platform, domain = headers.get(b"x-platform", b""), headers.get(b"x-domain", b"")
    context = dict((_remembered if len(platform) + len(domain) <= _LONGEST else _circumstances)(platform, domain))
    if not has_token:
        context["ip"] = jsontext.clean(request.client)
        if agent := body.header(headers.get(b"user-agent", b""))[:_LONGEST]:
            context["userAgent"] = jsontext.clean(agent)
    return Sender(
        source=source,
        received=request.received,
        trusted=trusted,
        customer="" if has_token else request.client,
        stated=body.header(headers[b"x-event-time"]) if b"x-event-time" in headers else "",
        repeat=repeat_of(request) if b"idempotency-key" in headers else "",
        context=context,
    )


def _circumstances(platform: bytes, domain: bytes) -> Members:
    """Return what two headers say; nearly all requests of a shop say the same."""
    found: Members = {}
    if stated := body.header(platform)[:_LONGEST]:
        found["platform"] = jsontext.clean(stated)
    if stated := body.header(domain)[:_LONGEST]:
        found["domain"] = jsontext.clean(stated.strip("/"))
    return found


_remembered = lru_cache(maxsize=1024)(_circumstances)


def repeat_of(request: Request) -> str:
    """Return the Idempotency-Key of a request, "" for none that can be used."""
    repeat = body.header(request.headers.get(b"idempotency-key", b"")).strip('"')
    return repeat if len(repeat) <= REPEAT_LIMIT and repeat.isprintable() else ""
