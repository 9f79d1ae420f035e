"""CSV: a cell stays one cell, a row one row, whatever somebody is called; and what is no table is said to be none."""

from __future__ import annotations

import csv
import io

from tests.fuzz.bites import Bites, packed
from textback.sheet import SheetError, guarded, read, written

_HEADINGS = ("number", "first_name", "last_name")
#: a row that is longer is none (sheet.reading), and these cells are shorter
_LONGEST = 250


def one(data: bytes) -> None:
    """Any file, or names in an honest one."""
    bites = Bites(data)
    if bites.number(2):
        _anything(bites.rest())
        return
    rows = [tuple(_cell(bites.some(_LONGEST)) for _ in _HEADINGS) for _ in range(bites.number(4) + 1)]
    _round(rows)


def _anything(file: bytes) -> None:
    try:
        sheet = read(io.BytesIO(file), lambda name: name.strip().lower() in _HEADINGS)
        rows = list(sheet.rows)
    except SheetError as wrong:
        assert str(wrong)
        return
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines)) and all(row.cells or row.mistake for row in rows)
    assert len(rows) <= file.count(b"\n") + file.count(b"\r") + 1


def _round(rows: list[tuple[str, ...]]) -> None:
    file = b"".join(written(_HEADINGS, rows))
    sheet = read(io.BytesIO(file), lambda name: name in _HEADINGS)
    assert sheet.headings == _HEADINGS
    found = [row.cells for row in sheet.rows]
    assert found == [row for row in rows if any(cell.strip() for cell in map(guarded, row))], (file, found)
    for cells in csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in cells), cells


def _cell(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def seeds() -> list[bytes]:
    """Names that are formulas, quotes and line ends; tables in several dialects and encodings."""
    cells = [b"=1+1", b"'=x", b'a"b', b"a\nb", b"a\r\nb", b"\r", b"a,b;c\td|e", b"\0", b"", b" ", b"\xef\xbb\xbf"]
    cells.append("é🙂".encode())
    made = [packed(0, first, second, b"x") for first in cells for second in cells]
    tables = ["number,first_name\n+1,Ann\n", "sep=;\r\nnumber;first_name\r\n+1;Ann\r\n", 'number\n"open', '"a""b",c\n']
    encoded = [table.encode(kind) for table in tables for kind in ("utf-8", "utf-16", "utf-8-sig", "cp1252")]
    return made + [packed(1) + table for table in encoded]


WORDS = [
    b"\n", b"\r\n", b"\r", b'"', b'""', b",", b";", b"\t", b"|", b"sep=;\n", b"'", b"=", b"\xff\xfe", b"\xfe\xff",
    b"\xef\xbb\xbf", b"\0", b"number", b"first_name", "\u2028".encode(), b"\x1c", b"\x85",
]  # fmt: skip
