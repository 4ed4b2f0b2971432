"""What the vendor's document demands of each event, and is taken without: told to the operator, never refused."""

from typing import Any

from tidings.dialects.calls import money
from tidings.dialects.remarkety.topics import Topic
from tidings.events.model import Members

_CUSTOMER = ("email",)
_BUYER = ("accepts_marketing", "created_at", "updated_at", "email")
_ORDER = (
    "created_at",
    "customer",
    "line_items",
    "subtotal_price",
    "total_discounts",
    "total_shipping",
    "total_tax",
    "total_price",
)
_CARRIED_LINE = ("product_id", "quantity", "sku", "name", "price")
_ORDERED_LINE = (*_CARRIED_LINE, "image")
_CART = (
    "id",
    "abandoned_checkout_url",
    "accepts_marketing",
    "created_at",
    "updated_at",
    "currency",
    "line_items",
    "total_discounts",
    "total_price",
)
_CARRIED = ("accepts_marketing", "email", "id")
_PRODUCT = ("sku", "title", "created_at", "product_exists", "url", "variants")
_VARIANT = ("id", "sku", "title", "image", "inventory_quantity", "product_id")
_INSTEAD = {"line_items": "lineitems", "product_exists": "enabled", "image": "images"}  # as clients spell it


def remark(topic: Topic, members: Members, notes: list[str]) -> None:
    """Remark which members that the vendor's tables mark as mandatory are missing.

    Args:
        topic: Create and update demand the same, but for products.
        members: As they were sent.
        notes: Receives a remark for each.
    """
    if topic.deed not in ("create", "update"):
        return
    if topic.noun == "customers":
        _look(members, _CUSTOMER, "", notes)
    elif topic.noun == "orders":
        _order(members, notes)
    elif topic.noun == "carts":
        _cart(members, notes)
    elif topic.deed == "create":  # an update of a product may say as little as how many there are
        _product(members, notes)


def _order(members: Members, notes: list[str]) -> None:
    _look(members, _ORDER, "", notes)
    status = members.get("status")
    if status is None or (type(status) is dict and status.get("name") is None):
        money.note(notes, "status.name is missing")
    _look(members.get("customer"), _BUYER, "customer.", notes)
    for line in _list(members, "line_items"):
        _look(line, _ORDERED_LINE, "line_items[].", notes)
        if type(line) is dict and "url" not in line:  # null says that the product is gone
            money.note(notes, "line_items[].url is missing")


def _cart(members: Members, notes: list[str]) -> None:
    _look(members, _CART, "", notes)
    for field in ("customer", "email"):
        if field not in members:  # null says that nobody is known
            money.note(notes, f"{field} is missing")
    _look(members.get("customer"), _CARRIED, "customer.", notes)
    for line in _list(members, "line_items"):
        _look(line, _CARRIED_LINE, "line_items[].", notes)


def _product(members: Members, notes: list[str]) -> None:
    _look(members, _PRODUCT, "", notes)
    image = members.get("image")
    if not members.get("images") and (image is None or (type(image) is dict and image.get("src") is None)):
        money.note(notes, "image.src is missing")
    if "vendor" not in members:
        money.note(notes, "vendor is missing")
    for variant in _list(members, "variants"):
        _look(variant, _VARIANT, "variants[].", notes)


def _look(members: Any, fields: tuple[str, ...], place: str, notes: list[str]) -> None:
    if type(members) is not dict:
        return
    get = members.get
    for field in fields:
        if get(field) is None and (field not in _INSTEAD or get(_INSTEAD[field]) is None):
            money.note(notes, f"{place}{field} is missing")


def _list(members: Members, field: str) -> list[Any]:
    found = members.get(field)
    if found is None:
        found = members.get(_INSTEAD.get(field, field))
    return found if type(found) is list else []
