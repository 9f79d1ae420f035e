"""After a reconnect: adopted, restored, ended, or said to be unknown; with the answers of a real FreeSWITCH, too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests import recordings
from tests.pbx.esl_messages import AGENT, CALLER, DID, NUMBER, OTHER, PHONE, TRUNK, Headers
from tests.pbx.esl_messages import bridge, create, hangup, hung_up, join, leg, member, plain, row, unbridge
from textback.events import CallerArrived, CallerLeft, Fact, HoldStarted, Place, Ringing, StateUnknown, Talking
from textback.pbx.esl_event import JsonEvent, PlainEvent
from textback.pbx.esl_facts import Translator, position
from textback.pbx.esl_resync import Resync
from textback.pbx.esl_snapshot import Snapshot, rows
from textback.pbx.picture import NOTHING, Situation
from textback.pbx.sight import LastSeen, Resynced

NOW = 1_795_281_662.0
STAMP = {"Event-Date-Timestamp": str(int(NOW * 1e6))}
MENU = {"application": "playback", "application_data": "menu.wav"}


def dump(block: Headers | None = None, **more: Any) -> JsonEvent:
    return JsonEvent((leg() if block is None else block) | STAMP | more)


def resynced(
    channels: list[Headers],
    *,
    calls: list[Headers] | None = None,
    dumps: Mapping[str, JsonEvent] | None = None,
    members: list[Headers] | None = None,
    known: dict[str, LastSeen] | None = None,
    meanwhile: list[Headers] | None = None,
    at: float = NOW,
) -> Resynced:
    """What a resync finds; ``meanwhile``: events that came after the login and before the lists."""
    translator = Translator("main", ["sofia/trunk/*", "sofia/lab/*"], ["public"])
    resync = Resync(translator, known or {})
    translator.syncing = True
    live: list[Fact] = []
    for one in meanwhile or []:
        live += translator.take(PlainEvent(plain(one)), at - 0.1)
    dumped = {CALLER: dump()} if dumps is None else dumps
    found = resync.apply(Snapshot(channels, calls or [], dumped, members or []), at)
    return Resynced([*live, *found.facts], found.gone)


def kinds(found: Resynced) -> list[type[Fact]]:
    return [type(fact) for fact in found.facts]


# -- the answers of a real one ---------------------------------------------------------------------------------


def recorded() -> Resynced:
    """One waits since 8 s, one talks with agent 1001, for one extension 1002 rings."""
    notes = json.loads(recordings.read_file("freeswitch", "wire/j3_resync_calls_in_progress.json"))["notes"]
    dumps = [JsonEvent.read(notes[f"uuid_dump json {who}"].encode()) for who in ("waiting", "talking", "ringing")]
    found = {one.get("Unique-ID") or "": one for one in dumps}
    listed = rows(json.loads(notes["show channels as json"]))
    calls = rows(json.loads(notes["show bridged_calls as json"]))
    # The other legs are on the same profile, and were not dumped then; a dump tells of them that they go out.
    others = {one["uuid"]: JsonEvent({"Call-Direction": "outbound"}) for one in listed if one["uuid"] not in found}
    return resynced(listed, calls=calls, dumps=found | others, at=1_795_282_099.6)


def test_recorded_answers_are_callers_with_their_numbers_and_dids() -> None:
    arrived = [fact for fact in recorded().facts if isinstance(fact, CallerArrived)]
    assert {(fact.number, fact.did) for fact in arrived} == {
        ("+13055551340", "+13055550100"),
        ("+13055551341", "+13055550100"),
        ("+13055551342", "+13055550111"),
    }


def test_recorded_answers_tell_what_is_true_for_each() -> None:
    found = recorded()
    number = {fact.call_id: fact.number for fact in found.facts if isinstance(fact, CallerArrived)}
    told = {number[fact.call_id]: fact for fact in found.facts if not isinstance(fact, CallerArrived)}
    waits, talks, rings = (told[f"+1305555134{last}"] for last in (0, 1, 2))
    assert isinstance(waits, HoldStarted) and waits.queue == "support" and 3 < NOW_J3 - waits.since < 4.6
    assert isinstance(talks, Talking) and talks.agent == "1001"
    assert isinstance(rings, Ringing) and not [fact for fact in found.facts if isinstance(fact, StateUnknown)]


NOW_J3 = 1_795_282_099.6


def test_recorded_members_of_who_gave_up_are_nobody() -> None:
    listed = recordings.read_file("freeswitch", "wire/k2_hostile_names_in_api_answers.json")
    (text,) = [text for name, text in json.loads(listed).items() if name.startswith("json") and '"queue list' in name]
    members = rows({"rows": json.loads(text)["response"]})
    found = resynced([row()], members=[*members, member(uuid="", session_uuid="", state="Abandoned")])
    assert [fact.call_id for fact in found.facts if isinstance(fact, CallerArrived)] == [f"main/{CALLER}"]


# -- who is a caller -------------------------------------------------------------------------------------------


def test_the_beginning_counts_though_the_caller_was_transferred_since() -> None:
    moved = row(context="default", dest="1004", cid_num="1001")
    changed = leg(Caller_Context="default", Caller_Destination_Number="1004", Caller_Caller_ID_Number="1001")
    found = resynced([moved], dumps={CALLER: dump(changed)})
    (arrived, *_) = found.facts
    assert isinstance(arrived, CallerArrived) and (arrived.number, arrived.did) == (NUMBER, "+15551230100")


@pytest.mark.parametrize(
    "changes",
    [{"direction": "outbound"}, {"name": "sofia/internal/1001@x"}, {"initial_context": "default"},
     {"initial_cid_num": "1001"}],
)  # fmt: skip
def test_others_are_no_callers(changes: Headers) -> None:
    assert resynced([row(**changes)]).facts == []


def test_who_hides_the_number_is_known_from_the_dump() -> None:
    (arrived, *_) = resynced([row()], dumps={CALLER: dump(leg(Caller_Privacy_Hide_Number="true"))}).facts
    assert isinstance(arrived, CallerArrived) and arrived.withheld and arrived.number is None


def test_a_leg_that_cannot_be_dumped_any_more_is_gone() -> None:
    found = resynced([row()], dumps={}, known={CALLER: LastSeen(TRUNK, NOTHING)})
    assert (found.facts, found.gone) == ([], [CALLER])


CREATED = {
    "Caller-Channel-Created-Time": str(int((NOW - 20.1) * 1e6)),
    "Event-Date-Timestamp": str(int((NOW - 0.1) * 1e6)),
}


@pytest.mark.parametrize("listed", [[], [row()]])
@pytest.mark.parametrize("ends", [[hangup(leg() | CREATED)], [hangup(leg() | CREATED), hung_up(leg() | CREATED)]])
def test_of_a_caller_of_whom_only_the_end_is_seen_it_is_known_that_they_called(
    listed: list[Headers], ends: list[Headers]
) -> None:
    found = resynced(listed, meanwhile=ends)
    (arrived,) = found.facts
    assert isinstance(arrived, CallerArrived) and (arrived.number, arrived.did) == (NUMBER, DID)
    assert arrived.at == pytest.approx(NOW - 20.1) and found.gone == [CALLER]


@pytest.mark.parametrize("changes", [{"Call-Direction": "outbound"}, {"Caller-Caller-ID-Number": "1001"}])
def test_of_others_the_end_alone_is_nobodys(changes: Headers) -> None:
    assert resynced([], meanwhile=[hangup(leg() | changes)]) == Resynced([], [])


def test_an_end_that_comes_when_all_has_been_looked_at_brings_nobody() -> None:
    translator = Translator("main", ["sofia/trunk/*"], ["public"])
    translator.syncing = True
    Resync(translator, {}).apply(Snapshot([], [], {}, []), NOW)
    assert translator.take(PlainEvent(plain(hangup())), NOW + 1) == []


def test_the_pbx_s_own_clock_may_be_wrong() -> None:
    hour = {"Event-Date-Timestamp": str(int((NOW + 3600) * 1e6))}
    created = row(created_epoch=str(int(NOW + 3600 - 62)))
    found = resynced([created], dumps={CALLER: JsonEvent(leg() | hour)}, members=[member(joined=str(int(NOW + 3558)))])
    arrived, waits = found.facts
    assert arrived.at == NOW - 62 and isinstance(waits, HoldStarted) and waits.since == NOW - 42


# -- what is true of them --------------------------------------------------------------------------------------


def test_a_wait_is_restored_by_the_queue_or_by_the_leg_itself() -> None:
    joined = {"variable_cc_queue_joined_epoch": "1795281620", "variable_cc_member_uuid": "ticket-1"}
    for found in (resynced([row()], members=[member()]), resynced([row()], dumps={CALLER: dump(**joined)})):
        assert kinds(found) == [CallerArrived, HoldStarted]
        assert found.facts[1] == HoldStarted(f"main/{CALLER}", NOW, Place.QUEUE, NOW - 42, "support")


def test_a_wait_that_an_event_has_told_meanwhile_is_left_alone() -> None:
    found = resynced([row()], members=[member()], meanwhile=[create(), join()])
    assert kinds(found) == [CallerArrived, HoldStarted] and found.facts[1].at == NOW - 0.1


@pytest.mark.parametrize("state", ["Abandoned", "Answered", ""])
def test_who_waits_no_more_has_no_seat(state: str) -> None:
    found = resynced([row(**MENU)], members=[member(state=state)])
    assert kinds(found) == [CallerArrived, StateUnknown]


def pair() -> Headers:
    return {"uuid": CALLER, "b_uuid": AGENT}


def agent_row(**changes: str) -> Headers:
    return row(AGENT, PHONE, "outbound", application="uuid_bridge", context="default", **changes)


def test_who_is_bridged_talks_and_who_is_held_waits() -> None:
    talks = resynced([row(application="uuid_bridge"), agent_row()], calls=[pair()])
    assert talks.facts[1] == Talking(f"main/{CALLER}", NOW, "1001")
    held = resynced([row(application="uuid_bridge"), agent_row(callstate="HELD")], calls=[pair()])
    assert held.facts[1] == HoldStarted(f"main/{CALLER}", NOW, Place.AGENT_HOLD, NOW)


def test_a_bridge_that_is_over_meanwhile_is_none() -> None:
    events = [create(), bridge(), unbridge()]
    found = resynced([row(application="uuid_bridge"), agent_row()], calls=[pair()], meanwhile=events)
    assert kinds(found)[-1] is not Talking or found.facts[-1].at < NOW


def test_who_rings_who_is_parked_and_who_is_in_a_fifo() -> None:
    leg_row = row(AGENT, PHONE, "outbound", callstate="RINGING", call_uuid=CALLER, application="", application_data="")
    assert kinds(resynced([row(application="bridge"), leg_row])) == [CallerArrived, Ringing]
    parked = resynced([row(application="valet_park", application_data="lot 6001")])
    assert isinstance(parked.facts[1], HoldStarted) and parked.facts[1].place is Place.PARK
    fifo = resynced([row(application="fifo", application_data="support@lab in")])
    assert isinstance(fifo.facts[1], HoldStarted) and fifo.facts[1].queue == "support@lab"


def test_the_halves_of_a_connection_inside_are_joined() -> None:
    b = leg(OTHER, "loopback/5000-b") | {"variable_other_loopback_leg_uuid": AGENT}
    listed = [row(application="uuid_bridge"), row(AGENT, "loopback/5000-a", "outbound"), row(OTHER, "loopback/5000-b")]
    dumps = {CALLER: dump(), AGENT: dump(leg(AGENT, "loopback/5000-a", "outbound")), OTHER: dump(b)}
    found = resynced(listed, calls=[pair()], dumps=dumps, members=[member(OTHER)])
    assert isinstance(found.facts[1], HoldStarted) and found.facts[1].place is Place.QUEUE


# -- what nobody knows -----------------------------------------------------------------------------------------


def known(situation: Situation | None = NOTHING, **more: Any) -> dict[str, LastSeen]:
    return {CALLER: LastSeen(TRUNK, situation, position(dump()), **more)}


def test_who_is_still_where_they_were_has_missed_nothing() -> None:
    assert resynced([row(**MENU)], known=known()).facts == []


@pytest.mark.parametrize(
    ("last", "found"),
    [
        (known(Situation(talking=True)), row(**MENU)),
        (known(Situation(Place.QUEUE, NOW)), row(**MENU)),
        (known(None), row(**MENU)),
        (known(), row(application="conference", application_data="1")),
        ({}, row(**MENU)),
    ],
)
def test_who_may_have_been_answered_meanwhile_is_not_known(last: dict[str, LastSeen], found: Headers) -> None:
    assert StateUnknown in kinds(resynced([found], known=last))


@pytest.mark.parametrize("changes", [{"Caller-Destination-Number": "1004"}, {"Caller-Channel-Bridged-Time": "179"}])
def test_who_has_come_further_or_was_bridged_is_not_known(changes: Headers) -> None:
    found = resynced([row(**MENU)], dumps={CALLER: JsonEvent(leg() | STAMP | changes)}, known=known())
    assert kinds(found) == [StateUnknown]


@pytest.mark.parametrize(("bridged", "unknown"), [("0", False), ("1795281630000000", True)])
def test_after_a_restart_who_was_in_a_menu_and_never_bridged_is_there_still(bridged: str, unknown: bool) -> None:
    last = {CALLER: LastSeen(situation=NOTHING)}
    dumps = {CALLER: JsonEvent(leg() | STAMP | {"Caller-Channel-Bridged-Time": bridged})}
    assert (StateUnknown in kinds(resynced([row(**MENU)], dumps=dumps, known=last))) is unknown


def test_who_had_hung_up_already_is_known_to_leave() -> None:
    assert resynced([row(**MENU)], dumps={CALLER: dump()}, known=known(leaving=True)).facts == []


@pytest.mark.parametrize("situation", [NOTHING, Situation(Place.QUEUE, NOW - 42, "support"), None])
def test_of_whom_only_the_end_was_seen_may_have_been_answered_before(situation: Situation | None) -> None:
    ended = [hangup(), hung_up()]
    assert resynced([row(**MENU)], known=known(situation), meanwhile=ended) == Resynced([], [CALLER])
    assert resynced([row(**MENU)], known=known(situation), meanwhile=ended[:1]) == Resynced([], [CALLER])


def test_who_was_bridged_and_left_meanwhile_was_answered() -> None:
    events = [create(leg(AGENT, PHONE, "outbound")), bridge(), hangup(), hung_up()]
    found = resynced([row(**MENU)], known=known(None), meanwhile=events)
    assert kinds(found)[-2:] == [Talking, CallerLeft] and found.gone == []


@pytest.mark.parametrize("answer", [None, 5, "x", [], {}, {"rows": None}, {"rows": [1, "x", None]}, {"rows": {"a": 1}}])
def test_an_answer_that_is_no_list_lists_nobody(answer: Any) -> None:
    assert [one for one in rows(answer) if one] == []


def test_rows_without_what_they_should_have_change_nothing() -> None:
    found = resynced([{}, {"uuid": ""}, row()], calls=[{}, {"uuid": CALLER}], members=[{}, member()])
    assert kinds(found) == [CallerArrived, HoldStarted]
