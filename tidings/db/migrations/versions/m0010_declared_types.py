"""Types of events that operators declare, and the stores that customers are registered in."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "declared_types",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("subtype", sa.String(), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("workspace_id", "type", "subtype"),
    )
    op.create_table(
        "registrations",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("profile_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "store", "profile_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("registrations_order", "registrations", ["workspace_id", "store", "at", "profile_id"], unique=False)
    op.create_index(
        "registrations_profile", "registrations", ["workspace_id", "profile_id", "store", "at"], unique=False
    )
