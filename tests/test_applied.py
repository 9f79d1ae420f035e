"""Two daemons hear the same; what of it one of them has done, the other one finds by content and order alone."""

from __future__ import annotations

from textback.applied import RECENT, Known, left
from textback.call import Phase
from textback.events import (
    CallerArrived,
    CallerLeft,
    CallLost,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LinkLost,
    LinkSynced,
    Place,
    StaffReached,
    StateUnknown,
    Talking,
)
from textback.heard import Heard
from textback.tape import Tape

NOW = 100.0


def arrives(call: str = "1", at: float = 0.0) -> Fact:
    return CallerArrived(f"main/{call}", at, "main", call, "+12025550143")


def waits(call: str = "1", at: float = 0.0, queue: str = "support") -> Fact:
    return HoldStarted(f"main/{call}", at, Place.QUEUE, at, queue)


def stops(call: str = "1", at: float = 0.0) -> Fact:
    return HoldEnded(f"main/{call}", at)


def talks(call: str = "1", at: float = 0.0) -> Fact:
    return Talking(f"main/{call}", at, "104")


def leaves(call: str = "1", at: float = 0.0) -> Fact:
    return CallerLeft(f"main/{call}", at)


def presses(key: str, call: str = "1") -> Fact:
    return KeyPressed(f"main/{call}", 0.0, key)


SYNCED, LOST = LinkSynced("", 0.0, "main"), LinkLost("", 0.0, "main")


def taped(*facts: Fact) -> Tape:
    tape = Tape()
    for fact in facts:
        tape.note(fact)
    return tape


def heard(*facts: Fact, stream: int = 1) -> Heard:
    """What the other daemon has done, its link being up."""
    found = Heard()
    for fact in facts:
        found = found.then(fact, stream)
    return found


def rest(tape: Tape, phase: Phase = Phase.WAITING, over: tuple[str, ...] = (), **calls: Heard) -> list[Fact]:
    known = {f"main/{call[1:]}": Known(done, phase) for call, done in calls.items()}
    return [told.fact for told in left(tape.told(), known, {f"main/{call}" for call in over}, NOW).facts]


STORY = [arrives(), waits(), stops(), waits(queue="sales"), talks(), waits(), talks(), leaves()]


def test_wherever_the_other_one_stopped_it_goes_on_right_there() -> None:
    tape = taped(SYNCED, *STORY)
    for done in range(1, len(STORY)):
        assert rest(tape, _1=heard(*STORY[:done])) == STORY[done:], done


def test_a_call_of_which_the_other_one_knew_nothing_is_done_whole() -> None:
    assert rest(taped(SYNCED, *STORY)) == STORY


def test_a_call_that_is_over_is_left_alone() -> None:
    assert rest(taped(SYNCED, *STORY), over=("1",)) == []


def test_rounds_that_repeat_themselves_are_counted() -> None:
    rounds = [arrives(), talks(), *[waits(), talks()] * 20, leaves()]
    tape = taped(SYNCED, *rounds)
    for done in range(1, len(rounds)):
        assert len(rest(tape, _1=heard(*rounds[:done]))) == len(rounds) - done


def test_who_joined_in_the_middle_finds_the_place_by_what_came_last() -> None:
    tape = taped(waits(at=-9.0), SYNCED, stops(), waits(queue="sales"), talks(), leaves())
    story = [arrives(), waits(), stops(), waits(queue="sales"), talks()]
    assert rest(tape, _1=heard(*story)) == [leaves()]
    assert rest(tape, _1=heard(*story[:4])) == [talks(), leaves()]
    assert rest(tape, _1=heard(*story[:3])) == [waits(queue="sales"), talks(), leaves()]


def test_what_a_resync_found_is_done_if_the_other_one_came_no_further_than_that() -> None:
    found, done = waits(at=-9.0, queue="sales"), heard(arrives(), waits())
    assert rest(taped(found, SYNCED, leaves()), _1=done) == [found, leaves()]
    assert rest(taped(found, SYNCED, talks()), _1=done) == [talks()]
    assert rest(taped(StateUnknown("main/1", 0.0), SYNCED, leaves()), _1=heard(arrives(), waits())) == [
        StateUnknown("main/1", 0.0), leaves(),
    ]  # fmt: skip


def test_what_a_resync_found_counts_no_more_once_the_other_one_was_seen_to_come_further() -> None:
    tape = taped(StateUnknown("main/1", 0.0), SYNCED, arrives("2", 5.0), leaves("1", 6.0))
    assert rest(tape, _1=heard(arrives(), waits()), _2=heard(arrives("2"))) == [leaves("1", 6.0)]


def test_what_the_other_one_learned_by_a_resync_is_put_right_by_who_saw_all() -> None:
    """It saw no more of the call after that, and it may not know what was true."""
    tape = taped(SYNCED, arrives(), waits(), stops(), talks(), waits(queue="sales"))
    assert rest(tape, Phase.UNSEEN, _1=Heard(None, (), 0)) == [waits(queue="sales")]


def test_a_wait_that_ended_is_not_counted_twice_where_the_place_is_lost() -> None:
    tape = taped(SYNCED, arrives(), waits(), stops())
    assert rest(tape, _1=Heard(None, (), 0)) == [stops()]
    assert rest(tape, Phase.UNSEEN, _1=Heard(None, (), 0)) == [waits(), stops()]


def test_keys_that_were_not_taken_are_pressed_once() -> None:
    tape = taped(SYNCED, arrives(), waits(), presses("1"), presses("5"))
    assert rest(tape, _1=heard(arrives(), waits(), presses("1"))) == [presses("5")]
    assert rest(tape, _1=heard(arrives(), waits(), presses("1"), presses("5"))) == []


def test_a_gap_of_ones_own_is_no_reason_to_lose_the_place() -> None:
    tape = taped(SYNCED, arrives(), waits(), LOST, talks(), SYNCED, waits(queue="sales"), leaves())
    story = [arrives(), waits(), stops(), talks(), waits(queue="sales")]
    assert rest(tape, _1=heard(*story)) == [leaves()]
    assert rest(tape, _1=heard(arrives(), waits())) == [talks(), waits(queue="sales"), leaves()]


def test_a_count_that_leads_elsewhere_is_not_trusted() -> None:
    tape = taped(SYNCED, arrives(), waits(), stops(), talks(), leaves())
    told = Heard(2, heard(talks()).tail, 1)  # the other one missed some
    assert rest(tape, Phase.TALKING, _1=told) == [leaves()]


def test_who_lags_behind_the_other_one_has_nothing_left_to_do() -> None:
    tape = taped(SYNCED, arrives(), waits())
    assert rest(tape, _1=heard(arrives(), waits(), stops(), talks())) == []


def test_what_ends_unseen_is_told_once_the_other_one_has_not() -> None:
    gone = CallLost("main/1", 0.0)
    assert rest(taped(gone, SYNCED), _1=heard(arrives(), waits())) == [gone]
    assert rest(taped(gone, SYNCED), over=("1",)) == []


def test_facts_of_many_calls_keep_their_order() -> None:
    mixed = [arrives("1"), arrives("2"), waits("1"), waits("2"), leaves("2"), talks("1")]
    assert rest(taped(SYNCED, *mixed), _1=heard(arrives("1"))) == [mixed[1], *mixed[2:]]


def test_that_staff_reached_somebody_is_noted_unless_it_surely_was() -> None:
    early, late = StaffReached("main/7", 1.0, "+12025550143"), StaffReached("main/8", 9.0, "+12025550144")
    tape = taped(SYNCED, early, arrives("2", 5.0), late)
    assert rest(tape, _2=heard(arrives("2"))) == [late]
    assert rest(taped(SYNCED, early)) == [early]
    ancient = StaffReached("main/7", NOW - RECENT - 1, "+12025550143")
    assert rest(taped(SYNCED, ancient)) == []


def test_the_next_daemon_finds_the_place_by_what_this_one_heard() -> None:
    tape = taped(SYNCED, *STORY[:5])
    found = left(tape.told(), {"main/1": Known(heard(*STORY[:3]), Phase.WAITING)}, (), NOW, stream=7)
    assert found.heard["main/1"] == Heard(3, heard(*STORY[:3]).tail, 7)


def test_a_tape_forgets_what_is_over_and_the_oldest_call_if_there_is_too_much() -> None:
    tape = Tape(limit=5)
    for fact in (SYNCED, arrives("1"), waits("1"), leaves("1"), arrives("2"), waits("2")):
        tape.note(fact)
    assert (len(tape), tape.ended(), tape.dropped) == (5, ["main/1"], 0)
    tape.note(leaves("2"))
    assert (len(tape), tape.ended(), tape.dropped) == (3, ["main/2"], 1)
    tape.forget(["main/2", "main/3"])
    assert (len(tape), tape.ended(), tape.told()) == (0, [], [])


def test_a_long_call_keeps_its_arrival_and_its_numbers() -> None:
    rounds = [arrives(), *[waits(), talks()] * 60]
    tape = taped(SYNCED, *rounds)
    assert len(tape) == 64 and tape.told()[0].fact == arrives()
    assert rest(tape, _1=heard(*rounds[:-1])) == [talks()]
