"""The lines of orders and carts."""

from decimal import Decimal, localcontext
from typing import Any

from tidings.dialects.remarkety.reading import amount, objects, picture, rest, text
from tidings.events.model import Members
from tidings.events.reports import Line

_USUAL = frozenset(("product_id", "sku", "name", "quantity", "price", "url", "image"))
_KNOWN = _USUAL | {
    "variant_id",
    "variant_title",
    "quantity_refunded",
    "discount",
    "tax_amount",
    "vendor",
    "images",
}
_DECIMALS = Decimal("0.000001")


def lines_of(members: Members, notes: list[str], *, totals: bool = False) -> list[Line] | None:
    """Return the lines of an order or a cart, None where it does not say.

    Args:
        members: Of the order or cart; clients say ``line_items``, the vendor's table ``lineitems``.
        notes: Receives remarks.
        totals: Whether a line as WooCommerce writes it has the price of the whole line.
    """
    stated = members.get("line_items")
    field = "line_items" if stated is not None else "lineitems"
    found = objects(members.get(field), field, notes)
    return None if found is None else [_line(one, notes, totals) for one in found]


def _line(members: Members, notes: list[str], totals: bool) -> Line:
    get = members.get
    line = Line(
        product_id=text(get("product_id")) or "",
        sku=text(get("sku")) or "",
        name=text(get("name")) or "",
        price=amount(get("price"), "line_items[].price", notes),
        url=text(get("url")),
        image=picture(get("image")),
    )
    quantity = amount(get("quantity"), "line_items[].quantity", notes)
    if quantity is not None:
        line.quantity = quantity
    if not _USUAL.issuperset(members):
        _complete(line, members, notes, totals)
    return line


def _complete(line: Line, members: Members, notes: list[str], totals: bool) -> None:
    """Write into a line what only some shops send."""
    get = members.get
    if not line.name:
        line.name = text(get("title")) or ""
    if line.image is None:
        line.image = _first_picture(get("images"))
    line.variant_id = text(get("variant_id")) or ""
    line.variant = text(get("variant_title")) or ""
    line.vendor = text(get("vendor")) or ""
    if (stated := get("quantity_refunded")) is not None:
        line.refunded = abs(amount(stated, "line_items[].quantity_refunded", notes) or line.refunded)
    if (stated := get("discount")) is not None:
        discount = amount(stated, "line_items[].discount", notes)
        line.discount = None if discount is None else abs(discount)
    taxes = get("tax_lines")
    if taxes is not None or "tax_amount" in members:
        line.tax = _tax(get("tax_amount"), taxes, notes)
    line.extra = rest(members, _KNOWN)
    if totals and type(taxes) is dict and line.price is not None:
        # Only WooCommerce's cart writes tax_lines as an object, and its price is that of the line.
        line.extra["line_price"] = line.price
        line.price = _each(line.price, line.quantity)


def _each(total: Decimal, quantity: Decimal) -> Decimal:
    if not quantity:
        return total
    with localcontext() as context:
        context.prec = 40
        return (total / quantity).quantize(_DECIMALS).normalize() + 0


def _first_picture(several: Any) -> str | None:
    """Return the picture of a line of Magento, which sends ``images`` instead of ``image``."""
    if type(several) is not list:
        return None
    return next((src for src in map(picture, several) if src is not None), None)


def _tax(stated: Any, taxes: Any, notes: list[str]) -> Decimal | None:
    """Return the tax of a line: ``tax_amount``, else the sum of ``tax_lines``, which is a list or one object."""
    if stated is not None:
        return amount(stated, "line_items[].tax_amount", notes)
    if type(taxes) is dict:
        taxes = [taxes]
    if type(taxes) is not list:
        return None
    prices = [amount(one.get("price"), "tax_lines[].price", notes) for one in taxes if type(one) is dict]
    known = [price for price in prices if price is not None]
    return sum(known, Decimal(0)) if known else None
