"""The calls of this daemon: what is known of them now, and jobs for the writer that take facts about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection

from textback.batch import Batch, OnStep
from textback.call import Call, Phase
from textback.directory import Directory
from textback.events import Fact, pbx_of
from textback.heard import Told
from textback.holding import Holding
from textback.ledger import Entry, from_row
from textback.orders import Order
from textback.set_back import fact_earlier
from textback.store import calls
from textback.store.leases import Lease

#: a job for the writer; gives what was decided
Job = Callable[[Connection], list[Entry]]


class Tracker:
    """Takes facts in order, inside the transactions of the writer.

    Everything that a batch changes in memory is undone before it is tried again: a database that fails in the
    middle never leaves a call half decided. ``directory`` gives the practices as they are stored now; ``on_step``
    hears of each fact and of the call after it, once more if a batch is tried again.

    With a ``name``, it is one of several daemons: it writes only for PBXes whose lease it has, and makes sure of that
    in each transaction. Without one, it is alone, and writes for all.
    """

    def __init__(
        self,
        pbxes: Iterable[str],
        directory: Callable[[Connection], Directory],
        on_step: OnStep | None = None,
        name: str | None = None,
    ) -> None:
        self._holding = Holding(pbxes, name)
        self._calls, self._fence, self._deadlines = self._holding.calls, self._holding.fence, self._holding.deadlines
        self._directory_of, self._on_step = directory, on_step
        #: the practices as of the last batch; None before the first
        self._directory: Directory | None = None
        #: what the PBXes are to do once the last batch is durable, and the calls that ended in it
        self.orders: list[Order] = []
        self.finished: list[Call] = []

    def restore(self, connection: Connection) -> None:
        """Take up the calls that were open, or settling, when the daemon stopped."""
        for pbx in self._holding.pbxes:
            for row in calls.unsettled(connection, pbx):
                self._calls.load(from_row(row))

    def follow(self, pbx: str) -> None:
        """Take in one more PBX, of which nothing is known before its lease is taken; within a job of the writer."""
        self._holding.follow(pbx)

    # -- what is known, told to any thread --------------------------------------------------------------

    @property
    def on_the_line(self) -> int:
        """How many callers are on the line, as far as this daemon writes of them."""
        return len(self._calls.on_the_line())

    @property
    def practices(self) -> int | None:
        """How many practices there are, as of the last batch; None before the first."""
        return None if self._directory is None else len(self._directory.practices)

    def settling(self, pbx: str) -> bool:
        """Whether it is still to be decided about calls of that PBX which have ended."""
        return any(entry.call.phase is Phase.ENDED and not entry.is_over for entry in self._calls.every(pbx))

    @property
    def held(self) -> frozenset[str]:
        """The PBXes that this daemon writes for, as of the last batch."""
        return frozenset(self._holding.pbxes) if self._fence.is_alone else self._fence.held

    def open_calls(self, pbx: str) -> list[Call]:
        """The calls of that PBX which are on the line, as far as is known."""
        return self._calls.on_the_line(pbx)

    def knows(self, call_id: str) -> bool:
        """Whether that call is open, or settling."""
        return call_id in self._calls

    def call(self, call_id: str) -> Call | None:
        """What is known about a call that is open, or settling."""
        entry = self._calls.get(call_id)
        return entry.call if entry else None

    def open_call_of(self, number: str) -> str | None:
        """The call of that number (E.164) which is on the line, the latest if there are several."""
        every = (entry for entry in self._calls.every() if entry.number == number)
        found = [entry.call for entry in every if entry.call.phase is not Phase.ENDED]
        latest = max(found, key=lambda call: call.started_at, default=None)
        return latest.id if latest else None

    @property
    def next_deadline(self) -> float | None:
        """The soonest time that a call may want to hear of."""
        return self._deadlines.next

    # -- jobs for the writer ----------------------------------------------------------------------------

    def batch(
        self, facts: Sequence[Fact], now: float | None = None, beats: bool = True, set_back: float = 0.0
    ) -> Job:
        """The facts in order, then the deadlines up to ``now``.

        ``beats``: give a sign of life for every PBX, not only for those that the batch is about. ``set_back``: by how
        many seconds the clock was set back since the last batch; some of the facts may have come before that.
        """
        heard = [fact_earlier(fact, set_back, now) for fact in facts] if set_back and now is not None else facts

        def job(connection: Connection) -> list[Entry]:
            self._holding.begin(job)
            concerned = set(self._holding.pbxes) if beats else set(map(pbx_of, heard))
            self._holding.keep_leases(connection, concerned | self._fence.held if set_back else concerned)
            batch = self._begin(connection, now or 0.0)
            if set_back:
                batch.set_back(set_back)
            for fact in heard:
                batch.take(fact)
            batch.flush()
            if now is not None:
                batch.pass_time(now)
                batch.flush()
            batch.note_seen(concerned, max(now or 0.0, heard[-1].at if heard else 0.0))
            return self._done(batch)

        return job

    def takeover(self, seen: Lease, tape: Sequence[Told], synced_at: float | None, now: float) -> Job:
        """Take the lease of a PBX, if it still is as ``seen``, and go on from where it was left.

        ``tape``: what this daemon's own link told meanwhile; ``synced_at``: since when that is up, None if it is down.
        """

        def job(connection: Connection) -> list[Entry]:
            self._holding.begin(job)
            self._holding.forget(seen.pbx)
            if not self._fence.take(connection, seen):
                return self._done(None)
            batch = self._begin(connection, now)
            batch.catch_up(seen.pbx, tape, synced_at)
            return self._done(batch)

        return job

    def give_up(self, pbx: str) -> Job:
        """Leave a PBX to whoever hears more of it."""

        def job(connection: Connection) -> list[Entry]:
            self._holding.begin(job)
            self._holding.keep_leases(connection, {pbx})
            self._fence.give_back(connection, {pbx})
            self._holding.forget(pbx)
            return self._done(None)

        return job

    def give_back(self, connection: Connection) -> None:
        """The last job: whoever stands by may go on at once."""
        self._fence.give_back(connection, self._fence.held)

    def _begin(self, connection: Connection, now: float) -> Batch:
        self._directory = self._directory_of(connection)
        return Batch(connection, self._holding, self._directory, now, self._on_step)

    def _done(self, batch: Batch | None) -> list[Entry]:
        self.orders, self.finished = (batch.orders, batch.finished) if batch else ([], [])
        return batch.decided if batch else []
