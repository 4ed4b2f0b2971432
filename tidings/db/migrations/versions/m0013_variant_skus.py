"""Products are found by the SKUs of their variants."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ROWS = 1_000  # products that are read at once
LONGEST = 200  # characters of an SKU
MOST = 2_000  # variants of one product


def upgrade() -> None:
    """Make the table, and fill it from the products that are there."""
    op.create_table(
        "product_skus",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "sku", "brand_id", "product_id"),
        sqlite_with_rowid=False,
    )
    _fill()


def _fill() -> None:
    names = ("workspace_id", "sku", "brand_id", "product_id")
    skus = sa.table("product_skus", *[sa.column(name) for name in names])
    products = sa.table("products", *[sa.column(name) for name in ("n", "workspace_id", "brand_id", "id", "state")])
    connection = op.get_bind()
    last = -1
    while True:
        query = sa.select(products).where(products.c.n > last).order_by(products.c.n).limit(ROWS)
        found = connection.execute(query).fetchall()
        if not found:
            return
        last = found[-1].n
        rows = [
            {"workspace_id": row.workspace_id, "sku": sku, "brand_id": row.brand_id, "product_id": row.id}
            for row in found
            for sku in _skus_in(row.state)
        ]
        if rows:
            connection.execute(sa.insert(skus), rows)


def _skus_in(state: str) -> set[str]:
    """Return the SKUs of the variants in the layers of a product, of which the newest comes first."""
    members: dict[str, object] = {}
    for layer in reversed(json.loads(state)):
        members.update(layer[3])
    keys = members.get("variants")
    found = [members.get(f"variant:sku:{key}") for key in keys[:MOST]] if isinstance(keys, list) else []
    return {sku for sku in found if isinstance(sku, str) and 0 < len(sku) <= LONGEST}
