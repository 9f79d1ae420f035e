"""A conversation before staff: what they read, write and do there, and what is refused to them, clearly."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from textback.store import line_types, optouts
from textback.model import LineType
from textback.store.staff_tables import notes
from textback.store.tables import contacts, conversations, messages
from tests.web.visitor import Answer

from .house import ANN, NOW, RIVERSIDE, House, Somebody
from .parsed import Page

DAY = 86_400.0


@pytest.fixture
def talk(house: House) -> int:
    """Ann has written, and waits."""
    talk = house.talk(contact_id=house.contact())
    house.text(talk, "Can I move Friday?")
    return talk


def reply(somebody: Somebody, talk: int, body: str = "Of course", **changes: str) -> Answer:
    """Fill in the reply box and press Send."""
    form = composer(somebody, talk) | {"body": body, "as": "text"} | changes
    return somebody.post(f"/conversations/{talk}/reply", **form)


def composer(somebody: Somebody, talk: int) -> dict[str, str]:
    page = Page(somebody.get(f"/conversations/{talk}").body)
    return {name: page.all("input", name=name)[-1]["value"] for name in ("key", "seen")}


def do(somebody: Somebody, talk: int, doing: str, **form: str) -> Answer:
    return somebody.post(f"/conversations/{talk}/do", do=doing, **form)


def drafted(answer: Answer) -> str:
    """What stands in the reply box; a line feed at its beginning is none (HTML standard, 13.1.2)."""
    body = answer.body.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    return Page(f"<p>{body}</p>").pieces[0] if body else ""


def tile(house: House) -> dict[str, Any]:
    (row,) = house.rows(conversations)
    return row


def out(house: House) -> list[str]:
    return [row["body"] for row in house.rows(messages) if row["direction"] == "out"]


def said(house: House, answer: Answer, somebody: Somebody) -> str:
    """What the page says to which a post leads."""
    assert answer.status == 303, answer.body
    return Page(somebody.get(answer.headers["location"]).body).text


def test_whoever_opens_it_has_read_it_and_that_is_written_down(house: House, dana: Somebody, talk: int) -> None:
    page = Page(dana.get(f"/conversations/{talk}").body)
    assert "Today They wrote: Can I move Friday? 11:59" in page.text
    assert (tile(house)["unread_since"], tile(house)["waiting_since"]) == (None, NOW - 60)
    assert house.trail() == [("dana", "read")]


def test_calls_notes_and_what_colleagues_did_stand_in_one_thread(house: House, dana: Somebody, talk: int) -> None:
    house.call(NOW - 2 * DAY, queue="support", hold_seconds=134.0, disposition="abandoned")
    reply(dana, talk, "Prefers mornings", **{"as": "note"})
    house.time.now += 60
    do(house.somebody("kim"), talk, "assign", to="dana")
    text = Page(dana.get(f"/conversations/{talk}").body.partition('<ol class="thread"')[2]).text
    assert text.index("called support, waited 2 min 14 s, gave up on hold") < text.index("Can I move Friday?")
    assert text.index("Can I move Friday?") < text.index("Note by dana , 12:00 Prefers mornings")
    assert text.index("Prefers mornings") < text.index("kim gave it to dana, 12:01")
    assert "Thursday, 19 November 2026" in text


def test_a_reply_is_queued_once_and_nobody_waits_any_more(house: House, dana: Somebody, talk: int) -> None:
    answer = reply(dana, talk, "This is {staff}, {first_name}.\r\nFriday?")
    assert "It is on its way." in said(house, answer, dana)
    assert out(house) == ["This is Dana Full, Ann.\nFriday?"] and len(house.nudged) == 1
    assert (tile(house)["unread_since"], tile(house)["waiting_since"]) == (None, None)
    assert house.trail("read") == [("dana", "wrote")]


def test_the_same_form_twice_is_one_text(house: House, dana: Somebody, talk: int) -> None:
    form = composer(dana, talk)
    first, second = reply(dana, talk, **form), reply(dana, talk, **form)
    assert (first.status, second.status) == (303, 303) and first.headers["location"] == second.headers["location"]
    assert out(house) == ["Of course"]


def test_a_note_is_kept_once_and_never_sent(house: House, dana: Somebody, talk: int) -> None:
    form = composer(dana, talk)
    for _ in range(2):
        answer = reply(dana, talk, "Her son's wedding", **form | {"as": "note"})
        assert "Only your colleagues see it." in said(house, answer, dana)
    assert [row["body"] for row in house.rows(notes)] == ["Her son's wedding"]
    assert out(house) == [] and tile(house)["waiting_since"] is not None


def test_of_two_who_answer_at_once_the_second_is_asked_first(house: House, dana: Somebody, talk: int) -> None:
    kim = house.somebody("kim")
    form = composer(dana, talk)
    house.time.now += 10
    reply(kim, talk, "Kim was here")
    house.time.now += 10
    answer = reply(dana, talk, "So was I", **form)
    assert answer.status == 409 and "kim wrote in the meantime." in answer.body
    assert drafted(answer) == "So was I" and "Kim was here" in answer.body
    page = Page(answer.body)
    assert "Send all the same" in page.text and page.all("input", name="key")[0]["value"] == form["key"]
    again = {name: page.all("input", name=name)[-1]["value"] for name in ("key", "seen")}
    assert reply(dana, talk, "So was I", **again).status == 303
    assert out(house) == ["Kim was here", "So was I"]


@pytest.mark.parametrize("body", ["x" * 5000, "😀" * 1700, "", " \n", "Hi {nobody}", "{", "a\x01b"])
def test_what_cannot_be_sent_is_refused_with_the_draft_kept(house: House, dana: Somebody, talk: int, body: str) -> None:
    form = composer(dana, talk)
    answer = reply(dana, talk, body, **form)
    assert answer.status == 422 and "Not sent: the text" in answer.body
    assert drafted(answer) == body
    assert Page(answer.body).all("input", name="key")[0]["value"] != form["key"]
    assert out(house) == [] and house.nudged == []


def test_a_text_of_five_thousand_characters_is_told_how_long_it_may_be(house: House, dana: Somebody, talk: int) -> None:
    assert "has 5000 characters, expected at most 1600" in reply(dana, talk, "x" * 5000).body


def test_who_opted_out_and_a_landline_are_refused_clearly(house: House, dana: Somebody, talk: int) -> None:
    house.change(line_types.record, ANN, LineType.LANDLINE, NOW, "test")
    answer = reply(dana, talk, "Hello?")
    assert answer.status == 422 and "known not to receive texts" in answer.body and drafted(answer) == "Hello?"
    house.change(optouts.record, ANN, NOW, "test")
    answer = reply(dana, talk, "Hello?")
    assert answer.status == 422 and "opted out" in answer.body and drafted(answer) == "Hello?"
    assert "✕ opted out" in Page(dana.get(f"/conversations/{talk}").body).text
    assert out(house) == []


def test_test_mode_and_a_line_that_is_gone_are_refused_clearly(house: House, dana: Somebody, talk: int) -> None:
    house.want(RIVERSIDE | {"practice__mode": "test"})
    assert "test mode" in reply(dana, talk).body
    house.want(RIVERSIDE | {"line": [{"name": "New", "number": "+12025550101"}]})
    answer = reply(dana, talk)
    assert answer.status == 422 and "no longer the line" in answer.body
    assert dana.post(f"/conversations/{talk}/draft", insert="DOB", body="!!").status == 404


@pytest.mark.parametrize("key", ["", "1", "x" * 500, "'; --"])
def test_a_form_without_a_key_sends_nothing(house: House, dana: Somebody, talk: int, key: str) -> None:
    answer = reply(dana, talk, key=key)
    assert answer.status == 422 and "open the page anew" in answer.body and drafted(answer) == "Of course"
    assert reply(dana, talk, key=Page(answer.body).all("input", name="key")[0]["value"]).status == 303


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "May I have the date of birth, Ann?"),
        ("!!dob", "May I have the date of birth, Ann?"),
        ("Good morning. !!d", "Good morning. May I have the date of birth, Ann?"),
        ("Good morning.", "Good morning. May I have the date of birth, Ann?"),
    ],
)
def test_a_quick_response_is_put_into_the_reply_box_without_a_script(
    house: House, dana: Somebody, talk: int, before: str, after: str
) -> None:
    form = composer(dana, talk)
    answer = dana.post(f"/conversations/{talk}/draft", **form, body=before, insert="DOB")
    assert answer.status == 200 and drafted(answer) == after
    assert Page(answer.body).all("input", name="key")[0]["value"] == form["key"]
    assert dana.post(f"/conversations/{talk}/draft", body=before, insert="None").status == 200
    assert out(house) == []


def test_a_quick_response_is_in_the_language_of_the_contact(house: House, dana: Somebody) -> None:
    talk = house.talk(contact_id=house.contact(language="es"))
    assert dana.get(f"/conversations/{talk}").body.count('data-insert="¿Nacimiento?"') == 1


def test_a_conversation_is_given_to_a_colleague_and_to_nobody(house: House, dana: Somebody, talk: int) -> None:
    assert "Assigned." in said(house, do(dana, talk, "assign", to="kim"), dana)
    assert tile(house)["assignee"] == "kim"
    assert do(dana, talk, "assign").status == 303 and tile(house)["assignee"] is None
    answer = do(dana, talk, "assign", to="gus")
    assert answer.status == 422 and "Nobody of that name sees the conversations of Riverside" in answer.body
    for name, is_there in (("ada", True), ("kim", True), ("gus", False)):
        page = Page(dana.get(f"/conversations/{talk}").body)
        assert bool(page.all("option", value=name)) is is_there, name


def test_it_sleeps_wakes_closes_and_opens_again(house: House, dana: Somebody, talk: int) -> None:
    for doing, form, state in (
        ("snooze", {"until": "1h"}, "snoozed"),
        ("wake", {}, "open"),
        ("snooze", {"until": "reply"}, "snoozed"),
        ("wake", {}, "open"),
        ("close", {}, "closed"),
        ("reopen", {}, "open"),
    ):
        answer = do(dana, talk, doing, **form)
        assert answer.status == 303 and tile(house)["state"] == state, doing
        dana.get(answer.headers["location"])
    assert do(dana, talk, "close").headers["location"] == "/inbox?said=closed"
    assert "It is open again." in said(house, do(dana, talk, "reopen"), dana)


def test_what_nobody_knows_is_no_doing(house: House, dana: Somebody, talk: int) -> None:
    for form in ({"do": "explode"}, {"do": "snooze", "until": "never"}, {}):
        assert dana.post(f"/conversations/{talk}/do", **form).status == 400
    assert tile(house)["state"] == "open"


def test_a_reply_that_the_page_does_not_show_is_not_closed_away(house: House, dana: Somebody, talk: int) -> None:
    seen = composer(dana, talk)["seen"]
    house.text(talk, "Hello??", NOW + 5)
    house.change(lambda conn: conn.execute(conversations.update().values(last_reply_at=NOW + 5, unread_since=NOW + 5)))
    house.time.now += 10
    for doing, form in (("close", {}), ("snooze", {"until": "1h"})):
        answer = do(dana, talk, doing, seen=seen, **form)
        assert answer.status == 409 and "They wrote in the meantime, so nothing was done" in answer.body
        assert "Hello??" in answer.body and tile(house)["state"] == "open"
    assert do(dana, talk, "close", seen=Page(answer.body).all("input", name="seen")[0]["value"]).status == 303


def test_a_contact_is_corrected(house: House, dana: Somebody, talk: int) -> None:
    whose = str(house.rows(contacts)[0]["id"])
    form = {"first_name": " Anna ", "last_name": "Lee-Ōta", "kind": "referral", "language": "es-MX", "whose": whose}
    assert "Saved." in said(house, do(dana, talk, "contact", **form), dana)
    (row,) = house.rows(contacts)
    assert (row["first_name"], row["last_name"], row["kind"], row["language"]) == (
        "Anna",
        "Lee-Ōta",
        "referral",
        "es-MX",
    )
    for wrong in (
        {"kind": "king"},
        {"kind": "patient", "language": "no language"},
        {"kind": "patient", "first_name": "x" * 101},
    ):
        assert do(dana, talk, "contact", whose=whose, **wrong).status == 422
    assert house.rows(contacts) == [row]


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("!!DOB", "May I have the date of birth, Ann?"),
        ("Hello Ann,\n!!dob ", "Hello Ann,\nMay I have the date of birth, Ann?"),
        ("See you soon!!", "See you soon!!"),
        ("Great!! See you", "Great!! See you"),
    ],
)
def test_a_title_after_two_exclamation_marks_is_sent_as_its_text(
    house: House, dana: Somebody, talk: int, typed: str, sent: str
) -> None:
    """Where no JavaScript has put the text there while it was typed."""
    assert reply(dana, talk, typed).status == 303
    assert [row["body"] for row in house.rows(messages) if row["direction"] == "out"][-1] == sent


def test_a_title_that_there_is_not_does_not_leave(house: House, dana: Somebody, talk: int) -> None:
    before = house.rows(messages)
    answer = reply(dana, talk, "!!Dob request")
    assert answer.status == 422 and "no quick response" in answer.body
    assert house.rows(messages) == before


def test_a_form_about_one_person_does_not_change_another(house: House, dana: Somebody, talk: int) -> None:
    """While it was filled in, a colleague has filed the conversation under somebody else."""
    form = Page(dana.get(f"/conversations/{talk}").body).all("input", name="whose")[0]["value"]
    son = house.contact(first_name="Sam")
    assert do(dana, talk, "file", contact=str(son)).status == 303
    before = house.rows(contacts)
    answer = do(dana, talk, "contact", first_name="Ann", last_name="Lee", kind="patient", whose=form)
    assert answer.status == 422 and "somebody else" in answer.body
    assert house.rows(contacts) == before


def test_of_several_who_share_a_number_it_is_filed_under_one(house: House, dana: Somebody, talk: int) -> None:
    son = house.contact(first_name="Sam")
    other = house.contact("+12025550199", first_name="Eve")
    assert "Several people have this number." in dana.get(f"/conversations/{talk}").body
    assert do(dana, talk, "file", contact=str(son)).status == 303 and tile(house)["contact_id"] == son
    for wrong in (str(other), "999", "9" * 5000):
        assert do(dana, talk, "file", contact=wrong).status in (422, 303)
    assert tile(house)["contact_id"] in (son, None)


def test_a_text_that_waits_for_a_person_leaves_or_does_not(house: House, dana: Somebody, talk: int) -> None:
    held = house.text(talk, "Held", direction="out", flow="missed", status="held", from_number="+12025550100")
    assert 'name="release"' in dana.get(f"/conversations/{talk}").body
    assert dana.post(f"/conversations/{talk}/do", release=held).status == 303
    assert [row["status"] for row in house.rows(messages) if row["id"] == held] == ["queued"]
    for wrong in ("", "x", str(uuid.uuid4())):
        assert dana.post(f"/conversations/{talk}/do", dismiss=wrong).status == 422


def test_a_conversation_of_a_hundred_texts_has_earlier_ones(house: House, dana: Somebody, talk: int) -> None:
    for number in range(205):
        house.text(talk, f"number {number}.", NOW - 1000 + number)
    page = Page(dana.get(f"/conversations/{talk}").body)
    assert "number 204." in page.text and "number 104." not in page.text
    seen = page.text
    for _ in range(2):
        (earlier,) = [has["href"] for has in page.all("a") if "before=" in has["href"]]
        page = Page(dana.get(earlier).body)
        # an earlier page does not grow: what comes in belongs under the newest
        assert "data-live" not in page.all("body")[0]
        seen += page.text
    assert all(seen.count(f" number {number}. ") == 1 for number in range(205))
    assert not [has for has in page.all("a") if "before=" in has["href"]]


@pytest.mark.parametrize("before", ["1", "-1", "nan", "inf", "1e300", "soon", "0001-01-01", "\0", "1" * 400])
def test_any_time_may_be_asked_for(house: House, dana: Somebody, talk: int, before: str) -> None:
    answer = house.run(dana.browser.get(f"/conversations/{talk}?before={before}".replace("\0", "%00")))
    assert answer.status == 200


def test_there_is_no_conversation_that_there_is_not(house: House, dana: Somebody, talk: int) -> None:
    for nowhere in ("0", "999", "-1", "1.5", "x", "2147483648", "9" * 5000):
        assert dana.get(f"/conversations/{nowhere}").status == 404
        assert dana.post(f"/conversations/{nowhere}/reply", body="Hi", key=str(uuid.uuid4())).status == 404
        assert dana.post(f"/conversations/{nowhere}/draft", body="Hi").status == 404
        assert dana.post(f"/conversations/{nowhere}/do", do="close").status == 404
    assert out(house) == []
