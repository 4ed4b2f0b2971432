"""One's own account: password, sessions, light and dark."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.response import Redirect, Template
from msgspec import Meta, Struct

from tidings.db import Database
from tidings.kit import clock
from tidings.kit.pages import Form, Notes
from tidings.tenants import passwords, people_store, sessions, users
from tidings.tenants.model import Actor, Person
from tidings.tenants.passwords import Passwords

PATH = "/console/account"


class NewPassword(Struct):
    """What the form sends."""

    present_password: Annotated[str, Meta(max_length=passwords.LONGEST)]
    new_password: Annotated[str, Meta(max_length=passwords.LONGEST)]


@get("/account")
async def show_account(database: Database, person: Person) -> Template:
    """Show who is signed in, and where."""
    return await _page(database, person, Form())


@post("/account/password")
async def change_password(
    *, database: Database, person: Person, who: Actor, hashing: Passwords, notes: Notes, form: Form
) -> Response[Any]:
    """Change one's own password; the other sessions end."""
    wanted = form.read(NewPassword)
    if wanted is None:
        return await _page(database, person, form, 422)
    present = await database.read(people_store.password_of, person.workspace_id, person.user.id)
    if not await hashing.matches(present, wanted.present_password):
        form.fault("present_password", "this is not your present password")
    elif wrong := passwords.fault(wanted.new_password, person.user.email):
        form.fault("new_password", wrong)
    if form.faults:
        return await _page(database, person, form, 422)
    known = await hashing.hash(wanted.new_password)
    where = (person.workspace_id, person.user.id)
    await database.write(users.change_password, who, *where, known, clock.now(), keep=person.session_id)
    notes.say("Your password was changed. Your other sessions have ended.")
    return Redirect(PATH, status_code=303)


@post("/account/sign-out-everywhere")
async def sign_out_everywhere(database: Database, person: Person, who: Actor, notes: Notes) -> Redirect:
    """End one's other sessions."""
    ended = await database.write(sessions.sign_out_everywhere, person, who.ip, clock.now())
    notes.say(f"{ended} other session{'' if ended == 1 else 's'} ended.")
    return Redirect(PATH, status_code=303)


ROUTES = (show_account, change_password, sign_out_everywhere)


async def _page(database: Database, person: Person, form: Form, status: int = 200) -> Template:
    now = clock.now()
    found = await database.read(
        people_store.list_sessions, person.workspace_id, person.user.id, now, now - sessions.IDLE
    )
    return Template("tenants/account.html", context={"sessions": found, "form": form}, status_code=status)
