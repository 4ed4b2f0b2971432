"""Suppressions: search and list, adding, lifting, and the list as a file."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect, Stream, Template
from msgspec import Meta, Struct

from tidings.consent import deeds, listing, paged, rules
from tidings.consent.listing import HEADER, PIECE, Place, Which, cells
from tidings.consent.model import Kind
from tidings.consent.pages import words
from tidings.consent.service import Suppressing
from tidings.consent.shapes import LONGEST
from tidings.db import Database, Tx
from tidings.events.reports import Channel
from tidings.kit import clock
from tidings.kit.cells import lines
from tidings.kit.pages import Form, Notes
from tidings.tenants.api import bad
from tidings.tenants.model import Actor
from tidings.tenants.paging import Page
from tidings.tenants.service import Invalid

PATH = "/console/suppressions"
Text = Annotated[str, Parameter(max_length=1000)]
Words = Annotated[str, Meta(max_length=rules.WORDS)]
Written = Annotated[str, Meta(max_length=LONGEST)]


class Adding(Struct):
    """What the form of a new suppression sends."""

    channel: Channel
    address: Written
    type: Kind
    reason: Words = ""


class Lifting(Struct):
    """What the form that lifts one sends."""

    channel: Channel
    address: Written
    type: Kind
    reason: Words


@get("/suppressions")
async def show_suppressions(
    *,
    database: Database,
    workspace_id: int,
    page: Page,
    search: Text = "",
    channel: Text = "",
    type: Text = "",  # noqa: A002
    active: Text = "",
) -> Template:
    """Show what keeps us from sending to an address."""
    which = _which(search, channel, type, active)
    return await _page(database, workspace_id, which, page, Form())


@post("/suppressions", opt={"role": "editor"})
async def add_suppression(
    *, database: Database, workspace_id: int, who: Actor, notes: Notes, form: Form, secret: bytes
) -> Response[Any]:
    """Add one."""
    wanted = form.read(Adding)
    if wanted is not None:
        one = Suppressing(
            channel=wanted.channel, address=wanted.address, type=wanted.type, reason=wanted.reason or None
        )
        try:
            added = await database.write(deeds.add_suppressions, who, workspace_id, [one], clock.now(), secret)
        except Invalid as error:
            form.fault(error.field, str(error))
        else:
            text = f"Nothing is sent to {wanted.address} from now on: {words.TYPES[wanted.type].lower()}."
            notes.say(text if added else f"{wanted.address} was suppressed like that already.")
            return Redirect(PATH, status_code=303)
    return await _page(database, workspace_id, Which(), Page(None, 50), form, 422)


@post("/suppressions/lift", opt={"role": "editor"})
async def lift_suppression(
    *, database: Database, workspace_id: int, who: Actor, notes: Notes, form: Form, secret: bytes
) -> Redirect:
    """Lift one; what is wrong is said on the page that it was asked for on."""
    wanted = form.read(Lifting)
    if wanted is None:
        notes.say("Nothing was lifted: say why it is lifted, in at most 500 characters.", "error")
        return Redirect(PATH, status_code=303)
    one = Suppressing(channel=wanted.channel, address=wanted.address, type=wanted.type, reason=wanted.reason)
    try:
        lifted = await database.write(deeds.lift_suppressions, who, workspace_id, [one], clock.now(), secret)
    except Invalid as error:
        notes.say(f"Nothing was lifted: {error}.", "error")
    else:
        name = words.TYPES[wanted.type].lower()
        gone = f"The suppression of {wanted.address} was lifted: {name}."
        notes.say(gone if lifted else f"{wanted.address} was not suppressed like that any more: {name}.")
    return Redirect(PATH, status_code=303)


@get("/suppressions/export", media_type="text/csv", opt={"role": "editor"})
async def export_suppressions(
    *,
    database: Database,
    workspace_id: int,
    who: Actor,
    search: Text = "",
    channel: Text = "",
    type: Text = "",  # noqa: A002
    active: Text = "",
) -> Stream:
    """Send the list, as it is narrowed, as a file."""
    which = _which(search, channel, type, active)
    await database.write(deeds.exported, who, workspace_id, clock.now())
    named = {"content-disposition": 'attachment; filename="suppressions.csv"'}
    return Stream(pieces(database, workspace_id, which), media_type="text/csv; charset=utf-8", headers=named)


ROUTES = (show_suppressions, add_suppression, lift_suppression, export_suppressions)


async def pieces(database: Database, workspace_id: int, which: Which) -> AsyncIterator[bytes]:
    """Yield a list as CSV, piece by piece: nothing is held up meanwhile, and no more than a piece is in memory."""
    yield lines([HEADER])
    after: Place | None = Place()
    while after is not None:
        rows, after = await database.read(listing.some, workspace_id, which, after, PIECE)
        if rows:
            yield lines([cells(row) for row in rows])


def _which(search: str, channel: str, kind: str, active: str) -> Which:
    if channel and channel not in words.CHANNELS:
        raise bad("channel", f"there are: {', '.join(words.CHANNELS)}")
    if kind and kind not in words.TYPES:
        raise bad("type", f"there are: {', '.join(words.TYPES)}")
    if active not in ("", "no"):
        raise bad("active", "it is no, or left out")
    text = search.strip()[:LONGEST].replace("\0", "")
    return Which(text, channel or None, kind or None, active != "no")


async def _page(
    database: Database, workspace_id: int, which: Which, page: Page, form: Form, status: int = 200
) -> Template:
    context = await database.read(_list, workspace_id, which, page)
    return Template("consent/suppressions.html", context=context | {"form": form}, status_code=status)


def _list(tx: Tx, workspace_id: int, which: Which, page: Page) -> dict[str, Any]:
    rows, following = paged.suppressions(tx, workspace_id, which, page)
    asked = {
        "search": which.search,
        "channel": which.channel or "",
        "type": which.type or "",
        "active": "" if which.active else "no",
    }
    return {
        "rows": rows,
        "next": following,
        "first": page.cursor is None,
        "narrowed": {name: value for name, value in asked.items() if value},
        "counts": listing.counts(tx, workspace_id),
        "counted": listing.COUNTED,
        "which": which,
        "channels": words.CHANNELS,
        "types": words.TYPES,
        "by_hand": [(kind, words.TYPES[kind]) for kind in words.BY_HAND],
        "may_be_lifted": words.may_be_lifted,
    }
