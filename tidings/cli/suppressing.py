"""tidings suppression: list, add, lift, import, export."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple, cast

import click
import msgspec

from tidings.cli.alone import SILENCE_SECONDS, left_to_the_pipeline
from tidings.cli.changing import QUEUED, target
from tidings.cli.importing import REFUSED, SHOWN, Seen, progress, readable_errors
from tidings.cli.place import data_option, json_option, opened, show, workspace_of, workspace_option
from tidings.consent import deeds, listing, rules, service
from tidings.consent.listing import HEADER, PIECE, Place, Which, cells
from tidings.consent.model import CHANNELS, KINDS, Kind, Suppression
from tidings.consent.service import Suppressing
from tidings.db import Database
from tidings.events import pending_store
from tidings.events.reports import Channel
from tidings.folder import Folder, FolderTrouble
from tidings.imports import addresses
from tidings.imports.addresses import Usual
from tidings.imports.model import Refused
from tidings.imports.report import Report
from tidings.kit import clock
from tidings.kit.cells import lines
from tidings.kit.times import iso
from tidings.pipeline.opening import key_of
from tidings.tenants.audit import CLI

BY_HAND = [kind for kind in KINDS if kind != "pending_opt_in"]
LIFTABLE = [kind for kind in KINDS if kind not in rules.NO_LIFTING]


class Ran(NamedTuple):
    """What a run of an import came to.

    Args:
        added: Addresses that are suppressed by it.
        same: Those that were suppressed like that already.
        lifted: Lines that the list itself says are lifted.
        refused: Lines that could not be used.
        first: The first of them.
        waiting: Number of the last own event that was left to the pipeline.
    """

    added: int
    same: int
    lifted: int
    refused: int
    first: list[Refused]
    waiting: int | None


@click.group()
def suppression() -> None:
    """Reasons not to send to an address."""


@suppression.command("list")
@click.option("--search", default="", help="How the address begins.")
@click.option("--channel", type=click.Choice(CHANNELS), help="Only those of this channel.")
@click.option("--type", "kind", type=click.Choice(KINDS), help="Only those of this type.")
@click.option("--lifted", is_flag=True, help="Those that were lifted, instead of those that hold.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many at most.")
@workspace_option
@data_option
@json_option
def suppression_list(  # noqa: PLR0913
    search: str,
    channel: str | None,
    kind: str | None,
    lifted: bool,
    limit: int,
    workspace: str,
    data: Path,
    as_json: bool,
) -> None:
    """Show suppressions by channel, address and type, without those of forgotten customers."""
    which = Which(search.replace("\0", ""), cast("Channel | None", channel), cast("Kind | None", kind), not lifted)
    found: list[Suppression] = []
    with opened(data) as database:
        wall, after = workspace_of(database, workspace), Place()
        while len(found) < limit:
            rows, further = database.read_now(listing.some, wall, which, after, limit - len(found))
            found += rows
            if further is None:
                break
            after = further
    text = "\n".join(f"{one.channel:<5}  {one.type:<19}  {one.address}  {one.reason or ''}".rstrip() for one in found)
    show([described(one) for one in found], text, as_json=as_json)


@suppression.command("add")
@click.argument("address")
@click.option("--type", "kind", type=click.Choice(BY_HAND), default="manually_suppressed", show_default=True,
              help="Which reason.")  # fmt: skip
@click.option("--reason", help="Why, in words.")
@workspace_option
@data_option
@json_option
def suppression_add(address: str, kind: str, reason: str | None, workspace: str, data: Path, as_json: bool) -> None:
    """Send nothing to ADDRESS: an email address, or a number with + and its country."""
    _change(address, kind, reason, workspace, data, as_json=as_json, add=True)


@suppression.command("lift")
@click.argument("address")
@click.option("--type", "kind", type=click.Choice(LIFTABLE), default="manually_suppressed", show_default=True,
              help="Which reason.")  # fmt: skip
@click.option("--reason", required=True, help="Why it is lifted, in words.")
@workspace_option
@data_option
@json_option
def suppression_lift(address: str, kind: str, reason: str, workspace: str, data: Path, as_json: bool) -> None:
    """Lift one suppression of ADDRESS; whatever else suppresses it stays, and only customers lift unsubscribed."""
    _change(address, kind, reason, workspace, data, as_json=as_json, add=False)


@suppression.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--type", "kind", type=click.Choice(BY_HAND), default="unsubscribed", show_default=True,
              help="Which reason, where a line names none.")  # fmt: skip
@click.option("--reason", help="Why, in words, where a line says nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write refused lines into this CSV.")
@workspace_option
@data_option
@json_option
def suppression_import(
    file: Path, kind: str, reason: str | None, report: Path | None, workspace: str, data: Path, as_json: bool
) -> None:
    """Add the addresses of a CSV or of a plain list; what is suppressed already stays as it is.

    Exit code 3 says that lines were refused.
    """
    if report is not None and report.exists() and report.samefile(file):
        raise click.UsageError("--report names the file itself")
    usual = Usual(cast(Kind, kind), rules.clean(reason, rules.WORDS))
    with opened(data, make=True) as database, readable_errors(file), progress(file.stat().st_size) as seen:
        wall = workspace_of(database, workspace)
        with nullcontext() if report is None else Report(report) as refused:
            ran = _run(data, database, wall, file, usual, refused, seen)
        done = ran.waiting is None or _worked_off(data, database, wall, ran.waiting)
    document = {
        "file": str(file),
        "added": ran.added,
        "same": ran.same,
        "lifted": ran.lifted,
        "refused": ran.refused,
        "report": None if report is None else str(report),
        "done": done,
    }
    show(document, in_words(document, ran.first), as_json=as_json)
    sys.exit(REFUSED if ran.refused else 0)


@suppression.command("export")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file (default: print it).")
@click.option("--lifted", is_flag=True, help="Those that were lifted, instead of those that hold.")
@workspace_option
@data_option
@json_option
def suppression_export(output: Path | None, lifted: bool, workspace: str, data: Path, as_json: bool) -> None:
    """Write suppressions as a CSV that can be imported again, with or without --json; formulas are made harmless."""
    count = 0
    with opened(data) as database:
        wall, after = workspace_of(database, workspace), Place()
        database.write_now(deeds.exported, CLI, wall, clock.now())
        with target(output) as file:
            file.write(lines([HEADER]))
            further: Place | None = after
            while further is not None:
                rows, further = database.read_now(listing.some, wall, Which(active=not lifted), further, PIECE)
                file.write(lines(cells(row) for row in rows))
                count += len(rows)
    if output is not None:
        document = {"output": str(output), "suppressions": count}
        show(document, f"{count} suppressions written to {output}", as_json=as_json)


def described(one: Suppression) -> dict[str, Any]:
    """Return what is shown of a suppression."""
    return {
        "channel": one.channel,
        "address": one.address,
        "type": one.type,
        "active": one.active,
        "added": None if one.added_at is None else iso(one.added_at),
        "lifted": None if one.lifted_at is None else iso(one.lifted_at),
        "reason": one.reason,
    }


def in_words(document: dict[str, Any], first: list[Refused]) -> str:
    """Return for people what an import came to."""
    text = f"{document['file']}: {document['added']} added, {document['same']} suppressed before"
    text += f", {document['lifted']} lifted in the list" if document["lifted"] else ""
    said = [f"{text}, {document['refused']} refused"]
    said += [f"  line {one.line}: {one.reason}" for one in first]
    if document["refused"] and document["report"]:
        said.append(f"  all refused lines are in {document['report']}")
    elif document["refused"] > len(first):
        said.append("  --report FILE writes all refused lines into a file")
    return "\n".join(said if document["done"] else [*said, f"  {QUEUED}"])


def _change(
    address: str, kind: str, reason: str | None, workspace: str, data: Path, *, as_json: bool, add: bool
) -> None:
    channel: Channel = "email" if "@" in address else "sms"
    with opened(data, make=add) as database:
        wall, key = workspace_of(database, workspace), _key(data, database)
        exact = service.address_in(channel, address)
        one = Suppressing(channel=channel, address=exact, type=cast(Kind, kind), reason=reason)
        change = deeds.add_suppressions if add else deeds.lift_suppressions
        changed = database.write_now(change, CLI, wall, [one], clock.now(), key)
    did = "suppressed" if add else "lifted"
    before = "was suppressed like that already" if add else "was not suppressed like that"
    text = f"{exact} {did}: {kind}" if changed else f"{exact} {before}: {kind}"
    show(msgspec.structs.asdict(one) | {"changed": bool(changed)}, text, as_json=as_json)


def _run(data: Path, database: Database, wall: int, file: Path, usual: Usual, report: Report | None, seen: Seen) -> Ran:
    key, ran = _key(data, database), Ran(0, 0, 0, 0, [], None)
    with file.open("rb") as source:
        for part in addresses.parts(source, usual):
            if ran.waiting is not None and not _worked_off(data, database, wall, ran.waiting):
                raise click.ClickException("the server takes nothing: run the command again, nothing is done twice")
            taken = database.write_now(addresses.take, CLI, wall, part.wanted, clock.now(), key)
            if report is not None:
                report.add(part.refused)
            ran = Ran(
                ran.added + taken.added,
                ran.same + len(part.wanted) - taken.added,
                ran.lifted + part.lifted,
                ran.refused + len(part.refused),
                ran.first + part.refused[: SHOWN - len(ran.first)],
                taken.waiting or ran.waiting,
            )
            seen(part.bytes)
    return ran


def _worked_off(data: Path, database: Database, wall: int, number: int) -> bool:
    return left_to_the_pipeline(
        data, database, lambda: not database.read_now(pending_store.waits, wall, number), SILENCE_SECONDS
    )


def _key(data: Path, database: Database) -> bytes:
    try:
        return key_of(Folder(data), database)
    except FolderTrouble as error:
        raise click.ClickException(str(error)) from None
