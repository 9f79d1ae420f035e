"""How two sides are measured within one run, in turns, and the Markdown table that every command prints of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Row(NamedTuple):
    """What is compared, how many times as much as the other side it is, and the figure of the other side."""

    what: str
    ratio: float
    other: str


def in_turns(sides: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """What each side came to, so many times, one after the other: what else the machine does falls on all of them."""
    found: dict[str, list[T]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            found[name].append(run())
    return found


def show(head: str, ratio: str, other: str, rows: Iterable[Row]) -> None:
    """The table; ``ratio`` and ``other`` are the heads of its columns."""
    print(f"\n| {head} | {ratio} | {other} |\n|---|---|---|")
    for row in rows:
        print(f"| {row.what} | {digits(row.ratio)} | ({row.other}) |", flush=True)


def digits(figure: float) -> str:
    """Two digits of it, or more where they are before the point."""
    return f"{figure:,.0f}" if figure >= 9.95 else f"{figure:#.2g}"


def speeds(note: str, seconds: Mapping[str, Sequence[float]], events: int) -> Iterator[Row]:
    """How many times the speed of the first side the others had, each at its best; ``seconds`` are of a core."""
    theirs, *ours = [(name, min(found)) for name, found in seconds.items()]
    for name, best in ours:
        yield Row(f"{name}, {note}", theirs[1] / best, f"{digits(theirs[1] / events * 1e6)} µs an event")
