"""Carts: open, abandoned, ordered; one with what is in it."""

from typing import Any

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.response import Template

from tidings.commerce import listing, reading
from tidings.commerce.api import MINUTE
from tidings.commerce.listing import CartsWanted
from tidings.commerce.model import CartStatus, CartView
from tidings.commerce.pages import views, words
from tidings.commerce.pages.views import Number, ObjectId, Text
from tidings.commerce.shown import said
from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.tenants.api import bad
from tidings.tenants.paging import Page

STATES: dict[str, CartStatus] = {"open": "open", "ordered": "ordered", "closed": "closed"}
CHOICES = [("open", "Open"), ("ordered", "Ordered"), ("closed", "Closed")]
LEFT = {
    "": "Any",
    "30": "30 minutes or longer",
    "60": "1 hour or longer",
    "240": "4 hours or longer",
    "1440": "1 day or longer",
    "10080": "7 days or longer",
}


@get("/carts")
async def show_carts(
    *,
    database: Database,
    workspace_id: int,
    page: Page,
    status: Text = "",
    abandoned_for: Text = "",
    profile_id: Number = "",
    brand_id: Number = "",
) -> Template:
    """Show carts, the newest state first; open ones also by how long nothing has happened in them."""
    usual = "" if profile_id else "open"
    status = status or usual
    if status and status not in STATES:
        raise bad("status", f"there are: {', '.join(STATES)}")
    if abandoned_for not in LEFT or (abandoned_for and status not in ("", "open")):
        raise bad("abandoned_for", f"open carts can be asked for these minutes: {', '.join(filter(None, LEFT))}")
    upto = clock.now() - int(abandoned_for) * MINUTE if abandoned_for else None
    wanted = CartsWanted(STATES.get(status), upto, views.number(profile_id), views.number(brand_id))
    context = await database.read(_list, workspace_id, wanted, page)
    narrowed = {
        "status": status if status != usual else "",
        "abandoned_for": abandoned_for,
        "profile_id": profile_id,
        "brand_id": brand_id,
    }
    context |= {
        "status": status,
        "states": [*([("", "All")] if profile_id else []), *CHOICES],
        "left": list(LEFT.items()),
        "abandoned_for": abandoned_for,
    }
    return Template("commerce/carts.html", context=context | views.paged(page, context["next"], **narrowed))


@get("/carts/{cart:int}")
async def show_cart(database: Database, workspace_id: int, cart: ObjectId) -> Template:
    """Show one cart."""
    context = await database.read(_cart, workspace_id, cart)
    return Template("commerce/cart.html", context=context)


ROUTES = (show_carts, show_cart)


def _list(tx: Tx, workspace_id: int, wanted: CartsWanted, page: Page) -> dict[str, Any]:
    found, following = listing.carts(tx, workspace_id, wanted, page)
    owner = [] if wanted.profile_id is None else [wanted.profile_id]
    who = views.customers(tx, workspace_id, [*owner, *(view.profile_id for view in found)])
    brands = views.brands(tx, workspace_id)
    return {
        "carts": rows(found),
        "who": who,
        "owner": None if wanted.profile_id is None else who[wanted.profile_id],
        "brands": brands,
        "brand_filter": views.brand_filter(brands),
        "next": following,
    }


def rows(found: list[CartView]) -> list[dict[str, Any]]:
    """Return carts as tables show them."""
    return [
        {
            "view": view,
            "title": words.cart_title(view),
            "badge": words.cart_badge(view),
            "items": words.quantity(view.items),
            "holds": ", ".join(line.title for line in words.positions((said(view.said.lines) or [])[:3], {})),
            "more": max(0, len(said(view.said.lines) or []) - 3),
        }
        for view in found
    ]


def _cart(tx: Tx, workspace_id: int, cart: int) -> dict[str, Any]:
    found = reading.cart(tx, workspace_id, cart)
    if found is None:
        raise NotFoundException(f"there is no cart {cart} in this workspace")
    view, heard = found
    lines = said(view.said.lines) or []
    return {
        "cart": view,
        "said": said,
        "title": words.cart_title(view),
        "badge": words.cart_badge(view),
        "url": words.web(said(view.said.url)),
        "items": words.quantity(view.items),
        "lines": views.positions(tx, workspace_id, view.brand_id, lines),
        "line_count": len(lines),
        "extra": said(view.said.extra),
        "who": views.customers(tx, workspace_id, [view.profile_id]),
        "brand": views.brands(tx, workspace_id).get(view.brand_id, ""),
        "history": views.told(tx, workspace_id, heard),
        "heard": len(heard),
    }
