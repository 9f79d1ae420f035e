"""The daemon is killed again and again while 200 callers come and go: nobody is lost, nobody is texted twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from .asterisk import Asterisk
from .callers import SUPPORT, Callers
from .daemon import Daemon, until
from .twilio import Twilio

CALLERS = 200
AT_ONCE = 25
KILLS = 8
#: whole seconds: what the queue_log tells of a call is no finer
HOLD = 3.0
CHANGES = {
    "guards__settle": 1,
    "guards__per_minute": 0,
    "guards__per_day": 0,
    "guards__per_prefix": 0,
    "abandoned__min_hold": 0,
}


@pytest.fixture
def daemon(asterisk22: Asterisk, tmp_path: Path) -> Iterator[tuple[Daemon, Twilio]]:
    with Twilio() as twilio, Daemon(tmp_path, asterisk22, twilio.url, queue_log=asterisk22.queue_log) as daemon:
        daemon.apply(**CHANGES)
        yield daemon, twilio


def test_kill_9_at_random_moments_loses_nobody_and_texts_nobody_twice(
    daemon: tuple[Daemon, Twilio], asterisk22: Asterisk
) -> None:
    textback, twilio = daemon
    asterisk22.pause("support", "agent1", "agent2")
    chance = random.Random(2026)
    kills = sorted(chance.sample(range(1, CALLERS), KILLS))
    with Callers(asterisk22) as people:
        textback.start()
        lines = []
        for number in range(CALLERS):
            if number in kills:
                textback.kill()
                textback.start(until=None)
            if len(lines) >= AT_ONCE:
                lines.pop(0).wait()
            lines.append(people.call(caller(number), SUPPORT, stays=HOLD))
        for line in lines:
            line.wait()
        textback.wait_line("main: link is up")
        until(lambda: len(textback.rows()) >= CALLERS, "a row for every caller")
        textback.wait_quiet()
    asterisk22.pause("support", "agent1", "agent2", paused=False)
    rows = Counter(row["caller"] for row in textback.rows())
    assert rows == Counter({f"+{caller(number)}": 1 for number in range(CALLERS)})
    assert {row["disposition"] for row in textback.rows()} == {"abandoned"}
    assert Counter(post.form["To"] for post in twilio.posts) == rows
    assert {text["status"] for text in textback.messages()} == {"sent"}


def caller(number: int) -> str:
    return f"1202557{number:04d}"
