"""Every recorded call of a real Asterisk 16 and 22 and of a real FreeSWITCH is told as those who made it know it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests import recordings
from textback import config
from textback.events import Fact
from textback.following import translator_of
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_reader import Reader
from textback.pbx.esl_event import peek
from textback.pbx.esl_frames import Frames
from textback.replay import replay

CONFIG = config.load(recordings.STORIES / "textback.toml")
PRACTICE = config.load_practice_file(recordings.STORIES / "practice.toml")
ASTERISK, FREESWITCH = CONFIG.pbx
AMI_STORIES = [(pbx, name) for pbx in ("asterisk16", "asterisk22") for name in recordings.names(pbx)]
STORIES = AMI_STORIES + [("freeswitch", name) for name in recordings.names("freeswitch")]


def translator() -> Translator:
    return Translator(ASTERISK.name, ASTERISK.trunks, ASTERISK.inbound_contexts)


def replayed(pbx: str, name: str, folder: Path) -> list[dict[str, Any]]:
    heard = translator_of(FREESWITCH if pbx == "freeswitch" else ASTERISK)
    return replay(recordings.unpack(pbx, name, folder), heard, [PRACTICE])


def is_told(row: dict[str, Any], call: dict[str, Any]) -> bool:
    """Whether that row of the log tells that call of the truth."""
    digits = re.sub(r"\D", "", row["caller"] or "")[-10:] or None
    low, high = call["hold"] or (0, 0)
    return (
        (digits, row["disposition"]) == (call["caller"], call["disposition"])
        and call["queue"] in (None, row["queue"])
        and (call["hold"] is None or low <= row["hold_seconds"] <= high)
        and call.get("voicemail", False) in (False, row["voicemail"])
        and call.get("language") in (None, row["language"])
        and (call.get("text", True) or row["verdict"] != "text")
    )


@pytest.mark.parametrize(("pbx", "name"), STORIES)
def test_a_story_replays_to_its_truth(pbx: str, name: str, tmp_path: Path) -> None:
    rows = replayed(pbx, name, tmp_path)
    truth = recordings.truth(pbx)[name]["calls"]
    for call in truth:
        found = next((row for row in rows if is_told(row, call)), None)
        assert found or call.get("optional"), (call, rows)
        rows = [row for row in rows if row is not found]
    assert rows == [], "a call that nobody made"


@pytest.mark.parametrize(("pbx", "name"), STORIES)
def test_every_call_has_its_verdict_reason_and_sentence(pbx: str, name: str, tmp_path: Path) -> None:
    for row in replayed(pbx, name, tmp_path):
        assert row["verdict"] in ("text", "skip") and row["reason"]
        assert row["why"].startswith(row["verdict"] + ": ")
        assert (row["message_id"] is not None) == (row["verdict"] == "text")


@pytest.mark.parametrize("size", [1, 7, 1460, 65536])
def test_where_the_stream_is_cut_changes_nothing(size: int) -> None:
    data = recordings.read("asterisk22", "n20b_forged_events")

    def facts(piece: int) -> list[Fact]:
        found: list[Fact] = []
        reader = Reader(translator(), found.append)
        for start in range(0, len(data), piece):
            reader.feed(data[start : start + piece], 0.0)
        return found

    assert facts(size) == facts(len(data))


#: the least that the daemon could ask a FreeSWITCH for: neither applications nor the moment of a hang-up
NARROWEST = frozenset(
    b"CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_HANGUP_COMPLETE"
    b" DTMF callcenter%3A%3Ainfo fifo%3A%3Ainfo valet_parking%3A%3Ainfo".split()
)


@pytest.mark.parametrize("name", recordings.names("freeswitch"))
def test_a_freeswitch_that_tells_less_tells_the_same_calls(name: str, tmp_path: Path) -> None:
    frames = Frames().feed(recordings.read("freeswitch", name))
    heard = [one.body for one in frames if peek(one.kind, one.body) in NARROWEST]
    (tmp_path / "x.esl").write_bytes(b"".join(map(framed, heard)))
    rows = replay(tmp_path / "x.esl", translator_of(FREESWITCH), [PRACTICE])
    told = sorted((re.sub(r"\D", "", row["caller"] or "")[-10:], row["disposition"]) for row in rows)
    truth = recordings.truth("freeswitch")[name]["calls"]
    assert told == sorted((call["caller"] or "", call["disposition"]) for call in truth)


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%s" % (len(body), body)
