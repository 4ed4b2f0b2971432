"""The own API's routes of profiles, their timelines, and groups."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import unquote_to_bytes

import msgspec
from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from msgspec import Meta, Struct

from tidings.db import Database, Tx
from tidings.events import store as event_store
from tidings.events.api import EventPage, Next, Page, cursor_of
from tidings.events.api import shown as shown_event
from tidings.kit import email as emails
from tidings.kit.times import iso
from tidings.profiles import service, store
from tidings.tenants.api import LARGEST, Id, Time, bad
from tidings.tenants.model import Token, Trust

SEARCHED = 1_000  # the first matches of a search, which its pages are cut from
IDENTIFIERS = 10  # of a profile in a list
LONGEST = 1_000  # characters of an identifier or of a group's id
_decode = msgspec.json.Decoder(float_hook=Decimal).decode

Kind = Literal["user_id", "email", "phone", "anonymous_id"]
ProfileId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a profile, or of one merged into it.")]
Search = Annotated[
    str | None,
    Parameter(min_length=1, max_length=200, description="Beginning of an identifier, a name or a last name."),
]


class Brief(Struct, kw_only=True):
    """A customer in a list."""

    id: Id
    name: Annotated[str | None, Meta(description="The trait name, else first and last name.", examples=["Ana Costa"])]
    identifiers: Annotated[list["BriefIdentifier"], Meta(description="The first ten, anonymous ids last.")]
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
    lifetime_value: Annotated[
        dict[str, str], Meta(description="Exact decimal sum by currency.", examples=[{"EUR": "129.90"}])
    ]
    event_count: int
    first_seen: Time
    last_seen: Time | None
    groups: list[Membership]
    merges: list[Merge]
    conflicts: Annotated[list[ConflictOut], Meta(description="The newest fifty.")]


class GroupTrait(Struct, kw_only=True):
    """Where a trait of a group comes from."""

    time: Time
    source_id: Id
    message_id: Annotated[str, Meta(description="The sender's id of the event that set it.")]
    trust: Trust


class GroupOut(Struct, kw_only=True):
    """An account or company that profiles belong to."""

    id: Annotated[str, Meta(description="The sender's id of it.", examples=["acme"])]
    first_seen: Time
    last_seen: Time
    traits: Annotated[dict[str, Any], Meta(description="Present values by name.", examples=[{"plan": "gold"}])]
    trait_details: dict[str, GroupTrait]


@get("/profiles", summary="List or search profiles")
async def list_profiles(database: Database, token: Token, page: Page, search: Search = None) -> ProfilePage:
    """Return the newest profiles, or the first 1,000 that an identifier or a name finds."""
    if search is None:
        key = page.key("profiles", 1)
        return await database.read(_newest, token.workspace_id, key[0] if key else None, page.limit)
    key = page.key("search", 1)
    return await database.read(_search, token.workspace_id, search, max(0, key[0]) if key else 0, page.limit)


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
async def list_timeline(database: Database, token: Token, profile_id: ProfileId, page: Page) -> EventPage:
    """Return the events of a customer, with those of profiles merged into it, by the time that they happened."""
    key = page.key("timeline", 2)
    before = (key[0], key[1]) if key else None
    return await database.read(_timeline, token.workspace_id, profile_id, before, page.limit)


@get("/groups/{group_id:path}", summary="Show a group")
async def get_group(
    request: Request[Any, Any, Any],
    database: Database,
    token: Token,
    group_id: Annotated[str, Parameter(max_length=LONGEST, description="The sender's id of it, percent-encoded.")],
) -> GroupOut:
    """Return one account or company."""
    exact = rest_of_path(request, "/groups/", group_id)
    found = await database.read(store.get_group, token.workspace_id, exact)
    if found is None:
        raise NotFoundException("there is no group of this id in this workspace")
    present = {row["name"]: row for row in found["traits"] if row["value"] is not None}
    return GroupOut(
        id=found["id"],
        first_seen=iso(found["first_seen"]),
        last_seen=iso(found["last_seen"]),
        traits={name: _decode(row["value"]) for name, row in present.items()},
        trait_details={
            name: GroupTrait(
                time=iso(row["time"]),
                source_id=row["source_id"],
                message_id=row["message_id"],
                trust="server" if row["rank"] else "browser",
            )
            for name, row in present.items()
        },
    )


ROUTES = (list_profiles, get_profile, find_profile, list_timeline, get_group)


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
    details = {name: TraitDetail(**row | {"time": iso(row["time"])}) for name, row in view.trait_details.items()}
    return ProfileOut(
        id=view.id,
        identifiers=[IdentifierOut(**row | {"since": iso(row["since"])}) for row in view.identifiers],
        traits=view.traits,
        trait_details=details,
        lifetime_value=view.lifetime_value,
        event_count=view.event_count,
        first_seen=iso(view.first_seen),
        last_seen=None if view.last_seen is None else iso(view.last_seen),
        groups=[Membership(**row | {"since": iso(row["since"])}) for row in view.groups],
        merges=[Merge(**row | {"at": iso(row["at"])}) for row in view.merges],
        conflicts=[ConflictOut(**row | {"at": iso(row["at"])}) for row in view.conflicts],
    )


def _newest(tx: Tx, workspace_id: int, before: int | None, limit: int) -> ProfilePage:
    ids = store.list_profiles(tx, workspace_id, before, limit + 1)
    following = cursor_of("profiles", ids[limit - 1]) if len(ids) > limit else None
    return ProfilePage(items=_briefs(tx, workspace_id, ids[:limit]), next=following)


def _search(tx: Tx, workspace_id: int, prefix: str, offset: int, limit: int) -> ProfilePage:
    # Always the same number is searched for: with another one the order of what is found would change.
    ids = store.search(tx, workspace_id, prefix, SEARCHED)
    following = cursor_of("search", offset + limit) if len(ids) > offset + limit else None
    return ProfilePage(items=_briefs(tx, workspace_id, ids[offset : offset + limit]), next=following)


def _briefs(tx: Tx, workspace_id: int, roots: list[int]) -> list[Brief]:
    figures = {row["root_id"]: row for row in store.brief_figures(tx, workspace_id, roots)}
    names: dict[int, list[store.Row]] = {}
    for row in store.brief_names(tx, workspace_id, roots):
        names.setdefault(row["root_id"], []).append(row)
    known: dict[int, list[BriefIdentifier]] = {}
    for row in store.brief_identifiers(tx, workspace_id, roots, IDENTIFIERS):
        known.setdefault(row["root_id"], []).append(BriefIdentifier(kind=row["kind"], value=row["value"]))
    return [
        Brief(
            id=root,
            name=_name(names.get(root, [])),
            identifiers=known.get(root, []),
            event_count=int(figures[root]["event_count"]),
            first_seen=iso(figures[root]["first_seen"]),
            last_seen=None if figures[root]["last_seen"] is None else iso(figures[root]["last_seen"]),
        )
        for root in roots
    ]


def _name(rows: list[store.Row]) -> str | None:
    newest = service.newest(rows)
    found = {name: msgspec.json.decode(row["value"]) for name, row in newest.items() if row["value"] is not None}
    texts = {name: value for name, value in found.items() if isinstance(value, str) and value}
    both = " ".join(texts[name] for name in ("firstName", "lastName") if name in texts)
    return texts.get("name") or both or None


def _timeline(tx: Tx, workspace_id: int, profile_id: int, before: tuple[int, int] | None, limit: int) -> EventPage:
    root = store.root_of(tx, workspace_id, profile_id)
    if root is None:
        raise NotFoundException(f"there is no profile {profile_id} in this workspace")
    members = store.members(tx, workspace_id, root)
    rows = event_store.list_timeline(tx, workspace_id, members, before, limit + 1)
    following = cursor_of("timeline", rows[limit - 1]["time"], rows[limit - 1]["id"]) if len(rows) > limit else None
    return EventPage(items=[shown_event(row) for row in rows[:limit]], next=following)
