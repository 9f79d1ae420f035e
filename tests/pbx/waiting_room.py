"""A link with callers who wait, for tests of what is done for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from tests.pbx.fake_asterisk import FakeAsterisk, until
from tests.pbx.messages import CALLER, LEG, TRUNK, channel, dial, event, newchannel, raw, status
from tests.pbx.test_ami import World, play
from textback.events import Fact, HoldStarted
from textback.orders import MakeOffer, TellAnswer
from textback.pbx.patience import Patience
from textback.pbx.wire import Headers

Story = Callable[[World], Awaitable[None]]
AGENT_LEG = channel(LEG, "PJSIP/agent1-00000002", Linkedid=CALLER, ChannelState="5")


def order(how: str = "redirect", uniqueid: str = CALLER, language: str | None = None) -> MakeOffer:
    return MakeOffer(f"main/{uniqueid}", "support", language, "whisper" if how == "whisper" else "redirect", "5")


def answer(refused: str | None = None, stays: bool = False, uniqueid: str = CALLER) -> TellAnswer:
    return TellAnswer(f"main/{uniqueid}", "support", None, refused, stays)


def join(uniqueid: str = CALLER, name: str = TRUNK, position: str = "2", **changes: str) -> Headers:
    return event("QueueCallerJoin", channel(uniqueid, name, **changes), Queue="support", Position=position, Count="3")


def leave(uniqueid: str = CALLER, name: str = TRUNK, position: str = "2", **changes: str) -> Headers:
    block = channel(uniqueid, name, **changes)
    return event("QueueCallerLeave", block, Queue="support", Position=position, Count="2")


def agent_rings(name: str = "DialBegin", **more: str) -> bytes:
    return raw(dial(name, channel(), AGENT_LEG, **more))


def is_in(application: str = "Queue", bridge: str = "") -> Callable[[str], list[Headers]]:
    """What Status tells about the caller's channel."""
    return lambda action_id: [status(action_id, channel()) | {"Application": application, "BridgeID": bridge}]


async def seated(w: World, uniqueid: str = CALLER, name: str = TRUNK, **changes: str) -> None:
    """A caller has come, and waits."""
    w.pbx.rows["Status"] = is_in()
    w.pbx.send(newchannel(uniqueid, name), join(uniqueid, name, **changes))
    await until(lambda: any(is_hold(fact, uniqueid) for fact in w.facts))


def is_hold(fact: Fact, uniqueid: str = CALLER) -> bool:
    return isinstance(fact, HoldStarted) and fact.call_id == f"main/{uniqueid}"


def actions(pbx: FakeAsterisk, name: str) -> list[Headers]:
    """The actions of that name that came, without their ActionIDs."""
    return [
        {key: value for key, value in one.items() if key not in ("Action", "ActionID")}
        for one in pbx.heard
        if one["Action"] == name
    ]


async def done(w: World, name: str, times: int = 1) -> list[Headers]:
    """The actions of that name, once there are so many."""
    await until(lambda: len(actions(w.pbx, name)) >= times)
    return actions(w.pbx, name)


async def idle(w: World) -> None:
    """Everything that was ordered is done, or was dropped."""
    assert w.link.offers is not None
    offers = w.link.offers
    await until(lambda: not len(offers))


def wait(story: Story, patience: Patience = Patience(), *, before_telling: float = 0.0, attempts: int = 0) -> World:
    """Let ``story`` happen beside a link that is up."""

    async def up(w: World) -> None:
        await w.up()
        await until(lambda: len(actions(w.pbx, "ShowDialPlan")) >= 3)
        await story(w)

    return play(up, attempts=attempts, patience=replace(patience, before_telling=before_telling))
