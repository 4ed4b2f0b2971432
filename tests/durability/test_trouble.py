"""What an operator can do wrong, or a machine: a clear error, and nothing harmed."""

import base64
import json
import resource
import shutil
import signal
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.durability.ledger import Ledger, mounted, refused_start, remount
from tests.serving import Running, wait_for

NO_RESERVE = {"TIDINGS_DISK_RESERVE_MIB": "0"}
MIB = 1024 * 1024


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Give a folder with a source in it, to be copied, and its key."""
    data = tmp_path_factory.mktemp("furnished") / "data"
    key: str = Running(data).cli("source", "create", "segment")["write_key"]
    return data, key


@pytest.fixture
def ledger(furnished: tuple[Path, str], tmp_path: Path) -> Iterator[Ledger]:
    """Give a shop that has sent something to a running server."""
    shutil.copytree(furnished[0], tmp_path / "data")
    shop = Ledger(Running(tmp_path / "data").start(), furnished[1])
    assert shop.send(10).status == 200
    shop.check()
    yield shop
    shop.server.stop()


@pytest.fixture
def cramped(furnished: tuple[Path, str], small_disk: Path) -> Iterator[Ledger]:
    """Give the same on a disk of 24 MiB without a reserve."""
    shutil.copytree(furnished[0], small_disk / "data")
    shop = Ledger(Running(small_disk / "data", environment=NO_RESERVE).start(), furnished[1])
    for _ in range(20):
        assert shop.send(20, padding=1_000).status == 200
    shop.check()
    yield shop
    shop.server.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 24 MiB."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=24m", "none") as place:
        yield place


def fill(disk: Path, leave: int = 0) -> Path:
    """Fill a disk but for so many bytes; return the file that does it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65_536)
        except OSError:
            pass
        file.truncate(max(0, file.tell() - leave))
    return ballast


def test_a_full_disk_is_told_and_survived(cramped: Ledger, small_disk: Path) -> None:
    server = cramped.server
    ballast = fill(small_disk, leave=2 * MIB)
    wait_for(lambda: cramped.send(20, padding=2_000).status == 503)
    refused = cramped.send(20, padding=2_000)
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["success"] is False
    health = server.call("GET", "/readyz")
    assert health.status == 503
    assert "full" in " ".join(health.json()["troubles"])
    assert server.call("GET", "/healthz").status == 200
    ballast.unlink()
    cramped.check_recovery()
    assert "Traceback" not in "".join(server.output)


def test_a_start_on_a_full_disk_harms_nothing(cramped: Ledger, small_disk: Path) -> None:
    """Whether the server starts or says why it cannot: with space again, everything is there."""
    server = cramped.server
    server.kill()
    ballast = fill(small_disk)
    try:
        server.start()
    except RuntimeError:
        assert "Traceback" not in "".join(server.output)
        assert server.output[-1].startswith("Error: ")
        ballast.unlink()
        server.start()
    else:
        wait_for(lambda: cramped.send(20, padding=2_000).status == 503)
        ballast.unlink()
    cramped.check_recovery()


def test_the_first_start_on_a_full_disk(small_disk: Path) -> None:
    ballast = fill(small_disk)
    said = refused_start(small_disk / "data", environment=NO_RESERVE)
    assert "full" in said or "space" in said
    ballast.unlink()
    server = Running(small_disk / "data").start()
    server.stop()


def test_the_reserve_is_kept_free(furnished: tuple[Path, str], small_disk: Path) -> None:
    """Below the reserve new events are refused while what is acknowledged is worked off; above it all is well again."""
    remount(small_disk, "size=600m")
    shutil.copytree(furnished[0], small_disk / "data")
    server = Running(small_disk / "data").start()
    try:
        ledger = Ledger(server, furnished[1])
        assert ledger.send(10).status == 200
        remount(small_disk, "size=100m")
        wait_for(lambda: server.call("GET", "/readyz").status == 503)
        assert "disk_reserve_mib" in server.call("GET", "/readyz").json()["troubles"][0]
        refused = ledger.send(10)
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert server.call("GET", "/healthz").status == 200
        ledger.check()
        remount(small_disk, "size=600m")
        ledger.check_recovery()
    finally:
        server.stop()


def test_a_disk_that_fails_to_write(ledger: Ledger) -> None:
    """A limit on the size of files stands for a disk that gives errors: it needs no root and no mount."""
    server = ledger.server
    with files_at_most(server, 64 * 1024):
        wait_for(lambda: ledger.send(20, padding=2_000).status == 503)
        health = server.call("GET", "/readyz")
        assert (health.status, bool(health.json()["troubles"])) == (503, True)
    ledger.check_recovery()
    assert "Traceback" not in "".join(server.output)


@pytest.mark.parametrize("killed", [False, True])
def test_the_pipeline_waits_for_its_disk(ledger: Ledger, killed: bool) -> None:
    """The log still has room where the state has none: what is acknowledged waits and is worked off later."""
    server = ledger.server
    while size(server, "tidings.db-wal") < 2 * size(server, "log.db-wal"):
        assert ledger.send(20).status == 200
        ledger.check()
    before = len(ledger.acknowledged)
    with files_at_most(server, size(server, "tidings.db-wal")):
        wait_for(lambda: ledger.send().status == 200 and pipeline_stands(server))
        assert server.call("GET", "/readyz").status == 503
        assert server.call("GET", "/readyz").json()["lag"] > 0
        assert len(ledger.acknowledged) > before == len(ledger.stored())
        if killed:
            server.kill()
            server.start()
    ledger.check_recovery()


@contextmanager
def files_at_most(server: Running, size: int) -> Iterator[None]:
    """Let writes of the server fail that would make a file longer."""
    assert server.process is not None
    limited = server.process
    before = resource.prlimit(limited.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(limited.pid, resource.RLIMIT_FSIZE, (size, before[1]))
    yield
    if limited.poll() is None:
        resource.prlimit(limited.pid, resource.RLIMIT_FSIZE, before)


def size(server: Running, name: str) -> int:
    """Return the size of a file of the data folder in bytes."""
    return (server.data / name).stat().st_size


def pipeline_stands(server: Running) -> bool:
    """Tell whether the server says that its pipeline cannot commit."""
    return "pipeline" in " ".join(server.call("GET", "/readyz").json()["troubles"])


def test_a_read_only_folder(ledger: Ledger) -> None:
    data = ledger.server.data
    ledger.server.stop()
    with mounted(data, "--bind", str(data)):
        remount(data, "bind,ro")
        said = refused_start(data)
    assert str(data) in said
    assert "ead-only" in said
    ledger.server.start()
    ledger.check_recovery()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert str(tmp_path / "file" / "data") in refused_start(tmp_path / "file" / "data")
    said = refused_start(tmp_path / "file", lines=4)  # click's own, with the usage
    assert str(tmp_path / "file") in said
    assert (tmp_path / "file").read_text() == "mine"


def test_a_second_server_on_the_folder(ledger: Ledger) -> None:
    assert "another server works on" in refused_start(ledger.server.data)
    assert ledger.send(10).status == 200
    ledger.check()
    ledger.check_recovery()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("port = = 1", "E003"),
        ("port = 8080\nport = 8081", "E003"),
        ("prot = 8080", "prot"),
        ('disk_reserve_mib = "much"', "disk_reserve_mib"),
        ("trusted_proxies = ['here']", "E007"),
        ("port = 70000", "E008"),
        ("tls_cert = 'only-this.pem'", "E005"),
        ("\xff", "E003"),
    ],
)
def test_a_corrupt_settings_file(tmp_path: Path, text: str, told: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    file = data / "tidings.toml"
    file.write_bytes(text.encode("latin-1"))
    said = refused_start(data)
    assert told in said
    assert "tidings.toml" in said or told in ("E005", "E007", "E008")
    assert [path.name for path in data.iterdir()] == ["tidings.toml"], "a wrong setting stops before anything is made"


def test_a_mended_settings_file(ledger: Ledger) -> None:
    """A setting that was broken under a running server stops the next start, and its repair is all that it takes."""
    server = ledger.server
    file = server.data / "tidings.toml"
    file.write_text("drain_seconds = soon")
    assert ledger.send().status == 200
    server.kill()
    refused_start(server.data)
    file.write_text("drain_seconds = 1.0")
    server.start()
    ledger.check_recovery()


def test_a_port_in_use(ledger: Ledger, tmp_path: Path) -> None:
    said = refused_start(tmp_path / "other", "--port", str(ledger.server.port))
    assert f"cannot listen on 127.0.0.1:{ledger.server.port}" in said
    assert ledger.send().status == 200
    ledger.check()


def test_the_log_of_another_folder(ledger: Ledger, tmp_path: Path) -> None:
    server = ledger.server
    server.kill()
    other = Running(tmp_path / "other").start()
    other.stop()
    aside = tmp_path / "aside"
    aside.mkdir()
    for file in server.data.glob("log.db*"):
        shutil.move(file, aside)
    for file in other.data.glob("log.db*"):
        shutil.copy(file, server.data)
    said = refused_start(server.data)
    assert "log.db belongs to another tidings.db" in said
    for file in server.data.glob("log.db*"):
        file.unlink()
    for file in aside.iterdir():
        shutil.move(file, server.data)
    server.start()
    ledger.check_recovery()


@pytest.mark.parametrize("name", ["tidings.db", "log.db"])
@pytest.mark.parametrize("damage", ["garbage", "emptied", "cut"])
def test_a_damaged_file(ledger: Ledger, tmp_path: Path, name: str, damage: str) -> None:
    """The start stops; with the file put back everything is there."""
    server = ledger.server
    server.stop()
    merge_write_ahead_logs(server.data)
    file = server.data / name
    whole = tmp_path / "whole"
    shutil.copytree(server.data, whole)
    content = file.read_bytes()
    file.write_bytes({"garbage": b"\xa5" * len(content), "emptied": b"", "cut": content[:5_000]}[damage])
    said = refused_start(server.data)
    assert str(server.data) in said
    for path in server.data.glob("*.db*"):
        path.unlink()
    for path in whole.glob("*.db*"):
        shutil.copy(path, server.data)
    server.start()
    ledger.check_recovery()


def merge_write_ahead_logs(data: Path) -> None:
    """Bring what is in the write-ahead logs into the files, so that damage to a file is damage to all of it."""
    for name in ("tidings.db", "log.db"):
        with closing(sqlite3.connect(data / name)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_a_lost_log_is_told(ledger: Ledger, tmp_path: Path) -> None:
    """A lost log may have held what was acknowledged and not yet processed: no new one takes its place silently.

    The positions of a new log would begin behind the pipeline's cursor, which would pass over the next events.
    """
    server = ledger.server
    server.kill()
    aside = tmp_path / "aside"
    aside.mkdir()
    for file in server.data.glob("log.db*"):
        shutil.move(file, aside)
    said = refused_start(server.data)
    assert "log.db" in said
    for file in server.data.glob("log.db*"):
        file.unlink()
    for file in aside.iterdir():
        shutil.move(file, server.data)
    server.start()
    ledger.check_recovery()


def test_sigterm_drains(ledger: Ledger) -> None:
    """A request under way when the signal comes gets its answer; the exit code is 0; nothing is left to do."""
    server = ledger.server
    assert server.process is not None
    body = json.dumps({"userId": "late", "event": "Bought", "messageId": "late"}).encode()
    token = base64.b64encode(f"{ledger.key}:".encode()).decode()
    head = f"POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + body[:5])
        assert ledger.send(500).status == 200  # by now the server has read the beginning
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not listens(server.port))
        connection.sendall(body[5:])
        answer = b""
        while part := connection.recv(4_096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    ledger.acknowledged.append("late")
    assert server.stop() == 0
    figures = server.cli("stats")
    assert (figures["events"], figures["lag"]) == (len(ledger.acknowledged), 0), "the drain works off the log"
    server.start()
    ledger.check()


def listens(port: int) -> bool:
    """Tell whether somebody accepts connections on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_sigterm_under_load_loses_nothing(ledger: Ledger) -> None:
    stopping = threading.Event()
    clients = [threading.Thread(target=send_until_refused, args=(ledger, stopping)) for _ in range(4)]
    before = len(ledger.acknowledged)
    for client in clients:
        client.start()
    wait_for(lambda: len(ledger.acknowledged) > before + 500)
    code = ledger.server.stop()
    for client in clients:
        client.join()
    assert code == 0
    ledger.server.start()
    ledger.server.settled()
    assert set(ledger.acknowledged) <= set(ledger.stored())
    assert len(set(ledger.stored())) == len(ledger.stored())


def send_until_refused(ledger: Ledger, stopping: threading.Event) -> None:
    """Send until the server is gone."""
    while not stopping.is_set():
        try:
            ledger.send(10)
        except OSError:
            return


def test_after_a_kill_port_and_folder_are_free_at_once(ledger: Ledger) -> None:
    server = ledger.server
    port = server.port
    for _ in range(3):
        assert ledger.send(10).status == 200
        server.kill()
        server.start()  # the same folder, the same port, without waiting
        assert server.port == port
    ledger.check()
