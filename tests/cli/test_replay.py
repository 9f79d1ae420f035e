from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests import recordings
from textback.cli import cli
from textback.store.calls import KEYS

from .conftest import Home

STORIES = recordings.STORIES
UNDER = ["--config", str(STORIES / "textback.toml"), "--practice", str(STORIES / "practice.toml"), "--pbx", "asterisk"]


def replayed(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["replay", *arguments])
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def rows(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in replayed(*UNDER, "--json", *arguments).splitlines()]


def test_with_json_it_prints_the_calls_and_nothing_else(tmp_path: Path) -> None:
    (row,) = rows(str(recordings.unpack("asterisk22", "a1_queue_abandon_waiting", tmp_path)))
    assert list(row) == list(KEYS)
    assert (row["disposition"], row["queue"], row["verdict"]) == ("abandoned", "support", "text")


def test_it_is_deterministic(tmp_path: Path) -> None:
    file = str(recordings.unpack("asterisk22", "a1_queue_abandon_waiting", tmp_path))
    assert rows(file) == rows(file)


def test_without_it_tells_fact_state_and_verdict(tmp_path: Path) -> None:
    file = str(recordings.unpack("asterisk22", "a1_queue_abandon_waiting", tmp_path))
    heading, *lines = replayed(*UNDER, file).splitlines()
    assert heading == file
    told = [line.split("  ")[-1] for line in lines]
    assert [line for line in told if "waits no more" not in line] == [
        "called 15551230100 [menu]",
        "waits in support [waiting]",
        "hung up [abandoned]",
        "text: hung up after 12 s on hold in support [abandoned]",
    ]
    offsets = [float(line.split()[0]) for line in lines]
    assert offsets == sorted(offsets)


def test_a_key_on_hold_is_told_with_its_answer(tmp_path: Path) -> None:
    told = replayed(*UNDER, str(recordings.unpack("asterisk22", "c2_press5_no_context", tmp_path)))
    assert "pressed 5 [waiting]" in told and "gets a text [waiting]" in told and "hung up [texted]" in told


def test_several_files_are_told_one_after_the_other(tmp_path: Path) -> None:
    names = ("a1_queue_abandon_waiting", "e2_dial_busy")
    files = [str(recordings.unpack("asterisk22", name, tmp_path)) for name in names]
    assert [row["disposition"] for row in rows(*files)] == ["abandoned", "missed"]


def test_without_an_index_the_events_tell_the_time(tmp_path: Path) -> None:
    file = recordings.unpack("asterisk22", "a1_queue_abandon_waiting", tmp_path)
    file.with_suffix(".idx").unlink()
    (row,) = rows(str(file))
    assert row["hold_seconds"] == pytest.approx(11.5, abs=1.5)


def test_the_practices_of_the_database_hold_where_no_file_is_given(home: Home, tmp_path: Path) -> None:
    file = str(recordings.unpack("asterisk22", "a1_queue_abandon_waiting", tmp_path))
    without = home.run("replay", "--json", file)
    assert json.loads(without.stdout)["reason"] == "no_practice"
    assert without.stderr.startswith("without practices, ")
    home.want()
    (row,) = [json.loads(line) for line in home.done("replay", "--json", file).splitlines()]
    assert (row["practice"], row["verdict"]) == ("Riverside", "text")
    assert home.done("calls", "list", "--json") == ""


def test_faults_are_told_in_one_line(home: Home, tmp_path: Path) -> None:
    missing = home.run("replay", tmp_path / "no.ami")
    assert (missing.exit_code, missing.stderr.splitlines()[-1]) == (1, f"{tmp_path}/no.ami: no such file or directory")
    home.write("x.ami", "Event: Hangup\r\n\r\n")
    home.write("x.idx", "{}\n")
    index = home.run("replay", tmp_path / "x.ami")
    assert (index.exit_code, "x.idx: expected JSON lines" in index.stderr) == (1, True)
    assert home.run("replay", "--pbx", "other", tmp_path / "x.ami").exit_code == 2


def test_a_recording_of_freeswitch_is_replayed_by_the_times_of_its_events(tmp_path: Path) -> None:
    file = recordings.unpack("freeswitch", "a1_queue_abandon", tmp_path)
    (line,) = replayed(*UNDER[:-1], "freeswitch", "--json", str(file)).splitlines()
    row = json.loads(line)
    assert (row["disposition"], row["queue"], row["hold_seconds"]) == ("abandoned", "support", 7.02)
    assert row["started_at"] == "2026-11-21T17:19:24.438Z"


def test_an_index_tells_when_the_bytes_of_freeswitch_came(tmp_path: Path) -> None:
    file = recordings.unpack("freeswitch", "a1_queue_abandon", tmp_path)
    hangup = file.read_bytes().index(b"Event-Name: CHANNEL_HANGUP\n")
    file.with_suffix(".idx").write_text(f"[0.0, 0]\n[30.0, {hangup - 200}]\n")
    (line,) = replayed(*UNDER[:-1], "freeswitch", "--json", str(file)).splitlines()
    assert json.loads(line)["hold_seconds"] == 30.0


def test_what_is_no_recording_of_freeswitch_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.esl").write_bytes(b"HTTP/1.1 400 Bad Request\n\n")
    result = CliRunner().invoke(cli, ["replay", *UNDER[:-1], "freeswitch", str(tmp_path / "x.esl")])
    assert (result.exit_code, "x.esl: this is no FreeSWITCH" in result.stderr) == (1, True)


def test_a_file_that_holds_no_call_is_no_silent_success(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing of the kind\n")
    result = CliRunner().invoke(cli, ["replay", *UNDER, str(tmp_path / "notes.txt")])
    assert (result.exit_code, "no call in it" in result.stderr) == (0, True)
