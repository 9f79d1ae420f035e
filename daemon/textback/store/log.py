"""The log of calls as pages show it: filtered, searched and paged, however long it has grown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from textback.model import Direction, Status
from textback.store.strands import MOST, Place, Strand, newest
from textback.store.tables import calls, contacts, conversations, messages

#: Seconds before a call in which other calls of the same number count as attempts.
ATTEMPTS_WITHIN = 86_400.0
#: Names that callers showed are looked for in so many of the newest calls.
NAMES_WITHIN = 20_000
#: Numbers and calls that a search goes on with.
MOST_FOUND = 200

#: States of a text by the word that pages filter by; "none" and "replied" are no states.
TEXT_STATES: dict[str, tuple[Status, ...]] = {
    "on_its_way": (Status.QUEUED, Status.SENDING),
    "sent": (Status.SENT,),
    "delivered": (Status.DELIVERED,),
    "not_delivered": (Status.FAILED, Status.UNDELIVERED),
    "held": (Status.HELD,),
    "unknown": (Status.UNKNOWN,),
    "cancelled": (Status.CANCELLED,),
}
NONE, REPLIED = "none", "replied"
#: So common that the calls are looked through in their order; the others are found from the messages.
_COMMON = ("sent", "delivered")


class Found(NamedTuple):
    """What a search came to: callers by number, by the last digits of it, or single calls."""

    numbers: tuple[str, ...] = ()
    digits: str | None = None
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls. ``practices``: of these only (None among them: of no practice); None: all.

    ``since`` and ``until`` in epoch seconds; ``needs``: those that need somebody; ``text``: a key of ``TEXT_STATES``,
    "none", or "replied".
    """

    practices: tuple[str | None, ...] | None
    since: float | None = None
    until: float | None = None
    queue: str | None = None
    dispositions: tuple[str, ...] = ()
    text: str | None = None
    needs: bool = False
    found: Found | None = None


_COLUMNS = (
    "id", "practice", "caller", "caller_name", "did", "queue", "started_at", "answered_at", "ended_at", "hold_seconds",
    "ring_seconds", "disposition", "voicemail", "answered_by", "backfilled", "flow", "verdict", "reason", "why",
    "message_id", "conversation_id", "needs_since", "dealt_with_at", "dealt_with_by",
)  # fmt: skip
_joined = calls.outerjoin(messages, messages.c.id == calls.c.message_id).outerjoin(
    conversations, conversations.c.id == calls.c.conversation_id
)
_detail = select(
    *(calls.c[name] for name in _COLUMNS),
    messages.c.status.label("text_status"),
    messages.c.reason.label("text_reason"),
    messages.c.created_at.label("text_at"),
    conversations.c.last_reply_at,
).select_from(_joined)


def page(conn: Connection, wanted: Wanted, before: Place | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Calls, newest first, with the state of their text, ``attempts`` within 24 h, and the ``place`` of each."""
    places = newest(conn, _strands(wanted), before, limit)
    rows = details(conn, [place.id for place in places])
    return [rows[place.id] | {"place": place} for place in places if place.id in rows]


def details(conn: Connection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Calls by their ids, as in ``page``."""
    found = [dict(row) for row in conn.execute(_detail.where(calls.c.id.in_(ids))).mappings()] if ids else []
    attempts = _attempts(conn, found)
    return {row["id"]: row | {"attempts": attempts.get(row["id"], 1)} for row in found}


def search(conn: Connection, practices: tuple[str | None, ...] | None, words: str, e164: str | None) -> Found:
    """Whom a search means: a number (``e164`` if it is a whole one), its last digits (four at least), or a name."""
    if e164 is not None:
        return Found(numbers=(e164,))
    digits = "".join(character for character in words if character.isdigit())
    if digits and not any(character.isalpha() for character in words):
        return Found(digits=digits) if len(digits) >= 4 else Found()
    return Found(numbers=_numbers_of(conn, practices, words), calls=_named(conn, practices, words))


def figures(conn: Connection, practices: tuple[str | None, ...] | None, since: float) -> dict[str, int]:
    """How many calls began since then (epoch seconds), by disposition; those on the line under ''."""
    query = select(calls.c.disposition, func.count()).where(calls.c.started_at >= since, *_of(practices))
    return {disposition or "": count for disposition, count in conn.execute(query.group_by(calls.c.disposition))}


def needing(conn: Connection, practices: tuple[str | None, ...] | None, most: int = 1000) -> int:
    """How many calls need somebody; counted up to ``most``."""
    some = select(calls.c.id).where(calls.c.needs_since.is_not(None), *_of(practices)).limit(most)
    return int(conn.execute(select(func.count()).select_from(some.subquery())).scalar_one())


def queues(conn: Connection, practices: Sequence[str]) -> list[str]:
    """The queues that calls of these practices were in; one look for each, not through all calls."""
    found: set[str] = set()
    for practice in practices:
        last = ""
        while len(found) < MOST_FOUND:
            query = select(func.min(calls.c.queue)).where(calls.c.practice == practice, calls.c.queue > last)
            queue = conn.execute(query).scalar()
            if queue is None:
                break
            found.add(queue)
            last = queue
    return sorted(found)


def calls_of(conn: Connection, practice: str | None, number: str, limit: int) -> list[dict[str, Any]]:
    """The newest calls of a number (E.164) to a practice, as in ``details``."""
    wanted = Wanted((practice,), found=Found(numbers=(number,)))
    return page(conn, wanted, limit=limit)


# -- which calls ----------------------------------------------------------------------------------------------


def _of(practices: tuple[str | None, ...] | None) -> list[ColumnElement[bool]]:
    if practices is None:
        return []
    named = [practice for practice in practices if practice is not None]
    these = calls.c.practice.in_(named)
    return [or_(these, calls.c.practice.is_(None)) if None in practices else these]


def _strands(wanted: Wanted) -> list[Strand]:
    if wanted.practices is not None and not wanted.practices:
        return []
    practices: Iterable[tuple[ColumnElement[bool], ...]] = [()]
    dispositions: Iterable[tuple[ColumnElement[bool], ...]] = [()]
    states: tuple[Status | None, ...] = (None,)
    if wanted.practices is not None:
        practices = [(calls.c.practice == practice,) for practice in wanted.practices]
    if wanted.dispositions:
        dispositions = [(calls.c.disposition == one,) for one in wanted.dispositions]
    if wanted.text in TEXT_STATES and wanted.text not in _COMMON:
        states = TEXT_STATES[wanted.text]
    some = list(product(practices, dispositions, states))
    if len(some) > MOST:
        every = (*_of(wanted.practices), *_ended(wanted))
        return [_strand(wanted, every, state) for state in states]
    return [_strand(wanted, (*practice, *ended), state) for practice, ended, state in some]


def _ended(wanted: Wanted) -> tuple[ColumnElement[bool], ...]:
    return (calls.c.disposition.in_(wanted.dispositions),) if wanted.dispositions else ()


def _strand(wanted: Wanted, conditions: tuple[ColumnElement[bool], ...], state: Status | None) -> Strand:
    key: ColumnElement[Any] = calls.c.needs_since if wanted.needs else calls.c.started_at
    if state is not None:
        key = messages.c.created_at
        conditions += (messages.c.status == state, messages.c.direction == Direction.OUT)
    query: Select[Any] = select(calls.c.id.label("id"), key.label("key"))
    query = _joined_for(query, wanted, state).where(*conditions, *_conditions(wanted, key))
    return Strand(query, key, calls.c.id)


def _joined_for(query: Select[Any], wanted: Wanted, state: Status | None) -> Select[Any]:
    if state is not None:
        return query.select_from(messages.join(calls, calls.c.message_id == messages.c.id))
    if wanted.text in _COMMON:
        return query.select_from(calls.join(messages, messages.c.id == calls.c.message_id))
    if wanted.text == REPLIED:
        texted = calls.join(messages, messages.c.id == calls.c.message_id)
        return query.select_from(texted.join(conversations, conversations.c.id == calls.c.conversation_id))
    return query


def _conditions(wanted: Wanted, key: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(calls.c.started_at >= wanted.since)
    if wanted.until is not None:
        found.append(calls.c.started_at < wanted.until)
    if wanted.queue is not None:
        found.append(calls.c.queue == wanted.queue)
    if wanted.needs:
        found.append(calls.c.needs_since.is_not(None))
    if wanted.text == NONE:
        found.append(calls.c.message_id.is_(None))
    elif wanted.text == REPLIED:
        found.append(conversations.c.last_reply_at > messages.c.created_at)
    elif wanted.text in _COMMON:
        found.append(messages.c.status.in_(TEXT_STATES[wanted.text]))
    if wanted.found is not None:
        found.append(_is_found(wanted.found))
    return found


def _is_found(found: Found) -> ColumnElement[bool]:
    if found.digits is not None:
        ends = calls.c.caller.endswith(found.digits, autoescape=True)
        return (calls.c.caller_tail == found.digits[-4:]) & ends
    return or_(calls.c.caller.in_(found.numbers), calls.c.id.in_(found.calls))


# -- whom a search means --------------------------------------------------------------------------------------


def _numbers_of(conn: Connection, practices: tuple[str | None, ...] | None, words: str) -> tuple[str, ...]:
    """The numbers of contacts in whose names all the words are."""
    both = func.lower(func.coalesce(contacts.c.first_name, "") + " " + func.coalesce(contacts.c.last_name, ""))
    query = select(contacts.c.number).where(*_all_in(both, words))
    if practices is not None:
        query = query.where(contacts.c.practice.in_([one for one in practices if one is not None]))
    return tuple(sorted(set(conn.execute(query.limit(MOST_FOUND)).scalars())))


def _named(conn: Connection, practices: tuple[str | None, ...] | None, words: str) -> tuple[str, ...]:
    """Those of the newest calls that came with a name in which all the words are."""
    recent = select(calls.c.id, calls.c.caller_name).where(*_of(practices))
    newest_calls = recent.order_by(calls.c.started_at.desc()).limit(NAMES_WITHIN).subquery()
    query = select(newest_calls.c.id).where(*_all_in(func.lower(newest_calls.c.caller_name), words))
    return tuple(conn.execute(query.limit(MOST_FOUND)).scalars())


def _all_in(column: ColumnElement[str], words: str) -> list[ColumnElement[bool]]:
    return [column.contains(word, autoescape=True) for word in words.lower().split()]


# -- beside each call -----------------------------------------------------------------------------------------


def _attempts(conn: Connection, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """For each call, how many calls of its number there were in the 24 hours up to it, itself included."""
    numbers = sorted({row["caller"] for row in rows if row["caller"]})
    if not numbers:
        return {}
    times = [row["started_at"] for row in rows]
    query = select(calls.c.caller, calls.c.started_at).where(
        calls.c.caller.in_(numbers),
        calls.c.started_at > min(times) - ATTEMPTS_WITHIN,
        calls.c.started_at <= max(times),
    )
    begun: defaultdict[str, list[float]] = defaultdict(list)
    for number, at in conn.execute(query):
        begun[number].append(at)
    return {
        row["id"]: sum(row["started_at"] - ATTEMPTS_WITHIN < at <= row["started_at"] for at in begun[row["caller"]])
        for row in rows
        if row["caller"]
    }
