"""Callers, a provider gone mad, a locked database and `kill -9`, all at once: nobody is lost, nobody texted twice."""

from __future__ import annotations

from pathlib import Path

from tests.faults.storm import Storm
from tests.faults.verdict import Outcome
from tests.servers import Server


def weather(storm: Storm) -> Outcome:
    """The storm; it must have been one."""
    outcome = storm.run()
    assert storm.kills and storm.twilio.misdeeds, storm.report(outcome)
    return outcome


def test_in_a_storm_every_caller_gets_one_text_and_the_table_says_what_the_provider_knows(tmp_path: Path) -> None:
    storm = Storm(tmp_path, f"sqlite:///{tmp_path / 'textback.db'}", texts=48, seed=1, timeout=0.3)
    outcome = weather(storm)
    assert outcome.faults() == [], storm.report(outcome)
    assert (len(outcome.texts), outcome.lost, outcome.twice) == (48, set(), {})


def test_so_it_is_with_two_daemons_on_one_server(tmp_path: Path, postgresql: Server) -> None:
    with postgresql.database() as url:
        storm = Storm(tmp_path, url, texts=48, seed=2, timeout=0.3, daemons=2)
        outcome = weather(storm)
    assert outcome.faults() == [], storm.report(outcome)
    assert (len(outcome.texts), outcome.lost, outcome.twice) == (48, set(), {})
