"""What was posted is kept once, as it came, and for some time."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Connection, Engine, func, select

from textback.store import callbacks
from textback.store.tables import callbacks as table

NOW = 1_795_291_200.0  # 2026-11-21 20:00:00 UTC


def keep(conn: Connection, kind: str = "status", sid: str = "SM1", state: str = "sent", at: float = NOW) -> bool:
    return callbacks.keep(conn, "twilio", kind, sid, state, {"MessageSid": sid, "MessageStatus": state}, at)


def count(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(table)).scalar() or 0)


def test_what_was_posted_is_kept_as_it_came(conn: Connection) -> None:
    payload = {"Body": 'ñ "quoted" 👍 \u202eright to left', "NumMedia": "0", "": ""}
    assert callbacks.keep(conn, "twilio", "sms", "SM1", "", payload, NOW)
    row = conn.execute(select(table)).one()
    assert (row.provider, row.kind, row.provider_id, row.state) == ("twilio", "sms", "SM1", "")
    assert (row.received_at, row.payload) == (NOW, payload)


def test_what_comes_again_is_not_kept_again(conn: Connection) -> None:
    assert keep(conn)
    assert not keep(conn, at=NOW + 5)
    assert conn.execute(select(table.c.received_at)).scalars().all() == [NOW]


def test_the_transaction_goes_on_after_a_post_that_came_again(conn: Connection) -> None:
    keep(conn)
    keep(conn)
    assert keep(conn, sid="SM2")
    assert count(conn) == 2


@pytest.mark.parametrize("other", [{"state": "delivered"}, {"sid": "SM2"}, {"kind": "voice"}])
def test_another_state_another_text_and_another_kind_are_posts_of_their_own(
    conn: Connection, other: dict[str, str]
) -> None:
    assert keep(conn)
    assert keep(conn, **other)  # type: ignore[arg-type]


def test_a_state_that_is_longer_than_its_column_is_cut_and_still_told_apart_from_none(conn: Connection) -> None:
    assert keep(conn, state="partially_delivered")
    assert not keep(conn, state="partially_delivered")
    assert keep(conn, state="sent")


@pytest.mark.parametrize(
    ("text", "stored"), [("\0", "\ufffd"), ("a\0b", "a\ufffdb"), ("\ud83d", "?"), ("👍" * 5000, "👍" * 5000)]
)
def test_no_text_keeps_a_post_from_being_kept(conn: Connection, text: str, stored: str) -> None:
    assert callbacks.keep(conn, "twilio", "sms", "SM1", "", {"Body": text, text: ""}, NOW)
    assert conn.execute(select(table.c.payload)).scalar() == {"Body": stored, stored: ""}


def test_the_oldest_are_taken_away_some_at_a_time(conn: Connection) -> None:
    for age in range(5):
        keep(conn, sid=f"SM{age}", at=NOW - age)
    assert callbacks.prune(conn, NOW - 1, at_most=2) == 2
    assert set(conn.execute(select(table.c.provider_id)).scalars()) == {"SM0", "SM1", "SM2"}
    assert callbacks.prune(conn, NOW - 1, at_most=2) == 1
    assert callbacks.prune(conn, NOW - 1, at_most=2) == 0
    assert set(conn.execute(select(table.c.provider_id)).scalars()) == {"SM0", "SM1"}


def test_of_two_daemons_that_get_the_same_post_at_once_one_keeps_it(engine: Engine) -> None:
    start, kept = threading.Barrier(2), []

    def work() -> None:
        start.wait(10)
        for number in range(10):
            while True:
                try:
                    with engine.begin() as conn:
                        kept.append(keep(conn, sid=f"SM{number}"))
                    break
                except Exception as error:
                    assert "lock" in str(error).lower(), error  # what the writer waits out and tries again

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert sorted(kept) == [False] * 10 + [True] * 10
