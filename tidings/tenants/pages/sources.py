"""Sources: the list, one source with what arrived from it, and switching it off and on."""

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect, Template

from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.pages import Notes
from tidings.tenants import deeds
from tidings.tenants.api import SourceId, source_of
from tidings.tenants.arrivals import Around
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Person, Source
from tidings.tenants.pages import source_views as views

PATH = "/console/sources"
OWNER = {"role": "owner"}


@get("/sources")
async def show_sources(database: Database, workspace_id: int, around: Around) -> Template:
    """Show the sources of the workspace, with what they have sent."""
    context = await database.read(views.listed, workspace_id, around, clock.now())
    return Template("tenants/sources.html", context=context)


@get("/sources/{source_id:int}")
async def show_source(
    *,
    database: Database,
    person: Person,
    around: Around,
    source_id: SourceId,
) -> Template:
    """Show one source: what arrived, its settings, its keys by their last characters, what to paste."""
    context = await database.read(views.one, person, source_id, around, clock.now())
    return Template("tenants/source.html", context=context)


@get("/sources/{source_id:int}/arrivals")
async def show_arrivals(
    *,
    database: Database,
    person: Person,
    around: Around,
    source_id: SourceId,
    seen: str = "",
) -> Response[Any]:
    """Show what arrived, for a page that asks again and again; 204 where it knows that."""
    context = await database.read(views.arrived, person, source_id, around, clock.now())
    if seen == context["seen"]:
        return Response(b"", status_code=204, media_type="text/plain")
    return Template("tenants/source_arrivals.html", context=context)


@post("/sources/{source_id:int}/disable", opt=OWNER)
async def disable_source(
    database: Database, keys: Keys, workspace_id: int, who: Actor, notes: Notes, source_id: SourceId
) -> Redirect:
    """Refuse what a source sends from now on."""
    source = await database.write(_switch, who, workspace_id, source_id, enabled=False, now=clock.now())
    await keys.refresh()
    notes.say(f"{source.name} is disabled: what it sends is refused from now on.")
    return Redirect(f"{PATH}/{source_id}", status_code=303)


@post("/sources/{source_id:int}/enable", opt=OWNER)
async def enable_source(
    database: Database, keys: Keys, workspace_id: int, who: Actor, notes: Notes, source_id: SourceId
) -> Redirect:
    """Take what a source sends again."""
    source = await database.write(_switch, who, workspace_id, source_id, enabled=True, now=clock.now())
    await keys.refresh()
    notes.say(f"{source.name} is enabled: what it sends is taken.")
    return Redirect(f"{PATH}/{source_id}", status_code=303)


ROUTES = (show_sources, show_source, show_arrivals, disable_source, enable_source)


def _switch(tx: Tx, who: Actor, workspace_id: int, source_id: int, *, enabled: bool, now: int) -> Source:
    source_of(tx, workspace_id, source_id)
    return deeds.change_source(tx, who, workspace_id, source_id, enabled=enabled, settings=None, now=now)
