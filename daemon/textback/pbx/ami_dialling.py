"""What Asterisk tells about who is rung for whom, and what no bridge shows: refusals, voicemail, keys."""

from __future__ import annotations

import re
from collections.abc import Callable

from textback.events import KeyPressed, NoAnswer, StaffReached
from textback.pbx.ami_callers import AmiCallers
from textback.pbx.ami_places import find_in_prompt
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
_DIGITS = re.compile(r"\+?\d{7,15}")


def _dial_begin(callers: AmiCallers, event: Headers, at: float) -> None:
    picture = callers.picture
    leg = picture.add(event["DestUniqueid"], event["DestChannel"])
    if callers.is_trunk(leg.name) and leg.uniqueid not in callers.callers:
        leg.dialled = _dialled(event)
    caller = picture.get(event.get("Uniqueid"))
    if caller and caller.seat:
        picture.call_agent(caller, leg)
    elif caller:
        picture.ring(caller, leg)
        callers.tell_around(caller, at)


def _dialled(event: Headers) -> str | None:
    """The number that a leg goes out to: as given to the trunk, else as dialled, else as shown."""
    for text in (event.get("DialString", ""), event.get("Exten", ""), event.get("DestCallerIDNum", "")):
        found = _DIGITS.search(text)
        if found:
            return found.group()
    return None


def _dial_end(callers: AmiCallers, event: Headers, at: float) -> None:
    leg = callers.picture.get(event["DestUniqueid"])
    if leg is None:
        return
    status = event.get("DialStatus", "")
    if status == "ANSWER" and leg.dialled and event.get("Linkedid") not in callers.callers:
        callers.facts.append(StaffReached(callers.call_id(leg.uniqueid), at, leg.dialled))
    callers.rings_no_more(leg, DIAL_STATUS.get(status), at)


def _digit(callers: AmiCallers, event: Headers, at: float) -> None:
    channel = callers.picture.get(event["Uniqueid"])
    if channel is None or channel.uniqueid not in callers.callers or event.get("Direction") != "Received":
        return
    find_in_prompt(callers, channel, event, at)
    if not (channel.moved and channel.prompt):  # there the dialplan reads the keys, which may be digits of a number
        callers.facts.append(KeyPressed(callers.call_id(event["Uniqueid"]), at, event.get("Digit", "")))


def _variable(callers: AmiCallers, event: Headers, at: float) -> None:
    channel = callers.picture.get(event["Uniqueid"])
    if channel is None or channel.hangup_requested:
        return
    variable, value = event.get("Variable"), event.get("Value", "")
    if variable == "QUEUESTATUS" and value in QUEUE_STATUS:
        callers.nobody_answered(channel, QUEUE_STATUS[value], at, channel.queue_tried)
    elif variable == "DIALSTATUS" and value in DIAL_STATUS:
        callers.nobody_answered(channel, DIAL_STATUS[value], at)
    elif variable == "VMSTATUS" and value:
        # FAILED as well: the box has run, and the caller has heard it (too short a message, or none).
        callers.voicemail(channel, at)


def _application(callers: AmiCallers, event: Headers, at: float) -> None:
    channel = callers.picture.get(event["Uniqueid"])
    if channel is None:
        return
    application = event.get("Application", "").lower()
    if application == "queue":
        channel.queue_tried = event.get("AppData", "").partition(",")[0] or None
    elif application in _VOICEMAIL_APPS:
        callers.voicemail(channel, at)


def _message_waiting(callers: AmiCallers, event: Headers, at: float) -> None:
    channel = callers.picture.get(event.get("Uniqueid"))
    if channel:
        callers.voicemail(channel, at)


HANDLERS: dict[str, Callable[[AmiCallers, Headers, float], None]] = {
    "DialBegin": _dial_begin,
    "DialEnd": _dial_end,
    "DTMFEnd": _digit,
    "VarSet": _variable,
    "Newexten": _application,
    "MessageWaiting": _message_waiting,
}
