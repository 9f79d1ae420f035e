"""The bytes of a session to facts, with a caller who writes line ends into their numbers."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable

import pytest
from hypothesis import example, given, settings, strategies as st

from tests import recordings
from tests.pbx.messages import (
    AGENT,
    CALLER,
    LEG,
    OTHER,
    TRUNK,
    bridge_enter,
    channel,
    dial,
    event,
    newchannel,
    queue_entry,
    raw,
    show_channel,
    status,
)
from textback.events import CallerArrived, CallerKnown, CallerLeft, Fact, HoldStarted, Place
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_reader import Reader
from textback.pbx.tampering import LONGEST_NUMBER
from textback.pbx.wire import END, Headers, header_pairs

NEXT = raw(event("Cdr", {"Source": "1"}))


class Watched(Translator):
    """Keeps the events that it is given; breaks at a certain one."""

    def __init__(self, breaks_at: str = "") -> None:
        super().__init__("main", ["PJSIP/trunk-*"], ["from-trunk"])
        self.taken_events: list[Headers] = []
        self._breaks_at = breaks_at

    def take(self, event: Headers, at: float, tampered: bool = False) -> list[Fact]:
        self.taken_events.append(event)
        if event["Event"] == self._breaks_at:
            raise RuntimeError("a fault of ours")
        return super().take(event, at, tampered)


class Made:
    """A reader with what came out of it."""

    def __init__(self, breaks_at: str = "") -> None:
        self.facts: list[Fact] = []
        self.answers: list[Headers] = []
        self.translator = Watched(breaks_at)
        self.reader = Reader(self.translator, self.facts.append, lambda block: self.answers.append(_first_wins(block)))

    @property
    def events(self) -> list[Headers]:
        return self.translator.taken_events

    def feed(self, *pieces: bytes) -> Made:
        for at, piece in enumerate(pieces):
            self.reader.feed(piece, float(at))
        return self


def _first_wins(block: bytes) -> Headers:
    return dict(reversed(header_pairs(block)))


def names(events: Iterable[Headers]) -> list[str]:
    return [event["Event"] for event in events]


# -- what is peeked at, what is held ---------------------------------------------------------------------------


def test_only_what_means_something_is_read() -> None:
    made = Made().feed(
        raw(event("Newstate")),
        raw(event("VarSet", Variable="QUEUEPOSITION", Value="1")),
        raw(event("VarSet", Variable="QUEUESTATUS", Value="TIMEOUT")),
        raw(event("VarSet", Variable="X", Value="Variable: QUEUESTATUS")),
        raw(event("Newexten", Extension="1", Application="Playback", AppData="x")),
        raw(event("Newexten", Extension="1", Application="Queue", AppData="support,t")),
        NEXT,
    )
    assert names(made.events) == ["VarSet", "Newexten"]
    assert made.reader.events == 7 and made.reader.tampered == 0


def test_a_message_counts_once_the_next_one_begins() -> None:
    made = Made().feed(raw(newchannel()))
    assert made.facts == []
    assert [type(fact) for fact in made.feed(NEXT).facts] == [CallerArrived]


def test_a_message_that_nothing_follows_counts_when_it_has_settled() -> None:
    made = Made().feed(raw(newchannel()))
    made.reader.settle()
    made.reader.settle()
    assert [type(fact) for fact in made.facts] == [CallerArrived]


@pytest.mark.parametrize(
    ("rest", "facts"), [(b"Priori", 0), (b"\r", 0), (b"Event: Hold\r\nPrivilege: call,all\r\nCh", 1)]
)
def test_a_message_settles_only_if_what_follows_begins_another(rest: bytes, facts: int) -> None:
    made = Made().feed(raw(newchannel()) + rest)
    made.reader.settle()
    assert len(made.facts) == facts


def test_a_fact_has_the_time_at_which_its_message_came() -> None:
    made = Made()
    made.reader.feed(raw(newchannel()), 10.0)
    made.reader.feed(NEXT, 20.0)
    assert [fact.at for fact in made.facts] == [10.0]


def test_the_answers_come_at_once_and_after_what_came_before_them() -> None:
    made = Made()
    order: list[str] = []
    made.reader.on_answer = lambda block: order.append(header_pairs(block)[0][1])
    made.translator.take = lambda *_: order.append("event") or []  # type: ignore[assignment,func-returns-value]
    made.feed(raw(newchannel()), raw({"Response": "Success", "ActionID": "7", "Ping": "Pong"}))
    made.feed(raw(show_channel("7", channel())), raw({"Event": "CoreShowChannelsComplete", "ActionID": "7"}))
    assert order == ["event", "Success", "CoreShowChannel", "CoreShowChannelsComplete"]


def test_the_banner_is_no_tampering() -> None:
    made = Made().feed(b"Asterisk Call Manager/11.0.0\r\nResponse: Error\r\nMessage: Authentication failed\r\n\r\n")
    assert made.reader.tampered == 0
    assert made.answers == [{"Response": "Error", "Message": "Authentication failed"}]


def test_a_message_after_one_line_end_too_many_is_read() -> None:
    """A TestEvent of Debian's build ends so."""
    made = Made().feed(raw(event("TestEvent", {"AppLine": "4685"})) + b"\r\n" + raw(newchannel()) + b"\r\n" + NEXT)
    assert names(made.events) == ["Newchannel"] and made.reader.tampered == 0


@pytest.mark.parametrize("story", ["b3_queue_fpbx_local_members", "n20b_forged_events"])
def test_a_cut_at_any_byte_gives_the_same_facts(story: str) -> None:
    data = recordings.read("asterisk22", story)
    start = data.index(b"Event: Newchannel")
    data = data[start : start + 6000] + NEXT

    def found(*pieces: bytes) -> list[Fact]:
        facts: list[Fact] = []
        reader = Reader(Translator("main", ["PJSIP/trunk-*"]), facts.append)
        for piece in pieces:
            reader.feed(piece, 0.0)
        return facts

    whole = found(data)
    assert whole
    assert all(found(data[:at], data[at:]) == whole for at in range(len(data)))


# -- what must not cost the others -----------------------------------------------------------------------------


def test_a_fault_in_one_event_loses_no_other_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    made = Made(breaks_at="HangupRequest")
    with caplog.at_level(logging.ERROR):
        made.feed(raw(newchannel()) + raw(event("HangupRequest")) * 3 + raw(event("Hangup", Cause="16")) + NEXT)
    assert [type(fact) for fact in made.facts] == [CallerArrived, CallerLeft]
    assert made.reader.faults == 3 and len(caplog.records) == 1


def test_a_header_that_is_missing_loses_no_other_event() -> None:
    made = Made().feed(raw(newchannel()) + raw(event("QueueCallerJoin")) + raw(event("Hangup")) + NEXT)
    assert [type(fact) for fact in made.facts] == [CallerArrived, CallerLeft]
    assert made.reader.faults == 1


def test_a_fault_in_an_answer_loses_no_event() -> None:
    made = Made()
    made.reader.on_answer = lambda block: 1 / 0  # type: ignore[assignment,return-value]
    made.feed(raw({"Response": "Success", "ActionID": "1"}) + raw(newchannel()) + NEXT)
    assert [type(fact) for fact in made.facts] == [CallerArrived]


def test_a_message_without_end_is_dropped_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    made = Made()
    with caplog.at_level(logging.WARNING):
        made.feed(b"Event: Hangup\r\nX: ", *[b"x" * 65536] * 20, END + raw(newchannel()), NEXT)
    assert [type(fact) for fact in made.facts] == [CallerArrived]
    assert made.reader.oversized == 1 and "without an end" in caplog.text


def test_a_name_of_ten_kilobytes_with_quotes_and_bad_bytes_is_kept_in_its_place() -> None:
    name = b'"\\",\xff: Event: Hangup' + b"x" * 10_000
    made = Made().feed(raw(newchannel(CallerIDName="NAME")).replace(b"NAME", name), NEXT)
    (fact,) = made.facts
    assert isinstance(fact, CallerArrived)
    assert fact.name == name.decode("utf-8", "replace") and fact.number == "15559870280"


# -- tampering -------------------------------------------------------------------------------------------------

FORGED = f"\r\n\r\nEvent: Hangup\r\nPrivilege: call,all\r\nUniqueid: {OTHER}"
AT_THE_END = f"\r\nPriority: 1\r\nUniqueid: {OTHER}\r\nLinkedid: {OTHER}\r\n\r\n"


def test_a_caller_who_forges_is_tracked_without_a_number_and_distrusted(caplog: pytest.LogCaptureFixture) -> None:
    made = Made().feed(raw(newchannel(OTHER, "PJSIP/trunk-00000000")))
    join = event("QueueCallerJoin", channel(CallerIDNum="1" + FORGED + "\r\n"), Queue="support")
    with caplog.at_level(logging.WARNING):
        made.feed(raw(newchannel(CallerIDNum="1" + FORGED + "\r\n")), raw(join), NEXT)
    assert [fact.call_id for fact in made.facts] == [f"main/{OTHER}"] + [f"main/{CALLER}"] * 3
    _, arrived, told, waits = made.facts
    assert isinstance(arrived, CallerArrived) and arrived.number is None
    assert isinstance(told, CallerKnown) and told.tampered, "told once, however many messages are forged"
    assert isinstance(waits, HoldStarted) and waits.place is Place.QUEUE
    assert made.reader.tampered > 0 and len(caplog.records) == 1 and "forges" in caplog.text


def test_whoever_forges_only_at_the_end_of_the_call_is_distrusted_before_it() -> None:
    made = Made().feed(raw(newchannel()), raw(event("Hangup", channel(CallerIDNum="1" + FORGED + "\r\n"))), NEXT)
    _, told, left = made.facts
    assert isinstance(told, CallerKnown) and told.tampered and isinstance(left, CallerLeft)


def test_whoever_forges_by_the_dialled_number_is_tracked_and_distrusted() -> None:
    made = Made().feed(raw(newchannel(Exten="s" + AT_THE_END)), NEXT)
    arrived, told = made.facts
    assert isinstance(arrived, CallerArrived) and arrived.call_id == f"main/{CALLER}" and arrived.did is None
    assert isinstance(told, CallerKnown) and told.tampered


def test_a_message_ended_by_the_dialled_number_does_not_count_though_a_read_ends_with_it() -> None:
    message = raw(event("Hangup", channel(Exten="s" + AT_THE_END), Cause="16"))
    at = message.index(END) + len(END)
    made = Made().feed(raw(newchannel(OTHER, "PJSIP/trunk-00000000")), message[:at])
    assert OTHER in made.translator.callers
    made.feed(message[at:], NEXT)
    assert names(made.events) == ["Newchannel", "Hangup"] and made.events[1]["Uniqueid"] == CALLER
    assert OTHER in made.translator.callers


@pytest.mark.parametrize(
    "message",
    [show_channel("9", channel(Exten="s" + AT_THE_END)), status("9", channel(Exten="s" + AT_THE_END))],
    ids=["CoreShowChannel", "Status"],
)
def test_an_item_of_a_list_is_mended_too(message: Headers) -> None:
    made = Made().feed(raw(message), NEXT)
    (item,) = made.answers
    assert (item["Uniqueid"], item["Exten"], item["ActionID"]) == (CALLER, "", "9")


def test_the_place_of_a_forger_in_the_queue_is_known_and_nobody_elses_changed() -> None:
    number = f"\r\n\r\nEvent: QueueEntry\r\nUniqueid: {OTHER}\r\nQueue: sales"
    made = Made().feed(raw(queue_entry("9", number="1\r\n\r\nEvent: Hangup\r\n")))
    made.feed(raw(queue_entry("9", number=number)), NEXT)
    assert [(item["Uniqueid"], item["CallerIDNum"]) for item in made.answers] == [(CALLER, "")]


def test_the_recorded_forgery_leaves_its_victim_waiting() -> None:
    made = Made().feed(recordings.read("asterisk22", "n20b_forged_events"), NEXT)
    hangups = [event["Uniqueid"] for event in made.events if event["Event"] == "Hangup"]
    assert sorted(hangups) == sorted({OTHER, CALLER}) and made.reader.tampered > 20
    distrusted = [fact.call_id for fact in made.facts if isinstance(fact, CallerKnown) and fact.tampered]
    assert distrusted == [f"main/{CALLER}"]


# -- whatever a number holds -----------------------------------------------------------------------------------

POISONED = ("CallerIDNum", "ConnectedLineNum", "Exten")


def _own(poison: Callable[..., Headers]) -> list[bytes]:
    """Messages of every shape, with the poison wherever a number of the caller's, or the dialled one, may stand."""
    own, leg = poison(CALLER, TRUNK), poison(LEG, AGENT)
    return [
        raw(event("Newchannel", own | {"ChannelState": "4"})),
        raw(event("VarSet", own, Variable="X", Value="1")),
        raw(event("VarSet", own, Variable="DIALSTATUS", Value="BUSY")),
        raw(event("HangupRequest", own)),
        raw(event("QueueCallerJoin", own, Queue="support", Position="1", Count="1")),
        raw(bridge_enter(CALLER, TRUNK) | own),
        raw(dial("DialBegin", own, leg, DialString="agent1")),
        raw(dial("DialEnd", None, leg, DialStatus="ANSWER")),
        raw(event("UnParkedCall", {**_with("Parkee", own), **_with("Retriever", leg)}, Parkinglot="default")),
        raw(
            event(
                "AttendedTransfer",
                {**_with("OrigTransferer", leg), **_with("SecondTransferer", leg), **_with("Transferee", own)},
                DestType="App",
            )
        ),
        raw(show_channel("9", own)),
        raw(status("9", own, did=own["Exten"])),
        raw(queue_entry("9", number=own["CallerIDNum"])),
    ]


def _with(prefix: str, block: Headers) -> Headers:
    return {prefix + name: value for name, value in block.items()}


def _ids(event: Headers) -> list[str]:
    return [value for name, value in event.items() if name.endswith(("Uniqueid", "Linkedid"))]


@pytest.mark.parametrize(
    "junk",
    [
        b"\r\n\r\n",
        b"X: y\r\n\r\n",
        b"Event: Hangup\r\nUniqueid: 1.1\r\n\r\n",
        b"A" * 1000 + b"\r\n\r\n",
        b"\xff\r\n\r\n",
        b"Event: Hangup\r\nPrivilege: call,all\r\n\r\n",
    ],
)
@pytest.mark.parametrize("cut", [7, 10**9])
def test_what_a_pbx_says_between_two_messages_costs_none_of_them(junk: bytes, cut: int) -> None:
    story = [newchannel(), event("QueueCallerJoin", Queue="support"), bridge_enter(LEG, AGENT), event("Hangup")]
    stream = junk.join(raw(one) for one in story) + junk + NEXT
    made = Made().feed(*(stream[at : at + cut] for at in range(0, len(stream), cut)))
    told = [one for one in made.events if one.get("Uniqueid") in (CALLER, LEG)]
    assert names(told) == ["Newchannel", "QueueCallerJoin", "BridgeEnter", "Hangup"]


def test_what_a_number_forges_behind_a_whole_message_is_dropped() -> None:
    """With ``channelvars`` a number may stand behind the channel block: what it is cut in has no end of one as rest."""
    forged = b"Event: Shutdown\r\nPrivilege: system,all\r\nShutdown: Cleanly"
    whole = raw(newchannel()).removesuffix(END) + b"\r\nChanVariable: CALLERID(num)=1"
    made = Made().feed(END.join([whole, forged, b"2", raw(event("Hangup")) + NEXT]))
    assert names(made.events) == ["Newchannel", "Hangup"]


FRAGMENTS = [
    "\r\n",
    "\r\n\r\n",
    "\r",
    "\n",
    "s",
    "1",
    "Event: Hangup\r\n",
    "Event: Hold\r\n",
    "Event: QueueEntry\r\n",
    "Event: Cdr\r\n",
    "Event: X\r\n",
    "Response: Error\r\n",
    "Privilege: x,all\r\n",
    "Privilege: call,all",
    "ActionID: 9\r\n",
    "Message: 12\r\n",
    "Queue: q\r\nPosition: 1\r\n",
    "Channel: \r\n",
    "ChannelState: 4\r\nChannelStateDesc: \r\n",
    "CallerIDNum: ",
    "CallerIDName: \r\n",
    "ConnectedLineName: \r\n",
    "Exten: ",
    "Priority: 1\r\n",
    "Priority:1\r\n",
    f"Uniqueid: {OTHER}\r\n",
    f"Uniqueid:{OTHER}\r\n",
    f"Linkedid: {OTHER}\r\n",
    "Linkedid: 1\r\n",
    f"\r\n\r\nParkeePriority: \r\nParkeeUniqueid: {OTHER}\r\nParkeeLinkedid: 1",
    f"DestPriority: \r\nDestUniqueid: {OTHER}\r\nDestLinkedid: 1\r\n",
    f"\r\nPriority: \r\nUniqueid: {OTHER}\r\nLinkedid: 1\r\n\r\n",
    f"\r\nPriority: 1\r\nUniqueid: {OTHER}\r\nLinkedid: {OTHER}",
]
numbers = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=9).map("".join).map(
    lambda text: text[:LONGEST_NUMBER]
)
poisons = st.fixed_dictionaries({}, optional=dict.fromkeys(POISONED, numbers))
WORST = [
    AT_THE_END,
    "s" + AT_THE_END,
    AT_THE_END + "Event: X\r\nPrivilege: a",
    f"\r\nPriority: \r\nUniqueid: {OTHER}\r\nLinkedid: 1\r\n\r\nEvent: X\r\nPrivilege: x,all",
    f"\r\nPriority: \r\nUniqueid: {OTHER}\r\nLinkedid: 1\r\n\r\nEvent: Hold\r\n\r\n",
    f"\r\nPriority:\r\nUniqueid:{OTHER}\r\nLinkedid:1\r\n\r\nEvent: Cdr\r\nPrivilege: x,all",
    f"\r\n\r\nPriority: 1\r\nUniqueid: {OTHER}\r\nLinkedid: 1\r\n\r\nEvent: Cdr\r\nPrivilege: x",
    f"\r\n\r\nPriority: 1\r\nUniqueid: {OTHER}\r\nLinkedid: {OTHER}",
    f"\r\n\r\nParkeePriority: \r\nParkeeUniqueid: {OTHER}\r\nParkeeLinkedid: 1",
    FORGED,
    FORGED + "\r\n",
    f"\r\n\r\nEvent: QueueEntry\r\nUniqueid: {OTHER}\r\nQueue: q",
    f"\r\n\r\nEvent: DialEnd\r\nPrivilege: x,all\r\nUniqueid: {OTHER}\r\nX: ",
]


def check(*poison: dict[str, str], cut: int = 10**9) -> None:
    """Nobody else's Uniqueid is in what was taken, and what others really did is taken to the last message."""
    shapes = [_own(lambda uniqueid, name, p=p: channel(uniqueid, name, **p)) for p in poison]
    other = raw(event("HangupRequest", channel("1795286699.9", "PJSIP/trunk-00000009")))
    stream = b"".join(message + other for message in itertools.chain(*shapes)) + NEXT
    made = Made().feed(*(stream[at : at + cut] for at in range(0, len(stream), cut)))
    items = [answer for answer in made.answers if "Event" in answer]  # a response is his whose ActionID it has
    for taken in made.events + items:
        assert OTHER not in _ids(taken), taken
    real = [taken for taken in made.events if taken.get("Uniqueid") == "1795286699.9"]
    assert len(real) == sum(map(len, shapes))
    assert made.reader.faults == 0


@settings(max_examples=400, deadline=None)
@given(poisons)
@example({"CallerIDNum": f"\r\nUniqueid: {OTHER}\r\n\r\nResponse: Error\r\nActionID: 9\r\n\r"})
@example({"Exten": f"\r\n\r\nPriority: 1\r\nUniqueid: {OTHER}\r\nLinkedid: {OTHER}"})
def test_no_number_makes_an_event_of_another_channel(poison: dict[str, str]) -> None:
    check(poison)


@settings(max_examples=100, deadline=None)
@given(poisons, poisons, st.integers(1, 400))
@example({"Exten": AT_THE_END}, {"CallerIDNum": FORGED}, 1)
def test_nor_do_several_callers_and_cuts_of_the_stream(first: dict[str, str], then: dict[str, str], cut: int) -> None:
    check(first, then, cut=cut)


@pytest.mark.parametrize("number", WORST)
@pytest.mark.parametrize("fields", [*((name,) for name in POISONED), POISONED[::2], POISONED[1:], POISONED])
def test_the_worst_that_is_known_makes_no_event_of_another_channel(number: str, fields: tuple[str, ...]) -> None:
    check(dict.fromkeys(fields, number[:LONGEST_NUMBER]))


@pytest.mark.parametrize("pair", [*itertools.permutations(WORST, 2)])
def test_nor_do_two_numbers_that_work_together(pair: tuple[str, str]) -> None:
    first, second = (number[:LONGEST_NUMBER] for number in pair)
    check({"CallerIDNum": first, "Exten": second}, {"ConnectedLineNum": first, "Exten": second})
