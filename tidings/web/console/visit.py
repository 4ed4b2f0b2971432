"""One request to the console: who is it, what do their forms have to carry, which cookies do they take along."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from http.cookies import CookieError, SimpleCookie
from typing import Literal

import msgspec

from tidings.kit import crypto
from tidings.kit.pages import NOTE, NOTES, Note, Notes
from tidings.tenants.model import Actor, Person

SESSION, VISITOR, NOTED, THEME = "tidings_session", "tidings_visitor", "tidings_notes", "tidings_theme"
LONGEST = 4096  # bytes of the cookies together that are looked at
Theme = Literal["light", "dark", ""]
_notes = msgspec.json.Decoder(list[Note]).decode


class Visit:
    """What is known of a request before any route sees it.

    Args:
        ip: Address of the caller.
        cookies: As they were sent.
        agent: ``User-Agent``; hostile.
        host: ``Host`` as it was sent; hostile.
        secure: Whether they came by https.
    """

    def __init__(self, ip: str, cookies: dict[str, str], agent: str, host: str, *, secure: bool) -> None:
        self.ip = ip
        self.agent = agent
        self.origin = f"{'https' if secure else 'http'}://{host}"
        self.secure = secure
        self.session = cookies.get(SESSION, "")
        self.theme: Theme = {"light": "light", "dark": "dark"}.get(cookies.get(THEME, ""), "")  # type: ignore[assignment]
        self.person: Person | None = None
        self.set_cookies: list[bytes] = []
        self._visitor = cookies.get(VISITOR, "")
        self._noted = cookies.get(NOTED, "")
        self.notes = Notes()
        self._shown = False

    @property
    def csrf(self) -> str:
        """What a form has to carry: of the session, or of a visitor who has none yet."""
        if self.person is not None:
            return self.person.csrf
        return crypto.fingerprint(f"csrf:{self._visitor}") if self._visitor else ""

    @property
    def actor(self) -> Actor:
        """Who is at work, for the audit log."""
        return Actor(f"user:{self.person.user.id}" if self.person else "nobody", self.ip)

    def welcome(self) -> None:
        """Give a visitor without a session a cookie of their own, which their sign-in form has to go with."""
        if not self._visitor:
            self._visitor = crypto.secret(43)
            self.set_cookie(VISITOR, self._visitor)

    def enter(self, cookie: str, seconds: int) -> None:
        """Give the cookie of a new session; the visitor's own ends with it."""
        self.set_cookie(SESSION, cookie, seconds)
        self.set_cookie(VISITOR, "", 0)

    def leave(self) -> None:
        """Take the cookie of the session back."""
        self.set_cookie(SESSION, "", 0)

    def set_cookie(self, name: str, value: str, seconds: int | None = None, *, scripts: bool = False) -> None:
        """Set a cookie for the console.

        Args:
            name: Its name.
            value: Letters, digits, ``-``, ``_``, ``.`` and ``=``.
            seconds: How long it lasts; None until the browser is closed, 0 removes it.
            scripts: Whether our scripts may see it.
        """
        parts = [f"{name}={value}", "Path=/console", "SameSite=Lax"]
        parts += [] if scripts else ["HttpOnly"]
        parts += [] if seconds is None else [f"Max-Age={seconds}"]
        parts += ["Secure"] if self.secure else []
        self.set_cookies.append("; ".join(parts).encode())

    def shown_notes(self) -> list[Note]:
        """Return what is to be said on the page that is being made, this once."""
        self._shown = True
        said = [*self._kept(), *self.notes.said]
        self.notes.said = []
        return said[-NOTES:]

    def finish(self) -> None:
        """Keep what could not be said yet for the next page."""
        if self.notes.said:
            unsaid = [*([] if self._shown else self._kept()), *self.notes.said]
            text = msgspec.json.encode(unsaid[-NOTES:])
            self.set_cookie(NOTED, f"{urlsafe_b64encode(text).decode()}.{self._signature(text)}", 60)
        elif self._shown and self._noted:
            self.set_cookie(NOTED, "", 0)

    def _kept(self) -> list[Note]:
        text, _, signature = self._noted.rpartition(".")
        try:
            told = urlsafe_b64decode(text.encode("ascii"))
            genuine = self.csrf != "" and hmac.compare_digest(signature.encode(), self._signature(told).encode())
            return [Note(note.kind, note.text[:NOTE]) for note in _notes(told)] if genuine else []
        except (ValueError, msgspec.MsgspecError):
            return []

    def _signature(self, text: bytes) -> str:
        return hmac.new(self.csrf.encode(), b"notes:" + text, hashlib.sha256).hexdigest()


def cookies_of(header: bytes) -> dict[str, str]:
    """Return the cookies of a request; what cannot be read is not there.

    Args:
        header: Hostile.
    """
    found: SimpleCookie = SimpleCookie()
    if len(header) > 16 * LONGEST:
        return {}
    for part in header.decode("latin-1").split(";"):
        name = part.partition("=")[0].strip()
        if name in (SESSION, VISITOR, NOTED, THEME) and len(part) <= LONGEST:
            try:
                found.load(part.strip())
            except CookieError:
                continue
    return {name: morsel.value for name, morsel in found.items()}
