"""Customers: search and list, one with its timeline, undoing merges."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from litestar.response import Redirect, Stream, Template
from msgspec import Meta, Struct

from tidings.db import Database, Tx
from tidings.events.model import Verb
from tidings.events.store import Filter
from tidings.kit import clock
from tidings.kit.pages import Form, Notes
from tidings.profiles import deeds, export, listing, service, store, timelines
from tidings.profiles.forgetting_api import pieces
from tidings.profiles.pages import words
from tidings.profiles.pages.groups import address
from tidings.profiles.pages.timeline import by_day
from tidings.tenants import store as tenants
from tidings.tenants.api import LARGEST, bad
from tidings.tenants.model import Actor, Person
from tidings.tenants.paging import Page

PATH = "/console/profiles"
TRAITS, IDENTIFIERS, MERGES = 200, 50, 20  # that a page shows: of very many, a browser would show nothing for a while
VERBS = [("", "Every verb"), *((verb, verb) for verb in get_args(Verb))]
ProfileId = Annotated[int, Parameter(ge=1, le=LARGEST)]
Text = Annotated[str, Parameter(max_length=1000)]
Number = Annotated[str, Parameter(pattern=r"^([1-9][0-9]{0,14})?(?!\n)$")]


class Typed(Struct):
    """What the form that confirms the forgetting of a customer sends."""

    typed: Annotated[str, Meta(max_length=1000)]


@get("/profiles")
async def show_profiles(database: Database, workspace_id: int, page: Page, search: Text = "") -> Template:
    """Show the newest customers, or those that somebody searches for."""
    wanted = search.strip()[:200].replace("\0", "")
    context = await database.read(_list, workspace_id, wanted or None, page)
    return Template("profiles/profiles.html", context=context)


@get("/profiles/{profile_id:int}")
async def show_profile(  # noqa: PLR0913 -- the filters of the timeline
    *,
    database: Database,
    person: Person,
    notes: Notes,
    page: Page,
    settings: Mapping[str, Any],
    profile_id: ProfileId,
    verb: Text = "",
    name: Text = "",
    source_id: Number = "",
) -> Response[Any]:
    """Show one customer; the number of one that was merged into another leads there."""
    if verb and verb not in dict(VERBS):
        raise bad("verb", f"there are: {', '.join(get_args(Verb))}")
    which = Filter(int(source_id) if source_id else None, name.strip().replace("\0", "") or None, verb or None)
    context = await database.read(_profile, person, profile_id, which, page)
    if context["profile"].id != profile_id:
        notes.say(f"Profile {profile_id} was merged into this one.")
        return Redirect(f"{PATH}/{context['profile'].id}", status_code=303)
    return Template("profiles/profile.html", context=context | _pictured(context, settings))


@post("/profiles/{profile_id:int}/unmerge", opt={"role": "editor"})
async def undo_merge(
    database: Database, workspace_id: int, who: Actor, notes: Notes, profile_id: ProfileId
) -> Redirect:
    """Take the merge of a profile into another one back."""

    def undo(tx: Tx) -> tuple[int, bool]:
        root = _root(tx, workspace_id, profile_id)
        return root, deeds.unmerge(tx, who, workspace_id, profile_id, clock.now())

    root, done = await database.write(undo)
    if done:
        notes.say(f"Profile {profile_id} stands by itself again, as this page shows. It was part of profile {root}.")
    else:
        notes.say(f"Profile {profile_id} is not merged into another one any more.", "warning")
    return Redirect(f"{PATH}/{profile_id}", status_code=303)


@post("/profiles/{profile_id:int}/forget", opt={"role": "owner"})
async def forget_customer(  # noqa: PLR0913 -- what the page and the deed need
    *,
    database: Database,
    person: Person,
    who: Actor,
    notes: Notes,
    form: Form,
    appended: int,
    settings: Mapping[str, Any],
    profile_id: ProfileId,
) -> Response[Any]:
    """Have a customer forgotten, if the form names them."""
    context = await database.read(_profile, person, profile_id, Filter(), Page(None, 50))
    profile = context["profile"]
    if profile.id != profile_id:  # merged into another meanwhile, which nobody has looked at
        notes.say(f"Profile {profile_id} was merged into this one meanwhile. Nobody was forgotten.", "warning")
        return Redirect(f"{PATH}/{profile.id}", status_code=303)
    wanted = form.read(Typed)
    if wanted is not None and not words.names(profile, wanted.typed):
        form.fault("typed", f"type {words.proof(profile)}: nobody was forgotten")
    if form.faults:
        form.fault("", f"Nobody was forgotten: type {words.proof(profile)} to confirm it.")
        return Template(
            "profiles/profile.html", context=context | {"form": form} | _pictured(context, settings), status_code=422
        )
    await database.write(deeds.forget, who, person.workspace_id, profile_id, clock.now(), appended)
    notes.say(
        f"Profile {profile_id} is being forgotten. This takes a moment; whatever still arrives for it is dropped."
    )
    return Redirect(PATH, status_code=303)


@get("/profiles/{profile_id:int}/export", media_type="application/json", opt={"role": "editor"})
async def export_customer(
    database: Database, workspace_id: int, who: Actor, sections: Sequence[export.Section], profile_id: ProfileId
) -> Stream:
    """Send all that is stored of a customer, as a file."""
    now = clock.now()
    begun = await database.read(export.begin, workspace_id, profile_id, now, sections)
    if begun is None:
        raise NotFoundException(f"there is no profile {profile_id} in this workspace")
    await database.write(deeds.exported, who, workspace_id, begun.id, now)
    named = {"content-disposition": f'attachment; filename="profile-{begun.id}.json"'}
    return Stream(pieces(database, workspace_id, begun), media_type="application/json", headers=named)


ROUTES = (show_profiles, show_profile, undo_merge, forget_customer, export_customer)


def _list(tx: Tx, workspace_id: int, search: str | None, page: Page) -> dict[str, Any]:
    found, following = listing.listed(tx, workspace_id, search, page)
    people = [{"brief": one, "title": words.title_of(one)} for one in found]
    return {
        "people": people,
        "initials": words.initials,
        "kind": words.kind,
        "search": search or "",
        "next": following,
        "first": page.cursor is None,
        "most": listing.SEARCHED,
    }


def _pictured(context: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"shown_picture": words.shown_picture(context["profile"].traits, settings["avatars"])}


def _profile(tx: Tx, person: Person, profile_id: int, which: Filter, page: Page) -> dict[str, Any]:
    workspace_id = person.workspace_id
    profile = service.view(tx, workspace_id, profile_id)
    if profile is None:
        raise NotFoundException(f"there is no profile {profile_id} in this workspace")
    if profile.id != profile_id:
        return {"profile": profile}
    title = words.title_of(profile)
    rows, following = timelines.listed(tx, workspace_id, profile_id, which, page)
    sources = tenants.name_sources(tx, workspace_id)
    asked = {"verb": which.verb, "name": which.name, "source_id": which.source_id}
    return {
        "profile": profile,
        "title": title,
        "initials": words.initials(title),
        "picture": words.picture(profile.traits),
        "days": by_day(rows, sources, ZoneInfo(person.workspace.time_zone), clock.now()),
        "narrowed": {label: str(value) for label, value in asked.items() if value is not None},
        "verbs": VERBS,
        "sources": sources,
        "chosen": [("", "Every source"), *sources.items()],
        "traits": words.traits_of(profile.traits, profile.trait_details, sources),
        "kind": words.kind,
        "cause": words.cause,
        "reason": words.reason,
        "address": address,
        "proof": words.proof(profile),
        "form": Form(),
        "next": following,
        "first": page.cursor is None,
        "most": {"traits": TRAITS, "identifiers": IDENTIFIERS, "merges": MERGES},
    }


def _root(tx: Tx, workspace_id: int, profile_id: int) -> int:
    root = store.root_of(tx, workspace_id, profile_id)
    if root is None:
        raise NotFoundException(f"there is no profile {profile_id} in this workspace")
    return root
