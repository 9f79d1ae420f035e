"""What misleads on a FreeSWITCH, trap by trap (made by hand; the recorded ones are in tests/stories/freeswitch)."""

from __future__ import annotations

import pytest

from tests.pbx.esl_messages import (
    AGENT,
    CALLER,
    DID,
    NUMBER,
    OTHER,
    PHONE,
    TRUNK,
    Headers,
    agent,
    bridge,
    create,
    dtmf,
    event,
    hangup,
    hung_up,
    join,
    leave,
    leg,
    phone,
    plain,
    queue,
    unbridge,
)
from textback.events import (
    CallerArrived,
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    KeyPressed,
    LanguageKnown,
    NoAnswer,
    NobodyAnswered,
    Place,
    Ringing,
    StaffReached,
    StateUnknown,
    Talking,
    VoicemailTook,
)
from textback.pbx.esl_event import PlainEvent
from textback.pbx.esl_facts import Translator

T0 = 1000.0
CONSULT, TWIN = "consult-uuid", "twin-uuid"


class Pbx:
    """A translator, and the facts that its events made, one second apart unless something else is said."""

    def __init__(self, contexts: tuple[str, ...] = ("public",)) -> None:
        self.translator = Translator("main", ["sofia/trunk/*"], contexts)
        self.now = T0
        self.facts: list[Fact] = []

    def tell(self, *events: Headers, apart: float = 1.0) -> Pbx:
        for one in events:
            self.facts += self.translator.take(PlainEvent(plain(one)), self.now)
            self.now += apart
        return self

    def settle(self) -> Pbx:
        self.facts += self.translator.settled(self.now + 60)
        return self

    @property
    def kinds(self) -> list[type[Fact]]:
        return [type(fact) for fact in self.facts]

    def last(self) -> Fact:
        return self.facts[-1]


def pbx(*events: Headers, apart: float = 1.0, contexts: tuple[str, ...] = ("public",)) -> Pbx:
    return Pbx(contexts).tell(*events, apart=apart)


# -- who is a caller -------------------------------------------------------------------------------------------


def test_a_language_that_a_caller_chooses_is_told_once_though_not_every_event_tells_it() -> None:
    p = pbx(create(), event("CHANNEL_ANSWER", variable_default_language="es"), join(), hung_up(leg(
        variable_default_language="es",
    )))  # fmt: skip
    languages = [fact for fact in p.facts if isinstance(fact, LanguageKnown)]
    assert languages == [LanguageKnown(f"main/{CALLER}", T0 + 1, "es")]


def test_the_number_the_name_and_the_did_are_those_of_the_beginning() -> None:
    changed = leg(Caller_Caller_ID_Number="1001", Caller_Destination_Number="1004", Caller_Caller_ID_Name="XML")
    p = pbx(create(), join(), queue("member-queue-end", CC_Cause="Terminated"), hung_up(changed))
    (arrived,) = [fact for fact in p.facts if isinstance(fact, CallerArrived)]
    assert (arrived.number, arrived.name, arrived.did) == (NUMBER, "Doe, Jane", DID)
    assert arrived.linkedid == CALLER and arrived.call_id == f"main/{CALLER}"


@pytest.mark.parametrize(
    "changes",
    [
        {"Caller_Privacy_Hide_Number": "true"},
        {"variable_sip_from_host": "anonymous.invalid"},
        {"variable_sip_from_user": "Anonymous"},
    ],
)
def test_who_hides_the_number_has_none_though_the_trunk_tells_it(changes: dict[str, str]) -> None:
    (arrived,) = pbx(create(leg(**changes))).facts
    assert isinstance(arrived, CallerArrived) and arrived.withheld and arrived.number is None


@pytest.mark.parametrize("is_heard", [True, False])
def test_early_media_is_no_answer_but_an_answer_that_was_heard_is_one_whatever_the_bridge_says(is_heard: bool) -> None:
    """Who was answered must never look like somebody whom nobody answered."""
    phone = leg(AGENT, PHONE, "outbound")
    heard = [event("CHANNEL_ANSWER", phone)] if is_heard else []
    p = pbx(create(), create(phone), *heard, bridge() | {"Other-Leg-Channel-Answered-Time": "0"})
    assert (Talking in p.kinds) is is_heard
    assert isinstance(p.tell(event("CHANNEL_ANSWER", phone)).last(), Talking)


def test_a_caller_without_a_number_is_a_caller() -> None:
    block = leg()
    del block["Caller-Caller-ID-Number"], block["Caller-Orig-Caller-ID-Number"]
    (arrived,) = pbx(create(block | {"Caller-Caller-ID-Name": "unknown"})).facts
    assert isinstance(arrived, CallerArrived) and (arrived.number, arrived.name) == (None, None)


@pytest.mark.parametrize(
    "block",
    [
        leg(name="sofia/internal/1001@lab"),
        leg(name="loopback/5000-b"),
        leg(direction="outbound"),
        leg(Caller_Context="default"),
        leg(Caller_Caller_ID_Number="1001"),
    ],
)
def test_phones_halves_and_legs_that_go_out_are_no_callers(block: Headers) -> None:
    assert pbx(create(block), join(), hangup(block), hung_up(block)).facts == []


def test_without_contexts_a_leg_that_went_through_the_directory_is_a_phone() -> None:
    block = leg(variable_user_name="1001")
    assert pbx(create(block), contexts=()).facts == []
    assert pbx(create(), contexts=()).kinds == [CallerArrived]


def test_a_click_to_call_that_nobody_takes_is_no_missed_call() -> None:
    ours = agent(OTHER, member="") | {"variable_cc_member_session_uuid": ""}
    assert pbx(create(ours), hangup(ours, "NO_ANSWER"), hung_up(ours)).facts == []


def test_a_caller_whose_beginning_was_missed_is_adopted_with_what_the_event_tells() -> None:
    p = pbx(join())
    assert p.kinds == [CallerArrived, StateUnknown, HoldStarted]
    assert pbx(hung_up()).facts == [] and pbx(leave("BREAK_OUT", Answer_State="hangup")).facts == []


# -- waiting ---------------------------------------------------------------------------------------------------


def test_the_wait_begins_with_the_queue_and_not_with_the_answer() -> None:
    p = pbx(create(), event("CHANNEL_ANSWER"), join())
    assert p.kinds == [CallerArrived, HoldStarted]
    assert p.last() == HoldStarted(f"main/{CALLER}", T0 + 2, Place.QUEUE, T0 + 2, "support")


def test_break_out_with_a_hang_up_ends_no_wait_and_the_end_is_that_of_the_hang_up() -> None:
    p = pbx(create(), join(), hangup(), leave("BREAK_OUT", Answer_State="hangup"), hung_up())
    assert p.kinds == [CallerArrived, HoldStarted, CallerLeft]
    assert p.last() == CallerLeft(f"main/{CALLER}", T0 + 2, hung_up=True)


def test_break_out_of_a_caller_who_lives_is_no_end() -> None:
    p = pbx(create(), join(), leave("BREAK_OUT"), bridge())
    assert p.kinds == [CallerArrived, HoldStarted, HoldEnded, Talking]


@pytest.mark.parametrize(
    ("reason", "why"), [("TIMEOUT", NoAnswer.QUEUE_TIMEOUT), ("NO_AGENT_TIMEOUT", NoAnswer.QUEUE_EMPTY)]
)
def test_whoever_is_thrown_out_has_reached_nobody(reason: str, why: NoAnswer) -> None:
    p = pbx(create(), join(), leave(reason))
    assert p.last() == NobodyAnswered(f"main/{CALLER}", T0 + 2, why, "support")


def test_an_overflow_is_two_waits_of_one_call() -> None:
    p = pbx(create(), join(), leave("TIMEOUT"), join(name="sales", ticket="ticket-2"))
    assert p.kinds == [CallerArrived, HoldStarted, HoldEnded, NobodyAnswered, HoldStarted]


def test_the_end_of_an_older_stay_ends_no_newer_one() -> None:
    """``Terminated`` comes when the talk is over, and then the caller may wait again already."""
    p = pbx(create(), join(), bridge(), unbridge(), join(ticket="ticket-2"))
    before = len(p.facts)
    p.tell(queue("member-queue-end", CC_Cause="Terminated"))
    assert len(p.facts) == before and p.translator.callers[CALLER].place is Place.QUEUE


def test_a_resumed_stay_is_a_stay() -> None:
    assert pbx(create(), queue("member-queue-resume")).kinds == [CallerArrived, HoldStarted]


@pytest.mark.parametrize("seen", [True, False])
def test_an_exit_key_is_told_once_whether_or_not_its_event_was_seen(seen: bool) -> None:
    events = [create(), join(), *([dtmf("5")] if seen else [])]
    p = pbx(*events, leave("EXIT_WITH_KEY", variable_cc_exit_key="5"), apart=0.0)
    assert p.kinds == [CallerArrived, HoldStarted, KeyPressed, HoldEnded]


def test_keys_of_others_and_after_the_end_are_none() -> None:
    p = pbx(create(), create(phone()), dtmf("5", phone()), hangup(), dtmf("5"), apart=0.02)
    assert p.kinds == [CallerArrived, Ringing]


def fifo(action: str, **more: str) -> Headers:
    return event("fifo::info", leg(), FIFO_Name="support@lab", FIFO_Action=action, **more)


def test_a_fifo_is_a_queue_and_its_abort_is_a_hang_up_or_a_key() -> None:
    assert pbx(create(), fifo("push"), fifo("abort", Answer_State="hangup")).kinds == [CallerArrived, HoldStarted]
    assert pbx(create(), fifo("push"), dtmf("5"), fifo("abort")).kinds[2:] == [KeyPressed, HoldEnded]
    assert pbx(create(), fifo("push"), fifo("timeout")).kinds[2:] == [HoldEnded, NobodyAnswered]
    popped = pbx(create(), fifo("push"), fifo("caller_pop"), bridge(AGENT, CALLER, a_name=PHONE))
    assert popped.kinds[2:] == [Talking]


def valet(action: str, **more: str) -> Headers:
    return event("valet_parking::info", leg(), Action=action, Valet_Lot_Name="lot", **more)


def test_who_is_parked_and_gives_up_was_on_hold_though_they_talked_before() -> None:
    p = pbx(create(), create(phone()), bridge(), hangup(phone()), unbridge(), valet("hold"))
    p.tell(hangup(), valet("exit", Answer_State="hangup"), hung_up())
    assert p.kinds[-2:] == [HoldStarted, CallerLeft]


def test_who_is_taken_from_the_lot_talks() -> None:
    p = pbx(create(), valet("hold"), valet("bridge"), valet("exit"), bridge(), apart=0.02)
    assert p.kinds == [CallerArrived, HoldStarted, HoldEnded, Talking]


# -- talking ---------------------------------------------------------------------------------------------------


def test_an_agent_who_is_about_to_be_bridged_is_no_answer() -> None:
    p = pbx(create(), join(), create(agent()), event("CHANNEL_ANSWER", agent()), hangup(), apart=0.01)
    p.tell(queue("bridge-agent-start"), leave("BREAK_OUT", Answer_State="hangup"), hangup(agent()), apart=0.01)
    p.tell(queue("bridge-agent-end"), hung_up(), apart=0.01)
    assert p.kinds == [CallerArrived, HoldStarted, CallerLeft]


@pytest.mark.parametrize(("a", "b"), [(CALLER, AGENT), (AGENT, CALLER)])
def test_either_leg_may_be_the_first_of_a_bridge(a: str, b: str) -> None:
    p = pbx(create(), create(phone()), bridge(a, b, a_name=TRUNK if a == CALLER else PHONE))
    assert p.last() == Talking(f"main/{CALLER}", T0 + 2, "1001")


def test_the_legs_of_a_group_are_one_ring_and_who_lost_the_race_means_nothing() -> None:
    other = phone(OTHER, "sofia/internal/1002@127.0.0.1:5072")
    p = pbx(create(), create(phone()), create(other), hangup(other, "LOSE_RACE"), bridge())
    assert p.kinds == [CallerArrived, Ringing, Talking]


def test_a_group_that_nobody_takes_is_told_once_all_have_stopped() -> None:
    other = phone(OTHER, "sofia/internal/1002@127.0.0.1:5072")
    p = pbx(create(), create(phone()), create(other), hangup(phone(), "USER_BUSY"))
    assert p.kinds == [CallerArrived, Ringing]
    p.tell(hangup(other, "NO_ANSWER"))
    assert p.last() == NobodyAnswered(f"main/{CALLER}", T0 + 4, NoAnswer.RANG_OUT)


def test_one_phone_after_the_other_rings_twice() -> None:
    mobile = phone(OTHER, "sofia/trunk/+12025550199@127.0.0.1", Caller_Destination_Number="+12025550199")
    p = pbx(create(), create(phone()), hangup(phone(), "ALLOTTED_TIMEOUT"), create(mobile))
    p.tell(event("CHANNEL_ANSWER", mobile), bridge(CALLER, OTHER))
    assert p.kinds == [CallerArrived, Ringing, NobodyAnswered, Ringing, Talking]
    assert p.last() == Talking(f"main/{CALLER}", T0 + 5, "+12025550199")


def test_a_phone_that_is_not_registered_has_no_leg_and_is_told_by_a_variable() -> None:
    gone = {"variable_originate_disposition": "USER_NOT_REGISTERED"}
    p = pbx(create(), event("CHANNEL_EXECUTE", leg() | gone, Application="playback"))
    assert p.last() == NobodyAnswered(f"main/{CALLER}", T0 + 1, NoAnswer.UNREACHABLE)


def test_an_old_disposition_means_nothing_later() -> None:
    old = {"variable_originate_disposition": "NO_ANSWER"}
    p = pbx(create(), create(phone()), hangup(phone(), "NO_ANSWER"), queue("member-queue-start") | old)
    p.tell(hangup(leg() | old), hung_up(leg() | old))
    assert p.kinds == [CallerArrived, Ringing, NobodyAnswered, HoldStarted, CallerLeft]


def test_a_transfer_to_a_phone_that_nobody_can_reach_after_a_talk_is_told() -> None:
    tried = {"variable_originate_disposition": "USER_NOT_REGISTERED"}
    p = pbx(create(), create(phone()), bridge(), hangup(phone()), unbridge(), hangup(leg() | tried))
    p.tell(hung_up())
    assert p.kinds[-2:] == [NobodyAnswered, CallerLeft]


# -- hold and consultations ------------------------------------------------------------------------------------


def talk() -> Pbx:
    return pbx(create(), create(phone()), bridge())


def test_the_leg_that_holds_is_the_agents() -> None:
    p = talk().tell(event("CHANNEL_HOLD", phone()), event("CHANNEL_UNHOLD", phone()), dtmf("1"))
    assert p.kinds[3:] == [HoldStarted, Talking, KeyPressed]
    assert (p.facts[3].at, p.facts[4].at) == (T0 + 3, T0 + 4)


def test_a_hold_that_the_caller_themselves_asked_for_is_none() -> None:
    assert talk().tell(event("CHANNEL_HOLD", leg())).kinds[3:] == []


def test_a_hold_that_ends_with_the_call_has_not_ended() -> None:
    """CHANNEL_UNHOLD comes 20 ms after the hang-up, whoever hangs up."""
    by_caller = talk().tell(event("CHANNEL_HOLD", phone()))
    by_caller.tell(hangup(), event("CHANNEL_UNHOLD", phone()), unbridge(), hung_up(), apart=0.02)
    assert by_caller.kinds[3:] == [HoldStarted, CallerLeft]
    by_agent = talk().tell(event("CHANNEL_HOLD", phone()))
    by_agent.tell(event("CHANNEL_UNHOLD", phone()), hangup(phone()), unbridge(), hangup(), hung_up(), apart=0.02)
    assert Talking not in by_agent.kinds[3:] and by_agent.kinds[-1] is CallerLeft


def test_a_hold_that_was_taken_back_counts_though_nothing_else_comes() -> None:
    p = talk().tell(event("CHANNEL_HOLD", phone()), event("CHANNEL_UNHOLD", phone())).settle()
    assert p.last() == Talking(f"main/{CALLER}", T0 + 4, "1001")


def consulted() -> Headers:
    return phone(CONSULT, "sofia/internal/1004@127.0.0.1:5074", origin=AGENT)


def test_who_is_consulted_about_a_caller_makes_them_wait_and_takes_them_over() -> None:
    p = talk().tell(create(consulted()), bridge(AGENT, CONSULT, a_name=PHONE), hangup(phone()))
    p.tell(unbridge(AGENT, CONSULT), unbridge(), bridge(CONSULT, CALLER, a_name="sofia/internal/1004@x"))
    assert p.kinds[3:] == [HoldStarted, HoldEnded, Talking]
    assert isinstance(p.last(), Talking) and p.facts[-1].agent == "1004"  # type: ignore[attr-defined]


def test_a_consultation_that_comes_to_nothing_gives_the_caller_back() -> None:
    refused = talk().tell(create(consulted()), hangup(consulted(), "USER_BUSY"))
    assert refused.kinds[3:] == [HoldStarted, Talking]
    given_up = talk().tell(create(consulted()), bridge(AGENT, CONSULT, a_name=PHONE))
    given_up.tell(hangup(consulted()), unbridge(AGENT, CONSULT))
    assert given_up.kinds[3:] == [HoldStarted, Talking]


def test_who_hangs_up_in_a_consultation_left_then_and_not_when_it_ended() -> None:
    p = talk().tell(create(consulted()), bridge(AGENT, CONSULT, a_name=PHONE), hangup())
    p.tell(hangup(consulted()), unbridge(AGENT, CONSULT), hangup(phone()), unbridge(), hung_up())
    assert p.kinds[3:] == [HoldStarted, CallerLeft]
    assert p.last().at == T0 + 5


def test_the_end_does_not_wait_for_the_end_of_a_consultation() -> None:
    p = talk().tell(create(consulted()), bridge(AGENT, CONSULT, a_name=PHONE), hangup(), event("HEARTBEAT", {}))
    p.tell(event("HEARTBEAT", {}))
    assert p.last() == CallerLeft(f"main/{CALLER}", T0 + 5, hung_up=True)


def test_a_call_whose_hang_up_was_not_seen_ended_when_freeswitch_says() -> None:
    ended = {"Caller-Channel-Hangup-Time": "1795286005419825"}
    p = pbx(create(), join(), hung_up(leg() | ended))
    assert p.last() == CallerLeft(f"main/{CALLER}", T0 + 2 - 4.0, hung_up=True)


def halves(number: str = "1010") -> list[Headers]:
    """A consultation over loopback: the receptionist's half, and the one that waits in the queue."""
    a = phone(CONSULT, "loopback/5000-a", origin=AGENT)
    b = leg(TWIN, "loopback/5000-b", Caller_Context="default", Caller_Caller_ID_Number=number)
    return [a, b | {"variable_other_loopback_leg_uuid": CONSULT}]


def test_a_caller_takes_the_seat_of_the_half_that_waits_for_them() -> None:
    a, b = halves()
    p = talk().tell(create(a), create(b), queue("member-queue-start", TWIN) | b, bridge(AGENT, CONSULT, a_name=PHONE))
    p.tell(hangup(phone()), unbridge(AGENT, CONSULT), unbridge(), bridge(CALLER, CONSULT), apart=0.02)
    waits = p.last()
    assert isinstance(waits, HoldStarted) and (waits.place, waits.queue) == (Place.QUEUE, "support")
    p.tell(hangup(), hung_up(), hangup(b), queue("member-queue-end", TWIN, CC_Cancel_Reason="BREAK_OUT") | b)
    assert p.kinds[-2:] == [HoldStarted, CallerLeft] and {fact.call_id for fact in p.facts} == {f"main/{CALLER}"}


def test_an_agent_at_the_other_half_talks_with_the_caller() -> None:
    a, b = halves()
    p = talk().tell(create(a), create(b), queue("member-queue-start", TWIN) | b, bridge(AGENT, CONSULT, a_name=PHONE))
    p.tell(hangup(phone()), unbridge(AGENT, CONSULT), unbridge(), bridge(CALLER, CONSULT))
    p.tell(create(agent(OTHER, TWIN)), bridge(TWIN, OTHER, a_name="loopback/5000-b"))
    assert p.kinds[-2:] == [HoldStarted, Talking]


@pytest.mark.parametrize("number", ["1010", "+15551230100"])
def test_a_call_of_the_pbx_to_itself_is_no_caller(number: str) -> None:
    """It comes in over the trunk, with the number of the phone or of the house; later the SIP Call-ID tells it, too."""
    out = phone(CONSULT, "sofia/trunk/5000@127.0.0.1", origin=AGENT) | {"Caller-Caller-ID-Number": number}
    out["Caller-Destination-Number"] = "5000"
    back = leg(TWIN, "sofia/trunk/1010@127.0.0.1", Caller_Caller_ID_Number=number, Caller_Destination_Number="5000")
    p = talk().tell(create(out), create(back), queue("member-queue-start", TWIN) | back, apart=0.02)
    p.tell(event("CHANNEL_ANSWER", out), bridge(AGENT, CONSULT, a_name=PHONE), apart=0.02)
    p.tell(hangup(phone()), unbridge(AGENT, CONSULT), unbridge(), bridge(CALLER, CONSULT), apart=0.02)
    assert {fact.call_id for fact in p.facts} == {f"main/{CALLER}"}
    assert isinstance(p.last(), HoldStarted) and p.facts[-1].place is Place.QUEUE  # type: ignore[attr-defined]


def test_two_legs_of_one_sip_dialog_are_one_connection() -> None:
    out = phone(CONSULT, "sofia/trunk/5000@127.0.0.1", origin=AGENT, variable_sip_call_id="dialog")
    back = leg(TWIN, "sofia/trunk/1010@127.0.0.1", Caller_Caller_ID_Number="1010", variable_sip_call_id="dialog")
    p = talk().tell(create(out), create(back), queue("member-queue-start", TWIN) | back)
    p.tell(event("CHANNEL_ANSWER", out), bridge(CALLER, CONSULT))
    assert isinstance(p.last(), HoldStarted) and p.facts[-1].place is Place.QUEUE  # type: ignore[attr-defined]


# -- staff, voicemail, the end ---------------------------------------------------------------------------------


def test_staff_who_reach_a_number_are_told_and_calls_for_callers_are_not() -> None:
    inside = leg(OTHER, "sofia/internal/1001@lab", Caller_Context="default", Caller_Caller_ID_Number="1001")
    out = phone(CONSULT, "sofia/trunk/+12025550143", origin=OTHER) | {"Caller-Destination-Number": NUMBER}
    p = pbx(create(inside), create(out), event("CHANNEL_ANSWER", out))
    assert p.facts == [StaffReached(f"main/{CONSULT}", T0 + 2, NUMBER)]
    mobile = phone(CONSULT, "sofia/trunk/+12025550199", origin=CALLER) | {"Caller-Destination-Number": "+12025550199"}
    assert pbx(create(), create(mobile), event("CHANNEL_ANSWER", mobile)).kinds == [CallerArrived, Ringing]


@pytest.mark.parametrize(
    ("application", "data", "takes"),
    [
        ("voicemail", "default lab 1002", True),
        ("voicemail", "check default lab", False),
        ("lua", "app.lua voicemail", True),
        ("lua", "lunch.lua", False),
        ("playback", "voicemail", False),
    ],
)
def test_a_mailbox_that_takes_a_call_is_told(application: str, data: str, takes: bool) -> None:
    p = pbx(create(), event("CHANNEL_EXECUTE", Application=application, Application_Data=data))
    assert (VoicemailTook in p.kinds) is takes


def test_voicemail_is_known_from_the_end_where_applications_are_not_told() -> None:
    at_the_end = pbx(create(), hangup(), hung_up(variable_current_application="voicemail"), apart=0.02)
    assert at_the_end.kinds == [CallerArrived, VoicemailTook, CallerLeft]
    left = event("vm::maintenance", {"VM-Action": "leave-message", "VM-UUID": CALLER})
    message = pbx(create(), hangup(), left, hung_up(variable_current_application="playback"), apart=0.02)
    assert message.kinds == [CallerArrived, VoicemailTook, CallerLeft] and message.facts[1].at == T0 + 0.02


@pytest.mark.parametrize(("by", "is_theirs"), [("recv_bye", True), ("recv_cancel", True), ("send_bye", False)])
def test_who_hung_up_is_told(by: str, is_theirs: bool) -> None:
    (*_, last) = pbx(create(), hangup(), hung_up(by=by), apart=0.5).facts
    assert last == CallerLeft(f"main/{CALLER}", T0 + 0.5, hung_up=is_theirs)


def test_a_shutdown_ends_each_call_as_it_was() -> None:
    p = pbx(create(), join(), hangup(cause="SYSTEM_SHUTDOWN"), hung_up(cause="SYSTEM_SHUTDOWN", by="send_bye"))
    assert p.kinds == [CallerArrived, HoldStarted, CallerLeft]


def test_nothing_is_kept_of_calls_that_are_over() -> None:
    p = Pbx()
    for number in range(50):
        uuid, other = f"c{number}", f"a{number}"
        caller, theirs = leg(uuid, variable_sip_call_id=uuid), phone(other, origin=uuid, variable_sip_call_id=other)
        p.tell(create(caller), join(uuid), create(theirs), bridge(uuid, other), event("CHANNEL_HOLD", theirs))
        p.tell(hangup(caller), hung_up(caller), hangup(theirs), hung_up(theirs), unbridge(uuid, other))
    held = vars(p.translator) | vars(p.translator.picture)
    sizes = {name: len(value) for name, value in held.items() if isinstance(value, (dict, set, list)) and value}
    assert sizes == {}, "something grows"


@pytest.mark.parametrize(
    "broken",
    [
        {"Event-Name": "CHANNEL_CREATE"},
        {"Event-Name": "CHANNEL_BRIDGE", "Unique-ID": CALLER},
        {"Event-Name": "CHANNEL_BRIDGE", "Bridge-A-Unique-ID": CALLER, "Bridge-B-Unique-ID": CALLER},
        {"Event-Name": "CHANNEL_HANGUP_COMPLETE", "Unique-ID": OTHER, "Caller-Channel-Hangup-Time": "x"},
        {"Event-Name": "DTMF", "Unique-ID": CALLER},
        {"Event-Name": "CUSTOM"},
        {"Event-Subclass": "callcenter::info", "Event-Name": "CUSTOM", "CC-Action": "member-queue-end"},
        {"Event-Subclass": "fifo::info", "Event-Name": "CUSTOM", "Unique-ID": CALLER},
        {"Event-Subclass": "valet_parking::info", "Event-Name": "CUSTOM", "Unique-ID": OTHER, "Action": "exit"},
        {"Event-Name": "SOMETHING_NEW", "Unique-ID": CALLER},
        {},
    ],
)
def test_an_event_without_what_it_needs_changes_nothing(broken: Headers) -> None:
    assert pbx(create(), broken, join()).kinds == [CallerArrived, HoldStarted]


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (0, 2, 1, 3, 4), (0, 0, 1, 1, 2, 2, 3, 3, 4, 4)])
def test_events_twice_or_out_of_order_make_no_second_call(order: tuple[int, ...]) -> None:
    events = [create(), create(agent()), join(), bridge(), hung_up()]
    p = pbx(*(events[at] for at in order))
    assert p.kinds.count(CallerArrived) == p.kinds.count(CallerLeft) == p.kinds.count(Talking) == 1
