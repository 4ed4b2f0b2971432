"""Groups as people see them: lists, one with its traits, and its members."""

import hashlib
from decimal import Decimal
from typing import Any

import msgspec

from tidings.db import Tx
from tidings.profiles import groups_store, store
from tidings.profiles.listing import Brief, briefs
from tidings.tenants.paging import Page, cursor_of

SEARCHED = 1_000  # the first matches of a search, which its pages are cut from
COUNTED = 1_000  # memberships that are looked at to count members
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class BriefGroup(msgspec.Struct, kw_only=True):
    """A group in a list.

    Args:
        id: The sender's id of it.
        name: The trait name, if it is text.
        member_count: Customers in it; only some of its members are looked at, where they are many.
        first_seen: UTC milliseconds.
        last_seen: UTC milliseconds.
    """

    id: str
    name: str | None
    member_count: int
    first_seen: int
    last_seen: int


class GroupView(BriefGroup, kw_only=True):
    """A group with its traits.

    Args:
        traits: Present values by name.
        trait_details: For each trait its time, source, trust and message id.
    """

    traits: dict[str, Any]
    trait_details: dict[str, store.Row]


def listed(tx: Tx, workspace_id: int, search: str | None, page: Page) -> tuple[list[BriefGroup], str | None]:
    """Return a page of groups and the cursor of the next.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        search: Beginning of an id or a name; None lists the newest.
        page: Which part of the list.

    Raises:
        ValidationException: The cursor is none of this list.
    """
    if search is None:
        return _newest(tx, workspace_id, page)
    key = page.key("found_groups", 1)
    offset = max(0, key[0]) if key else 0
    ids = groups_store.search(tx, workspace_id, search.strip(), SEARCHED) if search.strip() else []
    upto = offset + page.limit
    rows = {row["id"]: row for row in groups_store.list_groups(tx, workspace_id, ids[offset:upto])}
    following = cursor_of("found_groups", upto) if len(ids) > upto else None
    return _briefs(tx, workspace_id, [rows[one] for one in ids[offset:upto]]), following


def view(tx: Tx, workspace_id: int, group_id: str) -> GroupView | None:
    """Return a group, None if there is none of this id."""
    row = store.get_group(tx, workspace_id, group_id)
    if row is None:
        return None
    (brief,) = _briefs(tx, workspace_id, [row])
    present = {trait["name"]: trait for trait in row["traits"] if trait["value"] is not None}
    return GroupView(
        **msgspec.structs.asdict(brief),
        traits={name: _decode(trait["value"]) for name, trait in present.items()},
        trait_details={name: _detail(trait) for name, trait in present.items()},
    )


def members(tx: Tx, workspace_id: int, group_id: str, page: Page) -> tuple[list[tuple[Brief, int]], str | None]:
    """Return a page of the customers of a group, each with since when, and the cursor of the next.

    Raises:
        ValidationException: The cursor is none of this list.
    """
    key = page.key("members", 1)
    rows = groups_store.list_members(tx, workspace_id, group_id, key[0] if key else None, page.limit + 1)
    following = cursor_of("members", rows[page.limit - 1][0]) if len(rows) > page.limit else None
    roots = [root for _, root in rows[: page.limit]]
    since = groups_store.since(tx, workspace_id, group_id, roots)
    return [(brief, since[brief.id]) for brief in briefs(tx, workspace_id, roots)], following


def by_digest(tx: Tx, workspace_id: int, begins: str, digest: str) -> str | None:
    """Return the id of a group that is too long or too strange for an address.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        begins: Its beginning.
        digest: Of ``digest_of``.
    """
    ids = groups_store.by_id(tx, workspace_id, begins, SEARCHED)
    return next((one for one in ids if digest_of(one) == digest), None)


def digest_of(group_id: str) -> str:
    """Return what stands for an id in an address."""
    return hashlib.sha256(group_id.encode()).hexdigest()[:32]


def _newest(tx: Tx, workspace_id: int, page: Page) -> tuple[list[BriefGroup], str | None]:
    key = page.key("groups", 2)
    before = (key[0], max(0, key[1])) if key else None
    rows = groups_store.newest(tx, workspace_id, before, page.limit + 1)
    shown = rows[: page.limit]
    following = None
    if len(rows) > page.limit:
        last = shown[-1]["first_seen"]
        same = sum(row["first_seen"] == last for row in shown)
        skipped = before[1] if before and before[0] == last else 0
        following = cursor_of("groups", last, same + skipped)
    return _briefs(tx, workspace_id, shown), following


def _briefs(tx: Tx, workspace_id: int, rows: list[store.Row]) -> list[BriefGroup]:
    names = groups_store.names(tx, workspace_id, [row["id"] for row in rows])
    return [
        BriefGroup(
            id=row["id"],
            name=_text(names.get(row["id"])),
            member_count=groups_store.count_members(tx, workspace_id, row["id"], COUNTED),
            first_seen=row["first_seen"],
            last_seen=row["last_seen"],
        )
        for row in rows
    ]


def _text(value: str | None) -> str | None:
    found = None if value is None else _decode(value)
    return found if isinstance(found, str) and found else None


def _detail(trait: store.Row) -> store.Row:
    trust = "server" if trait["rank"] else "browser"
    return {name: trait[name] for name in ("time", "source_id", "message_id")} | {"trust": trust}
