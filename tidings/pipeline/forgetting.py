"""Forgetting a customer: everything of theirs is erased, and late events do not bring them back."""

from collections.abc import Sequence

from tidings.commerce import service as commerce
from tidings.consent import service as consent
from tidings.db import Tx
from tidings.events import history_store as history
from tidings.events import store as events
from tidings.events.model import Forget
from tidings.events.refusals import STRANGER
from tidings.events.reports import Channel
from tidings.events.store import Cursor, Row
from tidings.kit.digest import keyed_digest
from tidings.kit.mentions import Mentions
from tidings.profiles import forgotten_store as forgotten
from tidings.profiles import store as profiles
from tidings.profiles.model import Identifier

NO_SOURCE = 0  # what is counted of the workspace, not of one source
CHANNELS: dict[str, Channel] = {"email": "email", "phone": "sms"}  # on which an identifier is an address
_REFUSED = ("body", "record", "message", "message_id", "name")


def forget(tx: Tx, workspace_id: int, asked: Forget, cursor: Cursor, key: bytes) -> None:
    """Erase a customer with everything that became one with it; nothing happens if nobody is left of that number.

    Digests of message ids stay, so that a repeat of an erased event is recognised, and so do counts.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        asked: Whom, and up to which moment late events are dropped.
        cursor: Counts the keys of the timelines; changed in place.
        key: The installation's.
    """
    root = profiles.root_of(tx, workspace_id, asked.profile_id)
    if root is None:
        return
    members = profiles.members(tx, workspace_id, root)
    names = forgotten.names(tx, workspace_id, members)
    values = sorted({name.value for name in names})
    forgotten.remember(tx, workspace_id, names, asked.at, key)
    groups = forgotten.groups_of(tx, workspace_id, members, values)
    forgotten.erase(tx, workspace_id, members)
    mentions = Mentions(values)
    forgotten.erase_from_groups(tx, workspace_id, groups, mentions.within)
    history.erase_refused(tx, (workspace_id, STRANGER), lambda row: _names_them(row, mentions))
    history.erase_names(tx, workspace_id, mentions.within)
    commerce.forget(tx, workspace_id, members)
    addresses = [(CHANNELS[name.kind], name.value) for name in names if name.kind in CHANNELS]
    consent.forget(tx, workspace_id, members, addresses, key)
    recent, by_source = history.erase(tx, workspace_id, members)
    cursor.timeline_recent -= recent
    counted = {(workspace_id, source_id, "erased"): amount for source_id, amount in by_source.items()}
    events.count(tx, {**counted, (workspace_id, NO_SOURCE, "erased_profiles"): 1})


def _names_them(row: Row, mentions: Mentions) -> bool:
    return mentions.within(*[row[column] for column in _REFUSED])


def past(tx: Tx, named: Sequence[tuple[int, int, Sequence[Identifier]]], key: bytes) -> list[bool]:
    """Tell of events whether a customer whom they name was forgotten after they happened.

    Args:
        tx: The transaction.
        named: Of each event its workspace, its time, and everything that may name its customer.
        key: The installation's.
    """
    known: dict[tuple[int, Identifier], tuple[int, str]] = {}
    for workspace_id, _, names in named:
        for name in names:
            if (workspace_id, name) not in known:
                known[workspace_id, name] = (workspace_id, keyed_digest(key, *name))
    until = forgotten.moments(tx, known.values())
    return [any(until.get(known[wall, name], time - 1) >= time for name in names) for wall, time, names in named]
