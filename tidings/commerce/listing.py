"""Orders, carts and products page by page, as pages and the API list them, and what a customer bought."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from litestar.exceptions import NotFoundException

from tidings.commerce import reading, service
from tidings.commerce import reading_store as rows
from tidings.commerce.model import CartStatus, CartView, Figures, OrderView, ProductView
from tidings.commerce.reading_store import CartFilter, OrderFilter, ProductFilter
from tidings.commerce.store import OrderRow
from tidings.db import Tx
from tidings.profiles import store as profiles
from tidings.tenants.api import bad
from tidings.tenants.paging import Page, cursor_of
from tidings.tenants.workspace_api import brand_of

T = TypeVar("T")
SEARCHED = 1_000  # the first matches of a search, which its pages are cut from
LOOKED_AT = 500  # orders of a customer that one page looks through for a state, which no index has
LATEST = 10  # orders that are shown with a customer's figures


class OrdersWanted(NamedTuple):
    """What a list of orders is narrowed to; all that is given must hold.

    Args:
        search: Beginning of an order's id or number.
        status: Name of its state, exactly.
        profile_id: Whose, with all that was merged into them.
        brand_id: Of which brand.
    """

    search: str | None = None
    status: str | None = None
    profile_id: int | None = None
    brand_id: int | None = None


class CartsWanted(NamedTuple):
    """What a list of carts is narrowed to; all that is given must hold.

    Args:
        status: None is open ones, of one customer all.
        upto: Only carts in which nothing has happened since this moment, UTC milliseconds.
        profile_id: Whose, with all that was merged into them.
        brand_id: Of which brand.
    """

    status: CartStatus | None = None
    upto: int | None = None
    profile_id: int | None = None
    brand_id: int | None = None


class Customer(NamedTuple):
    """What a customer bought.

    Args:
        profile_id: The profile that survives.
        figures: All there is to say in short.
        orders: The newest ones, also those that do not count.
        more: Whether there are older ones.
    """

    profile_id: int
    figures: Figures
    orders: list[OrderView]
    more: bool


def orders(tx: Tx, workspace_id: int, wanted: OrdersWanted, page: Page) -> tuple[list[OrderView], str | None]:
    """Return a page of orders that are not deleted, the newest first, and the cursor of the next.

    A search returns them in the order of what was found. A page may hold fewer orders than asked for although more
    follow: where they are narrowed to a state, or everybody's to a brand.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        wanted: What the list is narrowed to.
        page: Which part of it.

    Raises:
        NotFoundException: There is no such profile or brand.
        ValidationException: The cursor is none of this list.
    """
    check_brand(tx, workspace_id, wanted.brand_id)
    ids = None if wanted.profile_id is None else cluster(tx, workspace_id, wanted.profile_id)[1]
    if wanted.search is not None:
        found, following = _found_orders(tx, workspace_id, wanted, ids, page)
    else:
        found, following = _newest_orders(tx, workspace_id, wanted, ids, page)
    return [reading.order_view(row) for row in found], following


def _newest_orders(
    tx: Tx, workspace_id: int, wanted: OrdersWanted, ids: Sequence[int] | None, page: Page
) -> tuple[list[OrderRow], str | None]:
    key = page.key("orders", 2)
    before = (key[0], key[1]) if key else None
    narrowed = OrderFilter(wanted.status, ids, before, wanted.brand_id)
    if ids is None and (wanted.status is not None or wanted.brand_id is not None):
        found, place = rows.look_for_orders(tx, workspace_id, narrowed, page.limit + 1)
        if len(found) > page.limit:
            place = (found[page.limit - 1].placed, found[page.limit - 1].n)
        return found[: page.limit], cursor_of("orders", *place) if place else None
    most = page.limit + 1 if wanted.status is None else LOOKED_AT
    looked = rows.list_orders(tx, workspace_id, narrowed, most)
    fitting = [row for row in looked if wanted.status in (None, row.status)]
    if len(fitting) > page.limit:
        last = fitting[page.limit - 1]
    elif looked and len(looked) == most:
        last = looked[-1]
    else:
        return fitting, None
    return fitting[: page.limit], cursor_of("orders", last.placed, last.n)


def _found_orders(
    tx: Tx, workspace_id: int, wanted: OrdersWanted, ids: Sequence[int] | None, page: Page
) -> tuple[list[OrderRow], str | None]:
    def find(most: int) -> list[OrderRow]:
        narrowed = wanted.status is not None or ids is not None or wanted.brand_id is not None
        found = rows.search_orders(tx, workspace_id, wanted.search or "", SEARCHED if narrowed else most)
        return [
            row
            for row in found
            if wanted.status in (None, row.status)
            and (ids is None or row.profile_id in ids)
            and wanted.brand_id in (None, row.brand_id)
        ]

    return _searched("order-search", find, page)


def carts(tx: Tx, workspace_id: int, wanted: CartsWanted, page: Page) -> tuple[list[CartView], str | None]:
    """Return a page of carts, the newest state first, and the cursor of the next.

    Of a brand, a page may hold fewer carts than asked for although more follow.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        wanted: What the list is narrowed to.
        page: Which part of it.

    Raises:
        NotFoundException: There is no such profile or brand.
        ValidationException: The cursor is none of this list.
    """
    check_brand(tx, workspace_id, wanted.brand_id)
    ids = None if wanted.profile_id is None else cluster(tx, workspace_id, wanted.profile_id)[1]
    status = "open" if wanted.status is None and (ids is None or wanted.upto is not None) else wanted.status
    key = page.key("carts", 2)
    narrowed = CartFilter(status, wanted.upto, (key[0], key[1]) if key else None, wanted.brand_id, ids)
    place = None
    if ids is None and wanted.brand_id is not None:
        found, place = reading.look_for_carts(tx, workspace_id, narrowed, page.limit + 1)
    else:
        found = reading.list_carts(tx, workspace_id, narrowed, page.limit + 1)
    if len(found) > page.limit:
        place = (found[page.limit - 1].at, found[page.limit - 1].number)
    return found[: page.limit], cursor_of("carts", *place) if place else None


def products(
    tx: Tx, workspace_id: int, search: str | None, wanted: ProductFilter, page: Page
) -> tuple[list[ProductView], str | None]:
    """Return a page of products by their titles, and the cursor of the next.

    A search returns them in the order of what was found: titles first, then SKUs, then those of variants, then
    ids. Of a brand, a page may hold
    fewer products than asked for although more follow.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        search: Beginning of a title, in any case, of an SKU, a variant's too, or of an id; None is all.
        wanted: What the list is narrowed to; its ``after`` does not count.
        page: Which part of it.

    Raises:
        NotFoundException: There is no such brand.
        ValidationException: The cursor is none of this list.
    """
    check_brand(tx, workspace_id, wanted.brand_id)
    if search is not None:
        return _searched("product-search", lambda most: _found_products(tx, workspace_id, search, wanted, most), page)
    key = page.key("products", 1)
    if key:
        # A title is too long for a cursor: the list goes on where this product stands now.
        last = rows.get_product(tx, workspace_id, key[0])
        if last is None:
            raise bad("cursor", "not a cursor of this list: pass `next` of the page before, unchanged")
        wanted = wanted._replace(after=(last.search, key[0]))
    place = None
    if wanted.brand_id is not None:
        found, place = reading.look_for_products(tx, workspace_id, wanted, page.limit + 1)
    else:
        found = reading.list_products(tx, workspace_id, wanted, page.limit + 1)
    following = None if place is None else cursor_of("products", place[1])
    if len(found) > page.limit:
        following = cursor_of("products", found[page.limit - 1].number)
    return found[: page.limit], following


def _found_products(tx: Tx, workspace_id: int, search: str, wanted: ProductFilter, most: int) -> list[ProductView]:
    if wanted.brand_id is None:
        return reading.search_products(tx, workspace_id, search, wanted, most)
    found = reading.search_products(tx, workspace_id, search, wanted, SEARCHED)
    return [view for view in found if view.brand_id == wanted.brand_id]


def _searched(kind: str, find: Callable[[int], list[T]], page: Page) -> tuple[list[T], str | None]:
    """Cut a page from what a search finds; asked for more, it finds the same ones first."""
    key = page.key(kind, 1)
    offset = max(0, key[0]) if key else 0
    upto = offset + page.limit
    found = find(min(SEARCHED, upto + 1))
    return found[offset:upto], cursor_of(kind, upto) if len(found) > upto else None


def customer(tx: Tx, workspace_id: int, profile_id: int, latest: int = LATEST) -> Customer:
    """Return what a customer bought.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_id: The customer, or one merged into it.
        latest: Orders that are returned.

    Raises:
        NotFoundException: There is no such profile.
    """
    root, ids = cluster(tx, workspace_id, profile_id)
    figures = service.figures_of(tx, workspace_id, ids)
    found = reading.list_orders(tx, workspace_id, OrderFilter(profile_ids=ids), latest + 1)
    return Customer(root, figures, found[:latest], len(found) > latest)


def check_brand(tx: Tx, workspace_id: int, brand_id: int | None) -> None:
    """Raise where a list is narrowed to a brand that is not there.

    Raises:
        NotFoundException: There is no such brand.
    """
    if brand_id is not None:
        brand_of(tx, workspace_id, brand_id)


def cluster(tx: Tx, workspace_id: int, profile_id: int) -> tuple[int, list[int]]:
    """Return the profile that a customer is, and all that became one with it.

    Raises:
        NotFoundException: There is no such profile.
    """
    root = profiles.root_of(tx, workspace_id, profile_id)
    if root is None:
        raise NotFoundException(f"there is no profile {profile_id} in this workspace")
    return root, profiles.members(tx, workspace_id, root)
