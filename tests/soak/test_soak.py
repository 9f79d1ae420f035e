"""Two minutes of what `make soak` does for two hours, and a daemon that must not get through it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.servers import Server
from tests.soak.figures import Figures
from tests.soak.plan import PARTS
from tests.soak.run import Soak


def soaked(soak: Soak) -> Figures:
    """What came of it; all of it is told where something was wrong."""
    return asyncio.run(soak.run())


@pytest.mark.slow
def test_no_call_is_missing_and_no_text_is_sent_twice_whatever_breaks(tmp_path: Path, postgresql: Server) -> None:
    figures = soaked(Soak(tmp_path, minutes=1.3, rate=12.0, seed=4))
    assert figures.faults == [], "\n".join([figures.table(), *figures.faults])
    assert {name.partition(":")[0] for name in figures.struck} == set(PARTS), figures.table()
    assert figures.calls > 500 and figures.texts > 50, figures.table()
    dispositions = {name.partition("/")[0] for name in figures.became}
    assert dispositions >= {"answered", "abandoned", "missed", "texted", "unreached"}, figures.table()


@pytest.mark.slow
def test_a_daemon_that_forgets_doubles_and_guesses_is_found_out(tmp_path: Path, postgresql: Server) -> None:
    soak = Soak(tmp_path, minutes=0.25, rate=10.0, strikes=[], program="tests.soak.mutant", calm=30.0)
    faults = "\n".join(soaked(soak).faults)
    assert re.search(r"\(answered; hooks none\): became abandoned/\S+ not answered/skip/answered", faults), faults
    assert "no such call is stored" in faults and "handed over 2 times" in faults, faults
