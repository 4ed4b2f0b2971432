"""Transaction scripts of sessions: somebody signs in, is recognised by a cookie, signs out."""

import re

from tidings.db import Tx
from tidings.kit import crypto
from tidings.tenants import audit, people_store
from tidings.tenants.model import Actor, Person, User

IDLE = 12 * 3600 * 1000  # milliseconds without a request after which a session is over
LONGEST = 14 * 24 * 3600 * 1000  # milliseconds after which it is over in any case
TOUCH = 60 * 1000  # milliseconds between two writings of "last seen"
COOKIE_LENGTH = 43  # characters, 245 bits

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")),
    *(("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)
_PROGRAM = re.compile(r"[A-Za-z][\w.-]{0,30}")


def open_session(tx: Tx, user: User, agent: str, ip: str | None, now: int) -> str:
    """Begin a session and return the value of its cookie, of which only a hash is kept.

    Args:
        tx: The transaction.
        user: Who signs in.
        agent: The browser's ``User-Agent``; hostile.
        ip: Where from.
        now: UTC milliseconds.
    """
    cookie = crypto.secret(COOKIE_LENGTH)
    people_store.sweep_sessions(tx, user.workspace_id, now, now - IDLE)
    values = {
        "workspace_id": user.workspace_id,
        "user_id": user.id,
        "fingerprint": crypto.fingerprint(cookie),
        "csrf": crypto.secret(COOKIE_LENGTH),
        "agent": summary(agent),
        "created_at": now,
        "seen_at": now,
        "expires_at": now + LONGEST,
    }
    people_store.add_session(tx, values)
    people_store.set_seen(tx, user.workspace_id, user.id, now)
    actor = Actor(f"user:{user.id}", ip)
    audit.record(tx, actor, user.workspace_id, "session.opened", now, f"user:{user.id}", agent=values["agent"])
    return cookie


def recognise(tx: Tx, cookie: str, now: int) -> tuple[Person, bool] | None:
    """Return who has this cookie, and whether it is time to write down that they were seen.

    Args:
        tx: The transaction.
        cookie: Its value; hostile.
        now: UTC milliseconds.
    """
    if len(cookie) != COOKIE_LENGTH:
        return None
    found = people_store.find_session(tx, crypto.fingerprint(cookie), now, now - IDLE)
    return None if found is None else (found[0], now - found[1] >= TOUCH)


def refuse(tx: Tx, user: User, ip: str | None, now: int) -> None:
    """Write down that somebody tried to sign in as a user with a wrong password."""
    actor = Actor("nobody", ip)
    audit.record(tx, actor, user.workspace_id, "session.refused", now, f"user:{user.id}", email=user.email)


def sign_out(tx: Tx, person: Person, ip: str | None, now: int) -> None:
    """End a session."""
    people_store.end_session(tx, person.workspace_id, person.session_id)
    actor = Actor(f"user:{person.user.id}", ip)
    audit.record(tx, actor, person.workspace_id, "session.closed", now, f"user:{person.user.id}")


def sign_out_everywhere(tx: Tx, person: Person, ip: str | None, now: int) -> int:
    """End all other sessions of somebody; return how many there were."""
    ended = people_store.end_sessions(tx, person.workspace_id, person.user.id, person.session_id)
    actor, subject = Actor(f"user:{person.user.id}", ip), f"user:{person.user.id}"
    audit.record(tx, actor, person.workspace_id, "session.closed_others", now, subject, sessions=ended)
    return ended


def summary(agent: str) -> str:
    """Return a browser and its system in two words: enough to recognise one's own.

    Args:
        agent: ``User-Agent``; hostile.
    """
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if not browser:
        program = _PROGRAM.match(agent)
        browser = program[0] if program else "unknown browser"
    return f"{browser} on {system}" if system else browser
