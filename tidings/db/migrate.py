"""Bringing a data folder to this version's schema. Alembic is imported only when there is something to do."""

import secrets
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, text

from tidings.db.engine import make_engine
from tidings.db.tables import installation

HEAD = "0014"  # a test holds it against the migrations


class TooNew(Exception):  # noqa: N818
    """The folder was written by a newer version, which this one must not touch."""


def migrate(path: Path, now: int) -> str:
    """Make or upgrade a state database and return its epoch.

    Args:
        path: The file.
        now: UTC milliseconds.

    Raises:
        TooNew: A newer version wrote it.
    """
    present = epoch_of(path)
    if present is not None:
        return present
    engine = make_engine(path, mode="write")
    try:
        with engine.connect() as connection:
            if current(connection) != HEAD:
                upgrade(connection)
            with connection.begin():
                epoch = connection.execute(select(installation.c.epoch)).scalar()
                if epoch is None:
                    epoch = secrets.token_hex(16)
                    connection.execute(insert(installation).values(epoch=epoch, created_at=now))
        return str(epoch)
    finally:
        engine.dispose()


def epoch_of(path: Path) -> str | None:
    """Return the epoch of a database that is as it should be, without waiting for whoever writes; else None.

    Args:
        path: The file.
    """
    if not path.exists() or not path.stat().st_size:
        return None
    engine = make_engine(path, mode="read")
    try:
        with engine.connect() as connection:
            if current(connection) != HEAD:
                return None
            with connection.begin():
                return connection.execute(select(installation.c.epoch)).scalar()
    finally:
        engine.dispose()


def current(connection: Connection) -> str | None:
    """Return the revision of a database, None for an empty one."""
    with connection.begin():
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the migrations up to a revision.

    Raises:
        TooNew: The database is at a revision that this version does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
        connection.commit()  # Alembic leaves its look at the revision open where another process was quicker
    except CommandError as error:
        if "Can't locate revision" in str(error):
            raise TooNew("this data folder was written by a newer version of Tidings: install that version") from error
        raise
