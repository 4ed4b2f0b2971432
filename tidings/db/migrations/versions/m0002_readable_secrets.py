"""The value of credentials that a vendor's proof is computed with; see docs/decisions/0010."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; credentials of before have no value and go on by their fingerprint."""
    op.add_column("credentials", sa.Column("secret", sa.String(), nullable=True))
