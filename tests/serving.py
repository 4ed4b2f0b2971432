"""A real server on a free port, driven over HTTP and by the command line, for every test that needs one."""

import base64
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from click.testing import CliRunner

from tests.fresh import lay
from tidings.cli import main

TIDINGS = [sys.executable, "-m", "tidings"]
WAIT = 30.0


class Answer:
    """What a server said."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """A ``tidings serve`` process over a data folder; start it again after a kill.

    Args:
        data: The folder; where there is none, the server finds an empty database in it, to start sooner.
        options: Of the command.
        environment: Further variables.
        bare: Whether the server makes the database itself.
    """

    def __init__(
        self, data: Path, *options: str, environment: dict[str, str] | None = None, bare: bool = False
    ) -> None:
        self.data = data
        self.bare = bare
        self.options = options
        self.environment = os.environ | (environment or {})
        self.process: subprocess.Popen[str] | None = None
        self.port = 0
        self.output: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, wrapper: tuple[str, ...] = ()) -> "Running":
        """Start and wait until it answers; a second start takes the port of the first."""
        if not self.bare and not self.data.exists():
            lay(self.data / "tidings.db")
        command = [*wrapper, *TIDINGS, "serve", "--data", str(self.data), "--port", str(self.port), *self.options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment
        )
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process, ready), daemon=True)
        self._reader.start()
        if not ready.wait(WAIT) or self.process.poll() is not None:
            raise RuntimeError("the server did not start:\n" + "".join(self.output))
        return self

    def _read(self, process: "subprocess.Popen[str]", ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line)
            if found := re.search(r"answers on https?://\S+?:(\d+) ", line):
                self.port = int(found[1])
                ready.set()
        ready.set()

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self._end()

    def stop(self) -> int:
        """SIGTERM; return the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._end()

    def _end(self) -> int:
        assert self.process is not None
        code = self.process.wait(WAIT)
        self._reader.join(WAIT)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def cli(self, *arguments: str) -> Any:
        """Run a command with --json over the same folder, in this process, and return its document.

        It is still another process than the server's. To start a Python for each of some hundred commands would take
        minutes; ``command`` does that, for the tests that are about it.
        """
        done = CliRunner().invoke(main, [*arguments, "--data", str(self.data), "--json"])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        if done.exit_code:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    def command(self, *arguments: str) -> Any:
        """Do the same as an operator does: with a process of its own."""
        done = subprocess.run(
            [*TIDINGS, *arguments, "--data", str(self.data), "--json"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    def source(self, *arguments: str) -> dict[str, Any]:
        """Make a source and wait until the server knows its key."""
        made: dict[str, Any] = self.cli("source", "create", *(arguments or ("segment",)))
        if self.process is not None:
            wait_for(lambda: self.knows(made))
        return made

    def token(self, *arguments: str) -> str:
        """Make a token and wait until the server knows it."""
        made: str = self.cli("token", "create", *arguments)["token"]
        bearer = {"Authorization": f"Bearer {made}"}
        wait_for(lambda: self.call("GET", "/tidings/v1/stats", headers=bearer).status != 401)
        return made

    def knows(self, made: dict[str, Any]) -> bool:
        """Tell whether the server knows a source that the command line has made."""
        if made["dialect"] == "ripe":
            return self.call("GET", "/event/auth/sdk", key=made["api_key"]).status == 200
        if made["dialect"] == "ray":
            form = urllib.parse.urlencode(
                {"grant_type": "password", "username": made["username"], "password": made["password"]}
            )
            client = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
            headers = {"Authorization": f"Basic {client}"}
            return self.call("POST", "/oauth/token", form.encode(), headers=headers).status == 200
        if made["dialect"] == "reamaze_data":  # nothing can be asked here: an empty request is refused with 422
            return self.call("POST", "/data/users", {}, key=made["api_key"]).status == 422
        if made["dialect"] == "remarkety":  # the same, with 400 for a request without an event type
            headers = {"x-api-key": made["api_key"]}
            return self.call("POST", f"/webhooks/store/{made['store_id']}", {}, headers=headers).status == 400
        return self.call("GET", f"/v1/projects/{made['write_key']}/settings").status == 200

    def call(
        self, method: str, path: str, body: Any = None, key: str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request; ``body`` is bytes or something to encode as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers or {})
        if key is not None:
            request.add_header("Authorization", "Basic " + base64.b64encode(f"{key}:".encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=WAIT) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def settled(self) -> dict[str, int]:
        """Wait until everything acknowledged is processed; return the figures."""
        self.processed()
        figures: dict[str, int] = self.cli("stats")
        return figures

    def processed(self) -> None:
        """Wait until everything acknowledged is processed, and the own events that came of it."""
        wait_for(
            lambda: (
                self.call("GET", "/readyz").json()["lag"] == 0
                and self.query("SELECT 1 FROM pending_events LIMIT 1") == []
            )
        )

    def refusals_written(self) -> None:
        """Wait until every request refused so far is stored.

        They are written from time to time, in order: requests that belong to no workspace are refused, and awaited.
        """
        newest = "SELECT coalesce(max(id), 0) FROM refused WHERE workspace_id = 0"
        for _ in range(2):  # what is written first was perhaps on its way already, and others came behind it
            before = self.query(newest)
            refused = self.call("POST", "/v1/track", {"userId": "nobody", "event": "Refused"}, "nobody's key")
            assert refused.status == 401
            wait_for(lambda before=before: self.query(newest) != before)

    def query(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the state's database."""
        path = quote(str(self.data / "tidings.db"))
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=WAIT)) as database:
            return database.execute(text, values).fetchall()


def wait_for(condition: Any, seconds: float = WAIT) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not come true")
        time.sleep(0.02)
