"""A profile as people see it: itself and all that was merged into it, as one."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from tidings.db import Tx
from tidings.events import pending_store
from tidings.events import store as events
from tidings.events.model import Forget
from tidings.profiles import store
from tidings.profiles.store import Row

CONFLICTS = 50
KINDS = {"user_id": 0, "external": 1, "email": 2, "phone": 3, "anonymous_id": 4}
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class ProfileView(msgspec.Struct, kw_only=True):
    """One customer.

    Args:
        id: Number of the profile that survives.
        identifiers: Strongest first, each with the source and time that it came with.
        traits: Present values by name.
        trait_details: For each trait its time, source, trust and message id.
        removed_traits: The same of traits that an event has removed.
        lifetime_value: Exact sum by currency, as decimal text: a JSON number would be rounded by many readers.
        event_count: Events of the profile and of those merged into it.
        first_seen: UTC milliseconds.
        last_seen: UTC milliseconds, None if never active.
        groups: Accounts that it belongs to.
        merges: Profiles that became part of it: id, into, cause, time.
        conflicts: Profiles that an event named together with it and that were not merged, newest first.
    """

    id: int
    identifiers: list[Row]
    traits: dict[str, Any]
    trait_details: dict[str, Row]
    removed_traits: dict[str, Row]
    lifetime_value: dict[str, str]
    event_count: int
    first_seen: int
    last_seen: int | None
    groups: list[Row]
    merges: list[Row]
    conflicts: list[Row]


def find(tx: Tx, workspace_id: int, kind: str, value: str) -> ProfileView | None:
    """Return the profile that an identifier names."""
    root = store.root_by(tx, workspace_id, kind, value)
    return None if root is None else view(tx, workspace_id, root)


def view(tx: Tx, workspace_id: int, profile_id: int) -> ProfileView | None:
    """Return a profile, or the one that it is part of; None if there is none of this id."""
    root = store.root_of(tx, workspace_id, profile_id)
    if root is None:
        return None
    ids = store.members(tx, workspace_id, root)
    (figures,) = store.brief_figures(tx, workspace_id, [root])
    traits = with_additions(
        newest(store.list_traits(tx, workspace_id, ids)), store.list_additions(tx, workspace_id, ids)
    )
    present = {name: row for name, row in sorted(traits.items()) if row["value"] is not None}
    return ProfileView(
        id=root,
        identifiers=[
            without(row, "workspace_id") for row in by_strength(store.list_identifiers(tx, workspace_id, ids))
        ],
        traits={name: _decode(row["value"]) for name, row in present.items()},
        trait_details={name: detail(row) for name, row in present.items()},
        removed_traits={name: detail(row) for name, row in sorted(traits.items()) if row["value"] is None},
        lifetime_value=total(store.list_values(tx, workspace_id, ids)),
        event_count=figures["event_count"],
        first_seen=figures["first_seen"],
        last_seen=figures["last_seen"],
        groups=earliest(store.list_memberships(tx, workspace_id, ids)),
        merges=[without(row, "workspace_id") for row in store.list_links(tx, workspace_id, ids)],
        conflicts=[without(row, "workspace_id") for row in store.list_conflicts(tx, workspace_id, ids, CONFLICTS)],
    )


def unmerge(tx: Tx, workspace_id: int, child_id: int) -> bool:
    """Take a merge back: the child stands by itself again, with what it had and what was merged into it before.

    What came after the merge stays with whom it was processed for; so does an identifier that came after it. An event
    that names both again merges them again.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        child_id: The profile that became part of another.

    Returns:
        Whether there was such a merge.
    """
    root = store.root_of(tx, workspace_id, child_id)
    if root is None or not store.unlink(tx, workspace_id, child_id):
        return False
    cluster = store.members(tx, workspace_id, root)
    parents = {row["child_id"]: row["parent_id"] for row in store.list_links(tx, workspace_id, cluster)}
    freed = [member for member in cluster if child_id in lineage(member, parents)]
    store.set_root(tx, workspace_id, freed, child_id)
    events.count(tx, {(workspace_id, 0, "merged"): -1})
    return True


def forget(tx: Tx, workspace_id: int, profile_id: int, now: int, appended: int) -> tuple[int, int] | None:
    """Have the pipeline erase a customer, with all that was merged into it, once it has worked off what came before.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_id: The customer, or one that became part of it.
        now: UTC milliseconds: events up to then that name the customer later are dropped.
        appended: Events in the log since it began.

    Returns:
        The profile that survives, and the number under which this waits for the pipeline; None if there is no such
        profile.
    """
    root = store.root_of(tx, workspace_id, profile_id)
    if root is None:
        return None
    asked = msgspec.json.encode(Forget(profile_id=root, at=now, upto=appended)).decode()
    return root, pending_store.add(tx, workspace_id, pending_store.FORGET, asked, now)


def lineage(profile_id: int, parents: dict[int, int]) -> list[int]:
    """Return a profile and all that it is part of, the surviving one last."""
    found = [profile_id]
    while (parent := parents.get(found[-1])) is not None:
        found.append(parent)
    return found


def newest(rows: Iterable[Row]) -> dict[str, Row]:
    """Return by name the trait that outlives the others: server trust first, then event time, then message id."""
    found: dict[str, Row] = {}
    for row in rows:
        present = found.get(row["name"])
        if present is None or order(row) > order(present):
            found[row["name"]] = row
    return found


def with_additions(traits: dict[str, Row], additions: Iterable[Row]) -> dict[str, Row]:
    """Return traits with the items that were added to them later than they were set, in the order of adding.

    Args:
        traits: Those that hold, by name.
        additions: Items that were added to traits.
    """
    found = dict(traits)
    for row in sorted(additions, key=order):
        name, base = row["name"], traits.get(row["name"])
        if base is not None and order(row) <= order(base):
            continue
        present = _decode(found[name]["value"]) if name in found and found[name]["value"] is not None else []
        items = present if isinstance(present, list) else [present]
        if row["item"] not in items:
            value = _encode([*items, row["item"]]).decode()
            found[name] = without(row, "item") | {"value": value}
    return found


def called(traits: dict[str, object]) -> str | None:
    """Return what a customer is called by the values of their traits."""
    texts = {name: traits[name] for name in store.NAMED if isinstance(traits.get(name), str) and traits[name]}
    both = " ".join(str(texts[name]) for name in ("firstName", "lastName") if name in texts)
    return str(texts["name"]) if "name" in texts else both or None


def order(trait: Row) -> tuple[int, int, str]:
    """Return what a trait is compared by."""
    return trait["rank"], trait["time"], trait["message_id"]


def total(rows: Iterable[Row]) -> dict[str, str]:
    """Return the exact sum by currency."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        amount = store.EXACT.add(sums.get(row["currency"], Decimal(0)), Decimal(row["amount"]))
        sums[row["currency"]] = amount
    return {currency: format(amount, "f") for currency, amount in sorted(sums.items())}


def earliest(rows: Iterable[Row]) -> list[Row]:
    """Return each group once, since when the first of the merged profiles belonged to it."""
    since: dict[str, int] = {}
    for row in rows:
        since[row["group_id"]] = min(since.get(row["group_id"], row["since"]), row["since"])
    return [{"id": group, "since": since[group]} for group in sorted(since)]


def by_strength(rows: Iterable[Row]) -> list[Row]:
    """Return identifiers strongest first, oldest first among equals."""
    return sorted(rows, key=lambda row: (KINDS[row["kind"].split("@")[0].split(":")[0]], row["since"], row["value"]))


def detail(trait: Row) -> Row:
    """Return where a trait comes from."""
    trust = "server" if trait["rank"] else "browser"
    members = ("time", "source_id", "message_id", "profile_id")
    return {name: trait[name] for name in members} | {"trust": trust}


def without(row: Row, *names: str) -> Row:
    """Return a row without some members."""
    return {name: value for name, value in row.items() if name not in names}
