"""The own API's routes of orders, carts and products, and of what a customer bought."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from msgspec import Struct

from tidings.commerce import listing, reading, rules
from tidings.commerce.listing import CartsWanted, OrdersWanted
from tidings.commerce.model import CartStatus, Heard, OrderView, ProductView
from tidings.commerce.reading_store import ProductFilter
from tidings.commerce.shapes import (
    CartBrief,
    CartDetail,
    CartOut,
    Category,
    CommerceOut,
    OrderBrief,
    OrderOut,
    ProductBrief,
    ProductOut,
)
from tidings.commerce.shown import (
    amount,
    cart_brief,
    cart_detail,
    history,
    mark,
    mention,
    order_brief,
    order_out,
    product_brief,
    product_out,
)
from tidings.db import Database, Tx
from tidings.kit import clock, times
from tidings.profiles.api import LONGEST, ProfileId, rest_of_path
from tidings.tenants.api import LARGEST, bad
from tidings.tenants.model import Token
from tidings.tenants.paging import Next, Page

MINUTE = 60_000
YEARS = 10 * 366 * 24 * 60  # minutes for which carts can be asked
MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)(?!\n)$"

OrderNumber = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of an order here, its `id`.")]
CartNumber = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a cart here, its `id`.")]
ProductNumber = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a product here, its `id`.")]
BrandId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of the brand that it belongs to.")]
OrderId = Annotated[str, Parameter(max_length=LONGEST, description="The shop's id of it, percent-encoded.")]
OrderSearch = Annotated[
    str | None, Parameter(min_length=1, max_length=200, description="Beginning of an order's id or number.")
]
ProductSearch = Annotated[
    str | None,
    Parameter(
        min_length=1,
        max_length=200,
        description="Beginning of a title in any case, of an SKU, also a variant's, or of an id.",
    ),
]
Status = Annotated[str | None, Parameter(max_length=1000, description="Only orders in exactly this state.")]
Whose = Annotated[
    int | None, Parameter(ge=1, le=LARGEST, description="Only those of this customer, or of one merged into it.")
]
OfBrand = Annotated[
    int | None,
    Parameter(ge=1, le=LARGEST, description="Only those of this brand; pages may then be short although more follow."),
]
Existing = Annotated[bool, Parameter(description="Leave out products that are not for sale any more.")]
OutOfStock = Annotated[bool, Parameter(description="Only products of which nothing is left.")]
OneStatus = Annotated[
    CartStatus | None, Parameter(description="Only carts in this state; left out, open ones, of a customer all.")
]
IdleFor = Annotated[
    int | None,
    Parameter(ge=0, le=YEARS, description="Only open carts in which nothing has happened for so many minutes."),
]
IdleSince = Annotated[
    str | None,
    Parameter(
        max_length=40,
        pattern=MOMENT,
        description="Only open carts in which nothing has happened since this moment, ISO 8601 with a zone.",
    ),
]


class OrderPage(Struct, kw_only=True):
    """Orders, newest first; of a search in the order of what was found."""

    items: list[OrderBrief]
    next: Next


class CartPage(Struct, kw_only=True):
    """Carts, the newest state first."""

    items: list[CartBrief]
    next: Next


class ProductPage(Struct, kw_only=True):
    """Products by their titles; of a search in the order of what was found."""

    items: list[ProductBrief]
    next: Next


@get("/orders", summary="List or search orders")
async def list_orders(
    *,
    database: Database,
    token: Token,
    page: Page,
    search: OrderSearch = None,
    status: Status = None,
    profile_id: Whose = None,
    brand_id: OfBrand = None,
) -> OrderPage:
    """Return the newest orders that are not deleted, or the first 1,000 whose id or number begins with a text."""
    wanted = OrdersWanted(search, status, profile_id, brand_id)
    found, following = await database.read(listing.orders, token.workspace_id, wanted, page)
    return OrderPage(items=[OrderBrief(**order_brief(one)) for one in found], next=following)


@get("/orders/{order:int}", summary="Show an order")
async def get_order(database: Database, token: Token, order: OrderNumber) -> OrderOut:
    """Return an order with its lines, its refunds and the events that spoke of it; also a deleted one."""
    found = await database.read(reading.order, token.workspace_id, order)
    if found is None:
        raise NotFoundException(f"there is no order {order} in this workspace")
    return order_out(*found)


@get("/orders/by/{brand_id:int}/{order_id:path}", summary="Find an order")
async def find_order(
    request: Request[Any, Any, Any], database: Database, token: Token, brand_id: BrandId, order_id: OrderId
) -> OrderOut:
    """Return the order that a shop calls by an id."""
    exact = rest_of_path(request, f"/by/{brand_id}/", order_id)

    def find(tx: Tx) -> tuple[OrderView, list[Heard]] | None:
        known = reading.find_order(tx, token.workspace_id, brand_id, exact)
        return None if known is None else reading.order(tx, token.workspace_id, known.number)

    found = await database.read(find)
    if found is None:
        raise NotFoundException("there is no order of this id in this brand")
    return order_out(*found)


@get("/carts", summary="List carts")
async def list_carts(  # noqa: PLR0913 -- what they can be narrowed to
    *,
    database: Database,
    token: Token,
    page: Page,
    status: OneStatus = None,
    abandoned_for: IdleFor = None,
    abandoned_since: IdleSince = None,
    profile_id: Whose = None,
    brand_id: OfBrand = None,
) -> CartPage:
    """Return carts, the newest state first; with `abandoned_for` or `abandoned_since` those that were left."""
    upto = abandoned(abandoned_for, abandoned_since, status)
    wanted = CartsWanted(status, upto, profile_id, brand_id)
    found, following = await database.read(listing.carts, token.workspace_id, wanted, page)
    return CartPage(items=[CartBrief(**cart_brief(one)) for one in found], next=following)


@get("/carts/{cart:int}", summary="Show a cart")
async def get_cart(database: Database, token: Token, cart: CartNumber) -> CartOut:
    """Return a cart with what is in it and the events that spoke of it."""
    found = await database.read(reading.cart, token.workspace_id, cart)
    if found is None:
        raise NotFoundException(f"there is no cart {cart} in this workspace")
    view, heard = found
    return CartOut(**cart_detail(view), history=history(heard))


@get("/products", summary="List or search products")
async def list_products(
    *,
    database: Database,
    token: Token,
    page: Page,
    search: ProductSearch = None,
    existing: Existing = False,
    out_of_stock: OutOfStock = False,
    brand_id: OfBrand = None,
) -> ProductPage:
    """Return products by their titles, or the first 1,000 whose title, SKU (also a variant's) or id begins so."""
    wanted = ProductFilter(existing, out_of_stock, brand_id=brand_id)
    found, following = await database.read(listing.products, token.workspace_id, search, wanted, page)
    return ProductPage(items=[ProductBrief(**product_brief(one)) for one in found], next=following)


@get("/products/{product:int}", summary="Show a product")
async def get_product(database: Database, token: Token, product: ProductNumber) -> ProductOut:
    """Return a product with its variants and the events in which the shop told of it."""
    found = await database.read(reading.product, token.workspace_id, product)
    if found is None:
        raise NotFoundException(f"there is no product {product} in this workspace")
    return product_out(*found)


@get("/products/by/{brand_id:int}/{product_id:path}", summary="Find a product")
async def find_product(
    request: Request[Any, Any, Any], database: Database, token: Token, brand_id: BrandId, product_id: OrderId
) -> ProductOut:
    """Return the product that a shop calls by an id."""
    exact = rules.plain(rest_of_path(request, f"/by/{brand_id}/", product_id))

    def find(tx: Tx) -> tuple[ProductView, list[Heard]] | None:
        known = reading.products(tx, token.workspace_id, [(brand_id, exact)]).get((brand_id, exact))
        return None if known is None else reading.product(tx, token.workspace_id, known.number)

    found = await database.read(find)
    if found is None:
        raise NotFoundException("there is no product of this id in this brand")
    return product_out(*found)


@get("/profiles/{profile_id:int}/commerce", summary="Show what a customer bought")
async def get_commerce(database: Database, token: Token, profile_id: ProfileId) -> CommerceOut:
    """Return a customer's figures, newest orders and open cart, with those of profiles merged into it."""
    return commerce_out(await database.read(listing.customer, token.workspace_id, profile_id))


ROUTES = (
    list_orders,
    get_order,
    find_order,
    list_carts,
    get_cart,
    list_products,
    get_product,
    find_product,
    get_commerce,
)


def abandoned(minutes: int | None, since: str | None, status: CartStatus | None) -> int | None:
    """Return since when nothing may have happened in a cart, UTC milliseconds; None for any.

    Args:
        minutes: For how long nothing may have happened.
        since: Or since when, ISO 8601.
        status: Of the carts that are wanted.

    Raises:
        ValidationException: It cannot be meant.
    """
    if minutes is None and since is None:
        return None
    field = "abandoned_since" if minutes is None else "abandoned_for"
    if minutes is not None and since is not None:
        raise bad(field, "give abandoned_for or abandoned_since, not both")
    if status not in (None, "open"):
        raise bad(field, "only open carts are abandoned: leave out status")
    if minutes is not None:
        return clock.now() - minutes * MINUTE
    moment = times.parse(since or "")
    if moment is None:
        raise bad(field, "there is no such moment")
    return moment


def commerce_out(found: listing.Customer) -> CommerceOut:
    """Return what a customer bought as the API shows it."""
    figures = found.figures
    sums = {
        name: {currency: format(value, "f") for currency, value in getattr(figures, name).items()}
        for name in ("revenue", "refunds", "average")
    }
    return CommerceOut(
        profile_id=found.profile_id,
        orders=figures.orders,
        items=amount(figures.items) or "0",
        **sums,
        first=mark(figures.first),
        last=mark(figures.last),
        products=[mention(one) for one in figures.products],
        categories=[Category(name=name, orders=orders) for name, orders in figures.categories],
        viewed=[mention(one) for one in figures.viewed],
        cart=None if figures.cart is None else CartDetail(**cart_detail(figures.cart)),
        latest=[OrderBrief(**order_brief(one)) for one in found.orders],
    )
