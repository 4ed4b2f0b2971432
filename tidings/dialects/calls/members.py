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
_Reader = Callable[[Any, str, str, list[str]], Any]  # of value, member, place and notes; None: nothing that counts

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
        for key in _keys(name):
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


@lru_cache(maxsize=256)
def _keys(name: str) -> tuple[str, ...]:
    """Return under which names a member is looked for, the one that counts first."""
    return _ALIASES.get(name) or (_folded(name),)


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
    found: dict[str, Any] = {}
    rest: Members = {}
    for key, value in members.items():  # by what is there: an order can have a thousand of them
        member = _member(key) if len(key) <= _LONGEST else None
        if member is None:
            if value is not None and not (type(value) is str and not value.strip()):
                rest[key] = value
            continue
        field, alias, read = member
        taken = read(value, field, place, notes)
        if taken is not None and not (alias and field in found):
            found[field] = taken
    if not ("product_id" in found or "sku" in found or "name" in found):
        return None
    if place:
        found["extra"] = rest
    return Line(**found)


def _text(value: Any, field: str, place: str, notes: list[str]) -> str | None:
    del field, place, notes
    text = value if type(value) is str else identifiers.text_of(value)
    return None if text is None else text.strip() or None


def _amount(value: Any, field: str, place: str, notes: list[str]) -> Decimal | None:
    if type(value) is str and not value.strip():
        return None
    return money.amount(value, place + field, notes)


def _size(value: Any, field: str, place: str, notes: list[str]) -> Decimal | None:
    amount = _amount(value, field, place, notes)
    return None if amount is None else abs(amount)


def _category(value: Any, field: str, place: str, notes: list[str]) -> list[str] | None:
    del field, place, notes
    return _categories(value) or None


# By name without case and separators: the member of a line, whether the name counts only where the member's own is not
# there, and what reads it.
_LINE: dict[str, tuple[str, bool, _Reader]] = {
    "productid": ("product_id", False, _text),
    "id": ("product_id", True, _text),
    "variantid": ("variant_id", False, _text),
    "sku": ("sku", False, _text),
    "name": ("name", False, _text),
    "variant": ("variant", False, _text),
    "quantity": ("quantity", False, _amount),
    "price": ("price", False, _amount),
    "discount": ("discount", False, _size),
    "tax": ("tax", False, _amount),
    "brand": ("vendor", False, _text),
    "vendor": ("vendor", True, _text),
    "category": ("categories", False, _category),
    "url": ("url", False, _text),
    "imageurl": ("image", False, _text),
    "image": ("image", True, _text),
}


@lru_cache(maxsize=1024)
def _member(name: str) -> tuple[str, bool, _Reader] | None:
    return _LINE.get(_folded(name))


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
