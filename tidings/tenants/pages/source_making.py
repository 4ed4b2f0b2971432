"""A new source: choose what it speaks, fill in the form, see its keys once."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from litestar.response import Template

from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.pages import Form
from tidings.tenants import deeds, store
from tidings.tenants.arrivals import Around
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Kinds, Person, Source, SourceSettings
from tidings.tenants.pages import source_views as views
from tidings.tenants.pages.source_forms import NewSource, pinned, settings_of, spoken
from tidings.tenants.service import Invalid

OWNER = {"role": "owner"}


@get("/sources/new", opt=OWNER)
async def choose_dialect(
    database: Database,
    workspace_id: int,
    around: Around,
    dialect: Annotated[str, Parameter(max_length=50)] = "",
) -> Template:
    """Show what a source can speak; once that is chosen, the form."""
    if not dialect:
        return Template("tenants/source_choice.html", context={"choices": around.choices()})
    if dialect not in around.formats:
        raise NotFoundException("there is no dialect of this name")
    return await _page(database, workspace_id, around, dialect, Form())


@post("/sources", opt=OWNER)
async def make_source(
    *,
    database: Database,
    keys: Keys,
    person: Person,
    who: Actor,
    around: Around,
    form: Form,
) -> Response[Any]:
    """Make a source; its keys are shown this once."""
    dialect = form["dialect"]
    if dialect not in around.formats:
        context = {"choices": around.choices()}
        return Template("tenants/source_choice.html", context=context, status_code=422)
    kinds = around.kinds[dialect]
    values = pinned(form, kinds)
    wanted = form.read(NewSource)
    settings = settings_of(form, wanted, SourceSettings(), around.parts) if wanted else SourceSettings()
    if wanted is None or form.faults:
        return await _page(database, person.workspace_id, around, dialect, form)
    draft = Source(
        id=0,
        workspace_id=person.workspace_id,
        brand_id=0,
        brand_currency="",
        dialect=dialect,
        name=wanted.name,
        trust=wanted.trust,
        enabled=True,
        settings=settings,
    )
    try:
        made, secrets = await database.write(deeds.create_source, who, draft, wanted.brand, values, clock.now(), kinds)
    except Invalid as error:
        form.fault(error.field, str(error))
        return await _page(database, person.workspace_id, around, dialect, form)
    await keys.refresh()
    context = await database.read(views.once, person, made, secrets, around, clock.now())
    return Template("tenants/source_once.html", context=context | {"made": True}, status_code=200)


ROUTES = (choose_dialect, make_source)


async def _page(database: Database, workspace_id: int, around: Around, dialect: str, form: Form) -> Template:
    brands = await database.read(_brands, workspace_id)
    kinds = around.kinds[dialect]
    first = next(iter(brands), ("", ""))[0]
    context = {
        "dialect": dialect,
        "title": around.formats[dialect].title,
        "brands": brands,
        "given": any(form[name] for name in kinds.names),
        "kinds": [(name, spoken(name), _hint(name, kinds)) for name in kinds.names],
        "form": form.filled(name=around.formats[dialect].title, brand=first, trust="server"),
    }
    return Template("tenants/source_new.html", context=context, status_code=422 if form.faults else 200)


def _hint(name: str, kinds: Kinds) -> str:
    if name in kinds.labels:
        return "The account identifier, first part of its host: a name, not a secret. Empty is the brand's key."
    if name in kinds.numbers:
        return "A number, not a secret. Empty is the next free one."
    return "A name, not a secret." if name in kinds.shown else ""


def _brands(tx: Tx, workspace_id: int) -> list[tuple[str, str]]:
    return [(brand["key"], f"{brand['name']} ({brand['currency']})") for brand in store.list_brands(tx, workspace_id)]
