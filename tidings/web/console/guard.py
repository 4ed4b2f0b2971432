"""What every page demands: somebody signed in, of a sufficient role, and forms that come from our own pages."""

import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qsl, quote, urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import UploadFile
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    PermissionDeniedException,
)
from litestar.handlers import BaseRouteHandler

from tidings.db import Database
from tidings.kit.pages import File, Form
from tidings.tenants import people_store
from tidings.tenants.model import Role
from tidings.web.console.visit import Visit

HOME, SIGN_IN, SET_UP = "/console", "/console/sign-in", "/console/set-up"
FIELDS = 500  # of one form
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
ENOUGH: dict[Role, set[Role]] = {  # which roles are enough
    "viewer": {"viewer", "editor", "owner"},
    "editor": {"editor", "owner"},
    "owner": {"owner"},
}
_HOME = re.compile(r"/console(?:[/?#][!-\[\]-~]*)?(?!\n)")  # printable ASCII without backslash
_DOTS = re.compile(r"/(?:\.|%2e)+(?:[/?#]|$)", re.IGNORECASE)  # "/console/../x" would lead out again
Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


class GoElsewhere(HTTPException):
    """The page is not answered; the visitor goes to another one.

    Args:
        path: Where to.
    """

    status_code = 303

    def __init__(self, path: str) -> None:
        super().__init__(detail="go elsewhere", status_code=303)
        self.path = path


class TooOld(PermissionDeniedException):
    """A form does not come from a page that we gave to this visitor, or that page is too old."""


def make_guard(database: Database) -> Guard:
    """Return what every request has to pass.

    ``opt`` of a route: ``role`` is the least one that may use it (``viewer`` unless given); ``open`` lets everybody in.

    Args:
        database: Knows whether there is any user yet.
    """
    known = False  # once there is a user there always is one: the last owner cannot be removed

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        nonlocal known
        visit: Visit = connection.scope["auth"]
        request: Request[Any, Any, Any] = connection  # type: ignore[assignment]
        if request.method == "OPTIONS":  # the framework's own answer; there is no CORS here
            allowed = connection.app.route_handler_method_map[connection.scope["path_template"]]
            raise MethodNotAllowedException(headers={"allow": ", ".join(sorted(set(allowed) - {"OPTIONS"}))})
        known = known or await database.read(people_store.any_user)
        if not handler.opt.get("open"):
            if not known:
                raise GoElsewhere(SET_UP)
            if visit.person is None:
                raise GoElsewhere(sign_in_path(request))
            needed: Role = handler.opt.get("role", "viewer")
            if visit.person.user.role not in ENOUGH[needed]:
                raise PermissionDeniedException(f"This needs the role {needed}; yours is {visit.person.user.role}.")
        if request.method != "GET":
            check_origin(request)
            await check_csrf(request, visit)

    return guard


def check_origin(request: Request[Any, Any, Any]) -> None:
    """Refuse what a browser says comes from another site; programs other than browsers say nothing.

    Raises:
        TooOld: It does.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise TooOld("The form came from another site.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise TooOld("The form came from another site.")


async def check_csrf(request: Request[Any, Any, Any], visit: Visit) -> None:
    """Refuse a change without the token that our own pages carry.

    Raises:
        TooOld: It is missing or another's.
    """
    sent = request.headers.get(CSRF_HEADER) or (await read_form(request))[CSRF_FIELD]
    if not visit.csrf or not hmac.compare_digest(sent.encode(), visit.csrf.encode()):
        raise TooOld("The form is too old, or came from elsewhere.")


async def read_form(request: Request[Any, Any, Any]) -> Form:
    """Return what a request's form sent.

    Raises:
        ClientException: It is no form in UTF-8, or has too many fields.
        HTTPException: 415, another kind of body.
    """
    kind = request.headers.get("content-type", "application/x-www-form-urlencoded").split(";")[0].strip().lower()
    if kind == "multipart/form-data" and request.route_handler.opt.get("upload"):
        return await read_upload(request)
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(status_code=415, detail="Send the form as application/x-www-form-urlencoded.")
    body = await request.body()
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS)
    except ValueError:
        raise ClientException("The form cannot be read: send percent-encoded UTF-8.") from None
    return Form(_values(pairs))


async def read_upload(request: Request[Any, Any, Any]) -> Form:
    """Return what a form sent that may have a file with it; what is larger than a mebibyte of it is on the disk.

    Raises:
        ClientException: It is no such form.
    """
    try:
        parts = list((await request.form()).multi_items())
    except (ValueError, LookupError):
        raise ClientException("The form cannot be read: send multipart/form-data in UTF-8.") from None
    texts = [(name, part) for name, part in parts if isinstance(part, str)]
    sent = [(name, part) for name, part in parts if isinstance(part, UploadFile)]
    return Form(_values(texts), {name: File(part.filename, cast(BinaryIO, part.file)) for name, part in sent})


def _values(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\0" in value:
            raise ClientException("The form has a character that cannot be stored.")
        values.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return values


def sign_in_path(request: Request[Any, Any, Any]) -> str:
    """Return where somebody without a session signs in, to come back to the page that they were on."""
    came_from = request.headers.get("hx-current-url") or request.headers.get("referer") or ""
    if request.headers.get("hx-request") or request.method != "GET":
        parts = urlsplit(came_from)
        page = parts.path + (f"?{parts.query}" if parts.query else "")
    else:
        query = request.scope["query_string"].decode("ascii", "replace")
        page = request.scope["path"] + (f"?{query}" if query else "")
    page = local(quote(page, safe="/?&=%:@!$'()*+,;~-._"))
    return SIGN_IN if page == HOME else f"{SIGN_IN}?next={quote(page, safe='/')}"


def local(address: str) -> str:
    """Return an address if it leads into the console, else the console's first page.

    Args:
        address: Hostile: where somebody wants to be sent after signing in.
    """
    inside = len(address) <= 2000 and _HOME.fullmatch(address) is not None
    path = urlsplit(address).path if inside else ""
    if not inside or _DOTS.search(path) or path.startswith((SIGN_IN, SET_UP, "/console/sign-out", "/console/static")):
        return HOME
    return address
