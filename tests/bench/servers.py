"""The servers that are measured: Tidings, Tidings with an idle pipeline, and an app that reads and answers 200."""

import subprocess
import sys
import time
from pathlib import Path

BASELINE = """
import asyncio, sys
import uvicorn, uvloop
from tidings.app import listen, server_config
from tidings.config import load

BODY = b'{"success": true}'
HEADERS = [(b"content-length", b"17"), (b"content-type", b"application/json")]

async def app(scope, receive, send):
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})

listening = listen("127.0.0.1", 0)
print("answers on http://127.0.0.1:%d " % listening.getsockname()[1], flush=True)
uvloop.run(uvicorn.Server(server_config(app, None, load(None, {}))).serve(sockets=[listening]))
"""
IDLE = """
import sys
from tidings.pipeline import Pipeline
Pipeline.start = lambda self: None
from tidings.cli import main
main(sys.argv[1:])
"""


class Measured:
    """A server process of one kind."""

    def __init__(self, kind: str, data: Path) -> None:
        options = ["serve", "--data", str(data), "--port", "0"]
        commands = {
            "baseline": ["-c", BASELINE],
            "idle": ["-c", IDLE, *options],
            "tidings": ["-m", "tidings", *options],
        }
        started = time.perf_counter()
        self.process = subprocess.Popen([sys.executable, *commands[kind]], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "answers on" in line:
                self.port = int(line.split("127.0.0.1:")[1].split(" ")[0])
                break
        self.ready_seconds = time.perf_counter() - started

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(60)
