"""The console's pages of this room: importing a list of addresses that nothing is to be sent to."""

import io
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import Parameter
from litestar.response import Redirect, Stream, Template
from msgspec import Meta, Struct

from tidings.consent import rules
from tidings.consent.model import Kind
from tidings.consent.pages import words
from tidings.imports.addresses import Usual
from tidings.imports.uploads import SHOWN, Upload, Uploads
from tidings.kit.pages import Form, Nav
from tidings.tenants.api import LARGEST
from tidings.tenants.model import Actor

PATH = "/console/suppressions/import"
MIB = 1024 * 1024
MOST = 16 * MIB  # bytes of a form with a file
EDITOR = {"role": "editor"}
ImportId = Annotated[int, Parameter(ge=1, le=LARGEST)]


class Listed(Struct):
    """What the form sends beside the file."""

    type: Kind
    reason: Annotated[str, Meta(max_length=rules.WORDS)] = ""
    pasted: str = ""


@get("/suppressions/import", opt=EDITOR)
async def show_import_form(workspace_id: int, uploads: Uploads) -> Template:
    """Show the form that takes a list, and the imports of before."""
    return _form(workspace_id, uploads, Form().filled(type="unsubscribed"))


@post("/suppressions/import", opt=EDITOR | {"upload": True}, request_max_body_size=MOST)
async def import_addresses(workspace_id: int, who: Actor, form: Form, uploads: Uploads) -> Response[Any]:
    """Begin to import a list: a file, or what was pasted."""
    wanted = form.read(Listed)
    file = form.files.get("file")
    if wanted is not None:
        if wanted.type == "pending_opt_in":
            form.fault("type", "choose one of the options")
        if (file is None) == (not wanted.pasted):
            form.fault("file", "choose a file or paste a list: one of the two")
        if uploads.running(workspace_id) is not None:
            form.fault("", "Another list of this workspace is being imported: wait until it is at its end.")
    if wanted is None or form.faults:
        return _form(workspace_id, uploads, form, 422)
    name, content = ("", io.BytesIO(wanted.pasted.encode())) if file is None else (file.name, file.content)
    begun = await uploads.begin(who, workspace_id, name, content, Usual(wanted.type, wanted.reason or None))
    return Redirect(f"{PATH}/{begun.id}", status_code=303)


@get("/suppressions/import/{import_id:int}", opt=EDITOR)
async def show_import(
    request: Request[Any, Any, Any], workspace_id: int, uploads: Uploads, import_id: ImportId
) -> Template:
    """Show how far an import is, and what came of it."""
    section = bool(request.headers.get("hx-request"))
    context = {"upload": _upload(uploads, workspace_id, import_id), "shown": SHOWN}
    return Template("imports/progress.html" if section else "imports/import.html", context=context)


@get("/suppressions/import/{import_id:int}/refused", media_type="text/csv", opt=EDITOR)
async def show_refused_lines(workspace_id: int, uploads: Uploads, import_id: ImportId) -> Stream:
    """Send the lines that were refused, as a file."""
    upload = _upload(uploads, workspace_id, import_id)
    if not upload.ended:
        raise HTTPException(status_code=409, detail="The list is still being imported.")
    named = {"content-disposition": f'attachment; filename="refused-{upload.id}.csv"'}
    return Stream(uploads.report(workspace_id, import_id), media_type="text/csv; charset=utf-8", headers=named)


ROUTES = (show_import_form, import_addresses, show_import, show_refused_lines)
NAV: tuple[Nav, ...] = ()  # it is reached from the suppressions


def _upload(uploads: Uploads, workspace_id: int, number: int) -> Upload:
    found = uploads.get(workspace_id, number)
    if found is None:
        raise NotFoundException(
            "There is no import of this number. If the server was restarted, import the list again: what was done "
            "before stays and is not done twice."
        )
    return found


def _form(workspace_id: int, uploads: Uploads, form: Form, status: int = 200) -> Template:
    context = {
        "form": form,
        "types": [(kind, words.TYPES[kind]) for kind in words.BY_HAND],
        "uploads": uploads.latest(workspace_id),
        "most": MOST // MIB,
    }
    return Template("imports/form.html", context=context, status_code=status)
