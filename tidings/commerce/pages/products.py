"""Products: search and list, one with its variants and history."""

from typing import Any

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.response import Template

from tidings.commerce import listing, reading
from tidings.commerce.model import ProductView
from tidings.commerce.pages import views, words
from tidings.commerce.pages.views import Number, ObjectId, Text
from tidings.commerce.reading_store import ProductFilter
from tidings.commerce.shown import said
from tidings.db import Database, Tx
from tidings.tenants.api import bad
from tidings.tenants.paging import Page

SHOWN = {"": "All", "existing": "For sale", "out_of_stock": "Out of stock"}
VARIANTS = 500  # that a page shows
NAMES = 100  # categories, tags and pictures that a page shows


@get("/products")
async def show_products(
    *, database: Database, workspace_id: int, page: Page, search: Text = "", only: Text = "", brand_id: Number = ""
) -> Template:
    """Show products by their titles, or those that somebody searches for."""
    if only not in SHOWN:
        raise bad("only", f"there are: {', '.join(filter(None, SHOWN))}")
    text = views.searched(search)
    brand = views.number(brand_id)
    wanted = ProductFilter(present=bool(only), sold_out=only == "out_of_stock", brand_id=brand)
    context = await database.read(_list, workspace_id, text or None, wanted, page)
    context |= views.paged(page, context["next"], search=text, only=only, brand_id=brand_id)
    return Template("commerce/products.html", context=context | {"kinds": list(SHOWN.items())})


@get("/products/{product:int}")
async def show_product(database: Database, workspace_id: int, product: ObjectId) -> Template:
    """Show one product."""
    context = await database.read(_product, workspace_id, product)
    return Template("commerce/product.html", context=context)


ROUTES = (show_products, show_product)


def _list(tx: Tx, workspace_id: int, search: str | None, wanted: ProductFilter, page: Page) -> dict[str, Any]:
    found, following = listing.products(tx, workspace_id, search, wanted, page)
    brands = views.brands(tx, workspace_id)
    return {
        "products": [_row(view) for view in found],
        "brands": brands,
        "brand_filter": views.brand_filter(brands),
        "most": listing.SEARCHED,
        "next": following,
    }


def _row(view: ProductView) -> dict[str, Any]:
    price, currency, several = words.price_of(view)
    return {
        "view": view,
        "title": words.product_title(view),
        "badges": words.product_badges(view),
        "sku": said(view.said.sku) or "",
        "price": price,
        "currency": currency,
        "several": several,
        "stock": words.quantity(view.stock),
        "variants": len(said(view.said.variants) or []),
    }


def _product(tx: Tx, workspace_id: int, product: int) -> dict[str, Any]:
    found = reading.product(tx, workspace_id, product)
    if found is None:
        raise NotFoundException(f"there is no product {product} in this workspace")
    view, heard = found
    variants = said(view.said.variants) or []
    pictures = dict.fromkeys([said(view.said.image), *(said(view.said.images) or [])])
    return {
        **_row(view),
        "product": view.said,
        "said": said,
        "url": words.web(said(view.said.url)),
        "pictures": [one for one in pictures if words.web(one)][:NAMES],
        "names": [
            (label, (said(values) or [])[:NAMES])
            for label, values in (("Categories", view.said.categories), ("Tags", view.said.tags))
        ],
        "shown_variants": [
            {"said": one, "title": said(one.title) or said(one.sku) or one.id, "stock": words.quantity(said(one.stock))}
            for one in variants[:VARIANTS]
        ],
        "extra": said(view.said.extra),
        "brand": views.brands(tx, workspace_id).get(view.brand_id, ""),
        "history": views.told(tx, workspace_id, heard),
        "heard": len(heard),
    }
