"""Tiles and answers by the chat rules: what a caller and a clinic may expect when a text comes in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from tests.inbox.posts import ANN, BOB, LINE, NOW, OTHER_LINE, SECOND_LINE, Post
from textback.inbox import MOST_ANSWERS, NOT_ALLOWED
from textback.model import Answer, Flow, Status
from textback.sms import Inbound
from textback.store.sweep import sweep
from textback.store.tables import calls, contacts, conversations
from textback.store.tables import messages as table

DAY = 86_400.0
#: NOW is a Saturday, 12:00 UTC
CLOSED = {"chat__hours": {"mon": ["09:00-17:00"], "tue": ["09:00-17:00"]}}
AWAY = {"es": "Estamos cerrados.", "en": "We're closed, {first_name|hello}."}
GROVE = {"practice__name": "Grove", "practice__default": False, "line": [{"name": "Desk", "number": OTHER_LINE}]}


def reasons(post: Post) -> list[str | None]:
    return [row["reason"] for row in post.rows(select(table).where(table.c.direction == "in").order_by(table.c.id))]


def test_an_automatic_text_makes_no_tile_and_a_reply_to_it_does(post: Post) -> None:
    post.write(flow=Flow.MISSED, call_id="main/1", status=Status.SENT)
    (talk,) = post.rows(select(conversations.c.id))
    assert post.tile(talk["id"]).state is None
    post.text("Yes, I called about my tooth", at=NOW - 5)
    tile = post.tile(talk["id"])
    assert (tile.state, tile.unread_since, tile.waiting_since) == ("open", NOW - 5, NOW - 5)
    assert tile.last_reply_at == NOW - 5


def test_they_wait_since_the_first_reply_that_nobody_answered(post: Post) -> None:
    post.text("first", at=NOW - 50)
    post.text("second", at=NOW - 10)
    tile = post.tile(post.text("late", at=NOW - 60).conversation_id)
    assert (tile.unread_since, tile.waiting_since, tile.last_reply_at) == (NOW - 60, NOW - 60, NOW - 10)


def test_whoever_replies_may_be_a_machine_too(post: Post) -> None:
    assert post.tile(post.text("Your code is 1234", sender="72975").conversation_id).state == "open"
    post.want(chat__allow_unknown=False)
    assert post.tile(post.text("Your code is 1234", sender="72976").conversation_id).state is None


@pytest.mark.parametrize(
    ("start", "unknown", "known", "has_tile"),
    [
        (True, True, True, True), (True, True, False, True),
        (True, False, True, True), (True, False, False, False),
        (False, True, True, False), (False, True, False, True),
        (False, False, True, False), (False, False, False, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["patient", "contact", "referral"])
def test_the_chat_rules_say_who_may_write(
    post: Post, start: bool, unknown: bool, known: bool, has_tile: bool, kind: str
) -> None:
    post.want(chat__allow_start=start, chat__allow_unknown=unknown)
    post.knows("Ann", verified=known, kind=kind)
    received = post.text("Hello")
    tile = post.tile(received.conversation_id)
    assert received.is_new and (tile.state is not None) is has_tile
    assert reasons(post) == [None if has_tile else NOT_ALLOWED]
    assert tile.last_message_at == NOW


def test_who_may_not_write_is_kept_and_told_so_once(post: Post) -> None:
    post.want(chat__allow_unknown=False, chat__closed_reply="Please call {practice}, {staff}", **CLOSED)
    assert post.text("Hello").answer is Answer.CLOSED
    post.now += 40 * DAY
    assert post.text("Hello?").answer is None
    assert post.text("Hello", line=SECOND_LINE).answer is Answer.CLOSED
    assert post.answers() == [("closed", "Please call Riverside, Riverside")] * 2
    assert reasons(post) == [NOT_ALLOWED] * 3


def test_without_a_closed_reply_nobody_is_told(post: Post) -> None:
    post.want(chat__allow_unknown=False, chat__after_hours_reply=AWAY, **CLOSED)
    assert post.text("Hello").answer is None and post.answers() == []


def test_who_may_not_write_may_still_stop_texts_and_is_helped(post: Post) -> None:
    post.want(chat__allow_unknown=False, chat__allow_start=False, chat__closed_reply="Closed")
    assert post.text("HELP").answer is Answer.HELP
    assert post.text("STOP").answer is Answer.OPT_OUT
    assert post.text("anything").answer is None
    assert post.text("START").answer is Answer.OPT_IN


def test_a_word_that_a_machine_deals_with_makes_no_tile_but_a_cry_for_help_does(post: Post) -> None:
    assert post.tile(post.text("STOP").conversation_id).state is None
    assert post.tile(post.text("START").conversation_id).state is None
    assert post.tile(post.text("HELP").conversation_id).state == "open"
    assert post.tile(post.text("Yes", sender=BOB).conversation_id).state == "open"


def test_an_opt_out_leaves_a_tile_that_is_there_as_it_is(post: Post) -> None:
    talk = post.text("Hello", at=NOW - 60).conversation_id
    before = post.tile(talk)
    post.text("STOP")
    assert post.tile(talk) == before._replace(last_message_at=NOW)


def test_who_opted_out_and_writes_again_is_heard_and_not_answered(post: Post) -> None:
    post.want(chat__after_hours_reply=AWAY, **CLOSED)
    post.text("STOP")
    received = post.text("Hello, are you there?")
    assert post.tile(received.conversation_id).state == "open"
    assert received.answer is None


def test_outside_hours_each_is_answered_once_in_all_languages_that_of_the_practice_first(post: Post) -> None:
    post.want(chat__after_hours_reply=AWAY, **CLOSED)
    received = post.text("Hello")
    assert received.answer is Answer.AFTER_HOURS
    assert post.answers() == [("after_hours", "We're closed, hello.\n\nEstamos cerrados.")]
    assert post.tile(received.conversation_id).state == "open"
    post.now += 30 * 3600
    assert post.text("Hello?").answer is None
    assert post.text("Hello", sender=BOB).answer is Answer.AFTER_HOURS
    assert post.text("Hello", line=SECOND_LINE).answer is Answer.AFTER_HOURS


def test_a_reply_may_tell_of_the_latest_call(post: Post) -> None:
    post.want(chat__after_hours_reply={"en": "You waited {wait} in {queue}.", "es": "Esperó {wait}."}, **CLOSED)
    row = {"id": "main/1", "pbx": "main", "practice": "Riverside", "caller": ANN, "started_at": NOW - 900}
    row |= {"queue": "support", "hold_seconds": 121.0, "ended_at": NOW - 700, "voicemail": False, "backfilled": False}
    with post.engine.begin() as conn:
        conn.execute(calls.insert(), row)
    post.text("Hello")
    assert post.answers() == [("after_hours", "You waited 2 minutes in support.\n\nEsperó 2 minutos.")]


def test_in_the_next_time_that_nobody_is_there_they_are_answered_again(post: Post) -> None:
    post.want(chat__after_hours_reply=AWAY, **CLOSED)
    post.text("Hello")
    post.now = NOW + 2 * DAY  # Monday noon
    assert post.text("Hello?").answer is None
    post.now += 6 * 3600
    assert post.text("Anybody there?").answer is Answer.AFTER_HOURS


def test_during_hours_nobody_is_told_that_there_is_nobody(post: Post) -> None:
    post.want(chat__after_hours_reply=AWAY)
    assert post.text("Hello").answer is None
    post.want(chat__after_hours_reply=AWAY, hours__closed=["2026-11-21"])
    assert post.text("Hello").answer is Answer.AFTER_HOURS


def test_a_practice_that_is_never_there_says_so_once(post: Post) -> None:
    post.want(chat__after_hours_reply=AWAY, chat__hours={"mon": []})
    answers = []
    for _ in range(3):
        answers.append(post.text("Hello").answer)
        post.now += 500 * DAY
    assert answers == [Answer.AFTER_HOURS, None, None]


def test_only_whom_the_practice_knows_is_called_by_name(post: Post) -> None:
    post.want(chat__after_hours_reply={"en": "{first_name|there}, {staff}"}, **CLOSED)
    post.knows("Ann")
    post.knows("Bob", number=BOB, verified=False)
    post.text("Hello")
    post.text("Hello", sender=BOB)
    assert sorted(body for _, body in post.answers()) == ["Ann, Riverside", "there, Riverside"]


def test_translations_that_one_text_does_not_take_are_left_out(post: Post) -> None:
    post.want(chat__after_hours_reply={"en": "a" * 1000, "es": "b" * 700, "fr": "c" * 500}, **CLOSED)
    post.text("Hello")
    assert post.answers() == [("after_hours", "a" * 1000 + "\n\n" + "c" * 500)]


def test_an_answer_that_a_practice_need_not_give_goes_to_nobody_abroad_or_blocked(post: Post) -> None:
    post.want(chat__after_hours_reply=AWAY, guards__blocked=["+1202555012*"], **CLOSED)
    assert post.text("Hello", sender="+447400123456").answer is None
    assert post.text("Hello", sender=BOB).answer is None
    assert post.text("HELP", sender=BOB).answer is Answer.HELP
    assert post.text("Hello").answer is Answer.AFTER_HOURS


def test_what_the_provider_answered_or_came_long_ago_is_not_answered_again(post: Post) -> None:
    post.want(chat__after_hours_reply=AWAY, **CLOSED)
    assert post.text("Hello", answered=True).answer is None
    assert post.text("Hello", at=NOW - 7200).answer is None
    assert post.tile(post.text("Hello").conversation_id).waiting_since == NOW - 7200


def test_an_answer_that_could_not_leave_for_long_is_dropped_and_given_anew(post: Post) -> None:
    post.want(chat__after_hours_reply=AWAY, **CLOSED)
    post.text("HELP", sender=BOB)
    post.text("Hello")
    post.now += 3600
    with post.engine.begin() as conn:
        sweep(conn, post.now)
    states = {(row["answer"], row["status"], row["reason"]) for row in post.messages("out")}
    assert states == {("help", "queued", None), ("after_hours", "cancelled", "too_old")}
    assert post.text("Hello?").answer is Answer.AFTER_HOURS


def test_the_answers_of_all_kinds_are_counted_together(post: Post) -> None:
    post.want(chat__after_hours_reply=AWAY, **CLOSED)
    for _ in range(MOST_ANSWERS):
        assert post.text("HELP").answer is Answer.HELP
    assert post.text("Hello").answer is None
    post.now += 3601
    assert post.text("Hello").answer is Answer.AFTER_HOURS


def test_the_same_job_once_more_answers_once(post: Post) -> None:
    post.want(chat__after_hours_reply=AWAY, **CLOSED)
    inbound = Inbound("SM-1", ANN, LINE, "Hello")
    first = post.take(inbound, ("in", "out"))
    assert first.answer is Answer.AFTER_HOURS
    assert post.take(inbound, ("in", "out")) == first
    assert len(post.answers()) == 1


def test_a_number_that_another_practice_knows_is_known_where_both_share(post: Post) -> None:
    share: dict[str, Any] = {"chat__allow_unknown": False, "chat__share_contacts_across_practices": True}
    post.want(**GROVE)
    post.want(**share)
    with post.engine.begin() as conn:
        row = {"practice": "Grove", "number": ANN, "kind": "patient", "verified": True, "created_at": NOW}
        conn.execute(contacts.insert(), row)
    post.text("Hello")
    post.want(**GROVE, chat__share_contacts_across_practices=True)
    post.text("Hello")
    with post.engine.begin() as conn:
        conn.execute(update(contacts).where(contacts.c.practice == "Grove").values(verified=False))
    post.text("Hello")
    marks = [row["reason"] for row in post.messages()]
    assert sorted(marks, key=str) == [None, NOT_ALLOWED, NOT_ALLOWED]


@given(
    st.lists(st.sampled_from(["Hello", "HELP", "STOP", "START", "1", "Ann", "We're closed"]), max_size=6),
    st.sampled_from(["staff", "ask"]),
    st.booleans(),
)
@settings(max_examples=25)
def test_two_of_us_who_write_to_each_other_come_to_an_end(
    sqlite_posts: tuple[Post, Post], first: list[str], shared: str, allowed: bool
) -> None:
    """Each is a stranger to the other: what one answers comes to the other as a text of its own."""
    one, other = sqlite_posts
    words = {"chat__after_hours_reply": AWAY, "chat__closed_reply": "Call us", "chat__shared_number": shared} | CLOSED
    for post, line, them in ((one, LINE, BOB), (other, BOB, LINE)):
        post.now += 10 * DAY
        post.want(line=[{"name": "Desk", "number": line}], chat__allow_unknown=allowed, **words)
        for name in ("Ann", "Bob"):
            if len(post.rows(select(contacts))) < 2:
                post.knows(name, number=them)
    before = len(one.answers()) + len(other.answers())
    waiting = [(one, BOB, LINE, body) for body in first]
    rounds = 0
    while waiting:
        rounds += 1
        assert rounds < 100
        post, sender, line, body = waiting.pop(0)
        received = post.text(body, sender=sender, line=line)
        if received.answer is not None:
            said = post.rows(select(table.c.body).where(table.c.id == post.last_answer))
            waiting.append((other if post is one else one, line, sender, said[0]["body"]))
    assert len(one.answers()) + len(other.answers()) - before <= 2 * MOST_ANSWERS
