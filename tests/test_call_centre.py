"""The whole daemon and call-centre software that knows only HTTP: texts, and calls that it tells of."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.world import World, until, world
from textback.app import App
from textback.demo.queue_calls import waits_and_gives_up
from textback.model import Flow
from textback.store import webhook_tokens
from textback.store.engine import open_engine

LINE, CALLER = "+12025550100", "+12025550143"
WEBHOOKS = '[webhooks]\nlisten = "127.0.0.1:0"\n'


def token(world: World, flow: Flow) -> str:
    """A webhook of that flow."""
    made, engine = f"{flow:-<43}", open_engine(world.url)
    with engine.begin() as connection:
        webhook_tokens.create(connection, made, practice="Riverside", flow=flow, by="kim", now=world.now)
    engine.dispose()
    return made


async def ask(app: App, token: str, **told: str) -> tuple[int, dict[str, Any]]:
    """What curl does: a form."""
    await until(lambda: "webhooks" in app.listening)
    host, port = app.listening["webhooks"]
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"http://{host}:{port}/webhook/{token}", data={"caller": "2025550143"} | told)
        return answer.status, await answer.json() if answer.content_type == "application/json" else {}


def states(world: World) -> list[tuple[str, str | None]]:
    return [(text["status"], text["reason"]) for text in world.texts()]


def test_a_caller_whom_no_pbx_saw_is_texted_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        mine = token(world, Flow.CALL_TO_TEXT)
        async with world.daemon() as app:
            status, answer = await ask(app, mine)
            assert (status, answer["verdict"]) == (202, "text")
            await until(lambda: states(world) == [("sent", None)])
            assert (await ask(app, mine))[1]["reason"] == "cooldown"
            (sent,) = world.twilio.posts
            assert (sent.form["To"], sent.form["From"]) == (CALLER, LINE)
            assert (world.texts()[0]["id"], world.log()) == (answer["message"], [])

    play(story, tmp_path)


def test_a_lost_caller_is_texted_once_it_is_clear_that_they_do_not_come_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        mine = token(world, Flow.MISSED)
        async with world.daemon() as app:
            assert (await ask(app, mine))[1]["verdict"] == "pending"
            assert states(world) == [("queued", None)]
            world.now += 15
            await until(lambda: states(world) == [("sent", None)])

    play(story, tmp_path)


def test_a_lost_caller_who_calls_again_is_not_texted_for_the_first_call(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        mine = token(world, Flow.MISSED)
        async with world.daemon() as app:
            assert (await ask(app, mine))[1]["verdict"] == "pending"
            world.now += 5
            world.gate.clear()
            calling = asyncio.create_task(world.call(waits_and_gives_up(60.0)))
            await until(lambda: [row for row in world.log() if row["hold_started_at"]])
            world.now += 11
            await until(lambda: ("cancelled", "came_back") in states(world))
            world.gate.set()
            await calling
            world.now += 20
            await until(lambda: ("sent", None) in states(world))
            assert [text["call_id"] for text in world.texts()] == [None, world.log()[0]["id"]]

    play(story, tmp_path)


@pytest.mark.parametrize(("flow", "verdict"), [(Flow.CALL_TO_TEXT, "text"), (Flow.ABANDONED, "pending")])
def test_a_caller_who_is_on_the_line_gets_the_text_of_that_call(tmp_path: Path, flow: Flow, verdict: str) -> None:
    async def story(world: World) -> None:
        mine = token(world, flow)
        async with world.daemon() as app:
            world.gate.clear()
            calling = asyncio.create_task(world.call(waits_and_gives_up(20.0)))
            await until(lambda: [row for row in world.log() if row["hold_started_at"]])
            status, answer = await ask(app, mine)
            assert (status, answer["verdict"]) == (202, verdict)
            world.gate.set()
            await calling
            world.now += 60
            await until(lambda: states(world) == [("sent", None)])
            (call,), (text,) = world.log(), world.texts()
            assert (call["message_id"], text["call_id"]) == (text["id"], call["id"])

    play(story, tmp_path)


def test_what_is_wrong_texts_nobody(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        mine = token(world, Flow.CALL_TO_TEXT)
        async with world.daemon() as app:
            assert (await ask(app, mine, caller="104"))[0] == 422
            assert (await ask(app, mine, phone="2025550144"))[0] == 422
            assert (await ask(app, mine[:-1] + "x"))[0] == 404
            assert world.texts() == []

    play(story, tmp_path)


def play(story: Any, folder: Path) -> None:
    async def run() -> None:
        async with world(folder) as made:
            made.tables = WEBHOOKS
            await story(made)

    asyncio.run(run())
