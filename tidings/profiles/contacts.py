"""Customers as contacts: one for each email address, with all that is known of whoever has it."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import msgspec

from tidings.db import Tx
from tidings.profiles import contacts_store, service, store
from tidings.profiles.model import Identifier

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Contact(msgspec.Struct, kw_only=True):
    """A customer with an email address.

    Args:
        profile_id: The profile that survives.
        members: It, and the profiles that were merged into it.
        email: One of its addresses.
        identifiers: All of them, strongest first.
        traits: Present values by name.
        first_seen: UTC milliseconds.
    """

    profile_id: int
    members: list[int]
    email: str
    identifiers: list[Identifier]
    traits: dict[str, Any]
    first_seen: int


def page(tx: Tx, workspace_id: int, offset: int, limit: int) -> list[Contact]:
    """Return a part of all contacts, by the alphabet of their addresses.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        offset: Contacts to pass over.
        limit: Contacts at most.
    """
    return _contacts(tx, workspace_id, contacts_store.page_of_addresses(tx, workspace_id, offset, limit))


def by_email(tx: Tx, workspace_id: int, address: str) -> Contact | None:
    """Return the contact of a normalised address, None if nobody has it."""
    root = store.root_by(tx, workspace_id, "email", address)
    return None if root is None else next(iter(_contacts(tx, workspace_id, [(address, root)])), None)


def by_profile(tx: Tx, workspace_id: int, profile_id: int) -> Contact | None:
    """Return the first contact of a profile, or of the one that it is part of; None for one without an address."""
    root = store.root_of(tx, workspace_id, profile_id)
    if root is None:
        return None
    known = store.list_identifiers(tx, workspace_id, store.members(tx, workspace_id, root))
    addresses = sorted(row["value"] for row in known if row["kind"] == "email")
    return next(iter(_contacts(tx, workspace_id, [(addresses[0], root)])), None) if addresses else None


def _contacts(tx: Tx, workspace_id: int, found: list[tuple[str, int]]) -> list[Contact]:
    if not found:
        return []
    pairs = contacts_store.members_of(tx, workspace_id, sorted({root for _, root in found}))
    root_of, ids = dict(pairs), [profile_id for profile_id, _ in pairs]
    members: defaultdict[int, list[int]] = defaultdict(list)
    seen: dict[int, int] = {}
    for profile_id, root in pairs:
        members[root].append(profile_id)
    for row in store.list_figures(tx, workspace_id, ids):
        root = root_of[row["id"]]
        seen[root] = min(seen.get(root, row["first_seen"]), row["first_seen"])
    known = _by_root(store.list_identifiers(tx, workspace_id, ids), root_of)
    traits = _by_root(store.list_traits(tx, workspace_id, ids), root_of)
    added = _by_root(store.list_additions(tx, workspace_id, ids), root_of)
    return [
        Contact(
            profile_id=root,
            members=members[root],
            email=address,
            identifiers=[Identifier(row["kind"], row["value"]) for row in service.by_strength(known[root])],
            traits=_present(service.with_additions(service.newest(traits[root]), added[root])),
            first_seen=seen[root],
        )
        for address, root in found
    ]


def _present(traits: dict[str, store.Row]) -> dict[str, Any]:
    return {name: _decode(row["value"]) for name, row in sorted(traits.items()) if row["value"] is not None}


def _by_root(rows: list[store.Row], root_of: dict[int, int]) -> defaultdict[int, list[store.Row]]:
    found: defaultdict[int, list[store.Row]] = defaultdict(list)
    for row in rows:
        found[root_of[row["profile_id"]]].append(row)
    return found
