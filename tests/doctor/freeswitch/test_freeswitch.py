"""The doctor at a FreeSWITCH that answers as a real one did: everything in place, and wrong in many ways."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.freeswitch.test_doctor import WAYS, Way
from textback.doctor.finding import Status
from textback.doctor.freeswitch import examine
from textback.doctor.visit import Visit

from ..house import failures, statuses
from .told import TOLD, House, house

#: what only the files tell, which were not recorded: what else there is, and what was not loaded
_IN_FILES = {"it was not reloaded", "a port is wrong", "no context is meant"}


def test_where_everything_is_in_place_nothing_is_said_against_it(told: House) -> None:
    found = asyncio.run(told.findings())
    assert [one for one in found if one.status is not Status.OK] == []
    assert {name.removeprefix("main/") for name in statuses(found)} >= {
        "login", "version", "clock", "modules", "trunks", "inbound_contexts", "queues", "place", "announce", "dialplan",
        "esl", "key", "exit", "prompts", "cdr",
    }  # fmt: skip


@pytest.mark.parametrize("way", [way for way in WAYS if way.name not in _IN_FILES], ids=lambda way: way.name)
def test_each_way_to_set_it_up_wrongly_is_named(tmp_path: Path, way: Way) -> None:
    found = [one for one in asyncio.run(house(tmp_path, way.name).findings()) if one.status is not Status.OK]
    named = [one for one in found if one.check == way.check and way.words in one.message]
    assert named, found
    assert named[0].lines and named[0].file


def test_every_way_was_recorded() -> None:
    assert {way.name for way in WAYS} <= set(TOLD["ways"])


def test_a_module_that_the_dialplan_needs_is_missed(tmp_path: Path) -> None:
    found = house(tmp_path, "a module is not loaded")
    assert failures(asyncio.run(found.findings())) == [], "nothing plays a tone"
    plays = 'playback" data="tone_stream://%(500,0,440)"'
    found.change("xml_locate dialplan context name doctor-test", 'hangup"', plays)
    (finding,) = failures(asyncio.run(found.findings()))
    assert finding.check == "main/modules" and finding.lines == ('fs_cli -x "load mod_tone_stream"',)


def test_what_it_is_asked_changes_nothing_there(told: House) -> None:
    async def heard() -> list[str]:
        async with told.freeswitch() as pbx:
            pbx.answers["auth"] = lambda command: b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
            [finding async for finding in examine(told.wanted(pbx.port), Visit())]
            return pbx.heard

    asked = {" ".join(command.split()[:2]) for command in asyncio.run(heard())[1:]}
    assert asked == {
        "api strmicroepoch", "api version", "api global_getvar", "api module_exists", "api show", "api json",
        "api fifo", "api sofia", "api xml_locate", "api file_exists",
    }  # fmt: skip


def test_no_finding_holds_the_password(tmp_path: Path) -> None:
    for way in WAYS:
        assert "labsecret" not in repr(asyncio.run(house(tmp_path, way.name).findings()))


def test_a_clock_of_its_own_is_told_to_follow_the_computer(told: House) -> None:
    told.skew = 120.0
    (finding,) = failures(asyncio.run(told.findings()))
    assert finding.check == "main/clock" and finding.lines == ("fs_cli -x 'fsctl sync_clock'",)


def test_an_old_freeswitch_is_told(told: House) -> None:
    told.change("version", "1.11.2-release", "1.8.7-release")
    assert [one.check for one in failures(asyncio.run(told.findings()))] == ["main/version"]


def test_answers_that_make_no_sense_are_survived(told: House) -> None:
    told.answers = {
        command: answer if "json" in command else "-ERR nothing\n" for command, answer in told.answers.items()
    }
    found = statuses(asyncio.run(told.findings()))
    assert found["main/login"] == "ok" and found["main/modules"] == "failed"


def test_a_call_that_comes_in_elsewhere_while_we_listen_is_told(told: House) -> None:
    event = {"Event-Name": "CHANNEL_CREATE", "Call-Direction": "inbound", "Channel-Name": "sofia/trunk/x@192.0.2.1",
             "Caller-Context": "elsewhere", "Unique-ID": "a"}  # fmt: skip

    async def listen() -> list[str]:
        async with told.freeswitch() as pbx:
            pbx.answers["auth"] = lambda command: b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
            key = {"Event-Name": "DTMF", "Unique-ID": "a", "DTMF-Digit": "5"}
            visit = Visit(listen=30.0, on_listening=lambda name: pbx.send(event, key))
            return [one.message async for one in examine(told.wanted(pbx.port), visit) if one.status is Status.FAILED]

    (said,) = asyncio.run(listen())
    assert "in the context elsewhere, which inbound_contexts does not name" in said
