"""Reading what one has written: a request that leaves something to the pipeline waits for it, but not for long."""

import asyncio
import time

from tidings.db import Database
from tidings.events import pending_store

PATIENCE_SECONDS = 2.0
LOOK_SECONDS = 0.02


async def worked_off(database: Database, workspace_id: int, number: int, seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait until the pipeline has worked off an own event, at most so long; tell whether it has.

    Args:
        database: The state.
        workspace_id: The wall.
        number: Of the own event.
        seconds: How long to wait.
    """
    deadline = time.monotonic() + seconds
    while await database.read(pending_store.waits, workspace_id, number):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(LOOK_SECONDS)
    return True
