"""What every command has in common: the data folder, the workspace, JSON or text."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from sqlalchemy.exc import DatabaseError

from tidings.config import BadSettings, Settings, load
from tidings.db import Database
from tidings.db.migrate import TooNew, migrate
from tidings.folder import Folder, FolderTrouble
from tidings.kit import clock
from tidings.tenants import service, store

F = TypeVar("F", bound=Callable[..., Any])
NUMBER = click.IntRange(1, 2**63 - 1)  # of a row
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def data_option(command: F) -> F:
    """Add ``--data``."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("data"),
        envvar="TIDINGS_DATA",
        show_default=True,
        help="Data folder (also TIDINGS_DATA).",
    )(command)


def json_option(command: F) -> F:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def workspace_option(command: F) -> F:
    """Add ``--workspace``."""
    return click.option("--workspace", default=service.WORKSPACE, show_default=True, help="Name of the workspace.")(
        command
    )


def address(data: Path) -> str:
    """Return where a server over a data folder answers by its settings; the defaults count where those are wrong.

    Args:
        data: The folder.
    """
    own = Folder(data).settings
    try:
        settings = load(own if own.exists() else None, os.environ)
    except BadSettings:  # the server will say so
        settings = load(None, {})
    return url_of(settings, settings.port)


def url_of(settings: Settings, port: int) -> str:
    """Return where a server with these settings answers, without a trailing slash.

    Args:
        settings: The operator's.
        port: Where it listens.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'https' if settings.tls_cert else 'http'}://{host}:{port}"


@contextmanager
def opened(data: Path, *, make: bool = False) -> Iterator[Database]:
    """Open the state of a data folder, beside a running server or without one.

    Args:
        data: The folder.
        make: Whether to make it where there is none.

    Raises:
        click.ClickException: There is none, or it cannot be used.
    """
    folder = Folder(data)
    if not make and not folder.state.exists():
        raise click.ClickException(f"no data in {data}: name the folder with --data, or start 'tidings serve' once")
    try:
        folder.prepare()
        migrate(folder.state, clock.now())
    except (FolderTrouble, TooNew) as error:
        raise click.ClickException(str(error)) from None
    except DatabaseError as error:
        raise damaged(folder, error) from None
    database = Database(folder.state)
    try:
        yield database
    except service.Invalid as error:
        raise click.ClickException(str(error)) from None
    except DatabaseError as error:
        raise damaged(folder, error) from None
    finally:
        database.close()


def damaged(folder: Folder, error: DatabaseError) -> click.ClickException:
    """Return what is said when the database itself fails."""
    return click.ClickException(f"{folder.state}: {error.orig} (disk, rights, or a damaged file: try 'tidings doctor')")


def workspace_of(database: Database, name: str) -> int:
    """Return the id of a workspace; the first one is made on first use.

    Raises:
        click.ClickException: There is none of this name.
    """
    found = database.read_now(store.workspace_id, name)
    if found is None and name == service.WORKSPACE:
        return database.write_now(service.first_workspace, clock.now())
    if found is None:
        raise click.ClickException(f"there is no workspace {name!r} (tidings workspace list)")
    return found


def show(document: Any, text: str, *, as_json: bool) -> None:
    """Print a document as JSON, or as text for people without control codes."""
    if as_json:
        click.echo(msgspec.json.format(ENCODE(document), indent=2).decode())
    else:
        click.echo(CONTROL.sub("�", text))


ENCODE = msgspec.json.Encoder(decimal_format="number").encode
