"""The own API's routes of the handshake by which a shop's plugin registers its token with a source."""

from typing import Annotated, Literal

from litestar import get, post
from msgspec import Meta, Struct

from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.tenants import handshakes
from tidings.tenants.api import SourceId, Time, bad, source_of
from tidings.tenants.model import Actor, Token
from tidings.tenants.service import Invalid


class InstallOut(Struct, kw_only=True):
    """Whether a plugin can register with a source now."""

    state: Annotated[
        Literal["never", "open", "used", "closed"],
        Meta(description="never opened; open; used by a plugin; closed when its time was over."),
    ]
    until: Annotated[Time | None, Meta(description="When the newest password stops working, or stopped.")]
    plugin_ended: Annotated[Time | None, Meta(description="When the plugin was taken out of its shop.")]


class InstallMade(Struct, kw_only=True):
    """The password of a plugin, which is shown this once."""

    password: Annotated[str, Meta(description="Works once, until then.", examples=["K7QM-2XVP"])]
    until: Time


@get("/sources/{source_id:int}/install", summary="Show whether a plugin can connect")
async def get_install(database: Database, token: Token, source_id: SourceId) -> InstallOut:
    """Return whether a plugin of a shop can register with a source now."""
    found = await database.read(_window, token.workspace_id, source_id, clock.now())
    until, ended = (at if at is None else iso(at) for at in (found.until, found.ended_at))
    return InstallOut(state=found.state, until=until, plugin_ended=ended)


@post("/sources/{source_id:int}/install", summary="Let a plugin connect", opt={"scope": "admin"})
async def open_install(database: Database, token: Token, who: Actor, source_id: SourceId) -> InstallMade:
    """Let one plugin register with a source of Remarkety within 15 minutes; its password is shown this once."""
    code, until = await database.write(_open, who, token.workspace_id, source_id, clock.now())
    return InstallMade(password=code, until=iso(until))


ROUTES = (get_install, open_install)


def _window(tx: Tx, workspace_id: int, source_id: int, now: int) -> handshakes.Window:
    return handshakes.window_of(tx, source_of(tx, workspace_id, source_id), now)


def _open(tx: Tx, who: Actor, workspace_id: int, source_id: int, now: int) -> tuple[str, int]:
    source_of(tx, workspace_id, source_id)
    try:
        return handshakes.open_window(tx, who, workspace_id, source_id, now)
    except Invalid as error:
        raise bad("source_id", str(error)) from None
