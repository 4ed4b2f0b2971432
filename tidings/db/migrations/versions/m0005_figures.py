"""Counts of events by minute and by name, and which events have notes; filled from the events that are there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import sqlite

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# As tidings/events/figures_store.py had them when this was written.
MINUTES_KEPT, NAMES, LONGEST = 8 * 24 * 60, 1_000, 200


def upgrade() -> None:
    """Make the tables and count what is stored: this reads every event once. Notes are listed from now on."""
    op.create_table(
        "minutes",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "source_id", "minute"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "names",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("further", sa.Integer(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "source_id", "verb", "name", "further"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "noted",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "event_id"),
        sqlite_with_rowid=False,
    )
    _count_names()
    _count_minutes("events", "events")
    _count_minutes("refused", "refused")
    op.execute("INSERT INTO minutes SELECT workspace_id, 0, minute, sum(events), sum(refused) FROM minutes"
               " WHERE source_id > 0 GROUP BY workspace_id, minute")  # fmt: skip


def _count_names() -> None:
    op.execute(
        sa.text(
            """
            WITH counted AS (
                SELECT workspace_id, source_id, verb, coalesce(name, '') AS name, count(*) AS events
                FROM events GROUP BY 1, 2, 3, 4
            ), ranked AS (
                SELECT *, length(name) > :longest OR row_number() OVER (
                    PARTITION BY workspace_id, source_id ORDER BY events DESC, verb, name) > :names AS further
                FROM counted
            )
            INSERT INTO names
            SELECT workspace_id, source_id, verb, CASE WHEN further THEN '' ELSE name END, further, sum(events)
            FROM ranked GROUP BY 1, 2, 3, 4, 5
            """
        ).bindparams(longest=LONGEST, names=NAMES)
    )


def _count_minutes(table: str, column: str) -> None:
    counted = sa.table(table, sa.column("workspace_id"), sa.column("source_id"), sa.column("received"))
    newest = sa.select(sa.func.max(counted.c.received)).scalar_subquery()
    minute = counted.c.received.op("/")(60_000)
    rows = (
        sa.select(counted.c.workspace_id, counted.c.source_id, minute, sa.func.count(), sa.literal(0))
        .where(counted.c.received > newest - MINUTES_KEPT * 60_000)
        .group_by(counted.c.workspace_id, counted.c.source_id, minute)
    )
    other = "refused" if column == "events" else "events"
    minutes = sa.table("minutes", *[sa.column(c) for c in ("workspace_id", "source_id", "minute", column, other)])
    insert = sqlite.insert(minutes).from_select(list(minutes.c), rows)
    changed: dict[str, sa.ColumnElement[int]] = {column: sa.literal_column(f"excluded.{column}")}
    key = ["workspace_id", "source_id", "minute"]
    op.execute(insert.on_conflict_do_update(index_elements=key, set_=changed))
