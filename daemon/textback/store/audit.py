"""Who of staff read and wrote what: one row for each action, in the transaction of the action."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from textback.store.staff_tables import audit
from textback.store.strands import Span

LONGEST_NAME = 100


class Action(StrEnum):
    """What somebody did."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    READ = "read"
    LOOKED_AT_PICTURE = "looked_at_picture"
    EXPORTED = "exported"
    WROTE = "wrote"
    NOTED = "noted"
    ASSIGNED = "assigned"
    SNOOZED = "snoozed"
    WOKE = "woke"
    CLOSED = "closed"
    REOPENED = "reopened"
    FILED = "filed"
    CHANGED_CONTACT = "changed_contact"
    DEALT_WITH = "dealt_with"
    NOT_DEALT_WITH = "not_dealt_with"
    RELEASED = "released"
    DISMISSED = "dismissed"
    RETRIED = "retried"
    CHANGED_USER = "changed_user"
    CHANGED_SETTINGS = "changed_settings"
    ERASED = "erased"
    RESTORED = "restored"


def note(
    conn: Connection,
    at: float,
    who: str,
    action: Action,
    *,
    practice: str | None = None,
    conversation: int | None = None,
    call: str | None = None,
    detail: str | None = None,
) -> None:
    """Write down that somebody (a user's name) did something ``at`` (epoch seconds).

    ``detail`` never holds a number, a name of a caller or the body of a text.
    """
    row: dict[str, Any] = {"at": at, "who": who[:LONGEST_NAME], "action": action, "practice": practice}
    row |= {"conversation_id": conversation, "call_id": call, "detail": detail}
    conn.execute(audit.insert(), row)


def of_conversation(
    conn: Connection, conversation: int, actions: Sequence[Action], span: Span = Span()
) -> list[dict[str, Any]]:
    """What of these was done to a conversation in a span of time, oldest first; ``at`` in epoch seconds."""
    theirs = (audit.c.conversation_id == conversation, audit.c.action.in_(actions), *span.holds(audit.c.at))
    query = select(audit).where(*theirs).order_by(audit.c.at, audit.c.id)
    return [dict(row) for row in conn.execute(query).mappings()]
