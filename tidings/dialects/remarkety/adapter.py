"""From an event as Remarkety's clients send it to the canonical one.

Implements "E-Commerce Event Types" and "Custom Events" of the vendor's events document. One request is one event.
"""

from typing import Any

import msgspec

from tidings.dialects.calls import money
from tidings.dialects.remarkety import asked, customers
from tidings.dialects.remarkety.customers import PLUGIN_MEMBERS, address_of, id_of, ip_of
from tidings.dialects.remarkety.orders import cart_of, order_of
from tidings.dialects.remarkety.products import categories_of, product_of
from tidings.dialects.remarkety.reading import flag, moment, objects, text, words
from tidings.dialects.remarkety.topics import Topic
from tidings.events.model import Event, Members
from tidings.events.reports import CartReport, Channel, Commerce, OrderReport, ProductReport, Statement
from tidings.kit import jsontext, times
from tidings.kit.digest import digest_of
from tidings.kit.ids import uuid7
from tidings.tenants.model import Source

DAY = 86_400_000  # a clock that is further ahead is wrong
VIEWED = "productview"
UNCOUNTED = "an order that no server's key vouches for is not counted: see the setting browser_orders"

_encode = jsontext.encode


class Invalid(Exception):  # noqa: N818
    """What an event cannot do without is not there; the text says what."""


class Sender(msgspec.Struct, kw_only=True):
    """What the circumstances of a request say about its event.

    Args:
        source: Who sent it.
        received: When it arrived, UTC milliseconds.
        trusted: Whether it came with a key of servers.
        customer: Address of the caller where that is the customer's own, "" where it is not.
        stated: ``x-event-time`` as it was sent, "" where it was not.
        repeat: What the client will send again if it repeats the request (``Idempotency-Key``), "" for nothing.
        context: Circumstances, to be kept with the event.
    """

    source: Source
    received: int
    trusted: bool
    customer: str = ""
    stated: str = ""
    repeat: str = ""
    context: Members = {}

    @property
    def currency(self) -> str:
        """Of amounts that name none."""
        return self.source.settings.currency or self.source.brand_currency


def adapt(topic: Topic, members: Members, sender: Sender) -> Event:
    """Turn what was sent into an event.

    Args:
        topic: What it is about.
        members: The body; the plugins' own members are taken out.
        sender: What else the request says.

    Raises:
        Invalid: The one thing is missing that an event of its kind cannot do without.
    """
    for field in PLUGIN_MEMBERS:
        members.pop(field, None)
    event = Event(
        verb="identify" if topic.noun == "customers" else "track",
        message_id="",
        time=sender.received,
        name=topic.name,
        properties=members,
        context=sender.context,
    )
    _date(event, topic, members, sender)
    _WHAT[topic.noun](event, topic, members, sender)
    event.message_id = _message_id(event, topic, sender)
    return event


def _customer(event: Event, topic: Topic, members: Members, sender: Sender) -> None:
    customers.find(event, members, sender.source.settings.country)
    if event.email is None and event.user_id is None and not event.external_ids:
        raise Invalid("; ".join(["email or id is required: whose data is it?", *event.notes]))
    if topic.deed == "delete":
        event.statements.append(Statement(channel="email", address=event.email or "", deleted=True))
        if event.phone is not None:
            event.statements.append(Statement(channel="sms", address=event.phone, deleted=True))
        return
    asked.remark(topic, members, event.notes)
    customers.describe(event, members)
    customers.wishes(event, members, ip=sender.customer, revived=True)


def _order(event: Event, topic: Topic, members: Members, sender: Sender) -> None:
    order_id = text(members.get("id"))  # "0" is an order like any other
    if order_id is None:
        raise Invalid("; ".join(["id is required, text or a number: the id of the order in the shop", *event.notes]))
    asked.remark(topic, members, event.notes)
    _buyer(event, members, sender)
    if not sender.trusted and not sender.source.settings.browser_orders:
        money.note(event.notes, UNCOUNTED)
        return
    at = _state(event, topic, members, sender)
    if topic.deed == "delete":
        order = OrderReport(id=order_id, at=at, deleted=True)
    else:
        order = order_of(members, order_id, at, sender.source.settings.currency, event.notes)
    event.commerce = Commerce(order=order)


def _cart(event: Event, topic: Topic, members: Members, sender: Sender) -> None:
    asked.remark(topic, members, event.notes)
    _buyer(event, members, sender)
    at = _state(event, topic, members, sender)
    if topic.deed == "delete":
        cart = CartReport(id=text(members.get("id")) or "", at=at, closed=True)
    else:
        cart = cart_of(members, at, sender.source.settings.currency, event.notes)
    if not cart.id and not (event.user_id or event.email or event.phone):
        money.note(event.notes, "a cart without id and customer is nobody's: the event is kept, there is no cart")
        return
    event.commerce = Commerce(cart=cart)


def _buyer(event: Event, members: Members, sender: Sender) -> None:
    """Read whose order or cart it is: ``customer``, which is null for strangers, and ``email``."""
    customer = members.get("customer")
    if type(customer) is not dict:
        if customer is not None:
            money.note(event.notes, "customer is not an object")
        customer = {}
    country = sender.source.settings.country
    if customer:
        customers.find(event, customer, country)
        customers.describe(event, customer)
    if event.email is None:
        event.email = address_of(members.get("email"), "email", event.notes)
    if "accepts_marketing" in members and customer.get("accepts_marketing") is None:
        customer = {**customer, "accepts_marketing": members["accepts_marketing"]}
    customers.wishes(event, customer, ip=sender.customer)


def _product(event: Event, topic: Topic, members: Members, sender: Sender) -> None:
    several = objects(members.get("products"), "products", event.notes) if "id" not in members else None
    reports = []
    for one in [members] if several is None else several:
        report = _one_product(event, topic, one, sender)
        if report is not None:
            reports.append(report)
    if not reports:
        raise Invalid("; ".join(["id is required, text or a number: the id of the product in the shop", *event.notes]))
    event.commerce = Commerce(products=reports)


def _one_product(event: Event, topic: Topic, members: Members, sender: Sender) -> ProductReport | None:
    product_id = text(members.get("id"))
    if product_id is None:
        money.note(event.notes, "a product without id is left out")
        return None
    at = _state(event, topic, members, sender)
    if topic.deed == "delete":
        report = ProductReport(id=product_id, at=at, exists=False)
    else:
        asked.remark(topic, members, event.notes)
        report = product_of(members, product_id, at, sender.currency, event.notes)
    report.seen = not sender.trusted  # what the shop's server says wins, whenever it came
    return report


def _newsletter(event: Event, topic: Topic, members: Members, sender: Sender) -> None:
    customers.find(event, members, sender.source.settings.country)
    if event.email is None and event.phone is None:
        demand = "email or sms_phone_number_e164 is required: which address is meant?"
        raise Invalid("; ".join([demand, *event.notes]))
    ip = ip_of(members) or sender.customer or None
    channels: tuple[tuple[Channel, str | None], ...] = (("email", event.email), ("sms", event.phone))
    for channel, address in channels:
        if address is not None:
            wish = Statement(channel=channel, address=address, wish="unsubscribe", ip=ip)
            if topic.deed == "subscribe":
                wish.wish = "subscribe"
                wish.confirm = flag(members.get("double_optin_required"))
            wish.form = text(members.get("form"))
            wish.reason = text(members.get("reason"))
            event.statements.append(wish)
    if topic.deed == "subscribe":
        customers.describe(event, {name: value for name, value in members.items() if name != "form"}, added=True)


def _custom(event: Event, topic: Topic, members: Members, sender: Sender) -> None:
    """Read whose event it is, which no table says; ``id`` may be anything's and is looked at last."""
    nested = members.get("customer")
    nested = nested if type(nested) is dict else {}
    for place, field in ((members, "email"), (nested, "email"), (members, "customer_email")):
        if event.email is None:
            event.email = address_of(place.get(field), field, event.notes)
    for place, field in ((nested, "id"), (members, "customerId")):
        if event.user_id is None:
            event.user_id = id_of(place.get(field), field, event.notes)
    if event.email is None and event.user_id is None:
        event.user_id = id_of(members.get("id"), "id", event.notes)
    if topic.name.lower() == VIEWED:
        _view(event, members)


def _view(event: Event, members: Members) -> None:
    """Read ``productView`` of the vendor's page script."""
    product_id = text(members.get("productId"))
    if product_id is None:
        money.note(event.notes, "productId is missing")
        return
    report = ProductReport(id=product_id, at=event.time, seen=True)
    categories = members.get("productCategories")
    found = words(categories) if type(categories) is str else categories_of(categories)
    if found:
        report.categories = found
    event.commerce = Commerce(products=[report] if found else [], viewed=[product_id])


def _date(event: Event, topic: Topic, members: Members, sender: Sender) -> None:
    """Say when it happened: ``x-event-time``, else ``updated_at``, else ``created_at`` of what is new, else now."""
    if sender.stated:
        said = times.parse(sender.stated)
        if said is None or said <= 0:
            money.note(event.notes, f"x-event-time cannot be read: {sender.stated[:100]}")
        elif said > sender.received + DAY:
            money.note(event.notes, "x-event-time is more than a day ahead: the time of receipt counts")
        else:
            event.original = sender.stated
            event.time = times.event_time(said, None, sender.received, correct=False)
            return
    if not topic.noun or topic.noun == "newsletter":
        return
    found = _stamps(topic, members)
    if found is not None:
        event.original, event.time = text(found[0]), times.event_time(found[1], None, sender.received, correct=False)


def _stamps(topic: Topic, members: Members) -> tuple[Any, int] | None:
    """Return the stamp of an object by which it is dated, of several products the latest."""
    several = members.get("products")
    if topic.noun == "products" and "id" not in members and type(several) is list:
        each = [_stamps(topic, one) for one in several if type(one) is dict]
        return max((one for one in each if one is not None), key=lambda stamp: stamp[1], default=None)
    fields = ("updated_at", "created_at") if topic.deed == "create" else ("updated_at",)
    for field in fields:
        at = moment(members, field, [])
        if at is not None:
            return members[field], at
    return None


def _state(event: Event, topic: Topic, members: Members, sender: Sender) -> int:
    """Return which state an object is in: the shop's own clock orders its states."""
    at = moment(members, "updated_at", event.notes)
    if at is None and topic.deed == "create":
        at = moment(members, "created_at", event.notes)
    if at is None:
        return event.time
    if at > sender.received + DAY:
        money.note(event.notes, "updated_at is more than a day ahead: the time of the event counts")
        return event.time
    return at


def _message_id(event: Event, topic: Topic, sender: Sender) -> str:
    """Return what identifies the event: a repeat of an object with ``updated_at`` cannot be a second real event.

    What a page sends has ids of its own, so that a stranger cannot make the shop's own event count as a repeat.
    """
    if sender.repeat:
        return f"{'' if sender.trusted else 'open:'}{topic.name}:{sender.repeat}"
    if not topic.noun or topic.noun == "newsletter" or not _is_dated(topic, event.properties):
        return uuid7()
    said = digest_of(topic.name.encode() + b"\n" + _encode(event.properties))
    return f"content:{said}" if sender.trusted else f"open:content:{said}"


def _is_dated(topic: Topic, members: Members) -> bool:
    several = members.get("products") if topic.noun == "products" and "id" not in members else None
    if type(several) is not list:
        return moment(members, "updated_at", []) is not None
    return bool(several) and all(type(one) is dict and moment(one, "updated_at", []) is not None for one in several)


_WHAT = {
    "customers": _customer,
    "orders": _order,
    "carts": _cart,
    "products": _product,
    "newsletter": _newsletter,
    "": _custom,
}
