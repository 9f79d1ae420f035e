"""From Asterisk's events to facts: the picture changes, and each caller whose situation changed gets a fact.

What misleads (``QueueCallerAbandon`` at a time-out, ``Newstate Up`` of a menu, the legs of a ring group, consult
calls) never decides anything here: what is true for the caller follows from bridges and seats alone.
Only what no bridge shows is taken from a variable or an application: ``QUEUESTATUS``, ``DIALSTATUS``, voicemail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    NoAnswer,
    NobodyAnswered,
    Ringing,
    StaffReached,
    Talking,
    VoicemailTook,
)
from textback.pbx.picture import NOTHING, Channel, Picture, Seat, Situation
from textback.pbx.wire import Headers

#: QUEUESTATUS as app_queue sets it when it sends the caller on without an answer
QUEUE_STATUS = {
    "TIMEOUT": NoAnswer.QUEUE_TIMEOUT,
    "FULL": NoAnswer.QUEUE_FULL,
    "JOINEMPTY": NoAnswer.QUEUE_EMPTY,
    "LEAVEEMPTY": NoAnswer.QUEUE_EMPTY,
    "JOINUNAVAIL": NoAnswer.QUEUE_EMPTY,
    "LEAVEUNAVAIL": NoAnswer.QUEUE_EMPTY,
    "WITHDRAW": NoAnswer.WITHDRAWN,
}
#: DIALSTATUS as app_dial sets it; ANSWER and CANCEL tell nothing that the bridge and the hang-up do not
DIAL_STATUS = {
    "NOANSWER": NoAnswer.RANG_OUT,
    "BUSY": NoAnswer.BUSY,
    "CHANUNAVAIL": NoAnswer.UNREACHABLE,
    "CONGESTION": NoAnswer.UNREACHABLE,
}
_VOICEMAIL_APPS = frozenset({"voicemail", "minivmrecord"})
_UNKNOWN = frozenset({"", "<unknown>", "unknown"})
_DIGITS = re.compile(r"\+?\d{7,15}")
_PROHIBITED = ("prohib", "unavailable")


class Translator:
    """Keeps the picture of one Asterisk and tells facts about its callers.

    ``trunks``: patterns of the channels whose far end is outside; ``contexts``: where callers arrive (all, if empty);
    ``language``: the channel language that the PBX gives to everybody, which says nothing about a caller.
    """

    def __init__(
        self, pbx: str, trunks: Iterable[str], contexts: Iterable[str] = (), language: str = "en"
    ) -> None:
        self.pbx = pbx
        self.picture = Picture()
        self.callers: dict[str, Situation] = {}
        #: while the link comes up, the channels that end: a snapshot may still list them
        self.syncing = False
        self.gone: set[str] = set()
        self._trunks = tuple(trunks)
        self._contexts = frozenset(contexts)
        self._language = language
        self._facts: list[Fact] = []

    def call_id(self, uniqueid: str) -> str:
        return f"{self.pbx}/{uniqueid}"

    def take(self, event: Headers, at: float, tampered: bool = False) -> list[Fact]:
        """The facts that follow from one checked event that came at ``at``."""
        handle = _HANDLERS.get(event["Event"])
        if handle is None:
            return []
        handle(self, event, at)
        if tampered and event.get("Uniqueid") in self.callers:
            self._facts.append(CallerKnown(self.call_id(event["Uniqueid"]), at, None, tampered=True))
        return self._taken()

    def adopt(self, channel: Channel, event: Headers, started: float, did: str) -> list[Fact]:
        """The arrival of a caller who was on the line already when the link came up."""
        self.arrive(channel, event, started, _value(did))
        return self._taken()

    def tell_all(self, at: float) -> list[Fact]:
        """What changed for any caller, after the picture was changed by hand."""
        self._tell(list(self.picture.channels.values()), at)
        return self._taken()

    def _taken(self) -> list[Fact]:
        facts, self._facts = self._facts, []
        return facts

    def is_trunk(self, name: str) -> bool:
        """Whether the far end of that channel is outside."""
        return any(fnmatchcase(name, pattern) for pattern in self._trunks)

    # -- arrival and end --------------------------------------------------------------------------------

    def _newchannel(self, event: Headers, at: float) -> None:
        channel = self.picture.add(event["Uniqueid"], event["Channel"])
        inbound = event["ChannelState"] == "4" and event["Uniqueid"] == event["Linkedid"]
        if inbound and self.is_trunk(channel.name) and self._arrives_in(event["Context"]):
            self.arrive(channel, event, at, did=_value(event.get("Exten")))

    def _arrives_in(self, context: str) -> bool:
        return not self._contexts or context in self._contexts

    def arrive(self, channel: Channel, event: Headers, at: float, did: str | None) -> None:
        """A caller is on ``channel``: tell it once."""
        self.callers[channel.uniqueid] = NOTHING
        number = event["CallerIDNum"]
        self._facts.append(
            CallerArrived(
                self.call_id(channel.uniqueid),
                at,
                pbx=self.pbx,
                linkedid=event["Linkedid"],
                number=None if number in _UNKNOWN else number,
                name=_value(event.get("CallerIDName")),
                did=did,
                language=self._own_language(event.get("Language")),
                withheld=_hidden(event.get("ChanVariable", "")),
            )
        )

    def _own_language(self, language: str | None) -> str | None:
        return None if not language or language == self._language else language

    def _newcallerid(self, event: Headers, at: float) -> None:
        if event["Uniqueid"] in self.callers and _hidden(event.get("CID-CallingPres", "")):
            self._facts.append(CallerKnown(self.call_id(event["Uniqueid"]), at, None, withheld=True))

    def _hangup_request(self, event: Headers, at: float) -> None:
        channel = self.picture.get(event["Uniqueid"])
        if channel:
            channel.hangup_requested = True

    def _hangup(self, event: Headers, at: float) -> None:
        channel = self.picture.get(event["Uniqueid"])
        if channel is None:
            return
        self._rings_no_more(channel, None, at)
        around = self.picture.connected(channel)
        if self.callers.pop(channel.uniqueid, None) is not None:
            self._facts.append(
                CallerLeft(self.call_id(channel.uniqueid), at, hung_up=channel.hangup_requested)
            )
        self.picture.remove(channel)
        if self.syncing:
            self.gone.add(channel.uniqueid)
        self._tell(around, at)

    # -- bridges ----------------------------------------------------------------------------------------

    def _bridge_enter(self, event: Headers, at: float) -> None:
        channel = self.picture.add(event["Uniqueid"], event["Channel"])
        left = self.picture.connected(channel)
        self.picture.enter(channel, event["BridgeUniqueid"], event["BridgeTechnology"] == "holding_bridge")
        self._tell({c.uniqueid: c for c in [*left, *self.picture.connected(channel)]}.values(), at)

    def _bridge_leave(self, event: Headers, at: float) -> None:
        channel = self.picture.get(event["Uniqueid"])
        if channel and channel.bridge == event["BridgeUniqueid"]:
            left = self.picture.connected(channel)
            self.picture.leave(channel)
            self._tell(left, at)

    def _hold(self, event: Headers, at: float) -> None:
        self._change(event, at, holding_since=at)

    def _unhold(self, event: Headers, at: float) -> None:
        self._change(event, at, holding_since=None)

    def _music(self, event: Headers, at: float) -> None:
        self._change(event, at, music_since=at)

    def _music_stopped(self, event: Headers, at: float) -> None:
        self._change(event, at, music_since=None)

    def _change(self, event: Headers, at: float, **changes: float | None) -> None:
        channel = self.picture.get(event["Uniqueid"])
        if channel:
            for name, value in changes.items():
                setattr(channel, name, value)
            self._tell(self.picture.connected(channel), at)

    # -- queues and parking -----------------------------------------------------------------------------

    def _queue_join(self, event: Headers, at: float) -> None:
        channel = self.picture.add(event["Uniqueid"], event["Channel"])
        channel.seat = Seat(event["Queue"], at)
        self._tell(self.picture.connected(channel), at)

    def _queue_leave(self, event: Headers, at: float) -> None:
        channel = self.picture.get(event["Uniqueid"])
        if channel:
            channel.seat = None
            self._tell(self.picture.connected(channel), at)

    def _attended_transfer(self, event: Headers, at: float) -> None:
        """A consult call into a queue is completed: the caller takes the seat, and the time waited in it."""
        if event.get("DestType") != "App" or "TransfereeUniqueid" not in event:
            return
        consult = self.picture.get(event["SecondTransfererUniqueid"])
        caller = self.picture.get(event["TransfereeUniqueid"])
        if consult and caller and consult.seat:
            caller.seat, consult.seat = consult.seat, None
            self.picture.leave(caller)
            self._tell([caller], at)

    def _parked(self, event: Headers, at: float) -> None:
        self._park(event, at, at)

    def _unparked(self, event: Headers, at: float) -> None:
        self._park(event, at, None)

    def _park(self, event: Headers, at: float, since: float | None) -> None:
        channel = self.picture.get(event["ParkeeUniqueid"])
        if channel:
            channel.parked_since = since
            self._tell(self.picture.connected(channel), at)

    # -- ringing ----------------------------------------------------------------------------------------

    def _dial_begin(self, event: Headers, at: float) -> None:
        leg = self.picture.add(event["DestUniqueid"], event["DestChannel"])
        if self.is_trunk(leg.name) and leg.uniqueid not in self.callers:
            leg.dialled = _dialled(event)
        caller = self.picture.get(event.get("Uniqueid"))
        if caller and not caller.seat:
            self.picture.ring(caller, leg)
            self._tell(self.picture.connected(caller), at)

    def _dial_end(self, event: Headers, at: float) -> None:
        leg = self.picture.get(event["DestUniqueid"])
        if leg is None:
            return
        status = event.get("DialStatus", "")
        if status == "ANSWER" and leg.dialled and event.get("Linkedid") not in self.callers:
            self._facts.append(StaffReached(self.call_id(leg.uniqueid), at, leg.dialled))
        self._rings_no_more(leg, DIAL_STATUS.get(status), at)

    def _rings_no_more(self, leg: Channel, why: NoAnswer | None, at: float) -> None:
        caller = self.picture.stop_ringing(leg)
        if caller is None or caller.legs:
            return
        if why and caller.uniqueid in self.callers and not caller.hangup_requested:
            self._facts.append(NobodyAnswered(self.call_id(caller.uniqueid), at, why))
        self._tell(self.picture.connected(caller), at)

    # -- what no bridge shows ---------------------------------------------------------------------------

    def _digit(self, event: Headers, at: float) -> None:
        if event["Uniqueid"] in self.callers and event.get("Direction") == "Received":
            self._facts.append(KeyPressed(self.call_id(event["Uniqueid"]), at, event.get("Digit", "")))

    def _variable(self, event: Headers, at: float) -> None:
        channel = self.picture.get(event["Uniqueid"])
        if channel is None or channel.hangup_requested:
            return
        variable, value = event.get("Variable"), event.get("Value", "")
        if variable == "QUEUESTATUS" and value in QUEUE_STATUS:
            self._nobody_answered(channel, QUEUE_STATUS[value], at, channel.queue_tried)
        elif variable == "DIALSTATUS" and value in DIAL_STATUS:
            self._nobody_answered(channel, DIAL_STATUS[value], at, None)
        elif variable == "VMSTATUS" and value in ("SUCCESS", "USEREXIT"):
            self._voicemail(channel, at)

    def _nobody_answered(self, channel: Channel, why: NoAnswer, at: float, queue: str | None) -> None:
        if channel.uniqueid in self.callers:
            self._facts.append(NobodyAnswered(self.call_id(channel.uniqueid), at, why, queue))

    def _application(self, event: Headers, at: float) -> None:
        channel = self.picture.get(event["Uniqueid"])
        if channel is None:
            return
        application = event.get("Application", "").lower()
        if application == "queue":
            channel.queue_tried = event.get("AppData", "").partition(",")[0] or None
        elif application in _VOICEMAIL_APPS:
            self._voicemail(channel, at)

    def _message_waiting(self, event: Headers, at: float) -> None:
        channel = self.picture.get(event.get("Uniqueid"))
        if channel:
            self._voicemail(channel, at)

    def _voicemail(self, channel: Channel, at: float) -> None:
        for other in self.picture.connected(channel):
            if other.uniqueid in self.callers:
                self._facts.append(VoicemailTook(self.call_id(other.uniqueid), at))

    # -- telling ----------------------------------------------------------------------------------------

    def _tell(self, channels: Iterable[Channel], at: float) -> None:
        for channel in channels:
            told = self.callers.get(channel.uniqueid)
            if told is None:
                continue
            now = self.picture.situation(channel)
            if now != told:
                self.callers[channel.uniqueid] = now
                fact = _fact(self.call_id(channel.uniqueid), at, told, now)
                self._facts.extend([fact] if fact else [])


def _fact(call_id: str, at: float, told: Situation, now: Situation) -> Fact | None:
    if now.talking:
        return Talking(call_id, at, now.agent)
    if now.place:
        return HoldStarted(call_id, at, now.place, at if now.since is None else now.since, now.queue)
    if now.ringing:
        return Ringing(call_id, at)
    return HoldEnded(call_id, at) if told.place else None


def _value(text: str | None) -> str | None:
    return None if text is None or text in _UNKNOWN else text


def _hidden(presentation: str) -> bool:
    """Whether a ``CALLERID(pres)`` or ``CID-CallingPres`` says that the number is not to be shown."""
    return any(word in presentation.lower() for word in _PROHIBITED)


def _dialled(event: Headers) -> str | None:
    """The number that a leg goes out to: as given to the trunk, else as dialled, else as shown."""
    for text in (event.get("DialString", ""), event.get("Exten", ""), event.get("DestCallerIDNum", "")):
        found = _DIGITS.search(text)
        if found:
            return found.group()
    return None


_HANDLERS: dict[str, Callable[[Translator, Headers, float], None]] = {
    "Newchannel": Translator._newchannel,
    "NewCallerid": Translator._newcallerid,
    "HangupRequest": Translator._hangup_request,
    "Hangup": Translator._hangup,
    "BridgeEnter": Translator._bridge_enter,
    "BridgeLeave": Translator._bridge_leave,
    "Hold": Translator._hold,
    "Unhold": Translator._unhold,
    "MusicOnHoldStart": Translator._music,
    "MusicOnHoldStop": Translator._music_stopped,
    "QueueCallerJoin": Translator._queue_join,
    "QueueCallerLeave": Translator._queue_leave,
    "AttendedTransfer": Translator._attended_transfer,
    "ParkedCall": Translator._parked,
    "UnParkedCall": Translator._unparked,
    "ParkedCallTimeOut": Translator._unparked,
    "ParkedCallGiveUp": Translator._unparked,
    "DialBegin": Translator._dial_begin,
    "DialEnd": Translator._dial_end,
    "DTMFEnd": Translator._digit,
    "VarSet": Translator._variable,
    "Newexten": Translator._application,
    "MessageWaiting": Translator._message_waiting,
}
#: the events that mean something here; everything else is dropped at its name
WANTED = frozenset(name.encode() for name in _HANDLERS)
