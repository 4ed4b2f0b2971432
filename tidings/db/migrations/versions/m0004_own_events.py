"""Own events, what a refused event is retried with, forgotten customers, and asked-for compactions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, the column and the index; events that were refused before cannot be retried."""
    op.create_table(
        "pending_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.add_column("refused", sa.Column("record", sa.Text(), nullable=True))
    op.create_table(
        "forgotten",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_index("forgotten_at", "forgotten", ["workspace_id", "at"], unique=False)
    op.create_index("identity_conflicts_other", "identity_conflicts", ["workspace_id", "other_id"], unique=False)
    op.create_table(
        "compactions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
