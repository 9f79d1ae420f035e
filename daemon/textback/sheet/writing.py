"""Tables as CSV, written so that no cell becomes a formula."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

#: Characters of a table that are written at once.
_PIECE = 65_536
_NUMBER = re.compile(r"\+[0-9]{7,15}")  # E.164
# What a spreadsheet takes for a formula, or leads up to one (https://owasp.org/www-community/attacks/CSV_Injection);
# an apostrophe before it makes it text, and so many of them as there were before, and one more, tell what was there.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def written(headings: Sequence[str], rows: Iterable[Sequence[object]], bom: bool = True) -> Iterator[bytes]:
    """A table as CSV in UTF-8, piece by piece; with a ``bom``, without which spreadsheets take it for another one."""
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(map(guarded, headings))
    yield codecs.BOM_UTF8 if bom else b""
    for row in rows:
        if page.tell() > _PIECE:
            yield _taken(page)
        writer.writerow(map(_cell, row))
    yield _taken(page)


def lines(rows: Iterable[Sequence[object]]) -> str:
    """Some rows of a table, for one that is written bit by bit."""
    page = io.StringIO()
    csv.writer(page).writerows(map(_cell, row) for row in rows)
    return page.getvalue()


def guarded(cell: str) -> str:
    """The cell as text where a spreadsheet would take it for a formula; a telephone number is none."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _cell(value: object) -> str:
    return guarded("" if value is None else str(value))


def unguarded(cell: str) -> str:
    """What was guarded, as it was."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell, 1) else cell


def _taken(page: io.StringIO) -> bytes:
    said = page.getvalue().encode("utf-8", "replace")
    page.seek(0)
    page.truncate()
    return said
