"""Transaction scripts of imports."""

from decimal import Decimal
from typing import Any

import msgspec

from tidings.db import Tx
from tidings.events import pending_store
from tidings.imports import store
from tidings.imports.model import Import, Round
from tidings.imports.rounds import EXACT
from tidings.tenants import audit
from tidings.tenants import store as tenants
from tidings.tenants.model import Actor
from tidings.tenants.service import Invalid

_ZERO = Decimal(0)


def begin(tx: Tx, actor: Actor, draft: Import, now: int) -> Import:
    """Return where the import of a file stands; a new one is begun.

    A file that is read in another way than before is gone through from its beginning: what was taken is recognised by
    its message ids, and what was refused has another chance.

    Args:
        tx: The transaction.
        actor: Who.
        draft: File and options; ``id`` and what was done are filled in.
        now: UTC milliseconds.
    """
    present = store.find(tx, draft.workspace_id, draft.brand_id, draft.kind, draft.hash)
    if present is None:
        made = msgspec.structs.replace(draft, id=store.add(tx, draft))
        detail = {"kind": draft.kind, "hash": draft.hash, "brand": draft.brand_id}
        audit.record(tx, actor, draft.workspace_id, "import.begun", now, f"import:{made.id}", **detail)
        return made
    if present.options == draft.options:
        return present
    again = msgspec.structs.replace(
        present, options=draft.options, lines=0, taken=0, refused=0, totals={}, finished_at=None
    )
    store.change(tx, draft.workspace_id, again, present.lines)
    return again


def advance(tx: Tx, present: Import, made: Round, now: int) -> Import:
    """Leave a round to the pipeline and write down how far the import is, in one transaction.

    Args:
        tx: The transaction.
        present: The import as it was seen last.
        made: The round.
        now: UTC milliseconds.

    Raises:
        Invalid: Another process imports the same file.
    """
    changed = after(present, made, now)
    for payload in made.payloads:
        changed.waiting = pending_store.add(tx, present.workspace_id, pending_store.RECORD, payload, now)
    if not store.change(tx, present.workspace_id, changed, present.lines):
        raise Invalid("another process imports this file at this moment")
    return changed


def after(present: Import, made: Round, now: int) -> Import:
    """Return how far an import is behind a round.

    Args:
        present: Before it.
        made: The round.
        now: UTC milliseconds.
    """
    return msgspec.structs.replace(
        present,
        lines=made.lines,
        taken=present.taken + made.taken,
        refused=present.refused + sum(one.line > present.lines for one in made.refused),
        totals={
            currency: EXACT.add(present.totals.get(currency, _ZERO), made.totals.get(currency, _ZERO))
            for currency in sorted(present.totals.keys() | made.totals.keys())
        },
        finished_at=now if made.ended else None,
    )


def brand_of(tx: Tx, workspace_id: int, key: str | None) -> dict[str, Any]:
    """Return a brand of the workspace, the first one where none is named.

    Raises:
        Invalid: There is no such brand.
    """
    brands = tenants.list_brands(tx, workspace_id)
    for brand in brands:
        if key is None or brand["key"] == key:
            return brand
    known = ", ".join(brand["key"] for brand in brands) or "none yet"
    wanted = "no brand yet" if key is None else f"no brand {key!r}"
    raise Invalid(f"{wanted} in this workspace (there are: {known}; 'tidings brand create' makes one)", "brand")
