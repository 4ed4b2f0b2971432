"""What a route of a dialect reads or changes, once the pipeline has come as far as what it sent itself."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from tidings.db import Database, Tx
from tidings.pipeline.runner import Pipeline

PATIENCE_SECONDS = 2.0
LOOK_SECONDS = 0.01
T = TypeVar("T")


class State:
    """The state behind the log.

    Args:
        database: Where it is.
        pipeline: What brings it on.
    """

    def __init__(self, database: Database, pipeline: Pipeline) -> None:
        self._database = database
        self._pipeline = pipeline

    async def read(self, script: Callable[[Tx], T], position: int) -> T:
        """Read the state.

        Args:
            script: Reads.
            position: How far in the log the state should have come; it is not waited for longer than 2 s.
        """
        await self._reach(position)
        return await self._database.read(script)

    async def write(self, script: Callable[[Tx], T], position: int) -> T:
        """Change the state; the arguments are those of ``read``."""
        await self._reach(position)
        return await self._database.write(script)

    async def _reach(self, position: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._pipeline.cursor.position < position and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
