"""What the daemon answers to the dialplan, with a real tracker, writer and database; time is moved by the test."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection

from tests.practices import document, practice
from textback.book import PracticeBook
from textback.desk import HookDesk, Known
from textback.errands import Errands
from textback.events import CallerArrived, CallerLeft, Fact, HoldStarted, KeyPressed, LinkLost, LinkSynced, Place
from textback.hooks.desk import About, Answer, Caller, Offer
from textback.intake import Intake
from textback.store import calls, messages, migrations, optouts, practices
from textback.store.engine import open_engine, reading
from textback.store.tables import contacts
from textback.store.writer import Writer
from textback.tracker import Tracker


T = TypeVar("T")
T0 = 1_800_014_400.0
LINE, CALLER, OTHER = "+12025550100", "+12025550143", "2025550166"
ME = Caller(None, "1.1", "PJSIP/trunk-1", CALLER, "Doe", "12025550199", "en")


@dataclass
class World:
    engine: Any
    now: float = T0
    up: dict[str, bool] = field(default_factory=lambda: {"main": True})

    def __post_init__(self) -> None:
        self.writer = Writer(self.engine, logging.getLogger("textback.test"))
        self.writer.start()
        self.tracker = Tracker(list(self.up), PracticeBook())
        self.intake = Intake(self.tracker, self.writer, lambda: self.now, lambda decided: None, print, self.fail)
        trunks = ("PJSIP/trunk-*",)
        pbxes = [Known(name, "en", lambda name=name: self.up[name], trunks) for name in self.up]  # type: ignore[misc]
        errands = Errands(self.tracker, self.intake, self.writer, self.read, lambda: self.now)
        self.desk = HookDesk(pbxes, errands, self.intake, self.read, lambda: self.now)
        for name in self.up:
            self.intake.put(LinkSynced("", T0, name))

    def fail(self, fault: BaseException) -> None:
        raise fault

    async def read(self, look: Callable[[Connection], T]) -> T:
        with reading(self.engine) as connection:
            return look(connection)

    def do(self, job: Callable[[Connection], T]) -> T:
        with self.engine.begin() as connection:
            return job(connection)

    async def tell(self, *facts: Fact) -> None:
        for fact in facts:
            self.intake.put(fact)
        await self.intake.drained()

    async def waits(self, call: str = "main/1.1", number: str | None = CALLER) -> None:
        pbx, _, linkedid = call.partition("/")
        arrived = CallerArrived(call, self.now, pbx, linkedid, number, "Doe", "12025550199")
        await self.tell(arrived, HoldStarted(call, self.now + 1, Place.QUEUE, self.now + 1, "support"))

    async def ends(self, after: float) -> dict[str, Any]:
        """The caller hangs up, and everything settles."""
        await self.tell(CallerLeft("main/1.1", self.now + after))
        self.now += after + 60
        self.intake.pass_time()
        await self.intake.drained()
        return self.do(lambda conn: calls.listing(conn))[-1]

    def texts(self) -> list[tuple[str, str, str]]:
        rows = self.do(lambda conn: messages.listing(conn, limit=0))
        return [(row["to"], row["flow"], row["body"]) for row in rows]


def play(story: Callable[[World], Any], folder: Path, *pbxes: str, **want: Any) -> None:
    async def run() -> None:
        async with world(folder, *pbxes, **want) as made:
            await story(made)

    asyncio.run(run())


@asynccontextmanager
async def world(folder: Path, *pbxes: str, **want: Any) -> AsyncIterator[World]:
    engine = open_engine(f"sqlite:///{folder / 'textback.db'}")
    migrations.upgrade(engine)
    with engine.begin() as connection:
        practices.put(connection, practice(**want).name, document(**want), "test", T0)
    made = World(engine, up=dict.fromkeys(pbxes or ("main",), True))
    yield made
    await made.intake.drained()
    made.writer.stop()
    engine.dispose()


def test_a_caller_who_waits_may_be_offered_a_text_and_gets_it_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        assert await world.desk.may_offer(ME) == Offer(True, "call_to_text", "5")
        world.now += 40
        assert await world.desk.call_to_text(ME) == Answer("texted", "call_to_text")
        assert await world.desk.call_to_text(ME) == Answer("texted", "call_to_text")
        assert await world.desk.may_offer(ME) == Offer(False, "texted")
        assert world.texts() == [(CALLER, "call_to_text", "Riverside here, how can we help?")]
        call = await world.ends(1)
        assert (call["disposition"], call["verdict"], call["hold_seconds"]) == ("texted", "text", 39.0)
        assert call["why"] == "text: asked for it by key after 39 s on hold in support"

    play(story, tmp_path)


def test_the_key_on_the_link_and_the_hook_are_one_request_in_either_order(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        await world.tell(KeyPressed("main/1.1", world.now + 20, "5"))
        world.now += 21
        assert await world.desk.call_to_text(ME) == Answer("texted", "call_to_text")
        await world.tell(KeyPressed("main/1.1", world.now + 1, "5"))
        assert len(world.texts()) == 1

    play(story, tmp_path)


def test_who_opted_out_is_refused_and_judged_at_the_end_as_if_nothing_had_been_asked(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.do(lambda conn: optouts.record(conn, CALLER, T0, "text"))
        await world.waits()
        assert await world.desk.may_offer(ME) == Offer(False, "opted_out", "5")
        assert await world.desk.call_to_text(ME) == Answer("refused", "opted_out")
        assert await world.desk.call_to_text(ME) == Answer("refused", "opted_out")
        call = await world.ends(30)
        assert (call["disposition"], call["flow"], call["reason"]) == ("abandoned", "abandoned", "opted_out")

    play(story, tmp_path)


def test_a_caller_who_hides_the_number_may_key_in_another(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits(number=None)
        me = replace(ME, number=None, withheld=True)
        assert await world.desk.call_to_text(me) == Answer("refused", "withheld_number")
        assert await world.desk.call_to_text(me, OTHER) == Answer("texted", "call_to_text")
        assert world.texts() == [("+1" + OTHER, "call_to_text", "Riverside here, how can we help?")]
        call = await world.ends(30)
        assert (call["caller"], call["disposition"]) == (None, "texted")
        assert call["why"].startswith("text: asked for it to another number by key after")

    play(story, tmp_path)


def test_a_number_that_only_the_dialplan_knows_to_be_hidden_is_texted_neither_now_nor_later(tmp_path: Path) -> None:
    """Asterisk's events show it like any other (asterisk.md), where channelvars lacks CALLERID(pres)."""

    async def story(world: World) -> None:
        await world.waits()
        me = replace(ME, withheld=True)
        assert (await world.desk.may_offer(me)).reason == "withheld_number"
        assert await world.desk.call_to_text(me) == Answer("refused", "withheld_number")
        call = await world.ends(30)
        assert (call["caller"], call["disposition"], call["reason"]) == (None, "abandoned", "withheld_number")
        assert world.texts() == []

    play(story, tmp_path)


def test_a_number_keyed_in_that_cannot_be_texted_is_refused_and_the_next_one_may_do(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits(number=None)
        me = replace(ME, number=None, withheld=True)
        assert await world.desk.call_to_text(me, "911") == Answer("refused", "bad_number")
        assert await world.desk.call_to_text(me, OTHER) == Answer("texted", "call_to_text")

    play(story, tmp_path)


def test_a_forged_call_is_never_texted_not_even_elsewhere(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        forged = replace(ME, tampered=True)
        assert await world.desk.may_offer(forged) == Offer(False, "bad_number", "5")
        assert await world.desk.call_to_text(forged, OTHER) == Answer("refused", "bad_number")
        assert (await world.ends(30))["reason"] == "bad_number"
        assert world.texts() == []

    play(story, tmp_path)


def test_the_dialplan_says_which_language_and_which_queue(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        assert (await world.desk.call_to_text(replace(ME, lang="es", queue="sales"))).result == "texted"
        assert world.texts()[0][2] == "Riverside: ¿en qué podemos ayudarle?"
        assert (await world.ends(30))["queue"] == "sales"

    both = {"en": "{practice} here", "es": "{practice}: ¿en qué podemos ayudarle?"}
    play(story, tmp_path, call_to_text__message=both)


def test_a_channel_that_a_link_does_not_show_is_no_callers(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        stranger = replace(ME, uniqueid="9.9")
        assert await world.desk.may_offer(stranger) == Offer(False, "unknown_call")
        assert await world.desk.call_to_text(stranger) == Answer("error", "unknown_call")
        assert not await world.desk.handled(stranger)
        assert not await world.desk.no_answer(stranger, "FULL")
        assert world.do(lambda conn: calls.listing(conn)) == []

    play(story, tmp_path)


def test_while_the_link_is_down_the_dialplan_is_believed(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.up["main"] = False
        await world.tell(LinkLost("", T0, "main"))
        assert await world.desk.may_offer(ME) == Offer(True, "call_to_text", "5")
        assert await world.desk.call_to_text(ME) == Answer("texted", "call_to_text")
        await world.tell(LinkSynced("", T0 + 9, "main"))
        [call] = world.do(lambda conn: calls.listing(conn))
        assert (call["disposition"], call["verdict"], call["caller"]) == ("lost", "text", CALLER)
        assert len(world.texts()) == 1

    play(story, tmp_path)


def test_a_phone_of_the_house_is_no_caller_though_a_link_is_down(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.up["main"] = False
        await world.tell(LinkLost("", T0, "main"))
        phone = replace(ME, channel="PJSIP/1001-1", number="+12025550199")
        assert (await world.desk.call_to_text(phone)).result == "error"
        assert not await world.desk.no_answer(phone, "FULL")
        assert world.do(lambda conn: calls.listing(conn)) == []

    play(story, tmp_path)


def test_a_call_known_from_hearsay_is_taken_up_when_the_link_has_seen_it(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.up["main"] = False
        await world.tell(LinkLost("", T0, "main"))
        await world.desk.no_answer(replace(ME, number="+12025550000"), "FULL")
        await world.waits()
        await world.tell(LinkSynced("", T0 + 9, "main"))
        call = await world.ends(30)
        assert (call["caller"], call["disposition"], call["verdict"]) == (CALLER, "abandoned", "text")

    play(story, tmp_path)


def test_a_number_that_the_dialplan_knew_to_be_hidden_stays_so_when_the_link_sees_it_in_clear(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.up["main"] = False
        await world.tell(LinkLost("", T0, "main"))
        assert await world.desk.call_to_text(replace(ME, withheld=True)) == Answer("refused", "withheld_number")
        await world.waits()
        await world.tell(LinkSynced("", T0 + 9, "main"))
        call = await world.ends(30)
        assert (call["caller"], call["disposition"], call["reason"]) == (None, "abandoned", "withheld_number")

    play(story, tmp_path)


@pytest.mark.parametrize(
    ("why", "told"),
    [("FULL", "there was no room"), ("BUSY", "the extension was busy"), ("", "the dialplan said that nobody will")],
)
def test_a_caller_whom_nobody_will_answer_is_missed(tmp_path: Path, why: str, told: str) -> None:
    async def story(world: World) -> None:
        await world.tell(CallerArrived("main/1.1", T0, "main", "1.1", CALLER))
        await world.desk.no_answer(ME, why)
        call = await world.ends(30)
        assert (call["disposition"], call["verdict"]) == ("missed", "text")
        assert told in call["why"]

    play(story, tmp_path)


def test_a_queue_that_was_answered_is_no_reason_to_think_that_nobody_answers(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.tell(CallerArrived("main/1.1", T0, "main", "1.1", CALLER))
        await world.desk.no_answer(ME, "CONTINUE")
        assert (await world.ends(30))["disposition"] == "unreached"

    play(story, tmp_path)


def test_a_caller_who_was_served_otherwise_is_not_texted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        await world.desk.handled(ME)
        assert (await world.ends(30))["reason"] == "handled"

    play(story, tmp_path)


def test_of_two_pbxes_the_one_that_knows_the_call_is_meant(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits("branch/1.1")
        assert (await world.desk.call_to_text(ME)).result == "texted"
        assert (await world.desk.call_to_text(replace(ME, pbx="main"))).reason == "unknown_call"
        assert (await world.desk.call_to_text(replace(ME, pbx="nowhere"))).reason == "unknown_call"

    play(story, tmp_path, "main", "branch")


def test_hours_and_what_follows_are_those_of_the_practice(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        assert await world.desk.is_open(ME) is False
        assert await world.desk.after_text(ME) == "stay"

    play(story, tmp_path, hours={"sun": ["10:00-11:00"]}, call_to_text__after_text="stay")


def test_who_calls_is_told_as_far_as_the_practice_knows(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        row = {"practice": "Riverside", "number": CALLER, "kind": "patient", "verified": True, "created_at": T0}
        names = {"first_name": "Ann", "last_name": "Doe", "language": "es"}
        await world.waits()
        assert await world.desk.about(ME) == About()
        world.do(lambda conn: conn.execute(contacts.insert(), row | names) and None)
        assert (await world.desk.call_to_text(ME)).result == "texted"
        about = await world.desk.about(ME)
        assert (about.name, about.verified, about.language, about.opted_out) == ("Ann Doe", True, "es", False)
        assert about.conversation is not None

    play(story, tmp_path)


def test_whom_another_practice_knows_is_told_where_both_share(tmp_path: Path) -> None:
    share = {"chat__share_contacts_across_practices": True}
    line = [{"name": "Desk", "number": "+12025550180"}]
    grove: dict[str, Any] = {"practice__name": "Grove", "practice__default": False, "line": line}

    def want(conn: Connection, version: float, **changes: Any) -> None:
        practices.put(conn, "Grove", document(**grove, **changes), "test", version)

    async def story(world: World) -> None:
        world.do(lambda conn: want(conn, 1.0))
        row = {"practice": "Grove", "number": CALLER, "kind": "patient", "verified": True, "created_at": T0}
        row |= {"first_name": "Ann", "last_name": "Doe", "language": "es"}
        world.do(lambda conn: conn.execute(contacts.insert(), row) and None)
        await world.waits()
        assert await world.desk.about(ME) == About()
        world.do(lambda conn: want(conn, 2.0, **share))
        about = await world.desk.about(ME)
        assert (about.name, about.verified, about.language) == ("Ann Doe", True, "es")

    play(story, tmp_path, **share)


def test_a_request_after_the_end_of_the_call_is_no_text_of_its_own(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        await world.tell(CallerLeft("main/1.1", T0 + 30))
        assert await world.desk.call_to_text(ME) == Answer("error", "ended")

    play(story, tmp_path)


def test_while_the_database_is_gone_the_caller_hears_so_at_once_and_no_text_comes_later(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        world.writer.failing_since = T0
        assert await world.desk.call_to_text(ME) == Answer("error", "database")
        await world.desk.handled(ME)
        world.writer.failing_since = None
        call = await world.ends(30)
        assert (call["disposition"], call["reason"]) == ("abandoned", "handled")
        assert world.texts() == []

    play(story, tmp_path)


def test_what_is_said_of_a_call_that_the_database_was_not_told_of_yet_holds_all_the_same(tmp_path: Path) -> None:
    async def at_once(seconds: float) -> None:
        """Time that nobody waits for."""

    async def story(world: World) -> None:
        is_back = threading.Event()
        world.writer.submit(lambda connection: is_back.wait())
        world.intake.put(CallerArrived("main/1.1", T0, "main", "1.1", CALLER, "Doe", "12025550199"))
        world.intake.put(HoldStarted("main/1.1", T0 + 1, Place.QUEUE, T0 + 1, "support"))
        errands = Errands(world.tracker, world.intake, world.writer, world.read, time, sleep=at_once)
        world.desk = HookDesk([Known("main", "en", lambda: True)], errands, world.intake, world.read, time)
        telling = asyncio.create_task(world.desk.handled(ME))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not telling.done()
        is_back.set()
        await telling
        assert (await world.ends(60))["reason"] == "handled"

    def time() -> float:
        return T0 + 2

    play(story, tmp_path)


def test_what_the_dialplan_says_holds_though_the_end_was_heard_first(tmp_path: Path) -> None:
    """As after a moment in which the daemon stood still: both were there when it looked again."""

    async def story(world: World) -> None:
        await world.tell(CallerArrived("main/1.1", T0, "main", "1.1", CALLER))
        is_back = threading.Event()
        world.writer.submit(lambda connection: is_back.wait())
        world.intake.put(LinkSynced("", T0 + 1, "main"))
        world.intake.put(CallerLeft("main/1.1", T0 + 2))
        telling = asyncio.create_task(world.desk.no_answer(ME, "CHANUNAVAIL"))
        for _ in range(20):
            await asyncio.sleep(0)
        is_back.set()
        assert await telling
        call = await world.ends(2)
        assert (call["disposition"], call["verdict"]) == ("missed", "text")
        assert [to for to, _, _ in world.texts()] == [CALLER]

    play(story, tmp_path)


def test_whoever_was_served_otherwise_is_not_texted_though_the_end_was_heard_first(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        await world.tell(CallerLeft("main/1.1", T0 + 30))
        assert await world.desk.handled(ME)
        assert (await world.ends(30))["reason"] == "handled"
        assert world.texts() == []

    play(story, tmp_path)


def test_what_is_said_while_the_database_stands_still_holds_though_the_end_is_being_written(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.tell(CallerArrived("main/1.1", T0, "main", "1.1", CALLER))
        is_back = threading.Event()
        world.writer.submit(lambda connection: is_back.wait())
        world.intake.put(CallerLeft("main/1.1", T0 + 2))
        world.writer.failing_since = world.now = T0 + 3
        assert await world.desk.no_answer(ME, "CHANUNAVAIL")
        is_back.set()
        await world.intake.drained()
        assert (await world.ends(0))["disposition"] == "missed"
        assert [to for to, _, _ in world.texts()] == [CALLER]

    play(story, tmp_path)


def test_a_word_that_comes_too_late_is_not_said_to_be_done(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.tell(CallerArrived("main/1.1", T0, "main", "1.1", CALLER))
        await world.ends(2)
        assert not await world.desk.no_answer(ME, "CHANUNAVAIL")
        assert not await world.desk.handled(ME)
        assert (await world.ends(0))["disposition"] == "unreached"

    play(story, tmp_path)
