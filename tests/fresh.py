"""An empty state database without the wait: migrating one takes a good second, copying what comes of it takes nothing.

The migrations themselves are the business of tests/db/test_migrations.py, a first start from nothing that of
tests/test_first_path.py.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tidings.db.engine import make_engine
from tidings.db.migrate import migrate, upgrade


def lay(path: Path) -> None:
    """Put a database that has every table and no installation yet where one is about to be opened, if none is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(_migrated())


def migrated(path: Path, now: int) -> str:
    """Do what ``migrate`` does where there is no database; return the epoch."""
    lay(path)
    return migrate(path, now)


@cache
def _migrated() -> bytes:
    """Return the file; once for each process that runs tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tidings.db"
        engine = make_engine(path, mode="write")
        with engine.connect() as connection:
            upgrade(connection)
        engine.dispose()
        assert [file.name for file in path.parent.iterdir()] == [path.name], "the last to close leaves one file"
        return path.read_bytes()
