"""Consent of one customer: a page, and the section of it on the page of the customer."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from litestar.response import Redirect, Template
from msgspec import Meta, Struct

from tidings.consent import deeds, paged, rules, service
from tidings.consent.pages import words
from tidings.consent.shapes import LONGEST
from tidings.db import Database, Tx
from tidings.events.reports import Channel, Statement, Wish
from tidings.kit import clock
from tidings.kit.pages import Form, Notes
from tidings.profiles import store as profiles
from tidings.tenants import people_store
from tidings.tenants import store as tenants
from tidings.tenants.api import LARGEST
from tidings.tenants.model import Actor
from tidings.tenants.paging import Page
from tidings.tenants.service import Invalid

ProfileId = Annotated[int, Parameter(ge=1, le=LARGEST)]
SECTION = 5  # lines of the history on the page of the customer


class Told(Struct):
    """What the form of a wish sends."""

    channel: Channel
    wish: Wish
    address: Annotated[str, Meta(max_length=LONGEST)] = ""
    reason: Annotated[str, Meta(max_length=rules.WORDS)] = ""
    confirm: bool = False


@get("/profiles/{profile_id:int}/consent")
async def show_consent(
    *,
    request: Request[Any, Any, Any],
    database: Database,
    workspace_id: int,
    secret: bytes,
    page: Page,
    profile_id: ProfileId,
) -> Response[Any]:
    """Show what a customer wants to receive; as a section of another page, if it is asked for like that."""
    section = bool(request.headers.get("hx-request"))
    page = Page(None, SECTION) if section else page
    context = await database.read(_consent, workspace_id, profile_id, page, secret)
    if not section and context["id"] != profile_id:
        return Redirect(_path(context["id"]), status_code=303)
    name = "consent/section.html" if section else "consent/customer.html"
    return Template(name, context=context | {"form": Form()})


@post("/profiles/{profile_id:int}/consent", opt={"role": "editor"})
async def record_wish(
    *,
    database: Database,
    workspace_id: int,
    who: Actor,
    notes: Notes,
    form: Form,
    secret: bytes,
    profile_id: ProfileId,
) -> Response[Any]:
    """Record what a customer has told somebody."""
    context = await database.read(_consent, workspace_id, profile_id, Page(None, 50), secret)
    wanted = form.read(Told)
    if wanted is not None:
        statement = Statement(
            channel=wanted.channel,
            wish=wanted.wish,
            address=wanted.address,
            reason=wanted.reason or None,
            confirm=True if wanted.confirm else None,
            ip=who.ip,
        )
        try:
            await database.write(deeds.state_wish, who, workspace_id, profile_id, statement, clock.now(), secret)
        except Invalid as error:
            form.fault(error.field, str(error))
        else:
            notes.say("It was recorded, with your name. The page shows what may be sent now.")
            return Redirect(_path(context["id"]), status_code=303)
    return Template("consent/customer.html", context=context | {"form": form}, status_code=422)


ROUTES = (show_consent, record_wish)


def _path(profile_id: int) -> str:
    return f"/console/profiles/{profile_id}/consent"


def _consent(tx: Tx, workspace_id: int, profile_id: int, page: Page, key: bytes) -> dict[str, Any]:
    found = service.view(tx, workspace_id, profile_id, clock.now(), key)
    lines = paged.history(tx, workspace_id, profile_id, page)
    root = profiles.root_of(tx, workspace_id, profile_id)
    if found is None or lines is None or root is None:
        raise NotFoundException(f"there is no profile {profile_id} in this workspace")
    people = {f"user:{user.id}": user.email for user in people_store.list_users(tx, workspace_id)}
    return {
        "id": root,
        "channels": found.channels,
        "opt_ins": [one for one in found.opt_ins if one.stage == "pending"],
        "addresses": service.addresses_of(tx, workspace_id, profiles.members(tx, workspace_id, root)),
        "history": lines[0],
        "next": lines[1],
        "first": page.cursor is None,
        "sources": {source.id: source.name for source in tenants.list_sources(tx, workspace_id)},
        "people": people | {"cli": "command line"},
        "names": words.CHANNELS,
        "types": words.TYPES,
        "states": words.STATES,
        "acts": words.ACTS,
        "effects": words.EFFECTS,
        "change": words.change,
        "state_of": service.state_of,
    }
