"""How far a text got never goes backwards, and one that the provider has is not sent again."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from textback.model import Direction, Status
from textback.store import claims, deliveries, messages
from textback.store.deliveries import Applied, Report
from textback.store.tables import calls, line_types, messages as table, optouts

from .test_messages import NOW, row, text, thread

__all__ = ["thread"]

RANKS = {Status.SENT: 1, Status.UNDELIVERED: 2, Status.FAILED: 2, Status.DELIVERED: 3}
LATER = NOW + 60


def report(status: Status = Status.SENT, sid: str = "SM1", **changes: Any) -> Report:
    return Report(provider_id=sid, status=status, **changes)


def apply(conn: Connection, told: Report, now: float = LATER) -> Applied:
    return deliveries.apply(conn, told, "twilio", now)


def in_state(conn: Connection, thread: int, status: Status, **changes: Any) -> str:
    """A text that was handed over once and stands so."""
    message_id = messages.add(conn, text(thread))
    values = {"status": status, "attempts": 1, "claimed_at": NOW} | changes
    conn.execute(update(table).where(table.c.id == message_id).values(values))
    return message_id


def sent(conn: Connection, thread: int, sid: str = "SM1") -> str:
    return in_state(conn, thread, Status.SENT, provider="twilio", provider_id=sid, sent_at=NOW)


def test_delivered_is_written_with_its_time(conn: Connection, thread: int) -> None:
    message_id = sent(conn, thread)
    assert apply(conn, report(Status.DELIVERED)) is Applied.CHANGED
    found = row(conn, message_id)
    assert (found.status, found.delivered_at, found.sent_at, found.reason) == (Status.DELIVERED, LATER, NOW, None)


@pytest.mark.parametrize("order", list(itertools.permutations([Status.SENT, Status.FAILED, Status.DELIVERED])))
def test_in_whatever_order_reports_come_the_furthest_stays(
    conn: Connection, thread: int, order: tuple[Status, ...]
) -> None:
    message_id = sent(conn, thread)
    for status in order * 2:
        apply(conn, report(status))
    assert row(conn, message_id).status == Status.DELIVERED


@pytest.mark.parametrize(("first", "second"), list(itertools.product(RANKS, RANKS)))
def test_a_report_changes_a_text_only_if_it_is_further(
    conn: Connection, thread: int, first: Status, second: Status
) -> None:
    message_id = sent(conn, thread)
    apply(conn, report(first, reason="first"))
    is_further = RANKS[second] > RANKS[first]
    assert apply(conn, report(second, reason="second")) is (Applied.CHANGED if is_further else Applied.KNOWN)
    assert row(conn, message_id).status == (second if is_further else first)


def test_a_fault_is_written_with_its_sentence(conn: Connection, thread: int) -> None:
    message_id = sent(conn, thread)
    apply(conn, report(Status.UNDELIVERED, reason="policy: filtered"))
    assert (row(conn, message_id).status, row(conn, message_id).reason) == (Status.UNDELIVERED, "policy: filtered")


def test_what_arrived_after_all_has_no_fault(conn: Connection, thread: int) -> None:
    message_id = sent(conn, thread)
    apply(conn, report(Status.UNDELIVERED, reason="permanent: no such phone"))
    apply(conn, report(Status.DELIVERED))
    assert (row(conn, message_id).status, row(conn, message_id).reason) == (Status.DELIVERED, None)


def test_a_landline_and_an_opt_out_are_remembered_once(conn: Connection, thread: int) -> None:
    sent(conn, thread)
    told = report(Status.UNDELIVERED, landline=True, opted_out=True)
    apply(conn, told)
    apply(conn, told, LATER + 60)
    assert conn.execute(select(line_types)).all() == [("+15555550203", "landline", LATER, "twilio")]
    assert conn.execute(select(optouts)).all() == [("+15555550203", LATER, "twilio")]


@pytest.mark.parametrize("message_id", [None, "7f0f9a3e-7d0b-4b5c-8e39-0b8f4c1f7a55"])
def test_a_text_that_is_not_ours_is_no_error(conn: Connection, thread: int, message_id: str | None) -> None:
    message = sent(conn, thread)
    assert apply(conn, report(Status.DELIVERED, "SM2", message_id=message_id)) is Applied.UNKNOWN
    assert row(conn, message).status == Status.SENT


def test_a_text_to_us_has_no_delivery(conn: Connection, thread: int) -> None:
    message_id = in_state(conn, thread, Status.RECEIVED, direction=Direction.IN, provider_id="SM1")
    assert apply(conn, report(Status.DELIVERED, message_id=message_id)) is Applied.UNKNOWN
    assert row(conn, message_id).status == Status.RECEIVED


@pytest.mark.parametrize(
    "status",
    [Status.SENDING, Status.UNKNOWN, Status.QUEUED, Status.HELD, Status.CANCELLED, Status.FAILED],
)
@pytest.mark.parametrize("told", [Status.SENT, Status.DELIVERED, Status.UNDELIVERED])
def test_a_text_of_ours_that_the_provider_has_is_adopted_and_not_sent_again(
    conn: Connection, thread: int, status: Status, told: Status
) -> None:
    message_id = in_state(conn, thread, status, reason="unknown: no answer")
    assert apply(conn, report(told, message_id=message_id)) is Applied.ADOPTED
    found = row(conn, message_id)
    assert (found.status, found.provider, found.provider_id, found.sent_at) == (told, "twilio", "SM1", NOW)
    assert found.reason is None
    assert claims.claim(conn, LATER, "us") is None


def test_a_text_that_was_never_handed_over_is_not_adopted(conn: Connection, thread: int) -> None:
    message_id = in_state(conn, thread, Status.QUEUED, attempts=0, claimed_at=None)
    assert apply(conn, report(message_id=message_id)) is Applied.UNKNOWN
    assert row(conn, message_id).provider_id is None


def test_an_adopted_text_goes_on_like_any_other(conn: Connection, thread: int) -> None:
    message_id = in_state(conn, thread, Status.SENDING)
    assert apply(conn, report(Status.DELIVERED, message_id=message_id)) is Applied.ADOPTED
    assert apply(conn, report(Status.SENT, message_id=message_id)) is Applied.KNOWN
    assert row(conn, message_id).status == Status.DELIVERED


def test_the_sender_that_gets_its_answer_after_the_callback_finds_the_text_settled(
    conn: Connection, thread: int
) -> None:
    message_id = messages.add(conn, text(thread))
    claimed = claims.claim(conn, NOW, "us")
    assert claimed is not None
    apply(conn, report(Status.DELIVERED, message_id=message_id))
    answer = claims.Settled(status=Status.SENT, provider="twilio", provider_id="SM1", sent_at=LATER)
    assert claims.settle(conn, message_id, answer, claimed.attempts) is Status.DELIVERED
    assert row(conn, message_id).status == Status.DELIVERED


def test_a_second_text_at_the_provider_under_the_same_id_of_ours_is_a_conflict(conn: Connection, thread: int) -> None:
    message_id = sent(conn, thread)
    assert apply(conn, report(Status.DELIVERED, "SM2", message_id=message_id)) is Applied.CONFLICT
    assert (row(conn, message_id).status, row(conn, message_id).provider_id) == (Status.SENT, "SM1")


def test_the_providers_id_counts_more_than_ours(conn: Connection, thread: int) -> None:
    theirs, other = sent(conn, thread), in_state(conn, thread, Status.UNKNOWN)
    assert apply(conn, report(Status.DELIVERED, message_id=other)) is Applied.CHANGED
    assert row(conn, theirs).status == Status.DELIVERED
    assert (row(conn, other).status, row(conn, other).provider_id) == (Status.UNKNOWN, None)


@pytest.mark.parametrize(("status", "verdict"), [(Status.HELD, "held"), (Status.CANCELLED, "skip")])
def test_the_log_of_calls_says_that_a_text_was_given_after_all(
    conn: Connection, thread: int, status: Status, verdict: str
) -> None:
    message_id = in_state(conn, thread, status, call_id="a/1")
    call = {"id": "a/1", "pbx": "a", "started_at": NOW, "verdict": verdict, "message_id": message_id}
    conn.execute(calls.insert(), call)
    apply(conn, report(message_id=message_id))
    assert conn.execute(select(calls.c.verdict, calls.c.why)).one() == (
        "text",
        "text: the provider had taken it already",
    )


def test_the_line_that_a_text_left_from_is_known_by_the_providers_id(conn: Connection, thread: int) -> None:
    sent(conn, thread)
    assert deliveries.line_of(conn, "SM1") == "+15555550100"
    assert deliveries.line_of(conn, "SM2") is None
