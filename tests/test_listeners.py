"""The daemon's hooks, each kind of PBX by its own protocol, beside each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import update

from tests.hooks.fake_asterisk import FakeCall, environment
from tests.hooks.fake_freeswitch import FakeChannel
from tests.world import PATIENCE, World, until, world
from textback.app import App
from textback.store import people, tiles
from textback.store.engine import open_engine, reading
from textback.store.tables import conversations

HOOKS = '[agi]\nlisten = "127.0.0.1:0"\n[esl]\nlisten = "127.0.0.1:0"\n'


async def asked(app: App, hook: str) -> tuple[dict[str, str], dict[str, str]]:
    """What an Asterisk and a FreeSWITCH are told, once the desk has its answers ready: its patience is short."""
    await until(lambda: {"agi", "esl"} <= app.listening.keys())
    async with asyncio.timeout(PATIENCE):
        while True:
            on_asterisk = await FakeCall(environment(hook)).run(app.listening["agi"][1])
            on_freeswitch = await FakeChannel(hook).run(app.listening["esl"][1])
            if "timeout" not in (on_asterisk.set.get("TEXTBACK_REASON"), on_freeswitch.set.get("TEXTBACK_REASON")):
                return on_asterisk.set, on_freeswitch.set


def test_hooks_are_answered_to_both_kinds_of_pbx_and_no_call_is_taken_for_one_on_the_other(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        w.tables = HOOKS
        async with w.daemon() as app:
            # What a link that is down does not show is believed: of its own PBX, and of no other.
            await w.pbx.stop()
            await until(lambda: not app.links["main"].is_up)
            hours = await asked(app, "hours")
            on_asterisk, on_freeswitch = await asked(app, "call-to-text?queue=support")
        assert hours[0] == hours[1]
        assert hours[0]["TEXTBACK_OPEN"] in ("0", "1")
        assert on_asterisk["TEXTBACK_RESULT"] != "error"
        assert on_freeswitch == {"TEXTBACK_RESULT": "error", "TEXTBACK_REASON": "unknown_call"}

    played(tmp_path, story)


def played(folder: Path, story: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        async with world(folder) as made:
            await story(made)

    asyncio.run(play())


def test_a_conversation_that_was_put_off_comes_back_while_the_daemon_runs(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        engine = open_engine(w.url)
        with engine.begin() as connection:
            talk = people.conversation_for(connection, "Riverside", "+12025550100", "+12025550111", w.now)
            put_off = {"state": "snoozed", "snoozed_until": w.now - 1.0}
            connection.execute(update(conversations).where(conversations.c.id == talk).values(put_off))

        def state() -> str | None:
            with reading(engine) as connection:
                return tiles.one(connection, talk).state

        async with w.daemon():
            await until(lambda: state() == "open")
        engine.dispose()

    played(tmp_path, story)
