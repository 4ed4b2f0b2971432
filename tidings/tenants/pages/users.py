"""Users: add, change the role, set a new password, remove."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Template
from msgspec import Meta, Struct

from tidings.db import Database
from tidings.kit import clock
from tidings.kit.pages import Form, Notes
from tidings.tenants import passwords, people_store, users
from tidings.tenants.model import Actor, Person, Role, User
from tidings.tenants.passwords import Passwords
from tidings.tenants.service import Invalid

PATH = "/console/users"
OWNER = {"role": "owner"}


class NewUser(Struct):
    """What the form sends."""

    email: Annotated[str, Meta(max_length=508)]
    role: Role


class NewRole(Struct):
    """What the form sends."""

    role: Role


@get("/users", opt=OWNER)
async def show_users(database: Database, workspace_id: int) -> Template:
    """Show who may sign in, and the form for one more."""
    return await _page(database, workspace_id, Form({"role": ["viewer"]}))


@post("/users", opt=OWNER)
async def add_user(
    *, database: Database, workspace_id: int, who: Actor, hashing: Passwords, form: Form
) -> Response[Any]:
    """Add a user with a password that is shown once."""
    wanted = form.read(NewUser)
    if wanted is None:
        return await _page(database, workspace_id, form, 422)
    password = passwords.made()
    try:
        email = users.normal_email(wanted.email)
        known = await hashing.hash(password)
        made = await database.write(users.add, who, workspace_id, email, wanted.role, known, clock.now())
    except Invalid as error:
        form.fault("email", str(error))
        return await _page(database, workspace_id, form, 422)
    return _once(made, password, "was added")


@post("/users/{user_id:int}/role", opt=OWNER)
async def change_role(
    *, database: Database, workspace_id: int, who: Actor, person: Person, notes: Notes, form: Form, user_id: int
) -> Redirect:
    """Give a user another role."""
    wanted = form.read(NewRole)
    if wanted is None:
        notes.say("Choose one of the roles.", "error")
        return Redirect(PATH, status_code=303)
    try:
        user = await database.write(users.change_role, who, workspace_id, user_id, wanted.role, clock.now())
    except users.NoUser as error:
        raise NotFoundException(str(error)) from None
    except Invalid as error:
        notes.say(f"Nothing was changed: {error}.", "error")
        return Redirect(PATH, status_code=303)
    notes.say(f"{user.email} is now {wanted.role}. They have to sign in again.")
    return Redirect(PATH, status_code=303)


@post("/users/{user_id:int}/password", opt=OWNER)
async def reset_password(
    *, database: Database, workspace_id: int, who: Actor, hashing: Passwords, user_id: int
) -> Template:
    """Set a new password, shown once, and end the user's sessions."""
    password = passwords.made()
    known = await hashing.hash(password)
    try:
        user = await database.write(users.change_password, who, workspace_id, user_id, known, clock.now())
    except users.NoUser as error:
        raise NotFoundException(str(error)) from None
    return _once(user, password, "has a new password")


@post("/users/{user_id:int}/remove", opt=OWNER)
async def remove_user(database: Database, workspace_id: int, who: Actor, notes: Notes, user_id: int) -> Redirect:
    """Remove a user and end their sessions."""
    try:
        user = await database.write(users.remove, who, workspace_id, user_id, clock.now())
    except users.NoUser as error:
        raise NotFoundException(str(error)) from None
    except Invalid as error:
        notes.say(f"Nothing was changed: {error}.", "error")
    else:
        notes.say(f"{user.email} was removed and is signed out.")
    return Redirect(PATH, status_code=303)


ROUTES = (show_users, add_user, change_role, reset_password, remove_user)


async def _page(database: Database, workspace_id: int, form: Form, status: int = 200) -> Template:
    found = await database.read(people_store.list_users, workspace_id)
    return Template("tenants/users.html", context={"users": found, "form": form}, status_code=status)


def _once(user: User, password: str, what: str) -> Template:
    context = {"user": user, "password": password, "what": what}
    return Template("tenants/password.html", context=context, status_code=200)
