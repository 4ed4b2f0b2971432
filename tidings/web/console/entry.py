"""Ways in and out: set-up of the first owner, sign-in, sign-out, light and dark."""

import hmac
import time
from typing import Annotated, Any

import structlog
from litestar import Request, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.response import Redirect, Template
from msgspec import Meta, Struct

from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.pages import Form
from tidings.kit.proxies import network
from tidings.kit.throttle import Throttle
from tidings.tenants import passwords, people_store, sessions, users
from tidings.tenants.model import User
from tidings.tenants.passwords import Passwords
from tidings.tenants.service import Invalid
from tidings.web.console.guard import HOME, SIGN_IN, local
from tidings.web.console.visit import THEME, Visit

WRONG = "Address or password is wrong."
YEAR = 365 * 24 * 3600
logger = structlog.get_logger()


class Entrance:
    """What stands between a visitor and a session.

    Args:
        setup_code: What the set-up of the first owner asks for; "" where that is over.
    """

    def __init__(self, setup_code: str) -> None:
        self._code = setup_code
        self._callers = Throttle(20, 45)  # attempts from one network
        self._addresses = Throttle(10, 90)  # attempts at one mail address
        self._guesses = Throttle(10, 60)  # set-up codes tried, by anybody

    def wait(self, ip: str, email: str, now: float) -> int:
        """Count an attempt to sign in; return the seconds to wait, 0 for none."""
        first = self._callers.take(network(ip), now)
        return _seconds(first or self._addresses.take(email, now))

    def succeeded(self, ip: str, email: str, now: float) -> None:
        """Forget an attempt that succeeded."""
        self._callers.give_back(network(ip), now)
        self._addresses.give_back(email, now)

    def wait_for_code(self, now: float) -> int:
        """Count a set-up code that is tried; return the seconds to wait, 0 for none."""
        return _seconds(self._guesses.take("", now))

    def opens(self, code: str) -> bool:
        """Tell whether this is the set-up code."""
        plain = "".join(c for c in code.upper() if c.isalnum())
        wanted = self._code.replace("-", "")
        return bool(wanted) and hmac.compare_digest(plain.encode(), wanted.encode())


class SignIn(Struct):
    """What the sign-in form sends."""

    email: Annotated[str, Meta(max_length=508)]
    password: Annotated[str, Meta(max_length=passwords.LONGEST)]


class SetUp(Struct):
    """What the set-up form sends."""

    code: Annotated[str, Meta(max_length=40)]
    email: Annotated[str, Meta(max_length=508)]
    password: Annotated[str, Meta(max_length=passwords.LONGEST)]


@get("/sign-in", opt={"open": True})
async def sign_in_page(request: Request[Any, Any, Any], visit: Visit, database: Database) -> Response[Any]:
    """Show the sign-in form."""
    if visit.person is not None:
        return Redirect(local(request.query_params.get("next", "")), status_code=303)
    if not await database.read(people_store.any_user):
        return Redirect(f"{HOME}/set-up", status_code=303)
    return sign_in_form(visit, Form(), local(request.query_params.get("next", "")))


@post("/sign-in", opt={"open": True})
async def sign_in(
    visit: Visit, database: Database, hashing: Passwords, entrance: Entrance, form: Form
) -> Response[Any]:
    """Begin a session."""
    after = local(form["next"])
    wanted = form.read(SignIn)
    if wanted is None:
        return sign_in_form(visit, form, after, 422)
    now = time.monotonic()
    try:
        email = users.normal_email(wanted.email)
    except Invalid as error:
        form.fault("email", str(error))
        return sign_in_form(visit, form, after, 422)
    if seconds := entrance.wait(visit.ip, email, now):
        form.fault("", f"Too many attempts: wait {_in_words(seconds)}, then try again.")
        return sign_in_form(visit, form, after, 429, seconds)
    found = await database.read(people_store.find_for_sign_in, email)
    known = found[1] if found else None
    if not await hashing.matches(known, wanted.password) or found is None:
        form.fault("", WRONG)
        page = sign_in_form(visit, form, after, 422)
        if found is not None:  # after the answer: its time must not tell whether there is such a user
            page.background = BackgroundTask(database.write, sessions.refuse, found[0], visit.ip, clock.now())
        return page
    renewed = await hashing.hash(wanted.password) if passwords.outdated(found[1]) else None
    cookie = await database.write(_open, found[0], found[1], renewed, visit)
    if cookie is None:
        form.fault("", WRONG)
        return sign_in_form(visit, form, after, 422)
    entrance.succeeded(visit.ip, email, now)
    visit.enter(cookie, sessions.LONGEST // 1000)
    return Redirect(after, status_code=303)


@post("/sign-out", opt={"open": True})
async def sign_out(visit: Visit, database: Database) -> Redirect:
    """End the session."""
    if visit.person is not None:
        await database.write(sessions.sign_out, visit.person, visit.ip, clock.now())
    visit.leave()
    return Redirect(SIGN_IN, status_code=303)


@get("/set-up", opt={"open": True})
async def set_up_page(visit: Visit, database: Database) -> Response[Any]:
    """Show the form for the first owner."""
    if await database.read(people_store.any_user):
        return Redirect(SIGN_IN, status_code=303)
    return set_up_form(visit, Form())


@post("/set-up", opt={"open": True})
async def set_up(visit: Visit, database: Database, hashing: Passwords, entrance: Entrance, form: Form) -> Response[Any]:
    """Make the first owner and sign them in."""
    if await database.read(people_store.any_user):
        return Redirect(SIGN_IN, status_code=303)
    wanted = form.read(SetUp)
    if wanted is None:
        return set_up_form(visit, form, 422)
    if seconds := entrance.wait_for_code(time.monotonic()):
        form.fault("", f"Too many codes were tried: wait {_in_words(seconds)}, or use 'tidings user create'.")
        return set_up_form(visit, form, 429, seconds)
    if not entrance.opens(wanted.code):
        form.fault("code", "this is not the code that 'tidings serve' printed when it started")
        return set_up_form(visit, form, 422)
    try:
        email = users.normal_email(wanted.email)
    except Invalid as error:
        form.fault("email", str(error))
        return set_up_form(visit, form, 422)
    if wrong := passwords.fault(wanted.password, email):
        form.fault("password", wrong)
        return set_up_form(visit, form, 422)
    known = await hashing.hash(wanted.password)
    try:
        cookie = await database.write(_set_up, email, known, visit)
    except Invalid:
        return Redirect(SIGN_IN, status_code=303)
    logger.info("the console has its first owner")
    visit.enter(cookie, sessions.LONGEST // 1000)
    return Redirect(HOME, status_code=303)


@post("/theme", opt={"open": True})
async def set_theme(visit: Visit, form: Form) -> Redirect:
    """Remember light or dark in this browser; anything else follows the system."""
    theme = form["theme"]
    chosen = theme if theme in ("light", "dark") else ""
    visit.set_cookie(THEME, chosen, YEAR if chosen else 0, scripts=True)
    return Redirect(local(form["next"]), status_code=303)


ROUTES = (sign_in_page, sign_in, sign_out, set_up_page, set_up, set_theme)


def sign_in_form(visit: Visit, form: Form, after: str, status: int = 200, seconds: int = 0) -> Template:
    """Return the sign-in page."""
    visit.welcome()
    headers = {"retry-after": str(seconds)} if seconds else {}
    return Template("sign-in.html", context={"form": form, "next": after}, status_code=status, headers=headers)


def set_up_form(visit: Visit, form: Form, status: int = 200, seconds: int = 0) -> Template:
    """Return the set-up page."""
    visit.welcome()
    headers = {"retry-after": str(seconds)} if seconds else {}
    return Template("set-up.html", context={"form": form}, status_code=status, headers=headers)


def _open(tx: Tx, user: User, known: str, renewed: str | None, visit: Visit) -> str | None:
    # The password was checked before this transaction: it must still be the one.
    if people_store.password_of(tx, user.workspace_id, user.id) != known:
        return None
    if renewed is not None:
        people_store.set_password(tx, user.workspace_id, user.id, renewed)
    if visit.person is not None:  # whoever was signed in here before
        people_store.end_session(tx, visit.person.workspace_id, visit.person.session_id)
    return sessions.open_session(tx, user, visit.agent, visit.ip, clock.now())


def _set_up(tx: Tx, email: str, password: str, visit: Visit) -> str:
    now = clock.now()
    return sessions.open_session(tx, users.set_up(tx, email, password, visit.ip, now), visit.agent, visit.ip, now)


def _seconds(wait: float) -> int:
    return 0 if wait <= 0 else max(1, round(wait))


def _in_words(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
