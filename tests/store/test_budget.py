"""What a practice has spent: texts that left or will leave, lately, and by prefix."""

from __future__ import annotations

from sqlalchemy import Connection

from textback.model import Flow, Spent, Status
from textback.store import messages, people
from textback.store.budget import spent

NOW = 1_800_014_400.0


def text(
    conn: Connection, number: str, age: float, status: Status = Status.SENT, flow: Flow | None = Flow.MISSED
) -> None:
    thread = people.conversation_for(conn, "Clinic", "+12025550100", number, NOW)
    new = messages.NewMessage(
        conversation_id=thread, to_number=number, from_number="+12025550100", body="Hello", segments=1,
        encoding="GSM-7", created_at=NOW - age, due_at=NOW - age, practice="Clinic", flow=flow, status=status,
    )  # fmt: skip
    messages.add(conn, new)


def test_automatic_texts_count_for_the_minute_the_day_and_their_prefix(conn: Connection) -> None:
    for number, age in (("+12025550111", 10), ("+12025550112", 59), ("+12125550113", 30), ("+12025550114", 3600)):
        text(conn, number, age)
    found = spent(conn, ["Clinic"], ["Clinic"], NOW)
    assert found["Clinic"] == Spent(day=4, minute=3, prefixes={"+1202555": 2, "+1212555": 1})


def test_what_does_not_leave_and_what_staff_write_do_not_count(conn: Connection) -> None:
    for status in (Status.HELD, Status.CANCELLED, Status.FAILED):
        text(conn, "+12025550111", 10, status)
    text(conn, "+12025550111", 10, flow=None)
    text(conn, "+12025550111", 2 * 86_400)
    assert spent(conn, ["Clinic", "Other"], ["Clinic", "Other"], NOW) == {"Clinic": Spent(), "Other": Spent()}


def test_only_what_is_asked_for_is_counted(conn: Connection) -> None:
    text(conn, "+12025550111", 10)
    assert spent(conn, ["Clinic"], [], NOW) == {"Clinic": Spent(day=1)}
    assert spent(conn, [], ["Clinic"], NOW) == {"Clinic": Spent(minute=1, prefixes={"+1202555": 1})}
    assert spent(conn, [], [], NOW) == {}


def test_what_others_wrote_before_a_late_judgement_counts(conn: Connection) -> None:
    text(conn, "+12025550111", -900)
    late = spent(conn, ["Clinic"], [], NOW, written_at=NOW + 1200)
    assert late["Clinic"] == Spent(day=1)


def test_texts_of_a_time_that_is_still_to_come_were_written_by_a_clock_that_was_wrong(conn: Connection) -> None:
    for ahead in (3600, 86_400, 60):  # the last one by another daemon's clock
        text(conn, f"+120255501{ahead % 97:02}", -ahead)
    assert spent(conn, ["Clinic"], ["Clinic"], NOW)["Clinic"] == Spent(day=1, minute=1, prefixes={"+1202555": 1})
