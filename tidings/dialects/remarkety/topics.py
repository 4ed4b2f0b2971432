"""Event types: the built-in ones under all names by which clients send them, and any other text."""

from functools import lru_cache

import msgspec

LONGEST = 200  # characters of an event type

_PARTICIPLES = {
    "created": "create",
    "updated": "update",
    "deleted": "delete",
    "subscribed": "subscribe",
    "unsubscribed": "unsubscribe",
}
_DEEDS = {
    "customers": ("create", "update", "delete"),
    "orders": ("create", "update", "delete"),
    "products": ("create", "update", "delete"),
    "carts": ("create", "update", "delete"),
    "newsletter": ("subscribe", "unsubscribe"),
}


class Topic(msgspec.Struct, frozen=True):
    """What an event is about.

    Args:
        name: The canonical type of a built-in event, else the type as it was sent.
        noun: ``customers``, ``orders``, ``products``, ``carts`` or ``newsletter``; "" for a custom event.
        deed: ``create``, ``update``, ``delete``, ``subscribe`` or ``unsubscribe``; "" for a custom event.
    """

    name: str
    noun: str = ""
    deed: str = ""


@lru_cache(maxsize=1024)
def topic_of(text: str) -> Topic | None:
    """Return what an event type means, None where it can be no type.

    Args:
        text: As it was sent; case and the past tense of built-in types do not matter.
    """
    name = text.strip()
    if not name or len(name) > LONGEST or not name.isprintable():
        return None
    noun, _, deed = name.lower().partition("/")
    deed = _PARTICIPLES.get(deed, deed)
    if deed in _DEEDS.get(noun, ()):
        return Topic(f"{noun}/{deed}", noun, deed)
    return Topic(name)
