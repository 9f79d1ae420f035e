"""Prompts that are whispered to callers who wait: who hears them, for how long, and that they are no calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import recordings
from tests.pbx.fake_asterisk import error, until
from tests.pbx.messages import CALLER, TRUNK, channel, event, newchannel
from tests.pbx.test_ami import World
from tests.pbx.waiting_room import actions, answer, done, idle, join, leave, order, seated, wait
from tests.test_stories import PRACTICE, translator
from textback.events import CallerArrived, CallerLeft, HoldStarted
from textback.pbx.patience import Patience
from textback.pbx.wire import Headers
from textback.replay import replay

RECORDED = [(pbx, name) for pbx in ("asterisk16", "asterisk22") for name in ("played", "answered", "min", "")]
#: how the call of whoever was whispered to ended; the other caller only waited
ENDS = {"played": "abandoned", "answered": "answered", "min": "texted", "": "texted"}


def whisper(w: World) -> str:
    """The Uniqueid that the last whisper was given."""
    return actions(w.pbx, "Originate")[-1]["ChannelId"]


def came(w: World) -> Headers:
    name = "Local/s@textback-whisper-00000001;1"
    return newchannel(whisper(w), name, ChannelState="0", ChannelStateDesc="Down", Context="textback-whisper")


def gone(w: World) -> Headers:
    return event("Hangup", channel(whisper(w), "Local/s@textback-whisper-00000001;1", Context="textback-whisper"))


async def whispering(w: World) -> None:
    """The offer is whispered to a caller who waits."""
    before = len(actions(w.pbx, "Originate"))
    await seated(w)
    w.link.carry_out(order("whisper"))
    await done(w, "Originate", before + 1)
    w.pbx.send(came(w))


def test_the_offer_is_whispered_to_that_caller_alone() -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(order("whisper", language="es"))
        [whisper] = await done(w, "Originate")
        assert whisper["Channel"] == "Local/s@textback-whisper/n"
        assert (whisper["Application"], whisper["Data"]) == ("Playback", "textback/offer")
        assert whisper["Variable"] == f"TEXTBACK_CHANNEL={CALLER},CDR_PROP(disable)=1,CHANNEL(language)=es"
        assert whisper["ChannelId"].startswith(f"tb-{CALLER}-")
        assert whisper["OtherChannelId"] == whisper["ChannelId"] + "-2"
        w.pbx.send(came(w), gone(w))
        await idle(w)
        assert not actions(w.pbx, "Hangup") and not actions(w.pbx, "Redirect")

    wait(story)


def test_a_helper_is_no_caller_and_changes_nothing_for_the_one_it_speaks_to() -> None:
    async def story(w: World) -> None:
        await whispering(w)
        w.pbx.send(gone(w))
        await idle(w)
        assert len(w.told(CallerArrived)) == len(w.told(HoldStarted)) == 1 and len(w.told()) == 3

    wait(story)


def test_it_ends_when_the_caller_leaves_the_queue() -> None:
    async def story(w: World) -> None:
        await whispering(w)
        w.pbx.send(leave())
        assert await done(w, "Hangup") == [{"Channel": whisper(w)}]
        w.pbx.send(gone(w))
        await idle(w)

    wait(story)


def test_it_ends_when_the_key_is_answered_and_that_is_told() -> None:
    async def story(w: World) -> None:
        await whispering(w)
        offer = whisper(w)
        w.link.carry_out(answer("landline"))
        assert (await done(w, "Hangup"))[0] == {"Channel": offer}
        assert (await done(w, "Originate", 2))[-1]["Data"].startswith("textback/landline")
        w.pbx.send(leave(), came(w))
        await done(w, "Hangup", 2)

    wait(story)


def test_one_that_has_not_come_yet_is_ended_as_soon_as_it_comes() -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(order("whisper"))
        await done(w, "Originate")
        w.pbx.send(leave(), join())
        await until(lambda: len(w.told(HoldStarted)) == 2)
        assert not actions(w.pbx, "Hangup")
        w.pbx.send(came(w))
        assert await done(w, "Hangup") == [{"Channel": whisper(w)}]
        await idle(w)

    wait(story)


@pytest.mark.parametrize(("state", "music", "hears"), [("6", False, True), ("4", True, True), ("4", False, False)])
def test_nothing_is_whispered_to_who_would_not_hear_it(state: str, music: bool, hears: bool) -> None:
    async def story(w: World) -> None:
        await seated(w, ChannelState=state)
        if music:
            w.pbx.send(event("MusicOnHoldStart", channel(ChannelState=state), Class="default"))
        w.pbx.send(event("DTMFEnd", Digit="1", Direction="Received"))
        await until(lambda: len(w.told()) == 4)
        w.link.carry_out(order("whisper"))
        await idle(w) if not hears else await done(w, "Originate")
        assert len(actions(w.pbx, "Originate")) == hears
        w.pbx.send(leave())

    wait(story, Patience(begin=0.2))


def test_without_the_right_the_offer_is_not_made_and_the_right_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.pbx.answers["Originate"] = lambda action_id: error(action_id, "Permission denied")
        for _ in range(2):
            w.link.carry_out(order("whisper"))
            await idle(w)
        assert not actions(w.pbx, "Redirect")

    wait(story)
    assert [text for text in caplog.messages if "may not Originate" in text] == [
        "main: the AMI user 'textback' may not Originate: add originate to its write = line in manager.conf"
    ]


def test_a_helper_that_never_comes_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(order("whisper"))
        await idle(w)

    wait(story, Patience(begin=0.05))
    assert sum("no channel came to play it" in text for text in caplog.messages) == 1


def test_a_prompt_that_is_over_at_once_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        for _ in range(2):
            await whispering(w)
            w.pbx.send(gone(w))
            await idle(w)
            w.pbx.send(leave(), event("Hangup"))
            await until(lambda: w.told(CallerLeft))
            w.facts.clear()

    wait(story)
    assert sum("was over at once: are app_chanspy and the sounds" in text for text in caplog.messages) == 1


@pytest.mark.parametrize(("pbx", "name"), RECORDED)
def test_a_recorded_whisper_changes_nothing_for_the_callers(pbx: str, name: str, tmp_path: Path) -> None:
    story = recordings.unpack(pbx, f"wire/whisper.{name}" if name else "wire/whisper", tmp_path)
    other, whispered = replay(story, translator(), [PRACTICE], lambda fact: None)
    assert (other["disposition"], whispered["disposition"]) == ("abandoned", ENDS[name])
    assert TRUNK.startswith("PJSIP/trunk-") and other["queue"] == whispered["queue"] == "support"
    assert other["answered_by"] is None and whispered["answered_by"] == ("agent1" if name == "answered" else None)
