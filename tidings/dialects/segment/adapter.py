"""What Segment has beyond the common calls: revenue, the consent event, and events without a person."""

from tidings.dialects.calls import adapter, commerce
from tidings.dialects.calls.adapter import Grammar, Sender
from tidings.dialects.calls.wire import Invalid, Track
from tidings.dialects.segment import money
from tidings.events.model import Event, Members

_CONSENT_EVENT = "Segment Consent Preference Updated"


def _track(event: Event, call: Track, sender: Sender) -> None:
    name, properties = call.event, call.properties
    if type(properties) is dict and type(name) is str and call.name is None and name and not name.isspace():
        event.name, event.properties = name, properties  # nearly every event: saves it the call
    else:
        adapter.track(event, call, sender)
        properties = event.properties
    if "revenue" in properties and not money.is_order(name):
        currency = sender.source.settings.currency or money.DEFAULT_CURRENCY
        event.value, event.currency = money.value_of(properties, currency, event.notes)
    if len(name) <= commerce.LONGEST and commerce.reader_of(name) is not None:
        commerce.read(event, sender.source.settings.currency or money.DEFAULT_CURRENCY)
    if name == _CONSENT_EVENT:
        _check_consent(event.context)


def _check_consent(context: Members) -> None:
    consent = context.get("consent")
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    field = "context.consent.categoryPreferences"
    if preferences is None:
        raise Invalid("consent_categorypreferences_should_exist", f"{field} is required")
    if not isinstance(preferences, dict):
        raise Invalid("consent_categorypreferences_fields_should_be_object", f"{field} must be an object")
    if not all(isinstance(choice, bool) for choice in preferences.values()):
        raise Invalid("consent_categorypreferences_fields_should_be_bool", f"{field} must have only true and false")


GRAMMAR = Grammar(
    complete={
        "identify": adapter.identify,
        "track": _track,
        "page": adapter.view,
        "screen": adapter.view,
        "group": adapter.group,
        "alias": adapter.alias,
    },
    personless=frozenset(("group", "alias")),
)
