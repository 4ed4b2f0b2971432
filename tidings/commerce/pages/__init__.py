"""The console's pages of this room: orders, products, carts, and what a customer bought."""

from tidings.commerce.pages import carts, customer, orders, products
from tidings.kit.pages import Nav

ROUTES = (*orders.ROUTES, *products.ROUTES, *carts.ROUTES, *customer.ROUTES)
NAV = (
    Nav(title="Orders", path="/console/orders", order=52, key="d"),
    Nav(title="Products", path="/console/products", order=54, key="w"),
    Nav(title="Carts", path="/console/carts", order=56, key="k"),
)
