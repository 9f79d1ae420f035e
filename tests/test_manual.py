"""What a person may send, and what not: in every case with a reason that tells no number."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, RowMapping, select, update

from tests.practices import document, practice
from textback import manual
from textback.directory import Directory
from textback.manual import Refused, Unclear, retry
from textback.model import Flow, LineType, Status
from textback.store import calls, line_types, messages, optouts, people, practices
from textback.store.tables import calls as call_table
from textback.store.tables import contacts, conversations
from textback.store.tables import messages as table

NOW = 1_800_014_400.0
TO = "+12025550143"
OURS = "+12025550100"
BILLING = {"name": "Billing", "number": "+12025550101"}
GROVE: dict[str, Any] = {
    "practice": {"name": "Grove", "timezone": "UTC", "region": "US", "language": "en"},
    "line": [{"name": "Front desk", "number": "+12025550102"}],
}


@pytest.fixture
def conn(engine: Engine) -> Any:
    """An open transaction in the database of Riverside and Grove."""
    with engine.begin() as connection:
        practices.put(connection, "Riverside", document(line=[document()["line"][0], BILLING]), "test", NOW)
        practices.put(connection, "Grove", document(**GROVE), "test", NOW)
        yield connection


def house(*more: dict[str, Any], **changes: Any) -> Directory:
    return Directory([practice(**changes), *(practice(**one) for one in more)])


def write(conn: Connection, directory: Directory | None = None, **changes: Any) -> str:
    wanted = {"practice": None, "line": None, "to": TO, "body": "Hello", "author": "ann", "now": NOW}
    wanted |= {"message_id": str(uuid.uuid4())} | changes
    return manual.write(conn, directory or house(), **wanted)


def stored(conn: Connection, message_id: str) -> RowMapping:
    return conn.execute(select(table).where(table.c.id == message_id)).mappings().one()


def count(conn: Connection) -> int:
    return len(conn.execute(select(table.c.id)).all())


def test_a_text_by_hand_waits_before_all_automatic_ones_in_its_conversation(conn: Connection) -> None:
    row = stored(conn, write(conn, to="(202) 555-0143"))
    assert (row["to_number"], row["from_number"], row["body"], row["segments"]) == (TO, OURS, "Hello", 1)
    assert (row["status"], row["flow"], row["author"], row["priority"]) == ("queued", None, "ann", 0)
    assert (row["created_at"], row["due_at"], row["expires_at"], row["practice"]) == (NOW, NOW, None, "Riverside")
    talk = conn.execute(select(conversations)).mappings().one()
    assert (talk["id"], talk["number"], talk["last_message_at"]) == (row["conversation_id"], TO, NOW)


def test_a_job_that_runs_again_writes_nothing_new_even_if_it_would_be_refused_now(conn: Connection) -> None:
    once = write(conn, message_id="5f0f4a0e-0000-4000-8000-000000000001")
    optouts.record(conn, TO, NOW, "test")
    assert write(conn, message_id=once) == once
    assert count(conn) == 1


def test_the_placeholders_of_the_practice_file_work_and_staff(conn: Connection) -> None:
    directory = house(practice__url="https://r.example.org")
    body = "{first_name|there}, {staff} of {practice} ({line}): {url} "
    assert stored(conn, write(conn, directory, body=body))["body"] == (
        "there, ann of Riverside (Front desk): https://r.example.org"
    )
    conn.execute(update(contacts).values(verified=True, first_name="Jane"))
    assert stored(conn, write(conn, directory, body="Hi {first_name|there}"))["body"] == "Hi Jane"


def test_the_wait_and_the_queue_are_those_of_the_latest_call(conn: Connection) -> None:
    for number, hold in ((1, 30.0), (2, 130.0)):
        row = {"id": f"main/{number}", "pbx": "main", "practice": "Riverside", "caller": TO, "started_at": NOW + number}
        row |= {"ended_at": NOW + 200, "queue": "support", "hold_seconds": hold, "voicemail": False}
        conn.execute(call_table.insert(), row | {"backfilled": False})
    row = stored(conn, write(conn, body="You waited {wait} in {queue}."))
    assert row["body"] == "You waited 2 minutes in support."


def test_a_name_with_braces_stays_what_it_is(conn: Connection) -> None:
    assert stored(conn, write(conn, body="I am {staff}", author="{practice}"))["body"] == "I am {practice}"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("Hi {name}", "the unknown placeholder {name}, expected one of {practice}, "),
        ("Hi {practice", "a brace that belongs to no placeholder"),
        ("{wait} in {queue}", "{queue}, which says nothing here; {wait}, which says nothing here"),
        ("see {url}", "{url}, which says nothing here"),
        ("  \n ", "the text is empty"),
        ("{first_name}", "the text is empty"),
        ("a" * 1601, "1601 characters, expected at most 1600"),
        ("a\x00b", "cannot be texted"),
        ("a\udcffb", "cannot be texted"),
    ],
)
def test_a_text_that_cannot_be_sent_as_it_stands_says_why(conn: Connection, body: str, why: str) -> None:
    with pytest.raises(Unclear) as unclear:
        write(conn, body=body)
    assert why in str(unclear.value)
    assert count(conn) == 0


def test_as_much_as_the_provider_takes_can_be_sent(conn: Connection) -> None:
    row = stored(conn, write(conn, body="é\n🙂" + "a" * 1597))
    assert (len(row["body"]), row["encoding"], row["segments"]) == (1600, "UCS-2", 24)


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("911", "emergency"), ("104", "extension"), ("+18005550100", "toll-free"), ("+19005550100", "premium"),
        ("nobody", "no possible"), ("", "no telephone number"), ("anonymous", "no telephone number"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_texted_is_unclear(conn: Connection, to: str, why: str) -> None:
    with pytest.raises(Unclear, match=why):
        write(conn, to=to)


def test_nothing_leaves_for_who_opted_out_nor_for_a_landline(conn: Connection) -> None:
    line_types.record(conn, TO, LineType.LANDLINE, NOW - 60, "test")
    with pytest.raises(Refused, match="known not to receive texts") as landline:
        write(conn)
    optouts.record(conn, TO, NOW, "test")
    with pytest.raises(Refused, match="opted out") as opted_out:
        write(conn, house(GROVE), practice="Grove")
    assert not any(TO in str(error.value) for error in (landline, opted_out))
    assert count(conn) == 0


def test_in_test_mode_only_test_numbers_are_texted(conn: Connection) -> None:
    with pytest.raises(Refused, match="test mode"):
        write(conn, house(practice__mode="test"))
    assert write(conn, house(practice__mode="test", practice__test_numbers=[TO]))


@pytest.mark.parametrize("to", [OURS, "+12025550102"])
def test_our_own_lines_are_not_texted(conn: Connection, to: str) -> None:
    with pytest.raises(Refused, match="our own lines"):
        write(conn, house(GROVE), practice="Riverside", to=to)


@pytest.mark.parametrize("line", ["Billing", "+12025550101"])
def test_a_line_is_meant_by_its_name_or_its_number(conn: Connection, line: str) -> None:
    directory = house(GROVE, line=[document()["line"][0], BILLING])
    assert stored(conn, write(conn, directory, line=line))["from_number"] == "+12025550101"


def test_of_several_practices_one_must_be_meant(conn: Connection) -> None:
    with pytest.raises(Unclear, match="say which practice it is from: Riverside, Grove"):
        write(conn, house(GROVE))
    with pytest.raises(Unclear, match="say which practice it is from: Riverside, Grove"):
        write(conn, house(GROVE), line="Front desk")
    assert stored(conn, write(conn, house(GROVE), practice="Grove"))["from_number"] == "+12025550102"


def test_what_there_is_not_is_told_with_what_there_is(conn: Connection) -> None:
    with pytest.raises(Unclear, match="no such practice; there is Riverside"):
        write(conn, practice="Riversite")
    with pytest.raises(Unclear, match=r"no such line; there is Front desk \(\+12025550100\)"):
        write(conn, line="Back door")
    with pytest.raises(Refused, match="practice apply"):
        write(conn, Directory([]))


def failed(conn: Connection, status: Status = Status.FAILED, provider_id: str | None = None) -> str:
    """An automatic text for a call, that did not arrive."""
    talk = people.conversation_for(conn, "Riverside", OURS, TO, NOW)
    new = messages.NewMessage(
        conversation_id=talk, to_number=TO, from_number=OURS, body="We missed you", segments=1, encoding="GSM-7",
        created_at=NOW, due_at=NOW, expires_at=NOW + 600, call_id="main/1", practice="Riverside", flow=Flow.MISSED,
    )  # fmt: skip
    first = messages.add(conn, new)
    outcome = {"status": status, "provider_id": provider_id, "reason": "it did not arrive", "attempts": 1}
    conn.execute(update(table).where(table.c.id == first).values(outcome))
    call = {"id": "main/1", "pbx": "main", "started_at": NOW, "voicemail": False, "backfilled": False}
    calls.save(conn, [call | {"message_id": first, "conversation_id": talk}])
    return first


def of_the_call(conn: Connection) -> str:
    return str(conn.execute(select(call_table.c.message_id)).scalar_one())


def test_what_the_provider_never_took_is_queued_as_it_is(conn: Connection) -> None:
    first = failed(conn)
    assert retry(conn, house(), first, "ann", NOW + 9000) == first
    row = stored(conn, first)
    assert (row["status"], row["reason"], row["due_at"], row["expires_at"]) == ("queued", None, NOW + 9000, None)
    assert (row["call_id"], row["flow"], row["attempts"], of_the_call(conn)) == ("main/1", "missed", 1, first)
    assert row["author"] == "ann"


def test_who_wrote_a_text_stays_its_author_when_somebody_else_sends_it_again(conn: Connection) -> None:
    text = write(conn)
    conn.execute(update(table).values(status=Status.FAILED))
    retry(conn, house(), text, "bob", NOW + 60)
    assert stored(conn, text)["author"] == "ann"


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNDELIVERED])
def test_what_the_provider_took_is_sent_again_as_a_text_of_its_own(conn: Connection, status: Status) -> None:
    first = failed(conn, status, "SM1")
    second = retry(conn, house(), first, "ann", NOW + 60)
    assert stored(conn, first)["status"] == status
    row = stored(conn, second)
    assert (row["body"], row["flow"], row["author"], row["to_number"]) == ("We missed you", "missed", "ann", TO)
    assert (row["call_id"], row["provider_id"], row["attempts"], row["due_at"]) == (None, None, 0, NOW + 60)
    assert of_the_call(conn) == second


def test_a_text_is_sent_again_once_however_often_it_is_asked_for(conn: Connection) -> None:
    first = failed(conn, Status.UNDELIVERED, "SM1")
    second = retry(conn, house(), first, "ann", NOW + 60)
    assert retry(conn, house(), first, "bob", NOW + 61) == second
    assert count(conn) == 2
    conn.execute(update(table).where(table.c.id == second).values(status=Status.UNDELIVERED, provider_id="SM2"))
    with pytest.raises(Refused, match=f"as {second}, which is undelivered"):
        retry(conn, house(), first, "ann", NOW + 62)
    third = retry(conn, house(), second, "ann", NOW + 63)
    assert (count(conn), of_the_call(conn)) == (3, third)


def test_a_second_attempt_that_was_dismissed_is_not_said_to_wait(conn: Connection) -> None:
    first = failed(conn, Status.UNDELIVERED, "SM1")
    second = retry(conn, house(), first, "ann", NOW + 60)
    conn.execute(update(table).where(table.c.id == second).values(status=Status.CANCELLED))
    with pytest.raises(Refused, match=f"as {second}, which is cancelled"):
        retry(conn, house(), first, "ann", NOW + 62)


def test_a_retry_that_runs_again_changes_nothing(conn: Connection) -> None:
    first = failed(conn)
    retry(conn, house(), first, "ann", NOW + 60)
    conn.execute(update(table).values(status=Status.SENT, provider_id="SM1"))
    assert retry(conn, house(), first, "ann", NOW + 60) == first
    assert (count(conn), stored(conn, first)["status"]) == (1, "sent")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (Status.SENT, "the message is sent, not failed or undelivered"), (Status.QUEUED, "is queued"),
        (Status.DELIVERED, "is delivered"), (Status.CANCELLED, "is cancelled"), (Status.RECEIVED, "is received"),
        (Status.UNKNOWN, "`textback messages release` sends it"), (Status.HELD, "`textback messages release` sends it"),
    ],
)  # fmt: skip
def test_only_what_did_not_arrive_is_sent_again(conn: Connection, status: Status, why: str) -> None:
    first = failed(conn, status, "SM1")
    with pytest.raises(Refused, match=why):
        retry(conn, house(), first, "ann", NOW + 60)
    assert count(conn) == 1


def test_nothing_is_sent_again_to_who_may_not_have_it(conn: Connection) -> None:
    first = failed(conn)
    with pytest.raises(Refused, match="test mode"):
        retry(conn, house(practice__mode="test"), first, "ann", NOW + 60)
    line_types.record(conn, TO, LineType.LANDLINE, NOW, "test")
    with pytest.raises(Refused, match="known not to receive texts"):
        retry(conn, house(), first, "ann", NOW + 60)
    optouts.record(conn, TO, NOW, "test")
    with pytest.raises(Refused, match="opted out"):
        retry(conn, house(), first, "ann", NOW + 60)
    assert stored(conn, first)["status"] == "failed"


def test_an_unknown_id_cannot_be_sent_again(conn: Connection) -> None:
    with pytest.raises(Refused, match="no such message"):
        retry(conn, house(), "nothing", "ann", NOW)
