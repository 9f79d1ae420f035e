"""What numbers are connected to, as refusals of the provider or a look-up told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, and_, delete, exists, or_, select

from textback.model import LineType
from textback.store.tables import calls, line_types, links
from textback.store.upsert import upsert

#: Seconds for which a number is believed to be what it was: numbers are ported, and providers are wrong at times.
REMEMBERED = 90 * 86_400.0
_CHUNK = 500


def record(conn: Connection, number: str, kind: LineType, at: float, source: str) -> None:
    """Remember what a number (E.164) is connected to, as ``source`` told at ``at`` (epoch seconds)."""
    row = {"number": number, "kind": kind.value, "at": at, "source": source}
    conn.execute(upsert(conn.dialect, line_types, list(row)), row)


def landlines(conn: Connection, numbers: Collection[str], now: float) -> set[str]:
    """Those of the numbers that are known not to receive texts."""
    found: set[str] = set()
    for chunk in _chunks(sorted(numbers)):
        known = select(line_types.c.number).where(
            line_types.c.number.in_(chunk),
            line_types.c.kind == LineType.LANDLINE.value,
            line_types.c.at > now - REMEMBERED,
        )
        found.update(conn.execute(known).scalars())
    return found


def forget_landline(conn: Connection, number: str) -> None:
    """The number can text, so it is none."""
    conn.execute(
        delete(line_types).where(line_types.c.number == number, line_types.c.kind == LineType.LANDLINE.value)
    )


def unknown_callers(conn: Connection, now: float, limit: int) -> list[str]:
    """Numbers (E.164) that may soon be texted, and of which nobody has told lately what they are connected to.

    They are on hold, or their call settles: those first, since their text is due first, and then the newest.
    """
    told = exists().where(line_types.c.number == calls.c.caller, line_types.c.at > now - REMEMBERED)
    undecided = and_(
        calls.c.pbx.in_(select(links.c.pbx)),  # only for the index
        calls.c.verdict.is_(None),
        or_(calls.c.ended_at.is_not(None), calls.c.hold_started_at.is_not(None)),
        calls.c.caller.like("+%"),
        ~told,
    )
    by_haste = (calls.c.ended_at.is_(None), calls.c.started_at.desc())
    found = conn.execute(select(calls.c.caller).where(undecided).order_by(*by_haste).limit(limit)).scalars()
    return list(dict.fromkeys(found))


def _chunks(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK))
