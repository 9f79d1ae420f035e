"""From bytes to frames: wherever the stream is cut, whatever a body holds, and an end where it is no such stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import recordings
from tests.pbx.esl_messages import create, frame, join, plain, raw
from tests.pbx.fake_freeswitch import AUTH_REQUEST, GOODBYE, api, reply
from textback.pbx.errors import LinkError
from textback.pbx.esl_frames import MAX_BODY, MAX_HEAD, Frame, Frames, header

STREAM = AUTH_REQUEST + reply("+OK accepted") + raw(create()) + api("-ERR x\n\n") + raw(join()) + GOODBYE


def cut(stream: bytes, size: int) -> list[Frame]:
    frames = Frames()
    return [one for start in range(0, len(stream), size) for one in frames.feed(stream[start : start + size])]


@pytest.mark.parametrize("size", [1, 7, 100, 65536])
def test_where_the_stream_is_cut_changes_nothing(size: int) -> None:
    assert cut(STREAM, size) == cut(STREAM, len(STREAM))
    assert [one.kind for one in cut(STREAM, size)] == [
        b"auth/request",
        b"command/reply",
        b"text/event-plain",
        b"api/response",
        b"text/event-plain",
        b"text/disconnect-notice",
    ]


def test_every_frame_of_a_recording_is_cut() -> None:
    recorded = recordings.read("freeswitch", "f1_queue_blind_transfer")
    found = cut(recorded, 4096)
    assert len(found) == recorded.count(b"Content-Type: text/event-plain\n\n") + 1
    assert all(one.body.endswith(b"\n\n") for one in found[1:])


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_a_body_may_hold_anything(bodies: list[bytes]) -> None:
    stream = b"".join(frame(body) for body in bodies)
    assert [one.body for one in cut(stream, 11)] == bodies


@given(st.binary(max_size=300))
def test_whatever_comes_is_frames_or_a_link_error(data: bytes) -> None:
    frames = Frames()
    try:
        for byte in data:
            frames.feed(bytes([byte]))
        frames.feed(b"\n\n")
    except LinkError as error:
        assert "this is no FreeSWITCH" in str(error)


@pytest.mark.parametrize("length", ["-1", "+5", "1e3", "0x10", "", " ", "٣", str(MAX_BODY + 1), "9" * 400])
def test_a_length_that_is_none_is_a_link_error(length: str) -> None:
    with pytest.raises(LinkError, match="a body of"):
        Frames().feed(f"Content-Length: {length}\nContent-Type: text/event-plain\n\n".encode())


def test_headers_without_an_end_are_a_link_error() -> None:
    frames = Frames()
    with pytest.raises(LinkError, match="without an end"):
        frames.feed(b"Content-Type: x\n" + b"y" * MAX_HEAD)


def test_a_body_that_comes_slowly_is_awaited_without_being_copied_each_time() -> None:
    frames = Frames()
    whole = frame(b"x" * 3_000_000)
    found = [one for start in range(0, len(whole), 1000) for one in frames.feed(whole[start : start + 1000])]
    assert [len(one.body) for one in found] == [3_000_000]


def test_only_where_a_line_begins_there_is_a_header() -> None:
    block = b"A: Unique-ID: no\nXUnique-ID: no\nUnique-ID: yes\nUnique-ID: again\nLast:"
    assert header(block, "Unique-ID") == b"yes"
    assert (header(block, "A"), header(block, "Last"), header(block, "B")) == (b"Unique-ID: no", None, None)
    assert header(plain(create()), "Event-Name") == b"CHANNEL_CREATE"
