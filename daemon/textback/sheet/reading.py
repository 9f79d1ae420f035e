"""Tables as CSV, read in whichever dialect and encoding they come."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from textback.sheet.encoding import STRANGE, encoding_of
from textback.sheet.writing import unguarded

#: Characters of one line, and lines of one row (a cell in quotes may hold some); more is no table.
LONGEST_LINE, MOST_LINES = 65_536, 200
#: Rows by which the dialect is told.
_ROWS = 20
_DELIMITERS = ",;\t|"
_SEP = re.compile(r"sep=(.)\s*", re.IGNORECASE)


class SheetError(Exception):
    """What was given is no table; the message says why, and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row, which begins on ``line``, from 1; ``cells`` is empty, and ``mistake`` says why, if it cannot be read."""

    line: int
    cells: tuple[str, ...]
    mistake: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that is being read: its headings, and the rows below, one by one."""

    headings: tuple[str, ...]
    rows: Iterator[Row]


def read(
    stream: BinaryIO, is_heading: Callable[[str], bool], on_bytes: Callable[[int], None] = lambda count: None
) -> Sheet:
    """Read a table from a file that can be read twice; ``is_heading`` knows what may stand above a column.

    Delimiters are told from each other by the headings; UTF-8, UTF-16 and Windows-1252 by the bytes. ``on_bytes`` hears
    how many were read. Raises ``SheetError``.
    """
    encoding = encoding_of(stream)
    stream.seek(0)
    counted: Any = _Counted(stream, on_bytes)
    text = io.TextIOWrapper(io.BufferedReader(counted), encoding, STRANGE, newline="")
    lines = _Lines(text)
    told = lines.peek(_ROWS)
    sep = _SEP.fullmatch(told[0]) if told else None
    if sep:
        next(lines)
    delimiter = sep[1] if sep else _delimiter_of(told, is_heading)
    rows = _rows(lines, delimiter, at=2 if sep else 1)
    first = next(rows, None)
    if first is None:
        raise SheetError("there is nothing in it")
    if first.mistake:
        raise SheetError(f"the headings cannot be read: {first.mistake}")
    return Sheet(tuple(cell.strip() for cell in first.cells), rows)


class _Counted(io.RawIOBase):
    """Tells how many bytes were read."""

    def __init__(self, stream: BinaryIO, on_bytes: Callable[[int], None]) -> None:
        self._stream, self._on_bytes = stream, on_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._stream.read(len(buffer))
        buffer[: len(read)] = read
        self._on_bytes(len(read))
        return len(read)


class _Lines:
    """The lines of a file, which can be given back; one that is too long comes cut."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._waiting: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._read()
        if not line:
            raise StopIteration
        return line

    def peek(self, count: int) -> list[str]:
        """The next lines, which stay."""
        self.give_back(list(islice(self, count)))
        return list(self._waiting)[:count]

    def give_back(self, lines: Sequence[str]) -> None:
        self._waiting.extendleft(reversed(lines))

    def _read(self) -> str:
        line = more = self._text.readline(LONGEST_LINE)
        while len(more) == LONGEST_LINE and not more.endswith(("\n", "\r")):
            more = self._text.readline(LONGEST_LINE)
        return line


def _rows(lines: _Lines, delimiter: str, at: int) -> Iterator[Row]:
    """Each row; where one cannot be read, the next line begins the next one, so that one quote spoils one row."""
    while True:
        taken: list[str] = []
        mistake = None
        try:
            cells = next(csv.reader(_noted(lines, taken), delimiter=delimiter, strict=True), None)
        except (csv.Error, _TooLong) as error:
            cells, mistake = [], _mistake(error)
            lines.give_back(taken[1:])
            del taken[1:]
        if cells is None:
            return
        if mistake or any(cell.strip() for cell in cells):
            yield Row(at, tuple(map(unguarded, cells)), mistake)
        at += len(taken)


class _TooLong(Exception):
    """A row goes on for longer than any table's."""


def _noted(lines: _Lines, taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        if len(line) >= LONGEST_LINE:
            raise _TooLong("a line is too long")
        if len(taken) > MOST_LINES:
            raise _TooLong("a quote is not closed")
        yield line


def _mistake(error: Exception) -> str:
    if isinstance(error, _TooLong):
        return str(error)
    return "a quote is not closed" if "end of data" in str(error) else "its quotes are not in order"


def _delimiter_of(lines: Sequence[str], is_heading: Callable[[str], bool]) -> str:
    """What tells most headings apart, else makes most columns, the same in all of the first rows."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            return 0, 0
        width = len(rows[0]) if rows else 0
        known = sum(map(is_heading, rows[0])) if rows else 0
        return known, width * sum(len(row) == width for row in rows)

    return max(_DELIMITERS, key=score)
