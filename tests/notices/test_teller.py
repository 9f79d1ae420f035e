"""Staff are told of each conversation once until somebody has read it, whatever fails in between."""

from __future__ import annotations

import asyncio
import itertools
import logging
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, select

from tests.inbox.posts import ANN, BOB, Post
from tests.world import until
from textback import chat
from textback.book import PracticeBook
from textback.model import Role, Staff
from textback.notices import Errand, Teller, Untold, tidy
from textback.store import notices
from textback.store.engine import open_engine
from textback.store.notice_table import notices as table
from textback.store.notices import LEASE, PATIENCE, Channel
from textback.store.writer import Writer

LOG = logging.getLogger("textback.test")
KIM = Staff(1, "kim", "Kim Park", Role.STAFF, None)
_numbers = itertools.count(5_550_000)
NOTIFY: dict[str, Any] = {"email": ["front@clinic.example"], "after": "30s"}


@dataclass
class Carrier:
    """Tells nobody, and remembers whom; ``answer``: what comes of each, ``at_once`` and ``by_practice`` as wanted."""

    answer: Callable[[Errand], Any] = lambda errand: None
    channel: Channel = Channel.EMAIL
    at_once: int = 1
    by_practice: bool = False
    told: list[Errand] = field(default_factory=list)

    def place(self, practice: str) -> str:
        return practice if self.by_practice else ""

    async def carry(self, errand: Errand) -> None:
        self.told.append(errand)
        answer = self.answer(errand)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer


@dataclass
class Desk:
    """An inbox, and a teller of its database."""

    post: Post
    writer: Writer

    @asynccontextmanager
    async def teller(self, carrier: Carrier) -> AsyncIterator[Teller]:
        made = Teller(
            carrier, self.writer, PracticeBook(), lambda: self.post.now, LOG, pages="https://pages", poll=0.001
        )
        stop = asyncio.Event()
        running = asyncio.create_task(made.run(stop))
        try:
            yield made
        finally:
            stop.set()
            await running

    def rows(self) -> list[dict[str, Any]]:
        return self.post.rows(select(table).order_by(table.c.created_at, table.c.id))

    def states(self) -> list[str]:
        return [row["status"] for row in self.rows()]

    def read(self, conversation: int | None) -> None:
        assert conversation is not None
        with self.post.engine.begin() as conn:
            chat.mark_read(conn, KIM, conversation, self.post.now)


@contextmanager
def opened(engine: Engine, **wanted: Any) -> Iterator[Desk]:
    post = Post(engine)
    post.want(**({"notify": NOTIFY} | wanted))
    writer = Writer(engine, LOG)
    writer.start()
    try:
        yield Desk(post, writer)
    finally:
        writer.stop()


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    """On a database of each kind."""
    with opened(engine) as made:
        yield made


@pytest.fixture
def small(migrated: Path, tmp_path: Path) -> Iterator[Desk]:
    """On SQLite, for what is no matter of the database."""
    engine = open_engine(f"sqlite:///{shutil.copy(migrated, tmp_path / 'one.db')}")
    with opened(engine) as made:
        yield made
    engine.dispose()


def test_staff_are_told_of_a_reply_that_nobody_read_in_time(desk: Desk) -> None:
    carrier = Carrier()

    async def story() -> None:
        async with desk.teller(carrier):
            desk.post.text("Hello")
            desk.post.text("Is anybody there?")
            desk.post.text("Me too", BOB)
            desk.post.now += 30
            await until(lambda: desk.states() == ["told"] * 2)

    asyncio.run(story())
    first, second = sorted(carrier.told, key=lambda errand: errand.conversation)
    assert (first.target, first.practice, first.line) == ("front@clinic.example", "Riverside", "Front desk")
    assert first.url == f"https://pages/conversations/{first.conversation}" and first.unread == 2
    assert first.conversation != second.conversation and first.id != second.id
    assert not {"Hello", ANN, BOB} & set(map(str, carrier.told))
    assert "Hello" not in repr(carrier.told) and ANN not in repr(carrier.told)


def test_what_was_read_in_time_is_told_to_nobody(small: Desk) -> None:
    carrier = Carrier()

    async def story() -> None:
        async with small.teller(carrier):
            talk = small.post.text("Hello").conversation_id
            small.read(talk)
            small.post.text("Me too", BOB)
            small.post.now += 30
            await until(lambda: small.states() == ["told"])

    asyncio.run(story())
    assert [errand.conversation for errand in carrier.told] == [row["conversation_id"] for row in small.rows()]


@pytest.mark.parametrize("doing", [chat.close, chat.snooze])
def test_a_reply_that_reopens_is_told_of_again(small: Desk, doing: Any) -> None:
    carrier = Carrier()

    async def story() -> None:
        async with small.teller(carrier):
            talk = small.post.text("Hello").conversation_id
            small.post.now += 30
            await until(lambda: small.states() == ["told"])
            with small.post.engine.begin() as conn:
                given = {"until": None} if doing is chat.snooze else {}
                assert doing(conn, KIM, talk, now=small.post.now, **given)
            small.post.text("One more thing")
            small.post.now += 30
            await until(lambda: len(carrier.told) == 2)

    asyncio.run(story())
    assert len({errand.id for errand in carrier.told}) == 2


@pytest.mark.parametrize(
    ("wanted", "body"),
    [({"chat__allow_start": False, "chat__allow_unknown": False}, "Hello"), ({}, "STOP"), ({"notify": {}}, "Hello")],
)
def test_what_waits_for_nobody_is_told_to_nobody(small: Desk, wanted: dict[str, Any], body: str) -> None:
    small.post.want(**({"notify": NOTIFY} | wanted))
    small.post.text(body)
    assert small.rows() == []


def test_who_is_not_wanted_any_more_is_not_told(small: Desk) -> None:
    carrier = Carrier()
    small.post.want(notify={"email": ["gone@clinic.example", "front@clinic.example"]})
    small.post.text("Hello")
    small.post.want(notify=NOTIFY)

    async def story() -> None:
        async with small.teller(carrier):
            small.post.now += 30
            await until(lambda: small.states() == ["told"])

    asyncio.run(story())
    assert [errand.target for errand in carrier.told] == ["front@clinic.example"]


def test_trouble_is_waited_out_and_the_id_stays(small: Desk, caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([Untold("no answer in time"), Untold("no answer in time"), None])
    carrier = Carrier(lambda errand: next(answers))

    async def story() -> dict[str, str]:
        async with small.teller(carrier) as teller:
            small.post.text("Hello")
            small.post.now += 30
            await until(lambda: small.rows()[0]["reason"])
            trouble = teller.trouble
            for count in (2, 3):
                small.post.now += 60 * count
                await until(lambda: len(carrier.told) == count)
            await until(lambda: small.states() == ["told"])
            assert teller.trouble == {}
            return trouble

    assert asyncio.run(story()) == {"": "no answer in time"}
    assert len({errand.id for errand in carrier.told}) == 1
    assert "tried again in 30 s: no answer in time" in caplog.text and ANN not in caplog.text


def test_what_is_refused_for_good_is_given_up_and_said(small: Desk, caplog: pytest.LogCaptureFixture) -> None:
    carrier = Carrier(lambda errand: Untold("550 no such user", for_good=True, of_place=False))

    async def story() -> None:
        async with small.teller(carrier):
            small.post.text("Hello")
            small.post.now += 30
            await until(lambda: small.states() == ["given_up"])

    asyncio.run(story())
    (record,) = [one for one in caplog.records if one.name == LOG.name]
    assert record.levelno == logging.ERROR and "front@clinic.example" in record.getMessage()
    assert small.rows()[0]["reason"] == "550 no such user"


def test_a_fault_of_ours_is_tried_again_and_harms_nobody_else(small: Desk) -> None:
    def answer(errand: Errand) -> Exception | None:
        return ZeroDivisionError("secret") if errand.conversation == first else None

    first = small.post.text("Hello").conversation_id
    small.post.text("Me too", BOB)

    async def story() -> None:
        async with small.teller(Carrier(answer)):
            small.post.now += 30
            await until(lambda: sorted(small.states()) == ["told", "waiting"] and small.rows()[0]["reason"])

    asyncio.run(story())
    (waiting,) = [row for row in small.rows() if row["status"] == "waiting"]
    assert "ZeroDivisionError" in waiting["reason"] and "secret" not in waiting["reason"]


def test_one_practice_that_hangs_keeps_no_other_waiting(small: Desk) -> None:
    webhook = {"webhook": "https://example.org/", "after": 0}
    grove = {"practice__name": "Grove", "practice__default": False}
    grove |= {"line": [{"name": "Desk", "number": "+12025550180"}]}
    small.post.want(notify=webhook)
    small.post.want(notify=webhook, **grove)

    async def story() -> None:
        never = asyncio.Event()

        async def hang() -> None:
            await never.wait()

        carrier = Carrier(lambda errand: hang() if errand.practice == "Riverside" else None, Channel.WEBHOOK, 2, True)
        async with small.teller(carrier):
            for number in (ANN, BOB):
                small.post.text("Hello", number)
            await until(lambda: carrier.told)
            for number in (ANN, BOB):
                small.post.text("Hello", number, line="+12025550180")
            await until(lambda: small.states().count("told") == 2)
            assert [errand.practice for errand in carrier.told] == ["Riverside", "Grove", "Grove"]
            never.set()
            await until(lambda: small.states() == ["told"] * 4)

    asyncio.run(story())


def test_what_is_under_way_when_the_daemon_stops_is_finished(small: Desk) -> None:
    async def story() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            begun.set()
            await go_on.wait()

        small.post.text("Hello")
        small.post.now += 30
        async with small.teller(Carrier(lambda errand: slow())):
            await asyncio.wait_for(begun.wait(), 10.0)
            asyncio.get_running_loop().call_soon(go_on.set)

    asyncio.run(story())
    assert small.states() == ["told"]


def test_what_hangs_when_the_daemon_stops_is_let_go_and_told_later(
    small: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textback.notices.GRACE", 0.01)
    again = Carrier()

    async def story() -> None:
        begun = asyncio.Event()

        async def hang() -> None:
            begun.set()
            await asyncio.Event().wait()

        small.post.text("Hello")
        small.post.now += 30
        async with small.teller(Carrier(lambda errand: hang())):
            await asyncio.wait_for(begun.wait(), 10.0)
        assert small.states() == ["waiting"]
        small.post.now += LEASE
        async with small.teller(again):
            await until(lambda: small.states() == ["told"])

    asyncio.run(story())
    assert len(again.told) == 1


CLAIM = """
import asyncio, logging, sys
from tests.notices.test_teller import Carrier
from textback.book import PracticeBook
from textback.notices import Teller
from textback.store.engine import open_engine
from textback.store.writer import Writer

async def hang(errand):
    print(errand.id, flush=True)
    await asyncio.Event().wait()

async def main():
    writer = Writer(open_engine(sys.argv[1]), logging.getLogger())
    writer.start()
    now = float(sys.argv[2])
    await Teller(Carrier(hang), writer, PracticeBook(), lambda: now, logging.getLogger()).run(asyncio.Event())

asyncio.run(main())
"""


def test_a_daemon_that_is_killed_between_claim_and_done_costs_nothing(desk: Desk, database_url: str) -> None:
    carrier = Carrier()
    desk.post.text("Hello")
    desk.post.now += 30
    given = [sys.executable, "-c", CLAIM, database_url, str(desk.post.now)]
    with subprocess.Popen(given, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as other:
        assert other.stdout is not None
        claimed = other.stdout.readline().strip()
        other.kill()

    async def story() -> None:
        async with desk.teller(carrier):
            desk.post.now += LEASE
            await until(lambda: desk.states() == ["told"])

    asyncio.run(story())
    assert [errand.id for errand in carrier.told] == [claimed]


def test_two_daemons_tell_each_once(desk: Desk) -> None:
    carriers = Carrier(), Carrier()
    for at in range(12):
        desk.post.text("Hello", f"+12025550{at:03}")
    desk.post.now += 30

    async def story() -> None:
        async with desk.teller(carriers[0]), desk.teller(carriers[1]):
            await until(lambda: desk.states() == ["told"] * 12)

    asyncio.run(story())
    told = [errand.id for carrier in carriers for errand in carrier.told]
    assert len(told) == len(set(told)) == 12


def test_what_nobody_carries_is_given_up_after_a_day_and_said(small: Desk, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(tidy(small.writer, lambda: small.post.now, LOG, stop, every=0.001))
        small.post.text("Hello")
        small.post.now += 30 + PATIENCE + LEASE
        await until(lambda: small.states() == ["given_up"])
        small.post.now += 8 * 86_400
        await until(lambda: small.states() == [])
        stop.set()
        await running

    asyncio.run(story())
    assert "staff were not told of 1 replies" in caplog.text


STEPS = st.lists(
    st.sampled_from(["reply", "reply", "read", "close", "snooze", "tell", "tell", "fail", "die", "wait"]), max_size=40
)


@settings(max_examples=150)
@given(steps=STEPS)
def test_nobody_is_told_twice_until_somebody_has_read_it(
    one_post: Post, steps: list[str]
) -> None:
    """Whatever fails, and whoever dies: between two readings one notice at most is heard of, and one is in the end."""
    post = one_post
    post.want(notify=NOTIFY)
    number, talk = f"+1303{next(_numbers):07}", 0
    heard: set[str] = set()
    is_unread = False
    for step in [*steps, "wait", "tell"]:
        post.now += 1
        if step == "reply":
            talk = post.text("Hello", number).conversation_id or 0
            is_unread = True
        elif step in ("read", "close", "snooze") and talk:
            with post.engine.begin() as conn:
                _put_away(conn, step, talk, post.now)
            heard, is_unread = set(), False
        elif step == "wait":
            post.now += LEASE  # so often that nobody gives up
        elif step in ("tell", "fail", "die"):
            with post.engine.begin() as conn:
                notice = notices.claim(conn, Channel.EMAIL, post.now)
            if notice is not None:
                assert is_unread and notice.conversation == talk
                if step != "fail":  # who dies may have told them before
                    heard.add(notice.id)
                assert len(heard) <= 1
                with post.engine.begin() as conn:
                    if step == "tell":
                        assert notices.told(conn, notice, post.now)
                    elif step == "fail":
                        assert notices.put_back(conn, notice, "no", post.now + 60)
    assert len(heard) == is_unread
    with post.engine.begin() as conn:
        conn.execute(delete(table))  # the next example begins with nothing to tell


def _put_away(conn: Connection, step: str, talk: int, now: float) -> None:
    if step == "read":
        chat.mark_read(conn, KIM, talk, now)
    elif step == "close":
        chat.close(conn, KIM, talk, now)
    else:
        chat.snooze(conn, KIM, talk, None, now)
