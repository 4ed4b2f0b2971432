"""Contacts as forms, popups and importers send them.

Implements the vendor's API: add or update a contact (v1), unsubscribe a contact (v1), a batch of contacts (v2).
"""

import time
from collections.abc import Callable

from tidings.dialects.contract import Intake, Rejected, Request, Sources
from tidings.dialects.remarkety import adapter, customers, keys, replies
from tidings.dialects.remarkety.adapter import Invalid, Sender
from tidings.dialects.remarkety.intake import object_of, refuse, sender_of
from tidings.dialects.remarkety.reading import flag, rest, text, words
from tidings.dialects.remarkety.topics import Topic
from tidings.events.model import Event, Members, Refusal
from tidings.kit import jsontext
from tidings.kit.ids import uuid7
from tidings.kit.throttle import Throttle

MOST = 100  # contacts of a batch
KEYLESS, KEYLESS_SECONDS = 100, 1.0  # contacts without a key from one address: at once, and one more each second
NAME = "contacts/update"

_UNSUBSCRIBE = Topic("newsletter/unsubscribe", "newsletter", "unsubscribe")
# Name of a property -> where the customer object of events has it.
_ADDRESS = {
    "country": "country",
    "state": "region",
    "city": "city",
    "zipCode": "zip",
    "address": "street",
    "phone": "phone",
}
_PROPERTIES = {"birth_date": "birthdate", "gender": "gender", "company": "company"}
_KNOWN = frozenset((*_ADDRESS, *_PROPERTIES, "rewardsPoints"))
_SPELLINGS = {
    "first_name": ("firstName", "first_name"),
    "last_name": ("lastName", "last_name"),
    "accepts_marketing": ("marketingAllowed", "accepts_marketing"),
    "accepts_sms_marketing": ("smsMarketingAllowed", "accepts_sms_marketing"),
}
_UNDERSTOOD = (
    "email",
    "sms_phone_number",
    "firstName",
    "lastName",
    "tags",
    "marketingAllowed",
    "smsMarketingAllowed",
    "doubleOptin",
    "properties",
)


class Contacts:
    """Takes contacts.

    Args:
        monotonic: Seconds of a clock that never goes back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._keyless = Throttle(KEYLESS, KEYLESS_SECONDS)

    def add(self, request: Request, sources: Sources) -> Intake:
        """Turn one contact into an intake; without a key it changes nobody who is known.

        The answer says again what came and nothing else, so that a stranger learns of nobody whether we know them.

        Args:
            request: The request.
            sources: Where to look for its store.

        Raises:
            Rejected: 400 unreadable; 401 a wrong token, or none where the source wants one; 404 an unknown store.
        """
        source, has_token = keys.source_of(request, sources)
        if not has_token:
            if not source.settings.keyless_contacts:
                message = "this store takes contacts only with a token, as x-api-key or x-token"
                raise Rejected(401, "no_credentials", message, source)
            wait = self._keyless.take(request.client[:64], self._monotonic())
            if wait:
                message = "contacts come faster from this address than they may without a token: slow down"
                refused = Refusal(code="too_many_requests", message=message, name=NAME)
                return Intake(source=source, refused=[refused], reply=replies.slow_down(wait, message))
        members = object_of(request, source)
        sender = sender_of(request, source, has_token=has_token)
        confirmed = flag(members.get("doubleOptin"))
        try:
            event = contact_of(members, sender, added=True, confirm=confirmed is not False or not has_token)
        except Invalid as problem:
            return refuse(source, str(problem), request.body, NAME)
        if not has_token:
            _keep_apart(event)
        opened = "" if sender.trusted else "open:"
        event.message_id = f"{opened}{NAME}:{sender.repeat}" if sender.repeat else uuid7()
        info = {field: members[field] for field in _UNDERSTOOD if members.get(field) is not None}
        reply = replies.document({"status": "OK", "info": info})
        return Intake(source=source, events=[event], reply=reply, trust=None if has_token else "browser")


def unsubscribe(request: Request, sources: Sources) -> Intake:
    """Turn an unsubscribe of an address into an intake.

    Args:
        request: The request.
        sources: Where to look for its store.

    Raises:
        Rejected: 400 unreadable; 401 no token or a wrong one; 404 an unknown store.
    """
    source = keys.keyed(request, sources)
    members = object_of(request, source)
    try:
        event = adapter.adapt(_UNSUBSCRIBE, members, sender_of(request, source, has_token=True))
    except Invalid as problem:
        return refuse(source, str(problem), request.body, _UNSUBSCRIBE.name)
    info = {field: members[field] for field in ("email", *customers.PHONES, "reason") if members.get(field)}
    return Intake(source=source, events=[event], reply=replies.document({"status": "OK", "info": info}))


def take_batch(request: Request, sources: Sources) -> Intake:
    """Turn up to 100 contacts into an intake; those that cannot be used are named in the answer.

    Args:
        request: The request.
        sources: Where to look for its store.

    Raises:
        Rejected: 400 unreadable, no list or too many; 401 no token or a wrong one; 404 an unknown store.
    """
    source = keys.keyed(request, sources)
    members = object_of(request, source)
    several = members.get("contacts")
    if type(several) is not list:
        return refuse(source, "contacts is required: a list of contacts", request.body, NAME)
    if len(several) > MOST:
        return refuse(source, f"a batch has at most {MOST} contacts", request.body[:1000], NAME)
    sender = sender_of(request, source, has_token=True)
    appended = flag(members.get("append_tags")) is True
    only_new = flag(members.get("update_existing")) is False
    events: list[Event] = []
    failed: list[Members] = []
    refused: list[Refusal] = []
    for number, one in enumerate(several):
        try:
            if type(one) is not dict:
                raise Invalid("it must be an object")
            event = contact_of(one, sender, added=appended, confirm=flag(one.get("doubleOptin")))
        except Invalid as problem:
            address = text(one.get("email")) if type(one) is dict else None
            failed.append({"email": address, "reason": str(problem)})
            refused.append(Refusal(code="invalid", message=str(problem), body=jsontext.encode(one), name=NAME))
            continue
        event.only_new = only_new
        event.message_id = f"{NAME}:{sender.repeat}:{number}" if sender.repeat else uuid7()
        events.append(event)
    document = {"success": len(events), "failed": len(failed), "failedReason": failed}
    return Intake(source=source, events=events, refused=refused, reply=replies.document(document))


def contact_of(members: Members, sender: Sender, *, added: bool, confirm: bool | None) -> Event:
    """Turn a contact into an identify event.

    Args:
        members: As it was sent.
        sender: What the request says.
        added: Whether its tags are added to those that are there.
        confirm: Whether what it wants to receive is to be confirmed; None where nothing was said.

    Raises:
        Invalid: It has neither an email nor a phone that can be one.
    """
    context = dict(sender.context)
    event = Event(verb="identify", message_id="", time=sender.received, name=NAME, properties=members, context=context)
    country = text(members.get("sms_country_code")) or sender.source.settings.country
    customer = customer_of(members)
    customers.find(event, customer, country)
    if event.email is None and event.phone is None:
        stated = text(members.get("email"))
        raise Invalid("Invalid email address" if stated else "email or sms_phone_number is required")
    customers.describe(event, customer, added=added)
    customers.wishes(event, customer, ip=sender.customer)
    for statement in event.statements:
        statement.confirm = confirm if statement.wish == "yes" else None
    return event


def _keep_apart(event: Event) -> None:
    """Let an event that anybody may have sent change nobody: one name only, since two would join a customer's to it."""
    event.only_new = True
    event.user_id = None
    event.external_ids = []
    if event.email is not None:
        event.phone = None


def customer_of(members: Members) -> Members:
    """Return a contact in the words of the customer object of events.

    Args:
        members: As it was sent: names in camel case, ``properties`` with what is known besides; blank text, ``{}`` and
            PHP's ``[]`` say nothing there.
    """
    nested = members.get("properties")
    properties: Members = nested if type(nested) is dict else {}
    known = {name: value for name, value in properties.items() if value is not None and value != ""}
    customer: Members = rest(known, _KNOWN)
    for name, wanted in _PROPERTIES.items():
        if name in known:
            customer[wanted] = known[name]
    address = {wanted: known[name] for name, wanted in _ADDRESS.items() if name in known}
    if address:
        customer["default_address"] = address
    if "rewardsPoints" in known:
        customer["rewards"] = {"points": known["rewardsPoints"]}
    for name in ("id", "customerId", "email", "pos_id", *customers.PHONES):
        if members.get(name) is not None:
            customer[name] = members[name]
    for wanted, names in _SPELLINGS.items():
        value = next((members[name] for name in names if members.get(name) not in (None, "")), None)
        if value is not None:
            customer[wanted] = value
    tags = words(members.get("tags"))
    if tags:
        customer["tags"] = tags
    elif members.get("tags") == []:
        customer["tags"] = []
    return customer
