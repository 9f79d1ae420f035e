"""A rehearsal: the database is lost, a backup takes its place, and the whole daemon goes on without texting twice."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import Connection, select

from tests.sms.fake_twilio import FakeTwilio, page, resource
from tests.world import World, accept, until, world
from textback.demo.queue_calls import waits_and_gives_up
from textback.store import backups, marks, messages, optouts, people, restoring
from textback.store.engine import open_engine, reading
from textback.store.tables import messages as texts

LINE = "+12025550100"
SENT, UNSENT, LATER, GAP = "+12025550131", "+12025550132", "+12025550133", "12025550143"


class Twilio:
    """Takes every text, and lists what it took and what came in; what is in ``hides`` it does not know of later."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.came: list[dict[str, Any]] = []
        self.now = lambda: 0.0
        self._accept = accept()

    def date(self) -> str:
        return datetime.fromtimestamp(self.now(), timezone.utc).strftime("%a, %d %b %Y %H:%M:%S +0000")

    async def __call__(self, server: FakeTwilio, request: Any, writer: asyncio.StreamWriter) -> None:
        if request and request.method == "GET":
            asked = parse_qs(urlsplit(request.path).query)
            wanted = [one for one in self.taken + self.came if asked.get("To", [one["to"]]) == [one["to"]]]
            return await page(*wanted)(server, request, writer)
        sid = f"SM{len(self.taken) + 1:032x}"
        told = {"to": request.form["To"], "from": request.form["From"], "body": request.form["Body"]}
        self.taken.append(resource(sid=sid, date_created=self.date(), date_sent=self.date(), status="sent", **told))
        await self._accept(server, request, writer)

    def hears(self, body: str, sender: str) -> None:
        told = {"to": LINE, "from": sender, "body": body, "direction": "inbound", "status": "received"}
        self.came.append(resource(sid="SM" + "d" * 32, date_created=self.date(), date_sent=self.date(), **told))


def queued(conn: Connection, number: str, now: float, due_at: float) -> None:
    talk = people.conversation_for(conn, "Riverside", LINE, number, now)
    messages.add(conn, messages.NewMessage(
        conversation_id=talk, to_number=number, from_number=LINE, body=f"Hello {number}", segments=1, encoding="GSM-7",
        created_at=now, due_at=due_at, practice="Riverside", author="kim",
    ))  # fmt: skip


def write(w: World, job: Any) -> Any:
    engine = open_engine(w.url)
    with engine.begin() as conn:
        result = job(conn)
    engine.dispose()
    return result


def states(w: World) -> dict[str, str]:
    return {text["to"]: text["status"] for text in w.texts() if text["direction"] == "out"}


def restored(w: World, backup: Path) -> restoring.Told:
    told: list[restoring.Told] = []
    path = w.folder / "textback.db"
    backups.restore(backup, path, lambda conn: told.append(restoring.mark(conn, "lee", w.now)), ".before")
    return told[0]


async def passing(w: World, condition: Any) -> None:
    """Let time pass until it is so."""

    def is_so() -> Any:
        w.now += 0.01
        return condition()

    await until(is_so)


def rehearse(folder: Path, story: Any) -> None:
    async def run() -> None:
        twilio = Twilio()
        async with world(folder, twilio) as w:
            twilio.now = lambda: w.now
            w.sms = 'inbound = "poll"\npoll = 1.0\n'
            await story(w, twilio)

    asyncio.run(run())


async def lose_it(w: World, twilio: Twilio) -> Path:
    """A backup with texts in the queue; then two of three are sent, a caller is texted, somebody says STOP."""
    w.queue_log.write_text("")
    async with w.daemon():
        await until(lambda: w.log() == [])
    for number, due in ((SENT, w.now), (UNSENT, w.now), (LATER, w.now + 3 * 3600)):
        write(w, lambda conn, number=number, due=due: queued(conn, number, w.now, due))
    backup = w.folder / "backup.db"
    backups.backup(w.folder / "textback.db", backup)
    began = int(w.now)
    async with w.daemon():
        await passing(w, lambda: [states(w)[number] for number in (SENT, UNSENT)] == ["sent"] * 2)
        await w.call(waits_and_gives_up(20.0), GAP)
        w.now += 16
        await passing(w, lambda: states(w).get("+" + GAP) == "sent")
        twilio.hears("STOP", SENT)
    uniqueid = w.log()[-1]["id"].partition("/")[2]
    lines = [f"{began + 1}|{uniqueid}|support|NONE|ENTERQUEUE||{GAP}|1"]
    lines += [f"{began + 21}|{uniqueid}|support|NONE|ABANDON|1|1|20"]
    w.queue_log.write_text("\n".join(lines) + "\n")
    w.now += 30
    # as if the request for this one had got lost on its way
    twilio.taken = [one for one in twilio.taken if one["to"] != UNSENT]
    return backup


def test_what_was_sent_since_is_found_and_what_was_not_is_for_staff(tmp_path: Path) -> None:
    async def story(w: World, twilio: Twilio) -> None:
        backup = await lose_it(w, twilio)
        before = len(w.twilio.posts)
        told = restored(w, backup)
        assert told.doubtful == 2
        async with w.daemon():
            await passing(w, lambda: states(w)[SENT] == "sent")
            w.now += 120
            await passing(w, lambda: states(w)[UNSENT] == "unknown")
            assert states(w)[LATER] == "queued", "it was not due before, so nobody can have sent it"
            await until(lambda: w.log() and w.log()[-1]["verdict"])
        (row,) = w.log()
        assert (row["backfilled"], row["verdict"], row["reason"]) == (True, "held", "restored")
        assert "they may have been texted before the database was restored" in row["why"]
        assert len(w.twilio.posts) == before, "a text left a second time"

    rehearse(tmp_path, story)


def test_replies_since_are_fetched_again_and_so_nobody_who_said_stop_is_texted(tmp_path: Path) -> None:
    async def story(w: World, twilio: Twilio) -> None:
        restored(w, await lose_it(w, twilio))
        async with w.daemon():
            engine = open_engine(w.url)
            with reading(engine) as conn:
                await until(lambda: optouts.is_opted_out(conn, SENT) or conn.rollback())
            engine.dispose()

    rehearse(tmp_path, story)


def test_who_calls_after_the_restore_is_texted_as_ever(tmp_path: Path) -> None:
    async def story(w: World, twilio: Twilio) -> None:
        restored(w, await lose_it(w, twilio))
        w.queue_log.write_text("")
        async with w.daemon():
            w.now += 5
            await w.call(waits_and_gives_up(20.0), "12025550155")
            w.now += 16
            await passing(w, lambda: states(w).get("+12025550155") == "sent")

    rehearse(tmp_path, story)


def test_the_time_of_the_restore_is_kept(tmp_path: Path) -> None:
    async def story(w: World, twilio: Twilio) -> None:
        restored(w, await lose_it(w, twilio))
        assert write(w, lambda conn: marks.at(conn, marks.RESTORED)) == pytest.approx(w.now)
        claimed = write(w, lambda conn: conn.execute(select(texts.c.claimed_by, texts.c.attempts)).all())
        assert sorted(map(tuple, claimed), key=str) == [(restoring.BEFORE, 1), (restoring.BEFORE, 1), (None, 0)]

    rehearse(tmp_path, story)
