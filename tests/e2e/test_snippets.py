"""What the console gives to paste works as it stands: run by curl, Python, Node.js and Chromium."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browse
from tests.e2e.conftest import IDLE
from tests.e2e.site import Site
from tests.serving import Answer, Running, wait_for
from tidings.dialects import DIALECTS, dialect_of, kinds_of
from tidings.tenants.model import Snippet, Trust

NODE = Path(__file__).parent.parent / "node"
NAMES = [dialect.name for dialect in DIALECTS]
ODD_KEY = """it's"$(exit)"`x`</script>\\n"""  # one that no quoting may let out
USERS = {"segment": "u-42", "ripe": "u-42", "reamaze_data": "1", "remarkety": "u-42", "ray": None}
EVENTS = {
    "segment": "Product Viewed",
    "ripe": "Clicked Book a Demo",
    "reamaze_data": "purchase",
    "remarkety": "room-booked",
    "ray": "PURCHASE/DELIVERY",
}


class Place:
    """A server with several sources of each kind, so that the key alone has to say whose a request is."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.bearer = {"Authorization": f"Bearer {server.cli('token', 'create', '--scope', 'admin')['token']}"}
        wait_for(lambda: self.ask("GET", "/sources").status == 200)

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        kind = {"Content-Type": "application/json"} if body else {}
        return self.server.call(method, f"/tidings/v1{path}", body, headers=self.bearer | kind)

    def make(self, dialect: str, name: str, prefix: str, **pinned: str) -> tuple[int, dict[str, Snippet]]:
        """Make a source; return its number and its snippets by name."""
        trust: Trust = "browser" if name == "page" else "server"
        body = {"dialect": dialect, "name": f"{dialect} {name} {pinned} {prefix}"[:100], "trust": trust}
        answer = self.ask("POST", "/sources", body | {"settings": {"prefix": prefix}, "credentials": pinned})
        assert answer.status == 201, answer.body
        made = answer.json()
        url = self.server.url + (f"/{prefix}" if prefix else "")
        found = dialect_of(dialect).snippets(url, made["credentials"], trust)
        assert [one.name for one in found][:3] == ["curl", "python", "node"]
        return made["source"]["id"], {one.name: one for one in found}

    def events(self, source_id: int) -> list[dict[str, Any]]:
        """Return the events of a source once all are processed."""
        self.server.processed()
        found: list[dict[str, Any]] = self.ask("GET", f"/events?source_id={source_id}").json()["items"]
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server for all snippets."""
    server = Running(tmp_path_factory.mktemp("snippets") / "data").start()
    yield Place(server)
    server.stop()


def run(snippet: Snippet) -> None:
    """Run a snippet as somebody would who has pasted it."""
    if snippet.name == "node" and (shutil.which("node") is None or not (NODE / "node_modules").is_dir()):
        pytest.fail("Node.js or its packages are not installed: 'make test' installs both")
    command = {
        "curl": ["bash", "-c", f"set -e\n{snippet.text.replace('curl ', 'curl -sS --fail-with-body ')}"],
        "python": [sys.executable, "-W", "error", "-c", snippet.text],
        "node": ["node", "--input-type=module", "-e", snippet.text],
    }[snippet.name]
    done = subprocess.run(command, cwd=NODE, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("prefix", ["", "mugs"])
@pytest.mark.parametrize("name", ["curl", "python", "node"])
@pytest.mark.parametrize("dialect", NAMES)
def test_it_sends_what_it_says(place: Place, dialect: str, name: str, prefix: str) -> None:
    own = f"{prefix}-{dialect.replace('_', '-')}-{name}" if prefix else ""
    # Below a prefix with a key that no quoting may let out; without one, with a key as they are made.
    pinned = {kinds_of(dialect).usual: f"{name}{ODD_KEY}"} if prefix else {}
    source_id, found = place.make(dialect, name, own, **pinned)
    run(found[name])
    events = place.events(source_id)
    assert EVENTS[dialect] in {event["name"] for event in events}
    assert {event["user_id"] for event in events} == {USERS[dialect]}
    assert all(event["profile_id"] for event in events)


@pytest.mark.parametrize("prefix", ["", "seg"])
def test_the_page_snippet_brings_the_visitor(place: Place, browse: Browse, prefix: str) -> None:
    source_id, found = place.make("segment", "page", prefix, write_key=f"a<b>'\"&{prefix}")
    assert "make a source" not in found["page"].hint
    site = Site()
    try:
        site.put("/", f"<!doctype html><title>Mugs</title><link rel=icon href=data:,>{found['page'].text}<body></body>")
        page = browse()
        page.goto(site.address())
        page.wait_for_function(IDLE)
        wait_for(lambda: [event["verb"] for event in place.events(source_id)] == ["page"])
    finally:
        site.close()


def test_a_secret_key_is_kept_out_of_pages() -> None:
    for dialect in DIALECTS:
        for snippet in dialect.snippets("http://x", dict.fromkeys(dialect.credentials, "k"), "server"):
            assert snippet.name != "page" or "everybody can read the key" in snippet.hint
            assert snippet.text.strip()
            assert snippet.title


@pytest.mark.parametrize("host", ["x';id;'", 'x"+alert(1)+"', "x</script><script>alert(1)", "x$(id)`id`"])
def test_an_address_of_any_form_stays_an_address(host: str) -> None:
    """The host is what a request for the page said."""
    for dialect in DIALECTS:
        for snippet in dialect.snippets(f"http://{host}/p", dict.fromkeys(dialect.credentials, "k"), "browser"):
            if snippet.name == "curl":
                shown = subprocess.run(
                    ["bash", "-c", snippet.text.replace("curl ", "printf '%s\\n' ")],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                assert f"http://{host}/p" in shown.stdout
                assert "uid=" not in shown.stdout
            if snippet.name == "python":
                compile(snippet.text, "snippet", "exec")
            if snippet.name == "page":
                assert snippet.text.count("<script") == snippet.text.count("</script") == 1
