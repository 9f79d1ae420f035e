from __future__ import annotations

import json

import pytest

from sqlalchemy import update

from textback.clock import system_clock
from textback.model import Flow, Status
from textback.store import messages, optouts, people, senders
from textback.store.tables import messages as table

from .conftest import NOON, Home

KEYS = (
    "id, direction, flow, call_id, conversation_id, to, from, body, segments, encoding, status, reason, provider_id,"
    " attempts, created_at, sent_at, delivered_at"
).split(", ")


@pytest.fixture
def texted(home: Home) -> Home:
    home.want()
    for number, status in enumerate((Status.QUEUED, Status.HELD)):
        home.change(lambda connection, number=number, status=status: add(connection, number, status))
    return home


def add(connection: object, number: int, status: Status) -> None:
    talk = people.conversation_for(connection, "Riverside", "+12025550100", "+12025550111", NOON)  # type: ignore
    new = messages.NewMessage(
        id=f"message-{number}", conversation_id=talk, to_number="+12025550111", from_number="+12025550100",
        body="Hello", segments=1, encoding="GSM-7", created_at=NOON + number, due_at=NOON, call_id=f"main/{number}",
        practice="Riverside", flow=Flow.MISSED, status=status,
    )  # fmt: skip
    messages.add(connection, new)  # type: ignore


def test_messages_are_listed_newest_first_with_the_keys_of_the_specification(texted: Home) -> None:
    rows = [json.loads(line) for line in texted.done("messages", "list", "--json").splitlines()]
    assert [row["id"] for row in rows] == ["message-1", "message-0"]
    assert all(list(row) == KEYS for row in rows)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (["--status", "held"], 1), (["--status", "sent"], 0), (["--limit", "1"], 1), (["--practice", "Riverside"], 2),
        (["--practice", "Grove"], 0), (["--since", "2026-11-21T12:00:01Z"], 1),
    ],
)  # fmt: skip
def test_a_filter_leaves_what_it_names(texted: Home, filters: list[str], count: int) -> None:
    assert len(texted.done("messages", "list", "--json", *filters).splitlines()) == count


def test_people_get_a_table(texted: Home) -> None:
    heading, newest, _ = texted.done("messages", "list").splitlines()
    assert heading.split() == "created way number flow status reason segments call id text".split()
    assert newest.split() == "2026-11-21 12:00:01 out +12025550111 missed held - 1 main/1 message-1 Hello".split()


def test_a_held_text_is_released_and_another_dismissed(texted: Home) -> None:
    assert texted.done("messages", "release", "message-1") == "message-1: released\n"
    assert texted.done("messages", "cancel", "message-0") == "message-0: cancelled\n"
    rows = [json.loads(line) for line in texted.done("messages", "list", "--json").splitlines()]
    assert [row["status"] for row in rows] == ["queued", "cancelled"]


def test_what_cannot_be_released_is_said_and_the_rest_is_done(texted: Home) -> None:
    run = texted.run("messages", "release", "message-0", "nothing", "message-1")
    assert run.exit_code == 1 and run.stdout == "message-1: released\n"
    assert "message-0: the message is queued" in run.stderr and "nothing: there is no such message" in run.stderr


TO = "+12025550111"


def test_a_text_by_hand_is_queued_as_it_will_be_read(texted: Home) -> None:
    told = texted.run("messages", "send", "(202) 555-0111", "Hi {first_name|there}, {practice} here")
    assert told.exit_code == 0
    new, _, said = told.stdout.partition(": ")
    assert said == f"queued, 1 segment to {TO} from +12025550100: Hi there, Riverside here\n"
    (row,) = [one for one in rows(texted) if one["id"] == new]
    assert (row["status"], row["flow"], row["body"]) == ("queued", None, "Hi there, Riverside here")


def test_where_no_daemon_runs_that_is_said(texted: Home) -> None:
    assert "hint: no daemon is running" in texted.run("messages", "send", TO, "Hello").stderr
    texted.change(lambda connection: senders.beat(connection, "desk-1", 1, system_clock()))
    assert texted.run("messages", "send", TO, "Hello").stderr == ""
    texted.change(lambda connection: senders.beat(connection, "desk-1", 2, system_clock() - 3600))
    assert "hint: no daemon is running" in texted.run("messages", "send", TO, "Hello").stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([TO, "{nobody}"], "unknown placeholder {nobody}"), ([TO, " "], "the text is empty"),
        (["911", "Hello"], "emergency"), ([TO, "Hello", "--line", "Back"], "no such line; there is Front desk"),
        ([TO, "Hello", "--practice", "Grove"], "no such practice; there is Riverside"), ([TO], "Missing argument"),
    ],
)  # fmt: skip
def test_what_can_be_put_right_by_typing_it_again_is_a_fault_of_usage(
    texted: Home, arguments: list[str], why: str
) -> None:
    result = texted.run("messages", "send", *arguments)
    assert (result.exit_code, why in result.stderr, result.stdout) == (2, True, "")
    assert len(rows(texted)) == 2


def test_who_opted_out_gets_nothing_by_hand(texted: Home) -> None:
    texted.change(lambda connection: optouts.record(connection, TO, NOON, "stop"))
    result = texted.run("messages", "send", TO, "Hello")
    assert (result.exit_code, "opted out" in result.stderr, TO in result.stderr) == (1, True, False)
    assert texted.run("messages", "release", "message-1").exit_code == 1


def test_in_test_mode_nothing_is_released_but_to_test_numbers(texted: Home) -> None:
    texted.want(practice__mode="test")
    result = texted.run("messages", "release", "message-1")
    assert (result.exit_code, "Riverside is in test mode" in result.stderr) == (1, True)
    texted.want(practice__mode="test", practice__test_numbers=[TO])
    assert texted.done("messages", "release", "message-1") == "message-1: released\n"


def test_what_did_not_arrive_is_sent_again(texted: Home) -> None:
    outcomes = {
        "message-0": {"status": Status.FAILED},
        "message-1": {"status": Status.UNDELIVERED, "provider_id": "SM1"},
    }
    for message, values in outcomes.items():
        texted.change(lambda connection, message=message, values=values: connection.execute(
            update(table).where(table.c.id == message).values(values)
        ))  # fmt: skip
    told = texted.run("messages", "retry", "message-0", "message-1", "message-2")
    assert told.exit_code == 1 and "message-2: there is no such message" in told.stderr
    first, second = told.stdout.splitlines()
    assert first == "message-0: queued again"
    assert second.startswith("message-1: queued again as ")
    status = {row["id"]: row["status"] for row in rows(texted)}
    assert status == {"message-0": "queued", "message-1": "undelivered", second.rpartition(" ")[2]: "queued"}
    assert "message-0: the message is queued" in texted.run("messages", "retry", "message-0").stderr


def rows(home: Home) -> list[dict[str, object]]:
    return [json.loads(line) for line in home.done("messages", "list", "--json").splitlines()]
