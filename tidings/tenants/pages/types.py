"""Declared types of events: the list, declaring one, changing it, taking it back."""

from typing import Annotated, Any, cast, get_args

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template
from msgspec import Meta, Struct

from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.pages import Form, Notes
from tidings.tenants import store, vocabulary, vocabulary_store
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Declared, Property, PropertyKind
from tidings.tenants.service import Invalid
from tidings.tenants.vocabulary_api import TypeId

PATH = "/console/types"
EDITOR = {"role": "editor"}
KINDS = {"text": "Text", "number": "Number", "boolean": "Yes or no", "date": "Date (ISO 8601)"}
SHORT = {"text": "text", "number": "number", "boolean": "yes or no", "date": "date"}
SPARE = 5  # empty rows below the properties
Word = Annotated[str, Meta(max_length=vocabulary.LONGEST)]


class Names(Struct):
    """What the form sends, beside its rows: ``property``, ``kind``, and ``required`` with numbers of rows."""

    type: Word
    subtype: Word = ""


class Row(Struct, frozen=True):
    """A row of the form.

    Args:
        name: Of the property, "" for a row that is empty.
        kind: What its value is.
        required: Whether every event of the type has it.
    """

    name: str = ""
    kind: str = "text"
    required: bool = False


@get("/types")
async def show_types(database: Database, workspace_id: int) -> Template:
    """Show the declared types of the workspace."""
    context = await database.read(_listed, workspace_id)
    return Template("tenants/types.html", context=context | {"kinds": SHORT})


@get("/types/new", opt=EDITOR)
async def show_new_type() -> Template:
    """Show the form of a new type."""
    return _page(None, Form())


@post("/types", opt=EDITOR)
async def declare_type(
    *, database: Database, keys: Keys, workspace_id: int, who: Actor, notes: Notes, form: Form
) -> Response[Any]:
    """Declare a type; events that come later and are not like this are taken with a note."""
    draft = _draft(form, workspace_id, 0)
    if draft is not None:
        try:
            made = await database.write(vocabulary.declare, who, draft, anew=False)
        except Invalid as error:
            form.fault(error.field or "type", _spoken(error))
    if draft is None or form.faults:
        return _page(None, form)
    await keys.refresh()
    notes.say(f"{made.title} is declared.")
    return Redirect(PATH, status_code=303)


@get("/types/{type_id:int}", opt=EDITOR)
async def show_type(database: Database, workspace_id: int, type_id: TypeId) -> Template:
    """Show the form of a declared type."""
    return _page(await database.read(_type_of, workspace_id, type_id), Form())


@post("/types/{type_id:int}", opt=EDITOR)
async def change_type(
    *, database: Database, keys: Keys, workspace_id: int, who: Actor, notes: Notes, form: Form, type_id: TypeId
) -> Response[Any]:
    """Change names or properties of a declared type."""
    declared = await database.read(_type_of, workspace_id, type_id)
    draft = _draft(form, workspace_id, type_id, declared.created_at)
    if draft is not None:
        try:
            changed = await database.write(_change, who, draft, clock.now())
        except Invalid as error:
            form.fault(error.field or "type", _spoken(error))
    if draft is None or form.faults:
        return _page(declared, form)
    await keys.refresh()
    notes.say(f"{changed.title} was changed. This is in force now.")
    return Redirect(PATH, status_code=303)


@post("/types/{type_id:int}/remove", opt=EDITOR)
async def remove_type(
    database: Database, keys: Keys, workspace_id: int, who: Actor, notes: Notes, type_id: TypeId
) -> Redirect:
    """Take a declaration back; events of the type are taken as before, without notes."""
    try:
        gone = await database.write(vocabulary.withdraw, who, workspace_id, type_id, clock.now())
    except Invalid as error:
        raise NotFoundException(str(error)) from None
    await keys.refresh()
    notes.say(f"{gone.title} is not declared any more.")
    return Redirect(PATH, status_code=303)


ROUTES = (show_types, show_new_type, declare_type, show_type, change_type, remove_type)


def _listed(tx: Tx, workspace_id: int) -> dict[str, Any]:
    sources = store.list_sources(tx, workspace_id)
    return {
        "types": vocabulary_store.list_declared(tx, workspace_id),
        "speakers": [source for source in sources if source.dialect == vocabulary.DIALECT],
    }


def _type_of(tx: Tx, workspace_id: int, type_id: int) -> Declared:
    found = vocabulary_store.get_declared(tx, workspace_id, type_id)
    if found is None:
        raise NotFoundException(f"there is no declared type {type_id} in this workspace")
    return found


def _change(tx: Tx, who: Actor, draft: Declared, now: int) -> Declared:
    _type_of(tx, draft.workspace_id, draft.id)
    return vocabulary.change(tx, who, draft, now)


def _draft(form: Form, workspace_id: int, type_id: int, created_at: int | None = None) -> Declared | None:
    """Return what a form declares; None with faults, or if it only asks for more rows."""
    if form["more"]:
        return None
    names, properties = form.read(Names), _properties(form)
    if names is None or form.faults:
        return None
    return Declared(
        id=type_id,
        workspace_id=workspace_id,
        type=names.type,
        subtype=names.subtype,
        properties=properties,
        created_at=clock.now() if created_at is None else created_at,
    )


def _properties(form: Form) -> dict[str, Property]:
    """Return the properties that a form has in its rows; what is wrong with them is said in the form."""
    found: dict[str, Property] = {}
    for row in _rows_of(form):
        if row.name in found:
            form.fault("properties", f"{row.name} is there twice")
        if row.kind not in get_args(PropertyKind):
            form.fault("properties", f"{row.name}: choose one of the kinds")
        elif row.name:
            found[row.name] = Property(kind=cast(PropertyKind, row.kind), required=row.required)
    return found


def _rows_of(form: Form) -> list[Row]:
    """Return the rows that a form sent, without those that are empty."""
    required = set(form.all("required"))
    rows = [
        Row(name.strip(), kind, str(number) in required)
        for number, (name, kind) in enumerate(zip(form.all("property"), form.all("kind"), strict=False))
    ]
    return [row for row in rows if row.name]


def _page(declared: Declared | None, form: Form) -> Template:
    """Return the form of a type: as it was sent, else as it is declared."""
    if declared is not None and not form.values:
        form = form.filled(type=declared.type, subtype=declared.subtype)
        rows = [Row(name, one.kind, one.required) for name, one in declared.properties.items()]
    else:
        rows = _rows_of(form)
    spare = max(0, min(SPARE, vocabulary.MOST_PROPERTIES - len(rows)))
    context = {"declared": declared, "form": form, "rows": [*rows, *([Row()] * spare)], "kinds": list(KINDS.items())}
    return Template("tenants/type.html", context=context, status_code=422 if form.faults else 200)


def _spoken(error: Invalid) -> str:
    """Return a fault as it stands at its field, which the text need not name again."""
    return str(error).removeprefix(f"{error.field}: ")
