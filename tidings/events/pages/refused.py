"""What was not taken, with the reason and what to do, and what was taken with a note."""

from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import Parameter
from litestar.response import Redirect, Template

from tidings.db import Database, Tx
from tidings.events import deeds, reasons, store
from tidings.events.api import shown
from tidings.events.figures_api import noted_page
from tidings.events.pages.live import Text, narrowing
from tidings.events.refusals import STRANGER
from tidings.kit import clock
from tidings.kit.pages import Notes
from tidings.tenants import store as tenants
from tidings.tenants.api import LARGEST, source_of
from tidings.tenants.model import Actor
from tidings.tenants.paging import Page, cursor_of
from tidings.tenants.service import Invalid

PATH = "/console/refused"
GONE = "There is no such refused request here: of each source the latest 1,000 are kept."
Stage = Literal["edge", "pipeline", ""]
RefusedId = Annotated[int, Parameter(ge=1, le=LARGEST)]


@get("/refused")
async def show_refused(
    database: Database, workspace_id: int, page: Page, source_id: Text = "", stage: Stage = ""
) -> Template:
    """Show what was not taken, newest first."""
    narrowed = narrowing(source_id=source_id) | ({"stage": stage} if stage else {})
    context = await database.read(_list, workspace_id, narrowed, page)
    return Template("events/refused.html", context=context)


@get("/refused/unknown", opt={"role": "owner"})
async def show_unknown(database: Database, page: Page) -> Template:
    """Show what came with a key that nobody knows, to whichever workspace."""
    context = await database.read(_list, STRANGER, {}, page)
    return Template("events/unknown.html", context=context)


@get("/refused/warnings")
async def show_warnings(database: Database, workspace_id: int, page: Page, source_id: Text = "") -> Template:
    """Show events that were taken although something about them was odd."""
    context = await database.read(_warnings, workspace_id, narrowing(source_id=source_id), page)
    return Template("events/warnings.html", context=context)


@get("/refused/{refused_id:int}")
async def show_one(database: Database, workspace_id: int, refused_id: RefusedId) -> Template:
    """Show one refused request or event."""
    context = await database.read(_one, workspace_id, refused_id)
    return Template("events/refused-one.html", context=context)


@get("/refused/unknown/{unknown_id:int}", opt={"role": "owner"})
async def show_unknown_one(database: Database, unknown_id: RefusedId) -> Template:
    """Show one request that came with an unknown key."""
    context = await database.read(_one, STRANGER, unknown_id)
    return Template("events/refused-one.html", context=context)


@post("/refused/{refused_id:int}/retry", opt={"role": "editor"})
async def retry(database: Database, workspace_id: int, who: Actor, notes: Notes, refused_id: RefusedId) -> Redirect:
    """Have an event applied again that could not be applied when it was processed."""
    try:
        number = await database.write(deeds.retry, who, workspace_id, refused_id, clock.now())
    except Invalid as error:
        raise ClientException(f"{str(error)[:1].upper()}{str(error)[1:]}.", status_code=409) from None
    if number is None:
        raise NotFoundException(GONE)
    notes.say("The event is applied again. If that fails, it comes back to this list.")
    return Redirect(PATH, status_code=303)


ROUTES = (show_refused, show_unknown, show_warnings, show_one, show_unknown_one, retry)


def _list(tx: Tx, workspace_id: int, narrowed: dict[str, str], page: Page) -> dict[str, Any]:
    key = page.key("refused", 1)
    source_id = int(narrowed["source_id"]) if "source_id" in narrowed else None
    if source_id is not None:
        source_of(tx, workspace_id, source_id)
    before = key[0] if key else None
    rows = store.list_refused(tx, workspace_id, source_id, before, page.limit + 1, stage=narrowed.get("stage"))
    items = rows[: page.limit]
    return {
        "items": [(row, reasons.of_refusal(row["stage"], row["code"])) for row in items],
        "next": cursor_of("refused", items[-1]["id"]) if len(rows) > page.limit else None,
        "first": page.cursor is None,
        "narrowed": narrowed,
        "sources": _sources(tx, workspace_id),
        "kept": store.REFUSED_KEPT,
    }


def _warnings(tx: Tx, workspace_id: int, narrowed: dict[str, str], page: Page) -> dict[str, Any]:
    source_id = int(narrowed["source_id"]) if "source_id" in narrowed else None
    rows, following = noted_page(tx, workspace_id, source_id, page)
    return {
        "events": [shown(row) for row in rows],
        "next": following,
        "first": page.cursor is None,
        "narrowed": narrowed,
        "sources": _sources(tx, workspace_id),
    }


def _one(tx: Tx, workspace_id: int, refused_id: int) -> dict[str, Any]:
    row = store.get_refused(tx, workspace_id, refused_id)
    if row is None:
        raise NotFoundException(GONE)
    return {
        "row": row,
        "reason": reasons.of_refusal(row["stage"], row["code"]),
        "source": tenants.get_source(tx, workspace_id, row["source_id"]) if row["source_id"] else None,
        "unknown": workspace_id == STRANGER,
        "retryable": row["stage"] == "pipeline" and row["record"] is not None,
    }


def _sources(tx: Tx, workspace_id: int) -> dict[int, str]:
    return tenants.name_sources(tx, workspace_id)
