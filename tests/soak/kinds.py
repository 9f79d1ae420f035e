"""What callers do, each kind with how often it happens and what must come of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from tests.soak.visits import ABANDONED, ANSWERED, MISSED, TEXTED, UNREACHED, Acts, Expected, Line
from textback.demo.channels import UP
from textback.demo.desk_calls import (
    answered_by_extension,
    busy,
    hangs_up_while_ringing,
    internal_call,
    outbound_call,
    rings_out,
)
from textback.demo.queue_calls import answered_in_queue, waits_and_gives_up
from textback.demo.stage import Script, Stage, Step, pause

#: seconds, of the practice: how long calls settle, and how long a caller must have held, or rung
SETTLE, LEAST = 4.0, 2.0
#: seconds that nobody waits longer for a hook than
HOOK_LIMIT = 10.0

Kind = Callable[[random.Random], Acts]

#: what callers call themselves: they may choose it, and some choose badly
NAMES = (
    "", "", "", "WIRELESS CALLER", "Grace O'Hara", "Event: Hangup", "<script>alert(1)</script>", "%s%n{0}",
    "Jos\u00e9 \U0001f600", "'; DROP TABLE calls; --", "\u202egnp.exe", "x" * 79, 'A "quoted" | name', "=1+1",
)  # fmt: skip


def _asking(hook: str, after: float, inner: Step) -> Step:
    """While the caller does this, their dialplan asks a hook, ``after`` seconds later."""

    async def step(stage: Stage, script: Script) -> None:
        assert isinstance(stage, Line)
        caller = stage.caller

        async def ask() -> None:
            await asyncio.sleep(after)
            visit = caller.visit
            if visit is not None:
                visit.said[hook] = await caller.ask(hook, visit)
                caller.mark()

        asking = asyncio.create_task(ask())
        try:
            await inner(stage, script)
            caller.hung_up()
            await asyncio.wait({asking}, timeout=HOOK_LIMIT)
        finally:
            asking.cancel()

    return step


def _at_the_door(seconds: float) -> Step:
    """The caller is in the menu all the time: the dialplan turns them away."""

    async def step(stage: Stage, script: Script) -> None:
        caller = stage.arrive(script)
        stage.board.state(caller, UP)
        caller.application = ("Playback", "all-circuits-busy")
        await stage.sleep(seconds)
        stage.board.pbx_hangs_up(caller)
        stage.board.gone(caller, 16)

    return step


def _pressing(hold: float) -> Step:
    inner = waits_and_gives_up(hold, key="5")

    async def step(stage: Stage, script: Script) -> None:
        assert isinstance(stage, Line)
        stage.caller.key = "5"
        await inner(stage, script)

    return step


def _stopped() -> Step:
    """Between two calls, until the caller's STOP has arrived, or they lose patience."""

    async def step(stage: Stage, script: Script) -> None:
        assert isinstance(stage, Line)
        await stage.caller.ask("stop", stage.caller.visits[-1])

    return step


def _gives_up(chance: random.Random) -> Acts:
    return [(waits_and_gives_up(chance.uniform(4, 12), ringing=chance.random() < 0.3), ABANDONED)]


def _too_short(chance: random.Random) -> Acts:
    return [(waits_and_gives_up(0.6), Expected("abandoned", "skip", "short_hold"))]


def _withheld(chance: random.Random) -> Acts:
    return [(waits_and_gives_up(chance.uniform(4, 8)), Expected("abandoned", "skip", "withheld_number"))]


def _answered(chance: random.Random) -> Acts:
    return [(answered_in_queue(chance.uniform(3, 9), chance.uniform(2, 8)), ANSWERED)]


def _extension(chance: random.Random) -> Acts:
    return [(answered_by_extension(chance.uniform(1, 4), chance.uniform(2, 8)), ANSWERED)]


def _rings_out(chance: random.Random) -> Acts:
    return [(rings_out(chance.uniform(3, 9)), MISSED)]


def _busy(chance: random.Random) -> Acts:
    return [(busy(desk=1), MISSED)]


def _quits_ringing(chance: random.Random) -> Acts:
    if chance.random() < 0.3:
        return [(hangs_up_while_ringing(0.6), Expected("missed", "skip", "short_ring"))]
    return [(hangs_up_while_ringing(chance.uniform(4, 8)), MISSED)]


def _presses(chance: random.Random) -> Acts:
    return [(_pressing(chance.uniform(5, 10)), TEXTED)]


def _asks(chance: random.Random) -> Acts:
    hold = chance.uniform(5, 10)
    return [(_asking("call-to-text", hold / 2, waits_and_gives_up(hold)), TEXTED)]


def _served(chance: random.Random) -> Acts:
    handled = Expected("abandoned", "skip", "handled")
    return [(_asking("handled", 2.0, waits_and_gives_up(chance.uniform(4, 8))), handled)]


def _turned_away(chance: random.Random) -> Acts:
    seconds = chance.uniform(2, 4)
    if chance.random() < 0.3:
        return [(_at_the_door(seconds), UNREACHED)]
    return [(_asking("no-answer", seconds / 2, _at_the_door(seconds)), MISSED)]


def _looks(chance: random.Random) -> Acts:
    hook = chance.choice(("may-offer", "hours", "caller"))
    return [(_asking(hook, 1.0, waits_and_gives_up(chance.uniform(4, 8))), ABANDONED)]


def _comes_back(chance: random.Random) -> Acts:
    back = Expected("abandoned", "skip", "came_back")
    return [(waits_and_gives_up(5), back), (pause(1.0), None), (answered_in_queue(3.5, 4), ANSWERED)]


def _again(chance: random.Random) -> Acts:
    cooldown = Expected("abandoned", "skip", "cooldown")
    return [(waits_and_gives_up(5), ABANDONED), (pause(SETTLE + 8), None), (waits_and_gives_up(5), cooldown)]


def _says_stop(chance: random.Random) -> Acts:
    opted_out = Expected("abandoned", "skip", "opted_out")
    return [(waits_and_gives_up(5), ABANDONED), (_stopped(), None), (waits_and_gives_up(5), opted_out)]


def _called_back(chance: random.Random) -> Acts:
    back = Expected("abandoned", "skip", "came_back")
    return [(waits_and_gives_up(5), back), (pause(0.5), None), (outbound_call(1.0, 5.0), None)]


def _inside(chance: random.Random) -> Acts:
    return [(internal_call(3.0), None)]


KINDS: dict[str, tuple[float, Kind]] = {
    "gives up": (16, _gives_up),
    "answered": (24, _answered),
    "extension": (14, _extension),
    "rings out": (8, _rings_out),
    "busy": (2, _busy),
    "quits ringing": (5, _quits_ringing),
    "too short": (4, _too_short),
    "withheld": (3, _withheld),
    "presses 5": (5, _presses),
    "asks by hook": (5, _asks),
    "served": (2, _served),
    "turned away": (3, _turned_away),
    "looks": (3, _looks),
    "comes back": (2, _comes_back),
    "again": (1.5, _again),
    "says stop": (1.0, _says_stop),
    "called back": (1.0, _called_back),
    "inside": (0.5, _inside),
}
