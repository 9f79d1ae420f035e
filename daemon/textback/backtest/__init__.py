"""What would have been texted: calls from a PBX's records through the machine and the policy, with nothing stored.

What the daemon would know is kept in memory, for as long as it matters: who was texted, who called again, whom staff
reached. Opt-outs, contacts and conversations are not known here.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import IntEnum
from itertools import count

from textback import numbers
from textback.backtest.play import Play, play
from textback.call import Call, Rules
from textback.directory import Directory, Home
from textback.events import StaffReached, TextGiven, TextRefused
from textback.guards import Case
from textback.ledger import Entry
from textback.model import Decision, Flow, Known, Verdict
from textback.pbx.records import Visit
from textback.policy import decide, flow_of, no_practice, number_of, without_flow
from textback.practice import Practice
from textback.wording import span

#: seconds; calls come in the order of their ends, but for some that took longer to be complete
HORIZON = 3600.0
#: seconds; so long it is remembered whom staff reached
_REACHED = 86400.0
#: digits at the end of a number that tell one caller from another
_TAIL = 9


class _Step(IntEnum):
    REACHED = 0
    ASKED = 1
    ENDED = 2
    SETTLED = 3
    FORGOTTEN = 4


class Recent:
    """When something happened last to a number, for some ``seconds`` and then no more."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: dict[str, float] = {}
        self._order: deque[tuple[float, str]] = deque()

    def put(self, number: str, at: float) -> None:
        """It happens now (``at``, epoch seconds)."""
        self._last[number] = at
        self._order.append((at, number))
        while self._order[0][0] < at - self._seconds:
            when, old = self._order.popleft()
            if self._last.get(old) == when:
                del self._last[old]

    def get(self, number: str) -> float | None:
        """When it was, if it matters still."""
        return self._last.get(number)


class Backtest:
    """Judges visits as the daemon would have judged them, each at its own time."""

    def __init__(self, practices: Iterable[Practice]) -> None:
        self._directory = Directory(practices)
        guards = [practice.guards for practice in self._directory.practices]
        asked = [practice.call_to_text.cooldown for practice in self._directory.practices]
        cooldowns = [guard.cooldown for guard in guards] + asked
        self._settle = max((guard.settle for guard in guards), default=0.0)
        self._agenda: list[tuple[float, int, int, Play | str]] = []
        self._serial = count()
        self._texted = Recent(max(cooldowns, default=0.0) + HORIZON)
        self._reached = Recent(_REACHED)
        self._plays: defaultdict[str, list[Play]] = defaultdict(list)

    def run(self, visits: Iterable[Visit | StaffReached]) -> Iterator[Entry]:
        """Every call with its verdict, in the order of the judgements."""
        latest = 0.0
        for found in visits:
            if isinstance(found, StaffReached):
                self._expect(found.at, _Step.REACHED, found.number)
                continue
            latest = max(latest, self._begin(found).facts[-1].at)
            yield from self._until(latest - HORIZON)
        yield from self._until(float("inf"))

    # -- the machine ------------------------------------------------------------------------------------

    def _begin(self, visit: Visit) -> Play:
        begun = play(visit)
        if begun.call.number:
            self._plays[begun.call.number[-_TAIL:]].append(begun)
        self._go_on(begun)
        return begun

    def _go_on(self, begun: Play) -> None:
        """Tell facts up to the next moment at which something must be decided."""
        asked_at = begun.go_on(self._rules)
        if asked_at is None:
            self._expect(begun.call.ended_at or 0.0, _Step.ENDED, begun)
        else:
            self._expect(asked_at, _Step.ASKED, begun)

    def _rules(self, call: Call) -> Rules:
        return self._directory.rules(call.pbx, call.queue, call.did)

    # -- time -------------------------------------------------------------------------------------------

    def _expect(self, at: float, step: _Step, about: Play | str) -> None:
        heapq.heappush(self._agenda, (at, step, next(self._serial), about))

    def _until(self, limit: float) -> Iterator[Entry]:
        while self._agenda and self._agenda[0][0] < limit:
            at, step, _, about = heapq.heappop(self._agenda)
            if isinstance(about, str):
                self._staff_reached(about, at)
            elif step == _Step.ASKED:
                self._asked(about, at)
            elif step == _Step.FORGOTTEN:
                self._forget(about)
            else:
                yield from self._judge(about, at, settled=step == _Step.SETTLED)

    def _forget(self, one: Play) -> None:
        tail = (one.call.number or "")[-_TAIL:]
        others = [other for other in self._plays.pop(tail, ()) if other is not one]
        if others:
            self._plays[tail] = others

    # -- decisions --------------------------------------------------------------------------------------

    def _asked(self, one: Play, at: float) -> None:
        home = self._home(one.call)
        decision = no_practice(one.call, Flow.CALL_TO_TEXT) if home is None else self._decide(one, home, at, at)
        if decision.verdict is Verdict.TEXT:
            one.decision = decision
            one.tell(TextGiven(one.call.id, at), self._rules)
        else:
            one.tell(TextRefused(one.call.id, at, decision.reason), self._rules)
        self._go_on(one)

    def _judge(self, one: Play, now: float, settled: bool) -> Iterator[Entry]:
        home = self._home(one.call)
        decision = one.decision or self._judged(one, home, now, settled)
        settle = home[0].guards.settle if home else 0.0
        if one.decision is None and decision.verdict is Verdict.TEXT and not settled and settle > 0:
            self._expect(now + settle, _Step.SETTLED, one)
            return
        one.decision = decision
        if one.call.number:
            self._expect(now + self._settle + 1.0, _Step.FORGOTTEN, one)
        yield Entry(one.call, practice=home[0].name if home else None, decision=decision)

    def _judged(self, one: Play, home: Home | None, now: float, settled: bool) -> Decision:
        flow = flow_of(one.call, home)
        if flow is None:
            return without_flow(one.call)
        if home is None:
            return no_practice(one.call, flow)
        return self._decide(one, home, one.call.ended_at or now, now, flow, settled)

    def _decide(
        self,
        one: Play,
        home: Home,
        at: float,
        now: float,
        flow: Flow = Flow.CALL_TO_TEXT,
        settled: bool = False,
    ) -> Decision:
        number = number_of(one.call, home[0].region)
        e164 = number.e164 or ""
        known = Known(last_automatic_text=self._texted.get(e164), staff_reached_at=self._reached.get(e164))
        came_back = self._came_back(one, number, at, now) if settled else None
        decision = decide(Case(one.call, flow, home, number, known, at, max(at, now), came_back))
        final = settled or flow is Flow.CALL_TO_TEXT or home[0].guards.settle <= 0
        if decision.verdict is Verdict.TEXT and final:
            self._texted.put(e164, now)
        return decision

    def _came_back(self, one: Play, number: numbers.Number, at: float, now: float) -> str | None:
        for other in self._plays.get((one.call.number or "")[-_TAIL:], ()):
            if other is one or not other.serves(at, now):
                continue
            region = number.region or self._directory.region
            if numbers.read(other.call.number, region).e164 == number.e164:
                later = max(0.0, other.call.started_at - at)
                return f"the caller called again {span(later)} later" if later else "the caller is on another call"
        return None

    def _staff_reached(self, dialled: str, at: float) -> None:
        number = numbers.read(dialled, self._directory.region).e164
        if number:
            self._reached.put(number, at)

    def _home(self, call: Call) -> Home | None:
        return self._directory.home(call.pbx, call.queue, call.did)


def shown(entry: Entry, region: str) -> Entry:
    """The entry with the caller's number as ``calls list`` shows it."""
    number = number_of(entry.call, region)
    hidden = entry.call.tampered or number.kind is numbers.NumberKind.WITHHELD
    return replace(entry, number=None if hidden else number.e164 or entry.call.number)
