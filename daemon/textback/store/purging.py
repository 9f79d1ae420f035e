"""What is old enough to be deleted, and what must stay however old it is; a few hundred rows at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, exists, func, not_, or_, select
from sqlalchemy.exc import IntegrityError

from textback.model import Status
from textback.store.staff_tables import audit, notes
from textback.store.tables import callbacks, calls, contacts, conversations, line_types, messages, staff_reached

#: Rows that are deleted in one transaction, so that nobody waits long for the writer.
BATCH = 200
#: What waits for a person or for the provider is not over, however old it is.
OPEN = [status.value for status in (Status.QUEUED, Status.SENDING, Status.HELD, Status.UNKNOWN)]


class Whose(NamedTuple):
    """Of which practice: one, or (``name`` None) of none of ``known``."""

    name: str | None
    known: Collection[str] = ()

    def rows(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """The rows that are theirs, by the column that tells the practice."""
        if self.name is not None:
            return column == self.name
        return or_(column.is_(None), column == "", column.not_in(sorted(self.known)))


class Sweep(NamedTuple):
    """Rows of one kind that may go. ``by``: the indexed column in whose order they are looked for."""

    kind: str
    key: ColumnElement[Any]
    by: ColumnElement[Any]
    conditions: Sequence[ColumnElement[bool]]


class Swept(NamedTuple):
    """How many rows went; ``after``: where the next batch begins, None where there is none."""

    gone: int
    after: Any


def batch(conn: Connection, sweep: Sweep, after: Any = None) -> Swept:
    """Delete some of the rows, the oldest first."""
    by_key = sweep.by is sweep.key
    # several rows may be of the same time, so that one of them may be where the batch before ended
    further = [] if after is None else [sweep.by > after if by_key else sweep.by >= after]
    query = select(sweep.key, sweep.by.label("place")).where(*sweep.conditions, *further)
    rows = conn.execute(query.order_by(sweep.by).limit(BATCH)).all()
    found = [row[0] for row in rows]
    if not found:
        return Swept(0, None)
    try:
        with conn.begin_nested():
            # what another program has taken up in the meantime, of this very moment, stays
            gone = conn.execute(delete(sweep.key.table).where(sweep.key.in_(found), *sweep.conditions)).rowcount
    except IntegrityError:
        gone = 0
    more = len(found) == BATCH and (gone > 0 or by_key)
    return Swept(gone, rows[-1].place if more else None)


def count(conn: Connection, sweep: Sweep) -> int:
    """How many rows would go."""
    query = select(func.count()).select_from(sweep.key.table).where(*sweep.conditions)
    return int(conn.execute(query).scalar_one())


def old_calls(whose: Whose, before: float) -> Sweep:
    """Calls that began before then (epoch seconds), but for those that are not decided, or whose text is not over."""
    is_open = exists().where(messages.c.id == calls.c.message_id, messages.c.status.in_(OPEN))
    over = (calls.c.verdict.is_not(None), not_(is_open))
    old = (whose.rows(calls.c.practice), calls.c.started_at < before)
    return Sweep("calls", calls.c.id, calls.c.started_at, (*old, *over))


def old_messages(whose: Whose, before: float) -> Sweep:
    """Texts written before then, but for those that wait, and what nobody of staff has read or answered yet."""
    c = conversations.c
    waits = or_(c.unread_since <= messages.c.created_at, c.waiting_since <= messages.c.created_at)
    is_open = exists().where(c.id == messages.c.conversation_id, waits)
    over = (messages.c.status.not_in(OPEN), not_(is_open))
    # not by an index of the practice, from which a database would have to sort all of its texts for each batch
    practice = func.coalesce(messages.c.practice, "")
    old = (whose.rows(practice), messages.c.created_at < before)
    return Sweep("texts", messages.c.id, messages.c.created_at, (*old, *over))


def old_notes(whose: Whose, before: float) -> Sweep:
    """Notes written before then."""
    theirs = exists().where(conversations.c.id == notes.c.conversation_id, whose.rows(conversations.c.practice))
    return Sweep("notes", notes.c.id, notes.c.id, (notes.c.at < before, theirs))


def empty_conversations(whose: Whose, before: float) -> Sweep:
    """Conversations that began before then, of which nothing is left, and which are not in the inbox."""
    c = conversations.c
    left = [exists().where(table.c.conversation_id == c.id) for table in (messages, notes, calls)]
    quiet = or_(c.last_message_at.is_(None), c.last_message_at < before)
    away = or_(c.state.is_(None), c.state == "closed")
    old = (whose.rows(c.practice), c.created_at < before)
    return Sweep("conversations", c.id, c.id, (*old, quiet, away, *map(not_, left)))


def unused_contacts(whose: Whose, before: float) -> Sweep:
    """Contacts that were made before then because a text went out, whom nothing tells of any more."""
    c = contacts.c
    made_by_us = (c.verified.is_(False), c.external_id.is_(None), or_(c.updated_at.is_(None), c.updated_at < before))
    talks = exists().where(or_(conversations.c.contact_id == c.id, conversations.c.number == c.number))
    visits = exists().where(calls.c.caller == c.number)
    old = (whose.rows(c.practice), c.created_at < before)
    return Sweep("contacts nobody verified", c.id, c.id, (*old, *made_by_us, not_(talks), not_(visits)))


def audit_lines(whose: Whose | None, before: float) -> Sweep:
    """Lines of the audit trail written before then; None: of all practices."""
    theirs = () if whose is None else (whose.rows(audit.c.practice),)
    return Sweep("audit lines", audit.c.id, audit.c.at, (audit.c.at < before, *theirs))


def raw_posts(before: float) -> Sweep:
    """What the provider posted before then."""
    return Sweep("raw posts", callbacks.c.id, callbacks.c.received_at, (callbacks.c.received_at < before,))


def numbers_reached(before: float) -> Sweep:
    """Numbers that staff called before then."""
    return Sweep("numbers that staff called", staff_reached.c.id, staff_reached.c.id, (staff_reached.c.at < before,))


def learned_line_types(before: float) -> Sweep:
    """What was learned before then of what numbers are connected to."""
    return Sweep("line types", line_types.c.number, line_types.c.number, (line_types.c.at < before,))


def newest(conn: Connection) -> float | None:
    """When the newest call began or the newest text was written (epoch seconds); None: there is nothing yet."""
    found = [conn.execute(select(func.max(column))).scalar() for column in (calls.c.started_at, messages.c.created_at)]
    return max((at for at in found if at is not None), default=None)
