"""The own API's routes of figures, stored events, their live stream, and refused requests."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, Protocol, runtime_checkable

import msgspec
from litestar import Request, get
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, Parameter
from litestar.response.base import ASGIResponse
from msgspec import Meta, Struct

from tidings.db import Database, Tx
from tidings.events import store
from tidings.events.model import Event, ExternalId, Verb
from tidings.events.refusals import STRANGER
from tidings.events.service import stats_of, stored
from tidings.kit.digest import digest
from tidings.kit.times import iso
from tidings.tenants import store as tenants
from tidings.tenants.api import LARGEST, Id, Time, bad, source_of
from tidings.tenants.model import Token
from tidings.tenants.paging import Next, Page, cursor_of

LINES = 200  # events that the stream sends at once
ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(Event, float_hook=Decimal).decode

EventId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of an event.")]
RefusedId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a refused request or event.")]
Exactly = Annotated[str | None, Parameter(max_length=1000, description="Only events of exactly this name.")]
Sent = Annotated[str | None, Parameter(max_length=1000, description="Only events with this id of the sender's.")]
OneSource = Annotated[int | None, Parameter(ge=1, le=LARGEST, description="Only from this source.")]
OneVerb = Annotated[Verb | None, Parameter(description="Only events of this verb.")]
LastEventId = Annotated[
    int | None,
    HeaderParameter(name="Last-Event-ID", ge=0, le=LARGEST, description="Go on behind this event; sent by browsers."),
]


class Wanted(NamedTuple):
    """What a list of events is narrowed to; None is everything."""

    source_id: int | None
    name: str | None
    verb: Verb | None
    message_id: str | None


class Batch(NamedTuple):
    """What a stream sends next.

    Args:
        lines: Events as (id, JSON).
        after: Everything up to this event has been looked at.
        more: Whether further ones wait already.
    """

    lines: list[tuple[int, bytes]]
    after: int
    more: bool


@runtime_checkable
class Streams(Protocol):
    """What keeps live streams open."""

    def answer(self, request: Request[Any, Any, Any], read: Callable[[int], Awaitable[Batch]], after: int) -> Any:
        """Return the answer that sends whatever ``read(after)`` finds, until the client or the server goes away."""
        ...


class SourceStats(Struct, kw_only=True):
    """Figures of one source."""

    source_id: Id
    name: Annotated[str, Meta(examples=["shop"])]
    events: Annotated[int, Meta(description="Stored events.")]
    duplicates: Annotated[int, Meta(description="Events that came again and were not stored twice.")]
    refused: Annotated[int, Meta(description="Requests and events that were not taken, ever.")]


class Stats(Struct, kw_only=True):
    """Figures of the workspace."""

    events: Annotated[int, Meta(description="Stored events.")]
    profiles: Annotated[int, Meta(description="Customers.")]
    lag: Annotated[int, Meta(description="Acknowledged events of the whole installation, not processed yet.")]
    duplicates: Annotated[int, Meta(description="Events that came again and were not stored twice.")]
    refused: Annotated[int, Meta(description="Requests and events that were not taken, ever.")]
    forgotten: Annotated[int, Meta(description="Events that were not stored: their customer had been forgotten since.")]
    sources: list[SourceStats]


class EventOut(Struct, kw_only=True):
    """Something that happened, as it is stored. Immutable."""

    id: Id
    source_id: Id
    profile_id: Annotated[int | None, Meta(description="Whose it is, as resolved when it came; null is nobody's.")]
    verb: Verb
    name: Annotated[str | None, Meta(description="Of a track event, page or screen.", examples=["Order Completed"])]
    time: Annotated[Time, Meta(description="When it happened, by the client's corrected clock.")]
    received: Annotated[Time, Meta(description="When it arrived.")]
    message_id: Annotated[str, Meta(description="The sender's id of the event.")]
    original: Annotated[str | None, Meta(description="The client's own statement of the time, as sent.")]
    sent: Annotated[str | None, Meta(description="When the client says that the request left, as sent.")]
    user_id: str | None
    anonymous_id: str | None
    previous_id: str | None
    group_id: str | None
    email: str | None
    phone: str | None
    external_ids: list[ExternalId]
    traits: dict[str, Any]
    properties: dict[str, Any]
    context: dict[str, Any]
    extra: Annotated[dict[str, Any], Meta(description="Members that the dialect does not know, as they came.")]
    value: Annotated[str | None, Meta(description="Exact decimal amount.", examples=["12.50"])]
    currency: Annotated[str | None, Meta(description="ISO 4217.", examples=["EUR"])]
    active: Annotated[bool, Meta(description="False: it left the profile's last_seen alone.")]
    notes: Annotated[list[str], Meta(description="What was odd about it.")]
    additions: Annotated[
        dict[str, list[str]], Meta(description="Items that it adds to traits that are lists, by name.")
    ]
    only_new: Annotated[bool, Meta(description="Its traits, additions and statements count for a new customer only.")]
    commerce: Annotated[
        dict[str, Any] | None,
        Meta(description="What it says about an order, a cart and products; amounts are exact decimal text."),
    ]
    statements: Annotated[
        list[dict[str, Any]], Meta(description="What it says about what the customer wants to receive.")
    ]
    store: Annotated[str | None, Meta(description="Number of the store in which it registers its customer.")]


class EventPage(Struct, kw_only=True):
    """Events, newest first. A page may hold fewer than asked for although `next` is there."""

    items: list[EventOut]
    next: Next


class RefusedOut(Struct, kw_only=True):
    """A request or an event that was not taken."""

    id: Id
    source_id: Annotated[int | None, Meta(description="Null where the key is unknown.")]
    received: Time
    stage: Annotated[str, Meta(description="edge: refused at once. pipeline: refused when it was processed.")]
    code: Annotated[str, Meta(description="Stable short name of the reason.", examples=["invalid_json"])]
    message: Annotated[str, Meta(description="The reason in a sentence.")]
    message_id: str | None
    name: Annotated[str | None, Meta(description="Name of the event, where it could be read.")]
    body: Annotated[str, Meta(description="What came, at most 64 KiB of it; secrets are removed.")]
    retryable: Annotated[bool, Meta(description="Whether it can be applied again: only in stage pipeline.")]


class RefusedPage(Struct, kw_only=True):
    """Refused requests and events, newest first."""

    items: list[RefusedOut]
    next: Next


def wanted(source_id: OneSource = None, name: Exactly = None, verb: OneVerb = None, message_id: Sent = None) -> Wanted:
    """Return what a request narrows a list of events to."""
    return Wanted(source_id, name, verb, message_id)


@get("/stats", summary="Figures of the workspace")
async def get_stats(database: Database, token: Token, appended: int) -> Stats:
    """Return what is stored and what is still to be processed, in all and by source."""
    return await database.read(_stats, token.workspace_id, appended)


@get("/events", summary="List events")
async def list_events(database: Database, token: Token, wanted: Wanted, page: Page) -> EventPage:
    """Return stored events, newest first."""
    key = page.key("events", 1)
    return await database.read(events_page, token.workspace_id, wanted, key[0] if key else None, page.limit)


@get("/events/{event_id:int}", summary="Show an event")
async def get_event(database: Database, token: Token, event_id: EventId) -> EventOut:
    """Return one event."""
    row = await database.read(store.get_event, token.workspace_id, event_id)
    if row is None:
        raise NotFoundException(f"there is no event {event_id} in this workspace")
    return shown(row)


@get(
    "/events/stream",
    summary="Watch events",
    media_type="text/event-stream",
    responses={200: ResponseSpec(str, media_type="text/event-stream", description="Server-sent events without end.")},
)
async def stream_events(
    *,
    request: Request[Any, Any, Any],
    database: Database,
    token: Token,
    streams: Streams,
    wanted: Wanted,
    last_event_id: LastEventId = None,
) -> ASGIResponse:
    """Send events as they are stored, oldest first: `id` is the event's number, `data` the event as JSON."""
    head = await database.read(_head, token.workspace_id, wanted.source_id)

    async def read(after: int) -> Batch:
        return await database.read(_batch, token.workspace_id, wanted, after)

    answer: ASGIResponse = streams.answer(request, read, head if last_event_id is None else min(last_event_id, head))
    return answer


@get("/refused", summary="List refused requests")
async def list_refused(
    database: Database,
    token: Token,
    page: Page,
    source_id: OneSource = None,
    unknown_keys: Annotated[
        bool, Parameter(description="Instead, what came with a key that nobody knows, to any workspace (admin).")
    ] = False,
) -> RefusedPage:
    """Return requests and events that were not taken, newest first; the latest 1,000 of each source are kept."""
    if unknown_keys and "admin" not in token.scopes:
        raise PermissionDeniedException("unknown_keys=true needs a token with the scope admin")
    if unknown_keys and source_id is not None:
        raise bad("unknown_keys", "a request with an unknown key has no source: leave out source_id")
    key = page.key("refused", 1)
    wall = STRANGER if unknown_keys else token.workspace_id
    return await database.read(_refused, wall, source_id, key[0] if key else None, page.limit)


@get("/refused/{refused_id:int}", summary="Show a refused request")
async def get_refused(database: Database, token: Token, refused_id: RefusedId) -> RefusedOut:
    """Return one request or event that was not taken."""
    row = await database.read(store.get_refused, token.workspace_id, refused_id)
    if row is None:
        raise NotFoundException(f"there is no refused request {refused_id} in this workspace")
    return refused_shown(row)


ROUTES = (get_stats, list_events, get_event, stream_events, list_refused, get_refused)


def shown(row: store.Row) -> EventOut:
    """Return a stored event as the API shows it."""
    event = _decode(row["body"])
    members = {name: getattr(event, name) for name in Event.__struct_fields__}
    members |= {name: row[name] for name in ("id", "source_id", "verb", "name", "message_id")}
    members |= {"time": iso(row["time"]), "received": iso(row["received"]), "profile_id": row["profile_id"] or None}
    members["value"] = None if event.value is None else format(event.value, "f")
    members["commerce"] = None if event.commerce is None else msgspec.to_builtins(event.commerce)
    members["statements"] = msgspec.to_builtins(event.statements)
    return EventOut(**members)


def refused_shown(row: store.Row) -> RefusedOut:
    """Return a refused request or event as the API shows it."""
    members = {name: row[name] for name in ("id", "stage", "code", "message", "message_id", "name", "body")}
    members |= {"received": iso(row["received"]), "retryable": row["record"] is not None}
    return RefusedOut(source_id=row["source_id"] or None, **members)


def _stats(tx: Tx, workspace_id: int, appended: int) -> Stats:
    by_source = store.get_source_counts(tx, workspace_id)
    sources = [
        SourceStats(
            source_id=source.id,
            name=source.name,
            events=stored(by_source.get(source.id, {})),
            **{name: by_source.get(source.id, {}).get(name, 0) for name in ("duplicates", "refused")},
        )
        for source in tenants.list_sources(tx, workspace_id)
    ]
    return Stats(sources=sources, **stats_of(tx, workspace_id, appended))


def _find(
    tx: Tx, workspace_id: int, wanted: Wanted, which: store.Filter, limit: int
) -> tuple[list[store.Row], int | None]:
    ids = list(tenants.name_sources(tx, workspace_id))
    if wanted.message_id is None:
        return store.find_events(tx, workspace_id, ids, which, limit)
    rows = store.by_message(tx, workspace_id, digest(wanted.message_id), ids)
    rows = [row for row in rows if _fits(row, which)]
    return sorted(rows, key=lambda row: int(row["id"]), reverse=which.after is None), None


def _fits(row: store.Row, which: store.Filter) -> bool:
    asked = {"source_id": which.source_id, "name": which.name, "verb": which.verb}
    return (
        all(value is None or row[name] == value for name, value in asked.items())
        and (which.before is None or row["id"] < which.before)
        and (which.after is None or row["id"] > which.after)
    )


def events_page(tx: Tx, workspace_id: int, wanted: Wanted, before: int | None, limit: int) -> EventPage:
    """Return a page of events, newest first, at a bounded cost; see ``store.find_events``."""
    if wanted.source_id:
        source_of(tx, workspace_id, wanted.source_id)
    which = store.Filter(wanted.source_id, wanted.name, wanted.verb, before)
    rows, following = _find(tx, workspace_id, wanted, which, limit)
    items = [shown(row) for row in rows]
    return EventPage(items=items, next=None if following is None else cursor_of("events", following))


def _head(tx: Tx, workspace_id: int, source_id: int | None) -> int:
    if source_id is not None:
        source_of(tx, workspace_id, source_id)
    return store.get_cursor(tx).next_event - 1


def _batch(tx: Tx, workspace_id: int, wanted: Wanted, after: int) -> Batch:
    head = store.get_cursor(tx).next_event - 1
    if head <= after:
        return Batch([], after, more=False)
    which = store.Filter(wanted.source_id, wanted.name, wanted.verb, after=after)
    rows, following = _find(tx, workspace_id, wanted, which, LINES)
    lines = [(row["id"], ENCODE(shown(row))) for row in rows]
    return Batch(lines, head if following is None else following, more=following is not None)


def _refused(tx: Tx, workspace_id: int, source_id: int | None, before: int | None, limit: int) -> RefusedPage:
    if source_id is not None:
        source_of(tx, workspace_id, source_id)
    rows = store.list_refused(tx, workspace_id, source_id, before, limit + 1)
    items = [refused_shown(row) for row in rows[:limit]]
    return RefusedPage(items=items, next=cursor_of("refused", items[-1].id) if len(rows) > limit else None)
