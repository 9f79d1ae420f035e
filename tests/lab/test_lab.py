"""The lab itself: a real Asterisk takes real calls and says in AMI what the daemon will have to understand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from .ami import Ami, AmiError, Message
from .asterisk import Asterisk
from .callers import (
    CLOSED_QUEUE,
    DESK_201,
    DESK_202,
    RING_GROUP_OF_LOCALS,
    SUPPORT,
    Callers,
    forged_number,
)
from .conftest import clear

GIVES_UP = "12025550151"
TALKS = "12025550152"
RINGS_OUT = "12025550153"
FINDS_BUSY = "12025550154"


@pytest.fixture(scope="module")
def hour(asterisk: Asterisk) -> Iterator[Ami]:
    """What was heard in an hour in which four people called, one after the other or at once."""
    asterisk.pause("support", "agent1", "agent2")
    with Callers(asterisk) as people, asterisk.connect() as ami:
        desk = people.phone("desk201", answers_after=1)
        people.call(TALKS, DESK_201, stays=2).wait()
        desk.end()
        people.phone("desk201", answers_after=None)
        people.busy_phone("desk202")
        calls = [
            people.call(GIVES_UP, SUPPORT, stays=6),
            people.call(RINGS_OUT, DESK_201),
            people.call(FINDS_BUSY, DESK_202),
        ]
        for call in calls:
            call.wait()
        for number in (GIVES_UP, TALKS, RINGS_OUT, FINDS_BUSY):
            ami.wait_event("Hangup", Uniqueid=arrival(ami, number)["Uniqueid"])
        people.end()
        clear(asterisk)
        yield ami


def arrival(ami: Ami, number: str) -> Message:
    """Waits for the first event of a caller."""
    return ami.wait_event("Newchannel", CallerIDNum=number, ChannelStateDesc="Ring", Context="from-trunk")


def story(ami: Ami, number: str) -> list[str]:
    """Returns the names of the events that bear the caller's own Uniqueid, in order."""
    return [event["Event"] for event in ami.events(Uniqueid=arrival(ami, number)["Uniqueid"])]


def dial_statuses(ami: Ami, number: str) -> list[str]:
    return [event["DialStatus"] for event in ami.events("DialEnd", Linkedid=arrival(ami, number)["Linkedid"])]


def test_the_version_is_the_one_asked_for(asterisk: Asterisk, request: pytest.FixtureRequest) -> None:
    wanted = request.node.callspec.params["asterisk"]
    assert asterisk.version.startswith(f"{wanted}."), f"Debian's Asterisk {wanted} is now {asterisk.version}"
    assert asterisk.version in asterisk.cli("core show version")


def test_a_caller_who_gives_up_on_hold_hangs_up_before_the_queue_says_abandoned(hour: Ami) -> None:
    events = story(hour, GIVES_UP)
    assert events.index("QueueCallerJoin") < events.index("HangupRequest") < events.index("QueueCallerAbandon")
    [abandon] = hour.events("QueueCallerAbandon")
    assert abandon["Queue"] == "support"
    assert int(abandon["HoldTime"]) in (5, 6, 7)


def test_a_caller_who_is_answered_is_bridged_with_the_desk(hour: Ami) -> None:
    assert dial_statuses(hour, TALKS) == ["ANSWER"]
    bridged = hour.events("BridgeEnter", Linkedid=arrival(hour, TALKS)["Linkedid"])
    assert [event["Channel"].rpartition("-")[0] for event in bridged].count("PJSIP/desk201") == 1
    assert len(bridged) == 2


def test_a_desk_that_rings_out_says_noanswer_and_nobody_is_bridged(hour: Ami) -> None:
    assert dial_statuses(hour, RINGS_OUT) == ["NOANSWER"]
    assert not hour.events("BridgeEnter", Linkedid=arrival(hour, RINGS_OUT)["Linkedid"])
    assert "HangupRequest" not in story(hour, RINGS_OUT)


def test_a_desk_that_is_busy_says_busy(hour: Ami) -> None:
    assert dial_statuses(hour, FINDS_BUSY) == ["BUSY"]
    assert "HangupRequest" not in story(hour, FINDS_BUSY)


def test_a_caller_who_takes_the_call_back_cancels_the_dial(asterisk: Asterisk, callers: Callers) -> None:
    with asterisk.connect() as ami:
        callers.phone("desk201", answers_after=None)
        callers.call_and_give_up(GIVES_UP, DESK_201, after=1).wait()
        ami.wait_event("Hangup", Uniqueid=arrival(ami, GIVES_UP)["Uniqueid"])
        assert dial_statuses(ami, GIVES_UP) == ["CANCEL"]
        assert "HangupRequest" in story(ami, GIVES_UP)


def test_a_call_out_of_the_house_rings_on_the_trunk_but_not_from_it(asterisk: Asterisk, callers: Callers) -> None:
    with asterisk.connect() as ami:
        callers.world(answers_after=0.2)
        callers.call_from_desk("desk202", "12025550177", stays=0.5).wait()
        ours = ami.wait_event("Newchannel", Exten="12025550177")
        assert (ours["Context"], ours["CallerIDNum"]) == ("from-internal", "202")
        ami.wait_event("Hangup", Uniqueid=ours["Uniqueid"])
        theirs = [e for e in ami.events("Newchannel", Context="from-trunk") if e["Channel"].startswith("PJSIP/trunk-")]
        assert [event["ChannelStateDesc"] for event in theirs] == ["Down"]


def test_the_daemons_user_gets_everything_but_the_dialplans_chatter(asterisk: Asterisk, callers: Callers) -> None:
    with asterisk.connect("unfiltered") as whole, asterisk.connect(asterisk.user) as narrow:
        callers.phone("desk201", answers_after=None)
        callers.phone("desk202", answers_after=0.2)
        callers.call(TALKS, RING_GROUP_OF_LOCALS, stays=0.5).wait()
        callers.call(GIVES_UP, CLOSED_QUEUE).wait()
        for ami in (whole, narrow):
            for number in (TALKS, GIVES_UP):
                linked = arrival(ami, number)["Linkedid"]
                legs = {event["Uniqueid"] for event in ami.events("Newchannel", Linkedid=linked)}
                for leg in legs:
                    ami.wait_event("Hangup", Uniqueid=leg)
        chatter = {"VarSet", "Newexten"}
        assert bag(narrow, chatter) == bag(whole, chatter)
        assert {event["Variable"] for event in narrow.events("VarSet")} == {"DIALSTATUS", "QUEUESTATUS"}
        assert {event["Application"] for event in narrow.events("Newexten")} == {"Queue"}
        assert len(narrow.raw) < len(whole.raw) * 0.7


def bag(ami: Ami, without: set[str]) -> Counter[tuple[str, ...]]:
    """Counts the events; not the order, which differs between two sessions where channels are at work together."""
    kept = (event for event in ami.events() if event["Event"] not in without)
    return Counter(tuple(f"{key}: {value}" for key, value in event.items()) for event in kept)


def test_a_caller_cannot_hide_from_the_filter_by_his_name(asterisk: Asterisk, callers: Callers) -> None:
    # an unanchored "!Event: VarSet" would drop every event of this caller
    asterisk.pause("support", "agent1", "agent2")
    with asterisk.connect(asterisk.user) as ami:
        callers.call(GIVES_UP, SUPPORT, stays=0.5, name="Event: VarSet").wait()
        ami.wait_event("Hangup", Uniqueid=arrival(ami, GIVES_UP)["Uniqueid"])
        assert "QueueCallerAbandon" in story(ami, GIVES_UP)


def test_a_name_of_ten_kilobytes_with_quotes_still_makes_a_call(asterisk: Asterisk, callers: Callers) -> None:
    asterisk.pause("support", "agent1", "agent2")
    with asterisk.connect() as ami:
        callers.call(GIVES_UP, SUPPORT, stays=0.5, name='Ann "Q" O\'Neil, é: ' + "x" * 10_000).wait()
        name = arrival(ami, GIVES_UP)["CallerIDName"]
        assert name.startswith("Ann ")
        assert len(name) < 100


def test_a_forged_number_shows_as_an_event_of_another_caller(asterisk: Asterisk, callers: Callers) -> None:
    asterisk.pause("support", "agent1", "agent2")
    with asterisk.connect() as ami:
        victim = callers.call(GIVES_UP, SUPPORT, stays=3)
        uniqueid = ami.wait_event("QueueCallerJoin", CallerIDNum=GIVES_UP)["Uniqueid"]
        callers.call(forged_number(uniqueid), SUPPORT, stays=0.5).wait()
        forged = {"Event": "Hangup", "Privilege": "call,all", "Uniqueid": uniqueid}
        assert forged in [dict(message) for message in ami.messages]
        assert not ami.events("QueueCallerAbandon", Uniqueid=uniqueid)
        victim.wait()
        ami.wait_event("QueueCallerAbandon", Uniqueid=uniqueid)


def test_a_wrong_secret_is_refused(asterisk: Asterisk) -> None:
    with pytest.raises(AmiError, match="Authentication failed"):
        Ami(asterisk.ami_port, asterisk.user, "wrong")


def test_a_user_without_the_right_classes_is_let_in_and_told_nothing(asterisk: Asterisk) -> None:
    with asterisk.connect("toofew") as ami:
        answer = ami.ask("CoreShowChannels")
        assert (answer["Response"], answer["Message"]) == ("Error", "Permission denied")
        assert ami.ask("QueueStatus")["Response"] == "Success"
        assert not ami.events("FullyBooted")


def test_two_of_them_run_side_by_side(asterisk: Asterisk, request: pytest.FixtureRequest) -> None:
    other = Asterisk(request.node.callspec.params["asterisk"])
    try:
        other.start()
        assert other.pid != asterisk.pid
        with asterisk.connect(), other.connect():
            assert other.ami_port != asterisk.ami_port
        other.kill()
        other.start()
        with other.connect() as ami:
            ami.wait_event("FullyBooted")
    finally:
        other.remove()
    assert not other.home.exists()
