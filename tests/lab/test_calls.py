"""Every way in which a call can end on a real Asterisk: one row, the right disposition, at most one text.

All stories are played at once; in their middle, the daemon is left alone, or killed and started again, or its link cut.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from .ami import AmiError
from .asterisk import Asterisk, LabError
from .callers import SUPPORT
from .conftest import clear, hang_up_all
from .daemon import Daemon
from .house import House, house_of
from .relay import Relay
from .stories import STORIES, Story, companion, queues
from .twilio import Twilio

MIDDLE_CALLER, LAST_CALLER = "12025560198", "12025560199"
FIRST_IN_THE_FULL_QUEUE = next(companion(story.number) for story in STORIES if story.play is queues.the_queue_is_full)
PATIENCE = 60.0
#: every call that may be texted is, at once; so many from one place are no flood here
PRACTICE = {
    "abandoned__min_hold": 0,
    "missed__min_ring": 0,
    "guards__settle": 0,
    "guards__per_minute": 1000,
    "guards__per_prefix": 1000,
}
TEXTED = ("abandoned", "missed")


class Interval:
    """Lets all stories come to their middle, and go on together."""

    def __init__(self, parties: int) -> None:
        self._all_here = threading.Semaphore(0)
        self._over = threading.Event()
        self._parties = parties

    def play(self, story: Story, house: House) -> float | None:
        """Plays one story; one that fails before its middle keeps nobody waiting."""
        came = False

        def middle() -> None:
            nonlocal came
            came = True
            self._all_here.release()
            assert self._over.wait(PATIENCE), "the interval was too long"

        try:
            return story.play(replace(house, interval=middle), story.number)
        finally:
            if not came:
                self._all_here.release()

    def wait(self) -> None:
        """Waits until everybody is here."""
        for _ in range(self._parties):
            assert self._all_here.acquire(timeout=PATIENCE), "a story has not come to its middle"

    def end(self) -> None:
        """Lets everybody go on."""
        self._over.set()


@dataclass
class Evening:
    """All stories, played; the daemon has ended."""

    house: House
    daemon: Daemon
    twilio: Twilio
    played: dict[str, Future[float | None]]
    looked_away: bool

    def ending(self, story: Story) -> str | None:
        """How the story ended: of a race, only the observer can tell."""
        if story.ending != "answered or abandoned":
            return story.ending
        uniqueid = self.house.arrival(story.number)["Uniqueid"]
        return "answered" if self.house.ami.events("BridgeEnter", Uniqueid=uniqueid) else "abandoned"


def left_alone(daemon: Daemon, relay: Relay) -> None:
    """Nothing happens to the daemon."""


def killed(daemon: Daemon, relay: Relay) -> None:
    """`kill -9`, and a new start."""
    daemon.kill()
    daemon.start()


def cut_off(daemon: Daemon, relay: Relay) -> None:
    """The connection to the PBX ends, and is made again."""
    said = len(daemon.log)
    relay.cut()
    daemon.wait_line("link is up", since=said)


@pytest.fixture(scope="module", params=[left_alone, killed, cut_off], ids=lambda disturb: disturb.__name__)
def evening(
    asterisk: Asterisk, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Evening]:
    """Plays all stories at once, and waits until the daemon has nothing more to do."""
    disturb: Callable[[Daemon, Relay], None] = request.param
    folder = tmp_path_factory.mktemp("evening")
    with (
        house_of(asterisk) as house,
        Relay(asterisk.ami_port) as relay,
        Twilio() as twilio,
        Daemon(folder, asterisk, twilio.url) as daemon,
    ):
        asterisk.pause("support", "agent1", "agent2")
        daemon.configure(twilio.url, relay.port)
        daemon.apply(**PRACTICE)
        daemon.start()
        try:
            played = play(house, daemon, lambda: disturb(daemon, relay))
            hang_up_all(asterisk)  # what a story that failed has left
            calls_and_is_texted(house, daemon, LAST_CALLER)
            daemon.wait_quiet()
        except (AmiError, LabError) as error:
            reason = f"{error}" if asterisk.is_running else f"Asterisk {asterisk.version} itself has crashed"
            raise LabError(reason) from error
        assert daemon.stop() == 0
        yield Evening(house, daemon, twilio, played, disturb is not left_alone)
        clear(asterisk)


def play(house: House, daemon: Daemon, disturb: Callable[[], None]) -> dict[str, Future[float | None]]:
    """Plays all stories; the disturbance comes when the daemon has heard all that happened until their middle."""
    interval = Interval(len(STORIES))
    with ThreadPoolExecutor(len(STORIES)) as stage:
        played = {story.number: stage.submit(interval.play, story, house) for story in STORIES}
        try:
            interval.wait()
            calls_and_is_texted(house, daemon, MIDDLE_CALLER)
            disturb()
        finally:
            interval.end()
    return played


def calls_and_is_texted(house: House, daemon: Daemon, number: str) -> None:
    """Whoever knows of this call knows of everything before it."""
    house.waiting(number, SUPPORT).hang_up()
    daemon.wait_row(f"+{number}", message_status="sent")


@pytest.mark.parametrize("story", STORIES, ids=[story.play.__name__ for story in STORIES])
def test_a_call_ends_in_the_log_as_it_ended_on_the_pbx(evening: Evening, story: Story) -> None:
    held = evening.played[story.number].result()
    rows = evening.daemon.rows(story.caller)
    ending = evening.ending(story)
    if evening.looked_away and [row["disposition"] for row in rows] == [story.unseen]:
        ending = story.unseen
    assert [row["disposition"] for row in rows] == ([ending] if ending else [])
    for row in rows:
        assert row["verdict"] == ("text" if ending in TEXTED else "skip"), row["why"]
    if rows and ending != story.unseen:
        assert_told(evening, rows[0], story.more, held)
    assert len(evening.twilio.posts_to(story.caller)) == (1 if ending in TEXTED else 0)


def assert_told(evening: Evening, row: dict[str, Any], more: dict[str, Any], held: float | None) -> None:
    """The rest of what the row must tell; who is at the end of a trunk, only the start of a call shows."""
    assert {key: row[key] for key in more} == more or (evening.looked_away and row["answered_by"] == "trunk")
    if held is not None:
        assert row["hold_seconds"] == pytest.approx(held, abs=1.5 if evening.looked_away else 0.5)


def test_whoever_filled_the_queue_gave_up_in_it(evening: Evening) -> None:
    [row] = evening.daemon.rows(f"+{FIRST_IN_THE_FULL_QUEUE}")
    assert (row["disposition"], row["queue"], row["verdict"]) == ("abandoned", "team319", "text")


def test_nobody_else_is_in_the_log(evening: Evening) -> None:
    others = {f"+{number}" for number in (MIDDLE_CALLER, LAST_CALLER, FIRST_IN_THE_FULL_QUEUE)}
    callers = {story.caller for story in STORIES if story.ending} | others
    assert sorted(row["caller"] for row in evening.daemon.rows()) == sorted(callers)


def test_the_daemon_has_met_nothing_that_it_did_not_understand(evening: Evening) -> None:
    trouble = [line for line in evening.daemon.log if " ERROR " in line or "Traceback" in line or "forge" in line]
    assert not trouble
