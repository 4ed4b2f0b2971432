"""What is answered about a contact or a product: the vendor's words for what is stored."""

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET

from tidings.commerce.model import ProductView
from tidings.consent.model import Preference
from tidings.dialects.remarkety.customers import PLUGIN_MEMBERS
from tidings.events.model import Members
from tidings.events.reports import Moment, VariantReport
from tidings.kit.signing import Signer
from tidings.kit.times import iso
from tidings.profiles.contacts import Contact

PURPOSE = "remarkety contact"
_SPELLINGS = {"firstName": "first_name", "lastName": "last_name", "createdAt": "created_at", "birthday": "birthdate"}
_ADDRESS = {"state": "region", "postalCode": "zip"}
_OWN = frozenset(("hash", "id", "email", "accepts_marketing", "default_address", "address", *PLUGIN_MEMBERS))


def hash_of(signer: Signer, workspace_id: int, profile_id: int) -> str:
    """Return the name of a contact in addresses: opaque, the same for ever, and nobody can guess another's.

    Args:
        signer: Signs it.
        workspace_id: The wall.
        profile_id: The customer.
    """
    return f"{profile_id:x}-{signer.sign(PURPOSE, f'{workspace_id}:{profile_id}')}"


def profile_of(signer: Signer, workspace_id: int, name: str) -> int | None:
    """Return the customer that a name in an address means, None where we have not made that name.

    Args:
        signer: Has signed it.
        workspace_id: The wall.
        name: As ``hash_of`` made it.
    """
    number, _, signature = name.partition("-")
    if not number or len(number) > 16 or set(number) - set("0123456789abcdef"):
        return None
    profile_id = int(number, 16)
    return profile_id if signer.is_signed(PURPOSE, f"{workspace_id}:{profile_id}", signature) else None


def contact_document(contact: Contact, name: str, id_space: str, preferences: Iterable[Preference]) -> Members:
    """Return a contact as the vendor's API shows it.

    Args:
        contact: Who.
        name: Its name in addresses.
        id_space: Of the source's user ids.
        preferences: What it and those merged into it want.
    """
    kind = f"user_id@{id_space}" if id_space else "user_id"
    ids = [known.value for known in contact.identifiers if known.kind == kind]
    said = max((one for one in preferences if one.channel == "email"), key=lambda one: one.order, default=None)
    traits = contact.traits
    document: Members = {"hash": name, "id": ids[0] if ids else None, "email": contact.email}
    document |= {"first_name": None, "last_name": None, "tags": [], "group": None}
    document["created_at"] = iso(contact.first_seen)
    document |= {_SPELLINGS.get(one, one): value for one, value in traits.items() if one not in _OWN}
    document["accepts_marketing"] = None if said is None else said.state == "yes"
    address = traits.get("address")
    if isinstance(address, dict):
        document["default_address"] = {_ADDRESS.get(one, one): value for one, value in address.items()}
    groups = traits.get("groups")
    if document["group"] is None and isinstance(groups, list):
        document["group"] = next((one["name"] for one in groups if isinstance(one, dict) and one.get("name")), None)
    if not isinstance(document["tags"], list):
        document["tags"] = [document["tags"]]
    return document


def product_document(product: ProductView) -> Members:
    """Return a product as ``products/create`` would tell it.

    Args:
        product: As it stands.
    """
    said = product.said
    src = spoken(said.image)
    document: Members = {
        "id": said.id,
        "sku": spoken(said.sku),
        "title": spoken(said.title),
        "body_html": spoken(said.description),
        "url": spoken(said.url),
        "image": None if src is None else {"src": src},
        "images": [{"src": one} for one in said.images or ()],
        "vendor": spoken(said.vendor),
        "categories": [{"name": name} for name in said.categories or ()],
        "tags": list(said.tags or ()),
        "product_exists": said.exists is not False,
        "price": spoken(said.price),
        "currency": spoken(said.currency),
        "created_at": _moment(said.created_at),
        "updated_at": _moment(product.at or None),
        "variants": [_variant_document(said.id, one) for one in said.variants or ()],
    }
    return (said.extra or {}) | document


def _variant_document(product_id: str, variant: VariantReport) -> Members:
    document: Members = {
        "id": variant.id,
        "product_id": product_id,
        "sku": spoken(variant.sku),
        "title": spoken(variant.title),
        "image": spoken(variant.image),
        "price": spoken(variant.price),
        "salePrice": spoken(variant.sale_price),
        "currency": spoken(variant.currency),
        "inventory_quantity": spoken(variant.stock),
        "barcode": spoken(variant.barcode),
    }
    return (variant.extra or {}) | document


def spoken(value: Any) -> Any:
    """Return what is said, None where nothing is."""
    return None if value is UNSET else value


def _moment(at: Moment) -> str | None:
    return iso(at) if isinstance(at, int) else None


def changed(contact: Contact, traits: Members, additions: dict[str, list[Any]]) -> Contact:
    """Return a contact as it is once an event is applied that was accepted.

    Args:
        contact: As it is.
        traits: Of the event; null removes.
        additions: Of the event.
    """
    known = {name: value for name, value in (contact.traits | traits).items() if value is not None}
    for name, items in additions.items():
        present = known.get(name)
        present = present if isinstance(present, list) else [] if present is None else [present]
        known[name] = [*present, *(item for item in items if item not in present)]
    contact.traits = known
    return contact
