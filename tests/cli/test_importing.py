"""tidings import: beside a server and without one, once and again, and after kill -9."""

import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Shell
from tests.serving import Running
from tidings.cli import importing

CUSTOMERS = "id,email,first_name,accepts_marketing\n1,ana@example.org,Ana,1\n2,bob@example.org,Bob,0\n"
ORDERS = (
    "order_id,order_created_at,customer_id,sku,quantity,price\n"
    "A1,2024-03-01,1,mug,2,7.50\nA1,2024-03-01,1,cup,1,0.10\nA2,2024-03-02,2,mug,1,7.50\n"
)
SMALL = "import tidings.imports.rounds as r; r.EVENTS = 25; from tidings.cli import main; main()"
FULL = 69_659  # lines of the public data set
KILLS = 4
OF_THE_RUN = {"alembic_version", "audit", "compactions", "imports", "installation", "minutes", "pipeline_cursor"}
Bought = tuple[int, Decimal, Decimal]  # orders, dollars, CDs


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def log_of(path: Path, lines: int, seed: int = 1) -> dict[str, Bought]:
    """Write a log in the shape of the public data set; return what each customer bought."""
    chance, known = random.Random(seed), dict[str, Bought]()
    with path.open("w", encoding="ascii") as file:
        for _ in range(lines):
            customer = f"{chance.randint(1, max(1, lines // 3)):05d}"
            cents = 0 if chance.random() < 0.001 else int(chance.lognormvariate(3.2, 0.8) * 100)
            day = date(1997, 1, 1) + timedelta(days=chance.randrange(545))
            cds = chance.randint(1, 9)
            file.write(f" {customer} {day:%Y%m%d} {cds:2d} {cents // 100:4d}.{cents % 100:02d}\n")
            count, dollars, pieces = known.get(customer, (0, Decimal(0), Decimal(0)))
            known[customer] = (count + 1, dollars + Decimal(cents) / 100, pieces + cds)
    return known


def total_of(known: dict[str, Bought]) -> Decimal:
    return sum((dollars for _, dollars, _ in known.values()), Decimal(0))


def rows(data: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(data / "tidings.db")) as database:
        return database.execute(query).fetchall()


def kept(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that people see of a folder, but for when it was brought there."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for (name,) in rows(data, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"):
        if name not in OF_THE_RUN and not name.startswith("sqlite_"):
            columns = [row[1] for row in rows(data, f'PRAGMA table_info("{name}")')]
            wanted = ", ".join(f'"{one}"' for one in columns if one not in ("received", "created_at"))
            found[name] = sorted(rows(data, f'SELECT {wanted} FROM "{name}"'), key=repr)
    return found


def figures(data: Path) -> dict[str, Bought]:
    """Return what each customer has bought."""
    query = (
        "SELECT value, orders, revenue, items FROM identifiers JOIN customer_sums USING (workspace_id, profile_id)"
        " WHERE kind = 'user_id' AND currency = 'USD'"
    )
    return {customer: (count, Decimal(dollars), Decimal(cds)) for customer, count, dollars, cds in rows(data, query)}


def imported(data: Path) -> int:
    """Return how many events came from files; what follows from them are events, too."""
    return int(rows(data, "SELECT count(*) FROM events WHERE message_id LIKE 'import:%'")[0][0])


@pytest.fixture
def customers(tmp_path: Path) -> str:
    return write(tmp_path / "customers.csv", CUSTOMERS)


def test_customers_become_profiles_without_a_server(shell: Shell, customers: str) -> None:
    done = shell.json("import", "customers", customers)
    assert (done["lines"], done["taken"], done["refused"], done["done"]) == (3, 2, 0, True)
    assert done["columns"] == {"id": "id", "email": "email", "first_name": "first_name",
                               "accepts_marketing": "accepts_marketing"}  # fmt: skip
    ana = shell.json("profile", "show", "--email", "ana@example.org")
    assert ana["traits"]["firstName"] == "Ana"
    assert ana["trait_details"]["firstName"]["trust"] == "server"
    assert imported(shell.data) == 2


def test_the_same_file_changes_nothing_whatever_its_name(shell: Shell, customers: str, tmp_path: Path) -> None:
    shell.text("import", "customers", customers)
    before = kept(shell.data)
    again = shell.json("import", "customers", write(tmp_path / "other.csv", CUSTOMERS))
    assert (again["before"], again["taken"], again["refused"]) == (3, 2, 0)
    assert kept(shell.data) == before
    assert rows(shell.data, "SELECT count(*) FROM imports") == [(1,)]


def test_a_longer_file_is_another_file(shell: Shell, customers: str, tmp_path: Path) -> None:
    shell.text("import", "customers", customers)
    longer = shell.json("import", "customers", write(tmp_path / "b.csv", CUSTOMERS + "3,c@example.org,Cy,\n"))
    assert (longer["before"], longer["taken"]) == (0, 3)
    assert shell.json("stats")["profiles"] == 3


def test_each_brand_and_workspace_has_its_own_import(shell: Shell, customers: str) -> None:
    shell.text("import", "customers", customers)
    shell.text("brand", "create", "second")
    shell.text("workspace", "create", "other")
    shell.text("brand", "create", "third", "--workspace", "other")
    assert shell.json("import", "customers", customers, "--brand", "second")["before"] == 0
    assert shell.json("import", "customers", customers, "--workspace", "other")["before"] == 0
    assert imported(shell.data) == 6


def test_orders_are_in_the_brand_and_their_totals_are_told(shell: Shell, tmp_path: Path) -> None:
    done = shell.json("import", "orders", write(tmp_path / "o.csv", ORDERS), "--currency", "eur")
    assert (done["taken"], done["totals"]) == (3, {"EUR": "22.60"})
    bodies = [json.loads(body) for (body,) in rows(shell.data, "SELECT body FROM events ORDER BY id")]
    assert [body["commerce"]["order"]["id"] for body in bodies] == ["A1", "A2"]
    assert [body["user_id"] for body in bodies] == ["1", "2"]
    assert "orders of 22.60 EUR" in shell.text("import", "orders", str(tmp_path / "o.csv"), "--currency", "EUR")


def test_refused_lines_are_told_and_reported_also_afterwards(shell: Shell, tmp_path: Path) -> None:
    bad = "".join(f"9,no-{number}\n" for number in range(12))
    path = write(tmp_path / "c.csv", f"id,email\n1,a@b.example\n{bad}=2,b@b.example,\n3\n")
    result = shell.run("import", "customers", path)
    assert result.exit_code == importing.REFUSED
    assert "2 lines taken, 13 refused" in result.output
    assert "line 3: email: 'no-0' is no mail address" in result.output
    assert result.output.count("  line ") == importing.SHOWN
    assert "--report FILE" in result.output
    before = kept(shell.data)
    for _ in range(2):
        report = tmp_path / "refused.csv"
        result = shell.run("import", "customers", path, "--report", str(report), "--json")
        assert result.exit_code == importing.REFUSED
        assert json.loads(result.stdout)["refused"] == 13
        with report.open(newline="") as file:
            found = list(csv.DictReader(file))
        assert [int(row["line"]) for row in found] == [*range(3, 15), 16]
        assert found[-1] == {"line": "16", "reason": "1 values for 2 columns", "text": "3"}
    assert kept(shell.data) == before


def test_another_way_of_reading_gives_refused_lines_another_chance(shell: Shell, tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "id,email,Mail 2\n1,a@b.example,\n,,c@b.example\n")
    assert shell.run("import", "customers", path).exit_code == importing.REFUSED
    options = ("--map", "Mail 2=email", "--map", "email=")
    again = shell.json("import", "customers", path, *options)
    assert (again["before"], again["taken"], again["refused"]) == (0, 2, 0)
    assert shell.json("stats")["duplicates"] == 1
    assert imported(shell.data) == 2
    assert shell.json("profile", "show", "--email", "c@b.example")["event_count"] == 1
    assert shell.json("import", "customers", path, *options)["before"] == 3


def test_a_dry_run_changes_nothing(shell: Shell, customers: str, tmp_path: Path) -> None:
    shell.text("brand", "create", "x")
    before = kept(shell.data)
    text = shell.text("import", "customers", customers, "--dry-run")
    assert "2 lines can be taken, 0 refused" in text
    assert "first_name: first_name" in text
    assert kept(shell.data) == before
    assert rows(shell.data, "SELECT count(*) FROM imports") == [(0,)]
    report = tmp_path / "r.csv"
    path = write(tmp_path / "bad.csv", "id,plan\n0,x\n")
    result = shell.run("import", "customers", path, "--dry-run", "--report", str(report))
    assert result.exit_code == importing.REFUSED
    assert "further columns, kept under their names: plan" in result.output
    assert "names nobody" in report.read_text()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--brand", "nope"), "no brand 'nope'"),
        (("--workspace", "nope"), "no workspace 'nope'"),
        (("--currency", "Euro"), "3 letters"),
        (("--country", "DEU"), "2 letters"),
        (("--map", "x"), "NAME=VALUE"),
        (("--map", "x=id"), "no column 'x'"),
        (("--map", "id=x"), "no member 'x'"),
        (("--report", "{file}"), "names the file itself"),
        (("--report", "{folder}/none/r.csv"), "No such file"),
    ],
)
def test_what_cannot_be_is_said_and_leaves_nothing(
    shell: Shell, customers: str, tmp_path: Path, arguments: tuple[str, ...], what: str
) -> None:
    shell.text("brand", "create", "x")
    filled = [one.format(file=customers, folder=tmp_path) for one in arguments]
    assert what in shell.error("import", "customers", customers, *filled)
    assert rows(shell.data, "SELECT count(*) FROM imports") == [(0,)]
    assert Path(customers).read_text() == CUSTOMERS


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"", "column names"), (b"name\nx\n", "no column for id or email"), ("id\n".encode("utf-16"), "UTF-16")],
)
def test_a_file_that_cannot_be_read_is_named(shell: Shell, tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(content)
    said = shell.error("import", "customers", str(path))
    assert what in said
    assert str(path) in said


def test_a_pipe_is_no_file(shell: Shell, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    # Whoever opens a pipe waits for the other end: this one does not wait.
    descriptor = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        assert "no regular file" in shell.error("import", "customers", str(tmp_path / "pipe"))
    finally:
        os.close(descriptor)


def test_a_file_that_changes_meanwhile_is_not_mixed(
    shell: Shell, customers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter([(1, 1), (1, 2)])
    monkeypatch.setattr(importing, "state_of", lambda _path: next(states))
    assert "has changed while it was read" in shell.error("import", "customers", customers)
    assert shell.json("stats")["events"] == 0


def test_hostile_values_reach_no_terminal(shell: Shell, tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "id,email\n1,\x1b[31mred\n")
    assert "\x1b" not in shell.run("import", "customers", path).output


def test_a_kill_at_any_moment_ends_in_the_same_state(shell: Shell, tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    path, lines = tmp_path / "log.txt", 8_000
    log_of(path, lines, seed)
    path.write_text(path.read_text() + "refused\n")
    other = Shell(tmp_path / "whole")
    whole = other.run("import", "cdnow", str(path), "--json")
    assert whole.exit_code == importing.REFUSED
    command = [sys.executable, "-c", SMALL, "import", "cdnow", str(path), "--data", str(shell.data)]
    seen: list[int] = []
    for _ in range(KILLS):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            wait_until_under_way(process, shell.data, seen[-1] if seen else 0)
            time.sleep(chance.uniform(0, 0.4))  # the moment of the kill: not a wait for anything
            process.send_signal(signal.SIGKILL)
        seen.append(lines_done(shell.data))
    print(f"lines done at each kill: {seen}")
    assert 0 < seen[0] < lines
    done = json.loads(shell.run("import", "cdnow", str(path), "--json").stdout)
    assert done["before"] == seen[-1]
    same = ("lines", "taken", "refused", "totals")
    assert {name: done[name] for name in same} == {name: json.loads(whole.stdout)[name] for name in same}
    assert kept(shell.data) == kept(other.data)
    assert shell.json("stats") == other.json("stats")


def lines_done(data: Path) -> int:
    if not (data / "tidings.db").exists():
        return 0
    try:
        found = rows(data, "SELECT lines FROM imports")
    except sqlite3.OperationalError:  # not migrated yet
        return 0
    return int(found[0][0]) if found else 0


def wait_until_under_way(process: "subprocess.Popen[bytes]", data: Path, before: int) -> None:
    """Wait until a run has done some lines, or is done."""
    deadline = time.monotonic() + 30
    while process.poll() is None and lines_done(data) <= before:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_running_server_does_the_work(server: Running, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    known = log_of(path, 12_000)
    done = server.cli("import", "cdnow", str(path))
    assert (done["taken"], done["done"]) == (12_000, True)
    assert done["totals"] == {"USD": format(total_of(known), "f")}
    figures = server.settled()
    assert (figures["events"], figures["profiles"]) == (12_000, len(known))
    assert server.cli("import", "cdnow", str(path))["before"] == 12_000
    assert server.settled() == figures


def test_a_file_of_the_public_shape_is_exact_to_the_cent(shell: Shell, tmp_path: Path) -> None:
    check_log(shell, tmp_path / "log.txt", 3_000)


@pytest.mark.slow
def test_a_file_of_the_public_size_is_exact_to_the_cent(shell: Shell, tmp_path: Path) -> None:
    check_log(shell, tmp_path / "log.txt", FULL)


def check_log(shell: Shell, path: Path, lines: int) -> None:
    """Import a log and compare every customer with what was written."""
    known = log_of(path, lines)
    begin = time.perf_counter()
    done = shell.json("import", "cdnow", str(path))
    print(f"{lines} lines in {time.perf_counter() - begin:.1f} s")
    assert (done["taken"], done["totals"]) == (lines, {"USD": format(total_of(known), "f")})
    assert figures(shell.data) == known
