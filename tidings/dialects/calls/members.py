"""Members of e-commerce events, under all their spellings, and the products among them.

Implements the product members of the Segment e-commerce events, and what relatives and version 1 call them.
"""

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType

from tidings.dialects.calls import identifiers, money
from tidings.events.model import Members
from tidings.events.reports import Amount, Line, OrderReport, ProductReport
from tidings.kit import amounts

T = TypeVar("T")
_Reader = Callable[[Line, Any, str, list[str]], None]

_ZERO = Decimal(0)
_EXACT = Context(prec=60)  # the default of 28 digits would round the product of two large numbers
_SEPARATORS = str.maketrans("", "", "_-")
_ALIASES = {"product_id": ("productid", "id"), "image_url": ("imageurl", "image"), "brand": ("brand", "vendor")}
_LONGEST = 40  # characters of a name that is remembered


class Found:
    """Members of an object by their names in snake_case, however they are spelt: ``orderId`` and ``order_id`` are one.

    Null and blank text count as not given. What is taken is not among the rest.

    Args:
        members: As they were sent; not changed.
    """

    def __init__(self, members: Members) -> None:
        self._members: dict[str, tuple[str, Any]] = {}
        for key, value in members.items():
            if value is None or (type(value) is str and not value.strip()):
                continue
            self._members.setdefault(_folded(key) if len(key) <= _LONGEST else key, (key, value))

    def has(self, name: str) -> bool:
        """Tell whether a member is given.

        Args:
            name: In snake_case.
        """
        return _folded(name) in self._members

    def take(self, name: str, *, keep: bool = False) -> Any:
        """Return a member, None where it is not given.

        Args:
            name: In snake_case.
            keep: Whether it stays among the rest.
        """
        for key in _ALIASES.get(name) or (_folded(name),):
            held = self._members.get(key) if keep else self._members.pop(key, None)
            if held is not None:
                return held[1]
        return None

    def text(self, name: str) -> str | None:
        """Take text or a number as text, without blanks around it; None where it is neither."""
        text = identifiers.text_of(self.take(name))
        return None if text is None else text.strip()

    def amount(self, name: str, notes: list[str], *, keep: bool = False) -> Decimal | None:
        """Take an amount of money; one that cannot be used is remarked on."""
        return money.amount(self.take(name, keep=keep), name, notes)

    def size(self, name: str, notes: list[str]) -> Decimal | None:
        """Take an amount without its sign: a discount of -5 takes off as much as one of 5."""
        found = self.amount(name, notes)
        return None if found is None else abs(found)

    def currency(self, notes: list[str]) -> str | None:
        """Take the currency, None where none is given that can be used."""
        return money.currency(self.take("currency"), notes)

    def rest(self) -> Members:
        """Return what was not taken, as it was sent."""
        return dict(self._members.values())


@lru_cache(maxsize=1024)
def _folded(name: str) -> str:
    """Return a name without case and separators."""
    return name.translate(_SEPARATORS).lower()


def said(value: T | None) -> T | UnsetType:
    """Return a value that was stated, ``UNSET`` for None: an event that leaves a member out does not speak of it.

    Args:
        value: Of a member of a report.
    """
    return UNSET if value is None else value


def lines_of(found: Found, notes: list[str]) -> list[Line] | None:
    """Take ``products``, None where that is no list.

    Args:
        found: Members of the event.
        notes: Receives a remark on what cannot be used.
    """
    listed = found.take("products")
    if listed is None:
        return None
    if type(listed) is not list:
        money.note(notes, "products is not a list")
        return None
    lines: list[Line] = []
    for place, stated in enumerate(listed):
        line = line_of(stated, f"products[{place}].", notes) if type(stated) is dict else None
        if line is None:
            money.note(notes, f"products[{place}] names no product")
        else:
            lines.append(line)
    return lines


def line_of(members: Members, place: str, notes: list[str]) -> Line | None:
    """Return a product as a position of an order or cart, None where it has neither id, SKU nor name.

    Args:
        members: As they were sent, under any spelling.
        place: Where it stands, for remarks: ``products[0].``, "" for the event itself.
        notes: Receives a remark on what cannot be used.
    """
    line = Line()
    rest: Members = {}
    for key, value in members.items():  # by what is there: an order can have a thousand of them
        if value is None or (type(value) is str and not value.strip()):
            continue
        read = _LINE.get(_folded(key)) if len(key) <= _LONGEST else None
        if read is None:
            rest[key] = value
        else:
            read(line, value, place, notes)
    if not (line.product_id or line.sku or line.name):
        return None
    if place:
        line.extra = rest
    return line


def _text(field: str, *, alias: bool = False) -> _Reader:
    """Return what reads a text; an alias counts only where the member of the name itself is not there."""

    def read(line: Line, value: Any, place: str, notes: list[str]) -> None:
        del place, notes
        text = value if type(value) is str else identifiers.text_of(value)
        if text is not None and not (alias and getattr(line, field)):
            setattr(line, field, text.strip())

    return read


def _amount(field: str) -> _Reader:
    def read(line: Line, value: Any, place: str, notes: list[str]) -> None:
        amount = money.amount(value, place + field, notes)
        if amount is not None:
            setattr(line, field, abs(amount) if field == "discount" else amount)

    return read


def _category(line: Line, value: Any, place: str, notes: list[str]) -> None:
    del place, notes
    line.categories = _categories(value)


_LINE: dict[str, _Reader] = {
    "productid": _text("product_id"),
    "id": _text("product_id", alias=True),
    "variantid": _text("variant_id"),
    "sku": _text("sku"),
    "name": _text("name"),
    "variant": _text("variant"),
    "quantity": _amount("quantity"),
    "price": _amount("price"),
    "discount": _amount("discount"),
    "tax": _amount("tax"),
    "brand": _text("vendor"),
    "vendor": _text("vendor", alias=True),
    "category": _category,
    "url": _text("url"),
    "imageurl": _text("image"),
    "image": _text("image", alias=True),
}


def product_of(found: Found, at: int, currency: str, notes: list[str]) -> tuple[ProductReport, bool] | None:
    """Return a product that was looked at, and whether more than its id is known; None where it has no id.

    Args:
        found: Members of the event.
        at: When that was, UTC milliseconds.
        currency: Of its price.
        notes: Receives a remark on what cannot be used.
    """
    product_id, sku = found.text("product_id"), found.text("sku")
    name = product_id or sku
    if name is None:
        return None
    report = ProductReport(id=name, at=at, seen=True, sku=said(sku))
    report.title = said(found.text("name"))
    report.vendor = said(found.text("brand"))
    report.url = said(found.text("url"))
    report.image = said(found.text("image_url"))
    report.categories = _categories(found.take("category")) or UNSET
    price = money.amount(found.take("price"), "price", notes)
    if price is not None:
        report.price, report.currency = price, currency
    details = (report.title, report.vendor, report.url, report.image, report.categories, report.price, report.sku)
    return report, any(detail is not UNSET for detail in details)


def worth(lines: Sequence[Line]) -> Decimal | None:
    """Return what lines cost before discounts, None where there are none, not all have a price, or it is out of bounds.

    Args:
        lines: Positions of an order.
    """
    total = None if not lines else _ZERO
    for line in lines:
        if line.price is None or total is None:
            return None
        total = _EXACT.add(total, _EXACT.multiply(line.quantity, line.price))
    return amounts.parse(total)


def added(amount: Decimal, *others: Amount) -> Amount:
    """Return an amount and others that are known as one, ``UNSET`` where that is out of bounds.

    Args:
        amount: One.
        others: Further ones.
    """
    for other in others:
        if isinstance(other, Decimal):
            amount = _EXACT.add(amount, other)
    return said(amounts.parse(amount))


def sum_of(order: OrderReport) -> Amount:
    """Return what an order costs by its lines, ``UNSET`` where not all of them have a price.

    Args:
        order: Says nothing of its total.
    """
    if not isinstance(order.subtotal, Decimal):
        return UNSET
    taken_off = -order.discounts if isinstance(order.discounts, Decimal) else _ZERO
    return added(order.subtotal, taken_off, order.shipping, order.tax)


def _categories(stated: Any) -> list[str]:
    each = stated if type(stated) is list else [stated]
    return [text.strip() for one in each if (text := identifiers.text_of(one)) is not None]
