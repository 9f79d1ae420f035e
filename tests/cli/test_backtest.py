"""``textback backtest`` counts what would have been texted, and says why the rest would not."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests import recordings
from tests.data import RECORDS
from tests.pbx.records.built import CALLER, T0, call, line, row, write
from textback.store.calls import KEYS

from .conftest import Home

FREESWITCH = """
[[pbx]]
name = "main"
kind = "freeswitch"
secret = "hush-hush"
trunks = ["sofia/trunk/*"]
"""
QUEUE_LOG = RECORDS / "asterisk22/queue_log"
CDR = RECORDS / "asterisk22/Master.csv"
PRACTICE = recordings.STORIES / "practice.toml"
BOTH = ("--queue-log", QUEUE_LOG, "--cdr", CDR, "--practice", PRACTICE)


def months(output: str) -> list[dict[str, Any]]:
    return [json.loads(one) for one in output.splitlines()]


def days(folder: Path) -> Path:
    """A caller gives up every noon (UTC) from 2026-10-28 to 2026-11-06."""
    first = -(T0 % 86400) + 12 * 3600 - 24 * 86400
    lines = []
    for day in range(10):
        at = first + day * 86400
        lines.append(line(at, call(day, at), "ENTERQUEUE", "", CALLER, 1))
        lines.append(line(at + 60, call(day, at), "ABANDON", 1, 1, 60))
    return write(folder / "queue_log", *lines)


def test_an_hour_of_a_real_pbx_is_counted(home: Home) -> None:
    home.configure("[sms]\nprice_per_segment = 0.0083\n")
    [month] = months(home.done("backtest", *BOTH, "--json"))
    assert (month["practice"], month["month"]) == ("Stories", "2026-11")
    assert month["calls"] == sum(month["dispositions"].values()) == sum(month["verdicts"].values())
    assert month["dispositions"]["answered"] > 15 and month["dispositions"]["abandoned"] > 20
    assert month["verdicts"] == {"skip": sum(month["reasons"].values()), "text": sum(month["texts"].values())}
    assert month["segments"] == month["verdicts"]["text"]
    assert month["cost"] == pytest.approx(month["segments"] * 0.0083)


def test_people_see_a_table_and_why_the_rest_is_not_texted(home: Home) -> None:
    table, reasons = home.done("backtest", *BOTH).split("\n\n")
    assert table.split()[:3] == ["practice", "month", "calls"]
    assert "Stories" in table
    assert "answered" in reasons and "unreached" in reasons
    assert [int(one.split()[2]) for one in reasons.splitlines()[1:]] == sorted(
        (int(one.split()[2]) for one in reasons.splitlines()[1:]), reverse=True
    )


def test_every_call_is_a_row_with_the_keys_of_the_log(home: Home) -> None:
    out = home.folder / "calls.csv"
    [month] = months(home.done("backtest", *BOTH, "--json", "--csv", out))
    with open(out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(KEYS)
    assert len(rows) == month["calls"]
    assert Counter(found["disposition"] for found in rows) == month["dispositions"]
    [found] = [found for found in rows if found["caller"] == "+15559870001"]
    assert (found["why"], found["queue"]) == ("text: hung up after 11 s on hold in support", "support")
    assert found["started_at"] == "2026-11-21T20:43:35.000Z"


def test_the_rows_may_go_to_the_output_alone(home: Home) -> None:
    assert home.done("backtest", *BOTH, "--csv", "-").splitlines()[0] == ",".join(KEYS)


def test_twice_the_same_gives_the_same(home: Home) -> None:
    assert home.done("backtest", *BOTH, "--csv", "-") == home.done("backtest", *BOTH, "--csv", "-")


def test_no_name_is_a_formula(home: Home) -> None:
    rows = [row(call(1), 0, 60, clid=f'"=cmd()" <{CALLER}>'), row(call(2), 0, 60, src="+12025550177")]
    cdr = write(home.folder / "Master.csv", *rows)
    output = home.done("backtest", "--cdr", cdr, "--practice", PRACTICE, "--csv", "-")
    first, second = csv.DictReader(output.splitlines())
    assert (first["caller_name"], second["caller"]) == ("'=cmd()", "+12025550177")


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ([], {"2026-10": 4, "2026-11": 6}),
        (["--from", "2026-10-30"], {"2026-10": 2, "2026-11": 6}),
        (["--to", "2026-10-30"], {"2026-10": 3}),
        (["--from", "2026-11-01", "--to", "2026-11-01"], {"2026-11": 1}),
        (["--from", "2026-11-01T12:00:01", "--to", "2026-11-02T12:00:01"], {"2026-11": 1}),
        (["--from", "2027-01-01"], {}),
    ],
)
def test_days_may_be_chosen(home: Home, options: list[str], calls: dict[str, int]) -> None:
    found = months(home.done("backtest", "--queue-log", days(home.folder), "--practice", PRACTICE, "--json", *options))
    assert {month["month"]: month["calls"] for month in found} == calls


def test_who_was_texted_before_the_first_day_is_not_texted_again(home: Home) -> None:
    midnight = -(T0 % 86400)
    lines = []
    for number, at in enumerate([midnight - 3600, midnight + 1800]):
        lines.append(line(at, call(number, at), "ENTERQUEUE", "", CALLER, 1))
        lines.append(line(at + 60, call(number, at), "ABANDON", 1, 1, 60))
    queue_log = write(home.folder / "queue_log", *lines)
    [month] = months(
        home.done("backtest", "--queue-log", queue_log, "--practice", PRACTICE, "--json", "--from", "2026-11-21")
    )
    assert (month["calls"], month["reasons"]) == (1, {"cooldown": 1})


def test_the_records_that_the_configuration_names_are_read(home: Home) -> None:
    home.config.write_text(home.config.read_text() + f'queue_log = "{QUEUE_LOG}"\ncdr = "{CDR}"\n')
    home.want()
    [month] = months(home.done("backtest", "--json"))
    assert month["practice"] == "Riverside" and month["calls"] > 60


def test_a_queue_log_and_a_practice_are_enough(home: Home) -> None:
    home.config.unlink()
    [month] = months(home.done("backtest", "--queue-log", QUEUE_LOG, "--practice", PRACTICE, "--json"))
    assert month["dispositions"]["abandoned"] > 20 and month["cost"] is None


def test_what_queue_log_alone_does_not_tell_is_said(home: Home) -> None:
    result = home.run("backtest", "--queue-log", QUEUE_LOG, "--practice", PRACTICE)
    assert "does not tell the end (time-outs, transfers): --cdr would" in result.stderr
    assert "lines were passed over: forged" in result.stderr
    assert home.run("backtest", "--queue-log", days(home.folder), "--practice", PRACTICE).stderr == ""


def test_nothing_to_read_is_told(home: Home) -> None:
    home.want()
    assert "say with --queue-log or --cdr" in home.run("backtest").output
    empty = write(home.folder / "empty")
    assert home.done("backtest", "--queue-log", empty, "--practice", PRACTICE) == "no calls\n"


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--queue-log", "/nowhere/queue_log"], 1, "/nowhere/queue_log: there is no such file"),
        (["--cdr", "sqlite:////nowhere/x.db"], 1, "there is no such file"),
        (["--queue-log", QUEUE_LOG, "--pbx", "other"], 2, "there is main"),
        (["--queue-log", QUEUE_LOG, "--from", "soon"], 2, "is no date such as"),
        (["--queue-log", QUEUE_LOG, "--timezone", "Mars/Olympus"], 2, "is no time zone such as"),
        (["--queue-log", QUEUE_LOG, "--csv", "/nowhere/x.csv"], 1, "/nowhere/x.csv: no such file or directory"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(home: Home, options: list[Any], status: int, message: str) -> None:
    result = home.run("backtest", "--practice", PRACTICE, *options)
    assert result.exit_code == status
    assert message in result.stderr.splitlines()[-1]


def test_a_cdr_needs_the_trunks_of_the_configuration(home: Home) -> None:
    home.config.unlink()
    assert home.run("backtest", "--cdr", CDR, "--practice", PRACTICE).exit_code == 78


def test_the_records_of_a_freeswitch_are_a_folder(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "json-cdr"
    folder.mkdir()
    for packed in (RECORDS / "freeswitch").glob("*.gz"):
        (folder / f"{packed.name.removesuffix('.json.gz')}.cdr.json").write_bytes(gzip.decompress(packed.read_bytes()))
    home.write("textback.toml", FREESWITCH)
    [month] = months(home.done("backtest", "--cdr", folder, "--practice", PRACTICE, "--json"))
    assert month["calls"] == 18
    assert (month["dispositions"]["answered"], month["dispositions"]["missed"]) == (4, 8)
    assert month["texts"]["call_to_text"] == 1


def test_what_a_freeswitch_has_not_is_told(home: Home, tmp_path: Path) -> None:
    home.write("textback.toml", FREESWITCH)
    assert "a FreeSWITCH has no queue_log" in home.run("backtest", "--queue-log", tmp_path / "queue_log").stderr
    assert "is not there" in home.run("backtest", "--cdr", tmp_path / "nowhere", "--practice", PRACTICE).stderr
