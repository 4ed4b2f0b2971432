"""Declaring types of events, with the rows of the audit log: what command line, API and console call."""

import msgspec

from tidings.db import Tx
from tidings.tenants import audit, store, vocabulary_store
from tidings.tenants.model import Actor, Declared
from tidings.tenants.service import Invalid

DIALECT = "ray"  # whose types they are; events of others have none
MOST_TYPES = 1_000  # of a workspace: all of them are held in memory
MOST_PROPERTIES = 100  # of a type
LONGEST = 100  # characters of a type, subtype or property


def declare(tx: Tx, actor: Actor, draft: Declared, *, anew: bool = True) -> Declared:
    """Declare a type of events, or declare it anew with other properties.

    Args:
        tx: The transaction.
        actor: Who.
        draft: ``id`` is filled in; type and subtype are compared without case.
        anew: Whether one of the same name is replaced, or is a mistake.

    Raises:
        Invalid: A name is empty or too long, or is there already and not to be replaced, or there are too many.
    """
    draft = _checked(draft)
    workspace_id = draft.workspace_id
    present = vocabulary_store.list_declared(tx, workspace_id)
    same = _same(present, draft)
    if same is not None and not anew:
        raise Invalid(f"{draft.title} is declared already: change that one", "type")
    if same is not None:
        vocabulary_store.remove_declared(tx, workspace_id, same.id)
    elif len(present) >= MOST_TYPES:
        raise Invalid(f"there are {MOST_TYPES} declared types already, which is the most")
    made = msgspec.structs.replace(draft, id=vocabulary_store.add_declared(tx, draft))
    store.raise_revision(tx)
    detail = {"type": made.type, "subtype": made.subtype, "properties": msgspec.to_builtins(made.properties)}
    audit.record(tx, actor, workspace_id, "type.declared", made.created_at, f"type:{made.id}", **detail)
    return made


def change(tx: Tx, actor: Actor, draft: Declared, now: int) -> Declared:
    """Change names or properties of a declared type.

    Args:
        tx: The transaction.
        actor: Who.
        draft: As it shall be; ``id`` and ``workspace_id`` say which.
        now: UTC milliseconds.

    Raises:
        Invalid: There is none of this number, a name is empty or too long, or another type has it.
    """
    draft = _checked(draft)
    present = vocabulary_store.list_declared(tx, draft.workspace_id)
    before = next((one for one in present if one.id == draft.id), None)
    if before is None:
        raise Invalid(f"there is no declared type {draft.id} in this workspace")
    other = _same(present, draft)
    if other is not None and other.id != draft.id:
        raise Invalid(f"{draft.title} is declared already: change that one", "type")
    if draft == before:
        return before
    vocabulary_store.change_declared(tx, draft)
    store.raise_revision(tx)
    detail = {"type": draft.type, "subtype": draft.subtype, "properties": msgspec.to_builtins(draft.properties)}
    if before.title != draft.title:
        detail["before"] = before.title
    audit.record(tx, actor, draft.workspace_id, "type.changed", now, f"type:{draft.id}", **detail)
    return draft


def withdraw(tx: Tx, actor: Actor, workspace_id: int, declared_id: int, now: int) -> Declared:
    """Take a declaration back; its events are taken as before.

    Raises:
        Invalid: There is none of this number.
    """
    found = vocabulary_store.get_declared(tx, workspace_id, declared_id)
    if found is None or not vocabulary_store.remove_declared(tx, workspace_id, declared_id):
        raise Invalid(f"there is no declared type {declared_id} in this workspace")
    store.raise_revision(tx)
    detail = {"type": found.type, "subtype": found.subtype}
    audit.record(tx, actor, workspace_id, "type.withdrawn", now, f"type:{declared_id}", **detail)
    return found


def _same(present: list[Declared], draft: Declared) -> Declared | None:
    return next((one for one in present if (one.type, one.subtype) == (draft.type, draft.subtype)), None)


def _checked(draft: Declared) -> Declared:
    draft = msgspec.structs.replace(draft, type=draft.type.strip().upper(), subtype=draft.subtype.strip().upper())
    for field, text in (("type", draft.type), ("subtype", draft.subtype)):
        if len(text) > LONGEST or not (text.isprintable() and (text or field == "subtype")):
            raise Invalid(f"{field}: use 1 to {LONGEST} characters", field)
    if len(draft.properties) > MOST_PROPERTIES:
        raise Invalid(f"a type has at most {MOST_PROPERTIES} properties", "properties")
    for name in draft.properties:
        if not name.strip() or len(name) > LONGEST or not name.isprintable():
            raise Invalid(f"a property's name has 1 to {LONGEST} characters", "properties")
    return draft
