"""The views: the stable face of the database for other people's SQL."""

from __future__ import annotations

from sqlalchemy import Connection, Dialect, Select, func, select
from sqlalchemy.sql.elements import ColumnElement

from textback.store import counting
from textback.store.spans import DayOf
from textback.store.tables import calls, contacts, conversations, messages

#: the columns of recovery_daily that are figures, as reports count them
DAILY = (
    "calls", "answered", "abandoned", "missed", "offers", "texted", "delivered", "replied", "lost_callers", "recovered",
)  # fmt: skip


def _missed_call_log() -> Select[tuple[object, ...]]:
    """Every call that ended without a person at the other end, and what became of its text."""
    c = calls.c
    return (
        select(
            c.id.label("call_id"),
            c.started_at.label("time_of_call"),
            c.ended_at,
            c.pbx,
            c.practice,
            c.queue,
            c.caller,
            c.caller_name,
            c.did,
            c.disposition,
            c.voicemail,
            c.hold_seconds,
            c.ring_seconds,
            c.flow,
            c.verdict,
            c.reason,
            c.why,
            messages.c.status.label("text_status"),
            c.message_id,
            c.conversation_id,
        )
        .select_from(calls.outerjoin(messages, messages.c.id == c.message_id))
        .where(c.disposition != "answered")
    )


def _conversation_history() -> Select[tuple[object, ...]]:
    """Every message of every conversation, both ways."""
    m, c = messages.c, conversations.c
    joined = messages.join(conversations, c.id == m.conversation_id)
    return select(
        c.id.label("conversation"),
        c.practice,
        c.line,
        c.number,
        _full_name().label("contact"),
        m.id.label("message_id"),
        m.direction,
        m.flow,
        m.body,
        m.status,
        m.created_at.label("at"),
        m.call_id,
    ).select_from(joined.outerjoin(contacts, contacts.c.id == c.contact_id))


def _full_name() -> ColumnElement[str]:
    both = func.coalesce(contacts.c.first_name, "") + " " + func.coalesce(contacts.c.last_name, "")
    return func.nullif(func.trim(both), "")


def _recovery_daily() -> Select[tuple[object, ...]]:
    """The figures of the reports for each UTC day, practice and queue, straight from the calls."""
    call = counting.call
    day = DayOf(call.c.started_at)
    numbers = [counting.number_of(counting.COUNTS[key]).label(key) for key in DAILY]
    return (
        select(day.label("day"), call.c.practice, call.c.queue, *numbers)
        .select_from(counting.about)
        .where(call.c.disposition.is_not(None))
        .group_by(day, call.c.practice, call.c.queue)
    )


VIEWS = {
    "missed_call_log": _missed_call_log,
    "conversation_history": _conversation_history,
    "recovery_daily": _recovery_daily,
}


def definitions(dialect: Dialect) -> list[str]:
    """The views in the words of one database."""
    written = {"literal_binds": True}
    return [
        f"CREATE VIEW {name} AS {query().compile(dialect=dialect, compile_kwargs=written)}"
        for name, query in VIEWS.items()
    ]


def drop(connection: Connection) -> None:
    """Take the views away, so that the tables under them can change."""
    for name in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def create(connection: Connection) -> None:
    """Make the views as this file describes them."""
    for statement in definitions(connection.dialect):
        connection.exec_driver_sql(statement)
