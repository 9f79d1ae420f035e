"""No header, number or event can be forged: by names, SDP, variables or bodies, plain or JSON, in answers or events."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import recordings
from tests.pbx.esl_messages import CALLER, NUMBER, OTHER, create, event, hangup, hung_up, join, leg, plain, raw
from tests.pbx.esl_messages import raw_json, row
from textback.events import CallerArrived, CallerLeft, Fact, HoldStarted
from textback.pbx.esl_event import JsonEvent, PlainEvent, peek
from textback.pbx.esl_facts import HANDLERS, Translator
from textback.pbx.esl_frames import Frames
from textback.pbx.esl_reader import Reader
from textback.pbx.esl_resync import Resync
from textback.pbx.esl_snapshot import Snapshot, rows

AT = 1_795_286_009.0
#: what somebody who knows the format would write into a name, and what else may stand there
POISON = st.one_of(
    st.sampled_from(
        [
            f"x\nUnique-ID: {OTHER}\n",
            "\r\nCaller-Caller-ID-Number: +19005550199\r\n",
            "\n\nContent-Length: 20\nContent-Type: text/event-plain\n\nEvent-Name: CHANNEL_HANGUP\n\n",
            "x\u2028Event-Name: CHANNEL_HANGUP_COMPLETE\u2029\x85Call-Direction: inbound",
            "%0AUnique-ID%3A%20" + OTHER,
            '","Unique-ID":"' + OTHER,
            '"}{"Event-Name":"CHANNEL_HANGUP","Unique-ID":"' + CALLER + '"}',
            "\\n\\u000aUnique-ID: " + OTHER,
            "|Waiting|9\nsupport|single_box|x|" + OTHER + "|+19005550199",
            "\0\ud800\udfff" + "x" * 10_000,
        ]
    ),
    st.text(max_size=60),
)
FREE = ("Caller-Caller-ID-Name", "Caller-Orig-Caller-ID-Name", "variable_switch_r_sdp", "variable_sip_from_display")
poisoned = st.fixed_dictionaries({name: POISON for name in FREE})


def facts(*events: bytes) -> list[Fact]:
    told: list[Fact] = []
    reader = Reader(Translator("main", ["sofia/trunk/*"], ["public"]), told.append)
    reader.feed(b"".join(events), AT)
    reader.settle(AT + 60)
    assert reader.faults == 0
    return told


def is_encodable(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text)


def without_surrogates(headers: dict[str, str]) -> dict[str, str]:
    return {name: "".join(one for one in value if is_encodable(one)) for name, value in headers.items()}


@given(poisoned)
def test_what_a_caller_writes_into_names_and_sdp_is_a_value_and_nothing_else(values: dict[str, str]) -> None:
    values = without_surrogates(values)
    block = leg() | values
    story = [create(block), join(), hangup(block), hung_up(block)]
    for written in (raw, raw_json):
        told = facts(*(written(one) for one in story))
        assert [type(fact) for fact in told] == [CallerArrived, HoldStarted, CallerLeft]
        assert {fact.call_id for fact in told} == {f"main/{CALLER}"}
        (arrived, *_) = told
        assert isinstance(arrived, CallerArrived) and (arrived.number, arrived.did) == (NUMBER, "+15551230100")


@given(poisoned, st.sampled_from(sorted(HANDLERS)))
def test_a_header_is_what_freeswitch_has_written_whatever_stands_beside_it(values: dict[str, str], name: str) -> None:
    headers = event(name, leg() | without_surrogates(values))
    for found in (PlainEvent(plain(headers)), JsonEvent.read(json.dumps(headers).encode())):
        assert {key: found.get(key) for key in headers} == headers
        assert found.get("variable_forged") is None


@given(st.dictionaries(st.from_regex(r"variable_[A-Za-z0-9_-]{1,30}", fullmatch=True), POISON, max_size=5))
def test_no_variable_is_the_header_that_it_is_called_like(variables: dict[str, str]) -> None:
    """``variable_Event-Name`` is on every leg that went through the directory."""
    misleading = {"variable_Event-Name": "REQUEST_PARAMS", "variable_Unique-ID": OTHER}
    block = leg() | without_surrogates(variables) | misleading
    (told,) = facts(raw(create(block)))
    assert isinstance(told, CallerArrived) and told.call_id == f"main/{CALLER}"


@given(POISON)
def test_a_number_is_whole_or_no_number_at_all(number: str) -> None:
    number = "".join(one for one in number if is_encodable(one))
    block = leg(Caller_Caller_ID_Number=number, Caller_Orig_Caller_ID_Number=number)
    told = facts(raw(create(block)), raw(join()))
    assert all(fact.call_id == f"main/{CALLER}" for fact in told)
    assert [fact.number for fact in told if isinstance(fact, CallerArrived)] in ([number], [None], [])


@given(st.text(max_size=100).filter(is_encodable))
def test_a_body_that_an_event_carries_is_no_header(body: str) -> None:
    carried = plain(create())[:-1] + b"Content-Length: 5\n\n" + body.encode() + b"\nUnique-ID: " + OTHER.encode()
    found = PlainEvent(carried)
    assert (found.get("Unique-ID"), found.get("Content-Length")) == (CALLER, "5")
    assert found.get("Caller-Caller-ID-Number") == NUMBER


@given(poisoned)
def test_a_name_in_an_answer_is_no_row_and_no_caller(values: dict[str, str]) -> None:
    values = without_surrogates(values)
    answer = json.dumps({"row_count": 1, "rows": [row(initial_cid_name=values["Caller-Caller-ID-Name"])]})
    dump = JsonEvent.read(json.dumps(leg() | values).encode())
    translator = Translator("main", ["sofia/trunk/*"], ["public"])
    found = Resync(translator, {}).apply(Snapshot(rows(json.loads(answer)), [], {CALLER: dump}, []), AT)
    arrived = [fact for fact in found.facts if isinstance(fact, CallerArrived)]
    assert [(fact.call_id, fact.number) for fact in arrived] == [(f"main/{CALLER}", NUMBER)]


def test_the_hostile_names_in_recorded_answers_are_names() -> None:
    answers = json.loads(recordings.read_file("freeswitch", "wire/k2_hostile_names_in_api_answers.json"))
    listed = rows(json.loads(answers["show channels as json"]))
    assert [one["initial_cid_num"] for one in listed] == ["+13055551353", "+13055551352"]
    assert listed[1]["cid_name"] == "x\nUnique-ID: spoof\n|a|b\n+OK"
    (dumped,) = [text for name, text in answers.items() if name.startswith("uuid_dump") and name.endswith(" json")]
    dump = JsonEvent.read(dumped.encode())
    assert dump.get("Unique-ID") == listed[1]["uuid"] and dump.get("Caller-Caller-ID-Name") == listed[1]["cid_name"]


@pytest.mark.parametrize("story", ["a1_queue_abandon", "b1_queue_answered_caller_hangs_up", "e3_ext_caller_cancels"])
def test_json_events_tell_what_plain_ones_tell(story: str) -> None:
    """They were recorded in two calls, a minute apart: the same facts, but for ids and times."""

    def told(recorded: bytes) -> list[str]:
        facts: list[Fact] = []
        Reader(Translator("main", ["sofia/lab/*"], ["public"]), facts.append).feed(recorded, AT)
        return [type(fact).__name__ for fact in facts]

    plain_events = told(recordings.read("freeswitch", story))
    assert told(recordings.read("freeswitch", f"wire/{story}.json")) == plain_events != []


def test_the_name_is_peeked_at_in_either_format() -> None:
    assert peek(b"text/event-plain", plain(create())) == b"CHANNEL_CREATE"
    assert peek(b"text/event-plain", plain(join())) == b"callcenter%3A%3Ainfo"
    for headers, name in ((create(), b"CHANNEL_CREATE"), (join(), b"callcenter%3A%3Ainfo")):
        (frame,) = Frames().feed(raw_json(headers))
        assert peek(frame.kind, frame.body) == name
    for kind, body in ((b"log/data", plain(create())), (b"text/event-plain", b"x"), (b"text/event-json", b"{")):
        assert peek(kind, body) == b""


def test_of_what_is_no_json_nothing_is_taken_and_the_next_event_is() -> None:
    told: list[Fact] = []
    reader = Reader(Translator("main", ["sofia/trunk/*"], ["public"]), told.append)
    broken = raw_json(create()).replace(b'"Unique-ID":', b'"Unique-ID";')
    reader.feed(broken + raw_json(create(leg(OTHER))), AT)
    assert reader.faults == 1 and [fact.call_id for fact in told] == [f"main/{OTHER}"]


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    body = plain(create()).replace(b"Doe", b"\xff\xfe")
    name = PlainEvent(body.replace(b"%20", b"%FF")).get("Caller-Caller-ID-Name")
    assert name is not None and "\ufffd" in name
    text = JsonEvent.read(json.dumps({"a": "x"}).encode().replace(b"x", b"\xff\xc3")).get("a")
    assert text == "\ufffd\ufffd"


def test_a_header_that_comes_twice_counts_once_and_first() -> None:
    twice = b"Event-Name: DTMF\nUnique-ID: a\nUnique-ID: b\n\n"
    assert PlainEvent(twice).get("Unique-ID") == "a"
    assert JsonEvent.read(b'{"Unique-ID":"a","Unique-ID":"b"}').get("Unique-ID") == "a"
    lists = JsonEvent.read(b'{"many":["1","2"],"none":[],"number":5}')
    assert (lists.get("many"), lists.get("none"), lists.get("number")) == ("1", None, None)
