from __future__ import annotations

import asyncio

import pytest

from tests.hooks.fake_asterisk import environment, header
from textback.hooks.agi_request import LONGEST_LINE, Refused, hear
from textback.hooks.request import Request

FOR_EVER = 3600.0


def heard(*chunks: bytes, within: float = FOR_EVER) -> Request:
    """What is heard of bytes that come one after the other, before the other side closes."""

    async def story() -> Request:
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        for chunk in chunks:
            reader.feed_data(chunk)
        reader.feed_eof()
        return await hear(reader, within)

    return asyncio.run(story())


def test_a_request_is_the_same_however_it_is_cut() -> None:
    data = header(environment("offer?queue=support"))

    assert heard(data) == heard(*(data[at : at + 1] for at in range(len(data))))


def test_line_ends_of_other_peers_are_understood() -> None:
    data = header(environment("offer?queue=support"))

    assert heard(data.replace(b"\n", b"\r\n")) == heard(data)


def test_what_comes_behind_the_blank_line_is_left_for_later() -> None:
    async def story() -> bytes:
        reader = asyncio.StreamReader()
        reader.feed_data(header(environment()) + b"HANGUP\n")
        reader.feed_eof()
        await hear(reader, FOR_EVER)
        return await reader.read()

    assert asyncio.run(story()) == b"HANGUP\n"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "cut"),
        (b"agi_network: yes\n", "cut"),
        (b"x" * (LONGEST_LINE + 1), "too long"),
        (b"agi_a: 1\n" * 10_000, "too long"),
        (b"GET / HTTP/1.0\r\n\r\n", "not AGI"),
    ],
)
def test_what_is_no_request_is_refused_by_its_kind(data: bytes, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        heard(data)

    assert refused.value.kind == kind


def test_a_refusal_does_not_repeat_what_came() -> None:
    with pytest.raises(Refused) as refused:
        heard(b"From: +12025550143\n\n")

    assert "2025550143" not in str(refused.value)
