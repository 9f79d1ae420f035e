"""Calls that go to a queue: the caller waits, and gives up or is answered."""

from __future__ import annotations

from dataclasses import dataclass

from textback.demo.channels import RINGING, UP, Channel, Phone
from textback.demo.queues import Place, Queue
from textback.demo.stage import Script, Stage, Step


def waits_and_gives_up(
    hold: float, *, queue: str = "support", key: str | None = None, ringing: bool = False
) -> Step:
    """On hold for ``hold`` seconds, presses ``key`` halfway, hangs up.

    ``ringing``: all the while an agent's phone rings.
    """

    async def step(stage: Stage, script: Script) -> None:
        line = stage.room.queues[queue]
        place = _enter(stage, script, line)
        offer = _ring_agent(stage, place, line) if ringing else None
        await stage.sleep(hold / 2)
        if key is not None:
            stage.board.key(place.channel, key)
        await stage.sleep(hold / 2)
        _give_up(stage, place, line, offer)

    return step


def answered_in_queue(hold: float, talk: float, *, queue: str = "support", ring: float = 3.0) -> Step:
    """On hold for ``hold`` seconds, in the last ``ring`` of them an agent's phone rings; then they talk."""

    async def step(stage: Stage, script: Script) -> None:
        line = stage.room.queues[queue]
        place = _enter(stage, script, line)
        await stage.sleep(max(hold - ring, 0.0))
        offer = _ring_agent(stage, place, line)
        await stage.sleep(min(ring, hold))
        held = ("HoldTime", stage.whole_seconds(place.since))
        _answer(stage, place, line, offer, held)
        answered = stage.board.clock()
        await stage.sleep(talk)
        _caller_ends_talk(stage, place, line, offer, (held, ("TalkTime", stage.whole_seconds(answered))))

    return step


@dataclass(frozen=True, slots=True)
class _Offer:
    """A caller is offered to a member, whose phone rings on ``leg``."""

    leg: Channel
    member: Phone
    since: float


def _enter(stage: Stage, script: Script, queue: Queue) -> Place:
    caller = stage.arrive(script)
    caller.priority = 3
    stage.board.state(caller, UP)
    caller.priority, caller.application = 4, ("Queue", f"{queue.name},t")
    return stage.room.join(caller, queue)


def _ring_agent(stage: Stage, place: Place, queue: Queue) -> _Offer:
    board, caller, member = stage.board, place.channel, stage.board.free(queue.members)
    leg = board.leg(member.device, (member.number, member.name), "from-internal", caller)
    leg.application = ("AppQueue", "(Outgoing Line)")
    opened = leg.headers("Dest")
    leg.exten, leg.connected = caller.exten, (caller.number, caller.caller_name)
    stage.room.agent("AgentCalled", place, queue, leg, member)
    # DialBegin shows the leg as it was opened, before it was told of the caller
    board.tell("DialBegin", "call", caller.headers(), opened, [("DialString", member.device)])
    board.connected(caller, (member.number, member.name))
    board.dial("DialState", caller, leg, ("DialStatus", "RINGING"))
    board.state(leg, RINGING)
    board.connected(leg, leg.connected)
    return _Offer(leg, member, board.clock())


def _give_up(stage: Stage, place: Place, queue: Queue, offer: _Offer | None) -> None:
    board, caller = stage.board, place.channel
    board.far_end_hangs_up(caller)
    stage.room.music_stops(place)
    if offer is not None:
        for _ in range(2):  # app_queue says it twice of each phone that it stops ringing
            board.dial("DialEnd", caller, offer.leg, ("DialStatus", "CANCEL"))
    stage.room.abandon(place, queue)
    if offer is not None:
        board.gone(offer.leg, 0)
    stage.room.leave(place, queue)
    board.pbx_hangs_up(caller)
    board.gone(caller, 0)


def _answer(stage: Stage, place: Place, queue: Queue, offer: _Offer, held: tuple[str, str]) -> None:
    board, leg = stage.board, offer.leg
    board.state(leg, UP)
    board.dial("DialEnd", place.channel, leg, ("DialStatus", "ANSWER"))
    stage.room.music_stops(place)
    stage.room.leave(place, queue)
    rang = ("RingTime", stage.whole_seconds(offer.since))
    stage.room.agent("AgentConnect", place, queue, leg, offer.member, held, rang)
    queue.completed += 1
    board.talk(leg, place.channel)


def _caller_ends_talk(
    stage: Stage, place: Place, queue: Queue, offer: _Offer, times: tuple[tuple[str, str], ...]
) -> None:
    board, caller, leg = stage.board, place.channel, offer.leg
    board.far_end_hangs_up(caller)
    stage.room.agent("AgentComplete", place, queue, leg, offer.member, *times, ("Reason", "caller"))
    board.leave_bridge(caller)
    board.pbx_hangs_up(caller)
    board.leave_bridge(leg)
    board.gone(leg, 16)
    board.gone(caller, 16)
