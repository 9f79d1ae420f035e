"""The link to a scripted FreeSWITCH that misbehaves in every way that is known; no test waits for time to pass."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from tests import recordings
from tests.pbx.esl_messages import (
    CALLER,
    OTHER,
    Headers,
    create,
    event,
    hangup,
    hung_up,
    join,
    leg,
    member,
    phone,
    plain,
    raw,
    row,
)
from tests.pbx.fake_asterisk import until
from tests.pbx.fake_freeswitch import (
    GOODBYE,
    PASSWORD,
    REJECTION,
    SHUTDOWN,
    FakeFreeswitch,
    fake_freeswitch,
    reply,
)
from textback.events import (
    CallerArrived,
    CallerLeft,
    CallLost,
    Fact,
    HoldStarted,
    LinkLost,
    LinkSynced,
    StateUnknown,
    Talking,
)
from textback.pbx.esl import EslLink, EslSettings
from textback.pbx.patience import Patience
from textback.pbx.picture import NOTHING
from textback.pbx.sight import LastSeen

#: so that an answer that must not come is not waited for; long enough for those that must
SHORT = Patience(connect=0.5, answer=0.3)
NOW = 1_795_281_662.0
#: FreeSWITCH's own clock is right
DUMP = leg() | {"Event-Date-Timestamp": str(int(NOW * 1e6))}


@dataclass
class World:
    """A PBX, a link that runs to it, the facts it told, and how long it rested between attempts."""

    pbx: FakeFreeswitch
    link: EslLink
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
    secret: str = PASSWORD,
    known: dict[str, LastSeen] | None = None,
    prepare: Callable[[FakeFreeswitch], object] = lambda pbx: None,
    clock: Callable[[], float] = lambda: NOW,
    language: str = "en",
) -> World:
    """Let ``story`` happen beside a running link; gives the world as it was left."""

    async def run() -> World:
        async with fake_freeswitch() as pbx:
            prepare(pbx)
            world = World(pbx, None, attempts=attempts)  # type: ignore[arg-type]
            trunks, contexts = ("sofia/trunk/*", "sofia/lab/*"), ("public",)
            world.link = EslLink(
                EslSettings("main", "127.0.0.1", pbx.port, secret, trunks, contexts, language),
                world.facts.append,
                clock=clock,
                sleep=world.rest,
                jitter=lambda: 1.0,
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

    world = asyncio.run(run())
    for thread in threading.enumerate():
        if thread.name.startswith("esl-"):
            thread.join(5)
            assert not thread.is_alive(), "a thread was left running"
    return world


# -- up --------------------------------------------------------------------------------------------------------


def test_a_link_that_is_up_says_so_and_what_it_sees() -> None:
    async def story(w: World) -> None:
        assert not w.link.is_up and w.link.problem == "not connected yet"
        await w.up()
        assert w.link.is_up and w.link.problem is None
        w.pbx.send(create(), join(), event("HEARTBEAT", {}))
        await until(lambda: w.told(HoldStarted) and w.link.events == 3)
        assert w.link.last_event_at == NOW and w.link.tampered == 0

    play(story)


def test_a_recorded_call_comes_through_the_whole_link() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.play(recordings.read("freeswitch", "b1_queue_answered_caller_hangs_up"))
        await until(lambda: w.told(CallerLeft))
        assert [type(fact) for fact in w.facts[1:]] == [CallerArrived, HoldStarted, Talking, CallerLeft]

    play(story)


def test_a_hold_that_is_taken_back_counts_though_nothing_follows_it() -> None:
    async def story(w: World) -> None:
        await w.up()
        recorded = recordings.read("freeswitch", "f3_queue_hold")
        end = recorded.index(b"Event-Name: CHANNEL_UNHOLD")
        w.pbx.play(recorded[: recorded.index(b"Content-Length: ", end)])
        await until(lambda: len(w.told(Talking)) == 2)

    play(story)


def test_order_is_kept() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.send(*(create(leg(f"uuid-{number}")) for number in range(500)))
        await until(lambda: len(w.told(CallerArrived)) == 500)
        assert [fact.call_id for fact in w.told(CallerArrived)] == [f"main/uuid-{number}" for number in range(500)]

    play(story)


def test_what_is_told_in_the_same_moment_in_which_the_link_ends_is_taken_before_it_is_said_to_be_down() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.send(raw(create()), raw(hangup()), raw(hung_up()), SHUTDOWN)
        await w.down()
        assert [type(fact) for fact in w.facts] == [LinkSynced, CallerArrived, CallerLeft, LinkLost]
        assert w.link.problem == "the PBX says goodbye"

    play(story)


def test_who_has_hung_up_when_the_link_ends_is_no_lost_call() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.send(create(), join(), hangup())
        await until(lambda: w.link.events == 3)
        w.pbx.drop()
        await w.down()
        assert [type(fact) for fact in w.facts[1:]] == [CallerArrived, HoldStarted, CallerLeft, LinkLost]

    play(story)


# -- login -----------------------------------------------------------------------------------------------------


def test_a_wrong_password_three_times_makes_no_tight_loop_and_is_said_plainly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(w: World) -> None:
        await w.down(3)
        assert w.rests == [60.0] * 3 and w.pbx.commands("auth") == ["auth wrong-secret"] * 3
        assert "refuses the password" in str(w.link.problem) and "event_socket.conf.xml" in str(w.link.problem)

    with caplog.at_level(logging.WARNING):
        play(story, attempts=2, secret="wrong-secret")
    assert "refuses the password" in caplog.text and "wrong-secret" not in caplog.text


def test_a_password_that_is_mended_is_tried_again_in_the_end() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.answers["auth"] = lambda command: pbx.answers.pop("auth") and reply("-ERR invalid") + GOODBYE

    async def story(w: World) -> None:
        await w.up()
        assert w.rests == [60.0]

    play(story, attempts=1, prepare=prepare)


def test_an_acl_that_does_not_let_us_in_is_said_plainly_and_tried_slowly() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.greeting = REJECTION

    async def story(w: World) -> None:
        await w.down(2)
        assert w.rests == [60.0] * 2 and "apply-inbound-acl" in str(w.link.problem)

    play(story, attempts=1, prepare=prepare)


# -- the end of a connection -----------------------------------------------------------------------------------


def test_a_cancelled_link_ends_and_does_not_come_back() -> None:
    async def story(w: World) -> None:
        await w.up()

    w = play(story, attempts=5)
    assert w.pbx.connections == 1 and w.rests == [] and w.pbx.open == 0


def test_a_link_that_is_cancelled_on_its_way_up_leaves_no_thread() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.greeting = b""

    async def story(w: World) -> None:
        await until(lambda: w.pbx.open == 1)

    play(story, prepare=prepare)


def test_a_silent_peer_is_noticed() -> None:
    async def story(w: World) -> None:
        await w.up()
        for command in ("global_getvar", "xml_locate"):  # answers come in order: none is left out before another one
            w.pbx.answers[f"api {command}"] = lambda command: None
        await w.down()
        assert "api global_getvar: no answer" in str(w.link.problem)
        assert [type(fact) for fact in w.facts] == [LinkSynced, LinkLost]

    play(story, patience=Patience(ping_every=0.001, ping=0.05))


def test_a_peer_that_answers_its_pings_is_kept() -> None:
    async def story(w: World) -> None:
        await until(lambda: len(w.pbx.commands("api global_getvar core_uuid")) >= 5)
        assert w.link.is_up and w.rests == []

    play(story, patience=Patience(ping_every=0.001))


def test_a_link_that_answers_but_tells_nothing_any_more_is_noticed() -> None:
    now = [NOW]

    async def story(w: World) -> None:
        await w.up()
        for _ in range(2):
            w.pbx.send(event("HEARTBEAT", {}))
            before = w.link.events
            await until(lambda before=before: w.link.events > before)
            now[0] += 20
        now[0] += 30
        await until(lambda: len(w.pbx.commands("api global_getvar core_uuid")) >= 5)
        assert w.link.is_up
        now[0] += 20
        await w.down()
        assert "its heartbeat is not heard any more" in str(w.link.problem)

    play(story, patience=Patience(ping_every=0.001), clock=lambda: now[0])


@pytest.mark.parametrize("asked", ["auth", "api global_getvar", "filter", "event", "api show"])
def test_a_peer_that_falls_silent_on_the_way_up_is_noticed(asked: str) -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.answers[asked] = lambda command: None

    async def story(w: World) -> None:
        await w.down()
        assert "no answer" in str(w.link.problem) and w.facts == []

    play(story, patience=SHORT, prepare=prepare)


def test_a_peer_that_is_no_freeswitch_is_given_up_on() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.greeting = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>" + b"x" * 300_000

    async def story(w: World) -> None:
        await w.down()
        assert "this is no FreeSWITCH" in str(w.link.problem)

    play(story, patience=SHORT, prepare=prepare)


def test_esl_that_vanishes_in_mid_event_costs_nothing_but_the_half() -> None:
    async def story(w: World) -> None:
        await w.up()
        half = raw(hung_up())
        w.pbx.send(raw(create()), half[: len(half) // 2])
        await until(lambda: w.told(CallerArrived))
        w.pbx.channels, w.pbx.dumps = [row(application="playback", application_data="x")], {CALLER: DUMP}
        w.pbx.drop()
        await w.up(2)
        w.pbx.send(hangup(), hung_up())
        await until(lambda: w.told(CallerLeft))
        assert len(w.told(CallerArrived)) == len(w.told(CallerLeft)) == 1 and not w.told(CallLost)

    play(story, attempts=1)


def test_the_back_off_is_capped() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.answers["auth"] = lambda command: pbx.drop()

    async def story(w: World) -> None:
        await w.down(7)
        assert w.rests == [2, 4, 8, 16, 30, 30, 30]

    play(story, attempts=6, prepare=prepare)


# -- resync ----------------------------------------------------------------------------------------------------


def waiting(pbx: FakeFreeswitch) -> None:
    """Somebody has been in the queue for 42 seconds."""
    pbx.channels, pbx.dumps = [row()], {CALLER: DUMP}
    pbx.members = [member()]


def test_who_is_on_the_line_is_known_before_the_link_is_said_to_be_up() -> None:
    async def story(w: World) -> None:
        await w.up()
        assert [type(fact) for fact in w.facts] == [CallerArrived, HoldStarted, LinkSynced]
        arrived, waits, _ = w.facts
        assert isinstance(waits, HoldStarted) and (arrived.at, waits.since) == (NOW - 62, NOW - 42)

    play(story, prepare=waiting)


def test_there_is_a_resync_after_every_reconnect_and_the_caller_is_told_once() -> None:
    async def story(w: World) -> None:
        for times in (1, 2, 3):
            await w.up(times)
            w.pbx.drop()
            await w.down(times)
        assert len(w.pbx.commands("api show channels as json")) == 3
        assert len(w.told(CallerArrived)) == 1 and len(w.told(LinkLost)) == 3

    play(story, attempts=2, prepare=waiting)


def test_who_left_while_the_link_was_down_is_lost() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.channels, w.pbx.dumps, w.pbx.members = [], {}, []
        w.pbx.drop()
        await w.up(2)
        assert [type(fact) for fact in w.facts[2:]] == [LinkSynced, LinkLost, CallLost, LinkSynced]

    play(story, attempts=1, prepare=waiting)


def test_who_was_on_the_line_when_the_daemon_stopped_is_known() -> None:
    async def story(w: World) -> None:
        await w.up()
        assert [type(fact) for fact in w.facts] == [HoldStarted, CallLost, LinkSynced]
        assert {fact.call_id for fact in w.told(CallLost)} == {f"main/{OTHER}"}

    play(story, prepare=waiting, known={CALLER: LastSeen(), OTHER: LastSeen()})


def test_after_a_restart_of_freeswitch_nothing_is_taken_for_where_it_was(caplog: pytest.LogCaptureFixture) -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        pbx.channels, pbx.dumps = [row(application="playback", application_data="menu.wav")], {CALLER: DUMP}

    async def story(w: World) -> None:
        await w.up()
        w.pbx.drop()
        await w.up(2)
        before = len(w.told(StateUnknown))
        w.pbx.core = "another-core"
        w.pbx.drop()
        await w.up(3)
        assert len(w.told(StateUnknown)) == before + 1

    with caplog.at_level(logging.WARNING):
        known = {CALLER: LastSeen("sofia/trunk/x", NOTHING, ("public", "+15551230100", "0"))}
        play(story, attempts=2, prepare=prepare, known=known)
    assert "main has started anew" in caplog.text


def test_a_freeswitch_that_has_started_anew_behind_an_open_connection_is_noticed() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.pbx.core = "another-core"
        await w.down()
        assert w.link.problem == "FreeSWITCH has started anew"

    play(story, patience=Patience(ping_every=0.001))


def test_a_caller_who_comes_while_the_lists_are_read_is_told_once() -> None:
    def prepare(pbx: FakeFreeswitch) -> None:
        def answer(command: str) -> bytes:
            pbx.send(create(), join())
            del pbx.answers["api show"]
            pbx.channels, pbx.dumps = [row()], {CALLER: DUMP}
            return pbx._usual(command, command.split())

        pbx.answers["api show"] = answer

    async def story(w: World) -> None:
        await w.up()
        assert [type(fact) for fact in w.facts] == [CallerArrived, HoldStarted, LinkSynced]

    play(story, prepare=prepare)


def test_facts_that_were_dropped_are_learnt_again_by_starting_anew() -> None:
    async def story(w: World) -> None:
        await w.up()
        w.link.want_resync()
        await w.up(2)
        assert [type(fact) for fact in w.told(LinkSynced, LinkLost)] == [LinkSynced, LinkLost, LinkSynced]
        assert w.pbx.connections == 2 and w.rests == [1.0]

    play(story, attempts=5)


def test_events_that_nobody_took_in_time_are_learnt_again_by_starting_anew() -> None:
    async def story(w: World) -> None:
        await w.up()
        assert w.link._session is not None
        w.link._session._handover._limit = len(plain(create())) + 10
        w.pbx.send(b"".join(raw(create(leg(f"uuid-{number}"))) for number in range(3)))
        await w.up(2)
        assert w.pbx.connections == 2 and w.rests == [1.0]

    play(story, attempts=5)


def test_a_flood_of_two_hundred_callers_is_followed_to_its_end() -> None:
    async def story(w: World) -> None:
        await w.up()
        callers = [leg(f"caller-{number}") for number in range(200)]
        legs = [phone(f"agent-{number}", origin=f"caller-{number}") for number in range(200)]
        everything: list[Headers] = [create(one) for one in callers] + [create(one) for one in legs]
        everything += [hangup(one) for one in callers] + [hung_up(one) for one in callers]
        w.pbx.send(*everything)
        await until(lambda: len(w.told(CallerLeft)) == 200)

    play(story)
