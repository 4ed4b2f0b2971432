"""Refused requests wait in memory and are written off the request path, at a bounded rate."""

from collections import Counter, deque
from collections.abc import Iterable

from tidings.db import Database, Tx
from tidings.events import figures_store as figures
from tidings.events import store
from tidings.events.model import Refusal
from tidings.tenants.model import Source

WAITING = 1_000  # more than that between two writes is dropped: the ring would drop it anyway
STRANGER = 0  # workspace and source of requests whose key nobody knows


class Refusals:
    """Gathers refused requests.

    Args:
        database: Where they are shown from.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[store.Row] = deque(maxlen=WAITING)
        self._arrivals: Counter[tuple[int, int, int]] = Counter()  # by workspace, source and begin of the minute

    def add(self, source: Source | None, received: int, refused: Iterable[Refusal]) -> None:
        """Take refusals, or drop the oldest when there are too many; the count stays right."""
        workspace_id, source_id = (source.workspace_id, source.id) if source else (STRANGER, STRANGER)
        for refusal in refused:
            self._arrivals[workspace_id, source_id, received - received % figures.MINUTE] += 1
            self._waiting.append(
                {
                    "workspace_id": workspace_id,
                    "source_id": source_id,
                    "received": received,
                    "stage": "edge",
                    "code": refusal.code,
                    "message": refusal.message,
                    "message_id": clean(refusal.message_id),
                    "name": clean(refusal.name),
                    "body": clean(refusal.body.decode("utf-8", "replace")),
                }
            )

    async def flush(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        rows, arrivals = list(self._waiting), self._arrivals
        self._waiting.clear()
        self._arrivals = Counter()
        try:
            await self._database.write(write, rows, arrivals)
        except Exception:
            self._waiting.extendleft(reversed(rows[: WAITING - len(self._waiting)]))
            self._arrivals += arrivals
            raise


def write(tx: Tx, rows: list[store.Row], arrivals: Counter[tuple[int, int, int]]) -> None:
    """Insert refused requests with their counts."""
    store.add_refused(tx, rows)
    counts: Counter[tuple[int, int, str]] = Counter()
    for (workspace_id, source_id, _), amount in arrivals.items():
        counts[workspace_id, source_id, "refused"] += amount
    store.count(tx, counts)
    figures.count_minutes(tx, "refused", arrivals)


def clean(text: str | None) -> str | None:
    """Return text that every database can store: without NUL and halves of surrogate pairs."""
    return None if text is None else text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
