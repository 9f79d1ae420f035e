"""Callers whom nobody here saw are judged like the others: once told of, and once more when their text is due."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, update

from tests.practices import document, practice
from textback.book import PracticeBook
from textback.elsewhere import Elsewhere, Judged, home_of, judge_elsewhere_again
from textback.limits import AFTER_QUIET
from textback.model import Decision, Flow, LineType, Status
from textback.store import calls, claims, line_types, messages, optouts, people, practices, webhook_tokens
from textback.store.tables import contacts, conversations, messages as table, webhook_tokens as tokens
from textback.store.webhook_tokens import Grant

T0 = 1_800_014_400.0  # 2027-01-15 12:00:00 UTC
LINE, CALLER, OTHER = "+12025550100", "+12025550143", "+12025550144"


@pytest.fixture
def conn(engine: Engine) -> Any:
    with engine.begin() as connection:
        want(connection)
        webhook_tokens.create(connection, "t" * 43, practice="Riverside", flow=Flow.MISSED, by="kim", now=T0)
        connection.execute(update(tokens).values(id=1))
        yield connection


def want(conn: Connection, **changes: Any) -> None:
    practices.put(conn, practice(**changes).name, document(**changes), "test", T0)


def job(
    flow: Flow = Flow.MISSED, number: str = CALLER, at: float = T0, lang: str | None = None, name: str | None = None
) -> Elsewhere:
    return Elsewhere(PracticeBook(), Grant(1, "Riverside", flow), number, lang, name, at)


def texts(conn: Connection) -> list[Any]:
    return list(conn.execute(select(table).order_by(table.c.created_at)).all())


def call(conn: Connection, call_id: str, at: float, **columns: Any) -> None:
    row: dict[str, Any] = {"id": call_id, "pbx": "main", "caller": CALLER, "started_at": at, "ended_at": None}
    row |= {"voicemail": False, "backfilled": False, "disposition": None, "verdict": None, "machine": None}
    calls.save(conn, [row | columns])


def again(conn: Connection, at: float) -> Decision | None:
    """The judgement when the text is claimed at ``at``."""
    message = claims.claim(conn, at, "me", "token")
    assert message is not None
    return judge_elsewhere_again(conn, PracticeBook()(conn), message, at)


def test_who_asked_for_a_text_gets_it_at_once(conn: Connection) -> None:
    judged = job(Flow.CALL_TO_TEXT)(conn)
    (text,) = texts(conn)
    assert judged == Judged(judged.decision, text.id, 0.0)
    assert (judged.decision.verdict, judged.decision.reason) == ("text", "call_to_text")
    assert judged.decision.why == "text: asked for it elsewhere, so a webhook says"
    assert (text.to_number, text.from_number, text.call_id, text.practice) == (CALLER, LINE, None, "Riverside")
    assert (text.body, text.flow, text.status) == ("Riverside here, how can we help?", "call_to_text", "queued")
    assert (text.created_at, text.due_at, text.expires_at, text.priority) == (T0, T0, T0 + 600, 1)
    (talk,) = conn.execute(select(conversations)).all()
    assert (talk.id, talk.line, talk.number, talk.last_message_at) == (text.conversation_id, LINE, CALLER, T0)
    assert conn.execute(select(tokens.c.last_used_at)).scalar() == T0


@pytest.mark.parametrize(
    ("flow", "body", "told"),
    [
        (Flow.MISSED, "Sorry we missed you, there. Riverside", "nobody answered elsewhere"),
        (Flow.ABANDONED, "Riverside: we got disconnected.", "gave up elsewhere"),
    ],
)
def test_who_was_lost_is_texted_after_a_while(conn: Connection, flow: Flow, body: str, told: str) -> None:
    judged = job(flow)(conn)
    (text,) = texts(conn)
    assert (judged.message_id, judged.settle) == (text.id, 15.0)
    assert told in judged.decision.why
    assert (text.body, text.status, text.due_at, text.expires_at) == (body, "queued", T0 + 15, T0 + 600)
    assert claims.claim(conn, T0 + 14, "me", "token") is None
    assert again(conn, T0 + 15) is None


def test_where_nothing_settles_nothing_waits(conn: Connection) -> None:
    want(conn, guards__settle="0s")
    assert job()(conn).settle == 0.0
    assert texts(conn)[0].due_at == T0


def test_the_language_is_the_one_that_was_told(conn: Connection) -> None:
    job(Flow.ABANDONED, lang="es-MX")(conn)
    assert texts(conn)[0].body == "Riverside: se cortó."


def test_in_the_quiet_hours_the_text_waits_for_their_end(conn: Connection) -> None:
    want(conn, guards__quiet_hours="11:00-13:00")
    judged = job()(conn)
    (text,) = texts(conn)
    assert (judged.decision.verdict, text.due_at, text.expires_at) == ("text", T0 + 3600, T0 + 3600 + AFTER_QUIET)


def test_who_is_told_of_twice_in_the_quiet_hours_gets_one_text_when_they_end(conn: Connection) -> None:
    want(conn, guards__quiet_hours="11:00-20:00")
    job()(conn)
    assert job(at=T0 + 5 * 3600)(conn).decision.reason == "cooldown"
    assert job(Flow.CALL_TO_TEXT, at=T0 + 5 * 3600)(conn).message_id is not None
    assert len(texts(conn)) == 2


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("flow_off", {"missed__during_hours__enabled": False}),
        ("country", {"guards__countries": ["FR"]}),
        ("blocked_number", {"guards__blocked": ["+1202"]}),
        ("test_mode", {"practice__mode": "test"}),
    ],
)
def test_the_guards_are_the_practice_s(conn: Connection, reason: str, changes: dict[str, Any]) -> None:
    want(conn, **changes)
    judged = job()(conn)
    assert (judged.decision.verdict, judged.decision.reason, judged.message_id) == ("skip", reason, None)
    assert texts(conn) == []
    assert conn.execute(select(contacts)).all() == []


def test_what_is_known_of_a_number_counts(conn: Connection) -> None:
    optouts.record(conn, CALLER, T0, "text")
    line_types.record(conn, OTHER, LineType.LANDLINE, T0, "lookup")
    assert job(Flow.CALL_TO_TEXT)(conn).decision.reason == "opted_out"
    assert job(Flow.CALL_TO_TEXT, OTHER)(conn).decision.reason == "landline"
    assert job(number="+18005550199")(conn).decision.reason == "bad_number"


@pytest.mark.parametrize(("flow", "seconds"), [(Flow.CALL_TO_TEXT, 120), (Flow.MISSED, 4 * 3600)])
def test_a_request_that_comes_again_is_no_second_text(conn: Connection, flow: Flow, seconds: float) -> None:
    job(flow)(conn)
    conn.execute(update(table).values(status=Status.SENT, sent_at=T0))
    for at in (T0, T0 + seconds - 1):
        assert job(flow, at=at)(conn).decision.reason == "cooldown"
    assert job(flow, at=T0 + seconds)(conn).message_id is not None
    assert len(texts(conn)) == 2


def test_beyond_the_budget_a_person_decides(conn: Connection) -> None:
    want(conn, guards__per_minute=1)
    job(Flow.CALL_TO_TEXT)(conn)
    judged = job(Flow.CALL_TO_TEXT, OTHER, T0 + 1)(conn)
    assert (judged.decision.verdict, judged.decision.reason) == ("held", "budget")
    assert [(text.status, text.reason) for text in texts(conn)] == [("queued", None), ("held", "budget")]


def test_a_practice_that_is_gone_texts_nobody(conn: Connection) -> None:
    gone = Elsewhere(PracticeBook(), Grant(1, "Grove", Flow.MISSED), CALLER, None, None, T0)(conn)
    assert (gone.decision.verdict, gone.decision.reason) == ("skip", "no_practice")
    assert home_of(PracticeBook()(conn), Grant(1, "Grove", Flow.MISSED)) is None


def test_a_job_that_is_run_again_after_its_commit_writes_nothing_and_says_the_same(engine: Engine) -> None:
    one = job()
    with engine.begin() as conn:
        want(conn)
        first = one(conn)
    with engine.begin() as conn:
        assert one(conn) == first
        assert [text.id for text in texts(conn)] == [first.message_id]


def test_a_job_that_is_run_again_after_a_rollback_judges_anew(engine: Engine) -> None:
    one = job()
    with engine.begin() as conn:
        want(conn)
    with engine.connect() as conn:
        assert one(conn).message_id is not None
        conn.rollback()
    with engine.begin() as conn:
        optouts.record(conn, CALLER, T0, "text")
        assert one(conn).decision.reason == "opted_out"
        assert texts(conn) == []


def test_a_name_is_kept_for_those_whom_nobody_knows(conn: Connection) -> None:
    row = {"practice": "Riverside", "number": OTHER, "kind": "patient", "verified": True, "created_at": T0}
    conn.execute(contacts.insert(), row | {"first_name": "Ann"})
    job(name="Mallory\n\x1b[2J")(conn)
    job(number=OTHER, name="Mallory")(conn)
    people.conversation_for(conn, "Riverside", LINE, "+12025550145", T0)
    job(number="+12025550145", name="Mallory")(conn)
    found = conn.execute(select(contacts.c.number, contacts.c.first_name, contacts.c.verified)).all()
    assert sorted(tuple(row) for row in found) == [
        (CALLER, "Mallory [2J", False), (OTHER, "Ann", True), ("+12025550145", None, False),
    ]  # fmt: skip
    assert [text.body for text in texts(conn) if "Mallory" in text.body] == []


def test_who_called_again_and_is_served_is_not_texted(conn: Connection) -> None:
    job()(conn)
    call(conn, "main/1", T0 + 5, machine={"phase": "waiting"})
    decision = again(conn, T0 + 15)
    assert decision is not None
    assert (decision.reason, decision.why) == ("came_back", "skip: the caller called again 5 s later")


def test_what_ended_before_is_no_coming_back(conn: Connection) -> None:
    call(conn, "main/1", T0 - 60, ended_at=T0 - 1, disposition="answered", verdict="skip")
    job()(conn)
    assert again(conn, T0 + 15) is None


LATER = ["came_back", "in_conversation", "test_mode", "landline", "blocked_number", "flow_off"]


@pytest.mark.parametrize("reason", LATER)
def test_what_changed_while_it_waited_counts(conn: Connection, reason: str) -> None:
    job()(conn)
    if reason == "came_back":
        people.staff_reached(conn, CALLER, T0 + 3, "main")
    elif reason == "in_conversation":
        talk = people.conversation_for(conn, "Riverside", LINE, CALLER, T0)
        by_staff = messages.NewMessage(
            conversation_id=talk, to_number=CALLER, from_number=LINE, body="Hi", segments=1, encoding="GSM-7",
            created_at=T0 + 3, due_at=T0 + 3, status=Status.SENT, author="kim",
        )  # fmt: skip
        messages.add(conn, by_staff)
    elif reason == "landline":
        line_types.record(conn, CALLER, LineType.LANDLINE, T0 + 3, "lookup")
    changes: dict[str, dict[str, Any]] = {
        "test_mode": {"practice__mode": "test"},
        "blocked_number": {"guards__blocked": [CALLER]},
        "flow_off": {"missed__during_hours__enabled": False},
    }
    want(conn, **changes.get(reason, {}))
    decision = again(conn, T0 + 15)
    assert decision is not None and decision.reason == reason


def test_a_line_that_is_nobody_s_any_more_sends_nothing(conn: Connection) -> None:
    job()(conn)
    want(conn, line=[{"name": "Front desk", "number": "+12025550101"}])
    decision = again(conn, T0 + 15)
    assert decision is not None and decision.reason == "no_practice"


def test_an_answer_to_a_text_is_not_judged(conn: Connection) -> None:
    job(Flow.CALL_TO_TEXT)(conn)
    conn.execute(update(table).values(flow=None))
    assert again(conn, T0) is None
