"""The figures of the reports as conditions on the calls that they count; ``figures`` says the same in words."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from textback.limits import HOLDOUT
from textback.model import Direction, Disposition, Flow, Status
from textback.store.figures import HUMAN_DAYS, REPLY_DAYS
from textback.store.spans import days_later
from textback.store.tables import calls, conversations, messages

#: a call, and the text that it is about
call = calls.alias("c")
#: what tells the line and the rules of a call
PLACE = (call.c.pbx, call.c.queue, call.c.did)
sent = messages.alias("m")
about = call.outerjoin(sent, sent.c.id == call.c.message_id)

_reply = messages.alias("r")
_came = messages.alias("w")
_talk = conversations.alias("t")
_human = messages.alias("h")
_later = calls.alias("n")


def _is_one_of(column: ColumnElement[Any], *values: str) -> ColumnElement[bool]:
    # SQLAlchemy writes a statement with IN anew each time, which takes longer than to find what is in a quiet day
    return or_(*(column == value for value in values))


def _ended(*dispositions: Disposition) -> ColumnElement[bool]:
    return _is_one_of(call.c.disposition, *(one.value for one in dispositions))


_replies = and_(
    _reply.c.conversation_id == sent.c.conversation_id,
    _reply.c.direction == Direction.IN.value,
    _reply.c.created_at > sent.c.sent_at,
    _reply.c.created_at <= days_later(sent.c.sent_at, REPLY_DAYS),
)
_is_texted = sent.c.sent_at.is_not(None)
_is_replied = and_(_is_texted, exists(select(_reply.c.id).where(_replies).correlate(sent)))
_is_answered_later = exists(
    select(_later.c.id)
    .where(
        _later.c.caller == call.c.caller,
        _later.c.practice == call.c.practice,
        _later.c.disposition == Disposition.ANSWERED.value,
        _later.c.started_at > call.c.started_at,
        _later.c.started_at <= days_later(call.c.ended_at, REPLY_DAYS),
        # what is no number is shared by many: "anonymous", "Restricted"
        func.substr(_later.c.caller, 1, 1) == "+",
    )
    .correlate(call)
)
_has_written = exists(
    select(_came.c.id)
    .select_from(_came.join(_talk, _talk.c.id == _came.c.conversation_id))
    .where(
        _talk.c.number == call.c.caller,
        _talk.c.practice == call.c.practice,
        _came.c.direction == Direction.IN.value,
        _came.c.created_at > call.c.ended_at,
        _came.c.created_at <= days_later(call.c.ended_at, REPLY_DAYS),
    )
    .correlate(call)
)
_is_lost = or_(
    _ended(Disposition.TEXTED, Disposition.ABANDONED, Disposition.MISSED),
    and_(_ended(Disposition.UNREACHED), call.c.flow == Flow.MISSED.value),
)
_automatic = _is_one_of(call.c.flow, Flow.ABANDONED.value, Flow.MISSED.value)
# A text that was decided has its flow as the reason of the call, whatever became of it afterwards
_in_trial = and_(_is_lost, _automatic, call.c.reason == call.c.flow, call.c.message_id.is_not(None))
_held_out = and_(_is_lost, _automatic, call.c.reason == HOLDOUT)


class Looked(NamedTuple):
    """What of a call takes a look at other rows, which is what counting costs: each is looked at once."""

    is_lost: ColumnElement[bool]
    in_trial: ColumnElement[bool]
    held_out: ColumnElement[bool]
    replied: ColumnElement[bool]
    answered_later: ColumnElement[bool]
    written: ColumnElement[bool]


_looked = Looked(
    _is_lost,
    _in_trial,
    _held_out,
    _is_replied,
    and_(_is_lost, _is_answered_later),
    and_(or_(_in_trial, _held_out), _has_written),
)


def by_looking(at: Looked) -> dict[str, ColumnElement[bool]]:
    """The figures that take such a look, by their keys."""
    is_back = or_(at.answered_later, at.written)
    return {
        "replied": at.replied,
        "recovered": and_(at.is_lost, or_(at.replied, at.answered_later)),
        "trial_texted_back": and_(at.in_trial, is_back),
        "trial_held_out_back": and_(at.held_out, is_back),
    }


_ANY = call.c.disposition.is_not(None)

#: The conditions of the figures: of those that a call and its text tell by themselves, and of all but
#: ``abandoned_short`` and the median, which are counted by other means.
PLAIN = {
    "calls": _ANY,
    "answered": _ended(Disposition.ANSWERED),
    "abandoned": _ended(Disposition.ABANDONED),
    "missed": _ended(Disposition.MISSED),
    "offers": call.c.offered_at.is_not(None),
    "texted": _is_texted,
    "delivered": and_(_is_texted, sent.c.status == Status.DELIVERED.value),
    "lost_callers": _is_lost,
    "trial_texted": _in_trial,
    "trial_held_out": _held_out,
}
COUNTS = PLAIN | by_looking(_looked)
LOOKED_AT = tuple(by_looking(_looked))
#: More calls than a practice has in a day.
_ALL = 1_000_000_000


def looked_at(*conditions: ColumnElement[bool]) -> Select[Any]:
    """The figures of ``by_looking`` for calls, by place."""
    flags = [case((flag, 1), else_=0).label(name) for name, flag in _looked._asdict().items()]
    asked = select(*PLACE, *flags).select_from(about).where(or_(_is_lost, _is_texted), *conditions)
    # The limit keeps SQLite from looking once more for each figure that the look is good for
    rows = asked.limit(_ALL).subquery("looked").c
    figures = by_looking(Looked(*(rows[name] == 1 for name in Looked._fields)))
    places = [rows[column.name] for column in PLACE]
    return select(*places, *(number_of(counts).label(key) for key, counts in figures.items())).group_by(*places)


def number_of(counts: ColumnElement[bool]) -> ColumnElement[int]:
    """How many calls a condition is true for; 0 where there is none."""
    return func.coalesce(func.sum(case((counts, 1), else_=0)), 0)


def replies(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Texted calls with a reply: pbx, queue, did, ``replied_at``, and ``human_at``, when a person first answered it."""
    first = select(func.min(_reply.c.created_at)).where(_replies).correlate(sent).scalar_subquery()
    replied = (
        select(*PLACE, sent.c.conversation_id, first.label("replied_at"))
        .select_from(call.join(sent, sent.c.id == call.c.message_id))
        .where(_is_replied, _ANY, *conditions)
        .subquery("a")
    )
    human = select(func.min(_human.c.created_at)).where(
        _human.c.conversation_id == replied.c.conversation_id,
        _human.c.direction == Direction.OUT.value,
        _human.c.author.is_not(None),
        _human.c.flow.is_(None),
        _human.c.answer.is_(None),
        _human.c.created_at > replied.c.replied_at,
        _human.c.created_at <= days_later(replied.c.replied_at, HUMAN_DAYS),
    )
    human_at = human.correlate(replied).scalar_subquery().label("human_at")
    return select(*(replied.c[one.name] for one in PLACE), replied.c.replied_at, human_at)
