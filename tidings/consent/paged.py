"""Lists for people, page by page: suppressions, sign-ups that wait, the history of a customer."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

from tidings.consent import service, store
from tidings.consent.listing import Place, Which, some
from tidings.consent.model import CHANNELS, SignUp, Suppression
from tidings.db import Tx
from tidings.profiles import store as profiles
from tidings.tenants.api import bad
from tidings.tenants.paging import Page, cursor_of

LIST, WAITING, HISTORY = "suppressions", "waiting", "consent-history"  # kinds of cursors
_cursor = msgspec.json.Decoder(tuple[str, str, str, str], strict=True).decode


def suppressions(tx: Tx, workspace_id: int, which: Which, page: Page) -> tuple[list[Suppression], str | None]:
    """Return a page of suppressions, with the cursor of the next one.

    A page may hold fewer than asked for, even none, although there is a next one.
    """
    rows, after = some(tx, workspace_id, which, _place(page), page.limit)
    if after is None:
        return rows, None
    return rows, urlsafe_b64encode(msgspec.json.encode((LIST, *after))).decode().rstrip("=")


def waiting(tx: Tx, workspace_id: int, page: Page) -> tuple[list[SignUp], str | None]:
    """Return a page of sign-ups that are to be confirmed, the newest first, with the cursor of the next one."""
    key = page.key(WAITING, 1)
    rows = store.list_opt_ins(tx, workspace_id, "pending", key[0] if key else None, page.limit + 1)
    more = len(rows) > page.limit
    return rows[: page.limit], cursor_of(WAITING, rows[page.limit - 1].id) if more else None


def history(tx: Tx, workspace_id: int, profile_id: int, page: Page) -> tuple[list[dict[str, Any]], str | None] | None:
    """Return a page of the history of a customer, the newest first; None if there is no such customer."""
    key = page.key(HISTORY, 1)
    root = profiles.root_of(tx, workspace_id, profile_id)
    if root is None:
        return None
    members = profiles.members(tx, workspace_id, root)
    addresses = service.addresses_of(tx, workspace_id, members)
    places = [(channel, address) for channel in CHANNELS for address in addresses[channel]]
    before = key[0] if key else None
    rows = store.history_of(tx, workspace_id, members, places, before, page.limit + 1)
    more = len(rows) > page.limit
    return rows[: page.limit], cursor_of(HISTORY, rows[page.limit - 1]["id"]) if more else None


def _place(page: Page) -> Place:
    if page.cursor is None:
        return Place()
    try:
        text = urlsafe_b64decode(page.cursor.encode("ascii") + b"=" * (-len(page.cursor) % 4))
        name, *parts = _cursor(text)
    except (ValueError, msgspec.MsgspecError):
        name, parts = "", []
    if name != LIST or "\0" in "".join(parts):
        raise bad("cursor", "not a cursor of this list: pass `next` of the page before, unchanged")
    return Place(*parts)
