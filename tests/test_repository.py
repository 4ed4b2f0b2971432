"""What the repository promises about itself: names, layers of text, locks, and documentation that keeps up."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tidings"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PYTHON_LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-dev.lock"]
LOCKS = [
    *PYTHON_LOCKS,
    *(
        ROOT / place
        for place in (
            "tests/node/package-lock.json",
            "tidings/web/packages/package-lock.json",
            "tidings/web/packages/node.lock",
        )
    ),
]
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc"}
# What a model or a rule may use of the standard library: nothing that has a clock, a file or a socket in it.
PURE = {"abc", "collections", "contextlib", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools"}
PURE |= {"hashlib", "itertools", "math", "operator", "re", "string", "types", "typing", "unicodedata"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def raw_sql(source: str) -> list[int]:
    """Return the lines that write SQL as text or open a database."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            hit = any(alias.name in ("text", "create_engine", "create_async_engine") for alias in node.names)
        elif isinstance(node, ast.Attribute):
            of_sqlalchemy = isinstance(node.value, ast.Name) and node.value.id in ("sa", "sqlalchemy")
            hit = node.attr == "exec_driver_sql" or (of_sqlalchemy and node.attr in ("text", "create_engine"))
        else:
            hit = False
        if hit:
            lines.append(getattr(node, "lineno", 0))
    return lines


def test_no_module_is_named_after_nothing() -> None:
    named = [path for path in [*MODULES, *TESTS] if FORBIDDEN_NAMES & {path.stem, path.parent.name}]
    assert [relative(path) for path in named] == []


@pytest.mark.parametrize("lock", LOCKS, ids=relative)
def test_a_lock_names_no_host(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", text, re.MULTILINE)


@pytest.mark.parametrize("lock", [*PYTHON_LOCKS, LOCKS[-1]], ids=relative)
def test_every_requirement_is_pinned_with_a_hash(lock: Path) -> None:
    text = lock.read_text("utf-8").replace("\\\n", " ")
    requirements = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    loose = [line[:60] for line in requirements if "==" not in line or "--hash=sha256:" not in line]
    assert requirements
    assert loose == []


def test_the_locks_agree() -> None:
    runtime, development = (
        dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE)) for lock in PYTHON_LOCKS
    )
    assert runtime == {name: development.get(name) for name in runtime}


def test_sql_text_stands_in_stores_only() -> None:
    allowed = ("tidings/db/", "tidings/log/")
    found = {
        relative(path): lines
        for path in MODULES
        if not relative(path).startswith(allowed) and path.name != "store.py"
        for lines in [raw_sql(path.read_text("utf-8"))]
        if lines
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    ["from sqlalchemy import select, text", "import sqlalchemy as sa\nsa.text('SELECT 1')", "tx.exec_driver_sql('')"],
)
def test_sql_text_is_recognised(source: str) -> None:
    assert raw_sql(source)


def test_models_and_rules_import_only_what_is_pure() -> None:
    found = []
    for path in MODULES:
        if path.stem not in ("model", "rules"):
            continue
        for name in imports(path):
            first = name.split(".")[0]
            known = name.startswith(("tidings.kit.", "tidings.events.reports."))
            inside = known or re.match(r"tidings\.(\w+\.)+model\.", name)
            if not (inside or first == "msgspec" or (first in PURE and first in sys.stdlib_module_names)):
                found.append(f"{relative(path)} imports {name}")
    assert found == []


def test_the_makefile_has_what_documents_say() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {
        (relative(path), verb)
        for path in DOCUMENTS
        for verb in re.findall(r"(?:`|^|&& )make ([a-z]+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert {("README.md", "run"), ("README.md", "test")} <= named
    assert {(document, verb) for document, verb in named if verb not in targets} == set()


def test_ci_runs_the_command_of_the_readme() -> None:
    script = ROOT / ".ci/run"
    assert re.search(r"^exec make (--no-print-directory )?test$", script.read_text("utf-8"), re.MULTILINE)
    assert script.stat().st_mode & 0o111


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{relative(path)} -> {target}"
        for path in DOCUMENTS
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
        if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists()
    ]
    assert broken == []


def documentation() -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "docs").rglob("*.md")))


def commands(command: click.Command, name: str) -> Iterator[str]:
    """Yield the full names of a command and of those below it, leaving out hidden ones."""
    if command.hidden:
        return
    if isinstance(command, click.Group):
        for child_name, child in sorted(command.commands.items()):
            yield from commands(child, f"{name} {child_name}")
    else:
        yield name


def test_every_command_is_documented() -> None:
    from tidings.cli import main

    known = list(commands(main, "tidings"))
    text = documentation()
    assert known
    assert [name for name in known if not re.search(rf"\b{re.escape(name)}\b", text)] == []


def settings(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from settings(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_setting_is_documented() -> None:
    manual = (PACKAGE / "config.default.toml").read_text("utf-8")
    known = [*settings(tomllib.loads(manual)), *re.findall(r"^#\s*([a-z_]+) = ", manual, re.MULTILINE)]
    text = documentation()
    assert known
    assert [name for name in known if f"`{name}`" not in text] == []
