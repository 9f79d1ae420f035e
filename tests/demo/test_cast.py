from __future__ import annotations

import asyncio
import re
import tomllib
from importlib.resources import files

from textback.demo.cast import CALM, CAST, MAIN, ROUND
from textback.demo.simulator import Simulator
from textback.practice import read_practice

from .recorded import wanted
from .virtual_time import VirtualTime

PRACTICE = read_practice(tomllib.loads(files("textback.demo").joinpath("practice.toml").read_text("utf-8")))


def performed(time: VirtualTime, rounds: int | None, until: float | None = None) -> list[dict[str, str]]:
    """The events of so many rounds, each with the time when it came."""
    heard: list[dict[str, str]] = []
    simulator = Simulator(clock=time.clock, sleep=time.sleep)
    simulator.stage.board.listeners.append(
        lambda _, block: heard.extend({**dict(event), "at": str(time.now)} for event in wanted(block))
    )
    asyncio.run(time.run(simulator.perform(rounds), until))
    return heard


def callers(events: list[dict[str, str]]) -> list[str]:
    return [
        event["CallerIDNum"] for event in events
        if event["Event"] == "Newchannel" and event["Context"] == "from-trunk" and event["ChannelState"] == "4"
    ]


def test_everybody_is_fictitious() -> None:
    numbers = {script.number for script in CAST if len(script.number) > 3} | {MAIN}
    assert all(re.fullmatch(r"1[2-9]\d\d55501\d\d", number) for number in numbers)


def test_in_the_first_round_callers_give_up_ring_out_and_get_through(time: VirtualTime) -> None:
    events = performed(time, rounds=1)
    seen = [event["Event"] for event in events]
    statuses = {event["Value"] for event in events if event["Event"] == "VarSet"}
    assert seen.count("QueueCallerAbandon") >= 3 and seen.count("AgentConnect") >= 2
    assert statuses == {"", "NOANSWER", "BUSY", "CANCEL", "ANSWER"}
    assert "DTMFEnd" in seen
    assert len(callers(events)) >= 8


def test_the_first_caller_has_given_up_after_a_few_seconds(time: VirtualTime) -> None:
    began = time.now
    gave_up = next(e for e in performed(time, rounds=1) if e["Event"] == "QueueCallerAbandon")
    assert float(gave_up["at"]) - began <= 12


def test_a_later_round_is_calmer_and_its_callers_are_others(time: VirtualTime) -> None:
    began = time.now
    first = performed(time, rounds=1)
    assert ROUND <= time.now - began < ROUND + 20
    both = performed(VirtualTime(time.now), rounds=2)
    second = callers(both)[len(callers(first)):]
    assert len(second) == len(callers(first))
    assert set(second) & set(callers(first)) == {"<unknown>"}


def test_the_callers_call_for_ever(time: VirtualTime) -> None:
    began = time.now
    events = performed(time, rounds=None, until=3600)
    assert time.now == began + 3600
    assert len(callers(events)) > 3600 / (ROUND * CALM) * 8


def test_the_sample_practice_serves_the_number_that_they_call() -> None:
    assert (PRACTICE.lines[0].dids, PRACTICE.guards.settle) == ((f"+{MAIN}",), 3.0)
    assert PRACTICE.abandoned.enabled and PRACTICE.missed.during_hours.enabled
    assert PRACTICE.warnings() == []
