"""What a backtest adds up to: calls, verdicts, segments and cost of each practice in each month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from textback.ledger import Entry
from textback.model import Disposition, Verdict
from textback.practice import Practice
from textback.template import segments

#: texts of which the parts were counted are remembered, up to so many
_MANY = 10_000


class Month:
    """The calls of one practice that began in one month."""

    def __init__(self) -> None:
        self.calls = 0
        self.dispositions: Counter[str] = Counter()
        self.verdicts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.texts: Counter[str] = Counter()
        self.segments = 0


class Totals:
    """Months by practice and calendar month, as the practice's clock has it."""

    def __init__(self, practices: tuple[Practice, ...], price: float) -> None:
        """``price``: of one segment, 0 if it is not known."""
        self._zones = {practice.name: ZoneInfo(practice.timezone) for practice in practices}
        self._price = price
        self._months: defaultdict[tuple[str, str], Month] = defaultdict(Month)
        self._counted: dict[str, int] = {}

    def add(self, entry: Entry) -> None:
        """One call with its verdict."""
        call, decision = entry.call, entry.decision
        began = datetime.fromtimestamp(call.started_at, self._zones.get(entry.practice or "", ZoneInfo("UTC")))
        month = self._months[entry.practice or "", f"{began.year}-{began.month:02}"]
        month.calls += 1
        month.dispositions[call.disposition or Disposition.LOST] += 1
        if decision is None:
            return
        month.verdicts[decision.verdict] += 1
        if decision.verdict is Verdict.SKIP:
            month.reasons[decision.reason] += 1
        elif decision.verdict is Verdict.TEXT:
            month.texts[decision.flow or ""] += 1
            month.segments += self._segments(decision.body or "")

    def _segments(self, body: str) -> int:
        if len(self._counted) > _MANY:
            self._counted.clear()
        if body not in self._counted:
            self._counted[body] = segments(body).count
        return self._counted[body]

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each practice and month, as ``--json`` prints it."""
        for (practice, name), month in sorted(self._months.items()):
            yield {
                "practice": practice or None,
                "month": name,
                "calls": month.calls,
                "dispositions": _sorted(month.dispositions),
                "verdicts": _sorted(month.verdicts),
                "reasons": _sorted(month.reasons),
                "texts": _sorted(month.texts),
                "segments": month.segments,
                "cost": round(month.segments * self._price, 4) if self._price else None,
            }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {str(key): count for key, count in sorted(counts.items())}
