"""Cells of CSV files that spreadsheets open: what begins like a formula is told from one by an apostrophe before it."""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; ``exact`` returns what it was."""
    return f"'{text}" if _begins_like_a_formula(text) else text


def exact(cell: str) -> str:
    """Return what stands in a cell of a file that was written with ``harmless``."""
    return cell[1:] if cell.startswith("'") and _begins_like_a_formula(cell[1:]) else cell


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as lines of CSV, each cell harmless, in UTF-8; what is no text (a lone surrogate) is escaped."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows([harmless(cell) for cell in row] for row in rows)
    return file.getvalue().encode("utf-8", "backslashreplace")


def _begins_like_a_formula(text: str) -> bool:
    return text.lstrip("'").startswith(_FORMULA)  # also behind apostrophes, or ``exact`` would take one too many
