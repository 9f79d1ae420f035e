"""Asterisk's queue_log, from its files or from its realtime table: what happened to each caller in each queue."""

from __future__ import annotations

import logging
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

#: verbs of app_queue (and of dialplans that write their own) that tell something of a caller,
#: with the number of data that each has at least: a line with fewer is torn
TELLING = {
    "ENTERQUEUE": 3,  # url, caller's number, position
    "CONNECT": 1,  # hold time, Uniqueid of the agent's leg, ring time
    "ABANDON": 3,  # position, first position, hold time
    "EXITEMPTY": 0,
    "EXITWITHTIMEOUT": 0,
    "EXITWITHKEY": 1,  # key, position, first position, hold time
    "WITHDRAW": 0,
    "COMPLETEAGENT": 1,
    "COMPLETECALLER": 1,
    "BLINDTRANSFER": 0,
    "ATTENDEDTRANSFER": 0,
    "TRANSFER": 0,
    "SYSCOMPAT": 0,
    "DID": 0,
    "FULL": 0,
    "JOINEMPTY": 0,
    "JOINUNAVAIL": 0,
    "LEAVEEMPTY": 0,
    "LEAVEUNAVAIL": 0,
    "QUEUESTART": 0,
}
#: verbs that tell of agents and of the queue itself
SILENT = frozenset(
    "RINGNOANSWER RINGCANCELED AGENTDUMP CONFIGRELOAD ADDMEMBER REMOVEMEMBER PAUSE UNPAUSE PAUSEALL UNPAUSEALL "
    "PENALTY RINGINUSE HOLD UNHOLD INFO AGENTLOGIN AGENTLOGOFF AGENTCALLBACKLOGIN AGENTCALLBACKLOGOFF PAUSEREASON "
    "MEMBERSTATUS CALLSTATUS URL HANGUP TRANSFERFAILED".split()
)
#: bytes of a caller's number at most: as far as it goes it can forge lines (chan_pjsip cuts it there)
_LONGEST_NUMBER = 79
#: a pipe, and a digit
_LEAST_END = 2
#: lines behind that of a number at most which it can hold, with a time each, and its own
_TO_FORGE = 9
#: seconds by which a clock that is set may put lines that follow each other out of order
_ASTRAY = 2.0
_OLDEST, _NEWEST = 9, 11  # digits of an epoch second


class QueueLine(NamedTuple):
    """One line; ``at`` in epoch seconds, ``call`` the Uniqueid.

    ``doubt``: the count of the ENTERQUEUE, of another call, whose number may hold this line, as it follows closely; 0
    if none can.
    """

    at: float
    call: str
    queue: str
    agent: str
    verb: str
    data: tuple[str, ...]
    doubt: int = 0


class QueueLog:
    """Reads one queue_log; ``faults`` counts what could not be used, by kind, and each kind is logged once."""

    def __init__(self, source: str, timezone: str | None = None) -> None:
        """``source``: a path, or the URL of the database with the table; ``timezone``: of the table's times."""
        self.source = source
        self.faults: Counter[str] = Counter()
        self._timezone = timezone
        self._forged = 0
        #: how much of a number may follow still, after what looked like the end of its line; and whose it is
        self._room, self._entered, self._whose = 0, 0, ""

    def size(self, since: float = 0.0) -> int | None:
        """How many bytes ``read`` goes through; None if that cannot be told. Raises ``RecordsError``."""
        return None if is_url(self.source) else rotated.size(self._files(since))

    def read(self, since: float = 0.0, on_bytes: rotated.Progress = rotated.nothing) -> Iterator[QueueLine]:
        """The lines of ``since`` (epoch seconds) or later that tell of callers, and some earlier ones.

        Raises ``RecordsError`` if there is no such file, ``OSError`` if it cannot be read.
        """
        if is_url(self.source):
            yield from self._read_table(since)
            return
        for file in self._files(since):
            self._forged = self._room = 0
            yield from self._in_time(self._told(_since(rotated.lines(file, since, stamp, on_bytes), since)))

    def _files(self, since: float) -> list[Path]:
        return rotated.siblings(Path(self.source), since, stamp)

    def _told(self, lines: Iterable[str]) -> Iterator[tuple[QueueLine, bool]]:
        """The lines that tell of callers, and whether a number may hold each."""
        for line in lines:
            found, is_doubted = self._read_line(line), self._may_be_forged(line)
            if found:
                is_others = is_doubted and found.call != self._whose
                self._note(found)
                yield found._replace(doubt=self._entered) if is_others else found, is_doubted

    def _in_time(self, told: Iterable[tuple[QueueLine, bool]]) -> Iterator[QueueLine]:
        """Without lines that a number holds and that are of another time than the true ones around them.

        Whoever reads on would take it for the time, and what comes later for too late.
        """
        before, held = 0.0, list[QueueLine]()
        for line, is_doubted in told:
            if is_doubted:
                held.append(line)
                continue
            yield from (one for one in held if self._is_between(before, one, line.at))
            held.clear()
            before = line.at
            yield line
        yield from (one for one in held if self._is_between(before, one, float("inf")))

    def _is_between(self, before: float, line: QueueLine, after: float) -> bool:
        if before - _ASTRAY <= line.at <= after + _ASTRAY:
            return True
        self._fault("forged")
        return False

    def _read_line(self, line: str) -> QueueLine | None:
        if self._forged > 0:
            self._forged -= len(line) + 1
            return self._fault("forged")
        parts = line.split("|")
        if len(parts) < 5 or not _is_stamp(parts[0]):
            return self._fault("torn") if line.strip() else None
        verb, place = parts[4], 4
        if verb not in TELLING:
            if verb in SILENT:
                return None
            place = _place_of_verb(parts)
            if not place:
                return self._fault("unknown verb" if verb.isupper() and verb.isalpha() else "torn")
            verb = parts[place]
        data = tuple(parts[place + 1 :])
        if len(data) < TELLING[verb]:
            if verb != "ENTERQUEUE" or not data:
                return self._fault("torn")
            # A caller's number may hold a line end, and with it whole lines: drop what it can have forged.
            self._forged = _LONGEST_NUMBER - len(data[-1]) - 1
            data = (data[0], (data[1] if len(data) > 1 else "") + "\n", "")
        return QueueLine(float(parts[0]), parts[1], parts[2], "|".join(parts[3:place]), verb, data)

    def _note(self, line: QueueLine) -> None:
        """A number may begin like the rest of its own line, and have a line about somebody else behind that."""
        if line.verb == "ENTERQUEUE":
            self._entered, self._whose = self._entered + 1, line.call
            self._room = max(0, _LONGEST_NUMBER - len("|".join(line.data[1:])) - 1)

    def _may_be_forged(self, line: str) -> bool:
        """Whether a number may hold the line, all but its end, where the position of who joined would stand."""
        fits = 0 < len(line) - _LEAST_END <= self._room
        self._room = self._room - len(line) - 1 if fits else 0
        return fits

    def _read_table(self, since: float) -> Iterator[QueueLine]:
        clock = LocalTime(self._timezone)
        table = RecordTable(self.source, "queue_log", ("time", "eventdate", "created"))
        for row in table.rows(since):
            found = self._read_row(row, clock)
            if found:
                yield found

    def _read_row(self, row: RowMapping, clock: LocalTime) -> QueueLine | None:
        named = RecordTable.named
        verb, call = text(named(row, "event", "verb")), text(named(row, "callid", "call"))
        if verb not in TELLING:
            return None if verb in SILENT else self._fault("unknown verb")
        at = _time(named(row, "time", "eventdate", "created"), call if verb == "ENTERQUEUE" else "", clock)
        if at is None:
            return self._fault("torn")
        data = _data(row)
        if len(data) < TELLING[verb]:
            return self._fault("torn")
        return QueueLine(at, call, text(named(row, "queuename", "queue")), text(named(row, "agent")), verb, data)

    def _fault(self, kind: str) -> QueueLine | None:
        """Passes over a line; what stands in it may be a person's number, and is not told."""
        self.faults[kind] += 1
        if self.faults[kind] == 1:
            log.warning("%s: a line is passed over (%s)", where(self.source, "queue_log"), kind)
        return None


def _since(lines: Iterable[str], since: float) -> Iterator[str]:
    """Without the lines of before, of which a busy PBX writes many, but for those that tell what may be forged."""
    passed: deque[str] = deque(maxlen=_TO_FORGE)
    for line in lines:
        at = stamp(line)
        if at is not None and at < since:
            passed.append(line)
            continue
        yield from passed
        passed.clear()
        yield line


def stamp(line: str) -> float | None:
    """The time of a line in epoch seconds."""
    head = line[: _NEWEST + 1].partition("|")
    return float(head[0]) if head[1] and _is_stamp(head[0]) else None


def _is_stamp(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and _OLDEST <= len(digits) <= _NEWEST


def _place_of_verb(parts: list[str]) -> int:
    """Names of queues and agents may hold pipes: the verb is the first known word; 0 if there is none."""
    known = (place for place in range(5, len(parts)) if parts[place] in TELLING)
    return next(known, 0)


def _data(row: RowMapping) -> tuple[str, ...]:
    """``data1`` to ``data5``, up to the last that says something, else ``data`` with its pipes."""
    if "data1" not in row:
        return tuple(text(row.get("data")).split("|"))
    values = [text(row.get(f"data{number}")) for number in range(1, 6)]
    while len(values) > 3 and not values[-1]:
        values.pop()
    return tuple(values)


def _time(value: object, call: str, clock: LocalTime) -> float | None:
    try:
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, datetime):
            return clock.epoch(value, call)
        return float(text(value)) if _is_stamp(text(value)[:10]) else clock.epoch(text(value), call)
    except ValueError:
        return None
