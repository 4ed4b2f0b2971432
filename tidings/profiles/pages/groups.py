"""Groups: search and list, one with its traits and members."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from litestar.response import Redirect, Template

from tidings.db import Database, Tx
from tidings.profiles import groups
from tidings.profiles.api import rest_of_path
from tidings.profiles.pages import words
from tidings.tenants import store as tenants
from tidings.tenants.paging import Page

PATH = "/console/groups"
LONGEST = 1_000  # characters of a percent-encoded id that stands in an address
BEGINNING = 60  # characters of a longer one
TRAITS = 200  # that a page shows
Text = Annotated[str, Parameter(max_length=1000)]


@get("/groups")
async def show_groups(database: Database, workspace_id: int, page: Page, search: Text = "") -> Template:
    """Show the newest groups, or those that somebody searches for."""
    wanted = search.strip()[:200].replace("\0", "")
    context = await database.read(_list, workspace_id, wanted or None, page)
    return Template("profiles/groups.html", context=context)


@get("/groups/{group_id:path}")
async def show_group(
    request: Request[Any, Any, Any], database: Database, workspace_id: int, page: Page, group_id: str
) -> Template:
    """Show one group."""
    exact = rest_of_path(request, "/groups/", group_id)
    context = await database.read(_group, workspace_id, exact, page)
    return Template("profiles/group.html", context=context)


@get("/group")
async def show_long_group(
    database: Database, workspace_id: int, page: Page, digest: Text = "", begins: Text = ""
) -> Response[Any]:
    """Show a group whose id cannot stand in an address."""
    if not digest:
        return Redirect(PATH, status_code=303)
    context = await database.read(_by_digest, workspace_id, begins, digest, page)
    return Template("profiles/group.html", context=context)


ROUTES = (show_groups, show_group, show_long_group)


def address(group_id: str) -> str:
    """Return where a group's page is.

    Args:
        group_id: Any text; hostile.
    """
    quoted = quote(group_id, safe="")
    # A browser takes "." and ".." out of a path, percent-encoded too, and a path has no NUL.
    if len(quoted) <= LONGEST and group_id not in (".", "..") and "\0" not in group_id:
        return f"{PATH}/{quoted}"
    return "/console/group?" + urlencode(_apart(group_id))


def _apart(group_id: str) -> dict[str, str]:
    return {"digest": groups.digest_of(group_id), "begins": group_id[:BEGINNING].partition("\0")[0]}


def _list(tx: Tx, workspace_id: int, search: str | None, page: Page) -> dict[str, Any]:
    found, following = groups.listed(tx, workspace_id, search, page)
    return {
        "groups": found,
        "address": address,
        "search": search or "",
        "next": following,
        "first": page.cursor is None,
        "most": groups.COUNTED,
        "searched": groups.SEARCHED,
    }


def _by_digest(tx: Tx, workspace_id: int, begins: str, digest: str, page: Page) -> dict[str, Any]:
    exact = groups.by_digest(tx, workspace_id, begins, digest)
    return _group(tx, workspace_id, exact, page) | {"query": {"digest": digest, "begins": begins}}


def _group(tx: Tx, workspace_id: int, group_id: str | None, page: Page) -> dict[str, Any]:
    found = None if group_id is None else groups.view(tx, workspace_id, group_id)
    if found is None:
        raise NotFoundException("there is no group of this id in this workspace")
    members, following = groups.members(tx, workspace_id, found.id, page)
    sources = tenants.name_sources(tx, workspace_id)
    return {
        "group": found,
        "path": address(found.id).partition("?")[0],
        "query": {},
        "traits": words.traits_of(found.traits, found.trait_details, sources),
        "people": [{"brief": one, "since": since, "title": words.title_of(one)} for one, since in members],
        "initials": words.initials,
        "kind": words.kind,
        "next": following,
        "first": page.cursor is None,
        "most": {"members": groups.COUNTED, "traits": TRAITS},
    }
