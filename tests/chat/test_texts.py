"""Replies, first texts and notes by staff: one text for one form, never over a colleague's head unseen."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from tests.chat.conftest import ANN, GROVE, GROVE_LINE, GUS, KIM, LINE, LINES, NOW, SAM, SECOND_LINE, Desk, key
from textback import chat
from textback.chat import Overtaken, Refused, Unclear
from textback.model import LineType
from textback.store import by_hand, dealt, line_types, notes, optouts
from textback.store.tables import calls, contacts, conversations


def reply(desk: Desk, conversation: int, body: str = "Hi", **given: Any) -> str:
    given = {"by": SAM, "message_id": key(), "now": NOW + 60} | given
    return chat.reply(desk.conn, desk.directory, conversation=conversation, body=body, **given)


def start(desk: Desk, body: str = "Hi", **given: Any) -> str:
    given = {"by": SAM, "practice": "Riverside", "line": None, "number": ANN, "message_id": key(), "now": NOW} | given
    return chat.start(desk.conn, desk.directory, body=body, **given)


def test_a_reply_leaves_from_the_line_that_was_written_to_and_nobody_waits_any_more(desk: Desk) -> None:
    talk = desk.hears(line=SECOND_LINE)
    reply(desk, talk, "This is {staff} of {practice}, {first_name|hello}")
    (text,) = desk.texts()
    assert (text.from_number, text.to_number, text.conversation_id) == (SECOND_LINE, ANN, talk)
    assert text.body == "This is Sam Full of Riverside, hello"
    assert (text.author, text.status, text.priority) == ("sam", "queued", 0)
    tile = desk.tile(talk)
    assert (tile.unread_since, tile.waiting_since, tile.assignee, tile.state) == (None, None, None, "open")
    assert tile.last_message_at == NOW + 60
    assert desk.trail() == [("sam", "wrote")]


def test_a_form_that_is_sent_twice_is_one_text(desk: Desk) -> None:
    talk, form = desk.hears(), key()
    assert reply(desk, talk, message_id=form) == reply(desk, talk, message_id=form.upper()) == form
    optouts.record(desk.conn, ANN, NOW, "test")
    assert reply(desk, talk, message_id=form) == form
    assert len(desk.texts()) == 1
    assert desk.trail() == [("sam", "wrote")]


def test_a_key_is_good_for_one_conversation_and_is_a_uuid(desk: Desk) -> None:
    talk, other, form = desk.hears(), desk.hears(line=SECOND_LINE), key()
    reply(desk, talk, message_id=form)
    with pytest.raises(Unclear, match="another conversation"):
        reply(desk, other, message_id=form)
    for wrong in ("", "1", "x" * 500, "'; DROP TABLE messages"):
        with pytest.raises(Unclear, match="no UUID"):
            reply(desk, talk, message_id=wrong)


def test_of_two_who_answer_at_once_the_second_is_asked_first(desk: Desk) -> None:
    talk = desk.hears()
    reply(desk, talk, by=KIM, now=NOW + 30)
    with pytest.raises(Overtaken) as overtaken:
        reply(desk, talk, seen_until=NOW + 10)
    assert (overtaken.value.who, overtaken.value.at) == ("kim", NOW + 30)
    assert len(desk.texts()) == 1
    reply(desk, talk, seen_until=NOW + 30)
    reply(desk, talk, seen_until=NOW + 30)
    assert len(desk.texts()) == 3


def test_what_a_person_wrote_themselves_or_a_machine_did_overtakes_nobody(desk: Desk) -> None:
    talk = desk.hears()
    reply(desk, talk, now=NOW + 30)
    desk.hears("HELP", at=NOW + 40)
    assert reply(desk, talk, seen_until=NOW)


def test_a_conversation_of_another_practice_is_as_if_it_were_not(desk: Desk) -> None:
    talk = desk.hears()
    for conversation in (talk, 999_999, 0, -1, 2**70):
        with pytest.raises(Refused, match="^there is no such conversation$"):
            reply(desk, conversation, by=GUS)
        with pytest.raises(Refused, match="^there is no such conversation$"):
            chat.note(desk.conn, GUS, conversation, "Hi", key(), NOW)
    assert desk.texts() == [] and desk.trail() == []


@pytest.mark.parametrize("line", [[{"name": "Desk", "number": GROVE_LINE}, LINES[0]], GROVE["line"]])
def test_a_line_that_the_practice_gave_away_is_not_written_from(desk: Desk, line: list[dict[str, str]]) -> None:
    talk = desk.hears()
    desk.want({"line": LINES[1:]}, GROVE | {"line": line})
    with pytest.raises(Refused, match="no longer the line"):
        reply(desk, talk)


def test_who_opted_out_a_landline_and_test_mode_are_refused_clearly(desk: Desk) -> None:
    talk = desk.hears()
    desk.want({"line": LINES, "practice__mode": "test"})
    with pytest.raises(Refused, match="test mode"):
        reply(desk, talk)
    desk.want({"line": LINES})
    line_types.record(desk.conn, ANN, LineType.LANDLINE, NOW, "test")
    with pytest.raises(Refused, match="known not to receive texts"):
        reply(desk, talk)
    optouts.record(desk.conn, ANN, NOW, "test")
    with pytest.raises(Refused, match="opted out"):
        reply(desk, talk)
    assert desk.texts() == [] and desk.tile(talk).waiting_since == NOW


@pytest.mark.parametrize("body", ["", "  \n", "x" * 5000, "a\0b", "Hi {nobody}", "{"])
def test_what_cannot_be_sent_as_it_stands_is_unclear(desk: Desk, body: str) -> None:
    talk = desk.hears()
    with pytest.raises(Unclear):
        reply(desk, talk, body)
    assert desk.texts() == []


def test_a_short_code_has_nobody_to_answer_to(desk: Desk) -> None:
    talk = desk.hears(sender="72975")
    with pytest.raises(Unclear):
        reply(desk, talk)


def test_the_first_name_is_that_of_the_contact_it_is_filed_under(desk: Desk) -> None:
    talk = desk.hears()
    (unverified,) = desk.conn.execute(contacts.select()).all()
    row = {"practice": "Riverside", "number": ANN, "kind": "patient", "verified": True, "created_at": NOW}
    desk.conn.execute(contacts.insert(), [row | {"first_name": name} for name in ("Ann", "Bob")])
    reply(desk, talk, "Hi {first_name|there}", now=NOW + 1)
    (bob,) = desk.conn.execute(contacts.select().where(contacts.c.first_name == "Bob")).all()
    for number, contact in enumerate((None, bob.id, unverified.id), start=2):
        desk.conn.execute(update(conversations).values(contact_id=contact))
        reply(desk, talk, "Hi {first_name|there}", now=NOW + number)
    assert [text.body for text in desk.texts()] == ["Hi there", "Hi there", "Hi Bob", "Hi there"]


def test_a_first_text_begins_a_conversation_without_a_tile(desk: Desk) -> None:
    start(desk, line="Lab", number="(202) 555-0111")
    (text,) = desk.texts()
    assert (text.from_number, text.to_number, text.author) == (SECOND_LINE, ANN, "sam")
    tile = desk.tile(text.conversation_id)
    assert (tile.practice, tile.state, tile.waiting_since) == ("Riverside", None, None)
    assert desk.trail() == [("sam", "wrote")]


def test_a_first_text_to_who_waits_is_an_answer(desk: Desk) -> None:
    talk = desk.hears()
    start(desk)
    assert (desk.tile(talk).waiting_since, desk.tile(talk).unread_since) == (None, None)


def test_a_first_text_is_one_text_however_often_its_form_is_sent(desk: Desk) -> None:
    form = key()
    assert start(desk, message_id=form) == start(desk, message_id=form) == form
    assert len(desk.texts()) == 1 and len(desk.trail()) == 1


def test_a_practice_that_somebody_does_not_see_is_none(desk: Desk) -> None:
    with pytest.raises(Refused, match="^there is no such practice; there is Grove$"):
        start(desk, by=GUS)
    assert start(desk, by=GUS, practice=None)
    assert desk.texts()[0].from_number == GROVE_LINE
    with pytest.raises(Unclear, match="no such line"):
        start(desk, by=GUS, practice=None, line=LINE)


def test_a_thread_that_a_line_began_elsewhere_is_not_gone_on_with(desk: Desk) -> None:
    old = desk.hears()
    desk.want({"line": LINES[1:]}, GROVE | {"line": LINES[:1]})
    text = start(desk, by=KIM, practice="Grove")
    assert by_hand.conversation_of(desk.conn, text) not in (None, old)


def test_a_thread_from_before_threads_were_left_behind_is_not_gone_on_with_either(desk: Desk) -> None:
    old = desk.hears()
    desk.want({"line": LINES[1:]}, GROVE | {"line": LINES[:1]})
    kept = LINE
    desk.conn.execute(conversations.update().where(conversations.c.id == old).values(line=kept))
    with pytest.raises(Refused, match="had the line before"):
        start(desk, by=KIM, practice="Grove")


def test_whoever_is_written_to_by_hand_needs_nobody_any_more(desk: Desk) -> None:
    row = {"id": "main/1", "pbx": "main", "caller": ANN, "started_at": NOW - 90, "ended_at": NOW - 60}
    desk.conn.execute(calls.insert(), row | {"voicemail": False, "backfilled": False, "needs_since": NOW - 90})
    reply(desk, desk.hears(), now=NOW + 60)
    (call,) = desk.conn.execute(calls.select()).all()
    assert (call.needs_since, call.dealt_with_at, call.dealt_with_by) == (None, NOW + 60, dealt.BY_TEXT)


def test_a_note_is_kept_once_beside_the_conversation_and_never_sent(desk: Desk) -> None:
    talk, form = desk.hears(), key()
    for _ in range(2):
        assert chat.note(desk.conn, SAM, talk, " <b>Prefers mornings</b> ", form, NOW) == form
    (note,) = notes.of_conversation(desk.conn, talk)
    assert (note["author"], note["body"], note["at"]) == ("sam", "<b>Prefers mornings</b>", NOW)
    assert desk.texts() == [] and desk.trail() == [("sam", "noted")]


@pytest.mark.parametrize("body", ["", " \n", "x" * (chat.LONGEST_NOTE + 1), "\0", "\ud800"])
def test_a_note_that_cannot_be_kept_is_unclear(desk: Desk, body: str) -> None:
    talk = desk.hears()
    with pytest.raises(Unclear):
        chat.note(desk.conn, SAM, talk, body, key(), NOW)
    assert chat.note(desk.conn, SAM, talk, "😀é" * 2000, key(), NOW)
