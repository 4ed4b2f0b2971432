"""tidings serve."""

import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import structlog

from tidings.cli.place import data_option, url_of
from tidings.config import BadSettings, Settings, load
from tidings.db.migrate import TooNew
from tidings.dialects import DIALECTS
from tidings.folder import Folder, FolderTrouble
from tidings.log.sqlite import LogMismatch

if TYPE_CHECKING:
    from tidings.cli.demo import Demo


@click.command()
@data_option
@click.option("--host", help="Address to listen on (default: the settings', 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes any free one.")
@click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), envvar="TIDINGS_CONFIG", help="Settings file."
)
@click.option(
    "--first-source",
    type=click.Choice([dialect.name for dialect in DIALECTS]),
    help="Make a source of this dialect if there is none yet, and print how to use it.",
)
@click.option("--demo", is_flag=True, help="Fill an empty workspace with a month of two made-up shops.")
def serve(
    data: Path, host: str | None, port: int | None, config: Path | None, first_source: str | None, *, demo: bool
) -> None:
    """Answer requests until SIGTERM; the data folder is made on first start."""
    try:
        own = Folder(data).settings
        settings = load(config or (own if own.exists() else None), os.environ, host=host, port=port)
        start(settings, data, first_source, demo=demo)
    except (BadSettings, FolderTrouble, TooNew, LogMismatch) as error:
        raise click.ClickException(str(error)) from None


def start(settings: Settings, data: Path, first_source: str | None, *, demo: bool) -> None:
    """Run the server in this process."""
    from sqlalchemy.exc import DatabaseError

    from tidings.app import CannotListen, Server
    from tidings.app import serve as run
    from tidings.cli.welcome import console_line, first_steps

    configure_logs(settings)
    filling: list[Demo] = []

    def ready(server: Server, port: int) -> None:
        url = url_of(settings, port)
        click.echo(f"Tidings answers on {url} (data in {data}). Stop it with Ctrl-C.")
        click.echo(console_line(url, server.setup_code))
        if first_source:
            click.echo(first_steps(server.database, first_source, url, data))
        if demo:
            from tidings.cli.demo import Demo

            filling.append(Demo(server, data, port))
            filling[0].start()
        sys.stdout.flush()

    try:
        run(settings, data, ready)
        for filled in filling:
            filled.end()
    except CannotListen as error:
        raise click.ClickException(str(error)) from None
    except DatabaseError as error:
        raise click.ClickException(
            f"{data}: {error.orig} (disk, rights, or a damaged file: try 'tidings doctor')"
        ) from None
    except OSError as error:
        raise click.ClickException(f"{data}: {error.strerror or error}") from None


def configure_logs(settings: Settings) -> None:
    """Send log lines to standard error, for people or as JSON."""
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)
    last = (
        structlog.processors.JSONRenderer(serializer=json.dumps)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
    )
