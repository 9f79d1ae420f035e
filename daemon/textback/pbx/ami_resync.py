"""After a (re)connection: who is on the line and who waits in which queue, as three lists tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textback.events import Fact, Place, StateUnknown
from textback.pbx.ami_callers import position
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_places import UP
from textback.pbx.channel import Channel, Seat
from textback.pbx.dialplan import OURS
from textback.pbx.picture import NOTHING
from textback.pbx.sight import LastSeen, Resynced
from textback.pbx.wire import Headers

_UNPARKED = ("UnParkedCall", "ParkedCallTimeOut", "ParkedCallGiveUp")
_DIALLING = frozenset({"dial", "followme", "page"})
#: applications in which a caller may be answered
TALKING = _DIALLING | {"queue", "park", "parkedcall", "confbridge", "meetme", "bridge"}
_RINGING_STATES = frozenset({"0", "5"})  # Down, Ringing


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The answers to CoreShowChannels, Status, QueueStatus and BridgeList, asked for in this order."""

    channels: Sequence[Headers]
    status: Sequence[Headers]
    queues: Sequence[Headers]
    bridges: Sequence[Headers] = ()


class Resync:
    """Brings a fresh translator up to date: adopts calls it did not know, restores waits, ends what is gone.

    Live events are taken from the login on, so every step leaves alone what an event has told meanwhile.
    """

    def __init__(self, translator: Translator, known: Mapping[str, LastSeen]) -> None:
        """``known``: by Uniqueid, the callers who were on the line when last seen."""
        self._translator = translator
        self._picture = translator.picture
        self._known = dict(known)
        for uniqueid, last in known.items():
            self._picture.add(uniqueid, last.channel)
            translator.expect(uniqueid, last.leaving)

    def apply(self, snapshot: Snapshot, at: float) -> Resynced:
        """The facts that make the difference between what was known and what is."""
        facts: list[Fact] = []
        channels = [row for row in snapshot.channels if row.get("Event") == "CoreShowChannel"]
        dids = {row["Uniqueid"]: row.get("DNID", "") for row in snapshot.status if row.get("Event") == "Status"}
        lots = {row.get("BridgeUniqueid") for row in snapshot.bridges if row.get("BridgeType") == "parking"}
        for row in channels:
            is_parked = row.get("Application") == "Park" or row.get("BridgeId") in lots
            self._adopt(row, dids.get(row["Uniqueid"], ""), is_parked, at, facts)
        self._seat(snapshot.queues, at)
        self._ringing(channels)
        gone = self._gone({row["Uniqueid"] for row in channels}) + self._translator.confirm()
        facts += self._situations({row["Uniqueid"]: row for row in channels}, at)
        return Resynced(facts, gone)

    def _adopt(self, row: Headers, did: str, is_parked: bool, at: float, facts: list[Fact]) -> None:
        uniqueid = row["Uniqueid"]
        if uniqueid not in self._picture.channels and self._came("Hangup", uniqueid):
            return
        channel = self._picture.add(uniqueid, row["Channel"])
        # An event may have shown the channel before the list did, without telling that a caller is on it.
        is_new = uniqueid not in self._translator.callers and not self._came("Newchannel", uniqueid)
        if is_new and self._is_caller(row, did):
            started = at - _seconds(row.get("Duration", "0"))
            facts += self._translator.adopt(channel, row, started, did)
        if channel.bridge is None and row.get("BridgeId") and not self._came("BridgeLeave", uniqueid):
            self._picture.enter(channel, row["BridgeId"], holding=is_parked)
        if is_parked and channel.parked_since is None and not self._came(_UNPARKED, uniqueid):
            channel.parked_since = at
        channel.is_up = channel.is_up or row.get("ChannelState") == UP
        self._in_prompt(channel, row)

    def _in_prompt(self, channel: Channel, row: Headers) -> None:
        """Whoever heard a prompt of ours when last seen, and is still in our dialplan, hears it still."""
        last = self._known.get(channel.uniqueid)
        was = last.situation if last else None
        stayed = row["Context"].startswith(OURS) and not self._came("QueueCallerJoin", channel.uniqueid)
        if was and was.place is Place.OFFER and was.since is not None and stayed:
            channel.prompt = channel.left = Seat(was.queue or "", was.since)

    def _came(self, event: str | tuple[str, ...], uniqueid: str) -> bool:
        return self._translator.came((event,) if isinstance(event, str) else event, uniqueid)

    def _is_caller(self, row: Headers, did: str) -> bool:
        # Not by context: after a transfer it is the one of the extension. A dialled number only a caller has.
        return row["Uniqueid"] == row["Linkedid"] and bool(did) and self._translator.is_trunk(row["Channel"])

    def _seat(self, queues: Sequence[Headers], at: float) -> None:
        for row in queues:
            channel = self._picture.get(row.get("Uniqueid")) if row.get("Event") == "QueueEntry" else None
            if channel and channel.seat is None and not self._came("QueueCallerLeave", channel.uniqueid):
                channel.seat = Seat(row["Queue"], at - _seconds(row.get("Wait", "0")))

    def _ringing(self, channels: Sequence[Headers]) -> None:
        """The legs of a Dial(): those of a queue ring for a caller who waits, whatever becomes of them."""
        dialling = {row["Uniqueid"] for row in channels if row.get("Application", "").lower() in _DIALLING}
        for row in channels:
            leg, caller = self._picture.get(row["Uniqueid"]), self._picture.get(row["Linkedid"])
            if not leg or not caller or leg is caller:
                continue
            if leg.bridge or self._came("DialEnd", leg.uniqueid):
                continue  # it was answered, or has stopped, since the list was made
            if caller.seat and row["ChannelState"] in _RINGING_STATES and not leg.agent_for:
                self._picture.call_agent(caller, leg)
            if caller.uniqueid not in dialling or leg.rings_for:
                continue
            if any(other.seat for other in self._picture.connected(caller)):
                continue  # its Dial() is over: this leg rings for a queue that a transfer has led to
            if caller.uniqueid in self._translator.callers and row["ChannelState"] in _RINGING_STATES:
                self._picture.ring(caller, leg)

    def _gone(self, present: set[str]) -> list[str]:
        known = [*self._known, *self._translator.missed]
        gone = [uniqueid for uniqueid in known if uniqueid not in present and self._picture.get(uniqueid)]
        for uniqueid in gone:
            del self._translator.callers[uniqueid]
            self._picture.remove(self._picture.channels[uniqueid])
        return gone

    def _situations(self, rows: Mapping[str, Headers], at: float) -> list[Fact]:
        """What is true for each caller now; of whom nothing can be seen, it is said that nobody knows."""
        facts = self._translator.tell_all(at)
        told = {fact.call_id for fact in facts}
        for uniqueid, situation in self._translator.callers.items():
            call_id = self._translator.call_id(uniqueid)
            if situation == NOTHING and call_id not in told and not self._stayed(uniqueid, rows.get(uniqueid)):
                facts.append(StateUnknown(call_id, at))
            if uniqueid in rows:
                self._translator.positions.setdefault(uniqueid, position(rows[uniqueid]))
        return facts

    def _stayed(self, uniqueid: str, row: Headers | None) -> bool:
        """Whether a caller of whom nothing can be seen is where they were when nothing could be seen before.

        Who waited, rang or talked, and does no longer, or has come further in the dialplan, or is in an application
        that lets people talk, may have been answered meanwhile: that must not look like a call that nobody took.
        """
        if self._came("Newchannel", uniqueid):
            return True  # all of that call was seen
        last = self._known.get(uniqueid)
        if last is None or last.situation != NOTHING:
            return False
        if last.leaving or row is None or last.position is None:
            return True
        return last.position == position(row) and row.get("Application", "").lower() not in TALKING


def _seconds(text: str) -> float:
    """``00:01:35`` or ``95``, as CoreShowChannel and QueueEntry write a duration."""
    total = 0.0
    for part in text.split(":"):
        total = total * 60 + (float(part) if part.isdigit() else 0.0)
    return total
