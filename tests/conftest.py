"""Fixtures that every folder of tests uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Running

pytest_plugins = ["tests.browser"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A running server over an empty data folder."""
    running = Running(tmp_path / "data").start()
    yield running
    running.stop()
