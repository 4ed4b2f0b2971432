"""What Ripe makes of the common calls: no value, no event without a person, and pages that say where in two places."""

from tidings.dialects.calls import adapter, commerce
from tidings.dialects.calls.adapter import PAGE_MEMBERS, Grammar, Sender
from tidings.dialects.calls.wire import Page, Track
from tidings.events.model import Event, Members


def _track(event: Event, call: Track, sender: Sender) -> None:
    adapter.track(event, call, sender)
    commerce.read(event, sender.source.settings.currency or sender.source.brand_currency)


def _page(event: Event, call: Page, sender: Sender) -> None:
    if isinstance(call.properties, dict):
        _place(event.context, call.properties)
    adapter.view(event, call, sender)


def _place(context: Members, properties: Members) -> None:
    """Fill an empty ``context.page`` from the properties, as the vendor's connector does where it can."""
    page = context.get("page")
    if page is None or (isinstance(page, dict) and all(value in (None, "") for value in page.values())):
        found = {member: properties[member] for member in PAGE_MEMBERS if properties.get(member) is not None}
        if found:
            context["page"] = {**(page or {}), **found}


GRAMMAR = Grammar(
    complete={
        "identify": adapter.identify,
        "track": _track,
        "page": _page,
        "group": adapter.group,
        "alias": adapter.alias,
    },
    personless=frozenset(),
)
