from __future__ import annotations

import json
from typing import Any

import pytest

from textback.store.calls import KEYS

from .conftest import NOON, Home, call


def listed(home: Home, *filters: object) -> list[str]:
    return [json.loads(line)["id"] for line in home.done("calls", "list", "--json", *filters).splitlines()]


@pytest.fixture
def logged(home: Home) -> Home:
    home.log(
        call(1),
        call(2, caller="+12025550122", disposition="missed", flow="missed", verdict="text", practice="Riverside"),
        call(3, ended_at=None, disposition=None, verdict=None, reason=None, why=None),
    )
    return home


def test_calls_are_listed_newest_first_with_the_keys_of_the_specification(logged: Home) -> None:
    rows = [json.loads(line) for line in logged.done("calls", "list", "--json").splitlines()]
    assert [row["id"] for row in rows] == ["main/3", "main/2", "main/1"]
    assert all(list(row) == list(KEYS) for row in rows)
    assert rows[2]["ended_at"] == "2026-11-21T12:00:31.000Z"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["--limit", "1"], [3]),
        (["--limit", "0"], [3, 2, 1]),
        (["--disposition", "missed"], [2]),
        (["--verdict", "skip"], [1]),
        (["--flow", "missed"], [2]),
        (["--practice", "Riverside"], [2]),
        (["--practice", "Grove"], []),
        (["--number", "+12025550122"], [2]),
        (["--number", "(202) 555-0122"], [2]),
        (["--since", "2026-11-21T12:00:02Z"], [3, 2]),
        (["--since", "2026-11-21T12:00:02"], [3, 2]),
        (["--since", "2026-11-22"], []),
    ],
)
def test_a_filter_leaves_what_it_names(logged: Home, filters: list[str], expected: list[int]) -> None:
    assert listed(logged, *filters) == [f"main/{number}" for number in expected]


def test_since_may_be_so_long_before_now(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.log(call(1), call(4000))
    monkeypatch.setattr("textback.cli.filters.system_clock", lambda: NOON + 7200)
    assert listed(home, "--since", "1h") == ["main/4000"]
    assert listed(home, "--since", "1d") == ["main/4000", "main/1"]


def test_people_get_a_table(logged: Home) -> None:
    heading, newest, *rest = logged.done("calls", "list").splitlines()
    assert heading.split() == ["started", "caller", "name", "queue", "hold", "disposition", "text", "why", "id"]
    assert newest.startswith("2026-11-21 12:00:03  +12025550111  -") and "on the line" in newest
    assert len(rest) == 2


def test_what_a_caller_chose_to_be_called_cannot_command_a_terminal(home: Home) -> None:
    home.log(call(1, caller_name="\x1b[2J\nmain/2 \u202e"))
    assert not set("\x1b\u202e") & set(home.done("calls", "list") + home.done("calls", "list", "--json"))
    assert len(home.done("calls", "list").splitlines()) == 2


def test_a_call_is_shown_with_its_story_and_its_why(home: Home) -> None:
    story = [[NOON + 1, "called 15551230100"], [NOON + 1.5, "waits in support"], [NOON + 96.5, "hung up"]]
    home.log(call(1, why="text: hung up after 1 min 35 s on hold in support", story=story, hold_seconds=95.0))
    told = home.done("calls", "show", "main/1")
    assert "why               text: hung up after 1 min 35 s on hold in support" in told
    assert told.splitlines()[-2:] == [
        "2026-11-21 12:00:01   +0:00.5  waits in support",
        "2026-11-21 12:01:36   +1:35.5  hung up",
    ]
    as_json: dict[str, Any] = json.loads(home.done("calls", "show", "main/1", "--json"))
    assert list(as_json) == [*KEYS, "story"]


def test_an_unknown_call_is_told_with_what_to_do(logged: Home) -> None:
    result = logged.run("calls", "show", "main/9")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "there is no call main/9: `textback calls list` shows the ids\n"


def test_an_empty_log_is_no_fault(home: Home) -> None:
    home.migrate()
    assert (home.done("calls", "list"), home.done("calls", "list", "--json")) == ("", "")
