"""The fake FreeSWITCH beside the recordings of a real one: byte for byte where the daemon depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from tests.hooks import recorded
from tests.hooks.fake_freeswitch import FakeChannel, channel_data, encoded
from tests.hooks.recorded import Frame, value
from textback.hooks.esl_frames import decoded

PROMPT = "/opt/switch/sounds/prompts/press5.wav"
LONG = "/opt/switch/sounds/prompts/long.wav"
#: what our side reads of an event, besides variables
READ = ("Event-Name", "Answer-State", "Application", "Application-Data", "Application-Response", "Application-UUID")


def execute(application: str, argument: str = "") -> str:
    lines = ["sendmsg", "call-command: execute", f"execute-app-name: {application}"]
    return "\n".join([*lines, *([f"execute-app-arg: {argument}"] if argument else [])])


COLLECT = execute("play_and_get_digits", f"1 1 2 4000 # {PROMPT} silence_stream://250 textback_choice [5] 2000")


def played(channel: FakeChannel, commands: Iterable[str]) -> list[Frame]:
    """What the fake sends for these commands."""
    return recorded.frames(b"".join(channel.answer(command) for command in commands))


def shape(frames: Sequence[Frame]) -> list[object]:
    """Frames as our side reads them: blocks of headers whole, of events what it reads."""
    return [_event(head, body) if body and b"event-plain" in head else (_head(head), body) for head, body in frames]


def _head(head: bytes) -> list[bytes]:
    """The lines of a block; ids and names of a channel are another call's."""
    own = (b"Controlled-Session-UUID: ", b"Channel-Name: ")
    return [line.partition(b": ")[0] if line.startswith(own) else line for line in head.split(b"\n")]


def _event(head: bytes, body: bytes) -> object:
    lines = [line.partition(b": ")[0] for line in head.split(b"\n")]
    assert value(head, "Content-Length") == str(len(body)).encode()
    told = {name: value(body, name) for name in READ if value(body, name) is not None}
    if told.get("Application") == b"socket" or told["Event-Name"] != b"CHANNEL_EXECUTE_COMPLETE":
        told.pop("Application-Data", None)
    told.pop("Application-UUID", None)  # ours, or another call's
    if told["Event-Name"] in (b"CHANNEL_EXECUTE", b"CHANNEL_HANGUP_COMPLETE"):
        told.pop("Answer-State", None)  # as the channel was then; told twice there
    return lines, told, body.endswith(b"\n\n")


@pytest.mark.parametrize("name", [recorded.ASYNC, recorded.SYNC])
def test_a_channel_s_data_is_the_recorded_block(name: str) -> None:
    block = recorded.read(name).partition(b"\n\n")[0] + b"\n\n"
    told = {line.partition(": ")[0]: decoded(line.partition(": ")[2]) for line in block.decode().split("\n") if line}
    headers = {key: told[key] for key in told if not key.startswith("variable_")}
    variables = {key.removeprefix("variable_"): told[key] for key in told if key.startswith("variable_")}
    mode = "full" if name == recorded.SYNC else "async full"

    assert sorted(channel_data(headers, variables, mode).split(b"\n")) == sorted(block.split(b"\n"))


@pytest.mark.parametrize("name", [recorded.ASYNC, recorded.MIDWAY, recorded.SYNC])
def test_values_are_encoded_as_recorded(name: str) -> None:
    lines = [line for _, body in recorded.frames(recorded.read(name)) for line in body.decode().split("\n")]
    lines += recorded.read(name).partition(b"\n\n")[0].decode().split("\n")
    values = [line.partition(": ")[2] for line in lines if ": " in line]

    assert len(values) > 100
    assert [encoded(decoded(text)) for text in values] == values


def test_a_prompt_a_key_and_the_end_are_as_recorded() -> None:
    channel = FakeChannel(keys=["5"])
    commands = ["connect", "linger", "myevents", execute("answer"), execute("playback", PROMPT), COLLECT]
    ours = played(channel, [*commands, "getvar textback_choice"])
    frames = recorded.frames(recorded.read(recorded.ASYNC))
    theirs = [frame for frame in frames if value(frame[1], "DTMF-Digit") is None]

    assert shape(ours[1:]) == shape(theirs[1:14])
    assert value(ours[12][1], "variable_textback_choice") == value(theirs[12][1], "variable_textback_choice") == b"5"


@pytest.mark.parametrize(("name", "lingers"), [(recorded.MIDWAY, True), (recorded.MIDWAY_NO_LINGER, False)])
def test_a_hang_up_in_a_prompt_is_as_recorded(name: str, lingers: bool) -> None:
    channel = FakeChannel(hangs_up_at="playback")
    first = ["connect", *(["linger"] if lingers else []), "myevents", execute("answer")]
    ours = played(channel, [*first, execute("playback", LONG)])
    theirs = recorded.frames(recorded.read(name))

    assert shape(ours[1:]) == shape(theirs[1:] if lingers else theirs[1:-1])


def test_without_async_a_command_is_answered_at_its_end_and_there_are_no_events() -> None:
    channel = FakeChannel(mode="full")
    ours = played(channel, ["connect", execute("answer"), execute("playback", LONG)])

    assert shape(ours[1:]) == shape(recorded.frames(recorded.read(recorded.SYNC))[1:3])
