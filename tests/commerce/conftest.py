"""A database with two shops and their customers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.commerce.shop import opened


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Connection]:
    """A transaction on a database that has profiles and brands, and nothing of this room."""
    with opened(tmp_path / "tidings.db") as connection, connection.begin():
        yield connection
