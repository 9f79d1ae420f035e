"""What FreeSWITCH's own records tell: calls that were made on a real one, and what nobody should have written."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.practices import practice
from textback.backtest import Backtest
from textback.events import CallerArrived, Fact, HoldStarted, KeyPressed, NobodyAnswered, StaffReached
from textback.pbx.errors import RecordsError
from textback.pbx.records import Visit
from textback.pbx.records.freeswitch import FreeswitchRecords
from textback.pbx.records.json_document import LARGEST, leg_of
from textback.pbx.records.kinds import records_of

RECORDED = Path(__file__).parents[2] / "data/records/freeswitch"
TRUNKS = ["sofia/trunk/*"]
SECOND = 1_000_000
#: 24 February 2027, when the made-up calls begin
T0 = 1_803_470_400


def legs(name: str) -> list[dict[str, Any]]:
    """The recorded legs of a call."""
    return [json.loads(gzip.decompress(file.read_bytes())) for file in sorted(RECORDED.glob(f"{name}.*.gz"))]


def put(folder: Path, *documents: dict[str, Any]) -> FreeswitchRecords:
    """Records with these legs."""
    for number, document in enumerate(documents):
        path = folder / f"a_{number:04}-{document['variables']['uuid']}.cdr.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        ended = int(document["variables"]["end_uepoch"]) / SECOND
        os.utime(path, (ended, ended))
    return FreeswitchRecords("main", TRUNKS, ["public"], "en", str(folder))


def visits(of: FreeswitchRecords, since: float = 0.0) -> list[Visit]:
    return [found for found in of.visits(since) if isinstance(found, Visit)]


#: what became of each recorded call, as its caller and the phones know it: disposition, queue, hold or ring at least
TRUTH = {
    "abandon": ("abandoned", "support@default", 6.0),
    "short_abandon": ("abandoned", "support@default", 2.0),
    "qanswer": ("answered", "support@default", 2.0),
    "qanswer_caller": ("answered", "support@default", 1.0),
    "timeout_vm": ("missed", "short@default", 4.0),
    "noanswer": ("missed", None, None),
    "busy": ("missed", None, None),
    "cancel": ("missed", None, None),
    "extanswer": ("answered", None, None),
    "park": ("abandoned", None, 6.0),
    "fifo": ("abandoned", "lab", 6.0),
    # the key is refused there, and changes nothing
    "exitkey_after": ("abandoned", "support@default", 3.0),
    "music": ("unreached", None, None),
}


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_a_recorded_call_ended_as_its_people_know(tmp_path: Path, name: str) -> None:
    of = put(tmp_path, *legs(name))
    [visit] = visits(of)
    assert (visit.arrived.name, visit.arrived.withheld) == ("Doe, Jane", False)
    assert str(visit.arrived.number).startswith("+1305555700")
    assert str(visit.arrived.did).startswith("1305555010")

    [entry] = Backtest([practice(call_to_text__enabled=False)]).run([visit])

    disposition, queue, least = TRUTH[name]
    told = entry.call.disposition, entry.call.queue
    assert told == (disposition, queue)
    if least is not None:
        assert entry.call.hold_seconds == pytest.approx(least, abs=0.3)


@pytest.mark.parametrize(
    ("name", "disposition", "why"),
    [
        ("early_gives_up", "missed", None),
        ("early_busy", "missed", "busy"),
        ("early_answers", "answered", None),
        ("early_after_menu", "missed", None),
        ("early_after_transfer", "missed", None),
    ],
)
def test_early_media_is_no_answer(tmp_path: Path, name: str, disposition: str, why: str | None) -> None:
    """Recorded: a phone that plays before it answers; a caller gives up, it is busy, it answers, nobody answers.

    The caller's own leg was answered before by a menu, or by the phone that transferred it.
    """
    [visit] = visits(put(tmp_path, *legs(name)))
    [entry] = Backtest([practice()]).run([visit])
    assert (entry.call.disposition, entry.call.no_answer) == (disposition, why)


def test_the_key_that_a_caller_pressed_on_hold_is_told_to_a_backtest(tmp_path: Path) -> None:
    [visit] = visits(put(tmp_path, *legs("exitkey_after")))
    assert [moment.fact.key for moment in visit.moments if isinstance(moment.fact, KeyPressed)] == ["5"]
    [entry] = Backtest([practice()]).run([visit])
    assert (entry.call.disposition, entry.decision and entry.decision.verdict) == ("texted", "text")


def test_a_call_within_the_house_is_none(tmp_path: Path) -> None:
    assert list(put(tmp_path, *legs("internal")).visits(0.0)) == []


def test_a_caller_in_another_context_is_none_unless_it_is_known(tmp_path: Path) -> None:
    put(tmp_path, *legs("abandon"))
    of = FreeswitchRecords("main", TRUNKS, ["elsewhere"], "en", str(tmp_path))
    assert visits(of) == []
    [uuid] = [leg["variables"]["uuid"] for leg in legs("abandon")]
    assert len(list(of.visits(0.0, known=[uuid]))) == 1


# -- made up ---------------------------------------------------------------------------------------------------------


def leg(*steps: tuple[str, str, float], ended: float = 60.0, bridged: float = 0.0, **variables: str) -> dict[str, Any]:
    """A caller's leg on which these applications were run, each so many seconds after its start."""
    [document] = legs("music")
    document["app_log"]["applications"] = [
        {"app_name": name, "app_data": data, "app_stamp": str(round((T0 + at) * SECOND))} for name, data, at in steps
    ]
    document["variables"] |= {"end_uepoch": str(round((T0 + ended) * SECOND)), **variables}
    for entry in document["callflow"]:
        entry["times"] |= {"created_time": str(T0 * SECOND), "bridged_time": str(round((T0 + bridged) * SECOND))}
        if not bridged:
            entry["times"]["bridged_time"] = "0"
    return document


def facts(folder: Path, document: dict[str, Any]) -> list[tuple[str, float]]:
    """The facts of a call, by name, and when each was."""
    [visit] = visits(put(folder, document))
    return [(type(moment.fact).__name__, round(moment.fact.at - T0, 1)) for moment in visit.moments]


def test_a_queue_that_overflows_into_another_is_one_wait(tmp_path: Path) -> None:
    told = leg(("callcenter", "qa", 1.0), ("callcenter", "qb", 21.0), ended=40.0, cc_cause="cancel")
    assert facts(tmp_path, told) == [
        ("HoldStarted", 1.0),
        ("HoldEnded", 21.0),
        ("HoldStarted", 21.0),
        ("CallerLeft", 40.0),
    ]
    [entry] = Backtest([practice()]).run(visits(put(tmp_path, told)))
    assert (entry.call.disposition, entry.call.queue) == ("abandoned", "qb")
    assert entry.call.hold_seconds == pytest.approx(39.0, abs=0.1)


def test_who_was_answered_in_the_second_queue_was_not_in_the_first(tmp_path: Path) -> None:
    told = leg(
        *(("callcenter", "qa", 1.0), ("callcenter", "qb", 21.0)),
        **{"bridged": 30.0, "ended": 50.0, "cc_cause": "answered", "cc_cancel_reason": "TIMEOUT", "cc_agent": "1001@x"},
    )  # fmt: skip
    assert ("Talking", 30.0) in facts(tmp_path, told)
    assert not any(name == "NobodyAnswered" for name, _ in facts(tmp_path, told))


def test_who_was_transferred_after_a_talk_and_not_answered_is_missed(tmp_path: Path) -> None:
    told = leg(
        *(("callcenter", "support", 1.0), ("bridge", "user/1004", 30.0)),
        **{"bridged": 10.0, "ended": 50.0, "cc_cause": "answered", "originate_disposition": "NO_ANSWER"},
    )  # fmt: skip
    [entry] = Backtest([practice()]).run(visits(put(tmp_path, told)))
    assert entry.call.disposition == "missed"


def test_who_is_moved_to_the_offer_waits_on(tmp_path: Path) -> None:
    told = leg(
        ("callcenter", "support", 1.0),
        ("execute_extension", "textback-settings XML textback", 31.0),
        ("play_and_get_digits", "1 1 1 5000", 31.1),
        **{"ended": 40.0, "cc_cause": "cancel", "cc_cancel_reason": "BREAK_OUT"},
    )
    [entry] = Backtest([practice()]).run(visits(put(tmp_path, told)))
    assert (entry.call.disposition, entry.call.queue) == ("abandoned", "support")
    assert entry.call.hold_seconds == pytest.approx(39.0, abs=0.1)


@pytest.mark.parametrize(
    ("step", "takes_a_message"),
    [
        (("voicemail", "default lab 1001", 2.0), True),
        (("lua", "app.lua voicemail", 2.0), True),
        (("voicemail", "check default lab 1001", 2.0), False),
        (("lua", "app.lua ring_groups", 2.0), False),
    ],
)
def test_a_box_that_takes_a_message_is_voicemail(
    tmp_path: Path, step: tuple[str, str, float], takes_a_message: bool
) -> None:
    assert any(name == "VoicemailTook" for name, _ in facts(tmp_path, leg(step))) == takes_a_message


def test_who_takes_calls_out_of_a_fifo_waits_for_nobody(tmp_path: Path) -> None:
    assert facts(tmp_path, leg(("fifo", "lab out nowait", 2.0))) == [("CallerLeft", 60.0)]


@pytest.mark.parametrize(
    ("cause", "why"),
    [("USER_BUSY", "busy"), ("ALLOTTED_TIMEOUT", "rang_out"), ("USER_NOT_REGISTERED", "unreachable")],
)
def test_why_a_phone_did_not_answer_is_told(tmp_path: Path, cause: str, why: str) -> None:
    told = leg(("bridge", "user/1001", 1.0), ("playback", "sorry.wav", 9.0), originate_disposition=cause)
    [visit] = visits(put(tmp_path, told))
    [found] = [moment.fact for moment in visit.moments if isinstance(moment.fact, NobodyAnswered)]
    assert (found.why, round(found.at - T0)) == (why, 9)


def test_staff_who_reach_somebody_outside_are_told(tmp_path: Path) -> None:
    told = leg(("bridge", "sofia/gateway/t/+12025550143", 1.0), bridged=5.0, bridge_channel="sofia/trunk/x")
    for entry in told["callflow"]:
        entry["caller_profile"] |= {"chan_name": "sofia/internal/1001@lab", "destination_number": "+12025550143"}
    told["variables"]["sip_req_user"] = "+12025550143"
    [found] = put(tmp_path, told).visits(0.0)
    assert isinstance(found, StaffReached)
    assert (found.number, found.at) == ("+12025550143", T0 + 5.0)
    told["variables"]["bridge_channel"] = "sofia/internal/1002"
    assert list(put(tmp_path, told).visits(0.0)) == []


def test_what_a_caller_is_called_is_kept_as_it_was_and_a_number_with_line_ends_is_none(tmp_path: Path) -> None:
    told = leg()
    for entry in told["callflow"]:
        entry["caller_profile"] |= {"ani": '1"\n+19005550199', "caller_id_name": 'x"},{"uuid":"y\n%0A'}
    [visit] = visits(put(tmp_path, told))
    assert (visit.arrived.number, visit.arrived.tampered) == (None, True)
    assert visit.arrived.name == 'x"},{"uuid":"y\n%0A'


#: as a real FreeSWITCH wrote them, for calls with From, Privacy, P-Asserted-Identity and Remote-Party-ID headers
HIDING = [
    ({"sip_Privacy": "id", "sip_from_user": "anonymous"}, True),
    ({"sip_Privacy": "id%3Bcritical"}, True),
    ({"sip_Privacy": "header%3Bid"}, True),
    ({"sip_Privacy": "none"}, False),
    ({"sip_Privacy": "user"}, False),
    ({"sip_Remote-Party-ID": "%3Csip%3A%2B13055557703%40127.0.0.1%3E%3Bparty%3Dcalling%3Bprivacy%3Dfull"}, True),
    ({"sip_Remote-Party-ID": "%3Csip%3A%2B13055557703%40127.0.0.1%3E%3Bparty%3Dcalling%3Bprivacy%3Doff"}, False),
    ({"sip_from_user": "anonymous"}, True),
    ({"sip_from_host": "anonymous.invalid"}, True),
    ({}, False),
]


@pytest.mark.parametrize(("variables", "is_hidden"), HIDING)
def test_who_hides_the_number_is_not_texted_though_the_record_has_it(
    tmp_path: Path, variables: dict[str, str], is_hidden: bool
) -> None:
    [visit] = visits(put(tmp_path, leg(("callcenter", "support", 1.0), **variables)))
    assert (visit.arrived.withheld, visit.arrived.number is None) == (is_hidden, is_hidden)
    [entry] = Backtest([practice()]).run([visit])
    decision = entry.decision
    assert decision and (decision.reason == "withheld_number") == is_hidden


def test_a_phone_on_the_profile_of_the_trunk_is_no_caller(tmp_path: Path) -> None:
    extension, user = leg(("bridge", "user/1004", 1.0)), leg(("bridge", "user/1004", 1.0), user_name="12025550150")
    for entry in extension["callflow"]:
        entry["caller_profile"]["ani"] = "1003"
    assert visits(put(tmp_path, extension)) == []
    put(tmp_path, user)
    assert len(visits(FreeswitchRecords("main", TRUNKS, ["public"], "en", str(tmp_path)))) == 1  # the context tells
    assert visits(FreeswitchRecords("main", TRUNKS, [], "en", str(tmp_path))) == []


def test_where_a_gateway_has_registered_the_number_that_was_dialled_is_that_of_the_dialplan(tmp_path: Path) -> None:
    told = leg(("callcenter", "support", 1.0), sip_req_user="gw+carrier")
    for entry in told["callflow"]:
        entry["caller_profile"]["destination_number"] = "12025550100"
    [visit] = visits(put(tmp_path, told))
    assert visit.arrived.did == "12025550100"


# -- settling --------------------------------------------------------------------------------------------------------


def settled(of: FreeswitchRecords, open_calls: list[str], since: float, until: float = 3600.0) -> list[Fact]:
    return of.settle(open_calls, T0 + since, T0 + until)


def test_a_call_that_began_and_ended_unseen_is_told_from_its_arrival_on(tmp_path: Path) -> None:
    told = settled(put(tmp_path, leg(("callcenter", "support", 1.0), ended=40.0)), [], -5.0)
    assert [type(fact).__name__ for fact in told] == ["CallerArrived", "HoldStarted", "CallerLeft"]
    assert isinstance(told[0], CallerArrived) and told[0].number is not None
    assert isinstance(told[1], HoldStarted) and told[1].queue == "support"


def test_of_a_call_that_was_seen_only_what_came_later_is_told(tmp_path: Path) -> None:
    document = leg(("callcenter", "support", 1.0), ended=40.0)
    told = settled(put(tmp_path, document), [document["variables"]["uuid"]], 20.0)
    assert [(type(fact).__name__, fact.at - T0) for fact in told] == [("CallerLeft", 40.0)]


def test_a_call_that_ended_before_is_not_told_again(tmp_path: Path) -> None:
    assert settled(put(tmp_path, leg(ended=40.0)), [], 60.0) == []
    assert settled(put(tmp_path, leg(ended=40.0)), [], -5.0, until=20.0) == []


# -- what nobody should have written ---------------------------------------------------------------------------------


def broken(change: Callable[[dict[str, Any]], object]) -> str:
    document = leg()
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"x"',
        "[" * 100_000,
        broken(lambda one: one.pop("variables")),
        broken(lambda one: one.update(callflow=[])),
        broken(lambda one: one["callflow"][0].update(times={})),
        broken(lambda one: one["variables"].update(end_uepoch="soon")),
        broken(lambda one: one["app_log"].update(applications=[1])),
    ],
    ids=range(11),
)
def test_a_broken_file_is_passed_over_and_told_once(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(2):
        (tmp_path / f"{number}.cdr.json").write_text(text)
    of = put(tmp_path, leg())
    assert len(visits(of)) == 1
    assert of.cdr.faults == {"torn": 2}
    assert len(caplog.messages) == 1


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "long.cdr.json", "wb") as file:
        file.truncate(LARGEST + 1)
    of = put(tmp_path, leg())
    assert (len(visits(of)), of.cdr.faults) == (1, {"too long": 1})


def test_only_what_was_written_since_is_read_and_other_files_are_left_alone(tmp_path: Path) -> None:
    of = put(tmp_path, leg(ended=40.0))
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "folder.cdr.json").mkdir()
    assert visits(of, T0 + 3600.0) == []
    read: list[int] = []
    assert len(list(of.visits(0.0, on_bytes=read.append))) == 1
    assert sum(read) == of.cdr.size()
    assert of.cdr.size(T0 + 3600.0) == 0


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="is not there"):
        visits(FreeswitchRecords("main", TRUNKS, [], "en", str(tmp_path / "nowhere")))
    (tmp_path / "Master.csv").write_text("")
    with pytest.raises(RecordsError, match="is a file: of a FreeSWITCH it is the log-dir of json_cdr.conf.xml"):
        visits(FreeswitchRecords("main", TRUNKS, [], "en", str(tmp_path / "Master.csv")))


def test_values_that_are_not_encoded_are_read_as_well(tmp_path: Path) -> None:
    document = leg(("callcenter", "support@default", 1.0), cc_cause="answered", bridged=5.0, cc_agent="1001@default")
    encoded = leg(("callcenter", "support@default", 1.0), cc_cause="answered", bridged=5.0, cc_agent="1001%40default")
    assert [moment.fact for moment in visits(put(tmp_path, document))[0].moments] == [
        moment.fact for moment in visits(put(tmp_path, encoded))[0].moments
    ]


@given(st.text(), st.text())
def test_no_name_and_no_number_change_anything_else(name: str, number: str) -> None:
    usual, forged = leg(("callcenter", "support", 1.0)), leg(("callcenter", "support", 1.0))
    for entry in forged["callflow"]:
        entry["caller_profile"] |= {"ani": number, "caller_id_name": name}
    forged["variables"]["sip_from_display"] = name
    first, second = leg_of(usual), leg_of(json.loads(json.dumps(forged)))
    assert (first.uuid, first.did, first.steps) == (second.uuid, second.did, second.steps)


def test_the_kind_of_pbx_says_whose_records_they_are(tmp_path: Path) -> None:
    told = ("main", TRUNKS, ["public"], "en")
    assert isinstance(records_of("freeswitch", *told, cdr=str(tmp_path)), FreeswitchRecords)
    assert records_of("freeswitch", *told, queue_log="x") is None
    assert records_of("asterisk", *told) is None
    assert records_of("asterisk", *told, queue_log="x") is not None
