"""Orders, carts, products, and what customers bought and viewed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _orders()
    _carts()
    _products()
    _customers()


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("profile_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("placed", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("revenue", sa.String(), nullable=True),
        sa.Column("refunded", sa.String(), nullable=False),
        sa.Column("items", sa.String(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("named", sa.Integer(), nullable=False),
        sa.Column("cart_id", sa.String(), nullable=True),
        sa.Column("cart_token", sa.String(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
    )
    op.create_index(
        "orders_cart",
        "orders",
        ["workspace_id", "cart_id", "brand_id", "placed", "id"],
        unique=False,
        sqlite_where=sa.text("cart_id IS NOT NULL"),
    )
    op.create_index(
        "orders_customer",
        "orders",
        ["workspace_id", "profile_id", "placed", "id", "brand_id", "named", "counted", "deleted"],
        unique=False,
    )
    op.create_index("orders_id", "orders", ["workspace_id", "id", "brand_id"], unique=True)
    op.create_index("orders_newest", "orders", ["workspace_id", "placed"], unique=False)
    op.create_index(
        "orders_number", "orders", ["workspace_id", "number"], unique=False, sqlite_where=sa.text("number IS NOT NULL")
    )
    op.create_index("orders_status", "orders", ["workspace_id", "status", "placed"], unique=False)
    op.create_index(
        "orders_token",
        "orders",
        ["workspace_id", "cart_token", "brand_id", "placed", "id"],
        unique=False,
        sqlite_where=sa.text("cart_token IS NOT NULL"),
    )
    op.create_table(
        "order_events",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "n", "at", "event_id"),
        sqlite_with_rowid=False,
    )


def _carts() -> None:
    op.create_table(
        "carts",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("holder", sa.BigInteger(), nullable=False),
        sa.Column("profile_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("order_n", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total", sa.String(), nullable=True),
        sa.Column("items", sa.String(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
    )
    op.create_index("carts_customer", "carts", ["workspace_id", "profile_id", "until"], unique=False)
    op.create_index("carts_id", "carts", ["workspace_id", "id", "brand_id", "holder"], unique=True)
    op.create_index("carts_newest", "carts", ["workspace_id", "status", "at"], unique=False)
    op.create_index(
        "carts_token", "carts", ["workspace_id", "token"], unique=False, sqlite_where=sa.text("token IS NOT NULL")
    )
    op.create_table(
        "cart_events",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "n", "at", "event_id"),
        sqlite_with_rowid=False,
    )


def _products() -> None:
    op.create_table(
        "products",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("met_at", sa.BigInteger(), nullable=True),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=True),
        sa.Column("present", sa.Integer(), nullable=True),
        sa.Column("stock", sa.String(), nullable=True),
        sa.Column("sold_out", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
    )
    op.create_index("products_id", "products", ["workspace_id", "id", "brand_id"], unique=True)
    op.create_index("products_search", "products", ["workspace_id", "search"], unique=False)
    op.create_index(
        "products_sku", "products", ["workspace_id", "sku"], unique=False, sqlite_where=sa.text("sku IS NOT NULL")
    )
    op.create_index(
        "products_sold_out", "products", ["workspace_id", "search"], unique=False, sqlite_where=sa.text("sold_out = 1")
    )
    op.create_table(
        "product_events",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "brand_id", "id", "at", "event_id"),
        sqlite_with_rowid=False,
    )


def _customers() -> None:
    op.create_table(
        "customer_sums",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("revenue", sa.String(), nullable=False),
        sa.Column("refunded", sa.String(), nullable=False),
        sa.Column("items", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "profile_id", "currency"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_products",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.BigInteger(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "profile_id", "brand_id", "product_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_views",
        sa.Column("workspace_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.BigInteger(), nullable=False),
        sa.Column("viewed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "profile_id"),
        sqlite_with_rowid=False,
    )
