"""What sources have sent, as the pages of sources ask for it."""

from collections.abc import Sequence

from tidings.db import Tx
from tidings.events import arrivals_store, figures_store, store
from tidings.events.reasons import of_refusal
from tidings.events.refusals import STRANGER
from tidings.tenants.arrivals import Arrival, Miss, Sent

DAY = 24 * 60  # minutes


class StoredArrivals:
    """Reads what arrived; `tidings.tenants.arrivals.Arrivals` says what the members are."""

    def sent(self, tx: Tx, workspace_id: int, source_ids: Sequence[int], now: int) -> dict[int, Sent]:
        """Return what each of some sources has sent.

        Args:
            tx: The transaction.
            workspace_id: The wall.
            source_ids: Sources of the workspace.
            now: UTC milliseconds.
        """
        counts = store.get_source_counts(tx, workspace_id)
        lately = figures_store.sum_sources(tx, workspace_id, source_ids, now // figures_store.MINUTE - DAY)
        last = arrivals_store.last_of(tx, workspace_id, source_ids)
        return {
            one: Sent(
                events=counts.get(one, {}).get("events", 0),
                refused=lately.get(one, (0, 0))[1],
                last=_arrival(last[one]) if one in last else None,
            )
            for one in source_ids
        }

    def last(self, tx: Tx, workspace_id: int, source_id: int) -> Arrival | None:
        """Return the newest event of a source."""
        found = arrivals_store.last_of(tx, workspace_id, [source_id])
        return _arrival(found[source_id]) if found else None

    def missed(self, tx: Tx, workspace_id: int, source_id: int, limit: int) -> list[Miss]:
        """Return what a source sent and was not taken, newest first."""
        return [_miss(row) for row in store.list_refused(tx, workspace_id, source_id, None, limit)]

    def strange(self, tx: Tx, since: int, limit: int) -> list[Miss]:
        """Return what came to the installation with a key that belongs to no source, newest first."""
        rows = store.list_refused(tx, STRANGER, STRANGER, None, limit)
        return [_miss(row) for row in rows if row["received"] >= since]


def _arrival(row: store.Row) -> Arrival:
    return Arrival(row["id"], row["verb"], row["name"], row["received"], row["profile_id"])


def _miss(row: store.Row) -> Miss:
    advice = of_refusal(row["stage"], row["code"]).advice
    return Miss(row["id"], row["received"], row["code"], row["message"], row["name"], advice)
