"""The daemon as a whole, scraped while calls come in, texts go out, and its database hangs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.metrics.test_metrics import Samples, read, value
from tests.servers import Server
from tests.web.visitor import Answer, heard
from tests.world import PATIENCE, World, until, world
from textback.app import App
from textback.demo.desk_calls import busy
from textback.demo.queue_calls import answered_in_queue, waits_and_gives_up
from textback.store.engine import open_engine


def played(folder: Path, story: Callable[[World], Awaitable[None]], url: str = "") -> None:
    async def play() -> None:
        async with world(folder, url=url) as made:
            await story(made)

    asyncio.run(play())


async def asked(app: App, path: str) -> Answer:
    """What a monitor on this computer is answered."""
    await until(lambda: "http" in app.listening)
    reader, writer = await asyncio.open_connection(*app.listening["http"])
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    try:
        return await heard(reader)
    finally:
        writer.close()


async def scraped(app: App) -> Samples:
    answer = await asked(app, "/metrics")
    assert answer.status == 200
    return read(answer.body.encode())


def test_calls_verdicts_and_texts_are_counted_as_the_log_tells_them(tmp_path: Path, database_url: str) -> None:
    async def story(w: World) -> None:
        async with w.daemon() as app:
            for number, step in enumerate((waits_and_gives_up(20.0), busy(), answered_in_queue(4.0, 3.0))):
                await w.call(step, number=f"1202555014{number}")
            w.now += 60
            await until(lambda: "sent" in {row["status"] for row in w.texts()})
            w.now += 1
            await until(lambda: len(w.twilio.posts) == 2 and {row["status"] for row in w.texts()} == {"sent"})
            samples = await scraped(app)
        ends = {how: value(samples, "textback_calls_total", pbx="main", disposition=how) for how in ENDS}
        assert ends == dict.fromkeys(ENDS, 0) | {"abandoned": 1, "missed": 1, "answered": 1}
        verdicts = {key: count for key, count in samples.items() if key[0] == "textback_verdicts_total" and count}
        told = {(row["verdict"], row["reason"]) for row in w.log()}
        assert {(dict(labels)["verdict"], dict(labels)["reason"]) for _, labels in verdicts} == told
        assert sum(verdicts.values()) == 3
        assert value(samples, "textback_messages_total", status="sent") == 2
        assert value(samples, "textback_event_to_decision_seconds_count") == 3
        assert value(samples, "textback_link_up", pbx="main") == 1
        assert value(samples, "textback_link_events_total", pbx="main") == app.links["main"].events
        assert value(samples, "textback_messages_waiting", status="queued") == 0
        assert value(samples, "textback_database_up") == 1

    played(tmp_path, story, database_url)


ENDS = ("texted", "answered", "abandoned", "missed", "unreached", "lost")


def test_no_label_holds_what_a_stranger_chose(tmp_path: Path) -> None:
    async def story(w: World) -> None:
        async with w.daemon() as app:
            await w.call(waits_and_gives_up(20.0))
            w.now += 60
            await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
            samples = await scraped(app)
        labels = {pair for _, labels in samples for pair in labels}
        names = {name for name, _ in labels}
        assert names <= {"pbx", "disposition", "verdict", "reason", "status", "le", "provider", "version", "python",
                         "generation", "protocol", "hook"}  # fmt: skip
        told = " ".join(word for _, word in labels)
        assert not [secret for secret in ("2025550143", "Doe", "Jane", "support", "Riverside") if secret in told]

    played(tmp_path, story)


@contextmanager
def hanging(url: str) -> Iterator[None]:
    """A database server that takes questions about messages, and answers none."""
    engine = open_engine(url)
    words = "LOCK TABLES messages WRITE" if "mariadb" in url else "LOCK TABLE messages IN ACCESS EXCLUSIVE MODE"
    try:
        with engine.connect() as connection, connection.begin():
            connection.execute(text(words))
            yield
            if "mariadb" in url:
                connection.execute(text("UNLOCK TABLES"))
    finally:
        engine.dispose()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_database_that_hangs_keeps_no_monitor_waiting(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(kind)

    async def story(w: World) -> None:
        async with w.daemon() as app:
            assert (await asked(app, "/healthz")).status == 200
            with hanging(w.url):
                await w.call(waits_and_gives_up(20.0))
                w.now += 15
                began = time.monotonic()
                first, second = await asyncio.gather(scraped(app), scraped(app))
                took = time.monotonic() - began
                third: Samples = {}
                while (value(third, "textback_database_busy_seconds") or 0) < 60:
                    w.now += 20
                    third = await scraped(app)
                sick = await asked(app, "/healthz")
            await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
            well = await asked(app, "/healthz")
            after = await scraped(app)
        assert took < 2.5
        for samples in (first, second, third):
            assert value(samples, "textback_database_up") == 0
            assert value(samples, "textback_link_up", pbx="main") == 1
        assert sick.status == 503 and "the database has not answered for" in json.loads(sick.body)["problems"][0]
        assert well.status == 200 and value(after, "textback_database_up") == 1

    played(tmp_path, story, server.emptied())


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_database_that_is_gone_is_told_at_once(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(kind)

    async def story(w: World) -> None:
        async with w.daemon() as app:
            with server.away():
                await w.call(waits_and_gives_up(20.0))
                w.now += 15
                sick = await until_told(app, "the database has taken nothing for")
                samples = await scraped(app)
            await until(lambda: w.texts() and w.texts()[0]["status"] == "sent")
            await until_told(app, '"ok"')
        assert sick.status == 503
        assert value(samples, "textback_database_up") == 0
        assert not [name for name, _ in samples if name == "textback_messages_waiting"]

    played(tmp_path, story, server.emptied())


async def until_told(app: App, words: str) -> Answer:
    """The first answer of /healthz with these words."""
    async with asyncio.timeout(PATIENCE):
        while words not in (answer := await asked(app, "/healthz")).body:
            await asyncio.sleep(0.01)
    return answer
