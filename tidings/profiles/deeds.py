"""Transaction scripts of ``service`` with their rows in the audit log: what command line, API and console call."""

import msgspec

from tidings.db import Tx
from tidings.events import pending_store
from tidings.events.model import Parting
from tidings.profiles import service, store
from tidings.tenants import audit
from tidings.tenants.model import Actor


def forget(tx: Tx, actor: Actor, workspace_id: int, profile_id: int, now: int, appended: int) -> tuple[int, int] | None:
    """Have a customer forgotten; see ``service.forget``."""
    asked = service.forget(tx, workspace_id, profile_id, now, appended)
    if asked is not None:
        audit.record(tx, actor, workspace_id, "profile.forgotten", now, f"profile:{asked[0]}")
    return asked


def exported(tx: Tx, actor: Actor, workspace_id: int, profile_id: int, now: int) -> None:
    """Note that somebody takes all data of a customer out.

    Args:
        tx: The transaction.
        actor: Who.
        workspace_id: The wall.
        profile_id: The customer.
        now: UTC milliseconds.
    """
    audit.record(tx, actor, workspace_id, "profile.exported", now, f"profile:{profile_id}")


def unmerge(tx: Tx, actor: Actor, workspace_id: int, child_id: int, now: int) -> bool:
    """Take a merge back; see ``service.unmerge``.

    Args:
        tx: The transaction.
        actor: Who.
        workspace_id: The wall.
        child_id: The profile that became part of another.
        now: UTC milliseconds.

    Returns:
        Whether there was such a merge.
    """
    root = store.root_of(tx, workspace_id, child_id)
    if root is None or not service.unmerge(tx, workspace_id, child_id):
        return False
    parting = msgspec.json.encode(Parting(profile_ids=[root, child_id])).decode()
    pending_store.add(tx, workspace_id, pending_store.PARTED, parting, now)
    audit.record(tx, actor, workspace_id, "profile.unmerged", now, f"profile:{child_id}", out_of=root)
    return True
