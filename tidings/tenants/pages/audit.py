"""The audit log, page by page, narrowed to somebody or to something."""

from typing import Annotated, Any

from litestar import get
from litestar.params import Parameter
from litestar.response import Template

from tidings.db import Database, Tx
from tidings.tenants import people_store
from tidings.tenants.paging import Page
from tidings.tenants.people_api import deeds_page

NOUNS = (
    "session",
    "user",
    "source",
    "key",
    "token",
    "brand",
    "workspace",
    "profile",
    "refused",
    "consent",
    "suppression",
    "install",
    "type",
)
Narrowing = Annotated[str, Parameter(max_length=60)]


@get("/audit", opt={"role": "owner"})
async def show_audit(
    database: Database, workspace_id: int, page: Page, actor: Narrowing = "", action: Narrowing = ""
) -> Template:
    """Show who changed what, newest first."""
    context = await database.read(_read, workspace_id, page, actor, action)
    return Template("tenants/audit.html", context=context)


ROUTES = (show_audit,)


def _read(tx: Tx, workspace_id: int, page: Page, actor: str, action: str) -> dict[str, Any]:
    deeds, following = deeds_page(tx, workspace_id, page, actor or None, action or None)
    people = people_store.list_users(tx, workspace_id)
    actors = [("", "Everybody"), ("cli", "Command line")]
    actors += [(f"user:{user.id}", user.email) for user in people]
    if actor and actor not in dict(actors):
        actors.append((actor, actor))
    narrowed = {name: value for name, value in (("actor", actor), ("action", action)) if value}
    nouns = [("", "Everything"), *((noun, noun.capitalize()) for noun in NOUNS)]
    return {
        "deeds": deeds,
        "next": following,
        "first": page.cursor is None,
        "narrowed": narrowed,
        "actors": actors,
        "nouns": nouns,
    }
