"""What is old goes, what is not over stays, others keep theirs, and the reports tell the same as before."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, Engine, func, select

from tests.practices import document
from tests.store.test_erasing import ANN, BOB, call, reply
from textback import reports
from textback.book import PracticeBook
from textback.model import LineType, Status
from textback.nightly import Nightly
from textback.retention import Ages, Steps, steps
from textback.store import audit, calls, callbacks, line_types, marks, messages, optouts, people, practices
from textback.store.audit import Action
from textback.store.engine import reading
from textback.store.staff_tables import notes
from textback.store.tables import contacts, conversations, metadata
from textback.store.tables import messages as texts

NOW, DAY = 1795262400.0, 86_400.0
OLD, NEW = NOW - 500 * DAY, NOW - 5 * DAY
LINE = "+12025550100"
AGES = Ages(calls=400 * DAY, messages=400 * DAY, raw=30 * DAY, audit=400 * DAY)
T = TypeVar("T")


def number(n: int) -> str:
    return f"+1202556{n:04}"


def visit(n: int, at: float, **columns: Any) -> dict[str, Any]:
    return call(n, number(n), practice="Riverside", started_at=at, ended_at=at + 30, verdict="skip") | columns


def text(conn: Connection, to: str, at: float, **given: Any) -> str:
    talk = people.conversation_for(conn, "Riverside", LINE, to, at)
    new = {"to_number": to, "from_number": LINE, "body": "Hello", "segments": 1, "encoding": "GSM-7", "due_at": at}
    new |= {"conversation_id": talk, "created_at": at, "practice": "Riverside", "status": Status.DELIVERED}
    return messages.add(conn, messages.NewMessage(**(new | given)))


@pytest.fixture
def clinic(engine: Engine) -> Engine:
    with engine.begin() as conn:
        practices.put(conn, "Riverside", document(), "test", OLD)
    return engine


def do(engine: Engine, work: Steps, until: Callable[[int], bool] = lambda nth: False) -> Counter[str]:
    """The steps one after the other; left alone once ``until`` says so."""
    result, nth = None, 0
    while not until(nth):
        try:
            step = work.send(result)
        except StopIteration as end:
            return Counter({kind: count for kind, count in end.value.items() if count})
        with engine.begin() if step.writes else reading(engine) as conn:
            result = step.job(conn)
        nth += 1
    return Counter()


def purge(engine: Engine, ages: Ages = AGES, **given: Any) -> Counter[str]:
    return do(engine, steps(PracticeBook(), ages, NOW, **given))


def left(engine: Engine, *tables: str) -> list[int]:
    with reading(engine) as conn:
        return [conn.execute(select(func.count()).select_from(metadata.tables[one])).scalar_one() for one in tables]


def live(conn: Connection, at: float, first: int = 0) -> None:
    """Everything of one kind each, at that time."""
    calls.save(conn, [visit(first, at), visit(first + 1, at, practice=None)])
    text(conn, number(first), at)
    talk = people.conversation_for(conn, "Riverside", LINE, number(first), at)
    conn.execute(notes.insert(), {"id": f"{first}", "conversation_id": talk, "author": "k", "body": "x", "at": at})
    conn.execute(conversations.update().where(conversations.c.id == talk).values(last_message_at=at))
    callbacks.keep(conn, "twilio", "sms", f"SM{first}", "", {"a": "b"}, at)
    audit.note(conn, at, "kim", Action.READ, practice="Riverside")
    line_types.record(conn, number(first), LineType.MOBILE, at, "twilio")
    people.staff_reached(conn, number(first), at, "main")
    optouts.record(conn, number(first), at, "text")


EVERYTHING = (
    "calls", "messages", "notes", "conversations", "contacts", "callbacks", "audit", "line_types", "staff_reached",
)  # fmt: skip


def test_what_is_old_goes_and_what_is_not_stays(clinic: Engine) -> None:
    with clinic.begin() as conn:
        live(conn, OLD)
        live(conn, NEW, first=10)
    told = {
        "calls": 2, "texts": 1, "notes": 1, "conversations": 1, "contacts nobody verified": 1, "raw posts": 1,
        "audit lines": 1, "line types": 1, "numbers that staff called": 1,
    }  # fmt: skip
    assert dict(purge(clinic, dry=True)) | {"conversations": 1, "contacts nobody verified": 1} == told
    assert left(clinic, *EVERYTHING) == [4, 2, 2, 2, 2, 2, 2, 2, 2]
    assert purge(clinic) == told
    assert left(clinic, *EVERYTHING) == [2, 1, 1, 1, 1, 1, 1, 1, 1]
    assert left(clinic, "optouts", "practices", "practice_versions") == [2, 1, 1]
    assert purge(clinic) == {}


@pytest.mark.parametrize("status", [Status.QUEUED, Status.SENDING, Status.HELD, Status.UNKNOWN])
def test_a_text_that_is_not_over_stays_with_its_call_and_conversation(clinic: Engine, status: Status) -> None:
    with clinic.begin() as conn:
        waits = text(conn, number(1), OLD, status=status)
        calls.save(conn, [visit(1, OLD, message_id=waits), visit(2, OLD)])
    assert purge(clinic) == {"calls": 1}
    assert left(clinic, "calls", "messages", "conversations", "contacts") == [1, 1, 1, 1]


def test_a_call_that_is_not_decided_stays(clinic: Engine) -> None:
    with clinic.begin() as conn:
        calls.save(conn, [visit(1, OLD, verdict=None)])
    assert purge(clinic) == {}


def test_what_nobody_has_read_or_answered_stays_and_so_does_a_tile_in_the_inbox(clinic: Engine) -> None:
    with clinic.begin() as conn:
        text(conn, ANN, OLD - DAY)
        talk = reply(conn, ANN, "Hello?", "SM1", OLD, "Riverside")
        reply(conn, BOB, "Thanks", "SM2", OLD, "Riverside")
        seen = {"unread_since": None, "waiting_since": None}
        conn.execute(conversations.update().where(conversations.c.number == BOB).values(seen))
    assert purge(clinic) == {"texts": 2}
    with reading(clinic) as conn:
        assert conn.execute(select(texts.c.body)).scalars().all() == ["Hello?"]
        assert sorted(conn.execute(select(conversations.c.number)).scalars()) == [ANN, BOB]
    with clinic.begin() as conn:
        values = {"unread_since": None, "waiting_since": None, "state": "closed"}
        conn.execute(conversations.update().where(conversations.c.id == talk).values(values))
        conn.execute(conversations.update().where(conversations.c.number == BOB).values(state="closed"))
    assert purge(clinic)["conversations"] == 2


def test_contacts_that_the_practice_imported_stay(clinic: Engine) -> None:
    person = {"practice": "Riverside", "number": ANN, "kind": "patient", "created_at": OLD}
    with clinic.begin() as conn:
        conn.execute(contacts.insert(), person | {"verified": True})
        conn.execute(contacts.insert(), person | {"number": BOB, "verified": False, "external_id": "E"})
        conn.execute(contacts.insert(), person | {"number": number(3), "verified": False})
        conn.execute(contacts.insert(), person | {"number": number(4), "verified": False, "updated_at": NEW})
    assert purge(clinic) == {"contacts nobody verified": 1}


def test_only_one_practice_is_purged_if_it_is_named(clinic: Engine) -> None:
    with clinic.begin() as conn:
        lines = [{"name": "G", "number": "+12025550109"}]
        grove = document(practice__name="Grove", practice__default=False, line=lines)
        practices.put(conn, "Grove", grove, "test", OLD)
        calls.save(conn, [visit(1, OLD), visit(2, OLD, practice="Grove"), visit(3, OLD, practice="gone")])
        callbacks.keep(conn, "twilio", "sms", "SM1", "", {}, OLD)
        audit.note(conn, OLD, "kim", Action.READ, practice="Grove")
        audit.note(conn, OLD, "kim", Action.READ, practice="Riverside")
    assert purge(clinic, only="Grove") == {"calls": 1, "audit lines": 1}
    assert purge(clinic) == {"calls": 2, "raw posts": 1, "audit lines": 1}


def test_the_audit_trail_stays_unless_an_age_is_named(clinic: Engine) -> None:
    with clinic.begin() as conn:
        audit.note(conn, OLD, "kim", Action.READ)
    assert purge(clinic, Ages(calls=DAY, messages=DAY, raw=DAY)) == {}


def test_texts_may_go_before_their_calls(clinic: Engine) -> None:
    with clinic.begin() as conn:
        at = NOW - 100 * DAY
        gone = text(conn, number(1), at, call_id="main/1")
        talk = people.conversation_for(conn, "Riverside", LINE, number(1), at)
        calls.save(conn, [visit(1, at, message_id=gone, conversation_id=talk)])
        assert calls.listing(conn)[0]["message_status"] == "delivered"
    assert purge(clinic, Ages(calls=400 * DAY, messages=90 * DAY)) == {"texts": 1}
    with reading(clinic) as conn:
        assert calls.listing(conn)[0]["message_status"] is None


def figures(engine: Engine, since: float) -> dict[Any, Any]:
    with reading(engine) as conn:
        directory = PracticeBook()(conn)
        first = datetime.fromtimestamp(since).date()
        rows = reports.counted(conn, directory, directory.practices[0], first, date(2026, 11, 21))
    return {(day, row.line, row.queue): tally for row in rows for day, tally in row.days()}


def busy(conn: Connection) -> None:
    """Calls over a month, texted, replied to, called again: old ones, and one day's of which is half old."""
    for n in range(60):
        at = NOW - 400 * DAY - 30 * DAY + n * DAY / 2 + 7.0
        sent = text(conn, number(n), at, call_id=f"main/{n}", flow="abandoned")
        conn.execute(texts.update().where(texts.c.id == sent).values(sent_at=at + 40))
        calls.save(conn, [visit(n, at, verdict="text", message_id=sent, queue="q" if n % 3 else None)])
        if n % 4 == 0:
            talk = people.conversation_for(conn, "Riverside", LINE, number(n), at)
            told = {"id": f"r{n}", "conversation_id": talk, "practice": "Riverside", "direction": "in", "body": "x"}
            told |= {"to_number": LINE, "from_number": number(n), "segments": 1, "encoding": "GSM-7", "priority": 0}
            conn.execute(texts.insert(), told | {"status": "received", "created_at": at + 300, "due_at": at + 300})
        if n % 5 == 0:
            later = at + 3600
            calls.save(conn, [visit(n + 100, later, caller=number(n), disposition="answered", answered_at=later)])


def test_the_reports_tell_the_same_afterwards(clinic: Engine) -> None:
    with clinic.begin() as conn:
        busy(conn)
    since = NOW - 440 * DAY
    before = figures(clinic, since)
    assert sum(tally["recovered"] for tally in before.values()) > 20
    assert purge(clinic)["calls"] > 60
    assert figures(clinic, since) == before
    assert left(clinic, "calls")[0] < 20


@pytest.mark.parametrize("after", [2, 20, 33, 35])
def test_cut_off_anywhere_it_goes_on_the_next_time(clinic: Engine, after: int) -> None:
    with clinic.begin() as conn:
        busy(conn)
        live(conn, OLD, first=500)
    before = figures(clinic, NOW - 440 * DAY)
    do(clinic, steps(PracticeBook(), AGES, NOW), until=lambda nth: nth == after)
    assert figures(clinic, NOW - 440 * DAY) == before
    purge(clinic)
    assert figures(clinic, NOW - 440 * DAY) == before
    assert purge(clinic) == {}


def test_no_step_deletes_more_than_a_batch(clinic: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textback.store.purging.BATCH", 7)
    with clinic.begin() as conn:
        calls.save(conn, [visit(n, OLD + n, practice=None) for n in range(40)])
        for n in range(20):
            line_types.record(conn, number(n), LineType.MOBILE, OLD if n % 2 else NEW, "twilio")
    most, result, work = 0, None, steps(PracticeBook(), AGES, NOW)
    with pytest.raises(StopIteration) as end:
        while True:
            step = work.send(result)
            with clinic.begin() as conn:
                result = step.job(conn)
            most = max(most, getattr(result, "gone", 0))
    assert (most, end.value.value["calls"], end.value.value["line types"]) == (7, 40, 10)


class House:
    """A reader and a writer on one database, in step; ``now`` is moved by the test."""

    def __init__(self, engine: Engine, now: float) -> None:
        self.engine, self.now, self.pauses = engine, now, 0

    async def __call__(self, look: Callable[[Connection], T]) -> T:
        with reading(self.engine) as conn:
            return look(conn)

    async def run(self, job: Callable[[Connection], T]) -> T:
        with self.engine.begin() as conn:
            return job(conn)

    async def sleep(self, seconds: float) -> None:
        self.pauses += 1
        await asyncio.sleep(0)

    def nightly(self, at: int) -> Nightly:
        return Nightly(self, self, PracticeBook(), AGES, at, lambda: self.now, self.sleep)


def minutes(now: float) -> int:
    local = time.localtime(now)
    return local.tm_hour * 60 + local.tm_min


def test_of_several_daemons_one_deletes_once_a_night(clinic: Engine) -> None:
    with clinic.begin() as conn:
        live(conn, OLD)
        calls.save(conn, [visit(900, NEW)])
    house = House(clinic, NOW)
    daemons = [house.nightly(minutes(NOW) - 5) for _ in range(3)]
    assert [asyncio.run(daemon.look()) for daemon in daemons] == [True, False, False]
    assert left(clinic, "calls", "messages") == [1, 0]
    house.now += timedelta(hours=1).total_seconds()
    assert not asyncio.run(daemons[1].look())
    house.now = NOW + DAY
    assert asyncio.run(daemons[2].look())


@pytest.mark.parametrize(("ahead", "expected"), [(-1, False), (0, True), (119, True), (120, False)])
def test_it_begins_at_its_time_of_day_or_not_that_night(clinic: Engine, ahead: int, expected: bool) -> None:
    house = House(clinic, NOW)
    assert asyncio.run(house.nightly((minutes(NOW) - ahead) % 1440).look()) is expected


def test_it_stops_at_once_and_goes_on_another_night(clinic: Engine) -> None:
    with clinic.begin() as conn:
        live(conn, OLD)
        calls.save(conn, [visit(900, NEW)])
    house, stop = House(clinic, NOW), asyncio.Event()

    async def hang(seconds: float) -> None:
        stop.set()
        await asyncio.Event().wait()

    nightly = Nightly(house, house, PracticeBook(), AGES, minutes(NOW), lambda: house.now, hang)
    asyncio.run(asyncio.wait_for(nightly.run(stop), 5.0))
    assert left(clinic, "calls") == [3]
    house.now += DAY
    assert asyncio.run(house.nightly(minutes(NOW)).look())
    assert left(clinic, "calls") == [1]


@pytest.mark.parametrize("newest", ["call", "text"])
def test_a_clock_that_is_years_ahead_deletes_nothing_and_says_so_once(
    clinic: Engine, caplog: pytest.LogCaptureFixture, newest: str
) -> None:
    with clinic.begin() as conn:
        live(conn, OLD)
        live(conn, NEW, first=900) if newest == "text" else calls.save(conn, [visit(900, NEW)])
    before = left(clinic, "calls", "messages")
    house = House(clinic, NOW + 800 * DAY)
    nightly = house.nightly(minutes(NOW))
    assert [asyncio.run(nightly.look()) for _ in range(2)] == [False, False]
    assert left(clinic, "calls", "messages") == before and len(caplog.records) == 1
    assert "the clock may be wrong" in caplog.text
    house.now = NOW
    assert asyncio.run(nightly.look()) and left(clinic, "calls") != before[:1]


def test_a_night_that_a_wrong_clock_has_noted_is_none(clinic: Engine) -> None:
    with clinic.begin() as conn:
        live(conn, OLD)
        calls.save(conn, [visit(900, NEW)])
        marks.put(conn, marks.RETENTION, NOW + 800 * DAY)
    daemons = [House(clinic, NOW).nightly(minutes(NOW)) for _ in range(2)]
    assert [asyncio.run(daemon.look()) for daemon in daemons] == [True, False]


def test_a_database_that_fails_does_not_end_it(clinic: Engine, caplog: pytest.LogCaptureFixture) -> None:
    house, stop = House(clinic, NOW), asyncio.Event()
    rounds = 0

    async def fails(look: Callable[[Connection], T]) -> T:
        raise RuntimeError("+12025550111")

    async def pause(seconds: float) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            stop.set()
        await asyncio.sleep(0)

    nightly = Nightly(fails, house, PracticeBook(), AGES, minutes(NOW), lambda: NOW, pause)  # type: ignore[arg-type]
    asyncio.run(asyncio.wait_for(nightly.run(stop), 5.0))
    assert "could not be deleted: RuntimeError" in caplog.text and "+1202" not in caplog.text


def test_a_mark_is_claimed_by_one(clinic: Engine) -> None:
    with clinic.begin() as conn:
        assert marks.at(conn, "x") is None
        assert [marks.claim(conn, "x", NOW, NOW - 5) for _ in range(2)] == [True, False]
        assert marks.at(conn, "x") == NOW
        marks.put(conn, "x", NOW + 9)
        assert marks.claim(conn, "x", NOW + 20, NOW + 10)


def test_nothing_is_deleted_unless_an_age_is_set() -> None:
    assert Ages().is_nothing and not Ages(audit=DAY).is_nothing
