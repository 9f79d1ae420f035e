"""Facts in order through the machine, the policy and the database; time is fed, never waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, select, update

from tests.practices import document, practice
from textback import batch
from textback.book import PracticeBook
from textback.clock import IN_DOUBT
from textback.deadlines import BLIND_LIMIT
from textback.events import (
    CallerArrived,
    CallerLeft,
    CallLost,
    DialplanSaid,
    Fact,
    Handled,
    HoldStarted,
    KeyPressed,
    LinkLost,
    LinkSynced,
    NoAnswer,
    NobodyAnswered,
    Place,
    StaffReached,
    Talking,
    TextRequested,
)
from textback.judge import judge_again
from textback.model import LineType, Status
from textback.orders import MakeOffer, Order, TellAnswer
from textback.store import budget, calls, leases, line_types, links, marks, migrations, optouts, practices
from textback.store.engine import open_engine
from textback.store.sweep import sweep
from textback.store.tables import calls as calls_table
from textback.store.tables import messages
from textback.tracker import Tracker

T0 = 1_800_014_400.0
CALLER = "+12025550143"


def at(seconds: float) -> float:
    return T0 + seconds


class Desk:
    """A tracker on a database of its own, told facts and time."""

    def __init__(self, engine: Engine, *pbxes: str) -> None:
        self.engine = engine
        self.pbxes = pbxes or ("main",)
        self.tracker = self.start()
        self.tell(*(LinkSynced("", at(0), pbx) for pbx in self.pbxes))

    def start(self) -> Tracker:
        self.tracker = Tracker(self.pbxes, PracticeBook())
        with self.engine.begin() as connection:
            self.tracker.restore(connection)
        return self.tracker

    def tell(self, *facts: Fact, now: float | None = None) -> None:
        with self.engine.begin() as connection:
            self.tracker.batch(facts, now)(connection)

    def log(self) -> list[dict[str, Any]]:
        with self.engine.begin() as connection:
            return calls.listing(connection, limit=0)[::-1]

    def texts(self) -> list[tuple[str, str, str]]:
        with self.engine.begin() as connection:
            query = select(messages.c.to_number, messages.c.flow, messages.c.status).order_by(messages.c.created_at)
            return [(row[0], row[1], row[2]) for row in connection.execute(query)]


@pytest.fixture
def engine(engine: Engine) -> Engine:
    want(engine)
    return engine


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def want(engine: Engine, **changes: Any) -> None:
    with engine.begin() as connection:
        practices.put(connection, practice(**changes).name, document(**changes), "test", T0)


def arrives(call: str, seconds: float, number: str | None = CALLER, did: str = "12025550199") -> CallerArrived:
    return CallerArrived(f"main/{call}", at(seconds), "main", call, number, "Doe, Jane", did)


def waits(call: str, seconds: float, queue: str = "support") -> HoldStarted:
    return HoldStarted(f"main/{call}", at(seconds), Place.QUEUE, at(seconds), queue)


def leaves(call: str, seconds: float) -> CallerLeft:
    return CallerLeft(f"main/{call}", at(seconds))


def gives_up(call: str, seconds: float, hold: float = 20, number: str | None = CALLER) -> list[Fact]:
    return [arrives(call, seconds, number), waits(call, seconds), leaves(call, seconds + hold)]


def test_a_caller_who_gives_up_settles_and_then_gets_one_text(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), now=at(35.9))
    (row,) = desk.log()
    assert (row["disposition"], row["flow"], row["verdict"], desk.texts()) == ("abandoned", "abandoned", None, [])
    desk.tell(now=at(36))
    (row,) = desk.log()
    assert (row["verdict"], row["reason"], row["message_status"]) == ("text", "abandoned", "queued")
    assert row["conversation_id"] and desk.texts() == [(CALLER, "abandoned", "queued")]


def test_the_state_of_an_open_call_and_the_settling_survive_a_restart(desk: Desk) -> None:
    desk.tell(arrives("1", 1), waits("1", 1), *gives_up("2", 2, number="+12025550144"))
    desk.start()
    desk.tell(LinkSynced("", at(25), "main"), leaves("1", 40), now=at(100))
    assert [row["hold_seconds"] for row in desk.log()] == [39, 20]
    assert sorted(desk.texts()) == [(CALLER, "abandoned", "queued"), ("+12025550144", "abandoned", "queued")]


def test_no_text_leaves_while_nobody_knows_who_came_back(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), LinkLost("", at(25), "main"), now=at(60))
    assert desk.texts() == []
    desk.tell(arrives("2", 61), waits("2", 61), LinkSynced("", at(62), "main"), now=at(62))
    assert [row["reason"] for row in desk.log()] == ["came_back", None]


def test_a_text_that_waited_too_long_for_a_link_is_held(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), LinkLost("", at(25), "main"), now=at(60))
    desk.tell(LinkSynced("", at(700), "main"), now=at(700))
    assert [(row["verdict"], row["reason"]) for row in desk.log()] == [("held", "too_old")]
    assert desk.texts() == [(CALLER, "abandoned", "held")]


def test_a_slow_loop_delays_a_text_but_does_not_change_it(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), now=at(5000))
    assert [row["verdict"] for row in desk.log()] == ["text"]


def test_who_called_again_and_waits_is_not_texted_for_the_first_call(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), arrives("2", 25), waits("2", 25), now=at(40))
    assert [(row["verdict"], row["reason"]) for row in desk.log()] == [("skip", "came_back"), (None, None)]
    assert desk.log()[0]["why"] == "skip: the caller called again 4 s later"


def test_who_gives_up_twice_within_settle_gets_one_text_for_the_later_call(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), *gives_up("2", 25, hold=8), now=at(100))
    assert [row["reason"] for row in desk.log()] == ["came_back", "abandoned"]
    assert len(desk.texts()) == 1


def test_a_short_second_call_does_not_lose_the_text_of_the_first(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), *gives_up("2", 25, hold=2), now=at(100))
    assert [row["reason"] for row in desk.log()] == ["abandoned", "short_hold"]
    assert len(desk.texts()) == 1


def test_who_gives_up_again_later_is_in_the_cooldown(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), *gives_up("2", 600), now=at(1000))
    assert [row["reason"] for row in desk.log()] == ["abandoned", "cooldown"]


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_text_that_failed_starts_no_cooldown(desk: Desk, status: Status) -> None:
    desk.tell(*gives_up("1", 1), now=at(40))
    with desk.engine.begin() as connection:
        connection.execute(update(messages).values(status=status))
    desk.tell(*gives_up("2", 600), now=at(1000))
    assert [row["reason"] for row in desk.log()] == ["abandoned", "abandoned"]


def test_who_was_answered_meanwhile_is_not_texted(desk: Desk) -> None:
    again = [arrives("2", 25), waits("2", 25), Talking("main/2", at(26), "104"), leaves("2", 30)]
    desk.tell(*gives_up("1", 1), *again, now=at(100))
    assert [row["reason"] for row in desk.log()] == ["came_back", "answered"]


def test_whom_staff_reached_meanwhile_is_not_texted(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), StaffReached("main/9", at(30), "12025550143"), now=at(100))
    assert [row["why"] for row in desk.log()] == ["skip: staff reached the caller 9 s later"]


def test_the_key_gives_a_text_at_once_and_the_call_is_texted(desk: Desk) -> None:
    desk.tell(arrives("1", 1), waits("1", 1), KeyPressed("main/1", at(10), "5"))
    assert desk.texts() == [(CALLER, "call_to_text", "queued")]
    desk.tell(KeyPressed("main/1", at(12), "5"), leaves("1", 30), now=at(100))
    (row,) = desk.log()
    assert (row["disposition"], row["flow"], row["verdict"]) == ("texted", "call_to_text", "text")
    assert row["hold_seconds"] == 9
    assert len(desk.texts()) == 1


def test_a_refused_key_is_judged_at_the_end_as_if_it_had_not_been_pressed(desk: Desk) -> None:
    desk.tell(arrives("1", 1, None), waits("1", 1), KeyPressed("main/1", at(10), "5"), leaves("1", 30), now=at(100))
    (row,) = desk.log()
    assert (row["disposition"], row["reason"]) == ("abandoned", "withheld_number")


def test_a_call_that_no_practice_takes_is_skipped(engine: Engine) -> None:
    want(engine, practice__default=False, line=[{"name": "A", "number": "+12025550100", "dids": ["+12025550111"]}])
    desk = Desk(engine)
    desk.tell(*gives_up("1", 1), now=at(100))
    assert [(row["practice"], row["reason"]) for row in desk.log()] == [(None, "no_practice")]


def test_what_is_applied_holds_from_the_next_event_on(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1))
    want(desk.engine, abandoned__enabled=False)
    desk.tell(now=at(40))
    assert [row["reason"] for row in desk.log()] == ["flow_off"]


def test_a_batch_that_the_database_refuses_is_tried_again_from_before(desk: Desk) -> None:
    desk.tell(arrives("1", 1), waits("1", 1))
    job = desk.tracker.batch([leaves("1", 21), *gives_up("2", 22, number="+12025550144")], at(100))
    for _ in range(3):
        with pytest.raises(ConnectionError), desk.engine.begin() as connection:
            job(connection)
            raise ConnectionError("the disk is full")
    assert desk.texts() == []
    with desk.engine.begin() as connection:
        job(connection)
    assert [(row["verdict"], row["hold_seconds"]) for row in desk.log()] == [("text", 20), ("text", 20)]
    assert len(desk.texts()) == 2


def test_what_a_practice_does_not_limit_is_not_counted(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day's texts may be a hundred thousand, and would be counted for each that is judged."""
    want(engine, guards__per_day=0, guards__per_minute=0, guards__per_prefix=0)
    monkeypatch.setattr(budget, "spent", None)
    desk = Desk(engine)
    desk.tell(*gives_up("1", 1), now=at(60))
    assert desk.texts() == [(CALLER, "abandoned", "queued")]


def test_a_deadline_that_passes_while_the_database_fails_at_the_lease_passes_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is about another PBX, so that the lease of this one is looked at only once the deadline passes."""
    tracker = Tracker(["main", "branch"], PracticeBook(), name="us")
    with engine.begin() as connection:
        leases.ensure(connection, ["main", "branch"])
    for pbx in ("main", "branch"):
        with engine.begin() as connection:
            tracker.takeover(leases.look(connection, [pbx])[pbx], [], at(0), at(0))(connection)
    with engine.begin() as connection:
        tracker.batch(gives_up("1", 1), at(35))(connection)
    elsewhere = CallerArrived("branch/7", at(36), "branch", "7", "+12025550188", None, "12025550199")
    job = tracker.batch([elsewhere], at(36), beats=False)
    keep = leases.keep

    def gone(connection: Connection, name: str, terms: dict[str, int]) -> set[str]:
        if "main" in terms:
            raise ConnectionError
        return keep(connection, name, terms)

    with monkeypatch.context() as patch, pytest.raises(ConnectionError), engine.begin() as connection:
        patch.setattr(leases, "keep", gone)
        job(connection)
    with engine.begin() as connection:
        (entry,) = job(connection)
    assert entry.decision is not None and entry.decision.reason == "abandoned"


@pytest.mark.parametrize("what", ["judge_ended", "to_row"])
def test_a_deadline_that_passes_while_the_database_fails_passes_again(
    desk: Desk, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.tell(*gives_up("1", 1), now=at(35))
    job = desk.tracker.batch([], at(36))

    def gone(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch, pytest.raises(ConnectionError), desk.engine.begin() as connection:
        patch.setattr(batch, what, gone)
        job(connection)
    with desk.engine.begin() as connection:
        (entry,) = job(connection)
    assert entry.decision is not None and entry.decision.reason == "abandoned"
    assert desk.texts() == [(CALLER, "abandoned", "queued")]


def test_a_link_that_came_up_by_a_clock_which_was_set_back_since_makes_no_call_too_old(desk: Desk) -> None:
    desk.tell(LinkSynced("", at(86_400), "main"))
    desk.tell(*gives_up("1", 1), now=at(60))
    assert desk.texts() == [(CALLER, "abandoned", "queued")]


DAY = 86_400.0


def set_back(desk: Desk, *facts: Fact, now: float) -> None:
    """The clock shows a day less since the last batch."""
    with desk.engine.begin() as connection:
        desk.tracker.batch(facts, now, set_back=DAY)(connection)


def test_what_settles_while_the_clock_is_set_back_by_a_day_is_decided_as_soon_as_ever(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), now=at(30))
    set_back(desk, now=at(31 - DAY))
    desk.tell(now=at(35.9 - DAY))
    assert desk.texts() == []
    desk.tell(now=at(36 - DAY))
    assert desk.texts() == [(CALLER, "abandoned", "queued")]
    (row,) = desk.log()
    assert (row["started_at"], row["hold_seconds"]) == ("2027-01-14T12:00:01.000Z", 20)


def test_who_waits_while_the_clock_is_set_back_by_a_day_has_waited_for_as_long_as_ever(desk: Desk) -> None:
    desk.tell(arrives("1", 1), waits("1", 1), now=at(10))
    set_back(desk, leaves("1", 21 - DAY), now=at(21 - DAY))
    desk.tell(now=at(36 - DAY))
    assert [(row["disposition"], row["hold_seconds"]) for row in desk.log()] == [("abandoned", 20)]
    assert desk.texts() == [(CALLER, "abandoned", "queued")]


def test_what_came_before_the_clock_was_set_back_and_what_came_after_it_are_told_together(desk: Desk) -> None:
    job = desk.tracker.batch([arrives("1", 1), waits("1", 2), leaves("1", 22 - DAY)], at(22 - DAY), set_back=DAY)
    for _ in range(2):  # the COMMIT of the first time went unanswered
        with desk.engine.begin() as connection:
            job(connection)
    desk.tell(now=at(37 - DAY))
    (row,) = desk.log()
    assert (row["started_at"], row["hold_seconds"]) == ("2027-01-14T12:00:01.000Z", 20)
    assert desk.texts() == [(CALLER, "abandoned", "queued")]


def test_who_comes_back_after_the_clock_was_set_back_is_not_texted(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), now=at(30))
    set_back(desk, arrives("2", 31 - DAY), waits("2", 31 - DAY), now=at(32 - DAY))
    desk.tell(now=at(60 - DAY))
    assert [row["reason"] for row in desk.log()] == ["came_back", None]
    assert desk.texts() == []


def test_a_daemon_that_comes_up_again_and_again_before_its_pbx_moves_the_calls_once(engine: Engine) -> None:
    first = Desk(engine)
    first.tell(arrives("1", 1), waits("1", 1), *gives_up("2", 2, hold=8, number="+12025550144"), now=at(20))
    for start in range(3):
        second = Tracker(["main"], PracticeBook(), name=f"second {start}")
        with engine.begin() as connection:
            leases.ensure(connection, ["main"])
            (lease,) = leases.look(connection, ["main"]).values()
            second.takeover(lease, [], None, at(20 - DAY))(connection)
            second.give_back(connection)
        assert [row["started_at"] for row in first.log()] == ["2027-01-14T12:00:01.000Z", "2027-01-14T12:00:02.000Z"]
    with engine.begin() as connection:
        assert links.seen_at(connection, "main") == at(20 - DAY) - IN_DOUBT


def test_a_fact_of_a_time_that_is_still_to_come_ends_no_waiting(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), StaffReached("main/9", at(600), "+12025550199"), now=at(22))
    assert desk.texts() == []


def test_a_set_back_touches_no_call_of_a_pbx_that_another_daemon_has_taken_meanwhile(engine: Engine) -> None:
    want(engine, abandoned__min_hold=0)
    trackers = [Tracker(["main", "branch"], PracticeBook(), name=name) for name in ("a", "b")]
    with engine.begin() as connection:
        leases.ensure(connection, ["main", "branch"])
    for pbx in ("main", "branch"):
        with engine.begin() as connection:
            trackers[0].takeover(leases.look(connection, [pbx])[pbx], [], at(0), at(0))(connection)
    with engine.begin() as connection:
        trackers[0].batch(gives_up("1", 1), at(30))(connection)
    with engine.begin() as connection:
        trackers[1].takeover(leases.look(connection, ["main"])["main"], [], at(30), at(30))(connection)
        trackers[1].batch([], at(40))(connection)
    with engine.begin() as connection:
        trackers[0].batch([], at(40 - DAY), beats=False, set_back=DAY)(connection)
        (row,) = calls.listing(connection, limit=0)
    assert (row["verdict"], row["started_at"]) == ("text", "2027-01-15T12:00:01.000Z")
    assert trackers[0].held == {"branch"}


def test_after_the_clock_was_set_back_a_restore_before_that_holds_nobody_for_a_day(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        marks.put(connection, marks.RESTORED, at(30))
    desk.tell(now=at(31))
    set_back(desk, now=at(32 - DAY))
    desk.tell(*gives_up("1", 33 - DAY), now=at(80 - DAY))
    assert desk.texts() == [(CALLER, "abandoned", "queued")]


def test_a_daemon_that_comes_up_after_the_clock_was_set_back_goes_on_as_if_it_had_not_been(engine: Engine) -> None:
    first = Desk(engine)
    first.tell(*gives_up("1", 1), now=at(30))
    second = Tracker(["main"], PracticeBook(), name="second")
    with engine.begin() as connection:
        leases.ensure(connection, ["main"])
        (lease,) = leases.look(connection, ["main"]).values()
        second.takeover(lease, [], at(32 - DAY), at(32 - DAY))(connection)
    for now in (37.9, 38):  # for as long as nobody followed the PBX, nobody knows how long that was
        assert first.texts() == []
        with engine.begin() as connection:
            second.batch([], at(now - DAY))(connection)
    assert first.texts() == [(CALLER, "abandoned", "queued")]


def test_a_batch_whose_commit_went_unanswered_decides_the_same_again(desk: Desk) -> None:
    """The server has it, the answer was lost on the way: the writer does all of it once more."""
    desk.tell(*gives_up("1.1", 0))
    job = desk.tracker.batch([], at(60))
    for _ in range(2):
        with desk.engine.begin() as connection:
            job(connection)
    assert [(call["verdict"], call["reason"]) for call in desk.log()] == [("text", "abandoned")]
    assert desk.texts() == [(CALLER, "abandoned", "queued")]


def test_a_key_whose_commit_went_unanswered_is_answered_the_same_again(desk: Desk) -> None:
    pressed = KeyPressed("main/1.1", at(9), "5")
    job = desk.tracker.batch([arrives("1.1", 0), waits("1.1", 1), pressed, leaves("1.1", 12)], at(20))
    for _ in range(2):
        with desk.engine.begin() as connection:
            job(connection)
    assert [(call["disposition"], call["verdict"]) for call in desk.log()] == [("texted", "text")]
    assert desk.texts() == [(CALLER, "call_to_text", "queued")]


def again(desk: Desk, seconds: float) -> str | None:
    """Why the text of the first call may not leave any more so many seconds later."""
    with desk.engine.begin() as connection:
        mine = select(messages.c.created_at).where(messages.c.call_id == "main/1.1")
        written_at = connection.execute(mine).scalar_one()
        decision = judge_again(connection, PracticeBook()(connection), "main/1.1", CALLER, written_at, at(seconds))
    return decision and decision.reason


def test_a_text_that_waited_leaves_if_nothing_happened_since(desk: Desk) -> None:
    desk.tell(*gives_up("1.1", 0), now=at(60))
    assert again(desk, 3600) is None


def test_a_text_that_was_asked_for_within_the_hours_leaves_though_the_call_ended_after_them(desk: Desk) -> None:
    want(desk.engine, call_to_text__hours="open", hours__fri=["00:00-12:00"])
    pressed = KeyPressed("main/1.1", at(-3), "5")
    desk.tell(arrives("1.1", -60), waits("1.1", -50), pressed, leaves("1.1", 4), now=at(5))
    assert [flow for _, flow, _ in desk.texts()] == ["call_to_text"]
    assert again(desk, 100) is None


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("flow_off", {"abandoned__enabled": False}),
        ("blocked_number", {"guards__blocked": [CALLER]}),
        ("test_mode", {"practice__mode": "test"}),
    ],
)
def test_a_text_that_waited_does_not_leave_if_the_practice_has_changed_its_mind(
    desk: Desk, reason: str, changes: dict[str, Any]
) -> None:
    desk.tell(*gives_up("1.1", 0), now=at(60))
    want(desk.engine, **changes)
    assert again(desk, 3600) == reason


def test_a_text_that_waited_does_not_leave_if_the_caller_was_served_since(desk: Desk) -> None:
    desk.tell(*gives_up("1.1", 0), now=at(60))
    desk.tell(arrives("1.2", 500), waits("1.2", 501), Talking("main/1.2", at(520), "101"), leaves("1.2", 600))
    assert again(desk, 3600) == "came_back"


def test_a_text_that_waited_does_not_leave_if_another_one_did_since(desk: Desk) -> None:
    desk.tell(*gives_up("1.1", 0), now=at(60))
    desk.tell(arrives("1.2", 500), waits("1.2", 501), KeyPressed("main/1.2", at(520), "5"), now=at(530))
    desk.tell(leaves("1.2", 600), now=at(700))
    with desk.engine.begin() as connection:  # as if somebody else had asked for it: no call tells of the second text
        connection.execute(update(messages).where(messages.c.call_id == "main/1.2").values(call_id=None))
        connection.execute(delete(calls_table).where(calls_table.c.id == "main/1.2"))
    assert again(desk, 3600) == "cooldown"


def test_a_text_that_waited_does_not_leave_if_staff_reached_the_caller_since(desk: Desk) -> None:
    desk.tell(*gives_up("1.1", 0), now=at(60))
    desk.tell(StaffReached("main/9", at(900), CALLER))
    assert again(desk, 3600) == "came_back"


def test_a_text_that_is_taken_back_while_the_caller_stays_on_the_line_is_not_logged_as_sent(desk: Desk) -> None:
    desk.tell(arrives("1", 0), waits("1", 1), KeyPressed("main/1", at(9), "5"), now=at(10))
    with desk.engine.begin() as connection:
        (stopped,) = sweep(connection, at(9 + 601))
    desk.tell(leaves("1", 700), now=at(800))
    (row,) = desk.log()
    assert (stopped.call_id, row["disposition"]) == ("main/1", "texted")
    assert (row["verdict"], row["reason"], row["message_status"]) == ("held", "too_old", "held")
    assert row["why"].startswith("held: asked for it by key") and row["why"].endswith("but the text did not leave")


def test_the_language_that_the_dialplan_says_is_kept_with_the_call(desk: Desk) -> None:
    desk.tell(arrives("1", 0), DialplanSaid("main/1", at(1), language="es"), waits("1", 2), leaves("1", 40), now=at(99))
    assert [row["language"] for row in desk.log()] == ["es"]


def test_a_text_that_waited_does_not_leave_for_a_landline_or_an_opt_out(desk: Desk) -> None:
    desk.tell(*gives_up("1.1", 0), now=at(60))
    with desk.engine.begin() as connection:
        line_types.record(connection, CALLER, LineType.LANDLINE, at(70), "twilio")
    assert again(desk, 3600) == "landline"
    with desk.engine.begin() as connection:
        optouts.record(connection, CALLER, at(80), "text")
    assert again(desk, 3600) == "opted_out"


def test_a_caller_whom_the_dialplan_served_otherwise_is_not_texted(desk: Desk) -> None:
    facts = gives_up("1.1", 0)
    desk.tell(*facts[:-1], Handled("main/1.1", at(10)), facts[-1], now=at(60))
    assert [(call["flow"], call["verdict"], call["reason"]) for call in desk.log()] == [(None, "skip", "handled")]


def test_batches_of_any_size_decide_the_same() -> None:
    facts = [*gives_up("1", 1), *gives_up("2", 30, hold=8), *gives_up("3", 40, number="+12025550144")]

    def decided(size: int) -> list[tuple[Any, ...]]:
        memory = open_engine("sqlite://")
        migrations.upgrade(memory)
        want(memory)
        desk = Desk(memory)
        for start in range(0, len(facts), size):
            desk.tell(*facts[start : start + size])
        desk.tell(now=at(500))
        told = [(row["id"], row["reason"], row["hold_seconds"]) for row in desk.log()]
        memory.dispose()
        return told

    assert decided(1) == decided(2) == decided(5) == decided(len(facts))


def test_a_call_whose_end_was_not_seen_is_never_texted(desk: Desk) -> None:
    desk.tell(arrives("1", 1), waits("1", 1), CallLost("main/1", at(60)), now=at(100))
    assert [(row["disposition"], row["reason"]) for row in desk.log()] == [("lost", "unobserved")]


def test_facts_for_unknown_calls_and_repeated_arrivals_change_nothing(desk: Desk) -> None:
    desk.tell(leaves("7", 1), arrives("1", 1), waits("1", 1), arrives("1", 5), leaves("1", 30), now=at(100))
    assert [row["hold_seconds"] for row in desk.log()] == [29]


def test_a_call_without_a_number_keeps_none_in_the_log(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1, number="anonymous"), now=at(100))
    assert [row["caller"] for row in desk.log()] == [None]


def test_a_call_tells_its_story(desk: Desk, engine: Engine) -> None:
    desk.tell(*gives_up("1", 1), now=at(100))
    with engine.begin() as connection:
        row = calls.one(connection, "main/1")
    assert row and [words for _, words in row["story"]] == ["called 12025550199", "waits in support", "hung up"]


def elsewhere(*facts: Fact) -> list[Fact]:
    """The same on the other PBX."""
    moved = [replace(fact, call_id=fact.call_id.replace("main/", "branch/")) for fact in facts]
    return [replace(fact, pbx="branch") if isinstance(fact, CallerArrived) else fact for fact in moved]


def test_who_calls_another_pbx_is_the_same_person(engine: Engine) -> None:
    desk = Desk(engine, "main", "branch")
    desk.tell(*gives_up("1", 1), *elsewhere(arrives("2", 25), waits("2", 25)), now=at(40))
    assert [(row["pbx"], row["reason"]) for row in desk.log()] == [("main", "came_back"), ("branch", None)]


def test_a_text_over_one_pbx_starts_the_cooldown_on_the_other(engine: Engine) -> None:
    desk = Desk(engine, "main", "branch")
    desk.tell(*gives_up("1", 1), *elsewhere(*gives_up("2", 600)), now=at(1000))
    assert [row["reason"] for row in desk.log()] == ["abandoned", "cooldown"]


def test_a_pbx_that_is_down_holds_back_only_its_own_callers(engine: Engine) -> None:
    desk = Desk(engine, "main", "branch")
    other = elsewhere(*gives_up("2", 1, number="+12025550144"))
    desk.tell(*gives_up("1", 1), *other, LinkLost("", at(22), "branch"), now=at(60))
    assert [(row["pbx"], row["reason"]) for row in desk.log()] == [("branch", None), ("main", "abandoned")]


def test_a_pbx_that_stays_down_leaves_its_callers_to_staff(desk: Desk) -> None:
    desk.tell(*gives_up("1", 1), LinkLost("", at(25), "main"), now=at(60))
    desk.tell(now=at(36) + BLIND_LIMIT)
    assert [(row["verdict"], row["reason"]) for row in desk.log()] == [("held", "too_old")]


def test_spoofed_callers_cannot_make_it_a_text_pump(desk: Desk) -> None:
    crowd = [fact for n in range(30) for fact in gives_up(str(n), 1 + n / 10, number=f"+12025550{n:03d}")]
    desk.tell(*sorted(crowd, key=lambda fact: fact.at), now=at(100))
    assert [row["reason"] for row in desk.log()].count("budget") == 20
    assert sorted(status for _, _, status in desk.texts()) == ["held"] * 20 + ["queued"] * 10


def orders(desk: Desk) -> list[Order]:
    return desk.tracker.orders


@pytest.mark.parametrize("how", ["redirect", "whisper"])
def test_who_has_waited_long_enough_is_to_be_offered_a_text(engine: Engine, how: str) -> None:
    want(engine, call_to_text__offer=how)
    desk = Desk(engine)
    desk.tell(arrives("1.1", 0), waits("1.1", 1), now=at(30.9))
    assert orders(desk) == []
    desk.tell(now=at(31))
    assert [(type(order), order.call_id, order.queue) for order in orders(desk)] == [(MakeOffer, "main/1.1", "support")]
    desk.tell(now=at(100))
    assert orders(desk) == []
    assert desk.log()[0]["offered_at"] == "2027-01-15T12:00:31.000Z"


@pytest.mark.parametrize("changes", [{"call_to_text__offer": "announce"}, {"practice__mode": "test"}])
def test_no_offer_is_ordered_where_the_pbx_makes_it_or_to_whom_no_text_would_go(
    engine: Engine, changes: dict[str, Any]
) -> None:
    want(engine, **({"call_to_text__offer": "whisper"} | changes))
    desk = Desk(engine)
    desk.tell(arrives("1.1", 0), waits("1.1", 1), now=at(40))
    assert orders(desk) == []


@pytest.mark.parametrize(("number", "refused"), [(CALLER, None), (None, "withheld_number")])
def test_the_answer_to_a_key_that_the_link_has_seen_is_to_be_told(
    desk: Desk, number: str | None, refused: str | None
) -> None:
    desk.tell(arrives("1.1", 0, number), waits("1.1", 1), KeyPressed("main/1.1", at(9), "5"))
    assert orders(desk) == [TellAnswer("main/1.1", "support", None, refused, False)]
    desk.tell(KeyPressed("main/1.1", at(10), "5"))
    assert orders(desk) == []


def test_what_the_dialplan_asks_it_tells_itself(desk: Desk) -> None:
    desk.tell(arrives("1.1", 0), waits("1.1", 1), TextRequested("main/1.1", at(9)))
    assert orders(desk) == []
    assert desk.texts() == [(CALLER, "call_to_text", "queued")]


def test_an_order_of_a_batch_that_is_tried_again_is_given_once(desk: Desk) -> None:
    job = desk.tracker.batch([arrives("1.1", 0), waits("1.1", 1), KeyPressed("main/1.1", at(9), "5")])
    for _ in range(2):
        with desk.engine.begin() as connection:
            job(connection)
    assert len(orders(desk)) == 1


def test_the_call_of_a_number_is_the_latest_that_is_on_the_line(desk: Desk) -> None:
    assert desk.tracker.open_call_of(CALLER) is None
    desk.tell(arrives("1", 1), arrives("2", 2), arrives("3", 3, number="12025550144"))
    assert desk.tracker.open_call_of(CALLER) == "main/2"
    assert desk.tracker.open_call_of("2025550143") is None
    desk.tell(leaves("2", 4))
    assert desk.tracker.open_call_of(CALLER) == "main/1"
    desk.tell(leaves("1", 5))
    assert desk.tracker.open_call_of(CALLER) is None


def test_what_is_due_at_a_pbx_that_another_daemon_took_meanwhile_is_left_to_that_one(engine: Engine) -> None:
    tracker = Tracker(["main", "branch"], PracticeBook(), name="a")
    with engine.begin() as connection:
        leases.ensure(connection, ["main", "branch"])
        for pbx in ("main", "branch"):
            seen = leases.look(connection, [pbx])[pbx]
            tracker.takeover(seen, [], at(0), at(0))(connection)
    with engine.begin() as connection:
        tracker.batch(gives_up("1", 1), at(22))(connection)
    with engine.begin() as connection:
        leases.take(connection, leases.look(connection, ["main"])["main"], "b")
    with engine.begin() as connection:
        elsewhere = CallerArrived("branch/1", at(40), "branch", "1", CALLER, None, "12025550199")
        assert tracker.batch([elsewhere], at(40), beats=False)(connection) == []
        assert connection.execute(select(messages.c.id)).all() == []
    assert tracker.held == {"branch"} and tracker.knows("branch/1") and not tracker.knows("main/1")


def test_who_writes_for_a_pbx_gives_a_sign_of_life_for_the_others_when_told_to(engine: Engine) -> None:
    tracker = Tracker(["main", "branch"], PracticeBook(), name="a")
    with engine.begin() as connection:
        leases.ensure(connection, ["main", "branch"])
        for pbx in ("main", "branch"):
            tracker.takeover(leases.look(connection, [pbx])[pbx], [], at(0), at(0))(connection)
        for beats in (False, True, False):
            tracker.batch([arrives("1", 1)], at(1), beats)(connection)
        beaten = {pbx: lease.beat for pbx, lease in leases.look(connection, ["main", "branch"]).items()}
    assert beaten == {"main": 4, "branch": 2}


def test_a_last_word_of_the_dialplan_counts_after_a_restart_too(desk: Desk) -> None:
    desk.tell(arrives("1", 1), leaves("1", 2), arrives("2", 1, number="+12025550144"), leaves("2", 2), now=at(3))
    assert [row["verdict"] for row in desk.log()] == [None, None]
    desk.start()
    desk.tell(LinkSynced("", at(4), "main"))
    desk.tell(NobodyAnswered("main/1", at(5), NoAnswer.UNREACHABLE, told=True), now=at(60))
    first, second = desk.log()
    assert (first["disposition"], first["verdict"]) == ("missed", "text")
    assert (second["disposition"], second["verdict"], second["reason"]) == ("unreached", "skip", "unreached")
    assert [to for to, _, _ in desk.texts()] == [CALLER]
