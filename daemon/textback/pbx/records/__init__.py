"""Asterisk's own records of its calls: what happened on the line while nobody looked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import NamedTuple

from textback.events import CallerArrived, Fact, KeyPressed, Ringing, StaffReached, Talking
from textback.pbx.records.call_record import SLACK, CallRecord
from textback.pbx.records.cdr import Cdr, CdrRow
from textback.pbx.records.gathering import Gathering
from textback.pbx.records.local_time import born
from textback.pbx.records.queue_log import QueueLine, QueueLog
from textback.pbx.records.retelling import Moment, moments
from textback.pbx.records.rotated import Progress, nothing

#: seconds before the first call that is asked for, for clocks that differ
_BEFORE = 60.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_A_DIGIT = re.compile(r"\D")
_LONGEST_EXTENSION = 6
_CLID = re.compile(r'\s*"(.*)"\s*<[^<>]*>\s*', re.DOTALL)
_DIALLED = re.compile(r"\+?\d{7,15}")


class Visit(NamedTuple):
    """A caller's call in the records: who, when, and what happened; ``ended`` None: the records do not tell it."""

    uniqueid: str
    arrived: CallerArrived
    ended: float | None
    moments: tuple[Moment, ...] = ()


class Records:
    """Reads the queue_log and the CDR of one PBX; either may be missing.

    ``trunks``: patterns of the channels whose far end is outside; ``contexts``: where callers arrive (all, if empty).
    A row whose context is none of these counts all the same if it has a DID, as FreePBX writes it. Where a call has no
    row in the CDR, whoever joined a queue with a number of seven digits or more is a caller. ``timezone``: the IANA
    name of the zone in which CDR and tables are written; if it is not given, the Uniqueids tell it.
    """

    def __init__(
        self,
        pbx: str,
        trunks: Iterable[str],
        contexts: Iterable[str] = (),
        language: str = "en",
        queue_log: str | None = None,
        cdr: str | None = None,
        timezone: str | None = None,
    ) -> None:
        self.pbx = pbx
        self.language = language
        self.queue_log = QueueLog(queue_log, timezone) if queue_log else None
        self.cdr = Cdr(cdr, timezone) if cdr else None
        self._trunks = tuple(trunks)
        self._contexts = frozenset(contexts)

    def settle(self, open_calls: Collection[str], since: float, until: float) -> list[Fact]:
        """The facts of the callers' calls that ended between ``since`` and ``until`` (epoch seconds), in order.

        ``open_calls``: Uniqueids of the callers who were on the line at ``since`` and are gone now; what was true for
        them then is known, so that only later facts are told. All other calls began after ``since``, and are told from
        their arrival on. A call of which the records do not tell the end has no facts. Records have whole seconds:
        a fact may be up to one second early. Raises ``RecordsError`` or ``OSError`` if a record cannot be read.
        """
        known = frozenset(open_calls)
        first = min([since, *(made for made in map(born, known) if made is not None)])
        seen_from = float(int(since))
        facts: list[Fact] = []
        for found in self.visits(first - _BEFORE, known):
            if isinstance(found, StaffReached):
                facts += [found] if seen_from <= found.at <= until else []
            elif found.ended is None or not seen_from - SLACK <= found.ended <= until + SLACK:
                continue
            elif found.uniqueid in known:
                facts += _since(found.moments, seen_from)
            elif found.arrived.at >= seen_from and found.ended <= until:
                facts += [found.arrived, *(moment.fact for moment in found.moments)]
        facts = [fact for fact in facts if not isinstance(fact, KeyPressed)]
        return sorted(facts, key=attrgetter("at", "call_id"))

    def visits(
        self, since: float, known: Collection[str] = (), on_bytes: Progress = nothing
    ) -> Iterator[Visit | StaffReached]:
        """The callers' calls, in about the order of their ends, and what staff did outside meanwhile.

        ``known``: Uniqueids of which it is known that they are callers' calls. With the keys that queue_log tells.
        """
        lines = self.queue_log.read(since, on_bytes) if self.queue_log else ()
        rows = self.cdr.read(since, on_bytes) if self.cdr else ()
        gathering = Gathering(self.cdr is not None)
        for record in gathering.gather(lines, rows):
            if self._is_caller(record, record.uniqueid in known):
                yield self._visit(record, gathering)
            else:
                yield from self._staff(record)

    # -- who is a caller --------------------------------------------------------------------------------

    def _is_caller(self, record: CallRecord, known: bool) -> bool:
        if not record.rows:
            return bool(record.lines) and (known or _digits(_joined(record)) > _LONGEST_EXTENSION)
        if not any(self._is_trunk(row.channel) for row in record.rows):
            return False
        return known or (self._is_own(record) and self._arrived_inside(record))

    def _is_own(self, record: CallRecord) -> bool:
        """Not a leg of somebody else's call."""
        return any(row.linkedid in ("", record.uniqueid) for row in record.rows)

    def _arrived_inside(self, record: CallRecord) -> bool:
        if not self._contexts or record.did:
            return True
        return any(row.dcontext in self._contexts or row.did for row in record.rows)

    def _is_trunk(self, channel: str) -> bool:
        return any(fnmatchcase(channel, pattern) for pattern in self._trunks)

    def _staff(self, record: CallRecord) -> Iterator[StaffReached]:
        """A phone of the house that reached somebody outside."""
        for row in record.rows:
            inside = not self._is_trunk(row.channel) and not row.channel.startswith("Local/")
            if inside and row.disposition == "ANSWERED" and self._is_trunk(row.dstchannel):
                dialled = _DIALLED.search(row.lastdata) or _DIALLED.search(row.dst)
                if dialled:
                    at = row.answer if row.answer is not None else row.start
                    yield StaffReached(self._call_id(row.uniqueid), at, dialled.group())

    # -- what happened ----------------------------------------------------------------------------------

    def _visit(self, record: CallRecord, gathering: Gathering) -> Visit:
        record.rows.sort(key=attrgetter("start", "end"))
        ended = record.ended()
        call_id = self._call_id(record.uniqueid)
        arrived = self._arrived(record, call_id)
        if ended is None:
            return Visit(record.uniqueid, arrived, None, tuple(_partial(record, call_id, gathering)))
        told = moments(record, ended, call_id, gathering.legs, self.queue_log is not None)
        return Visit(record.uniqueid, arrived, ended, tuple(_in_order(told, arrived.at)))

    def _arrived(self, record: CallRecord, call_id: str) -> CallerArrived:
        row = record.rows[0] if record.rows else None
        joined = _joined(record)
        number = (row.src if row else "") or joined
        did = _did(record, row)
        tampered = any(_CONTROL.search(text) for text in (number, joined, did))
        return CallerArrived(
            call_id,
            record.started,
            pbx=self.pbx,
            linkedid=(row.linkedid if row else "") or record.uniqueid,
            number=None if tampered else number or None,
            name=_name(row),
            did=None if tampered else did or None,
            tampered=tampered,
        )

    def _call_id(self, uniqueid: str) -> str:
        return f"{self.pbx}/{uniqueid}"


def _partial(record: CallRecord, call_id: str, gathering: Gathering) -> Iterator[Moment]:
    """What is known of a call whose end is not: all but the end."""
    last = max([row.end for row in record.rows] + [line.at for line in record.lines])
    yield from _in_order(moments(record, last, call_id, gathering.legs, True)[:-1], record.started)


def _in_order(told: Iterable[Moment], at: float) -> Iterator[Moment]:
    """No fact before the one that it follows."""
    for moment in told:
        at = max(at, moment.fact.at)
        yield moment if moment.fact.at == at else moment._replace(fact=replace(moment.fact, at=at))


def _since(told: Iterable[Moment], since: float) -> Iterator[Fact]:
    """The facts from ``since`` on, and who was talked with, or rang, at that moment, as it may have begun unseen."""
    for moment in told:
        if moment.fact.at >= since:
            yield moment.fact
        elif isinstance(moment.fact, Talking | Ringing) and moment.until > since:
            yield replace(moment.fact, at=since)


def _joined(record: CallRecord) -> str:
    """The number with which the call joined a queue."""
    lines: Iterable[QueueLine] = record.lines
    return next((line.data[1] for line in lines if line.verb == "ENTERQUEUE" and len(line.data) > 1), "")


def _did(record: CallRecord, row: CdrRow | None) -> str:
    """The dialled number; ``dst`` is one only if it is long enough: after a Goto it is an extension, or ``s``."""
    told = record.did or (row.did if row else "")
    return told or (row.dst if row and _digits(row.dst) > _LONGEST_EXTENSION else "")


def _name(row: CdrRow | None) -> str | None:
    found = _CLID.fullmatch(row.clid) if row else None
    return (found[1].replace('\\"', '"').replace("\\\\", "\\") or None) if found else None


def _digits(number: str) -> int:
    return len(_NOT_A_DIGIT.sub("", number))
