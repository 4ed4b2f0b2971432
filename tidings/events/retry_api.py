"""The own API's route that has a refused event applied again."""

from typing import Annotated

from litestar import post
from litestar.exceptions import NotFoundException
from msgspec import Meta, Struct

from tidings.db import Database
from tidings.events import deeds
from tidings.events.api import RefusedId
from tidings.events.waiting import worked_off
from tidings.kit import clock
from tidings.tenants.api import Id
from tidings.tenants.model import Actor, Token


class Retried(Struct, kw_only=True):
    """A refused event that is applied again."""

    id: Annotated[Id, Meta(description="The number that it had on the list. If it fails again, it gets another one.")]
    done: Annotated[bool, Meta(description="False: it waits for what was acknowledged before.")]


@post(
    "/refused/{refused_id:int}/retry",
    summary="Retry a refused event",
    status_code=200,
    opt={"scope": "write", "conflicts": True},
)
async def retry_refused(database: Database, token: Token, who: Actor, refused_id: RefusedId) -> Retried:
    """Have an event applied again that was acknowledged and then refused (stage pipeline), and take it off the list."""
    number = await database.write(deeds.retry, who, token.workspace_id, refused_id, clock.now())
    if number is None:
        raise NotFoundException(f"there is no refused event {refused_id} in this workspace")
    return Retried(id=refused_id, done=await worked_off(database, token.workspace_id, number))


ROUTES = (retry_refused,)
