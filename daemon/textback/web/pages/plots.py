"""Bars of numbers over time, worked out to coordinates; a template draws them, a table beside them says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: What a plot is drawn in: units of its own, which the page scales.
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 220, 44, 28, 10
#: Labels below the bars, at most.
MOST_LABELS = 8
#: What a bar leaves free on its side, of its share.
GAP = 0.18


@dataclass(frozen=True)
class Series:
    """One kind of bar: ``kind`` is the class of the style sheet and the pattern that it is filled with."""

    name: str
    kind: str
    values: Sequence[int]


@dataclass(frozen=True)
class Bar:
    """A rectangle."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True)
class Mark:
    """A label at a place of an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Plot:
    """What a template needs to draw one."""

    id: str
    title: str
    says: str
    steps: Sequence[str]
    series: Sequence[Series]
    bars: Sequence[Bar]
    across: Sequence[Mark]
    up: Sequence[Mark]


def stacked(id: str, title: str, steps: Sequence[str], series: Sequence[Series]) -> Plot:
    """Bars that stand on each other, one pile for each step; every value is at least 0."""
    sums = [sum(one.values[at] for one in series) for at in range(len(steps))]
    top = _round_up(max(sums, default=0))
    says = f"{title}. {len(steps)} bars; the highest stands for {max(sums, default=0)}."
    return Plot(id, title, says, steps, series, _bars(steps, series, top), _across(steps), _up(top))


def _bars(steps: Sequence[str], series: Sequence[Series], top: int) -> list[Bar]:
    share = (WIDTH - LEFT) / max(1, len(steps))
    found = []
    for at, step in enumerate(steps):
        y = float(HEIGHT - BOTTOM)
        for one in series:
            height = one.values[at] / top * (HEIGHT - BOTTOM - TOP)
            y -= height
            if height:
                x, width = LEFT + share * (at + GAP / 2), share * (1 - GAP)
                says = f"{step}: {one.name} {one.values[at]}"
                found.append(Bar(one.kind, round(x, 2), round(y, 2), round(width, 2), round(height, 2), says))
    return found


def _across(steps: Sequence[str]) -> list[Mark]:
    share, every = (WIDTH - LEFT) / max(1, len(steps)), -(-len(steps) // MOST_LABELS)
    return [Mark(round(LEFT + share * (at + 0.5), 2), step) for at, step in enumerate(steps) if at % max(1, every) == 0]


def _up(top: int) -> list[Mark]:
    parts = 4 if top % 4 == 0 else 2 if top % 2 == 0 else 1
    heights = [top * part // parts for part in range(parts + 1)]
    return [Mark(round(HEIGHT - BOTTOM - height / top * (HEIGHT - BOTTOM - TOP), 2), str(height)) for height in heights]


def _round_up(most: int) -> int:
    """The next number that an axis may end with: 1, 2, 4, 8, 10, 20, 40, 80, 100 …"""
    unit = 1
    while most > 8 * unit:
        unit *= 10
    return next((step * unit for step in (1, 2, 4, 8) if step * unit >= most), 10 * unit)
