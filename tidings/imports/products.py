"""Lines of a file of products.

Implements the columns of a product feed in Google's format, as Remarkety's document names them, and names that shops
use besides.
"""

from decimal import Decimal

from msgspec import UNSET

from tidings.dialects.calls import members
from tidings.events.model import Event
from tidings.events.reports import Amount, Commerce, ProductReport
from tidings.imports.columns import Columns
from tidings.imports.model import Entry, Setting, Unusable
from tidings.imports.values import Cells

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "product_id", "item_id"),
    "title": ("title", "name", "product_name"),
    "description": ("description", "body_html", "body"),
    "url": ("link", "url", "product_url", "permalink"),
    "image": ("image_link", "image", "image_src", "image_url"),
    "images": ("additional_image_link", "images"),
    "price": ("price", "regular_price"),
    "sale_price": ("sale_price", "special_price"),
    "currency": ("currency", "currency_code"),
    "sku": ("sku", "mpn"),
    "vendor": ("brand", "vendor", "manufacturer"),
    "categories": ("product_type", "categories", "category"),
    "tags": ("tags",),
    "parent_id": ("item_group_id", "parent_id"),
    "availability": ("availability",),
    "stock": ("stock", "inventory_quantity", "inventory", "quantity", "stock_quantity"),
    "exists": ("product_exists", "published", "enabled"),
    "created_at": ("created_at", "created"),
    "updated_at": ("updated_at", "updated", "modified_at"),
    "published_at": ("published_at",),
}
REQUIRED = (("id",),)
_OUT = frozenset(("out of stock", "out_of_stock", "outofstock"))
_IN = frozenset(("in stock", "in_stock", "instock", "preorder", "pre-order", "backorder", "limited_availability"))
_TEXTS = ("title", "description", "url", "image", "sku", "vendor", "parent_id")


class Products:
    """Makes events of products.

    Args:
        columns: Of the file.
        setting: What holds for all lines.
    """

    def __init__(self, columns: Columns, setting: Setting) -> None:
        self._columns = columns
        self._setting = setting

    def event(self, entry: Entry) -> Event:
        """Return what a line says.

        Raises:
            Unusable: It cannot be used.
        """
        row = entry.rows[0]
        cells = Cells(self._columns.values(row.cells), self._columns, self._setting.zone)
        if not cells.has("id"):
            raise Unusable("it names no product")
        created, updated = cells.moment("created_at"), cells.moment("updated_at")
        at = next((moment for moment in (updated, created) if moment is not None), self._setting.started)
        product = ProductReport(id=cells.text("id"), at=at)
        product.created_at = members.said(created)
        product.published_at = members.said(cells.moment("published_at"))
        for member in _TEXTS:
            setattr(product, member, cells.text(member) or UNSET)
        product.images = cells.items("images", ",") or UNSET
        product.categories = [path_of(one) for one in cells.items("categories", "|")] or UNSET
        product.tags = cells.items("tags", ",;") or UNSET
        self._price(product, cells)
        product.stock = stock_of(cells)
        product.exists = members.said(cells.flag("exists"))
        product.extra = self._columns.further(row.cells) or UNSET
        return Event(
            verb="track",
            name="products/create",
            message_id=f"{self._setting.stamp}:{row.line}",
            time=at,
            commerce=Commerce(products=[product]),
        )

    def _price(self, product: ProductReport, cells: Cells) -> None:
        price, sale = cells.money("price"), cells.money("sale_price")
        named = {money.currency for money in (price, sale) if money is not None and money.currency}
        named |= {code for code in (cells.currency("currency"),) if code}
        if len(named) > 1:
            raise Unusable(f"its prices are in several currencies: {', '.join(sorted(named))}")
        product.price = UNSET if price is None else price.amount
        product.sale_price = UNSET if sale is None else sale.amount
        if price is not None or sale is not None:
            product.currency = named.pop() if named else self._setting.currency


def stock_of(cells: Cells) -> Amount:
    """Return how many there are; None where there are some and nobody counts, ``UNSET`` where nothing is said.

    Raises:
        Unusable: It cannot be read.
    """
    counted = cells.amount("stock")
    said = cells.text("availability").casefold()
    if said and said not in _IN and said not in _OUT:
        raise cells.wrong("availability", "is neither 'in stock' nor 'out of stock'")
    if counted is not None:
        return counted
    if not said:
        return UNSET
    return Decimal(0) if said in _OUT else None


def path_of(category: str) -> str:
    """Return a category with its path as it is written elsewhere: ``Men / Shorts``."""
    return " / ".join(part.strip() for part in category.split(">") if part.strip())
