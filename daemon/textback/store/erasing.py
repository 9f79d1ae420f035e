"""Takes a person out of every table: what is left of them are rows that tell of nobody, for the reports to count."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from textback.store import audit, erased, optouts
from textback.store.audit import Action
from textback.store.staff_tables import audit as trail
from textback.store.staff_tables import notes
from textback.store.tables import callbacks, calls, contacts, conversations, line_types, messages, staff_reached
from textback.store.traces import Traces

#: Who dealt with a lost caller whom nobody can look after any more.
ERASED = "erased"
#: How a story tells of a key that was pressed: somebody may have keyed in their number.
_KEY = "pressed "
_CHUNK = 500


class Gone(NamedTuple):
    """How many rows of each kind told of the person; ``opted_out``: a keyed hash of their number says so still."""

    contacts: int
    calls: int
    texts: int
    notes: int
    posts: int
    opted_out: bool


class _Person(NamedTuple):
    number: str
    talks: Sequence[int]
    texts: ColumnElement[bool]
    traces: Traces
    #: what stands for the number from now on
    alias: str


def erase(conn: Connection, number: str, who: str, now: float) -> Gone:
    """Erase whoever has a number (E.164, or as a call has it) at ``now`` (epoch seconds); ``who`` wants it.

    Nobody may be on the line, and nothing on its way: ``in_flight.of`` says. What was texted and how calls ended
    stays, without number, name or words, so that no figure of the reports changes.
    """
    person = _person(conn, number)
    posts = _posts(conn, person)
    texts = _texts(conn, person)
    told = _calls(conn, person, now)
    written = conn.execute(delete(notes).where(notes.c.conversation_id.in_(person.talks))).rowcount
    _trail(conn, person)
    _talks(conn, person)
    known = conn.execute(delete(contacts).where(contacts.c.number == number)).rowcount
    for table in (line_types, staff_reached):
        conn.execute(delete(table).where(table.c.number == number))
    opted_out = optouts.erase(conn, number, now)
    audit.note(conn, now, who, Action.ERASED, detail="a person")
    return Gone(known, told, texts, written, posts, opted_out)


def forget_contact(conn: Connection, contact_id: int, who: str, practice: str, now: float) -> None:
    """Take away what a practice knows of one of several people with the same number, at ``now`` (epoch seconds)."""
    theirs = conversations.c.contact_id == contact_id
    conn.execute(update(conversations).where(theirs).values(contact_id=None))
    conn.execute(delete(contacts).where(contacts.c.id == contact_id))
    audit.note(conn, now, who, Action.ERASED, practice=practice, detail="a contact")


def sharing(conn: Connection, number: str) -> int:
    """How many contacts have a number, in whatever practice."""
    return int(conn.execute(select(func.count()).where(contacts.c.number == number)).scalar_one())


def mentioned(conn: Connection, number: str) -> Iterator[tuple[str, int]]:
    """Where a number still stands that others wrote: conversations by id, for what was said and noted in them."""
    traces = Traces(number)
    for kind, table in (("text", messages), ("note", notes)):
        query = select(table.c.conversation_id).where(traces.written_in(table.c.body)).distinct()
        yield from ((kind, talk) for talk in conn.execute(query.order_by(table.c.conversation_id)).scalars())


def _person(conn: Connection, number: str) -> _Person:
    talks = list(conn.execute(select(conversations.c.id).where(conversations.c.number == number)).scalars())
    names = set(conn.execute(select(calls.c.caller_name).where(calls.c.caller == number)).scalars())
    for row in conn.execute(select(contacts.c.first_name, contacts.c.last_name).where(contacts.c.number == number)):
        names |= set(row)
    texts = or_(
        messages.c.conversation_id.in_(talks), messages.c.to_number == number, messages.c.from_number == number
    )
    traces = Traces(number, [name for name in names if name])
    return _Person(number, talks, texts, traces, f"{erased.PREFIX}{secrets.token_hex(8)}")


def _posts(conn: Connection, person: _Person) -> int:
    """What the provider posted about them: it would be of no use without what tells of them."""
    known = list(conn.execute(select(messages.c.provider_id).where(person.texts)).scalars())
    gone = conn.execute(delete(callbacks).where(person.traces.written_in(callbacks.c.payload))).rowcount
    for some in _chunks([one for one in known if one]):
        gone += conn.execute(delete(callbacks).where(callbacks.c.provider_id.in_(some))).rowcount
    return gone


def _texts(conn: Connection, person: _Person) -> int:
    reasons = conn.execute(select(messages.c.id, messages.c.reason).where(person.texts)).all()
    telling = [row.id for row in reasons if person.traces.are_in(row.reason)]
    for some in _chunks(telling):
        conn.execute(update(messages).where(messages.c.id.in_(some)).values(reason=None))
    # The provider's id stays: a text that is fetched or posted once more must be known for what it is.
    values: dict[str, Any] = {"body": erased.BODY, "media": None}
    values |= {
        column.name: case((column == person.number, person.alias), else_=column)
        for column in (messages.c.to_number, messages.c.from_number)
    }
    return conn.execute(update(messages).where(person.texts).values(values)).rowcount


def _calls(conn: Connection, person: _Person, now: float) -> int:
    """Their own calls, and those of others who asked for a text to their number."""
    of_texts = select(messages.c.id).where(person.texts)
    theirs = or_(
        calls.c.caller == person.number, calls.c.conversation_id.in_(person.talks), calls.c.message_id.in_(of_texts)
    )
    columns = (calls.c.id, calls.c.caller, calls.c.why, calls.c.answered_by, calls.c.story)
    rows = conn.execute(select(*columns).where(theirs)).all()
    if rows:
        conn.execute(_retell, [_told(row, person) for row in rows])
    needing = (calls.c.caller == person.number, calls.c.needs_since.is_not(None))
    dealt = {"needs_since": None, "dealt_with_at": now, "dealt_with_by": ERASED}
    conn.execute(update(calls).where(*needing).values(dealt))
    own = {"caller": person.alias, "caller_name": None, "caller_tail": None}
    return conn.execute(update(calls).where(calls.c.caller == person.number).values(own)).rowcount


_retell = (
    update(calls)
    .where(calls.c.id == bindparam("call"))
    .values({name: bindparam(f"new_{name}", type_=calls.c[name].type) for name in ("why", "answered_by", "story")})
)


def _told(row: Any, person: _Person) -> dict[str, Any]:
    traces = person.traces
    story = [(at, words) for at, words in row.story or () if not (words.startswith(_KEY) or traces.are_in(words))]
    said = {name: traces.without(getattr(row, name)) for name in ("why", "answered_by")}
    return {"call": row.id, "new_story": story or None} | {f"new_{name}": value for name, value in said.items()}


def _trail(conn: Connection, person: _Person) -> None:
    """By its own rules it tells nobody's number or name; what tells them all the same goes."""
    query = select(trail.c.id, trail.c.detail).where(trail.c.conversation_id.in_(person.talks))
    telling = [row.id for row in conn.execute(query) if person.traces.are_in(row.detail)]
    for some in _chunks(telling):
        conn.execute(update(trail).where(trail.c.id.in_(some)).values(detail=None))


def _talks(conn: Connection, person: _Person) -> None:
    known = select(contacts.c.id).where(contacts.c.number == person.number)
    conn.execute(update(conversations).where(conversations.c.contact_id.in_(known)).values(contact_id=None))
    nothing = ("state", "assignee", "unread_since", "waiting_since", "snoozed_until", "asked")
    values = {"number": person.alias, "contact_id": None} | dict.fromkeys(nothing)
    conn.execute(update(conversations).where(conversations.c.number == person.number).values(values))


def _chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    every = list(values)
    return (every[start : start + _CHUNK] for start in range(0, len(every), _CHUNK))
