"""A backtest decides as the daemon would have decided, each call at its own time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.data import RECORDS
from tests.pbx.records.built import CALLER, T0, call, line, row, write
from tests.practices import practice
from textback import config
from textback.backtest import Backtest, shown
from textback.ledger import Entry
from textback.pbx.records.asterisk import AsteriskRecords

TRUNKS = ("PJSIP/trunk-*",)
OTHER = "12025550199"


def waits(number: int, at: int, verb: str, *data: object, caller: str = CALLER, after: int = 60) -> list[str]:
    """The lines of one caller's wait."""
    return [line(at, call(number, at), "ENTERQUEUE", "", caller, 1), line(at + after, call(number, at), verb, *data)]


def gives_up(number: int, at: int, after: int = 60, caller: str = CALLER) -> list[str]:
    return waits(number, at, "ABANDON", 1, 1, after, after=after, caller=caller)


def judge(folder: Path, *lines: Iterable[str], rows: Iterable[str] = (), **changes: Any) -> dict[str, Entry]:
    """The calls by the number at the end of their ids, with the practice changed."""
    queue_log = write(folder / "queue_log", *sorted(one for several in lines for one in several))
    cdr = str(write(folder / "Master.csv", *rows)) if rows else None
    records = AsteriskRecords("main", TRUNKS, queue_log=str(queue_log), cdr=cdr)
    found = Backtest([practice(**changes)]).run(records.visits(0.0))
    return {entry.call.id.rpartition(".")[2]: entry for entry in found}


def reasons(found: dict[str, Entry]) -> dict[str, str]:
    return {number: entry.decision.reason for number, entry in found.items() if entry.decision}


def test_who_gave_up_would_have_been_texted(tmp_path: Path) -> None:
    entry = judge(tmp_path, gives_up(1, 0, 95))["1"]
    assert entry.decision and entry.decision.verdict == "text"
    assert entry.decision.why == "text: hung up after 1 min 35 s on hold in support"
    assert entry.decision.body == "Riverside: we got disconnected."
    assert (entry.practice, entry.call.offered_at) == ("Riverside", T0 + 30)


def test_the_next_calls_of_a_number_find_it_texted(tmp_path: Path) -> None:
    calls = [gives_up(1, 0), gives_up(2, 600), gives_up(3, 4 * 3600 + 500), gives_up(4, 700, caller=OTHER)]
    assert reasons(judge(tmp_path, *calls)) == {"1": "abandoned", "2": "cooldown", "3": "abandoned", "4": "abandoned"}


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (gives_up(2, 70), "came_back"),  # waits again ten seconds later
        (gives_up(2, 74), "came_back"),
        (gives_up(2, 80), "abandoned"),  # later than settle
        (gives_up(2, 62, 2), "abandoned"),  # gone again, and not to be texted for that: this call counts
        (gives_up(2, 50), "came_back"),  # on another line all the while
        (gives_up(2, 70, caller=OTHER), "abandoned"),
    ],
)
def test_who_calls_again_within_settle_is_not_texted_for_the_first_call(
    tmp_path: Path, second: list[str], reason: str
) -> None:
    assert reasons(judge(tmp_path, gives_up(1, 0), second))["1"] == reason


def test_the_same_number_in_another_form_is_the_same_caller(tmp_path: Path) -> None:
    again = gives_up(2, 70, caller=f"+{CALLER}")
    assert reasons(judge(tmp_path, gives_up(1, 0), again))["1"] == "came_back"


@pytest.mark.parametrize(("at", "reason"), [(65, "came_back"), (75, "came_back"), (76, "abandoned"), (30, "abandoned")])
def test_whom_staff_reached_within_settle_is_not_texted(tmp_path: Path, at: int, reason: str) -> None:
    rows = [
        row(call(1), 0, 60),
        row(
            call(9, 50), at - 5, at + 60, answer=at, src="201", dst=CALLER, context="from-internal", app="Dial",
            channel="PJSIP/ext201-9", dstchannel="PJSIP/trunk-9", data=f"PJSIP/{CALLER}@trunk",
        ),
    ]  # fmt: skip
    assert reasons(judge(tmp_path, gives_up(1, 0), rows=rows)) == {"1": reason}


def test_a_key_in_the_queue_is_a_request(tmp_path: Path) -> None:
    found = judge(tmp_path, waits(1, 0, "EXITWITHKEY", 5, 1, 1, 60), waits(2, 0, "EXITWITHKEY", 0, 1, 1, caller=OTHER))
    assert reasons(found) == {"1": "call_to_text", "2": "unobserved"}
    assert found["1"].call.disposition == "texted"


def test_a_key_after_a_text_minutes_ago_is_refused_and_the_call_judged_as_without_it(tmp_path: Path) -> None:
    rows = [row(call(1), 0, 60), row(call(2, 100), 100, 170, app="Hangup", data="")]
    found = judge(tmp_path, gives_up(1, 0), waits(2, 100, "EXITWITHKEY", 5, 1, 1, 60), rows=rows)
    assert reasons(found) == {"1": "abandoned", "2": "cooldown"}
    assert found["2"].call.refused == "cooldown" and found["2"].call.disposition == "abandoned"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"abandoned__enabled": False}, "flow_off"),
        ({"abandoned__min_hold": "2m"}, "short_hold"),
        ({"guards__blocked": ["+1202555"]}, "blocked_number"),
        ({"practice__mode": "test"}, "test_mode"),
        ({"guards__settle": "0s"}, "abandoned"),
    ],
)
def test_the_practice_is_asked(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    assert reasons(judge(tmp_path, gives_up(1, 0), **changes)) == {"1": reason}


def test_without_settle_the_second_text_is_still_too_soon(tmp_path: Path) -> None:
    found = judge(tmp_path, gives_up(1, 0), gives_up(2, 62), guards__settle="0s")
    assert reasons(found) == {"1": "abandoned", "2": "cooldown"}


def test_what_no_record_tells_is_lost(tmp_path: Path) -> None:
    found = judge(tmp_path, waits(1, 0, "EXITWITHTIMEOUT", 1, 1, 60))
    assert (found["1"].call.disposition, reasons(found)) == ("lost", {"1": "unobserved"})


def test_a_call_of_another_practice_has_no_practice(tmp_path: Path) -> None:
    found = judge(tmp_path, gives_up(1, 0), practice__default=False)
    assert reasons(found) == {"1": "no_practice"}


def test_calls_are_judged_in_the_order_of_time_and_nothing_is_kept(tmp_path: Path) -> None:
    lines = [gives_up(number, number * 400, caller=f"1202555{number % 3000:04d}") for number in range(9000)]
    queue_log = write(tmp_path / "queue_log", *sorted(one for several in lines for one in several))
    test = Backtest([practice()])
    ended = []
    most = 0
    for entry in test.run(AsteriskRecords("main", TRUNKS, queue_log=str(queue_log)).visits(0.0)):
        ended.append(entry.call.ended_at)
        most = max(most, len(test._plays) + len(test._agenda))
    assert ended == sorted(ended, key=lambda at: at or 0.0) and len(ended) == 9000
    assert most < 100


def test_numbers_are_shown_as_the_log_shows_them(tmp_path: Path) -> None:
    found = judge(tmp_path, gives_up(1, 0, caller="2025550143"), gives_up(2, 0, caller="0000000"))
    assert shown(found["1"], "US").number == "+12025550143"
    assert shown(found["2"], "US").number is None


def test_the_same_records_give_the_same_verdicts() -> None:
    folder = RECORDS / "asterisk22"
    judged_by = config.load_practice_file(Path(__file__).parent / "stories/practice.toml")

    def run() -> list[Entry]:
        records = AsteriskRecords("main", TRUNKS, queue_log=str(folder / "queue_log"), cdr=str(folder / "Master.csv"))
        return list(Backtest([judged_by]).run(records.visits(0.0)))

    first = run()
    assert first == run() and len(first) > 60
    assert {entry.decision.verdict for entry in first if entry.decision} == {"text", "skip"}
