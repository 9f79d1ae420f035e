"""A number that several share: asked once who it is, and filed only under whom they surely mean."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from tests.inbox.posts import ANN, NOW, Post
from textback.inbox.choosing import BY_ANSWER, STANDS
from textback.model import Answer
from textback.store.staff_tables import audit
from textback.store.tables import contacts, conversations

HOUR = 3600.0


@pytest.fixture
def asking(post: Post) -> Post:
    """A practice that asks, and two who share a number."""
    post.want(chat__shared_number="ask")
    post.ann, post.bob = post.knows("Ann", last_name="Doe"), post.knows("Bob", last_name="Doe")
    return post


def contact_of(post: Post) -> int | None:
    (talk,) = post.rows(select(conversations.c.contact_id))
    found: int | None = talk["contact_id"]
    return found


def filed(post: Post) -> list[str]:
    return [row["who"] for row in post.rows(select(audit).where(audit.c.action == "filed"))]


def staff_write(post: Post) -> None:
    post.now += 1
    post.write(author="sam", created_at=post.now)


def test_where_staff_choose_nobody_is_asked(post: Post) -> None:
    post.knows("Ann")
    post.knows("Bob")
    received = post.text("Hello")
    assert received.answer is None and contact_of(post) is None
    assert post.tile(received.conversation_id).state == "open"


def test_the_first_reply_is_answered_by_a_list_of_first_names(asking: Post) -> None:
    received = asking.text("I need an appointment")
    assert received.answer is Answer.ASK
    asked = "Riverside: who is writing? Please reply with a number only:\n1 Ann\n2 Bob\n3 somebody else"
    assert asking.answers() == [("ask", asked)]
    tile = asking.tile(received.conversation_id)
    assert (tile.state, tile.waiting_since, tile.contact_id) == ("open", NOW, None)
    assert tile.asked == [[asking.ann], [asking.bob]]


@pytest.mark.parametrize("body", ["2", " 2 ", "2.", "#2", "(2)", "Bob", "bob!", "2\n"])
def test_the_answer_files_the_conversation(asking: Post, body: str) -> None:
    asking.text("Hello")
    received = asking.text(body)
    assert received.answer is None
    assert contact_of(asking) == asking.bob
    assert asking.tile(received.conversation_id).asked is None
    assert filed(asking) == [BY_ANSWER]
    asking.text("1")
    assert contact_of(asking) == asking.bob
    assert len(asking.answers()) == 1


@pytest.mark.parametrize("body", ["I am Bob", "2 or 3 pm would be good", "20:00", "1 2", "two", "Bob Doe", "½"])
def test_who_just_writes_on_is_not_taken_for_anybody(asking: Post, body: str) -> None:
    asking.text("Hello")
    received = asking.text(body)
    assert contact_of(asking) is None and received.answer is None
    asking.text("1")
    assert contact_of(asking) == asking.ann


def test_somebody_else_is_for_staff_to_find_out(asking: Post) -> None:
    asking.text("Hello")
    received = asking.text("3")
    assert asking.tile(received.conversation_id).asked == []
    assert (contact_of(asking), asking.text("1").answer, contact_of(asking)) == (None, None, None)


def test_a_number_that_is_none_of_the_list_is_asked_once_more(asking: Post) -> None:
    asking.text("Hello")
    assert asking.text("7").answer is Answer.ASK
    asking.text("2")
    assert contact_of(asking) == asking.bob


def test_and_after_that_it_is_for_staff(asking: Post) -> None:
    asking.text("Hello")
    asking.text("0")
    assert asking.text("99").answer is None
    asking.text("1")
    assert contact_of(asking) is None and len(asking.answers()) == 2


def test_a_number_that_answers_a_question_of_staff_files_nothing(asking: Post) -> None:
    asking.text("Hello")
    staff_write(asking)
    asking.now += 5
    received = asking.text("2")
    assert contact_of(asking) is None and received.answer is None
    assert asking.tile(received.conversation_id).asked == []


def test_a_number_a_day_later_files_nothing(asking: Post) -> None:
    asking.text("Hello")
    asking.now += STANDS + 1
    asking.text("2")
    assert contact_of(asking) is None and len(asking.answers()) == 1


def test_nobody_is_asked_while_staff_write_with_them(asking: Post) -> None:
    staff_write(asking)
    assert asking.text("Thanks").answer is None
    asking.now += STANDS + 1
    assert asking.text("Hello").answer is Answer.ASK


def test_who_opts_out_instead_is_not_asked_again(asking: Post) -> None:
    asking.text("Hello")
    assert asking.text("STOP").answer is Answer.OPT_OUT
    assert asking.text("9").answer is None
    assert [kind for kind, _ in asking.answers()] == ["ask", "opt_out"]


def test_two_who_are_called_the_same_stand_once_in_the_list_and_staff_choose(asking: Post) -> None:
    asking.knows("ann", last_name="Smith")
    asking.text("Hello")
    assert asking.answers()[0][1].endswith("\n1 Ann\n2 Bob\n3 somebody else")
    received = asking.text("1")
    assert contact_of(asking) is None and filed(asking) == []
    assert asking.tile(received.conversation_id).asked == []


def test_where_all_are_called_the_same_there_is_nothing_to_ask(post: Post) -> None:
    post.want(chat__shared_number="ask")
    post.knows("Ann")
    post.knows("ANN")
    assert post.text("Hello").answer is None


def test_only_those_whom_the_practice_knows_by_name_are_told_to_whoever_holds_the_phone(post: Post) -> None:
    post.want(chat__shared_number="ask")
    for name, verified in (("Ann", True), ("Bob", True), ("Eve", False), (None, True)):
        post.knows(name, verified=verified)
    post.text("Hello")
    assert post.answers()[0][1].endswith("\n1 Ann\n2 Bob\n3 somebody else")


def test_more_than_fit_into_a_list_are_for_staff(post: Post) -> None:
    post.want(chat__shared_number="ask")
    for at in range(9):
        post.knows(f"Ann{at}")
    assert post.text("Hello").answer is None


def test_whose_number_changed_meanwhile_is_not_filed_under(asking: Post) -> None:
    asking.text("Hello")
    with asking.engine.begin() as conn:
        conn.execute(update(contacts).where(contacts.c.first_name == "Bob").values(number="+12025550133"))
    asking.text("2")
    assert contact_of(asking) is None


def test_whose_row_is_gone_is_not_filed_under_and_the_list_counts_as_it_was_sent(asking: Post) -> None:
    asking.knows("Cid")
    asking.text("Hello")
    with asking.engine.begin() as conn:
        conn.execute(delete(contacts).where(contacts.c.first_name == "Ann"))
    asking.text("2")
    assert contact_of(asking) == asking.bob


def test_a_list_in_the_language_that_they_speak(asking: Post) -> None:
    with asking.engine.begin() as conn:
        conn.execute(update(contacts).values(language="es"))
    asking.text("Hola")
    assert "¿quién escribe?" in asking.answers()[0][1] and asking.answers()[0][1].endswith("\n3 otra persona")


def test_outside_hours_they_are_asked_first_and_then_told(asking: Post) -> None:
    away = {"chat__after_hours_reply": {"en": "Closed."}, "chat__hours": {"mon": ["09:00-17:00"]}}
    asking.want(chat__shared_number="ask", **away)
    assert asking.text("Hello").answer is Answer.ASK
    assert asking.text("1").answer is Answer.AFTER_HOURS
    assert asking.text("Thanks").answer is None
    assert contact_of(asking) == asking.ann


def test_who_may_not_write_is_not_asked(asking: Post) -> None:
    asking.want(chat__shared_number="ask", chat__allow_start=False)
    assert asking.text("Hello").answer is None


def test_one_person_alone_is_not_asked(post: Post) -> None:
    post.want(chat__shared_number="ask")
    only = post.knows("Ann", number=ANN)
    assert post.text("Hello").answer is None and contact_of(post) == only
