"""Backup under load, restore elsewhere, and the doctor."""

import json
import shutil
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Shell
from tests.serving import TIDINGS, Running, wait_for
from tidings import backup
from tidings.backup import back_up, consistent
from tidings.cli import upkeep
from tidings.db.copying import Damaged, LogFacts, StateFacts, copy, sqlite_troubles
from tidings.folder import Folder, FolderTrouble


def quiet(*_: Any) -> None:
    """Nobody watches."""


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


class Sender(threading.Thread):
    """Sends one event after the other, some of them twice, and remembers what was acknowledged."""

    def __init__(self, server: Running, key: str) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.key = key
        self.acknowledged: list[str] = []
        self.failed: list[int] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            body = {"userId": f"u{number % 50}", "event": "Bought", "messageId": f"m{number}"}
            for _ in range(2 if number % 5 == 0 else 1):
                answer = self.server.call("POST", "/v1/track", body, self.key)
                if answer.status != 200:
                    self.failed.append(answer.status)
            self.acknowledged.append(f"m{number}")

    def stop(self) -> None:
        self.stopping.set()
        self.join()


@contextmanager
def sending(server: Running) -> Iterator[Sender]:
    sender = Sender(server, server.source()["write_key"])
    sender.start()
    try:
        wait_for(lambda: len(sender.acknowledged) >= 50)
        yield sender
    finally:
        sender.stop()


def messages(path: Path) -> list[str]:
    with closing(sqlite3.connect(path / "tidings.db")) as database:
        return [row[0] for row in database.execute("SELECT message_id FROM events")]


def test_a_backup_under_load_holds_all_that_was_acknowledged_before(server: Running, tmp_path: Path) -> None:
    (server.data / "tidings.toml").write_text("rate = 0\n")
    with sending(server) as sender:
        for target in ("one", "two"):
            before = list(sender.acknowledged)
            done = server.command("backup", str(tmp_path / target))
            after = len(sender.acknowledged)
            assert names(tmp_path / target) == ["log.db", "secret.key", "tidings.db", "tidings.toml"]
            assert done["events"] >= len(before)
            assert done["state_bytes"] > 0
            assert done["log_bytes"] > 0
            assert done["settings"] is True
            wait_for(lambda count=after: len(sender.acknowledged) > count)  # the server goes on
    assert sender.failed == []

    data = tmp_path / "restored"
    restored = Running(data)
    assert restored.cli("restore", str(tmp_path / "two"))["events"] == done["events"]
    restored.start()
    try:
        figures = restored.settled()
        found = messages(data)
        assert restored.call("POST", "/v1/track", {"userId": "u", "event": "x"}, sender.key).status == 200
        assert restored.settled()["events"] == len(found) + 1
    finally:
        restored.stop()
    assert (figures["events"], figures["lag"]) == (len(found), 0)
    assert len(set(found)) == len(found)
    assert set(before) - set(found) == set()
    server.settled()
    assert len(messages(server.data)) == len(sender.acknowledged)


def test_a_backup_pauses_trimming_and_only_so_long(shell: Shell, tmp_path: Path) -> None:
    shell.json("source", "create", "segment")
    folder = Folder(shell.data)
    seen: list[bool] = []
    back_up(folder, tmp_path / "copy", lambda *_: seen.append(folder.may_trim()))
    assert set(seen) == {False}
    assert folder.may_trim()


def test_a_copy_ends_although_the_source_is_written_all_the_time(tmp_path: Path) -> None:
    source = tmp_path / "source.db"
    with closing(sqlite3.connect(source, isolation_level=None)) as writing:
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("CREATE TABLE t (n INTEGER, text TEXT)")
        writing.execute("INSERT INTO t VALUES (0, '')")
        rows = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 8000)"
        writing.execute(f"INSERT INTO t {rows} SELECT n, hex(randomblob(1000)) FROM c")
        steps: list[tuple[int, int]] = []

        def write(done: int, total: int) -> None:
            steps.append((done, total))
            assert len(steps) < 100, "it begins anew with every commit"
            writing.execute("UPDATE t SET n = n + 1 WHERE rowid = 1")

        copy(source, tmp_path / "copy.db", write)
    assert len(steps) > 2
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)  # it never began anew
    assert steps[-1][0] == steps[-1][1]
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copied:
        assert copied.execute("SELECT n FROM t WHERE rowid = 1").fetchone() == (0,)  # as it was when copying began
        assert copied.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copied.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert names(tmp_path) == ["copy.db", "source.db"]


def test_a_backup_is_for_this_user_only(shell: Shell, tmp_path: Path) -> None:
    shell.json("source", "create", "segment")
    text = shell.text("backup", str(tmp_path / "deep" / "copy"))
    assert "state " in text
    assert "0 events" in text
    assert stat.S_IMODE((tmp_path / "deep" / "copy").stat().st_mode) == 0o700
    assert names(tmp_path / "deep") == ["copy"]


def test_an_empty_folder_may_be_the_target_and_a_full_one_not(shell: Shell, tmp_path: Path) -> None:
    shell.json("source", "create", "segment")
    (tmp_path / "empty").mkdir()
    shell.json("backup", str(tmp_path / "empty"))
    assert "not an empty folder" in shell.error("backup", str(tmp_path / "empty"))
    (tmp_path / "file").write_text("mine")
    assert "not an empty folder" in shell.error("backup", str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "mine"
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "not an empty folder" in shell.error("backup", str(tmp_path / "link"))
    assert "file: " in shell.error("backup", str(tmp_path / "file" / "below"))


def test_a_backup_that_fails_leaves_nothing(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.json("source", "create", "segment")
    monkeypatch.setattr(Folder, "free_mib", lambda _: 0)
    assert "make room" in shell.error("backup", str(tmp_path / "copy"))

    def full(*_: Any) -> None:
        raise Damaged("log.db: database or disk is full")

    monkeypatch.undo()
    monkeypatch.setattr(backup, "copy", full)
    assert "disk is full" in shell.error("backup", str(tmp_path / "copy"))
    assert names(tmp_path) == ["data"]


def test_any_name_of_a_folder_will_do(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "50%20 off? #1 ünï")
    shell.json("source", "create", "segment")
    shell.json("backup", str(tmp_path / "copy of 50%? #1"))
    shell.json("restore", str(tmp_path / "copy of 50%? #1"), "--replace")
    assert len(shell.json("source", "list")) == 1
    assert shell.json("doctor")["verdict"] != "trouble"


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with the folder that a server has worked on and left, and with a backup of it; to be copied."""
    place: Path = tmp_path_factory.mktemp("left")
    server = Running(place / "data").start()
    try:
        key = server.source()["write_key"]
        for number in range(3):
            server.call("POST", "/v1/track", {"userId": "alice", "event": "Bought", "messageId": f"m{number}"}, key)
        server.settled()
    finally:
        server.stop()
    Shell(place / "data").json("backup", str(place / "copy"))
    return place


@pytest.fixture
def served(left: Path, tmp_path: Path) -> tuple[Shell, Path]:
    """A folder that a server has worked on and left, with three events, and a backup of it."""
    shutil.copytree(left, tmp_path, dirs_exist_ok=True)
    return Shell(tmp_path / "data"), tmp_path / "copy"


def other(tmp_path: Path) -> Path:
    """Make a backup of another installation, with a log of its own."""
    running = Running(tmp_path / "other").start()
    running.stop()
    shell = Shell(tmp_path / "other")
    shell.json("backup", str(tmp_path / "other-copy"))
    return tmp_path / "other-copy"


def test_what_cannot_be_restored_is_refused_and_harms_nothing(served: tuple[Shell, Path], tmp_path: Path) -> None:
    shell, source = served
    before = {path.name: path.read_bytes() for path in shell.data.iterdir() if path.suffix == ".db"}
    target = Shell(tmp_path / "target")

    assert "not empty" in shell.error("restore", str(source))
    assert "into another one" in shell.error("restore", str(shell.data), "--replace")
    (tmp_path / "nothing").mkdir()
    assert "is no backup" in target.error("restore", str(tmp_path / "nothing"))
    assert "does not exist" in target.error("restore", str(tmp_path / "nowhere"))

    strange = other(tmp_path)
    shutil.copytree(source, tmp_path / "mixed")
    shutil.copy(strange / "log.db", tmp_path / "mixed" / "log.db")
    assert "do not belong together" in target.error("restore", str(tmp_path / "mixed"))
    (tmp_path / "mixed" / "log.db").unlink()
    assert "log.db is missing" in target.error("restore", str(tmp_path / "mixed"))
    shutil.copy(source / "log.db", tmp_path / "mixed" / "log.db")
    (tmp_path / "mixed" / "tidings.db").write_bytes(b"this is no database at all" * 1000)
    assert "not a database" in target.error("restore", str(tmp_path / "mixed"))
    assert not target.data.exists()

    spoilt = bytearray((source / "tidings.db").read_bytes())
    with closing(sqlite3.connect(source / "tidings.db")) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()
    spoilt[(page - 1) * 4096 : (page - 1) * 4096 + 64] = b"\xee" * 64  # which only reading to the end can find
    (tmp_path / "mixed" / "tidings.db").write_bytes(spoilt)
    assert "tidings.db is damaged" in target.error("restore", str(tmp_path / "mixed"))
    assert not target.data.exists() or names(target.data) in ([], ["lock"])
    assert {path.name: path.read_bytes() for path in shell.data.iterdir() if path.suffix == ".db"} == before


@pytest.mark.parametrize(
    ("first", "last"),
    [(1, 9), (12, 20), (0, 0)],
    ids=["the log ends before the state", "events in between are gone", "the log is empty"],
)
def test_a_log_that_does_not_cover_the_state_is_refused(first: int, last: int) -> None:
    with pytest.raises(Damaged, match="events are missing"):
        consistent(StateFacts("0001", "e", 10, 100), LogFacts("e", 1, first, last, 100))


@pytest.mark.parametrize(("first", "last"), [(1, 10), (10, 10), (11, 30), (5, 20)])
def test_a_log_that_covers_the_state_is_taken(first: int, last: int) -> None:
    consistent(StateFacts("0001", "e", 10, 100), LogFacts("e", 1, first, last, 100))


def test_a_folder_that_is_served_is_not_replaced(server: Running, tmp_path: Path) -> None:
    shell = Shell(server.data)
    shell.json("backup", str(tmp_path / "copy"))
    assert "another server works on" in shell.error("restore", str(tmp_path / "copy"), "--replace")
    assert "take a backup of it" in Shell(tmp_path / "new").error("restore", str(server.data))
    assert server.call("GET", "/readyz").status == 200


def test_what_is_replaced_is_kept(served: tuple[Shell, Path]) -> None:
    shell, source = served
    shell.json("workspace", "create", "since the backup")
    (shell.data / "notes.txt").write_text("mine")
    (shell.data / "tidings.toml").write_text("rate = 5\n")
    for number in (1, 2):
        done = shell.json("restore", str(source), "--replace")
        assert done["aside"] == str(shell.data / f"replaced-{number}")
        assert [w["name"] for w in shell.json("workspace", "list")] == ["default"]
    assert (shell.data / "notes.txt").read_text() == "mine"
    assert (shell.data / "tidings.toml").exists()  # the backup has none that would take its place
    assert len(shell.json("events", "list")) == 3
    aside = Shell(shell.data / "replaced-1")
    assert [w["name"] for w in aside.json("workspace", "list")] == ["default", "since the backup"]
    assert len(aside.json("events", "list")) == 3


def test_settings_come_back_with_the_backup(served: tuple[Shell, Path], tmp_path: Path) -> None:
    shell, _ = served
    (shell.data / "tidings.toml").write_text("rate = 5\n")
    shell.json("backup", str(tmp_path / "second"))
    (shell.data / "tidings.toml").write_text("rate = 6\n")
    shell.json("restore", str(tmp_path / "second"), "--replace")
    assert (shell.data / "tidings.toml").read_text() == "rate = 5\n"
    assert (shell.data / "replaced-1" / "tidings.toml").read_text() == "rate = 6\n"


def test_a_restored_folder_is_served(served: tuple[Shell, Path], tmp_path: Path) -> None:
    _, source = served
    running = Running(tmp_path / "new")
    running.cli("restore", str(source))
    running.start()
    try:
        assert running.settled()["events"] == 3
    finally:
        running.stop()


def put(path: Path, content: bytes) -> None:
    """Replace a database as someone would who knows nothing of its write-ahead log."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(content)


def findings(shell: Shell, *arguments: str) -> dict[str, dict[str, str]]:
    document = json.loads(shell.run("doctor", *arguments, "--json").stdout)
    found = {finding["name"]: finding for finding in document["findings"]}
    worst = max((f["verdict"] for f in found.values()), key=["ok", "warning", "trouble"].index)
    assert document["verdict"] == worst
    assert all(f["text"] for f in found.values())
    assert all(f.get("advice") for f in found.values() if f["verdict"] != "ok")
    return found


def test_the_doctor_finds_a_healthy_folder_healthy(served: tuple[Shell, Path]) -> None:
    shell, _ = served
    found = findings(shell, "--full")
    assert {name for name, finding in found.items() if finding["verdict"] == "trouble"} == set()
    assert set(found) == {
        "python",
        "sqlite",
        "clock",
        "time zones",
        "settings",
        "folder",
        "space",
        "disk",
        "file times",
        "tidings.db",
        "log.db",
        "belonging",
        "secret.key",
        "server",
    }
    assert "durable commits per second" in found["disk"]["text"]
    assert "not running, 0 events" in found["server"]["text"]
    result = shell.run("doctor")
    assert result.exit_code == 0
    assert "sound" in result.stdout
    assert [name for name in names(shell.data) if "doctor" in name] == []


def test_the_doctor_sees_a_running_server(server: Running) -> None:
    done = subprocess.run([*TIDINGS, "doctor", "--data", str(server.data)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "server: running" in done.stdout
    assert server.call("GET", "/readyz").status == 200


def test_the_doctor_makes_no_folder(bare: Shell) -> None:
    found = findings(bare)
    assert found["folder"]["verdict"] == "trouble"
    assert "--data" in found["folder"]["advice"]
    assert bare.run("doctor").exit_code == 1
    assert not bare.data.exists()
    bare.data.mkdir()
    assert "no data in" in findings(bare)["folder"]["text"]
    assert names(bare.data) == []


def test_the_doctor_sees_files_that_do_not_belong_together(served: tuple[Shell, Path], tmp_path: Path) -> None:
    shell, source = served
    put(shell.data / "log.db", (other(tmp_path) / "log.db").read_bytes())
    found = findings(shell)
    assert found["belonging"]["verdict"] == "trouble"
    assert "do not belong together" in found["belonging"]["text"]
    assert "tidings restore" in found["belonging"]["advice"]
    assert shell.run("doctor").exit_code == 1
    shell.json("restore", str(source), "--replace")
    assert shell.run("doctor").exit_code == 0


def test_the_doctor_sees_damage_and_other_versions(served: tuple[Shell, Path]) -> None:
    shell, source = served
    put(shell.data / "log.db", b"garbage" * 1000)
    found = findings(shell)
    assert found["log.db"]["verdict"] == "trouble"
    assert found["tidings.db"]["verdict"] == "ok"
    assert shell.run("doctor").exit_code == 1
    shell.json("restore", str(source), "--replace")
    with closing(sqlite3.connect(shell.data / "tidings.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    assert "newer version" in findings(shell)["belonging"]["text"]


def test_the_doctor_reads_the_settings(shell: Shell, tmp_path: Path) -> None:
    shell.json("source", "create", "segment")
    (shell.data / "tidings.toml").write_text("prot = 1\n")
    found = findings(shell)
    assert found["settings"]["verdict"] == "trouble"
    assert found["settings"]["text"].startswith("E001")
    assert found["server"]["verdict"] == "ok"  # the rest is looked at nevertheless
    file = tmp_path / "mine.toml"
    file.write_text("disk_reserve_mib = 1000000000\n")
    found = findings(shell, "--config", str(file))
    assert (found["settings"]["verdict"], found["space"]["verdict"]) == ("ok", "trouble")


def test_the_doctor_sees_rights_that_are_too_wide(shell: Shell) -> None:
    shell.json("source", "create", "segment")
    shell.data.chmod(0o755)
    found = findings(shell)["folder"]
    assert (found["verdict"], found["advice"]) == ("warning", f"chmod 700 {shell.data}")


def test_large_files_are_read_when_asked(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.json("source", "create", "segment")
    monkeypatch.setattr(upkeep, "SMALL", 10)
    assert "--full" in findings(shell)["tidings.db"]["text"]
    assert "sound" in findings(shell, "--full")["tidings.db"]["text"]


def test_judgements(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert [upkeep.judged_rate(rate).verdict for rate in (10, 500, 1_000_000)] == ["warning", "ok", "warning"]
    jumps = iter([1.8e9, 1.8e9 + 60, 1.8e9 + 60])
    assert upkeep.of_clock(lambda: next(jumps), lambda: 0.0).verdict == "warning"
    assert upkeep.of_clock(lambda: 0.0, lambda: 0.0).verdict == "trouble"
    assert upkeep.of_clock(lambda: 1.8e9, lambda: 0.0).verdict == "ok"
    folder = Folder(tmp_path)
    monkeypatch.setattr(Folder, "free_mib", lambda _: 300)
    assert [upkeep.of_space(folder, reserve).verdict for reserve in (301, 256, 10)] == ["trouble", "warning", "ok"]
    monkeypatch.setattr("tidings.db.copying.OLDEST_SQLITE", (99, 0, 0))
    assert "older than 99.0.0" in sqlite_troubles()[0]
    assert upkeep.of_sqlite().verdict == "trouble"


def test_trouble_with_the_system_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(FolderTrouble, match="no data in"):
        back_up(Folder(tmp_path), tmp_path / "copy", quiet)
