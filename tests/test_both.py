"""One daemon, an Asterisk and a FreeSWITCH: what happens to one caller on both is one thing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.pbx.esl_messages import create, hangup, hung_up, join
from tests.pbx.fake_freeswitch import PASSWORD, FakeFreeswitch, fake_freeswitch
from tests.world import World, until, world
from textback.demo.desk_calls import answered_by_extension
from textback.demo.queue_calls import waits_and_gives_up

FREESWITCH = """
[[pbx]]
name = "second"
kind = "freeswitch"
host = "127.0.0.1"
port = {port}
secret = "{secret}"
trunks = ["sofia/trunk/*"]
inbound_contexts = ["public"]
"""
#: on the simulated Asterisk; the same person is +12025550143 on the FreeSWITCH
CALLER = "12025550143"

Story = Callable[[World, FakeFreeswitch], Awaitable[None]]


def played(folder: Path, story: Story, url: str = "") -> World:
    """Let ``story`` happen beside a daemon whose links are both up."""

    async def play() -> World:
        async with world(folder, url=url) as made, fake_freeswitch() as pbx:
            made.tables = FREESWITCH.format(port=pbx.port, secret=PASSWORD)
            async with made.daemon() as app:
                await until(lambda: all(link.is_up for link in app.links.values()) and len(app.links) == 2)
                made.note_heard()
                await story(made, pbx)
            return made

    return asyncio.run(play())


async def gives_up(w: World, pbx: FakeFreeswitch, seconds: float = 20.0) -> None:
    """The caller waits on the FreeSWITCH, and hangs up."""
    await waits(w, pbx)
    w.now += seconds
    pbx.send(hangup(), hung_up())
    await until(lambda: row_of(w)["disposition"])


async def waits(w: World, pbx: FakeFreeswitch) -> None:
    pbx.send(create(), join())
    await until(lambda: [one for one in w.log() if one["pbx"] == "second" and one["hold_started_at"]])


def row_of(w: World, pbx: str = "second") -> dict[str, object]:
    return next(one for one in w.log() if one["pbx"] == pbx)


def test_who_gives_up_on_both_gets_one_text(tmp_path: Path, database_url: str) -> None:
    async def story(w: World, pbx: FakeFreeswitch) -> None:
        await gives_up(w, pbx)
        await w.call(waits_and_gives_up(20.0), CALLER)
        w.now += 60
        await until(lambda: len(w.log()) == 2 and all(one["verdict"] for one in w.log()))
        await until(lambda: [one for one in w.texts() if one["status"] == "sent"])

    w = played(tmp_path, story, database_url)
    assert {(one["pbx"], one["disposition"], one["caller"]) for one in w.log()} == {
        ("main", "abandoned", "+12025550143"),
        ("second", "abandoned", "+12025550143"),
    }
    assert [post.form["To"] for post in w.twilio.posts] == ["+12025550143"]
    assert sorted(str(one["verdict"]) for one in w.log()) == ["skip", "text"]


def test_who_is_answered_on_the_other_one_meanwhile_gets_none(tmp_path: Path) -> None:
    async def story(w: World, pbx: FakeFreeswitch) -> None:
        await gives_up(w, pbx)
        await w.call(answered_by_extension(3.0, 3.0), CALLER)
        w.now += 60
        await until(lambda: len(w.log()) == 2 and all(one["verdict"] for one in w.log()))

    w = played(tmp_path, story)
    assert w.twilio.posts == [] and row_of(w)["reason"] == "came_back"


def test_a_caller_of_the_freeswitch_alone_is_texted_as_one_of_an_asterisk(tmp_path: Path) -> None:
    async def story(w: World, pbx: FakeFreeswitch) -> None:
        await gives_up(w, pbx)
        w.now += 60
        await until(lambda: [one for one in w.texts() if one["status"] == "sent"])

    w = played(tmp_path, story)
    row = row_of(w)
    told = (row["disposition"], row["queue"], row["hold_seconds"], row["verdict"])
    assert told == ("abandoned", "support", 20, "text")


def test_a_freeswitch_that_goes_away_disturbs_nobody_on_the_asterisk(tmp_path: Path) -> None:
    async def story(w: World, pbx: FakeFreeswitch) -> None:
        await waits(w, pbx)
        (app,) = w.apps
        pbx.drop()
        await until(lambda: not app.links["second"].is_up)
        await w.call(waits_and_gives_up(20.0), "12025550144")
        w.now += 60
        await until(lambda: [one for one in w.texts() if one["status"] == "sent"])

    w = played(tmp_path, story)
    assert [post.form["To"] for post in w.twilio.posts] == ["+12025550144"]
