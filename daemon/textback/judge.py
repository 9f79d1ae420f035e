"""A verdict for each call, from the policy and what the database knows, and the message that it causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from textback import template
from textback.call import Call
from textback.directory import Directory, Home
from textback.guards import Case
from textback.ledger import Entry
from textback.limits import AFTER_QUIET, HOLDOUT
from textback.model import Decision, Disposition, Flow, Known, Spent, Status, Verdict
from textback.policy import decide, decide_again, flow_of, no_practice, number_asked, number_of, without_flow
from textback.served import came_back, other_visits
from textback.store import budget, calls as stored, marks, messages, people

_NOBODY = Known()

#: Seconds in which the dialplan may still say of a caller who left its menu that nobody would answer them: where the
#: daemon, or the database, stood still for a moment, a hook is heard after the hang-up.
LAST_WORD = 5.0

_Who = tuple[str, str]
#: a call to be judged, with the practice and line that it belongs to, and the time of the judgement
Docket = tuple[Entry, Home | None, float]
Judged = tuple[Entry, Case, Decision]


def judge_offer(connection: Connection, call: Call, home: Home | None, at: float) -> Decision:
    """Whether a caller would get a text if they asked for it at ``at`` (epoch seconds); nothing is written."""
    if home is None:
        return no_practice(call, Flow.CALL_TO_TEXT)
    return _decided(connection, case_of(Entry(call), Flow.CALL_TO_TEXT, home, at, at))[1]


def judge_asked(
    connection: Connection, entry: Entry, home: Home | None, at: float, written_at: float = 0.0
) -> Entry:
    """The answer to a caller who asked for a text at ``at`` (epoch seconds); ``written_at`` as for ``judge_ended``."""
    if home is None:
        return replace(entry, decision=no_practice(entry.call, Flow.CALL_TO_TEXT))
    case, decision = _decided(connection, case_of(entry, Flow.CALL_TO_TEXT, home, at, at), written_at)
    return _write(connection, [(entry, case, decision)])[0]


def _decided(connection: Connection, case: Case, written_at: float = 0.0) -> tuple[Case, Decision]:
    case = informed(connection, case, written_at)
    decision = decide(case)
    if decision.verdict is Verdict.HELD:
        # Who asks hears at once whether a text comes: that it may come, once a person has looked, is no answer.
        decision = replace(decision, verdict=Verdict.SKIP)
    return case, decision


def informed(connection: Connection, case: Case, written_at: float = 0.0) -> Case:
    """The case with what the database knows of the number, and what the practice has spent."""
    known, spent = _known(connection, [case]), _spent(connection, [case], written_at)
    return replace(case, known=known.get(_who(case), _NOBODY), spent=spent.get(case.home[0].name, Spent()))


def judge_ended(
    connection: Connection, docket: Sequence[Docket], settled: bool, written_at: float = 0.0
) -> list[Entry]:
    """The calls with what was decided; where a text is due, they settle first, unless they have ``settled``.

    They are judged in their order: a text for the first is known to the judgement of the second. ``written_at``: what
    the clock shows, if that is later than the time of the judgement.
    """
    done: list[Entry] = []
    cases: list[tuple[Entry, Case]] = []
    given = [entry.message_id for entry, _, _ in docket if entry.decision is not None and entry.message_id is not None]
    stopped = messages.stopped(connection, given) if given else {}
    for entry, home, now in docket:
        flow = flow_of(entry.call, home)
        if entry.decision is None and entry.call.disposition is Disposition.UNREACHED and flow is None and not settled:
            done.append(replace(entry, settle_at=(entry.call.ended_at or now) + LAST_WORD))
        elif entry.decision is not None or flow is None:
            decision = entry.decision and _unless_stopped(entry.decision, stopped.get(entry.message_id or ""))
            done.append(replace(entry, decision=decision or without_flow(entry.call)))
        elif home is None:
            done.append(replace(entry, decision=no_practice(entry.call, flow)))
        else:
            cases.append((entry, case_of(entry, flow, home, entry.call.ended_at or now, now)))
    return done + _judge(connection, cases, settled, written_at)


def _unless_stopped(decision: Decision, stopped: tuple[Status, str] | None) -> Decision:
    """What was decided while the caller was on the line, but for a text that has been taken out of the queue since."""
    if stopped is None:
        return decision
    verdict = Verdict.HELD if stopped[0] is Status.HELD else Verdict.SKIP
    told = decision.why.removeprefix("text: ")
    return replace(decision, verdict=verdict, reason=stopped[1], why=f"{verdict}: {told}, but the text did not leave")


def judge_again(
    connection: Connection, directory: Directory, call_id: str, number: str, written_at: float, now: float
) -> Decision | None:
    """Why the text of a call, which had to wait, may not leave any more at ``now`` (epoch seconds); None if it may.

    ``number``: where it goes (E.164), which the caller may have keyed in; ``written_at``: when it was decided, which is
    when the caller asked, if they did.
    """
    row = stored.row(connection, call_id)
    if row is None or row["flow"] is None:
        return None
    call = Call(
        id=row["id"],
        pbx=row["pbx"],
        linkedid=row["linkedid"] or "",
        started_at=row["started_at"],
        number=number,
        queue=row["queue"],
        did=row["did"],
        ended_at=row["ended_at"],
    )
    home = directory.home(call.pbx, call.queue, call.did, row["practice"])
    if home is None:
        return no_practice(call, Flow(row["flow"]))
    flow = Flow(row["flow"])
    at = written_at if flow is Flow.CALL_TO_TEXT else call.ended_at or call.started_at
    return decide_now(connection, case_of(Entry(call), flow, home, at, now))


def decide_now(connection: Connection, case: Case) -> Decision | None:
    """Why a text that had to wait may not leave any more; None if it may."""
    number = case.number.e164 or ""
    known = _known(connection, [case]).get(_who(case), _NOBODY)
    back = came_back(case, other_visits(connection, [case]).get(number, ()))
    return decide_again(replace(case, known=known, came_back=back))


def _judge(
    connection: Connection, cases: Sequence[tuple[Entry, Case]], settled: bool, written_at: float
) -> list[Entry]:
    known = _known(connection, [case for _, case in cases])
    others = other_visits(connection, [case for _, case in cases]) if settled else {}
    spent = _spent(connection, [case for _, case in cases], written_at)
    restored_at = marks.at(connection, marks.RESTORED) if cases else None
    settling: list[Entry] = []
    judged: list[Judged] = []
    texted: dict[str, float] = {}
    for entry, case in cases:
        number = case.number.e164 or ""
        back = came_back(case, others.get(number, ()))
        purse, person = spent.get(case.home[0].name, Spent()), known.get(_who(case), _NOBODY)
        if number in texted:
            person = replace(person, last_automatic_text=texted[number])
        case = replace(case, known=person, came_back=back, spent=purse)
        decision = _doubted(decide(case), case, restored_at)
        settle = case.home[0].guards.settle
        # What nobody saw is judged once the link is back, however short the practice lets calls settle.
        # Who is held out settles, too: else those who come back at once would count on one side of the comparison only.
        is_eligible = decision.verdict is Verdict.TEXT or decision.reason == HOLDOUT
        if is_eligible and not settled and (settle > 0 or entry.backfilled):
            settling.append(replace(entry, pending=case.flow, settle_at=case.at + settle))
            continue
        judged.append((entry, case, decision))
        if decision.verdict is Verdict.TEXT:
            texted[number] = case.now
            spent[case.home[0].name] = purse.and_one_to(number)
    return settling + _write(connection, judged)


def _doubted(decision: Decision, case: Case, restored_at: float | None) -> Decision:
    """Whom a daemon may have texted before a backup was put in place, only a person texts."""
    if decision.verdict is not Verdict.TEXT or restored_at is None or case.at > restored_at:
        return decision
    why = f"held: {decision.why.removeprefix('text: ')}, but they may have been texted before the database was restored"
    return replace(decision, verdict=Verdict.HELD, reason=marks.RESTORED, why=why, due_at=None)


def _write(connection: Connection, judged: Sequence[Judged]) -> list[Entry]:
    """The calls with their decisions, and with the messages that these caused, written beside them."""
    texts = [(case, decision) for _, case, decision in judged if decision.verdict is not Verdict.SKIP]
    now = max((case.now for case, _ in texts), default=0.0)
    wanted = {_thread(case): case.home[0].name for case, _ in texts}
    threads = people.conversations_for(connection, wanted, now) if wanted else {}
    new = [message_of(case, decision, threads[_thread(case)]) for case, decision in texts]
    ids = iter(messages.add_all(connection, new))
    return [
        replace(entry, decision=decision)
        if decision.verdict is Verdict.SKIP
        else replace(entry, decision=decision, message_id=next(ids), conversation_id=threads[_thread(case)])
        for entry, case, decision in judged
    ]


def _thread(case: Case) -> tuple[str, str]:
    return case.home[1].number, case.number.e164 or ""


def message_of(case: Case, decision: Decision, conversation: int) -> messages.NewMessage:
    """The text that a decision causes."""
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
        expires_at=_expires_at(case, decision.due_at),
        call_id=case.call.id or None,
        practice=practice.name,
        flow=case.flow,
        status=Status.QUEUED if is_text else Status.HELD,
        reason=None if is_text else decision.reason,
    )


def _expires_at(case: Case, due_at: float | None) -> float | None:
    """What waits for the quiet hours to end does not grow too old by that; but then it must leave in its time, too."""
    max_age = case.home[0].guards.max_age
    if max_age <= 0:
        return None
    return case.at + max_age if due_at is None else due_at + max(max_age, AFTER_QUIET)


def case_of(entry: Entry, flow: Flow, home: Home, at: float, now: float) -> Case:
    """What there is to decide about a call that ended, or whose caller asked, ``at`` (epoch seconds)."""
    number = (number_asked if flow is Flow.CALL_TO_TEXT else number_of)(entry.call, home[0].region)
    return Case(entry.call, flow, home, number, _NOBODY, at, max(at, now))


def _known(connection: Connection, cases: Sequence[Case]) -> dict[_Who, Known]:
    """What each practice knows of the numbers of its own cases; one number is seldom lost at several at once."""
    wanted = {_who(case) for case in cases if case.number.e164}
    if not wanted:
        return {}
    now, own = max(case.now for case in cases), _texted_already(connection, cases)
    found: dict[_Who, Known] = {}
    while wanted:
        practice_of = {number: practice for practice, number in sorted(wanted)}
        known = people.known(connection, list(practice_of), practice_of=practice_of, now=now, apart_from=own)
        found |= {(practice_of[number], number): person for number, person in known.items()}
        wanted -= {(practice, number) for number, practice in practice_of.items()}
    return found


def _who(case: Case) -> _Who:
    """A number, and the practice whose contacts count for it."""
    return case.home[0].name, case.number.e164 or ""


def _spent(connection: Connection, cases: Sequence[Case], written_at: float) -> dict[str, Spent]:
    guards = {case.home[0].name: case.home[0].guards for case in cases}
    # What is not limited is not counted: of a day with many texts that would take longer than all the rest.
    of_a_day = {name for name, limits in guards.items() if limits.per_day > 0}
    of_a_minute = {name for name, limits in guards.items() if limits.per_minute > 0 or limits.per_prefix > 0}
    if not of_a_day | of_a_minute:
        return {}
    now, own = max(case.now for case in cases), _texted_already(connection, cases)
    return budget.spent(connection, of_a_day, of_a_minute, now, own, max(now, written_at))


def _texted_already(connection: Connection, cases: Sequence[Case]) -> set[str]:
    """Those calls that have their text, since the batch is judged again: its COMMIT went unanswered."""
    return messages.calls_with_text(connection, [case.call.id for case in cases])
