"""What the provider tells is written with its effect, once, and known to be written when it is answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, update

from tests.practices import document
from textback.book import PracticeBook
from textback.inbox import Inbox, Received
from textback.model import Answer, Status
from textback.reception import KEPT, Reception
from textback.sms import Delivery, Fault, Inbound, SendError
from textback.store import callbacks, messages, practices
from textback.store.engine import StoreError
from textback.store.messages import NewMessage
from textback.store.tables import callbacks as posts, conversations, messages as table, optouts, practices as kept
from textback.store.writer import Writer

NOW = 1_795_291_200.0  # 2026-11-21 20:00:00 UTC
NUMBER, LINE = "+15555550203", "+15555550100"
OTHER_LINE = "+12025550100"
TEXT = Inbound("SM7", NUMBER, LINE, "Can I come at 5?")
RAW = {"MessageSid": "SM7", "Body": "Can I come at 5?"}
LOG = logging.getLogger("textback.test")


@dataclass
class FakeInbox:
    """Writes something, so that it can be seen whether it was committed, and gives what the test wants."""

    received: Received = Received(is_new=True, conversation_id=1, answer=None, practice="Clinic")
    fault: Exception | None = None
    taken: list[tuple[Inbound, float, tuple[str, ...]]] = field(default_factory=list)

    def receive(self, conn: Connection, inbound: Inbound, now: float, ids: Sequence[str]) -> Received:
        self.taken.append((inbound, now, tuple(ids)))
        practices.put(conn, ids[0], {"line": []}, "test", now)
        if self.fault is not None:
            raise self.fault
        return self.received


@dataclass
class Desk:
    """A reception, with what it told and what it wrote."""

    engine: Engine
    writer: Writer
    inbox: FakeInbox = field(default_factory=FakeInbox)
    now: float = NOW
    work: int = 0
    trouble: list[tuple[Fault, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        inbox: Any = self.inbox
        self.reception = Reception(self.writer, inbox, "twilio", lambda: self.now, self.nudged, self.struck, LOG)

    def nudged(self) -> None:
        self.work += 1

    def struck(self, error: SendError, line: str) -> None:
        self.trouble.append((error.kind, line))

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run(work)

    def rows(self, query: Any) -> list[Any]:
        with self.engine.connect() as conn:
            return list(conn.execute(query).all())

    def write(self, job: Callable[[Connection], Any]) -> Any:
        with self.engine.begin() as conn:
            return job(conn)

    def sent(self, sid: str | None = "SM1", status: Status = Status.SENT) -> str:
        """A text that was handed over."""
        return str(self.write(lambda conn: _sent(conn, sid, status)))

    def status(self, message_id: str) -> str:
        return str(self.rows(select(table.c.status).where(table.c.id == message_id))[0][0])


def _sent(conn: Connection, sid: str | None, status: Status) -> str:
    practices.put(conn, "Clinic", {"line": []}, "test", 0.0)
    values = {"practice": "Clinic", "line": LINE, "number": NUMBER, "created_at": NOW}
    made = conn.execute(insert(conversations), values).inserted_primary_key
    assert made is not None
    new = NewMessage(
        conversation_id=made[0],
        to_number=NUMBER,
        from_number=LINE,
        body="Sorry we missed you",
        segments=1,
        encoding="GSM-7",
        created_at=NOW,
        due_at=NOW,
    )
    message_id = messages.add(conn, new)
    handed = {"status": status, "provider_id": sid, "attempts": 1, "claimed_at": NOW}
    conn.execute(update(table).where(table.c.id == message_id).values(handed))
    return message_id


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    writer = Writer(engine, LOG)
    writer.start()
    yield Desk(engine, writer)
    writer.stop()


def error(kind: Fault) -> SendError:
    return SendError("so it was (Twilio 1)", kind)


def test_a_text_is_taken_in_with_what_was_posted(desk: Desk) -> None:
    received = desk.do(desk.reception.take(TEXT, RAW))
    assert received == desk.inbox.received
    assert desk.rows(select(posts.c.kind, posts.c.provider_id, posts.c.payload)) == [("sms", "SM7", RAW)]
    ((inbound, now, ids),) = desk.inbox.taken
    assert (inbound, now, len(set(ids))) == (TEXT, NOW, 2)


def test_a_text_that_is_posted_again_has_no_effect(desk: Desk) -> None:
    desk.do(desk.reception.take(TEXT, RAW))
    again = desk.do(desk.reception.take(TEXT, RAW))
    assert not again.is_new
    assert len(desk.inbox.taken) == 1


def test_a_text_that_was_fetched_leaves_no_post(desk: Desk) -> None:
    desk.do(desk.reception.take(TEXT))
    assert desk.rows(select(posts)) == []
    assert len(desk.inbox.taken) == 1


def test_there_is_work_only_once_an_answer_is_queued(desk: Desk) -> None:
    desk.do(desk.reception.take(TEXT))
    assert desk.work == 0
    desk.inbox.received = Received(is_new=True, conversation_id=1, answer=Answer.OPT_OUT, practice="Clinic")
    desk.do(desk.reception.take(TEXT))
    assert desk.work == 1


def test_what_was_posted_and_its_effect_are_written_together_or_not_at_all(desk: Desk) -> None:
    desk.inbox.fault = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        desk.do(desk.reception.take(TEXT, RAW))
    assert desk.rows(select(posts)) == desk.rows(select(kept)) == []
    desk.inbox.fault = None
    assert desk.do(desk.reception.take(TEXT, RAW)).is_new


def test_the_log_of_a_text_shows_no_number_and_no_word_of_it(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, LOG.name):
        desk.do(desk.reception.take(TEXT, RAW))
    assert "SM7" in caplog.text
    assert NUMBER not in caplog.text and "5550203" not in caplog.text and "come at" not in caplog.text


def test_a_report_is_written_with_what_was_posted(desk: Desk) -> None:
    message_id = desk.sent()
    raw = {"MessageSid": "SM1", "MessageStatus": "read"}
    desk.do(desk.reception.deliver(Delivery("SM1", Status.DELIVERED), raw, "read"))
    assert desk.status(message_id) == Status.DELIVERED
    assert desk.rows(select(posts.c.kind, posts.c.state, posts.c.payload)) == [("status", "read", raw)]


def test_a_report_that_was_fetched_is_the_same_without_a_post(desk: Desk) -> None:
    message_id = desk.sent()
    desk.do(desk.reception.deliver(Delivery("SM1", Status.DELIVERED)))
    assert desk.status(message_id) == Status.DELIVERED
    assert desk.rows(select(posts)) == []


@pytest.mark.parametrize("kind", [Fault.OURS, Fault.SENDER])
def test_trouble_of_a_line_is_told_once_however_often_it_is_reported(desk: Desk, kind: Fault) -> None:
    desk.sent()
    failed = Delivery("SM1", Status.UNDELIVERED, error=error(kind))
    for _ in range(2):
        desk.do(desk.reception.deliver(failed, {}, "undelivered"))
        desk.do(desk.reception.deliver(failed))
    assert desk.trouble == [(kind, LINE)]


@pytest.mark.parametrize("kind", [Fault.PERMANENT, Fault.LANDLINE, Fault.POLICY, Fault.OPTED_OUT])
def test_trouble_of_one_text_is_none_of_the_line(desk: Desk, kind: Fault) -> None:
    message_id = desk.sent()
    desk.do(desk.reception.deliver(Delivery("SM1", Status.UNDELIVERED, error=error(kind))))
    assert desk.trouble == []
    assert desk.status(message_id) == Status.UNDELIVERED


def test_who_said_stop_to_the_provider_has_said_it_to_us(desk: Desk) -> None:
    desk.sent()
    desk.do(desk.reception.deliver(Delivery("SM1", Status.FAILED, error=error(Fault.OPTED_OUT))))
    assert desk.rows(select(optouts)) == [(NUMBER, NOW, "twilio")]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(error(Fault.POLICY), "policy: so it was (Twilio 1)"), (None, "failed: so says the provider")],
)
def test_why_a_text_did_not_arrive_is_kept(desk: Desk, fault: SendError | None, reason: str) -> None:
    desk.sent()
    desk.do(desk.reception.deliver(Delivery("SM1", Status.FAILED, error=fault)))
    assert desk.rows(select(table.c.reason)) == [(reason,)]


def test_a_report_on_somebody_elses_text_is_kept_and_has_no_effect(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    failed = Delivery("SM9", Status.UNDELIVERED, error=error(Fault.SENDER))
    desk.do(desk.reception.deliver(failed, {"MessageSid": "SM9"}, "undelivered"))
    assert len(desk.rows(select(posts))) == 1
    assert desk.trouble == []
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_a_text_that_the_provider_has_twice_is_an_error_in_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    message_id = desk.sent()
    desk.do(desk.reception.deliver(Delivery("SM2", Status.DELIVERED, message_id)))
    assert caplog.messages == [f"message {message_id}: the provider has it as SM2, too; was it handed over twice?"]
    assert caplog.records[0].levelno == logging.ERROR
    assert desk.status(message_id) == Status.SENT


@pytest.mark.parametrize("posted", [{"MessageSid": "SM1"}, None])
def test_a_text_of_unknown_fate_is_settled_by_our_own_id(desk: Desk, posted: dict[str, str] | None) -> None:
    message_id = desk.sent(None, Status.UNKNOWN)
    desk.do(desk.reception.deliver(Delivery("SM1", Status.DELIVERED, message_id), posted, "delivered"))
    assert desk.status(message_id) == Status.DELIVERED


def test_a_job_that_is_run_again_after_a_lost_commit_has_one_effect(desk: Desk) -> None:
    message_id = desk.sent()

    class Twice:
        """A writer whose first COMMIT was not heard of."""

        async def run(self, job: Callable[[Connection], Any]) -> Any:
            desk.write(job)
            return desk.write(job)

    desk.writer = Twice()  # type: ignore[assignment]
    desk.__post_init__()
    desk.do(desk.reception.take(TEXT, RAW))
    desk.do(desk.reception.deliver(Delivery("SM1", Status.DELIVERED), {}, "delivered"))
    assert len(desk.inbox.taken) == 2 and len(set(desk.inbox.taken)) == 1
    assert desk.status(message_id) == Status.DELIVERED
    assert len(desk.rows(select(posts))) == 2


def test_who_texts_stop_is_answered_once_however_often_it_is_told(desk: Desk) -> None:
    """With the inbox as it is."""
    desk.write(lambda conn: practices.put(conn, "Riverside", document(), "test", 0.0))
    stop = Inbound("SM8", NUMBER, OTHER_LINE, "¡Alto, por favor!")
    inbox: Any = Inbox(PracticeBook(), "twilio")
    desk.inbox = inbox
    desk.__post_init__()
    for raw in ({"MessageSid": "SM8"}, {"MessageSid": "SM8"}, None):
        desk.do(desk.reception.take(stop, raw))
    assert desk.rows(select(optouts.c.number)) == [(NUMBER,)]
    assert sorted(desk.rows(select(table.c.direction, table.c.answer))) == [("in", None), ("out", "opt_out")]
    assert desk.work == 1


def test_a_call_to_a_line_is_kept_once(desk: Desk) -> None:
    for _ in range(2):
        desk.do(desk.reception.note_call("CA1", {"CallSid": "CA1"}))
    assert desk.rows(select(posts.c.kind, posts.c.provider_id)) == [("voice", "CA1")]


def test_posts_are_taken_away_after_thirty_days(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for age in range(5):
        desk.now = NOW + age
        desk.do(desk.reception.note_call(f"CA{age}", {}))
    taken: list[int] = []
    prune = callbacks.prune
    monkeypatch.setattr(callbacks, "prune", lambda conn, before: taken.append(prune(conn, before, 2)) or taken[-1])
    desk.now = NOW + KEPT + 3
    assert desk.do(desk.reception.prune()) == 3
    assert taken == [2, 1, 0]
    assert [row.provider_id for row in desk.rows(select(posts.c.provider_id).order_by(posts.c.id))] == ["CA3", "CA4"]


def test_a_daemon_that_stops_takes_nothing_in(desk: Desk) -> None:
    desk.writer.stop()
    with pytest.raises(StoreError):
        desk.do(desk.reception.take(TEXT, RAW))
    with pytest.raises(StoreError):
        desk.do(desk.reception.deliver(Delivery("SM1", Status.DELIVERED)))
