"""What a customer bought: a page of its own, and a part of the customer's."""

from typing import Any

from litestar import Request, get
from litestar.response import Template

from tidings.commerce import listing, reading
from tidings.commerce.listing import CartsWanted
from tidings.commerce.model import Mention
from tidings.commerce.pages import carts, orders, views, words
from tidings.commerce.pages.views import ObjectId
from tidings.commerce.shown import said
from tidings.db import Database, Tx
from tidings.tenants.paging import Page

LATEST = 5  # orders and carts that the customer's own page shows


@get("/profiles/{profile_id:int}/commerce")
async def show_commerce(
    request: Request[Any, Any, Any], database: Database, workspace_id: int, profile_id: ObjectId
) -> Template:
    """Show what a customer bought: as a part of the customer's page where that asks for it, else as a page."""
    part = bool(request.headers.get("hx-request"))
    context = await database.read(_customer, workspace_id, profile_id, LATEST if part else listing.LATEST)
    return Template("commerce/bought.html" if part else "commerce/customer.html", context=context)


ROUTES = (show_commerce,)


def _customer(tx: Tx, workspace_id: int, profile_id: int, latest: int) -> dict[str, Any]:
    found = listing.customer(tx, workspace_id, profile_id, latest)
    figures = found.figures
    mentioned = [*figures.products, *figures.viewed]
    known = reading.products(tx, workspace_id, sorted({(one.brand_id, one.product_id) for one in mentioned}))
    cart = figures.cart
    left, older = listing.carts(tx, workspace_id, CartsWanted(profile_id=profile_id), Page(None, latest))
    who = views.customers(tx, workspace_id, [found.profile_id])
    return {
        "customer": who[found.profile_id],
        "who": {view.profile_id: who[found.profile_id] for view in found.orders},
        "figures": figures,
        "items": words.quantity(figures.items),
        "orders": orders.rows(found.orders),
        "more": found.more,
        "brands": views.brands(tx, workspace_id),
        "cart": cart,
        "cart_title": words.cart_title(cart) if cart else "",
        "cart_url": words.web(said(cart.said.url)) if cart else None,
        "cart_items": words.quantity(cart.items) if cart else "",
        "cart_lines": views.positions(tx, workspace_id, cart.brand_id, said(cart.said.lines) or []) if cart else [],
        "carts": carts.rows(left),
        "more_carts": older is not None,
        "favourites": [_mention(one, known) for one in figures.products],
        "viewed": [_mention(one, known) for one in figures.viewed],
        "anything": bool(found.orders or left or figures.viewed),
    }


def _mention(one: Mention, known: dict[tuple[int, str], Any]) -> dict[str, Any]:
    product = known.get((one.brand_id, one.product_id))
    return {
        "said": one,
        "title": words.mention_title(one),
        "number": None if product is None else product.number,
        "quantity": words.quantity(one.quantity),
    }
