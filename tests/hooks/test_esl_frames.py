from __future__ import annotations

import asyncio
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hooks import recorded
from tests.hooks.fake_freeswitch import channel_data, encoded
from textback.hooks import esl_frames
from textback.hooks.esl_frames import LARGEST_BODY, LONGEST_BLOCK, LONGEST_BODY, Frame, decoded, headers
from textback.hooks.request import Refused

T = TypeVar("T")


def read_all(data: bytes, step: int = 1 << 20) -> list[Frame]:
    """The frames in ``data``, which arrives in pieces of ``step`` bytes and then ends; the end is a ConnectionError."""

    async def read() -> list[Frame]:
        reader = asyncio.StreamReader(limit=LONGEST_BLOCK)
        found: list[Frame] = []

        async def feed() -> None:
            for at in range(0, len(data), step):
                reader.feed_data(data[at : at + step])
                await asyncio.sleep(0)
            reader.feed_eof()

        feeding = asyncio.create_task(feed())
        try:
            while True:
                found.append(await esl_frames.read(reader))
        except asyncio.IncompleteReadError:
            return found
        finally:
            await feeding

    return asyncio.run(read())


@pytest.mark.parametrize("name", [recorded.ASYNC, recorded.MIDWAY, recorded.SERVER_DIES, recorded.SYNC])
@pytest.mark.parametrize("step", [7, 4096, 1 << 20])
def test_a_recording_is_cut_into_its_frames_however_it_arrives(name: str, step: int) -> None:
    data = recorded.read(name)
    theirs = recorded.frames(data)

    ours = read_all(data, step)

    # the fourth recording breaks off, as the server died
    assert len(ours) in (len(theirs), len(theirs) - 1)
    assert [frame.body for frame in ours] == [body for _, body in theirs][: len(ours)]
    assert [frame.kind.encode() for frame in ours] == [
        recorded.value(head, "Content-Type") for head, _ in theirs[: len(ours)]
    ]


@pytest.mark.parametrize("cut", [1, 100, 5000, -1, -2, -100])
def test_what_is_cut_off_is_an_end_and_no_frame(cut: int) -> None:
    """greenswitch reads on for ever at the end of a half event."""
    data = b"Content-Length: 6270\nContent-Type: text/event-plain\n\n" + b"x" * 6270

    assert read_all(data[:cut]) == []


def test_an_event_in_the_middle_of_a_body_is_none() -> None:
    """greenswitch parses bodies as headers."""
    body = b"Content-Type: command/reply\nReply-Text: +OK\n\nUnique-ID: SPOOF\n\n"
    head = b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(body)

    (frame,) = read_all(head + body)

    assert (frame.kind, frame.headers.get("Unique-ID"), frame.body) == (esl_frames.EVENT, None, body)


def test_a_body_of_five_megabytes_is_passed_over_and_what_follows_is_read() -> None:
    size = 5_000_000
    assert LONGEST_BODY < size < LARGEST_BODY
    data = b"Content-Length: %d\n\n" % size + b"x" * size + b"Content-Type: command/reply\nReply-Text: 5\n\n"

    assert [frame.headers.get("Reply-Text") for frame in read_all(data)] == [None, "5"]


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "", "0x10", str(LARGEST_BODY + 1), "9" * 30])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(Refused):
        read_all(f"Content-Length: {length}\n\n".encode())


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    """One of them makes greenswitch deaf for ever."""
    (frame,) = read_all(b"Content-Type: command/reply\nReply-Text: Zo\xeb \xff\n\n")

    assert frame.headers["Reply-Text"] == "Zo\ufffd \ufffd"


def test_the_first_of_a_name_counts() -> None:
    assert headers(b"Unique-ID: a\nUnique-ID: b\r\nX:\nY\n")["Unique-ID"] == "a"


@given(st.text(), st.text(alphabet="\n\r%0AUnique-ID: \u2028\u0085é"))
def test_no_value_becomes_a_header(name: str, number: str) -> None:
    """greenswitch unquotes before it splits: a display name could choose whom we text."""
    shown = {"Caller-Caller-ID-Name": name, "Caller-Caller-ID-Number": number}
    block = channel_data(shown, {"switch_r_sdp": f"{name}\nUnique-ID: VICTIM"})

    found = headers(block)

    assert found.keys() == headers(channel_data({}, {})).keys()
    assert decoded(found["Unique-ID"]) != "VICTIM"
    assert decoded(found["Caller-Caller-ID-Number"]) == number


@given(st.text())
def test_a_value_comes_back_as_it_was(text: str) -> None:
    assert decoded(encoded(text)) == text
