"""Looks into the database while all goes on, and tells what is wrong there by the harness's own books."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from tests.faults.daemon import FINAL
from tests.faults.twilio import FaultyTwilio, Taken
from tests.soak.audit import Circumstances, Row, faults_of, faults_of_text, when
from tests.soak.books import Books
from tests.soak.closing import faults_at_the_end
from tests.soak.daemons import Runner
from tests.soak.kinds import SETTLE
from tests.soak.spans import Spans, common, reaching_back, union
from tests.soak.store import Store
from tests.soak.visits import Visit
from textback.store.tables import calls, messages

#: seconds after the end of a call before it is looked at; after which it must be there and judged, those not counted in
#: which the database, the link or the daemon was away; how many at once
EARLY, LATE, MANY = SETTLE + 6.0, 150.0, 2000
#: seconds by which a text may leave before its time: records have whole seconds, and clocks are read at two places
EARLIER = 1.3
#: seconds that a daemon which stood still may take to read what came meanwhile
BACKLOG = 5.0
_CALL = [calls.c[name] for name in ("id", "caller", "disposition", "verdict", "reason", "backfilled", "hold_seconds")]
_TEXT = [
    messages.c[name]
    for name in ("id", "call_id", "flow", "author", "to_number", "body", "status", "reason", "provider_id", "attempts",
                 "direction", "created_at", "claimed_at")
]  # fmt: skip


class Auditor:
    """``max_age``: the practice's, in seconds. What is wrong goes to the books; ``dispositions`` counts what was."""

    def __init__(
        self, books: Books, store: Store, provider: FaultyTwilio, runners: Sequence[Runner], max_age: float
    ) -> None:
        self.audited = 0
        self.became: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self._books, self._store, self._provider, self._runners = books, store, provider, runners
        self._max_age = max_age
        self._texts: dict[str, Visit] = {}
        self._taken: defaultdict[str, list[Taken]] = defaultdict(list)
        self._read = 0

    async def look(self, final: bool = False) -> None:
        """Audit whatever is over by now; at the end, everything."""
        due = self._due(final)
        try:
            rows, texts = await self._store.ask(lambda conn: _look(conn, [visit.id for visit in due]))
            settled = await self._store.ask(lambda conn: _texts(conn, messages.c.id, list(self._texts)[:MANY]))
        except SQLAlchemyError:
            return  # the database is away: next time
        self._read_provider()  # after the database: whatever is sent there has reached the provider before
        blind, unseen = self._blind()
        for visit in due:
            seen = self._circumstances(visit, blind[visit.pbx], unseen[visit.pbx])
            self._audit(visit, rows.get(visit.id), texts[visit.id], seen, final)
        for text in settled:
            self._audit_text(text, final)

    def _due(self, final: bool) -> list[Visit]:
        now = time.time()
        over = [visit for visit in self._books.open.values() if visit.ended_at is not None]
        return over if final else [visit for visit in over if now - (visit.ended_at or now) > EARLY][:MANY]

    def _blind(self) -> tuple[dict[str, Spans], dict[str, Spans]]:
        """When any daemon did not follow each PBX, for it may be the one that writes; and when none did.

        What a daemon that was behind had not read yet is lost with its line.
        """
        every = {
            name: [reaching_back(one.sights[name].blind, self._books.late, BACKLOG) for one in self._runners]
            for name in self._runners[0].sights
        }
        return {name: union(spans) for name, spans in every.items()}, {n: common(spans) for n, spans in every.items()}

    def _audit(self, visit: Visit, row: Row | None, texts: list[Row], seen: Circumstances, final: bool) -> None:
        age = time.time() - (visit.ended_at or 0.0)
        is_judged = row is not None and row["verdict"] is not None
        if not is_judged and not final and age < LATE + self._away_since(visit.ended_at or 0.0):
            return
        del self._books.open[visit.id]
        self.audited += 1
        if row is not None and not is_judged:
            self._books.faults.append(f"{visit.id} ({visit.kind}): is not judged {age:.0f} s after its end")
            return
        for fault in faults_of(visit, row, texts, seen):
            self._books.faults.append(f"{fault} [{when(visit, self._blind()[0][visit.pbx])}]")
        self.became["/".join(map(str, (row["disposition"], row["verdict"], row["reason"]))) if row else "no row"] += 1
        self.excused.update(name for name in ("blind", "unseen", "late") if getattr(seen, name))
        self._texts.update((text["id"], visit) for text in texts)

    def _away_since(self, since: float) -> float:
        """Seconds for which the database, a link or a daemon was away since then."""
        return self._books.outages.within(since, time.time())

    def _circumstances(self, visit: Visit, blind: Spans, unseen: Spans) -> Circumstances:
        ended = visit.ended_at or 0.0
        marks = [*visit.marks, ended]
        waits = [*marks, ended + SETTLE] if visit.expected.reason in ("came_back", "cooldown", "opted_out") else marks
        trouble = self._books.outages.touches(ended - 60.0, ended + self._max_age)
        return Circumstances(
            blind=blind.touches_any(waits, 1.5, 1.5) or visit.cut is not None,
            unseen=unseen.covers(min(marks), ended, 2.5),
            late=self._books.late.touches_any(waits, 0.5, 2.0),
            trouble=trouble,
        )

    # -- texts ------------------------------------------------------------------------------------------

    def _read_provider(self) -> None:
        """What the provider has taken since: nothing twice, and nothing for those who said STOP before."""
        taken = self._provider.taken[self._read :]
        self._read += len(taken)
        for one in taken:
            mine = self._taken[one.message_id or ""]
            mine.append(one)
            if len(mine) > 1 or one.message_id is None:
                self._books.faults.append(f"text {one.message_id}: handed over {len(mine)} times")
            stopped = self._books.stopped.get(one.to)
            offered = self._provider.offers[one.message_id or ""][-1][0]
            if stopped is not None and offered > stopped + 0.3:
                self._books.faults.append(f"text {one.message_id}: offered {offered - stopped:.1f} s after their STOP")

    def _audit_text(self, text: Row, final: bool) -> None:
        is_over = text["status"] in FINAL
        if not is_over and not final:
            return
        visit = self._texts.pop(text["id"])
        self.statuses[text["status"]] += 1
        if not is_over:
            self._books.faults.append(f"text {text['id']} of {visit.id}: is still {text['status']}")
            return
        offers = self._provider.offers.get(text["id"], [])
        self._books.faults += faults_of_text(text, self._taken.get(text["id"], []), offers)
        if offers and visit.ended_at is not None and text["flow"] != "call_to_text":
            self._books.faults += self._of_time(text, visit.ended_at, [at for at, _ in offers])

    def _of_time(self, text: Row, ended: float, offered: list[float]) -> list[str]:
        told, found = f"text {text['id']} of a call that ended", []
        if min(offered) < ended + SETTLE - EARLIER:
            found.append(f"{told} {min(offered) - ended:.1f} s before: left before it had settled")
        late = 5.0 + (15.0 if self._books.late.touches(ended - 20.0, ended + self._max_age + 5.0) else 0.0)
        if max(offered) > ended + self._max_age + late and text["author"] is None:
            found.append(f"{told} {max(offered) - ended:.1f} s before: left too late")
        return found

    # -- the end ----------------------------------------------------------------------------------------

    async def waiting(self) -> int:
        """How much is not settled yet: calls without a verdict, texts in the queue or in hand."""

        def count(conn: Connection) -> int:
            open_calls = select(func.count()).select_from(calls).where(calls.c.verdict.is_(None))
            on_the_way = select(func.count()).select_from(messages).where(messages.c.status.in_(("queued", "sending")))
            return int(conn.execute(open_calls).scalar_one()) + int(conn.execute(on_the_way).scalar_one())

        try:
            return await self._store.ask(count)
        except SQLAlchemyError:
            return 1

    async def close(self) -> None:
        """Everything once more, also what nobody should have made."""
        while self._books.open:
            before = len(self._books.open)
            await self.look(final=True)
            if len(self._books.open) == before:
                break
        while self._texts:
            await self.look(final=True)
        ids, rows = await self._store.ask(_everything)
        phantoms = ids - self._books.known
        self._books.faults += [f"{one}: is stored, and nobody called" for one in sorted(phantoms)]
        known = {row["id"] for row in rows}
        strangers = [one for one in self._provider.taken if one.message_id not in known]
        self._books.faults += [f"text {one.message_id}: the provider has it, no table does" for one in strangers]
        self._books.faults += faults_at_the_end(self._books, rows)


def _look(conn: Connection, ids: list[str]) -> tuple[dict[str, Row], defaultdict[str, list[Row]]]:
    found = conn.execute(select(*_CALL).where(calls.c.id.in_(ids))).mappings()
    rows: dict[str, Row] = {row["id"]: dict(row) for row in found}
    texts: defaultdict[str, list[Row]] = defaultdict(list)
    for text in _texts(conn, messages.c.call_id, ids):
        texts[text["call_id"]].append(text)
    return rows, texts


def _texts(conn: Connection, column: Any, wanted: list[str]) -> list[Row]:
    return [dict(row) for row in conn.execute(select(*_TEXT).where(column.in_(wanted))).mappings()]


def _everything(conn: Connection) -> tuple[set[str], list[Row]]:
    ids = set(conn.execute(select(calls.c.id)).scalars())
    return ids, [dict(row) for row in conn.execute(select(*_TEXT)).mappings()]
