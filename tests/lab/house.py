"""A house with a PBX: its desks, the world outside, and an observer's view of what happens on the PBX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .ami import Ami, AmiError, Message
from .asterisk import PHONE_IP, TRUNK_IP, Asterisk, LabError
from .leg import Leg
from .phones import Phones

_WATCHED = "system,call,agent,security,dialplan"
#: of the dialplan's chatter, only what a story waits for
_FILTERS = (
    "^Event: ([^NV]|New[^e])",
    "^Event: VarSet.*Variable: QUEUESTATUS",
    "^Event: Newexten.*Application: (Read|VoiceMail)",
)


#: seconds after which Asterisk has given up waiting for the extension (transferdigittimeout, and some more)
_DIGITS_LIMIT = 6.0


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
        uniqueid = self.arrival(number)["Uniqueid"]
        self._met(lambda m: m["Uniqueid"] == uniqueid, f"PJSIP/{desk}-")

    def desks_connected(self, one: str, other: str) -> None:
        """Waits until two desks are in a bridge."""
        self._met(lambda m: m["Channel"].startswith(f"PJSIP/{one}-"), f"PJSIP/{other}-")

    def _met(self, is_one: Callable[[Message], bool], other: str) -> None:
        rooms: tuple[set[str], set[str]] = (set(), set())

        def met(message: Message) -> bool:
            if message.get("Event") == "BridgeEnter":
                sides = (is_one(message), message["Channel"].startswith(other))
                for is_there, room in zip(sides, rooms, strict=True):
                    room.update([message["BridgeUniqueid"]] if is_there else [])
            return bool(rooms[0] & rooms[1])

        self.ami.wait(met, what=f"a bridge with {other}")

    def transferred(self, number: str) -> Message:
        """The event that tells that a caller was handed on after the receptionist had asked."""
        return self.ami.wait_event("AttendedTransfer", TransfereeUniqueid=self.arrival(number)["Uniqueid"])

    def begin_transfer(self, desk: str, extension: str) -> None:
        """A desk asks the PBX, by its own feature code, to put the caller on hold and to call an extension first.

        Returns when the desk hears what it hears there.
        """
        ours = self.channel(desk)
        for _ in range(3):
            self.do("Atxfer", Channel=ours, Context="from-internal", Exten=extension)
            try:
                self.ami.wait(lambda m: _is_local(m, extension), _DIGITS_LIMIT)
            except AmiError:
                continue  # on a busy machine Asterisk may miss the keys that it presses itself
            self._met(lambda m: m["Channel"] == ours, f"Local/{extension}@")
            return
        raise LabError(f"Asterisk does not call {extension} for {desk}")

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


def _is_local(message: Message, extension: str) -> bool:
    return message.get("Event") == "Newchannel" and message["Channel"].startswith(f"Local/{extension}@")


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
