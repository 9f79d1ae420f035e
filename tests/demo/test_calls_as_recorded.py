"""Every simulated call is laid beside the same call recorded on a real Asterisk 22."""

from __future__ import annotations

import asyncio

import pytest

from textback.demo.channels import Phone
from textback.demo.desk_calls import (
    answered_by_extension,
    busy,
    hangs_up_while_ringing,
    internal_call,
    outbound_call,
    rings_out,
)
from textback.demo.queue_calls import answered_in_queue, waits_and_gives_up
from textback.demo.simulator import AGENTS, Simulator
from textback.demo.stage import Script, Step

from .recorded import alike, by_subject, names, story, wanted
from .virtual_time import VirtualTime

QUEUE, DESK = "15551230100", "15551230120"

# The recorded caller's number, and whether even the order between two legs is that of the recording
# (on the real PBX it changes from run to run)
CASES = [
    ("a1_queue_abandon_waiting", "15559870001", QUEUE, waits_and_gives_up(12), True),
    ("b1_queue_answered_caller_hangs_up", "15559870011", QUEUE, answered_in_queue(3, 5), True),
    ("e1_dial_noanswer", "15559870051", DESK, rings_out(12), False),
    ("e2_dial_busy", "15559870052", DESK, busy(), True),
    ("e3_dial_cancel", "15559870053", DESK, hangs_up_while_ringing(6), False),
    ("e4_dial_answered", "15559870054", DESK, answered_by_extension(3, 5), True),
    ("m1_internal_call", "102", "201", internal_call(4), False),
    ("m2_outbound_call", "12125550199", "", outbound_call(2, 5), False),
]
IDS = [case[0] for case in CASES]


def simulated(time: VirtualTime, number: str, did: str, *steps: Step, agents: tuple[Phone, ...] = AGENTS) -> bytes:
    heard: list[bytes] = []
    simulator = Simulator(clock=time.clock, sleep=time.sleep, agents=agents)
    simulator.stage.board.listeners.append(lambda privilege, block: heard.append(block))
    asyncio.run(time.run(simulator.play(Script(number, "", did, steps))))
    return b"".join(heard)


@pytest.mark.parametrize(("name", "number", "did", "step", "same_order"), CASES, ids=IDS)
def test_a_call_makes_the_events_that_asterisk_makes(
    time: VirtualTime, name: str, number: str, did: str, step: Step, same_order: bool
) -> None:
    ours, theirs = wanted(simulated(time, number, did, step)), story(name)
    assert by_subject(alike(ours)) == by_subject(alike(theirs))
    if same_order:
        assert names(ours) == names(theirs)


def test_giving_up_while_an_agent_rings_makes_the_same_events(time: VirtualTime) -> None:
    second = AGENTS[1:]  # in the recording the first one is paused
    step = waits_and_gives_up(4, ringing=True)
    ours = wanted(simulated(time, "15559870002", QUEUE, step, agents=second))
    assert alike(ours) == alike(story("a2_queue_abandon_while_ringing"))


def test_a_key_on_hold_makes_the_same_events(time: VirtualTime) -> None:
    ours = alike(wanted(simulated(time, "15559870022", QUEUE, waits_and_gives_up(12, key="5"))))
    theirs = alike(story("c2_press5_no_context"))
    keys = [event for event in theirs if ("Digit", "7") in event]
    assert ours == [event for event in theirs if event not in keys]


def test_the_times_told_are_those_that_passed(time: VirtualTime) -> None:
    events = [dict(event) for event in wanted(simulated(time, "1", QUEUE, answered_in_queue(7, 5, ring=3)))]
    connect = next(event for event in events if event["Event"] == "AgentConnect")
    complete = next(event for event in events if event["Event"] == "AgentComplete")
    assert (connect["HoldTime"], connect["RingTime"]) == ("7", "3")
    assert (complete["HoldTime"], complete["TalkTime"], complete["Reason"]) == ("7", "5", "caller")
