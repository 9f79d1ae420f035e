"""What is asked about a call is done by whichever daemon writes for its PBX: this one, or another over the database."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

from textback.call import Call
from textback.clock import Clock
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
from textback.intake import Intake, NotHeld
from textback.ledger import from_row, heard_call, told_call
from textback.store import calls, errands
from textback.store.errands import EXPIRES, Errand
from textback.store.reader import Read
from textback.store.writer import Writer
from textback.tracker import Tracker
from textback.until import until

#: Seconds between two looks for an answer, and for errands: where somebody stands by, and where nobody does.
ANSWERED, BUSY, QUIET = 0.02, 0.05, 0.5
#: Seconds that the link may lag behind the dialplan, and between two looks whether it still does.
LAG, LOOK = 0.1, 0.01
#: Seconds between two looks for errands that are too old.
PRUNE = 60.0

#: what another daemon may ask for
_KINDS: dict[str, type[Fact]] = {
    kind.__name__: kind
    for kind in (CallerArrived, CallerKnown, DialplanSaid, Handled, NobodyAnswered, TextRequested)
}


class Errands:
    """Asks, and does what others ask; ``has_company``: whether somebody stands by who may ask."""

    def __init__(
        self,
        tracker: Tracker,
        intake: Intake,
        writer: Writer,
        read: Read,
        clock: Clock,
        has_company: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        log: logging.Logger = logging.getLogger("textback.calls"),
    ) -> None:
        self._tracker, self._intake, self._writer, self._read = tracker, intake, writer, read
        self._clock, self._has_company, self._sleep, self._log = clock, has_company, sleep, log
        self._in_hand: dict[str, asyncio.Task[None]] = {}
        self._pruned_at = 0.0

    def is_ours(self, pbx: str) -> bool:
        """Whether this daemon writes for a PBX."""
        return pbx in self._intake.held

    def knows(self, call_id: str) -> bool:
        """Whether that call is open, as far as this daemon has heard."""
        return self._intake.knows(call_id) or call_id in self._intake.tape(call_id.partition("/")[0])

    async def call(self, call_id: str) -> Call | None:
        """What is known of a call that is open, or settling, by whoever follows it; None if it is none."""
        if self.is_ours(call_id.partition("/")[0]):
            return self._tracker.call(call_id)
        row = await self._read(partial(calls.row, call_id=call_id))
        return from_row(row).call if row is not None and row["machine"] is not None else None

    async def open_call_of(self, number: str) -> Call | None:
        """The call of that number (E.164) which is on the line, whoever follows it; the latest of several."""
        call = self._tracker.call(self._tracker.open_call_of(number) or "")
        if call is not None:
            return call
        rows = await self._read(partial(calls.open_calls_of, number=number))
        return next((from_row(row).call for row in rows if row["machine"] and not self.is_ours(row["pbx"])), None)

    async def ask(self, *facts: Fact, patience: float, lasting: bool = True) -> Call | None:
        """Have facts of one call taken in; the call after them, once that is durable, None if it is over.

        Where another daemon writes for the PBX, or is about to, it is asked, and raises ``TimeoutError`` if that has
        not answered in ``patience`` seconds: it will do it all the same, unless ``lasting`` is False, and then
        raises ``NotHeld`` if it surely did not.
        """
        try:
            return await self._intake.ask(*facts)
        except NotHeld:
            return await self._ask_others(facts, patience, lasting)

    async def _ask_others(self, facts: Sequence[Fact], patience: float, lasting: bool) -> Call | None:
        errand = Errand(str(uuid.uuid4()), pbx_of(facts[0]), [_told(fact) for fact in facts])
        await self._writer.run(partial(errands.ask, errand=errand, now=self._clock()))
        try:
            async with asyncio.timeout(patience):
                while (answer := await self._read(partial(errands.answered, errand_id=errand.id))) is None:
                    await self._sleep(ANSWERED)
        except TimeoutError:
            if not lasting and await self._writer.run(partial(errands.withdraw, errand_id=errand.id)):
                raise NotHeld from None
            raise
        self._writer.submit(partial(errands.forget, errand_id=errand.id))
        return heard_call(answer["call"]) if answer.get("call") else None

    # -- for others -------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Do what is asked until ``stop``."""
        await until(stop, self._for_ever())

    async def _for_ever(self) -> None:
        while True:
            await self._sleep(BUSY if self._has_company() else QUIET)
            try:
                await self.round()
            except Exception as error:  # the database: the writer says so, and what was asked stays there
                self._log.debug("no errands: %s", type(error).__name__)
                await self._sleep(QUIET)

    async def round(self) -> None:
        """Begin to do what is asked of this daemon."""
        now, held = self._clock(), self._intake.held
        found = await self._read(partial(errands.waiting, pbxes=held, since=now - EXPIRES)) if held else []
        for errand in found:
            if errand.id not in self._in_hand:
                task = self._in_hand[errand.id] = asyncio.create_task(self._do(errand))
                task.add_done_callback(partial(self._done, errand.id))
        if held and not 0 <= now - self._pruned_at < PRUNE:
            self._pruned_at = now
            self._writer.submit(partial(errands.prune, now=now))

    def _done(self, errand_id: str, task: asyncio.Task[None]) -> None:
        del self._in_hand[errand_id]
        if not task.cancelled() and (fault := task.exception()) is not None and not isinstance(fault, NotHeld):
            self._log.warning("what another daemon asked for could not be done: %s", type(fault).__name__)

    async def _do(self, errand: Errand) -> None:
        """In the order of our own hearing, so at our own time; another daemon's clock tells nothing here."""
        now = self._clock()
        if await self._writer.run(partial(errands.take, errand_id=errand.id, now=now)):
            found = [fact for told in errand.facts if (fact := _fact(told, errand.pbx, now)) is not None]
            facts = [fact for fact in found if not await self._is_hearsay(fact)]
            call = await self._intake.ask(*facts) if facts else None
            told = {"call": told_call(call) if call is not None else None}
            await self._writer.run(partial(errands.answer, errand_id=errand.id, told=told, now=self._clock()))

    async def _is_hearsay(self, fact: Fact) -> bool:
        """Whether it tells of a caller whom our own link must show, if there is one; it may lag a moment behind."""
        if not isinstance(fact, CallerArrived) or self._intake.tape(fact.pbx).synced_at is None:
            return False
        for _ in range(int(LAG / LOOK)):
            if self.knows(fact.call_id):
                break
            await self._sleep(LOOK)
        return True


def _told(fact: Fact) -> dict[str, Any]:
    """A fact in JSON; what stands as by default is left out."""
    values = {field.name: getattr(fact, field.name) for field in fields(fact) if field.name != "at"}
    return {"kind": type(fact).__name__} | {name: value for name, value in values.items() if value is not None}


def _fact(told: dict[str, Any], pbx: str, at: float) -> Fact | None:
    """The fact that a daemon told of, perhaps one of another version; None for what means nothing here."""
    kind = _KINDS.get(told.get("kind", ""))
    if kind is None or not str(told.get("call_id", "")).startswith(f"{pbx}/"):
        return None
    optional = {"number": None} if kind in (CallerArrived, CallerKnown) else {}
    names = {field.name for field in fields(kind)}
    try:
        made = kind(**(optional | {name: value for name, value in told.items() if name in names} | {"at": at}))
        return replace(made, why=NoAnswer(made.why)) if isinstance(made, NobodyAnswered) else made
    except (TypeError, ValueError):
        return None
