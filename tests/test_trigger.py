"""What a webhook starts, with a real tracker, writer and database; time is moved by the test."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from tests.practices import document, practice
from textback.book import PracticeBook
from textback.call import Call
from textback.errands import Errands
from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    Fact,
    HoldStarted,
    LinkSynced,
    NobodyAnswered,
    Place,
    Talking,
    TextRequested,
)
from textback.intake import Intake
from textback.model import Flow
from textback.store import calls, messages, migrations, optouts, practices, webhook_tokens
from textback.store.engine import open_engine
from textback.store.reader import Reader
from textback.store.tables import webhook_tokens as tokens
from textback.store.webhook_tokens import Grant
from textback.store.writer import Writer
from textback.tracker import Tracker
from textback.trigger import Trigger
from textback.web.told import Mistaken, Told
from textback.web.trigger import Outcome

T0 = 1_800_014_400.0
LINE, CALLER, TOKEN = "+12025550100", "+12025550143", "t" * 43
SENTENCE = "asked for it by key after 29 s on hold in support"


@dataclass
class World:
    engine: Any
    now: float = T0
    work: int = 0
    grants: dict[Flow, Grant] = field(default_factory=dict)

    def __post_init__(self) -> None:
        log = logging.getLogger("textback.test")
        self.writer, self.reader = Writer(self.engine, log), Reader(self.engine)
        self.writer.start()
        self.tracker = Tracker(["main", "branch"], PracticeBook())
        self.intake = Intake(self.tracker, self.writer, lambda: self.now, lambda decided: None, print, self.fail)
        clock = lambda: self.now  # noqa: E731
        errands = Errands(self.tracker, self.intake, self.writer, self.reader, clock)
        self.trigger = Trigger(errands, self.writer, self.reader, clock, self.nudged, log)
        for pbx in ("main", "branch"):
            self.intake.put(LinkSynced("", T0, pbx))

    def fail(self, fault: BaseException) -> None:
        raise fault

    def nudged(self) -> None:
        self.work += 1

    def do(self, job: Callable[[Connection], Any]) -> Any:
        with self.engine.begin() as connection:
            return job(connection)

    async def tell(self, *facts: Fact) -> None:
        for fact in facts:
            self.intake.put(fact)
        await self.intake.drained()

    async def waits(self, call: str = "main/1.1") -> None:
        pbx, _, linkedid = call.partition("/")
        arrived = CallerArrived(call, self.now, pbx, linkedid, CALLER, "Doe", "12025550199")
        await self.tell(arrived, HoldStarted(call, self.now + 1, Place.QUEUE, self.now + 1, "support"))

    async def start(self, flow: Flow, *numbers: str, **told: Any) -> Outcome:
        found = await self.trigger.grant(TOKEN + flow[0])
        assert found is not None
        return await self.trigger.start(found, Told(numbers or (CALLER,), **told))

    async def ends(self, call: str = "main/1.1") -> dict[str, Any]:
        """The caller hangs up, and everything settles."""
        await self.tell(CallerLeft(call, self.now))
        self.now += 60
        self.intake.pass_time()
        await self.intake.drained()
        return next(row for row in self.do(calls.listing) if row["id"] == call)

    def texts(self) -> list[dict[str, Any]]:
        return list(self.do(lambda conn: messages.listing(conn, limit=0)))


@asynccontextmanager
async def world(folder: Path, **want: Any) -> AsyncIterator[World]:
    engine = open_engine(f"sqlite:///{folder / 'textback.db'}")
    migrations.upgrade(engine)
    with engine.begin() as connection:
        practices.put(connection, practice(**want).name, document(**want), "test", T0)
        for flow in Flow:
            made = {"practice": "Riverside", "flow": flow, "by": "kim", "now": T0, "language": None}
            webhook_tokens.create(connection, TOKEN + flow[0], **made)  # type: ignore[arg-type]
    made_world = World(engine)
    yield made_world
    await made_world.intake.drained()
    made_world.writer.stop()
    made_world.reader.close()
    engine.dispose()


def play(story: Callable[[World], Awaitable[Any]], folder: Path, **want: Any) -> None:
    async def run() -> None:
        async with world(folder, **want) as made:
            await story(made)

    asyncio.run(run())


def test_who_is_on_no_line_gets_a_text_of_their_own(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        outcome = await world.start(Flow.CALL_TO_TEXT)
        (text,) = world.texts()
        assert outcome == Outcome("text", "call_to_text", "text: asked for it elsewhere, so a webhook says", text["id"])
        assert (text["to"], text["call_id"], text["status"], world.work) == (CALLER, None, "queued", 1)
        assert world.do(calls.listing) == []

    play(story, tmp_path)


def test_who_was_lost_elsewhere_may_still_be_served(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        outcome = await world.start(Flow.MISSED)
        assert (outcome.verdict, outcome.reason, outcome.message) == ("pending", "missed", world.texts()[0]["id"])
        assert outcome.why.startswith("pending: nobody answered elsewhere, so a webhook says; ")
        assert outcome.why.endswith("; the text leaves in 15 s, unless they are served before")

    play(story, tmp_path)


def test_a_call_to_another_practice_is_none_of_a_webhooks_business(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        line = [{"name": "Desk", "number": "+12025550170", "queues": ["support"]}]
        grove = document(practice__name="Grove", practice__default=False, line=line)
        world.do(lambda conn: practices.put(conn, "Grove", grove, "test", T0))
        await world.waits()
        outcome = await world.start(Flow.CALL_TO_TEXT)
        (text,) = world.texts()
        assert (outcome.message, text["call_id"], text["from"]) == (text["id"], None, LINE)
        call = await world.ends()
        assert (call["practice"], call["disposition"]) == ("Grove", "abandoned")

    play(story, tmp_path)


def test_who_is_refused_causes_no_text(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.do(lambda conn: optouts.record(conn, CALLER, T0, "text"))
        outcome = await world.start(Flow.MISSED)
        assert outcome == Outcome("skip", "opted_out", "skip: the caller opted out of texts")
        assert (world.texts(), world.work) == ([], 0)

    play(story, tmp_path)


def test_what_must_wait_for_a_person_is_held(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.start(Flow.CALL_TO_TEXT)
        held = await world.start(Flow.CALL_TO_TEXT, "+12025550199")
        assert (held.verdict, held.reason) == ("held", "budget")
        assert held.message in [text["id"] for text in world.texts() if text["status"] == "held"]

    play(story, tmp_path, guards__per_minute=1)


def test_many_requests_at_once_are_one_text(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        outcomes = await asyncio.gather(*(world.start(Flow.CALL_TO_TEXT) for _ in range(20)))
        assert sorted(outcome.verdict for outcome in outcomes) == ["skip"] * 19 + ["text"]
        assert {outcome.reason for outcome in outcomes} == {"call_to_text", "cooldown"}
        assert len(world.texts()) == 1

    play(story, tmp_path)


@pytest.mark.parametrize(
    "number",
    [
        "2025550143", "12025550143", "+12025550143", "(202) 555-0143", "202.555.0143", "1-202-555-0143",
        "+1 (202) 555-0143", "2025550143;ext=5", "001 202 555 0143", "011 1 202 555 0143",
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_is_written_where_the_practice_is(tmp_path: Path, number: str) -> None:
    async def story(world: World) -> None:
        if (await world.start(Flow.CALL_TO_TEXT, number)).verdict == "text":
            assert [text["to"] for text in world.texts()] == [CALLER]
        else:
            pytest.fail("no text")

    play(story, tmp_path)


def test_a_number_of_another_country_is_read_as_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        assert (await world.start(Flow.CALL_TO_TEXT, "06 39 98 00 02")).verdict == "text"
        assert (await world.start(Flow.CALL_TO_TEXT, CALLER)).reason == "country"
        assert [text["to"] for text in world.texts()] == ["+33639980002"]

    line = [{"name": "Accueil", "number": "+33639980001"}]
    play(story, tmp_path, practice__region="FR", line=line)


@pytest.mark.parametrize(
    "number", ["junk", "104", "911", "1", "+", "anonymous", "2025550143x5", "20255501439999999", "0", "２０２", LINE]
)
def test_what_nobody_can_be_called_by_is_a_mistake(tmp_path: Path, number: str) -> None:
    async def story(world: World) -> None:
        with pytest.raises(Mistaken) as error:
            await world.start(Flow.CALL_TO_TEXT, number)
        assert error.value.code == "bad_number"
        assert number not in error.value.why.removesuffix("+12025550123")
        assert world.texts() == []
        assert world.do(lambda conn: conn.execute(select(tokens.c.last_used_at)).scalars().all()) == [None] * 3

    play(story, tmp_path)


def test_the_same_number_in_two_ways_is_one_and_two_numbers_are_none(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        assert (await world.start(Flow.CALL_TO_TEXT, "2025550143", "+1 202 555 0143")).verdict == "text"
        for other in ("2025550144", "junk"):
            with pytest.raises(Mistaken, match="contradiction"):
                await world.start(Flow.CALL_TO_TEXT, "2025550143", other)

    play(story, tmp_path)


def test_a_call_that_is_on_the_line_gets_the_text(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits("branch/1.1")
        world.now += 30
        outcome = await world.start(Flow.CALL_TO_TEXT, language="es")
        (text,) = world.texts()
        assert outcome == Outcome("text", "call_to_text", f"text: {SENTENCE}", text["id"])
        assert (text["call_id"], text["body"]) == ("branch/1.1", "Riverside: ¿en qué le ayudamos?")
        assert await world.start(Flow.CALL_TO_TEXT) == outcome
        call = await world.ends("branch/1.1")
        assert (call["disposition"], call["verdict"], call["message_id"]) == ("texted", "text", text["id"])
        assert world.do(lambda conn: conn.execute(select(tokens.c.last_used_at)).scalars().all())[0] == T0 + 30

    message = {"en": "{practice} here.", "es": "{practice}: ¿en qué le ayudamos?"}
    play(story, tmp_path, call_to_text__message=message)


def test_a_call_that_is_refused_is_told_why_and_goes_on(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.do(lambda conn: optouts.record(conn, CALLER, T0, "text"))
        await world.waits()
        outcome = await world.start(Flow.CALL_TO_TEXT)
        assert outcome == Outcome("skip", "opted_out", "skip: the caller opted out of texts")
        world.do(lambda conn: optouts.remove(conn, CALLER))
        assert await world.start(Flow.CALL_TO_TEXT) == Outcome("skip", "opted_out", "skip: it was refused before")
        assert world.texts() == []

    play(story, tmp_path)


@pytest.mark.parametrize("flow", [Flow.MISSED, Flow.ABANDONED])
def test_a_call_that_nobody_will_answer_is_judged_at_its_end(tmp_path: Path, flow: Flow) -> None:
    async def story(world: World) -> None:
        await world.waits()
        world.now += 30
        outcome = await world.start(flow)
        assert (outcome.verdict, outcome.reason, outcome.message) == ("pending", flow, None)
        assert world.texts() == []
        call = await world.ends()
        assert (call["disposition"], call["verdict"], call["flow"]) == ("missed", "text", "missed")
        assert [text["call_id"] for text in world.texts()] == ["main/1.1"]

    play(story, tmp_path)


def test_who_is_connected_with_the_call_centre_software_may_be_lost_in_its_queue_all_the_same(tmp_path: Path) -> None:
    """To the PBX that is a talk from its first moment on: only the software knows that nobody has answered."""

    async def story(world: World) -> None:
        await world.waits()
        await world.tell(Talking("main/1.1", world.now, "callcentre"))
        outcome = await world.start(Flow.MISSED)
        assert (outcome.verdict, outcome.reason) == ("pending", "missed")
        call = await world.ends()
        assert (call["disposition"], call["verdict"]) == ("missed", "text")
        assert [text["call_id"] for text in world.texts()] == ["main/1.1"]

    play(story, tmp_path)


def test_of_several_calls_of_a_number_the_latest_is_meant(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits("branch/1.1")
        world.now += 10
        await world.waits("main/1.2")
        await world.start(Flow.CALL_TO_TEXT)
        assert [text["call_id"] for text in world.texts()] == ["main/1.2"]

    play(story, tmp_path)


def test_a_forged_number_on_the_line_is_nobody_s(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        await world.tell(CallerKnown("main/1.1", world.now, None, tampered=True))
        await world.start(Flow.CALL_TO_TEXT)
        assert [text["call_id"] for text in world.texts()] == [None]

    play(story, tmp_path)


class Hasty(Intake):
    """The caller hangs up in the moment in which they are told of."""

    def put(self, fact: Fact) -> None:
        if isinstance(fact, (TextRequested, NobodyAnswered)):
            super().put(CallerLeft(fact.call_id, fact.at))
        super().put(fact)


@pytest.mark.parametrize("flow", [Flow.CALL_TO_TEXT, Flow.MISSED])
def test_a_call_that_ends_in_that_moment_is_no_call_any_more(tmp_path: Path, flow: Flow) -> None:
    async def story(world: World) -> None:
        await world.waits()
        world.now += 30
        world.intake.__class__ = Hasty
        outcome = await world.start(flow)
        world.intake.__class__ = Intake
        assert outcome.message == world.texts()[0]["id"]
        world.now += 60
        world.intake.pass_time()
        await world.intake.drained()
        assert len(world.texts()) == 1
        (call,) = world.do(calls.listing)
        assert (call["disposition"], call["verdict"]) == ("abandoned", "skip")

    play(story, tmp_path)


class Late(Intake):
    """The caller hangs up right after they are told of, in the same batch."""

    async def ask(self, *facts: Fact) -> Call | None:
        asked = asyncio.create_task(super().ask(*facts))
        await asyncio.sleep(0)
        self.put(CallerLeft(facts[-1].call_id, facts[-1].at + 1))
        return await asked


def test_a_call_that_ends_right_after_it_is_judged_at_its_end(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.waits()
        world.now += 30
        world.intake.__class__ = Late
        assert (await world.start(Flow.MISSED)).verdict == "pending"
        await world.intake.drained()
        assert world.texts() == []

    play(story, tmp_path)


def test_the_number_is_masked_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World) -> None:
        await world.start(Flow.CALL_TO_TEXT, name="Jane Doe")

    with caplog.at_level(logging.INFO):
        play(story, tmp_path)
    assert "[call_to_text] +1202•••0143" in caplog.text
    assert CALLER not in caplog.text and "Doe" not in caplog.text and TOKEN not in caplog.text


def test_a_token_that_is_none_allows_nothing(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        assert await world.trigger.grant("x" * 43) is None

    play(story, tmp_path)
