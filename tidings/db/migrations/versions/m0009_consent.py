"""What customers want to receive: settings, preferences, suppressions, double opt-in, and the history of all that."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; nothing was said about consent before."""
    op.create_table(
        "consent_settings",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("mail_unknown", sa.Boolean(), nullable=False),
        sa.Column("double_opt_in", sa.String(), nullable=False),
        sa.Column("email_stops_sms", sa.Boolean(), nullable=False),
        sa.Column("sms_stops_email", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id"),
    )
    op.create_table(
        "consent_preferences",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("by_source_id", sa.Integer(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "profile_id", "channel"),
        sqlite_with_rowid=False,
    )
    _suppressions()
    _opt_ins()
    _history()


def _suppressions() -> None:
    op.create_table(
        "consent_suppressions",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("hashed", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=True),
        sa.Column("added_message", sa.String(), nullable=False),
        sa.Column("added_source", sa.Integer(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.Column("lifted_message", sa.String(), nullable=False),
        sa.Column("lifted_source", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "channel", "address", "type"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "consent_suppressions_active",
        "consent_suppressions",
        ["workspace_id", "channel", "address"],
        unique=False,
        sqlite_where=sa.column("active", sa.Boolean()).is_(True),
    )
    op.create_index(
        "consent_suppressions_hashed",
        "consent_suppressions",
        ["workspace_id"],
        unique=False,
        sqlite_where=sa.column("hashed", sa.Boolean()).is_(True),
    )


def _opt_ins() -> None:
    op.create_table(
        "consent_opt_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("profile_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_ip", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "consent_opt_ins_pending",
        "consent_opt_ins",
        ["workspace_id", "channel", "address"],
        unique=True,
        sqlite_where=sa.column("stage", sa.String()) == "pending",
    )
    address = ["workspace_id", "channel", "address", "id"]
    op.create_index("consent_opt_ins_address", "consent_opt_ins", address, unique=False)
    op.create_index("consent_opt_ins_profile", "consent_opt_ins", ["workspace_id", "profile_id", "id"], unique=False)
    op.create_index("consent_opt_ins_stage", "consent_opt_ins", ["workspace_id", "stage", "id"], unique=False)


def _history() -> None:
    op.create_table(
        "consent_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("effect", sa.String(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("form", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    address = ["workspace_id", "channel", "address", "id"]
    op.create_index("consent_history_address", "consent_history", address, unique=False)
    op.create_index("consent_history_profile", "consent_history", ["workspace_id", "profile_id", "id"], unique=False)
