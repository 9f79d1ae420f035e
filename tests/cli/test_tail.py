from __future__ import annotations

import asyncio
import json
import signal
import time
from typing import Any

from textback.cli.tail import WINDOW, Tail
from textback.store.calls import instant_text

from .conftest import NOON, Home, call
from .processes import textback


def row(call_id: str, ended: float, verdict: str | None = "skip") -> dict[str, Any]:
    return {"id": call_id, "ended_at": instant_text(ended), "verdict": verdict}


def taken(tail: Tail, rows: list[dict[str, Any]], now: float) -> list[str]:
    return [one["id"] for one in tail.take(rows, now)]


def test_each_call_is_shown_once() -> None:
    tail = Tail(NOON)
    rows = [row("a", NOON + 1), row("b", NOON + 2)]
    assert [taken(tail, rows, NOON + 3), taken(tail, rows, NOON + 4)] == [["a", "b"], []]


def test_a_call_that_settles_is_shown_when_it_has_its_verdict_however_late() -> None:
    tail = Tail(NOON)
    assert taken(tail, [row("a", NOON + 1, None), row("b", NOON + 2)], NOON + 3) == ["b"]
    for minutes in range(1, 60):
        assert taken(tail, [row("a", NOON + 1, None), row("b", NOON + 2)], NOON + 60 * minutes) == []
    assert tail.horizon < NOON + 1
    assert taken(tail, [row("a", NOON + 1), row("b", NOON + 2)], NOON + 3600) == ["a"]


def test_a_call_that_was_committed_late_is_not_missed() -> None:
    tail = Tail(NOON)
    taken(tail, [row("b", NOON + 60)], NOON + 61)
    assert tail.horizon <= NOON + 2
    assert taken(tail, [row("a", NOON + 2), row("b", NOON + 60)], NOON + 62) == ["a"]


def test_what_lies_far_back_is_forgotten() -> None:
    tail = Tail(NOON)
    taken(tail, [row("a", NOON + 1)], NOON + 2)
    taken(tail, [], NOON + 10 * WINDOW)
    assert tail.horizon == NOON + 9 * WINDOW
    assert tail._shown == {}


def test_calls_tail_follows_the_log_until_ctrl_c(home: Home) -> None:
    home.log(call(1, caller_name="Jane"))

    async def story() -> None:
        since = "2026-11-21T12:00:00Z"
        async with textback("calls", "tail", "--json", "--since", since, "--config", home.config) as program:
            assert json.loads(await program.line())["id"] == "main/1"
            home.log(call(2, ended_at=time.time()))
            assert json.loads(await program.line())["id"] == "main/2"
            program.send(signal.SIGINT)
            assert await program.end() == (0, "", "")

    asyncio.run(story())
