"""ESL: what a caller writes into names and numbers is a value and nothing else, in events and in a hook's request."""

from __future__ import annotations

from urllib.parse import quote

from tests import recordings
from tests.fuzz.bites import Bites, packed, pieces
from tests.pbx.esl_messages import CALLER, OTHER, create, hangup, hung_up, join, leg
from textback.events import CallerArrived, Fact
from textback.hooks import esl_frames
from textback.hooks.esl_request import Data, request_of
from textback.pbx.errors import LinkError
from textback.pbx.esl_facts import Translator
from textback.pbx.esl_phones import is_phone
from textback.pbx.esl_reader import Reader

_MINE, _THEIRS = f"main/{CALLER}", f"main/{OTHER}"
_REQUEST = {"Unique-ID": CALLER, "variable_textback_hook": "offer%3Fqueue%3Dsupport", "Event-Name": "CHANNEL_DATA"}
_USUAL: list[Fact] = []


def one(data: bytes) -> None:
    """A caller with any name and number; a FreeSWITCH that sends anything; a hook's request with anything in it."""
    bites = Bites(data)
    kind, size = bites.number(4), bites.number(256)
    if kind == 0:
        _garbage(bites.rest(), size)
    elif kind == 1:
        _hook(bites.some(255), bites.some(255))
    else:
        _forged(bites.some(255), bites.some(255), size)


def _garbage(stream: bytes, size: int) -> None:
    facts: list[Fact] = []
    reader = Reader(Translator("main", ["sofia/trunk/*"], ["public"]), facts.append)
    try:
        for piece in pieces(stream, size):
            reader.feed(piece, 1.0)
    except LinkError:
        return  # it is said that this is no FreeSWITCH, and the link starts again
    reader.settle(10.0)
    assert all(fact.call_id.startswith("main/") for fact in facts), facts


def _forged(name: bytes, number: bytes, size: int) -> None:
    usual = _USUAL or _facts(b"Doe", b"+12025550143", 0)
    _USUAL[:] = usual
    facts = _facts(name, number, size)
    assert [fact for fact in facts if fact.call_id == _THEIRS] == [fact for fact in usual if fact.call_id == _THEIRS]
    if is_phone(number.decode("utf-8", "replace"), lambda name: None, by_context=True):
        return  # a phone of the house, which is no caller
    assert [(type(fact), fact.call_id) for fact in facts] == [(type(fact), fact.call_id) for fact in usual], facts
    arrived = next(fact for fact in facts if isinstance(fact, CallerArrived) and fact.call_id == _MINE)
    assert arrived.did == "+15551230100" and arrived.linkedid == CALLER


def _facts(name: bytes, number: bytes, size: int) -> list[Fact]:
    mine = leg(variable_sip_from_display="@name@") | {"Caller-Caller-ID-Name": "@name@"}
    mine |= dict.fromkeys(("Caller-Caller-ID-Number", "Caller-Orig-Caller-ID-Number", "Caller-ANI"), "@number@")
    theirs = leg(OTHER, "sofia/trunk/+12025550144@127.0.0.1")
    story = [create(theirs), create(mine), join(), hangup(mine), hung_up(mine), hangup(theirs), hung_up(theirs)]
    values = {"@name@": quote(name), "@number@": quote(number)}
    stream = b"".join(_frame({key: values.get(text, quote(text)) for key, text in told.items()}) for told in story)
    facts: list[Fact] = []
    reader = Reader(Translator("main", ["sofia/trunk/*"]), facts.append)
    for piece in pieces(stream, size):
        reader.feed(piece, 1.0)
    reader.settle(10.0)
    assert not reader.faults, "a fact could not be made of an event"
    return facts


def _frame(headers: dict[str, str]) -> bytes:
    body = "".join(f"{name}: {value}\n" for name, value in headers.items()).encode() + b"\n"
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(body), body)


def _hook(name: bytes, number: bytes) -> None:
    told = {"Caller-Caller-ID-Name": quote(name), "Caller-Orig-Caller-ID-Number": quote(number)}
    block = "".join(f"{key}: {value}\n" for key, value in (_REQUEST | told).items()).encode()
    request = request_of(Data(esl_frames.headers(block)))
    assert (request.hook, request.arguments) == ("offer", {"queue": "support"}), request
    assert request.caller.uniqueid == CALLER and request.caller.queue == "support"
    shown = request.caller.number or ""
    assert request.caller.tampered or not any(ord(letter) < 32 for letter in shown)


def seeds() -> list[bytes]:
    """Names that forge, and what a real FreeSWITCH sent."""
    names = [b"x\nUnique-ID: other-uuid\n", b"%0AUnique-ID%3A other", b"\xff\xfe\x00", b"\n\n", "é🙂".encode(), b""]
    made = [packed(kind, 9, name, number) for kind in (1, 2) for name in names for number in names]
    stories = [recordings.read("freeswitch", name) for name in recordings.names("freeswitch")[:8]]
    return made + [packed(0, 0) + story[start : start + 8000] for story in stories for start in (0, 20_000)]


WORDS = [
    b"\n", b"\n\n", b"\r\n", b"Unique-ID: ", OTHER.encode(), b"Event-Name: ", b"CHANNEL_HANGUP", b"CHANNEL_CREATE",
    b"Content-Length: ", b"Content-Type: text/event-plain", b"Content-Type: text/event-json", b"%0A", b"%25",
    b"callcenter%3A%3Ainfo", b"Event-Subclass: ", b'{"Event-Name":"', b"variable_", b"text/disconnect-notice", b"9999",
]  # fmt: skip
