"""Texts that come in: each is kept once, opt-outs hold everywhere, and nobody is answered without end."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.inbox.posts import ANN, BOB, LINE, NOW, OTHER_LINE, SECOND_LINE, Post, add_call, contact
from textback.inbox import ANSWERED_WITHIN, MOST_ANSWERS, Received
from textback.model import Answer, Flow, LineType, Status
from textback.sms import Inbound, Media
from textback.store import inbound as texts
from textback.store import line_types, marks, people
from textback.store.engine import open_engine, reading
from textback.store.sweep import sweep
from textback.store.tables import calls, contacts, conversations
from textback.store.tables import messages as table


def test_a_text_is_kept_in_its_conversation(post: Post) -> None:
    picture = Media("https://api.twilio.example/Media/ME1", "image/jpeg")
    received = post.text("Hello, it's €5?", at=NOW - 5, media=(picture,), provider_id="SM1")
    (row,) = post.messages()
    thread = received.conversation_id
    assert received == Received(is_new=True, conversation_id=thread, answer=None, practice="Riverside")
    known = {
        "conversation_id": thread, "call_id": None, "practice": "Riverside", "flow": None, "to_number": LINE,
        "from_number": ANN, "body": "Hello, it's €5?", "segments": 1, "encoding": "GSM-7", "status": "received",
        "provider": "twilio", "provider_id": "SM1", "attempts": 0, "priority": 0, "created_at": NOW - 5,
        "due_at": NOW - 5, "media": [{"url": picture.url, "content_type": "image/jpeg"}], "answer": None,
        "author": None,
    }  # fmt: skip
    assert {key: row[key] for key in known} == known
    (talk,) = post.rows(select(conversations))
    assert (talk["line"], talk["number"], talk["last_message_at"]) == (LINE, ANN, NOW - 5)


def test_an_unknown_number_becomes_an_unverified_contact(post: Post) -> None:
    post.text("Hello")
    (contact,) = post.rows(select(contacts))
    (talk,) = post.rows(select(conversations))
    assert (contact["number"], contact["verified"], talk["contact_id"]) == (ANN, False, contact["id"])


def test_a_reply_lands_beside_the_text_that_it_answers(post: Post) -> None:
    sent = post.write(status=Status.SENT)
    received = post.text("Thank you")
    assert {row["conversation_id"] for row in post.rows(select(table))} == {received.conversation_id}
    assert post.status(sent) == ("sent", None)


@pytest.mark.parametrize("sender", ["(202) 555-0111", "202-555-0111", "12025550111", " +12025550111 "])
def test_a_number_is_read_as_the_practice_would(post: Post, sender: str) -> None:
    post.text("Hello", sender=sender)
    assert post.messages()[0]["from_number"] == ANN


def test_the_last_message_is_the_latest_however_late_another_comes(post: Post) -> None:
    post.text("second", at=NOW - 10)
    post.text("first", at=NOW - 20)
    (talk,) = post.rows(select(conversations))
    assert talk["last_message_at"] == NOW - 10


@pytest.mark.parametrize("at", [None, NOW + 3600, -1.0, math.nan, math.inf, 1e300])
def test_a_time_that_cannot_be_is_now(post: Post, at: float | None) -> None:
    post.text("Hello", at=at)
    assert post.messages()[0]["created_at"] == NOW


def test_the_same_text_once_more_changes_nothing(post: Post) -> None:
    first = post.text("STOP", provider_id="SM1")
    again = post.text("STOP", provider_id="SM1")
    assert again == Received(is_new=False, conversation_id=first.conversation_id, answer=None, practice="Riverside")
    assert (len(post.messages()), len(post.messages("out"))) == (1, 1)


def test_the_same_job_once_more_changes_nothing_and_tells_the_same(post: Post) -> None:
    inbound = Inbound("SM1", ANN, LINE, "STOP")
    first = post.take(inbound, ("in", "out"))
    assert first.is_new and first.answer is Answer.OPT_OUT
    assert post.take(inbound, ("in", "out")) == first
    assert (len(post.messages()), len(post.messages("out"))) == (1, 1)
    hello = Inbound("SM2", ANN, LINE, "Hello")
    assert post.take(hello, ("in 2", "out 2")) == post.take(hello, ("in 2", "out 2"))


def test_what_another_daemon_has_just_stored_is_not_heeded_twice(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    find, answers = texts.find, iter([None])
    post.text("HELP", provider_id="SM1")
    monkeypatch.setattr(texts, "find", lambda conn, sid: next(answers, find(conn, sid)))
    received = post.text("HELP", provider_id="SM1")
    assert (received.is_new, received.answer) == (False, None)
    assert (len(post.messages()), len(post.messages("out"))) == (1, 1)


def test_stop_is_recorded_and_confirmed_once(post: Post) -> None:
    received = post.text("Stop texting me!")
    assert received.answer is Answer.OPT_OUT
    assert post.optouts() == [(ANN, NOW, "text")]
    (confirmation,) = post.messages("out")
    known = {
        "to_number": ANN, "from_number": LINE, "flow": None, "author": None, "answer": "opt_out", "priority": 0,
        "status": "queued", "call_id": None, "created_at": NOW, "due_at": NOW, "practice": "Riverside", "segments": 1,
        "conversation_id": received.conversation_id,
    }  # fmt: skip
    assert {key: confirmation[key] for key in known} == known
    assert "Riverside" in confirmation["body"]
    assert post.text("STOP").answer is None
    assert len(post.messages("out")) == 1


def test_a_confirmation_that_waits_may_leave(post: Post) -> None:
    post.text("STOP")
    post.text("STOP")
    with post.engine.begin() as conn:
        sweep(conn, NOW + 1)
    assert post.messages("out")[0]["status"] == "queued"


def test_what_the_provider_answered_itself_is_recorded_and_not_answered(post: Post) -> None:
    assert post.text("STOP", answered=True).answer is None
    assert post.optouts() == [(ANN, NOW, "text")]
    assert post.text("START", answered=True).answer is None
    assert post.optouts() == []
    assert post.text("HELP", answered=True).answer is None
    assert post.messages("out") == []


def test_who_opts_out_gets_nothing_that_waits_in_any_practice(post: Post) -> None:
    grove = {"practice__name": "Grove", "practice__default": False, "line": [{"name": "Desk", "number": OTHER_LINE}]}
    post.want(**grove)
    with post.engine.begin() as conn:
        thread = people.conversation_for(conn, "Grove", OTHER_LINE, ANN, NOW)
    queued = post.write(flow=Flow.MISSED, call_id="main/1")
    by_hand = post.write(author="Sam")
    other = post.write(conversation_id=thread, practice="Grove", from_number=OTHER_LINE, status=Status.HELD)
    gone = [post.write(status=status) for status in (Status.SENDING, Status.SENT, Status.UNKNOWN, Status.FAILED)]
    neighbour = post.write(number=BOB)
    post.text("STOP")
    assert [post.status(one) for one in (queued, by_hand, other)] == [("cancelled", "opted_out")] * 3
    assert [post.status(one)[0] for one in gone] == ["sending", "sent", "unknown", "failed"]
    assert post.status(neighbour) == ("queued", None)


def test_the_call_of_a_held_text_is_skipped_and_says_why(post: Post) -> None:
    held = "held: hung up after 20 s on hold in support, but that is 12 min 0 s ago"
    add_call(post, "main/1", verdict="held", reason="too_old", why=held)
    add_call(post, "main/2", verdict="text", reason="abandoned", why="text: hung up")
    message = post.write(status=Status.HELD, reason="too_old", flow=Flow.ABANDONED, call_id="main/1")
    post.write(flow=Flow.ABANDONED, call_id="main/2")
    post.text("STOP")
    assert post.status(message) == ("cancelled", "opted_out")
    first, second = post.rows(select(calls.c.verdict, calls.c.reason, calls.c.why).order_by(calls.c.id))
    assert (first["verdict"], first["reason"]) == ("skip", "opted_out")
    assert first["why"] == f"skip: the caller opted out of texts while this one waited ({held.removeprefix('held: ')})"
    assert (second["verdict"], second["reason"]) == ("text", "abandoned")


def test_stop_from_a_number_that_is_two_contacts_is_one_opt_out(post: Post) -> None:
    with post.engine.begin() as conn:
        for name in ("Ann", "Bob"):
            conn.execute(contacts.insert(), contact(first_name=name))
    assert post.text("STOP").answer is Answer.OPT_OUT
    assert post.optouts() == [(ANN, NOW, "text")]
    assert len(post.messages("out")) == 1
    assert post.rows(select(conversations.c.contact_id)) == [{"contact_id": None}]


def test_an_opt_out_to_one_line_holds_for_the_other(post: Post) -> None:
    post.text("STOP", line=LINE)
    assert post.text("STOP", line=SECOND_LINE).answer is None
    assert post.text("HELP", line=SECOND_LINE).answer is None


@pytest.mark.parametrize("word", ["START", "unstop", "Yes", "Sí", "OUI"])
def test_start_undoes_it(post: Post, word: str) -> None:
    post.text("STOP")
    assert post.text(word).answer is Answer.OPT_IN
    assert post.optouts() == []
    assert [row["answer"] for row in post.messages("out")] == ["opt_out", "opt_in"]


@pytest.mark.parametrize("word", ["START", "Yes"])
def test_start_from_who_never_opted_out_is_just_a_text(post: Post, word: str) -> None:
    received = post.text(word)
    assert (received.is_new, received.answer, post.messages("out")) == (True, None, [])


def test_a_start_that_comes_late_does_not_undo_a_later_stop(post: Post) -> None:
    post.text("STOP", at=NOW - 300)
    assert post.text("START", at=NOW - 400).answer is None
    assert post.text("please stop texting me", line=SECOND_LINE, at=NOW - 100).answer is None
    assert post.text("START", at=NOW - 200).answer is None
    assert post.optouts() == [(ANN, NOW - 300, "text")]
    assert post.text("START", at=NOW - 50).answer is Answer.OPT_IN


def test_an_opt_in_that_waits_does_not_leave_after_another_stop(post: Post) -> None:
    post.text("STOP")
    post.text("START")
    post.text("STOP")
    states = {(row["answer"], row["status"]) for row in post.messages("out")}
    assert states == {("opt_out", "queued"), ("opt_in", "cancelled")}


def test_help_says_who_we_are(post: Post) -> None:
    assert post.text("HELP").answer is Answer.HELP
    (row,) = post.messages("out")
    assert row["answer"] == "help" and "Riverside" in row["body"] and "+12025550199" in row["body"]


def test_an_answer_is_in_the_language_of_the_word_the_contact_the_call_the_practice(post: Post) -> None:
    here = {"fr": "Ici {practice}"}
    post.want(practice__language="fr", call_to_text__message=here, abandoned__message=here, missed={})
    assert "Répondez" in said(post, "STOP", BOB)
    post.text("Hello")
    (thread,) = post.rows(select(conversations.c.id).where(conversations.c.number == ANN))
    add_call(post, "main/1", conversation_id=thread["id"], language="en")
    assert "Reply STOP" in said(post, "HELP", ANN)
    with post.engine.begin() as conn:
        conn.execute(contacts.update().where(contacts.c.number == ANN).values(language="es"))
    assert "Responda START" in said(post, "STOP", ANN)
    assert "de nouveau nos" in said(post, "Oui", ANN)


def test_no_more_than_three_automatic_answers_an_hour(post: Post) -> None:
    answers = [post.text("HELP").answer for _ in range(MOST_ANSWERS + 2)]
    assert answers == [Answer.HELP] * MOST_ANSWERS + [None, None]
    assert post.text("STOP").answer is None
    assert post.optouts() == [(ANN, NOW, "text")]
    post.now += 3601.0
    assert post.text("START").answer is Answer.OPT_IN


def test_what_was_written_long_ago_is_heeded_and_not_answered(post: Post) -> None:
    assert post.text("STOP", at=NOW - ANSWERED_WITHIN - 1).answer is None
    assert post.optouts() == [(ANN, NOW - ANSWERED_WITHIN - 1, "text")]
    assert post.text("HELP", sender=BOB, at=NOW - ANSWERED_WITHIN).answer is Answer.HELP


def test_what_came_before_a_backup_was_put_in_place_is_heeded_and_was_answered_then(post: Post) -> None:
    with post.engine.begin() as conn:
        marks.put(conn, marks.RESTORED, NOW - 5)
    assert post.text("STOP", at=NOW - 5).answer is None
    assert post.optouts() == [(ANN, NOW - 5, "text")]
    assert post.text("HELP", sender=BOB, at=NOW - 4).answer is Answer.HELP


def test_in_test_mode_only_test_numbers_are_answered(post: Post) -> None:
    post.want(practice__mode="test", practice__test_numbers=[BOB])
    assert post.text("STOP").answer is None
    assert post.text("STOP", sender=BOB).answer is Answer.OPT_OUT
    assert [number for number, *_ in post.optouts()] == [ANN, BOB]


@pytest.mark.parametrize(
    "sender", ["72975", "242733", "BANK", "Ünïted✈", "911", "anonymous", "", "+266696687", "whatsapp:+12025550111"]
)
def test_a_short_code_or_a_word_is_kept_as_received_and_never_answered(post: Post, sender: str) -> None:
    for body in ("STOP", "HELP", "Your code is 123456"):
        received = post.text(body, sender=sender)
        assert received.is_new and received.answer is None
    assert {row["from_number"] for row in post.messages()} == {sender}
    assert (post.messages("out"), post.rows(select(contacts)), post.optouts()) == ([], [], [])
    (talk,) = post.rows(select(conversations))
    assert (talk["number"], talk["contact_id"], talk["last_message_at"]) == (sender, None, NOW)


@pytest.mark.parametrize(
    "sender", ["A" * 500, "+" + "9" * 400, "\0BANK\ud800", "‏بنك‎" * 20, "'; DROP TABLE messages;--"]
)
def test_a_sender_of_any_kind_is_cut_to_the_column(post: Post, sender: str) -> None:
    assert post.text("Hello", sender=sender).is_new
    assert post.text("Hello again", sender=sender).is_new
    assert len({row["from_number"] for row in post.messages()}) == 1
    assert len(post.messages()[0]["from_number"]) <= texts.LONGEST_SENDER


@pytest.mark.parametrize("sender", ["+18005550111", "+19005550111"])
def test_toll_free_and_premium_numbers_are_not_answered(post: Post, sender: str) -> None:
    assert post.text("STOP", sender=sender).answer is None
    assert [number for number, *_ in post.optouts()] == [sender]


@pytest.mark.parametrize("sender", [LINE, SECOND_LINE, OTHER_LINE, "202-555-0101"])
def test_what_comes_from_one_of_our_own_lines_is_a_loop(
    post: Post, sender: str, caplog: pytest.LogCaptureFixture
) -> None:
    post.want(practice__name="Grove", practice__default=False, line=[{"name": "Desk", "number": OTHER_LINE}])
    with caplog.at_level(logging.WARNING):
        received = post.text("STOP", sender=sender)
    assert received == Received(is_new=False, conversation_id=None, answer=None, practice="Riverside")
    assert (post.messages(), post.messages("out"), post.optouts()) == ([], [], [])
    assert "a loop" in caplog.text and sender not in caplog.text


def test_a_text_to_a_line_that_is_nobodys_is_dropped_and_said(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        received = post.text("Hello secret", line="+12025550177")
    assert received == Received(is_new=False, conversation_id=None, answer=None, practice=None)
    assert post.messages() == []
    assert "none of our lines" in caplog.text
    assert "+12025550177" not in caplog.text and "secret" not in caplog.text


def test_who_stops_texts_to_a_number_that_we_have_no_more_gets_none_from_any_other(post: Post) -> None:
    """The practice has another texting number by now; the old one still posts to us."""
    for sender, body in ((ANN, "STOP"), (BOB, "Hello")):
        assert post.text(body, sender, line="+12025550177") == Received(False, None, None, None)
    assert post.optouts() == [(ANN, NOW, "text")]


def test_a_word_that_only_the_provider_knows_stops_texts_and_begins_them_again(post: Post) -> None:
    post.text("genug", asks="stop", answered=True)
    assert [number for number, _, _ in post.optouts()] == [ANN]
    post.text("weiter", asks="start", answered=True)
    assert post.optouts() == []


def test_neither_numbers_nor_bodies_are_logged(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "textback"):
        post.text("Stop texting me")
        post.text("START")
    assert "opted out by text" in caplog.text and "wants texts again" in caplog.text
    assert ANN not in caplog.text and "texting me" not in caplog.text


def test_who_texts_is_no_landline(post: Post) -> None:
    with post.engine.begin() as conn:
        for number in (ANN, BOB):
            line_types.record(conn, number, LineType.LANDLINE, NOW - 60, "twilio")
    post.text("Hello")
    with reading(post.engine) as conn:
        assert line_types.landlines(conn, [ANN, BOB], NOW) == {BOB}


@pytest.mark.parametrize(
    "body",
    [
        "", "\0", "a\0b", "\ud83d", "😀" * 300, "مرحبا كيف حالك؟ \u202eabc\u202c", "שלום", "\u200b", "{practice}",
        "%s%n", "<b>&",
    ],
)  # fmt: skip
def test_whatever_is_written_is_kept(post: Post, body: str) -> None:
    assert post.text(body).is_new
    (row,) = post.messages()
    assert row["body"] == body.replace("\0", "\ufffd").replace("\ud83d", "?")


@pytest.mark.parametrize(("body", "kept"), [("x" * 20_480, 20_480), ("😀" * 20_480, 16_250), ("é" * 40_000, 32_500)])
def test_a_body_of_many_kilobytes_is_kept_as_far_as_any_database_goes(post: Post, body: str, kept: int) -> None:
    assert post.text(body).is_new
    (row,) = post.messages()
    assert row["body"] == body[:kept] and row["segments"] > 100


def test_ids_and_media_of_any_kind_are_kept(post: Post) -> None:
    media = tuple(Media(f"https://x.example/{n}/\0\ud800", "image/😀") for n in range(20))
    assert post.text("", provider_id="S" * 500, media=media).is_new
    assert not post.text("", provider_id="S" * 500).is_new
    assert len(post.messages()[0]["media"]) == 20


@pytest.fixture(scope="module")
def sqlite_post(migrated: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    path = shutil.copy(migrated, tmp_path_factory.mktemp("inbox") / "store.db")
    engine = open_engine(f"sqlite:///{path}")
    made = Post(engine)
    made.want()
    yield made
    engine.dispose()


anything = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)


@given(anything, anything | st.sampled_from([ANN, LINE, "72975"]), st.floats() | st.none())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_comes_in_is_refused(sqlite_post: Post, body: str, sender: str, at: float | None) -> None:
    received = sqlite_post.text(body, sender=sender, at=at)
    assert received.is_new == (received.conversation_id is not None)


def said(post: Post, body: str, sender: str) -> str:
    """What a text is answered with."""
    post.now += 1.0
    assert post.text(body, sender=sender).answer is not None
    (answer,) = [row["body"] for row in post.messages("out") if row["created_at"] == post.now]
    return str(answer)
