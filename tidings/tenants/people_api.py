"""The own API's routes of users and the audit log."""

from typing import Annotated, Any

from litestar import delete, get, patch, post
from litestar.exceptions import NotFoundException, ServiceUnavailableException
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType

from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.tenants import passwords, people_store, users
from tidings.tenants.api import LARGEST, Id, Time, bad
from tidings.tenants.model import Actor, Deed, Role, Token, User
from tidings.tenants.paging import Next, Page, cursor_of
from tidings.tenants.passwords import Passwords
from tidings.tenants.service import Invalid

UserId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a user.")]
RoleIn = Annotated[Role, Meta(description="viewer looks, editor also changes data, owner may do everything.")]
PasswordIn = Annotated[str, Meta(max_length=passwords.LONGEST, description="Of at least 10 characters.")]
WhoseDeeds = Annotated[
    str | None,
    Parameter(
        max_length=40,
        pattern=r"^(cli|nobody|(user|token):[0-9]{1,16})(?!\n)$",
        description="Only what `user:ID`, `token:ID`, `cli` or `nobody` did.",
    ),
]
WhichDeeds = Annotated[
    str | None,
    Parameter(max_length=60, pattern=r"^[a-z_]+(\.[a-z_]+)?(?!\n)$", description="Only `noun.verb`, or all of a noun."),
]


class UserOut(Struct, kw_only=True):
    """Somebody who may sign in to the console."""

    id: Id
    email: Annotated[str, Meta(examples=["ana@shop.example"])]
    role: RoleIn
    created: Time
    seen: Annotated[Time | None, Meta(description="When they last signed in.")]


class UserList(Struct, kw_only=True):
    """All users of the workspace."""

    items: list[UserOut]


class UserIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """A user to be added."""

    email: Annotated[str, Meta(min_length=3, max_length=508, examples=["ana@shop.example"])]
    role: RoleIn
    password: Annotated[PasswordIn, Meta(description="Default: one is made.")] | UnsetType = UNSET


class UserMade(Struct, kw_only=True):
    """A new user, and the password if it was made, which is shown this once."""

    user: UserOut
    password: str | None


class UserChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a user; what is left out stays. Every change ends their sessions."""

    role: RoleIn | UnsetType = UNSET
    password: PasswordIn | UnsetType = UNSET


class DeedOut(Struct, kw_only=True):
    """Something that somebody changed."""

    id: Id
    at: Time
    actor: Annotated[str, Meta(description="`user:ID`, `token:ID`, `cli`, `install` or `nobody`.", examples=["user:1"])]
    email: Annotated[str | None, Meta(description="Address of the user, if it is one and still there.")]
    action: Annotated[str, Meta(description="`noun.verb`.", examples=["source.created"])]
    subject: Annotated[str, Meta(description='`noun:ID`, "" for the workspace.', examples=["source:1"])]
    detail: Annotated[dict[str, Any], Meta(description="What changed, without secrets.")]
    ip: Annotated[str | None, Meta(description="Address that it came from; null on the command line.")]


class DeedPage(Struct, kw_only=True):
    """A part of the audit log, newest first."""

    items: list[DeedOut]
    next: Next


@get("/users", summary="List users", opt={"scope": "admin"})
async def list_users(database: Database, token: Token) -> UserList:
    """Return who may sign in to the console of this workspace, oldest first."""
    found = await database.read(people_store.list_users, token.workspace_id)
    return UserList(items=[shown_user(user) for user in found])


@get("/users/{user_id:int}", summary="Show a user", opt={"scope": "admin"})
async def get_user(database: Database, token: Token, user_id: UserId) -> UserOut:
    """Return one user."""
    return shown_user(await database.read(_existing, token.workspace_id, user_id))


@post("/users", summary="Add a user", opt={"scope": "admin"})
async def create_user(*, database: Database, token: Token, who: Actor, hashing: Passwords, data: UserIn) -> UserMade:
    """Add somebody who may sign in; a password that is made is shown this once."""
    try:
        email = users.normal_email(data.email)
    except Invalid as error:
        raise bad("email", str(error)) from None
    given = None if data.password is UNSET else data.password
    password = given or passwords.made()
    known = await _hash(hashing, password, email)
    made = await database.write(users.add, who, token.workspace_id, email, data.role, known, clock.now())
    return UserMade(user=shown_user(made), password=None if given else password)


@patch("/users/{user_id:int}", summary="Change a user", opt={"scope": "admin"})
async def change_user(
    *, database: Database, token: Token, who: Actor, hashing: Passwords, user_id: UserId, data: UserChange
) -> UserOut:
    """Change the role or the password of a user, which ends their sessions."""
    user = await database.read(_existing, token.workspace_id, user_id)
    known = None if data.password is UNSET else await _hash(hashing, data.password, user.email)

    def change(tx: Tx) -> User:
        now = clock.now()
        changed = _existing(tx, token.workspace_id, user_id)
        if data.role is not UNSET:
            changed = users.change_role(tx, who, token.workspace_id, user_id, data.role, now)
        if known is not None:
            users.change_password(tx, who, token.workspace_id, user_id, known, now)
        return changed

    return shown_user(await database.write(change))


@delete("/users/{user_id:int}", summary="Remove a user", opt={"scope": "admin", "conflicts": True})
async def remove_user(database: Database, token: Token, who: Actor, user_id: UserId) -> None:
    """Remove a user; their sessions end when this is answered."""
    try:
        await database.write(users.remove, who, token.workspace_id, user_id, clock.now())
    except users.NoUser as error:
        raise NotFoundException(str(error)) from None


@get("/audit", summary="List the audit log", opt={"scope": "admin"})
async def list_audit(
    database: Database, token: Token, page: Page, actor: WhoseDeeds = None, action: WhichDeeds = None
) -> DeedPage:
    """Return who changed what, newest first."""
    deeds, following = await database.read(deeds_page, token.workspace_id, page, actor, action)
    return DeedPage(items=[_deed(deed) for deed in deeds], next=following)


ROUTES = (list_users, get_user, create_user, change_user, remove_user, list_audit)


def deeds_page(
    tx: Tx, workspace_id: int, page: Page, actor: str | None, action: str | None
) -> tuple[list[Deed], str | None]:
    """Return a part of the audit log and the cursor of the next.

    Raises:
        ValidationException: The cursor is none of this list.
    """
    key = page.key("audit", 1)
    rows = people_store.list_deeds(
        tx, workspace_id, actor=actor, action=action, before=key[0] if key else None, limit=page.limit + 1
    )
    shown = rows[: page.limit]
    return shown, cursor_of("audit", shown[-1].id) if len(rows) > page.limit else None


def shown_user(user: User) -> UserOut:
    """Return a user as the API shows them."""
    seen = None if user.seen_at is None else iso(user.seen_at)
    return UserOut(id=user.id, email=user.email, role=user.role, created=iso(user.created_at), seen=seen)


def _existing(tx: Tx, workspace_id: int, user_id: int) -> User:
    try:
        return users.existing(tx, workspace_id, user_id)
    except users.NoUser as error:
        raise NotFoundException(str(error)) from None


def _deed(deed: Deed) -> DeedOut:
    names = ("id", "actor", "email", "action", "subject", "detail", "ip")
    return DeedOut(at=iso(deed.at), **{name: getattr(deed, name) for name in names})


async def _hash(pool: Passwords, password: str, email: str) -> str:
    if wrong := passwords.fault(password, email):
        raise bad("password", wrong)
    try:
        return await pool.hash(password)
    except passwords.Busy as error:
        raise ServiceUnavailableException(str(error), headers={"retry-after": "5"}) from None
