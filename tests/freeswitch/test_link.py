"""The link against a real FreeSWITCH, named by TEXTBACK_FREESWITCH=host:port:password; without one, skipped.

It needs SIP profiles ``trunk`` (5080, context ``public``) and ``internal`` (5090, context ``default``) without
passwords, mod_callcenter with the queue ``support@default`` (time-base-score=system) and its agent ``1001@default``
at ``sofia/internal/1001@127.0.0.1:5101``, and the dialplan that stands beside this file.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.leg import Leg
from tests.lab.phones import Phones
from textback.events import (
    CallerArrived,
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    Place,
    Ringing,
    StaffReached,
    StateUnknown,
    Talking,
)
from textback.orders import MakeOffer, Order, TellAnswer
from textback.pbx.esl import EslLink, EslSettings
from textback.pbx.esl_session import Session
from textback.pbx.patience import Patience

NAMED = os.environ.get("TEXTBACK_FREESWITCH", "")
pytestmark = pytest.mark.skipif(
    NAMED.count(":") < 2, reason="no real FreeSWITCH: TEXTBACK_FREESWITCH=host:port:password names none"
)
TRUNK, INTERNAL, AGENT, DESK = 5080, 5090, 5101, 5110
QUEUE, KEYS, FIFO, LOT, CONSULT = "13055550104", "13055550101", "13055550105", "13055550106", "13055550301"
#: seconds until something that must come has come
PATIENCE = 20.0
#: numbers of callers, each its own: other tests may use the same FreeSWITCH
NUMBERS = iter(range(3400, 3500))


def reach() -> tuple[str, int, str]:
    host, port, password = NAMED.split(":", 2)
    return host, int(port), password


class Scene:
    """A link that is up, phones, and the facts about one caller."""

    def __init__(self, link: EslLink, facts: list[Fact]) -> None:
        self.link = link
        self.facts = facts
        self.number = f"+1305555{next(NUMBERS)}"
        self.outside = Phones(TRUNK, "127.0.0.1", 0)
        self.agents = Phones(INTERNAL, "127.0.0.1", AGENT)
        self.desks = Phones(INTERNAL, "127.0.0.1", DESK)

    def close(self) -> None:
        for phones in (self.outside, self.agents, self.desks):
            phones.close()

    @property
    def call_id(self) -> str:
        arrived = [one for one in self.facts if isinstance(one, CallerArrived) and one.number == self.number]
        return arrived[0].call_id if arrived else ""

    @property
    def told(self) -> list[Fact]:
        """What was told of the caller."""
        return [one for one in self.facts if one.call_id == self.call_id] if self.call_id else []

    @property
    def kinds(self) -> list[type[Fact]]:
        return [type(one) for one in self.told]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.01)

    async def came(self, kind: type[Fact], times: int = 1) -> Any:
        """The fact of that kind, once there are so many."""
        await self.until(lambda: self.kinds.count(kind) >= times)
        return [one for one in self.told if isinstance(one, kind)][times - 1]

    async def call(self, dialled: str, name: str | None = None) -> Leg:
        leg = await asyncio.to_thread(self.outside.call, self.number, dialled, name)
        await self.came(CallerArrived)
        return leg

    async def do(self, command: str) -> str:
        """Something that an administrator does."""
        session = self.link._session
        assert isinstance(session, Session)
        return await session.api(command)

    async def agent(self, status: str) -> None:
        await self.do(f"callcenter_config agent set status 1001@default '{status}'")


@pytest.fixture(autouse=True)
def somebody_listens() -> Iterator[None]:
    """Fail at once where a FreeSWITCH is named and is not there."""
    host, port, _ = reach()
    try:
        socket.create_connection((host, port), 5).close()
    except OSError as error:
        pytest.fail(f"TEXTBACK_FREESWITCH names {host}:{port}, where nobody listens: {error}")
    yield


def played(story: Callable[[Scene], Awaitable[None]], settle: bool = True) -> Scene:
    async def run() -> Scene:
        host, port, password = reach()
        facts: list[Fact] = []
        settings = EslSettings("fs", host, port, password, ("sofia/trunk/*",), ("public", "textback"))
        link = EslLink(settings, facts.append, patience=Patience(before_telling=0.2))
        running = asyncio.create_task(link.run())
        scene = Scene(link, facts)
        try:
            await scene.until(lambda: link.is_up)
            if '"link-5000"' not in await scene.do("xml_locate dialplan context name default"):
                pytest.skip(f"that FreeSWITCH lacks {Path(__file__).parent / 'test_link_dialplan.xml'}")
            await story(scene)
            if settle:
                await scene.came(CallerLeft)
        finally:
            if link.is_up:
                await scene.agent("Logged Out")
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            scene.close()
        return scene

    return asyncio.run(run())


async def hang_up(leg: Leg) -> None:
    await asyncio.to_thread(leg.hang_up)


def test_who_waits_and_hangs_up() -> None:
    async def story(s: Scene) -> None:
        leg = await s.call(QUEUE, "Real Caller")
        waits = await s.came(HoldStarted)
        assert (waits.place, waits.queue) == (Place.QUEUE, "support@default")
        await hang_up(leg)

    s = played(story)
    assert s.kinds == [CallerArrived, HoldStarted, CallerLeft]
    arrived, _, left = s.told
    assert isinstance(arrived, CallerArrived) and (arrived.name, arrived.did) == ("Real Caller", QUEUE)
    assert isinstance(left, CallerLeft) and left.hung_up


def test_who_waits_and_is_answered_held_and_transferred() -> None:
    async def story(s: Scene) -> None:
        await s.agent("Available")
        leg = await s.call(QUEUE)
        phone = await asyncio.to_thread(s.agents.rings, "1001")
        await asyncio.to_thread(phone.answer)
        assert (await s.came(Talking)).agent == "1001"
        await asyncio.to_thread(phone.hold)
        assert (await s.came(HoldStarted, 2)).place is Place.AGENT_HOLD
        await asyncio.to_thread(phone.resume)
        await s.came(Talking, 2)
        await s.agent("Logged Out")
        await asyncio.to_thread(phone.transfer, "5000")
        assert (await s.came(HoldStarted, 3)).place is Place.QUEUE
        await hang_up(leg)

    assert played(story).kinds[-2:] == [HoldStarted, CallerLeft]


def test_a_key_is_seen_and_ends_the_wait_where_it_is_an_exit_key() -> None:
    async def story(s: Scene) -> None:
        leg = await s.call(KEYS)
        await s.came(HoldStarted)
        await asyncio.to_thread(leg.press, "5")
        assert (await s.came(KeyPressed)).key == "5"
        await s.came(HoldEnded)

    assert played(story).kinds[:4] == [CallerArrived, HoldStarted, KeyPressed, HoldEnded]


def test_a_key_where_it_is_none_ends_nothing() -> None:
    async def story(s: Scene) -> None:
        leg = await s.call(QUEUE)
        await s.came(HoldStarted)
        await asyncio.to_thread(leg.press, "5")
        await s.came(KeyPressed)
        await hang_up(leg)

    assert played(story).kinds == [CallerArrived, HoldStarted, KeyPressed, CallerLeft]


@pytest.mark.parametrize(("dialled", "place"), [(FIFO, Place.QUEUE), (LOT, Place.PARK)])
def test_a_fifo_and_a_parking_lot_are_waits(dialled: str, place: Place) -> None:
    async def story(s: Scene) -> None:
        leg = await s.call(dialled)
        assert (await s.came(HoldStarted)).place is place
        await hang_up(leg)

    assert played(story).kinds == [CallerArrived, HoldStarted, CallerLeft]


def test_a_name_with_headers_in_it_is_a_name() -> None:
    name = "x%0AUnique-ID: spoof%0ACaller-Caller-ID-Number: +19005550199"

    async def story(s: Scene) -> None:
        await hang_up(await _waiting(s, name))

    arrived = played(story).told[0]
    assert isinstance(arrived, CallerArrived) and arrived.name is not None and "\nUnique-ID: spoof" in arrived.name


async def _waiting(s: Scene, name: str | None = None) -> Leg:
    leg = await s.call(QUEUE, name)
    await s.came(HoldStarted)
    return leg


def order(s: Scene, how: str) -> Order:
    return MakeOffer(s.call_id, "support@default", None, "whisper" if how == "whisper" else "redirect", "5")


def test_a_whisper_reaches_the_caller_who_stays_in_the_queue() -> None:
    async def story(s: Scene) -> None:
        leg = await _waiting(s)
        uuid = s.call_id.partition("/")[2]
        s.link.carry_out(order(s, "whisper"))
        await s.until(lambda: s.link.offers is not None and len(s.link.offers))

        async def plays() -> bool:
            return "offer.wav" in await s.do(f"uuid_getvar {uuid} current_application_data")

        async with asyncio.timeout(PATIENCE):
            while not await plays():
                await asyncio.sleep(0.05)
        await hang_up(leg)

    assert played(story).kinds == [CallerArrived, HoldStarted, CallerLeft]


def test_a_caller_who_is_told_of_the_text_is_let_go() -> None:
    async def story(s: Scene) -> None:
        await _waiting(s)
        s.link.carry_out(TellAnswer(s.call_id, "support@default", None, None, False))
        assert (await s.came(HoldStarted, 2)).place is Place.OFFER

    s = played(story)
    assert s.kinds == [CallerArrived, HoldStarted, HoldStarted, CallerLeft]
    left = s.told[-1]
    assert isinstance(left, CallerLeft) and not left.hung_up


def test_a_caller_who_is_moved_to_the_offer_is_back_at_their_place() -> None:
    async def story(s: Scene) -> None:
        leg = await _waiting(s)
        s.link.carry_out(order(s, "redirect"))
        assert (await s.came(HoldStarted, 2)).place is Place.OFFER
        assert (await s.came(HoldStarted, 3)).place is Place.QUEUE
        await hang_up(leg)

    assert played(story).kinds == [CallerArrived, *[HoldStarted] * 3, CallerLeft]


def test_a_link_that_comes_up_finds_who_waits_and_since_when() -> None:
    async def story(s: Scene) -> None:
        leg = await _waiting(s)
        since = s.told[1].at
        s.link.want_resync()
        await s.until(lambda: not s.link.is_up)
        await s.until(lambda: s.link.is_up)
        waits = [one for one in s.told if isinstance(one, HoldStarted)]
        assert abs(waits[-1].since - since) < 1.5
        assert StateUnknown not in s.kinds and s.kinds.count(CallerArrived) == 1
        await hang_up(leg)

    played(story)


async def _consulting(s: Scene, how: str) -> tuple[Leg, Leg]:
    """A caller whom the receptionist has put on hold: the caller, and the receptionist's phone."""
    leg = await s.call(CONSULT)
    phone = await asyncio.to_thread(s.desks.rings, "1010")
    await asyncio.to_thread(phone.answer)
    await s.came(Talking)
    await asyncio.to_thread(*((phone.press, "*2") if how == "pbx" else (phone.hold,)))
    assert (await s.came(HoldStarted)).place is Place.AGENT_HOLD
    return leg, phone


def _no_consultation_is_a_caller(s: Scene) -> None:
    assert s.kinds[:3] == [CallerArrived, Ringing, Talking]
    numbers = {one.number for one in s.facts if isinstance(one, CallerArrived)}
    assert "1010" not in numbers and "5000" not in {one.number for one in s.facts if isinstance(one, StaffReached)}


def test_a_consultation_into_the_queue_gives_the_caller_its_seat() -> None:
    async def story(s: Scene) -> None:
        leg, phone = await _consulting(s, "phone")
        consult = await asyncio.to_thread(s.desks.call, "1010", "5000")
        await asyncio.to_thread(consult.wait, "up")
        await asyncio.to_thread(phone.transfer_to, consult)
        assert (await s.came(HoldStarted, 2)).place is Place.QUEUE
        await hang_up(leg)

    s = played(story)
    assert s.kinds[-2:] == [HoldStarted, CallerLeft]
    _no_consultation_is_a_caller(s)


def test_a_consultation_of_the_pbx_gives_its_seat_or_ends_the_call_and_either_is_told() -> None:
    """FreeSWITCH 1.11.2 hangs up on the caller of att_xfer more often than not, and nothing tells beforehand."""

    async def story(s: Scene) -> None:
        leg, phone = await _consulting(s, "pbx")
        await _consulted(s)
        await hang_up(phone)
        await s.until(lambda: s.kinds.count(HoldStarted) == 2 or CallerLeft in s.kinds)
        if CallerLeft in s.kinds:
            await asyncio.to_thread(leg.wait, "over")
        else:
            assert (await s.came(HoldStarted, 2)).place is Place.QUEUE
            await hang_up(leg)

    s = played(story)
    left = s.told[-1]
    assert isinstance(left, CallerLeft) and left.hung_up == (s.kinds.count(HoldStarted) == 2)
    _no_consultation_is_a_caller(s)


async def _consulted(s: Scene) -> None:
    """The receptionist's call waits in the queue, and is bridged with them."""
    async with asyncio.timeout(PATIENCE):
        while not any(
            row["name"] == "loopback/5000-a" and row["callstate"] == "ACTIVE"
            for row in json.loads(await s.do("show channels as json")).get("rows", [])
        ):
            await asyncio.sleep(0.05)
