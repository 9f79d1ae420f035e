"""What is posted: no field becomes another one, and what cannot be read is refused in words of ours."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode

from starlette.exceptions import HTTPException

from tests.fuzz.bites import Bites, packed
from textback.keywords import keyword_of
from textback.sms.twilio_forms import FormError, delivery, inbound
from textback.web.told import FORM, JSON, Mistaken, language_of, read

_NUMBER, _LINE, _SID = "+12025550143", "+12025550100", "SM" + "a" * 32
_TYPES = (FORM, JSON, "application/json; charset=utf-8", "text/plain", "application/x+json", "")


def one(data: bytes) -> None:
    """Anything, or a caller's own words in an honest post."""
    bites = Bites(data)
    kind = bites.number(4)
    if kind == 0:
        _anything(_TYPES[bites.number(len(_TYPES))], bites.some(255), bites.rest())
    elif kind == 1:
        _form(bites.rest())
    elif kind == 2:
        _started(bites.some(255), bites.number(2))
    else:
        _written(bites.some(255), bites.rest())


def _anything(content_type: str, query: bytes, body: bytes) -> None:
    try:
        told = read(query, content_type, body)
    except (Mistaken, HTTPException) as refused:
        assert not isinstance(refused, HTTPException) or refused.status_code in (400, 415)
        return
    assert told.numbers and all(isinstance(number, str) for number in told.numbers)
    assert told.language is None or language_of(told.language) == told.language


def _form(body: bytes) -> None:
    try:
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200))
        text = inbound(form, answers_stop=True)
    except (FormError, ValueError):
        return
    assert text.sender and text.line and text.provider_id.isascii()
    keyword_of(text.body)


def _started(name: bytes, is_json: int) -> None:
    """A display name that a call centre passes on."""
    shown = name.decode("utf-8", "replace")
    fields = {"caller": _NUMBER, "name": shown, "lang": "es"}
    body = json.dumps(fields).encode() if is_json else urlencode(fields).encode()
    told = read(b"", JSON if is_json else FORM, body)
    assert (told.numbers, told.language) == ((_NUMBER,), "es"), told
    assert told.name in (shown.strip() or None, None) or is_json == 0, told


def _written(name: bytes, body: bytes) -> None:
    """What somebody writes, and what they call themselves."""
    text = body.decode("utf-8", "replace")
    fields = {"From": _NUMBER, "To": _LINE, "MessageSid": _SID, "Body": text, "NumMedia": "0", "AccountSid": "AC1"}
    fields["ProfileName"] = name.decode("utf-8", "replace")
    form = dict(parse_qsl(urlencode(fields), keep_blank_values=True))
    told = inbound(form, answers_stop=False)
    assert (told.sender, told.line, told.provider_id, told.body) == (_NUMBER, _LINE, _SID, text), told
    assert not told.media and not told.answered
    keyword_of(text)
    state = delivery(form | {"MessageStatus": text[:20] or "sent"}, text[:40])
    assert state.provider_id == _SID


def seeds() -> list[bytes]:
    """Honest posts, and posts that are none."""
    honest = [b"caller=%2B12025550143&lang=es", b'{"caller": "+12025550143", "name": "Doe"}', b'{"a": [[[]]]}']
    bodies, queries = [*honest, b"%FF=1"], (b"", honest[0])
    made = [packed(0, kind, query) + body for kind in range(len(_TYPES)) for query in queries for body in bodies]
    posted = urlencode({"From": _NUMBER, "To": _LINE, "MessageSid": _SID, "Body": "Stop"}).encode()
    said = [b"STOP", b"stop please", "Ya no más mensajes".encode(), b"a=1&From=%2B1", b"\n\0", "\u202e🙂".encode()]
    made += [packed(1) + posted, packed(1) + posted + b"&MediaUrl0=http%3A//x&OptOutType=STOP"]
    return made + [packed(kind, one, 1) for kind in (2,) for one in said] + [packed(3, one) + one for one in said]


WORDS = [
    b"&", b"=", b"%0A", b"%00", b"+", b"caller", b"phone", b"from", b"name", b"lang", b'{"', b'":"', b'"}', b"null",
    b"1e400", b"-0", b"true", b"[", b"From=", b"To=", b"Body=", b"MessageSid=", b"MediaUrl0=", b"STOP", b"stop",
    b"\\u0000",
]  # fmt: skip
