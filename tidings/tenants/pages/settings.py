"""Settings: the workspace, its brands, and what the server was started with."""

from collections.abc import Mapping
from typing import Annotated, Any
from zoneinfo import available_timezones

from litestar import Response, get, post
from litestar.response import Redirect, Template
from msgspec import Meta, Struct

from tidings.db import Database
from tidings.kit import clock
from tidings.kit.pages import Form, Notes
from tidings.tenants import deeds, service, store
from tidings.tenants.api import LINE
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Person
from tidings.tenants.workspace_api import brand_of

PATH = "/console/settings"
OWNER = {"role": "owner"}
Line = Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE)]
Currency = Annotated[str, Meta(pattern=r"^[A-Za-z]{3}(?!\n)$")]


class Workspace(Struct):
    """What the form sends."""

    title: Line
    time_zone: Annotated[str, Meta(max_length=64)]


class Brand(Struct):
    """What the form of a present brand sends."""

    name: Line
    currency: Currency


class NewBrand(Struct):
    """What the form of a new brand sends."""

    key: Annotated[str, Meta(max_length=63)]
    name: Line
    currency: Currency


@get("/settings", opt=OWNER)
async def show_settings(database: Database, person: Person, settings: Mapping[str, Any]) -> Template:
    """Show what can be set here, and what the server was started with."""
    return await _page(database, person, settings)


@post("/settings/workspace", opt=OWNER)
async def change_workspace(
    *, database: Database, person: Person, who: Actor, settings: Mapping[str, Any], notes: Notes, form: Form
) -> Response[Any]:
    """Change what people call the workspace, and the zone that moments are shown in."""
    wanted = form.read(Workspace)
    if wanted is not None and wanted.time_zone not in available_timezones():
        form.fault("time_zone", "choose one of the list, like Europe/Berlin")
    if wanted is None or form.faults:
        return await _page(database, person, settings, workspace=form)
    where = (person.workspace_id, wanted.title, wanted.time_zone)
    await database.write(deeds.change_workspace, who, *where, clock.now())
    notes.say("The workspace was changed.")
    return Redirect(PATH, status_code=303)


@post("/settings/brands", opt=OWNER)
async def add_brand(
    *,
    database: Database,
    keys: Keys,
    person: Person,
    who: Actor,
    settings: Mapping[str, Any],
    notes: Notes,
    form: Form,
) -> Response[Any]:
    """Add a brand."""
    wanted = form.read(NewBrand)
    if wanted is None:
        return await _page(database, person, settings, new_brand=form)
    try:
        brand = (wanted.key, wanted.name, wanted.currency)
        await database.write(deeds.create_brand, who, person.workspace_id, *brand, clock.now())
    except service.Invalid as error:
        form.fault("key", str(error))
        return await _page(database, person, settings, new_brand=form)
    await keys.refresh()
    notes.say(f"The brand {wanted.name} was added.")
    return Redirect(PATH, status_code=303)


@get("/settings/brands/{brand_id:int}", opt=OWNER)
async def show_brand(database: Database, workspace_id: int, brand_id: int) -> Template:
    """Show the form of a brand."""
    brand = await database.read(brand_of, workspace_id, brand_id)
    form = Form().filled(name=brand["name"], currency=brand["currency"])
    return Template("tenants/brand.html", context={"brand": brand, "form": form})


@post("/settings/brands/{brand_id:int}", opt=OWNER)
async def change_brand(
    *, database: Database, keys: Keys, workspace_id: int, who: Actor, notes: Notes, form: Form, brand_id: int
) -> Response[Any]:
    """Change what people call a brand, and its currency."""
    brand = await database.read(brand_of, workspace_id, brand_id)
    wanted = form.read(Brand)
    if wanted is None:
        return Template("tenants/brand.html", context={"brand": brand, "form": form}, status_code=422)
    changed = (wanted.name, wanted.currency.upper())
    await database.write(deeds.change_brand, who, workspace_id, brand_id, *changed, clock.now())
    await keys.refresh()
    notes.say(f"The brand {wanted.name} was changed.")
    return Redirect(PATH, status_code=303)


ROUTES = (show_settings, change_workspace, add_brand, show_brand, change_brand)


async def _page(
    database: Database,
    person: Person,
    settings: Mapping[str, Any],
    *,
    workspace: Form | None = None,
    new_brand: Form | None = None,
) -> Template:
    present = person.workspace
    context = {
        "workspace": workspace or Form().filled(title=present.title, time_zone=present.time_zone),
        "new_brand": new_brand or Form({"currency": ["USD"]}),
        "brands": await database.read(store.list_brands, person.workspace_id),
        "zones": sorted(available_timezones()),
        "settings": settings,
    }
    status = 422 if workspace or new_brand else 200
    return Template("tenants/settings.html", context=context, status_code=status)
