"""The answer goes out after the fsync. A SIGKILL cannot show this (the kernel keeps the pages): strace can."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.serving import Running, wait_for
from tidings.db.engine import make_engine
from tidings.log.sqlite import connect

REQUESTS = 5
CALLS = "trace=read,recvfrom,recvmsg,pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg"
LINE = re.compile(r"(\d+) +(.*)")
BEGUN = re.compile(r"(\w+)\((.*)")
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")


def steps(trace: str) -> list[str]:
    """Return in order what a server did: ``request``, ``log written``, ``log synced``, ``reply``.

    A request counts when its read returned, a sync when it returned success, a reply when its write began.

    Args:
        trace: What ``strace -f -yy`` wrote, in the order of time over all threads.
    """
    found = []
    open_calls: dict[str, str] = {}
    for line in trace.splitlines():
        match = LINE.fullmatch(line)
        if match is None:
            continue
        thread, rest = match.groups()
        begun, resumed = BEGUN.fullmatch(rest), RESUMED.fullmatch(rest)
        if begun is not None and '"HTTP/1.1 200' in rest and "TCP" in rest:
            found.append("reply")
        if "<unfinished ...>" in rest:
            open_calls[thread] = rest
            continue
        whole = open_calls.pop(thread, "") + resumed[2] if resumed is not None else rest
        if '"POST /v1/track' in whole and whole.startswith(("read", "recv")):
            found.append("request")
        elif "/log.db-wal>" in whole and whole.startswith("pwrite64"):
            found.append("log written")
        elif "/log.db-wal>" in whole and whole.startswith(("fdatasync", "fsync")) and whole.endswith("= 0"):
            found.append("log synced")
    return found


def test_the_log_is_on_disk_before_the_reply(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.fail("strace is missing: it is what shows the fsync. As root: apt-get install -y strace")
    trace = tmp_path / "trace"
    server = Running(tmp_path / "data")
    key = server.source("segment")["write_key"]
    # -D: the server stays our own child, and strace ends with it
    server.start(wrapper=("strace", "-D", "-f", "-yy", "-s", "64", "-e", CALLS, "-e", "signal=none", "-o", str(trace)))
    try:
        for number in range(REQUESTS):
            body = {"userId": "alice", "event": "Bought", "messageId": f"m{number}"}
            assert server.call("POST", "/v1/track", body, key).status == 200
        wait_for(lambda: steps(trace.read_text("utf-8", "replace")).count("reply") == REQUESTS)
    finally:
        server.kill()
    order = steps(trace.read_text("utf-8", "replace"))
    for number, asked in enumerate(position for position, step in enumerate(order) if step == "request"):
        answered = order.index("reply", asked)
        between = order[asked + 1 : answered]
        assert "log written" in between, f"request {number}: {order}"
        assert "log synced" in between[between.index("log written") :], f"request {number}: {order}"
    assert order.count("request") == REQUESTS


def test_a_trace_without_the_sync_would_be_noticed() -> None:
    """The reader of traces tells a reply before the sync, and a sync that failed, from a good order."""
    request = '7 read(15<TCP:[127.0.0.1:1->127.0.0.1:2]>, "POST /v1/track HTTP/1.1"..., 9) = 9'
    reply = '7 write(15<TCP:[127.0.0.1:1->127.0.0.1:2]>, "HTTP/1.1 200 OK"..., 9) = 9'
    begun, done = "8 fdatasync(9</x/log.db-wal> <unfinished ...>", "8 <... fdatasync resumed>) = 0"
    failed = "8 <... fdatasync resumed>) = -1 EIO (Input/output error)"
    other = "9 fdatasync(9</x/tidings.db-wal>) = 0"
    assert steps("\n".join([request, begun, done, reply])) == ["request", "log synced", "reply"]
    assert steps("\n".join([request, begun, reply, done])) == ["request", "reply", "log synced"]
    assert steps("\n".join([request, begun, failed, reply])) == ["request", "reply"]
    assert steps("\n".join([request, other, reply])) == ["request", "reply"]


@pytest.mark.parametrize("mode", ["write", "read"])
def test_the_state_is_synced_at_every_commit(tmp_path: Path, mode: str) -> None:
    engine = make_engine(tmp_path / "tidings.db", mode=mode)
    try:
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    finally:
        engine.dispose()


def test_the_log_is_synced_at_every_commit(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "log.db")) as connection:
        assert pragma(connection, "synchronous") == 2
        assert pragma(connection, "journal_mode") == "wal"


def pragma(connection: sqlite3.Connection, name: str) -> object:
    value: object = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
