"""The own API's routes that take a customer's data out, and that have a customer forgotten."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Stream
from msgspec import Meta, Struct

from tidings.db import Database
from tidings.events.waiting import worked_off
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.profiles import deeds, export
from tidings.profiles.api import ConflictOut, IdentifierOut, LifetimeValue, Membership, Merge, ProfileId, TraitDetail
from tidings.tenants.api import Id, Time
from tidings.tenants.model import Actor, Token

HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class Forgotten(Struct, kw_only=True):
    """A customer who is forgotten."""

    id: Annotated[Id, Meta(description="Number of the profile, which nobody has any more.")]
    at: Annotated[Time, Meta(description="Events up to then that name the customer later are dropped.")]
    done: Annotated[bool, Meta(description="False: it waits for what was acknowledged before.")]


class ExportedTrait(TraitDetail, kw_only=True):
    """A trait with where it comes from."""

    name: str
    value: Any
    removed: Annotated[bool, Meta(description="An event has removed it.")]
    holds: Annotated[bool, Meta(description="False: another one of this name outlives it.")]


class ExportedEvent(Struct, kw_only=True):
    """Something that happened."""

    id: Id
    source_id: Id
    profile_id: Id
    time: Time
    received: Time
    event: Annotated[dict[str, Any], Meta(description="As it is stored; times in it are milliseconds since 1970.")]


class Export(Struct, kw_only=True):
    """All that is stored of a customer."""

    format: Annotated[int, Meta(description="Of this document: 1.")]
    exported: Time
    id: Annotated[Id, Meta(description="Number of the profile that survives, which may be another than asked for.")]
    event_count: int
    first_seen: Time
    last_seen: Time | None
    identifiers: list[IdentifierOut]
    traits: list[ExportedTrait]
    lifetime_value: LifetimeValue
    groups: list[Membership]
    merges: list[Merge]
    conflicts: list[ConflictOut]
    events: Annotated[list[ExportedEvent], Meta(description="Oldest first.")]


@post("/profiles/{profile_id:int}/forget", summary="Forget a profile", status_code=200, opt={"scope": "admin"})
async def forget_profile(
    database: Database, token: Token, who: Actor, appended: int, profile_id: ProfileId
) -> Forgotten:
    """Erase a customer with all that was merged into it, and drop events of before that come later."""
    now = clock.now()
    asked = await database.write(deeds.forget, who, token.workspace_id, profile_id, now, appended)
    if asked is None:
        raise NotFoundException(f"there is no profile {profile_id} in this workspace")
    root, number = asked
    return Forgotten(id=root, at=iso(now), done=await worked_off(database, token.workspace_id, number))


@get(
    "/profiles/{profile_id:int}/export",
    summary="Export a profile",
    media_type="application/json",
    opt={"scope": "admin"},
    responses={200: ResponseSpec(Export, media_type="application/json", description="Sent as it is read.")},
)
async def export_profile(
    database: Database, token: Token, who: Actor, sections: Sequence[export.Section], profile_id: ProfileId
) -> Stream:
    """Return all that is stored of a customer, with every event, as one document."""
    now = clock.now()
    found = await database.read(export.begin, token.workspace_id, profile_id, now, sections)
    if found is None:
        raise NotFoundException(f"there is no profile {profile_id} in this workspace")
    await database.write(deeds.exported, who, token.workspace_id, found.id, now)
    named = {"content-disposition": f'attachment; filename="profile-{found.id}.json"'}
    return Stream(pieces(database, token.workspace_id, found), media_type="application/json", headers=HEADERS | named)


async def pieces(database: Database, workspace_id: int, begun: export.Begun) -> AsyncIterator[bytes]:
    """Yield a document from its beginning to its end; see ``export.pieces``."""
    yield begun.text
    after: tuple[int, int] | None = None
    while True:
        text, after = await database.read(export.piece, workspace_id, begun.members, after)
        if text:
            yield text
        if after is None:
            break
    yield export.END


ROUTES = (forget_profile, export_profile)
