"""What a provider can do wrong with a request, each with how often it does so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.sms.fake_twilio import Answer, FakeTwilio, Request, drop_in_mid_answer, raw, refuse, reply
from textback.sms import Fault
from textback.sms.twilio_codes import FAULTS

if TYPE_CHECKING:
    from tests.faults.twilio import FaultyTwilio

Misdeed = Callable[["FaultyTwilio", FakeTwilio, Request, asyncio.StreamWriter], Awaitable[None]]

#: the codes of requests; from 30001 on they are told of a text that was accepted
REFUSALS = sorted(code for code in FAULTS if code < 30_000)
#: those of them that stop a whole line: seldom, since each costs all texts a pause
STOPPING = [code for code in REFUSALS if FAULTS[code][0] in (Fault.OURS, Fault.SENDER)]
HARMLESS = sorted({*REFUSALS} - {*STOPPING})

HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"


def answers(answer: Answer, taken: bool) -> Misdeed:
    """Answers like that, ``taken`` or not."""

    async def misdeed(
        twilio: FaultyTwilio, fake: FakeTwilio, request: Request, writer: asyncio.StreamWriter
    ) -> None:
        if taken:
            twilio.accept(request)
        await answer(fake, request, writer)

    return misdeed


def says_nothing(taken: bool) -> Misdeed:
    """Takes the text or not, and keeps the connection open."""

    async def misdeed(
        twilio: FaultyTwilio, fake: FakeTwilio, request: Request, writer: asyncio.StreamWriter
    ) -> None:
        if taken:
            twilio.accept(request)
        await twilio.hang()

    return misdeed


async def stays_deaf(
    twilio: FaultyTwilio, fake: FakeTwilio, request: Request, writer: asyncio.StreamWriter
) -> None:
    """Answers this one well, and does not even read the next."""
    twilio.be_deaf(fake)
    await reply(201, twilio.accept(request), *twilio.headers)(fake, request, writer)


async def takes_it_late(
    twilio: FaultyTwilio, fake: FakeTwilio, request: Request, writer: asyncio.StreamWriter
) -> None:
    """Takes the text only when nobody waits for the answer any more."""
    await twilio.hang(1.5 * twilio.timeout)
    await reply(201, twilio.accept(request), *twilio.headers)(fake, request, writer)


async def hangs_up(
    twilio: FaultyTwilio, fake: FakeTwilio, request: Request, writer: asyncio.StreamWriter
) -> None:
    """Takes the text and hangs up without an answer."""
    twilio.accept(request)


async def answers_twice(
    twilio: FaultyTwilio, fake: FakeTwilio, request: Request, writer: asyncio.StreamWriter
) -> None:
    """The same good answer two times on the same connection."""
    answer = reply(201, twilio.accept(request), *twilio.headers)
    await answer(fake, request, writer)
    await answer(fake, request, writer)


async def trickles(
    twilio: FaultyTwilio, fake: FakeTwilio, request: Request, writer: asyncio.StreamWriter
) -> None:
    """A good answer, byte by byte: now it comes in time, now it does not."""
    data = json.dumps(twilio.accept(request)).encode()
    pause = twilio.chance.choice((0.2, 2.0)) * twilio.timeout / len(data)
    writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(data))
    for place in range(0, len(data), 10):
        writer.write(data[place : place + 10])
        await writer.drain()
        await asyncio.sleep(10 * pause)


def refuses(codes: list[int]) -> Misdeed:
    """400 with one of the codes."""

    async def misdeed(
        twilio: FaultyTwilio, fake: FakeTwilio, request: Request, writer: asyncio.StreamWriter
    ) -> None:
        await refuse(400, twilio.chance.choice(codes))(fake, request, writer)

    return misdeed


async def drops(fake: FakeTwilio, request: Request | None, writer: asyncio.StreamWriter) -> None:
    """Hangs up without an answer."""


_FAULT = reply(500, {"code": 20500, "message": "Internal Server Error", "status": 500})
_BUSY = reply(429, {"code": 20429, "message": "Too Many Requests", "status": 429}, "Retry-After: 1")
_BAD_GATEWAY = raw(502, HTML, kind="text/html")

POSTS: dict[str, tuple[int, Misdeed]] = {
    "does not read": (2, stays_deaf),
    "hangs, not taken": (2, says_nothing(taken=False)),
    "hangs, taken": (4, says_nothing(taken=True)),
    "takes it late": (3, takes_it_late),
    "drops, taken": (4, hangs_up),
    "drops, not taken": (2, answers(drops, taken=False)),
    "drops in mid-answer, taken": (2, answers(drop_in_mid_answer, taken=True)),
    "500, taken": (4, answers(_FAULT, taken=True)),
    "500, not taken": (2, answers(_FAULT, taken=False)),
    "502 in HTML, taken": (2, answers(_BAD_GATEWAY, taken=True)),
    "502 in HTML, not taken": (2, answers(_BAD_GATEWAY, taken=False)),
    "429": (5, answers(_BUSY, taken=False)),
    "400 for this text": (6, refuses(HARMLESS)),
    "400 for the line": (1, refuses(STOPPING)),
    "201 with bad JSON": (3, answers(raw(201, '{"sid": "SM'), taken=True)),
    "201 with HTML": (1, answers(raw(201, HTML, kind="text/html"), taken=True)),
    "201 twice": (3, answers_twice),
    "201 in a trickle": (3, trickles),
}

LISTINGS: dict[str, tuple[int, Misdeed]] = {
    "list: 500": (3, answers(_FAULT, taken=False)),
    "list: 429": (2, answers(_BUSY, taken=False)),
    "list: HTML": (2, answers(_BAD_GATEWAY, taken=False)),
    "list: bad JSON": (2, answers(raw(200, '{"messages": ['), taken=False)),
    "list: hangs": (1, says_nothing(taken=False)),
    "list: drops": (1, answers(drops, taken=False)),
}
