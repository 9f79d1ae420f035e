"""What a webhook starts: the flow of a call that is on the line, else that of a caller whom no PBX of ours saw."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from textback import numbers
from textback.book import PracticeBook
from textback.call import Call, Phase
from textback.clock import Clock
from textback.directory import Directory
from textback.elsewhere import Elsewhere, Judged, home_of
from textback.errands import Errands
from textback.events import DialplanSaid, NoAnswer, NobodyAnswered, TextRequested
from textback.intake import NotHeld
from textback.judge import judge_offer
from textback.measures import Measures
from textback.model import Flow
from textback.store import calls, webhook_tokens
from textback.store.reader import Reader
from textback.store.webhook_tokens import Grant
from textback.store.writer import Writer
from textback.web.told import Mistaken, Told
from textback.web.trigger import Outcome
from textback.wording import span

NO_NUMBER = "the caller's number is no possible telephone number: expected one such as +12025550123"
CONTRADICTION = "the caller's number is there twice, and not the same"
OWN_LINE = "the caller's number is one of our own lines"
BEGUN = "pending: the daemon that follows the call has taken it, and has not answered yet"
#: Seconds in which another daemon must answer, a takeover included.
PATIENCE = 8.0
ON_THE_LINE = "pending: nobody will answer, so a webhook says; it is judged when the caller leaves"


class Trigger:
    """Starts flows for callers whom others tell of; ``on_work`` hears that a text was written."""

    def __init__(
        self,
        errands: Errands,
        writer: Writer,
        read: Reader,
        clock: Clock,
        on_work: Callable[[], None],
        log: logging.Logger = logging.getLogger("textback.calls"),
        patience: float = PATIENCE,
        measures: Measures | None = None,
    ) -> None:
        self._measures = measures or Measures()
        self._patience = patience
        self._errands, self._writer, self._read = errands, writer, read
        self._clock, self._on_work, self._log = clock, on_work, log
        self._book = PracticeBook()

    async def grant(self, token: str) -> Grant | None:
        """What a token allows; None if it is no token, or none any more."""
        return await self._read(lambda conn: webhook_tokens.find(conn, token))

    async def start(self, grant: Grant, told: Told) -> Outcome:
        """Start the flow of a webhook for a caller; returns once that is durable.

        Raises ``Mistaken`` if nobody can have that number.
        """
        now = self._clock()
        directory = await self._read(self._book)
        number, language = _number(directory, grant, told), told.language or grant.language
        call_id = await self._open_call(directory, grant, number)
        outcome = await self._on_the_line(call_id, grant, language, now) if call_id else None
        if outcome is None:
            job = Elsewhere(self._book, grant, number, language, told.name, now)
            judged = await self._writer.run(job)
            self._measures.verdicts.add(judged.decision.verdict, judged.decision.reason)
            outcome = _outcome(judged)
            if outcome.message is not None:
                self._on_work()
        said = (grant.id, outcome.why, outcome.reason, numbers.Masked(number))
        self._log.info("webhook %d: %s [%s] %s", *said)
        return outcome

    async def _open_call(self, directory: Directory, grant: Grant, number: str) -> str | None:
        """The caller's call, if they called that practice: another one's webhook has no say in it."""
        call = await self._errands.open_call_of(number)
        home = directory.home(call.pbx, call.queue, call.did, call.practice) if call else None
        return call.id if call and home and home[0].name == grant.practice else None

    async def _on_the_line(self, call_id: str, grant: Grant, language: str | None, now: float) -> Outcome | None:
        """The same for a call that is on the line; None if it has ended meanwhile, or nobody follows it any more."""
        await self._writer.run(partial(webhook_tokens.note_use, webhook=grant.id, at=now))
        is_asked = grant.flow is Flow.CALL_TO_TEXT
        said = DialplanSaid(call_id, now, grant.practice, None, language)
        wish = TextRequested(call_id, now) if is_asked else NobodyAnswered(call_id, now, NoAnswer.TOLD, told=True)
        try:
            call = await self._errands.ask(said, wish, patience=self._patience, lasting=False)
        except NotHeld:
            return None
        except TimeoutError:
            return Outcome("pending", grant.flow, BEGUN)
        if is_asked:
            if call is None or call.answer is None:
                return None
            return await self._read(partial(self._answer, call, now))
        if call is None or (call.phase is Phase.ENDED and call.no_answer is not NoAnswer.TOLD):
            return None
        return Outcome("pending", grant.flow, ON_THE_LINE)

    def _answer(self, call: Call, now: float, conn: Connection) -> Outcome:
        """What became of the request for a text: of this one, or of the first one in that call."""
        row = calls.row(conn, call.id)
        if call.answer == "" and row is not None:
            return Outcome("text", row["reason"], row["why"], row["message_id"])
        home = self._book(conn).home(call.pbx, call.queue, call.did, call.practice)
        again, reason = judge_offer(conn, call, home, now), call.answer or "error"
        return Outcome("skip", reason, again.why if again.reason == reason else "skip: it was refused before")


def _outcome(judged: Judged) -> Outcome:
    decision = judged.decision
    if not judged.settle:
        return Outcome(decision.verdict.value, decision.reason, decision.why, judged.message_id)
    told, wait = decision.why.removeprefix("text: "), span(judged.settle)
    why = f"pending: {told}; the text leaves in {wait}, unless they are served before"
    return Outcome("pending", decision.reason, why, judged.message_id)


def _number(directory: Directory, grant: Grant, told: Told) -> str:
    """The caller's number in E.164, as it is read where the practice is; raises ``Mistaken``."""
    home = home_of(directory, grant)
    region = home[0].region if home else directory.region
    found = {numbers.read(number, region).e164 for number in told.numbers}
    if len(found) > 1:
        raise Mistaken("contradiction", CONTRADICTION)
    number = found.pop()
    if number is None:
        raise Mistaken("bad_number", NO_NUMBER)
    if directory.line(number) is not None:
        raise Mistaken("bad_number", OWN_LINE)
    return number
