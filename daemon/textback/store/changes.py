"""What changes the figures of days that are over: noted beside the change, so that those days are counted anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, bindparam, select

from textback.store.columns import Instant
from textback.store.figures import HUMAN_DAYS, REPLY_DAYS
from textback.store.kept_days import utc_day
from textback.store.report_tables import report_changes
from textback.store.tables import calls, messages
from textback.store.upsert import one_more

_DAY = 86_400.0
#: Seconds after the beginning of a call from which on a change of it is late, and must be noted. A day is kept only
#: once all of its calls are older than that, and a while more for clocks that differ and writes that wait.
LATE, MARGIN = 3600.0, 900.0
#: Seconds before something by which a call that it bears upon began: a day for the reply, one for the call itself.
LOOKS_BACK = 3 * _DAY
_CHUNK = 500

_numbers: BindParameter[Any] = bindparam("numbers", expanding=True)
_late, _since = bindparam("late", type_=Instant()), bindparam("since", type_=Instant())
_recent = (calls.c.started_at <= _late, calls.c.started_at >= _since)
_which = select(calls.c.practice, calls.c.started_at).where(calls.c.practice.is_not(None))
_of_message = _which.where(calls.c.message_id == bindparam("message"), calls.c.started_at <= _late)
_of_numbers = _which.where(calls.c.caller.in_(_numbers), *_recent)
# A text may have left long after its call: it is the text that the reply must be near to.
_of_conversation = (
    _which.join(messages, messages.c.id == calls.c.message_id)
    .where(calls.c.conversation_id == bindparam("conversation"), calls.c.started_at <= _late)
    .where(messages.c.sent_at >= _since)
)


class Seen(NamedTuple):
    """A call as it was saved: where and when it began (epoch seconds), its number, and whether it was answered."""

    practice: str | None
    started_at: float
    number: str | None
    is_answered: bool


def of_calls(conn: Connection, saved: Collection[Seen], now: float) -> None:
    """Calls were saved at ``now`` (epoch seconds): those that began long ago, and what answered ones bear upon."""
    late = [(one.practice, one.started_at) for one in saved if one.practice and one.started_at <= now - LATE]
    answered = sorted({one.number for one in saved if one.is_answered and one.number})
    since = min((one.started_at for one in saved if one.is_answered), default=now) - LOOKS_BACK
    for start in range(0, len(answered), _CHUNK):
        values = {"numbers": answered[start : start + _CHUNK], "late": now - LATE, "since": since}
        late += [(row.practice, row.started_at) for row in conn.execute(_of_numbers, values)]
    _note(conn, late)


def of_message(conn: Connection, message_id: str, now: float) -> None:
    """The state of a text has changed at ``now`` (epoch seconds)."""
    found = conn.execute(_of_message, {"message": message_id, "late": now - LATE})
    _note(conn, [(row.practice, row.started_at) for row in found])


def of_reply(conn: Connection, conversation: int, number: str, at: float, now: float) -> None:
    """A text came in, written ``at``, and noted at ``now`` (both in epoch seconds)."""
    values = {"late": now - LATE}
    near = {"conversation": conversation, "since": at - REPLY_DAYS * _DAY}
    of_number = {"numbers": [number], "since": at - LOOKS_BACK}
    found = [*conn.execute(_of_conversation, values | near), *conn.execute(_of_numbers, values | of_number)]
    _note(conn, [(row.practice, row.started_at) for row in found])


def of_answer(conn: Connection, conversation: int, now: float) -> None:
    """Somebody of staff wrote in a conversation at ``now`` (epoch seconds)."""
    near = {"conversation": conversation, "since": now - (REPLY_DAYS + HUMAN_DAYS) * _DAY, "late": now - LATE}
    _note(conn, [(row.practice, row.started_at) for row in conn.execute(_of_conversation, near)])


def _note(conn: Connection, places: Sequence[tuple[str, float]]) -> None:
    # in one order, so that two daemons never wait for each other
    for practice, day in sorted({(practice, utc_day(at)) for practice, at in places}):
        row = {"practice": practice, "day": day, "changes": 1}
        conn.execute(one_more(conn.dialect, report_changes, "changes"), row)
