"""tidings suppression, and that a list goes out and comes back."""

import csv
from pathlib import Path

from tests.cli.commands import Shell


def addresses(shell: Shell, *options: str) -> list[tuple[str, str]]:
    return [(one["address"], one["type"]) for one in shell.json("suppression", "list", *options)]


def test_a_suppression_is_added_shown_and_lifted(shell: Shell) -> None:
    assert shell.text("suppression", "add", "Ana@Shop.example", "--reason", "asked").startswith(
        "ana@shop.example suppressed"
    )
    assert shell.json("suppression", "add", "ana@shop.example", "--reason", "asked again")["changed"] is False
    assert shell.json("suppression", "add", "+49 151 123456", "--type", "hard_bounce")["address"] == "+49151123456"
    assert addresses(shell) == [("ana@shop.example", "manually_suppressed"), ("+49151123456", "hard_bounce")]
    assert addresses(shell, "--channel", "sms", "--search", "0049 151") == [("+49151123456", "hard_bounce")]
    assert "asked again" in shell.text("suppression", "list", "--search", "ana")
    assert shell.json("suppression", "lift", "ana@shop.example", "--reason", "a mistake")["changed"] is True
    assert shell.json("suppression", "lift", "ana@shop.example", "--reason", "a mistake")["changed"] is False
    assert addresses(shell, "--lifted") == [("ana@shop.example", "manually_suppressed")]
    assert addresses(shell, "--limit", "1") == [("+49151123456", "hard_bounce")]


def test_what_cannot_be_done(shell: Shell) -> None:
    shell.text("suppression", "add", "ana@shop.example", "--type", "unsubscribed")
    assert "not an email address" in shell.error("suppression", "add", "a@b")
    assert "phone number" in shell.error("suppression", "add", "nobody")
    assert "pending_opt_in" in shell.error("suppression", "add", "a@b.example", "--type", "pending_opt_in")
    assert "unsubscribed" in shell.error(
        "suppression", "lift", "ana@shop.example", "--type", "unsubscribed", "--reason", "x"
    )
    assert "--reason" in shell.error("suppression", "lift", "ana@shop.example")
    assert "say why" in shell.error("suppression", "lift", "ana@shop.example", "--reason", " ")


def test_another_workspace_is_another_list(shell: Shell) -> None:
    shell.text("workspace", "create", "other")
    shell.text("suppression", "add", "ana@shop.example")
    assert addresses(shell, "--workspace", "other") == []
    assert "no workspace" in shell.error("suppression", "list", "--workspace", "third")


def test_a_list_is_imported_once(shell: Shell, tmp_path: Path) -> None:
    path, report = tmp_path / "list.csv", tmp_path / "refused.csv"
    path.write_text("email,type\nana@shop.example,hard bounce\nnot an address,\nbob@shop.example,\n")
    done = shell.run("suppression", "import", str(path), "--report", str(report), "--reason", "old shop")
    assert done.exit_code == 3, done.output
    assert "2 added, 0 suppressed before, 1 refused" in done.stdout
    assert "line 3:" in done.stdout
    with report.open(newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["line", "3"]
    assert addresses(shell) == [("ana@shop.example", "hard_bounce"), ("bob@shop.example", "unsubscribed")]
    before = shell.json("suppression", "list")
    events = shell.json("stats")["events"]
    assert events == 2
    again = shell.run("suppression", "import", str(path))
    assert "0 added, 2 suppressed before, 1 refused" in again.stdout
    assert shell.json("suppression", "list") == before
    assert shell.json("stats")["events"] == events
    assert "names the file itself" in shell.error("suppression", "import", str(path), "--report", str(path))
    path.write_bytes("ana@shop.example".encode("utf-16"))
    assert "UTF-16" in shell.error("suppression", "import", str(path))


def test_a_list_goes_out_and_comes_back(shell: Shell, tmp_path: Path) -> None:
    shell.text("suppression", "add", "=1+1@shop.example", "--reason", "@SUM(A1)")
    shell.text("suppression", "add", "+49151123456", "--type", "hard_bounce")
    path = tmp_path / "out.csv"
    assert shell.json("suppression", "export", "--output", str(path))["suppressions"] == 2
    assert "is there already" in shell.error("suppression", "export", "--output", str(path))
    text = path.read_text()
    assert "'=1+1@shop.example" in text
    assert "'+49151123456" in text
    assert "'@SUM(A1)" in text
    assert shell.text("suppression", "export").splitlines() == text.splitlines()
    shell.text("workspace", "create", "other")
    assert shell.run("suppression", "import", str(path), "--workspace", "other").exit_code == 0
    ours, theirs = (shell.json("suppression", "list", "--workspace", name) for name in ("default", "other"))
    kept = ("channel", "address", "type", "active", "reason")
    assert [[one[name] for name in kept] for one in ours] == [[one[name] for name in kept] for one in theirs]


def test_ten_thousand_addresses(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "many.txt"
    path.write_text("".join(f"customer-{number}@shop.example\n" for number in range(10_000)))
    done = shell.run("suppression", "import", str(path), "--json")
    assert (done.exit_code, '"added": 10000' in done.stdout) == (0, True), done.output
    assert shell.json("stats")["events"] == 10_000
