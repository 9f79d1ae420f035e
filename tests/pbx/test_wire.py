"""Bytes to blocks: however the stream is cut, whatever stands in it."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from tests import recordings
from textback.pbx.wire import END, MAX_BLOCK, Blocks, event_name, header_pairs

STREAM = recordings.read("asterisk22", "n20b_forged_events")


def fed(*pieces: bytes) -> list[bytes]:
    blocks = Blocks()
    return [block for piece in pieces for block in blocks.feed(piece)]


def test_a_cut_at_any_byte_gives_the_same_blocks() -> None:
    short = STREAM[:4000]
    whole = fed(short)
    assert len(whole) > 5
    assert all(fed(short[:at], short[at:]) == whole for at in range(len(short)))


def test_byte_by_byte_gives_the_same_blocks() -> None:
    short = STREAM[:4000]
    assert fed(*(short[at : at + 1] for at in range(len(short)))) == fed(short)


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_any_cuts_give_the_same_blocks(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(STREAM)]
    assert fed(*(STREAM[start:end] for start, end in zip(ends, ends[1:], strict=False))) == fed(STREAM)


def test_what_is_not_ended_yet_is_kept() -> None:
    blocks = Blocks()
    assert blocks.feed(b"Event: Hangup\r\nCause: 16\r\n") == []
    assert blocks.rest == b"Event: Hangup\r\nCause: 16\r\n"
    assert blocks.feed(b"\r\n") == [b"Event: Hangup\r\nCause: 16"]
    assert blocks.rest == b""


@pytest.mark.parametrize("piece", [1000, 65536, 10_000_000])
def test_a_block_without_end_is_dropped_told_once_and_costs_no_other(piece: int) -> None:
    sizes: list[int] = []
    blocks = Blocks(sizes.append)
    endless = b"x" * 10_000_000
    found = [block for at in range(0, len(endless), piece) for block in blocks.feed(endless[at : at + piece])]
    assert found == [] and len(sizes) == 1 and sizes[0] > MAX_BLOCK
    assert len(blocks.rest) <= MAX_BLOCK
    assert blocks.feed(b"\r\n\r\nEvent: A" + END) == [b"Event: A"]


@pytest.mark.parametrize("at", range(len(END) + 1))
def test_the_end_of_an_endless_block_is_seen_though_a_read_cuts_it(at: int) -> None:
    blocks = Blocks()
    blocks.feed(b"x" * (MAX_BLOCK + 1) + END[:at])
    assert blocks.feed(END[at:] + b"Event: A" + END) == ([b"Event: A"] if at < len(END) else [b"", b"Event: A"][1:])


def test_a_second_block_without_end_is_told_too() -> None:
    sizes: list[int] = []
    blocks = Blocks(sizes.append)
    for _ in range(2):
        blocks.feed(b"x" * (MAX_BLOCK + 1))
        blocks.feed(END)
    assert len(sizes) == 2


def test_a_long_block_that_ends_is_no_fault() -> None:
    value = b"x" * (MAX_BLOCK - 100)
    assert fed(b"Event: A\r\nValue: " + value, END) == [b"Event: A\r\nValue: " + value]


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        (b"CallerIDName: Ann", ("CallerIDName", "Ann")),
        (b"CallerIDName: ", ("CallerIDName", "")),
        (b"CallerIDName:", ("CallerIDName", "")),
        (b"CallerIDNum:5", ("CallerIDNum", "5")),
        (b"AppData: a: b: c", ("AppData", "a: b: c")),
        (b"CallerIDName:  two", ("CallerIDName", " two")),
        (b"CallerIDName: Zo\xeb", ("CallerIDName", "Zo\ufffd")),
        (b"CallerIDName: \xff\xfe\xc3", ("CallerIDName", "\ufffd\ufffd\ufffd")),
        ("CallerIDName: Zoë ☎".encode(), ("CallerIDName", "Zoë ☎")),
    ],
)
def test_a_header_is_read_as_it_stands(line: bytes, pair: tuple[str, str]) -> None:
    assert header_pairs(b"Event: A\r\n" + line + b"\r\nExten: 1") == [("Event", "A"), pair, ("Exten", "1")]


def test_a_line_that_is_no_header_is_left_out() -> None:
    assert header_pairs(b"Asterisk Call Manager/11.0.0\r\nResponse: Success") == [("Response", "Success")]


def test_invalid_bytes_before_a_line_end_do_not_swallow_it() -> None:
    assert header_pairs(b"CallerIDName: \xe2\r\nExten: 1") == [("CallerIDName", "\ufffd"), ("Exten", "1")]


@pytest.mark.parametrize(
    ("block", "name"),
    [
        (b"Event: Hangup\r\nPrivilege: call,all", b"Hangup"),
        (b"Event: Hangup", b"Hangup"),
        (b"Response: Success\r\nActionID: 1", None),
        (b"CallerIDName: Event: Hangup", None),
        (b"", None),
    ],
)
def test_the_name_of_an_event_is_seen_without_reading_it(block: bytes, name: bytes | None) -> None:
    assert event_name(block) == name
