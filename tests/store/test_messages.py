"""A message's row: added once per call, claimed by one sender, settled once, listed with the promised keys."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select

from textback.model import Flow, Status
from textback.store import claims, messages, practices, release
from textback.store.engine import open_engine
from textback.store.claims import OutMessage, Settled
from textback.store.messages import NewMessage
from textback.store.tables import conversations, messages as table

NOW = 1_795_291_200.0  # 2026-11-21 20:00:00 UTC


@pytest.fixture
def thread(conn: Connection) -> int:
    """A conversation."""
    return conversation_in(conn)


def conversation_in(conn: Connection) -> int:
    values = {"practice": "Clinic", "line": "+15555550100", "number": "+15555550203", "created_at": NOW}
    made = conn.execute(conversations.insert(), values).inserted_primary_key
    assert made is not None
    return int(made[0])


def text(thread: int, **changes: Any) -> NewMessage:
    new = NewMessage(
        conversation_id=thread,
        to_number="+15555550203",
        from_number="+15555550100",
        body="Sorry we missed you",
        segments=1,
        encoding="GSM-7",
        created_at=NOW,
        due_at=NOW,
        flow=Flow.ABANDONED,
        practice="Clinic",
    )
    return replace(new, **changes)


def claimed(conn: Connection, now: float = NOW, by: str = "us") -> OutMessage:
    message = claims.claim(conn, now, by)
    assert message is not None
    return message


def row(conn: Connection, message_id: str) -> Any:
    return conn.execute(select(table).where(table.c.id == message_id)).one()


def test_the_second_text_of_a_call_is_not_added_and_the_first_ones_id_is_given(conn: Connection, thread: int) -> None:
    first = messages.add(conn, text(thread, call_id="a/1"))
    assert messages.add(conn, text(thread, call_id="a/1", body="again")) == first
    assert conn.execute(select(func.count()).select_from(table)).scalar() == 1
    assert row(conn, first).body == "Sorry we missed you"


def test_texts_without_a_call_are_all_added(conn: Connection, thread: int) -> None:
    assert messages.add(conn, text(thread)) != messages.add(conn, text(thread))


def test_an_id_of_the_callers_own_is_kept(conn: Connection, thread: int) -> None:
    assert messages.add(conn, text(thread, id="mine")) == "mine"


def test_staff_go_in_their_order_before_keys_before_the_rest_and_new_before_old(
    conn: Connection, thread: int
) -> None:
    for name, flow, age in [
        ("old missed", Flow.MISSED, 9),
        ("new abandoned", Flow.ABANDONED, 1),
        ("old key", Flow.CALL_TO_TEXT, 8),
        ("new key", Flow.CALL_TO_TEXT, 3),
        ("old reply", None, 7),
        ("new reply", None, 5),
    ]:
        messages.add(conn, text(thread, id=name, flow=flow, created_at=NOW - age))
    order = [claimed(conn).id for _ in range(6)]
    assert order == ["old reply", "new reply", "new key", "old key", "new abandoned", "old missed"]
    assert claims.claim(conn, NOW, "us") is None


def test_a_text_is_claimed_when_it_is_due_and_not_before(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread, due_at=NOW + 60))
    assert claims.claim(conn, NOW + 59, "us") is None
    assert claims.claim(conn, NOW + 60, "us") is not None


def test_a_held_text_is_not_claimed(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread, status=Status.HELD, reason="budget"))
    assert claims.claim(conn, NOW, "us") is None


def test_a_claim_is_marked_and_counted(conn: Connection, thread: int) -> None:
    message_id = messages.add(conn, text(thread, call_id="a/1", expires_at=NOW + 600))
    assert claimed(conn) == OutMessage(
        id=message_id,
        call_id="a/1",
        flow=Flow.ABANDONED,
        author=None,
        to_number="+15555550203",
        from_number="+15555550100",
        body="Sorry we missed you",
        segments=1,
        attempts=1,
        created_at=NOW,
        expires_at=NOW + 600,
        claimed_at=NOW,
        claimed_by="us",
    )
    assert row(conn, message_id).status == Status.SENDING


def test_where_an_update_returns_nothing_the_claim_is_the_same(
    conn: Connection, thread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conn.dialect, "update_returning", False)
    message_id = messages.add(conn, text(thread))
    message = claimed(conn)
    assert (message.id, message.attempts, message.claimed_by) == (message_id, 1, "us")
    assert claims.claim(conn, NOW, "us") is None


def test_settled_once_it_is_not_settled_again(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread))
    message = claimed(conn)
    sent = Settled(status=Status.SENT, provider="twilio", provider_id="SM1", segments=2, sent_at=NOW + 1)
    assert claims.settle(conn, message.id, sent) is Status.SENT
    assert claims.settle(conn, message.id, Settled(status=Status.FAILED, reason="late")) is None
    found = row(conn, message.id)
    assert (found.status, found.provider_id, found.segments, found.sent_at) == (Status.SENT, "SM1", 2, NOW + 1)


def test_a_reason_of_an_earlier_try_does_not_stay(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread))
    first = claimed(conn)
    claims.settle(conn, first.id, Settled(status=Status.QUEUED, reason="not_processed: 429", due_at=NOW + 2))
    assert row(conn, first.id).due_at == NOW + 2
    again = claimed(conn, NOW + 2)
    claims.settle(conn, again.id, Settled(status=Status.SENT, provider_id="SM1"))
    assert row(conn, first.id).reason is None


def test_a_sender_that_woke_up_late_cannot_settle_the_next_ones_claim(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread))
    late = claimed(conn)
    claims.settle(conn, late.id, Settled(status=Status.QUEUED))
    claimed(conn, by="another")
    assert claims.settle(conn, late.id, Settled(status=Status.FAILED), late.attempts) is None
    assert row(conn, late.id).status == Status.SENDING


def test_what_was_unknown_can_still_turn_out_to_be_sent_but_not_to_have_failed(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread))
    message = claimed(conn)
    claims.settle(conn, message.id, Settled(status=Status.UNKNOWN))
    assert claims.settle(conn, message.id, Settled(status=Status.QUEUED)) is None
    assert claims.settle(conn, message.id, Settled(status=Status.SENT, provider_id="SM1")) is Status.SENT


@pytest.mark.parametrize("became", [Status.QUEUED, Status.FAILED])
def test_who_has_handed_it_over_knows_better_than_those_who_called_it_unknown(
    conn: Connection, thread: int, became: Status
) -> None:
    messages.add(conn, text(thread))
    message = claimed(conn)
    claims.settle(conn, message.id, Settled(status=Status.UNKNOWN))
    assert claims.settle(conn, message.id, Settled(status=became), message.attempts) is became
    assert claims.settle(conn, message.id, Settled(status=Status.FAILED), message.attempts) is None


def test_what_was_dismissed_while_nobody_knew_is_sent_once_its_sender_hears_so(conn: Connection, thread: int) -> None:
    """Else the next call of that number would be texted again, and its later reports would find no text."""
    messages.add(conn, text(thread))
    message = claimed(conn)
    claims.settle(conn, message.id, Settled(status=Status.UNKNOWN))
    release.cancel(conn, message.id)
    late = Settled(status=Status.SENT, provider_id="SM1")
    assert claims.settle(conn, message.id, late, message.attempts + 1) is None
    assert claims.settle(conn, message.id, late, message.attempts) is Status.SENT
    assert (row(conn, message.id).status, row(conn, message.id).provider_id) == (Status.SENT, "SM1")


def test_a_provider_id_that_another_message_owns_is_not_taken_over(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread))
    owner = claimed(conn)
    claims.settle(conn, owner.id, Settled(status=Status.SENT, provider_id="SM1"))
    messages.add(conn, text(thread))
    other = claimed(conn)
    assert claims.settle(conn, other.id, Settled(status=Status.SENT, provider_id="SM1")) is Status.UNKNOWN
    assert (row(conn, other.id).status, row(conn, other.id).provider_id) == (Status.UNKNOWN, None)
    assert row(conn, owner.id).provider_id == "SM1"


def test_interrupted_are_those_in_sending_of_a_sender_or_of_the_others(conn: Connection, thread: int) -> None:
    for at, by in [(NOW, "us"), (NOW + 100, "them"), (NOW + 200, "them")]:
        messages.add(conn, text(thread, created_at=at))
        claimed(conn, at, by)
    messages.add(conn, text(thread))
    assert [m.claimed_at for m in claims.interrupted(conn)] == [NOW, NOW + 100, NOW + 200]
    assert [m.claimed_at for m in claims.interrupted(conn, by="us")] == [NOW]
    assert [m.claimed_at for m in claims.interrupted(conn, apart_from="us")] == [NOW + 100, NOW + 200]


def test_segments_are_counted_from_the_hand_over_on(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread, segments=2))
    claimed(conn)
    messages.add(conn, text(thread, segments=3))
    claims.settle(conn, claimed(conn, NOW + 10).id, Settled(status=Status.UNKNOWN))
    messages.add(conn, text(thread, segments=5))
    claims.settle(conn, claimed(conn, NOW + 10).id, Settled(status=Status.FAILED))
    messages.add(conn, text(thread, segments=7))
    assert claims.segments_since(conn, NOW) == 5
    assert claims.segments_since(conn, NOW + 1) == 3
    assert claims.segments_since(conn, NOW + 11) == 0


def test_the_list_has_the_promised_keys_in_their_order(conn: Connection, thread: int) -> None:
    messages.add(conn, text(thread, id="m", call_id="a/1"))
    claimed(conn)
    claims.settle(conn, "m", Settled(status=Status.SENT, provider_id="SM1", sent_at=NOW + 0.25))
    (found,) = messages.listing(conn)
    assert list(found) == (
        "id direction flow call_id conversation_id to from body segments encoding status reason provider_id attempts"
        " created_at sent_at delivered_at"
    ).split()
    assert found == {
        "id": "m",
        "direction": "out",
        "flow": "abandoned",
        "call_id": "a/1",
        "conversation_id": thread,
        "to": "+15555550203",
        "from": "+15555550100",
        "body": "Sorry we missed you",
        "segments": 1,
        "encoding": "GSM-7",
        "status": "sent",
        "reason": None,
        "provider_id": "SM1",
        "attempts": 1,
        "created_at": "2026-11-21T20:00:00.000Z",
        "sent_at": "2026-11-21T20:00:00.250Z",
        "delivered_at": None,
    }


def test_the_list_is_newest_first_and_can_be_narrowed(conn: Connection, thread: int) -> None:
    for age in range(4):
        messages.add(conn, text(thread, id=f"m{age}", created_at=NOW - age, practice="Clinic" if age else None))
    claimed(conn)

    def ids(**options: Any) -> list[str]:
        return [found["id"] for found in messages.listing(conn, **options)]

    assert ids() == ids(limit=0) == ["m0", "m1", "m2", "m3"]
    assert ids(limit=2) == ["m0", "m1"]
    assert ids(since=NOW - 1) == ["m0", "m1"]
    assert ids(practice="Clinic") == ["m1", "m2", "m3"]
    assert ids(status="sending") == ["m0"]


def test_many_who_claim_at_once_get_each_text_once(database_url: str, engine: Engine) -> None:
    with engine.begin() as conn:
        practices.put(conn, "Clinic", {"line": []}, "test", 0.0)
        conversation = conversation_in(conn)
        for _ in range(40):
            messages.add(conn, text(conversation))
    got: list[str] = []

    def work(name: str) -> None:
        own = open_engine(database_url)
        while True:
            with own.begin() as conn:
                message = claims.claim(conn, NOW, name)
            if message is None:
                break
            got.append(message.id)
        own.dispose()

    workers = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(got) == len(set(got)) == 40
