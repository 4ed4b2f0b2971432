"""One batch of events, from the log's bytes to the rows of one transaction."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from tidings.commerce import service as commerce
from tidings.db import Tx
from tidings.db.engine import in_transaction, is_environment
from tidings.events import figures_store as figures
from tidings.events import pending_store as pending
from tidings.events import store as events
from tidings.events.model import Head, RawRecord
from tidings.events.pending_store import Pending
from tidings.events.store import Cursor
from tidings.kit.digest import digest
from tidings.log.contract import Frame
from tidings.pipeline.effects import Effects
from tidings.pipeline.forgetting import NO_SOURCE, forget, past
from tidings.pipeline.plan import PENDING, PENDING_SIZE, Events, Own, Parted, Unreadable, plan
from tidings.profiles import forgotten_store as forgotten
from tidings.profiles import store as profiles
from tidings.profiles.model import Identifier
from tidings.profiles.rules import ANONYMOUS, Directory, contested, resolve, resolve_alias

BODY = 65_536  # characters of a refused event that are shown
_encode = msgspec.json.Encoder().encode
_head = msgspec.json.Decoder(Head, float_hook=Decimal).decode


class Item:
    """One event of the batch.

    Args:
        record: What it came with.
        body: The event as the edge wrote it.
    """

    __slots__ = ("body", "digest", "head", "identifiers", "record", "root")

    def __init__(self, record: RawRecord, body: msgspec.Raw) -> None:
        self.record = record
        self.body = body
        self.head: Head = _head(body)
        self.digest = digest(self.head.message_id)
        self.identifiers = identifiers_of(self.head, record.id_space)
        self.root: int | None = None  # whose event it is, where that can be told without regard to the others


def identifiers_of(head: Head, id_space: str) -> list[Identifier]:
    """Return what an event names its customer by, strongest first."""
    found = []
    if head.user_id:
        found.append(Identifier(f"user_id@{id_space}" if id_space else "user_id", head.user_id))
    for external in head.external_ids:
        found.append(Identifier(f"external:{external.type}", external.id))
    if head.email:
        found.append(Identifier("email", head.email))
    if head.phone:
        found.append(Identifier("phone", head.phone))
    if head.anonymous_id:
        found.append(Identifier(ANONYMOUS, head.anonymous_id))
    return found


def process(tx: Tx, frames: list[Frame], recent_limit: int, *, bisect: bool, key: bytes) -> Cursor:
    """Bring the state from the cursor to the end of the frames: the transaction script of the pipeline.

    Own events are applied with them, and taken out of the table where they wait, in the same transaction.

    Args:
        tx: The transaction; the cursor moves with its effects or not at all.
        frames: What stands in the log behind the cursor; none if that is nothing.
        recent_limit: Keys that may stay in the recent tier of an index.
        bisect: Whether to look for the events that cannot be applied and refuse them. It costs savepoints, which copy
            every page that they touch, so the first try goes without.
        key: The installation's, under which identifiers of forgotten customers are known.

    Returns:
        The new cursor.

    Raises:
        PoisonedBatch: An event cannot be applied, and ``bisect`` is off.
    """
    cursor = events.get_cursor(tx)
    fresh = [frame for frame in frames if frame.position > cursor.position]
    own, more = pending.oldest(tx, PENDING, PENDING_SIZE)
    if not fresh and not own:
        return cursor
    todo = plan(fresh, own, cursor.upto, more=more)
    before = cursor.next_event
    for step in todo.steps:
        if not bisect:
            apply_whole(tx, step, cursor, key)
        elif isinstance(step, list):
            attempt(tx, step, cursor, key)
        else:
            attempt_own(tx, step, cursor, key)
    if todo.frame is not None:
        cursor.position, cursor.upto = todo.frame.position, todo.frame.upto
    pending.drop(tx, todo.taken)
    events.fold(tx, cursor, recent_limit, cursor.next_event - before)
    events.set_cursor(tx, cursor)
    return cursor


def apply_whole(tx: Tx, step: Events | Own, cursor: Cursor, key: bytes) -> None:
    """Apply events together, or one of our own.

    Raises:
        PoisonedBatch: It cannot be applied; the transaction must be undone.
        Exception: What the disk or the database said: no event is to blame for that.
    """
    try:
        if isinstance(step, list):
            apply(tx, step, cursor, key)
        else:
            apply_own(tx, step, cursor, key)
    except Exception as error:
        if is_environment(error) or not in_transaction(tx):
            raise
        raise PoisonedBatch from error


def attempt(tx: Tx, items: Events, cursor: Cursor, key: bytes) -> None:
    """Apply events together; if that fails, halve them until the failing ones stand alone, and refuse those.

    Args:
        tx: The transaction.
        items: Events in the order of the log.
        cursor: Gives ids and counts keys; changed in place.
        key: The installation's.

    Raises:
        Exception: What the disk or the database said: no event is to blame for that.
    """
    error = tried(tx, cursor, lambda: apply(tx, items, cursor, key))
    if error is None:
        return
    if len(items) == 1:
        refuse(tx, *items[0], error)
        return
    middle = len(items) // 2
    attempt(tx, items[:middle], cursor, key)
    attempt(tx, items[middle:], cursor, key)


def attempt_own(tx: Tx, step: Own, cursor: Cursor, key: bytes) -> None:
    """Apply one of our own events; if that fails, put it on the refused list of its workspace."""
    error = tried(tx, cursor, lambda: apply_own(tx, step, cursor, key))
    if error is not None:
        refuse_own(tx, step.own, error)


def tried(tx: Tx, cursor: Cursor, change: Callable[[], None]) -> Exception | None:
    """Make a change, or undo all of it and return its error.

    Raises:
        Exception: What the disk or the database said: no event is to blame for that.
    """
    before = msgspec.structs.asdict(cursor)
    try:
        with tx.begin_nested():
            change()
    except Exception as error:
        if is_environment(error) or not in_transaction(tx):
            raise
        for name, value in before.items():
            setattr(cursor, name, value)
        return error
    return None


def apply_own(tx: Tx, step: Own, cursor: Cursor, key: bytes) -> None:
    """Apply an own event that is no record.

    Raises:
        Exception: It cannot be read.
    """
    if isinstance(step, Unreadable):
        raise step.error
    if isinstance(step, Parted):
        commerce.unite(tx, {(step.own.workspace_id, one) for one in step.told.profile_ids})
        return
    forget(tx, step.own.workspace_id, step.asked, cursor, key)


def apply(tx: Tx, raw: Events, cursor: Cursor, key: bytes) -> None:
    """Decide and write what events change."""
    effects = Effects()
    items = without_forgotten(tx, [Item(record, body) for record, body in raw], effects, key)
    items = without_repeats(tx, items, effects)
    directories = look_up(tx, items)
    new_id = taker(cursor)
    for item in items:
        event_id, cursor.next_event = cursor.next_event, cursor.next_event + 1
        profile, created = item.root, False  # of an event that changes no identities, unless one before it did
        if profile is None or directories[item.record.workspace_id].changed:
            profile, created = identify(item, directories[item.record.workspace_id], new_id, effects, event_id)
        head = item.head
        effects.store(item.record, head, item.body, item.digest, event_id, profile)
        effects.describe(item.record, head, profile)
        if head.commerce is not None:
            effects.speak(item.record, head, head.commerce, event_id, profile)
        if created or not head.only_new:
            if profile and (head.traits or head.additions):
                effects.characterise(item.record, head, profile)
            if head.statements:
                effects.wish(item.record, head, event_id, profile)
    effects.write(tx, cursor, key)


def without_forgotten(tx: Tx, items: list[Item], effects: Effects, key: bytes) -> list[Item]:
    """Return the events but for those that happened before their customer was forgotten."""
    newest = forgotten.newest(tx, {item.record.workspace_id for item in items})
    if not newest:
        return items
    late = [item for item in items if item.head.time <= newest.get(item.record.workspace_id, item.head.time - 1)]
    if not late:
        return items
    gone = past(tx, [(item.record.workspace_id, item.head.time, named(item)) for item in late], key)
    dropped = {id(item): item.record for item, is_gone in zip(late, gone, strict=True) if is_gone}
    for record in dropped.values():
        effects.count(record, "forgotten")
    return [item for item in items if id(item) not in dropped]


def without_repeats(tx: Tx, items: list[Item], effects: Effects) -> list[Item]:
    """Return the events whose message id has not been seen; the first one of a batch wins."""
    known = events.known(tx, [(item.record.source_id, item.digest) for item in items])
    new = []
    for item in items:
        key = (item.record.source_id, item.digest)
        if key in known:
            effects.count(item.record, "duplicates")
        else:
            known.add(key)
            new.append(item)
    return new


def look_up(tx: Tx, items: list[Item]) -> dict[int, Directory]:
    """Return the directory of each workspace with all that these events can touch."""
    directories = {item.record.workspace_id: Directory({}, {}, {}) for item in items}
    wanted = {(item.record.workspace_id, identifier) for item in items for identifier in named(item)}
    for workspace_id, identifier, owner, root in profiles.owners(tx, wanted) if wanted else ():
        directory = directories[workspace_id]
        directory.owners[identifier] = owner
        if owner != root:
            directory.roots[owner] = root
    # The whole cluster is needed only where an event names two profiles, or one and something new. Whatever such an
    # event moves or merges belongs to a root in this set, so the set need not grow while the batch is worked through.
    touched: set[tuple[int, int]] = set()
    for item in items:
        names, directory = named(item), directories[item.record.workspace_id]
        if not names:
            continue
        if not contested(names, directory):
            item.root = directory.root(names[0])
        else:
            roots = (directory.root(identifier) for identifier in names)
            touched |= {(item.record.workspace_id, root) for root in roots if root is not None}
    workspace_of = {root: workspace_id for workspace_id, root in touched}
    for root, identifier in profiles.clusters(tx, touched) if touched else ():
        directories[workspace_of[root]].kinds.setdefault(root, set()).add(identifier)
    return directories


def named(item: Item) -> list[Identifier]:
    """Return all identifiers that an event may touch, those of an alias under both of its readings."""
    previous = item.head.previous_id
    if not previous or item.head.verb != "alias":
        return item.identifiers
    kind = item.identifiers[0].kind if item.identifiers else "user_id"
    return [*item.identifiers, Identifier(kind, previous), Identifier(ANONYMOUS, previous)]


def identify(
    item: Item, directory: Directory, new_id: Callable[[], int], effects: Effects, event_id: int
) -> tuple[int, bool]:
    """Return whose event it is, 0 for nobody's, and whether nobody was known by its names before."""
    head = item.head
    server = item.record.trust == "server" or item.record.proven
    resolution = resolve(item.identifiers, directory, server=server, new_id=new_id)
    if head.verb == "alias" and head.previous_id and head.user_id and head.previous_id != head.user_id:
        resolve_alias(item.identifiers[0], head.previous_id, directory, resolution, server=server)
    if resolution.changes:
        effects.resolve(item.record, head, resolution, event_id)
    return resolution.profile, resolution.created


def taker(cursor: Cursor) -> Callable[[], int]:
    """Return what hands out ids of profiles, in the order of the log."""

    def take() -> int:
        taken, cursor.next_profile = cursor.next_profile, cursor.next_profile + 1
        return taken

    return take


def refuse(tx: Tx, record: RawRecord, body: msgspec.Raw, error: Exception) -> None:
    """Put an event that cannot be applied on the refused list, with its error; the rest goes on."""
    head = lenient_head(body)
    row = {
        "workspace_id": record.workspace_id,
        "source_id": record.source_id,
        "received": record.received,
        "stage": "pipeline",
        "code": type(error).__name__,
        "message": str(error)[:2000],
        "message_id": head.get("message_id"),
        "name": head.get("name"),
        "body": bytes(body).decode(errors="replace")[:BODY],
        "record": _encode(msgspec.structs.replace(record, events=[body])).decode(errors="replace"),
    }
    events.add_refused(tx, [row])
    events.count(tx, {(record.workspace_id, record.source_id, "refused"): 1})
    figures.count_minutes(tx, "refused", {(record.workspace_id, record.source_id, record.received): 1})


def refuse_own(tx: Tx, own: Pending, error: Exception) -> None:
    """Put an own event that cannot be applied on the refused list; it can be asked for anew."""
    row = {
        "workspace_id": own.workspace_id,
        "source_id": NO_SOURCE,
        "received": own.created_at,
        "stage": "pipeline",
        "code": type(error).__name__,
        "message": f"{own.kind}: {error}"[:2000],
        "body": own.payload[:BODY],
    }
    events.add_refused(tx, [row])
    events.count(tx, {(own.workspace_id, NO_SOURCE, "refused"): 1})


def lenient_head(body: msgspec.Raw) -> dict[str, Any]:
    """Return what can be read of an event that could not be applied."""
    try:
        members = msgspec.json.decode(body)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return {}
    return members if isinstance(members, dict) else {}


class PoisonedBatch(Exception):  # noqa: N818
    """An event of the batch cannot be applied: the transaction is undone and the batch is bisected in the next."""
