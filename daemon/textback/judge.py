"""A verdict for each call, from the policy and what the database knows, and the message that it causes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from textback import template
from textback.directory import Home
from textback.guards import Case
from textback.ledger import Entry
from textback.model import Decision, Disposition, Flow, Known, Spent, Status, Verdict
from textback.policy import decide, flow_of, no_practice, number_of, without_flow
from textback.store import budget, messages, people
from textback.store.calls import Visit, visits
from textback.wording import span

_NOBODY = Known()

#: a call to be judged, with the practice and line that it belongs to, and the time of the judgement
Docket = tuple[Entry, Home | None, float]
Judged = tuple[Entry, Case, Decision]


def judge_asked(connection: Connection, entry: Entry, home: Home | None, at: float) -> Entry:
    """The answer to a caller who asked for a text at ``at`` (epoch seconds)."""
    if home is None:
        return replace(entry, decision=no_practice(entry.call, Flow.CALL_TO_TEXT))
    case = _case(entry, Flow.CALL_TO_TEXT, home, at, at)
    known, spent = _known(connection, [case]), _spent(connection, [case])
    case = replace(case, known=known.get(case.number.e164 or "", _NOBODY), spent=spent[home[0].name])
    decision = decide(case)
    if decision.verdict is Verdict.HELD:
        # Who asks hears at once whether a text comes: that it may come, once a person has looked, is no answer.
        decision = replace(decision, verdict=Verdict.SKIP)
    return _write(connection, [(entry, case, decision)])[0]


def judge_ended(connection: Connection, docket: Sequence[Docket], settled: bool) -> list[Entry]:
    """The calls with what was decided; where a text is due, they settle first, unless they have ``settled``.

    They are judged in their order: a text for the first is known to the judgement of the second.
    """
    done: list[Entry] = []
    cases: list[tuple[Entry, Case]] = []
    for entry, home, now in docket:
        flow = flow_of(entry.call, home)
        if entry.decision is not None or flow is None:
            done.append(replace(entry, decision=entry.decision or without_flow(entry.call)))
        elif home is None:
            done.append(replace(entry, decision=no_practice(entry.call, flow)))
        else:
            cases.append((entry, _case(entry, flow, home, entry.call.ended_at or now, now)))
    return done + _judge(connection, cases, settled)


def _judge(connection: Connection, cases: Sequence[tuple[Entry, Case]], settled: bool) -> list[Entry]:
    known = _known(connection, [case for _, case in cases])
    others = _visits(connection, [case for _, case in cases]) if settled else {}
    spent = _spent(connection, [case for _, case in cases])
    settling: list[Entry] = []
    judged: list[Judged] = []
    for entry, case in cases:
        number = case.number.e164 or ""
        back = _came_back(case, others.get(number, ()))
        purse = spent.get(case.home[0].name, Spent())
        case = replace(case, known=known.get(number, _NOBODY), came_back=back, spent=purse)
        decision = decide(case)
        settle = case.home[0].guards.settle
        # What nobody saw is judged once the link is back, however short the practice lets calls settle.
        if decision.verdict is Verdict.TEXT and not settled and (settle > 0 or entry.backfilled):
            settling.append(replace(entry, pending=case.flow, settle_at=case.at + settle))
            continue
        judged.append((entry, case, decision))
        if decision.verdict is Verdict.TEXT:
            known[number] = replace(case.known, last_automatic_text=case.now)
            spent[case.home[0].name] = purse.and_one_to(number)
    return settling + _write(connection, judged)


def _write(connection: Connection, judged: Sequence[Judged]) -> list[Entry]:
    """The calls with their decisions, and with the messages that these caused, written beside them."""
    texts = [(case, decision) for _, case, decision in judged if decision.verdict is not Verdict.SKIP]
    now = max((case.now for case, _ in texts), default=0.0)
    wanted = {_thread(case): case.home[0].name for case, _ in texts}
    threads = people.conversations_for(connection, wanted, now) if wanted else {}
    new = [_message(case, decision, threads[_thread(case)]) for case, decision in texts]
    ids = iter(messages.add_all(connection, new))
    return [
        replace(entry, decision=decision)
        if decision.verdict is Verdict.SKIP
        else replace(entry, decision=decision, message_id=next(ids), conversation_id=threads[_thread(case)])
        for entry, case, decision in judged
    ]


def _thread(case: Case) -> tuple[str, str]:
    return case.home[1].number, case.number.e164 or ""


def _message(case: Case, decision: Decision, conversation: int) -> messages.NewMessage:
    practice, line = case.home
    body = decision.body or ""
    counted = template.segments(body)
    is_text = decision.verdict is Verdict.TEXT
    return messages.NewMessage(
        conversation_id=conversation,
        to_number=case.number.e164 or "",
        from_number=line.number,
        body=body,
        segments=counted.count,
        encoding=counted.encoding,
        created_at=case.now,
        due_at=case.now if decision.due_at is None else decision.due_at,
        # What waits for the quiet hours to end does not grow too old by that.
        expires_at=case.at + practice.guards.max_age if practice.guards.max_age > 0 and not decision.due_at else None,
        call_id=case.call.id,
        practice=practice.name,
        flow=case.flow,
        status=Status.QUEUED if is_text else Status.HELD,
        reason=None if is_text else decision.reason,
    )


def _case(entry: Entry, flow: Flow, home: Home, at: float, now: float) -> Case:
    return Case(entry.call, flow, home, number_of(entry.call, home[0].region), _NOBODY, at, max(at, now))


def _known(connection: Connection, cases: Sequence[Case]) -> dict[str, Known]:
    practice_of = {case.number.e164: case.home[0].name for case in cases if case.number.e164}
    return people.known(connection, list(practice_of), practice_of=practice_of) if practice_of else {}


def _spent(connection: Connection, cases: Sequence[Case]) -> dict[str, Spent]:
    practices = {case.home[0].name for case in cases}
    return budget.spent(connection, practices, max(case.now for case in cases)) if practices else {}


def _visits(connection: Connection, cases: Sequence[Case]) -> Mapping[str, Sequence[Visit]]:
    """The other calls of each number, as they are stored: those of another PBX, or another daemon, too."""
    numbers = {case.number.e164 for case in cases if case.number.e164}
    found: defaultdict[str, list[Visit]] = defaultdict(list)
    if numbers:
        for visit in visits(connection, sorted(numbers), since=min(case.at for case in cases)):
            found[visit.caller].append(visit)
    return found


def _came_back(case: Case, others: Iterable[Visit]) -> str | None:
    """What the same number did since, if it is being served: on hold, ringing, talking, or to be judged later."""
    for visit in others:
        if visit.id != case.call.id and _serves(visit, case.at):
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
