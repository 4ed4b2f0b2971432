"""Passwords: Argon2id (RFC 9106), off the event loop, a bounded number at a time."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from tidings.kit.crypto import secret

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 10, 200  # characters
MEMORY_KIB, PASSES, LANES = 19 * 1024, 2, 1  # OWASP's second choice: a small server is not pushed out of memory
WAITING = 16  # calculations that may wait; more are refused, so that nobody can pile them up
T = TypeVar("T")


class Busy(Exception):  # noqa: N818
    """Too many passwords are being checked at this moment: try again shortly."""


class Passwords:
    """Checks and makes hashes of passwords, two at a time."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="tidings-password")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return the hash of a password in PHC form.

        Raises:
            Busy: Too many others wait.
        """
        return await self._away(functools.partial(hashed, password))

    async def matches(self, known: str | None, password: str) -> bool:
        """Tell whether a password is the one of a hash; takes the same time without one (None), and says no.

        Raises:
            Busy: Too many others wait.
        """
        return await self._away(functools.partial(verified, known, password))

    async def _away(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING:
            raise Busy("too many people are signing in at this moment: try again in a few seconds")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def fault(password: str, email: str = "") -> str | None:
    """Return why a text can be no password, None if it can.

    Args:
        password: As it was typed.
        email: Of whom.
    """
    if len(password) < SHORTEST:
        return f"use at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"use at most {LONGEST} characters"
    if len(set(password)) < 4 or password.casefold() in (email, email.partition("@")[0]):
        return "this is too easy to guess: use several words, or let a password manager make it"
    return None


def made() -> str:
    """Return a new random password that can be read aloud."""
    text = secret(16)
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def hashed(password: str) -> str:
    """Return the hash of a password; takes a moment."""
    return hasher().hash(password)


def verified(known: str | None, password: str) -> bool:
    """Tell whether a password is the one of a hash; takes a moment, also without one."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        matches = hasher().verify(known or nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and known is not None


def outdated(known: str) -> bool:
    """Tell whether a hash was made with other parameters than these."""
    return hasher().check_needs_rehash(known)


@functools.cache
def hasher() -> "PasswordHasher":
    """Return what calculates; imported on first use, a server that only takes events never needs it."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


@functools.cache
def nobodys() -> str:
    """Return the hash that is checked where there is no user: the time of an answer tells nothing."""
    return hashed(secret())
