"""Customers, orders and products of a store by the vendor's API v2: listed, made and changed."""

from functools import partial
from typing import NamedTuple

import msgspec

from tidings.commerce import reading as commerce
from tidings.consent import store as consent
from tidings.consent.model import Preference
from tidings.db import Tx
from tidings.dialects.contract import Intake, Rejected, Reply, Request, Sources
from tidings.dialects.remarkety import adapter, body, documents, keys, replies
from tidings.dialects.remarkety.adapter import Invalid, Sender
from tidings.dialects.remarkety.intake import object_of, refuse, sender_of
from tidings.dialects.remarkety.topics import Topic
from tidings.events import pending_store
from tidings.events.model import Event, Members, Record
from tidings.kit import email
from tidings.kit.signing import Signer
from tidings.profiles import contacts
from tidings.profiles.contacts import Contact
from tidings.tenants.model import Source

MOST = 100  # of a page
DEEPEST = 1_000_000  # pages

_CREATE = Topic("customers/create", "customers", "create")
_UPDATE = Topic("customers/update", "customers", "update")
_ORDER = Topic("orders/create", "orders", "create")
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Part(NamedTuple):
    """Which part of a list is asked for.

    Args:
        page: From 1 on.
        limit: Items at most.
    """

    page: int
    limit: int

    @property
    def offset(self) -> int:
        """Items before it."""
        return (self.page - 1) * self.limit


class Asked(NamedTuple):
    """Who asks for contacts.

    Args:
        source: Whose token.
        signer: Signs their names.
    """

    source: Source
    signer: Signer


def list_customers(request: Request, sources: Sources) -> Intake:
    """Answer with a page of contacts, or with the one of an ``email``.

    Args:
        request: The request.
        sources: Where to look for its store.

    Raises:
        Rejected: 400 a page that cannot be; 401 no token or a wrong one; 403 a public one; 404 an unknown store.
    """
    source = keys.secretly_keyed(request, sources)
    query = body.pairs(request.query)
    part = part_of(query, source)
    asked = Asked(source, sources.signer)
    return Intake(source=source, reply=replies.OK, answer=partial(_listed, asked, part, query.get("email")))


def create_customer(request: Request, sources: Sources) -> Intake:
    """Make a contact, or bring the one that is there up to date.

    Args:
        request: The request.
        sources: Where to look for its store.

    Raises:
        Rejected: 400 unreadable; 401 no token or a wrong one; 403 a public one; 404 an unknown store.
    """
    source = keys.secretly_keyed(request, sources)
    members = wrapped(object_of(request, source), "customer")
    try:
        event = adapter.adapt(_CREATE, members, sender_of(request, source, has_token=True))
    except Invalid as problem:
        return refuse(source, str(problem), request.body, _CREATE.name)
    accepted = replies.document({"customer": {"hash": None, **members}})
    answer = partial(_made, Asked(source, sources.signer), event, accepted)
    return Intake(source=source, events=[event], reply=accepted, answer=answer)


def change_customer(request: Request, sources: Sources) -> Intake:
    """Change the contact that the address names.

    Args:
        request: The request.
        sources: Where to look for its store.

    Raises:
        Rejected: 400 unreadable; 401 no token or a wrong one; 403 a public one; 404 an unknown store.
    """
    source = keys.secretly_keyed(request, sources)
    members = wrapped(object_of(request, source), "customer")
    sender = sender_of(request, source, has_token=True)
    name = request.parameters["hash"]
    answer = partial(_changed, Asked(source, sources.signer), name, members, sender)
    return Intake(source=source, reply=replies.OK, answer=answer)


def create_order(request: Request, sources: Sources) -> Intake:
    """Take an order, as ``orders/create`` would.

    Args:
        request: The request.
        sources: Where to look for its store.

    Raises:
        Rejected: 400 unreadable; 401 no token or a wrong one; 404 an unknown store.
    """
    source = keys.keyed(request, sources)
    members = wrapped(object_of(request, source), "order")
    try:
        event = adapter.adapt(_ORDER, members, sender_of(request, source, has_token=True))
    except Invalid as problem:
        return refuse(source, str(problem), request.body, _ORDER.name)
    return Intake(source=source, events=[event], reply=replies.document({"status": "OK", "order": members}))


def list_products(request: Request, sources: Sources) -> Intake:
    """Answer with a page of what the shop has told of its products.

    Args:
        request: The request.
        sources: Where to look for its store.

    Raises:
        Rejected: 400 a page that cannot be; 401 no token or a wrong one; 404 an unknown store.
    """
    source = keys.keyed(request, sources)
    part = part_of(body.pairs(request.query), source)
    return Intake(source=source, reply=replies.OK, answer=partial(_listed_products, source, part))


def part_of(query: dict[str, str], source: Source) -> Part:
    """Return which part of a list a query asks for.

    Args:
        query: ``page`` from 1 on, ``limit`` of at most 100.
        source: Who asks.

    Raises:
        Rejected: 400, it is no number.
    """
    found = []
    for name, usual, most in (("page", 1, DEEPEST), ("limit", MOST, MOST)):
        stated = query.get(name, "").strip()
        if stated and not (stated.isascii() and stated.isdecimal() and len(stated) < 10 and int(stated) >= 1):
            raise Rejected(400, "bad_page", f"{name} must be a number from 1 on", source)
        found.append(min(int(stated), most) if stated else usual)
    return Part(*found)


def wrapped(members: Members, name: str) -> Members:
    """Return the object that a body wraps, or the body itself where it does not.

    Args:
        members: The body.
        name: Of the wrapping member.
    """
    inner = members.get(name)
    return inner if type(inner) is dict and len(members) == 1 else members


def _listed(asked: Asked, part: Part, address: str | None, tx: Tx) -> Reply:
    wall = asked.source.workspace_id
    if address is None:
        found = contacts.page(tx, wall, part.offset, part.limit)
    else:
        exact = email.normalise(address)
        one = contacts.by_email(tx, wall, exact) if exact is not None and part.page == 1 else None
        found = [] if one is None else [one]
    return replies.document({"customers": _documents(tx, asked, found)})


def _listed_products(source: Source, part: Part, tx: Tx) -> Reply:
    found = commerce.page_of_products(tx, source.workspace_id, source.brand_id, part.offset, part.limit)
    return replies.document({"products": [documents.product_document(one) for one in found]})


def _made(asked: Asked, event: Event, accepted: Reply, tx: Tx) -> Reply:
    """Answer with a contact as it is now; with what was accepted where the pipeline has not come so far yet."""
    wall = asked.source.workspace_id
    found = contacts.by_email(tx, wall, event.email) if event.email is not None else None
    return accepted if found is None else replies.document({"customer": _documents(tx, asked, [found])[0]})


def _changed(asked: Asked, name: str, members: Members, sender: Sender, tx: Tx) -> Reply:
    source = asked.source
    profile_id = documents.profile_of(asked.signer, source.workspace_id, name)
    contact = None if profile_id is None else contacts.by_profile(tx, source.workspace_id, profile_id)
    if contact is None:
        raise Rejected(404, "unknown_customer", "there is no customer of this hash", source)
    try:
        event = adapter.adapt(_UPDATE, _named(members, contact, source), sender)
    except Invalid as problem:
        raise Rejected(400, "invalid", str(problem), source) from problem
    record = Record(
        workspace_id=source.workspace_id,
        source_id=source.id,
        trust=source.trust,
        id_space=source.settings.id_space,
        received=sender.received,
        events=[event],
        brand_id=source.brand_id,
    )
    payload = _encode(record).decode()
    pending_store.add(tx, source.workspace_id, pending_store.RECORD, payload, sender.received)
    contact = documents.changed(contact, event.traits, event.additions)
    contact.email = event.email or contact.email
    document = _documents(tx, asked, [contact])[0]
    if type(members.get("accepts_marketing")) is bool:
        document["accepts_marketing"] = members["accepts_marketing"]
    return replies.document({"customer": document})


def _named(members: Members, contact: Contact, source: Source) -> Members:
    """Return what a contact is to become with what it is found by: its id, else its address.

    Raises:
        Invalid: It cannot be found by what would then be said of it.
    """
    kind = f"user_id@{source.settings.id_space}" if source.settings.id_space else "user_id"
    known = next((one.value for one in contact.identifiers if one.kind == kind), None)
    stated = members.get("id")
    if known is not None:
        if stated is not None and str(stated).strip() != known:
            raise Invalid("this customer has another id")
        return {"email": contact.email, **members, "id": known}
    address = members.get("email")
    if address is not None and (not isinstance(address, str) or email.normalise(address) != contact.email):
        raise Invalid("the email of a customer without an id cannot be changed: it is what the customer is found by")
    return {**members, "email": contact.email}


def _documents(tx: Tx, asked: Asked, found: list[Contact]) -> list[Members]:
    wall, id_space = asked.source.workspace_id, asked.source.settings.id_space
    owners = {member: one.profile_id for one in found for member in one.members}
    said: dict[int, list[Preference]] = {}
    for preference in consent.preferences_of(tx, [(wall, member) for member in owners]):
        said.setdefault(owners[preference.profile_id], []).append(preference)
    return [
        documents.contact_document(
            one, documents.hash_of(asked.signer, wall, one.profile_id), id_space, said.get(one.profile_id, [])
        )
        for one in found
    ]
