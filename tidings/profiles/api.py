"""The own API's routes of profiles and their timelines."""

from typing import Annotated, Any, Literal
from urllib.parse import unquote_to_bytes

from litestar import Request, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import Parameter
from msgspec import Meta, Struct

from tidings.db import Database, Tx
from tidings.events import store as event_store
from tidings.events.api import EventPage, Exactly, OneSource, OneVerb
from tidings.events.api import shown as shown_event
from tidings.kit import clock
from tidings.kit import email as emails
from tidings.kit.times import iso
from tidings.profiles import deeds, listing, service, store, timelines
from tidings.tenants.api import LARGEST, Id, Time, bad
from tidings.tenants.model import Actor, Token, Trust
from tidings.tenants.paging import Next, Page

LONGEST = 1_000  # characters of an identifier or of a group's id

Kind = Literal["user_id", "email", "phone", "anonymous_id"]
ProfileId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a profile, or of one merged into it.")]
Search = Annotated[
    str | None,
    Parameter(
        min_length=1,
        max_length=200,
        description="Beginning of an identifier, a name or a last name; a whole address in any case, a whole "
        "phone number in any form, or the number of a profile.",
    ),
]
LifetimeValue = Annotated[
    dict[str, str], Meta(description="Exact decimal sum by currency.", examples=[{"EUR": "129.90"}])
]


class Brief(Struct, kw_only=True):
    """A customer in a list."""

    id: Id
    name: Annotated[str | None, Meta(description="The trait name, else first and last name.", examples=["Ana Costa"])]
    identifiers: Annotated[list["BriefIdentifier"], Meta(description="The first ten, anonymous ids last.")]
    lifetime_value: LifetimeValue
    event_count: Annotated[int, Meta(description="Events, with those of profiles merged into it.")]
    first_seen: Time
    last_seen: Time | None


class BriefIdentifier(Struct, kw_only=True):
    """A name of a profile."""

    kind: Annotated[
        str,
        Meta(
            description="user_id (user_id@space outside the workspace's id space), external:type, email, phone or "
            "anonymous_id.",
            examples=["email"],
        ),
    ]
    value: Annotated[str, Meta(examples=["ana@example.org"])]


class ProfilePage(Struct, kw_only=True):
    """Customers, newest first; of a search in the order of what was found."""

    items: list[Brief]
    next: Next


class IdentifierOut(BriefIdentifier, kw_only=True):
    """A name of a profile, with where it comes from."""

    profile_id: Annotated[int, Meta(description="The profile that was given it: this one or one merged into it.")]
    source_id: Id
    since: Time


class TraitDetail(Struct, kw_only=True):
    """Where a trait comes from."""

    time: Time
    source_id: Id
    message_id: Annotated[str, Meta(description="The sender's id of the event that set it.")]
    profile_id: Annotated[int, Meta(description="The profile that has it: this one or one merged into it.")]
    trust: Trust


class Membership(Struct, kw_only=True):
    """A group that a profile belongs to."""

    id: Annotated[str, Meta(description="The sender's id of the group.", examples=["acme"])]
    since: Time


class Merge(Struct, kw_only=True):
    """How a profile became part of another."""

    child_id: Id
    parent_id: Id
    cause: Annotated[str, Meta(description="The identifier that both had.")]
    event_id: Id
    at: Time


class ConflictOut(Struct, kw_only=True):
    """A profile that an event named together with this one, and that was not merged."""

    id: Id
    profile_id: Id
    other_id: Id
    kind: str
    value: str
    reason: Annotated[str, Meta(examples=["two user ids"])]
    event_id: Id
    at: Time


class ProfileOut(Struct, kw_only=True):
    """One customer: a profile with all that was merged into it."""

    id: Annotated[int, Meta(description="Number of the profile that survives, which may be another than asked for.")]
    identifiers: Annotated[list[IdentifierOut], Meta(description="Strongest first.")]
    traits: Annotated[dict[str, Any], Meta(description="Present values by name.", examples=[{"name": "Ana Costa"}])]
    trait_details: dict[str, TraitDetail]
    removed_traits: Annotated[dict[str, TraitDetail], Meta(description="What removed traits that were there.")]
    lifetime_value: LifetimeValue
    event_count: int
    first_seen: Time
    last_seen: Time | None
    groups: list[Membership]
    merges: list[Merge]
    conflicts: Annotated[list[ConflictOut], Meta(description="The newest fifty.")]


@get("/profiles", summary="List or search profiles")
async def list_profiles(database: Database, token: Token, page: Page, search: Search = None) -> ProfilePage:
    """Return the newest profiles, or the first 1,000 that an identifier, a name or a number finds."""
    found, following = await database.read(listing.listed, token.workspace_id, search, page)
    return ProfilePage(items=[brief(one) for one in found], next=following)


@get("/profiles/{profile_id:int}", summary="Show a profile")
async def get_profile(database: Database, token: Token, profile_id: ProfileId) -> ProfileOut:
    """Return one customer, by the number of the profile or of one that was merged into it."""
    found = await database.read(service.view, token.workspace_id, profile_id)
    if found is None:
        raise NotFoundException(f"there is no profile {profile_id} in this workspace")
    return shown(found)


@get("/profiles/by/{kind:str}/{value:path}", summary="Find a profile")
async def find_profile(
    request: Request[Any, Any, Any],
    database: Database,
    token: Token,
    kind: Annotated[Kind, Parameter(description="What kind of identifier it is; user_id looks into all id spaces.")],
    value: Annotated[str, Parameter(max_length=LONGEST, description="The identifier, percent-encoded.")],
) -> ProfileOut:
    """Return the customer that an identifier names."""
    exact = rest_of_path(request, f"/by/{kind}/", value)
    if kind == "email":
        exact = emails.normalise(exact) or exact
    found = await database.read(service.find, token.workspace_id, kind, exact)
    if found is None:
        raise NotFoundException(f"there is no profile with this {kind} in this workspace")
    return shown(found)


@get("/profiles/{profile_id:int}/timeline", summary="Show a timeline")
async def list_timeline(
    *,
    database: Database,
    token: Token,
    profile_id: ProfileId,
    page: Page,
    source_id: OneSource = None,
    name: Exactly = None,
    verb: OneVerb = None,
) -> EventPage:
    """Return the events of a customer, with those of profiles merged into it, by the time that they happened."""
    which = event_store.Filter(source_id, name, verb)
    rows, following = await database.read(timelines.listed, token.workspace_id, profile_id, which, page)
    return EventPage(items=[shown_event(row) for row in rows], next=following)


@post(
    "/profiles/{profile_id:int}/unmerge",
    summary="Undo a merge",
    status_code=200,
    opt={"scope": "write", "conflicts": True},
)
async def unmerge_profile(database: Database, token: Token, who: Actor, profile_id: ProfileId) -> ProfileOut:
    """Take the merge of a profile into another one back, and return it as it stands by itself again."""

    def undo(tx: Tx) -> service.ProfileView:
        if store.root_of(tx, token.workspace_id, profile_id) is None:
            raise NotFoundException(f"there is no profile {profile_id} in this workspace")
        if not deeds.unmerge(tx, who, token.workspace_id, profile_id, clock.now()):
            raise HTTPException(status_code=409, detail=f"profile {profile_id} is not merged into another")
        found = service.view(tx, token.workspace_id, profile_id)
        assert found is not None
        return found

    return shown(await database.write(undo))


ROUTES = (list_profiles, get_profile, find_profile, list_timeline, unmerge_profile)


def rest_of_path(request: Request[Any, Any, Any], behind: str, value: str) -> str:
    """Return what stands behind a part of the path, exactly: an identifier may have slashes in it, also two in a row.

    Args:
        request: Whose path it is.
        behind: The part.
        value: What the router made of it, for servers that do not hand over the path as it came.

    Raises:
        ValidationException: It is no UTF-8, or nothing that could be stored.
    """
    raw: bytes = request.scope.get("raw_path") or b""
    _, found, rest = raw.partition(behind.encode())
    try:
        text = unquote_to_bytes(rest).decode() if found else value
    except UnicodeDecodeError:
        raise bad("path", "percent-encoded text in the path must be UTF-8") from None
    if "\0" in text:
        raise bad("path", "it must not contain NUL")
    return text


def shown(view: service.ProfileView) -> ProfileOut:
    """Return a profile as the API shows it."""
    details, removed = (
        {name: TraitDetail(**row | {"time": iso(row["time"])}) for name, row in rows.items()}
        for rows in (view.trait_details, view.removed_traits)
    )
    return ProfileOut(
        id=view.id,
        identifiers=[IdentifierOut(**row | {"since": iso(row["since"])}) for row in view.identifiers],
        traits=view.traits,
        trait_details=details,
        removed_traits=removed,
        lifetime_value=view.lifetime_value,
        event_count=view.event_count,
        first_seen=iso(view.first_seen),
        last_seen=None if view.last_seen is None else iso(view.last_seen),
        groups=[Membership(**row | {"since": iso(row["since"])}) for row in view.groups],
        merges=[Merge(**row | {"at": iso(row["at"])}) for row in view.merges],
        conflicts=[ConflictOut(**row | {"at": iso(row["at"])}) for row in view.conflicts],
    )


def brief(found: listing.Brief) -> Brief:
    """Return a customer as the API lists them."""
    return Brief(
        id=found.id,
        name=found.name,
        identifiers=[BriefIdentifier(kind=one.kind, value=one.value) for one in found.identifiers],
        lifetime_value=found.lifetime_value,
        event_count=found.event_count,
        first_seen=iso(found.first_seen),
        last_seen=None if found.last_seen is None else iso(found.last_seen),
    )
