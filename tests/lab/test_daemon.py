"""The daemon and a real Asterisk: what callers do, what the log says, who gets a text, whatever breaks meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from .asterisk import Asterisk
from .callers import DESK_201, DESK_202, SUPPORT, Callers, forged_number
from .conftest import clear
from .daemon import Daemon
from .house import House, house_of
from .twilio import Twilio

LINE, OTHER_LINE = "+12025550100", "+12025550101"
SORRY = "Riverside: we got disconnected."

GIVES_UP = "12025560101"
TALKS = "12025560102"
RINGS_OUT = "12025560103"
FINDS_BUSY = "12025560104"
HAS_A_NAME = "12025560105"
VICTIM = "12025560106"
IS_CALLED_BACK = "12025560107"
HIDES = "anonymous"
NAME = 'Ann "Q" O\'Neil, é: ' + "x" * 10_000

SETTLES = "12025560111"
IN_HAND = "12025560112"
QUEUED = "12025560113"
WAITS_ON = "12025560114"
TALKS_ON = "12025560115"
RINGS_ON = "12025560116"
LEAVES_UNSEEN = "12025560117"
COMES_UNSEEN = "12025560118"
WAITS_PAST_STOP = "12025560119"

CUT_OFF = "12025560121"
CUT_OFF_IN_ORDER = "12025560122"
CALLS_LATER = "12025560123"
CALLS_LAST = "12025560124"


@dataclass
class Scene:
    """What has happened, for the tests to look at."""

    house: House
    daemon: Daemon
    twilio: Twilio


def e164(number: str) -> str:
    return f"+{number}"


def other_practice(dids: list[str], settle: float) -> dict[str, object]:
    """Changes that make a second practice, for these numbers only, which lets its calls settle for longer."""
    line = {"name": "Lakeside", "number": OTHER_LINE, "main_number": "+12025550198", "dids": dids}
    return {"practice__name": "Lakeside", "practice__default": False, "line": [line], "guards__settle": settle}


@pytest.fixture(scope="module")
def house(asterisk: Asterisk) -> Iterator[House]:
    with house_of(asterisk) as house:
        asterisk.pause("support", "agent1", "agent2")
        yield house
        clear(asterisk)


@pytest.fixture(scope="module")
def twilio() -> Iterator[Twilio]:
    with Twilio() as twilio:
        yield twilio


@pytest.fixture(scope="module")
def day(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A day in which all goes well, apart from what callers do to each other."""
    with Daemon(tmp_path_factory.mktemp("day"), house.asterisk, Twilio().url) as daemon:
        raise NotImplementedError
