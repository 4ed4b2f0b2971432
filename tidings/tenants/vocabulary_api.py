"""The own API's routes of the types of events that an operator has declared."""

from typing import Annotated

from litestar import delete, get, put
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from msgspec import Meta, Struct

from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.tenants import vocabulary, vocabulary_store
from tidings.tenants.api import LARGEST, LINE, Id, Time, bad
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Declared, Property, PropertyKind, Token
from tidings.tenants.service import Invalid

TypeId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a declared type.")]
Word = Annotated[str, Meta(min_length=1, max_length=vocabulary.LONGEST, pattern=LINE)]
KINDS = "text, number, boolean or date (text in ISO 8601)."


class PropertyOut(Struct, kw_only=True):
    """A property of a declared type."""

    kind: Annotated[PropertyKind, Meta(description=KINDS)]
    required: Annotated[bool, Meta(description="Whether every event of the type has it.")]


class PropertyIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """A property to be declared."""

    kind: Annotated[PropertyKind, Meta(description=KINDS)]
    required: bool = False


class TypeOut(Struct, kw_only=True):
    """A declared type of events."""

    id: Id
    type: Annotated[str, Meta(description="In upper case: types are compared without case.", examples=["PURCHASE"])]
    subtype: Annotated[str, Meta(description='"" is every subtype that is not declared itself.', examples=["DELIVERY"])]
    properties: dict[str, PropertyOut]
    created: Time


class TypeList(Struct, kw_only=True):
    """All declared types of the workspace."""

    items: list[TypeOut]


class TypeIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """A type to be declared; one of the same name and subtype is replaced."""

    type: Annotated[Word, Meta(examples=["PURCHASE"])]
    subtype: Annotated[Word, Meta(examples=["DELIVERY"])] | None = None
    properties: Annotated[dict[Word, PropertyIn], Meta(max_length=vocabulary.MOST_PROPERTIES)] = {}


@get("/types", summary="List declared types")
async def list_types(database: Database, token: Token) -> TypeList:
    """Return the types of events that were declared, by name; others are taken all the same."""
    found = await database.read(vocabulary_store.list_declared, token.workspace_id)
    return TypeList(items=[_shown(declared) for declared in found])


@put("/types", summary="Declare a type", opt={"scope": "write"})
async def declare_type(database: Database, token: Token, who: Actor, keys: Keys, data: TypeIn) -> TypeOut:
    """Declare a type of events; later events that are not like this are taken with a note."""
    draft = Declared(
        id=0,
        workspace_id=token.workspace_id,
        type=data.type,
        subtype=data.subtype or "",
        properties={name: Property(kind=one.kind, required=one.required) for name, one in data.properties.items()},
        created_at=clock.now(),
    )
    made = await database.write(_declare, who, draft)
    await keys.refresh()
    return _shown(made)


@delete("/types/{type_id:int}", summary="Withdraw a declared type", opt={"scope": "write"})
async def withdraw_type(database: Database, token: Token, who: Actor, keys: Keys, type_id: TypeId) -> None:
    """Take a declaration back; events of the type are taken as before, without notes."""
    await database.write(_withdraw, who, token.workspace_id, type_id, clock.now())
    await keys.refresh()


ROUTES = (list_types, declare_type, withdraw_type)


def _declare(tx: Tx, who: Actor, draft: Declared) -> Declared:
    try:
        return vocabulary.declare(tx, who, draft)
    except Invalid as error:
        raise bad(error.field or "type", str(error)) from None


def _withdraw(tx: Tx, who: Actor, workspace_id: int, declared_id: int, now: int) -> None:
    try:
        vocabulary.withdraw(tx, who, workspace_id, declared_id, now)
    except Invalid as error:
        raise NotFoundException(str(error)) from None


def _shown(declared: Declared) -> TypeOut:
    return TypeOut(
        id=declared.id,
        type=declared.type,
        subtype=declared.subtype,
        properties={
            name: PropertyOut(kind=known.kind, required=known.required) for name, known in declared.properties.items()
        },
        created=iso(declared.created_at),
    )
