"""Tables as CSV: read in whichever dialect and encoding they come, written so that no cell becomes a formula."""

from __future__ import annotations

from textback.sheet.reading import LONGEST_LINE, MOST_LINES, Row, Sheet, SheetError, read
from textback.sheet.writing import guarded, lines, unguarded, written

__all__ = [
    "LONGEST_LINE",
    "MOST_LINES",
    "Row",
    "Sheet",
    "SheetError",
    "guarded",
    "lines",
    "read",
    "unguarded",
    "written",
]
