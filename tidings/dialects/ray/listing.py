"""The paths that read: the customers who are registered in stores, and the stores.

Implements `PUT /segments/users` and the members of a store of the articles about reading customers and stores.
"""

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tidings.db import Tx
from tidings.dialects.contract import Intake, Rejected, Reply, Request, Sources
from tidings.dialects.ray import keys, replies
from tidings.kit import jsontext, times
from tidings.profiles import registered
from tidings.profiles import registrations_store as registrations
from tidings.profiles.registered import Registered
from tidings.profiles.registrations_store import Registration
from tidings.profiles.service import called
from tidings.tenants import store as tenants
from tidings.tenants.model import Source

BODY_LIMIT = 65_536  # bytes
LARGEST = 500  # customers of a page
USUAL = 50
DEEPEST = 1_000_000  # customers before a page
MOST = 100  # stores of a request

_UNKNOWN = (
    "location",
    "company",
    "avatar",
    "role",
    "loggedInThrough",
    "qrCode",
    "identityNumber",
    "visitorType",
    "sonBirthDate",
    "province",
    "registeredBy",
)
_SAME = (
    "gender",
    "country",
    "avatar",
    "facebookProfile",
    "googleProfile",
    "linkedInProfile",
    "twitterProfile",
    "instagramProfile",
)
_decode = msgspec.json.Decoder(float_hook=jsontext.number).decode


class Asked(msgspec.Struct, kw_only=True, frozen=True):
    """Which customers are asked for.

    Args:
        stores: Numbers of stores, each once.
        newest_first: Turns the order of registration around.
        offset: Customers before the page.
        size: Customers of the page.
    """

    stores: tuple[str, ...]
    newest_first: bool
    offset: int
    size: int


def list_users(request: Request, sources: Sources) -> Intake:
    """Turn a question for customers into an intake that answers from what is stored.

    Args:
        request: The request.
        sources: Where to look for the token's source and its stores.

    Raises:
        Rejected: 401 and 403 token, 400 a parameter that cannot be taken, 403 a store of another account.
    """
    source = keys.bearer(request, sources)
    asked = _asked(request, source)
    for one in asked.stores:
        if not keys.owns(source, one, sources):
            message = f"stores: the store {one} does not belong to this account"
            raise Rejected(403, "another_store", message, source)
    return Intake(source=source, reply=replies.TAKEN, answer=lambda tx: _users(tx, source, asked))


def list_stores(request: Request, sources: Sources) -> Intake:
    """Turn a question for the account's stores into an intake that answers from what is stored.

    Args:
        request: The request.
        sources: Where to look for the token's source.

    Raises:
        Rejected: 401 and 403 token.
    """
    source = keys.bearer(request, sources)
    return Intake(source=source, reply=replies.TAKEN, answer=lambda tx: _stores(tx, source))


def _users(tx: Tx, source: Source, asked: Asked) -> Reply:
    wall = source.workspace_id
    roots = registrations.page(tx, wall, asked.stores, asked.offset, asked.size, newest_first=asked.newest_first)
    return replies.found({"users": [_user(found, wall) for found in registered.customers(tx, wall, roots)]})


def _user(found: Registered, company: int) -> dict[str, Any]:
    """Return a customer with all documented members; null is what is not known."""
    known = found.traits
    texts = {name: value for name, value in known.items() if isinstance(value, str)}
    tags = known.get("tags")
    first = texts.get("firstName")
    user: dict[str, Any] = dict.fromkeys(_UNKNOWN)
    user |= {name: texts.get(name) for name in _SAME}
    user |= {
        "id": found.id,
        "name": texts.get("name") if first is None else first,
        "lastName": texts.get("lastName", ""),
        "email": found.email,
        "phone": found.phone,
        "birthDate": times.parse(texts["birthday"]) if "birthday" in texts else None,
        "tags": [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        "storeRegistrations": [_registration(one, company) for one in found.registrations],
        "ignored": False,
        "userDisplayName": called(known),
    }
    return user


def _registration(one: Registration, company: int) -> dict[str, Any]:
    return {
        "storeId": int(one.store),
        "storeCompanyId": company,
        "userId": one.root,
        "lastVisitationDate": None,
        "ignored": False,
        "ignoredBy": None,
        "ignoredTimestamp": None,
        "registrationDate": one.at,
        "registeredThrough": {"id": "OTHER", "name": "Other"},
    }


def _stores(tx: Tx, source: Source) -> Reply:
    brands = tenants.list_brands(tx, source.workspace_id)
    name = next((brand["name"] for brand in brands if brand["id"] == source.brand_id), source.name)
    held = tenants.list_credentials(tx, source.workspace_id, source.id)
    numbers = sorted(int(row["hint"]) for row in held if row["name"] == "store_id")
    stores = [
        {
            "id": number,
            "name": name if len(numbers) == 1 else f"{name} {number}",
            "companyId": source.workspace_id,
            "storeCategory": None,
            "logo": None,
            "locality": None,
            "province": None,
            "feedback": None,
            "caption": None,
            "marketing": None,
            "companyHotBotId": None,
            "status": "ACTIVE",
            "country": source.settings.country,
        }
        for number in numbers
    ]
    return replies.found({"stores": stores})


def _asked(request: Request, source: Source) -> Asked:
    try:
        given = dict(parse_qsl(request.query.decode("utf-8", "replace"), max_num_fields=100))
    except ValueError:
        raise _bad("there are more than 100 parameters", source) from None
    order = given.get("orderBy", "registrationDate")
    if order != "registrationDate":
        raise _bad(f"orderBy {order[:40]!r}: there is registrationDate only", source)
    direction = given.get("direction", "ASC").upper()
    if direction not in ("ASC", "DESC"):
        raise _bad(f"direction {direction[:40]!r}: write ASC or DESC", source)
    if given.get("getIgnoredAndBlacklisted", "false").lower() not in ("true", "false"):
        raise _bad("getIgnoredAndBlacklisted: write true or false", source)
    page = _whole(given.get("pageNumber", "1"), "pageNumber", DEEPEST, source)
    size = _whole(given.get("pageSize", str(USUAL)), "pageSize", LARGEST, source)
    if page * size > DEEPEST:
        raise _bad(f"pageNumber: customers are listed up to the {DEEPEST}th", source)
    return Asked(
        stores=_wanted(request.body, source), newest_first=direction == "DESC", offset=(page - 1) * size, size=size
    )


def _whole(text: str, field: str, most: int, source: Source) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise _bad(f"{field}: write a number from 1 to {most}", source)
    return int(text)


def _wanted(body: bytes, source: Source) -> tuple[str, ...]:
    """Return the stores that a body names."""
    try:
        content = jsontext.decode(body, _decode)
    except (jsontext.Unreadable, jsontext.TooDeep) as problem:
        raise _bad(f"the body cannot be read as JSON: {problem}", source) from problem
    listed = content.get("stores") if type(content) is dict else None
    if type(listed) is not list or not 0 < len(listed) <= MOST:
        raise _bad(f'stores: name 1 to {MOST} of them, like {{"stores": [{{"id": 3}}]}}', source)
    for name, meaning in (("filters", []), ("useCompanyUsers", False), ("useCompanyEvents", False)):
        if content.get(name) not in (None, meaning):
            raise _bad(f"{name} is not supported: send {jsontext.encode(meaning).decode()}", source)
    return tuple(dict.fromkeys(_store(one, place, source) for place, one in enumerate(listed)))


def _store(stated: Any, place: int, source: Source) -> str:
    number = stated.get("id") if type(stated) is dict else stated
    text = str(number) if type(number) is int else number
    if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 18:
        return str(int(text))
    raise _bad(f"stores[{place}].id must be the number of a store", source)


def _bad(message: str, source: Source) -> Rejected:
    return Rejected(400, "bad_request", message, source)
