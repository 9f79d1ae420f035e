"""The link to a scripted PBX that misbehaves in every way that is known; no test waits for real time to pass."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from tests.pbx.fake_asterisk import BANNER, SECRET, FakeAsterisk, error, fake_asterisk, listed, until
from tests.pbx.messages import CALLER, OTHER, TRUNK, channel, event, newchannel, queue_entry, raw, show_channel, status
from textback.events import (
    CallerArrived,
    CallerKnown,
    CallerLeft,
    CallLost,
    Fact,
    HoldStarted,
    LinkLost,
    LinkSynced,
    StateUnknown,
)
from textback.pbx.ami import AmiLink, AmiSettings
from textback.pbx.ami_callers import position
from textback.pbx.sight import LastSeen
from textback.pbx.patience import Patience
from textback.pbx.picture import NOTHING

#: so that an answer that must not come is not waited for; long enough for those that must
SHORT = Patience(answer=0.3)
NOW = 1_795_282_467.0


@dataclass
class World:
    """A PBX, a link that runs to it, the facts it told, and how long it rested between attempts."""

    pbx: FakeAsterisk
    link: AmiLink
    facts: list[Fact] = field(default_factory=list)
    rests: list[float] = field(default_factory=list)
    #: how many rests pass at once; the next one lasts until ``resume``
    attempts: int = 0
    resumed: asyncio.Event = field(default_factory=asyncio.Event)

    def told(self, *kinds: type[Fact]) -> list[Fact]:
        return [fact for fact in self.facts if isinstance(fact, kinds or Fact)]

    async def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        if len(self.rests) > self.attempts:
            await self.resumed.wait()
            self.resumed.clear()

    def resume(self) -> None:
        self.resumed.set()

    async def up(self, times: int = 1) -> None:
        await until(lambda: len(self.told(LinkSynced)) >= times)

    async def down(self, times: int = 1) -> None:
        """The link has given up on a connection, and rests."""
        await until(lambda: len(self.rests) >= times)


def play(
    story: Callable[[World], Awaitable[None]],
    *,
    attempts: int = 0,
    patience: Patience = Patience(),
    secret: str = SECRET,
    known: dict[str, LastSeen] | None = None,
    prepare: Callable[[FakeAsterisk], object] = lambda pbx: None,
    jitter: float = 1.0,
) -> World:
    """Let ``story`` happen beside a running link; gives the world as it was left."""

    async def run() -> World:
        async with fake_asterisk() as pbx:
            prepare(pbx)
            trunks, contexts = ("PJSIP/trunk-*",), ("from-trunk",)
            settings = AmiSettings("main", "127.0.0.1", pbx.port, secret, trunks, contexts, username="textback")
            world = World(pbx, None, attempts=attempts)  # type: ignore[arg-type]
            world.link = AmiLink(
                settings,
                world.facts.append,
                clock=lambda: NOW,
                sleep=world.rest,
                jitter=lambda: jitter,
                patience=patience,
            )
            running = asyncio.create_task(world.link.run(known or {}))
            try:
                await story(world)
                assert not running.done(), "the link is kept for ever"
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        assert asyncio.all_tasks() == {asyncio.current_task()}, "something was left running"
        return world

    return asyncio.run(run())


def resyncs(pbx: FakeAsterisk) -> list[str]:
    """The actions that came, but for the look at the dialplan, which nothing waits for."""
    return [action for action in pbx.actions() if action != "ShowDialPlan"]


# -- up --------------------------------------------------------------------------------------------------------


def test_a_link_that_is_up_says_so_and_what_it_sees() -> None:
    async def story(w: World) -> None:
        assert not w.link.is_up and w.link.problem == "not connected yet"
        await w.up()
        assert w.link.is_up and w.link.problem is None
        w.pbx.send(newchannel(), event("Newstate"))
        await until(lambda: w.told(CallerArrived))
        assert w.link.last_event_at == NOW and w.link.events == 5, "the ends of three lists are events as well"

    play(story)


def test_the_last_event_is_taken_though_nothing_follows_it() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.send(newchannel())
        await until(lambda: w.told(CallerArrived))
        w.pbx.send(event("HangupRequest"), event("Hangup"))
        await until(lambda: w.told(CallerLeft))

    play(story)


def test_the_last_event_before_the_link_ends_is_taken_before_it_is_said_to_be_down() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.send(newchannel(), event("Hangup"))
        w.pbx.drop()
        await w.down()
        assert [type(fact) for fact in w.facts[-3:]] == [CallerArrived, CallerLeft, LinkLost]

    play(story)


def test_order_is_kept() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.send(*(newchannel(f"17952866{number}.1", f"PJSIP/trunk-{number:08x}") for number in range(10, 99)))
        await until(lambda: len(w.told(CallerArrived)) == 89)
        assert [fact.call_id for fact in w.told(CallerArrived)] == [f"main/17952866{n}.1" for n in range(10, 99)]

    play(story)


# -- login -----------------------------------------------------------------------------------------------------


def test_a_bad_password_makes_no_tight_loop_and_is_said_plainly(caplog: pytest.LogCaptureFixture) -> None:
    async def story(w: World) -> None:
        await w.down(4)
        assert w.rests == [60.0] * 4
        assert w.pbx.actions() == ["Login"] * 4
        assert "refuses the AMI user 'textback'" in str(w.link.problem) and "manager.conf" in str(w.link.problem)

    with caplog.at_level(logging.WARNING):
        play(story, attempts=3, secret="wrong-secret")
    assert "Authentication failed" in caplog.text and "wrong-secret" not in caplog.text


def test_a_password_that_is_mended_is_tried_again_in_the_end() -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        pbx.answers["Login"] = lambda action_id: pbx.answers.pop("Login") and error(action_id, "Authentication failed")

    async def story(w: World) -> None:
        await w.up()
        assert w.rests == [60.0]

    play(story, attempts=1, prepare=prepare)


@pytest.mark.parametrize("refused", ["CoreShowChannels", "Status"])
def test_a_user_who_may_not_ask_is_told_what_is_needed(refused: str) -> None:
    """With read = call and no write, QueueStatus is answered all the same."""

    async def story(w: World) -> None:
        await w.down()
        problem = str(w.link.problem)
        assert "'textback'" in problem and f"{refused}: Permission denied" in problem
        assert "write = call,agent,reporting" in problem and not w.link.is_up
        assert w.rests == [60.0]

    def prepare(pbx: FakeAsterisk) -> None:
        pbx.answers[refused] = lambda action_id: error(action_id, "Permission denied")

    play(story, prepare=prepare)


# -- the end of a connection -----------------------------------------------------------------------------------


def test_a_cancelled_link_ends_and_does_not_come_back() -> None:
    async def story(w: World) -> None:
        await w.up()

    w = play(story, attempts=5)
    assert w.pbx.connections == 1 and w.rests == [] and w.pbx.open == 0


def test_a_cancelled_link_says_that_it_hears_nothing_any_more() -> None:
    async def story(w: World) -> None:
        await w.up()

    w = play(story)
    assert [type(fact) for fact in w.facts] == [LinkSynced, LinkLost] and not w.link.is_up


def test_a_silent_peer_is_noticed() -> None:
    async def story(w: World) -> None:
        w.pbx.answers["Ping"] = lambda action_id: None
        await w.down()
        assert "Ping: no answer" in str(w.link.problem)
        assert [type(fact) for fact in w.facts] == [LinkSynced, LinkLost]

    play(story, patience=Patience(ping_every=0.001, ping=0.01))


def test_a_half_open_link_is_noticed_within_30_seconds() -> None:
    assert Patience().ping_every + Patience().ping < 30


def test_a_peer_that_answers_its_pings_is_kept() -> None:
    async def story(w: World) -> None:
        await until(lambda: w.pbx.actions().count("Ping") >= 5)
        assert w.link.is_up and w.rests == []

    play(story, patience=Patience(ping_every=0.001))


@pytest.mark.parametrize("action", ["Login", "CoreShowChannels", "Status", "QueueStatus"])
def test_a_peer_that_falls_silent_on_the_way_up_is_noticed(action: str) -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        pbx.answers[action] = lambda action_id: None

    async def story(w: World) -> None:
        await w.down()
        assert f"{action}: no answer" in str(w.link.problem) and w.facts == []

    play(story, patience=SHORT, prepare=prepare)


def test_a_peer_that_is_no_asterisk_is_given_up_on() -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        pbx.banner = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>" + b"x" * 300_000
        pbx.answers["Login"] = lambda action_id: None

    async def story(w: World) -> None:
        await w.down()
        assert "Login: no answer" in str(w.link.problem)

    play(story, patience=SHORT, prepare=prepare)


def test_ami_that_vanishes_in_mid_block_costs_nothing_but_the_half() -> None:
    async def story(w: World) -> None:
        await w.up()
        hangup = raw(event("Hangup"))
        w.pbx.send(newchannel(), hangup[: len(hangup) // 2])
        await until(lambda: w.link.events >= 4)
        w.pbx.rows["CoreShowChannels"] = lambda action_id: [show_channel(action_id, channel())]
        w.pbx.drop()
        await w.up(2)
        w.pbx.send(hangup)
        await until(lambda: w.told(CallerLeft))
        assert len(w.told(CallerArrived)) == len(w.told(CallerLeft)) == 1 and not w.told(CallLost)

    play(story, attempts=1)


def test_no_action_is_sent_again_after_a_reconnect() -> None:
    async def story(w: World) -> None:
        w.pbx.answers["QueueStatus"] = lambda action_id: w.pbx.drop()
        await w.down()
        del w.pbx.answers["QueueStatus"]
        w.resume()
        await w.up()
        ids = [one["ActionID"] for one in w.pbx.heard]
        assert len(set(ids)) == len(ids)
        assert resyncs(w.pbx) == ["Login", "CoreShowChannels", "Status", "QueueStatus"] * 2

    play(story)


@pytest.mark.parametrize(("jitter", "delays"), [(1.0, [2, 4, 8, 16, 30, 30, 30]), (0.0, [1] * 7), (0.5, [1.5, 2.5])])
def test_the_back_off_is_capped_and_jittered(jitter: float, delays: list[float]) -> None:
    async def story(w: World) -> None:
        await w.down(len(delays))
        assert w.rests[: len(delays)] == delays

    def prepare(pbx: FakeAsterisk) -> None:
        pbx.answers["Login"] = lambda action_id: pbx.drop()

    play(story, attempts=len(delays) - 1, prepare=prepare, jitter=jitter)


def test_a_back_off_of_a_year_is_still_capped() -> None:
    assert Patience().delay(10**6, 1.0) == 30.0


def test_after_a_link_that_was_up_the_first_attempt_comes_soon() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.drop()
        await w.up(2)
        assert w.rests == [1.0]

    play(story, attempts=1)


# -- resync ----------------------------------------------------------------------------------------------------


def _waiting(pbx: FakeAsterisk) -> None:
    pbx.rows = {
        "CoreShowChannels": lambda action_id: [show_channel(action_id, channel())],
        "Status": lambda action_id: [status(action_id, channel())],
        "QueueStatus": lambda action_id: [queue_entry(action_id)],
    }


def test_who_is_on_the_line_is_known_before_the_link_is_said_to_be_up() -> None:
    async def story(w: World) -> None:
        await w.up()
        assert [type(fact) for fact in w.facts] == [CallerArrived, HoldStarted, LinkSynced]
        arrived, waits, _ = w.facts
        assert isinstance(waits, HoldStarted) and (arrived.at, waits.since) == (NOW - 65, NOW - 42)

    play(story, prepare=_waiting)


def test_there_is_a_resync_after_every_reconnect() -> None:
    async def story(w: World) -> None:
        for times in (1, 2, 3):
            await w.up(times)
            w.pbx.drop()
            await w.down(times)
        assert resyncs(w.pbx) == ["Login", "CoreShowChannels", "Status", "QueueStatus"] * 3
        assert len(w.told(CallerArrived)) == 1 and len(w.told(LinkLost)) == 3

    play(story, attempts=2, prepare=_waiting)


def test_who_left_while_the_link_was_down_is_lost() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.rows = {}
        w.pbx.drop()
        await w.up(2)
        assert [type(fact) for fact in w.facts[2:]] == [LinkSynced, LinkLost, CallLost, LinkSynced]

    play(story, attempts=1, prepare=_waiting)


def test_who_was_on_the_line_when_the_daemon_stopped_is_known() -> None:
    async def story(w: World) -> None:
        await w.up()
        assert [type(fact) for fact in w.facts] == [HoldStarted, CallLost, LinkSynced]
        assert {fact.call_id for fact in w.told(CallLost)} == {f"main/{OTHER}"}

    play(story, prepare=_waiting, known={CALLER: LastSeen(), OTHER: LastSeen()})


def test_an_attempt_that_fails_on_the_way_up_forgets_nobody() -> None:
    async def story(w: World) -> None:
        w.pbx.answers["Status"] = lambda action_id: w.pbx.drop()
        await w.down()
        del w.pbx.answers["Status"]
        w.resume()
        await w.up()
        assert [fact.call_id for fact in w.told(CallLost)] == [f"main/{OTHER}"]

    play(story, known={OTHER: LastSeen()})


def test_who_hangs_up_before_the_list_is_there_has_called_and_is_lost_however_often_it_takes() -> None:
    def list_nobody(action_id: str) -> bytes:
        return raw(event("Hangup", channel())) + listed("CoreShowChannels", action_id, [])

    async def story(w: World) -> None:
        w.pbx.answers["Status"] = lambda action_id: w.pbx.drop()
        await w.down()
        assert [type(fact) for fact in w.facts] == [CallerArrived]
        del w.pbx.answers["Status"], w.pbx.answers["CoreShowChannels"]
        w.resume()
        await w.up()
        assert [type(fact) for fact in w.facts] == [CallerArrived, CallLost, LinkSynced]

    def prepare(pbx: FakeAsterisk) -> None:
        pbx.answers["CoreShowChannels"] = list_nobody

    play(story, prepare=prepare)
    assert [type(fact) for fact in play(lambda w: w.up(), prepare=prepare).facts][:2] == [CallerArrived, CallLost]


def test_just_after_a_restart_what_ami_does_not_know_yet_is_asked_again() -> None:
    unknown = "Invalid/unknown command: QueueStatus. Use Action: ListCommands to show available commands."
    times = [0]

    def booting(action_id: str) -> bytes:
        times[0] += 1
        return error(action_id, unknown) if times[0] < 4 else listed("QueueStatus", action_id, [queue_entry(action_id)])

    def prepare(pbx: FakeAsterisk) -> None:
        _waiting(pbx)
        pbx.answers["QueueStatus"] = booting

    async def story(w: World) -> None:
        await w.up()
        assert w.rests == [1.0] * 3 and w.pbx.connections == 1
        assert len(w.told(HoldStarted)) == 1

    play(story, attempts=3, prepare=prepare)


def test_a_pbx_without_queues_is_followed_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        pbx.answers["QueueStatus"] = lambda action_id: error(action_id, "Invalid/unknown command: QueueStatus")

    with caplog.at_level(logging.WARNING):
        play(lambda w: w.up(), attempts=99, prepare=prepare)
    assert "does not know QueueStatus" in caplog.text


def test_facts_that_were_dropped_are_learnt_again_by_starting_anew() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.link.want_resync()
        await w.up(2)
        assert [type(fact) for fact in w.told(LinkSynced, LinkLost)] == [LinkSynced, LinkLost, LinkSynced]
        assert w.pbx.connections == 2 and w.rests == [1.0]

    play(story, attempts=5)


def test_of_whom_facts_may_have_been_dropped_nothing_is_taken_for_known() -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        pbx.rows["CoreShowChannels"] = lambda action_id: [show_channel(action_id, channel(), "BackGround")]
        pbx.rows["Status"] = lambda action_id: [status(action_id, channel())]

    async def story(w: World) -> None:
        await w.up()
        w.pbx.drop()
        await w.up(2)
        before = len(w.told(StateUnknown))
        w.link.want_resync()
        await w.up(3)
        assert len(w.told(StateUnknown)) == before + 1

    play(story, attempts=5, prepare=prepare, known={CALLER: LastSeen(TRUNK, NOTHING, position(channel()))})


def test_a_resync_that_was_wanted_while_the_link_was_down_is_done_by_coming_up() -> None:
    async def story(w: World) -> None:
        w.pbx.answers["Login"] = lambda action_id: w.link.want_resync() or w.pbx.drop()
        await w.down()
        del w.pbx.answers["Login"]
        w.resume()
        await w.up()
        await until(lambda: w.pbx.actions().count("Ping") >= 3)
        assert w.pbx.connections == 2

    play(story, patience=Patience(ping_every=0.001))


# -- tampering -------------------------------------------------------------------------------------------------


def test_what_a_caller_forges_is_counted_over_all_connections_and_disturbs_nobody() -> None:
    forged = f"1\r\n\r\nEvent: Hangup\r\nPrivilege: call,all\r\nUniqueid: {CALLER}\r\n"
    forger = newchannel(OTHER, "PJSIP/trunk-00000009", CallerIDNum=forged)

    async def story(w: World) -> None:
        for times in (1, 2):
            await w.up(times)
            w.pbx.send(forger, event("Newstate"))
            await until(lambda: w.link.tampered >= 2 * times)
            w.pbx.drop()
            await w.down(times)
        assert w.link.is_up is False and not w.told(CallerLeft)
        assert {fact.call_id for fact in w.told(CallerKnown)} == {f"main/{OTHER}"}

    play(story, attempts=1, prepare=_waiting)


def test_the_banner_is_read_whether_or_not_it_comes_alone() -> None:
    def prepare(pbx: FakeAsterisk) -> None:
        pbx.banner = BANNER + raw({"Event": "FullyBooted", "Privilege": "system,all", "Status": "Fully Booted"})

    play(lambda w: w.up(), prepare=prepare)
