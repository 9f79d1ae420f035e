"""What the daemon answers to the hooks of the dialplan: whose call it is, whether a text may go, and that it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sqlalchemy import Connection

from textback import hours
from textback.book import PracticeBook
from textback.call import Call, Phase, Rules, arrive, replace
from textback.clock import Clock
from textback.directory import Directory, Home
from textback.errands import LAG, LOOK, Errands
from textback.events import (
    CallerArrived,
    CallerKnown,
    DialplanSaid,
    Fact,
    Handled,
    NoAnswer,
    NobodyAnswered,
    TextRequested,
    pbx_of,
)
from textback.hooks.asking import UNKNOWN_CALL
from textback.hooks.desk import About, After, Answer, Caller, Offer
from textback.intake import Intake
from textback.judge import judge_offer
from textback.model import Disposition, Verdict
from textback.pbx.ami_dialling import DIAL_STATUS, QUEUE_STATUS
from textback.policy import number_of
from textback.store import persons
from textback.store.reader import Read

#: Seconds in which another daemon must answer: for a text, and for what the dialplan only says.
FOR_TEXT, FOR_WORD = 1.8, 0.1
#: What the dialplan may say that is no reason to think that nobody answers.
_ANSWERED = frozenset({"ANSWER", "CONTINUE", "CANCEL"})


@dataclass(frozen=True, slots=True)
class Known:
    """A PBX as the desk knows it: its name, its channels' default language, and whether its link is up now.

    ``trunks``: patterns of the channels whose far end is outside.
    """

    name: str
    language: str
    is_up: Callable[[], bool]
    trunks: Sequence[str] = ("*",)

    def has_trunk(self, channel: str) -> bool:
        """Whether a caller may be on a channel of that name."""
        return any(fnmatchcase(channel, pattern) for pattern in self.trunks)


class HookDesk:
    """Answers for the calls of ``pbxes``; ``read`` looks into the database, ``errands`` see to what changes a call.

    Where another daemon writes for the PBX, what it has written is what is known here, and it is asked to do the rest.
    """

    def __init__(
        self,
        pbxes: Sequence[Known],
        errands: Errands,
        intake: Intake,
        read: Read,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pbxes: Mapping[str, Known] = {pbx.name: pbx for pbx in pbxes}
        self._errands = errands
        self._intake = intake
        self._read = read
        self._clock = clock
        self._sleep = sleep
        self._book = PracticeBook()

    async def may_offer(self, caller: Caller) -> Offer:
        """Whether this caller would get a text if they asked for it now."""
        call = await self._call(caller)
        if call is None:
            return Offer(False, UNKNOWN_CALL)
        if call.answer == "":
            return Offer(False, "texted")
        now = self._clock()

        def look(connection: Connection) -> Offer:
            directory = self._book(connection)
            decision = judge_offer(connection, call, _home(directory, call), now)
            return Offer(decision.verdict is Verdict.TEXT, decision.reason, _rules(directory, call).key)

        return await self._read(look)

    async def call_to_text(self, caller: Caller, number: str | None = None) -> Answer:
        """The caller asks for a text; the answer stands in the database when it is given."""
        if self._intake.is_stuck:
            # The caller hears so at once and keeps their place; a text that came out of the blue later would be wrong.
            return Answer("error", "database")
        told = await self._told(caller, lambda call_id, at: TextRequested(call_id, at, number))
        if not told:
            return Answer("error", UNKNOWN_CALL)
        call = await self._errands.ask(*told, patience=FOR_TEXT)
        if call is None or call.answer is None:
            return Answer("error", "ended")
        return Answer("texted", "call_to_text") if call.answer == "" else Answer("refused", call.answer)

    async def no_answer(self, caller: Caller, why: str) -> bool:
        """Nobody will answer this caller; False if there is no such call."""
        said = why.upper()
        if said in _ANSWERED:
            return True
        reason = QUEUE_STATUS.get(said) or DIAL_STATUS.get(said) or NoAnswer.TOLD
        return await self._tell(caller, lambda call_id, at: NobodyAnswered(call_id, at, reason, told=True))

    async def handled(self, caller: Caller) -> bool:
        """The dialplan served the caller otherwise; False if there is no such call."""
        return await self._tell(caller, Handled)

    async def is_open(self, caller: Caller) -> bool:
        """Whether the caller's practice is open; what belongs to no practice is."""
        call = await self._call(caller) or self._heard(caller, caller.pbx or "")
        now = self._clock()

        def look(connection: Connection) -> bool:
            home = _home(self._book(connection), call)
            return home is None or hours.is_open(home[0].hours, home[0].timezone, now)

        return await self._read(look)

    async def about(self, caller: Caller) -> About:
        """Who is calling, as far as their practice knows."""
        call = await self._call(caller) or self._heard(caller, caller.pbx or "")

        def look(connection: Connection) -> About:
            directory = self._book(connection)
            home = _home(directory, call)
            number = number_of(call, home[0].region).e164 if home else None
            if home is None or number is None:
                return About()
            others = directory.sharing_with(home[0].name)
            person = persons.person(connection, home[0].name, home[1].number, number, others)
            return About(person.name, person.verified, person.language, person.opted_out, person.conversation_id)

        return await self._read(look)

    async def after_text(self, caller: Caller) -> After:
        """What follows on a text: the end of the call, or the queue again."""
        call = await self._call(caller) or self._heard(caller, caller.pbx or "")

        def look(connection: Connection) -> After:
            home = _home(self._book(connection), call)
            queue = f"{call.pbx}/{call.queue}" if call.queue else None
            return home[0].call_to_text.for_queue(queue).after_text if home else "stay"

        return await self._read(look)

    async def _tell(self, caller: Caller, fact: Callable[[str, float], Fact]) -> bool:
        told = await self._told(caller, fact)
        if not told:
            return False
        if self._intake.is_stuck and self._errands.is_ours(pbx_of(told[0])):
            for each in told:
                self._intake.put(each)  # it holds once the database is back
            return True
        try:
            call = await self._errands.ask(*told, patience=FOR_WORD)
        except TimeoutError:
            return True  # it is written down, and whoever writes for that PBX will do it
        return call is not None and _counts(call, told[-1])

    async def _call(self, caller: Caller) -> Call | None:
        """The call as it is known now, with what the dialplan says about it; None if it is none of ours."""
        pbx = await self._pbx(caller)
        if pbx is None:
            return None
        call = await self._errands.call(f"{pbx}/{caller.uniqueid}")
        if call is None:
            return self._heard(caller, pbx)
        return replace(
            call,
            practice=caller.practice or call.practice,
            queue=caller.queue or call.queue,
            lang=caller.lang or call.lang,
            number=None if caller.withheld else call.number,
            withheld=call.withheld or caller.withheld,
            tampered=call.tampered or caller.tampered,
        )

    def _heard(self, caller: Caller, pbx: str) -> Call:
        """The call as only the dialplan knows it."""
        told = arrive(self._arrival(caller, pbx, 0.0))
        return replace(told, practice=caller.practice, queue=caller.queue, lang=caller.lang)

    def _arrival(self, caller: Caller, pbx: str, now: float) -> CallerArrived:
        default = self._pbxes[pbx].language if pbx in self._pbxes else None
        return CallerArrived(
            f"{pbx}/{caller.uniqueid}",
            now,
            pbx,
            caller.uniqueid,
            caller.number,
            caller.name,
            caller.did,
            None if caller.language == default else caller.language,
            withheld=caller.withheld,
            tampered=caller.tampered,
            hearsay=True,
        )

    async def _told(self, caller: Caller, fact: Callable[[str, float], Fact]) -> list[Fact]:
        """The fact, behind what else the dialplan says, and that the call exists; none if it is none of ours."""
        pbx = await self._pbx(caller)
        if pbx is None:
            return []
        call_id, now = f"{pbx}/{caller.uniqueid}", self._clock()
        told: list[Fact] = [] if self._errands.knows(call_id) else [self._arrival(caller, pbx, now)]
        if caller.tampered or caller.withheld:  # the link may not be told that a number is hidden
            told.append(CallerKnown(call_id, now, None, caller.withheld, caller.tampered, told=True))
        if caller.practice or caller.queue or caller.lang:
            told.append(DialplanSaid(call_id, now, caller.practice, caller.queue, caller.lang))
        return [*told, fact(call_id, now)]

    async def _pbx(self, caller: Caller) -> str | None:
        """The PBX whose call it is: the one that is named, else the one that knows it, else the one that is down.

        The link may lag a moment behind. A channel that a link which is up does not show is no caller's.
        """
        names = [name for name in self._pbxes if caller.pbx in (None, name)]
        for _ in range(int(LAG / LOOK)):
            for name in names:
                if self._errands.knows(f"{name}/{caller.uniqueid}"):
                    return name
            if not any(self._pbxes[name].is_up() for name in names):
                break
            await self._sleep(LOOK)
        for name in names:
            call_id = f"{name}/{caller.uniqueid}"
            if not self._errands.is_ours(name) and await self._errands.call(call_id):
                return name  # it was on the line before this daemon's link was up
        # of whom no link can tell, the dialplan alone does: a phone of the house that waits in a queue is no caller
        down = [name for name in names if not self._pbxes[name].is_up() and self._pbxes[name].has_trunk(caller.channel)]
        return down[0] if len(down) == 1 else None


def _counts(call: Call, told: Fact) -> bool:
    """Whether what the dialplan said of a call was not too late for it."""
    if call.phase is not Phase.ENDED:
        return True
    return call.handled if isinstance(told, Handled) else call.disposition is not Disposition.UNREACHED


def _home(directory: Directory, call: Call) -> Home | None:
    return directory.home(call.pbx, call.queue, call.did, call.practice)


def _rules(directory: Directory, call: Call) -> Rules:
    return directory.rules(call.pbx, call.queue, call.did, call.practice)
