"""Days of calls, texts and replies that were made up, and their figures counted the plain way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from textback.store import people
from textback.store.tables import calls, messages

#: Seconds; all times are whole ones, so that nothing is lost on the way to a database and back
HOUR, DAY = 3600, 86_400
NUMBERS = ("+12025550111", "+12025550112", "anonymous", None)
PLACES = (("support", "+12025550199"), ("sales", "+12025550299"), (None, "+12025550299"), (None, None))
LINES = {"support": "+12025550100", "sales": "+12025550200", "+12025550299": "+12025550200"}
ENDS = ("answered", "abandoned", "missed", "texted", "unreached", "lost", None)
Row = dict[str, Any]
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Invented:
    """A call, its text if there is one, and what else was written, relative to the beginning of all."""

    at: int
    lasts: int
    held: float
    number: str | None
    place: tuple[str | None, str | None]
    end: str | None
    offered: bool
    #: None: no text; else the seconds until it left (None: it did not), and whether it was delivered
    text: tuple[int | None, bool] | None
    held_out: bool
    #: seconds after the call's end: who wrote (in: the caller, staff, a machine)
    said: tuple[tuple[int, str], ...]


def histories(longest: int) -> st.SearchStrategy[list[Invented]]:
    """Calls over so many seconds."""
    edges = st.sampled_from([DAY - 1, DAY, DAY + 1, 7 * DAY, HOUR])
    some_time = st.one_of(edges, st.integers(1, 9 * DAY))
    one = st.builds(
        Invented,
        at=st.one_of(st.integers(0, longest), st.sampled_from([DAY, DAY - HOUR, 5 * HOUR, 4 * HOUR, 0])),
        lasts=st.integers(0, HOUR),
        held=st.sampled_from([0.0, 4.999, 5.0, 9.5, 10.0, 60.0]),
        number=st.sampled_from(NUMBERS),
        place=st.sampled_from(PLACES),
        end=st.sampled_from(ENDS),
        offered=st.booleans(),
        text=st.none() | st.tuples(st.none() | st.sampled_from([0, 5, DAY]), st.booleans()),
        held_out=st.booleans(),
        said=st.lists(st.tuples(some_time, st.sampled_from(["in", "staff", "machine"])), max_size=3).map(tuple),
    )
    return st.lists(one, max_size=9)


def write(conn: Connection, begun: int, practice: str, history: Sequence[Invented]) -> tuple[list[Row], list[Row]]:
    """Put a history into the database; gives the rows of the calls and of the messages."""
    told, said = [], []
    for at, one in enumerate(history):
        call, texts = _rows(conn, begun, practice, one, at)
        told.append(call)
        said += texts
    if said:
        conn.execute(insert(messages), said)
    if told:
        conn.execute(insert(calls), told)
    return told, said


def _rows(conn: Connection, begun: int, practice: str, one: Invented, at: int) -> tuple[Row, list[Row]]:
    queue, did = one.place
    line = LINES.get(queue or did or "", "+12025550100")
    ended = begun + one.at + one.lasts
    number = one.number if one.number and one.number[0] == "+" else None
    talk = people.conversation_for(conn, practice, line, number, begun) if number else None
    flow = {"abandoned": "abandoned", "missed": "missed", "texted": "call_to_text"}.get(one.end or "")
    has_text = one.text is not None and talk is not None and one.end is not None
    held_out = one.held_out and not has_text and flow in ("abandoned", "missed")
    call = {
        "id": f"main/{at}", "pbx": "main", "practice": practice, "caller": one.number, "did": did, "queue": queue,
        "started_at": begun + one.at, "offered_at": begun + one.at if one.offered else None,
        "ended_at": None if one.end is None else ended, "hold_seconds": one.held if queue else None,
        "disposition": one.end, "voicemail": False, "backfilled": False, "flow": flow,
        "verdict": "text" if has_text else "skip", "reason": "holdout" if held_out else flow or "answered",
        "message_id": f"text {at}" if has_text else None, "conversation_id": talk if has_text else None,
    }  # fmt: skip
    texts = []
    if has_text and one.text is not None:
        sent, delivered = one.text
        status = "queued" if sent is None else "delivered" if delivered else "sent"
        left = None if sent is None else ended + sent
        texts.append(_text(talk, f"text {at}", ended, "out", flow=flow, status=status, sent_at=left))
    for nth, (after, who) in enumerate(one.said if talk is not None else ()):
        author, answer = ("ann" if who == "staff" else None), ("after_hours" if who == "machine" else None)
        way = "in" if who == "in" else "out"
        texts.append(_text(talk, f"said {at} {nth}", ended + after, way, author=author, answer=answer))
    return call, texts


def _text(talk: int | None, id: str, at: float, way: str, **more: Any) -> Row:
    row: Row = {
        "id": id, "conversation_id": talk, "direction": way, "flow": None, "to_number": "+1", "from_number": "+2",
        "body": "", "segments": 1, "encoding": "GSM-7", "status": "received", "priority": 0, "created_at": at,
        "due_at": at, "sent_at": None, "author": None, "answer": None, "attempts": 0,
    }  # fmt: skip
    return row | more


# -- the plain way --------------------------------------------------------------------------------------------


def recount(
    zone: str, min_hold: dict[str | None, float], told: Sequence[Row], said: Sequence[Row], numbers: dict[int, str]
) -> dict[Key, tuple[Counter[str], list[int]]]:
    """The figures of each day, line and queue; ``numbers``: of the conversations."""
    found: defaultdict[Key, tuple[Counter[str], list[int]]] = defaultdict(lambda: (Counter(), []))
    by_id = {row["id"]: row for row in said}
    for call in told:
        if call["disposition"] is None:
            continue
        day = datetime.fromtimestamp(call["started_at"], ZoneInfo(zone)).date().isoformat()
        line = LINES.get(call["queue"] or call["did"] or "", "+12025550100")
        counts, seconds = found[day, line, call["queue"] or ""]
        counts.update(_figures(call, min_hold, told, said, by_id, numbers))
        seconds += _waits(by_id.get(call["message_id"]), said)
    return dict(found)


def _figures(
    call: Row,
    min_hold: dict[str | None, float],
    told: Sequence[Row],
    said: Sequence[Row],
    by_id: dict[str, Row],
    numbers: dict[int, str],
) -> list[str]:
    end, text = call["disposition"], by_id.get(call["message_id"])
    is_lost = end in ("texted", "abandoned", "missed")
    left = text is not None and text["sent_at"] is not None
    replied = bool(_replies(text, said))
    again = any(_is_answered_later(call, other) for other in told)
    wrote = any(
        one["direction"] == "in"
        and numbers[one["conversation_id"]] == call["caller"]
        and 0 < one["created_at"] - call["ended_at"] <= DAY
        for one in said
    )
    automatic = call["flow"] in ("abandoned", "missed")
    sides = {"trial_texted": call["reason"] == call["flow"] and text, "trial_held_out": call["reason"] == "holdout"}
    is_short = end == "abandoned" and call["hold_seconds"] is not None
    figures = {
        "calls": True,
        "answered": end == "answered",
        "abandoned": end == "abandoned",
        "abandoned_short": is_short and call["hold_seconds"] < min_hold.get(call["queue"], min_hold[None]),
        "missed": end == "missed",
        "offers": call["offered_at"] is not None,
        "texted": left,
        "delivered": left and text is not None and text["status"] == "delivered",
        "replied": replied,
        "lost_callers": is_lost,
        "recovered": is_lost and (replied or again),
    }
    for side, is_in in sides.items():
        figures[side] = bool(is_in and is_lost and automatic)
        figures[f"{side}_back"] = figures[side] and (wrote or again)
    return [key for key, counts in figures.items() if counts]


def _is_answered_later(call: Row, other: Row) -> bool:
    same = str(call["caller"])[0] == "+" and other["caller"] == call["caller"]
    after = other["started_at"] > call["started_at"] and other["started_at"] - call["ended_at"] <= DAY
    return same and other["disposition"] == "answered" and after


def _replies(text: Row | None, said: Sequence[Row]) -> list[float]:
    if text is None or text["sent_at"] is None:
        return []
    return [
        one["created_at"]
        for one in said
        if one["direction"] == "in"
        and one["conversation_id"] == text["conversation_id"]
        and 0 < one["created_at"] - text["sent_at"] <= DAY
    ]


def _waits(text: Row | None, said: Sequence[Row]) -> list[int]:
    replies = _replies(text, said)
    if text is None or not replies:
        return []
    humans = [
        one["created_at"] - min(replies)
        for one in said
        if one["author"] and one["conversation_id"] == text["conversation_id"] and one["flow"] is None
    ]
    good = [wait for wait in humans if 0 < wait <= 7 * DAY]
    return [round(min(good))] if good else []
