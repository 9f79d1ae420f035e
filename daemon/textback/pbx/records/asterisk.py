"""Asterisk's own records of its calls: what happened on the line while nobody looked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from operator import attrgetter

from textback.events import CallerArrived, StaffReached
from textback.numbers import LONGEST_EXTENSION
from textback.pbx.records import Records, Visit, in_order
from textback.pbx.records.call_record import CallRecord
from textback.pbx.records.cdr import Cdr, CdrRow
from textback.pbx.records.gathering import Gathering
from textback.pbx.records.queue_log import QueueLine, QueueLog
from textback.pbx.records.retelling import Moment, moments
from textback.pbx.records.rotated import Progress, nothing
from textback.pbx.records.source import Source

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_A_DIGIT = re.compile(r"\D")
_CLID = re.compile(r'\s*"(.*)"\s*<[^<>]*>\s*', re.DOTALL)
_DIALLED = re.compile(r"\+?\d{7,15}")


class AsteriskRecords(Records):
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
        super().__init__(pbx, trunks, contexts, language)
        self.queue_log = QueueLog(queue_log, timezone) if queue_log else None
        self.cdr = Cdr(cdr, timezone) if cdr else None

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(source for source in (self.queue_log, self.cdr) if source)

    def visits(
        self, since: float, known: Collection[str] = (), on_bytes: Progress = nothing
    ) -> Iterator[Visit | StaffReached]:
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
            return bool(record.lines) and (known or _digits(_joined(record)) > LONGEST_EXTENSION)
        if not any(self.is_trunk(row.channel) for row in record.rows):
            return False
        return known or (self._is_own(record) and self._arrived_inside(record))

    def _is_own(self, record: CallRecord) -> bool:
        """Not a leg of somebody else's call."""
        return any(row.linkedid in ("", record.uniqueid) for row in record.rows)

    def _arrived_inside(self, record: CallRecord) -> bool:
        if not self._contexts or record.did:
            return True
        return any(row.dcontext in self._contexts or row.did for row in record.rows)

    def _staff(self, record: CallRecord) -> Iterator[StaffReached]:
        """A phone of the house that reached somebody outside."""
        for row in record.rows:
            inside = not self.is_trunk(row.channel) and not row.channel.startswith("Local/")
            if inside and row.disposition == "ANSWERED" and self.is_trunk(row.dstchannel):
                dialled = _DIALLED.search(row.lastdata) or _DIALLED.search(row.dst)
                if dialled:
                    at = row.answer if row.answer is not None else row.start
                    yield StaffReached(self.call_id(row.uniqueid), at, dialled.group())

    # -- what happened ----------------------------------------------------------------------------------

    def _visit(self, record: CallRecord, gathering: Gathering) -> Visit:
        record.rows.sort(key=attrgetter("start", "end"))
        ended = record.ended()
        call_id = self.call_id(record.uniqueid)
        arrived = self._arrived(record, call_id)
        if ended is None:
            return Visit(record.uniqueid, arrived, None, tuple(_partial(record, call_id, gathering)))
        told = moments(record, ended, call_id, gathering.legs, self.queue_log is not None)
        return Visit(record.uniqueid, arrived, ended, tuple(in_order(told, arrived.at)))

    def _arrived(self, record: CallRecord, call_id: str) -> CallerArrived:
        row = record.rows[0] if record.rows else None
        joined = _joined(record)
        number = (row.src if row else "") or joined
        did = _did(record, row)
        tampered = any(_CONTROL.search(text) for text in (number, joined, did))
        hidden = any(one.is_hidden for one in record.rows)
        return CallerArrived(
            call_id,
            record.started,
            pbx=self.pbx,
            linkedid=(row.linkedid if row else "") or record.uniqueid,
            number=None if tampered or hidden else number or None,
            name=_name(row),
            did=None if tampered else did or None,
            withheld=hidden,
            tampered=tampered,
        )


def _partial(record: CallRecord, call_id: str, gathering: Gathering) -> Iterator[Moment]:
    """What is known of a call whose end is not: all but the end."""
    last = max([row.end for row in record.rows] + [line.at for line in record.lines])
    yield from in_order(moments(record, last, call_id, gathering.legs, True)[:-1], record.started)


def _joined(record: CallRecord) -> str:
    """The number with which the call joined a queue."""
    lines: Iterable[QueueLine] = record.lines
    return next((line.data[1] for line in lines if line.verb == "ENTERQUEUE" and len(line.data) > 1), "")


def _did(record: CallRecord, row: CdrRow | None) -> str:
    """The dialled number; ``dst`` is one only if it is long enough: after a Goto it is an extension, or ``s``."""
    told = record.did or (row.did if row else "")
    return told or (row.dst if row and _digits(row.dst) > LONGEST_EXTENSION else "")


def _name(row: CdrRow | None) -> str | None:
    found = _CLID.fullmatch(row.clid) if row else None
    return (found[1].replace('\\"', '"').replace("\\\\", "\\") or None) if found else None


def _digits(number: str) -> int:
    return len(_NOT_A_DIGIT.sub("", number))
