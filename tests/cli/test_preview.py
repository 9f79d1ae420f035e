from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.practices import document
from textback import config
from textback.cli import cli, toml

from .conftest import Home

KEYS = (
    "practice line flow when queue language enabled text to_strangers characters most_characters limit segments"
    " most_segments encoding cost warnings"
).split()


@pytest.fixture(autouse=True)
def a_terminal_of_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def rows(told: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.splitlines()]


def file(home: Home, **changes: Any) -> str:
    return str(home.write("practice.toml", toml.dumps(document(**changes))))


def test_the_only_practice_needs_no_name(home: Home) -> None:
    home.want()
    told = home.done("practice", "preview")
    assert told == home.done("practice", "preview", "Riverside")
    assert told.splitlines()[:8] == [
        "Riverside",
        "  sent from  Front desk (+12025550100)",
        "  read by    Maria, a contact, after 1 min 35 s on hold in support",
        "  mode       live: any caller may get a text",
        "",
        "call_to_text  on  the caller pressed 5 on hold, at any time",
        "  en    │ Riverside here, how can we help?",
        "          32 of 255 characters, 1 segment GSM-7",
    ]


def test_a_long_text_is_wrapped_and_its_lines_stay_lines(home: Home) -> None:
    text = "{practice}: " + "one word more " * 8 + "\nHi {first_name|there}"
    told = home.done("practice", "preview", "--file", file(home, call_to_text__message={"en": text})).splitlines()
    at = told.index("  en    │ Riverside: one word more one word more one word more one word more")
    assert told[at + 1 : at + 8] == [
        "        │ one word more one word more one word more one word more",
        "        │ Hi Maria",
        "          132 of 255 characters (up to 147), 1 segment GSM-7",
        "        │ Riverside: one word more one word more one word more one word more",
        "        │ one word more one word more one word more one word more",
        "        │ Hi there",
        "          to callers whom the practice does not know",
    ]


def test_programs_get_one_object_a_line_with_the_same_keys(home: Home) -> None:
    home.want()
    found = rows(home.done("practice", "preview", "--json"))
    assert len(found) == 5 and all(list(row) == KEYS for row in found)
    assert found[0] == {
        "practice": "Riverside", "line": "+12025550100", "flow": "call_to_text", "when": None, "queue": None,
        "language": "en", "enabled": True, "text": "Riverside here, how can we help?", "to_strangers": None,
        "characters": 32, "most_characters": 32, "limit": 255, "segments": 1, "most_segments": 1, "encoding": "GSM-7",
        "cost": None, "warnings": found[0]["warnings"],
    }  # fmt: skip


def test_the_price_of_a_segment_gives_the_cost(home: Home) -> None:
    home.want(call_to_text__message={"en": "{practice}" + "a" * 160})
    home.configure("[sms]\nprice_per_segment = 0.0075\n")
    assert [row["cost"] for row in rows(home.done("practice", "preview", "--json"))][:2] == [0.015, 0.0075]
    told = home.done("practice", "preview")
    assert "2 segments GSM-7, costs 0.015\n" in told and "hint" not in told


def test_a_file_needs_neither_a_database_nor_a_configuration(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(home, missed={"during_hours": {"enabled": True, "message": {"en": "{practice}, sorry!"}}})
    home.config.unlink()
    monkeypatch.chdir(home.folder)
    monkeypatch.setattr(config, "PLACES", (Path("textback.toml"),))
    told = CliRunner().invoke(cli, ["practice", "preview", "--file", path])
    assert told.exit_code == 0, told.output
    assert "missed.outside_hours  off" in told.stdout and "Riverside, sorry!" in told.stdout
    assert "hint: with sms.price_per_segment" in told.stdout


def test_a_file_with_mistakes_tells_them(home: Home) -> None:
    found = home.run("practice", "preview", "--file", file(home, call_to_text__message={"en": "a" * 256}))
    assert found.exit_code == 78
    assert "call_to_text.message.en: found up to 256 characters, expected at most 255" in found.stderr


def test_the_queue_chooses_words_and_line(home: Home) -> None:
    home.want(abandoned__queue={"billing": {"message": {"en": "{practice}: about your bill"}}})
    there = rows(home.done("practice", "preview", "--queue", "billing", "--json"))
    assert {row["queue"] for row in there} == {"billing"}
    assert "Riverside: about your bill" in [row["text"] for row in there]
    told = home.done("practice", "preview", "--queue", "billing")
    assert "warning: no line of the practice names the queue billing" in told


def test_warnings_stand_below_their_text_and_the_others_at_the_end(home: Home) -> None:
    path = file(home, practice__mode="test", call_to_text__message={"en": "How can we help?"})
    told = home.done("practice", "preview", "--file", path)
    assert "          warning: doesn't say who is writing: neither {practice} nor the\n" in told
    assert told.count("doesn't say who is writing") == 1
    assert "\nwarning: practice.mode is test and practice.test_numbers is empty: nobody gets a text\n" in told
    assert "  mode       test: no test numbers may get a text" in told


def test_what_a_terminal_might_obey_is_escaped(home: Home) -> None:
    path = file(home, call_to_text__message={"en": "{practice} \x1b[2J\u202e"})
    told = home.done("practice", "preview", "--file", path)
    assert "Riverside \\x1b[2J\\u202e" in told and "\x1b" not in told and "\u202e" not in told


def test_which_practice_is_meant_must_be_said(home: Home) -> None:
    home.migrate()
    nothing = home.run("practice", "preview")
    assert (nothing.exit_code, "practice apply" in nothing.stderr) == (1, True)
    home.want()
    unknown = home.run("practice", "preview", "Grove")
    assert (unknown.exit_code, unknown.stderr) == (1, "there is no practice Grove; there is Riverside\n")
    line = [{"name": "Front desk", "number": "+12025550102"}]
    home.want(practice__name="Grove", practice__default=False, line=line)
    either = home.run("practice", "preview")
    assert either.exit_code == 2 and "say the NAME of a practice: Grove, Riverside" in either.stderr
    assert home.run("practice", "preview", "Grove", "--file", file(home)).exit_code == 2
