"""A state database that is migrated and empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fresh import migrated
from tidings.db import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "tidings.db"
    migrated(path, 1)
    opened = Database(path)
    yield opened
    opened.close()
