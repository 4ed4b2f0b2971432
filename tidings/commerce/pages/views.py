"""What the pages of this room share: whose an object is, what it holds, and which events spoke of it."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, NamedTuple

from litestar.params import Parameter

from tidings.commerce import listing_store, reading
from tidings.commerce.model import Heard
from tidings.commerce.pages import words
from tidings.db import Tx
from tidings.events import store as events
from tidings.events.reports import Line
from tidings.profiles import listing as people
from tidings.profiles.pages.words import title_of
from tidings.tenants import store as tenants
from tidings.tenants.api import LARGEST
from tidings.tenants.paging import Page

HEARD = 50  # events of an object that a page shows
LINES = 500  # positions that a page shows
Text = Annotated[str, Parameter(max_length=1000)]
Number = Annotated[str, Parameter(pattern=r"^([1-9][0-9]{0,14})?(?!\n)$")]
ObjectId = Annotated[int, Parameter(ge=1, le=LARGEST)]


class Who(NamedTuple):
    """A customer as a list names them.

    Args:
        id: Number of the profile that survives.
        title: What they are called; hostile.
    """

    id: int
    title: str


class Told(NamedTuple):
    """An event that spoke of an object.

    Args:
        at: Which state it reported, UTC milliseconds.
        id: Number of the event, None if it is no more.
        name: Name of the event or its verb; hostile.
        source: Name of the source, None if it is gone.
    """

    at: int
    id: int | None
    name: str
    source: str | None


def customers(tx: Tx, workspace_id: int, profile_ids: Iterable[int]) -> dict[int, Who]:
    """Return whose some objects are, by the profiles as they were processed; 0 is nobody's."""
    roots = listing_store.roots_of(tx, workspace_id, {one for one in profile_ids if one})
    briefs = people.briefs(tx, workspace_id, sorted(set(roots.values())))
    titles = {brief.id: title_of(brief) for brief in briefs}
    return {id_: Who(root, titles[root]) for id_, root in roots.items()}


def brands(tx: Tx, workspace_id: int) -> dict[int, str]:
    """Return the names of the workspace's brands."""
    return {brand["id"]: brand["name"] for brand in tenants.list_brands(tx, workspace_id)}


def brand_filter(named: dict[int, str]) -> list[tuple[str, str]]:
    """Return what a list's filter of brands offers; nothing if there is one brand only."""
    return [("", "All"), *((str(id_), name) for id_, name in named.items())] if len(named) > 1 else []


def number(text: str) -> int | None:
    """Return the number of a filter, None if it is left empty."""
    return int(text) if text else None


def positions(tx: Tx, workspace_id: int, brand_id: int, lines: Sequence[Line]) -> list[words.Position]:
    """Return the lines of an order or a cart, with the numbers of their products."""
    shown = lines[:LINES]
    keys = sorted({(brand_id, line.product_id) for line in shown if line.product_id})
    found = reading.products(tx, workspace_id, keys)
    return words.positions(shown, {id_: view.number for (_, id_), view in found.items()})


def told(tx: Tx, workspace_id: int, heard: Sequence[Heard]) -> list[Told]:
    """Return the events that spoke of an object, as far as a page shows them."""
    newest = heard[:HEARD]
    rows = {row["id"]: row for row in events.list_by_ids(tx, workspace_id, [one.event_id for one in newest])}
    sources = tenants.name_sources(tx, workspace_id)
    return [_told(one, rows.get(one.event_id), sources) for one in newest]


def _told(one: Heard, row: events.Row | None, sources: dict[int, str]) -> Told:
    if row is None:
        return Told(one.at, None, "an event that is no more", None)
    return Told(one.at, row["id"], row["name"] or row["verb"], sources.get(row["source_id"]))


def searched(text: str) -> str:
    """Return what somebody searches for, as it can be looked up."""
    return text.strip()[:200].replace("\0", "")


def paged(page: Page, following: str | None, **narrowed: str) -> dict[str, Any]:
    """Return what the way to the next page needs.

    Args:
        page: The one that is shown.
        following: Cursor of the next.
        narrowed: Filters, those that are empty go.
    """
    kept = {name: value for name, value in narrowed.items() if value}
    return {"next": following, "first": page.cursor is None, "narrowed": kept}
