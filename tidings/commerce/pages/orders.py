"""Orders: search and list, one with its lines, refunds and history."""

from typing import Any

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.response import Template

from tidings.commerce import listing, listing_store, reading
from tidings.commerce.listing import OrdersWanted
from tidings.commerce.model import OrderView
from tidings.commerce.pages import views, words
from tidings.commerce.pages.views import Number, ObjectId, Text
from tidings.commerce.shown import said
from tidings.db import Database, Tx
from tidings.tenants.paging import Page

STATES = 30  # that are offered in the filter
LONGEST_STATE = 60  # characters of one that is offered


@get("/orders")
async def show_orders(
    *,
    database: Database,
    workspace_id: int,
    page: Page,
    search: Text = "",
    status: Text = "",
    profile_id: Number = "",
    brand_id: Number = "",
) -> Template:
    """Show the newest orders, or those that somebody searches for."""
    state = status.replace("\0", "") or None
    wanted = OrdersWanted(views.searched(search) or None, state, views.number(profile_id), views.number(brand_id))
    context = await database.read(_list, workspace_id, wanted, page)
    return Template("commerce/orders.html", context=context)


@get("/orders/{order:int}")
async def show_order(database: Database, workspace_id: int, order: ObjectId) -> Template:
    """Show one order."""
    context = await database.read(_order, workspace_id, order)
    return Template("commerce/order.html", context=context)


ROUTES = (show_orders, show_order)


def _list(tx: Tx, workspace_id: int, wanted: OrdersWanted, page: Page) -> dict[str, Any]:
    found, following = listing.orders(tx, workspace_id, wanted, page)
    statuses = listing_store.list_statuses(tx, workspace_id, STATES)
    owner = [] if wanted.profile_id is None else [wanted.profile_id]
    who = views.customers(tx, workspace_id, [*owner, *(view.profile_id for view in found)])
    brands = views.brands(tx, workspace_id)
    return {
        "orders": rows(found),
        "who": who,
        "owner": None if wanted.profile_id is None else who[wanted.profile_id],
        "brands": brands,
        "brand_filter": views.brand_filter(brands),
        "statuses": [state for state in statuses if len(state) <= LONGEST_STATE],
        "most": listing.SEARCHED,
        **views.paged(
            page,
            following,
            search=wanted.search or "",
            status=wanted.status or "",
            profile_id=str(wanted.profile_id or ""),
            brand_id=str(wanted.brand_id or ""),
        ),
    }


def rows(found: list[OrderView]) -> list[dict[str, Any]]:
    """Return orders as tables show them."""
    return [
        {
            "view": view,
            "title": words.order_title(view),
            "badges": words.order_badges(view),
            "items": words.quantity(view.worth.items),
        }
        for view in found
    ]


def _order(tx: Tx, workspace_id: int, order: int) -> dict[str, Any]:
    found = reading.order(tx, workspace_id, order)
    if found is None:
        raise NotFoundException(f"there is no order {order} in this workspace")
    view, heard = found
    lines = said(view.said.lines) or []
    return {
        "order": view,
        "said": said,
        "title": words.order_title(view),
        "badges": words.order_badges(view),
        "items": words.quantity(view.worth.items),
        "lines": views.positions(tx, workspace_id, view.brand_id, lines),
        "line_count": len(lines),
        "refunds": [(one.amount, words.positions(one.lines, {})) for one in view.refunds],
        "addresses": [
            (title, known)
            for title, stated in (
                ("Delivered to", view.said.shipping_address),
                ("Billed to", view.said.billing_address),
            )
            if (known := words.postal(said(stated)))
        ],
        "extra": said(view.said.extra),
        "who": views.customers(tx, workspace_id, [view.profile_id]),
        "brand": views.brands(tx, workspace_id).get(view.brand_id, ""),
        "history": views.told(tx, workspace_id, heard),
        "heard": len(heard),
    }
