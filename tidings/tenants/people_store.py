"""All queries of users, their sessions and the audit log."""

from typing import Any

from sqlalchemy import RowMapping, String, cast, delete, func, insert, literal, or_, select, update

from tidings.db import Tx
from tidings.tenants.model import Deed, Person, Role, User, Workspace
from tidings.tenants.tables import audit, sessions, users, workspaces

USER = select(users.c.id, users.c.workspace_id, users.c.email, users.c.role, users.c.created_at, users.c.seen_at)


def any_user(tx: Tx) -> bool:
    """Tell whether the installation has a user at all: until then the console is set up instead of signed in to."""
    return tx.execute(select(users.c.id).limit(1)).first() is not None


def add_user(tx: Tx, draft: User, password: str) -> int:
    """Insert a user (its ``id`` is ignored) with the hash of the password; return its id."""
    values = {
        "workspace_id": draft.workspace_id,
        "email": draft.email,
        "role": draft.role,
        "password": password,
        "created_at": draft.created_at,
        "seen_at": draft.seen_at,
    }
    key = tx.execute(insert(users).values(values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def email_taken(tx: Tx, email: str) -> bool:
    """Tell whether an address has a user: over all workspaces, since it alone signs in."""
    return tx.execute(select(users.c.id).where(users.c.email == email)).first() is not None


def find_for_sign_in(tx: Tx, email: str) -> tuple[User, str] | None:
    """Return the user of an address with the hash of the password: the address alone names the workspace."""
    row = tx.execute(select(users).where(users.c.email == email)).mappings().one_or_none()
    return None if row is None else (_user(row), row["password"])


def list_users(tx: Tx, workspace_id: int) -> list[User]:
    """Return the users of a workspace, oldest first."""
    query = USER.where(users.c.workspace_id == workspace_id).order_by(users.c.id)
    return [_user(row) for row in tx.execute(query).mappings()]


def get_user(tx: Tx, workspace_id: int, user_id: int) -> User | None:
    """Return one user of a workspace."""
    query = USER.where(users.c.workspace_id == workspace_id, users.c.id == user_id)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _user(row)


def user_by_email(tx: Tx, workspace_id: int, email: str) -> User | None:
    """Return the user of a workspace that has this address."""
    query = USER.where(users.c.workspace_id == workspace_id, users.c.email == email)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _user(row)


def password_of(tx: Tx, workspace_id: int, user_id: int) -> str | None:
    """Return the hash of a user's password."""
    query = select(users.c.password).where(users.c.workspace_id == workspace_id, users.c.id == user_id)
    return tx.execute(query).scalar()


def count_owners(tx: Tx, workspace_id: int) -> int:
    """Return how many owners a workspace has."""
    query = select(func.count()).where(users.c.workspace_id == workspace_id, users.c.role == "owner")
    return int(tx.execute(query).scalar_one())


def set_role(tx: Tx, workspace_id: int, user_id: int, role: Role) -> bool:
    """Change a user's role; tell whether they exist."""
    which = (users.c.workspace_id == workspace_id) & (users.c.id == user_id)
    return tx.execute(update(users).where(which).values(role=role)).rowcount > 0


def set_password(tx: Tx, workspace_id: int, user_id: int, password: str) -> bool:
    """Replace the hash of a user's password; tell whether they exist."""
    which = (users.c.workspace_id == workspace_id) & (users.c.id == user_id)
    return tx.execute(update(users).where(which).values(password=password)).rowcount > 0


def set_seen(tx: Tx, workspace_id: int, user_id: int, now: int) -> None:
    """Write down that a user has signed in."""
    which = (users.c.workspace_id == workspace_id) & (users.c.id == user_id)
    tx.execute(update(users).where(which).values(seen_at=now))


def remove_user(tx: Tx, workspace_id: int, user_id: int) -> bool:
    """Delete a user; tell whether they existed."""
    which = (users.c.workspace_id == workspace_id) & (users.c.id == user_id)
    return tx.execute(delete(users).where(which)).rowcount > 0


def add_session(tx: Tx, values: dict[str, Any]) -> None:
    """Insert a session, by the names of its columns."""
    tx.execute(insert(sessions).values(values))


def find_session(tx: Tx, fingerprint: str, now: int, idle_since: int) -> tuple[Person, int] | None:
    """Return who has this cookie and when it was last seen; the cookie alone names the workspace.

    Args:
        tx: The transaction.
        fingerprint: SHA-256 of the cookie's value.
        now: UTC milliseconds; an expired session is not there.
        idle_since: UTC milliseconds; a session that was last seen before is not there.
    """
    s, u, w = sessions.c, users.c, workspaces.c
    query = (
        select(
            *(u.id, u.workspace_id, u.email, u.role, u.created_at, u.seen_at),
            *(w.name, w.title, w.time_zone, w.created_at.label("workspace_created_at")),
            *(s.id.label("session_id"), s.csrf, s.seen_at.label("session_seen_at")),
        )
        .join(users, (u.id == s.user_id) & (u.workspace_id == s.workspace_id))
        .join(workspaces, w.id == s.workspace_id)
        .where(s.fingerprint == fingerprint, s.expires_at > now, s.seen_at >= idle_since)
    )
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        return None
    workspace = Workspace(
        id=row["workspace_id"],
        name=row["name"],
        title=row["title"] or row["name"],
        time_zone=row["time_zone"],
        created_at=row["workspace_created_at"],
    )
    person = Person(user=_user(row), workspace=workspace, session_id=row["session_id"], csrf=row["csrf"])
    return person, row["session_seen_at"]


def list_sessions(tx: Tx, workspace_id: int, user_id: int, now: int, idle_since: int) -> list[dict[str, Any]]:
    """Return a user's sessions that are still good, without anything secret, newest use first."""
    s = sessions.c
    query = select(s.id, s.agent, s.created_at, s.seen_at).where(
        s.workspace_id == workspace_id, s.user_id == user_id, s.expires_at > now, s.seen_at >= idle_since
    )
    return [dict(row) for row in tx.execute(query.order_by(s.seen_at.desc(), s.id)).mappings()]


def touch_session(tx: Tx, workspace_id: int, session_id: int, now: int) -> None:
    """Write down that a session is in use."""
    which = (sessions.c.workspace_id == workspace_id) & (sessions.c.id == session_id)
    tx.execute(update(sessions).where(which, sessions.c.seen_at < now).values(seen_at=now))


def end_session(tx: Tx, workspace_id: int, session_id: int) -> None:
    """Delete a session."""
    tx.execute(delete(sessions).where(sessions.c.workspace_id == workspace_id, sessions.c.id == session_id))


def end_sessions(tx: Tx, workspace_id: int, user_id: int, keep: int = 0) -> int:
    """Delete a user's sessions but one; return how many there were."""
    s = sessions.c
    which = (s.workspace_id == workspace_id) & (s.user_id == user_id) & (s.id != keep)
    return tx.execute(delete(sessions).where(which)).rowcount


def sweep_sessions(tx: Tx, workspace_id: int, now: int, idle_since: int) -> None:
    """Delete the sessions of a workspace that are no longer good."""
    s = sessions.c
    over = or_(s.expires_at <= now, s.seen_at < idle_since)
    tx.execute(delete(sessions).where(s.workspace_id == workspace_id, over))


def add_deed(tx: Tx, workspace_id: int, values: dict[str, Any]) -> None:
    """Insert a row of the audit log, by the names of its columns."""
    tx.execute(insert(audit).values(values | {"workspace_id": workspace_id}))


def list_deeds(
    tx: Tx, workspace_id: int, *, actor: str | None, action: str | None, before: int | None, limit: int
) -> list[Deed]:
    """Return a part of the audit log, newest first.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        actor: Only what this one did.
        action: Only this action, or all of a noun ("source").
        before: Only rows with a lower number.
        limit: Rows at most.
    """
    a = audit.c
    who = (users.c.workspace_id == a.workspace_id) & (a.actor == literal("user:") + cast(users.c.id, String))
    query = select(audit, users.c.email).outerjoin(users, who).where(a.workspace_id == workspace_id)
    if actor is not None:
        query = query.where(a.actor == actor)
    if action is not None:
        query = query.where(a.action == action if "." in action else a.action.startswith(f"{action}.", autoescape=True))
    if before is not None:
        query = query.where(a.id < before)
    rows = tx.execute(query.order_by(a.id.desc()).limit(limit)).mappings()
    return [
        Deed(**{name: row[name] for name in ("id", "at", "actor", "email", "action", "subject", "detail", "ip")})
        for row in rows
    ]


def _user(row: RowMapping) -> User:
    names = ("id", "workspace_id", "email", "role", "created_at", "seen_at")
    return User(**{name: row[name] for name in names})
