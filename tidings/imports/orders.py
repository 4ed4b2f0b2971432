"""Lines of a file of orders, one for each position: those of one order stand together and become one event."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import UNSET

from tidings.dialects.calls import members
from tidings.events.model import Event
from tidings.events.reports import Commerce, Line, OrderReport
from tidings.imports.columns import Columns, plain
from tidings.imports.customers import identify, statements_of, traits_of
from tidings.imports.model import Entry, Setting, Unusable
from tidings.imports.values import Cells

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("order_id", "id"),
    "number": ("order_name", "order_number", "name", "number"),
    "created_at": ("order_created_at", "created_at", "order_date", "placed_at", "date", "created"),
    "updated_at": ("order_modified_at", "order_updated_at", "updated_at", "modified_at"),
    "status": ("order_status", "status"),
    "financial_status": ("order_financial_status", "financial_status", "payment_status"),
    "fulfillment_status": ("order_fulfillment_status", "fulfillment_status", "shipping_status"),
    "currency": ("order_currency", "currency", "currency_code"),
    "subtotal": ("order_subtotal", "subtotal", "subtotal_price", "order_subtotal_price"),
    "discounts": ("order_discount", "order_discounts", "total_discounts", "discount_amount", "discount"),
    "shipping": ("order_shipping", "shipping", "total_shipping", "shipping_price", "order_total_shipping"),
    "tax": ("order_tax", "taxes", "total_tax", "tax", "order_total_tax"),
    "total": ("order_total", "total", "total_price", "order_total_price", "grand_total"),
    "codes": ("order_discount_codes", "discount_codes", "discount_code", "coupon_code", "coupon"),
    "payment_method": ("order_payment_method", "payment_method"),
    "channel": ("order_channel", "channel", "order_source", "source"),
    "note": ("order_note", "note", "notes"),
    "test": ("order_test", "test"),
    "cancelled": ("order_cancelled", "cancelled", "canceled"),
    "cancelled_at": ("order_cancelled_at", "cancelled_at", "canceled_at"),
    "customer_id": ("customer_id", "order_customer_id", "shopper_id", "user_id"),
    "email": ("email", "customer_email", "order_email", "billing_email", "shopper_email"),
    "phone": ("phone", "customer_phone", "order_phone", "billing_phone"),
    "first_name": ("first_name", "customer_first_name", "billing_first_name"),
    "last_name": ("last_name", "customer_last_name", "billing_last_name"),
    "accepts_marketing": ("accepts_marketing", "customer_accepts_marketing"),
    "product_id": ("product_id", "item_product_id", "lineitem_product_id", "line_item_product_id", "item_id"),
    "variant_id": ("variant_id", "item_variant_id", "lineitem_variant_id", "line_item_variant_id"),
    "sku": ("sku", "item_sku", "lineitem_sku", "line_item_sku", "product_sku"),
    "product_name": ("product_name", "item_name", "lineitem_name", "line_item_name", "title", "item_title"),
    "variant": ("variant", "variant_title", "item_variant_title", "lineitem_variant_title"),
    "quantity": ("quantity", "item_quantity", "lineitem_quantity", "line_item_quantity", "qty"),
    "refunded": ("quantity_refunded", "item_quantity_refunded", "lineitem_quantity_refunded"),
    "price": ("price", "item_price", "lineitem_price", "line_item_price", "unit_price", "product_price"),
    "item_discount": ("item_discount", "lineitem_discount", "line_item_discount"),
    "item_tax": ("item_tax", "lineitem_tax", "line_item_tax", "tax_amount"),
    "vendor": ("vendor", "item_vendor", "lineitem_vendor", "brand"),
    "category": ("category", "item_category", "product_category", "product_type"),
    "url": ("url", "item_url", "product_url"),
    "image": ("image", "item_image", "product_image"),
}  # fmt: skip
REQUIRED = (("id", "number"), ("created_at",))
OF_LINES = tuple(ALIASES)[tuple(ALIASES).index("product_id") :]  # members that may differ from line to line
_OF_LINE_COLUMNS = ("item_", "lineitem_", "line_item_", "product_")
_NAMING = ("product_id", "variant_id", "sku", "product_name", "quantity", "price")
_TEXTS = {"status": "status", "financial_status": "financial_status", "fulfillment_status": "fulfillment_status",
          "payment_method": "payment_method", "channel": "channel", "note": "note"}  # fmt: skip
_CANCELLED = frozenset(("cancelled", "canceled"))
_ZERO = Decimal(0)


class Orders:
    """Makes events of orders.

    Args:
        columns: Of the file.
        setting: What holds for all lines.
    """

    def __init__(self, columns: Columns, setting: Setting) -> None:
        self._columns = columns
        self._setting = setting
        of_lines = {name for name in columns.rest if plain(name).startswith(_OF_LINE_COLUMNS)}
        self._rest_of_lines = {name: place for name, place in columns.rest.items() if name in of_lines}
        self._rest = {name: place for name, place in columns.rest.items() if name not in of_lines}

    def event(self, entry: Entry) -> Event:
        """Return what the lines of an order say.

        Raises:
            Unusable: One of them cannot be used.
        """
        zone = self._setting.zone
        values = [self._columns.values(row.cells) for row in entry.rows]
        cells = Cells(united(values, self._columns, entry), self._columns, zone)
        order = self._order(cells, entry)
        currencies: set[object] = {order.currency}
        lines: list[Line] = []
        for row, each in zip(entry.rows, values, strict=True):
            line = self._line(Cells(each, self._columns, zone), row.cells, currencies)
            if line is not None:
                lines.append(line)
        settle(order, lines, currencies, self._setting.currency)
        assert isinstance(order.placed_at, int)
        event = Event(
            verb="track",
            name="orders/create",
            message_id=f"{self._setting.stamp}:{entry.line}",
            time=order.placed_at,
            commerce=Commerce(order=order),
        )
        identify(event, cells, "customer_id", self._setting.country)
        if event.user_id or event.email or event.phone:
            event.traits = traits_of(cells)
            event.statements = statements_of(cells)
        return event

    def _order(self, cells: Cells, entry: Entry) -> OrderReport:
        placed = cells.moment("created_at")
        if placed is None:
            raise Unusable("it does not say when the order was placed")
        updated = cells.moment("updated_at")
        order = OrderReport(
            id=cells.text("id") or cells.text("number"), at=placed if updated is None else updated, placed_at=placed
        )
        order.number = cells.text("number") or UNSET
        for member, field in _TEXTS.items():
            setattr(order, field, cells.text(member) or UNSET)
        order.codes = cells.items("codes", ",;") or UNSET
        order.test = members.said(cells.flag("test"))
        cancelled = cells.flag("cancelled") or cells.has("cancelled_at")
        if cancelled or cells.text("status").casefold() in _CANCELLED:
            order.cancelled = True
        self._price(order, cells)
        rest = {name: entry.rows[0].cells[place].strip() for name, place in self._rest.items()}
        order.extra = {name: text for name, text in rest.items() if text} or UNSET
        return order

    def _price(self, order: OrderReport, cells: Cells) -> None:
        order.currency = members.said(cells.currency("currency"))
        for field in ("subtotal", "shipping", "tax", "total"):
            money = cells.money(field)
            if money is None:
                continue
            setattr(order, field, money.amount)
            if money.currency and order.currency not in (UNSET, money.currency):
                raise cells.wrong(field, f"is not in {order.currency}, the currency of the order")
            order.currency = money.currency or order.currency
        order.discounts = members.said(cells.size("discounts"))

    def _line(self, cells: Cells, row: Sequence[str], currencies: set[object]) -> Line | None:
        if not cells.has(*_NAMING):
            return None
        price = cells.money("price")
        if price is not None and price.currency:
            currencies.add(price.currency)
        rest = {name: row[place].strip() for name, place in self._rest_of_lines.items()}
        line = Line(
            product_id=cells.text("product_id"),
            variant_id=cells.text("variant_id"),
            sku=cells.text("sku"),
            name=cells.text("product_name"),
            variant=cells.text("variant"),
            price=None if price is None else price.amount,
            discount=cells.size("item_discount"),
            tax=cells.amount("item_tax"),
            vendor=cells.text("vendor"),
            categories=cells.items("category", "|"),
            url=cells.text("url") or None,
            image=cells.text("image") or None,
            extra={name: text for name, text in rest.items() if text},
        )
        for member in ("quantity", "refunded"):
            stated = cells.quantity(member)
            if stated is not None:
                setattr(line, member, stated)
        return line


def united(values: Sequence[dict[str, str]], columns: Columns, entry: Entry) -> dict[str, str]:
    """Return what the lines of an order say of it together: each member is said in one of them, or alike in several.

    Args:
        values: Of the lines.
        columns: Of the file.
        entry: The lines.

    Raises:
        Unusable: Two lines contradict each other.
    """
    whole = dict(values[0])
    for row, each in zip(entry.rows[1:], values[1:], strict=True):
        for member, text in each.items():
            if member not in OF_LINES and whole.setdefault(member, text) != text:
                column = columns.names[columns.places[member]]
                raise Unusable(f"{column}: {text[:60]!r} in line {row.line}, {whole[member][:60]!r} before it: "
                               "lines of one order contradict each other")  # fmt: skip
    return whole


def settle(order: OrderReport, lines: list[Line], currencies: set[object], default: str) -> None:
    """Write lines, currency and what follows from them into an order; what was stated is never computed anew.

    Args:
        order: Gets them.
        lines: Positions.
        currencies: That were named.
        default: Currency where none was.

    Raises:
        Unusable: Several currencies were named.
    """
    named = sorted(str(one) for one in currencies if one is not UNSET)
    if len(named) > 1:
        raise Unusable(f"it is in several currencies: {', '.join(named)}")
    order.currency = named[0] if named else default
    if not lines:
        return
    order.lines = lines
    off = [line.discount for line in lines if line.discount is not None]
    if order.discounts is UNSET and off:
        order.discounts = members.added(_ZERO, *off)
    if order.subtotal is UNSET:
        order.subtotal = members.said(members.worth(lines))
    if order.total is UNSET:
        order.total = members.sum_of(order)
