"""Customers who are registered in stores, many at once: what a listing says of each."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from tidings.db import Tx
from tidings.profiles import registrations_store, service, store
from tidings.profiles.registrations_store import Registration
from tidings.profiles.store import Row

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Registered(msgspec.Struct, kw_only=True):
    """One customer.

    Args:
        id: Number of the profile that survives.
        email: The first one that they were known by.
        phone: The same, E.164.
        traits: Present values by name.
        registrations: All of them, by store.
    """

    id: int
    email: str | None
    phone: str | None
    traits: dict[str, Any]
    registrations: list[Registration]


def customers(tx: Tx, workspace_id: int, roots: Sequence[int]) -> list[Registered]:
    """Return customers in the order of their numbers as they are given.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        roots: Profiles that survive.
    """
    if not roots:
        return []
    members = registrations_store.members(tx, workspace_id, roots)
    ids = sorted(members)
    names = _by_root(store.list_identifiers(tx, workspace_id, ids), members)
    traits = _by_root(store.list_traits(tx, workspace_id, ids), members)
    additions = _by_root(store.list_additions(tx, workspace_id, ids), members)
    held: dict[int, list[Registration]] = {}
    for one in registrations_store.of(tx, workspace_id, ids):
        held.setdefault(one.root, []).append(one)
    found = []
    for root in roots:
        known = service.with_additions(service.newest(traits.get(root, [])), additions.get(root, []))
        by_kind = service.by_strength(names.get(root, []))
        customer = Registered(
            id=root,
            email=_first(by_kind, "email"),
            phone=_first(by_kind, "phone"),
            traits={name: _decode(row["value"]) for name, row in known.items() if row["value"] is not None},
            registrations=held.get(root, []),
        )
        found.append(customer)
    return found


def _first(names: list[Row], kind: str) -> str | None:
    return next((row["value"] for row in names if row["kind"] == kind), None)


def _by_root(rows: Iterable[Row], members: dict[int, int]) -> dict[int, list[Row]]:
    sorted_: dict[int, list[Row]] = {}
    for row in rows:
        sorted_.setdefault(members[row["profile_id"]], []).append(row)
    return sorted_
