"""The console's ASGI app: the rooms' pages behind the gate."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.template import TemplateConfig

from tidings.commerce import pages as commerce
from tidings.consent import pages as consent
from tidings.db import Database
from tidings.dialects import DIALECTS, first_parts, kinds_of
from tidings.events import api as events
from tidings.events import pages as event_pages
from tidings.events.arrivals import StoredArrivals
from tidings.imports import pages as imports
from tidings.imports.uploads import Uploads
from tidings.kit.pages import Form, Notes
from tidings.kit.proxies import Proxies
from tidings.kit.signing import Signer
from tidings.profiles import pages as profiles
from tidings.tenants import pages as tenants
from tidings.tenants import paging
from tidings.tenants.api import Credentials, Parts
from tidings.tenants.arrivals import Around
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Person
from tidings.tenants.passwords import Passwords
from tidings.web.api import given
from tidings.web.console import entry
from tidings.web.console.entry import Entrance
from tidings.web.console.errors import Errors
from tidings.web.console.gate import PICTURES, POLICY, Gate
from tidings.web.console.guard import HOME, make_guard, read_form
from tidings.web.console.rendering import Pages
from tidings.web.console.static import Static
from tidings.web.console.visit import Visit
from tidings.web.health import Health
from tidings.web.sections import SECTIONS

BODY = 64 * 1024
PACKAGE = Path(__file__).parents[2]
# Every room with pages: its ROUTES, its NAV, and beside them its templates, found as "room/name.html".
ROOMS: dict[str, Any] = {
    "events": event_pages,
    "profiles": profiles,
    "commerce": commerce,
    "consent": consent,
    "imports": imports,
    "tenants": tenants,
}


def make_console(  # noqa: PLR0913 -- what it is put together from
    *,
    database: Database,
    keys: Keys,
    health: Health,
    hashing: Passwords,
    proxies: Proxies,
    secret: bytes,
    setup_code: str,
    settings: Mapping[str, Any],
) -> Gate:
    """Return the ASGI app that answers everything below /console.

    Args:
        database: The state.
        keys: Sources and tokens in memory; refreshed after each change that is made here.
        health: What knows how many events were acknowledged.
        hashing: What checks passwords.
        proxies: Who may say who is calling.
        secret: The installation's key: signs links, and recognises addresses of forgotten customers.
        setup_code: What the set-up of the first owner asks for.
        settings: The server's, as they are shown: nothing secret.
    """
    static = Static()
    nav = [place for room in ROOMS.values() for place in room.NAV]
    pages = Pages({name: PACKAGE / name / "templates" for name in ROOMS}, nav, static)
    errors = Errors(pages)
    dependencies = {
        "database": given(database),
        "keys": given(keys),
        "health": given(health),
        "hashing": given(hashing),
        "entrance": given(Entrance(setup_code)),
        "secret": given(secret),
        "signer": given(Signer(secret)),
        "uploads": given(Uploads(database, secret)),
        "settings": given(settings),
        "sections": given(SECTIONS),
        "credentials": given({dialect.name: kinds_of(dialect.name) for dialect in DIALECTS}),
        "parts": given(first_parts()),
        "around": Provide(provide_around, sync_to_thread=False),
        "appended": Provide(lambda: health.appended, sync_to_thread=False),
        "visit": Provide(provide_visit, sync_to_thread=False),
        "person": Provide(provide_person, sync_to_thread=False),
        "workspace_id": Provide(provide_workspace, sync_to_thread=False),
        "who": Provide(provide_who, sync_to_thread=False),
        "notes": Provide(provide_notes, sync_to_thread=False),
        "form": Provide(provide_form),
        "page": Provide(paging.page, sync_to_thread=False),
        "wanted": Provide(events.wanted, sync_to_thread=False),
    }
    router = Router(HOME, route_handlers=all_routes(), guards=[make_guard(database)], dependencies=dependencies)
    app = Litestar(
        [router],
        template_config=TemplateConfig(instance=pages),
        exception_handlers=errors.handlers,
        request_max_body_size=BODY,
        openapi_config=None,
        logging_config=None,
    )
    policy = POLICY if settings["avatars"] == "initials" else PICTURES
    return Gate(
        app=app,
        prepare=pages.compile,
        error_page=errors.page,
        static=static,
        database=database,
        proxies=proxies,
        policy=policy,
    )


def all_routes() -> list[HTTPRouteHandler]:
    """Return every route below /console."""
    return [*entry.ROUTES, *(route for room in ROOMS.values() for route in room.ROUTES)]


def provide_visit(request: Request[Any, Any, Any]) -> Visit:
    """Return what is known of the request."""
    visit: Visit = request.scope["auth"]
    return visit


def provide_person(request: Request[Any, Any, Any]) -> Person:
    """Return who is signed in; the guard has let nobody else through."""
    person: Person = request.scope["user"]
    return person


def provide_workspace(person: Person) -> int:
    """Return the only workspace that a page may look at."""
    return person.workspace_id


def provide_who(visit: Visit) -> Actor:
    """Return who is at work, for the audit log."""
    return visit.actor


def provide_notes(visit: Visit) -> Notes:
    """Return where a page says what it has done."""
    return visit.notes


def provide_around(visit: Visit, credentials: Credentials, parts: Parts) -> Around:
    """Return what the pages of sources know beyond the database."""
    return Around(StoredArrivals(), {dialect.name: dialect for dialect in DIALECTS}, credentials, parts, visit.origin)


async def provide_form(request: Request[Any, Any, Any]) -> Form:
    """Return what the form sent."""
    return await read_form(request)
