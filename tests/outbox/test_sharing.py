"""Several senders of one account: together they are no faster than one alone, whatever their clocks say."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import Engine

from textback.outbox.pacing import Line
from textback.outbox.sharing import Share


class Sender:
    """As the outbox does it, with texts without end; ``skew``: by how much its clock is wrong."""

    def __init__(self, engine: Engine, skew: float, company: bool) -> None:
        self.engine, self.skew, self.company = engine, skew, company
        self.line, self.share = Line(1.0), Share("twilio")

    def turn(self, now: float, segments: int) -> bool:
        """Try to send at ``now``; whether it did."""
        clock = now + self.skew
        if self.line.left(clock):
            return False
        with self.engine.begin() as conn:
            others = self.share.look(conn, self.company)
            if others == 0:
                self.share.spend(conn, segments)
        if others != 0:
            self.line.spend(clock, others or 0)
            return False
        self.line.spend(clock, segments)
        return True


@pytest.mark.parametrize("skew", [0.0, 3600.0])
def test_together_they_keep_the_rate(engine: Engine, skew: float) -> None:
    chance = random.Random(1)
    senders = [Sender(engine, 0.0, False), Sender(engine, skew, True), Sender(engine, -skew, True)]
    now, sent = 1000.0, list[tuple[float, int]]()
    while now < 1120.0:
        now += chance.uniform(0.0, 0.3)
        segments = chance.randint(1, 3)
        if chance.choice(senders).turn(now, segments):
            sent.append((now, segments))
    for (at, segments), (after, _) in zip(sent, sent[1:]):
        assert after - at >= segments - 1e-6, "faster than one segment a second"
    assert sum(segments for _, segments in sent) > 60


def test_who_is_alone_waits_for_nobody(engine: Engine) -> None:
    sender = Sender(engine, 0.0, False)
    assert [sender.turn(1000.0 + at, 1) for at in (0.0, 0.5, 1.0, 2.0)] == [True, False, True, True]


def test_a_claim_that_is_made_again_since_its_commit_was_not_heard_of_slows_nobody(engine: Engine) -> None:
    share = Share("twilio")
    with engine.begin() as conn:
        assert share.look(conn, False) == 0
        share.spend(conn, 2)
        conn.rollback()
    for _ in range(2):
        with engine.begin() as conn:
            assert share.look(conn, False) == 0
            share.spend(conn, 2)
