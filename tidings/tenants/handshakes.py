"""How a shop's plugin registers its own token with a source: within a short time, with a code that works once.

Off by default. An owner opens the window and types the code into the plugin, as the password.
"""

from typing import Any, Literal

import msgspec

from tidings.db import Tx
from tidings.kit import crypto
from tidings.tenants import audit, deeds, handshakes_store, store
from tidings.tenants.model import Actor, Kinds, Source
from tidings.tenants.service import Invalid

WINDOW = 15 * 60_000  # milliseconds
DIALECT = "remarkety"  # whose plugins register so; others have no such thing
_NAME = "install"  # who did it, in the audit log


class Installed(msgspec.Struct, frozen=True):
    """What a plugin has registered with.

    Args:
        source: The source.
        credentials: Values of its credentials that are no secrets, by name.
    """

    source: Source
    credentials: dict[str, str]


class Window(msgspec.Struct, frozen=True):
    """Whether a plugin can register with a source now.

    Args:
        state: ``never`` opened; ``open``; ``used`` by a plugin; ``closed`` when the time was over, or with the source.
        until: When the newest code stops working or stopped, UTC milliseconds; None without one.
        ended_at: When the plugin was taken out of its shop, UTC milliseconds; None while it is in.
    """

    state: Literal["never", "open", "used", "closed"]
    until: int | None
    ended_at: int | None


class WrongCode(Exception):  # noqa: N818
    """The code is not one, was used, or its time is over."""


def open_window(tx: Tx, actor: Actor, workspace_id: int, source_id: int, now: int) -> tuple[str, int]:
    """Let one plugin register its token with a source.

    Args:
        tx: The transaction.
        actor: Who.
        workspace_id: The wall.
        source_id: Which.
        now: UTC milliseconds.

    Returns:
        The code, to be shown once, and until when it works, UTC milliseconds.

    Raises:
        Invalid: There is no such source, it speaks something else, or it is disabled.
    """
    source = store.get_source(tx, workspace_id, source_id)
    if source is None:
        raise Invalid(f"there is no source {source_id} in this workspace")
    if source.dialect != DIALECT:
        raise Invalid(f"source {source_id} speaks {source.dialect}: only Remarkety's plugins connect so")
    if not source.enabled:
        raise Invalid(f"source {source_id} is disabled: enable it first")
    code = crypto.code()
    handshakes_store.open_window(tx, workspace_id, source_id, crypto.fingerprint(_bare(code)), now + WINDOW)
    audit.record(tx, actor, workspace_id, "install.opened", now, f"source:{source_id}")
    return code, now + WINDOW


def window_of(tx: Tx, source: Source, now: int) -> Window:
    """Return whether a plugin can register with a source now.

    Args:
        tx: The transaction.
        source: Which.
        now: UTC milliseconds.
    """
    found: dict[str, Any] = handshakes_store.get(tx, source.workspace_id, source.id) or {}
    if found.get("code") is None:
        return Window("never", None, found.get("ended_at"))
    until, ended_at = found["expires_at"], found["ended_at"]
    if found["key"] is not None:
        return Window("used", until, ended_at)
    return Window("open" if source.enabled and now <= until else "closed", until, ended_at)


def register(tx: Tx, code: str, name: str, key: str, now: int, kinds: Kinds, ip: str) -> Installed:
    """Register a plugin's token with the source that its code is for; again with the same token is no mistake.

    Args:
        tx: The transaction.
        code: As somebody typed it.
        name: Of the credential that the token becomes.
        key: The token.
        now: UTC milliseconds.
        kinds: What the credentials of the dialect are.
        ip: Address that it came from.

    Raises:
        WrongCode: The code is not one, was used for another token, or its time is over.
        Invalid: The token cannot be one, or another source has it.
    """
    found = handshakes_store.find(tx, crypto.fingerprint(_bare(code)))
    if found is None or found["expires_at"] < now:
        raise WrongCode
    wall = found["workspace_id"]
    source, mark = store.get_source(tx, wall, found["source_id"]), crypto.fingerprint(key.strip())
    if source is None or not source.enabled or found["key"] not in (None, mark):
        raise WrongCode
    actor = Actor(_NAME, ip)
    if mark not in store.list_fingerprints(tx, wall, source.id, name):
        deeds.add_credential(tx, actor, source, name, key, now, kinds)
    if handshakes_store.burn(tx, wall, source.id, mark):
        audit.record(tx, actor, wall, "install.done", now, f"source:{source.id}")
    return Installed(source, shown(tx, source, kinds))


def end(tx: Tx, source: Source, now: int, ip: str) -> None:
    """Mark that a plugin was taken out of its shop; nothing is switched off, and its token goes on working.

    Args:
        tx: The transaction.
        source: Whose token it gave.
        now: UTC milliseconds.
        ip: Address that it came from.
    """
    if handshakes_store.end(tx, source.workspace_id, source.id, now):
        audit.record(tx, Actor(_NAME, ip), source.workspace_id, "install.ended", now, f"source:{source.id}")


def shown(tx: Tx, source: Source, kinds: Kinds) -> dict[str, str]:
    """Return the values of a source's credentials that are no secrets, of several the oldest."""
    rows = store.list_credentials(tx, source.workspace_id, source.id)
    return {row["name"]: row["hint"] for row in reversed(rows) if row["name"] in kinds.shown}


def _bare(code: str) -> str:
    return "".join(sign for sign in code.upper() if sign.isalnum())
