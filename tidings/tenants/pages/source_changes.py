"""A present source: its settings, a further key, an end to an old one."""

from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template

from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.pages import Form, Notes
from tidings.tenants import deeds
from tidings.tenants.api import KeyId, SourceId, source_of
from tidings.tenants.arrivals import Around
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Person, Source, SourceSettings
from tidings.tenants.pages import source_views as views
from tidings.tenants.pages.source_forms import Changed, NewKey, settings_of
from tidings.tenants.service import Invalid

PATH = "/console/sources"
OWNER = {"role": "owner"}


@get("/sources/{source_id:int}/settings", opt=OWNER)
async def show_settings_of_source(database: Database, workspace_id: int, source_id: SourceId) -> Template:
    """Show the form of a source."""
    source = await database.read(source_of, workspace_id, source_id)
    set_to = source.settings
    form = Form().filled(
        name=source.name,
        currency=set_to.currency,
        country=set_to.country,
        id_space=set_to.id_space,
        correct_time=set_to.correct_time,
        rate=set_to.rate or None,
        prefix=set_to.prefix,
        origins="\n".join(set_to.origins),
        browser_orders=set_to.browser_orders,
        keyless_contacts=set_to.keyless_contacts,
    )
    return _form(source, form)


@post("/sources/{source_id:int}/settings", opt=OWNER)
async def change_settings_of_source(  # noqa: PLR0913 -- the container hands each in
    *,
    database: Database,
    keys: Keys,
    workspace_id: int,
    who: Actor,
    around: Around,
    notes: Notes,
    form: Form,
    source_id: SourceId,
) -> Response[Any]:
    """Change what a source is called, and its settings."""
    source = await database.read(source_of, workspace_id, source_id)
    wanted = form.read(Changed)
    settings = settings_of(form, wanted, source.settings, around.parts) if wanted else source.settings
    if wanted is None or form.faults:
        return _form(source, form)
    try:
        await database.write(_change, who, source, wanted.name, settings, clock.now())
    except Invalid as error:
        form.fault(error.field, str(error))
        return _form(source, form)
    await keys.refresh()
    notes.say(f"{wanted.name} was changed. This is in force now.")
    return Redirect(f"{PATH}/{source_id}", status_code=303)


@post("/sources/{source_id:int}/keys", opt=OWNER)
async def add_key(
    *,
    database: Database,
    keys: Keys,
    person: Person,
    who: Actor,
    around: Around,
    form: Form,
    source_id: SourceId,
) -> Response[Any]:
    """Add a key to a source, which is shown this once; the present ones go on working."""
    source = await database.read(source_of, person.workspace_id, source_id)
    kinds = around.kinds[source.dialect]
    wanted = form.read(NewKey)
    if wanted is not None and wanted.name not in kinds.names:
        form.fault("name", "choose one of the options")
    if wanted is not None and not form.faults:
        try:
            secret = await database.write(
                deeds.add_credential, who, source, wanted.name, wanted.value, clock.now(), kinds
            )
        except Invalid as error:
            form.fault("value", str(error))
    if wanted is None or form.faults:
        context = await database.read(views.one, person, source_id, around, clock.now())
        return Template("tenants/source.html", context=context | {"form": form}, status_code=422)
    await keys.refresh()
    context = await database.read(views.once, person, source, {wanted.name: secret}, around, clock.now())
    return Template("tenants/source_once.html", context=context | {"made": False}, status_code=200)


@post("/sources/{source_id:int}/keys/{key_id:int}/revoke", opt=OWNER)
async def revoke_key(
    *,
    database: Database,
    keys: Keys,
    workspace_id: int,
    who: Actor,
    notes: Notes,
    source_id: SourceId,
    key_id: KeyId,
) -> Redirect:
    """Make a key of a source useless at once."""
    try:
        await database.write(deeds.revoke_credential, who, workspace_id, source_id, key_id, clock.now())
    except Invalid as error:
        raise NotFoundException(str(error)) from None
    await keys.refresh()
    notes.say("The key was revoked: what comes with it is refused from now on.")
    return Redirect(f"{PATH}/{source_id}", status_code=303)


ROUTES = (show_settings_of_source, change_settings_of_source, add_key, revoke_key)


def _form(source: Source, form: Form) -> Template:
    context = {"source": source, "form": form}
    return Template("tenants/source_settings.html", context=context, status_code=422 if form.faults else 200)


def _change(tx: Tx, who: Actor, source: Source, name: str, settings: SourceSettings, now: int) -> None:
    source_of(tx, source.workspace_id, source.id)
    deeds.rename_source(tx, who, source.workspace_id, source.id, name, now)
    deeds.change_source(tx, who, source.workspace_id, source.id, enabled=None, settings=settings, now=now)
