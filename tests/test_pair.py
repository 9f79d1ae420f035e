"""Two daemons on one PBX: whoever dies, freezes or is cut off, each call is decided once, each text sent once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import Engine

from tests.pair import HAPPENINGS, Daemon, Pair
from textback.rota import PATIENCE
from textback.store import migrations
from textback.store.engine import open_engine


@pytest.fixture(params=[0.0, 3600.0, -3600.0])
def pair(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Two daemons whose clocks may be an hour apart; the first one writes."""
    made = Pair(engine, request.param)
    yield made
    made.close()


def one(pair: Pair, index: int) -> Daemon:
    found = pair.daemons[index]
    assert found is not None
    return found


def test_one_of_them_writes_and_the_other_one_stands_by(pair: Pair) -> None:
    pair.wait(20)
    assert pair.holders == [0]
    assert (one(pair, 0).intake.held, one(pair, 1).intake.held) == ({"main"}, frozenset())


def test_who_stands_by_takes_over_from_a_dead_one_within_five_seconds_and_loses_no_fact(pair: Pair) -> None:
    caller = pair.arrive()
    pair.happen(caller, "waits")
    pair.kill(0)
    pair.wait(2)
    late = pair.arrive()
    pair.happen(late, "waits")
    pair.leave(caller)
    pair.leave(late)
    pair.wait(PATIENCE)
    assert pair.holders == [1]
    assert [row["disposition"] for row in pair.rows().values()] == ["abandoned", "abandoned"]
    pair.calm()
    assert pair.verdict() == [] and pair.texts() == {caller.number: 1, late.number: 1}


def test_after_an_orderly_stop_nobody_waits(pair: Pair) -> None:
    caller = pair.arrive()
    pair.happen(caller, "waits")
    pair.stop(0)
    pair.wait(0.5)
    assert pair.holders == [1]
    pair.leave(caller)
    assert [row["disposition"] for row in pair.rows().values()] == ["abandoned"]


def test_who_was_frozen_writes_no_more_once_it_wakes(pair: Pair) -> None:
    caller, second = pair.arrive(), pair.arrive()
    for each in (caller, second):
        pair.happen(each, "waits")
    pair.freeze(one(pair, 0))
    pair.wait(2)
    pair.leave(caller)
    pair.wait(3)
    assert pair.holders == [0, 1]  # as far as the frozen one knows
    pair.leave(second)
    pair.thaw(one(pair, 0))
    assert pair.holders == [1]
    pair.calm()
    assert pair.verdict() == [] and set(pair.texts().values()) == {1}


def test_who_is_cut_off_from_the_database_neither_loses_nor_doubles(pair: Pair) -> None:
    caller = pair.arrive()
    pair.happen(caller, "waits")
    pair.cut(one(pair, 0))
    pair.happen(caller, "waits no more")
    pair.happen(caller, "talks")
    pair.wait(5)
    assert one(pair, 1).intake.held == {"main"}
    pair.happen(caller, "is held")
    pair.leave(caller)
    pair.mend(one(pair, 0))
    pair.kill(1)
    pair.wait(5)
    assert pair.holders == [0]
    pair.calm()
    (row,) = pair.rows().values()
    assert pair.verdict() == [] and (row["disposition"], row["answered_by"]) == ("abandoned", "104")


def test_hold_time_is_not_counted_twice_by_those_who_heard_the_same(engine: Engine) -> None:
    pair = Pair(engine)
    caller = pair.arrive()
    for _ in range(3):
        pair.happen(caller, "waits")
        pair.wait(10)
        pair.happen(caller, "waits elsewhere")
        pair.wait(10)
        pair.happen(caller, "waits no more")
    pair.kill(0)
    pair.wait(10)
    pair.happen(caller, "waits")
    pair.wait(10)
    pair.leave(caller)
    pair.wait(5)
    (row,) = pair.rows().values()
    assert (row["disposition"], row["hold_seconds"]) == ("abandoned", 70.0)
    pair.close()


def test_a_suspended_one_that_wakes_does_not_take_its_own_sleep_for_the_death_of_the_other(pair: Pair) -> None:
    pair.freeze(one(pair, 1))
    pair.wait(60)
    pair.thaw(one(pair, 1))
    pair.wait(20)
    assert pair.holders == [0]


def test_who_comes_later_finds_the_place_of_calls_that_began_before(pair: Pair) -> None:
    caller, other = pair.arrive(), pair.arrive()
    pair.happen(caller, "waits")
    pair.happen(other, "talks")
    pair.kill(1)
    pair.start(1)
    pair.wait(2)
    pair.arrive()  # by which the second one knows that the first one has heard all that was before
    pair.happen(caller, "waits no more")
    pair.happen(caller, "talks")
    pair.kill(0)
    pair.happen(other, "is held")
    pair.wait(5)
    pair.leave(caller)
    pair.leave(other)
    pair.wait(5)
    found = [pair.rows()[each.id]["disposition"] for each in (caller, other)]
    assert found == ["answered", "abandoned"]


def test_who_has_listened_for_longest_goes_on_not_who_was_started_again_first(pair: Pair) -> None:
    caller = pair.arrive()
    pair.happen(caller, "waits")
    pair.wait(2)
    pair.kill(0)
    pair.leave(caller)
    pair.start(0)
    pair.wait(10)
    assert pair.holders == [1]
    assert [row["disposition"] for row in pair.rows().values()] == ["abandoned"]


def test_who_hears_nothing_of_the_pbx_leaves_it_to_who_does(pair: Pair) -> None:
    caller = pair.arrive()
    pair.happen(caller, "waits")
    pair.wait(2)
    pair.unlink(one(pair, 0))
    pair.wait(8)
    assert pair.holders == [1]
    pair.leave(caller)
    pair.resync(one(pair, 0))
    pair.wait(8)
    assert pair.holders == [1]
    assert [row["disposition"] for row in pair.rows().values()] == ["abandoned"]


def test_where_nobody_hears_anything_who_writes_keeps_it(pair: Pair) -> None:
    for index in (0, 1):
        pair.unlink(one(pair, index))
    pair.wait(20)
    assert pair.holders == [0]


def test_a_lost_answer_to_the_commit_of_a_takeover_changes_nothing(pair: Pair) -> None:
    caller = pair.arrive()
    pair.happen(caller, "waits")
    pair.kill(0)
    pair.leave(caller)
    one(pair, 1).writer.forgetful = True
    pair.wait(5)
    assert pair.holders == [1] and pair.texts() == {caller.number: 1}
    pair.calm()
    assert pair.verdict() == []


class Drama(RuleBasedStateMachine):
    """Anything that can happen to two daemons and their callers, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = open_engine("sqlite://")
        migrations.upgrade(self.engine)

    @initialize(skew=st.sampled_from([0.0, 0.0, 50.0, -50.0]))
    def begin(self, skew: float) -> None:
        self.pair = Pair(self.engine, skew)

    def running(self, index: int) -> Daemon | None:
        return self.pair.daemons[index]

    @rule()
    def somebody_calls(self) -> None:
        self.pair.arrive()

    @precondition(lambda self: any(not each.is_gone for each in self.pair.callers))
    @rule(data=st.data(), name=st.sampled_from(sorted(HAPPENINGS)))
    def something_happens(self, data: st.DataObject, name: str) -> None:
        on_the_line = [each for each in self.pair.callers if not each.is_gone]
        caller = data.draw(st.sampled_from(range(len(on_the_line))))
        self.pair.happen(on_the_line[caller], name)

    @precondition(lambda self: any(not each.is_gone for each in self.pair.callers))
    @rule(data=st.data())
    def somebody_hangs_up(self, data: st.DataObject) -> None:
        on_the_line = [each for each in self.pair.callers if not each.is_gone]
        self.pair.leave(on_the_line[data.draw(st.sampled_from(range(len(on_the_line))))])

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.0, 4.0, 8.0]))
    def time_passes(self, seconds: float) -> None:
        self.pair.wait(seconds)

    @rule(index=st.sampled_from([0, 1]), orderly=st.booleans())
    def one_ends(self, index: int, orderly: bool) -> None:
        daemon = self.running(index)
        if daemon is None:
            return self.pair.start(index)
        if orderly and not daemon.writer.is_cut:
            self.pair.stop(index)
        else:
            self.pair.kill(index)

    @rule(index=st.sampled_from([0, 1]), frozen=st.booleans())
    def one_freezes_or_is_cut_off(self, index: int, frozen: bool) -> None:
        daemon = self.running(index)
        if daemon is None:
            return
        if daemon.is_frozen or daemon.writer.is_cut:
            self.pair.thaw(daemon)
        elif frozen:
            self.pair.freeze(daemon)
        else:
            self.pair.cut(daemon)

    @rule(index=st.sampled_from([0, 1]))
    def one_loses_its_link_or_finds_it(self, index: int) -> None:
        daemon = self.running(index)
        if daemon is None or daemon.is_frozen or daemon.writer.is_cut:
            return
        if daemon.is_up:
            self.pair.unlink(daemon)
        else:
            self.pair.resync(daemon)

    @rule(index=st.sampled_from([0, 1]))
    def an_answer_gets_lost(self, index: int) -> None:
        daemon = self.running(index)
        if daemon is not None:
            daemon.writer.forgetful = True

    def teardown(self) -> None:
        if hasattr(self, "pair"):
            self.pair.calm()
            faults = self.pair.verdict()
            self.pair.close()
            assert faults == []
        self.engine.dispose()


TestDrama: Any = Drama.TestCase
# Forty steps that fail are looked at as they are: to make them fewer takes minutes.
TestDrama.settings = settings(max_examples=40, stateful_step_count=40, phases=[Phase.reuse, Phase.generate])
