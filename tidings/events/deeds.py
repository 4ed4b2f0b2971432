"""Transaction scripts of ``service`` with their rows in the audit log: what command line, API and console call."""

from tidings.db import Tx
from tidings.events import service
from tidings.tenants import audit
from tidings.tenants.model import Actor


def retry(tx: Tx, actor: Actor, workspace_id: int, refused_id: int, now: int) -> int | None:
    """Have a refused event applied again; see ``service.retry``."""
    number = service.retry(tx, workspace_id, refused_id, now)
    if number is not None:
        audit.record(tx, actor, workspace_id, "event.retried", now, f"refused:{refused_id}")
    return number
