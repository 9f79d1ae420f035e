"""A verdict for each call, from the policy and what the database knows, and the message that it causes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from textback import template
from textback.directory import Home
from textback.guards import Case
from textback.ledger import Entry
from textback.model import Decision, Disposition, Flow, Known, Status, Verdict
from textback.policy import decide, flow_of, no_practice, number_of, without_flow
from textback.store import messages, people
from textback.store.calls import Visit, visits
from textback.wording import span

_NOBODY = Known()


class Judge:
    """Decides for calls that ended and for callers who ask; writes the message beside the decision."""

    def asked(self, connection: Connection, entry: Entry, home: Home | None, at: float) -> Entry:
        """The answer to a caller who asked for a text at ``at`` (epoch seconds)."""
        if home is None:
            return replace(entry, decision=no_practice(entry.call, Flow.CALL_TO_TEXT))
        case = _case(entry, Flow.CALL_TO_TEXT, home, at, at)
        known = self._known(connection, [case])
        return self._write(connection, entry, replace(case, known=known.get(case.number.e164 or "", _NOBODY)))

    def ended(
        self,
        connection: Connection,
        entries: Sequence[Entry],
        homes: Sequence[Home | None],
        times: Sequence[float],
        settled: bool,
    ) -> Iterator[Entry]:
        """The calls with what was decided at ``times``; where a text is due, they settle first, unless ``settled``."""
        cases = []
        for entry, home, now in zip(entries, homes, times, strict=True):
            flow = flow_of(entry.call, home)
            if entry.decision is not None or flow is None:
                yield replace(entry, decision=entry.decision or without_flow(entry.call))
            elif home is None:
                yield replace(entry, decision=no_practice(entry.call, flow))
            else:
                cases.append((entry, _case(entry, flow, home, entry.call.ended_at or now, now)))
        yield from self._judge(connection, cases, settled)

    def _judge(self, connection: Connection, cases: Sequence[tuple[Entry, Case]], settled: bool) -> Iterator[Entry]:
        known = self._known(connection, [case for _, case in cases])
        others = _visits(connection, [case for _, case in cases]) if settled else []
        for entry, case in cases:
            number = case.number.e164 or ""
            back = _came_back(case, others) if settled else None
            case = replace(case, known=known.get(number, _NOBODY), came_back=back)
            settle = 0.0 if settled else case.home[0].guards.settle
            decision = decide(case)
            if settle > 0 and decision.verdict is Verdict.TEXT:
                yield replace(entry, pending=case.flow, settle_at=case.at + settle)
                continue
            decided = self._write(connection, entry, case, decision)
            if decided.message_id and decision.verdict is Verdict.TEXT:
                known[number] = replace(known.get(number, _NOBODY), last_automatic_text=case.now)
            yield decided

    def _known(self, connection: Connection, cases: Sequence[Case]) -> dict[str, Known]:
        practice_of = {case.number.e164: case.home[0].name for case in cases if case.number.e164}
        return people.known(connection, list(practice_of), practice_of=practice_of) if practice_of else {}

    def _write(self, connection: Connection, entry: Entry, case: Case, decision: Decision | None = None) -> Entry:
        decision = decision or decide(case)
        number = case.number.e164
        if decision.verdict is Verdict.SKIP or number is None or decision.body is None or decision.line is None:
            return replace(entry, decision=decision)
        practice = case.home[0]
        conversation = people.conversation_for(connection, practice.name, decision.line, number, case.now)
        counted = template.segments(decision.body)
        message = messages.NewMessage(
            conversation_id=conversation,
            to_number=number,
            from_number=decision.line,
            body=decision.body,
            segments=counted.count,
            encoding=counted.encoding,
            created_at=case.now,
            due_at=case.now,
            expires_at=case.at + practice.guards.max_age,
            call_id=case.call.id,
            practice=practice.name,
            flow=case.flow,
            status=Status.QUEUED if decision.verdict is Verdict.TEXT else Status.HELD,
            reason=None if decision.verdict is Verdict.TEXT else decision.reason,
        )
        message_id = messages.add(connection, message)
        return replace(entry, decision=decision, message_id=message_id, conversation_id=conversation)


def _case(entry: Entry, flow: Flow, home: Home, at: float, now: float) -> Case:
    return Case(entry.call, flow, home, number_of(entry.call, home[0].region), _NOBODY, at, max(at, now))


def _visits(connection: Connection, cases: Sequence[Case]) -> list[Visit]:
    numbers = [case.number.e164 for case in cases if case.number.e164]
    return visits(connection, numbers, since=min(case.at for case in cases)) if numbers else []


def _came_back(case: Case, others: Sequence[Visit]) -> str | None:
    """What the same number did since, if it is being served: on hold, ringing, talking, or to be judged later."""
    for visit in others:
        if visit.caller == case.number.e164 and visit.id != case.call.id and _serves(visit, case.at):
            later = max(0.0, visit.started_at - case.at)
            return f"the caller called again {span(later)} later" if later else "the caller is on another call"
    return None


def _serves(visit: Visit, at: float) -> bool:
    """Whether that other visit takes care of the caller, so that a text for this one would come too much.

    A visit that ended without an answer takes care of them only if a text is due, or given, for itself.
    """
    if visit.ended_at is None:
        return visit.phase in ("waiting", "ringing", "talking")
    if visit.ended_at <= at:
        return False
    return visit.disposition == Disposition.ANSWERED or visit.verdict != Verdict.SKIP
