"""Several texts in hand at once: each handed over once, no two to one number, and one alone while there is trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.outbox.test_outbox import NOW, NUMBER, Answer, Scripted, World, error, sqlite_world, world  # noqa: F401
from textback.model import Status
from textback.outbox import Outbox, outcomes
from textback.outbox.pacing import MOST, Line, Numbers, at_once
from textback.sms import Accepted, Fault, Outgoing

PATIENCE = 10.0
OTHERS = [f"+1555555030{n}" for n in range(8)]


class Crowd(Scripted):
    """Answers nobody before ``size`` texts are in hand; ``failing``: what the texts of these ids get."""

    def __init__(self, size: int, failing: dict[str, Answer] | None = None) -> None:
        super().__init__()
        self.size, self.failing = size, failing or {}
        self.in_hand: list[Outgoing] = []
        self.most = 0
        self.doubled: list[str] = []
        self.full = asyncio.Event()

    async def send(self, message: Outgoing) -> Accepted:
        self.doubled += [one.to for one in self.in_hand if one.to == message.to]
        self.in_hand.append(message)
        self.most = max(self.most, len(self.in_hand))
        if self.most >= self.size:
            self.full.set()
        try:
            async with asyncio.timeout(PATIENCE):
                await self.full.wait()
            if message.id in self.failing:
                self.answers = [self.failing.pop(message.id)]
            return await super().send(message)
        finally:
            self.in_hand.remove(message)


def play(made: World, provider: Scripted, story: Callable[[Outbox], Awaitable[object]], **options: object) -> None:
    """An outbox works until the story is over."""
    provider.clock = made.clock

    async def run() -> None:
        settings: dict[str, object] = {"rate": 1e6, "seconds": 1e9, "at_once": 3}
        outbox, stop = made.outbox(provider, **(settings | options))
        running = asyncio.create_task(outbox.run(stop))
        async with asyncio.timeout(PATIENCE):
            await story(outbox)
        stop.set()
        await running

    asyncio.run(run())


def until_sent(provider: Scripted, count: int) -> Callable[[Outbox], Awaitable[None]]:
    async def story(_: Outbox) -> None:
        while len(provider.sent) < count:
            await asyncio.sleep(0.001)

    return story


@pytest.mark.parametrize(("rate", "count"), [(0.25, 1), (1.0, 1), (1.9, 1), (2.0, 2), (12.0, 12), (225.0, MOST)])
def test_as_many_are_in_hand_as_may_leave_within_a_second(rate: float, count: int) -> None:
    assert at_once(rate) == count


def test_so_many_are_in_hand_and_no_more(world: World) -> None:  # noqa: F811
    for place, number in enumerate(OTHERS):
        world.add(f"m{place}", to_number=number)
    provider = Crowd(3)
    play(world, provider, until_sent(provider, 8))
    assert (provider.most, sorted(provider.ids)) == (3, [f"m{place}" for place in range(8)])
    assert {world.state(f"m{place}")[0] for place in range(8)} == {"sent"}


def test_never_two_at_once_to_one_number_and_in_the_order_in_which_they_were_written(
    world: World,  # noqa: F811
) -> None:
    for place in range(3):
        world.add(f"a{place}", flow=None, created_at=NOW + place, to_number=NUMBER)
        world.add(f"b{place}", flow=None, created_at=NOW + place, to_number=OTHERS[0])
    provider = Crowd(2)
    # time stands still, so nothing may take any
    play(world, provider, until_sent(provider, 6), sleep=asyncio.sleep, rate=float("inf"))
    assert (provider.most, provider.doubled) == (2, [])
    for letter in "ab":
        assert [one for one in provider.ids if one[0] == letter] == [f"{letter}{place}" for place in range(3)]


@pytest.mark.parametrize("kind", [Fault.NOT_PROCESSED, Fault.UNKNOWN, Fault.OURS])
def test_while_there_is_trouble_one_is_in_hand(sqlite_world: World, kind: Fault) -> None:  # noqa: F811
    """What fails is alone in hand, until one gets through."""
    for place, number in enumerate(OTHERS):
        sqlite_world.add(f"m{place}", to_number=number, created_at=NOW - place)
    provider = Crowd(3, {name: error(kind) for name in ("m0", "m1", "m2")})
    seen: list[int] = []
    send = provider.send

    async def watched(message: Outgoing) -> Accepted:
        if len(provider.sent) == 3:  # the three have failed, and this is the first after them
            seen.append(len(provider.in_hand))
        return await send(message)

    provider.send = watched  # type: ignore[method-assign]
    # those that were put back come once more
    play(sqlite_world, provider, until_sent(provider, 8 if kind is Fault.UNKNOWN else 11))
    assert seen == [0] and provider.most == 3
    assert len(set(provider.ids)) == 8


def test_several_that_fail_together_make_one_pause() -> None:
    line, numbers, busy = Line(1.0), Numbers(), error(Fault.NOT_PROCESSED)
    assert [line.rest(NOW + late, busy, NOW - 1) for late in (0.0, 0.25, 0.5)] == [1.0, 0.75, 0.5]
    assert line.rest(NOW + 2, busy, NOW + 1) == 2.0  # handed over after the pause
    assert line.rest(NOW + 2, error(Fault.NOT_PROCESSED, 9.0), NOW + 1) == 9.0
    assert [numbers.rest(NOW + late, NUMBER, busy, NOW - 1) for late in (0.0, 1.0)] == [30.0, 29.0]
    assert numbers.rest(NOW + 40, NUMBER, busy, NOW + 31) == 60.0


def test_a_clock_that_was_set_back_makes_no_pause_of_an_old_one() -> None:
    line, busy = Line(1.0), error(Fault.NOT_PROCESSED)
    line.rest(NOW, busy, NOW - 1)
    assert line.rest(NOW - 3600, busy, NOW - 3601) == 2.0


def test_from_a_number_in_trouble_one_is_tried(sqlite_world: World) -> None:  # noqa: F811
    sqlite_world.add("first", to_number=OTHERS[0])
    tries: list[tuple[bool, int]] = []
    boxes: list[Outbox] = []

    class Slow(Crowd):
        async def send(self, message: Outgoing) -> Accepted:
            tries.append((bool(boxes and boxes[0].numbers.trouble), len(self.in_hand)))
            return await super().send(message)

    provider = Slow(0, {"first": error(Fault.SENDER)})
    provider.full.set()

    async def story(outbox: Outbox) -> None:
        boxes.append(outbox)
        while not outbox.numbers.trouble:
            await asyncio.sleep(0.001)
        for place in range(1, 5):
            await asyncio.to_thread(sqlite_world.add, f"m{place}", to_number=OTHERS[place], created_at=NOW - place)
        await until_sent(provider, 6)(outbox)

    play(sqlite_world, provider, story)
    assert [others for is_trouble, others in tries if is_trouble] == [0]
    assert sorted(provider.ids) == ["first", "first", "m1", "m2", "m3", "m4"]


def three(made: World) -> Crowd:
    """Three texts, and who answers none of them."""
    for place in range(3):
        made.add(f"m{place}", to_number=OTHERS[place])
    return Crowd(99)


async def until_in_hand(provider: Crowd) -> None:
    while len(provider.in_hand) < 3:
        await asyncio.sleep(0.001)


def test_what_is_in_hand_at_the_end_is_finished(world: World) -> None:  # noqa: F811
    provider = three(world)

    async def story(_: Outbox) -> None:
        await until_in_hand(provider)
        asyncio.get_running_loop().call_later(0.05, provider.full.set)

    play(world, provider, story)
    assert {world.state(f"m{place}")[0] for place in range(3)} == {"sent"}


def test_what_hangs_at_the_end_is_left_to_be_looked_up(world: World) -> None:  # noqa: F811
    provider = three(world)
    play(world, provider, lambda _: until_in_hand(provider), grace=0.05)
    assert {world.state(f"m{place}")[0] for place in range(3)} == {"sending"} and provider.in_hand == []


def test_a_fault_of_ours_with_one_ends_it_and_lets_the_others_go(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    for place in range(3):
        sqlite_world.add(f"m{place}", to_number=OTHERS[place])

    class Quick(Crowd):
        async def send(self, message: Outgoing) -> Accepted:
            if message.id == "m1":
                while len(self.in_hand) < 2:
                    await asyncio.sleep(0)
                return Accepted("SM1", Status.SENT)
            return await super().send(message)

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(outcomes, "accepted", breaks)
    provider = Quick(99)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(_outbox_of(sqlite_world, provider).run(asyncio.Event()))
    assert provider.in_hand == []
    assert [sqlite_world.state(f"m{place}")[0] for place in range(3)] == ["sending"] * 3


def _outbox_of(made: World, provider: Scripted) -> Outbox:
    return made.outbox(provider, rate=1e6, seconds=1e9, at_once=3)[0]
