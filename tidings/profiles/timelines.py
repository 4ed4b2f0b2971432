"""A customer's events, with those of profiles merged into it, page by page."""

from litestar.exceptions import NotFoundException

from tidings.db import Tx
from tidings.events import store as events
from tidings.profiles import store
from tidings.tenants.api import source_of
from tidings.tenants.paging import Page, cursor_of


def listed(
    tx: Tx, workspace_id: int, profile_id: int, which: events.Filter, page: Page
) -> tuple[list[events.Row], str | None]:
    """Return a page of a customer's events, newest first, and the cursor of the next.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        profile_id: The customer, or one merged into it.
        which: What the list is narrowed to; a page may then hold fewer events than asked for although more follow.
        page: Which part of the list.

    Raises:
        NotFoundException: There is no such profile, or no such source.
        ValidationException: The cursor is none of this list.
    """
    key = page.key("timeline", 2)
    root = store.root_of(tx, workspace_id, profile_id)
    if root is None:
        raise NotFoundException(f"there is no profile {profile_id} in this workspace")
    if which.source_id is not None:
        source_of(tx, workspace_id, which.source_id)
    before = (key[0], key[1]) if key else None
    members = store.members(tx, workspace_id, root)
    rows, following = events.find_timeline(tx, workspace_id, members, which, before, page.limit)
    return rows, None if following is None else cursor_of("timeline", *following)
