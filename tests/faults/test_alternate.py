"""`kill -9` in turn: of two daemons on one PBX one always carries on, and nobody is lost or texted twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.alternate import Alternation
from tests.servers import Server

#: seconds in which the other one must carry on, and what a busy machine may add to that
TAKEOVER, SLOW = 5.0, 5.0


def played(play: Alternation) -> None:
    outcome = play.run()
    assert outcome.faults() == [], play.report(outcome)
    assert play.kills >= 2 and play.gaps and max(play.gaps) < TAKEOVER + SLOW, play.report(outcome)
    assert (outcome.lost, outcome.twice) == (set(), {})


@pytest.mark.slow
def test_on_two_machines_with_one_server(tmp_path: Path, postgresql: Server) -> None:
    with postgresql.database() as url:
        played(Alternation(tmp_path, url, 25.0, every=6.0, freeze=True))


@pytest.mark.slow
def test_on_one_machine_with_one_file(tmp_path: Path) -> None:
    played(Alternation(tmp_path, f"sqlite:///{tmp_path / 'textback.db'}", 15.0, every=5.0, apart=False))
