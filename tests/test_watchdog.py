"""The watchdog is fed while all loops turn, by a clock that the tests move; and what it must not mistake for a halt."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.outbox.test_outbox import Scripted, World
from textback.health import Health, LinkHealth
from textback.sd_notify import Systemd
from textback.sms import Accepted, Outgoing
from textback.store.writer import Writer
from textback.watchdog import EVERY, LIMIT, Watchdog, in_words


class Heard(Systemd):
    """A systemd that keeps what it is told."""

    def __init__(self, watchdog: float | None = 60.0) -> None:
        super().__init__(watchdog=watchdog)
        self.told: list[str] = []

    def _tell(self, words: str) -> None:
        self.told.append(words)


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def world(tmp_path: Path) -> Any:
    return World(f"sqlite:///{tmp_path / 'store.db'}")


def fed(loops: dict[str, Any], time: Time) -> bool:
    """Whether a look at this time feeds the watchdog."""
    systemd = Heard()
    Watchdog(systemd, loops, lambda: "fine", time).look()
    return "WATCHDOG=1" in systemd.told


def test_it_is_fed_with_the_status_while_all_is_well() -> None:
    systemd = Heard()
    Watchdog(systemd, {"the writer": lambda now: LIMIT - 1}, lambda: "fine").look()
    assert systemd.told == ["STATUS=fine", "WATCHDOG=1"]


def test_a_loop_that_stands_still_is_named_once_and_fed_no_more_until_it_turns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    still, systemd = [LIMIT], Heard()
    watchdog = Watchdog(systemd, {"the writer": lambda now: still[0], "the sender": lambda now: 0.0}, lambda: "fine")
    watchdog.look()
    watchdog.look()
    assert systemd.told == ["STATUS=stuck: the writer"]
    still[0] = 0.0
    watchdog.look()
    assert systemd.told[1:] == ["STATUS=fine", "WATCHDOG=1"]
    assert [record.getMessage() for record in caplog.records] == [
        "the writer has not turned for 90 s: systemd is not told any more that all is well",
        "every loop turns again",
    ]


def test_it_looks_three_times_in_the_time_that_systemd_gives_it() -> None:
    assert Watchdog(Heard(1.5), {}, str).every == 0.5
    assert Watchdog(Heard(60.0), {}, str).every == Watchdog(Heard(None), {}, str).every == EVERY


def test_it_goes_on_looking_in_the_event_loop() -> None:
    async def story() -> list[str]:
        systemd = Heard(0.003)
        watching = asyncio.create_task(Watchdog(systemd, {}, lambda: "fine").run())
        while systemd.told.count("WATCHDOG=1") < 3:
            await asyncio.sleep(0)
        watching.cancel()
        return systemd.told

    assert asyncio.run(story())[:3] == ["STATUS=fine", "WATCHDOG=1", "WATCHDOG=1"]


def test_a_writer_that_never_comes_back_from_a_call_is_not_fed(world: World) -> None:
    time, began, over = Time(), threading.Event(), threading.Event()
    writer = Writer(world.engine, logging.getLogger("test"), monotonic=time)
    writer.start()

    def hang(connection: Connection) -> None:
        began.set()
        assert over.wait(20)

    hanging = writer.submit(hang)
    assert began.wait(20)
    loops = {"the writer": writer.still_for}
    time.now += LIMIT - 1
    assert fed(loops, time)
    time.now += 1
    assert not fed(loops, time)
    over.set()
    hanging.result(20)
    assert writer.stop() and fed(loops, time)


def test_a_writer_that_waits_for_a_database_that_is_gone_is_fed(tmp_path: Path) -> None:
    world = World(f"sqlite:///{tmp_path / 'store.db'}")
    time, waits, over = Time(), threading.Event(), threading.Event()

    def pause(ending: threading.Event, seconds: float) -> None:
        waits.set()
        assert over.wait(20)

    writer = Writer(world.engine, logging.getLogger("test"), monotonic=time, pause=pause)
    writer.start()
    (tmp_path / "store.db").rename(tmp_path / "away.db")
    written = writer.submit(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM messages").scalar())
    assert waits.wait(20)
    time.now += 3600
    assert writer.failing_since is not None and fed({"the writer": writer.still_for}, time)
    (tmp_path / "away.db").rename(tmp_path / "store.db")
    over.set()
    assert written.result(20) == 0
    writer.stop()


def test_a_writer_that_is_idle_is_fed_and_one_that_died_is_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()
    writer = Writer(world.engine, logging.getLogger("test"), monotonic=time)
    writer.start()
    writer.submit(lambda connection: None).result(20)
    time.now += 3600
    assert fed({"the writer": writer.still_for}, time)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    monkeypatch.setattr(writer, "_write", None)
    writer.submit(lambda connection: None)
    writer._thread.join(20)
    assert not fed({"the writer": writer.still_for}, time)


def test_a_sender_whose_provider_never_answers_is_fed_as_long_as_that_may_take(world: World) -> None:
    time, loops = Time(), {}

    async def story() -> tuple[bool, bool]:
        asked, answered = asyncio.Event(), asyncio.Event()

        class Deaf(Scripted):
            async def send(self, message: Outgoing) -> Accepted:
                asked.set()
                await answered.wait()
                return await super().send(message)

        provider = Deaf()
        provider.clock = world.clock
        world.add("a")
        outbox, stop = world.outbox(provider, timeout=30.0, monotonic=time)
        loops["the sender"] = outbox.still_for
        sending = asyncio.create_task(outbox.run(stop))
        await asked.wait()
        time.now += 30 + LIMIT - 1
        early = fed(loops, time)
        time.now += 1
        late = fed(loops, time)
        answered.set()
        await sending
        return early, late

    assert asyncio.run(story()) == (True, False)
    assert fed(loops, time)  # it does not run any more


def test_a_sender_that_waits_for_the_database_is_fed(world: World) -> None:
    time, over = Time(), threading.Event()

    async def story() -> bool:
        outbox, stop = world.outbox(Scripted(), monotonic=time)
        world.writer.submit(lambda connection: over.wait(20))
        sending = asyncio.create_task(outbox.run(stop))
        await asyncio.sleep(0)
        time.now += 3600
        was_fed = fed({"the sender": outbox.still_for}, time)
        over.set()
        await sending
        return was_fed

    assert asyncio.run(story())


def test_the_status_is_said_in_words() -> None:
    up = LinkHealth("main", True, None, 0.0, 1, 0)
    down = LinkHealth("branch", False, "cannot connect to 10.1.0.2:5038: refused", None, 0, 0)
    assert in_words(Health(0.0, (up, up)), 3) == "2 of 2 links up, 3 callers on the line"
    assert in_words(Health(0.0, (up, down)), 1) == (
        "1 of 2 links up, 1 caller on the line; the link to branch is down: cannot connect to 10.1.0.2:5038: refused"
    )
    assert in_words(Health(0.0), 0) == "no PBX to follow, 0 callers on the line"
