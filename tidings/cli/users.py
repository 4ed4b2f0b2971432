"""tidings user: who may sign in to the console."""

import sys
from pathlib import Path
from typing import Any, cast, get_args

import click

from tidings.cli.place import data_option, json_option, opened, show, workspace_of, workspace_option
from tidings.db import Database
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.tenants import passwords, people_store, service, users
from tidings.tenants.audit import CLI
from tidings.tenants.model import Role, User

email_option = click.option("--email", required=True, help="Mail address that they sign in with.")


@click.group()
def user() -> None:
    """Who may sign in to the console."""


@user.command("create")
@email_option
@click.option("--role", type=click.Choice(get_args(Role)), default="viewer", show_default=True,
              help="viewer looks, editor also changes data, owner may do everything.")  # fmt: skip
@workspace_option
@data_option
@json_option
def user_create(email: str, role: str, workspace: str, data: Path, as_json: bool) -> None:
    """Add a user; asks for the password, or makes one and prints it."""
    address = normal(email)
    with opened(data, make=True) as database:
        wall = workspace_of(database, workspace)
        given, made = password_for(address, ask=not as_json)
        known = passwords.hashed(given or made)
        added = database.write_now(users.add, CLI, wall, address, cast(Role, role), known, clock.now())
    show(described(added) | {"password": made or None}, told(f"user {added.email} ({role})", made), as_json=as_json)


@user.command("list")
@workspace_option
@data_option
@json_option
def user_list(workspace: str, data: Path, as_json: bool) -> None:
    """Show the users of a workspace."""
    with opened(data) as database:
        found = database.read_now(people_store.list_users, workspace_of(database, workspace))
    lines = [f"{u.id:>4}  {u.email}  {u.role}  {seen(u)}" for u in found]
    show([described(u) for u in found], "\n".join(lines) or "no users yet (tidings user create)", as_json=as_json)


@user.command("password")
@email_option
@workspace_option
@data_option
@json_option
def user_password(email: str, workspace: str, data: Path, as_json: bool) -> None:
    """Set a user's password, which ends their sessions; asks for it, or makes one and prints it."""
    with opened(data) as database:
        wall, present = found(database, workspace, email)
        given, made = password_for(present.email, ask=not as_json)
        known = passwords.hashed(given or made)
        database.write_now(users.change_password, CLI, wall, present.id, known, clock.now())
    text = told(f"user {present.email} has a new password and is signed out", made)
    show(described(present) | {"password": made or None}, text, as_json=as_json)


@user.command("role")
@email_option
@click.option("--role", type=click.Choice(get_args(Role)), required=True, help="The new one.")
@workspace_option
@data_option
@json_option
def user_role(email: str, role: str, workspace: str, data: Path, as_json: bool) -> None:
    """Give a user another role, which ends their sessions."""
    with opened(data) as database:
        wall, present = found(database, workspace, email)
        changed = database.write_now(users.change_role, CLI, wall, present.id, cast(Role, role), clock.now())
    show(described(changed), f"user {changed.email} is now {role}", as_json=as_json)


@user.command("remove")
@email_option
@workspace_option
@data_option
@json_option
def user_remove(email: str, workspace: str, data: Path, as_json: bool) -> None:
    """Remove a user, which ends their sessions; not the last owner."""
    with opened(data) as database:
        wall, present = found(database, workspace, email)
        database.write_now(users.remove, CLI, wall, present.id, clock.now())
    show({"removed": present.id, "email": present.email}, f"user {present.email} removed", as_json=as_json)


def found(database: Database, workspace: str, email: str) -> tuple[int, User]:
    """Return the number of a workspace and its user of an address.

    Raises:
        click.ClickException: There is none.
    """
    wall = workspace_of(database, workspace)
    present = database.read_now(people_store.user_by_email, wall, normal(email))
    if present is None:
        raise click.ClickException(f"there is no user {email} in workspace {workspace!r} (tidings user list)")
    return wall, present


def normal(email: str) -> str:
    """Return an address as it is stored.

    Raises:
        click.BadParameter: It is none.
    """
    try:
        return users.normal_email(email)
    except service.Invalid as error:
        raise click.BadParameter(str(error), param_hint="--email") from None


def password_for(email: str, *, ask: bool) -> tuple[str, str]:
    """Return the password that was typed and the one that was made; one of them is "".

    Args:
        email: Whose.
        ask: Whether to ask, where there is a terminal.
    """
    if not ask or not sys.stdin.isatty():
        return "", passwords.made()
    while True:
        text = click.prompt(
            "Password (empty makes one)", default="", hide_input=True, show_default=False, confirmation_prompt=True
        )
        if not text:
            return "", passwords.made()
        wrong = passwords.fault(text, email)
        if wrong is None:
            return text, ""
        click.echo(f"Not taken: {wrong}.")


def told(text: str, made: str) -> str:
    """Return a line with the password, if it was made: it is printed this once."""
    return f"{text}\npassword: {made}" if made else text


def seen(user: User) -> str:
    """Return when a user last signed in, in words."""
    return f"last signed in {iso(user.seen_at)}" if user.seen_at else "never signed in"


def described(user: User) -> dict[str, Any]:
    """Return what is shown of a user: nothing secret."""
    last = iso(user.seen_at) if user.seen_at else None
    return {"id": user.id, "email": user.email, "role": user.role, "created": iso(user.created_at), "seen": last}
