"""What became of calls that another daemon followed, where this one's link never saw them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from textback.events import CallerLeft, CallLost, Fact
from textback.pbx.callers import Callers
from textback.pbx.link import LAG, Link, LinkSettings
from textback.pbx.picture import NOTHING
from textback.pbx.sight import LastSeen, Resynced

NOW = 1000.0


class Records:
    """Tells of the end of one call, and is asked since when."""

    def __init__(self, lag: float = 0.0) -> None:
        self.asked: list[Any] = []
        self.lag = lag

    def settle(self, gone: Any, since: float, at: float) -> list[Fact]:
        self.asked.append((sorted(gone), since, at))
        return [CallerLeft("main/1", 990.0), CallerLeft("main/2", 990.0)]


class Still(Link):
    """A link on which nothing happens; ``slept`` is how long it waited."""

    def __init__(self, records: Records | None = None) -> None:
        self.told: list[Fact] = []
        self.slept: list[float] = []
        settings: Any = LinkSettings("main", "127.0.0.1", 0, "", (), records=records)  # type: ignore[arg-type]
        super().__init__(settings, self.told.append, lambda: NOW, sleep=self.rest)

    async def rest(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def _follow(self) -> None:
        raise NotImplementedError

    async def _ping(self) -> None:
        raise NotImplementedError

    def sees(self, *uniqueids: str) -> None:
        self._callers = Callers("main", ())
        self._callers.callers = dict.fromkeys(uniqueids, NOTHING)


def account(link: Still, *call_ids: str, seen_until: float | None = 980.0) -> list[Fact]:
    asyncio.run(link.account_for(call_ids, seen_until))
    return link.told


def test_who_is_not_on_the_line_is_lost_and_who_is_stays() -> None:
    link = Still()
    link.sees("2")
    assert account(link, "main/1", "main/2") == [CallLost("main/1", NOW)]
    assert link.slept == [LAG]  # the link may not have come as far as the other one's


def test_the_records_are_asked_for_what_nobody_saw() -> None:
    records = Records()
    link = Still(records)
    link.sees("2")
    assert account(link, "main/1", "main/2") == [CallerLeft("main/1", 990.0, recorded=True)]
    assert [(gone, at) for gone, _, at in records.asked] == [(["1"], NOW)] and records.asked[0][1] < 980.0


def test_records_that_come_late_are_asked_when_they_are_there() -> None:
    records = Records(lag=2.5)
    link = Still(records)
    link.sees("2")
    account(link, "main/1")
    assert link.slept == [LAG, 2.5]
    assert [at for _, _, at in records.asked] == [NOW]  # for what had ended by then, and not for what ended meanwhile


def test_of_whom_only_the_end_was_seen_the_records_say_whether_that_was_a_caller() -> None:
    """A call that the PBX made over a trunk looks the same, and nobody must be texted for being called."""
    records = Records()
    link = Still(records)
    link._known, link._seen_until = {"1": LastSeen()}, 980.0
    callers = Callers("main", ())
    callers.missed.append("9")
    asyncio.run(link._come_up(Resynced([], ["1", "9"]), callers, NOW))
    assert [gone for gone, _, _ in records.asked] == [["1"]]
    assert CallLost("main/9", NOW) in link.told  # unless the records tell of it all the same


def test_where_everybody_is_on_the_line_nobody_is_asked() -> None:
    records = Records()
    link = Still(records)
    link.sees("1", "2")
    assert account(link, "main/1", "main/2") == [] and records.asked == []


def test_while_the_link_is_down_the_next_resync_finds_out() -> None:
    link = Still()
    assert account(link, "main/1") == []
    assert set(link._known) == {"1"} and link._seen_until == 980.0


class ComesUp(Still):
    """A link to a PBX where the known caller "1" is gone and "2" has come, and whose records are slow."""

    lag = 0.0

    def __init__(self, is_cut_early: bool = False) -> None:
        self.is_cut_early = is_cut_early
        self.reading, self.over, self.up = asyncio.Event(), threading.Event(), asyncio.Event()
        self.loop = asyncio.get_running_loop()
        super().__init__(self)  # type: ignore[arg-type]

    def settle(self, gone: Any, since: float, at: float) -> list[Fact]:
        self.loop.call_soon_threadsafe(self.reading.set)
        assert self.over.wait(20)
        return []

    async def _follow(self) -> None:
        callers = Callers("main", ())
        callers.picture.add("2", "PJSIP/trunk-2")
        callers.callers["2"] = NOTHING
        try:
            if self.is_cut_early:
                self.reading.set()
            else:
                await self._come_up(Resynced([], ["1"]), callers, NOW)
                self.up.set()
            await asyncio.Event().wait()
        finally:
            self._remember(callers)


@pytest.mark.parametrize("is_cut_early", [False, True])
def test_a_link_that_is_let_go_while_it_comes_up_leaves_off_with_who_is_gone_and_who_has_come(
    is_cut_early: bool,
) -> None:
    """Both were told of as being on the line: whoever looks next must tell how they end."""

    async def story() -> Link:
        link = ComesUp(is_cut_early)
        running = asyncio.create_task(link.run({"1": LastSeen("PJSIP/trunk-1", NOTHING)}, 980.0))
        await link.reading.wait()
        running.cancel()
        await asyncio.wait({running})
        link.over.set()
        return link

    known, seen_until = asyncio.run(story()).left_off()
    assert {uniqueid: last.channel for uniqueid, last in known.items()} == {"1": "PJSIP/trunk-1", "2": "PJSIP/trunk-2"}
    assert seen_until == 980.0


def test_a_call_of_another_daemon_that_is_heard_of_while_the_link_comes_up_is_accounted_for() -> None:
    """The resync has begun without it; "2" is on the line."""

    async def story() -> list[Fact]:
        link = ComesUp()
        running = asyncio.create_task(link.run({"1": LastSeen("PJSIP/trunk-1", NOTHING)}, 980.0))
        await link.reading.wait()
        await link.account_for(["main/2", "main/3"], 970.0)
        link.over.set()
        async with asyncio.timeout(20):
            await link.up.wait()
        running.cancel()
        await asyncio.wait({running})
        return [fact for fact in link.told if isinstance(fact, CallLost)]

    assert asyncio.run(story()) == [CallLost("main/1", NOW), CallLost("main/3", NOW)]
