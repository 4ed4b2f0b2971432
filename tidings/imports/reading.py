"""Reading a file line by line, never more of it than one line's worth at a time.

Implements CSV as RFC 4180 has it, with the delimiters that shops use, and lines of blank separated values.
"""

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

from tidings.imports.model import Row, Rows, Unusable

LONGEST = 256 * 1024  # bytes of a line, with the line breaks that are quoted in it
DELIMITERS = ",;\t|"
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


class Lines:
    """The lines of a file as text; counts them and remembers those of the row that is being read.

    Args:
        file: Read from its beginning, as bytes.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = 0
        self.number = 0  # of the line that was read last
        self.bytes = 0
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self._file.readline(LONGEST + 1)
        if not raw:
            raise StopIteration
        if self.number == 0 and raw.startswith(_BOMS):
            raise Unusable("the file is UTF-16: save it as UTF-8")
        self.number += 1
        self.bytes += len(raw)
        self._size += len(raw)
        text = raw.decode("utf-8-sig" if self.number == 1 else "utf-8", "surrogateescape")
        if self._size > LONGEST:
            self.taken.append(text[:LONGEST])
            self._pass_over(raw)
            raise Unusable(f"the line is longer than {LONGEST // 1024} KiB, or a quotation mark is not closed")
        self.taken.append(text)
        return text

    def begin(self) -> None:
        """Forget the row that was read."""
        self.taken.clear()
        self._size = 0

    def _pass_over(self, raw: bytes) -> None:
        while raw and not raw.endswith(b"\n"):
            raw = self._file.readline(LONGEST)
            self.bytes += len(raw)


def csv_rows(lines: Lines, delimiter: str, width: int) -> Rows:
    """Return the rows behind the header; lines without any value are passed over.

    Args:
        lines: Behind the header.
        delimiter: One of ``DELIMITERS``.
        width: How many columns the header has.
    """
    csv.field_size_limit(LONGEST)  # of the process: the bound of a line is kept by ``Lines``
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        line = lines.number + 1
        fault, cells = "", []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, Unusable) as error:
            fault = str(error)
        if not fault and not any(cell.strip() for cell in cells):
            continue
        text = "".join(lines.taken)
        if not fault:
            while len(cells) > width and not cells[-1].strip():
                cells.pop()
            fault = fault_of(text) or ("" if len(cells) == width else f"{len(cells)} values for {width} columns")
        yield Row(line, lines.number, text, cells, fault)


def blank_separated_rows(lines: Lines) -> Rows:
    """Return lines of values with blanks between them; empty ones are passed over."""
    while True:
        lines.begin()
        try:
            text = next(lines)
        except StopIteration:
            return
        except Unusable as error:
            yield Row(lines.number, lines.number, "".join(lines.taken), fault=str(error))
            continue
        cells = text.split()
        if cells:
            yield Row(lines.number, lines.number, text, cells, fault_of(text))


def fault_of(text: str) -> str:
    """Return why a line is no text, "" where it is.

    Args:
        text: With surrogates in place of bytes that are not UTF-8.
    """
    if "\0" in text:
        return "there is a NUL byte in it"
    if not text.isascii() and _NOT_UTF8.search(text):
        return "it is not UTF-8 (save the file as UTF-8)"
    return ""


def header_of(lines: Lines) -> tuple[list[str], str]:
    """Read the first line and return the names of the columns, and what separates them.

    Args:
        lines: At their beginning.

    Raises:
        Unusable: There is no header that can be read.
    """
    lines.begin()
    first = next(lines, "")
    if not first.strip():
        raise Unusable("the file does not begin with a line of column names")
    if fault := fault_of(first):
        raise Unusable(f"line 1: {fault}")
    delimiter = max(DELIMITERS, key=_bare(first).count)  # the first of those that occur equally often
    try:
        names = next(csv.reader([first], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Unusable(f"line 1: {error}") from None
    return [name.strip() for name in names], delimiter


def _bare(text: str) -> str:
    """Return a line without what is quoted in it."""
    return re.sub(r'"[^"]*"', "", text)
