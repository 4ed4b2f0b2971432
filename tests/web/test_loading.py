"""When the console is loaded: half a second of imports that nobody should wait for."""

import asyncio
from pathlib import Path

import pytest

from tests.fresh import lay
from tests.serving import Running, wait_for
from tidings.app import Server
from tidings.config import load
from tidings.folder import Folder

TEMPLATES = "markupsafe/_speedups"  # a library that only templates use


@pytest.fixture
def server(tmp_path: Path) -> Running:
    return Running(tmp_path / "data").start()


def has_the_console(server: Running) -> bool:
    assert server.process is not None
    return TEMPLATES in Path(f"/proc/{server.process.pid}/maps").read_text()


def test_it_is_loaded_beforehand_where_somebody_can_sign_in(server: Running) -> None:
    server.cli("user", "create", "--email", "o@example.org", "--role", "owner")
    server.stop()
    server.start()
    try:
        wait_for(lambda: has_the_console(server))
    finally:
        server.stop()


def test_a_server_that_only_takes_events_stays_small(tmp_path: Path) -> None:
    lay(tmp_path / "data" / "tidings.db")
    folder = Folder(tmp_path / "data")
    folder.prepare()
    alone = Server(load(None, {}), folder)
    try:
        asyncio.run(alone._expect_visits())
        assert alone._console is None
    finally:
        alone.close()
