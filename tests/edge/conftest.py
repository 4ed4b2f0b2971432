"""One server for all tests of a file: what they look at is told apart by message ids and sources."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.serving import Running


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running server."""
    running = Running(tmp_path_factory.mktemp("live") / "data").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def key(live: Running) -> str:
    """The write key of a source with server trust."""
    made: str = live.source("segment")["write_key"]
    return made


@pytest.fixture
def made(live: Running) -> dict[str, Any]:
    """A further source, for a test that changes its settings."""
    return live.source("segment", "--name", f"further-{next(numbers)}")


numbers = count()
