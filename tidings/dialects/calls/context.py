"""The circumstances of an event: merged with those of its batch, tidied, and completed by what the connection shows."""

from typing import Any

from tidings.events.model import Members

_OBJECTS = [
    "app",
    "campaign",
    "consent",
    "device",
    "library",
    "network",
    "os",
    "page",
    "protocols",
    "referrer",
    "screen",
    "traits",
    "userAgentData",
]


def merge(event: Members, batch: Members) -> Members:
    """Return the members of both, the event's where both have one, nested objects member by member.

    Args:
        event: Of one event.
        batch: Of the whole batch; not changed, parts of it are shared with the result.
    """
    merged = {**batch, **event}
    for key, own in event.items():
        if isinstance(own, dict):
            common = batch.get(key)
            if isinstance(common, dict):
                merged[key] = merge(own, common)
    return merged


def read(value: Any, field: str, notes: list[str]) -> Members:
    """Return an object that an event has, empty where it is absent or an empty list (as PHP writes an empty object).

    Args:
        value: What the event has.
        field: Name of the member, for the remark.
        notes: Receives a remark where it is something else.
    """
    if type(value) is dict:
        return value
    if value is not None and value != []:
        notes.append(f"{field} is not an object")
    return {}


def tidy(context: Members) -> None:
    """Turn empty lists into empty objects where the documentation has objects.

    Args:
        context: Changed in place.
    """
    for name in _OBJECTS:
        if context.get(name) == []:
            context[name] = {}
    consent = context.get("consent")
    if isinstance(consent, dict) and consent.get("categoryPreferences") == []:
        context["consent"] = {**consent, "categoryPreferences": {}}
    tidy_traits(context.get("traits"))


def tidy_traits(traits: Any) -> None:
    """Turn empty lists into empty objects where traits have objects.

    Args:
        traits: Changed in place.
    """
    if isinstance(traits, dict):
        for name in ("address", "company"):
            if traits.get(name) == []:
                traits[name] = {}
