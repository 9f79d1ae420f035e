from __future__ import annotations

import json

import pytest

from textback.store import messages, optouts, people

from .conftest import NOON, Home

ANN, BOB = "+12025550111", "+12025550122"


@pytest.fixture
def clinic(home: Home) -> Home:
    home.want()
    return home


def waiting(connection: object) -> None:
    talk = people.conversation_for(connection, "Riverside", "+12025550100", ANN, NOON)  # type: ignore[arg-type]
    new = messages.NewMessage(
        id="message-1", conversation_id=talk, to_number=ANN, from_number="+12025550100", body="Hello", segments=1,
        encoding="GSM-7", created_at=NOON, due_at=NOON, practice="Riverside",
    )  # fmt: skip
    messages.add(connection, new)  # type: ignore[arg-type]


def listed(home: Home, *options: str) -> list[str]:
    rows = [json.loads(line) for line in home.done("optout", "list", "--json", *options).splitlines()]
    assert all(list(row) == ["number", "at", "source"] for row in rows)
    return [row["number"] for row in rows]


def test_numbers_are_added_and_what_waits_for_them_is_cancelled(clinic: Home) -> None:
    clinic.change(waiting)
    assert clinic.done("optout", "add", "(202) 555-0111", BOB) == f"{ANN}: opted out\n{BOB}: opted out\n"
    assert clinic.done("optout", "add", ANN) == f"{ANN}: had opted out before\n"
    assert sorted(listed(clinic)) == [ANN, BOB]
    (row,) = map(json.loads, clinic.done("messages", "list", "--json").splitlines())
    assert (row["status"], row["reason"]) == ("cancelled", "opted_out")


def test_numbers_are_removed(clinic: Home) -> None:
    clinic.done("optout", "add", ANN)
    assert clinic.done("optout", "remove", "202-555-0111", BOB) == f"{ANN}: removed\n{BOB}: had not opted out\n"
    assert listed(clinic) == []


@pytest.mark.parametrize("command", ["add", "remove"])
def test_what_is_no_number_is_a_mistake_and_nothing_is_done(clinic: Home, command: str) -> None:
    clinic.change(lambda connection: optouts.record(connection, BOB, NOON, "text"))
    run = clinic.run("optout", command, ANN, "reception", BOB, "12")
    assert run.exit_code == 2 and run.stdout == ""
    assert "no telephone number: 'reception', '12'" in run.stderr
    assert listed(clinic) == [BOB]


def test_numbers_are_read_as_in_the_region_of_the_only_practice(home: Home) -> None:
    home.want(
        practice__region="FR", practice__default=False, line=[{"name": "Accueil", "number": "+33639980001"}]
    )
    assert home.done("optout", "add", "06 39 98 00 02") == "+33639980002: opted out\n"


def test_a_list_begins_with_the_newest_and_can_be_cut(clinic: Home) -> None:
    for number, at in ((ANN, NOON), (BOB, NOON + 60)):
        clinic.change(lambda connection, number=number, at=at: optouts.record(connection, number, at, "text"))
    assert listed(clinic) == [BOB, ANN]
    assert listed(clinic, "--limit", "1") == listed(clinic, "--since", "2026-11-21T12:00:30Z") == [BOB]
    heading, newest, _ = clinic.done("optout", "list").splitlines()
    assert heading.split() == ["number", "since", "source"]
    assert newest.split() == [BOB, "2026-11-21", "12:01:00", "text"]


def test_an_empty_list_says_so(clinic: Home) -> None:
    run = clinic.run("optout", "list")
    assert (run.exit_code, run.stdout, run.stderr) == (0, "", "nobody opted out\n")
