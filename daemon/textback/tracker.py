"""Open call → advance → decide → save: the only place where the pure core meets what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from textback import numbers
from textback.applied import Known, left
from textback.call import Call, Outcome, Phase, advance, arrive, seen
from textback.deadlines import Deadlines, LinkState
from textback.directory import Directory, Home
from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    CallLost,
    DeadlinePassed,
    DialplanSaid,
    Fact,
    KeyPressed,
    LinkLost,
    LinkSynced,
    PbxLeft,
    StaffReached,
    TextGiven,
    TextRefused,
)
from textback.fence import Fence
from textback.heard import Heard, Told, comes_from_link
from textback.judge import judge_asked, judge_ended, judge_offer
from textback.ledger import LONGEST_STORY, Entry, Story, from_row, to_row
from textback.model import Disposition, Verdict
from textback.needs import Needs
from textback.open_calls import OpenCalls
from textback.orders import MakeOffer, Order, TellAnswer
from textback.policy import number_of
from textback.set_back import STEP, entry_earlier, fact_earlier
from textback.store import calls, changes, links, marks, people
from textback.store.leases import Lease
from textback.wording import step

#: Seconds between two notes of how far a PBX was followed: whoever asks its records asks for more than that again.
NOTED = 1.0


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
        on_step: Callable[[Fact, Call], None] | None = None,
        name: str | None = None,
    ) -> None:
        self._directory_of = directory
        self._on_step = on_step
        self._directory, self._has_directory = Directory(()), False
        self._pbxes = tuple(pbxes)
        self._fence = Fence(name)
        self._deadlines = Deadlines(self._pbxes)
        self._calls = OpenCalls(self._deadlines)
        #: epoch seconds; when the batch is written, as far as whoever submitted it knows
        self._now = 0.0
        self._ended: list[str] = []
        self._needs = Needs()
        self._links_before: LinkState = dict(self._deadlines.links)
        self._seen: dict[str, float] = {}
        self._noted: dict[str, float] = {}
        #: which hearing of each link goes on, and whether what is taken now follows from events
        self._streams = dict.fromkeys(self._pbxes, 1)
        self._is_live = True
        self._batch: object = None
        self._decided: list[Entry] = []
        #: what the PBXes are to do once the batch is durable, and the calls that ended in it
        self.orders: list[Order] = []
        self.finished: list[Call] = []

    def restore(self, connection: Connection) -> None:
        """Take up the calls that were open, or settling, when the daemon stopped."""
        for pbx in self._pbxes:
            for row in calls.unsettled(connection, pbx):
                self._calls.load(from_row(row))

    def follow(self, pbx: str) -> None:
        """Take in one more PBX, of which nothing is known before its lease is taken; within a job of the writer."""
        self._pbxes = tuple(dict.fromkeys((*self._pbxes, pbx)))
        self._streams.setdefault(pbx, 1)
        self._deadlines.follow(pbx)

    @property
    def on_the_line(self) -> int:
        """How many callers are on the line, as far as this daemon writes of them; from any thread."""
        return len(self._calls.on_the_line())

    @property
    def practices(self) -> int | None:
        """How many practices there are, as of the last batch; None before the first. From any thread."""
        return len(self._directory.practices) if self._has_directory else None

    def settling(self, pbx: str) -> bool:
        """Whether it is still to be decided about calls of that PBX which have ended; from any thread."""
        return any(entry.call.phase is Phase.ENDED and not entry.is_over for entry in self._calls.every(pbx))

    @property
    def held(self) -> frozenset[str]:
        """The PBXes that this daemon writes for, as of the last batch; from any thread."""
        return frozenset(self._pbxes) if self._fence.is_alone else self._fence.held

    def open_calls(self, pbx: str) -> list[Call]:
        """The calls of that PBX which are on the line, as far as is known."""
        return self._calls.on_the_line(pbx)

    def knows(self, call_id: str) -> bool:
        """Whether that call is open, or settling; from any thread."""
        return call_id in self._calls

    def call(self, call_id: str) -> Call | None:
        """What is known about a call that is open, or settling; from any thread."""
        entry = self._calls.get(call_id)
        return entry.call if entry else None

    def open_call_of(self, number: str) -> str | None:
        """The call of that number (E.164) which is on the line, the latest if there are several; from any thread."""
        every = (entry for entry in self._calls.every() if entry.number == number)
        found = [entry.call for entry in every if entry.call.phase is not Phase.ENDED]
        latest = max(found, key=lambda call: call.started_at, default=None)
        return latest.id if latest else None

    def batch(
        self, facts: Sequence[Fact], now: float | None = None, beats: bool = True, set_back: float = 0.0
    ) -> Callable[[Connection], list[Entry]]:
        """A job for the writer: the facts in order, then the deadlines up to ``now``; gives what was decided.

        ``beats``: give a sign of life for every PBX, not only for those that the batch is about. ``set_back``: by how
        many seconds the clock was set back since the last batch; some of the facts may have come before that.
        """
        heard = [fact_earlier(fact, set_back, now) for fact in facts] if set_back and now is not None else facts
        key = object()

        def job(connection: Connection) -> list[Entry]:
            self._begin(key)
            self._now = now or 0.0
            concerned = set(self._pbxes) if beats else set(map(pbx_of, heard))
            self._keep_leases(connection, concerned)
            self._read_practices(connection)
            if set_back:
                self._set_back(connection, set_back)
            for fact in heard:
                self._take(connection, fact)
            self._flush(connection)
            if now is not None:
                self._pass_time(connection, now)
                self._flush(connection)
            self._note_seen(connection, concerned, max(now or 0.0, heard[-1].at if heard else 0.0))
            return self._decided

        return job

    def takeover(
        self, seen: Lease, tape: Sequence[Told], synced_at: float | None, now: float
    ) -> Callable[[Connection], list[Entry]]:
        """A job for the writer: take the lease of a PBX, if it still is as ``seen``, and go on from where it was left.

        ``tape``: what this daemon's own link told meanwhile; ``synced_at``: since when that is up, None if it is down.
        """
        key = object()

        def job(connection: Connection) -> list[Entry]:
            self._begin(key)
            self._now = now
            self._forget(seen.pbx)
            if self._fence.take(connection, seen):
                self._read_practices(connection)
                self._catch_up(connection, seen.pbx, tape, synced_at)
            return self._decided

        return job

    def give_up(self, pbx: str) -> Callable[[Connection], list[Entry]]:
        """A job for the writer: leave a PBX to whoever hears more of it."""
        key = object()

        def job(connection: Connection) -> list[Entry]:
            self._begin(key)
            self._keep_leases(connection, {pbx})
            self._fence.give_back(connection, {pbx})
            self._forget(pbx)
            return []

        return job

    def give_back(self, connection: Connection) -> None:
        """A job for the writer, the last one: whoever stands by may go on at once."""
        self._fence.give_back(connection, self._fence.held)

    @property
    def next_deadline(self) -> float | None:
        """The soonest time that a call may want to hear of; read from any thread."""
        return self._deadlines.next

    def _read_practices(self, connection: Connection) -> None:
        self._directory, self._has_directory = self._directory_of(connection), True

    # -- whose calls they are -----------------------------------------------------------------------------

    def _keep_leases(self, connection: Connection, pbxes: set[str]) -> None:
        """Nothing is written for a PBX that somebody else writes for: that daemon has what this one knows, too."""
        for pbx in self._fence.keep(connection, pbxes):
            self._forget(pbx)

    def _forget(self, pbx: str) -> None:
        self._fence.forget(pbx)
        self._calls.forget(pbx)

    def _catch_up(
        self, connection: Connection, pbx: str, tape: Sequence[Told], synced_at: float | None
    ) -> None:
        """Take up the calls as they are stored, and do what of the tape is not done yet."""
        self._streams[pbx] += 1
        self._deadlines.links[pbx] = synced_at
        self._noted.pop(pbx, None)
        found = [from_row(row) for row in calls.unsettled(connection, pbx)]
        known = {one.call.id: Known(one.heard, one.call.phase) for one in found if one.call.phase is not Phase.ENDED}
        others = {told.fact.call_id for told in tape} - known.keys()
        rest = left(tape, known, calls.over(connection, others), self._now, self._streams[pbx])
        ahead = (links.seen_at(connection, pbx) or 0.0) - self._now
        for entry in found:
            heard = rest.heard.get(entry.call.id, Heard(None)) if entry.call.id in known else entry.heard
            self._calls.load(replace(entry, heard=heard))
        if ahead > STEP:  # whoever followed it then had another time than this daemon has now
            self._set_back(connection, ahead, pbx)
        for told in rest.facts:
            self._is_live = told.live
            self._take(connection, told.fact)
        self._is_live = True
        self._flush(connection)

    def _set_back(self, connection: Connection, by: float, pbx: str | None = None) -> None:
        """The clock was set back by so many seconds: how long callers have waited, and what settles, is not touched."""
        for entry in self._calls.every(pbx):
            if self._fence.holds(entry.call.pbx):
                if entry.call.disposition:
                    changes.of_calls(connection, [_seen(entry)], self._now)
                self._calls.put(entry_earlier(entry, by))
        marks.no_later(connection, marks.RESTORED, self._now)
        if pbx is None:
            known = self._deadlines.links
            self._deadlines.links = {name: None if at is None else at - by for name, at in known.items()}

    # -- one batch --------------------------------------------------------------------------------------

    def _begin(self, key: object) -> None:
        """Start a batch; the same batch again means that its transaction failed, and it starts from before."""
        again = key is self._batch
        self._calls.begin(again)
        if again:
            self._deadlines.links = dict(self._links_before)
            self._noted.clear()
        self._fence.begin()
        self._batch = key
        self._decided = []
        self.orders, self.finished = [], []
        self._ended = []
        self._needs.forget()
        self._links_before = dict(self._deadlines.links)

    def _take(self, connection: Connection, fact: Fact) -> None:
        if not self._fence.holds(pbx_of(fact)):
            return
        if self._ended and fact.at >= self._first_settled():
            self._flush(connection)
        self._pass_time(connection, fact.at, before=True)
        if isinstance(fact, CallerArrived):
            self._arrive(connection, fact)
        elif isinstance(fact, StaffReached):
            self._staff_reached(connection, fact)
        elif isinstance(fact, LinkSynced):
            self._deadlines.links[fact.pbx] = self._seen[fact.pbx] = fact.at
            self._streams[fact.pbx] += 1
            self._forget_hearsay(connection, fact)
        elif isinstance(fact, LinkLost):
            self._deadlines.links[fact.pbx] = None
        elif isinstance(fact, PbxLeft):
            self._leave(connection, fact)
        else:
            self._advance(connection, fact)

    def _leave(self, connection: Connection, fact: PbxLeft) -> None:
        """Nobody looks there any more, so the texts that settle need not wait for what somebody might see.

        Who is on the line stays open in the database, for whoever follows that PBX next.
        """
        self._flush(connection)
        for call in self.open_calls(fact.pbx):
            self._calls.drop(call.id)
        self._pbxes = tuple(pbx for pbx in self._pbxes if pbx != fact.pbx)
        self._deadlines.links[fact.pbx] = fact.at

    def _forget_hearsay(self, connection: Connection, fact: LinkSynced) -> None:
        """Whoever is on the line was seen by now: the others, of whom only the dialplan told, are gone."""
        for call in self.open_calls(fact.pbx):
            if call.hearsay:
                self._advance(connection, CallLost(call.id, fact.at))

    def _arrive(self, connection: Connection, fact: CallerArrived) -> None:
        # The records tell calls, too, that were seen and settled long ago, and a hook may be late.
        before = self._calls.get(fact.call_id)
        if before is not None and before.call.hearsay and not fact.hearsay:
            arrived = replace(before, call=seen(before.call, fact), heard=self._heard(before, fact))
            self._calls.put(self._place(arrived))
        elif before is None and not ((fact.recorded or fact.hearsay) and calls.exists(connection, fact.call_id)):
            entry = self._place(Entry(arrive(fact), story=_told((), fact)))
            self._calls.put(replace(entry, heard=self._heard(entry, fact)))
            if self._on_step:
                self._on_step(fact, entry.call)

    def _advance(self, connection: Connection, fact: Fact) -> None:
        entry = self._calls.get(fact.call_id)
        if entry is None or entry.is_over:
            return
        rules = self._directory.rules(entry.call.pbx, entry.call.queue, entry.call.did, entry.call.practice)
        call, outcomes = advance(entry.call, fact, rules)
        if entry.call.phase is Phase.ENDED and not outcomes:
            return
        moved = call.queue != entry.call.queue or isinstance(fact, (CallerKnown, DialplanSaid))
        recorded = entry.backfilled or isinstance(fact, CallerLeft) and fact.recorded
        heard = self._heard(entry, fact)
        entry = replace(entry, call=call, story=_told(entry.story, fact), backfilled=recorded, heard=heard)
        entry = self._place(entry) if moved else entry
        self._needs.answered(self._calls[call.id], entry)
        self._calls.put(entry)
        if self._on_step:
            self._on_step(fact, call)
        if Outcome.TEXT_ASKED in outcomes:
            self._asked(connection, self._calls[call.id], fact)
        if Outcome.OFFER_DUE in outcomes:
            self._offer(connection, call, fact.at)
        if Outcome.ENDED in outcomes and call.id not in self._ended:
            self._ended.append(call.id)

    def _heard(self, entry: Entry, fact: Fact) -> Heard:
        """How far the call's facts are taken with this one: a daemon that takes over knows by it where to go on."""
        if self._fence.is_alone or not comes_from_link(fact):
            return entry.heard
        pbx = entry.call.pbx
        is_live = self._is_live and self._deadlines.links[pbx] is not None
        return entry.heard.then(fact, self._streams[pbx] if is_live else 0)

    def _place(self, entry: Entry) -> Entry:
        """The practice and the number of a call, as far as its queue and DID tell them by now."""
        home = self._home(entry.call)
        region = home[0].region if home else self._directory.region
        number = number_of(entry.call, region)
        hidden = entry.call.tampered or number.kind is numbers.NumberKind.WITHHELD
        shown = None if hidden else number.e164 or entry.call.number
        return replace(entry, practice=home[0].name if home else None, number=shown)

    def _home(self, call: Call) -> Home | None:
        return self._directory.home(call.pbx, call.queue, call.did, call.practice)

    def _staff_reached(self, connection: Connection, fact: StaffReached) -> None:
        number = numbers.read(fact.number, self._directory.region).e164
        if number:
            people.staff_reached(connection, number, fact.at, fact.call_id.partition("/")[0])
            self._needs.reached(number, fact.at)

    def _first_settled(self) -> float:
        """When the first of the calls that wait to be judged could be due, at the soonest."""
        ended = self._calls[self._ended[0]].call.ended_at or 0.0
        return ended + self._directory.shortest_settle

    # -- time -------------------------------------------------------------------------------------------

    def _pass_time(self, connection: Connection, now: float, before: bool = False) -> None:
        """Let the deadlines pass that are due at ``now`` (``before``: strictly earlier)."""
        settled: dict[str, Entry] = {}
        for due, call_id in self._deadlines.due(now, before):
            self._keep_leases(connection, {call_id.partition("/")[0]})
            entry = self._calls.get(call_id)
            if entry is None or entry.deadline != due:
                continue
            if entry.call.phase is Phase.ENDED:
                # Once, though a batch that was tried again expects it twice.
                settled[call_id] = entry
                self._calls.touch(entry)
            else:
                self._advance(connection, DeadlinePassed(call_id, due))
        self._release(connection, list(settled.values()), now)

    # -- decisions --------------------------------------------------------------------------------------

    def _asked(self, connection: Connection, entry: Entry, fact: Fact) -> None:
        """The caller asked for a text: give it or refuse it, once."""
        at = fact.at
        decided = judge_asked(connection, entry, self._home(entry.call), at)
        given = decided.decision is not None and decided.decision.verdict is Verdict.TEXT
        if given:
            self._calls.put(decided)
            self._advance(connection, TextGiven(entry.call.id, at))
            self._decided.append(self._calls[entry.call.id])
        else:
            reason = decided.decision.reason if decided.decision else "error"
            self._advance(connection, TextRefused(entry.call.id, at, reason))
        if isinstance(fact, KeyPressed):
            self._tell_answer(self._calls[entry.call.id].call)

    def _tell_answer(self, call: Call) -> None:
        rules = self._directory.call_to_text(call)
        stays = rules is None or rules.after_text == "stay"
        self.orders.append(TellAnswer(call.id, call.queue, _language(call), call.answer or None, stays))

    def _offer(self, connection: Connection, call: Call, at: float) -> None:
        """Order the offer of a text, if the PBX does not make it by itself, to a caller who can be texted."""
        rules = self._directory.call_to_text(call)
        if rules is None or rules.offer not in ("redirect", "whisper") or call.asked_at is not None:
            return
        if judge_offer(connection, call, self._home(call), at).verdict is Verdict.TEXT:
            self.orders.append(MakeOffer(call.id, call.queue, _language(call), rules.offer, rules.key))

    def _release(self, connection: Connection, settled: Sequence[Entry], now: float) -> None:
        """``settle`` is over: decide again, over everything that is known now.

        A deadline that passed in sight of the links is judged at its own time, however late the loop is;
        one that passed while nobody looked is judged at the time when the links were back.
        """
        if not settled:
            return
        self._flush(connection)
        synced = [self._deadlines.links[entry.call.pbx] for entry in settled]
        times = [
            # a time that is still to come is of a clock that was set back since
            now if at is None else max(entry.settle_at or now, at) if at <= now else entry.settle_at or now
            for entry, at in zip(settled, synced, strict=True)
        ]
        self._decide(connection, settled, times, settled=True)

    def _flush(self, connection: Connection) -> None:
        """Judge the calls that ended, then save every call that changed."""
        ended = [self._calls[call_id] for call_id in self._ended]
        self._ended = []
        self.finished += [entry.call for entry in ended if entry.settle_at is None]  # else it was in a batch before
        self._decide(connection, ended, [entry.call.ended_at or 0.0 for entry in ended], settled=False)
        changed = self._calls.changed()
        calls.save(connection, [to_row(entry) for entry in changed])
        changes.of_calls(connection, [_seen(entry) for entry in changed if entry.call.disposition], self._now)
        self._needs.write(connection, (self._calls[entry.call.id] for entry in ended))

    def _note_seen(self, connection: Connection, pbxes: set[str], at: float) -> None:
        """Remember until when each PBX was followed: a restart asks its records for what came later."""
        for pbx in pbxes:
            if self._deadlines.links.get(pbx) is not None and not 0 <= at - self._noted.get(pbx, 0.0) < NOTED:
                self._seen[pbx] = at
        links.save(connection, self._seen)
        self._noted |= self._seen
        self._seen = {}

    def _decide(
        self, connection: Connection, entries: Sequence[Entry], times: Sequence[float], settled: bool
    ) -> None:
        docket = [(entry, self._home(entry.call), time) for entry, time in zip(entries, times, strict=True)]
        for decided in judge_ended(connection, docket, settled) if docket else ():
            before = self._calls[decided.call.id].decision
            self._calls.put(decided)
            if decided.decision is not before:
                self._decided.append(decided)


def pbx_of(fact: Fact) -> str:
    """The PBX that a fact is of."""
    return fact.pbx if isinstance(fact, (LinkLost, LinkSynced, PbxLeft)) else fact.call_id.partition("/")[0]


def _seen(entry: Entry) -> changes.Seen:
    answered = entry.call.disposition is Disposition.ANSWERED
    return changes.Seen(entry.practice, entry.call.started_at, entry.number, answered)


def _language(call: Call) -> str | None:
    return call.lang or call.language


def _told(story: Story, fact: Fact) -> Story:
    """The story with what the fact adds to it; what is told twice, by an event and by a variable, stands once."""
    words = step(fact)
    repeated = bool(story) and story[-1][1] == words
    return (*story, (fact.at, words)) if words and not repeated and len(story) < LONGEST_STORY else story
