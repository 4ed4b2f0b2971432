"""When the console is loaded: a second of imports and templates that nobody should wait for."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.fresh import lay
from tests.serving import Running, wait_for
from tidings.app import Server
from tidings.config import load
from tidings.folder import Folder
from tidings.web.console.app import PACKAGE, ROOMS
from tidings.web.console.rendering import Pages
from tidings.web.console.static import Static

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


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Server]:
    lay(tmp_path / "data" / "tidings.db")
    folder = Folder(tmp_path / "data")
    folder.prepare()
    server = Server(load(None, {}), folder)
    yield server
    server.close()


def test_a_server_that_only_takes_events_stays_small(alone: Server) -> None:
    asyncio.run(alone._expect_visits())
    assert alone._console is None


def test_what_pages_need_is_prepared_too(alone: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    alone.setup_code = ""  # as if somebody could sign in
    monkeypatch.setattr(alone, "_make_console", lambda: SimpleNamespace(prepare=lambda: done.append("prepared")))
    asyncio.run(alone._expect_visits())
    assert done == ["prepared"]


def test_every_template_is_compiled_beforehand() -> None:
    pages = Pages({name: PACKAGE / name / "templates" for name in ROOMS}, [], Static())
    pages.compile()
    written = {path.name for path in (PACKAGE / "profiles" / "templates").glob("*.html")}
    compiled = {name for _, name in pages.engine.cache or ()}
    assert compiled == set(pages.engine.list_templates())
    assert written
    assert {f"profiles/{name}" for name in written} < compiled
