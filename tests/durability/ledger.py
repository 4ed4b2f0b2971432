"""A shop that remembers what was acknowledged, and disks that can be filled and write-protected."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.serving import TIDINGS, Answer, Running, wait_for


class Ledger:
    """Sends events to a server and compares what was acknowledged with what is stored.

    Args:
        server: With a source.
        key: Of that source.
    """

    def __init__(self, server: Running, key: str) -> None:
        self.server = server
        self.key = key
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self._next = 0

    def send(self, size: int = 1, padding: int = 0) -> Answer:
        """Send one batch of new events."""
        ids = [f"m{self._next + number}" for number in range(size)]
        self._next += size
        batch = [
            {
                "type": "track",
                "messageId": message_id,
                "userId": f"u{message_id}",
                "event": "Bought",
                "properties": {"revenue": 0.5, "text": "x" * padding},
            }
            for message_id in ids
        ]
        answer = self.server.call("POST", "/v1/batch", {"batch": batch}, self.key)
        (self.acknowledged if answer.status == 200 else self.refused).extend(ids)
        return answer

    def stored(self) -> list[str]:
        """Return the message ids of all stored events."""
        with closing(sqlite3.connect(f"file:{self.server.data}/tidings.db?mode=ro", uri=True, timeout=30)) as state:
            return [row[0] for row in state.execute("SELECT message_id FROM events")]

    def check(self) -> None:
        """The running server holds what it acknowledged, once, and nothing that it refused; its lag is zero."""
        wait_for(lambda: self.server.call("GET", "/readyz").json()["lag"] == 0)
        assert sorted(self.stored()) == sorted(self.acknowledged)

    def check_recovery(self) -> None:
        """The server takes events again by itself, and after one more start it still holds everything."""
        wait_for(lambda: self.send().status == 200)
        wait_for(lambda: self.server.call("GET", "/readyz").status == 200)
        self.check()
        self.server.kill()
        self.server.start()
        assert self.send().status == 200
        self.check()


def refused_start(data: Path, *options: str, environment: dict[str, str] | None = None, lines: int = 1) -> str:
    """Start a server that must not start; return what it says: one line, no traceback."""
    server = Running(data, environment=environment)
    # Not the usual port, on which something may listen; where there are settings, what they say of it counts.
    port = [] if (data / "tidings.toml").exists() else ["--port", "0"]
    done = subprocess.run(
        [*TIDINGS, "serve", "--data", str(data), *port, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=15,
        env=server.environment,
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "Traceback" not in said
    assert len(said.splitlines()) == lines, said
    assert said.splitlines()[-1].startswith("Error: "), said
    return said


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[Path]:
    """Mount something; where this user may not (no root, or a locked-down container), skip."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *options, str(place)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting needs root: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def remount(place: Path, options: str) -> None:
    """Change the options of a mount."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)
