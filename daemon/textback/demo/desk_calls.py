"""Calls that ring a phone directly: from outside, inside the house, and out over the trunk."""

from __future__ import annotations

from textback.demo.channels import RINGING, UP, Channel, Phone
from textback.demo.stage import Script, Stage, Step

_CANCELLED = ("TechCause", "487")
_BUSY = ("TechCause", "486")


def rings_out(seconds: float, *, desk: int = 0) -> Step:
    """A desk's phone rings for ``seconds`` and nobody answers."""

    async def step(stage: Stage, script: Script) -> None:
        caller, leg = _ring_desk(stage, script, desk)
        _rings(stage, caller, leg)
        await stage.sleep(seconds)
        _fails(stage, caller, leg, "NOANSWER")
        stage.board.gone(leg, 0)
        stage.board.gone(caller, 16)

    return step


def busy(*, desk: int = 0) -> Step:
    """The desk's phone is busy (SIP 486)."""

    async def step(stage: Stage, script: Script) -> None:
        caller, leg = _ring_desk(stage, script, desk)
        await stage.sleep(0.1)
        stage.board.far_end_hangs_up(leg, ("Cause", "17"), _BUSY)
        _fails(stage, caller, leg, "BUSY")
        stage.board.gone(caller, 17, _BUSY)
        stage.board.gone(leg, 17, _BUSY)

    return step


def hangs_up_while_ringing(seconds: float, *, desk: int = 0) -> Step:
    """A desk's phone rings for ``seconds``, then the caller gives up."""

    async def step(stage: Stage, script: Script) -> None:
        caller, leg = _ring_desk(stage, script, desk)
        await _rings_until_cancelled(stage, caller, leg, seconds)

    return step


def answered_by_extension(ring: float, talk: float, *, desk: int = 0) -> Step:
    """A desk's phone rings, is answered, and they talk until the caller hangs up."""

    async def step(stage: Stage, script: Script) -> None:
        caller, leg = _ring_desk(stage, script, desk)
        _rings(stage, caller, leg)
        await _is_answered(stage, caller, leg, ring, talk)

    return step


def internal_call(ring: float) -> Step:
    """One phone of the house rings another and gives up; who calls is no caller."""

    async def step(stage: Stage, script: Script) -> None:
        desk = stage.desks[0]
        caller = _from_phone(stage, stage.agents[-1], desk.number)
        leg = _call_desk(stage, caller, desk)
        await _rings_until_cancelled(stage, caller, leg, ring)

    return step


def outbound_call(ring: float, talk: float) -> Step:
    """Staff call the script's ``number`` over the trunk, and it is answered."""

    async def step(stage: Stage, script: Script) -> None:
        board, phone, number = stage.board, stage.agents[-1], script.number
        caller = _from_phone(stage, phone, number)
        board.variable(caller, "DIALSTATUS", "")
        leg = board.leg(stage.trunk, ("", ""), "from-trunk", caller)
        leg.exten, leg.connected = number, (phone.number, phone.name)
        board.caller_id(leg, number)
        _begin(stage, caller, leg, f"trunk/sip:{number}@trunk.invalid")
        board.dial("DialState", caller, leg, ("DialStatus", "RINGING"))
        board.state(leg, RINGING)
        await _is_answered(stage, caller, leg, ring, talk)

    return step


def _ring_desk(stage: Stage, script: Script, desk: int) -> tuple[Channel, Channel]:
    phone = stage.desks[desk]
    caller = stage.arrive(script)
    caller.context, caller.exten = "from-did-direct", phone.number
    return caller, _call_desk(stage, caller, phone)


def _from_phone(stage: Stage, phone: Phone, dialled: str) -> Channel:
    who = (phone.number, phone.name)
    return stage.board.caller_arrives(phone.device, who, "from-internal", dialled)


def _call_desk(stage: Stage, caller: Channel, phone: Phone) -> Channel:
    stage.board.variable(caller, "DIALSTATUS", "")
    leg = stage.board.leg(phone.device, (phone.number, phone.name), "from-internal", caller)
    leg.exten, leg.connected = caller.exten, (caller.number, caller.caller_name)
    _begin(stage, caller, leg, phone.device.partition("/")[2])
    return leg


def _begin(stage: Stage, caller: Channel, leg: Channel, dial_string: str) -> None:
    board = stage.board
    caller.application = ("Dial", f"PJSIP/{dial_string},12,tr")
    leg.application = ("AppDial", "(Outgoing Line)")
    board.connected(leg, leg.connected)
    board.dial("DialBegin", caller, leg, ("DialString", dial_string))
    board.connected(caller, (leg.number, leg.caller_name))


def _rings(stage: Stage, caller: Channel, leg: Channel) -> None:
    stage.board.state(leg, RINGING)
    stage.board.dial("DialState", caller, leg, ("DialStatus", "RINGING"))


def _fails(stage: Stage, caller: Channel, leg: Channel, status: str) -> None:
    board = stage.board
    board.dial("DialEnd", caller, leg, ("DialStatus", status))
    board.variable(caller, "DIALSTATUS", status)
    caller.priority = 3  # the dialplan goes on, to its Hangup()
    board.pbx_hangs_up(caller)


async def _rings_until_cancelled(stage: Stage, caller: Channel, leg: Channel, seconds: float) -> None:
    board = stage.board
    _rings(stage, caller, leg)
    await stage.sleep(seconds)
    board.far_end_hangs_up(caller, ("Cause", "127"), _CANCELLED)
    board.dial("DialEnd", caller, leg, ("DialStatus", "CANCEL"))
    board.variable(caller, "DIALSTATUS", "CANCEL")
    board.pbx_hangs_up(caller, _CANCELLED)
    board.gone(leg, 127, ("TechCause", "500"))
    board.gone(caller, 127, _CANCELLED)


async def _is_answered(stage: Stage, caller: Channel, leg: Channel, ring: float, talk: float) -> None:
    board = stage.board
    await stage.sleep(ring)
    board.state(leg, UP)
    board.variable(caller, "DIALSTATUS", "ANSWER")
    leg.exten = ""
    board.dial("DialEnd", caller, leg, ("DialStatus", "ANSWER"))
    board.state(caller, UP)
    board.talk(leg, caller)
    await stage.sleep(talk)
    board.far_end_hangs_up(caller, ("Cause", "16"))
    board.leave_bridge(caller)
    board.variable(caller, "DIALSTATUS", "ANSWER")
    board.pbx_hangs_up(caller)
    board.leave_bridge(leg)
    board.gone(caller, 16)
    board.gone(leg, 16)
