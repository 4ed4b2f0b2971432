"""A shell over an empty place, and one over nothing."""

from pathlib import Path

import pytest

from tests.cli.commands import Shell
from tests.fresh import lay


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Commands over a folder in which nothing has happened yet."""
    made = Shell(tmp_path / "data")
    lay(made.data / "tidings.db")
    return made


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    """Commands over a folder that does not exist."""
    return Shell(tmp_path / "data")
