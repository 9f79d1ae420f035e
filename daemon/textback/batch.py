"""Open call → advance → decide → save: the only place where the pure core meets what is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from textback import numbers
from textback.applied import Known, left
from textback.call import Call, Outcome, Phase, advance, arrive, seen
from textback.clock import IN_DOUBT, STEP
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
    pbx_of,
)
from textback.heard import Heard, Told, comes_from_link
from textback.holding import Holding
from textback.judge import judge_asked, judge_ended, judge_offer
from textback.ledger import LONGEST_STORY, Entry, Story, from_row, to_row
from textback.model import Disposition, Verdict
from textback.needs import Needs
from textback.orders import MakeOffer, Order, TellAnswer
from textback.policy import number_of
from textback.set_back import entry_earlier
from textback.store import calls, changes, links, marks, people
from textback.wording import step

#: Seconds between two notes of how far a PBX was followed: whoever asks its records asks for more than that again.
NOTED = 1.0

#: hears of each fact and of the call after it
OnStep = Callable[[Fact, Call], None]


class Batch:
    """Facts, taken in order within one transaction, and what followed from them; ``now`` (epoch seconds) or 0.

    The calls that it changes in memory are in ``holding``, which takes them back if the transaction fails.
    """

    def __init__(
        self, connection: Connection, holding: Holding, directory: Directory, now: float, on_step: OnStep | None = None
    ) -> None:
        self.decided: list[Entry] = []
        #: what the PBXes are to do once it is durable, and the calls that ended in it
        self.orders: list[Order] = []
        self.finished: list[Call] = []
        self._connection, self._holding, self._directory, self._now = connection, holding, directory, now
        self._calls, self._deadlines, self._fence = holding.calls, holding.deadlines, holding.fence
        self._on_step = on_step
        self._ended: list[str] = []
        self._needs = Needs()
        self._seen: dict[str, float] = {}
        #: whether what is taken now follows from events
        self._is_live = True

    def catch_up(self, pbx: str, tape: Sequence[Told], synced_at: float | None) -> None:
        """Take up the calls of a PBX as they are stored, and do what of the tape is not done yet."""
        holding = self._holding
        holding.streams[pbx] += 1
        self._deadlines.links[pbx] = synced_at
        holding.noted.pop(pbx, None)
        found = [from_row(row) for row in calls.unsettled(self._connection, pbx)]
        known = {one.call.id: Known(one.heard, one.call.phase) for one in found if one.call.phase is not Phase.ENDED}
        others = {told.fact.call_id for told in tape} - known.keys()
        rest = left(tape, known, calls.over(self._connection, others), self._now, holding.streams[pbx])
        for entry in found:
            heard = rest.heard.get(entry.call.id, Heard(None)) if entry.call.id in known else entry.heard
            self._calls.load(replace(entry, heard=heard))
        ahead = (links.seen_at(self._connection, pbx) or 0.0) - self._now
        if ahead > STEP:  # whoever followed it then had another time than this daemon has now
            self._set_back(self._calls.every(pbx), ahead)
            links.save(self._connection, {pbx: self._now - IN_DOUBT})
        for told in rest.facts:
            self._is_live = told.live
            self.take(told.fact)
        self._is_live = True
        self.flush()

    def set_back(self, by: float) -> None:
        """The clock was set back by so many seconds: how long callers have waited, and what settles, is not touched."""
        self._set_back([entry for entry in self._calls.every() if self._fence.holds(entry.call.pbx)], by)
        known = self._deadlines.links
        self._deadlines.links = {name: None if at is None else at - by for name, at in known.items()}
        marks.no_later(self._connection, marks.RESTORED, self._now)

    def _set_back(self, entries: Sequence[Entry], by: float) -> None:
        ended = [_seen(entry) for entry in entries if entry.call.disposition]
        changes.of_calls(self._connection, ended, self._now)  # they were counted on another day, perhaps
        for entry in entries:
            self._calls.put(entry_earlier(entry, by))

    def note_seen(self, pbxes: set[str], at: float) -> None:
        """Remember until when each PBX was followed: a restart asks its records for what came later."""
        noted = self._holding.noted
        for pbx in pbxes:
            if self._deadlines.links.get(pbx) is not None and not 0 <= at - noted.get(pbx, 0.0) < NOTED:
                self._seen[pbx] = at
        links.save(self._connection, self._seen)
        noted |= self._seen

    # -- facts ------------------------------------------------------------------------------------------

    def take(self, fact: Fact) -> None:
        """The next fact; nothing is done about a PBX that another daemon writes for."""
        if not self._fence.holds(pbx_of(fact)):
            return
        if self._ended and fact.at >= self._first_settled():
            self.flush()
        self.pass_time(min(fact.at, self._now or fact.at), before=True)  # a fact may be of a clock that was set back
        if isinstance(fact, CallerArrived):
            self._arrive(fact)
        elif isinstance(fact, StaffReached):
            self._staff_reached(fact)
        elif isinstance(fact, LinkSynced):
            self._deadlines.links[fact.pbx] = self._seen[fact.pbx] = fact.at
            self._holding.streams[fact.pbx] += 1
            self._forget_hearsay(fact)
        elif isinstance(fact, LinkLost):
            self._deadlines.links[fact.pbx] = None
        elif isinstance(fact, PbxLeft):
            self._leave(fact)
        else:
            self._advance(fact)

    def _leave(self, fact: PbxLeft) -> None:
        """Nobody looks there any more, so the texts that settle need not wait for what somebody might see.

        Who is on the line stays open in the database, for whoever follows that PBX next.
        """
        self.flush()
        for call in self._calls.on_the_line(fact.pbx):
            self._calls.drop(call.id)
        self._holding.pbxes = tuple(pbx for pbx in self._holding.pbxes if pbx != fact.pbx)
        self._deadlines.links[fact.pbx] = fact.at

    def _forget_hearsay(self, fact: LinkSynced) -> None:
        """Whoever is on the line was seen by now: the others, of whom only the dialplan told, are gone."""
        for call in self._calls.on_the_line(fact.pbx):
            if call.hearsay:
                self._advance(CallLost(call.id, fact.at))

    def _arrive(self, fact: CallerArrived) -> None:
        # The records tell calls, too, that were seen and settled long ago, and a hook may be late.
        before = self._calls.get(fact.call_id)
        if before is not None and before.call.hearsay and not fact.hearsay:
            arrived = replace(before, call=seen(before.call, fact), heard=self._heard(before, fact))
            self._calls.put(self._place(arrived))
        elif before is None and not ((fact.recorded or fact.hearsay) and calls.exists(self._connection, fact.call_id)):
            entry = self._place(Entry(arrive(fact), story=_told((), fact)))
            self._calls.put(replace(entry, heard=self._heard(entry, fact)))
            if self._on_step:
                self._on_step(fact, entry.call)

    def _advance(self, fact: Fact) -> None:
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
            self._asked(self._calls[call.id], fact)
        if Outcome.OFFER_DUE in outcomes:
            self._offer(call, fact.at)
        if Outcome.ENDED in outcomes and call.id not in self._ended:
            self._ended.append(call.id)

    def _heard(self, entry: Entry, fact: Fact) -> Heard:
        """How far the call's facts are taken with this one: a daemon that takes over knows by it where to go on."""
        if self._fence.is_alone or not comes_from_link(fact):
            return entry.heard
        pbx = entry.call.pbx
        is_live = self._is_live and self._deadlines.links[pbx] is not None
        return entry.heard.then(fact, self._holding.streams[pbx] if is_live else 0)

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

    def _staff_reached(self, fact: StaffReached) -> None:
        number = numbers.read(fact.number, self._directory.region).e164
        if number:
            people.staff_reached(self._connection, number, fact.at, pbx_of(fact))
            self._needs.reached(number, fact.at)

    # -- time -------------------------------------------------------------------------------------------

    def _first_settled(self) -> float:
        """When the first of the calls that wait to be judged could be due, at the soonest."""
        ended = self._calls[self._ended[0]].call.ended_at or 0.0
        return ended + self._directory.shortest_settle

    def pass_time(self, now: float, before: bool = False) -> None:
        """Let the deadlines pass that are due at ``now`` (``before``: strictly earlier)."""
        settled: dict[str, Entry] = {}
        for due, call_id in self._deadlines.due(now, before):
            entry = self._calls.get(call_id)
            if entry is None or entry.deadline != due:
                continue
            self._calls.touch(entry)  # at once: whatever fails from here on, it is expected again
            self._holding.keep_leases(self._connection, {call_id.partition("/")[0]})
            if call_id not in self._calls:
                continue  # somebody else's by now
            if entry.call.phase is Phase.ENDED:
                settled[call_id] = entry  # once, though a batch that was tried again expects it twice
            else:
                self._advance(DeadlinePassed(call_id, due))
        self._release(list(settled.values()), now)

    # -- decisions --------------------------------------------------------------------------------------

    def _asked(self, entry: Entry, fact: Fact) -> None:
        """The caller asked for a text: give it or refuse it, once."""
        at = fact.at
        decided = judge_asked(self._connection, entry, self._home(entry.call), at, self._now)
        given = decided.decision is not None and decided.decision.verdict is Verdict.TEXT
        if given:
            self._calls.put(decided)
            self._advance(TextGiven(entry.call.id, at))
            self.decided.append(self._calls[entry.call.id])
        else:
            reason = decided.decision.reason if decided.decision else "error"
            self._advance(TextRefused(entry.call.id, at, reason))
        if isinstance(fact, KeyPressed):
            self._tell_answer(self._calls[entry.call.id].call)

    def _tell_answer(self, call: Call) -> None:
        rules = self._directory.call_to_text(call)
        stays = rules is None or rules.after_text == "stay"
        self.orders.append(TellAnswer(call.id, call.queue, _language(call), call.answer or None, stays))

    def _offer(self, call: Call, at: float) -> None:
        """Order the offer of a text, if the PBX does not make it by itself, to a caller who can be texted."""
        rules = self._directory.call_to_text(call)
        if rules is None or rules.offer not in ("redirect", "whisper") or call.asked_at is not None:
            return
        if judge_offer(self._connection, call, self._home(call), at).verdict is Verdict.TEXT:
            self.orders.append(MakeOffer(call.id, call.queue, _language(call), rules.offer, rules.key))

    def _release(self, settled: Sequence[Entry], now: float) -> None:
        """``settle`` is over: decide again, over everything that is known now.

        A deadline that passed in sight of the links is judged at its own time, however late the loop is;
        one that passed while nobody looked is judged at the time when the links were back.
        """
        if not settled:
            return
        self.flush()
        synced = [self._deadlines.links[entry.call.pbx] for entry in settled]
        times = [
            # a time that is still to come is of a clock that was set back since
            now if at is None else max(entry.settle_at or now, at) if at <= now else entry.settle_at or now
            for entry, at in zip(settled, synced, strict=True)
        ]
        self._decide(settled, times, settled=True)

    def flush(self) -> None:
        """Judge the calls that ended, then save every call that changed."""
        ended = [self._calls[call_id] for call_id in self._ended]
        self._ended = []
        self.finished += [entry.call for entry in ended if entry.settle_at is None]  # else it was in a batch before
        self._decide(ended, [entry.call.ended_at or 0.0 for entry in ended], settled=False)
        changed = self._calls.changed()
        calls.save(self._connection, [to_row(entry) for entry in changed])
        changes.of_calls(self._connection, [_seen(entry) for entry in changed if entry.call.disposition], self._now)
        self._needs.write(self._connection, (self._calls[entry.call.id] for entry in ended))

    def _decide(self, entries: Sequence[Entry], times: Sequence[float], settled: bool) -> None:
        docket = [(entry, self._home(entry.call), time) for entry, time in zip(entries, times, strict=True)]
        for decided in judge_ended(self._connection, docket, settled, self._now) if docket else ():
            before = self._calls[decided.call.id].decision
            self._calls.put(decided)
            if decided.decision is not before:
                self.decided.append(decided)


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
