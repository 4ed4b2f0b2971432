"""The audit log: who changed what, written in the transaction of the change."""

from typing import Any

from tidings.db import Tx
from tidings.tenants import people_store
from tidings.tenants.model import Actor

CLI = Actor("cli")


def record(tx: Tx, /, actor: Actor, workspace_id: int, action: str, now: int, subject: str = "", **detail: Any) -> None:
    """Write down what was done.

    Args:
        tx: The transaction of the change.
        actor: Who.
        workspace_id: The wall.
        action: ``noun.verb``, the verb in the past: ``source.created``.
        now: UTC milliseconds.
        subject: ``noun:ID`` of what it was done to, "" for the workspace itself.
        detail: What changed, never a secret and nothing of a customer: forgetting does not reach in here.
    """
    values = {"at": now, "actor": actor.name, "action": action, "subject": subject, "detail": detail, "ip": actor.ip}
    people_store.add_deed(tx, workspace_id, values)
