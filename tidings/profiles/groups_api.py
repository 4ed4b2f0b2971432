"""The own API's routes of groups and who is in them."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from msgspec import Meta, Struct

from tidings.db import Database, Tx
from tidings.kit.times import iso
from tidings.profiles import groups, listing, store
from tidings.profiles.api import LONGEST, Brief, brief, rest_of_path
from tidings.tenants.api import Id, Time
from tidings.tenants.model import Token, Trust
from tidings.tenants.paging import Next, Page

GroupId = Annotated[str, Parameter(max_length=LONGEST, description="The sender's id of it, percent-encoded.")]
Search = Annotated[
    str | None,
    Parameter(min_length=1, max_length=200, description="Beginning of an id, or of a name in any case."),
]


class GroupTrait(Struct, kw_only=True):
    """Where a trait of a group comes from."""

    time: Time
    source_id: Id
    message_id: Annotated[str, Meta(description="The sender's id of the event that set it.")]
    trust: Trust


class GroupBrief(Struct, kw_only=True):
    """An account or company in a list."""

    id: Annotated[str, Meta(description="The sender's id of it.", examples=["acme"])]
    name: Annotated[str | None, Meta(description="The trait name, if it is text.", examples=["Acme Ltd"])]
    member_count: Annotated[int, Meta(description="Customers in it, counted up to 1,000.")]
    first_seen: Time
    last_seen: Time


class GroupOut(GroupBrief, kw_only=True):
    """An account or company that profiles belong to."""

    traits: Annotated[dict[str, Any], Meta(description="Present values by name.", examples=[{"plan": "gold"}])]
    trait_details: dict[str, GroupTrait]


class GroupPage(Struct, kw_only=True):
    """Groups, newest first; of a search in the order of what was found."""

    items: list[GroupBrief]
    next: Next


class Member(Brief, kw_only=True):
    """A customer in a group."""

    since: Annotated[Time, Meta(description="When the first event put them into the group.")]


class MemberPage(Struct, kw_only=True):
    """Customers in a group, newest first; profiles that were merged are one."""

    items: list[Member]
    next: Next


@get("/groups", summary="List or search groups")
async def list_groups(database: Database, token: Token, page: Page, search: Search = None) -> GroupPage:
    """Return the newest groups, or the first 1,000 whose id or name begins with a text."""
    found, following = await database.read(groups.listed, token.workspace_id, search, page)
    return GroupPage(items=[GroupBrief(**_members(one)) for one in found], next=following)


@get("/groups/{group_id:path}", summary="Show a group")
async def get_group(request: Request[Any, Any, Any], database: Database, token: Token, group_id: GroupId) -> GroupOut:
    """Return one account or company."""
    exact = rest_of_path(request, "/groups/", group_id)
    found = await database.read(groups.view, token.workspace_id, exact)
    if found is None:
        raise NotFoundException("there is no group of this id in this workspace")
    details = {name: GroupTrait(**row | {"time": iso(row["time"])}) for name, row in found.trait_details.items()}
    return GroupOut(**_members(found), traits=found.traits, trait_details=details)


@get("/group-members/{group_id:path}", summary="List the members of a group")
async def list_group_members(
    request: Request[Any, Any, Any], database: Database, token: Token, group_id: GroupId, page: Page
) -> MemberPage:
    """Return the customers of a group, newest first."""
    exact = rest_of_path(request, "/group-members/", group_id)
    found, following = await database.read(_of_group, token.workspace_id, exact, page)
    items = [
        Member(**{name: getattr(brief(one), name) for name in Brief.__struct_fields__}, since=iso(since))
        for one, since in found
    ]
    return MemberPage(items=items, next=following)


ROUTES = (list_groups, get_group, list_group_members)


def _of_group(
    tx: Tx, workspace_id: int, group_id: str, page: Page
) -> tuple[list[tuple[listing.Brief, int]], str | None]:
    if store.get_group(tx, workspace_id, group_id) is None:
        raise NotFoundException("there is no group of this id in this workspace")
    return groups.members(tx, workspace_id, group_id, page)


def _members(found: groups.BriefGroup) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "member_count": found.member_count,
        "first_seen": iso(found.first_seen),
        "last_seen": iso(found.last_seen),
    }
