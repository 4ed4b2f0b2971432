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


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name bytes by their length: random keys and times in gzip headers would give each worker tests of its own."""
    return f"{len(val)}-bytes" if isinstance(val, bytes) else None
