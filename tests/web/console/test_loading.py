"""A server that only takes events loads nothing of the console."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import Running
from tests.web.console.visitor import Visitor

HEAVY = ("litestar", "jinja2", "argon2", "tidings.web.api", "tidings.web.console", "tidings.tenants.pages")


def test_serving_imports_nothing_of_it() -> None:
    command = "import sys, tidings.app, tidings.cli.serving; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "tidings.edge.asgi" in loaded
    assert sorted(name for name in loaded if name.startswith(HEAVY)) == []


def mapped(server: Running) -> str:
    assert server.process is not None
    return Path(f"/proc/{server.process.pid}/maps").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_is_loaded_by_the_first_request_for_it(server: Running) -> None:
    key = server.source("segment")["write_key"]
    server.stop()
    server.start()  # at the first start the migrations load a template engine, too
    assert server.call("POST", "/v1/track", {"userId": "a", "event": "b"}, key).status == 200
    assert not re.search(r"argon2|markupsafe", mapped(server))
    visitor = Visitor(server)
    assert visitor.get("/console/set-up").status == 200
    assert re.search("markupsafe", mapped(server))
    assert not re.search("argon2", mapped(server))
