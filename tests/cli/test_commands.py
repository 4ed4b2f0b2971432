"""Every command: one JSON document or text for people, errors that can be read, nothing secret but at creation."""

import json
from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.commands import Shell
from tidings.cli import main
from tidings.cli.place import CONTROL
from tidings.db import Database
from tidings.events import store as events
from tidings.folder import Folder
from tidings.tenants.service import hint


@pytest.fixture
def made(shell: Shell) -> dict[str, Any]:
    """A source of the first workspace."""
    found: dict[str, Any] = shell.json("source", "create", "segment")
    return found


def test_help_works_for_every_command() -> None:
    def walk(command: click.Command, name: list[str]) -> None:
        shell = Shell(Path("nowhere"))
        result = shell.run(*name, "--help", data=False)
        assert result.exit_code == 0
        assert command.help, name
        if isinstance(command, click.Group):
            for child, below in command.commands.items():
                walk(below, [*name, child])
        else:
            options = {option for parameter in command.params for option in parameter.opts}
            assert "--data" in options, name
            assert "--json" in options or name == ["serve"], name

    walk(main, [])


def test_the_version() -> None:
    assert "0." in Shell(Path("nowhere")).run("--version", data=False).stdout


def test_workspaces(shell: Shell) -> None:
    made = shell.json("workspace", "create", "second", "--time-zone", "Europe/Berlin")
    assert made == {"id": 1, "name": "second", "time_zone": "Europe/Berlin"}
    assert "workspace third (2)" in shell.text("workspace", "create", "third")
    listed = shell.json("workspace", "list")
    assert [(w["id"], w["name"], w["time_zone"]) for w in listed] == [
        (1, "second", "Europe/Berlin"),
        (2, "third", "UTC"),
    ]
    assert "second  Europe/Berlin" in shell.text("workspace", "list")
    assert "already" in shell.error("workspace", "create", "second")
    assert "no IANA time zone" in shell.error("workspace", "create", "x", "--time-zone", "Mars/Base")


def test_brands(shell: Shell) -> None:
    made = shell.json("brand", "create", "mugs", "--name", "Mugs & more", "--currency", "eur")
    assert made == {"id": 2, "key": "mugs", "name": "Mugs & more", "currency": "EUR"}
    assert shell.text("brand", "create", "pens") == "brand pens\n"
    assert [brand["key"] for brand in shell.json("brand", "list")] == ["main", "mugs", "pens"]
    assert "mugs  Mugs & more  EUR" in shell.text("brand", "list")
    assert "unique in the installation" in shell.error("brand", "create", "mugs")
    assert "lower-case" in shell.error("brand", "create", "Mugs!")
    assert "tidings workspace list" in shell.error("brand", "create", "x", "--workspace", "nobody's")


def test_a_source_is_made_with_its_key(shell: Shell) -> None:
    made = shell.json("source", "create", "segment")
    assert len(made.pop("write_key")) == 32
    assert made == {
        "id": 1,
        "workspace_id": 1,
        "brand_id": 1,
        "brand_currency": "USD",
        "dialect": "segment",
        "name": "segment",
        "trust": "server",
        "enabled": True,
        "settings": {
            "currency": None,
            "country": None,
            "id_space": "",
            "correct_time": True,
            "origins": [],
            "rate": 0,
            "prefix": "",
            "browser_orders": False,
            "keyless_contacts": True,
        },
    }


def test_a_source_is_made_as_it_is_told(shell: Shell) -> None:
    shell.text("brand", "create", "mugs", "--currency", "EUR")
    options = ["--brand", "mugs", "--name", "site", "--trust", "browser"]
    settings = ["write_key=pinned=with=signs", "rate=5", "origins=https://a.example, https://b.example", "currency=gbp"]
    options += [part for setting in settings for part in ("--set", setting)]
    made = shell.json("source", "create", "segment", *options)
    assert (made["write_key"], made["name"], made["trust"]) == ("pinned=with=signs", "site", "browser")
    assert made["brand_currency"] == "EUR"
    assert made["settings"]["rate"] == 5
    assert made["settings"]["origins"] == ["https://a.example", "https://b.example"]
    text = shell.text("source", "create", "segment", "--name", "other")
    assert "source 2 (other, segment, trust server)" in text
    assert "write_key: " in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "is not one of 'segment', 'ripe'"),
        (["segment", "--brand", "none"], "no brand 'none'"),
        (["segment", "--set", "rate"], "write NAME=VALUE"),
        (["segment", "--set", "=5"], "write NAME=VALUE"),
        (["segment", "--set", "colour=red"], "neither a credential of this dialect nor a setting"),
        (["segment", "--set", "rate=fast"], "rate"),
        (["segment", "--set", "rate=-1"], "rate"),
        (["segment", "--set", "correct_time=perhaps"], "correct_time"),
        (["segment", "--set", "write_key="], "1 to 1000 characters"),
        (["segment", "--set", "write_key=taken"], "another source has this write_key"),
        (["segment", "--name", "taken"], "choose another name"),
        (["segment", "--trust", "full"], "is not one of"),
        (["ripe", "--set", "write_key=x"], "neither a credential of this dialect nor a setting"),
        (["ripe", "--prefix", "Shop"], "lower-case letters, digits and '-'"),
        (["ripe", "--prefix", "x" * 41], "1 to 40"),
        (["ripe", "--set", "prefix=core-backend"], "paths of Tidings begin with /core-backend"),
        (["ripe", "--prefix", "taken"], "another source has the prefix 'taken'"),
    ],
)
def test_a_source_that_cannot_be_is_refused(shell: Shell, arguments: list[str], said: str) -> None:
    shell.text("source", "create", "segment", "--name", "taken", "--set", "write_key=taken", "--prefix", "taken")
    assert said in shell.error("source", "create", *arguments)
    assert len(shell.json("source", "list")) == 1


def test_a_new_source_is_shown_with_a_line_to_try(shell: Shell) -> None:
    text = shell.text("source", "create", "ripe", "--set", "api_key=rk_1")
    assert "source 1 (ripe, ripe, trust server)" in text
    assert "api_key: rk_1" in text
    assert "curl http://127.0.0.1:8080/event/track -H 'Authorization: Basic cmtfMQ=='" in text
    (shell.data / "tidings.toml").write_text('port = 9000\nhost = "::1"\n')
    text = shell.text("source", "create", "segment", "--set", "write_key=wk_1", "--prefix", "shop")
    assert "curl -u wk_1: 'http://[::1]:9000/shop/v1/track'" in text
    (shell.data / "tidings.toml").write_text("port = many\n")
    assert "http://127.0.0.1:8080/event/track" in shell.text("source", "create", "ripe", "--name", "second")


def test_a_prefix_is_set_and_taken_away(shell: Shell, made: dict[str, Any]) -> None:
    other = shell.json("source", "create", "ripe", "--prefix", "site")
    assert other["settings"]["prefix"] == "site"
    assert "another source has the prefix" in shell.error("source", "set", "1", "prefix=site")
    assert "paths of Tidings begin with /v1" in shell.error("source", "set", "1", "prefix=v1")
    assert shell.json("source", "set", "2", "prefix=site", "rate=5")["settings"]["rate"] == 5
    assert shell.json("source", "set", "2", "prefix=")["settings"]["prefix"] == ""
    assert shell.json("source", "set", "1", "prefix=site")["settings"]["prefix"] == "site"


def test_sources_are_listed_changed_and_switched(shell: Shell, made: dict[str, Any]) -> None:
    secret = made.pop("write_key")
    assert shell.json("source", "list") == [made]
    changed = shell.json("source", "set", "1", "rate=3", "correct_time=false", "origins=https://a.example")
    assert changed["settings"] == made["settings"] | {
        "rate": 3,
        "correct_time": False,
        "origins": ["https://a.example"],
    }
    assert shell.text("source", "set", "1", "origins=") == "source 1 changed\n"
    (listed,) = shell.json("source", "list")
    assert (listed["settings"]["origins"], listed["settings"]["rate"]) == ([], 3)
    assert shell.json("source", "disable", "1")["enabled"] is False
    assert "disabled" in shell.text("source", "list")
    assert shell.text("source", "enable", "1") == "source 1 enabled\n"
    assert shell.json("source", "list")[0]["enabled"] is True
    assert secret not in "".join(shell.printed[1:])
    for command in (["set", "9", "rate=1"], ["disable", "9"], ["enable", "9"]):
        assert "no source 9" in shell.error("source", *command)
    assert "neither a credential" in shell.error("source", "set", "1", "write_key=x")
    assert "Missing argument" in shell.error("source", "set", "1")


def test_keys_are_added_listed_and_revoked(shell: Shell, made: dict[str, Any]) -> None:
    added = shell.json("source", "key", "add", "1")
    assert added["source_id"] == 1
    assert len(added["write_key"]) == 32
    assert shell.text("source", "key", "add", "1", "--value", "a-pinned-word") == "write_key: a-pinned-word\n"
    listed = shell.json("source", "key", "list", "1")
    assert [key["hint"] for key in listed] == [hint(made["write_key"]), hint(added["write_key"]), "…word"]
    assert {name for key in listed for name in key} == {"id", "name", "hint", "created_at"}
    assert "…word" in shell.text("source", "key", "list", "1")
    assert shell.json("source", "key", "revoke", "1", "1") == {"revoked": 1}
    assert shell.text("source", "key", "revoke", "1", "2") == "key 2 revoked\n"
    assert [key["id"] for key in shell.json("source", "key", "list", "1")] == [3]
    assert "no credential 1" in shell.error("source", "key", "revoke", "1", "1")
    assert "no source 9" in shell.error("source", "key", "add", "9")
    assert "has write_key" in shell.error("source", "key", "add", "1", "--name", "password")
    assert "another source has this" in shell.error("source", "key", "add", "1", "--value", "a-pinned-word")


def test_tokens_are_made_listed_and_revoked(shell: Shell) -> None:
    made = shell.json("token", "create", "--name", "ci", "--scope", "read", "--scope", "admin")
    assert (made["id"], made["name"], made["scopes"]) == (1, "ci", ["read", "admin"])
    assert made["token"].startswith("tid_")
    assert shell.text("token", "create").startswith("token: tid_")
    listed = shell.json("token", "list")
    assert (listed[0]["name"], listed[0]["hint"], listed[0]["scopes"]) == ("ci", hint(made["token"]), ["read", "admin"])
    assert made["token"] not in shell.text("token", "list")
    assert shell.json("token", "revoke", "1") == {"revoked": 1}
    assert shell.text("token", "revoke", "2") == "token 2 revoked\n"
    assert "no token 1" in shell.error("token", "revoke", "1")
    assert shell.json("token", "list") == []
    assert "is not one of" in shell.error("token", "create", "--scope", "root")


def test_another_workspace_sees_nothing(shell: Shell, made: dict[str, Any]) -> None:
    shell.text("token", "create")
    shell.text("workspace", "create", "stranger")
    stranger = ("--workspace", "stranger")
    for command in (["source", "list"], ["token", "list"], ["brand", "list"], ["source", "key", "list", "1"]):
        assert shell.json(*command, *stranger) == []
    for refused in (
        ["source", "set", "1", "rate=1"],
        ["source", "disable", "1"],
        ["source", "key", "add", "1"],
        ["source", "key", "revoke", "1", "1"],
        ["token", "revoke", "1"],
    ):
        assert "no " in shell.error(*refused, *stranger)
    assert shell.json("source", "list")[0]["enabled"] is True
    assert len(shell.json("token", "list")) == 1


def test_an_empty_place_is_shown_as_empty(shell: Shell, made: dict[str, Any]) -> None:
    figures = shell.json("stats")
    assert figures == {"events": 0, "profiles": 0, "lag": 0, "duplicates": 0, "refused": 0, "forgotten": 0}
    assert "lag  0" in shell.text("stats")
    assert shell.json("events", "list") == []
    assert shell.text("events", "list") == "no events\n"
    assert shell.json("events", "list", "--message-id", "m") == []
    assert "no such profile" in shell.error("profile", "show", "--user-id", "alice")
    assert "no such profile" in shell.error("profile", "show", "--id", "1")
    assert "no such profile" in shell.error("profile", "show", "--email", "not an address")


@pytest.mark.parametrize("arguments", [[], ["--id", "1", "--email", "a@example.org"]])
def test_a_profile_is_named_in_one_way(shell: Shell, made: dict[str, Any], arguments: list[str]) -> None:
    assert "give one of" in shell.error("profile", "show", *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["events", "list", "--limit", "0"],
        ["events", "list", "--limit", "1001"],
        ["profile", "show", "--id", "x"],
        ["source", "set", "x", "rate=1"],
        ["no-such-command"],
    ],
)
def test_wrong_arguments_are_explained(shell: Shell, made: dict[str, Any], arguments: list[str]) -> None:
    assert "Error: " in shell.error(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [["stats"], ["events", "list"], ["source", "list"], ["profile", "show", "--id", "1"], ["backup", "somewhere"]],
)
def test_a_folder_that_is_not_there_is_named_and_not_made(bare: Shell, arguments: list[str]) -> None:
    assert f"no data in {bare.data}" in bare.error(*arguments)
    assert not bare.data.exists()


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_numbers_that_no_row_can_have(shell: Shell, made: dict[str, Any], number: int) -> None:
    assert "Error: " in shell.error("profile", "show", f"--id={number}")


def test_numbers_that_no_source_can_have(shell: Shell, made: dict[str, Any]) -> None:
    for command in (["set", str(2**63), "rate=1"], ["disable", str(2**63)], ["key", "add", str(2**63)]):
        assert "Error: " in shell.error("source", *command)


@pytest.mark.parametrize("text", ["\x1b[2J", "a\0b", "ünï '\" --", "x" * 10_000])
def test_strange_arguments_find_nothing(shell: Shell, made: dict[str, Any], text: str) -> None:
    assert shell.json("events", "list", "--message-id", text) == []
    assert "no such profile" in shell.error("profile", "show", "--user-id", text)


HOSTILE = "\x1b]0;owned\x07\x1b[31mred\x9b2J\r\x08<script>\x7f"


def test_control_codes_never_reach_the_terminal(shell: Shell, made: dict[str, Any]) -> None:
    shell.text("workspace", "create", HOSTILE)
    shell.text("source", "create", "segment", "--name", HOSTILE)
    shell.text("token", "create", "--name", HOSTILE)
    shell.text("brand", "create", "b", "--name", HOSTILE)
    database = Database(Folder(shell.data).state)
    row = [1, 1, 1, 1, "track", HOSTILE, 5, 6, HOSTILE, b"{}"]
    database.write_now(events.add, [row])
    database.close()
    for command in (
        ["workspace", "list"],
        ["source", "list"],
        ["token", "list"],
        ["brand", "list"],
        ["events", "list"],
    ):
        text = shell.text(*command)
        assert "<script>" in text
        assert not CONTROL.search(text.replace("\n", "")), command
        plain = shell.text(*command, "--json")
        assert "\x1b" not in plain  # JSON escapes them
        assert json.loads(plain)
    said = shell.error("stats", "--workspace", HOSTILE + "x")
    assert "\x1b" not in said


def test_secrets_are_shown_at_creation_and_nowhere_else(shell: Shell, made: dict[str, Any]) -> None:
    secrets = [
        made["write_key"],
        shell.json("source", "key", "add", "1")["write_key"],
        shell.json("source", "create", "segment", "--name", "b", "--set", "write_key=pinned-secret")["write_key"],
        shell.json("token", "create", "--scope", "admin")["token"],
    ]
    shell.printed.clear()
    for command in (
        ["source", "list"],
        ["source", "key", "list", "1"],
        ["source", "set", "1", "rate=1"],
        ["token", "list"],
        ["stats"],
        ["doctor"],
        ["backup", str(shell.data.parent / "copy")],
    ):
        shell.run(*command)
        shell.run(*command, "--json")
    assert "pinned-secret" in secrets
    assert [secret for secret in secrets if secret in "".join(shell.printed)] == []
    files = [path for path in shell.data.parent.rglob("*") if path.is_file()]
    contents = b"".join(path.read_bytes() for path in files)
    assert len(files) > 3
    assert [secret for secret in secrets if secret.encode() in contents] == []


def test_further_keys_that_clients_have_already_are_taken(shell: Shell) -> None:
    made = shell.json(
        "source", "create", "remarkety", "--set", "store_id=AAABBB", "--token", "one", "--token", "two äöü"
    )
    assert (made["store_id"], made["tokens"]) == ("AAABBB", ["one", "two äöü"])
    assert len(made["api_key"]) == 32
    names = [row["name"] for row in shell.json("source", "key", "list", "1")]
    assert names == ["store_id", "api_key", "api_key", "api_key"]
    assert "AAABBB" in shell.text("source", "key", "list", "1")
    other = shell.text("source", "create", "remarkety", "--name", "other", "--token", "three")
    assert "api_key too: three" in other
    assert "another source has this api_key" in shell.error(
        "source", "create", "remarkety", "--name", "third", "--token", "one"
    )
    assert len(shell.json("source", "list")) == 2


def test_a_plugin_may_connect_for_a_while(shell: Shell) -> None:
    shell.json("source", "create", "remarkety")
    shell.json("source", "create", "segment")
    opened = shell.json("source", "open-install", "1")
    assert set(opened) == {"source_id", "password", "until"}
    assert "password: " in shell.text("source", "open-install", "1")
    assert "speaks segment" in shell.error("source", "open-install", "2")
    assert "no source 3" in shell.error("source", "open-install", "3")
    assert opened["password"] not in shell.text("source", "list")
