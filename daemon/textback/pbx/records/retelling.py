"""The facts of one call, from what queue_log and CDR tell of it, as a live link would have given them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

from textback.events import (
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    NoAnswer,
    NobodyAnswered,
    Place,
    Ringing,
    Talking,
    VoicemailTook,
)
from textback.pbx.records.call_record import GAVE_UP, SLACK, THROWN_OUT, TRANSFERRED, CallRecord
from textback.pbx.records.cdr import CdrRow
from textback.pbx.records.queue_log import QueueLine

#: verbs with which a caller leaves a queue for something else
_LEAVING = GAVE_UP | TRANSFERRED | THROWN_OUT.keys() | {"EXITWITHKEY"}
_WHY = {"BUSY": NoAnswer.BUSY, "FAILED": NoAnswer.UNREACHABLE, "CONGESTION": NoAnswer.UNREACHABLE}
_VOICEMAIL = frozenset({"voicemail", "minivmrecord"})
_DIALLED = re.compile(r"\+?\d{7,15}")
#: a Local channel may lead to another one; no dialplan goes deeper
_DEEPEST = 5


class Rank(IntEnum):
    """What comes first in one second: the end of a row, a line of queue_log, the start of a row."""

    END = 0
    LINE = 1
    START = 2


class Moment(NamedTuple):
    """A fact, and until when what it tells is true if a record tells that."""

    rank: Rank
    fact: Fact
    until: float = 0.0


#: the record of each Local channel, by its name
Legs = Mapping[str, CallRecord]


def moments(record: CallRecord, ended: float, call_id: str, legs: Legs, queue_log: bool) -> list[Moment]:
    """What happened to a caller between arrival and ``ended`` (epoch seconds), in order, the end included.

    ``queue_log``: whether there is one, so that a queue of which it knows nothing was never joined.
    """
    teller = _Teller(call_id, ended, legs, queue_log)
    found = [*teller.of_lines(record), *teller.of_rows(record, 0)]
    found.sort(key=lambda moment: (moment.fact.at, moment.rank))
    hung_up = not record.rows or record.rows[-1].lastapp != "Hangup"
    return [*found, Moment(Rank.END, CallerLeft(call_id, ended, hung_up))]


@dataclass(frozen=True, slots=True)
class _Teller:
    """Writes the moments of one caller's call."""

    call_id: str
    ended: float
    legs: Legs
    queue_log: bool

    # -- queue_log --------------------------------------------------------------------------------------

    def of_lines(self, record: CallRecord) -> Iterator[Moment]:
        lines = record.lines
        waiting = False
        for number, line in enumerate(lines):
            seat = None if waiting else _seat_taken_over(line)
            if seat is not None:
                yield Moment(Rank.LINE, HoldStarted(self.call_id, line.at, Place.QUEUE, seat, line.queue))
            waiting = line.verb == "ENTERQUEUE" or line.verb in THROWN_OUT
            following = lines[number + 1] if number + 1 < len(lines) else None
            yield from self._of_line(line, following, record)

    def _of_line(self, line: QueueLine, following: QueueLine | None, record: CallRecord) -> Iterator[Moment]:
        at, call_id = line.at, self.call_id
        if line.verb == "ENTERQUEUE":
            yield Moment(Rank.LINE, HoldStarted(call_id, at, Place.QUEUE, at, line.queue))
        elif line.verb == "CONNECT":
            agent, voicemail = self._agent(line, record)
            until = following.at if following else self.ended
            yield Moment(Rank.LINE, VoicemailTook(call_id, at) if voicemail else Talking(call_id, at, agent), until)
        elif line.verb in THROWN_OUT and not self._hangs_up(following):
            yield Moment(Rank.LINE, NobodyAnswered(call_id, at, THROWN_OUT[line.verb], line.queue))
        elif line.verb == "EXITWITHKEY":
            yield Moment(Rank.LINE, KeyPressed(call_id, at, line.data[0]))
            yield Moment(Rank.LINE, HoldEnded(call_id, at))
        elif line.verb in GAVE_UP and (following or self.ended > at + SLACK):
            # To a queue, a caller whom AMI's Redirect takes away has hung up.
            yield Moment(Rank.LINE, HoldEnded(call_id, at))

    def _hangs_up(self, line: QueueLine | None) -> bool:
        return line is not None and line.verb in GAVE_UP and self.ended <= line.at + SLACK

    def _agent(self, line: QueueLine, record: CallRecord) -> tuple[str, bool]:
        """Who answered in a queue, and whether that was a voicemail box behind a Local channel."""
        for row in record.rows:
            if _is_bridged(row) and _is_queue(row) and _covers(row, line.at):
                return self._behind(row.dstchannel, 0) or (_device(row.dstchannel), False)
        return _device(line.agent) if "/" in line.agent else line.agent, False

    def _behind(self, channel: str, depth: int) -> tuple[str, bool] | None:
        leg = self._leg(channel)
        if leg is None or depth > _DEEPEST:
            return None
        for row in leg.rows:
            if _is_bridged(row):
                return self._behind(row.dstchannel, depth + 1) or (_device(row.dstchannel), False)
        return ("voicemail", True) if any(_is_voicemail(row) for row in leg.rows) else None

    def _leg(self, channel: str) -> CallRecord | None:
        """What was run on the other half of a Local channel."""
        if not channel.startswith("Local/"):
            return None
        return self.legs.get(channel[:-1] + ("2" if channel.endswith("1") else "1"))

    # -- CDR --------------------------------------------------------------------------------------------

    def of_rows(self, record: CallRecord, depth: int) -> Iterator[Moment]:
        rows = sorted(record.rows, key=lambda row: (row.start, row.end))
        told = [row for row in rows if not (_is_queue(row) and self._is_told(row, record))]
        attempts = list(_attempts(told))
        for attempt in attempts:
            end = max(row.end for row in attempt)
            over = attempt is not attempts[-1] or any(line.at >= end for line in record.lines)
            yield from self._of_attempt(attempt, _began(attempt[0], record), over, depth)

    def _is_told(self, row: CdrRow, record: CallRecord) -> bool:
        """Whether queue_log tells what a row of a queue tells."""
        near = [line for line in record.lines if _covers(row, line.at)]
        if _is_bridged(row):
            return any(line.verb == "CONNECT" for line in near)
        return bool(near)

    def _of_attempt(self, attempt: list[CdrRow], began: float, over: bool, depth: int) -> Iterator[Moment]:
        first, call_id = attempt[0], self.call_id
        bridged = [row for row in attempt if _is_bridged(row)]
        if bridged:
            for row in bridged:
                yield from self._of_bridge(row, began, depth)
        elif _is_queue(first):
            yield from self._of_queue(first, over)
        elif _is_voicemail(first):
            yield Moment(Rank.START, VoicemailTook(call_id, began))
        elif first.lastapp.lower().startswith("park"):
            yield Moment(Rank.START, HoldStarted(call_id, began, Place.PARK, began))
        elif first.dstchannel or first.lastapp == "Dial":
            yield from self._of_ringing(attempt, began, over)

    def _of_bridge(self, row: CdrRow, began: float, depth: int) -> Iterator[Moment]:
        at = max(began, row.start, row.answer or 0.0)
        leg = self._leg(row.dstchannel)
        behind = [*self.of_lines(leg), *self.of_rows(leg, depth + 1)] if leg and depth < _DEEPEST else []
        if any(not isinstance(moment.fact, Ringing | NobodyAnswered) for moment in behind):
            yield from (_not_before(moment, row.start) for moment in behind)
        else:
            yield Moment(Rank.START, Talking(self.call_id, at, _person(row)), row.end)

    def _of_queue(self, row: CdrRow, over: bool) -> Iterator[Moment]:
        queue = row.lastdata.partition(",")[0] or None
        if self.queue_log and not row.dstchannel:
            yield Moment(Rank.END, NobodyAnswered(self.call_id, row.end, NoAnswer.QUEUE_EMPTY, queue))
            return
        yield Moment(Rank.START, HoldStarted(self.call_id, row.start, Place.QUEUE, row.start, queue))
        if over:
            yield Moment(Rank.END, NobodyAnswered(self.call_id, row.end, NoAnswer.QUEUE_TIMEOUT, queue))

    def _of_ringing(self, attempt: list[CdrRow], start: float, over: bool) -> Iterator[Moment]:
        end = max(row.end for row in attempt)
        if attempt[0].dstchannel and end > start:
            yield Moment(Rank.START, Ringing(self.call_id, start), end)
        found = {_WHY.get(row.disposition, NoAnswer.RANG_OUT) for row in attempt}
        why = found.pop() if len(found) == 1 else NoAnswer.RANG_OUT
        if over or why is not NoAnswer.RANG_OUT or self.ended > end + SLACK:
            yield Moment(Rank.END, NobodyAnswered(self.call_id, end, why))


def _attempts(rows: list[CdrRow]) -> Iterator[list[CdrRow]]:
    """Rows that overlap are phones that rang together: of them all, one outcome is the caller's."""
    attempt: list[CdrRow] = []
    for row in rows:
        if attempt and row.start >= max(other.end for other in attempt):
            yield attempt
            attempt = []
        attempt.append(row)
    if attempt:
        yield attempt


def _began(row: CdrRow, record: CallRecord) -> float:
    """When the application of a row began: a row without another leg yet may be as old as the call."""
    left = (line.at for line in record.lines if line.verb in _LEAVING and row.start <= line.at < row.end)
    return row.start if _is_queue(row) else max(left, default=row.start)


def _seat_taken_over(line: QueueLine) -> float | None:
    """Since when somebody who never joined waits: the consult call of an attended transfer joined for them."""
    held = line.data[0] if line.verb == "CONNECT" else line.data[2] if line.verb == "ABANDON" else ""
    return line.at - float(held) if held.isascii() and held.isdigit() else None


def _not_before(moment: Moment, at: float) -> Moment:
    return moment if moment.fact.at >= at else moment._replace(fact=replace(moment.fact, at=at))


def _covers(row: CdrRow, at: float) -> bool:
    return row.start - 1.0 <= at <= row.end + 1.0


def _is_queue(row: CdrRow) -> bool:
    return row.lastapp.lower() == "queue"


def _is_voicemail(row: CdrRow) -> bool:
    return row.lastapp.lower() in _VOICEMAIL


def _is_bridged(row: CdrRow) -> bool:
    """``ANSWERED`` without another leg only means that the PBX itself picked up."""
    return bool(row.dstchannel) and row.disposition == "ANSWERED"


def _device(channel: str) -> str:
    """``PJSIP/ext201-0000000a`` -> ``ext201``."""
    peer = channel.rpartition("-")[0] or channel
    return peer.partition("/")[2] or peer


def _person(row: CdrRow) -> str:
    """Who that is: the number, if it went out over a trunk, as the live link says it."""
    dialled = _DIALLED.search(row.lastdata) if row.lastapp == "Dial" else None
    return dialled.group() if dialled else _device(row.dstchannel)
