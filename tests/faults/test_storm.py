"""Callers, a provider gone mad, a locked database and `kill -9`, all at once: nobody is lost, nobody texted twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.storm import Storm
from tests.faults.verdict import Outcome
from tests.servers import Server


def weather(storm: Storm) -> Outcome:
    """The storm; it must have been one."""
    outcome = storm.run()
    assert storm.kills > 0 and storm.stranger.locks > 0 and len(storm.twilio.misdeeds) > 5, storm.report(outcome)
    return outcome


def test_in_a_storm_every_caller_gets_one_text_and_the_table_says_what_the_provider_knows(tmp_path: Path) -> None:
    storm = Storm(tmp_path, f"sqlite:///{tmp_path / 'textback.db'}", texts=70, seed=1, timeout=0.3)
    outcome = weather(storm)
    assert outcome.faults() == [], storm.report(outcome)
    assert (len(outcome.texts), outcome.lost, outcome.twice) == (70, set(), {})


@pytest.mark.parametrize("kind", ["postgresql"])
def test_so_it_is_with_two_daemons_on_one_server(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(kind)
    with server.database() as url:
        storm = Storm(tmp_path, url, texts=70, seed=2, timeout=0.3, daemons=2)
        outcome = weather(storm)
    assert outcome.faults() == [], storm.report(outcome)
    assert (len(outcome.texts), outcome.lost, outcome.twice) == (70, set(), {})


def test_what_is_wrong_would_be_seen(tmp_path: Path) -> None:
    call = {"id": "main/1", "caller": "+12025570001", "disposition": "abandoned", "verdict": "text", "reason": "x"}
    text = {"id": "m", "call_id": "main/1", "to_number": "+12025570001", "body": "b", "reason": None, "attempts": 1}
    lost = Outcome({"+12025570001", "+12025570002"}, [call], [text | {"status": "sent", "provider_id": "SM1"}], [])
    assert lost.lost == {"+12025570002"} and len(lost.faults()) == 2, lost.faults()
