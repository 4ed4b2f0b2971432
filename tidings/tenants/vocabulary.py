"""Declaring types of events, with the rows of the audit log: what command line and API call."""

import msgspec

from tidings.db import Tx
from tidings.tenants import audit, store, vocabulary_store
from tidings.tenants.model import Actor, Declared
from tidings.tenants.service import Invalid

MOST_TYPES = 1_000  # of a workspace: all of them are held in memory
MOST_PROPERTIES = 100  # of a type
LONGEST = 100  # characters of a type, subtype or property


def declare(tx: Tx, actor: Actor, draft: Declared) -> Declared:
    """Declare a type of events, or declare it anew with other properties.

    Args:
        tx: The transaction.
        actor: Who.
        draft: ``id`` is filled in; type and subtype are compared without case.

    Raises:
        Invalid: A name is empty or too long, or there are too many.
    """
    draft = msgspec.structs.replace(draft, type=draft.type.strip().upper(), subtype=draft.subtype.strip().upper())
    _check(draft)
    workspace_id = draft.workspace_id
    present = vocabulary_store.list_declared(tx, workspace_id)
    same = next((one for one in present if (one.type, one.subtype) == (draft.type, draft.subtype)), None)
    if same is not None:
        vocabulary_store.remove_declared(tx, workspace_id, same.id)
    elif len(present) >= MOST_TYPES:
        raise Invalid(f"there are {MOST_TYPES} declared types already, which is the most")
    made = msgspec.structs.replace(draft, id=vocabulary_store.add_declared(tx, draft))
    store.raise_revision(tx)
    detail = {"type": made.type, "subtype": made.subtype, "properties": msgspec.to_builtins(made.properties)}
    audit.record(tx, actor, workspace_id, "type.declared", made.created_at, f"type:{made.id}", **detail)
    return made


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


def _check(draft: Declared) -> None:
    for field, text in (("type", draft.type), ("subtype", draft.subtype)):
        if len(text) > LONGEST or not (text.isprintable() and (text or field == "subtype")):
            raise Invalid(f"{field}: use 1 to {LONGEST} characters", field)
    if len(draft.properties) > MOST_PROPERTIES:
        raise Invalid(f"a type has at most {MOST_PROPERTIES} properties", "properties")
    for name in draft.properties:
        if not name.strip() or len(name) > LONGEST or not name.isprintable():
            raise Invalid(f"a property's name has 1 to {LONGEST} characters", "properties")
