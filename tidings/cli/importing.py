"""tidings import: customers, orders and products from files."""

import hashlib
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from tidings.cli.alone import SILENCE_SECONDS, left_to_the_pipeline
from tidings.cli.changing import QUEUED
from tidings.cli.place import data_option, json_option, opened, show, workspace_of, workspace_option
from tidings.cli.tenants import pairs
from tidings.db import Database
from tidings.events import pending_store
from tidings.imports import kinds, service
from tidings.imports import store as imports
from tidings.imports.model import Entries, Import, Refused, Round, Setting, Unusable
from tidings.imports.report import Occupied, Report
from tidings.imports.rounds import Rounds
from tidings.kit import clock
from tidings.tenants import store
from tidings.tenants.audit import CLI

REFUSED = 3  # exit code: all of the file was read, and some lines were refused
NAMED = 32  # digits of the hash that message ids have: 128 bits
SHOWN = 10  # refused lines that are printed
LOOK = 256  # entries between two looks at the bar
Seen = Callable[[int], None]


class Task(msgspec.Struct, kw_only=True):
    """What the options ask for.

    Args:
        kind: What the lines are.
        path: The file.
        brand: Key of the shop, None for the first one.
        currency: Of amounts that name none, None for the brand's.
        country: By which phones without ``+`` are read.
        columns: Members by column.
        dry_run: Whether nothing is to be changed.
        report: Where refused lines are written.
    """

    kind: str
    path: Path
    brand: str | None
    currency: str | None
    country: str | None
    columns: dict[str, str]
    dry_run: bool
    report: Path | None


@click.command("import")
@click.argument("kind", type=click.Choice(kinds.KINDS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--brand", help="Key of the shop that they belong to (default: the workspace's first).")
@click.option("--currency", help="Of amounts that name none (default: the brand's).")
@click.option("--country", help="By which phones without + are read, two letters.")
@click.option("--map", "columns", multiple=True, metavar="COLUMN=MEMBER",
              help="What a column is; 'COLUMN=' leaves it out (docs/importing.md has the members).")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Read and check only.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write refused lines into this CSV.")
@workspace_option
@data_option
@json_option
def import_(  # noqa: PLR0913
    kind: str,
    file: Path,
    brand: str | None,
    currency: str | None,
    country: str | None,
    columns: tuple[str, ...],
    dry_run: bool,
    report: Path | None,
    workspace: str,
    data: Path,
    as_json: bool,
) -> None:
    """Take customers, orders or products from a CSV file; the same file again goes on where it stopped.

    Exit code 3 says that lines were refused.
    """
    task = Task(
        kind=kind, path=file, brand=brand, currency=code(currency, 3, "--currency"),
        country=code(country, 2, "--country"), columns=pairs(columns), dry_run=dry_run, report=report,
    )  # fmt: skip
    with opened(data, make=not dry_run) as database, readable_errors(file), file.open("rb") as source:
        run = Run(data, database, task, workspace_of(database, workspace))
        with reported(task) as refused, progress(run.size) as seen:
            run.through(source, refused, seen)
        done = run.worked_off()
    document = run.document(done)
    show(document, in_words(document, run.refused), as_json=as_json)
    sys.exit(REFUSED if document["refused"] else 0)


class Run:
    """One run of the command over one file.

    Args:
        data: The data folder.
        database: Its state.
        task: What is asked for.
        workspace_id: The wall.

    Raises:
        Unusable: It is no file.
        service.Invalid: There is no such brand.
    """

    def __init__(self, data: Path, database: Database, task: Task, workspace_id: int) -> None:
        self._data = data
        self._database = database
        self._task = task
        self._state = state_of(task.path)
        self.size = self._state[0]
        self.refused: list[Refused] = []  # the first of this run
        self._columns: dict[str, Any] = {}
        zone = database.read_now(store.get_workspace, workspace_id).time_zone
        brand = database.read_now(service.brand_of, workspace_id, task.brand)
        digest = hash_of(task.path)
        present = database.read_now(imports.find, workspace_id, brand["id"], task.kind, digest)
        started = clock.now() if present is None else present.started_at
        currency = task.currency or str(brand["currency"])
        options = {"columns": task.columns, "currency": currency, "country": task.country, "zone": zone}
        draft = Import(
            id=0,
            workspace_id=workspace_id,
            brand_id=brand["id"],
            kind=task.kind,
            name=task.path.name,
            hash=digest,
            size=self.size,
            options=msgspec.json.encode(options, order="sorted").decode(),
            started_at=started,
        )
        self._present = draft
        self._setting = Setting(
            stamp=f"import:{draft.kind}:{workspace_id}.{draft.brand_id}:{draft.hash[:NAMED]}",
            hash=draft.hash,
            currency=currency,
            zone=zone,
            country=task.country,
            started=started,
        )
        self._before = 0

    def through(self, source: BinaryIO, report: Report | None, seen: Seen) -> None:
        """Go through the file, from where an earlier run stopped.

        Args:
            source: The file.
            report: Takes all refused lines, also those of earlier runs.
            seen: Is told how many bytes are read.

        Raises:
            Unusable: The file as a whole cannot be used, or has changed.
            click.ClickException: The pipeline does not work.
        """
        file = kinds.opened(self._task.kind, source, self._setting, self._task.columns)
        self._columns = kinds.explained(file.columns)
        if not self._task.dry_run:
            self._present = self._database.write_now(service.begin, CLI, self._present, clock.now())
        self._before = self._present.lines
        if self._present.finished_at is not None and report is None:
            return
        rounds = Rounds(self._present, file.maker, again=report is not None)
        for made in rounds.of(watched(file.entries, lambda: seen(file.lines.bytes)), clock.now()):
            if state_of(self._task.path) != self._state:
                raise Unusable("it has changed while it was read: run the command again")
            self.refused += made.refused[: SHOWN - len(self.refused)]
            if report is not None:
                report.add(made.refused)
            self._take(made)
        seen(self.size)

    def worked_off(self) -> bool:
        """Wait until the pipeline has worked off all that was left to it; tell whether it has."""
        number, wall = self._present.waiting, self._present.workspace_id
        if number is None or self._task.dry_run:
            return True
        return left_to_the_pipeline(
            self._data,
            self._database,
            lambda: not self._database.read_now(pending_store.waits, wall, number),
            SILENCE_SECONDS,
        )

    def _take(self, made: Round) -> None:
        if self._task.dry_run:
            self._present = service.after(self._present, made, clock.now())
            return
        if self._present.finished_at is not None or not (made.ended or made.lines > self._present.lines):
            return  # it only had lines again that are done
        if not self.worked_off():
            where = f"line {self._present.lines}"
            raise click.ClickException(f"the server takes nothing: run the command again, it goes on behind {where}")
        self._present = self._database.write_now(service.advance, self._present, made, clock.now())

    def document(self, done: bool) -> dict[str, Any]:
        """Return what is said at the end.

        Args:
            done: Whether the pipeline has worked off everything.
        """
        present = self._present
        return {
            "id": present.id or None,
            "kind": present.kind,
            "file": str(self._task.path),
            "hash": present.hash,
            "lines": present.lines,
            "before": self._before,
            "taken": present.taken,
            "refused": present.refused,
            "totals": {currency: format(amount, "f") for currency, amount in present.totals.items()},
            "columns": self._columns,
            "dry_run": self._task.dry_run,
            "report": None if self._task.report is None else str(self._task.report),
            "done": done,
        }


def in_words(document: dict[str, Any], refused: list[Refused]) -> str:
    """Return for people what a run came to."""
    verb = "can be taken" if document["dry_run"] else "taken"
    lines = [f"{document['file']}: {document['taken']} lines {verb}, {document['refused']} refused"]
    if document["before"]:
        lines.append(f"  {document['before']} lines of the file were done before")
    lines += [f"  orders of {amount} {currency}" for currency, amount in document["totals"].items()]
    unknown = [name for name, member in document["columns"].items() if member is None]
    if document["dry_run"]:
        lines += [f"  {name}: {member}" for name, member in document["columns"].items() if member is not None]
        lines += [f"  further columns, kept under their names: {', '.join(unknown)}"] if unknown else []
    lines += [f"  line {one.line}: {one.reason}" for one in refused]
    if document["refused"] and document["report"]:
        lines.append(f"  all refused lines are in {document['report']}")
    elif document["refused"] > len(refused):
        lines.append("  --report FILE writes all refused lines into a file, also afterwards")
    if not document["done"]:
        lines.append(f"  {QUEUED}")
    return "\n".join(lines)


def watched(entries: Entries, look: Callable[[], None]) -> Entries:
    """Return entries, and look now and then."""
    for number, entry in enumerate(entries):
        if number % LOOK == 0:
            look()
        yield entry


def code(given: str | None, letters: int, option: str) -> str | None:
    """Return an ISO code in upper case.

    Raises:
        click.BadParameter: It is none.
    """
    if given is not None and not (len(given) == letters and given.isascii() and given.isalpha()):
        raise click.BadParameter(f"{given!r}: {letters} letters", param_hint=option)
    return None if given is None else given.upper()


def state_of(path: Path) -> tuple[int, int]:
    """Return size and time of change of a file.

    Raises:
        Unusable: It is no file that can be read twice.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise Unusable("it is no regular file")
    return found.st_size, found.st_mtime_ns


def hash_of(path: Path) -> str:
    """Return SHA-256 of a file, hexadecimal."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def readable_errors(path: Path) -> Iterator[None]:
    """Turn what is wrong with a file into the message of a command."""
    try:
        yield
    except Unusable as error:
        raise click.ClickException(f"{path}: {error}") from None
    except Occupied as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or path}: {error.strerror}") from None


def reported(task: Task) -> Any:
    """Return the report that is asked for, None if none is.

    Raises:
        click.UsageError: It would take the place of the file.
    """
    if task.report is None:
        return nullcontext()
    if task.report.exists() and task.report.samefile(task.path):
        raise click.UsageError("--report names the file itself")
    return Report(task.report)


@contextmanager
def progress(size: int) -> Iterator[Seen]:
    """Show a bar, on a terminal only.

    Args:
        size: Of the file, in bytes.
    """
    if not sys.stderr.isatty():
        yield lambda _bytes: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        bar = bars.add_task("importing", total=size)
        yield lambda count: bars.update(bar, completed=count)
