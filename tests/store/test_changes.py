"""Whatever changes the figures of a day that is over makes that day be counted anew, and nothing else does."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import Connection, Engine, select, update

from tests.practices import document
from tests.reports.daemon import Daemon
from tests.reports.invented import DAY, HOUR, Invented, write
from textback.events import CallerArrived, CallerLeft, Fact, HoldStarted, LinkSynced, Place, Talking
from textback.inbox import Inbox
from textback.model import Direction, Status
from textback.reports import counted, total
from textback.reports.rules import day_at
from textback.sms import Inbound
from textback.store import by_hand, claims, deliveries, practices
from textback.store.claims import Settled
from textback.store.deliveries import Report
from textback.store.messages import NewMessage
from textback.store.report_tables import report_changes
from textback.store.tables import messages
from textback.tracker import Tracker

ANN, LINE = "+12025550111", "+12025550100"
BEGUN = 1_795_219_200  # 2026-11-21 00:00 UTC
NIGHT = 22 * HOUR
#: the next day at 15:00, when that day is kept
LATER = BEGUN + DAY + 15 * HOUR


class Yesterday:
    """A caller who gave up yesterday at 22:00, in a day that is kept."""

    def __init__(self, conn: Connection, text: tuple[int | None, bool] | None, said: tuple[tuple[int, str], ...] = ()):
        practices.put(conn, "Riverside", document(), "test", 0.0)
        call = Invented(NIGHT, 60, 60.0, ANN, ("support", None), "abandoned", False, text, False, said)
        write(conn, BEGUN, "Riverside", [call])
        self.conn, self.daemon = conn, Daemon(conn)
        assert self.daemon.keep(LATER) == 1
        self.ended = BEGUN + NIGHT + 60

    def figure(self, key: str) -> int:
        """A figure of that day."""
        directory, day = self.daemon.book(self.conn), day_at("UTC", BEGUN)
        return total(counted(self.conn, directory, directory.practices[0], day, day))[key]

    def reply_seconds(self) -> list[int]:
        directory, day = self.daemon.book(self.conn), day_at("UTC", BEGUN)
        return total(counted(self.conn, directory, directory.practices[0], day, day)).reply_seconds

    @property
    def conversation(self) -> int:
        return int(self.conn.execute(select(messages.c.conversation_id).where(messages.c.id == "text 0")).scalar_one())


def test_a_text_that_leaves_the_next_day(engine: Engine) -> None:
    with engine.begin() as conn:
        there = Yesterday(conn, (None, False))
        assert there.figure("texted") == 0
        conn.execute(update(messages).values(status=Status.SENDING))
        claims.settle(conn, "text 0", Settled(status=Status.SENT, provider_id="SM1", sent_at=LATER + 60.0))
        assert there.figure("texted") == 1
        assert there.daemon.keep(LATER + 120) == 1
        assert (there.figure("texted"), there.daemon.keep(LATER + 180)) == (1, 0)


def test_a_text_that_is_delivered_the_next_day(engine: Engine) -> None:
    with engine.begin() as conn:
        there = Yesterday(conn, (0, False))
        conn.execute(update(messages).values(provider_id="SM1"))
        deliveries.apply(conn, Report(provider_id="SM1", status=Status.DELIVERED), "twilio", LATER + 60.0)
        assert there.figure("delivered") == 1
        assert (there.daemon.keep(LATER + 120), there.figure("delivered")) == (1, 1)


def test_a_text_that_the_provider_had_after_all(engine: Engine) -> None:
    with engine.begin() as conn:
        there = Yesterday(conn, (None, False))
        conn.execute(update(messages).values(status=Status.UNKNOWN, attempts=1))
        report = Report(provider_id="SM1", status=Status.DELIVERED, message_id="text 0")
        deliveries.apply(conn, report, "twilio", LATER + 60.0)
        assert (there.figure("texted"), there.figure("delivered")) == (1, 1)


def test_a_reply_the_next_day_and_one_that_was_fetched_late(engine: Engine) -> None:
    with engine.begin() as conn:
        there = Yesterday(conn, (0, True))
        inbox = Inbox(there.daemon.book, "twilio")
        inbound = Inbound("SM2", ANN, LINE, "Hello", at=there.ended + 20.0 * HOUR)
        for now in (LATER + 9 * HOUR, LATER + 9 * HOUR + 60):  # the second time it is known
            inbox.receive(conn, inbound, now, (str(uuid.uuid4()), str(uuid.uuid4())))
        assert (there.figure("replied"), there.figure("recovered")) == (1, 1)
        assert (there.daemon.keep(LATER + 10 * HOUR), there.figure("replied")) == (1, 1)


def test_somebody_who_was_held_out_and_wrote_of_themselves(engine: Engine) -> None:
    with engine.begin() as conn:
        practices.put(conn, "Riverside", document(), "test", 0.0)
        call = Invented(NIGHT, 60, 60.0, ANN, ("support", None), "abandoned", False, None, True, ())
        write(conn, BEGUN, "Riverside", [call])
        there = Yesterday.__new__(Yesterday)
        there.conn, there.daemon = conn, Daemon(conn)
        assert there.daemon.keep(LATER) == 1
        inbound = Inbound("SM2", ANN, LINE, "Hello", at=LATER + 60.0)
        Inbox(there.daemon.book).receive(conn, inbound, LATER + 61.0, (str(uuid.uuid4()), str(uuid.uuid4())))
        assert there.figure("trial_held_out_back") == 1


def test_a_human_answer_three_days_later(engine: Engine) -> None:
    with engine.begin() as conn:
        there = Yesterday(conn, (0, True), ((HOUR, "in"),))
        assert there.reply_seconds() == []
        now = there.ended + HOUR + 3 * DAY + 0.6
        new = NewMessage(
            id=str(uuid.uuid4()), conversation_id=there.conversation, to_number=ANN, from_number=LINE, body="Hello",
            segments=1, encoding="GSM-7", created_at=now, due_at=now, author="ann", practice="Riverside",
        )  # fmt: skip
        by_hand.add_once(conn, new)
        assert there.reply_seconds() == [3 * DAY + 1]


def told(conn: Connection, facts: list[Fact], now: float) -> None:
    """Facts as they come from a PBX."""
    tracker = Tracker(["main"], Daemon(conn).book)
    tracker.batch([LinkSynced("", now - 60, "main"), *facts], now)(conn)


def test_a_call_that_is_answered_the_next_day(engine: Engine) -> None:
    with engine.begin() as conn:
        there = Yesterday(conn, None)
        assert there.figure("recovered") == 0
        at = there.ended + 23.0 * HOUR
        arrived = CallerArrived("main/9", at, pbx="main", linkedid="9", number=ANN, name=None, did=None)
        told(conn, [arrived, Talking("main/9", at + 5, "104"), CallerLeft("main/9", at + 60)], at + 61)
        assert there.figure("recovered") == 1


def test_a_call_that_a_record_tells_of_the_next_day(engine: Engine) -> None:
    with engine.begin() as conn:
        there = Yesterday(conn, None)
        at = BEGUN + 5.0 * HOUR
        arrived = CallerArrived("main/9", at, pbx="main", linkedid="9", number="+12025550112", name=None, did=None)
        waits = HoldStarted("main/9", at + 1, Place.QUEUE, at + 1, "support")
        told(conn, [arrived, waits, CallerLeft("main/9", at + 60)], LATER + 60)
        assert (there.figure("calls"), there.figure("abandoned")) == (2, 2)


@pytest.mark.parametrize("late", [False, True])
def test_what_is_of_today_is_not_noted(engine: Engine, late: bool) -> None:
    with engine.begin() as conn:
        practices.put(conn, "Riverside", document(), "test", 0.0)
        at = float(LATER)
        arrived = CallerArrived("main/9", at, pbx="main", linkedid="9", number=ANN, name=None, did=None)
        left = CallerLeft("main/9", at + 60)
        told(conn, [arrived, left], at + (13 * HOUR if late else 61))
        assert len(conn.execute(select(report_changes)).all()) == late


def test_texts_of_other_conversations_change_nothing(engine: Engine) -> None:
    with engine.begin() as conn:
        there = Yesterday(conn, (0, True))
        inbound = Inbound("SM2", "+12025550112", LINE, "Hello", at=LATER + 60.0)
        Inbox(there.daemon.book).receive(conn, inbound, LATER + 61.0, (str(uuid.uuid4()), str(uuid.uuid4())))
        assert there.daemon.keep(LATER + 120) == 0
        assert conn.execute(select(messages.c.id).where(messages.c.direction == Direction.IN)).first() is not None
