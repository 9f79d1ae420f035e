"""Nothing is left of a person who was erased, in no column of no table, and no figure has changed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import Connection, select

from textback.model import LineType, Status
from textback.store import audit, by_hand, calls, callbacks, day_counts, dealt, deliveries, erased, erasing, errands
from textback.store import in_flight
from textback.store import inbound, line_types, messages, optouts, people, tiles
from textback.store.audit import Action
from textback.store.staff_tables import notes
from textback.store.tables import calls as visits
from textback.store.tables import contacts, conversations, metadata
from textback.store.tables import messages as texts
from textback.store.traces import Traces

NOON, DAY = 1795262400.0, 86_400.0
ANN, BOB, LINE = "+12025550111", "+12025550122", "+12025550100"
#: what tells of Ann, in small letters: digits are looked for without what stands between them
TELLS = ("2025550111", "annabel", "leeway", "my knee", "allergic")


def call(number: int, caller: str, **columns: Any) -> dict[str, Any]:
    """A call that began so many seconds after noon."""
    row: dict[str, Any] = dict.fromkeys(visits.c.keys())
    row |= {"id": f"main/{number}", "pbx": "main", "practice": "Clinic", "caller": caller, "voicemail": False}
    row |= {"backfilled": False, "started_at": NOON + number, "ended_at": NOON + number + 30}
    row |= {"caller_tail": caller[-4:]}
    row |= {"disposition": "abandoned", "verdict": "text", "reason": "abandoned", "flow": "abandoned", "queue": "q"}
    return row | columns


def text(conn: Connection, number: str, **given: Any) -> str:
    talk = people.conversation_for(conn, "Clinic", LINE, number, NOON)
    new = {"to_number": number, "from_number": LINE, "body": "Hello Annabel", "segments": 1, "encoding": "GSM-7"}
    new |= {"conversation_id": talk, "created_at": NOON, "due_at": NOON, "practice": "Clinic", "status": Status.SENT}
    return messages.add(conn, messages.NewMessage(**(new | given)))


def reply(conn: Connection, number: str, body: str, sid: str, at: float, practice: str = "Clinic") -> int:
    talk = people.conversation_for(conn, practice, LINE, number, at)
    new = inbound.NewText(
        id=f"in-{sid}", conversation_id=talk, practice=practice, line=LINE, sender=number, body=body, segments=1,
        encoding="GSM-7", at=at, provider="twilio", provider_id=sid, media=[{"url": f"https://x/{number}"}],
    )  # fmt: skip
    assert inbound.add(conn, new)
    tiles.reply_came(conn, talk, at)
    return talk


def live_richly(conn: Connection) -> int:
    """Ann calls, is texted, replies, is noted, opts out; Bob asks for a text to her number. Gives her conversation."""
    person = {"practice": "Clinic", "number": ANN, "kind": "patient", "verified": True, "created_at": NOON}
    conn.execute(contacts.insert(), person | {"first_name": "Annabel", "last_name": "Leeway", "external_id": "E1"})
    story = [[NOON, "called 2025550100"], [NOON, "talks with Annabel"], [NOON + 2, "pressed 2"], [NOON + 9, "hung up"]]
    calls.save(conn, [
        call(1, ANN, caller_name="LEEWAY, ANNABEL", story=story, why="text: hung up", answered_by="202-555-0111"),
        call(2, BOB, story=[[NOON, "called"], [NOON, "pressed 0"]]),
        call(7200, ANN, disposition="answered", verdict="skip", flow=None, answered_at=NOON + 7205.0),
    ])  # fmt: skip
    dealt.lost(conn, [dealt.Lost("main/1", ANN, NOON + 1, NOON + 31)])
    sent = text(conn, ANN, call_id="main/1", flow="abandoned", reason="21211: (202) 555-0111 is no mobile")
    conn.execute(visits.update().where(visits.c.id == "main/1").values(message_id=sent))
    conn.execute(texts.update().where(texts.c.id == sent).values(sent_at=NOON + 40.0, provider_id="SM1"))
    other = text(conn, ANN, call_id="main/2", flow="call_to_text")
    conn.execute(visits.update().where(visits.c.id == "main/2").values(message_id=other))
    talk = reply(conn, ANN, "It's my knee, call 202 555 0111", "SM2", NOON + 60)
    text(conn, ANN, author="kim", body="We see you at nine", created_at=NOON + 90)
    conn.execute(notes.insert(), {"id": "n", "conversation_id": talk, "author": "kim", "body": "allergic", "at": NOON})
    conn.execute(conversations.update().where(conversations.c.id == talk).values(asked=[["Annabel", 1]]))
    audit.note(conn, NOON, "kim", Action.ASSIGNED, practice="Clinic", conversation=talk, detail="to Annabel")
    posts = (("sms", "SM2", {"From": ANN}), ("status", "SM1", {"X": "-"}), ("voice", "CA1", {"From": ANN}))
    for kind, sid, told in posts:
        callbacks.keep(conn, "twilio", kind, sid, "", told, NOON)
    came = {"kind": "CallerArrived", "call_id": "main/1", "number": "2025550111", "name": "Annabel Leeway"}
    errands.ask(conn, errands.Errand("e", "main", [came]), NOON)
    line_types.record(conn, ANN, LineType.MOBILE, NOON, "twilio")
    people.staff_reached(conn, ANN, NOON, "main")
    optouts.record(conn, ANN, NOON + 70, "text")
    return talk


def others_live(conn: Connection) -> list[Any]:
    """What Bob leaves behind, which must not change."""
    talk = reply(conn, BOB, "Hello", "SM9", NOON)
    callbacks.keep(conn, "twilio", "sms", "SM9", "", {"From": BOB}, NOON)
    people.staff_reached(conn, BOB, NOON, "main")
    conn.execute(notes.insert(), {"id": "b", "conversation_id": talk, "author": "kim", "body": "Bob", "at": NOON})
    return bobs(conn)


def bobs(conn: Connection) -> list[Any]:
    queries = [
        select(table).where(column == value)
        for table, column, value in (
            (contacts, contacts.c.number, BOB), (conversations, conversations.c.number, BOB),
            (texts, texts.c.provider_id, "SM9"), (notes, notes.c.id, "b"), (visits, visits.c.id, "main/3"),
        )
    ]  # fmt: skip
    return [conn.execute(query).all() for query in queries]


def everything(conn: Connection) -> dict[str, str]:
    """What each column of each table has, as small letters."""
    found: dict[str, str] = {}
    for table in metadata.sorted_tables:
        for row in conn.execute(select(table)).mappings():
            for name, value in row.items():
                key = f"{table.name}.{name}"
                found[key] = f"{found.get(key, '')} {json.dumps(value, default=str, ensure_ascii=False)}".lower()
    return found


def telling(conn: Connection) -> list[str]:
    """The columns that tell of Ann; digits in whatever way they are written."""
    found = []
    for name, value in everything(conn).items():
        squeezed = re.sub(r"(?<=\d)[^\w+\"]+(?=\d)", "", value)
        if any(word in value or word in squeezed for word in TELLS):
            found.append(name)
    return found


def figures(conn: Connection) -> dict[Any, Any]:
    return day_counts.counted(conn, "Clinic", NOON - DAY, NOON + DAY)


def test_no_column_of_any_table_tells_of_them(conn: Connection) -> None:
    live_richly(conn)
    assert len(telling(conn)) > 12
    gone = erasing.erase(conn, ANN, "lee", NOON + DAY)
    assert telling(conn) == []
    assert gone == erasing.Gone(contacts=1, calls=2, texts=4, notes=1, posts=3, opted_out=True)


def test_the_reports_do_not_change(conn: Connection) -> None:
    talk = live_richly(conn)
    before = figures(conn), day_counts.reply_seconds(conn, "Clinic", NOON - DAY, NOON + DAY)
    told = sum((counts["recovered"] for counts in before[0].values()))
    assert told == 1 and sum(counts["replied"] for counts in before[0].values()) == 1
    erasing.erase(conn, ANN, "lee", NOON + DAY)
    assert (figures(conn), day_counts.reply_seconds(conn, "Clinic", NOON - DAY, NOON + DAY)) == before
    assert tiles.one(conn, talk).state is None


def test_others_lose_nothing(conn: Connection) -> None:
    live_richly(conn)
    calls.save(conn, [call(3, BOB, caller_name="Bob", story=[[NOON, "pressed 1"]])])
    before = others_live(conn)
    erasing.erase(conn, ANN, "lee", NOON + DAY)
    assert bobs(conn) == before
    assert len(conn.execute(select(metadata.tables["callbacks"])).all()) == 1
    assert [row.number for row in conn.execute(select(metadata.tables["staff_reached"]))] == [BOB]


def test_who_asked_for_a_text_to_that_number_keeps_their_call_but_for_the_keys(conn: Connection) -> None:
    live_richly(conn)
    erasing.erase(conn, ANN, "lee", NOON + DAY)
    row = calls.row(conn, "main/2") or {}
    assert (row["caller"], row["story"]) == (BOB, [[NOON, "called"]])


def test_nobody_is_needed_for_them_any_more(conn: Connection) -> None:
    live_richly(conn)
    calls.save(conn, [call(9000, ANN)])
    dealt.lost(conn, [dealt.Lost("main/9000", ANN, NOON + 9000, NOON + 9030)])
    assert (calls.row(conn, "main/9000") or {})["needs_since"] is not None
    erasing.erase(conn, ANN, "lee", NOON + DAY)
    row = calls.row(conn, "main/9000") or {}
    assert (row["needs_since"], row["dealt_with_by"]) == (None, erasing.ERASED)


def test_they_stay_opted_out_when_they_are_imported_or_call_again(conn: Connection) -> None:
    live_richly(conn)
    erasing.erase(conn, ANN, "lee", NOON + DAY)
    person = {"practice": "Clinic", "number": ANN, "kind": "patient", "verified": True, "created_at": NOON + DAY}
    conn.execute(contacts.insert(), person)
    assert people.known(conn, [ANN], practice_of={ANN: "Clinic"}, now=NOON + DAY)[ANN].opted_out
    new = people.conversation_for(conn, "Clinic", LINE, ANN, NOON + DAY)
    assert tiles.one(conn, new).last_message_at is None


def test_the_trail_says_that_somebody_was_erased_and_not_who(conn: Connection) -> None:
    live_richly(conn)
    erasing.erase(conn, ANN, "lee", NOON + DAY)
    trail = metadata.tables["audit"]
    (row,) = conn.execute(select(trail).where(trail.c.action == Action.ERASED)).mappings()
    assert (row["who"], row["at"], row["detail"], row["conversation_id"]) == ("lee", NOON + DAY, "a person", None)


def test_what_the_provider_posts_late_does_not_bring_them_back(conn: Connection) -> None:
    live_richly(conn)
    erasing.erase(conn, ANN, "lee", NOON + DAY)
    callbacks.keep(conn, "twilio", "status", "SM1", "delivered", {"To": ANN}, NOON + DAY)
    callbacks.keep(conn, "twilio", "sms", "SM2", "", {"From": ANN, "Body": "my knee"}, NOON + DAY)
    told = deliveries.Report(provider_id="SM1", status=Status.UNDELIVERED, landline=True, opted_out=True)
    assert deliveries.apply(conn, told, "twilio", NOON + DAY) is deliveries.Applied.CHANGED
    assert inbound.find(conn, "SM2") is not None, "it would be taken in once more"
    assert telling(conn) == [] and not conn.execute(select(metadata.tables["optouts"])).all()


def test_whoever_has_no_number_can_be_erased_as_the_call_has_it(conn: Connection) -> None:
    calls.save(conn, [call(1, "sip:zoe", caller_name="Zoe"), call(2, BOB)])
    assert erasing.erase(conn, "sip:zoe", "lee", NOON).calls == 1
    assert not [value for value in everything(conn).values() if "zoe" in value]


@pytest.mark.parametrize("status", [*in_flight.WAITING, Status.SENDING])
def test_a_text_in_flight_is_told_and_all_but_the_one_that_is_being_sent_can_be_cancelled(
    conn: Connection, status: Status
) -> None:
    waiting = text(conn, ANN, status=status)
    (told,) = in_flight.of(conn, ANN)
    assert ANN not in told and ("with the provider" in told if status is Status.SENDING else waiting in told)
    in_flight.cancel(conn, ANN)
    assert len(list(in_flight.of(conn, ANN))) == (1 if status is Status.SENDING else 0)


def test_a_call_that_is_not_decided_is_in_flight(conn: Connection) -> None:
    calls.save(conn, [call(1, ANN, verdict=None), call(2, BOB, verdict=None)])
    in_flight.cancel(conn, ANN)
    assert list(in_flight.of(conn, ANN)) == [
        "call main/1 is on the line, or it is not decided yet whether it is texted: try again when it is over"
    ]


def test_somebody_who_waits_for_an_answer_can_be_erased_all_the_same(conn: Connection) -> None:
    talk = reply(conn, ANN, "Hello?", "SM1", NOON)
    assert list(in_flight.of(conn, ANN)) == []
    erasing.erase(conn, ANN, "lee", NOON)
    assert tiles.one(conn, talk).state is None


def test_what_others_wrote_about_them_is_told_and_left(conn: Connection) -> None:
    live_richly(conn)
    talk = reply(conn, BOB, "My mother's number is (202) 555-0111", "SM8", NOON)
    note = {"id": "b", "conversation_id": talk, "author": "k", "body": f"see {ANN}", "at": NOON}
    conn.execute(notes.insert(), note)
    erasing.erase(conn, ANN, "lee", NOON + DAY)
    assert sorted(erasing.mentioned(conn, ANN)) == [("note", talk), ("text", talk)]


def test_one_of_several_who_share_a_number_can_be_taken_out_of_the_contacts(conn: Connection) -> None:
    talk = live_richly(conn)
    (first,) = conn.execute(select(contacts.c.id).where(contacts.c.number == ANN)).scalars()
    person = {"practice": "Clinic", "number": ANN, "kind": "patient", "verified": True, "created_at": NOON}
    conn.execute(contacts.insert(), person | {"first_name": "Tom"})
    assert erasing.sharing(conn, ANN) == 2
    erasing.forget_contact(conn, first, "lee", "Clinic", NOON)
    assert (erasing.sharing(conn, ANN), tiles.one(conn, talk).contact_id) == (1, None)
    assert by_hand.conversation_of(conn, "in-SM2") == talk


@pytest.mark.parametrize(
    ("said", "tells"),
    [
        ("+12025550111", True), ("(202) 555-0111", True), ("202.555.0111", True), ("1-202-555-0111", True),
        ("2025550122", False), ("call Annabel", True), ("Annabella", False), ("answered after 42 s", False),
        ("", False),
    ],
)  # fmt: skip
def test_traces_are_found_however_they_are_written(said: str, tells: bool) -> None:
    traces = Traces(ANN, ["Annabel", "L"])
    assert traces.are_in(said) is tells
    assert traces.without(said) == (None if tells else said)


def test_what_stands_for_a_number_can_never_be_texted(conn: Connection) -> None:
    live_richly(conn)
    erasing.erase(conn, ANN, "lee", NOON + DAY)
    (alias,) = {row.caller for row in conn.execute(select(visits.c.caller)) if row.caller != BOB}
    assert alias.startswith(erased.PREFIX) and len(alias) <= 32
