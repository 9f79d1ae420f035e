"""The outbox with a real writer and database, a scripted provider, and a clock that only its own rests move."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Row, select, update

from textback.limits import AFTER_QUIET
from textback.model import Decision, Flow, LineType, Status, Verdict
from textback.outbox import Outbox
from textback.outbox.pulse import BEAT
from textback.sms import Accepted, Delivery, Fault, Inbound, Outgoing, Provider, SendError
from textback.store import claims, line_types, messages, optouts, senders
from textback.store.engine import StoreError, open_engine
from textback.store.claims import OutMessage, Settled
from textback.store.messages import NewMessage
from textback.store.tables import calls, conversations, messages as table, metadata, practices
from textback.store.writer import Writer

NOW = 1_795_291_200.0  # 2026-11-21 20:00:00 UTC
NUMBER, LINE, BODY = "+15555550203", "+15555550100", "Sorry we missed you"
LOG = logging.getLogger("textback.test")

Answer = Accepted | Exception


class Scripted:
    """Gives one answer after the other, the last one for ever, and keeps what it was asked."""

    name = "scripted"

    def __init__(self, *answers: Answer | Callable[[Outgoing], Answer]) -> None:
        self.answers = list(answers)
        self.looks: list[Answer | None] = [None]
        self.sent: list[tuple[float, str]] = []
        self.looked: list[tuple[float, str, float]] = []
        self.bounds: list[float | None] = []
        self.clock: Callable[[], float] = lambda: NOW

    async def send(self, message: Outgoing) -> Accepted:
        self.sent.append((self.clock() - NOW, message.id))
        if not self.answers:
            return Accepted(f"SM{len(self.sent)}", Status.SENT)
        answer = self.answers.pop(0)
        return _given(answer(message) if callable(answer) else answer)

    async def find(
        self, message: Outgoing, since: float, others: Collection[str], until: float | None = None
    ) -> Accepted | None:
        self.looked.append((self.clock() - NOW, message.id, since - NOW))
        self.bounds.append(None if until is None else until - NOW)
        answer = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return None if answer is None else _given(answer)

    async def received(self, line: str, since: float) -> list[Inbound]:
        return []

    async def deliveries(self, line: str, since: float) -> list[Delivery]:
        return []

    async def line_type(self, number: str) -> LineType | None:
        return None

    async def close(self) -> None:
        pass

    @property
    def ids(self) -> list[str]:
        return [message_id for _, message_id in self.sent]


def _given(answer: Answer) -> Accepted:
    if isinstance(answer, Exception):
        raise answer
    return answer


def error(kind: Fault, retry_after: float | None = None) -> SendError:
    return SendError("so it was", kind, retry_after)


class World:
    """A database, a writer, and a time that passes only while the outbox rests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.now = NOW
        self.engine = open_engine(url)
        metadata.create_all(self.engine)
        self.writer = Writer(self.engine, LOG)
        self.writer.start()
        self.conversation = self.do(_prepare)

    def clock(self) -> float:
        return self.now

    def do(self, job: Callable[[Connection], Any]) -> Any:
        return self.writer.submit(job).result(10)

    def add(self, message_id: str, **changes: Any) -> str:
        new = NewMessage(
            id=message_id,
            conversation_id=self.conversation,
            to_number=NUMBER,
            from_number=LINE,
            body=BODY,
            segments=1,
            encoding="GSM-7",
            created_at=NOW,
            due_at=NOW,
            flow=Flow.ABANDONED,
        )
        return str(self.do(lambda conn: messages.add(conn, replace(new, **changes))))

    def left_in_sending(self, message_id: str, by: str = "them", at: float = NOW) -> None:
        """What a daemon leaves that dies between its claim and its send, or thereafter."""
        self.add(message_id)
        self.do(lambda conn: claims.claim(conn, at, by))

    def row(self, message_id: str) -> Row[Any]:
        with self.engine.connect() as conn:
            return conn.execute(select(table).where(table.c.id == message_id)).one()

    def state(self, message_id: str) -> tuple[str, str | None, str | None]:
        row = self.row(message_id)
        return row.status, row.provider_id, row.reason

    def outbox(self, provider: Provider, **options: Any) -> tuple[Outbox, asyncio.Event]:
        stop = asyncio.Event()
        end = self.now + options.pop("seconds", 5.0)

        async def sleep(seconds: float) -> None:
            self.now += seconds
            if self.now >= end:
                stop.set()

        defaults: dict[str, Any] = {"writer": self.writer, "name": "us", "sleep": sleep, "rate": 1.0}
        return Outbox(provider=provider, clock=self.clock, log=LOG, **(defaults | options)), stop

    def run(self, provider: Scripted, **options: Any) -> Outbox:
        """Let an outbox work for so many ``seconds`` of this world."""
        provider.clock = self.clock

        async def story() -> Outbox:
            outbox, stop = self.outbox(provider, **options)
            await outbox.run(stop)
            return outbox

        return asyncio.run(story())


def _prepare(conn: Connection) -> int:
    practice = {"name": "Clinic", "document": {}, "version": 1, "updated_at": NOW, "updated_by": "test"}
    conn.execute(practices.insert(), practice)
    thread = {"practice": "Clinic", "line": LINE, "number": NUMBER, "created_at": NOW}
    made = conn.execute(conversations.insert(), thread).inserted_primary_key
    assert made is not None
    return int(made[0])


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """On each kind of database."""
    yield from living(database_url)


@pytest.fixture
def sqlite_world(tmp_path: Path) -> Iterator[World]:
    """On a SQLite file."""
    yield from living(f"sqlite:///{tmp_path / 'textback.db'}")


def living(url: str) -> Iterator[World]:
    made = World(url)
    yield made
    made.writer.stop()
    made.engine.dispose()


def test_a_text_is_sent_once_and_settled(world: World) -> None:
    world.add("m", call_id="a/1")
    provider = Scripted(Accepted("SM1", Status.SENT, 2))
    world.run(provider)
    assert provider.sent == [(0.0, "m")]
    row = world.row("m")
    assert (row.status, row.provider, row.provider_id, row.segments) == ("sent", "scripted", "SM1", 2)
    assert (row.sent_at, row.delivered_at, row.attempts, row.reason) == (NOW, None, 1, None)


def test_the_claim_is_durable_before_the_provider_hears_of_it(world: World) -> None:
    world.add("m")
    seen: list[str] = []

    def look(message: Outgoing) -> Answer:
        other = open_engine(world.url)
        with other.connect() as conn:
            seen.append(conn.execute(select(table.c.status).where(table.c.id == message.id)).scalar_one())
        other.dispose()
        return Accepted("SM1", Status.SENT)

    world.run(Scripted(look))
    assert seen == ["sending"]


def test_the_provider_gets_our_id_the_numbers_and_the_body(world: World) -> None:
    world.add("m")
    got: list[Outgoing] = []

    def keep(message: Outgoing) -> Answer:
        got.append(message)
        return Accepted("SM1", Status.SENT)

    world.run(Scripted(keep))
    assert got == [Outgoing("m", NUMBER, LINE, BODY)]


def test_the_most_urgent_goes_first_then_the_newest_at_the_pace_of_the_provider(world: World) -> None:
    world.add("missed", flow=Flow.MISSED, created_at=NOW - 9)
    world.add("abandoned", created_at=NOW - 1, segments=3)
    world.add("key", flow=Flow.CALL_TO_TEXT, created_at=NOW - 8, segments=2)
    world.add("reply", flow=None, created_at=NOW - 20)
    provider = Scripted()
    world.run(provider, seconds=20)
    assert provider.sent == [(0.0, "reply"), (1.0, "key"), (3.0, "abandoned"), (6.0, "missed")]


def test_a_fast_provider_is_used_fast(world: World) -> None:
    for n in range(5):
        world.add(f"m{n}", created_at=NOW - n)
    provider = Scripted()
    world.run(provider, rate=4.0)
    assert [at for at, _ in provider.sent] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_texts_that_a_clock_has_written_which_was_set_back_since_do_not_wait_for_it(world: World) -> None:
    later = NOW + 86_400
    world.add("at once", created_at=later, due_at=later)
    world.add("put back", created_at=later, due_at=later + 300)
    world.add("in the morning", created_at=later, due_at=later + 30_000)
    world.add("of another daemon", created_at=NOW + 60, due_at=NOW + 60)
    provider = Scripted()
    world.run(provider, seconds=30)
    assert sorted(provider.ids) == ["at once", "put back"]


def test_a_text_waits_until_it_is_due(world: World) -> None:
    world.add("m", due_at=NOW + 30)
    provider = Scripted()
    world.run(provider, seconds=40)
    assert provider.sent == [(30.0, "m")]


def test_a_text_that_is_too_old_at_the_claim_is_held_and_never_sent(world: World) -> None:
    world.add("m", expires_at=NOW)
    provider = Scripted()
    world.run(provider)
    assert provider.sent == []
    assert world.state("m") == ("held", None, "too_old")


def test_no_more_than_the_days_segments_leave_in_a_day(world: World) -> None:
    for n in range(3):
        world.add(f"m{n}", created_at=NOW - n, segments=2)
    provider = Scripted()
    world.run(provider, per_day=4, seconds=30)
    assert provider.ids == ["m0", "m1"]
    world.now = NOW + 86_400.5
    world.run(provider, per_day=4)
    assert provider.ids == ["m0", "m1", "m2"]


@pytest.mark.parametrize("kind", [Fault.PERMANENT, Fault.LANDLINE, Fault.POLICY, Fault.OPTED_OUT])
def test_a_text_that_is_refused_fails_and_the_next_one_goes(world: World, kind: Fault) -> None:
    world.add("bad", created_at=NOW)
    world.add("good", created_at=NOW - 1, to_number="+15555550204")
    provider = Scripted(error(kind))
    outbox = world.run(provider, seconds=60)
    assert provider.sent == [(0.0, "bad"), (1.0, "good")]
    assert world.state("bad") == ("failed", None, f"{kind}: so it was")
    assert world.state("good")[0] == "sent"
    assert outbox.line.trouble is None


def test_an_opt_out_is_remembered_and_cancels_what_waits_for_that_number(world: World) -> None:
    world.add("first", created_at=NOW)
    world.add("second", created_at=NOW - 1)
    provider = Scripted(error(Fault.OPTED_OUT))
    world.now = NOW + 1
    world.run(provider, seconds=10)
    assert provider.ids == ["first"]
    assert world.state("second") == ("cancelled", None, "opted_out")
    with world.engine.connect() as conn:
        assert conn.execute(select(optouts.optouts)).all() == [(NUMBER, NOW + 1, "scripted")]


def test_what_was_not_processed_is_tried_again_ever_more_slowly_until_it_works(world: World) -> None:
    world.add("m")
    provider = Scripted(*[error(Fault.NOT_PROCESSED)] * 3)
    outbox = world.run(provider, seconds=60)
    assert [at for at, _ in provider.sent] == [0.0, 2.0, 6.0, 14.0]
    assert world.state("m") == ("sent", "SM4", None)
    assert world.row("m").attempts == 4
    assert outbox.line.trouble is None
    assert provider.looked == []


def test_what_was_not_processed_is_held_once_it_is_too_old(world: World) -> None:
    world.add("m", expires_at=NOW + 20)
    provider = Scripted(*[error(Fault.NOT_PROCESSED)] * 50)
    world.run(provider, seconds=60)
    assert [at for at, _ in provider.sent] == [0.0, 2.0, 6.0, 14.0]
    assert world.state("m") == ("held", None, "too_old")


def test_the_provider_says_when_to_come_back(world: World) -> None:
    world.add("m")
    world.add("n", created_at=NOW - 1)
    provider = Scripted(error(Fault.NOT_PROCESSED, retry_after=17.0))
    world.run(provider, seconds=60)
    assert [(at, message_id) for at, message_id in provider.sent] == [(0.0, "m"), (17.0, "n"), (18.0, "m")]


def test_while_the_line_rests_old_texts_are_held_all_the_same(world: World) -> None:
    world.add("m", created_at=NOW)
    world.add("n", created_at=NOW - 1, expires_at=NOW + 5)
    world.run(Scripted(error(Fault.OURS)), seconds=10)
    assert world.state("n") == ("held", None, "too_old")


def test_our_own_fault_stops_the_line_keeps_the_queue_and_sounds_the_alarm(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.add("m", created_at=NOW)
    world.add("n", created_at=NOW - 1)
    provider = Scripted(*[error(Fault.OURS)] * 9)
    outbox = world.run(provider, seconds=440)
    assert [at for at, _ in provider.sent] == [0.0, 30.0, 90.0, 210.0]
    assert provider.ids[:2] == ["m", "n"]  # the text that was refused lets another try
    assert {world.state("m")[0], world.state("n")[0]} == {"queued"}
    assert outbox.line.trouble == "ours: so it was"
    assert [r.levelname for r in caplog.records if "ours" in r.message] == ["ERROR"] * 4


def test_the_line_starts_again_by_itself(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.add("m")
    with caplog.at_level(logging.INFO):
        outbox = world.run(Scripted(error(Fault.OURS)), seconds=60)
    assert world.state("m") == ("sent", "SM2", None)
    assert outbox.line.trouble is None
    assert "texts can be sent again" in caplog.messages


def test_an_unknown_outcome_is_looked_up_after_a_while_and_adopted(world: World) -> None:
    world.add("m")
    provider = Scripted(error(Fault.UNKNOWN))
    provider.looks = [Accepted("SM9", Status.DELIVERED, 1)]
    world.run(provider, seconds=60)
    assert provider.ids == ["m"]
    assert provider.looked == [(10.0, "m", 0.0)]
    assert world.state("m") == ("delivered", "SM9", None)
    assert world.row("m").sent_at == NOW


def test_an_unknown_outcome_that_is_not_found_stays_unknown_and_is_never_sent_again(world: World) -> None:
    world.add("m")
    provider = Scripted(error(Fault.UNKNOWN))
    world.run(provider, seconds=300)
    assert provider.ids == ["m"]
    assert [at for at, _, _ in provider.looked] == [10.0, 60.0]
    assert world.state("m") == ("unknown", None, "unknown: the provider does not know of it")


def test_a_request_that_reaches_the_provider_late_is_found_all_the_same(world: World) -> None:
    world.add("m")
    provider = Scripted(error(Fault.UNKNOWN))
    provider.looks = [None, Accepted("SM9", Status.SENT)]
    world.run(provider, seconds=100)
    assert (provider.ids, world.state("m")) == (["m"], ("sent", "SM9", None))


def test_a_text_of_unknown_fate_is_looked_for_again_and_never_sent(world: World) -> None:
    world.add("m")
    provider = Scripted(error(Fault.UNKNOWN))
    provider.looks = [None, None, error(Fault.UNKNOWN), Accepted("SM9", Status.SENT)]
    world.run(provider, seconds=1900)
    assert [at for at, _, _ in provider.looked] == [10.0, 60.0, 600.0, 1200.0]
    assert (provider.ids, world.state("m")) == (["m"], ("sent", "SM9", None))


def test_a_look_up_that_fails_is_repeated_and_at_last_given_up(world: World) -> None:
    world.add("m")
    provider = Scripted(error(Fault.UNKNOWN))
    provider.looks = [error(Fault.NOT_PROCESSED)]
    world.run(provider, seconds=1200)
    assert provider.ids == ["m"]
    assert [at for at, _, _ in provider.looked] == [10.0, 40.0, 100.0, 220.0, 520.0, 1120.0]
    assert world.state("m") == ("unknown", None, "unknown: it could not be looked up: so it was")


def test_a_look_up_that_works_at_the_second_time_is_good_enough(world: World) -> None:
    world.add("m")
    provider = Scripted(error(Fault.UNKNOWN))
    provider.looks = [error(Fault.UNKNOWN), Accepted("SM9", Status.SENT)]
    world.run(provider, seconds=60)
    assert (provider.ids, world.state("m")) == (["m"], ("sent", "SM9", None))


def test_while_one_text_is_in_doubt_the_others_go_on_more_slowly(world: World) -> None:
    for n in range(4):
        world.add(f"m{n}", created_at=NOW - n)
    provider = Scripted(error(Fault.UNKNOWN), error(Fault.UNKNOWN), error(Fault.UNKNOWN))
    world.run(provider, seconds=120)
    assert provider.sent == [(0.0, "m0"), (1.0, "m1"), (3.0, "m2"), (7.0, "m3")]
    assert [world.state(f"m{n}")[0] for n in range(4)] == ["unknown", "unknown", "unknown", "sent"]


def test_a_fault_in_a_providers_code_makes_the_outcome_unknown_and_ends_nothing(world: World) -> None:
    world.add("m", created_at=NOW)
    world.add("n", created_at=NOW - 1)
    provider = Scripted(ZeroDivisionError(NUMBER))
    world.run(provider, seconds=90)
    assert provider.ids == ["m", "n"]
    assert (world.state("m")[0], world.state("n")[0]) == ("unknown", "sent")


def test_an_id_that_another_text_owns_is_not_taken_even_from_an_answer(world: World) -> None:
    world.add("m", created_at=NOW)
    world.add("n", created_at=NOW - 1)
    world.run(Scripted(Accepted("SM1", Status.SENT), Accepted("SM1", Status.SENT)), seconds=30)
    assert world.state("m")[:2] == ("sent", "SM1")
    assert world.state("n")[:2] == ("unknown", None)


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNDELIVERED])
def test_a_text_that_was_taken_and_failed_at_once_says_so(world: World, status: Status) -> None:
    world.add("m")
    world.run(Scripted(Accepted("SM1", status)))
    assert world.state("m") == (status, "SM1", f"{status}: so says the provider")


def test_after_a_crash_a_text_that_the_provider_has_is_adopted_with_its_id(world: World) -> None:
    world.left_in_sending("m")
    world.now = NOW + 30
    provider = Scripted()
    provider.looks = [Accepted("SM9", Status.SENT, 2)]
    world.run(provider, seconds=60)
    assert provider.sent == []
    assert provider.looked == [(30.0, "m", 0.0)]
    assert world.state("m") == ("sent", "SM9", None)


def test_after_a_crash_a_text_that_is_not_there_is_unknown_and_not_sent_again(world: World) -> None:
    world.left_in_sending("m")
    provider = Scripted()
    world.run(provider, seconds=200)
    assert provider.sent == []
    assert [at for at, _, _ in provider.looked] == [0.0, 60.0]
    assert world.state("m")[0] == "unknown"


def test_after_a_crash_the_text_of_another_row_is_not_adopted(world: World) -> None:
    world.add("owner")
    world.do(lambda conn: claims.claim(conn, NOW, "us"))
    world.do(lambda conn: claims.settle(conn, "owner", Settled(status=Status.SENT, provider_id="SM9")))
    world.left_in_sending("m")
    provider = Scripted()
    provider.looks = [Accepted("SM9", Status.SENT)]
    world.run(provider, seconds=60)
    assert provider.sent == []
    assert world.state("m")[:2] == ("unknown", None)
    assert world.state("owner")[:2] == ("sent", "SM9")


def test_of_two_same_texts_to_one_number_the_look_up_learns_which_the_other_is(world: World) -> None:
    world.add("owner")
    world.add("elsewhere", to_number="+12025550199")
    for message_id, provider_id in (("owner", "SM9"), ("elsewhere", "SM8")):
        world.do(lambda conn: conn.execute(update(table).where(table.c.id == message_id).values(
            status=Status.SENT, provider_id=provider_id,
        )) and None)  # fmt: skip
    world.left_in_sending("m")
    told: list[Collection[str]] = []

    class Twice(Scripted):
        async def find(
            self, message: Outgoing, since: float, others: Collection[str], until: float | None = None
        ) -> Accepted | None:
            told.append(others)
            return next(Accepted(sid, Status.SENT) for sid in ("SM9", "SM7") if sid not in others)

    world.run(Twice())
    assert told == [{"SM9"}]
    assert world.state("m")[:2] == ("sent", "SM7")


def test_after_a_crash_looking_comes_before_sending(world: World) -> None:
    world.left_in_sending("m")
    world.add("n")
    provider = Scripted()
    order: list[str] = []
    find, send = provider.find, provider.send

    async def finding(
        message: Outgoing, since: float, others: Collection[str], until: float | None = None
    ) -> Accepted | None:
        order.append(f"find {message.id}")
        return await find(message, since, others, until)

    async def sending(message: Outgoing) -> Accepted:
        order.append(f"send {message.id}")
        return await send(message)

    provider.find, provider.send = finding, sending  # type: ignore[method-assign]
    world.run(provider)
    assert order == ["find m", "send n"]


def test_a_look_up_ends_where_another_text_was_handed_over_that_says_the_same(world: World) -> None:
    """Without another there is no end: a request that hung may have been taken much later."""
    world.left_in_sending("first", at=NOW)
    world.left_in_sending("second", at=NOW + 200)
    world.add("another", body="something else")
    world.now += 500
    provider = Scripted()
    world.run(provider, seconds=40)  # until it is clear that nobody has them in hand
    assert {message: (since, bound) for (_, message, since), bound in zip(provider.looked, provider.bounds)} == {
        "first": (0.0, 200.0),
        "second": (200.0, None),
    }


def test_after_a_power_cut_the_network_may_come_back_later_than_the_daemon(world: World) -> None:
    world.left_in_sending("m")
    provider = Scripted()
    provider.looks = [error(Fault.NOT_PROCESSED), error(Fault.NOT_PROCESSED), Accepted("SM9", Status.SENT)]
    world.run(provider, seconds=60)
    assert [at for at, _, _ in provider.looked] == [0.0, 10.0, 40.0]
    assert world.state("m") == ("sent", "SM9", None)


def test_what_another_sender_has_in_hand_is_left_alone_while_it_lives(world: World) -> None:
    world.left_in_sending("m", by="them")
    provider = Scripted()
    for count in range(20):
        world.do(lambda conn: senders.beat(conn, "them", count, world.now))
        world.run(provider, seconds=BEAT)
    assert (provider.looked, world.state("m")[0]) == ([], "sending")


def test_what_a_sender_has_in_hand_that_is_not_heard_of_any_more_is_looked_up(world: World) -> None:
    world.do(lambda conn: senders.beat(conn, "them", 7, NOW))
    world.left_in_sending("m", by="them")
    provider = Scripted()
    provider.looks = [Accepted("SM9", Status.SENT)]
    world.run(provider, seconds=200)
    assert [at for at, _, _ in provider.looked] == [35.0]  # two time-outs of the provider and a beat
    assert (provider.sent, world.state("m")[0]) == ([], "sent")


def test_a_sender_whose_clock_is_wrong_lives_all_the_same(world: World) -> None:
    world.left_in_sending("m", by="them")
    provider = Scripted()
    for count in range(20):
        world.do(lambda conn: senders.beat(conn, "them", count, world.now - 200))
        world.run(provider, seconds=BEAT)
    assert provider.looked == []


def test_a_sender_that_stops_in_order_says_so(world: World) -> None:
    world.run(Scripted(), seconds=3)
    with world.engine.connect() as conn:
        assert senders.beats(conn) == {}


def every_commit_goes_unanswered(world: World, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """Each group of jobs is committed, and then done once more, since the answer was lost on its way."""
    commit = world.writer._commit

    def twice(group: list[Any]) -> list[Any]:
        commit(group)
        meanwhile()
        return commit(group)

    monkeypatch.setattr(world.writer, "_commit", twice)


@pytest.mark.parametrize("per_day", [0, 2])
def test_a_claim_whose_commit_went_unanswered_leaves_no_text_behind(
    world: World, monkeypatch: pytest.MonkeyPatch, per_day: int
) -> None:
    world.add("m")
    world.add("n", created_at=NOW - 1)
    every_commit_goes_unanswered(world, monkeypatch, lambda: None)
    provider = Scripted()
    world.run(provider, per_day=per_day)
    assert provider.ids == ["m", "n"]
    assert {world.state("m")[0], world.state("n")[0]} == {"sent"}


def test_who_opts_out_while_the_answer_to_a_commit_is_lost_gets_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("m")

    def stop() -> None:
        if world.state("m")[0] == "sending":
            with world.engine.begin() as conn:
                optouts.opt_out(conn, NUMBER, NOW, "text")

    every_commit_goes_unanswered(world, monkeypatch, stop)
    provider = Scripted()
    world.run(provider)
    assert (provider.ids, world.state("m")) == ([], ("cancelled", None, "opted_out"))


def test_a_text_that_grew_too_old_while_the_database_was_gone_is_held(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("m", expires_at=NOW + 600)
    commit = world.writer._commit

    def late(group: list[Any]) -> list[Any]:
        world.now = max(world.now, NOW + 3600)
        return commit(group)

    monkeypatch.setattr(world.writer, "_commit", late)
    provider = Scripted()
    world.run(provider, seconds=3700)
    assert (provider.ids, world.state("m")) == ([], ("held", None, "too_old"))


def test_a_text_that_turns_out_to_be_there_is_not_sent_although_a_person_released_it(world: World) -> None:
    world.add("m", author="Kim")

    def release_meanwhile() -> None:
        queued = {"status": Status.QUEUED, "due_at": world.now}
        world.do(lambda conn: conn.execute(update(table).values(queued)) and None)

    class Slow(Scripted):
        async def find(
            self, message: Outgoing, since: float, others: Collection[str], until: float | None = None
        ) -> Accepted | None:
            found = await super().find(message, since, others)
            if found is not None:
                release_meanwhile()
            return found

    provider = Slow(error(Fault.UNKNOWN))
    provider.looks = [None, None, Accepted("SM9", Status.SENT)]
    world.run(provider, seconds=700)
    assert (provider.ids, world.state("m")) == (["m"], ("sent", "SM9", None))


def test_a_text_is_found_although_the_clock_was_set_back_since_its_claim(world: World) -> None:
    world.left_in_sending("m", at=NOW + 3600)
    provider = Scripted()
    world.run(provider)
    ((_, _, since),) = provider.looked
    assert since < -60.0


def test_a_text_whose_turn_comes_in_the_quiet_hours_waits_for_their_end(world: World) -> None:
    world.add("m", call_id="a/1", created_at=NOW - 3600, expires_at=NOW + 60)
    later = Decision(Verdict.TEXT, "abandoned", "text: later", due_at=NOW + 120)
    provider = Scripted()
    world.run(provider, recheck=lambda conn, message, now: later if now < NOW + 120 else None, seconds=130)
    assert (provider.sent, world.state("m")[0]) == ([(120.0, "m")], "sent")


def test_what_the_quiet_hours_put_off_must_leave_in_its_time_once_they_are_over(world: World) -> None:
    """Where nothing can leave on the morning either, nobody is texted days later."""
    world.add("m", call_id="a/1", created_at=NOW - 3600, expires_at=NOW + 60)
    later = Decision(Verdict.TEXT, "abandoned", "text: later", due_at=NOW + 120)
    world.run(Scripted(), recheck=lambda conn, message, now: later, seconds=60)
    assert (world.row("m").due_at, world.row("m").expires_at) == (NOW + 120, NOW + 120 + AFTER_QUIET)
    world.now = NOW + 120 + AFTER_QUIET
    provider = Scripted()
    world.run(provider)
    assert (provider.sent, world.state("m")[::2]) == ([], ("held", "too_old"))


@pytest.mark.parametrize(("others", "sent"), [(None, ["m"]), (Status.UNKNOWN, ["m"]), (Status.CANCELLED, [])])
def test_a_sender_that_was_frozen_behind_its_claim_begins_anew_unless_a_person_has_judged(
    world: World, monkeypatch: pytest.MonkeyPatch, others: Status | None, sent: list[str]
) -> None:
    world.add("m")
    claim = claims.claim

    def frozen(conn: Connection, *arguments: Any) -> OutMessage | None:
        message = claim(conn, *arguments)
        if message is not None and message.attempts == 1:
            world.now += 20.0
            if others:
                conn.execute(update(table).values(status=others))
        return message

    monkeypatch.setattr(claims, "claim", frozen)
    provider = Scripted()
    world.run(provider, seconds=60)
    assert provider.ids == sent


def test_a_callback_that_is_faster_than_the_answer_is_no_trouble(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.add("m")

    def call_back(message: Outgoing) -> Answer:
        told = {"status": Status.DELIVERED, "provider_id": "SM1"}
        world.do(lambda conn: conn.execute(update(table).values(told)) and None)
        return Accepted("SM1", Status.SENT)

    world.run(Scripted(call_back))
    assert world.state("m") == ("delivered", "SM1", None)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_number_that_the_provider_refuses_stops_alone(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.add("bad", from_number="+15555550109", created_at=NOW)
    world.add("worse", from_number="+15555550109", created_at=NOW - 1)
    world.add("good", created_at=NOW - 2)
    provider = Scripted(error(Fault.SENDER))
    outbox = world.run(provider, seconds=20)
    assert provider.sent == [(0.0, "bad"), (1.0, "good")]
    assert outbox.numbers.trouble == {"+15555550109": "sender: so it was"}
    assert {world.state("bad")[0], world.state("worse")[0]} == {"queued"}
    world.run(provider, seconds=60)
    assert sorted(provider.ids[2:]) == ["bad", "worse"]


def test_what_people_write_keeps_its_order(world: World) -> None:
    for n in range(3):
        world.add(f"reply{n}", flow=None, created_at=NOW - 10 + n)
    provider = Scripted()
    world.run(provider)
    assert provider.ids == ["reply0", "reply1", "reply2"]


def test_a_text_that_waited_is_judged_again_before_it_leaves(world: World) -> None:
    call = {"id": "a/1", "pbx": "a", "started_at": NOW, "ended_at": NOW, "verdict": "text"}
    world.do(lambda conn: conn.execute(calls.insert(), call) and None)
    world.add("late", call_id="a/1", created_at=NOW - 3600)
    world.add("soon", call_id="a/2", created_at=NOW - 10)
    world.add("without a call", created_at=NOW - 10)
    world.add("released", created_at=NOW - 3600, author="Kim")
    skipped = Decision(Verdict.SKIP, "came_back", "skip: the caller called again")
    asked: list[str] = []

    def recheck(conn: Connection, message: OutMessage, now: float) -> Decision:
        asked.append(message.id)
        return skipped

    provider = Scripted()
    world.run(provider, recheck=recheck)
    assert (sorted(asked), provider.ids) == (["late", "without a call"], ["soon", "released"])
    assert world.state("late") == world.state("without a call") == ("cancelled", None, "came_back")
    with world.engine.connect() as conn:
        assert conn.execute(select(calls.c.verdict, calls.c.reason)).one() == ("skip", "came_back")


def test_a_landline_is_remembered(world: World) -> None:
    world.add("m")
    world.run(Scripted(error(Fault.LANDLINE)))
    with world.engine.connect() as conn:
        assert line_types.landlines(conn, [NUMBER], NOW + 60) == {NUMBER}


def test_the_log_tells_of_each_text_that_does_not_leave_after_all(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.add("old", call_id="a/1", expires_at=NOW)
    world.add("served", call_id="a/2", created_at=NOW - 3600)
    decision = Decision(Verdict.SKIP, "came_back", "skip: the caller called again")
    with caplog.at_level(logging.INFO):
        world.run(Scripted(), recheck=lambda conn, message, now: decision)
    assert caplog.messages == [
        "message old of call a/1: held: too_old", "message served of call a/2: cancelled: came_back"
    ]  # fmt: skip


def test_a_day_that_is_full_is_told_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for n in range(3):
        world.add(f"m{n}", created_at=NOW - n)
    world.run(Scripted(), per_day=1, seconds=30)
    assert [r.levelname for r in caplog.records if "within a day" in r.message] == ["ERROR"]


def test_two_outboxes_on_one_database_send_each_text_once(world: World) -> None:
    for n in range(30):
        world.add(f"m{n}")
    engine = open_engine(world.url)
    writer = Writer(engine, LOG)
    writer.start()
    provider = Scripted()

    async def story() -> None:
        both = asyncio.Barrier(2)
        send = provider.send

        async def together(message: Outgoing) -> Accepted:
            await asyncio.wait_for(both.wait(), 30)  # both have a text in hand
            return await send(message)

        provider.send = together  # type: ignore[method-assign]
        pairs = [world.outbox(provider, rate=1e6, name="a"), world.outbox(provider, rate=1e6, name="b", writer=writer)]
        await asyncio.gather(*(outbox.run(stop) for outbox, stop in pairs))

    asyncio.run(story())
    writer.stop()
    engine.dispose()
    assert sorted(provider.ids) == sorted(f"m{n}" for n in range(30))
    with world.engine.connect() as conn:
        rows = conn.execute(select(table.c.status, table.c.claimed_by)).all()
    assert sorted(rows) == [("sent", "a")] * 15 + [("sent", "b")] * 15


def test_a_nudge_from_another_thread_ends_the_rest(world: World) -> None:
    provider = Scripted()
    resting = threading.Event()

    async def sleep(seconds: float) -> None:
        resting.set()
        await asyncio.Event().wait()

    async def story() -> None:
        outbox, stop = world.outbox(provider, sleep=sleep)

        def sent(message: Outgoing) -> Answer:
            stop.set()
            return Accepted("SM1", Status.SENT)

        def add_and_nudge() -> None:
            resting.wait(10)
            world.add("m")
            outbox.nudge()

        provider.answers.append(sent)
        outbox.nudge()  # before it runs: harmless
        thread = threading.Thread(target=add_and_nudge)
        thread.start()
        await asyncio.wait_for(outbox.run(stop), 10)
        thread.join()
        kept.append(outbox)

    kept: list[Outbox] = []
    asyncio.run(story())
    kept[0].nudge()  # after its loop is gone: harmless
    assert provider.ids == ["m"]
    assert world.state("m")[0] == "sent"


def test_what_is_in_hand_at_the_stop_is_finished_and_nothing_new_is_begun(world: World) -> None:
    world.add("m", created_at=NOW)
    world.add("n", created_at=NOW - 1)
    provider = Scripted()

    async def story() -> None:
        outbox, stop = world.outbox(provider, grace=60.0)

        async def slowly(message: Outgoing) -> Accepted:
            stop.set()
            for _ in range(20):
                await asyncio.sleep(0)
            return Accepted("SM1", Status.SENT)

        provider.send = slowly  # type: ignore[method-assign]
        await outbox.run(stop)

    asyncio.run(story())
    assert world.state("m") == ("sent", "SM1", None)
    assert world.state("n")[0] == "queued"


def test_what_hangs_at_the_stop_is_looked_up_at_the_next_start(world: World) -> None:
    world.add("m")
    provider = Scripted()

    async def story() -> None:
        outbox, stop = world.outbox(provider, grace=0.01)

        async def hang(message: Outgoing) -> Accepted:
            stop.set()
            await asyncio.Event().wait()
            raise AssertionError

        provider.send = hang  # type: ignore[method-assign]
        await asyncio.wait_for(outbox.run(stop), 10)

    asyncio.run(story())
    assert world.state("m")[0] == "sending"
    again = Scripted()
    again.looks = [Accepted("SM9", Status.SENT)]
    world.run(again, name="the next", seconds=60)
    assert (again.sent, world.state("m")) == ([], ("sent", "SM9", None))


def test_a_writer_that_is_gone_ends_the_outbox_unless_it_stops_anyway(world: World) -> None:
    world.writer.stop()
    with pytest.raises(StoreError):
        world.run(Scripted())

    async def story() -> bool:
        outbox, stop = world.outbox(Scripted())
        stop.set()
        await outbox.run(stop)
        return True

    assert asyncio.run(story())


def test_a_database_that_is_locked_for_a_while_delays_a_text_and_loses_nothing(sqlite_world: World) -> None:
    sqlite_world.add("m")
    provider = Scripted()
    with sqlite_world.engine.connect() as lock:
        lock.exec_driver_sql("SELECT 1")  # begins a transaction, and every one of ours may write
        timer = threading.Timer(0.2, lock.rollback)
        timer.start()
        sqlite_world.run(provider)
        timer.join()
    assert (provider.ids, sqlite_world.state("m")[0]) == (["m"], "sent")


def test_a_person_who_cancels_meanwhile_is_not_overruled(world: World) -> None:
    world.add("m")

    def cancel(message: Outgoing) -> Answer:
        world.do(lambda conn: conn.execute(update(table).values(status=Status.CANCELLED)) and None)
        return error(Fault.NOT_PROCESSED)

    provider = Scripted(cancel)
    world.run(provider, seconds=30)
    assert (provider.ids, world.state("m")[0]) == (["m"], "cancelled")


def test_the_log_tells_each_decision_with_the_call_and_neither_number_nor_body(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.add("m", call_id="a/1", created_at=NOW)
    world.add("n", call_id="a/2", created_at=NOW - 1)
    world.add("o", call_id="a/3", created_at=NOW - 2)
    with caplog.at_level(logging.DEBUG):
        world.run(Scripted(error(Fault.LANDLINE), error(Fault.UNKNOWN)), seconds=90)
    said = [line for line in caplog.messages if "message " in line]
    assert [line.split(": ")[0] for line in said] == [
        "message m of call a/1",
        "message n of call a/2",
        "message o of call a/3",
        "message n of call a/2",
    ]
    assert "555" not in caplog.text and BODY not in caplog.text


def test_a_held_call_is_told_so(world: World) -> None:
    call = {"id": "a/1", "pbx": "a", "started_at": NOW, "ended_at": NOW, "verdict": "text"}
    world.do(lambda conn: conn.execute(calls.insert(), call) and None)
    world.add("m", call_id="a/1", expires_at=NOW - 1)
    world.run(Scripted())
    with world.engine.connect() as conn:
        assert conn.execute(select(calls.c.verdict, calls.c.reason)).one() == ("held", "too_old")
