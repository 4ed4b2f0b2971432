"""The customer object: of `customers/*`, and inside orders and carts.

Implements "customers/create" of the vendor's events document, with what the plugins send.
"""

from typing import Any

from tidings.dialects.calls import identifiers, money
from tidings.dialects.calls import traits as spellings
from tidings.dialects.calls.wire import Invalid
from tidings.dialects.remarkety.reading import flag, text, words
from tidings.events.model import Event, ExternalId, Members
from tidings.events.reports import Channel, Statement
from tidings.kit import email, phone

PHONES = ("sms_phone_number_e164", "sms_phone_number", "phone")
PLUGIN_MEMBERS = ("timestamp", "event_id", "calling_function")  # of the sending, not of what is sent
_IPS = ("client_ip", "ip", "signup_ip")
_ANY_PHONE, _ANY_IP = frozenset(PHONES), frozenset(_IPS)

# What is no trait: identifiers, consent, and what has a reading of its own below.
_APART = frozenset(
    (
        "id",
        "customerId",
        "email",
        "pos_id",
        "accepts_marketing",
        "accepts_sms_marketing",
        "updated_at",
        "append_tags",
        "tags",
        "default_address",
        "birthdate",
        "storeId",
        "double_optin_required",
        "reason",
        "sms_country_code",
        *PHONES,
        *_IPS,
        *PLUGIN_MEMBERS,
    )
)
_NAMES = ("first_name", "last_name", "name")
_ADDRESS = {"region": "state", "province_code": "state", "zip": "postalCode"}


def find(event: Event, customer: Members, country: str | None) -> None:
    """Write into an event by what a customer object names its customer.

    Args:
        event: Gets user id, email, phone and external id; keeps those that it has.
        customer: As it was sent; ``id`` may be null (guests), an email may be one that cannot be used.
        country: By which phones without ``+`` are read.
    """
    get = customer.get
    notes = event.notes
    if event.user_id is None:
        event.user_id = id_of(get("id"), "id", notes)
    if event.user_id is None and "customerId" in customer:
        event.user_id = id_of(customer["customerId"], "customerId", notes)
    if event.email is None:
        event.email = address_of(get("email"), "email", notes)
    if event.phone is None:
        event.phone = phone_of(customer, country, notes)
    stated = get("pos_id")
    if stated is not None:
        pos_id = id_of(stated, "pos_id", notes)
        if pos_id is not None:
            event.external_ids.append(ExternalId("pos_id", pos_id))


def describe(event: Event, customer: Members, *, added: bool = False) -> None:
    """Write into an event what a customer object says of its customer.

    Absent members and null leave what is known, and so does a blank name, which shops send for guests. Tags replace
    those that are there, unless ``append_tags`` is true.

    Args:
        event: Gets traits and additions.
        customer: As it was sent.
        added: Whether tags are added where ``append_tags`` is not there.
    """
    found = {name: value for name, value in customer.items() if value is not None and name not in _APART}
    for name in _NAMES:
        if type(found.get(name)) is str and not found[name].strip():
            del found[name]
    get = customer.get
    address = get("default_address")
    if type(address) is dict and (known := address_members(address)):
        found["address"] = known
    if "birthdate" in customer and (born := text(customer["birthdate"])) is not None:
        found["birthday"] = born
    stated = text(get("email"))
    if stated is not None and event.email is not None:
        found["email"] = stated
    if event.phone is not None:
        found["phone"] = event.phone
    if "tags" in customer and (tags := words(customer["tags"])) is not None:
        appended = flag(get("append_tags"))
        if appended or (appended is None and added):
            if tags:
                event.additions = {"tags": tags}
        else:
            found["tags"] = tags
    event.traits = spellings.of_user(found)


def wishes(event: Event, customer: Members, *, ip: str = "", revived: bool = False) -> None:
    """Write into an event what a record of a customer says about receiving mail and SMS; null says nothing.

    Args:
        event: Has its identifiers; gets statements.
        customer: As it was sent.
        ip: Address that the customer came from where the record names none, "" where that is not known.
        revived: Whether a customer that the shop had deleted is there again.
    """
    said: tuple[tuple[Channel, str | None, Any], ...] = (
        ("email", event.email, customer.get("accepts_marketing")),
        ("sms", event.phone, customer.get("accepts_sms_marketing")),
    )
    for channel, address, stated in said:
        if stated is None and not revived:
            continue
        wanted = None if stated is None else flag(stated)
        back = revived and address is not None
        if address is None and (channel == "sms" or event.user_id is None):
            continue
        if wanted is None and not back:
            continue
        statement = Statement(channel=channel, address=address or "", deleted=False if back else None)
        if wanted is not None:
            statement.wish = "yes" if wanted else "no"
            statement.ip = ip_of(customer) or ip or None
        event.statements.append(statement)


def id_of(value: Any, field: str, notes: list[str]) -> str | None:
    """Return an id as text, None where there is none that can be used.

    Args:
        value: Text or a number; ``1234`` and ``"1234"`` are the same, leading zeros stay.
        field: Name of the member, for the remark.
        notes: Receives a remark on an id that cannot be used.
    """
    if value is None:
        return None
    if type(value) is int and value > 0:  # nearly all are
        return str(value)
    try:
        return identifiers.read(value.strip() if type(value) is str else value, field, notes)
    except Invalid:
        money.note(notes, f"no usable {field}: it is neither text nor a number")
        return None


def address_of(value: Any, field: str, notes: list[str]) -> str | None:
    """Return a normalised email, None where there is none that can be used; arguments as for ``id_of``."""
    stated = text(value)
    if stated is None:
        if value is not None and value != "" and type(value) is not str:
            money.note(notes, f"no usable {field}: it is not text")
        return None
    found = email.normalise(stated)
    if found is None:
        money.note(notes, f"no usable {field}: {stated[:100]}")
    return found


def phone_of(members: Members, country: str | None, notes: list[str]) -> str | None:
    """Return the E.164 number to which SMS go, None where there is none that can be used.

    Args:
        members: Of a customer or a subscription.
        country: By which numbers without ``+`` are read.
        notes: Receives a remark on a number that cannot be used.
    """
    if _ANY_PHONE.isdisjoint(members):
        return None
    for field in PHONES:
        if field not in members:
            continue
        stated = text(members[field])
        if stated is None:
            continue
        number = phone.normalise(stated, country)
        if number is not None:
            return number
        money.note(notes, f"no usable {field}: {stated[:100]}")
    return None


def ip_of(members: Members) -> str | None:
    """Return the address that a customer came from, as it was sent.

    Args:
        members: Of a customer or a subscription.
    """
    if _ANY_IP.isdisjoint(members):
        return None
    for field in _IPS:
        if field in members:
            stated = text(members[field])
            if stated is not None and len(stated) <= 45:  # characters of an IPv6 address at most
                return stated
    return None


def address_members(address: Members) -> Members:
    """Return a postal address with the members that other dialects know in their spelling.

    Args:
        address: As it was sent; ``country`` is filled from ``country_code`` where it is missing.
    """
    known: Members = {}
    for name, value in address.items():
        if value is not None:
            known.setdefault(_ADDRESS.get(name, name), value)
    if "country" not in known and "country_code" in known:
        known["country"] = known["country_code"]
    return known
