"""Callers whom no PBX of ours saw: others tell of them, and they are judged like those who called here."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from textback.call import Call
from textback.directory import Directory, Home
from textback.guards import Case
from textback.judge import case_of, decide_now, informed, message_of
from textback.ledger import Entry
from textback.model import Decision, Flow, Verdict
from textback.policy import decide, no_practice
from textback.store import by_hand, names, people, webhook_tokens
from textback.store.claims import OutMessage
from textback.store.webhook_tokens import Grant


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided, the text that it caused, and the seconds that this waits whether they are served first."""

    decision: Decision
    message_id: str | None = None
    settle: float = 0.0


class Elsewhere:
    """A job for the writer: judges a caller whom a webhook told of at ``now``, and writes the text that this causes.

    It writes one text, however often it is run. ``number`` is E.164; ``name`` is what a stranger says: it is kept only
    where nobody knows the number yet.
    """

    def __init__(
        self,
        directory: Callable[[Connection], Directory],
        grant: Grant,
        number: str,
        language: str | None,
        name: str | None,
        now: float,
    ) -> None:
        self._directory, self._grant, self._name, self._now = directory, grant, name, now
        self._call = _call(number, now, language)
        self._message_id = str(uuid.uuid4())
        self._judged: Judged | None = None

    def __call__(self, conn: Connection) -> Judged:
        webhook_tokens.note_use(conn, self._grant.id, self._now)
        # Run again, its COMMIT went unanswered; it may have been heard.
        if self._judged is None or not by_hand.is_written(conn, self._message_id):
            self._judged = self._judge(conn)
        return self._judged

    def _judge(self, conn: Connection) -> Judged:
        home = home_of(self._directory(conn), self._grant)
        if home is None:
            return Judged(no_practice(self._call, self._grant.flow))
        case = informed(conn, case_of(Entry(self._call), self._grant.flow, home, self._now, self._now))
        decision = decide(case)
        if decision.verdict is Verdict.SKIP:
            return Judged(decision)
        # Who asked for a text does not wait; what is held waits for a person.
        waits = decision.verdict is Verdict.TEXT and case.flow is not Flow.CALL_TO_TEXT
        settle = home[0].guards.settle if waits else 0.0
        self._write(conn, case, decision, settle)
        return Judged(decision, self._message_id, settle)

    def _write(self, conn: Connection, case: Case, decision: Decision, settle: float) -> None:
        (practice, line), number = case.home, case.number.e164 or ""
        is_known = names.is_known(conn, practice.name, number)
        thread = people.conversation_for(conn, practice.name, line.number, number, self._now)
        if self._name and not is_known:
            names.call(conn, practice.name, number, self._name)
        new = message_of(case, decision, thread)
        by_hand.add_once(conn, replace(new, id=self._message_id, due_at=max(new.due_at, self._now + settle)))


def judge_elsewhere_again(
    conn: Connection, directory: Directory, message: OutMessage, now: float
) -> Decision | None:
    """Why the text for such a caller, when its turn comes, may not leave any more; None if it may."""
    if message.flow is None:
        return None
    call, home = _call(message.to_number, message.created_at), directory.line(message.from_number)
    if home is None:
        return no_practice(call, message.flow)
    return decide_now(conn, case_of(Entry(call), message.flow, home, message.created_at, now))


def home_of(directory: Directory, grant: Grant) -> Home | None:
    """The practice that a webhook belongs to, and its first line; None if there is none such any more."""
    return directory.home("", None, None, grant.practice)


def _call(number: str, at: float, language: str | None = None) -> Call:
    return Call(id="", pbx="", linkedid="", started_at=at, ended_at=at, number=number, lang=language)
