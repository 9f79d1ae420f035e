"""Asterisk's call detail records, from cdr_csv's Master.csv or from a table: a row for each pair of legs in a call."""

from __future__ import annotations

import logging
import math
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import RowMapping

from textback.pbx.records import rotated
from textback.pbx.records.local_time import LocalTime
from textback.pbx.records.record_table import RecordTable, is_url, text, where

log = logging.getLogger(__name__)

#: the columns of cdr_csv up to the first optional one
FIXED = 16
#: what may follow: uniqueid, userfield (each if configured), then peeraccount, linkedid, sequence (newcdrcolumns)
_MOST = FIXED + 5
#: cdr_csv quotes every text and doubles the quotes in it: what a caller writes can never look like this
_FIELD = r'(?:"(?:[^"]|"")*"|\d*)'
_ROW = re.compile(rf"{_FIELD}(?:,{_FIELD}){{{FIXED - 1},{_MOST - 1}}}")
_SPLIT = re.compile(r'"((?:[^"]|"")*)"(?:,|$)|(\d*)(?:,|$)')
_UNIQUEID = re.compile(r"(?:[^\s,]*-)?\d{9,11}\.\d+")
#: the values of CALLERID(pres), alone or among other words; the last is one that others use, too
_PRESENTATION = re.compile(r"(?<!\w)(?:allowed|prohib)(?:_(?:not|passed|failed)_screen(?:ed)?)?(?!\w)|\Aunavailable\Z")
_TIMES = re.compile(r'"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"')
#: lines that a row may be broken over, when a caller's number holds line ends
_PIECES = 80
#: seconds; the wall clock by which a place in a file is found may be so far from UTC
_ANY_ZONE = 15 * 3600.0
#: seconds; the times of a row and its duration differ by less, if no clock was changed
_CHANGE = 60.0
#: rows of one call lie so close together in the file
_TOGETHER = 64


class CdrRow(NamedTuple):
    """One row; times in epoch seconds. ``told_at``: by when it was written, as far as its neighbours tell.

    ``presentation``: CALLERID(pres), if the dialplan has written it into the userfield; nothing else in a row tells
    that the number is hidden.
    """

    uniqueid: str
    linkedid: str
    channel: str
    dstchannel: str
    src: str
    clid: str
    dst: str
    did: str
    dcontext: str
    lastapp: str
    lastdata: str
    start: float
    answer: float | None
    end: float
    disposition: str
    told_at: float = 0.0
    presentation: str = ""

    @property
    def is_hidden(self) -> bool:
        """Whether the caller hides the number, which stands in the row all the same."""
        return bool(self.presentation) and not self.presentation.startswith("allowed")


class Cdr:
    """Reads one record of calls; ``faults`` counts what could not be used, by kind, and each kind is logged once."""

    def __init__(self, source: str, timezone: str | None = None) -> None:
        """``source``: a path, or the URL of the database with the table ``cdr``; ``timezone``: of its times.

        Without a zone the Uniqueids tell it (``LocalTime``).
        """
        self.source = source
        self.faults: Counter[str] = Counter()
        self._clock = LocalTime(timezone)

    def size(self, since: float = 0.0) -> int | None:
        """How many bytes ``read`` goes through; None if that cannot be told. Raises ``RecordsError``."""
        return None if is_url(self.source) else rotated.size(self._files(since))

    def read(self, since: float = 0.0, on_bytes: rotated.Progress = rotated.nothing) -> Iterator[CdrRow]:
        """The rows written at ``since`` (epoch seconds) or later, and some earlier ones, in the order of the record.

        Raises ``RecordsError`` if there is no such file or table, ``OSError`` if a file cannot be read.
        """
        if is_url(self.source):
            yield from self._read_table(since)
            return
        yield from (row for row in _told(self._read_files(since, on_bytes)) if row.told_at >= since)

    def _files(self, since: float) -> list[Path]:
        return rotated.siblings(Path(self.source), since - _ANY_ZONE, stamp)

    def _read_files(self, since: float, on_bytes: rotated.Progress) -> Iterator[CdrRow]:
        for file in self._files(since):
            for line in self._whole(rotated.lines(file, since - _ANY_ZONE, stamp, on_bytes)):
                found = self._read_line(line)
                if found:
                    yield found

    def _whole(self, lines: Iterable[str]) -> Iterator[str]:
        """The rows, put together where one is broken over several lines; what makes no row is passed over."""
        pieces: deque[str] = deque()
        for line in lines:
            line = line.rstrip("\r")
            if _ROW.fullmatch(line):
                self._drop(pieces)
                yield line
            elif pieces or line.startswith('"'):
                pieces.append(line)
                whole = "\n".join(pieces)
                if _ROW.fullmatch(whole):
                    pieces.clear()
                    yield whole
                elif len(pieces) > _PIECES:
                    self._drop(pieces)
            elif line:
                self._fault("torn")
        self._drop(pieces)

    def _drop(self, pieces: deque[str]) -> None:
        if pieces:
            pieces.clear()
            self._fault("torn")

    def _read_line(self, line: str) -> CdrRow | None:
        fields = [quoted.replace('""', '"') or bare for quoted, bare in _SPLIT.findall(line)]
        uniqueid, linkedid = _ids(fields[FIXED:])
        if not uniqueid:
            return self._fault("no uniqueid (cdr.conf wants loguniqueid = yes)")
        _, src, dst, context, clid, channel, dstchannel, app, data, start, answer, end = fields[:12]
        try:
            began = self._clock.epoch(start, uniqueid)
            ended = began + max(0.0, _between(start, end))
            answered = began + max(0.0, _between(start, answer)) if answer else None
            duration = _seconds(fields[12])
        except ValueError:
            return self._fault("torn")
        if abs(ended - began - duration) > _CHANGE:  # daylight saving began or ended meanwhile
            ended, answered = began + duration, began if answer else None
        return CdrRow(
            uniqueid, linkedid, channel, dstchannel, src, clid, dst, "", context, app, data,
            began, answered, ended, fields[14].upper(), presentation=_presentation(*fields[FIXED:]),
        )  # fmt: skip

    def _read_table(self, since: float) -> Iterator[CdrRow]:
        for row in RecordTable(self.source, "cdr", ("calldate", "start")).rows(since):
            found = self._read_row(row)
            if found:
                yield found

    def _read_row(self, row: RowMapping) -> CdrRow | None:
        named = RecordTable.named
        uniqueid = text(named(row, "uniqueid"))
        if not _UNIQUEID.fullmatch(uniqueid):
            return self._fault("no uniqueid")
        try:
            start = self._clock.epoch(_moment(named(row, "calldate", "start")), uniqueid)
            duration, talked = _seconds(named(row, "duration")), _seconds(named(row, "billsec"))
        except ValueError:
            return self._fault("torn")
        disposition = text(named(row, "disposition")).upper()
        words = (text(named(row, name)) for name in ("src", "clid", "dst", "did", "dcontext", "lastapp", "lastdata"))
        src, clid, dst, did, context, app, data = words
        return CdrRow(
            uniqueid, text(named(row, "linkedid")), text(named(row, "channel")), text(named(row, "dstchannel")),
            src, clid, dst, did, context, app, data,
            start, start + duration - talked if talked or disposition == "ANSWERED" else None, start + duration,
            disposition, start, _presentation(text(named(row, "userfield"))),
        )  # fmt: skip

    def _fault(self, kind: str) -> CdrRow | None:
        """Passes over a row; what stands in it may be a person's number, and is not told."""
        self.faults[kind] += 1
        if self.faults[kind] == 1:
            log.warning("%s: a row is passed over (%s)", where(self.source, "cdr"), kind)
        return None


def _told(rows: Iterable[CdrRow]) -> Iterator[CdrRow]:
    """The rows with the time at which they were written: all of one channel together, when it hung up."""
    ahead: deque[CdrRow] = deque()
    latest = 0.0

    def first() -> CdrRow:
        nonlocal latest
        row = ahead.popleft()
        latest = max([latest, row.end, *(other.end for other in ahead if other.uniqueid == row.uniqueid)])
        return row._replace(told_at=latest)

    for row in rows:
        ahead.append(row)
        if len(ahead) > _TOGETHER:
            yield first()
    while ahead:
        yield first()


def stamp(line: str) -> float | None:
    """The time of a row, in the seconds of its own wall clock taken for UTC: good enough to find a place."""
    times = _TIMES.findall(line)
    if not times:
        return None
    try:
        return datetime.fromisoformat(f"{times[-1]}+00:00").timestamp()
    except ValueError:
        return None


def _ids(optional: list[str]) -> tuple[str, str]:
    """Uniqueid and Linkedid among the columns that cdr.conf may leave out, told by what they look like."""
    found = [value for value in optional if _UNIQUEID.fullmatch(value)]
    return (found[0], found[-1] if len(found) > 1 else "") if found else ("", "")


def _presentation(*optional: str) -> str:
    """What the userfield, one of the columns that may be there, says of the number (func_callerid.c)."""
    return next((found[0] for value in optional if (found := _PRESENTATION.search(value))), "")


def _between(start: str, end: str) -> float:
    """Seconds; raises ``ValueError`` for what are no two times of one wall clock."""
    began, ended = datetime.fromisoformat(start), datetime.fromisoformat(end)
    if (began.tzinfo is None) != (ended.tzinfo is None):
        raise ValueError("two times that cannot be compared")
    return (ended - began).total_seconds()


def _moment(value: object) -> str | datetime:
    return value if isinstance(value, datetime) else text(value)


def _seconds(value: object) -> float:
    """Raises ``ValueError`` for what is no number, or no time that passes."""
    seconds = float(text(value) or 0)
    if not math.isfinite(seconds):
        raise ValueError("an endless call")
    return max(0.0, seconds)
