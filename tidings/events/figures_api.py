"""The own API's routes of figures: over time, and by name; and of events with notes."""

from typing import Annotated, Literal, NamedTuple

from litestar import get
from litestar.params import Parameter
from msgspec import Meta, Struct

from tidings.db import Database, Tx
from tidings.events import figures_store, store
from tidings.events.api import EventPage, OneSource, shown
from tidings.events.model import Verb
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.tenants.api import Time, source_of
from tidings.tenants.model import Token
from tidings.tenants.paging import Page, cursor_of

Span = Literal["hour", "day", "week"]


class Grid(NamedTuple):
    """How a span is cut.

    Args:
        step: Minutes.
        steps: How many of them; the last one is not over yet.
    """

    step: int
    steps: int


GRIDS: dict[Span, Grid] = {"hour": Grid(1, 60), "day": Grid(15, 96), "week": Grid(60, 168)}

OneSpan = Annotated[Span, Parameter(description="The last 60 minutes, 24 hours by 15 minutes, or 7 days by hours.")]
Names = Annotated[int, Parameter(ge=1, le=100, description="Names at most.")]


class Step(Struct, kw_only=True):
    """What came in some minutes."""

    at: Annotated[Time, Meta(description="When they begin.")]
    events: Annotated[int, Meta(description="Events received and stored.")]
    refused: Annotated[int, Meta(description="Requests and events that were not taken.")]


class History(Struct, kw_only=True):
    """What came over time, oldest first, without gaps; the last step is not over yet."""

    span: Span
    step: Annotated[int, Meta(description="Minutes of a step.")]
    items: list[Step]


class NameStats(Struct, kw_only=True):
    """How often events of one name came."""

    verb: Verb
    name: Annotated[str | None, Meta(description="Null where they have none.", examples=["Order Completed"])]
    further: Annotated[bool, Meta(description="All names of this verb that are not counted apart, together.")]
    events: Annotated[int, Meta(description="Events that were stored, ever.")]


class NamesStats(Struct, kw_only=True):
    """The most frequent events."""

    items: list[NameStats]
    events: Annotated[int, Meta(description="Events of all names.")]


@get("/stats/history", summary="Figures over time")
async def get_history(database: Database, token: Token, span: OneSpan = "hour", source_id: OneSource = None) -> History:
    """Return how many events and refusals came, minute by minute or in longer steps; kept for 8 days."""
    return await database.read(history_of, token.workspace_id, span, source_id, clock.now())


@get("/stats/names", summary="Figures by name")
async def get_names(database: Database, token: Token, source_id: OneSource = None, limit: Names = 10) -> NamesStats:
    """Return the most frequent names; of each source the first 1,000 names are counted apart."""
    return await database.read(names_of, token.workspace_id, source_id, limit)


@get("/events/noted", summary="List events with notes")
async def list_noted(database: Database, token: Token, page: Page, source_id: OneSource = None) -> EventPage:
    """Return events that were taken although something about them was odd, newest first; the latest 10,000."""
    rows, following = await database.read(noted_page, token.workspace_id, source_id, page)
    return EventPage(items=[shown(row) for row in rows], next=following)


ROUTES = (get_history, get_names, list_noted)


def history_of(tx: Tx, workspace_id: int, span: Span, source_id: int | None, now: int) -> History:
    """Return what came over time.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        span: How far back.
        source_id: One source, None for all.
        now: UTC milliseconds.
    """
    if source_id is not None:
        source_of(tx, workspace_id, source_id)
    step, steps = GRIDS[span]
    minute = now // figures_store.MINUTE
    begin = minute - minute % step - (steps - 1) * step
    found = figures_store.sum_minutes(tx, workspace_id, source_id or figures_store.ALL, begin, step)
    items = []
    for first in range(begin, begin + steps * step, step):
        events, refused = found.get(first, (0, 0))
        items.append(Step(at=iso(first * figures_store.MINUTE), events=events, refused=refused))
    return History(span=span, step=step, items=items)


def names_of(tx: Tx, workspace_id: int, source_id: int | None, limit: int) -> NamesStats:
    """Return the most frequent names of a workspace or of one source."""
    if source_id is not None:
        source_of(tx, workspace_id, source_id)
    found, total = figures_store.top_names(tx, workspace_id, source_id, limit)
    items = [
        NameStats(verb=verb, name=name or None, further=further, events=events)  # type: ignore[arg-type]
        for verb, name, further, events in found
    ]
    return NamesStats(items=items, events=total)


def noted_page(tx: Tx, workspace_id: int, source_id: int | None, page: Page) -> tuple[list[store.Row], str | None]:
    """Return a page of the events with notes, and the cursor of the next."""
    if source_id is not None:
        source_of(tx, workspace_id, source_id)
    key = page.key("noted", 1)
    ids = figures_store.list_noted(tx, workspace_id, source_id, key[0] if key else None, page.limit + 1)
    rows = store.list_by_ids(tx, workspace_id, ids[: page.limit])
    return rows, cursor_of("noted", ids[page.limit - 1]) if len(ids) > page.limit else None
