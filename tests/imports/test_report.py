"""The file of refused lines: harmless to open, and never in place of something else."""

import csv
import stat
from pathlib import Path

import pytest

from tidings.imports.model import Refused
from tidings.imports.report import Occupied, Report

HOSTILE = ["=cmd|'/c calc'!A1", "+1", "-1", "@x", "\t=1", "\r=1"]


def test_no_cell_is_a_formula_and_lines_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "refused.csv"
    with Report(path) as report:
        report.add([Refused(number, text, text) for number, text in enumerate(HOSTILE, 2)])
        report.add([Refused(9, 'a "b"', '1,"x\ny"\r\n'), Refused(10, "not UTF-8", "a\udcff")])
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = list(csv.reader(file))
    assert head == ["line", "reason", "text"]
    assert [row[1:] for row in rows[:6]] == [[f"'{text}", f"'{text}".rstrip("\r\n")] for text in HOSTILE]
    assert rows[6:] == [["9", 'a "b"', '1,"x\ny"'], ["10", "not UTF-8", "a\\udcff"]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_report_is_written_anew_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "refused.csv"
    for _ in range(2):
        with Report(path) as report:
            report.add([Refused(2, "a", "b")])
    assert len(path.read_text().splitlines()) == 2
    other = tmp_path / "customers.csv"
    other.write_text("id,email\n")
    with pytest.raises(Occupied, match="another name"):
        Report(other)
    assert other.read_text() == "id,email\n"
