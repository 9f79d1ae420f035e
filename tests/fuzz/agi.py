"""AGI: numbers with line ends forge no request, and no reply of Asterisk's is more than a fault of the phone's."""

from __future__ import annotations

import asyncio

from tests.fuzz.bites import Bites, packed, pieces
from tests.hooks.fake_asterisk import environment, header
from textback.hooks.agi_request import hear
from textback.hooks.agi_session import Session
from textback.hooks.patience import Patience
from textback.hooks.phone import HungUp, NoPrompt, PhoneError
from textback.hooks.request import Refused, Request
from textback.pbx.tampering import LONGEST_NUMBER

_RUNNER = asyncio.Runner()
_UNIQUEID = "1795282247.169"
_LINES = header(environment("offer?queue=support", callerid="@number@", dnid="@dialled@"))


class _Nobody:
    """Takes what is written."""

    def write(self, data: bytes) -> None:
        assert data.endswith(b"\n") and data.count(b"\n") == 1, data

    async def drain(self) -> None:
        """At once."""


def one(data: bytes) -> None:
    """A caller who forges, anything at all, or a conversation in which Asterisk says anything."""
    _RUNNER.run(_one(Bites(data)))


async def _one(bites: Bites) -> None:
    kind, size = bites.number(4), bites.number(256)
    if kind == 0:
        try:
            request = await hear(_said(bites.rest(), size), 5.0)
        except Refused:
            return
        assert request.caller.uniqueid.isprintable()
    elif kind == 1:
        await _conversation(bites.rest(), size)
    else:
        await _forged(bites.some(LONGEST_NUMBER), bites.some(LONGEST_NUMBER), size)


async def _forged(number: bytes, dialled: bytes, size: int) -> None:
    said = _LINES.replace(b"@number@", number).replace(b"@dialled@", dialled)
    try:
        request: Request = await hear(_said(said, size), 5.0)
    except Refused:
        assert b"\n" in number + dialled, "an honest caller is refused"
        return
    assert (request.hook, request.arguments) == ("offer", {"queue": "support"}), request
    assert request.caller.uniqueid == _UNIQUEID and request.caller.channel == "PJSIP/trunk-00000095"
    if b"\n" in number + dialled and not request.caller.tampered:
        # A line that Asterisk may have in a version to come: it says nothing, and what is before it is a number.
        assert _shown(request.caller.number) == _first(number), f"a forged number is believed: {request.caller}"
        assert _shown(request.caller.did) == _first(dialled) and request.caller.language == "en"


def _first(sent: bytes) -> str:
    line = sent.partition(b"\n")[0].decode("utf-8", "replace").removesuffix("\r")
    return "" if line in ("unknown", "<unknown>") else line


def _shown(number: str | None) -> str:
    return number or ""


async def _conversation(replies: bytes, size: int) -> None:
    phone = Session(_said(replies, size), _Nobody(), Patience())  # type: ignore[arg-type]
    try:
        await phone.answer()
        key = await phone.key("textback/offer", "5", 1.0)
        assert key in (None, "5")
        await phone.digits("textback/enter-number", 1.0, 11)
        await phone.variable("QUEUESTATUS")
        await phone.set("TEXTBACK_RESULT", replies.decode("latin-1"))
        await phone.say_digits("12")
        await phone.play("textback/goodbye")
    except (HungUp, PhoneError, NoPrompt):
        return


def _said(data: bytes, size: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=16 * 1024)
    for piece in pieces(data, size):
        reader.feed_data(piece)
    reader.feed_eof()
    return reader


def seeds() -> list[bytes]:
    """What was tried on a real Asterisk, and its replies."""
    forged = [
        b"1\nagi_uniqueid: 9.9", b"1\nagi_network_script: handled", b"1\nagi_version: 1", b"\n\n", b"12025550143", b"",
        b"1\nagi_callingpres: 0\nagi_arg_1: lang=es", b"1\nagi_version: 22\nagi_callerid: 2\nagi_calleridname: x",
    ]  # fmt: skip
    replies = b"200 result=0\n200 result=53 endpos=17120\n200 result=12025550143\n200 result=1 (FULL)\n200 result=1\n"
    odd = [b"HANGUP\n", b"511 Command Not Permitted\n", b"520-Usage\n520 End\n", b"100 result=0\n", b"200 result=-1\n"]
    made = [packed(2, 0, first, second) for first in forged for second in forged]
    made += [packed(1, 0) + b"".join(odd[place:]) + replies for place in range(len(odd) + 1)]
    return [*made, packed(1, 3) + replies, packed(0, 0) + _LINES, packed(0, 5) + _LINES]


WORDS = [
    b"\n", b"\r\n", b"\n\n", b"agi_", b"agi_uniqueid: ", b"agi_network_script: ", b"agi_arg_1: ", b"agi_version: ",
    b"agi_callerid: ", b"agi_calleridname: ", b"agi_dnid: ", b"200 result=", b" endpos=", b"HANGUP\n", b"520-", b"511 ",
    b"(", b")", b"-1", b"=", b"%0a", b"agi_threadid: 1", b"agi_enhanced: 0.0",
]  # fmt: skip
