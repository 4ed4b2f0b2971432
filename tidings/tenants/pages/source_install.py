"""Letting a shop's plugin register its token with a source: the code that it needs is shown once."""

from typing import Any

from litestar import Response, post
from litestar.response import Redirect, Template

from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.pages import Notes
from tidings.tenants import handshakes
from tidings.tenants.api import SourceId, source_of
from tidings.tenants.model import Actor, Source
from tidings.tenants.service import Invalid

PATH = "/console/sources"


@post("/sources/{source_id:int}/install", opt={"role": "owner"})
async def open_install(
    database: Database, workspace_id: int, who: Actor, notes: Notes, source_id: SourceId
) -> Response[Any]:
    """Let one plugin register with a source for 15 minutes; its code is shown this once."""
    try:
        source, code, until = await database.write(_open, who, workspace_id, source_id, clock.now())
    except Invalid as error:
        notes.say(f"Nothing was opened: {error}.", "error")
        return Redirect(f"{PATH}/{source_id}", status_code=303)
    context = {"source": source, "code": code, "until": until}
    return Template("tenants/source_install.html", context=context, status_code=200)


ROUTES = (open_install,)


def _open(tx: Tx, who: Actor, workspace_id: int, source_id: int, now: int) -> tuple[Source, str, int]:
    source = source_of(tx, workspace_id, source_id)
    return source, *handshakes.open_window(tx, who, workspace_id, source_id, now)
