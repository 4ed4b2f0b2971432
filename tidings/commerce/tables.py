"""Tables of the commerce room."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from tidings.db import metadata


def _number() -> "Column[int]":
    """Return the column for the event that spoke of an object first, which is the object's number."""
    return Column("n", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)


orders = Table(
    "orders",
    metadata,
    _number(),
    Column("workspace_id", Integer, nullable=False),
    Column("brand_id", Integer, nullable=False),
    Column("id", String, nullable=False),  # the shop's
    Column("profile_id", BigInteger, nullable=False),  # as it was processed; 0: nobody's
    Column("number", String),  # null where it is the id
    Column("status", String),
    Column("placed", BigInteger, nullable=False),  # or first heard of
    Column("first_at", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("revenue", String),  # exact decimal, null: not known
    Column("refunded", String, nullable=False),
    Column("items", String, nullable=False),
    Column("counted", Integer, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("named", Integer, nullable=False),  # it says which cart it comes from
    Column("cart_id", String),
    Column("cart_token", String),
    Column("state", Text, nullable=False),  # layers and refunds, JSON
)
Index("orders_id", orders.c.workspace_id, orders.c.id, orders.c.brand_id, unique=True)
Index("orders_number", orders.c.workspace_id, orders.c.number, sqlite_where=orders.c.number.is_not(None))
Index(  # has all that lists are narrowed to: one that is ordered by the state too would be a page more to write
    "orders_newest",
    orders.c.workspace_id,
    orders.c.placed,
    orders.c.n,
    orders.c.status,
    orders.c.brand_id,
    orders.c.deleted,
)
Index(  # has all that a customer's orders are listed by, and the carts that they close are found by
    "orders_customer",
    orders.c.workspace_id,
    orders.c.profile_id,
    orders.c.placed,
    orders.c.id,
    orders.c.brand_id,
    orders.c.named,
    orders.c.counted,
    orders.c.deleted,
)
for _name, _column in (("orders_cart", orders.c.cart_id), ("orders_token", orders.c.cart_token)):
    _rest = (orders.c.brand_id, orders.c.placed, orders.c.id)
    Index(_name, orders.c.workspace_id, _column, *_rest, sqlite_where=_column.is_not(None))

carts = Table(
    "carts",
    metadata,
    _number(),
    Column("workspace_id", Integer, nullable=False),
    Column("brand_id", Integer, nullable=False),
    Column("id", String, nullable=False),  # "": the one cart that the holder has
    Column("holder", BigInteger, nullable=False),  # profile as processed, 0 for carts that have an id
    Column("profile_id", BigInteger, nullable=False),
    Column("token", String),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),  # orders of the customer from then on may change its status
    Column("status", String, nullable=False),  # open, ordered, closed
    Column("order_n", BigInteger),
    Column("currency", String, nullable=False),
    Column("total", String),
    Column("items", String, nullable=False),
    Column("state", Text, nullable=False),  # layers and changes, JSON
)
Index("carts_id", carts.c.workspace_id, carts.c.id, carts.c.brand_id, carts.c.holder, unique=True)
Index("carts_token", carts.c.workspace_id, carts.c.token, sqlite_where=carts.c.token.is_not(None))
Index("carts_customer", carts.c.workspace_id, carts.c.profile_id, carts.c.until)
Index("carts_newest", carts.c.workspace_id, carts.c.status, carts.c.at)

products = Table(
    "products",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("workspace_id", Integer, nullable=False),
    Column("brand_id", Integer, nullable=False),
    Column("id", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("told", Integer, nullable=False),  # by the shop itself; 0: only met on the way
    Column("met_at", BigInteger),  # newest position of an order or a cart that has a say, null: none has
    Column("known", Integer, nullable=False),  # members that a position need not tell: bits, see rules.KNOWN
    Column("search", String, nullable=False),  # case-folded title, the id where there is none
    Column("sku", String),
    Column("present", Integer),  # for sale: 1, gone: 0, null: nobody has said
    Column("stock", String),
    Column("sold_out", Integer, nullable=False),  # the stock is known, and nothing is left
    Column("state", Text, nullable=False),  # layers, JSON
)
Index("products_id", products.c.workspace_id, products.c.id, products.c.brand_id, unique=True)
Index("products_search", products.c.workspace_id, products.c.search)
Index("products_sku", products.c.workspace_id, products.c.sku, sqlite_where=products.c.sku.is_not(None))
Index("products_sold_out", products.c.workspace_id, products.c.search, sqlite_where=products.c.sold_out == 1)

product_skus = Table(  # those of a product's variants, by which it is found; its own is in its row
    "product_skus",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("sku", String, primary_key=True),
    Column("brand_id", Integer, primary_key=True),
    Column("product_id", String, primary_key=True),
    sqlite_with_rowid=False,
)

order_events = Table(  # which events spoke of an order
    "order_events",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("n", BigInteger, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("event_id", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)

cart_events = Table(
    "cart_events",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("n", BigInteger, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("event_id", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)

product_events = Table(  # of what the shop itself told
    "product_events",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("brand_id", Integer, primary_key=True),
    Column("id", String, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("event_id", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)

customer_sums = Table(  # of the orders that count, exact decimals
    "customer_sums",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("profile_id", BigInteger, primary_key=True),
    Column("currency", String, primary_key=True),
    Column("orders", BigInteger, nullable=False),
    Column("revenue", String, nullable=False),
    Column("refunded", String, nullable=False),
    Column("items", String, nullable=False),
    sqlite_with_rowid=False,
)

customer_products = Table(  # what was bought, of the orders that count
    "customer_products",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("profile_id", BigInteger, primary_key=True),
    Column("brand_id", Integer, primary_key=True),
    Column("product_id", String, primary_key=True),
    Column("orders", BigInteger, nullable=False),
    Column("quantity", String, nullable=False),
    sqlite_with_rowid=False,
)

customer_views = Table(
    "customer_views",
    metadata,
    Column("workspace_id", Integer, primary_key=True),
    Column("profile_id", BigInteger, primary_key=True),
    Column("viewed", Text, nullable=False),  # the products viewed last, JSON: [[at, brand id, product id], ...]
    sqlite_with_rowid=False,
)
