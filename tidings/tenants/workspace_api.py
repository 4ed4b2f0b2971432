"""The own API's routes of the workspace, its brands, and what the server was started with."""

from collections.abc import Mapping
from typing import Annotated, Any
from zoneinfo import available_timezones

from litestar import get, patch, post
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType

from tidings import __version__
from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.tenants import deeds, store
from tidings.tenants.api import LARGEST, Id, Name, Time, bad
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Token, Workspace

BrandId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a brand.")]
Currency = Annotated[str, Meta(pattern=r"^[A-Za-z]{3}(?!\n)$", max_length=3, description="ISO 4217.", examples=["EUR"])]
Zone = Annotated[str, Meta(max_length=64, description="IANA name.", examples=["Europe/Berlin"])]


class WorkspaceOut(Struct, kw_only=True):
    """The wall that a token belongs to."""

    id: Id
    name: Annotated[str, Meta(description="What the command line calls it; never changes.", examples=["default"])]
    title: Annotated[str, Meta(description="What people call it.", examples=["Acme"])]
    time_zone: Zone
    created: Time


class WorkspaceChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to change of the workspace; what is left out stays."""

    title: Name | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET


class BrandOut(Struct, kw_only=True):
    """A shop or site of the workspace."""

    id: Id
    key: Annotated[str, Meta(description="First label of its hosts; unique in the installation.", examples=["shop"])]
    name: Annotated[str, Meta(description="What people call it.", examples=["Shop"])]
    currency: Annotated[Currency, Meta(description="Of amounts that name none.")]
    created: Time


class BrandList(Struct, kw_only=True):
    """All brands of the workspace."""

    items: list[BrandOut]


class BrandIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """A brand to be made."""

    key: Annotated[str, Meta(min_length=1, max_length=63, pattern=r"^[a-z0-9-]+(?!\n)$", examples=["shop"])]
    name: Annotated[Name, Meta(description="Default: the key.")] | UnsetType = UNSET
    currency: Currency = "USD"


class BrandChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a brand; what is left out stays."""

    name: Name | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET


class ServerOut(Struct, kw_only=True):
    """The server that answers."""

    version: Annotated[str, Meta(examples=["0.1.0"])]
    settings: Annotated[dict[str, Any], Meta(description="What it was started with; nothing secret.")]


@get("/workspace", summary="Show the workspace")
async def get_workspace(database: Database, token: Token) -> WorkspaceOut:
    """Return the workspace that the token belongs to."""
    return _workspace(await database.read(store.get_workspace, token.workspace_id))


@patch("/workspace", summary="Change the workspace", opt={"scope": "admin"})
async def change_workspace(database: Database, token: Token, who: Actor, data: WorkspaceChange) -> WorkspaceOut:
    """Change what people call the workspace, or the time zone that the console shows moments in."""
    if data.time_zone is not UNSET and data.time_zone not in available_timezones():
        raise bad("time_zone", "no IANA time zone: write it like Europe/Berlin")
    return _workspace(await database.write(_change_workspace, who, token.workspace_id, data))


@get("/brands", summary="List brands")
async def list_brands(database: Database, token: Token) -> BrandList:
    """Return all brands of the workspace, oldest first."""
    return BrandList(items=[_brand(row) for row in await database.read(store.list_brands, token.workspace_id)])


@get("/brands/{brand_id:int}", summary="Show a brand")
async def get_brand(database: Database, token: Token, brand_id: BrandId) -> BrandOut:
    """Return one brand."""
    return _brand(await database.read(brand_of, token.workspace_id, brand_id))


@post("/brands", summary="Make a brand", opt={"scope": "admin"})
async def create_brand(database: Database, token: Token, who: Actor, keys: Keys, data: BrandIn) -> BrandOut:
    """Make a brand."""
    made = await database.write(_create_brand, who, token.workspace_id, data)
    await keys.refresh()
    return _brand(made)


@patch("/brands/{brand_id:int}", summary="Change a brand", opt={"scope": "admin"})
async def change_brand(
    *, database: Database, token: Token, who: Actor, keys: Keys, brand_id: BrandId, data: BrandChange
) -> BrandOut:
    """Change what people call a brand, or the currency of amounts that name none; in force when this is answered."""
    changed = await database.write(_change_brand, who, token.workspace_id, brand_id, data)
    await keys.refresh()
    return _brand(changed)


@get("/server", summary="Show the server", opt={"scope": "admin"})
async def get_server(settings: Mapping[str, Any]) -> ServerOut:
    """Return version and settings of the server."""
    return ServerOut(version=__version__, settings=dict(settings))


ROUTES = (get_workspace, change_workspace, list_brands, get_brand, create_brand, change_brand, get_server)


def brand_of(tx: Tx, workspace_id: int, brand_id: int) -> dict[str, Any]:
    """Return a brand of the workspace.

    Raises:
        NotFoundException: There is none of this id.
    """
    for brand in store.list_brands(tx, workspace_id):
        if brand["id"] == brand_id:
            return brand
    raise NotFoundException(f"there is no brand {brand_id} in this workspace")


def _change_workspace(tx: Tx, who: Actor, workspace_id: int, data: WorkspaceChange) -> Workspace:
    present = store.get_workspace(tx, workspace_id)
    title = present.title if data.title is UNSET else data.title
    time_zone = present.time_zone if data.time_zone is UNSET else data.time_zone
    if (title, time_zone) != (present.title, present.time_zone):
        deeds.change_workspace(tx, who, workspace_id, title, time_zone, clock.now())
    return store.get_workspace(tx, workspace_id)


def _create_brand(tx: Tx, who: Actor, workspace_id: int, data: BrandIn) -> dict[str, Any]:
    name = data.key if data.name is UNSET else data.name
    made = deeds.create_brand(tx, who, workspace_id, data.key, name, data.currency, clock.now())
    return brand_of(tx, workspace_id, made)


def _change_brand(tx: Tx, who: Actor, workspace_id: int, brand_id: int, data: BrandChange) -> dict[str, Any]:
    present = brand_of(tx, workspace_id, brand_id)
    name = present["name"] if data.name is UNSET else data.name
    currency = present["currency"] if data.currency is UNSET else data.currency.upper()
    if (name, currency) != (present["name"], present["currency"]):
        deeds.change_brand(tx, who, workspace_id, brand_id, name, currency, clock.now())
    return brand_of(tx, workspace_id, brand_id)


def _workspace(workspace: Workspace) -> WorkspaceOut:
    names = ("id", "name", "title", "time_zone")
    return WorkspaceOut(created=iso(workspace.created_at), **{name: getattr(workspace, name) for name in names})


def _brand(row: dict[str, Any]) -> BrandOut:
    names = ("id", "key", "name", "currency")
    return BrandOut(created=iso(row["created_at"]), **{name: row[name] for name in names})
