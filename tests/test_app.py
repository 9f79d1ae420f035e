"""The daemon as a whole: from a call on the PBX to one text at the provider."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.servers import Server
from tests.world import World, until, world
from textback.demo.desk_calls import answered_by_extension, busy, internal_call, outbound_call, rings_out
from textback.demo.queue_calls import answered_in_queue, waits_and_gives_up
from textback.demo.stage import Step

CALLER = "+12025550143"


def played(folder: Path, story: Callable[[World], Awaitable[None]], url: str = "") -> None:
    async def play() -> None:
        async with world(folder, url=url) as made:
            await story(made)

    asyncio.run(play())


def test_a_caller_who_gives_up_on_hold_gets_exactly_one_text(tmp_path: Path, database_url: str) -> None:
    async def story(w: World) -> None:
        async with w.daemon():
            await w.call(waits_and_gives_up(20.0))
            w.now += 15
            await until(lambda: w.twilio.posts)
            await until(lambda: w.texts()[0]["status"] == "sent")
        (post,) = w.twilio.posts
        assert post.path.endswith("/Messages.json")
        assert post.form == {"To": CALLER, "From": "+12025550100", "Body": "Riverside: we got disconnected."}
        (row,) = w.log()
        told = (row["caller"], row["disposition"], row["queue"], row["verdict"], row["message_status"])
        assert told == (CALLER, "abandoned", "support", "text", "sent")
        assert row["hold_seconds"] == pytest.approx(20, abs=0.1)

    played(tmp_path, story, database_url)


@pytest.mark.parametrize(
    ("step", "disposition", "verdict"),
    [
        (rings_out(12.0), "missed", "text"),
        (busy(), "missed", "text"),
        (answered_in_queue(4.0, 3.0), "answered", "skip"),
        (answered_by_extension(3.0, 3.0), "answered", "skip"),
    ],
)
def test_each_end_of_a_call_has_its_verdict(tmp_path: Path, step: Step, disposition: str, verdict: str) -> None:
    async def story(w: World) -> None:
        async with w.daemon():
            await w.call(step)
            w.now += 60
            await until(lambda: w.log() and w.log()[0]["verdict"])
        assert [(row["disposition"], row["verdict"]) for row in w.log()] == [(disposition, verdict)]

    played(tmp_path, story)


@pytest.mark.parametrize("step", [internal_call(3.0), outbound_call(2.0, 3.0)])
def test_a_call_that_is_no_callers_makes_no_row(tmp_path: Path, step: Step) -> None:
    async def story(w: World) -> None:
        async with w.daemon():
            await w.call(step)
            await w.call(busy(), number="12025550144")
            w.now += 60
            await until(lambda: w.log() and w.log()[-1]["verdict"])
        assert [row["caller"] for row in w.log()] == ["+12025550144"]

    played(tmp_path, story)


def test_a_restart_between_the_end_of_a_call_and_its_text_sends_one(tmp_path: Path, database_url: str) -> None:
    async def story(w: World) -> None:
        async with w.daemon():
            await w.call(waits_and_gives_up(20.0))
            await until(lambda: w.log() and w.log()[0]["disposition"])
        assert w.twilio.posts == []
        w.now += 60
        async with w.daemon():
            await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
        async with w.daemon():
            pass
        assert len(w.twilio.posts) == 1

    played(tmp_path, story, database_url)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_database_server_that_goes_away_and_comes_back_costs_nothing(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)

    async def story(w: World) -> None:
        async with w.daemon():
            with server.away():
                await w.call(waits_and_gives_up(20.0))
                w.now += 15
            await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
        assert [post.form["To"] for post in w.twilio.posts] == [CALLER]
        assert [(row["disposition"], row["verdict"]) for row in w.log()] == [("abandoned", "text")]

    played(tmp_path, story, server.emptied())


def test_a_restart_keeps_the_hold_time_of_who_waits(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        w.gate.clear()
        async with w.daemon():
            waiting = asyncio.create_task(w.call(waits_and_gives_up(40.0, ringing=False)))
            await until(lambda: w.log() and w.log()[0]["hold_started_at"])
        async with w.daemon():
            w.gate.set()
            await waiting
            w.now += 60
            await until(lambda: w.log()[0]["verdict"])
        (row,) = w.log()
        assert (row["disposition"], row["hold_seconds"]) == ("abandoned", pytest.approx(40, abs=1.1))

    played(tmp_path, story)


def test_a_wrong_password_is_said_plainly_and_tried_slowly(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        w.secret = "wrong"
        async with w.daemon(until_up=False) as app:
            await until(lambda: "refuses" in (app.links["main"].problem or "") if app.links else False)
        (line,) = [record.getMessage() for record in caplog.records if record.name == "textback.ami"]
        assert "refuses the AMI user 'textback'" in line and "next try in 60 s" in line and "wrong" not in line

    played(tmp_path, story)


async def gives_up_unseen(w: World, told: bool, away: float = 30.0) -> None:
    """A caller hangs up while the daemon is down; the queue_log, if there is one, tells it."""
    w.gate.clear()
    w.queue_log.write_text("")
    async with w.daemon():
        waiting = asyncio.create_task(w.call(waits_and_gives_up(20.0, ringing=False)))
        await until(lambda: w.log() and w.log()[0]["hold_started_at"])
    uniqueid = w.log()[0]["id"].partition("/")[2]
    joined = int(w.now)
    w.gate.set()
    await waiting
    lines = [f"{joined}|{uniqueid}|support|NONE|ENTERQUEUE||12025550143|1"]
    lines += [f"{joined + 20}|{uniqueid}|support|NONE|ABANDON|1|1|20"] if told else []
    w.queue_log.write_text("\n".join(lines) + "\n")
    w.now += away


def test_what_ended_unseen_is_told_by_the_queue_log_and_texted_if_it_is_young(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await gives_up_unseen(w, told=True)
        async with w.daemon():
            await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
        (row,) = w.log()
        assert (row["disposition"], row["backfilled"], row["verdict"]) == ("abandoned", True, "text")
        assert row["hold_seconds"] == pytest.approx(20, abs=1.1)

    played(tmp_path, story)


def test_what_ended_unseen_long_ago_is_held_for_staff(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await gives_up_unseen(w, told=True, away=3600.0)
        async with w.daemon():
            await until(lambda: w.log()[0]["verdict"])
        (row,) = w.log()
        assert (row["verdict"], row["reason"], row["message_status"]) == ("held", "too_old", "held")
        assert w.twilio.posts == []

    played(tmp_path, story)


def test_what_ended_unseen_and_no_record_tells_is_lost_and_never_texted(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        await gives_up_unseen(w, told=False)
        async with w.daemon():
            await until(lambda: w.log()[0]["verdict"])
        (row,) = w.log()
        assert (row["disposition"], row["verdict"], row["reason"]) == ("lost", "skip", "unobserved")
        assert w.texts() == []

    played(tmp_path, story)


def test_a_link_that_is_lost_comes_back_and_later_calls_are_followed(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        async with w.daemon() as app:
            await w.pbx.stop()
            await until(lambda: not app.links["main"].is_up)
            await w.start_pbx_again()
            await until(lambda: app.links["main"].is_up)
            w.note_heard()
            await w.call(busy())
            w.now += 60
            await until(lambda: w.log() and w.log()[0]["verdict"])
        assert [row["disposition"] for row in w.log()] == ["missed"]

    played(tmp_path, story)
