"""Orders are listed by one index that has all that lists are narrowed to, instead of by one for each."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index anew, with states and brands in it, and drop the one that was ordered by states."""
    op.drop_index("orders_status", table_name="orders")
    op.drop_index("orders_newest", table_name="orders")
    columns = ["workspace_id", "placed", "n", "status", "brand_id", "deleted"]
    op.create_index("orders_newest", "orders", columns, unique=False)
