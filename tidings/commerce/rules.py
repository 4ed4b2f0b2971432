"""What reports say, member by member, and what orders, carts and products come to: no clock, no database."""

from collections.abc import Container, Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import msgspec

from tidings.commerce.model import Change, Given, Lines, Members, OrderState, Worth
from tidings.events.reports import CartReport, Line, OrderReport, ProductReport, Refund

EXACT = Context(prec=100)  # the default of 28 digits would round
REFUNDS = 200  # of an order that are kept one by one; those before are kept as their sum
CHANGES = 200  # of a cart that are kept one by one; those before are kept as the lines that they made
POSITIONS = 1_000  # of a cart that changes can bring it to
DAY = 86_400_000
KNOWN = ("title", "sku", "url", "image", "vendor", "categories", "price", "currency")  # what a position may tell
CENT = Decimal("0.01")
ZERO = Decimal(0)
_EXTRA = "extra:"
_VARIANT = "variant:"


def told(report: OrderReport | CartReport | ProductReport, profile: int) -> Members:
    """Return what a report says, by member; further members and those of variants each by themselves.

    Args:
        report: From a dialect. What it does not speak of is not in the result.
        profile: Whose event it is, 0 for nobody's; a member like any other.
    """
    members: Members = msgspec.to_builtins(report, builtin_types=(Decimal,))
    for name in ("id", "at", "seen", "refund", "change"):
        members.pop(name, None)
    if members.get("discounts"):
        members["discounts"] = abs(members["discounts"])
    for line in members.get("lines", ()):
        if line.get("discount"):
            line["discount"] = abs(line["discount"])
    for name, value in members.pop("extra", {}).items():
        members[_EXTRA + name] = value
    if "variants" in members and isinstance(report, ProductReport):
        members["variants"] = [_spread(variant, members) for variant in members["variants"]]
    if profile:
        members["profile"] = profile
    return members


def _spread(variant: Members, members: Members) -> str:
    """Move what is said of a variant among the members of the product; return its id."""
    key = str(variant.pop("id"))
    for name, value in variant.items():
        members.setdefault(f"{_VARIANT}{name}:{key}", value)
    return key


def order_of(order_id: str, at: int, members: Members) -> OrderReport:
    """Return all that is known of an order."""
    return msgspec.convert({"id": order_id, "at": at, **_gathered(members)}, OrderReport)


def cart_of(cart_id: str, at: int, members: Members, lines: list[Members] | None) -> CartReport:
    """Return all that is known of a cart.

    Args:
        cart_id: The shop's id.
        at: Its newest state, UTC milliseconds.
        members: What was said last, by name.
        lines: What is in it, None where nobody has said.
    """
    gathered = _gathered(members)
    if lines is not None:
        gathered["lines"] = lines
    return msgspec.convert({"id": cart_id, "at": at, **gathered}, CartReport)


def product_of(product_id: str, at: int, members: Members) -> ProductReport:
    """Return all that is known of a product, its variants in the order of the shop."""
    gathered = _gathered(members)
    if "variants" in members:
        known: dict[str, Members] = {key: {"id": key} for key in members["variants"]}
        for name, value in members.items():
            if name.startswith(_VARIANT):
                _, field, key = name.split(":", 2)
                if key in known:
                    known[key][field] = value
        gathered["variants"] = list(known.values())
    return msgspec.convert({"id": product_id, "at": at, **gathered}, ProductReport)


def _gathered(members: Members) -> Members:
    gathered = {name: value for name, value in members.items() if ":" not in name and name != "profile"}
    extra = {name.removeprefix(_EXTRA): value for name, value in members.items() if name.startswith(_EXTRA)}
    return gathered | {"extra": extra} if extra else gathered


def given_back(refund: Refund, at: int, tie: str) -> Given:
    """Return a refund as it is kept."""
    lines: list[Members] = msgspec.to_builtins(refund.lines, builtin_types=(Decimal,))
    return Given(at, tie, None if refund.amount is None else abs(refund.amount), lines)


def refund(state: OrderState, given: Given) -> None:
    """Add a refund to an order; one that is there already stays as it is.

    Beyond ``REFUNDS`` the oldest are added up. They are the same in whatever order the refunds came; but a repeat of
    one of them would count again, if the pipeline did not stop repeats before.
    """
    if any(known[:2] == given[:2] for known in state.given):
        return
    state.given = sorted([*state.given, given], key=lambda one: one[:2])
    while len(state.given) > REFUNDS:
        oldest = state.given.pop(0)
        if oldest.amount is None:
            state.all |= not oldest.lines
        else:
            state.more = EXACT.add(state.more, oldest.amount)


def worth(order: OrderReport, state: OrderState, brand_currency: str) -> Worth:
    """Return what an order adds to the figures of its customer.

    Args:
        order: All that is known of it.
        state: Has its refunds.
        brand_currency: Where the order names none.
    """
    revenue = _charged(order)
    refunded = state.more
    for one in state.given:
        refunded = EXACT.add(refunded, one.amount if one.amount is not None else _priced(one.lines, order.lines or []))
    if revenue is not None and (state.given or refunded or state.all):
        everything = state.all or any(one.amount is None and not one.lines for one in state.given)
        refunded = max(revenue, ZERO) if everything else min(refunded, max(revenue, ZERO))
    items = ZERO
    for line in order.lines or ():
        items = EXACT.add(items, line.quantity)
    counted = order.test is not True and order.cancelled is not True and order.deleted is not True
    return Worth(order.currency or brand_currency, revenue, refunded, items, counted)


def _priced(back: list[Members], sold: list[Line]) -> Decimal:
    """Return what positions cost that came back without a price: what the order says of the same product."""
    prices: dict[tuple[str, str], Decimal] = {}
    for line in sold:
        if line.price is not None:
            prices.setdefault((line.product_id, line.variant_id), line.price)
            prices.setdefault((line.product_id, ""), line.price)
    total = ZERO
    for members in back:
        line = msgspec.convert(members, Line)
        named = (line.product_id, line.variant_id)
        price = line.price if line.price is not None else prices.get(named, prices.get((line.product_id, ""), ZERO))
        total = EXACT.add(total, EXACT.multiply(abs(price), abs(line.quantity)))
    return total


def _charged(order: OrderReport) -> Decimal | None:
    """Return the total, or what it must have been by the lines, None where neither is known."""
    if isinstance(order.total, Decimal):
        return order.total
    total = _sum(order.lines) if order.lines else None
    if total is None:
        return None
    for amount in (order.shipping, order.tax):
        total = EXACT.add(total, amount) if isinstance(amount, Decimal) else total
    return EXACT.subtract(total, abs(order.discounts)) if isinstance(order.discounts, Decimal) else total


def _sum(lines: Sequence[Line]) -> Decimal | None:
    """Return what positions cost together, None where no price is known."""
    priced = [line for line in lines if line.price is not None]
    total = ZERO
    for line in priced:
        total = EXACT.add(total, EXACT.multiply(line.price or ZERO, line.quantity))
        total = EXACT.subtract(total, abs(line.discount)) if line.discount is not None else total
    return total if priced else None


def bought(lines: Sequence[Line]) -> dict[str, Decimal]:
    """Return the quantity of each product of an order."""
    found: dict[str, Decimal] = {}
    for line in lines:
        if line.product_id in found:
            found[line.product_id] = EXACT.add(found[line.product_id], line.quantity)
        elif line.product_id:
            found[line.product_id] = line.quantity
    return found


def total(amounts: Iterable[str]) -> Decimal:
    """Return the exact sum of some amounts."""
    found = ZERO
    for amount in amounts:
        found = EXACT.add(found, Decimal(amount))
    return found


def average(revenue: Decimal, orders: int) -> Decimal:
    """Return the average value of some orders, to the cent."""
    return EXACT.divide(revenue, Decimal(orders)).quantize(CENT, ROUND_HALF_EVEN, EXACT)


def settled(members: Members) -> Members:
    """Return what a report says of a cart, with its end and its lines going together.

    A cart that is closed has nothing in it, one with nothing in it is closed, one with something in it is not: so
    neither outlives a newer state that speaks of the other only.
    """
    if members.get("closed"):
        return {"lines": [], **members}
    if "lines" in members:
        return {"closed": not members["lines"], **members}
    return members


def dead(change: Change, lines: Lines) -> bool:
    """Tell whether a full state of a cart has overtaken a change for good."""
    return change.rank < lines.rank or (change.rank == lines.rank and change[1:3] <= lines[1:3])


def folded(lines: Lines | None, changes: Sequence[Change], ordered: int | None) -> list[Members] | None:
    """Return what is in a cart, None where nobody has said.

    Args:
        lines: The last full state.
        changes: Oldest first.
        ordered: When the customer last placed an order before the newest state of the cart: what came into the cart
            before is not in it any more, if something came after. None if there is no such order.
    """
    newer = [one for one in changes if lines is None or (one.rank >= lines.rank and one[1:3] > lines[1:3])]
    if not newer:
        return None if lines is None else lines.lines
    present = [] if lines is None else lines.lines
    if ordered is not None and any(one.at > ordered for one in newer):
        newer = [one for one in newer if one.at > ordered]
        present = present if lines is not None and lines.at > ordered else []
    for change in newer:
        present = _changed(present, change.line)
    return present


def _changed(lines: list[Members], change: Members) -> list[Members]:
    """Return positions with one added or taken away, never less than none of it."""
    key = _position(change)
    amount = quantity(change)
    kept: list[Members] = []
    found = False
    for line in lines:
        if found or _position(line) != key:
            kept.append(line)
            continue
        found = True
        left = EXACT.add(quantity(line), amount)
        if left > 0:
            kept.append({**line, **(change if amount > 0 else {}), "quantity": left})
    return kept if found or amount <= 0 or len(kept) >= POSITIONS else [*kept, change]


def _position(line: Members) -> tuple[Any, ...]:
    product = line.get("product_id", "")
    return (product, line.get("variant_id", "")) if product else ("", line.get("sku", ""), line.get("name", ""))


def plain(text: str) -> str:
    """Return a text as the database can hold and find it: SQLite ends one that travels in JSON at a NUL."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text


def quantity(line: Members) -> Decimal:
    """Return how many a position is of."""
    return Decimal(line.get("quantity", 1))


def cost(cart: CartReport, *, changed: bool) -> Decimal | None:
    """Return what a cart would cost, None where that is not known.

    Args:
        cart: All that is known of it.
        changed: Whether its lines have changed since they were stated, so that stated sums do not hold.
    """
    if not changed and isinstance(cart.total, Decimal):
        return cart.total
    return _sum(cart.lines) if cart.lines else None


def stocks(members: Members) -> dict[str, Decimal | None]:
    """Return the stock of the variants of a product by id, that of a product without variants under "".

    Those of which nobody has said anything are left out; None is a stock that is not tracked.
    """
    if members.get("variants"):
        named = {key: members.get(f"{_VARIANT}stock:{key}", ...) for key in members["variants"]}
    else:
        named = {"": members.get("stock", ...)}
    return {key: None if value is None else Decimal(value) for key, value in named.items() if value is not ...}


def total_stock(known: dict[str, Decimal | None]) -> Decimal | None:
    """Return how many there are of a product, None where that is not known or not tracked."""
    total = ZERO
    for amount in known.values():
        if amount is None:
            return None
        total = EXACT.add(total, max(amount, ZERO))
    return total if known else None


def knowing(line: Line, currency: Any) -> int:
    """Return which members of its product a position of an order or a cart tells, as bits (``KNOWN``)."""
    known = 1 if line.name else 0
    if line.sku:
        known |= 2
    if line.url:
        known |= 4
    if line.image:
        known |= 8
    if line.vendor:
        known |= 16
    if line.categories:
        known |= 32
    if line.price is not None:
        known |= 192 if currency else 64
    return known


def known_of(names: Container[str]) -> int:
    """Return members of a product as bits (``KNOWN``)."""
    return sum(1 << i for i, name in enumerate(KNOWN) if name in names)


def sighted(line: Line, currency: Any) -> Members:
    """Return what a position of an order or a cart says of its product."""
    said = (line.name, line.sku, line.url, line.image, line.vendor, line.categories, line.price, currency)
    known = knowing(line, currency)
    return {name: said[i] for i, name in enumerate(KNOWN) if known >> i & 1}


def sighting(at: int, tie: str) -> tuple[int, str]:
    """Return moment and tie of the layer that a position makes: the newest day wins, and on it the first one to speak.

    With that a product that is bought all day is written once a day, and still the order of arrival does not matter.

    Args:
        at: State of the order or cart, UTC milliseconds.
        tie: The event.
    """
    day = at // DAY * DAY
    return day, f"{day + DAY - at:08} {tie}"


def sighted_at(day: int, tie: str) -> int:
    """Return when the order or cart had the state that a layer of ``sighting`` comes from."""
    return day + DAY - int(tie[:8])


def tells_nothing(known: int, at: int, met_at: int | None, sure: int) -> bool:
    """Tell whether a position says nothing of a product that would be kept.

    Args:
        known: What it tells, as bits.
        at: Its state, UTC milliseconds.
        met_at: Of the product: the state that the last day's first position had, None without one.
        sure: Of the product: what is said better, or was said on that day.
    """
    if known & ~sure or met_at is None:
        return not known & ~sure
    day, last = at // DAY, met_at // DAY
    return day < last or (day == last and at > met_at)
