"""API tokens: make, show once, revoke."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template
from msgspec import Meta, Struct

from tidings.db import Database
from tidings.kit import clock
from tidings.kit.pages import Form, Notes
from tidings.tenants import deeds, service, store
from tidings.tenants.api import LINE
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Scope

PATH = "/console/tokens"
OWNER = {"role": "owner"}


class NewToken(Struct):
    """What the form sends."""

    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE)]
    scope: Scope


@get("/tokens", opt=OWNER)
async def show_tokens(database: Database, workspace_id: int) -> Template:
    """Show the tokens of the workspace, by their last characters, and the form for one more."""
    return await _page(database, workspace_id, Form({"scope": ["read"]}))


@post("/tokens", opt=OWNER)
async def make_token(*, database: Database, keys: Keys, workspace_id: int, who: Actor, form: Form) -> Response[Any]:
    """Make a token, which is shown once."""
    wanted = form.read(NewToken)
    if wanted is None:
        return await _page(database, workspace_id, form, 422)
    made, secret = await database.write(
        deeds.create_token, who, workspace_id, wanted.name, (wanted.scope,), clock.now()
    )
    await keys.refresh()
    return Template("tenants/token.html", context={"token": made, "secret": secret}, status_code=200)


@post("/tokens/{token_id:int}/revoke", opt=OWNER)
async def revoke_token(
    *, database: Database, keys: Keys, workspace_id: int, who: Actor, notes: Notes, token_id: int
) -> Redirect:
    """Make a token useless at once."""
    try:
        await database.write(deeds.revoke_token, who, workspace_id, token_id, clock.now())
    except service.Invalid as error:
        raise NotFoundException(str(error)) from None
    await keys.refresh()
    notes.say("The token was revoked: it is refused from now on.")
    return Redirect(PATH, status_code=303)


ROUTES = (show_tokens, make_token, revoke_token)


async def _page(database: Database, workspace_id: int, form: Form, status: int = 200) -> Template:
    found = await database.read(store.list_tokens, workspace_id)
    return Template("tenants/tokens.html", context={"tokens": found, "form": form}, status_code=status)
