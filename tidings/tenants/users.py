"""Transaction scripts of users: added, changed, removed, each with its row in the audit log."""

import msgspec

from tidings.db import Tx
from tidings.kit import email as mail
from tidings.tenants import audit, people_store, service
from tidings.tenants.model import Actor, Role, User

LAST = "this is the last owner: make somebody else an owner first"


class Taken(service.Invalid):
    """The address has a user already."""


class NoUser(service.Invalid):
    """There is nobody of this number in the workspace."""


def normal_email(text: str) -> str:
    """Return an address as it is stored.

    Raises:
        Invalid: It is none.
    """
    found = mail.normalise(text)
    if found is None:
        raise service.Invalid("this is no mail address: write it like ana@shop.example")
    return found


def set_up(tx: Tx, email: str, password: str, ip: str | None, now: int) -> User:
    """Make the first user, owner of the first workspace.

    Args:
        tx: The transaction.
        email: Normalised.
        password: Its hash.
        ip: Where the request came from.
        now: UTC milliseconds.

    Raises:
        Invalid: There is a user already; somebody was quicker.
    """
    if people_store.any_user(tx):
        raise service.Invalid("the owner has been set up already: sign in")
    workspace_id = service.first_workspace(tx, now)
    made = _added(tx, workspace_id, email, "owner", password, now)
    audit.record(tx, Actor(f"user:{made.id}", ip), workspace_id, "user.set_up", now, f"user:{made.id}", email=email)
    return made


def add(tx: Tx, actor: Actor, workspace_id: int, email: str, role: Role, password: str, now: int) -> User:
    """Add a user.

    Args:
        tx: The transaction.
        actor: Who adds.
        workspace_id: The wall.
        email: Normalised.
        role: What they may do.
        password: Its hash.
        now: UTC milliseconds.

    Raises:
        Taken: The address has a user.
    """
    made = _added(tx, workspace_id, email, role, password, now)
    audit.record(tx, actor, workspace_id, "user.added", now, f"user:{made.id}", email=email, role=role)
    return made


def change_role(tx: Tx, actor: Actor, workspace_id: int, user_id: int, role: Role, now: int) -> User:
    """Give a user another role and end their sessions, so that it counts at once.

    Raises:
        NoUser: There is none of this number.
        Invalid: It is the last owner.
    """
    user = existing(tx, workspace_id, user_id)
    if user.role == role:
        return user
    if user.role == "owner" and people_store.count_owners(tx, workspace_id) < 2:
        raise service.Invalid(LAST)
    people_store.set_role(tx, workspace_id, user_id, role)
    people_store.end_sessions(tx, workspace_id, user_id)
    detail = {"email": user.email, "role": role, "before": user.role}
    audit.record(tx, actor, workspace_id, "user.role_changed", now, f"user:{user_id}", **detail)
    return msgspec.structs.replace(user, role=role)


def change_password(
    tx: Tx, actor: Actor, workspace_id: int, user_id: int, password: str, now: int, keep: int = 0
) -> User:
    """Replace a user's password and end their sessions.

    Args:
        tx: The transaction.
        actor: Who does it.
        workspace_id: The wall.
        user_id: Whose password.
        password: Its hash.
        now: UTC milliseconds.
        keep: A session that goes on: the one in which somebody changes their own.

    Raises:
        NoUser: There is none of this number.
    """
    user = existing(tx, workspace_id, user_id)
    people_store.set_password(tx, workspace_id, user_id, password)
    people_store.end_sessions(tx, workspace_id, user_id, keep)
    audit.record(tx, actor, workspace_id, "user.password_changed", now, f"user:{user_id}", email=user.email)
    return user


def remove(tx: Tx, actor: Actor, workspace_id: int, user_id: int, now: int) -> User:
    """Remove a user with their sessions.

    Raises:
        NoUser: There is none of this number.
        Invalid: It is the last owner.
    """
    user = existing(tx, workspace_id, user_id)
    if user.role == "owner" and people_store.count_owners(tx, workspace_id) < 2:
        raise service.Invalid(LAST)
    people_store.end_sessions(tx, workspace_id, user_id)
    people_store.remove_user(tx, workspace_id, user_id)
    audit.record(tx, actor, workspace_id, "user.removed", now, f"user:{user_id}", email=user.email, role=user.role)
    return user


def existing(tx: Tx, workspace_id: int, user_id: int) -> User:
    """Return a user of the workspace.

    Raises:
        NoUser: There is none of this number.
    """
    user = people_store.get_user(tx, workspace_id, user_id)
    if user is None:
        raise NoUser(f"there is no user {user_id} in this workspace")
    return user


def _added(tx: Tx, workspace_id: int, email: str, role: Role, password: str, now: int) -> User:
    if people_store.email_taken(tx, email):
        raise Taken(f"{email} has a user already: an address belongs to one workspace of the installation")
    draft = User(id=0, workspace_id=workspace_id, email=email, role=role, created_at=now, seen_at=None)
    return msgspec.structs.replace(draft, id=people_store.add_user(tx, draft, password))
