"""Retry, forget, export and compact without a server, and the key under which forgotten customers are known."""

import fcntl
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Shell
from tests.durability.ledger import refused_start
from tests.serving import Running
from tidings.folder import Folder

MAIL = "alice@example.org"
MANY = 1_200  # events: more than two pieces of an export


@pytest.fixture(scope="session")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that a server has worked on and left: Alice, merged of two, and Bob; the last event is not processed."""
    data: Path = tmp_path_factory.mktemp("left") / "data"
    server = Running(data).start()
    try:
        key = server.source()["write_key"]

        def send(call: str, **body: Any) -> None:
            raw = json.dumps(body).replace('"EXACT"', "12345678901234567890.10")
            assert server.call("POST", f"/v1/{call}", raw.encode(), key).status == 200

        send("identify", anonymousId="laptop", traits={"plan": "free", "gone": 1})
        send("identify", userId="alice", traits={"email": MAIL, "phone": "+4930123456", "gone": None})
        send("identify", userId="alice", anonymousId="laptop", traits={"plan": "EXACT"})
        send("track", userId="alice", event="Tip Given", properties={"revenue": "0.10", "big": "EXACT"})
        send("group", userId="alice", groupId="acme")
        send("identify", userId="bob", traits={"email": "bob@example.org"})
        for start in range(0, MANY, 100):
            many = range(start, start + 100)
            send("batch", batch=[{"type": "track", "userId": "alice", "event": f"e{n}"} for n in many])
        server.settled()
    finally:
        server.stop()
    return data


@pytest.fixture
def shell(left_behind: Path, tmp_path: Path) -> Shell:
    shutil.copytree(left_behind, tmp_path / "data")
    return Shell(tmp_path / "data")


@pytest.fixture
def locked(shell: Shell) -> Iterator[None]:
    """Hold the lock as a server does that gives no sign of life."""
    with (shell.data / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def rows(shell: Shell, query: str, name: str = "tidings.db") -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(shell.data / name)) as database:
        return database.execute(query).fetchall()


def change(shell: Shell, query: str) -> None:
    with closing(sqlite3.connect(shell.data / "tidings.db")) as database:
        database.execute(query)
        database.commit()


@pytest.mark.parametrize(
    "which",
    [
        ("--id", "1"),
        ("--id", "2"),
        ("--email", "Alice@Example.org"),
        ("--user-id", "alice"),
        ("--phone", "+49 30 123456"),
        ("--anonymous-id", "laptop"),
    ],
)
def test_a_customer_is_forgotten_by_whatever_names_them(shell: Shell, which: tuple[str, str]) -> None:
    done = shell.json("profile", "forget", *which)
    assert (done["id"], done["done"]) == (1, True)
    assert "no such profile" in shell.error("profile", "show", "--user-id", "alice")
    assert "no such profile" in shell.error("profile", "forget", *which)
    figures = shell.json("stats")
    assert (figures["events"], figures["profiles"]) == (1, 1)
    assert rows(shell, "SELECT actor, action, subject, detail FROM audit ORDER BY id DESC LIMIT 1") == [
        ("cli", "profile.forgotten", "profile:1", "{}")
    ]


def test_what_was_acknowledged_and_not_processed_is_forgotten_too(shell: Shell) -> None:
    """The pipeline of a command works off the log before it forgets."""
    (position,) = rows(shell, "SELECT max(position) FROM frames", "log.db")[0]
    change(shell, f"UPDATE pipeline_cursor SET position = {position - 1}, upto = upto - 100")
    change(shell, "DELETE FROM seen")
    change(shell, "DELETE FROM seen_recent")
    assert shell.json("stats")["lag"] == 100
    shell.json("profile", "forget", "--user-id", "alice")
    assert shell.json("stats")["lag"] == 0
    assert rows(shell, "SELECT count(*) FROM events") == [(1,)]


@pytest.mark.parametrize("command", [("profile", "forget"), ("profile", "export")])
def test_a_customer_has_to_be_named_once(shell: Shell, command: tuple[str, str]) -> None:
    for named in ((), ("--id", "1", "--email", MAIL), ("--phone", "+49", "--anonymous-id", "x")):
        assert "give one of --id, --email" in shell.error(*command, *named)
    for which in (("--id", "99"), ("--email", "nobody@example.org"), ("--email", "no address"), ("--phone", "12")):
        assert "no such profile" in shell.error(*command, *which)
    assert "there is no workspace" in shell.error(*command, "--id", "1", "--workspace", "x")


def test_a_silent_server_is_waited_for_and_then_left(
    shell: Shell, locked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.cli.changing.SILENCE_SECONDS", 0.3)
    assert shell.json("profile", "forget", "--id", "1")["done"] is False
    assert "queued" in shell.text("profile", "forget", "--id", "1")
    assert "has not done it within 1 s" in shell.error("compact", "--wait", "1")
    assert rows(shell, "SELECT kind FROM pending_events") == [("forget",), ("forget",)]


def test_what_was_queued_is_done_by_whoever_comes_next(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.cli.changing.SILENCE_SECONDS", 0.3)
    with (shell.data / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        shell.json("profile", "forget", "--id", "1")
    shell.json("compact")
    assert rows(shell, "SELECT * FROM pending_events") == []
    assert "no such profile" in shell.error("profile", "show", "--id", "1")


def test_an_export_is_everything_exactly(shell: Shell, tmp_path: Path) -> None:
    text = shell.text("profile", "export", "--email", MAIL)
    found = json.loads(text, parse_float=Decimal)
    assert (found["format"], found["id"], found["event_count"]) == (1, 1, MANY + 5)
    assert found["lifetime_value"] == {"USD": "0.10"}
    assert {(one["kind"], one["value"]) for one in found["identifiers"]} == {
        ("user_id", "alice"), ("email", MAIL), ("phone", "+4930123456"), ("anonymous_id", "laptop")
    }  # fmt: skip
    traits = {(one["name"], one["profile_id"]): one for one in found["traits"]}
    assert traits["plan", 1]["value"] == Decimal("12345678901234567890.10")
    assert (traits["gone", 1]["value"], traits["gone", 1]["holds"]) == (1, False)
    assert (traits["gone", 2]["removed"], traits["gone", 2]["holds"]) == (True, True)
    assert all(one["source_id"] == 1 and one["trust"] == "server" and one["message_id"] for one in found["traits"])
    assert [one["id"] for one in found["groups"]] == ["acme"]
    assert [(one["child_id"], one["parent_id"]) for one in found["merges"]] == [(2, 1)]
    times = [(one["time"], one["id"]) for one in found["events"]]
    assert len(times) == len(set(times)) == MANY + 5
    assert times == sorted(times)
    assert found["events"][3]["event"]["properties"]["big"] == Decimal("12345678901234567890.10")
    assert "12345678901234567890.10" in text
    assert "bob" not in text


def test_an_export_into_a_file(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "alice.json"
    done = shell.json("profile", "export", "--id", "2", "--output", str(target))
    assert done == {"id": 1, "output": str(target), "bytes": target.stat().st_size}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    document = json.loads(target.read_text("utf-8"))
    printed = shell.json("profile", "export", "--id", "1")
    assert document | {"exported": printed["exported"]} == printed
    assert "is there already" in shell.error("profile", "export", "--id", "1", "--output", str(target))
    nowhere = tmp_path / "none" / "x.json"
    assert "No such file" in shell.error("profile", "export", "--id", "1", "--output", str(nowhere))
    assert [row[0] for row in rows(shell, "SELECT action FROM audit")].count("profile.exported") == 2


def test_a_refused_event_is_retried(shell: Shell) -> None:
    body = '{"verb":"track","message_id":"again","time":1700000000000,"name":"Back","user_id":"bob"}'
    record = f'{{"workspace_id":1,"source_id":1,"trust":"server","id_space":"","received":1,"events":[{body}]}}'
    # Numbers that are not taken: whoever sent before a key was in force is on the list, too.
    members = "id, workspace_id, source_id, received, stage, code, message, body, record"
    change(shell, f"INSERT INTO refused ({members}) VALUES (905, 1, 1, 1, 'pipeline', 'E', 'm', '{body}', '{record}')")
    change(shell, f"INSERT INTO refused ({members}) VALUES (906, 1, 1, 1, 'edge', 'E', 'm', 'x', NULL)")
    assert shell.json("events", "retry", "905") == {"id": 905, "done": True}
    assert [event["name"] for event in shell.json("events", "list", "--message-id", "again")] == ["Back"]
    assert "there is no refused event 905" in shell.error("events", "retry", "905")
    assert "its sender was told" in shell.error("events", "retry", "906")
    assert rows(shell, "SELECT id FROM refused WHERE workspace_id = 1") == [(906,)]


def test_a_compaction_says_what_it_did_and_what_it_cannot_do(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.json("profile", "forget", "--id", "1")
    done = shell.json("compact")
    assert done["after_bytes"] < done["before_bytes"]
    assert done["replaced"] == []
    (shell.data / "replaced-1").mkdir()
    assert "replaced-1 still holds what was there" in shell.text("compact")
    usage = shutil.disk_usage(shell.data)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
    assert "free space; 0 are free" in shell.error("compact")


def test_a_compaction_waits_for_a_backup(shell: Shell) -> None:
    with Folder(shell.data).trimming_paused():
        assert "within 1 s" in shell.error("compact", "--wait", "1")
    shell.json("compact")


def test_commands_need_a_folder(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "none")
    for command in (("compact",), ("profile", "forget", "--id", "1"), ("events", "retry", "1")):
        assert "no data in" in shell.error(*command)
    assert not shell.data.exists()


# The key


@pytest.fixture
def bereft(shell: Shell) -> Shell:
    """A folder in which somebody was forgotten, without its key."""
    shell.json("profile", "forget", "--id", "1")
    (shell.data / "secret.key").unlink()
    return shell


def verdict(shell: Shell, name: str = "secret.key") -> tuple[str, str]:
    document = json.loads(shell.run("doctor", "--json").stdout)
    found = {finding["name"]: finding for finding in document["findings"]}
    return (found[name]["verdict"], found[name]["text"]) if name in found else ("", "")


def test_the_key_is_made_once_for_this_user_only(shell: Shell) -> None:
    path = shell.data / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = path.read_bytes()
    assert len(set(key)) > 10
    shell.json("profile", "forget", "--id", "1")
    assert path.read_bytes() == key
    assert verdict(shell) == ("ok", "there, and the right one")
    path.chmod(0o644)
    assert verdict(shell)[0] == "warning"


def test_a_folder_without_customers_forgotten_gets_a_key(shell: Shell) -> None:
    (shell.data / "secret.key").unlink()
    assert verdict(shell) == ("ok", "not there yet; the server makes it")
    shell.json("profile", "forget", "--id", "1")
    assert verdict(shell)[0] == "ok"


def test_a_lost_key_stops_the_start(bereft: Shell) -> None:
    assert "secret.key is missing" in refused_start(bereft.data)
    assert "secret.key is missing" in bereft.error("profile", "forget", "--user-id", "bob")
    assert not (bereft.data / "secret.key").exists()
    assert verdict(bereft)[0] == "trouble"
    assert bereft.json("stats")["profiles"] == 1  # whatever needs no key goes on


@pytest.mark.parametrize(("content", "told"), [(os.urandom(32), "another installation"), (b"short", "is damaged")])
def test_another_key_stops_the_start(bereft: Shell, content: bytes, told: str) -> None:
    (bereft.data / "secret.key").write_bytes(content)
    assert told in refused_start(bereft.data)
    assert verdict(bereft)[0] == "trouble"


def test_the_way_out_that_the_manual_names(bereft: Shell) -> None:
    change(bereft, "DELETE FROM forgotten")
    server = Running(bereft.data).start()
    server.stop()
    assert verdict(bereft)[0] == "ok"


def test_a_backup_brings_the_key_along(shell: Shell, tmp_path: Path) -> None:
    shell.json("profile", "forget", "--id", "1")
    key = (shell.data / "secret.key").read_bytes()
    shell.json("backup", str(tmp_path / "copy"))
    assert (tmp_path / "copy" / "secret.key").read_bytes() == key
    assert stat.S_IMODE((tmp_path / "copy" / "secret.key").stat().st_mode) == 0o600
    other = Shell(tmp_path / "other")
    other.json("restore", str(tmp_path / "copy"))
    assert (other.data / "secret.key").read_bytes() == key
    assert verdict(other) == ("ok", "there, and the right one")
    server = Running(other.data).start()
    server.stop()


def test_a_restored_key_takes_the_place_of_another(shell: Shell, tmp_path: Path) -> None:
    shell.json("backup", str(tmp_path / "copy"))
    key = (shell.data / "secret.key").read_bytes()
    (shell.data / "secret.key").write_bytes(b"x" * 32)
    shell.json("restore", str(tmp_path / "copy"), "--replace")
    assert (shell.data / "secret.key").read_bytes() == key
    assert (shell.data / "replaced-1" / "secret.key").read_bytes() == b"x" * 32


def test_the_doctor_says_when_a_compaction_is_due(shell: Shell) -> None:
    assert verdict(shell, "forgotten") == ("", "")
    shell.json("profile", "forget", "--id", "1")
    assert verdict(shell, "forgotten")[0] == "warning"
    shell.json("compact")
    assert verdict(shell, "forgotten") == ("", "")


def test_a_state_that_is_older_than_a_compacted_log_is_not_run(shell: Shell, tmp_path: Path) -> None:
    """Whatever stood in the emptied frames would be missing for good."""
    shutil.copy(shell.data / "tidings.db", tmp_path / "old.db")
    with closing(sqlite3.connect(tmp_path / "old.db")) as database:
        database.execute("UPDATE pipeline_cursor SET position = position - 1")
        database.commit()
    shell.json("compact")
    for suffix in ("-wal", "-shm"):
        (shell.data / f"tidings.db{suffix}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "old.db", shell.data / "tidings.db")
    assert "is older than" in refused_start(shell.data)
