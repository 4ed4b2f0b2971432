"""Events as they come in, page by page, and one of them in full."""

from typing import Annotated, Any

from litestar import Response, get
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import Parameter
from litestar.response import Template

from tidings.db import Database, Tx
from tidings.events import figures_store, reasons, store
from tidings.events.api import EventOut, EventPage, Wanted, events_page, shown
from tidings.events.model import VERBS
from tidings.kit.times import iso, parse
from tidings.tenants import store as tenants
from tidings.tenants.api import LARGEST
from tidings.tenants.paging import Page, cursor_of

FRESH = 50  # new events that are sent at once; of more the newest
NAMES = 100  # that are offered in the filter
AGREE = 60_000  # milliseconds between two clocks that count as none, see tidings.kit.times
Text = Annotated[str, Parameter(max_length=1000)]
EventId = Annotated[int, Parameter(ge=1, le=LARGEST)]


@get("/events")
async def show_events(
    *,
    database: Database,
    workspace_id: int,
    page: Page,
    source_id: Text = "",
    name: Text = "",
    verb: Text = "",
    message_id: Text = "",
) -> Template:
    """Show stored events, newest first."""
    narrowed = narrowing(source_id=source_id, name=name, verb=verb, message_id=message_id)
    context = await database.read(_list, workspace_id, narrowed, page)
    return Template("events/live.html", context=context)


@get("/events/fresh")
async def fresh_events(
    *,
    database: Database,
    workspace_id: int,
    after: Annotated[int, Parameter(ge=0, le=LARGEST)] = 0,
    source_id: Text = "",
    name: Text = "",
    verb: Text = "",
    message_id: Text = "",
) -> Response[Any]:
    """Return what has come since, as rows; nothing if nothing has."""
    narrowed = narrowing(source_id=source_id, name=name, verb=verb, message_id=message_id)
    context = await database.read(_fresh, workspace_id, narrowed, after)
    return Response(None, status_code=204) if context is None else Template("events/fresh.html", context=context)


@get("/events/{event_id:int}")
async def show_event(database: Database, workspace_id: int, event_id: EventId) -> Template:
    """Show one event."""
    context = await database.read(_event, workspace_id, event_id)
    return Template("events/event.html", context=context)


ROUTES = (show_events, fresh_events, show_event)


def narrowing(**sent: str) -> dict[str, str]:
    """Return the filters that a form has sent, without those that were left empty.

    Raises:
        ValidationException: One of them cannot be.
    """
    found = {field: value.strip() for field, value in sent.items() if value.strip()}
    source_id, verb = found.get("source_id", "1"), found.get("verb", VERBS[0])
    if not (source_id.isascii() and source_id.isdigit() and 1 <= int(source_id) <= LARGEST):
        raise ValidationException("This is not the number of a source: choose one of the list.")
    if verb not in VERBS:
        raise ValidationException(f"There is no such kind of event: choose one of {', '.join(VERBS)}.")
    return found


def _wanted(narrowed: dict[str, str]) -> Wanted:
    source_id = int(narrowed["source_id"]) if "source_id" in narrowed else None
    verb: Any = narrowed.get("verb")
    return Wanted(source_id, narrowed.get("name"), verb, narrowed.get("message_id"))


def _list(tx: Tx, workspace_id: int, narrowed: dict[str, str], page: Page) -> dict[str, Any]:
    key = page.key("events", 1)
    head = store.get_cursor(tx).next_event - 1
    found = events_page(tx, workspace_id, _wanted(narrowed), key[0] if key else None, page.limit)
    names, _ = figures_store.top_names(tx, workspace_id, None, NAMES)
    return _shown(tx, workspace_id, found) | {
        "head": head,
        "next": found.next,
        "first": page.cursor is None,
        "narrowed": narrowed,
        "names": sorted({one.name for one in names if one.name}),
        "verbs": VERBS,
    }


def _shown(tx: Tx, workspace_id: int, found: EventPage) -> dict[str, Any]:
    return {
        "events": [(event, cursor_of("events", event.id)) for event in found.items],
        "sources": tenants.name_sources(tx, workspace_id),
    }


def _fresh(tx: Tx, workspace_id: int, narrowed: dict[str, str], after: int) -> dict[str, Any] | None:
    head = store.get_cursor(tx).next_event - 1
    if head <= after:
        return None
    found = events_page(tx, workspace_id, _wanted(narrowed), None, FRESH)
    new = [event for event in found.items if event.id > after]
    # A full page of new ones: there may be more of them, which the page does not show.
    gap = len(new) == len(found.items) and found.next is not None and bool(new)
    found.items = new
    return _shown(tx, workspace_id, found) | {"head": head, "gap": gap}


def _event(tx: Tx, workspace_id: int, event_id: int) -> dict[str, Any]:
    row = store.get_event(tx, workspace_id, event_id)
    if row is None:
        raise NotFoundException(f"There is no event {event_id} in this workspace.")
    event = shown(row)
    source = tenants.get_source(tx, workspace_id, event.source_id)
    return {
        "event": event,
        "source": source,
        "clock": clock_words(row["time"], row["received"], event),
        "notes": [(note, reasons.of_note(note)) for note in event.notes],
        "parts_of": [
            (title, value)
            for title, value in (
                ("Traits", event.traits),
                ("Properties", event.properties),
                ("Context", event.context),
                ("Further members", event.extra),
            )
            if value
        ],
        "raw": row["body"],
    }


def clock_words(time: int, received: int, event: EventOut) -> str:
    """Return how the time of an event came about.

    Args:
        time: When it happened, UTC milliseconds.
        received: When it arrived.
        event: What the client said.
    """
    stated = None if event.original is None else parse(event.original)
    sent = None if event.sent is None else parse(event.sent)
    if event.original is None:
        return "The client gave no time: the time of receipt counts."
    if stated is None:
        return "The client's time cannot be read: the time of receipt counts."
    if time == stated:
        return "As the client said."
    if sent is not None and abs(received - sent) > AGREE and time != received:
        side = "behind" if received > sent else "ahead of"
        far = _length(abs(received - sent) // 1000)
        return f"Corrected: the client's clock is {far} {side} ours, or the event was under way so long."
    if time == received:
        return f"The client's time, {iso(stated)}, would be later than the receipt: the time of receipt counts."
    return "Corrected by the client's own statements."


def _length(seconds: int) -> str:
    size, unit = next(
        (size, unit) for size, unit in ((86_400, "days"), (3600, "hours"), (1, "seconds")) if seconds >= 2 * size
    )
    return f"{seconds // size} {unit}"
