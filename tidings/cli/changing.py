"""tidings events retry, profile forget, profile export."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

import click

from tidings.cli.alone import SILENCE_SECONDS, left_to_the_pipeline
from tidings.cli.place import NUMBER, data_option, json_option, opened, show, workspace_of, workspace_option
from tidings.db import Database
from tidings.events import deeds as event_deeds
from tidings.events import pending_store
from tidings.folder import Folder
from tidings.kit import clock
from tidings.kit import email as emails
from tidings.kit import phone as phones
from tidings.kit.times import iso
from tidings.log.sqlite import appended
from tidings.profiles import deeds, export, store
from tidings.tenants.audit import CLI
from tidings.web.sections import SECTIONS

F = TypeVar("F", bound=Callable[..., Any])
QUEUED = "queued: the server does it once it has worked off what came before (tidings stats shows the lag)"


class Whom(NamedTuple):
    """How a command names a customer.

    Args:
        kind: Of the identifier, ``id`` for the number of a profile.
        value: As it was given.
    """

    kind: str
    value: str


def whom_options(command: F) -> F:
    """Add the options of which one names a customer."""
    for name, text in (
        ("--anonymous-id", "An id of a device of the customer."),
        ("--phone", "Telephone number of the customer, with its country (+49...)."),
        ("--user-id", "The shop's own id of the customer."),
        ("--email", "Address of the customer."),
    ):
        command = click.option(name, help=text)(command)
    return click.option("--id", "profile_id", type=NUMBER, help="Number of the profile.")(command)


def whom(profile_id: int | None, **names: str | None) -> Whom:
    """Return whom the options name.

    Raises:
        click.UsageError: They name nobody, or more than one.
    """
    given = [] if profile_id is None else [Whom("id", str(profile_id))]
    given += [Whom(kind, value) for kind, value in names.items() if value is not None]
    if len(given) != 1:
        raise click.UsageError("give one of --id, --email, --user-id, --phone and --anonymous-id")
    return given[0]


def found(database: Database, workspace_id: int, wanted: Whom) -> int:
    """Return the number of a customer.

    Raises:
        click.ClickException: There is none.
    """
    kind, value = wanted
    if kind == "id":
        root = database.read_now(store.root_of, workspace_id, int(value))
    else:
        exact = {"email": emails.normalise(value), "phone": phones.normalise(value, None)}.get(kind)
        root = database.read_now(store.root_by, workspace_id, kind, exact or value)
    if root is None:
        raise click.ClickException("no such profile (events are processed within a moment: see 'tidings stats', lag)")
    return root


@click.command()
@click.argument("refused_id", type=NUMBER)
@workspace_option
@data_option
@json_option
def retry(refused_id: int, workspace: str, data: Path, as_json: bool) -> None:
    """Apply refused event REFUSED_ID again (of stage pipeline: it was acknowledged and could not be processed)."""
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        number = database.write_now(event_deeds.retry, CLI, wall, refused_id, clock.now())
        if number is None:
            raise click.ClickException(f"there is no refused event {refused_id} in workspace {workspace!r}")
        done = worked_off(data, database, wall, number)
    text = f"event {refused_id} was applied again; if it failed again, it is back on the list" if done else QUEUED
    show({"id": refused_id, "done": done}, text, as_json=as_json)


@click.command()
@whom_options
@workspace_option
@data_option
@json_option
def forget(  # noqa: PLR0913
    profile_id: int | None,
    email: str | None,
    user_id: str | None,
    phone: str | None,
    anonymous_id: str | None,
    workspace: str,
    data: Path,
    as_json: bool,
) -> None:
    """Erase a customer with all that was merged into it, for good; 'tidings compact' then cleans the files."""
    wanted = whom(profile_id, email=email, user_id=user_id, phone=phone, anonymous_id=anonymous_id)
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        number, now = found(database, wall, wanted), clock.now()
        asked = database.write_now(deeds.forget, CLI, wall, number, now, appended(Folder(data).log))
        if asked is None:
            raise click.ClickException("no such profile any more")
        root, waiting = asked
        done = worked_off(data, database, wall, waiting)
    text = f"profile {root} is forgotten; events of before {iso(now)} that come late are dropped" if done else QUEUED
    show({"id": root, "at": iso(now), "done": done}, text, as_json=as_json)


@click.command("export")
@whom_options
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file (default: print it).")
@workspace_option
@data_option
@json_option
def export_(  # noqa: PLR0913
    profile_id: int | None,
    email: str | None,
    user_id: str | None,
    phone: str | None,
    anonymous_id: str | None,
    output: Path | None,
    workspace: str,
    data: Path,
    as_json: bool,
) -> None:
    """Print all that is stored of a customer as one JSON document, with or without --json."""
    wanted = whom(profile_id, email=email, user_id=user_id, phone=phone, anonymous_id=anonymous_id)
    with opened(data) as database:
        wall = workspace_of(database, workspace)
        number, now = found(database, wall, wanted), clock.now()
        begun = database.read_now(export.begin, wall, number, now, SECTIONS)
        if begun is None:
            raise click.ClickException("no such profile any more")
        with target(output) as file:
            database.write_now(deeds.exported, CLI, wall, begun.id, now)
            size = sum(file.write(piece) for piece in export.pieces(database, wall, begun))
    if output is not None:
        document = {"id": begun.id, "output": str(output), "bytes": size}
        show(document, f"profile {begun.id} exported to {output}, {size} bytes", as_json=as_json)


@contextmanager
def target(output: Path | None) -> Iterator[IO[bytes]]:
    """Open a new file for this user only, or standard output; what is written half is removed.

    Raises:
        click.ClickException: The file is there already, or cannot be written.
    """
    if output is None:
        yield sys.stdout.buffer
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{output} is there already: choose a new name") from None
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except BaseException as error:
        output.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise click.ClickException(f"{output}: {error.strerror}") from None
        raise


def worked_off(data: Path, database: Database, workspace_id: int, number: int) -> bool:
    """Wait until the pipeline has worked off an own event; tell whether it has."""
    return left_to_the_pipeline(
        data, database, lambda: not database.read_now(pending_store.waits, workspace_id, number), SILENCE_SECONDS
    )
