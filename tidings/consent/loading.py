"""From what is stored to a book, and from the book to what is stored: a few statements for a batch."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tidings.consent import own, rules, store
from tidings.consent.book import Book, Known, Place
from tidings.consent.model import CHANNELS, NAMED, ConsentSettings, Said, Suppression
from tidings.db import Tx
from tidings.events import pending_store
from tidings.events.reports import Channel
from tidings.kit.digest import keyed_digest
from tidings.profiles import store as profiles
from tidings.profiles.model import Identifier

OWN_EVENTS = 500  # of one record that waits for the pipeline


def opened(tx: Tx, said: Sequence[Said], key: bytes, places: Iterable[Place] = ()) -> Book:
    """Return what is known of all that is spoken of.

    Args:
        tx: The transaction.
        said: What is to be taken.
        key: The installation's.
        places: Further addresses.
    """
    settings = store.settings_of(tx, {one.workspace_id for one in said})
    people = {(one.workspace_id, one.profile) for one in said if one.profile}
    roots: dict[tuple[int, int], int] = {person: person[1] for person in people}
    root_of_member: dict[tuple[int, int], int] = {person: person[1] for person in people}
    for workspace_id, asked, root, member in store.clusters(tx, people) if people else ():
        roots[workspace_id, asked] = root_of_member[workspace_id, asked] = root
        root_of_member[workspace_id, member] = root
    nameless = {(one.workspace_id, roots[one.workspace_id, one.profile]) for one in said if needs_names(one, settings)}
    names: dict[int, list[Identifier]] = {}
    for root, name in profiles.clusters(tx, nameless) if nameless else ():
        names.setdefault(root, []).append(name)
    wanted = set(places)
    for one in said:
        wall, own_address = one.workspace_id, {"email": one.email, "sms": one.phone}
        wanted |= {(wall, s.channel, s.address or own_address[s.channel] or "") for s in one.statements}
        if needs_names(one, settings):  # opt-outs may be linked to whatever it is known by
            known = addresses_in([*names.get(roots[wall, one.profile], ()), *_own_names(one)])
            wanted |= {(wall, channel, address) for channel, some in known.items() for address in some}
    wanted = {place for place in wanted if place[2]}
    return Book(
        Known(
            settings=settings,
            roots=roots,
            preferences=[
                (root_of_member[row.workspace_id, row.profile_id], row)
                for row in (store.preferences_of(tx, root_of_member) if people else ())
            ],
            names=names,
            suppressions=suppressions_of(tx, wanted, key) if wanted else (),
            opt_ins=store.pending_of(tx, wanted) if wanted else (),
        )
    )


def needs_names(said: Said, settings: Mapping[int, ConsentSettings]) -> bool:
    """Tell whether it matters what else the customer is known by: addresses that opt-outs are linked to, or a name."""
    if not said.profile:
        return False
    chosen = settings[said.workspace_id]
    linked = chosen.email_stops_sms or chosen.sms_stops_email
    if linked and any(statement.wish == "unsubscribe" for statement in said.statements):
        return True
    return not said.email and not said.phone and any(s.wish in ("yes", "subscribe") for s in said.statements)


def _own_names(said: Said) -> list[Identifier]:
    pairs = [("email", said.email), ("phone", said.phone)]
    return [Identifier(kind, value) for kind, value in pairs if value]


def addresses_in(names: Iterable[Identifier]) -> dict[Channel, list[str]]:
    """Return the addresses among a customer's names, by channel."""
    listed = list(names)
    return {channel: [name.value for name in listed if name.kind == NAMED[channel]] for channel in CHANNELS}


def suppressions_of(tx: Tx, places: Iterable[Place], key: bytes) -> list[Suppression]:
    """Return the suppressions of addresses, each with what is known of the same address under its digest.

    Args:
        tx: The transaction.
        places: Workspaces, channels and addresses.
        key: The installation's.
    """
    wanted = set(places)
    walls = store.with_hashes(tx, {place[0] for place in wanted})
    some = (place for place in wanted if place[0] in walls)
    plain = {(wall, channel, digest_of(key, channel, text)): text for wall, channel, text in some}
    found: dict[tuple[int, Channel, str, str], Suppression] = {}
    for row in store.suppressions_of(tx, wanted | plain.keys()):
        one = row
        if row.hashed:
            address = plain[row.workspace_id, row.channel, row.address]
            one = msgspec.structs.replace(row, address=address, hashed=False)
        place = (one.workspace_id, one.channel, one.address, one.type)
        if place in found:  # the row in plain text knows more of why
            first, second = (found[place], one) if row.hashed else (one, found[place])
            one = rules.together(first, second)
        found[place] = one
    return list(found.values())


def digest_of(key: bytes, channel: Channel, address: str) -> str:
    """Return under what a forgotten customer's address stays suppressed."""
    return keyed_digest(key, f"{channel}-suppression", address)


def written(tx: Tx, book: Book) -> None:
    """Write what a book has changed, one statement for each table, and leave its own events to the pipeline."""
    store.save_preferences(tx, list(book.preferences.values()))
    store.save_suppressions(tx, list(book.suppressions.values()))
    store.save_opt_ins(tx, list(book.changed.values()))  # before those that take their places
    store.open_opt_ins(tx, list(book.opened.values()))
    store.add_history(tx, book.history)
    waiting: dict[tuple[int, str], list[own.Own]] = {}
    for one in book.own:
        waiting.setdefault((one.workspace_id, one.id_space), []).append(one)
    for (workspace_id, _), owns in waiting.items():
        for start in range(0, len(owns), OWN_EVENTS):
            some = owns[start : start + OWN_EVENTS]
            at = max(one.received for one in some)
            pending_store.add(tx, workspace_id, pending_store.RECORD, own.record_of(some), at)


def later(said: Said, book: Book, channel: Channel, address: str) -> Said:
    """Return what somebody does now as newer than all that is known, whatever the clocks of senders said."""
    return msgspec.structs.replace(said, time=max(said.time, book.newest(said.workspace_id, channel, address) + 1))
