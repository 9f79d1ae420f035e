"""The figures of reports counted the plain way: every row read, nothing of the program asked, call after call."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from textback.store.tables import calls, conversations, messages

DAY = 86_400.0
#: day, practice, line and queue
Key = tuple[str, str, str, str]
Row = Any


class Recount:
    """All calls and messages of a database, by what a figure must find."""

    def __init__(
        self, conn: Connection, zone: str, min_hold: float, line_of: dict[tuple[str, str | None], str]
    ) -> None:
        self._zone, self._min_hold, self._line_of = ZoneInfo(zone), min_hold, line_of
        self._texts: dict[str, Row] = {}
        self._came: defaultdict[int, list[float]] = defaultdict(list)
        self._humans: defaultdict[int, list[float]] = defaultdict(list)
        self._wrote: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        self._answered: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        self._read(conn)

    def _read(self, conn: Connection) -> None:
        query = select(conversations.c.id, conversations.c.practice, conversations.c.number)
        whose = {row.id: (row.practice, row.number) for row in conn.execute(query)}
        m, c = messages.c, calls.c
        said = select(
            m.id, m.conversation_id, m.direction, m.created_at, m.sent_at, m.status, m.author, m.flow, m.answer
        )
        for row in conn.execute(said):
            if row.direction == "in":
                self._came[row.conversation_id].append(row.created_at)
                self._wrote[whose[row.conversation_id]].append(row.created_at)
            else:
                self._texts[row.id] = row
                if row.author is not None and row.flow is None and row.answer is None:
                    self._humans[row.conversation_id].append(row.created_at)
        for call in conn.execute(select(c.practice, c.caller, c.started_at).where(c.disposition == "answered")):
            if call.caller is not None and call.caller.startswith("+"):
                self._answered[call.practice, call.caller].append(call.started_at)
        for times in (self._came, self._humans, self._wrote, self._answered):
            for some in times.values():
                some.sort()

    def __call__(self, conn: Connection) -> dict[Key, tuple[Counter[str], list[int]]]:
        """The figures and the waits of every day, practice, line and queue."""
        c = calls.c
        query = select(
            c.pbx, c.practice, c.caller, c.queue, c.started_at, c.ended_at, c.offered_at, c.hold_seconds, c.disposition,
            c.flow, c.reason, c.message_id,
        ).where(c.disposition.is_not(None), c.practice.is_not(None))  # fmt: skip
        found: defaultdict[Key, tuple[Counter[str], list[int]]] = defaultdict(lambda: (Counter(), []))
        for call in conn.execute(query):
            day = datetime.fromtimestamp(call.started_at, self._zone).date().isoformat()
            key = (day, call.practice, self._line_of[call.practice, call.queue], call.queue or "")
            counts, waits = found[key]
            counts.update(self._figures(call))
            waits += self._waits(call)
        return dict(found)

    def _figures(self, call: Row) -> Iterator[str]:
        end, text = call.disposition, self._texts.get(call.message_id)
        yield "calls"
        if end in ("answered", "abandoned", "missed"):
            yield end
        if end == "abandoned" and call.hold_seconds is not None and call.hold_seconds < self._min_hold:
            yield "abandoned_short"
        if call.offered_at is not None:
            yield "offers"
        if text is not None and text.sent_at is not None:
            yield "texted"
            if text.status == "delivered":
                yield "delivered"
        replied = self._reply(call) is not None
        if replied:
            yield "replied"
        if end in ("texted", "abandoned", "missed") or end == "unreached" and call.flow == "missed":
            yield "lost_callers"
            yield from self._of_lost(call, replied)

    def _of_lost(self, call: Row, replied: bool) -> Iterator[str]:
        answered = self._answered[call.practice, call.caller]
        again = bool(_between(answered, call.started_at, call.ended_at + DAY))
        if replied or again:
            yield "recovered"
        side = self._side(call)
        if side is not None:
            yield side
            if again or _between(self._wrote[call.practice, call.caller], call.ended_at, call.ended_at + DAY):
                yield f"{side}_back"

    def _side(self, call: Row) -> str | None:
        if call.flow not in ("abandoned", "missed"):
            return None
        if call.reason == "holdout":
            return "trial_held_out"
        return "trial_texted" if call.reason == call.flow and call.message_id is not None else None

    def _reply(self, call: Row) -> float | None:
        text = self._texts.get(call.message_id)
        if text is None or text.sent_at is None:
            return None
        return next(iter(_between(self._came[text.conversation_id], text.sent_at, text.sent_at + DAY)), None)

    def _waits(self, call: Row) -> list[int]:
        reply = self._reply(call)
        if reply is None:
            return []
        humans = self._humans[self._texts[call.message_id].conversation_id]
        return [round(one - reply) for one in _between(humans, reply, reply + 7 * DAY)[:1]]


def _between(times: Sequence[float], after: float, until: float) -> Sequence[float]:
    """The times later than one, up to another one, which may be so late itself."""
    return times[bisect_right(times, after) : bisect_right(times, until)]
