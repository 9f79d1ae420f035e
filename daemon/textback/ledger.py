"""A call as it is kept: the machine's state, what was decided and the story, to a row of the database and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from textback.call import Call, Phase
from textback.events import NoAnswer
from textback.heard import NOTHING_HEARD, Heard
from textback.model import Decision, Disposition, Flow, Verdict

Story = tuple[tuple[float, str], ...]

#: what a call in the menu may have told at most; a caller who presses keys for an hour tells no more
LONGEST_STORY = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One call with everything that is kept about it.

    ``number``: E.164, or as received; ``pending``: the flow, if any, that settles until ``settle_at`` (epoch seconds).
    """

    call: Call
    story: Story = ()
    number: str | None = None
    practice: str | None = None
    decision: Decision | None = None
    pending: Flow | None = None
    settle_at: float | None = None
    message_id: str | None = None
    conversation_id: int | None = None
    backfilled: bool = False
    heard: Heard = NOTHING_HEARD

    @property
    def deadline(self) -> float | None:
        """When the call wants to hear of time: the hold threshold, then the end of ``settle``."""
        if self.call.phase is not Phase.ENDED:
            return self.call.deadline
        return self.settle_at if self.decision is None else None

    @property
    def is_over(self) -> bool:
        """Nothing more can happen to it."""
        return self.call.phase is Phase.ENDED and self.decision is not None


def to_row(entry: Entry) -> dict[str, Any]:
    """The columns of ``calls``."""
    call, decision = entry.call, entry.decision
    return {
        "id": call.id,
        "pbx": call.pbx,
        "linkedid": call.linkedid,
        "practice": entry.practice,
        "caller": entry.number,
        "caller_name": call.name[:255] if call.name else None,
        "did": call.did,
        "queue": call.queue,
        "language": call.lang or call.language,
        "started_at": call.started_at,
        "hold_started_at": call.hold_started_at,
        "offered_at": call.offered_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "hold_seconds": _rounded(call.hold_seconds),
        "ring_seconds": _rounded(call.ring_seconds),
        "disposition": call.disposition,
        "voicemail": call.voicemail,
        "answered_by": call.answered_by,
        "backfilled": entry.backfilled,
        "flow": (decision.flow if decision else None) or entry.pending,
        "verdict": decision.verdict if decision and call.phase is Phase.ENDED else None,
        "reason": decision.reason if decision else None,
        "why": decision.why[:255] if decision else None,
        "message_id": entry.message_id,
        "conversation_id": entry.conversation_id,
        "deadline": entry.deadline,
        "machine": None if entry.is_over else _state(call) | _heard(entry.heard),
        "story": entry.story,
        "caller_tail": entry.number[-4:] if entry.number else None,
    }


def from_row(row: Mapping[str, Any]) -> Entry:
    """The call of a row whose end, or whose verdict, is still open."""
    call = _call(row)
    decision = None
    if row["reason"]:
        # Only a text that was asked for by key is decided before the end of the call.
        decision = Decision(Verdict.TEXT, row["reason"], row["why"] or "", _flow(row))
    return Entry(
        call=call,
        story=tuple((at, words) for at, words in row["story"] or ()),
        number=row["caller"],
        practice=row["practice"],
        decision=decision,
        pending=_flow(row) if call.phase is Phase.ENDED else None,
        settle_at=row["deadline"] if call.phase is Phase.ENDED else None,
        message_id=row["message_id"],
        conversation_id=row["conversation_id"],
        backfilled=row["backfilled"],
        heard=_heard_of(row["machine"] or {}),
    )


def told_call(call: Call) -> dict[str, Any]:
    """A call as one daemon tells it to another; ``heard_call`` reads it."""
    told = {"id": call.id, "pbx": call.pbx, "caller_name": call.name, "linkedid": call.linkedid}
    return told | {"machine": _state(call)}


def heard_call(told: Mapping[str, Any]) -> Call:
    """The call that another daemon told of."""
    return _call(told)


def _heard(heard: Heard) -> dict[str, Any]:
    return {"heard": [heard.count, *heard.tail]} if heard.tail else {}


def _heard_of(machine: Mapping[str, Any]) -> Heard:
    count, *tail = machine.get("heard") or [None]
    return Heard(count, tuple(tail))


def _flow(row: Mapping[str, Any]) -> Flow | None:
    return Flow(row["flow"]) if row["flow"] else None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


#: the fields of the machine that no column tells
_ENUMS: dict[str, Any] = {"phase": Phase, "no_answer": NoAnswer, "disposition": Disposition}
_FIELDS = tuple(field.name for field in fields(Call) if field.name not in ("id", "pbx", "name", "linkedid"))
_DEFAULTS = {field.name: field.default for field in fields(Call)}


def _state(call: Call) -> dict[str, Any]:
    """Only what differs from a new call: most of the fields do not, most of the time."""
    values = ((name, getattr(call, name)) for name in _FIELDS)
    return {name: value for name, value in values if value != _DEFAULTS[name]}


def _call(row: Mapping[str, Any]) -> Call:
    state = {name: value for name, value in (row["machine"] or {}).items() if name in _FIELDS}
    for name, kind in _ENUMS.items():
        if state.get(name) is not None:
            state[name] = kind(state[name])
    return Call(id=row["id"], pbx=row["pbx"], name=row["caller_name"], linkedid=row["linkedid"], **state)
