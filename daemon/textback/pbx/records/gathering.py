"""Puts the lines and rows of one call together while they go by, and lets go of the call when nothing can follow."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator

from textback.pbx.records.call_record import COMPLETED, GAVE_UP, SLACK, THROWN_OUT, TRANSFERRED, CallRecord
from textback.pbx.records.cdr import CdrRow
from textback.pbx.records.queue_log import QueueLine

#: seconds after the last row of a call, or after its end in queue_log where there is no CDR
GRACE = 30.0
#: seconds that a row may be written after the caller hung up on a queue
LATE = 300.0
#: seconds that a call may go on after what was told last
LONGEST = 4 * 3600.0
#: seconds that the true lines of a call may take to follow on one that may be forged; less than a backtest looks back
DOUBTED = 1800.0
#: seconds that a caller may wait in a queue
LONGEST_WAIT = 12 * 3600.0


class Gathering:
    """The calls that go by, in two streams; memory is bounded by what a PBX has on the line in some hours."""

    def __init__(self, has_cdr: bool) -> None:
        self._has_cdr = has_cdr
        #: the records of Local channels, by channel name
        self.legs: dict[str, CallRecord] = {}
        self._open: dict[str, CallRecord] = {}
        self._due: dict[str, float] = {}
        self._agenda: list[tuple[float, str]] = []
        #: until when a call that is complete is remembered, its id, and its Local channels
        self._fading: deque[tuple[float, str, tuple[str, ...]]] = deque()
        self._done: set[str] = set()

    def gather(self, lines: Iterable[QueueLine], rows: Iterable[CdrRow]) -> Iterator[CallRecord]:
        """Each call once, when it is complete, in about the order in which they ended."""
        streams: tuple[Iterable[QueueLine | CdrRow], ...] = (lines, rows)
        for item in heapq.merge(*streams, key=_moment) if self._has_cdr else streams[0]:
            at = _moment(item)
            if self._agenda and self._agenda[0][0] < at:
                yield from self._complete(at)
            if isinstance(item, QueueLine):
                self._take_line(item)
            else:
                self._take_row(item)
        yield from self._complete(float("inf"))

    def _take_line(self, line: QueueLine) -> None:
        if line.verb == "QUEUESTART":
            self._restarted(line.at)
            return
        record = self._record(line.call)
        if record is None:
            return
        if line.verb == "DID":
            record.did = record.did or ("" if line.doubt else "".join(line.data[:1]))
        elif line.doubt:
            record.lines.append(line)
        else:
            _add(record.lines, line)
        patience = self._patience(line.verb)
        self._expect(record, line.at + (max(patience, DOUBTED) if line.doubt else patience))

    def _patience(self, verb: str) -> float:
        if verb == "ENTERQUEUE":
            return LONGEST_WAIT
        if verb in GAVE_UP or verb == "COMPLETECALLER":
            return LATE if self._has_cdr else GRACE
        if verb in COMPLETED:
            return LONGEST if self._has_cdr else GRACE
        return LONGEST

    def _take_row(self, row: CdrRow) -> None:
        record = self._record(row.uniqueid)
        if record is None:
            return
        record.rows.append(row)
        if row.channel.startswith("Local/"):
            self.legs[row.channel] = record
        last = record.lines[-1] if record.lines else None
        goes_on = last is not None and row.end <= last.at + SLACK
        if not (last and goes_on and last.verb == "ENTERQUEUE"):
            patience = LATE if last and goes_on and last.verb in TRANSFERRED else GRACE
            self._expect(record, max(row.told_at, row.end) + patience)

    def _record(self, uniqueid: str) -> CallRecord | None:
        """The call of that id; None if it was complete already."""
        record = self._open.get(uniqueid)
        if record is None and uniqueid not in self._done and uniqueid not in ("NONE", "MANAGER", "REALTIME", ""):
            record = self._open[uniqueid] = CallRecord(uniqueid)
        return record

    def _expect(self, record: CallRecord, due: float) -> None:
        self._due[record.uniqueid] = due
        heapq.heappush(self._agenda, (due, record.uniqueid))

    def _restarted(self, at: float) -> None:
        """Asterisk starts: who still waits in its queue_log was lost with it."""
        for record in self._open.values():
            if record.lines and record.lines[-1].verb == "ENTERQUEUE":
                record.broken = True
                self._expect(record, at + GRACE)

    def _complete(self, now: float) -> Iterator[CallRecord]:
        while self._agenda and self._agenda[0][0] < now:
            due, uniqueid = heapq.heappop(self._agenda)
            if self._due.get(uniqueid) != due:
                continue
            del self._due[uniqueid]
            record = self._open.pop(uniqueid)
            record.leave_out_forged()
            self._done.add(uniqueid)
            legs = tuple(row.channel for row in record.rows if row.channel in self.legs)
            self._fading.append((due + LONGEST, uniqueid, legs))
            yield record
        while self._fading and self._fading[0][0] < now:
            _, uniqueid, legs = self._fading.popleft()
            self._done.discard(uniqueid)
            for leg in legs:
                self.legs.pop(leg, None)


def _moment(item: QueueLine | CdrRow) -> float:
    """By when it was written; of the same second, lines come first."""
    return item.at if isinstance(item, QueueLine) else item.told_at + 0.5


def _add(lines: list[QueueLine], line: QueueLine) -> None:
    """Some versions write the end of a wait twice, in other words: one of each kind is kept, the hang-up last."""
    last = lines[-1] if lines else None
    if last is None or last.doubt or not _is_end(line) or not _is_end(last) or abs(line.at - last.at) > SLACK:
        lines.append(line)
    elif (line.verb in GAVE_UP) != (last.verb in GAVE_UP):
        lines[-1:] = [line, last] if last.verb in GAVE_UP else [last, line]


def _is_end(line: QueueLine) -> bool:
    return line.verb in GAVE_UP or line.verb in THROWN_OUT
