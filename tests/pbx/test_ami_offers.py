"""Orders for callers who wait, carried out on a scripted PBX: moving them, telling them, and leaving them alone."""

from __future__ import annotations

import logging

import pytest

from tests.pbx.fake_asterisk import FakeAsterisk, error, until
from tests.pbx.messages import CALLER, LEG, OTHER, TRUNK, bridge_enter, channel, event, newchannel
from tests.pbx.test_ami import World, play
from tests.pbx.waiting_room import (
    actions,
    agent_rings,
    answer,
    done,
    idle,
    is_in,
    join,
    leave,
    order,
    seated,
    wait,
)
from textback.events import CallerLeft, HoldEnded, HoldStarted, KeyPressed, Place, StateUnknown, Talking
from textback.pbx.ami_actions import AT_ONCE
from textback.pbx.patience import Patience

AGENT = "PJSIP/agent1-00000002"


def refuse(pbx: FakeAsterisk, action: str, message: str) -> None:
    pbx.answers[action] = lambda action_id: error(action_id, message)


def places(w: World) -> list[Place | None]:
    """Where the caller waited, one after the other; None: nowhere any more."""
    held = w.told(HoldStarted, HoldEnded)
    return [fact.place if isinstance(fact, HoldStarted) else None for fact in held]


# -- the offer by redirect -------------------------------------------------------------------------------------


def test_a_caller_is_moved_to_the_offer_with_what_the_dialplan_needs() -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(order(language="es"))
        moved = await done(w, "Redirect")
        assert moved == [{"Channel": TRUNK, "Context": "textback-offer", "Exten": "s", "Priority": "1"}]
        assert actions(w.pbx, "Setvar") == [
            {"Channel": TRUNK, "Variable": "TEXTBACK_QUEUE", "Value": "support"},
            {"Channel": TRUNK, "Variable": "CHANNEL(language)", "Value": "es"},
        ]
        assert w.pbx.actions()[-5:] == ["ShowDialPlan", "Setvar", "Setvar", "Status", "Redirect"]

    wait(story)


@pytest.mark.parametrize("language", ["es, App(x)", "${SHELL(x)}", "", None])
def test_what_is_no_language_is_not_set(language: str | None) -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(order(language=language))
        await done(w, "Redirect")
        assert [one["Variable"] for one in actions(w.pbx, "Setvar")] == ["TEXTBACK_QUEUE"]

    wait(story)


@pytest.mark.parametrize("context", ["from-trunk", "textback-offer"])
def test_whoever_was_moved_waits_in_the_prompt_until_they_are_back(context: str) -> None:
    """Asterisk 16 shows the old context at the end of the wait, 22 the new one."""

    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(order())
        await done(w, "Redirect")
        w.pbx.send(leave(Context=context))
        await until(lambda: places(w) == [Place.QUEUE, Place.OFFER])
        w.pbx.send(join())
        await until(lambda: places(w) == [Place.QUEUE, Place.OFFER, Place.QUEUE])
        await idle(w)

    wait(story)


def test_in_the_prompt_the_keys_are_for_the_dialplan() -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.pbx.send(event("DTMFEnd", Digit="1", Direction="Received"))
        w.link.carry_out(order())
        await done(w, "Redirect")
        w.pbx.send(leave(), event("DTMFEnd", Digit="2", Direction="Received"))
        w.pbx.send(join(), event("DTMFEnd", Digit="3", Direction="Received"))
        await until(lambda: len(w.told(KeyPressed)) == 2)
        assert [fact.key for fact in w.told(KeyPressed) if isinstance(fact, KeyPressed)] == ["1", "3"]

    wait(story)


def test_who_hangs_up_in_the_prompt_was_on_hold() -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(order())
        await done(w, "Redirect")
        w.pbx.send(leave(), event("HangupRequest"), event("Hangup"))
        await until(lambda: w.told(CallerLeft))
        assert places(w) == [Place.QUEUE, Place.OFFER]
        await idle(w)

    wait(story)


def test_who_hung_up_just_before_has_given_up_in_the_queue() -> None:
    async def story(w: World) -> None:
        await seated(w)
        refuse(w.pbx, "Redirect", f"Channel does not exist: {TRUNK}")
        w.link.carry_out(order())
        await done(w, "Redirect")
        w.pbx.send(event("HangupRequest"), leave(), event("Hangup"))
        await until(lambda: w.told(CallerLeft))
        assert places(w) == [Place.QUEUE, None]
        await idle(w)

    wait(story)


def test_a_redirect_that_fails_has_changed_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await seated(w)
        refuse(w.pbx, "Redirect", f"Channel does not exist: {TRUNK}")
        w.link.carry_out(order())
        await idle(w)
        w.pbx.send(event("DTMFEnd", Digit="5", Direction="Received"), leave())
        await until(lambda: w.told(HoldEnded))
        assert places(w) == [Place.QUEUE, None] and len(w.told(KeyPressed)) == 1

    wait(story)
    assert "Redirect" not in caplog.text, "callers may leave at any time"


async def rings(w: World) -> None:
    """An agent's phone rings for the caller, and that was seen: the key came behind it."""
    w.pbx.send(agent_rings(), event("DTMFEnd", Digit="1", Direction="Received"))
    await until(lambda: w.told(KeyPressed))


def test_who_gets_a_text_is_told_though_an_agents_phone_rings() -> None:
    async def story(w: World) -> None:
        await seated(w)
        await rings(w)
        w.link.carry_out(order())
        w.link.carry_out(answer())
        assert [one["Context"] for one in await done(w, "Redirect")] == ["textback-confirm"]

    wait(story)


def test_nobody_is_moved_to_the_offer_while_an_agents_phone_rings() -> None:
    async def story(w: World) -> None:
        await seated(w)
        await rings(w)
        w.link.carry_out(order())
        await seated(w, OTHER, "PJSIP/trunk-00000009")
        assert not actions(w.pbx, "Redirect")
        w.pbx.send(agent_rings("DialEnd", DialStatus="NOANSWER"))
        assert len(await done(w, "Redirect")) == 1

    wait(story)


def test_whoever_is_answered_is_not_moved() -> None:
    async def story(w: World) -> None:
        await seated(w)
        await rings(w)
        w.link.carry_out(order())
        w.pbx.send(agent_rings("DialEnd", DialStatus="ANSWER"), leave())
        w.pbx.send(bridge_enter(CALLER, TRUNK), bridge_enter(LEG, AGENT))
        await until(lambda: w.told(Talking))
        await idle(w)
        assert not actions(w.pbx, "Redirect")

    wait(story)


@pytest.mark.parametrize(("application", "bridge"), [("Queue", "b-1"), ("AGI", ""), ("AppQueue", "")])
def test_what_the_pbx_says_of_the_channel_counts_more_than_its_events(application: str, bridge: str) -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.pbx.rows["Status"] = is_in(application, bridge)
        w.link.carry_out(order())
        await idle(w)
        assert not actions(w.pbx, "Redirect")

    wait(story)


@pytest.mark.parametrize(("back", "is_told"), [("2", False), ("1", False), ("3", True)])
def test_a_place_that_was_not_kept_is_told(caplog: pytest.LogCaptureFixture, back: str, is_told: bool) -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(order())
        await done(w, "Redirect")
        w.pbx.send(leave(position="2"), join(position=back))
        await idle(w)

    wait(story)
    assert ("left queue support at place 2 for a prompt, and is back at 3" in caplog.text) == is_told


# -- orders that come too late -------------------------------------------------------------------------------------


def test_orders_for_those_who_do_not_wait_are_dropped() -> None:
    async def story(w: World) -> None:
        w.link.carry_out(order(uniqueid="1.1"))
        w.pbx.send(newchannel())
        await seated(w, OTHER, "PJSIP/trunk-00000009")
        w.link.carry_out(order(uniqueid=CALLER))
        w.link.carry_out(answer(uniqueid=CALLER))
        assert w.link.offers is not None and len(w.link.offers) == 0

    wait(story)


def test_an_order_that_comes_while_the_link_is_down_is_dropped() -> None:
    async def story(w: World) -> None:
        await w.up()
        await seated(w)
        w.pbx.drop()
        await w.down()
        w.link.carry_out(order())
        assert w.link.offers is None and not actions(w.pbx, "Redirect")

    play(story)


def test_a_link_that_ends_ends_what_was_begun(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.pbx.answers["Originate"] = lambda action_id: None
        w.link.carry_out(order("whisper"))
        await done(w, "Originate")
        w.pbx.drop()
        await w.down()

    wait(story)
    others = [text for text in caplog.messages if "closed the link; next try" not in text]
    assert [text for text in others if "hides the number" not in text] == []


def test_ten_thousand_orders_are_no_ten_thousand_actions() -> None:
    async def story(w: World) -> None:
        w.pbx.rows["Status"] = is_in()
        ids = [f"1795290000.{number}" for number in range(300)]
        for uniqueid in ids:
            name = f"PJSIP/trunk-{uniqueid[11:]}"
            w.pbx.send(newchannel(uniqueid, name), join(uniqueid, name))
        await until(lambda: len(w.told(HoldStarted)) == len(ids))
        w.pbx.answers["ShowDialPlan"] = lambda action_id: None
        before = len(actions(w.pbx, "ShowDialPlan"))
        for uniqueid in ids:
            w.link.carry_out(order(uniqueid=uniqueid))
        await until(lambda: len(actions(w.pbx, "ShowDialPlan")) >= before + AT_ONCE)
        w.pbx.send(event("Newstate"))
        await until(lambda: len(w.told(HoldStarted)) == len(ids))
        assert len(actions(w.pbx, "ShowDialPlan")) == before + AT_ONCE

    wait(story)


# -- what the PBX does not allow, or does not have -----------------------------------------------------------------


def test_nobody_is_sent_to_a_context_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await seated(w)
        refuse(w.pbx, "ShowDialPlan", "Did not find context textback-offer")
        for _ in range(2):
            w.link.carry_out(order())
            await idle(w)
        assert not actions(w.pbx, "Redirect") and not actions(w.pbx, "Setvar")

    wait(story)
    [told] = [record.message for record in caplog.records if "textback-offer" in record.message]
    assert 'put #include "extensions-textback.conf" into extensions.conf' in told


def test_when_the_link_comes_up_it_is_noted_what_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await until(lambda: "without [" in caplog.text)

    def prepare(pbx: FakeAsterisk) -> None:
        refuse(pbx, "ShowDialPlan", "Did not find context x")

    with caplog.at_level(logging.INFO):
        play(story, prepare=prepare)
    [told] = [record for record in caplog.records if "without [" in record.message]
    assert "without [textback-offer], [textback-confirm], [textback-whisper]" in told.message
    assert told.levelno == logging.INFO, "who has no use for it need not be alarmed"


@pytest.mark.parametrize(
    ("action", "right"), [("Redirect", "call"), ("Setvar", "call"), ("ShowDialPlan", "reporting")]
)
def test_a_right_that_is_missing_is_told_once(caplog: pytest.LogCaptureFixture, action: str, right: str) -> None:
    async def story(w: World) -> None:
        await seated(w)
        refuse(w.pbx, action, "Permission denied")
        for _ in range(2):
            w.link.carry_out(order())
            await idle(w)
        assert w.link.is_up

    wait(story)
    told = [record.message for record in caplog.records if f"may not {action}" in record.message]
    assert told == [f"main: the AMI user 'textback' may not {action}: add {right} to its write = line in manager.conf"]


def test_a_pbx_that_cannot_tell_its_dialplan_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await seated(w)
        refuse(w.pbx, "ShowDialPlan", "Invalid/unknown command: ShowDialPlan.")
        w.link.carry_out(order())
        w.link.carry_out(answer("landline"))
        await idle(w)
        assert not actions(w.pbx, "Redirect") and not actions(w.pbx, "Originate")

    wait(story)
    assert [record.message for record in caplog.records if "ialplan" in record.message.lower()] == []


def test_any_other_refusal_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await seated(w)
        refuse(w.pbx, "Redirect", "Redirect failed")
        for _ in range(2):
            w.link.carry_out(order())
            await idle(w)

    wait(story)
    assert [record.message for record in caplog.records].count("main: Redirect: Redirect failed") == 1


def test_a_pbx_that_does_not_answer_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.pbx.answers["Setvar"] = lambda action_id: None
        w.link.carry_out(order())
        await idle(w)
        assert w.link.is_up and not actions(w.pbx, "Redirect")

    wait(story, Patience(answer=0.3))
    assert "Setvar: no answer for 0 s" in caplog.text


# -- the answer to the key ---------------------------------------------------------------------------------------


def told(w: World) -> dict[str, str]:
    """The variables that were set for the dialplan."""
    return {one["Variable"]: one["Value"] for one in actions(w.pbx, "Setvar") if one["Value"]}


def test_who_gets_a_text_is_moved_to_the_confirmation() -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(answer())
        assert [one["Context"] for one in await done(w, "Redirect")] == ["textback-confirm"]
        expected = {"TEXTBACK_QUEUE": "support", "TEXTBACK_RESULT": "texted", "TEXTBACK_AFTER": "hangup"}
        assert told(w) == expected and not actions(w.pbx, "Originate")

    wait(story)


@pytest.mark.parametrize(
    ("refused", "stays", "sound"),
    [
        (None, True, "confirmed"),
        ("landline", False, "landline"),
        ("withheld_number", False, "withheld"),
        ("opted_out", True, "cannot-text"),
    ],
)
def test_who_goes_on_waiting_is_told_where_they_wait(refused: str | None, stays: bool, sound: str) -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(answer(refused, stays))
        [whisper] = await done(w, "Originate")
        assert whisper["Data"] == f"textback/{sound}&textback/stay"
        w.pbx.send(leave())
        assert not actions(w.pbx, "Redirect")

    wait(story, Patience(begin=0.2))


def test_where_nothing_may_be_whispered_the_refused_are_moved_and_come_back(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await seated(w)
        refuse(w.pbx, "Originate", "Permission denied")
        w.link.carry_out(answer("landline"))
        assert [one["Context"] for one in await done(w, "Redirect")] == ["textback-confirm"]
        assert (told(w)["TEXTBACK_RESULT"], told(w)["TEXTBACK_REASON"]) == ("refused", "landline")
        assert told(w)["TEXTBACK_AFTER"] == "stay"

    wait(story)
    assert "may not Originate: add originate to its write = line" in caplog.text


def test_whom_the_exit_of_the_queue_has_taken_meanwhile_is_told_by_its_hook() -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(answer("landline"))
        w.pbx.send(leave(), join())
        await until(lambda: len(w.told(HoldStarted)) == 2)
        await idle(w)
        assert not actions(w.pbx, "Originate") and not actions(w.pbx, "Redirect")

    wait(story, before_telling=0.3)


def test_who_is_on_the_way_to_the_offer_hears_no_second_one() -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(order())
        w.link.carry_out(order())
        await done(w, "Redirect")
        w.pbx.send(leave(), join())
        await idle(w)
        assert len(actions(w.pbx, "Redirect")) == 1

    wait(story)


def test_a_fault_of_ours_is_told_once_and_the_link_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(w: World) -> None:
        await seated(w)
        monkeypatch.setattr("textback.pbx.ami_offers._variables", lambda order, caller: 1 / 0)
        for _ in range(2):
            w.link.carry_out(order())
            await idle(w)
        assert w.link.is_up

    wait(story)
    assert [record.message for record in caplog.records].count("main: an order could not be carried out") == 1


def test_a_caller_found_in_a_prompt_after_the_link_was_down_is_still_there() -> None:
    async def story(w: World) -> None:
        await seated(w)
        w.link.carry_out(order())
        await done(w, "Redirect")
        w.pbx.send(leave())
        await until(lambda: Place.OFFER in places(w))
        in_hook = channel(Context="textback-hook", Exten="s")
        w.pbx.rows["CoreShowChannels"] = lambda action_id: [
            {"Event": "CoreShowChannel", "ActionID": action_id}
            | in_hook
            | {"Application": "AGI", "ApplicationData": "", "Duration": "00:00:05", "BridgeId": ""}
        ]
        w.pbx.drop()
        await w.up(2)
        assert places(w)[-1] is Place.OFFER and not w.told(StateUnknown)

    wait(story, attempts=1)
