"""Lost callers who need somebody: noted when their call ends, and cleared by whatever serves them, once per flush."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from textback.ledger import Entry
from textback.model import Disposition
from textback.store import dealt

_LOST = frozenset({Disposition.TEXTED, Disposition.ABANDONED, Disposition.MISSED, Disposition.LOST})


class Needs:
    """What a batch of facts tells about who was lost, and who was served; written with what else it changed."""

    def __init__(self) -> None:
        self._served: list[dealt.Served] = []

    def answered(self, before: Entry, after: Entry) -> None:
        """Note it if somebody has just answered a caller."""
        at, number = after.call.answered_at, _persons(after)
        if at is not None and before.call.answered_at is None and number:
            self._served.append(dealt.Served(number, at, dealt.ANSWERED))

    def reached(self, number: str, at: float) -> None:
        """Staff called a number (E.164), and somebody answered ``at`` (epoch seconds)."""
        self._served.append(dealt.Served(number, at, dealt.CALLED_BACK))

    def write(self, connection: Connection, ended: Iterable[Entry]) -> None:
        """Those who were lost by the calls that have just ended need somebody, those who were served do not."""
        every = list(ended)
        dealt.lost(connection, [_lost(entry) for entry in every if needs_somebody(entry)])
        dealt.lost_no_more(connection, [entry.call.id for entry in every if entry.call.handled])
        dealt.served(connection, self._served)
        self._served = []


def needs_somebody(entry: Entry) -> bool:
    """Whether a call that ended leaves a caller behind whom somebody should look after.

    Who reached nobody's phone does where the practice counts that as missed; whom the dialplan served otherwise does
    not.
    """
    call = entry.call
    if call.disposition is Disposition.UNREACHED:
        flow = entry.decision.flow if entry.decision is not None else entry.pending
        return flow is not None and not call.handled
    return call.disposition in _LOST and not call.handled


def _lost(entry: Entry) -> dealt.Lost:
    call = entry.call
    return dealt.Lost(call.id, _persons(entry), call.started_at, call.ended_at or call.started_at)


def _persons(entry: Entry) -> str | None:
    """The caller's number, if it is one (E.164): what a trunk shows for many is nobody's."""
    return entry.number if entry.number and entry.number.startswith("+") else None
