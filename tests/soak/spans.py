"""When something was so: who looked at which PBX, when the daemon was frozen, when the database was away."""

from __future__ import annotations

from collections.abc import Iterable


class Spans:
    """Spans of time, in epoch seconds; the last one may still be open."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []
        self.since: float | None = None

    def open(self, at: float) -> None:
        """It begins, unless it has begun already."""
        if self.since is None:
            self.since = at

    def widen(self, at: float) -> None:
        """It began, as turns out now, at ``at`` already."""
        self.since = at if self.since is None else min(self.since, at)

    def close(self, at: float) -> None:
        """It is over, if it had begun."""
        if self.since is not None:
            self._spans.append((self.since, max(at, self.since)))
        self.since = None

    def forget(self) -> float | None:
        """What has begun did not happen after all; gives when it had begun."""
        since, self.since = self.since, None
        return since

    def add(self, begin: float, end: float) -> None:
        """A span that is over."""
        self._spans.append((begin, end))

    def all(self) -> list[tuple[float, float]]:
        """Every span; an open one has no end."""
        return self._spans + ([(self.since, float("inf"))] if self.since is not None else [])

    def touches(self, begin: float, end: float) -> bool:
        """Whether it was so at any time between these."""
        return any(a <= end and begin <= b for a, b in self.all())

    def touches_any(self, marks: Iterable[float], before: float, after: float) -> bool:
        """Whether it was so at one of these times, or ``after`` seconds before it, or ``before`` seconds after it.

        That is: each span counts from ``before`` its begin until ``after`` its end.
        """
        spans = self.all()
        return any(a - before <= mark <= b + after for mark in marks for a, b in spans)

    def covers(self, begin: float, end: float, slack: float) -> bool:
        """Whether it was so all the time between these, give or take ``slack`` seconds."""
        return any(a - slack <= begin and end <= b + slack for a, b in self.all())

    def within(self, begin: float, end: float) -> float:
        """How long it was so between these; where spans overlap, each counts."""
        return sum(max(0.0, min(b, end) - max(a, begin)) for a, b in self.all())

    def seconds(self, until: float) -> float:
        """How long it was so in all."""
        return sum(min(b, until) - a for a, b in self.all())


def reaching_back(spans: Spans, before: Spans, slack: float) -> Spans:
    """The spans, each from the begin of whatever was so ``before`` when it began, or ``slack`` seconds earlier."""
    made, earlier = Spans(), before.all()
    for begin, end in spans.all():
        made.add(min([begin, *(a for a, b in earlier if a <= begin <= b + slack)]), end)
    return made


def union(every: Iterable[Spans]) -> Spans:
    """When it was so for any of them."""
    made = Spans()
    for each in every:
        for begin, end in each.all():
            made.add(begin, end)
    return made


def common(every: Iterable[Spans]) -> Spans:
    """When it was so for all of them at once."""
    rows = [each.all() for each in every]
    found = rows[0] if rows else []
    for row in rows[1:]:
        found = [(max(a, c), min(b, d)) for a, b in found for c, d in row if max(a, c) <= min(b, d)]
    made = Spans()
    for begin, end in found:
        made.add(begin, end)
    return made
