"""What the database knows about a number, and the threads that numbers have with our lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, RowMapping, and_, bindparam, case, func, null, or_, select, union_all

from textback.model import Direction, Known, Status
from textback.store import erased, line_types
from textback.store.once import insert_once
from textback.store.staff_tables import keys
from textback.store.tables import contacts, conversations, messages, optouts, staff_reached as reached

#: States of an automatic text that did not reach, and will not by itself reach, the person it was meant for.
_NOT_GONE = (Status.FAILED.value, Status.UNDELIVERED.value, Status.CANCELLED.value, Status.HELD.value)
_CHUNK = 500

_numbers: BindParameter[Any] = bindparam("numbers", expanding=True)
#: and, in the same query, the key to the opt-outs of those who were erased, if anybody was
_opted_out = union_all(
    select(optouts.c.number, null().label("key")).where(optouts.c.number.in_(_numbers)),
    select(null(), keys.c.value).where(keys.c.name == erased.KEY),
)
_reached = (
    select(reached.c.number, func.max(reached.c.at).label("at"))
    .where(reached.c.number.in_(_numbers))
    .group_by(reached.c.number)
)
_not_of_these = or_(messages.c.call_id.is_(None), messages.c.call_id.not_in(bindparam("calls", expanding=True)))
_automatic = and_(messages.c.flow.is_not(None), messages.c.status.not_in(_NOT_GONE), _not_of_these)
_waiting = and_(_automatic, messages.c.status.in_((Status.QUEUED.value, Status.SENDING.value)))
_by_staff = and_(messages.c.flow.is_(None), messages.c.answer.is_(None), messages.c.status != Status.CANCELLED.value)
_left_at = func.coalesce(messages.c.sent_at, messages.c.created_at)
_written = (
    select(
        messages.c.to_number.label("number"),
        func.max(case((_automatic, _left_at))).label("automatic"),
        func.max(case((_by_staff, messages.c.created_at))).label("staff"),
        func.max(case((_waiting, 1), else_=0)).label("waits"),
    )
    .where(messages.c.to_number.in_(_numbers), messages.c.direction == Direction.OUT.value)
    .group_by(messages.c.to_number)
)
_people = select(
    contacts.c.number, contacts.c.practice, contacts.c.first_name, contacts.c.language, contacts.c.verified
).where(contacts.c.number.in_(_numbers))

_conversations = select(conversations.c.id, conversations.c.line, conversations.c.number).where(
    conversations.c.number.in_(_numbers)
)
_owners = select(contacts.c.id, contacts.c.practice, contacts.c.number).where(contacts.c.number.in_(_numbers))

#: a line and a number
Thread = tuple[str, str]


def known(
    connection: Connection,
    numbers: Collection[str],
    *,
    practice_of: Mapping[str, str],
    now: float,
    apart_from: Collection[str] = (),
) -> dict[str, Known]:
    """Give what is known about each number at ``now`` (epoch seconds), in five queries for all of them.

    It takes two more once somebody was erased who had opted out.

    ``practice_of``: the practice whose contacts count for a number; opt-outs and texts count in all.
    ``apart_from``: calls whose own texts don't count, since it is they that are judged, perhaps once more.
    """
    found: dict[str, Known] = {}
    for chunk in _chunks(sorted(set(numbers))):
        found.update(_known(connection, chunk, practice_of, now, sorted(apart_from)))
    return found


def conversation_for(connection: Connection, practice: str, line: str, number: str, now: float) -> int:
    """Give the conversation between a line and a number; makes it, and an unverified contact, if need be."""
    return conversations_for(connection, {(line, number): practice}, now)[line, number]


def conversations_for(connection: Connection, wanted: Mapping[Thread, str], now: float) -> dict[Thread, int]:
    """The same for many at once, in a handful of statements: ``wanted`` gives the practice of each."""
    found = _threads(connection, wanted)
    missing = {thread: practice for thread, practice in wanted.items() if thread not in found}
    if missing:
        people = _contacts_for(connection, {(practice, number) for (_, number), practice in missing.items()}, now)
        rows = [
            {"practice": practice, "line": line, "number": number, "created_at": now}
            | {"contact_id": people[practice, number]}
            for (line, number), practice in missing.items()
        ]
        connection.execute(insert_once(connection.dialect, conversations, "line", "number"), rows)
        found |= _threads(connection, missing)
    return found


def staff_reached(connection: Connection, number: str, at: float, pbx: str) -> None:
    """Remember that staff called a number and somebody answered, at ``at`` (epoch seconds)."""
    connection.execute(reached.insert(), {"number": number, "at": at, "pbx": pbx})


def _chunks(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK))


def _known(
    connection: Connection, numbers: Sequence[str], practice_of: Mapping[str, str], now: float, judged: Sequence[str]
) -> dict[str, Known]:
    values = {"numbers": numbers}
    landlines = line_types.landlines(connection, numbers, now)
    said = connection.execute(_opted_out, values).all()
    out = {row.number for row in said if row.number is not None}
    if len(out) < len(said):
        out |= erased.opted_out(connection, numbers).keys()
    reached_at = {row.number: row.at for row in connection.execute(_reached, values)}
    written = {row.number: row for row in connection.execute(_written, values | {"calls": judged})}
    people: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(_people, values).mappings():
        if row["practice"] == practice_of.get(row["number"]):
            people[row["number"]].append(row)
    return {
        number: Known(
            *identity(people[number]),
            opted_out=number in out,
            last_automatic_text=written[number].automatic if number in written else None,
            staff_wrote_at=written[number].staff if number in written else None,
            staff_reached_at=reached_at.get(number),
            landline=number in landlines,
            text_waits=number in written and bool(written[number].waits),
        )
        for number in numbers
    }


def identity(people: Sequence[RowMapping]) -> tuple[str | None, str | None, bool]:
    """First name, language, verified: of the verified ones, and only where all who share the number agree."""
    verified = [person for person in people if person["verified"]]
    counted = verified or people
    return (
        agreed({person["first_name"] for person in counted}),
        agreed({person["language"] for person in counted}),
        bool(verified),
    )


def agreed(values: set[str | None]) -> str | None:
    """The one value that all have; None if there are several."""
    return values.pop() if len(values) == 1 else None


def _threads(connection: Connection, wanted: Collection[Thread]) -> dict[Thread, int]:
    found: dict[Thread, int] = {}
    for chunk in _chunks(sorted({number for _, number in wanted})):
        for row in connection.execute(_conversations, {"numbers": chunk}):
            if (row.line, row.number) in wanted:
                found[row.line, row.number] = row.id
    return found


def _contacts_for(
    connection: Connection, wanted: Collection[tuple[str, str]], now: float
) -> dict[tuple[str, str], int | None]:
    """The contact of each new conversation; None where several share the number: that choice is for staff."""
    found = _contacts(connection, wanted)
    missing = sorted(set(wanted) - set(found))
    if missing:
        new = {"kind": "contact", "verified": False, "created_at": now}
        rows = [{"practice": practice, "number": number} | new for practice, number in missing]
        connection.execute(contacts.insert(), rows)
        found |= _contacts(connection, missing)
    return found


def _contacts(connection: Connection, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], int | None]:
    found: dict[tuple[str, str], int | None] = {}
    for chunk in _chunks(sorted({number for _, number in wanted})):
        for row in connection.execute(_owners, {"numbers": chunk}):
            key = (row.practice, row.number)
            if key in wanted:
                found[key] = None if key in found else row.id
    return found
