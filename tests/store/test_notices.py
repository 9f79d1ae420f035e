"""Notices: claimed by one, dropped once read, told again where a claim was left behind, given up after a day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, func, select, update

from textback.store import notices, people, practices, tiles
from textback.store.engine import open_engine
from textback.store.notice_table import notices as table
from textback.store.notices import LEASE, PATIENCE, Channel, Notice
from textback.store.tables import conversations

NOW = 1_800_014_400.0
LINE, ANN, BOB = "+12025550100", "+12025550111", "+12025550122"
EMAIL = (Channel.EMAIL, "front@clinic.example")
WEBHOOK = (Channel.WEBHOOK, "")


def reply(conn: Connection, number: str = ANN, text: str = "m1", at: float = NOW, **given: Any) -> int:
    """Somebody writes, and is to be told of."""
    talk = people.conversation_for(conn, "Clinic", LINE, number, at)
    if tiles.reply_came(conn, talk, at):
        given = {"wanted": [EMAIL], "after": 30.0} | given
        notices.add(conn, talk, "Clinic", text, given["wanted"], at, given["after"])
    return talk


def read(conn: Connection, talk: int) -> None:
    conn.execute(update(conversations).where(conversations.c.id == talk).values(unread_since=None))


def count(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def claimed(conn: Connection, at: float = NOW + 30, channel: Channel = Channel.EMAIL) -> Notice:
    found = notices.claim(conn, channel, at)
    assert found is not None
    return found


def test_a_notice_is_claimed_once_it_is_due_and_by_one(conn: Connection) -> None:
    talk = reply(conn)
    assert notices.claim(conn, Channel.EMAIL, NOW + 29) is None
    notice = claimed(conn)
    assert notice[1:] == (talk, Channel.EMAIL, EMAIL[1], "Clinic", LINE, 1, NOW, NOW + 30 + PATIENCE)
    assert notices.claim(conn, Channel.EMAIL, NOW + 31) is None
    assert notices.told(conn, notice, NOW + 31)
    assert notices.claim(conn, Channel.EMAIL, NOW + 30 + LEASE) is None


def test_each_way_has_its_own(conn: Connection) -> None:
    reply(conn, wanted=[EMAIL, (Channel.EMAIL, "desk@clinic.example"), WEBHOOK])
    assert claimed(conn, channel=Channel.WEBHOOK).address == ""
    assert notices.claim(conn, Channel.WEBHOOK, NOW + 30) is None
    assert {claimed(conn).address, claimed(conn).address} == {"front@clinic.example", "desk@clinic.example"}
    assert notices.claim(conn, Channel.EMAIL, NOW + 30) is None


def test_more_replies_to_what_nobody_has_read_make_no_more_notices(conn: Connection) -> None:
    reply(conn)
    first = claimed(conn)
    notices.told(conn, first, NOW + 30)
    reply(conn, text="m2", at=NOW + 60)
    assert notices.claim(conn, Channel.EMAIL, NOW + 1000) is None


def test_what_was_read_meanwhile_is_dropped(conn: Connection) -> None:
    talk, other = reply(conn), reply(conn, BOB, "m2")
    read(conn, talk)
    assert claimed(conn).conversation == other
    assert count(conn) == 1


def test_a_reply_after_it_was_read_makes_another_and_ends_the_one_before(conn: Connection) -> None:
    talk = reply(conn)
    first = claimed(conn)
    read(conn, talk)
    reply(conn, text="m2", at=NOW + 60)
    second = claimed(conn, NOW + 90)
    assert second.id != first.id and second.conversation == talk
    assert not notices.told(conn, first, NOW + 91) and not notices.put_back(conn, first, "no", NOW + 91)
    assert notices.told(conn, second, NOW + 91)
    assert count(conn) == 1


def test_what_a_dead_daemon_had_claimed_is_taken_again_with_the_same_id(conn: Connection) -> None:
    reply(conn)
    left_behind = claimed(conn)
    assert notices.claim(conn, Channel.EMAIL, NOW + 30 + LEASE - 1) is None
    again = claimed(conn, NOW + 30 + LEASE)
    assert (again.id, again.attempts) == (left_behind.id, 2)
    assert not notices.told(conn, left_behind, NOW + 400) and notices.told(conn, again, NOW + 400)


def test_what_was_put_back_waits_and_comes_again(conn: Connection) -> None:
    reply(conn)
    assert notices.put_back(conn, claimed(conn), "no answer in time", NOW + 100)
    assert notices.claim(conn, Channel.EMAIL, NOW + 99) is None
    assert claimed(conn, NOW + 100).attempts == 2


def test_a_place_that_rests_is_left_out(conn: Connection) -> None:
    reply(conn)
    assert notices.claim(conn, Channel.EMAIL, NOW + 30, {"Clinic"}) is None
    assert notices.claim(conn, Channel.EMAIL, NOW + 30, {"Grove"}) is not None


def test_nobody_is_told_after_a_day(conn: Connection) -> None:
    reply(conn)
    assert notices.claim(conn, Channel.EMAIL, NOW + 30 + PATIENCE) is None
    (row,) = notices.untold(conn, NOW + 30 + PATIENCE).given_up
    assert row["reason"] == "it could not be told within a day"


def test_what_nobody_takes_is_given_up_but_not_what_is_in_hand(conn: Connection) -> None:
    reply(conn, wanted=[WEBHOOK])
    reply(conn, BOB, "m2", at=NOW + LEASE)
    late = NOW + 30 + PATIENCE + LEASE
    in_hand = claimed(conn, late - 1)
    assert notices.expire(conn, late - 1) == 0
    assert notices.expire(conn, late) == 1
    (row,) = notices.untold(conn, late).given_up
    assert row["channel"] == "webhook" and "textback.toml lacks what it takes" in row["reason"]
    assert notices.told(conn, in_hand, late)


def test_what_was_given_up_is_shown_and_what_waits_is_counted(conn: Connection) -> None:
    talk = reply(conn)
    reply(conn, BOB, "m2", at=NOW + 10)
    assert notices.untold(conn, NOW + 20) == (0, None, ())
    notices.give_up(conn, claimed(conn), "550 no such user", NOW + 50)
    told = notices.untold(conn, NOW + 50)
    assert (told.waiting, told.since) == (1, NOW + 10)
    (row,) = told.given_up
    assert (row["conversation_id"], row["address"], row["reason"]) == (talk, EMAIL[1], "550 no such user")


def test_what_was_settled_long_ago_is_forgotten(conn: Connection) -> None:
    reply(conn)
    reply(conn, BOB, "m2")
    notices.told(conn, claimed(conn), NOW + 50)
    assert notices.prune(conn, NOW + 50) == 0
    assert notices.prune(conn, NOW + 51) == 1
    assert count(conn) == 1


def test_a_clock_that_is_set_back_does_not_keep_it_waiting_for_ever(conn: Connection) -> None:
    reply(conn, at=NOW + 30 * 86_400)
    assert notices.claim(conn, Channel.EMAIL, NOW) is not None


def test_it_goes_with_its_conversation(conn: Connection) -> None:
    talk = reply(conn)
    conn.execute(delete(conversations).where(conversations.c.id == talk))
    assert count(conn) == 0


def test_ids_follow_from_the_text_so_that_a_job_done_again_makes_the_same(conn: Connection) -> None:
    talk = reply(conn, wanted=[EMAIL, WEBHOOK])
    before = set(conn.execute(select(table.c.id)).scalars())
    notices.add(conn, talk, "Clinic", "m1", [EMAIL, WEBHOOK], NOW, 30.0)
    assert set(conn.execute(select(table.c.id)).scalars()) == before and len(before) == 2


@pytest.mark.parametrize("hands", [4])
def test_many_daemons_claim_each_notice_once(engine: Engine, database_url: str, hands: int) -> None:
    total = 40
    with engine.begin() as conn:
        practices.put(conn, "Clinic", {"line": []}, "test", 0.0)
        for at in range(total):
            reply(conn, f"+1202555{at:04}", f"m{at}")

    def work(_: int) -> list[str]:
        mine = open_engine(database_url)
        found = []
        try:
            while True:
                with mine.begin() as conn:
                    notice = notices.claim(conn, Channel.EMAIL, NOW + 30)
                if notice is None:
                    return found
                found.append(notice.id)
        finally:
            mine.dispose()

    with ThreadPoolExecutor(hands) as pool:
        taken = [one for found in pool.map(work, range(hands)) for one in found]
    assert len(taken) == len(set(taken)) == total


def test_of_two_replies_at_once_one_is_the_first(engine: Engine, database_url: str) -> None:
    with engine.begin() as conn:
        practices.put(conn, "Clinic", {"line": []}, "test", 0.0)
        talk = people.conversation_for(conn, "Clinic", LINE, ANN, NOW)

    def work(at: int) -> bool:
        mine = open_engine(database_url)
        try:
            with mine.begin() as conn:
                return tiles.reply_came(conn, talk, NOW + at)
        finally:
            mine.dispose()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 1
