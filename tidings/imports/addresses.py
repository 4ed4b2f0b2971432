"""Lists of addresses that nothing is to be sent to: from a file to suppressions, some hundred at a time.

A list is a CSV with a line of column names (what the console exports is one), or nothing but addresses.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import msgspec

from tidings.consent import deeds, listing, rules
from tidings.consent.model import CHANNELS, KINDS, Kind
from tidings.consent.service import Suppressing, address_in
from tidings.db import Tx
from tidings.events import pending_store
from tidings.events.reports import Channel
from tidings.imports.model import Refused, Row, Unusable
from tidings.imports.reading import LONGEST, Lines, csv_rows, fault_of, header_of
from tidings.kit.cells import exact
from tidings.tenants.model import Actor
from tidings.tenants.service import Invalid

SOME = 1_000  # addresses that are added in one transaction
REFUSED = 1_000  # lines that are refused at once
COLUMNS = {
    "address": ("address", "email", "e_mail", "mail", "email_address", "phone", "phone_number", "sms", "mobile"),
    "channel": ("channel",),
    "type": ("type", "suppression_type", "suppression"),
    "reason": ("reason", "comment", "note"),
    "active": ("active",),
}
_NAMES = {name: member for member, names in COLUMNS.items() for name in names}
_APART = re.compile(r"[,;\t]")
_LIFTED = {"false", "no", "0"}


class Part(msgspec.Struct):
    """The next lines of a list.

    Args:
        wanted: What they ask for.
        refused: Lines that cannot be used.
        lifted: Lines of suppressions that the list itself says are lifted.
        bytes: Of the list that are read so far.
    """

    wanted: list[Suppressing] = []
    refused: list[Refused] = []
    lifted: int = 0
    bytes: int = 0


class Usual(NamedTuple):
    """What holds where a line says nothing else.

    Args:
        type: Of the suppressions.
        reason: Why, in words; None for none.
    """

    type: Kind
    reason: str | None = None


class Taken(NamedTuple):
    """What became of addresses.

    Args:
        added: How many are suppressed that were not before.
        waiting: Number of the last own event that was left to the pipeline, None if none waits.
    """

    added: int
    waiting: int | None


def parts(file: BinaryIO, usual: Usual) -> Iterator[Part]:
    """Return a list part by part; no more of it than a part is in memory.

    Args:
        file: At its beginning; it can be read from there again.
        usual: What holds where a line says nothing else.

    Raises:
        Unusable: The list as a whole cannot be read, or has no column of addresses.
    """
    first = file.readline(LONGEST)
    file.seek(0)
    lines = Lines(file)
    rows = _listed(lines, usual) if is_plain(first) else _table(lines, usual)
    part = Part()
    for found in rows:
        if isinstance(found, Refused):
            part.refused.append(found)
        elif found is None:
            part.lifted += 1
        else:
            part.wanted.append(found)
        if len(part.wanted) == SOME or len(part.refused) == REFUSED:
            part.bytes = lines.bytes
            yield part
            part = Part()
    part.bytes = lines.bytes
    yield part


def take(tx: Tx, who: Actor, workspace_id: int, wanted: list[Suppressing], now: int, key: bytes) -> Taken:
    """Add what does not hold already: the same list again changes nothing.

    Args:
        tx: The transaction.
        who: Who imports it.
        workspace_id: The wall.
        wanted: Of one part.
        now: UTC milliseconds.
        key: The installation's.
    """
    fresh = listing.not_yet(tx, workspace_id, wanted, key) if wanted else []
    added = deeds.add_suppressions(tx, who, workspace_id, fresh, now, key) if fresh else 0
    return Taken(added, pending_store.newest(tx, workspace_id) if added else None)


def is_plain(first: bytes) -> bool:
    """Tell whether a list has nothing but addresses: its first line names no column.

    Args:
        first: That line.
    """
    text = first.decode("utf-8-sig", "replace")
    return not any(_member(cell.strip().strip('"')) == "address" for cell in _APART.split(text.replace("|", ",")))


def _listed(lines: Lines, usual: Usual) -> Iterator[Suppressing | Refused | None]:
    """Yield what lines of addresses say; several stand in a line with commas, semicolons or tabs between them."""
    while True:
        lines.begin()
        try:
            text = next(lines)
        except StopIteration:
            return
        except Unusable as error:
            if lines.number == 0:
                raise  # the file as a whole
            yield Refused(lines.number, str(error), "".join(lines.taken))
            continue
        fault = fault_of(text)
        for cell in [text] if fault else _APART.split(text):
            written = cell.strip().strip('"').strip()
            if fault:
                yield Refused(lines.number, fault, text)
            elif written:
                yield _suppressing(lines.number, text, {"address": written}, usual)


def _table(lines: Lines, usual: Usual) -> Iterator[Suppressing | Refused | None]:
    names, delimiter = header_of(lines)
    members = [_member(name) for name in names]
    for row in csv_rows(lines, delimiter, len(names)):
        if row.fault:
            yield Refused(row.line, row.fault, row.text)
        else:
            yield _suppressing(row.line, row.text, _cells(row, members), usual)


def _cells(row: Row, members: list[str | None]) -> dict[str, str]:
    """Return the values of a line by member; of several columns of addresses the first that has one."""
    found: dict[str, str] = {}
    for member, cell in zip(members, row.cells, strict=True):
        if member is not None and cell.strip():
            found.setdefault(member, exact(cell.strip()))
    return found


def _suppressing(line: int, text: str, cells: dict[str, str], usual: Usual) -> Suppressing | Refused | None:
    if cells.get("active", "").lower() in _LIFTED:
        return None
    try:
        written = cells.get("address", "")
        channel = _channel(cells.get("channel", ""), written)
        kind = _kind(cells["type"]) if "type" in cells else usual.type
        reason = rules.clean(cells.get("reason"), rules.WORDS) or usual.reason
        return Suppressing(channel=channel, address=address_in(channel, written), type=kind, reason=reason)
    except (Unusable, Invalid) as error:
        return Refused(line, str(error), text)


def _channel(named: str, address: str) -> Channel:
    if not named and "@" not in address and not re.match(r"[+0-9(]", address):
        what = "neither an email address nor a phone number (begin that with + and its country)"
        raise Unusable(f"{address[:100]!r} is {what}" if address else "there is no address in it")
    if not named:
        return "email" if "@" in address else "sms"
    found = next((one for one in CHANNELS if one == named.lower()), None)
    if found is None:
        raise Unusable(f"channel: {named[:50]!r} is none of {', '.join(CHANNELS)}")
    return found


def _kind(named: str) -> Kind:
    text = re.sub(r"[\s-]+", "_", named.strip().lower())
    found = next((one for one in KINDS if one == text), None)
    if found is None:
        raise Unusable(f"type: {named[:50]!r} is none of {', '.join(KINDS)}")
    if found == "pending_opt_in":
        raise Unusable("type: pending_opt_in comes with a sign-up only")
    return found


def _member(name: str) -> str | None:
    return _NAMES.get(re.sub(r"[\s-]+", "_", name.strip().lower()))
