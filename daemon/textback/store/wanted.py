"""Which calls somebody asks for, and the indices from which each kind of them is read in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from textback.model import Direction, Status
from textback.store.past_index import missing, past_index
from textback.store.strands import MOST, Strand
from textback.store.tables import calls, conversations, messages

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
RARE = tuple(word for word in TEXT_STATES if word not in _COMMON)


_text = select(messages).where(messages.c.id == calls.c.message_id).correlate(calls)
_status = _text.with_only_columns(messages.c.status).scalar_subquery()
_written_at = _text.with_only_columns(messages.c.created_at).scalar_subquery()
_talk = select(conversations.c.last_reply_at).where(conversations.c.id == calls.c.conversation_id)
_last_reply_at = _talk.correlate(calls).scalar_subquery()


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


def strands(wanted: Wanted) -> list[Strand]:
    """One for each row of an index that the calls can be read from in order: what else is asked for is looked up."""
    if wanted.practices is not None and not wanted.practices:
        return []
    if wanted.found is not None:
        return [_strand(wanted, [*_beside(wanted), found], None) for found in _are_found(wanted.found)]
    states = by_text(wanted)
    practices = wanted.practices or ()
    if not practices or len(practices) * len(states) > MOST:
        return [_strand(wanted, [*of_practices(wanted.practices), *_ended(wanted)], state) for state in states]
    is_by_disposition = not (wanted.queue or wanted.needs) and states == (None,) and wanted.dispositions
    if is_by_disposition and len(practices) * len(wanted.dispositions) <= MOST:
        each = product(practices, wanted.dispositions)
        return [_strand(wanted, [calls.c.practice == one, calls.c.disposition == end], None) for one, end in each]
    return [
        _strand(wanted, [*_whose(one, state), *_ended(wanted)], state) for one, state in product(practices, states)
    ]


def by_text(wanted: Wanted) -> Sequence[Status | None]:
    """The rare states of texts, in whose order calls are found; (None,): the calls themselves are read in theirs."""
    if wanted.found is None and wanted.text in RARE:
        return TEXT_STATES[wanted.text]
    return (None,)


def of_practices(practices: tuple[str | None, ...] | None) -> list[ColumnElement[bool]]:
    """What the calls of these practices have in common; None: nothing, for they are all."""
    if practices is None:
        return []
    named = [practice for practice in practices if practice is not None]
    these = calls.c.practice.in_(named)
    return [or_(these, calls.c.practice.is_(None)) if None in practices else these]


def _whose(practice: str | None, state: Status | None) -> list[ColumnElement[bool]]:
    """The calls of a practice; those with a text in a state are found by its texts."""
    if state is None:
        return [calls.c.practice == practice]
    theirs = missing(calls.c.practice) if practice is None else past_index(calls.c.practice) == practice
    return [messages.c.practice == practice, theirs]


def _ended(wanted: Wanted) -> list[ColumnElement[bool]]:
    return [past_index(calls.c.disposition).in_(wanted.dispositions)] if wanted.dispositions else []


def _beside(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Whose calls, and how they ended, where they are found by who called."""
    if wanted.practices is None:
        return _ended(wanted)
    return [_or_none(calls.c.practice).in_([one or "" for one in wanted.practices]), *_ended(wanted)]


def _are_found(found: Found) -> list[ColumnElement[bool]]:
    """What finds them, each call once."""
    if found.digits is not None:
        ends = calls.c.caller.endswith(found.digits, autoescape=True)
        return [(calls.c.caller_tail == found.digits[-4:]) & ends]
    theirs: list[ColumnElement[bool]] = [calls.c.caller.in_(found.numbers)] if found.numbers else []
    if found.calls:
        others = or_(calls.c.caller.is_(None), calls.c.caller.not_in(found.numbers))
        theirs.append(calls.c.id.in_(found.calls) & others)
    return theirs


def _or_none(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column to compare row by row, by no index, where '' stands for none."""
    return func.coalesce(column, "")


def _strand(wanted: Wanted, conditions: Sequence[ColumnElement[bool]], state: Status | None) -> Strand:
    key: ColumnElement[Any] = calls.c.needs_since if wanted.needs else calls.c.started_at
    conditions = [*conditions]
    if state is not None:
        key = messages.c.created_at
        conditions += [messages.c.status == state, messages.c.direction == Direction.OUT]
    query: Select[Any] = select(calls.c.id.label("id"), key.label("key"))
    if state is not None:
        query = query.select_from(messages.join(calls, calls.c.message_id == messages.c.id))
    return Strand(query.where(*conditions, *_conditions(wanted, state)), key, calls.c.id)


def _conditions(wanted: Wanted, state: Status | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(calls.c.started_at >= wanted.since)
    if wanted.until is not None:
        found.append(calls.c.started_at < wanted.until)
    if wanted.queue is not None:
        is_read_by_queue = state is None and wanted.found is None
        found.append((calls.c.queue if is_read_by_queue else past_index(calls.c.queue)) == wanted.queue)
    if wanted.needs:
        found.append(calls.c.needs_since.is_not(None))
    if wanted.text == NONE:
        found.append(missing(calls.c.message_id))
    elif wanted.text is not None and state is None:
        found += [calls.c.message_id.is_not(None), _is_in_state(wanted.text)]
    return found


def _is_in_state(word: str) -> ColumnElement[bool]:
    """What the text of a call must be: looked up call after call, where a join may begin with all texts."""
    if word == REPLIED:
        return _last_reply_at > _written_at
    # PostgreSQL thinks that a third is larger than 0; of what is looked up, that hardly any is one of some words
    return case((_status.in_(TEXT_STATES[word]), 1), else_=0) > 0
