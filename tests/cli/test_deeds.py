"""Every change leaves its row in the audit log, whoever makes it, and no row holds a secret."""

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Shell
from tidings.db import Database
from tidings.tenants import people_store, service, store

PACKAGE = Path(service.__file__).parents[1]
CHANGES = ("create_", "change_", "add_", "revoke_", "remove_", "set_")
EMAIL = "ana@shop.example"
# Commands in order, with what each leaves in the audit log.
COMMANDS = [
    ("workspace create second", "workspace.created"),
    ("brand create shop --workspace second", "brand.created"),
    ("source create segment --workspace second --brand shop", "source.created"),
    ("source set 1 rate=7 origins=https://shop.example --workspace second", "source.changed"),
    ("source disable 1 --workspace second", "source.changed"),
    ("source enable 1 --workspace second", "source.changed"),
    ("source enable 1 --workspace second", None),  # nothing changed
    ("source key add 1 --workspace second", "key.added"),
    ("source key revoke 1 1 --workspace second", "key.revoked"),
    ("token create --workspace second --name t", "token.created"),
    ("token revoke 1 --workspace second", "token.revoked"),
    (f"user create --email {EMAIL} --role owner --workspace second", "user.added"),
    ("user create --email bob@shop.example --workspace second", "user.added"),
    ("user role --email bob@shop.example --role editor --workspace second", "user.role_changed"),
    ("user role --email bob@shop.example --role editor --workspace second", None),
    (f"user password --email {EMAIL} --workspace second", "user.password_changed"),
    ("user remove --email bob@shop.example --workspace second", "user.removed"),
]


def deeds(data: Path) -> list[Any]:
    database = Database(data / "tidings.db")
    try:
        (wall,) = (w["id"] for w in database.read_now(store.list_workspaces) if w["name"] == "second")
        which: dict[str, Any] = {"actor": None, "action": None, "before": None, "limit": 100}
        return list(reversed(database.read_now(people_store.list_deeds, wall, **which)))
    finally:
        database.close()


def test_every_command_leaves_a_row(shell: Shell) -> None:
    secrets: list[str] = []
    expected: list[str] = []
    for command, action in COMMANDS:
        made = shell.json(*command.split())
        secrets += [made[name] for name in ("write_key", "token", "password") if made.get(name)]
        expected += [action] if action else []
        assert [deed.action for deed in deeds(shell.data)] == expected, command
    found = deeds(shell.data)
    assert {deed.actor for deed in found} == {"cli"}
    assert len(secrets) == 6
    assert not [secret for secret in secrets for deed in found if secret in str(deed)]
    changed = next(deed for deed in found if deed.action == "source.changed")
    assert (changed.subject, changed.detail) == ("source:1", {"rate": 7, "origins": ["https://shop.example"]})
    roles = next(deed for deed in found if deed.action == "user.role_changed")
    assert roles.detail == {"email": "bob@shop.example", "role": "editor", "before": "viewer"}


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("user create --email nobody", "no mail address"),
        (f"user create --email {EMAIL.upper()}", "has a user already"),
        ("user create --email x@y.zz --role king", "Invalid value for '--role'"),
        ("user password --email x@y.zz", "there is no user x@y.zz"),
        (f"user remove --email {EMAIL}", "this is the last owner"),
        (f"user role --role viewer --email {EMAIL}", "this is the last owner"),
        (f"user remove --email {EMAIL} --workspace nowhere", "there is no workspace"),
    ],
)
def test_commands_that_cannot_be(shell: Shell, command: str, says: str) -> None:
    shell.json("user", "create", "--email", EMAIL, "--role", "owner")
    assert says in shell.error(*command.split())
    assert [user["email"] for user in shell.json("user", "list")] == [EMAIL]


def test_users_are_listed_without_anything_secret(shell: Shell) -> None:
    made = shell.json("user", "create", "--email", EMAIL, "--role", "owner")
    assert shell.json("user", "list") == [{name: made[name] for name in ("id", "email", "role", "created", "seen")}]
    assert f"{EMAIL}  owner  never signed in" in shell.text("user", "list")
    text = shell.text("user", "password", "--email", EMAIL)
    assert "password: " in text
    assert made["password"] not in text


def test_nobody_changes_anything_without_the_audit_log() -> None:
    shells = [*PACKAGE.glob("cli/*.py"), *PACKAGE.glob("*/api.py"), *PACKAGE.glob("*/*_api.py")]
    shells += [*PACKAGE.glob("*/pages/*.py"), *PACKAGE.glob("*/pages.py"), *PACKAGE.glob("web/**/*.py")]
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.value.id}.{node.attr}"
        for path in shells
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and path.parts[len(PACKAGE.parts)] in ("cli", "tenants", "web")
        and node.value.id == "service"
        and node.attr.startswith(CHANGES)
    ]
    assert len(shells) > 10
    assert found == []
