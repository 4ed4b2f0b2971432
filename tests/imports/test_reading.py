"""Lines, delimiters, encodings, and what no file may do to the reader."""

import io

import pytest

from tests.imports.files import read
from tidings.imports import reading
from tidings.imports.model import Row, Unusable
from tidings.imports.reading import LONGEST, Lines, csv_rows, header_of


def rows(text: str | bytes) -> list[Row]:
    lines = Lines(io.BytesIO(text if isinstance(text, bytes) else text.encode()))
    names, delimiter = header_of(lines)
    return list(csv_rows(lines, delimiter, len(names)))


@pytest.mark.parametrize("delimiter", list(reading.DELIMITERS))
def test_the_delimiter_is_what_the_header_uses(delimiter: str) -> None:
    text = delimiter.join(["id", '"a,;|"', "b"]) + "\n" + delimiter.join(["1", "2", "3"])
    assert [row.cells for row in rows(text)] == [["1", "2", "3"]]


def test_one_column_needs_no_delimiter() -> None:
    assert [row.cells for row in rows("email\na@b.example\n")] == [["a@b.example"]]


def test_a_quoted_line_break_is_part_of_its_line_and_numbers_stay_true() -> None:
    found = rows('id,street\r\n1,"Rua 1\r\n2. Stock"\r\n\r\n,\r\n2,x')
    assert [(row.line, row.last, row.cells) for row in found] == [
        (2, 3, ["1", "Rua 1\r\n2. Stock"]),
        (6, 6, ["2", "x"]),
    ]
    assert found[0].text == '1,"Rua 1\r\n2. Stock"\r\n'


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    lines = Lines(io.BytesIO(b"\xef\xbb\xbfid,email\n1,a"))
    assert header_of(lines) == (["id", "email"], ",")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", "column names"),
        (b"\n1,2\n", "column names"),
        ("id,email\n".encode("utf-16"), "UTF-16"),
        (b"id,\xff\n", "UTF-8"),
        (b"id,\0\n", "NUL"),
        (b'id,"email\n1,2\n', "line 1"),
        (b"x" * (LONGEST + 1), "longer than"),
    ],
)
def test_a_header_that_cannot_be_read_is_named(text: bytes, what: str) -> None:
    with pytest.raises(Unusable, match=what):
        header_of(Lines(io.BytesIO(text)))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1\n", "1 values for 2 columns"),
        (b"1,2,3\n", "3 values for 2 columns"),
        (b"1,\xe4\n", "UTF-8"),
        (b"1,\0\n", "NUL"),
        (b'1,"a"b\n', "expected"),
        (b"1," + b"x" * 2 * LONGEST + b"\n", "longer than"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_alone(line: bytes, reason: str) -> None:
    before, bad, after = rows(b"id,b\n1,2\n" + line + b"3,4\n")
    assert (before.fault, after.fault, after.line, after.cells) == ("", "", 4, ["3", "4"])
    assert reason in bad.fault
    assert bad.line == 3


def test_surplus_empty_values_are_nothing() -> None:
    assert [row.cells for row in rows("id,b\n1,2,,\n")] == [["1", "2"]]


def test_a_quotation_mark_that_stays_open_refuses_what_it_swallows_and_no_more() -> None:
    many = "".join(f"{number},x\n" for number in range(100_000))
    found = rows('id,b\n1,"open\n' + many)
    assert found[0].line == 2
    assert "not closed" in found[0].fault
    assert found[1].line == found[0].last + 1
    assert found[0].last < 60_000
    assert found[-1].cells == ["99999", "x"]


def test_an_open_quotation_mark_at_the_end_is_refused() -> None:
    (row,) = rows('id,b\n1,"x\n')
    assert row.fault


def test_no_more_than_a_line_is_read_at_a_time() -> None:
    file = io.BytesIO(b"id\n" + b"1\n" * 10)
    lines = Lines(file)
    header_of(lines)
    found = csv_rows(lines, ",", 1)
    next(found)
    assert file.tell() <= 8


def test_blank_separated_lines() -> None:
    found = read("cdnow", b" 00001 19970101  1   11.77\n\n 00002 19970112  1\n\xff\n")
    assert len(found.events) == 1
    assert found.reasons.keys() == {3, 4}
