"""After a (re)connection: who is on the line and who waits in which queue, as FreeSWITCH lists it."""

from __future__ import annotations

from collections.abc import Mapping

from textback.events import CallerArrived, Fact, StateUnknown
from textback.pbx.channel import Seat
from textback.pbx.esl_event import JsonEvent
from textback.pbx.esl_facts import Translator, position
from textback.pbx.esl_leg import Leg
from textback.pbx.esl_snapshot import Row, Snapshot
from textback.pbx.picture import NOTHING
from textback.pbx.sight import LastSeen, Resynced

_GONE = ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE")
_RINGING, _WAITING = frozenset({"DOWN", "RINGING", "EARLY"}), frozenset({"Waiting", "Trying"})
#: applications in which a caller may be answered
TALKING = frozenset(
    {"bridge", "uuid_bridge", "callcenter", "fifo", "valet_park", "park", "conference", "intercept", "att_xfer"}
)


class Resync:
    """Brings a fresh translator up to date: adopts calls it did not know, restores waits, ends what is gone.

    Live events are taken from the login on, so every step leaves alone what an event has told meanwhile.
    FreeSWITCH writes its list of channels behind the events, so a leg counts only if it can be dumped as well.
    """

    def __init__(self, translator: Translator, known: Mapping[str, LastSeen]) -> None:
        """``known``: by UUID, the callers who were on the line when last seen."""
        self._translator = translator
        self._picture = translator.picture
        self._known = dict(known)
        self._at = 0.0
        for uuid, last in known.items():
            translator.add(uuid, last.channel)
            translator.expect(uuid, last.leaving)

    def apply(self, snapshot: Snapshot, at: float) -> Resynced:
        """The facts that make the difference between what was known and what is."""
        self._at = at
        present = {row["uuid"]: row for row in snapshot.channels if self._is_there(row, snapshot)}
        for uuid, row in present.items():
            self._add(row, snapshot.dumps.get(uuid))
        for uuid, row in present.items():
            self._adopt(row, snapshot.dumps.get(uuid))
        # who consults somebody (att_xfer) stands in two rows: the one with their caller counts
        for row in sorted(snapshot.calls, key=self._is_without_caller):
            self._bridge(row)
        for member in snapshot.members:
            self._seat(member, snapshot.dumps)
        for uuid, row in present.items():
            self._place(row, snapshot.dumps.get(uuid))
        for row in present.values():
            self._ring(row)
        gone = self._gone(set(present)) + self._translator.confirm()
        return Resynced(self._situations(present, snapshot.dumps), gone)

    # -- who is there -----------------------------------------------------------------------------------

    def _is_there(self, row: Row, snapshot: Snapshot) -> bool:
        uuid, name = row.get("uuid"), row.get("name", "")
        if not uuid or self._translator.came(_GONE, uuid):
            return False
        return uuid in snapshot.dumps or not self.is_of_interest(name)

    def is_of_interest(self, name: str) -> bool:
        """Whether a leg of that name may be a caller's, or one half of a connection inside."""
        return self._translator.is_trunk(name) or name.startswith("loopback/")

    def _add(self, row: Row, dump: JsonEvent | None) -> None:
        leg = self._translator.add(row["uuid"], row.get("name", ""))
        leg.name = leg.name or row.get("name", "")
        leg.is_inbound = row.get("direction") == "inbound"
        leg.number = leg.number or row.get("initial_cid_num")
        leg.destination = leg.destination or row.get("initial_dest") or row.get("dest")
        leg.is_answered = row.get("callstate") not in _RINGING
        leg.is_up = True
        if dump:
            self._translator.learn(leg, dump, self._at)

    def _adopt(self, row: Row, dump: JsonEvent | None) -> None:
        """A caller whom we did not know; what was true of the number at the beginning is what counts."""
        leg = self._translator.leg(row["uuid"])
        if leg is None or dump is None or leg.uniqueid in self._translator.callers or leg.twin:
            return
        first = JsonEvent(
            {
                "Call-Direction": row.get("direction", ""),
                "Channel-Name": row.get("name", ""),
                "Caller-Context": row.get("initial_context") or row.get("context", ""),
                "Caller-Caller-ID-Number": row.get("initial_cid_num", ""),
                "variable_user_name": dump.get("variable_user_name"),
                "variable_sip_auth_username": dump.get("variable_sip_auth_username"),
            }
        )
        if self._translator.is_caller(first):
            since = self._ago(dump, row.get("created_epoch"))
            self._translator.adopt(leg, dump, since)

    def _ago(self, dump: JsonEvent | None, epoch: str | None) -> float:
        """A time that the PBX tells in seconds of its own clock, in ours."""
        now = dump.get("Event-Date-Timestamp") if dump else None
        then = float(epoch) if epoch and epoch.isdecimal() and int(epoch) else None
        if then is None:
            return self._at
        return min(self._at, self._at - (int(now) / 1e6 - then)) if now and now.isdecimal() else min(self._at, then)

    # -- what is true of them ---------------------------------------------------------------------------

    def _is_without_caller(self, row: Row) -> bool:
        return not any(row.get(name) in self._translator.callers for name in ("uuid", "b_uuid"))

    def _bridge(self, row: Row) -> None:
        pair = [self._translator.leg(row.get(name)) for name in ("uuid", "b_uuid")]
        ids = " ".join(sorted(row.get(name, "") for name in ("uuid", "b_uuid")))
        for leg in pair if all(pair) else ():
            if leg and leg.bridge is None and not self._translator.came(("CHANNEL_UNBRIDGE",), leg.uniqueid):
                self._picture.enter(leg, ids, holding=False)
                leg.is_early = not leg.is_inbound and not leg.is_answered

    def _seat(self, member: Row, dumps: Mapping[str, JsonEvent]) -> None:
        """A row of a queue; of who has given up, a row without a session stays for a minute."""
        leg = self._translator.leg(member.get("session_uuid"))
        if leg is None or member.get("state") not in _WAITING:
            return
        self._sit(leg, member.get("queue", ""), member.get("joined_epoch"), member.get("uuid"), dumps.get(leg.uniqueid))

    def _sit(self, leg: Leg, queue: str, joined: str | None, ticket: str | None, dump: JsonEvent | None) -> None:
        told = self._translator.came(("callcenter::info", "fifo::info"), leg.uniqueid)
        if leg.seat is None and leg.bridge is None and not told:
            leg.seat = Seat(queue, self._ago(dump, joined), ticket=ticket)

    def _place(self, row: Row, dump: JsonEvent | None) -> None:
        """What the list of channels itself tells: a queue whose members cannot be asked for, a lot, a hold."""
        leg, application = self._translator.leg(row["uuid"]), row.get("application")
        data = row.get("application_data", "").split()
        if leg is None:
            return
        if row.get("callstate") == "HELD" and not self._translator.came(("CHANNEL_UNHOLD",), leg.uniqueid):
            leg.holding_since = self._at if leg.holding_since is None else leg.holding_since
        if leg.bridge or not data:
            return
        if application == "callcenter" and dump:
            joined, ticket = dump.get("variable_cc_queue_joined_epoch"), dump.get("variable_cc_member_uuid")
            self._sit(leg, data[0], joined, ticket, dump)
        elif application == "fifo" and data[1:2] == ["in"]:
            self._sit(leg, data[0], None, None, dump)
        elif application == "valet_park" and not self._translator.came(("valet_parking::info",), leg.uniqueid):
            leg.parked_since = self._at if leg.parked_since is None else leg.parked_since

    def _ring(self, row: Row) -> None:
        """A leg that rings for another one: what bridges has the id of who had it made, agents' legs have not."""
        leg, caller = self._translator.leg(row["uuid"]), self._translator.leg(row.get("call_uuid"))
        if leg is None or caller is None or leg is caller or leg.is_inbound or row.get("callstate") not in _RINGING:
            return
        if leg.rings_for or leg.agent_for or leg.bridge or caller.bridge:
            return
        leg.origin = caller.uniqueid
        if caller.seat:
            self._picture.call_agent(caller, leg)
        else:
            self._picture.ring(caller, leg)

    # -- what that means --------------------------------------------------------------------------------

    def _gone(self, present: set[str]) -> list[str]:
        known = [*self._known, *self._translator.missed]
        gone = [uuid for uuid in known if uuid not in present and self._translator.leg(uuid)]
        for uuid in gone:
            leg = self._translator.leg(uuid)
            self._translator.callers.pop(uuid, None)
            if leg:
                self._translator.forget(leg)
        return gone

    def _situations(self, present: Mapping[str, Row], dumps: Mapping[str, JsonEvent]) -> list[Fact]:
        """What is true for each caller now; of whom nothing can be seen, it is said that nobody knows."""
        facts = self._translator.tell_all(self._at)
        told = {fact.call_id for fact in facts if not isinstance(fact, CallerArrived)}
        for uuid, situation in self._translator.callers.items():
            call_id, dump = self._translator.call_id(uuid), dumps.get(uuid)
            if situation == NOTHING and call_id not in told and not self._stayed(uuid, present.get(uuid), dump):
                facts.append(StateUnknown(call_id, self._at))
            if dump:
                self._translator.positions.setdefault(uuid, position(dump))
        return facts

    def _stayed(self, uuid: str, row: Row | None, dump: JsonEvent | None) -> bool:
        """Whether a caller of whom nothing can be seen is where they were when nothing could be seen before.

        Who waited, rang or talked, and does no longer, or has come further in the dialplan, or was bridged meanwhile,
        may have been answered: that must not look like a call that nobody took.
        """
        if self._translator.came(("CHANNEL_CREATE",), uuid):
            return True  # all of that call was seen
        last = self._known.get(uuid)
        if last is None or last.situation != NOTHING:
            return False
        if last.leaving or row is None or dump is None:
            return last.leaving
        if last.position is None:
            return dump.get("Caller-Channel-Bridged-Time") in (None, "0")
        return last.position == position(dump) and row.get("application", "").lower() not in TALKING
