"""Gives the tests a real Asterisk, or the reason why there is none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from .asterisk import Asterisk, missing_part
from .callers import Callers
from .house import House, house_of

AGENTS = {"support": ("agent1", "agent2"), "sales": ("agent1",)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs a real Asterisk, so that `-m "not lab"` leaves it out."""
    for item in items:
        if {"asterisk", "asterisk16", "asterisk22", "house"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.lab)


@pytest.fixture(scope="session")
def asterisk22() -> Iterator[Asterisk]:
    """A running Asterisk 22."""
    yield from running("22")


@pytest.fixture(scope="session")
def asterisk16() -> Iterator[Asterisk]:
    """A running Asterisk 16."""
    yield from running("16")


@pytest.fixture(scope="module", params=["22", "16"])
def asterisk(request: pytest.FixtureRequest) -> Asterisk:
    """One Asterisk after the other."""
    found: Asterisk = request.getfixturevalue(f"asterisk{request.param}")
    if not found.is_running:
        found.start()  # it crashed in another module, which its tests have told
    return found


@pytest.fixture(scope="module")
def house(asterisk: Asterisk) -> Iterator[House]:
    """The same with desks, a world outside and an observer; nobody takes calls for support."""
    asterisk.pause("support", "agent1", "agent2")
    with house_of(asterisk) as house:
        yield house
    clear(asterisk)


@pytest.fixture
def callers(asterisk: Asterisk) -> Iterator[Callers]:
    """People to call in; afterwards they are gone, and so are their calls and the agents' pauses."""
    with Callers(asterisk) as people:
        yield people
    clear(asterisk)


def clear(asterisk: Asterisk) -> None:
    """Hangs up what is left and brings the agents back."""
    for queue, agents in AGENTS.items():
        asterisk.pause(queue, *agents, paused=False)
    hang_up_all(asterisk)


def hang_up_all(asterisk: Asterisk) -> None:
    """Hangs up what is left, and returns when it is gone."""
    with asterisk.connect() as ami:
        for channel in ami.items("CoreShowChannels"):
            ami.ask("Hangup", Channel=channel["Channel"])
        left = ami.items("CoreShowChannels")
        for channel in left:
            ami.wait_event("Hangup", Uniqueid=channel["Uniqueid"])


def running(wanted: str, prepare: Callable[[Asterisk], None] = lambda _: None) -> Iterator[Asterisk]:
    """An Asterisk that runs for a while, once its folders are prepared; or the reason why there is none."""
    reason = missing_part(wanted)
    if reason and "asterisk" in os.environ.get("TEXTBACK_REQUIRE", ""):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    asterisk = Asterisk(wanted)
    try:
        prepare(asterisk)
        asterisk.start()
        yield asterisk
    finally:
        asterisk.remove()
