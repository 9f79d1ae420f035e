from __future__ import annotations

import json

import pytest

from textback.model import Flow, Status
from textback.store import messages, people

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
    assert heading.split() == ["created", "to", "flow", "status", "reason", "segments", "call", "text"]
    assert newest.split() == "2026-11-21 12:00:01 +12025550111 missed held - 1 main/1 Hello".split()


def test_a_held_text_is_released_and_another_dismissed(texted: Home) -> None:
    assert texted.done("messages", "release", "message-1") == "message-1: released\n"
    assert texted.done("messages", "cancel", "message-0") == "message-0: cancelled\n"
    rows = [json.loads(line) for line in texted.done("messages", "list", "--json").splitlines()]
    assert [row["status"] for row in rows] == ["queued", "cancelled"]


def test_what_cannot_be_released_is_said_and_the_rest_is_done(texted: Home) -> None:
    run = texted.run("messages", "release", "message-0", "nothing", "message-1")
    assert run.exit_code == 1 and run.stdout == "message-1: released\n"
    assert "message-0: the message is queued" in run.stderr and "nothing: there is no such message" in run.stderr
