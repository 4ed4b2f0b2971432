"""Sign-ups that wait for their confirmation, with their links; and what the workspace decides about consent."""

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect, Template
from msgspec import Struct, structs

from tidings.consent import confirming, deeds, paged, rules, service
from tidings.consent.model import ConsentSettings, Mode
from tidings.consent.pages import words
from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.pages import Form, Notes
from tidings.kit.signing import Signer
from tidings.tenants import store as tenants
from tidings.tenants.model import Actor
from tidings.tenants.paging import Page

PATH = "/console/suppressions/settings"
MODES = (
    ("as_asked", "If the event asks for it", "What a shop sends says so (double_optin_required)."),
    ("always", "Always", "Whoever agrees confirms it, wherever they did."),
    ("never", "Never", "Except without the shop's key: if the event asks for it, or the customer had said no."),
)


class Chosen(Struct):
    """What the form of the settings sends."""

    double_opt_in: Mode
    mail_unknown: bool
    email_stops_sms: bool
    sms_stops_email: bool


@get("/suppressions/waiting")
async def show_waiting(database: Database, workspace_id: int, signer: Signer, page: Page) -> Template:
    """Show who has signed up and not confirmed it yet."""
    context = await database.read(_waiting, workspace_id, page, signer)
    return Template("consent/waiting.html", context=context)


@get("/suppressions/settings", opt={"role": "owner"})
async def show_consent_settings(database: Database, workspace_id: int) -> Template:
    """Show what the workspace decides about consent."""
    present = await database.read(service.settings_of, workspace_id)
    return _settings(Form().filled(**structs.asdict(present)))


@post("/suppressions/settings", opt={"role": "owner"})
async def change_consent_settings(
    database: Database, workspace_id: int, who: Actor, notes: Notes, form: Form
) -> Response[Any]:
    """Change it."""
    wanted = form.read(Chosen)
    if wanted is None:
        return _settings(form, 422)
    chosen = ConsentSettings(**structs.asdict(wanted))
    await database.write(deeds.change_settings, who, workspace_id, chosen, clock.now())
    notes.say("The settings of consent were changed. They hold for what is said from now on.")
    return Redirect(PATH, status_code=303)


ROUTES = (show_waiting, show_consent_settings, change_consent_settings)


def _settings(form: Form, status: int = 200) -> Template:
    return Template("consent/settings.html", context={"form": form, "modes": MODES}, status_code=status)


def _waiting(tx: Tx, workspace_id: int, page: Page, signer: Signer) -> dict[str, Any]:
    found, following = paged.waiting(tx, workspace_id, page)
    now = clock.now()
    rows = [
        {
            "sign_up": one,
            "expires": one.asked_at + rules.LINK_LASTS,
            "expired": now - one.asked_at > rules.LINK_LASTS,
            "link": confirming.link_to(signer, one.id),
        }
        for one in found
    ]
    return {
        "rows": rows,
        "next": following,
        "first": page.cursor is None,
        "channels": words.CHANNELS,
        "sources": {source.id: source.name for source in tenants.list_sources(tx, workspace_id)},
    }
