"""A house with a PBX: its desks, the world outside, and an observer's view of what happens on the PBX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .ami import Ami, Message
from .asterisk import PHONE_IP, TRUNK_IP, Asterisk, LabError
from .phones import Leg, Phones

_WATCHED = "system,call,agent,security,dialplan"
#: of the dialplan's chatter, only what a story waits for
_FILTERS = (
    "^Event: ([^NV]|New[^e])",
    "^Event: VarSet.*Variable: QUEUESTATUS",
    "^Event: Newexten.*Application: (Read|VoiceMail)",
)


@dataclass
class House:
    """The PBX, `desks` 301... inside, everybody else `outside` behind the trunk."""

    asterisk: Asterisk
    ami: Ami
    desks: Phones
    outside: Phones
    #: called by a story when it has come to its middle: what disturbs the daemon happens meanwhile
    interval: Callable[[], None] = lambda: None

    def waiting(self, number: str, dialled: str) -> Leg:
        """Somebody calls from outside, and waits in a queue now."""
        leg = self.outside.call(number, dialled)
        self.joined(number)
        return leg

    def joined(self, number: str, queue: str | None = None) -> Message:
        """The event that tells that somebody with this number has joined a queue."""
        wanted = {"CallerIDNum": number} | ({} if queue is None else {"Queue": queue})
        return self.ami.wait(
            lambda m: m.get("Event") == "QueueCallerJoin" and wanted.items() <= m.items(),
            what=f"{number} in {queue or 'a queue'}",
        )

    def talking(self, number: str, dialled: str, desk: str) -> tuple[Leg, Leg]:
        """Somebody calls from outside, and that desk answers: the two ends of the call."""
        caller = self.outside.call(number, dialled)
        agent = self.desks.rings(desk).answer()
        caller.wait("up")
        self.bridged(number)
        self.talks(desk)
        return caller, agent

    def arrival(self, number: str) -> Message:
        """The first event of a caller from outside."""
        return self.ami.wait_event("Newchannel", CallerIDNum=number, ChannelStateDesc="Ring", Context="from-trunk")

    def bridged(self, number: str) -> Message:
        """The event that tells that a caller is connected with somebody."""
        return self.ami.wait_event("BridgeEnter", Uniqueid=self.arrival(number)["Uniqueid"])

    def connected_with(self, number: str, desk: str) -> None:
        """Waits until a caller is in a bridge with that desk."""
        uniqueid, prefix = self.arrival(number)["Uniqueid"], f"PJSIP/{desk}-"

        def met(message: Message) -> bool:
            theirs = {m["BridgeUniqueid"] for m in self._entered(lambda m: m["Channel"].startswith(prefix))}
            return bool(theirs & {m["BridgeUniqueid"] for m in self._entered(lambda m: m["Uniqueid"] == uniqueid)})

        self.ami.wait(met, what=f"a bridge of {number} and {desk}")

    def _entered(self, wanted: Callable[[Message], bool]) -> list[Message]:
        return [m for m in self.ami.messages if m.get("Event") == "BridgeEnter" and wanted(m)]

    def transferred(self, number: str) -> Message:
        """The event that tells that a caller was handed on after the receptionist had asked."""
        return self.ami.wait_event("AttendedTransfer", TransfereeUniqueid=self.arrival(number)["Uniqueid"])

    def gone(self, number: str) -> Message:
        """The event that tells that a caller's own leg is no more."""
        uniqueid = self.arrival(number)["Uniqueid"]
        # a forged one has no Linkedid
        return self.ami.wait(
            lambda m: m.get("Event") == "Hangup" and m.get("Uniqueid") == uniqueid and "Linkedid" in m,
            what=f"the hang-up of {number}",
        )

    def channel(self, desk: str) -> str:
        """The name of the first leg to, or from, a desk."""
        prefix = f"PJSIP/{desk}-"
        found = self.ami.wait(
            lambda m: m.get("Event") == "Newchannel" and m["Channel"].startswith(prefix), what=f"a leg of {desk}"
        )
        return found["Channel"]

    def talks(self, desk: str) -> Message:
        """The event that tells that a desk is connected with somebody."""
        channel = self.channel(desk)
        return self.ami.wait_event("BridgeEnter", Channel=channel)

    def told(self, number: str, variable: str, value: str) -> Message:
        """The event that tells what an application has set on a caller's channel."""
        uniqueid = self.arrival(number)["Uniqueid"]
        return self.ami.wait_event("VarSet", Uniqueid=uniqueid, Variable=variable, Value=value)

    def runs(self, number: str, application: str) -> Message:
        """The event that tells that a caller's channel runs an application of the dialplan."""
        return self.ami.wait_event("Newexten", Uniqueid=self.arrival(number)["Uniqueid"], Application=application)

    def do(self, action: str, **headers: object) -> None:
        """Tells the PBX to do something, as a panel of an operator does; LabError if it will not."""
        answer = self.ami.ask(action, **headers)
        if answer["Response"] != "Success":
            raise LabError(f"{action}: {answer.get('Message')}")

    def held_for(self, number: str) -> float:
        """Seconds from joining a queue to the end of the call, as an observer beside the daemon measures them."""
        return self.between(self.joined(number), self.gone(number))

    def between(self, one: Message, other: Message) -> float:
        """Seconds from one event to another."""
        return self.ami.heard_at(other) - self.ami.heard_at(one)


@contextmanager
def house_of(asterisk: Asterisk) -> Iterator[House]:
    """The house while a test needs it."""
    with (
        asterisk.connect(events=_WATCHED) as ami,
        Phones(asterisk.sip_port, PHONE_IP, asterisk.desk_port) as desks,
        Phones(asterisk.sip_port, TRUNK_IP, asterisk.trunk_port) as outside,
    ):
        for wanted in _FILTERS:
            ami.ask("Filter", Operation="Add", Filter=wanted)
        yield House(asterisk, ami, desks, outside)
