"""What queue_log and CDR tell of a call is what a live link would have told, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data import RECORDS
from textback.backtest import HORIZON
from textback.call import Call, Rules, advance, arrive
from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    Fact,
    HoldStarted,
    NoAnswer,
    Place,
    Ringing,
    StaffReached,
    Talking,
)
from textback.pbx.records import Visit
from textback.pbx.records.asterisk import AsteriskRecords

from .built import CALLER, T0, call, line, row, write

TRUNKS = ("PJSIP/trunk-*",)
RULES = Rules(after=30.0)


class Truth(NamedTuple):
    """How a call of the lab ended, as those who made it know it."""

    caller: str
    disposition: str
    queue: str | None = None
    hold: tuple[int, int] | None = None
    agent: str | None = None
    voicemail: bool = False


#: The calls of an hour on a real Asterisk. A key in a queue, a queue that lets nobody in and an agent's hold
#: are in no record: what they end in is what it is without them.
REAL = {
    "waits, gives up": Truth("15559870001", "abandoned", "support", (10, 14)),
    "gives up while an agent rings": Truth("15559870002", "abandoned", "support", (4, 7)),
    "gives up after two agents rang out": Truth("15559870003", "abandoned", "support", (17, 20)),
    "gives up before the PBX answered": Truth("15559870004", "abandoned", "support", (6, 10)),
    "one of two waiting": Truth("15559870005", "abandoned", "support", (7, 9)),
    "two of two waiting": Truth("15559870006", "abandoned", "support", (10, 12)),
    "answered in a queue": Truth("15559870011", "answered", "support", (2, 5), "agent1"),
    "answered, the agent hangs up": Truth("15559870012", "answered", "support", (1, 4), "agent1"),
    "members are Local channels": Truth("15559870013", "answered", "fpbx", (2, 4), "ext201"),
    "a member that is optimized away": Truth("15559870014", "answered", "localopt", (1, 4), "ext201"),
    "ringall": Truth("15559870015", "answered", "ringallq", (2, 4), "agent2"),
    "one busy, the next answers": Truth("15559870016", "answered", "support", None, "agent2"),
    "answered after a wait": Truth("15559870017", "answered", "support", (9, 15), "agent1"),
    "gives up on Local members": Truth("15559870018", "abandoned", "fpbx", (5, 7)),
    "key 5 leaves the queue": Truth("15559870021", "abandoned", "sales", (6, 8)),
    "key 5 stays": Truth("15559870022", "abandoned", "support", (11, 13)),
    "key 7 stays": Truth("15559870024", "abandoned", "sales", (9, 12)),
    "key 5 while an agent rings": Truth("15559870025", "abandoned", "sales", (3, 5)),
    "offer after a time-out": Truth("15559870030", "missed", "support", (9, 11)),
    "offer declined, back in the queue": Truth("15559870031", "abandoned", "support", (12, 15)),
    "key 5 while talking": Truth("15559870034", "answered", "support", (1, 3), "agent1"),
    "time-out, voicemail": Truth("15559870041", "missed", "support", (9, 11), voicemail=True),
    "nobody in the queue": Truth("15559870042", "unreached"),
    "the queue empties": Truth("15559870043", "missed", "leaveq", (7, 10)),
    "first in a queue of one": Truth("15559870044", "abandoned", "fullq", (11, 13)),
    "no room in a queue of one": Truth("15559870045", "unreached"),
    "goes on after the agent hung up": Truth("15559870046", "answered", "support", (1, 3), "agent1"),
    "nobody available at the door": Truth("15559870047", "unreached"),
    "nobody available any more": Truth("15559870048", "missed", "unavq", (7, 10)),
    "rings out": Truth("15559870051", "missed"),
    "busy": Truth("15559870052", "missed"),
    "gives up while it rings": Truth("15559870053", "missed"),
    "desk answers": Truth("15559870054", "answered", agent="ext201"),
    "desk without a phone": Truth("15559870055", "missed"),
    "desk whose phone is gone": Truth("15559870056", "missed"),
    "desk declines": Truth("15559870057", "missed"),
    "ring group of Local channels": Truth("15559870058", "answered", agent="ext202"),
    "ring group of Local channels rings out": Truth("15559870059", "missed"),
    "ring group": Truth("15559870060", "answered", agent="ext201"),
    "gives up on a ring group": Truth("15559870061", "missed"),
    "rings out, voicemail": Truth("15559870062", "missed", voicemail=True),
    "agent holds and comes back": Truth("15559870071", "answered", "support", (1, 4), "agent1"),
    "blind transfer, answered": Truth("15559870072", "answered", "support", (1, 4), "ext202"),
    "blind transfer into a queue, gives up": Truth("15559870073", "abandoned", "sales", (8, 10)),
    "attended transfer by the phone": Truth("15559870074", "answered", "support", (1, 4), "ext202"),
    "attended transfer by the PBX": Truth("15559870075", "answered", "support", (1, 4), "ext202"),
    "blind transfer, not answered": Truth("15559870076", "missed", "support"),
    "waits beside one who is redirected": Truth("15559870081", "abandoned", "support", (25, 27)),
    "waits behind one who is redirected": Truth("15559870083", "abandoned", "support", (24, 26)),
    "redirected to an offer and back": Truth("15559870082", "abandoned", "support", (14, 17)),
    "gives up in the offer": Truth("15559870084", "abandoned", "support", (4, 6)),
    "taken out of the queue": Truth("15559870086", "missed", "support", (4, 6)),
    "hung up by an operator": Truth("15559870087", "abandoned", "support", (3, 5)),
    "in the menu": Truth("15559870092", "unreached"),
    "hook is down": Truth("15559870095", "abandoned", "support", (4, 6)),
    "waits while Asterisk restarts": Truth("15559870101", "abandoned", "support", (4, 6)),
    "talks while Asterisk restarts": Truth("15559870102", "answered", agent="ext201"),
    "waits while Asterisk dies": Truth("15559870106", "lost", "support"),
    "overflow, answered": Truth("15559870201", "answered", "overflow", (8, 12), "agent1"),
    "overflow, gives up": Truth("15559870202", "abandoned", "overflow", (11, 15)),
    "attended into a queue, gives up": Truth("15559870203", "abandoned", "support", (8, 13), "ext201"),
    "attended into a queue, answered": Truth("15559870204", "answered", "support", (9, 12), "agent1"),
    "lost on an agent's hold": Truth("15559870206", "answered", "support", (1, 4), "agent1"),
    "gives up in the parking lot": Truth("15559870207", "abandoned", "support", (11, 13)),
    "taken from the parking lot": Truth("15559870208", "answered", "support", (1, 4), "ext202"),
    "forwarded to a mobile, not answered": Truth("15559870212", "missed"),
    "forwarded to a mobile, answered": Truth("15559870213", "answered", agent="12125550177"),
    "called back later": Truth("15559870218", "abandoned", "support", (4, 7)),
    "pipes in the name": Truth("15559870221", "abandoned", "support", (5, 7)),
    "desk rings out, then a queue": Truth("15559870222", "abandoned", "support", (5, 7)),
    "transferred to voicemail": Truth("15559870230", "missed", "support", voicemail=True),
    "voicemail behind a Local channel": Truth("15559870231", "missed", voicemail=True),
    "desk behind a Local channel": Truth("15559870232", "answered", agent="ext201"),
    "feature code into a queue, gives up": Truth("15559870233", "abandoned", "support", (14, 17), "ext201"),
}
#: withheld, forged and invented numbers, and those who called more than once
OTHERS = {"anonymous", None, "+15559870065", "0049301234567", "+15559870067", "15559870121", "15559870214"}


def records(folder: Path, lines: Sequence[str] = (), rows: Sequence[str] = (), **settings: Any) -> AsteriskRecords:
    """The records of a PBX ``main``; without rows there is no CDR, without lines no queue_log."""
    queue_log = str(write(folder / "queue_log", *lines)) if lines else None
    cdr = str(write(folder / "Master.csv", *rows)) if rows else None
    return AsteriskRecords("main", TRUNKS, queue_log=queue_log, cdr=cdr, **settings)


def play(facts: Sequence[Fact], known: Call | None = None) -> list[Call]:
    """The calls that these facts make, in the machine."""
    calls = {known.id: known} if known else {}
    for fact in facts:
        if isinstance(fact, CallerArrived):
            calls[fact.call_id] = arrive(fact)
        elif not isinstance(fact, StaffReached):
            calls[fact.call_id], _ = advance(calls[fact.call_id], fact, RULES)
    return list(calls.values())


def told(of: AsteriskRecords, until: float = 7200.0) -> list[Call]:
    return play(of.settle((), T0 - 7200.0, T0 + until))


def one(folder: Path, lines: Sequence[str] = (), rows: Sequence[str] = (), **settings: Any) -> Call:
    [found] = told(records(folder, lines, rows, **settings))
    return found


# -- real ones ------------------------------------------------------------------------------------------


PBXES = ("asterisk16", "asterisk22")


def called(pbx: str, truth: Truth) -> bool:
    return any(truth.caller in path.read_text() for path in (RECORDS / pbx).iterdir())


@cache
def hour(pbx: str) -> dict[str | None, list[Call]]:
    """The calls of an hour on a real Asterisk, by caller."""
    folder = RECORDS / pbx
    of = AsteriskRecords("main", TRUNKS, queue_log=str(folder / "queue_log"), cdr=str(folder / "Master.csv"))
    found: dict[str | None, list[Call]] = {}
    for visit in of.visits(0.0):
        if isinstance(visit, Visit):
            facts = [visit.arrived, *(moment.fact for moment in visit.moments)]
            found.setdefault(visit.arrived.number, []).extend(play(facts))
    return found


@pytest.mark.parametrize(("pbx", "name"), [(pbx, name) for pbx in PBXES for name in REAL if called(pbx, REAL[name])])
def test_a_real_call_is_told_as_it_was(pbx: str, name: str) -> None:
    truth = REAL[name]
    [found] = hour(pbx)[truth.caller]
    low, high = truth.hold or (0, 10**6)
    assert (found.disposition or "lost", found.queue) == (truth.disposition, truth.queue)
    assert low <= (found.hold_seconds or 0.0) <= high
    assert truth.agent in (None, found.answered_by)
    assert found.voicemail == truth.voicemail


@pytest.mark.parametrize("pbx", PBXES)
def test_nobody_else_called_in_that_hour(pbx: str) -> None:
    called_back = "15559870220"  # without contexts a call of the PBX over the trunk looks like one of a caller
    assert set(hour(pbx)) - {truth.caller for truth in REAL.values()} - OTHERS <= {called_back}


def test_staff_who_called_back_are_told_and_their_calls_are_no_calls() -> None:
    folder = RECORDS / "asterisk22"
    of = AsteriskRecords("main", TRUNKS, queue_log=str(folder / "queue_log"), cdr=str(folder / "Master.csv"))
    reached = [found.number for found in of.visits(0.0) if isinstance(found, StaffReached)]
    assert sorted(reached) == ["12125550199", "12125550199", "15559870218"]


def test_contexts_keep_out_whom_the_pbx_called_itself() -> None:
    folder = RECORDS / "asterisk22"
    files = {"queue_log": str(folder / "queue_log"), "cdr": str(folder / "Master.csv")}
    numbers = {
        visit.arrived.number
        for visit in AsteriskRecords("main", TRUNKS, ["from-trunk"], **files).visits(0.0)
        if isinstance(visit, Visit)
    }
    assert "15559870001" in numbers and "15559870220" not in numbers


# -- one by one -----------------------------------------------------------------------------------------


def test_a_call_that_was_never_seen_is_told_from_its_arrival_on(tmp_path: Path) -> None:
    lines = [line(2, call(1), "ENTERQUEUE", "", CALLER, 1), line(50, call(1), "ABANDON", 1, 1, 48)]
    rows = [row(call(1), 0, 50, clid=f'"Doe, \\"Jane\\"" <{CALLER}>')]
    facts = records(tmp_path, lines, rows).settle((), T0 - 10.0, T0 + 60.0)
    call_id = f"main/{call(1)}"
    assert facts == [
        CallerArrived(call_id, T0, "main", call(1), CALLER, 'Doe, "Jane"', "15551230100"),
        HoldStarted(call_id, T0 + 2, Place.QUEUE, T0 + 2, "support"),
        CallerLeft(call_id, T0 + 50),
    ]


def test_a_call_that_was_on_the_line_is_told_from_then_on(tmp_path: Path) -> None:
    lines = [
        line(2, call(1), "ENTERQUEUE", "", CALLER, 1),
        line(40, call(1), "CONNECT", 38, call(2), 3, agent="One"),
        line(90, call(1), "COMPLETECALLER", 38, 50, 1, agent="One"),
    ]
    facts = records(tmp_path, lines).settle([call(1)], T0 + 20.0, T0 + 100.0)
    call_id = f"main/{call(1)}"
    assert facts == [Talking(call_id, T0 + 40, "One"), CallerLeft(call_id, T0 + 90)]


def test_who_was_answered_and_left_in_the_last_second_that_was_seen_was_answered(tmp_path: Path) -> None:
    lines = [
        line(2, call(1), "ENTERQUEUE", "", CALLER, 1),
        line(40, call(1), "CONNECT", 38, call(2), 3, agent="One"),
        line(43, call(1), "COMPLETECALLER", 38, 3, 1, agent="One"),
    ]
    facts = records(tmp_path, lines).settle([call(1)], T0 + 43.7, T0 + 100.0)
    assert [type(fact) for fact in facts] == [Talking, CallerLeft]


def test_who_may_have_begun_to_talk_unseen_is_told_as_talking(tmp_path: Path) -> None:
    # the PBX picked up for its menu at 0, somebody only later: the row does not tell when
    rows = [row(call(1), 0, 200, answer=0, dstchannel="PJSIP/ext201-1", app="Dial", data="PJSIP/ext201")]
    known = arrive(CallerArrived(f"main/{call(1)}", T0, "main", call(1), CALLER))
    known, _ = advance(known, Ringing(known.id, T0 + 140), RULES)
    [found] = play(records(tmp_path, (), rows).settle([call(1)], T0 + 150.0, T0 + 300.0), known)
    assert (found.disposition, found.answered_by) == ("answered", "ext201")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([line(2, call(1), "ENTERQUEUE", "", CALLER, 1)], "the wait has no end"),
        ([line(2, call(1), "ENTERQUEUE", "", CALLER, 1), line(9, "NONE", "QUEUESTART")], "Asterisk died"),
        ([line(2, call(1), "ENTERQUEUE", "", CALLER, 1), line(9, call(1), "EXITWITHTIMEOUT", 1)], "what came then?"),
        (
            [
                line(2, call(1), "ENTERQUEUE", "", CALLER, 1),
                line(4, call(1), "CONNECT", 2, call(2), 2),
                line(9, call(1), "BLINDTRANSFER", "202", "from-internal", 2, 5, 1),
            ],
            "to whom?",
        ),
    ],
)
def test_a_call_whose_end_is_not_told_has_no_facts(tmp_path: Path, lines: list[str], why: str) -> None:
    assert records(tmp_path, lines).settle([call(1)], T0 + 1.0, T0 + 100.0) == [], why
    assert records(tmp_path, lines).settle((), T0 - 1.0, T0 + 100.0) == [], why


def test_a_row_from_before_a_transfer_tells_nothing_of_what_came_after(tmp_path: Path) -> None:
    lines = [
        line(2, call(1), "ENTERQUEUE", "", CALLER, 1),
        line(4, call(1), "CONNECT", 2, call(2), 2, agent="One"),
        line(9, call(1), "BLINDTRANSFER", "600", "from-internal", 2, 5, 1, agent="One"),
    ]
    rows = [row(call(1), 0, 9, answer=0, dstchannel="PJSIP/agent1-1")]
    assert told(records(tmp_path, lines, rows)) == []
    again = [line(9, call(1), "ENTERQUEUE", "", CALLER, 1, queue="sales"), line(99, call(1), "ABANDON", 1, 1, 90)]
    found = one(tmp_path, lines + again, rows)
    assert (found.disposition, found.queue, found.hold_seconds) == ("abandoned", "sales", 90.0)


@pytest.mark.parametrize(
    ("verbs", "gone_on", "disposition"),
    [
        (["ABANDON", "EXITEMPTY"], False, "abandoned"),
        (["EXITEMPTY", "ABANDON"], False, "abandoned"),
        (["SYSCOMPAT", "ABANDON"], False, "abandoned"),
        (["ABANDON", "ABANDON"], False, "abandoned"),
        (["ABANDON", "EXITEMPTY"], True, "missed"),
        (["EXITWITHTIMEOUT", "ABANDON"], True, "missed"),
        (["ABANDON"], True, "abandoned"),
    ],
)
def test_an_end_that_is_written_twice_is_one_end(
    tmp_path: Path, verbs: list[str], gone_on: bool, disposition: str
) -> None:
    lines = [line(2, call(1), "ENTERQUEUE", "", CALLER, 1), *(line(32, call(1), verb, 1, 1, 30) for verb in verbs)]
    found = one(tmp_path, lines, [row(call(1), 0, 60 if gone_on else 32, app="Playback")])
    assert (found.disposition, found.hold_seconds) == (disposition, 30.0)
    assert (found.ended_at or 0) - T0 == (60 if gone_on else 32)


@pytest.mark.parametrize(
    "forged", ["ABANDON|1|1|", "CONNECT|1|2.2|1", "EXITWITHKEY|5|1|1", "ENTERQUEUE||1|", "BLINDTRANSFER|1|x", "DID|5"]
)
@pytest.mark.parametrize("at", [3, 31, 32, 33, 90])
def test_a_line_that_a_number_may_hold_is_left_out_where_the_others_are_a_whole(
    tmp_path: Path, forged: str, at: int
) -> None:
    lines = [
        line(2, call(1), "ENTERQUEUE", "", CALLER, 1),
        line(4, call(2), "ENTERQUEUE", "", f"|1\n{T0 + at}|{call(1)}|s|N|{forged}", 2),
        line(32, call(1), "ABANDON", 1, 1, 30),
    ]
    (found,) = (found for found in told(records(tmp_path, lines)) if found.id == f"main/{call(1)}")
    assert (found.disposition, found.hold_seconds, found.did) == ("abandoned", 30.0, None)


def test_a_line_that_a_number_might_hold_counts_where_the_others_are_none_without_it(tmp_path: Path) -> None:
    lines = [
        line(2, call(1), "ENTERQUEUE", "", CALLER, 1),
        line(4, call(2), "ENTERQUEUE", "", CALLER, 2),
        line(32, call(1), "ABANDON", 1, 1, 30),
        line(40, call(3), "ENTERQUEUE", "", CALLER, 2),
        line(62, call(2), "ABANDON", 1, 1, 58),
        line(63, call(3), "ABANDON", 1, 1, 23),
    ]
    found = {found.id: (found.disposition, found.hold_seconds) for found in told(records(tmp_path, lines))}
    assert list(found.values()) == [("abandoned", 30.0), ("abandoned", 58.0), ("abandoned", 23.0)]


def test_a_call_whose_end_a_number_might_hold_comes_in_time_for_a_backtest(tmp_path: Path) -> None:
    lines = [line(2, call(1), "ENTERQUEUE", "", CALLER, 1), line(30, call(2), "ENTERQUEUE", "", CALLER, 2)]
    lines += [line(32, call(1), "ABANDON", 1, 1, 30), line(40, call(2), "ABANDON", 1, 1, 10)]
    for number in range(3, 63):
        at = 180 * number
        lines += [line(at, call(number, at), "ENTERQUEUE", "", CALLER, 1)]
        lines += [line(at + 60, call(number, at), "ABANDON", 1, 1, 60)]
    ended = [visit.ended or 0.0 for visit in records(tmp_path, lines).visits(0.0) if isinstance(visit, Visit)]
    assert len(ended) == 62
    assert all(max(ended[: place + 1]) - at < HORIZON for place, at in enumerate(ended))


@pytest.mark.parametrize("whose", ["9.9", call(2)])
@pytest.mark.parametrize("has_cdr", [False, True])
@pytest.mark.parametrize("at", ["99999999999", T0 + 400, T0 - 4000])
def test_a_line_of_another_time_that_a_number_may_hold_parts_nobody_from_their_own(
    tmp_path: Path, whose: str, has_cdr: bool, at: str | float
) -> None:
    lines = [
        line(2, call(1), "ENTERQUEUE", "", CALLER, 1),
        line(4, call(2), "ENTERQUEUE", "", f"|1\n{at}|{whose}|s|N|ABANDON|1|1|", 2),
        line(32, call(1), "ABANDON", 1, 1, 30),
        line(44, call(2), "ABANDON", 1, 1, 40),
        line(50, call(3, 48), "ENTERQUEUE", "", CALLER, 1),
        line(80, call(3, 48), "ABANDON", 1, 1, 30),
    ]
    spans = {call(1): (0, 32), call(2): (0, 44), call(3, 48): (48, 80)}
    rows = [row(one, *span, app="Queue") for one, span in spans.items()] if has_cdr else []
    found = {found.id: (found.disposition, found.hold_seconds) for found in told(records(tmp_path, lines, rows))}
    assert found[f"main/{call(1)}"] == found[f"main/{call(3, 48)}"] == ("abandoned", 30.0)


def test_two_lines_that_fit_into_one_number_are_no_call(tmp_path: Path) -> None:
    forged = f"|1\n{T0}|9.9|s|N|ENTERQUEUE||{CALLER}|1\n{T0}|9.9|s|N|ABANDON|1"
    lines = [line(1, call(1), "ENTERQUEUE", "", forged, 1), line(9, call(1), "ABANDON", 1, 1, 8)]
    assert not [found for found in told(records(tmp_path, lines)) if found.id == "main/9.9"]


@pytest.mark.parametrize("verb", ["CONNECT", "COMPLETECALLER", "EXITEMPTY"])
def test_an_end_that_is_none_was_forged_and_nobody_knows_how_the_call_ended(tmp_path: Path, verb: str) -> None:
    forged = f"|1\n{T0 + 4}|{call(1)}|s|N|ABANDON|1|1|"
    lines = [
        line(2, call(1), "ENTERQUEUE", "", CALLER, 1),
        line(4, call(2), "ENTERQUEUE", "", forged, 2),
        line(32, call(1), verb, 1, call(9), 1),
    ]
    assert [found for found in told(records(tmp_path, lines)) if found.id == f"main/{call(1)}"] == []


def test_a_consult_call_into_a_queue_is_no_caller_but_hands_on_its_seat(tmp_path: Path) -> None:
    lines = [line(40, call(7, 40), "ENTERQUEUE", "", "201", 1), line(70, call(1), "ABANDON", 1, 1, 30)]
    rows = [
        row(call(7, 40), 40, 50, channel="PJSIP/ext201-2", context="from-internal", linkedid=call(7, 40)),
        row(call(1), 0, 50, answer=3, dstchannel="PJSIP/ext201-1", app="Dial", data="PJSIP/ext201"),
        row(call(1), 50, 70, answer=50),
    ]
    found = one(tmp_path, lines, rows)
    assert (found.id, found.disposition, found.hold_seconds) == (f"main/{call(1)}", "abandoned", 30.0)
    alone = told(records(tmp_path / "..", lines))
    assert [(caller.number, caller.disposition) for caller in alone] == []


def test_without_a_cdr_only_a_whole_number_is_a_caller(tmp_path: Path) -> None:
    numbers = list(enumerate(["201", "2025550", CALLER, "", "anonymous"]))
    lines = [line(2, call(number), "ENTERQUEUE", "", joined, 1) for number, joined in numbers]
    lines += [line(50, call(number), "ABANDON", 1, 1, 48) for number, _ in numbers]
    of = records(tmp_path, lines)
    assert sorted(str(found.number) for found in told(of)) == [CALLER, "2025550"]
    # who was seen to call is a caller, whatever the number
    assert len(of.settle([call(4)], T0 + 10.0, T0 + 60.0)) == 1


def test_a_queue_that_let_nobody_in_is_told_by_its_row_alone(tmp_path: Path) -> None:
    other = [line(0, call(9), "ENTERQUEUE", "", "201", 1)]
    found = one(tmp_path, other, [row(call(1), 0, 3, data="empty,t", answer=0)])
    assert (found.disposition, found.queue, found.no_answer) == ("missed", "empty", NoAnswer.QUEUE_EMPTY)


def test_without_a_queue_log_a_row_of_a_queue_is_a_wait(tmp_path: Path) -> None:
    found = one(tmp_path, (), [row(call(1), 0, 40, data="support,t", answer=0)])
    assert (found.disposition, found.queue, found.hold_seconds) == ("abandoned", "support", 40.0)
    rows = [row(call(1), 0, 40, dstchannel="PJSIP/a-1", disposition="NO ANSWER"), row(call(1), 40, 60, app="VoiceMail")]
    found = one(tmp_path, (), rows)
    assert (found.disposition, found.voicemail, found.hold_seconds) == ("missed", True, 40.0)


@pytest.mark.parametrize(
    ("rows", "ring", "gave_up", "why"),
    [
        ([("NO ANSWER", 0, 8)], 8.0, True, None),
        ([("NO ANSWER", 0, 8), ("", 8, 8)], 8.0, False, NoAnswer.RANG_OUT),
        ([("BUSY", 0, 1), ("", 1, 1)], 1.0, False, NoAnswer.BUSY),
        ([("FAILED", 0, 0)], None, False, NoAnswer.UNREACHABLE),
        ([("NO ANSWER", 0, 8), ("NO ANSWER", 8, 12)], 12.0, True, NoAnswer.RANG_OUT),
        ([("NO ANSWER", 0, 8), ("BUSY", 0, 2)], 8.0, True, None),
    ],
)
def test_phones_that_nobody_answered(
    tmp_path: Path, rows: list[tuple[str, int, int]], ring: float | None, gave_up: bool, why: NoAnswer | None
) -> None:
    lines = [
        row(call(1), start, end, disposition=disposition, dstchannel=f"PJSIP/e{number}-1", app="Dial", data="x")
        if disposition
        else row(call(1), start, end, app="Hangup", data="", disposition="NO ANSWER")
        for number, (disposition, start, end) in enumerate(rows)
    ]
    found = one(tmp_path, (), lines)
    assert (found.disposition, found.ring_seconds, found.gave_up_ringing) == ("missed", ring, gave_up)
    assert found.no_answer is why


def test_legs_that_lost_the_race_mean_nothing(tmp_path: Path) -> None:
    dial = {"app": "Dial", "data": "PJSIP/a&PJSIP/b&PJSIP/c"}
    rows = [
        row(call(1), 0, 60, answer=9, dstchannel="PJSIP/b-1", **dial),
        *(row(call(1), 0, 9, dstchannel=f"PJSIP/{name}-1", disposition="NO ANSWER", **dial) for name in "ac"),
    ]
    found = one(tmp_path, (), rows)
    assert (found.disposition, found.answered_by, (found.answered_at or 0) - T0) == ("answered", "b", 9)


@pytest.mark.parametrize("hours", [-8, 0, 5.5])
def test_the_zone_of_the_pbx_changes_nothing(tmp_path: Path, hours: float) -> None:
    found = one(tmp_path, (), [row(call(1), 0, 40, answer=3, hours=hours, dstchannel="PJSIP/a-1", app="Dial")])
    assert (found.started_at, found.answered_at, found.ended_at) == (T0, T0 + 3, T0 + 40)


def test_a_zone_that_is_named_wrongly_tells_nothing_of_calls_that_were_seen(tmp_path: Path) -> None:
    rows = [row(call(1), 0, 40, hours=-8)]
    assert records(tmp_path, (), rows, timezone="Asia/Tokyo").settle([call(1)], T0 + 9.0, T0 + 50.0) == []


def test_a_forged_number_is_never_taken_for_one(tmp_path: Path) -> None:
    number = f"1\n{T0}|9.9|s|N|ABANDON|1|1|9\n{T0}|8.8|s|N|ABANDON|1|1|9|-----------"
    assert len(number) == 79
    lines = [line(2, call(1), "ENTERQUEUE", "", number, 1), line(50, call(1), "ABANDON", 1, 1, 48)]
    rows = [row(call(1), 0, 50, src=f"1\n{CALLER}")]
    for of in (records(tmp_path, lines, rows), records(tmp_path, (), rows)):
        facts = of.settle((), T0 - 10.0, T0 + 60.0)
        assert isinstance(facts[0], CallerArrived) and facts[0].tampered and facts[0].number is None
    known, left = records(tmp_path, lines).settle([call(1)], T0 + 10.0, T0 + 60.0)
    assert isinstance(known, CallerKnown) and known.tampered and isinstance(left, CallerLeft)


#: as real ones wrote it, of Set(CDR(userfield)=${CALLERID(pres)}), and beside what somebody else keeps there
@pytest.mark.parametrize(
    ("userfield", "is_hidden"),
    [
        ("prohib_not_screened", True),
        ("prohib", True),
        ("unavailable", True),
        ("agent 7;prohib_passed_screen", True),
        ("allowed_not_screened", False),
        ("allowed", False),
        ("prohibition", False),
        ("agent unavailable", False),
        ("", False),
    ],
)
def test_a_number_that_the_dialplan_says_is_hidden_is_not_kept(tmp_path: Path, userfield: str, is_hidden: bool) -> None:
    call = one(tmp_path, rows=[row("1795291200.1", 0, 20, app="Dial", disposition="NO ANSWER", userfield=userfield)])
    assert (call.withheld, call.number is None) == (is_hidden, is_hidden)


def test_of_a_call_that_was_seen_the_records_tell_that_its_number_is_hidden(tmp_path: Path) -> None:
    rows = [row(call(1), 0, 50, app="Dial", disposition="NO ANSWER", userfield="prohib")]
    known, left = records(tmp_path, (), rows).settle([call(1)], T0 + 20.0, T0 + 60.0)
    assert known == CallerKnown(f"main/{call(1)}", T0 + 20.0, None, withheld=True)
    assert isinstance(left, CallerLeft)


def test_freepbx_tells_the_did_beside_the_call(tmp_path: Path) -> None:
    lines = [
        line(1, call(1), "DID", "15551230177", queue="600"),
        line(2, call(1), "ENTERQUEUE", "", CALLER, 1, queue="600"),
        line(50, call(1), "ABANDON", 1, 1, 48, queue="600"),
    ]
    of = records(tmp_path, lines, [row(call(1), 0, 50, dst="600", context="ext-queues")], contexts=["from-trunk"])
    assert [caller.did for caller in told(of)] == ["15551230177"]


def test_only_calls_that_ended_in_the_window_are_told(tmp_path: Path) -> None:
    lines = []
    for number, ended in enumerate([100, 200, 300, 400]):
        lines += [line(ended - 30, call(number, ended - 40), "ENTERQUEUE", "", CALLER, 1)]
        lines += [line(ended, call(number, ended - 40), "ABANDON", 1, 1, 30)]
    facts = records(tmp_path, lines).settle((), T0 + 150.0, T0 + 350.0)
    assert [fact.at - T0 for fact in facts if isinstance(fact, CallerLeft)] == [200, 300]
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)


def test_facts_of_several_calls_are_in_order_of_time(tmp_path: Path) -> None:
    lines = [
        line(1, call(1), "ENTERQUEUE", "", CALLER, 1),
        line(2, call(2), "ENTERQUEUE", "", "12025550199", 2),
        line(30, call(2), "ABANDON", 2, 2, 28),
        line(40, call(1), "ABANDON", 1, 1, 39),
    ]
    facts = records(tmp_path, lines).settle((), T0 - 1.0, T0 + 60.0)
    assert [fact.call_id[-1] for fact in facts] == ["1", "2", "1", "2", "2", "1"]


@given(
    verbs=st.lists(
        st.sampled_from("ENTERQUEUE CONNECT ABANDON EXITEMPTY COMPLETEAGENT BLINDTRANSFER QUEUESTART".split()),
        max_size=8,
    ),
    open_calls=st.sampled_from([(), (call(1),)]),
    rows=st.lists(
        st.tuples(st.sampled_from(["Queue", "Dial", "VoiceMail"]), st.sampled_from(["", "PJSIP/a-1"])), max_size=3
    ),
)
def test_whatever_the_records_say_facts_are_in_order_and_end_once(
    tmp_path_factory: pytest.TempPathFactory,
    verbs: list[str],
    open_calls: Collection[str],
    rows: list[tuple[str, str]],
) -> None:
    folder = tmp_path_factory.mktemp("records")
    lines = [line(at * 10, call(1), verb, "", CALLER, 3) for at, verb in enumerate(verbs)]
    cdr = [row(call(1), at * 20, at * 20 + 20, app=app, dstchannel=leg) for at, (app, leg) in enumerate(rows)]
    facts = records(folder, lines, cdr).settle(open_calls, T0 - 1.0, T0 + 1000.0)
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
    assert sum(isinstance(fact, CallerLeft) for fact in facts) <= 1
    assert not facts or isinstance(facts[-1], CallerLeft)
