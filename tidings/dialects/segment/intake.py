"""The ingest paths: one event, or a batch of them."""

from collections.abc import Callable
from typing import Any

import msgspec

from tidings.dialects.calls import context as circumstances
from tidings.dialects.calls import wire
from tidings.dialects.calls.adapter import Sender, adapt, sender_of, stamp
from tidings.dialects.calls.wire import Call, Invalid
from tidings.dialects.contract import Intake, Rejected, Request, Sources
from tidings.dialects.segment import keys, replies
from tidings.dialects.segment.adapter import GRAMMAR
from tidings.dialects.segment.envelope import BATCH_LIMIT, Envelope, read_calls, read_envelope, read_part
from tidings.events.model import Event, Members, Refusal, Verb
from tidings.kit import jsontext, times
from tidings.tenants.model import Source

SHARED_LIMIT = 4_194_304  # bytes by which a batch's common context may enlarge its events


def single(verb: Verb) -> Callable[[Request, Sources], Intake]:
    """Return the handler of a path that takes one event.

    Args:
        verb: The call that the path names.
    """

    def handle(request: Request, sources: Sources) -> Intake:
        return take_one(request, sources, verb)

    return handle


def take_one(request: Request, sources: Sources, verb: Verb) -> Intake:
    """Turn a request with one event into an intake; an event that cannot be taken is answered 400 and kept as refused.

    Args:
        request: The request.
        sources: Where to look for its key.
        verb: The call.

    Raises:
        Rejected: 400 unreadable JSON or no object, 401 key.
    """
    try:
        call, unknown = wire.read_event(request.body, verb)
    except (Invalid, jsontext.Unreadable) as problem:
        raise _unreadable(problem, request, sources) from problem
    source = keys.source_of(request, sources, call.write_key)
    sender = sender_of(request, source, request.body)
    try:
        return Intake(source=source, events=[adapt(call, unknown, sender, GRAMMAR)], reply=replies.OK)
    except Invalid as problem:
        reply = replies.error(400, problem.code, problem.message)
        return Intake(source=source, refused=[wire.refusal(problem, request.body)], reply=reply)


def take_batch(request: Request, sources: Sources) -> Intake:
    """Turn a batch into an intake: what is valid is taken, the rest is kept as refused, the answer is 200.

    Args:
        request: The request.
        sources: Where to look for its key.

    Raises:
        Rejected: 400 unreadable JSON, no object or no list ``batch``; 401 key.
    """
    try:
        envelope = read_envelope(request.body)
        batch = envelope.batch or []
        source = keys.source_of(request, sources, _stated_key(envelope, batch))
        sender = _sender(request, source, envelope)
        events, refused = _adapt_all(batch, read_calls(request.body, envelope), sender)
    except (Invalid, jsontext.Unreadable) as problem:
        raise _unreadable(problem, request, sources) from problem
    return Intake(source=source, events=events, refused=refused, reply=replies.OK)


def take_nothing(request: Request, sources: Sources) -> Intake:
    """Answer the SDKs' reports about themselves, which nobody here reads.

    Args:
        request: The request.
        sources: Not used: these come without a key.
    """
    return Intake(source=None, reply=replies.OK)


def _adapt_all(batch: list[msgspec.Raw], calls: list[Call] | None, sender: Sender) -> tuple[list[Event], list[Refusal]]:
    events: list[Event] = []
    refused: list[Refusal] = []
    for place, element in enumerate(batch[:BATCH_LIMIT]):
        try:
            call, unknown = wire.read_event(bytes(element)) if calls is None else (calls[place], {})
            events.append(adapt(call, unknown, sender, GRAMMAR))
        except Invalid as problem:
            refused.append(wire.refusal(problem, bytes(element)))
    if len(batch) > BATCH_LIMIT:
        message = f"A batch has at most {BATCH_LIMIT} events, those behind them were dropped"
        refused.append(Refusal(code="bad_request", message=message))
    return events, refused


def _sender(request: Request, source: Source, envelope: Envelope) -> Sender:
    sender = sender_of(request, source, request.body)
    stated = read_part(envelope.sent_at)
    if stated:
        sender.sent, sender.left = stamp(stated), times.parse(stated)
    size = len(bytes(envelope.context)) + len(bytes(envelope.integrations))
    if size > wire.EVENT_LIMIT or size * len(envelope.batch or ()) > SHARED_LIMIT:
        sender.note = "context and integrations of the batch are too large and were left out"
        return sender
    notes: list[str] = []
    sender.context = _shared(envelope.context, "context", notes)
    sender.integrations = _shared(envelope.integrations, "integrations", notes)
    if sender.empty_lists:
        circumstances.tidy(sender.context)
    sender.note = "; ".join(notes) or None
    return sender


def _shared(raw: msgspec.Raw, field: str, notes: list[str]) -> Members:
    part = read_part(raw)
    if part is None and bytes(raw).strip() not in (b"", b"null"):
        notes.append(f"{field} of the batch is nested too deeply and was left out")
    return circumstances.read(part, f"{field} of the batch", notes)


def _stated_key(envelope: Envelope, batch: list[Any]) -> Any:
    """Return the batch's key, else that of its first event."""
    stated = read_part(envelope.write_key)
    if isinstance(stated, str) and stated.strip():
        return stated
    first = bytes(batch[0]) if batch else b""
    if b'"writeKey"' not in first:
        return None
    try:
        return wire.read_members(first).get("writeKey")
    except Invalid:
        return None


def _unreadable(problem: Exception, request: Request, sources: Sources) -> Rejected:
    """Return the answer to a body that says nothing, with its source where header or query tell it."""
    source: Source | None
    try:
        source = keys.source_of(request, sources)
    except Rejected as unknown:
        source = unknown.source
    body = wire.without_key(request.body) if source else b""
    if isinstance(problem, Invalid):
        return Rejected(400, problem.code, problem.message, source, body)
    return Rejected(400, "bad_request", f"The body is no JSON: {problem}", source, body)
