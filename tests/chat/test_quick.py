"""Quick responses: filled, and in the language of whoever reads them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from tests.chat.conftest import GUS, LINES, SAM, Desk
from textback import chat
from textback.chat import Refused
from textback.store.tables import calls, contacts, conversations

BIRTHDAY = {"en": "Hi {first_name|there}, {staff} here: your date of birth?", "es": "¿Su fecha de nacimiento?"}
WANTED: dict[str, Any] = {
    "line": LINES,
    "quick_response": [{"title": "DOB Request", "text": BIRTHDAY}, {"title": "Bye", "text": {"fr": "Au revoir"}}],
}


def test_each_has_its_title_and_its_words_in_the_practices_order(desk: Desk) -> None:
    desk.want(WANTED)
    first, second = chat.quick_responses(desk.conn, desk.directory, SAM, desk.hears())
    assert (first.title, first.text) == ("DOB Request", "Hi there, Sam Full here: your date of birth?")
    assert first.texts == {"en": first.text, "es": "¿Su fecha de nacimiento?"}
    assert (second.title, second.text) == ("Bye", "Au revoir")


def test_they_speak_the_language_and_the_name_of_the_contact(desk: Desk) -> None:
    desk.want(WANTED)
    talk = desk.hears()
    desk.conn.execute(update(contacts).values(language="es-MX", first_name="Ann", verified=True))
    first, _ = chat.quick_responses(desk.conn, desk.directory, SAM, talk)
    assert first.text == "¿Su fecha de nacimiento?" and first.texts["en"].startswith("Hi Ann, ")


def test_a_wait_is_told_in_the_language_of_each(desk: Desk) -> None:
    text = {"en": "Sorry that you waited {wait} in {queue}", "es": "Esperó {wait}"}
    desk.want({"line": LINES, "quick_response": [{"title": "Sorry", "text": text}]})
    talk = desk.hears()
    number = desk.conn.execute(select(conversations.c.number).where(conversations.c.id == talk)).scalar_one()
    practice = desk.conn.execute(select(conversations.c.practice).where(conversations.c.id == talk)).scalar_one()
    row = {"id": "main/1", "pbx": "main", "practice": practice, "caller": number, "started_at": 1.0, "ended_at": 400.0}
    row |= {"queue": "support", "hold_seconds": 300.0, "voicemail": False, "backfilled": False}
    desk.conn.execute(calls.insert(), row)
    (quick,) = chat.quick_responses(desk.conn, desk.directory, SAM, talk)
    assert quick.texts == {"en": "Sorry that you waited 5 minutes in support", "es": "Esperó 5 minutos"}


def test_who_does_not_see_the_practice_gets_none(desk: Desk) -> None:
    desk.want(WANTED)
    with pytest.raises(Refused):
        chat.quick_responses(desk.conn, desk.directory, GUS, desk.hears())
