"""What three lists tell after a (re)connection, as recorded and as made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

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
    show_channel,
    status,
)
from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    Fact,
    HoldEnded,
    HoldStarted,
    NobodyAnswered,
    Place,
    Ringing,
    StateUnknown,
    Talking,
)
from textback.pbx.ami_callers import position
from textback.pbx.ami_facts import Translator
from textback.pbx.ami_resync import Resync, Snapshot
from textback.pbx.sight import LastSeen, Resynced
from textback.pbx.picture import NOTHING, Situation
from textback.pbx.tampering import read_event
from textback.pbx.wire import END, Headers

NOW = 1_795_282_467.0
CALL = f"main/{CALLER}"
WAITING, RINGING, TALKING = "1795282462.181", "1795282463.182", "1795282463.183"
EMPTY = Snapshot([], [], [])
SECOND = "PJSIP/trunk-00000099"


def translator() -> Translator:
    made = Translator("main", ["PJSIP/trunk-*"], ["from-trunk"])
    made.syncing = True
    return made


def recorded(name: str) -> Snapshot:
    blocks = recordings.read("asterisk22", f"wire/{name}").split(END)
    rows = [read_event(block) for block in blocks if block.startswith(b"Event: ") and b"\r\nActionID: " in block]
    kinds: dict[str, list[Headers]] = {"CoreShowChannel": [], "Status": [], "QueueEntry": []}
    for row in rows:
        if row and row["Event"] in kinds:
            kinds[row["Event"]].append(row)
    return Snapshot(kinds["CoreShowChannel"], kinds["Status"], kinds["QueueEntry"])


def made_up(*channels: Headers, did: str = "15551230100", seats: tuple[Headers, ...] = ()) -> Snapshot:
    rows = [show_channel("1", block) if "Event" not in block else block for block in channels]
    return Snapshot(rows, [status("2", channel(row["Uniqueid"], row["Channel"]), did) for row in rows], seats)


def resynced(
    snapshot: Snapshot, known: Mapping[str, LastSeen] = {}, *live: Headers, by: Translator | None = None
) -> Resynced:
    """What a resync finds; ``live``: events that came while the lists were on their way."""
    by = by or translator()
    resync = Resync(by, known)
    before = [fact for one in live for fact in by.take(one, NOW - 1)]
    found = resync.apply(snapshot, NOW)
    return Resynced(before + found.facts, found.gone)


def synced(
    snapshot: Snapshot, known: Mapping[str, LastSeen] = {}, *live: Headers, by: Translator | None = None
) -> list[Fact]:
    """The facts of a resync that misses nobody."""
    found = resynced(snapshot, known, *live, by=by)
    assert found.gone == []
    return found.facts


# -- as recorded -----------------------------------------------------------------------------------------------


def test_the_recorded_snapshot_tells_of_everybody_on_the_line() -> None:
    facts = synced(recorded("i3_resync_snapshot.snapshot"))
    arrived = {fact.call_id: fact for fact in facts if isinstance(fact, CallerArrived)}
    assert {call_id: (fact.number, fact.did, NOW - fact.at) for call_id, fact in arrived.items()} == {
        f"main/{WAITING}": ("15559870103", "15551230100", 5.0),
        f"main/{RINGING}": ("15559870105", "15551230120", 4.0),
        f"main/{TALKING}": ("15559870104", "15551230101", 4.0),
    }
    rest = [fact for fact in facts if not isinstance(fact, CallerArrived)]
    assert sorted(rest, key=lambda fact: fact.call_id) == [
        HoldStarted(f"main/{WAITING}", NOW, Place.QUEUE, since=NOW - 5, queue="support"),
        Ringing(f"main/{RINGING}", NOW),
        Talking(f"main/{TALKING}", NOW, agent="agent1"),
    ]


def test_what_follows_the_recorded_snapshot_ends_each_call_as_it_ended() -> None:
    by = translator()
    synced(recorded("i3_resync_snapshot.snapshot"), by=by)
    blocks = recordings.read("asterisk22", "wire/i3_resync_snapshot").split(END)
    start = max(at for at, block in enumerate(blocks) if block.startswith(b"Event: BridgeEnter"))
    later = [read_event(block) for block in blocks[start:] if block.startswith((b"Event: Hangup", b"Event: Queue"))]
    facts = [fact for one in later if one for fact in by.take(one, NOW + 1)]
    assert {fact.call_id for fact in facts if isinstance(fact, CallerLeft) and fact.hung_up} == {
        f"main/{uniqueid}" for uniqueid in (WAITING, RINGING, TALKING)
    }


@pytest.mark.parametrize("story", ["i2_restart_now_with_calls", "i4_crash_with_calls"])
def test_after_a_restart_nobody_is_on_the_line_and_what_was_open_is_lost(story: str) -> None:
    snapshot = recorded(f"{story}.after")
    assert not snapshot.channels and not snapshot.queues
    assert resynced(snapshot, {"1795282992.0": LastSeen(TRUNK)}) == Resynced([], ["1795282992.0"])


def test_an_orderly_restart_ends_every_call_before_the_link_does() -> None:
    by = Translator("main", ["PJSIP/trunk-*"])
    blocks = recordings.read("asterisk22", "wire/i2_restart_now_with_calls").split(END)
    events = [read_event(block) for block in blocks if block.startswith(b"Event: ")]
    facts = [fact for one in events if one for fact in by.take(one, NOW)]
    assert [fact.hung_up for fact in facts if isinstance(fact, CallerLeft)] == [False, False]
    assert by.callers == {}


# -- who is adopted --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("snapshot", "callers"),
    [
        (made_up(channel()), [CALL]),
        (made_up(channel(Context="from-internal", Exten="603")), [CALL]),
        (made_up(channel(), did=""), []),
        (made_up(channel(name="PJSIP/ext201-00000005")), []),
        (made_up(channel(Linkedid=OTHER)), []),
    ],
    ids=["a caller", "one who was transferred", "no DID", "a phone", "a leg of another call"],
)
def test_callers_are_told_from_legs(snapshot: Snapshot, callers: list[str]) -> None:
    assert [fact.call_id for fact in synced(snapshot) if isinstance(fact, CallerArrived)] == callers


def test_a_wait_is_restored_from_the_queue() -> None:
    facts = synced(made_up(channel(), seats=(queue_entry("3", wait="42"),)))
    assert facts[1:] == [HoldStarted(CALL, NOW, Place.QUEUE, since=NOW - 42, queue="support")]


def test_a_parked_caller_waits() -> None:
    facts = synced(made_up(show_channel("1", channel(), application="Park", bridge="b-lot")))
    assert [type(fact) for fact in facts] == [CallerArrived, HoldStarted]


def test_two_callers_in_one_parking_lot_wait_and_do_not_talk_with_each_other() -> None:
    rows = [show_channel("1", channel(one, name), "Dial", "b-lot") for one, name in ((CALLER, TRUNK), (OTHER, SECOND))]
    lot = {"Event": "BridgeListItem", "BridgeUniqueid": "b-lot", "BridgeType": "parking"}
    facts = synced(replace(made_up(*rows), bridges=[lot]))
    assert [fact.place for fact in facts if isinstance(fact, HoldStarted)] == [Place.PARK, Place.PARK]
    assert not [fact for fact in facts if isinstance(fact, Talking)]


def test_a_phone_that_rings_for_a_queue_rings_for_no_caller_whom_a_transfer_has_led_there() -> None:
    """The caller still runs the Dial() that was answered first; over a Local channel, they wait in the queue."""
    caller = show_channel("1", channel(), "Dial", "b-1")
    near = show_channel("1", channel("5.1", "Local/537@x-0001;1", Linkedid=CALLER), "", "b-1")
    far = show_channel("1", channel("5.2", "Local/537@x-0001;2", Linkedid=CALLER), "Queue")
    member = show_channel("1", channel(LEG, AGENT, Linkedid=CALLER, ChannelState="5"), "AppQueue")
    by = translator()
    facts = synced(made_up(caller, near, far, member, seats=(queue_entry("1", "5.2"),)), by=by)
    assert [type(fact) for fact in facts] == [CallerArrived, HoldStarted]
    left = by.take(event("BridgeLeave", {"BridgeUniqueid": "b-1", **channel()}), NOW + 1)
    assert not [fact for fact in left if isinstance(fact, Ringing)]


# -- who was known ---------------------------------------------------------------------------------------------

IN_MENU = LastSeen(TRUNK, NOTHING, position(channel()))
WAITED = LastSeen(TRUNK, Situation(Place.QUEUE, NOW - 42, "support"), position(channel()))
RANG = LastSeen(TRUNK, Situation(ringing=True), position(channel()))
UNKNOWN = LastSeen()


def test_a_call_that_is_gone_is_named() -> None:
    assert resynced(EMPTY, {CALLER: IN_MENU, OTHER: UNKNOWN}) == Resynced([], [CALLER, OTHER])


def test_a_caller_who_is_where_they_were_has_missed_nothing() -> None:
    menu = show_channel("1", channel(), application="BackGround")
    assert synced(made_up(menu), {CALLER: IN_MENU}) == []
    queue = show_channel("1", channel(), application="Queue")
    assert synced(made_up(queue), {CALLER: IN_MENU}) == [StateUnknown(CALL, NOW)], "people talk there"


@pytest.mark.parametrize(
    ("last", "now"),
    [(WAITED, channel()), (UNKNOWN, channel()), (IN_MENU, channel(Exten="s", Priority="5"))],
    ids=["waited", "not known", "came further"],
)
def test_of_a_caller_with_whom_something_may_have_happened_nobody_knows(last: LastSeen, now: Headers) -> None:
    assert synced(made_up(now), {CALLER: last}) == [StateUnknown(CALL, NOW)]


@pytest.mark.parametrize("last", [WAITED, UNKNOWN])
def test_a_known_caller_who_waits_still_is_told_of_with_the_whole_wait(last: LastSeen) -> None:
    snapshot = made_up(channel(), seats=(queue_entry("3"),))
    assert synced(snapshot, {CALLER: last}) == [HoldStarted(CALL, NOW, Place.QUEUE, NOW - 42, "support")]


# -- what came while the lists were on their way ---------------------------------------------------------------

JOINED = event("QueueCallerJoin", Queue="sales")


def test_a_caller_who_arrived_meanwhile_arrives_once() -> None:
    facts = synced(made_up(channel()), {}, newchannel())
    assert [type(fact) for fact in facts] == [CallerArrived]


def test_a_caller_who_arrived_and_left_meanwhile_is_not_adopted_again() -> None:
    arrived_and_left = synced(made_up(channel()), {}, newchannel(), event("Hangup"))
    assert [type(fact) for fact in arrived_and_left] == [CallerArrived, CallerLeft]


EARLIER = f"{int(NOW) - 20}.3"


@pytest.mark.parametrize("snapshot", [EMPTY, made_up(channel(EARLIER))])
@pytest.mark.parametrize(("exten", "did"), [("15551230100", "15551230100"), ("600", None), ("s", None)])
def test_of_an_unknown_caller_of_whom_only_the_end_was_seen_it_is_known_that_they_called(
    snapshot: Snapshot, exten: str, did: str | None
) -> None:
    found = resynced(snapshot, {}, event("Hangup", channel(EARLIER, Exten=exten)))
    (arrived,) = found.facts
    assert isinstance(arrived, CallerArrived) and (arrived.number, arrived.did) == ("15559870280", did)
    assert arrived.at == NOW - 20 and found.gone == [EARLIER]


def test_a_clock_of_the_pbx_that_is_ahead_makes_nobody_arrive_later_than_they_left() -> None:
    later = f"{int(NOW) + 3600}.7"
    (arrived,) = resynced(EMPTY, {}, event("Hangup", channel(later))).facts
    assert arrived.at == NOW - 1


@pytest.mark.parametrize(
    "block", [channel(LEG, AGENT), channel(LEG, TRUNK, Linkedid=CALLER), channel(name="Local/1@x-1;1")]
)
def test_of_others_the_end_alone_is_nobodys(block: Headers) -> None:
    assert resynced(EMPTY, {}, event("Hangup", block)) == Resynced([], [])


def test_an_end_that_comes_when_all_has_been_looked_at_brings_nobody() -> None:
    by = translator()
    resynced(EMPTY, by=by)
    assert by.take(event("Hangup", channel()), NOW + 1) == []


def test_who_forged_and_hung_up_before_all_was_looked_at_is_distrusted() -> None:
    by = translator()
    Resync(by, {})
    facts = by.take(event("Hangup", channel()), NOW - 1, tampered=True)
    assert [type(fact) for fact in facts] == [CallerArrived, CallerKnown]


@pytest.mark.parametrize("last", [WAITED, UNKNOWN, IN_MENU])
def test_a_caller_of_whom_only_the_end_was_seen_may_have_been_answered_before(last: LastSeen) -> None:
    assert resynced(made_up(channel()), {CALLER: last}, event("Hangup")) == Resynced([], [CALLER])


def test_a_caller_who_was_leaving_when_last_seen_has_left() -> None:
    gone = synced(made_up(channel()), {CALLER: replace(WAITED, leaving=True)}, event("Hangup"))
    assert gone == [CallerLeft(CALL, NOW - 1, hung_up=False)]


def test_a_caller_who_gave_up_meanwhile_was_on_hold_until_then() -> None:
    live = [event(name, Queue="support") for name in ("QueueCallerAbandon", "QueueCallerLeave")] + [event("Hangup")]
    waited = HoldStarted(CALL, NOW - 1, Place.QUEUE, NOW - 1, "support")
    ended = [HoldEnded(CALL, NOW - 1), CallerLeft(CALL, NOW - 1, hung_up=False)]
    assert synced(made_up(channel()), {CALLER: UNKNOWN}, *live) == [waited, *ended]


def test_a_caller_who_was_answered_and_left_meanwhile_was_answered() -> None:
    live = [bridge_enter(LEG, AGENT), bridge_enter(CALLER, TRUNK), event("Hangup")]
    facts = synced(made_up(channel()), {CALLER: WAITED}, *live)
    assert facts == [Talking(CALL, NOW - 1, "agent1"), CallerLeft(CALL, NOW - 1, hung_up=False)]


def test_a_caller_whom_nobody_answered_meanwhile_is_missed() -> None:
    said = event("VarSet", Variable="DIALSTATUS", Value="NOANSWER")
    facts = synced(made_up(channel()), {CALLER: RANG}, said, event("Hangup"))
    assert [type(fact) for fact in facts] == [NobodyAnswered, CallerLeft]


def test_a_caller_whom_an_event_shows_before_the_list_does_is_adopted() -> None:
    live = [bridge_enter(LEG, AGENT), bridge_enter(CALLER, TRUNK)]
    assert [type(fact) for fact in synced(made_up(channel()), {}, *live)] == [CallerArrived, Talking]
    assert [type(fact) for fact in synced(made_up(channel()), {}, JOINED)] == [CallerArrived, HoldStarted]


def test_an_older_list_does_not_unseat_who_joined_meanwhile() -> None:
    facts = synced(made_up(channel(), seats=(queue_entry("3"),)), {CALLER: WAITED}, JOINED)
    assert facts == [HoldStarted(CALL, NOW - 1, Place.QUEUE, NOW - 1, "sales")]


@pytest.mark.parametrize("known", [{}, {CALLER: WAITED}])
def test_an_older_list_does_not_seat_again_who_left_the_queue_meanwhile(known: dict[str, str]) -> None:
    left = event("QueueCallerLeave", Queue="support")
    facts = synced(made_up(channel(), seats=(queue_entry("3"),)), known, left)
    assert not any(isinstance(fact, HoldStarted) and fact.at == NOW for fact in facts)


def test_an_older_list_does_not_bridge_again_who_left_the_bridge_meanwhile() -> None:
    rows = [show_channel("1", channel(), bridge="b-1"), show_channel("1", channel(LEG, AGENT), bridge="b-1")]
    assert [type(fact) for fact in synced(made_up(*rows))] == [CallerArrived, Talking]
    left = event("BridgeLeave", {"BridgeUniqueid": "b-1", **channel(LEG, AGENT)})
    assert [type(fact) for fact in synced(made_up(*rows), {}, left)] == [CallerArrived, StateUnknown]


def test_a_caller_who_was_answered_meanwhile_talks() -> None:
    live = [bridge_enter(LEG, AGENT), bridge_enter(CALLER, TRUNK)]
    facts = synced(made_up(channel()), {CALLER: WAITED}, *live)
    assert facts == [Talking(CALL, NOW - 1, "agent1")]


@pytest.mark.parametrize("known", [{}, {CALLER: RANG}])
def test_an_older_list_does_not_ring_again_for_whom_was_answered_meanwhile(known: dict[str, LastSeen]) -> None:
    made, leg = translator(), channel(LEG, AGENT, Linkedid=CALLER, ChannelState="5")
    rows = made_up(show_channel("1", channel(), "Dial"), show_channel("1", leg, "AppDial"))
    answered = dial("DialEnd", channel(), leg, DialStatus="ANSWER")
    facts = synced(rows, known, answered, by=made)
    assert not any(isinstance(fact, Ringing) for fact in facts)
    bridged = [bridge_enter(LEG, AGENT), bridge_enter(CALLER, TRUNK)]
    ends = [event(name, {"BridgeUniqueid": "b-1", **channel()}) for name in ("BridgeLeave", "Hangup")]
    told = [fact for one in (*bridged, *ends) for fact in made.take(one, NOW + 1)]
    assert [type(fact) for fact in told] == [Talking, CallerLeft]


def test_a_lot_that_was_left_meanwhile_is_not_entered_again() -> None:
    left = event("UnParkedCall", channel(prefix="Parkee"))
    parked = show_channel("1", channel(), application="Park")
    assert [type(fact) for fact in synced(made_up(parked), {}, left)] == [CallerArrived, StateUnknown]


# -- what orders want to know ---------------------------------------------------------------------------------------


def test_it_is_known_for_whom_an_agents_phone_rings_and_whose_line_is_answered() -> None:
    made = translator()
    leg = channel(LEG, AGENT, Linkedid=CALLER, ChannelState="5")
    rows = made_up(show_channel("1", channel()), show_channel("1", leg, "AppQueue"), seats=(queue_entry("3"),))
    synced(rows, by=made)
    assert made.picture.channels[CALLER].agents == {LEG} and made.picture.channels[CALLER].is_up


def test_who_heard_our_prompt_when_last_seen_and_is_still_in_our_dialplan_hears_it() -> None:
    heard = Situation(Place.OFFER, NOW - 5, "support")
    row = show_channel("1", channel(Context="textback-hook", Exten="s"), "AGI")
    facts = synced(made_up(row), {CALLER: LastSeen(TRUNK, heard)})
    assert facts == [HoldStarted(CALL, NOW, Place.OFFER, NOW - 5, "support")]


def test_who_heard_our_prompt_when_last_seen_and_is_elsewhere_may_have_been_answered() -> None:
    heard = Situation(Place.OFFER, NOW - 5, "support")
    facts = synced(made_up(show_channel("1", channel(), "Playback")), {CALLER: LastSeen(TRUNK, heard)})
    assert facts == [StateUnknown(CALL, NOW)]
