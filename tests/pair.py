"""Two daemons on one database and one PBX, in one thread: they die, freeze, lose the database, and time is moved."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from tests.practices import document, practice
from textback.book import PracticeBook
from textback.call import Call, Rules, advance, arrive
from textback.events import (
    CallerArrived,
    CallerLeft,
    CallLost,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LinkLost,
    LinkSynced,
    NoAnswer,
    NobodyAnswered,
    Place,
    Ringing,
    StateUnknown,
    Talking,
)
from textback.intake import Intake
from textback.model import Disposition
from textback.pbx.link import LAG
from textback.rota import LOOK, Rota
from textback.store import calls, leases, practices
from textback.store.engine import reading
from textback.store.tables import messages
from textback.tracker import Tracker

T0 = 1_800_014_400.0
PBX = "main"
#: everybody who gives up or is missed is texted at once
EVERYBODY = {
    "guards__settle": 0, "guards__cooldown": 0, "guards__per_minute": 0, "guards__per_day": 0, "guards__per_prefix": 0,
    "guards__max_age": "24h", "abandoned__min_hold": 0, "missed__min_ring": 0,
}  # fmt: skip

#: what can happen to a caller next, told as each daemon's link tells it, at its own time
Happening = Callable[[str, float], Fact]
HAPPENINGS: dict[str, Happening] = {
    "waits": lambda call, at: HoldStarted(call, at, Place.QUEUE, at, "support"),
    "waits elsewhere": lambda call, at: HoldStarted(call, at, Place.QUEUE, at, "sales"),
    "is held": lambda call, at: HoldStarted(call, at, Place.AGENT_HOLD, at),
    "waits no more": HoldEnded,
    "rings": Ringing,
    "talks": lambda call, at: Talking(call, at, "104"),
    "nobody answers": lambda call, at: NobodyAnswered(call, at, NoAnswer.BUSY),
    "presses 5": lambda call, at: KeyPressed(call, at, "5"),
}
LEAVES = CallerLeft
#: where a snapshot of the PBX shows somebody to be
_SHOWN = ("waits", "waits elsewhere", "is held", "rings", "talks")


class Writer:
    """Runs each job at once, or when the database is back; ``forgetful``: the next COMMIT goes unanswered."""

    failing_since: float | None = None

    def __init__(self, engine: Engine) -> None:
        self.is_cut = self.forgetful = False
        self._engine = engine
        self._waiting: list[tuple[Any, Future[Any]]] = []

    def submit(self, job: Callable[[Connection], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.append((job, future))
        self.work()
        return future

    def work(self) -> None:
        while self._waiting and not self.is_cut:
            job, future = self._waiting.pop(0)
            for _ in range(1 + self.forgetful):
                with self._engine.begin() as connection:
                    result = job(connection)
            self.forgetful = False
            future.set_result(result)


@dataclass
class Caller:
    """One call, as it really is."""

    id: str
    number: str
    happened: list[str] = field(default_factory=list)
    #: the daemons that heard everything of it, and live, unless it is decided
    witnesses: set[int] = field(default_factory=set)
    is_gone: bool = False
    shadow: Call | None = None


class Daemon:
    """One of the two; its ``skew`` is by how many seconds its clock is wrong."""

    def __init__(self, pair: Pair, index: int, skew: float, life: int) -> None:
        self.index, self.skew = index, skew
        self.is_frozen = self.is_up = False
        self.backlog: list[Callable[[], None]] = []
        self.writer = Writer(pair.engine)
        self.name = f"daemon {index}, life {life}"
        self.tracker = Tracker([PBX], PracticeBook(), name=self.name)
        self.clock = lambda: pair.now + skew
        arguments: Any = (self.tracker, self.writer, self.clock, lambda decided: None, print, pair.fail)
        self.intake = Intake(*arguments, on_held=self.taken_over, monotonic=lambda: pair.now)
        self.accounts_at = float("inf")
        self.rota = Rota(self.name, [PBX], self.intake, self.read, self.writer, self.clock, lambda: pair.now)
        self._pair = pair

    def taken_over(self, pbx: str, held: bool) -> None:
        self.accounts_at = self._pair.now + LAG if held else float("inf")

    def account(self, present: set[str]) -> None:
        """As a link does: what another daemon followed, and is not on the line, is gone."""
        if self.accounts_at <= self._pair.now and self.is_up:
            self.accounts_at = float("inf")
            for call in [each.id for each in self.tracker.open_calls(PBX) if each.id not in present]:
                self.hear(lambda at, call=call: CallLost(call, at))  # type: ignore[misc]

    async def read(self, look: Callable[[Connection], Any]) -> Any:
        if self.writer.is_cut:
            raise OSError("no database")
        with reading(self._pair.engine) as connection:
            return look(connection)

    def hear(self, tell: Callable[[float], Fact]) -> None:
        """A fact of the link, at the time at which it is read; who is frozen reads it later."""
        if self.is_frozen:
            self.backlog.append(lambda: self.hear(tell))
        elif self.is_up:
            self.intake.hear(tell(self.clock()))


class Pair:
    def __init__(self, engine: Engine, skew: float = 0.0) -> None:
        self.engine = engine
        self.now = T0
        self.loop = asyncio.new_event_loop()
        self.callers: list[Caller] = []
        self.faults: list[BaseException] = []
        self._skews = (0.0, skew)
        self._lives = 0
        with engine.begin() as connection:
            practices.put(connection, practice(**EVERYBODY).name, document(**EVERYBODY), "test", T0)
            leases.ensure(connection, [PBX])
        self.daemons: list[Daemon | None] = [None, None]
        for index in (0, 1):
            self.start(index)

    def fail(self, fault: BaseException) -> None:
        self.faults.append(fault)

    def close(self) -> None:
        self.loop.close()
        assert self.faults == []

    def turn(self) -> None:
        """Let the daemons do all that they can do now."""

        async def some() -> None:
            for _ in range(12):
                await asyncio.sleep(0)

        self.loop.run_until_complete(some())

    # -- the daemons ------------------------------------------------------------------------------------

    def start(self, index: int) -> None:
        """A daemon starts, its link comes up, and it takes what nobody holds."""
        self._lives += 1

        async def begin() -> Daemon:
            daemon = Daemon(self, index, self._skews[index], self._lives)
            await daemon.rota.look()
            return daemon

        daemon = self.daemons[index] = self.loop.run_until_complete(begin())
        self.turn()
        self.resync(daemon)

    def kill(self, index: int) -> None:
        """What it has heard, and nobody has written, it takes to its grave."""
        self.daemons[index] = None
        rows = self.rows()
        for caller in self.callers:
            if (rows.get(caller.id) or {"verdict": None})["verdict"] is None:
                caller.witnesses.discard(index)

    def stop(self, index: int) -> None:
        """An orderly stop: what is read is written, and the lease is given back."""
        daemon = self.daemons[index]
        assert daemon is not None
        daemon.writer.submit(daemon.tracker.give_back)
        daemon.writer.submit(daemon.rota.leave)
        self.kill(index)

    def thaw(self, daemon: Daemon) -> None:
        daemon.is_frozen = False
        backlog, daemon.backlog = daemon.backlog, []
        for late in backlog:
            late()
        daemon.writer.is_cut = False
        daemon.writer.work()
        self.turn()

    def freeze(self, daemon: Daemon) -> None:
        daemon.is_frozen = daemon.writer.is_cut = True

    def cut(self, daemon: Daemon) -> None:
        daemon.writer.is_cut = True

    def mend(self, daemon: Daemon) -> None:
        daemon.writer.is_cut = False
        daemon.writer.work()
        self.turn()

    def unlink(self, daemon: Daemon) -> None:
        """The link to the PBX is down."""
        if daemon.is_up:
            daemon.hear(lambda at: LinkLost("", at, PBX))
            daemon.is_up = False
            for caller in self.callers:
                if not caller.is_gone:
                    caller.witnesses.discard(daemon.index)
            self.turn()

    def resync(self, daemon: Daemon) -> None:
        """The link comes up (again): what a snapshot shows, and of the rest, that nobody knows."""
        with reading(self.engine) as connection:
            rows = calls.unsettled(connection, PBX)
        known = {row["id"] for row in rows if not row["ended_at"]}
        daemon.is_up = True
        present = {caller.id: caller for caller in self.callers if not caller.is_gone}
        for caller in present.values():
            if caller.id not in known:
                daemon.hear(self._arrival(caller))
            last = next((name for name in reversed(caller.happened) if name != "presses 5"), None)
            if last in _SHOWN:
                daemon.hear(self._told(caller, last))
            else:
                daemon.hear(lambda at, call=caller.id: StateUnknown(call, at))  # type: ignore[misc]
        for call in sorted(known - present.keys()):
            daemon.hear(lambda at, call=call: CallLost(call, at))  # type: ignore[misc]
        daemon.hear(lambda at: LinkSynced("", at, PBX))
        self.turn()
        self.loop.run_until_complete(daemon.rota.round())
        self.turn()

    # -- the callers ------------------------------------------------------------------------------------

    def arrive(self) -> Caller:
        serial = len(self.callers) + 1
        caller = Caller(f"{PBX}/{serial}", f"+1202555{serial:04}")
        self.callers.append(caller)
        caller.witnesses = {each.index for each in self.daemons if each is not None and each.is_up}
        caller.shadow = arrive(self._arrival(caller)(self.now))
        self._tell(self._arrival(caller))
        return caller

    def happen(self, caller: Caller, name: str) -> None:
        caller.happened.append(name)
        self._shadow(caller, HAPPENINGS[name](caller.id, self.now))
        self._tell(self._told(caller, name))

    def leave(self, caller: Caller) -> None:
        caller.is_gone = True
        self._shadow(caller, CallerLeft(caller.id, self.now))
        self._tell(lambda at: CallerLeft(caller.id, at))

    def _shadow(self, caller: Caller, fact: Fact) -> None:
        assert caller.shadow is not None
        caller.shadow = advance(caller.shadow, fact, Rules())[0]

    def _tell(self, tell: Callable[[float], Fact]) -> None:
        for daemon in self.daemons:
            if daemon is not None:
                daemon.hear(tell)
        self.turn()

    def _arrival(self, caller: Caller) -> Callable[[float], CallerArrived]:
        return lambda at: CallerArrived(
            caller.id, at, PBX, caller.id.partition("/")[2], caller.number, "Doe, Jane", "12025550199"
        )

    def _told(self, caller: Caller, name: str) -> Callable[[float], Fact]:
        return lambda at: HAPPENINGS[name](caller.id, at)

    # -- time, and what is left of it all ---------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Time passes; who is awake looks around."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + LOOK, end)
            for daemon in self.daemons:
                if daemon is not None and not daemon.is_frozen:
                    self.loop.run_until_complete(daemon.rota.round())
                    daemon.account({caller.id for caller in self.callers if not caller.is_gone})
                    daemon.intake.pass_time()
            self.turn()

    @property
    def holders(self) -> list[int]:
        """The daemons that believe they write."""
        return [each.index for each in self.daemons if each is not None and each.tracker.held]

    def rows(self) -> dict[str, dict[str, Any]]:
        with reading(self.engine) as connection:
            return {row["id"]: row for row in calls.listing(connection, limit=0)}

    def texts(self) -> dict[str, int]:
        with reading(self.engine) as connection:
            counted = select(messages.c.to_number, func.count()).group_by(messages.c.to_number)
            return {number: count for number, count in connection.execute(counted)}

    def calm(self) -> None:
        """All is well again, everybody hangs up, and what is left is done."""
        for index, daemon in enumerate(self.daemons):
            if daemon is None:
                self.start(index)
            else:
                self.thaw(daemon)
                if not daemon.is_up:
                    self.resync(daemon)
        self.wait(10)
        for caller in self.callers:
            if not caller.is_gone:
                self.leave(caller)
        self.wait(10)
        # A decision that was put off by a clock which is ahead is due by that clock, whoever makes it.
        last = self.now + max(abs(skew) for skew in self._skews)
        while self.now < last and any(row["verdict"] is None for row in self.rows().values()):
            self.wait(10)

    def verdict(self) -> list[str]:
        """What must not be; call it once all is calm."""
        rows, texts, faults = self.rows(), self.texts(), list[str]()
        for caller in self.callers:
            row, text = rows.pop(caller.id, None), texts.pop(caller.number, 0)
            assert caller.shadow is not None
            wanted, told = caller.shadow.disposition, f"{caller.id} {caller.happened}"
            if row is None:
                faults += [f"{told}: no row"] if len(caller.witnesses) == 2 else []
                continue
            is_texted = row["verdict"] == "text"
            if row["verdict"] is None or text != is_texted:
                faults.append(f"{told}: {row['verdict']}, {text} texts")
            if len(caller.witnesses) == 2 and "presses 5" not in caller.happened and row["disposition"] != wanted:
                faults.append(f"{told}: {row['disposition']} instead of {wanted}")
            if len(caller.witnesses) == 2 and row["disposition"] == Disposition.LOST:
                faults.append(f"{told}: lost")
        return faults + [f"{call}: nobody called" for call in rows] + [f"{number}: texted" for number in texts]
