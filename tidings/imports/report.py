"""The lines that were refused, as a file that a spreadsheet can open without harm."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tidings.imports.model import Refused
from tidings.kit.cells import harmless

HEADER = ("line", "reason", "text")


class Occupied(Exception):  # noqa: N818
    """There is another file of this name."""


class Report:
    """A file of refused lines: number, reason, and the line as it stands in the file.

    Args:
        path: A new file, or a report that is written anew.

    Raises:
        Occupied: There is something else.
        OSError: It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        if path.exists() and not _is_report(path):
            raise Occupied(f"{path} is there already and is no report of an import: choose another name")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(HEADER)

    def add(self, refused: Sequence[Refused]) -> None:
        """Write down lines."""
        for one in refused:
            self._rows.writerow((one.line, harmless(one.reason), harmless(one.text.rstrip("\r\n"))))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _is_report(path: Path) -> bool:
    beginning = ",".join(HEADER).encode()
    with path.open("rb") as file:
        return path.is_file() and file.read(len(beginning)) == beginning
