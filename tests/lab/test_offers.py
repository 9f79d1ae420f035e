"""Offers and answers on real Asterisks, with the whole daemon, the shipped dialplan and the shipped prompts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from textback.model import LineType
from textback.store import line_types, optouts

from .ami import Message
from .asterisk import Asterisk
from .callers import SUPPORT
from .daemon import Daemon
from .house import House
from .offering import AFTER, Town, Visitor, town_of
from .twilio import Twilio

pytestmark = pytest.mark.lab

#: whose number is hidden is offered nothing, and stands in the way of nobody
HIDDEN = "anonymous"
OPTED_OUT, LANDLINE = "12025561901", "12025561902"


@dataclass
class Three:
    """Three who wait in a queue, one behind the other; the first and the last hide their numbers."""

    first: Visitor
    second: Visitor
    third: Visitor

    @classmethod
    def in_queue(cls, town: Town, queue: str, second: str = "") -> Three:
        return cls(town.waiting(queue, HIDDEN), town.waiting(queue, second), town.waiting(queue, HIDDEN))


@dataclass
class Evening:
    """What has happened, for the tests to look at."""

    town: Town
    threes: dict[str, Three] = field(default_factory=dict)
    visitors: dict[str, Visitor] = field(default_factory=dict)
    moved_early: list[Message] = field(default_factory=list)

    def hears(self, visitor: Visitor, *prompts: str) -> bool:
        return all(self.town.hearing.heard(visitor.leg, prompt) for prompt in prompts)


@pytest.fixture(scope="module", params=["22", "16"])
def evening(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    """Everything happens at once, to callers of queues of their own."""
    with town_of(request.param, tmp_path_factory.mktemp("offers"), "voiced") as town:
        evening = Evening(town)
        remember_who_cannot_be_texted(town)
        evening.threes = {queue: Three.in_queue(town, queue) for queue in ("moved", "heard")}
        for queue, number in (("refuses", OPTED_OUT), ("stays", "")):
            evening.threes[queue] = Three.in_queue(town, queue, number)
        evening.threes["keys"] = Three.in_queue(town, "keys", LANDLINE)
        for queue in ("taken", "quit", "pressed", "keyless"):
            evening.visitors[queue] = town.waiting(queue)
        agents_take_calls(evening)
        they_press(evening)
        they_leave(evening)
        yield evening
        assert town.daemon.stop() == 0


def remember_who_cannot_be_texted(town: Town) -> None:
    with town.daemon.database() as connection:
        optouts.record(connection, f"+{OPTED_OUT}", time.time(), "text")
        line_types.record(connection, f"+{LANDLINE}", LineType.LANDLINE, time.time(), "test")


def agents_take_calls(evening: Evening) -> None:
    """One answers while it is whispered; one lets it ring beyond the threshold, refuses, and takes the call later."""
    town = evening.town
    answered = evening.visitors["answered"] = town.waiting("answered")
    phone = town.desks.rings("302")
    answered.whispers()
    answered.leg.speak()
    phone.answer().speak()
    answered.nth(1, "BridgeEnter")
    answered.whispered()
    phone.hang_up()
    rung = evening.visitors["rung"] = town.waiting("rung")
    phone = town.desks.rings("301")
    town.row(rung, offered_at=Something())
    evening.moved_early = rung.events("QueueCallerLeave")
    phone.refuse()
    rung.joins(2)
    town.desks.rings("301").answer()
    rung.nth(1, "BridgeEnter")
    rung.leg.hang_up()


class Something:
    """Anything but nothing."""

    def __eq__(self, other: object) -> bool:
        return other is not None


def they_press(evening: Evening) -> None:
    for queue in ("refuses", "stays", "keys"):
        evening.threes[queue].second.leg.press("5")
    evening.visitors["keyless"].leg.press("5")
    evening.visitors["pressed"].whispers()
    evening.visitors["pressed"].leg.press("5")
    for queue in ("taken", "quit"):
        evening.visitors[queue].nth(1, "QueueCallerLeave")
    for queue in ("taken", "quit"):
        evening.visitors[queue].nth(1, "Newexten", Application="Read")
    evening.visitors["taken"].leg.press("5")
    evening.visitors["quit"].leg.hang_up()


def they_leave(evening: Evening) -> None:
    """Whoever still waits hangs up in the end."""
    threes = evening.threes
    for queue in ("taken", "pressed", "keyless"):
        evening.visitors[queue].leg.wait("over")
    for queue in ("moved", "keys"):
        threes[queue].second.joins(2)
    for queue in ("heard", "stays", "refuses"):
        threes[queue].second.whispered()
    for three in threes.values():
        for visitor in (three.third, three.second, three.first):
            visitor.leg.hang_up()
            visitor.nth(1, "Hangup")
    evening.town.daemon.wait_quiet()


# -- redirect --------------------------------------------------------------------------------------------------------


def test_who_ignores_the_offer_hears_it_once_and_keeps_the_place(evening: Evening) -> None:
    three = evening.threes["moved"]
    first, second, third = three.first, three.second, three.third
    assert [(join["Position"], join["Count"]) for join in second.events("QueueCallerJoin")] == [("2", "2"), ("2", "3")]
    assert third.nth(1, "QueueCallerAbandon")["Position"] == "3"
    assert second.nth(2, "QueueCallerAbandon")["Position"] == "2"
    assert len(first.events("QueueCallerJoin")) == len(third.events("QueueCallerJoin")) == 1
    assert evening.hears(second, "offer") and not evening.hears(second, "confirmed")
    assert not evening.hears(first, "offer")


def test_who_ignores_the_offer_and_gives_up_later_has_one_text_for_that(evening: Evening) -> None:
    second = evening.threes["moved"].second
    row = evening.town.row(second, disposition="abandoned")
    assert row["flow"] == "abandoned" and evening.town.texts(second) == 1
    waited = second.ami.heard_at(second.nth(1, "Hangup")) - second.ami.heard_at(second.joins(1))
    assert abs(row["hold_seconds"] - waited) < 0.5, "the time in the prompt is time on hold"
    assert row["offered_at"] is not None


def test_who_takes_the_offer_has_one_text_and_the_call_ends_with_a_confirmation(evening: Evening) -> None:
    taken = evening.visitors["taken"]
    row = evening.town.row(taken, disposition="texted")
    assert (row["flow"], row["reason"], evening.town.texts(taken)) == ("call_to_text", "call_to_text", 1)
    assert evening.hears(taken, "confirmed", "goodbye")


def test_who_hangs_up_in_the_offer_has_given_up_on_hold(evening: Evening) -> None:
    gone = evening.visitors["quit"]
    row = evening.town.row(gone, disposition="abandoned")
    waited = gone.ami.heard_at(gone.nth(1, "Hangup")) - gone.ami.heard_at(gone.joins(1))
    assert row["flow"] == "abandoned" and evening.town.texts(gone) == 1
    assert abs(row["hold_seconds"] - waited) < 0.5 and row["hold_seconds"] > AFTER


def test_nobody_is_moved_while_an_agents_phone_rings(evening: Evening) -> None:
    rung = evening.visitors["rung"]
    assert evening.moved_early == []
    assert [join["Position"] for join in rung.events("QueueCallerJoin")] == ["1", "1"]
    assert evening.hears(rung, "offer")
    assert evening.town.row(rung, disposition="answered")["answered_by"] == "301"
    assert evening.town.texts(rung) == 0


# -- whisper ---------------------------------------------------------------------------------------------------------


def test_who_ignores_the_whisper_has_not_left_the_queue(evening: Evening) -> None:
    three = evening.threes["heard"]
    assert len(three.second.events("QueueCallerJoin")) == 1
    assert [one.nth(1, "QueueCallerAbandon")["Position"] for one in (three.third, three.second)] == ["3", "2"]
    assert evening.hears(three.second, "offer")
    assert not evening.hears(three.first, "offer") and not evening.hears(three.third, "offer")
    assert evening.town.row(three.second, disposition="abandoned")["offered_at"] is not None


def test_who_presses_the_key_while_it_is_whispered_is_texted_once_and_told(evening: Evening) -> None:
    pressed = evening.visitors["pressed"]
    row = evening.town.row(pressed, disposition="texted")
    assert row["flow"] == "call_to_text" and evening.town.texts(pressed) == 1
    assert evening.hears(pressed, "confirmed", "goodbye")


def test_a_whisper_ends_when_an_agent_answers(evening: Evening) -> None:
    answered = evening.visitors["answered"]
    connected = answered.nth(1, "AgentConnect")
    over = answered.ami.heard_at(answered.whispered()) - answered.ami.heard_at(connected)
    assert over < 0.5 and len(answered.events("QueueCallerJoin")) == 1
    assert evening.town.row(answered, disposition="answered")["answered_by"] == "302"


def test_whispers_are_no_calls(evening: Evening) -> None:
    came = evening.town.ami.events("Newchannel", ChannelStateDesc="Ring", Context="from-trunk")
    assert len(evening.town.daemon.rows()) == len(came)


# -- the key in a queue without an exit ------------------------------------------------------------------------------


def test_who_is_refused_hears_that_where_they_wait(evening: Evening) -> None:
    three = evening.threes["refuses"]
    assert evening.hears(three.second, "cannot-text", "stay") and not evening.hears(three.first, "cannot-text")
    assert len(three.second.events("QueueCallerJoin")) == 1
    assert three.second.nth(1, "QueueCallerAbandon")["Position"] == "2"
    assert evening.town.row(three.second, disposition="abandoned", reason="opted_out")
    assert evening.town.texts(three.second) == 0


def test_who_is_texted_and_stays_hears_that_where_they_wait(evening: Evening) -> None:
    three = evening.threes["stays"]
    assert evening.hears(three.second, "confirmed", "stay")
    assert len(three.second.events("QueueCallerJoin")) == 1
    assert evening.town.row(three.second, disposition="texted") and evening.town.texts(three.second) == 1


# -- the key as an exit, with the hook -------------------------------------------------------------------------------


def test_who_leaves_by_the_key_is_texted_once_and_told_once(evening: Evening) -> None:
    keyless = evening.visitors["keyless"]
    assert evening.town.row(keyless, disposition="texted") and evening.town.texts(keyless) == 1
    assert evening.hears(keyless, "confirmed", "goodbye")
    assert not evening.town.ami.events("ChanSpyStart", SpyeeUniqueid=keyless.uniqueid)


def test_who_leaves_by_the_key_and_is_refused_hears_why_once_and_keeps_the_place(evening: Evening) -> None:
    three = evening.threes["keys"]
    assert evening.hears(three.second, "landline", "stay")
    assert [join["Position"] for join in three.second.events("QueueCallerJoin")] == ["2", "2"]
    assert not evening.town.ami.events("ChanSpyStart", SpyeeUniqueid=three.second.uniqueid)
    assert evening.town.texts(three.second) == 0


def test_the_daemon_has_nothing_to_complain_of(evening: Evening) -> None:
    told = [line for line in evening.town.daemon.log if "WARNING" in line or "ERROR" in line]
    assert [line for line in told if "hides the number" not in line] == []


# -- a user who may not Originate ----------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["22", "16"])
def quiet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    """The AMI user as it is shipped may not whisper."""
    with town_of(request.param, tmp_path_factory.mktemp("quiet"), "voiceless") as town:
        evening = Evening(town)
        remember_who_cannot_be_texted(town)
        three = evening.threes["refuses"] = Three.in_queue(town, "refuses", OPTED_OUT)
        heard = evening.visitors["heard"] = town.waiting("heard")
        three.second.leg.press("5")
        three.second.joins(2)
        town.row(heard, offered_at=Something())
        for visitor in (three.third, three.second, three.first, heard):
            visitor.leg.hang_up()
            visitor.nth(1, "Hangup")
        town.daemon.wait_quiet()
        yield evening


def test_where_nothing_can_be_whispered_the_refused_are_moved_and_keep_their_place(quiet: Evening) -> None:
    three = quiet.threes["refuses"]
    assert quiet.hears(three.second, "cannot-text", "stay")
    assert [(join["Position"], join["Count"]) for join in three.second.events("QueueCallerJoin")][1] == ("2", "3")
    assert three.third.nth(1, "QueueCallerAbandon")["Position"] == "3"
    assert quiet.town.row(three.second, disposition="abandoned", reason="opted_out")


def test_what_may_not_be_whispered_is_not_offered_and_the_log_says_once_what_to_add(quiet: Evening) -> None:
    heard = quiet.visitors["heard"]
    assert len(heard.events("QueueCallerJoin")) == 1 and not quiet.town.ami.events("ChanSpyStart")
    told = [line for line in quiet.town.daemon.log if "Originate" in line]
    assert len(told) == 1 and "add originate to its write = line" in told[0]


# -- a PBX that has not included our dialplan ----------------------------------------------------------------------


def test_without_our_dialplan_nothing_is_done_with_a_caller_and_the_log_says_what_to_include(
    house: House, asterisk: Asterisk, twilio: Twilio, tmp_path: Path
) -> None:
    number = "12025561903"
    with Daemon(tmp_path, asterisk, twilio.url) as daemon:
        daemon.apply(call_to_text__after=0.5, call_to_text__offer="redirect", guards__per_prefix=100)
        daemon.start()
        leg = house.waiting(number, SUPPORT)
        daemon.wait_line("there is no [textback-offer]")
        leg.wait("up").press("5")
        daemon.wait_line("there is no [textback-confirm]")
        assert leg.state == "up" and len(house.ami.events("QueueCallerLeave")) == 0
        leg.hang_up()
        row = daemon.wait_row(f"+{number}", disposition="texted")
        assert row["verdict"] == "text"
        told = [line for line in daemon.log if "there is no [" in line]
        assert len(told) == 2 and all('#include "extensions-textback.conf"' in line for line in told)


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with Twilio() as stand_in:
        yield stand_in
