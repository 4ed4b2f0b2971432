"""What a command leaves to the pipeline: a running server does it; where none runs, the command does it itself."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import structlog

from tidings.backup import is_served
from tidings.db import Database
from tidings.db.migrate import migrate
from tidings.folder import Folder, FolderTrouble
from tidings.kit import clock
from tidings.log.sqlite import LogMismatch
from tidings.pipeline import Pipeline
from tidings.pipeline.opening import key_of, open_pipeline

LOOK_SECONDS = 0.1
SERVED_SECONDS = 1.0  # between looks whether the server still runs
SILENCE_SECONDS = 60.0  # of a server, until the command goes without its answer


def left_to_the_pipeline(data: Path, database: Database, done: Callable[[], bool], seconds: float) -> bool:
    """Wait until a server has done something, or do it here where none runs; tell whether it is done.

    Args:
        data: The data folder.
        database: Its state.
        done: Tells whether it is done.
        seconds: How long to wait for a server.

    Raises:
        click.ClickException: No server runs, and this process cannot do it either.
    """
    folder = Folder(data)
    deadline, looked = time.monotonic() + seconds, 0.0
    while not done():
        if time.monotonic() - looked >= SERVED_SECONDS:
            looked = time.monotonic()
            if not is_served(folder):
                with alone(folder, database) as pipeline:
                    if pipeline is not None:
                        pipeline.settle()
                    if done():
                        break
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


@contextmanager
def alone(folder: Folder, database: Database) -> Iterator[Pipeline | None]:
    """Own a folder for a while and yield its pipeline, None if a server was quicker.

    Raises:
        click.ClickException: The files do not belong together, or cannot be used.
    """
    try:
        lock = folder.own()
    except FolderTrouble:
        yield None
        return
    # What is logged for operators of a server says nothing to somebody at a command line.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        epoch = migrate(folder.state, clock.now())
        log, pipeline = open_pipeline(folder, database, epoch, key_of(folder, database))
        try:
            yield pipeline
        finally:
            log.close()
    except (FolderTrouble, LogMismatch) as error:
        raise click.ClickException(str(error)) from None
    finally:
        structlog.reset_defaults()
        os.close(lock)
