"""Tables as CSV that any spreadsheet opens, and in which nobody's name becomes a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

#: What makes a cell a formula to a spreadsheet (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def line(cells: Iterable[Any]) -> str:
    """One line (RFC 4180); None is empty, and text that would be a formula is quoted with an apostrophe."""
    written = io.StringIO()
    csv.writer(written).writerow([_cell(cell) for cell in cells])
    return written.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
