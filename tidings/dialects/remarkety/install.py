"""The handshake by which plugins of Magento and PrestaShop connect their shop: off unless an owner opens it.

No vendor document describes it; what is answered is what the plugins' sources read.
"""

import time
from collections.abc import Callable
from functools import partial

import msgspec

from tidings.db import Tx
from tidings.dialects.contract import Intake, Rejected, Reply, Request, Sources
from tidings.dialects.remarkety import keys, replies
from tidings.dialects.remarkety.body import pairs
from tidings.events.model import Refusal
from tidings.kit.throttle import Throttle
from tidings.tenants import handshakes
from tidings.tenants.handshakes import WrongCode
from tidings.tenants.model import Kinds, Source
from tidings.tenants.service import Invalid

TRIES, TRY_SECONDS = 5, 60.0  # of codes, from one address: at once, and one more each minute

_WRONG = "the password is no open code: run 'tidings source open-install', and give the code as the password"


class Asked(msgspec.Struct, frozen=True):
    """A plugin that wants to connect.

    Args:
        code: Given as the password.
        key: The token that its events will have.
        at: UTC milliseconds.
        ip: Address that it came from.
    """

    code: str
    key: str
    at: int
    ip: str


class Install:
    """Answers plugins.

    Args:
        kinds: What the credentials of this dialect are.
        monotonic: Seconds of a clock that never goes back.
    """

    def __init__(self, kinds: Kinds, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._kinds = kinds
        self._monotonic = monotonic
        self._tries = Throttle(TRIES, TRY_SECONDS)

    def notify(self, request: Request, sources: Sources) -> Intake:
        """Register a plugin's token with the source whose code it has; it never makes anybody an account.

        Args:
            request: A form, or a query with all of it; nothing of either is kept or logged.
            sources: Not looked at: the code says which source.
        """
        del sources
        sent = self._fields(request)
        key, code = sent.get("key", "").strip(), sent.get("password", "").strip()
        for name, value in (("key", key), ("password", code)):
            if not value:
                return _refused(None, "FIELD_MISSING", f"{name} is missing")
        wait = self._tries.take(request.client[:64], self._monotonic())
        if wait:
            return Intake(source=None, reply=replies.slow_down(wait, "too many tries from this address: wait"))
        asked = Asked(code, key, request.received, request.client)
        return Intake(source=None, reply=replies.OK, answer=partial(self._register, asked))

    def tell(self, request: Request, sources: Sources) -> Intake:
        """Tell a plugin the store id of the source that has its token.

        Args:
            request: A form with ``key``.
            sources: Where to look.

        Raises:
            Rejected: 401, no source has this token.
        """
        source = _source_of(self._fields(request), sources)
        return Intake(source=source, reply=replies.OK, answer=partial(self._told, source))

    def end(self, request: Request, sources: Sources) -> Intake:
        """Mark that a plugin was taken out of its shop: it needs no password, so nothing is switched off or deleted.

        Args:
            request: A query or a form with ``key``.
            sources: Where to look.

        Raises:
            Rejected: 401, no source has this token.
        """
        source = _source_of(self._fields(request), sources)
        return Intake(source=source, reply=replies.OK, answer=partial(_ended, source, request.received, request.client))

    def _fields(self, request: Request) -> dict[str, str]:
        """Return the fields of a query and a form, whatever the content type says."""
        return pairs(request.query) | pairs(request.body)

    def _register(self, asked: Asked, tx: Tx) -> Reply:
        try:
            found = handshakes.register(tx, asked.code, "api_key", asked.key, asked.at, self._kinds, asked.ip)
        except WrongCode:
            return _error("WRONG_PASSWORD", _WRONG)
        except Invalid as problem:
            return _error("INVALID_FIELD_VALUE", f"key: {problem}")
        return replies.document({"status": "OK", "storePublicId": found.credentials.get("store_id", "")})

    def _told(self, source: Source, tx: Tx) -> Reply:
        store_id = handshakes.shown(tx, source, self._kinds).get("store_id", "")
        return replies.document({"status": "OK", "storePublicId": store_id})


def _source_of(sent: dict[str, str], sources: Sources) -> Source:
    key = sent.get("key", "").strip()
    source = sources.find(keys.NAME, "api_key", key) if key else None
    if source is None:
        raise Rejected(401, "wrong_key", "the key belongs to no store")
    return source


def _ended(source: Source, at: int, ip: str, tx: Tx) -> Reply:
    handshakes.end(tx, source, at, ip)
    return replies.OK


def _refused(source: Source | None, code: str, message: str) -> Intake:
    return Intake(source=source, refused=[Refusal(code=code.lower(), message=message)], reply=_error(code, message))


def _error(code: str, message: str) -> Reply:
    """Return an error with the code that PrestaShop's plugin translates; Magento's shows the message of a 400."""
    return Reply(400, replies.document({"status": "ERROR", "code": code, "message": message}).body)
