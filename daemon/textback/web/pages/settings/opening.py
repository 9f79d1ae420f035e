"""Hours as a form: the week, the public holidays, and the days that differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from textback.mistakes import Mistake, key_of
from textback.practice.changes import ABSENT
from textback.practice.sections import WEEKDAYS
from textback.web.pages.settings.fields import CHOICE, LINE, SPANS, Document, Field, Typed, at, put
from textback.web.pages.settings.groups import Group

DAYS = dict(zip(WEEKDAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")))
#: Empty rows for days that differ, at the end of those that there are.
ROWS = 3
CLOSED = "closed"
HOLIDAYS = (
    'A country, or a part of one, by its code: "US", "US-NY". Empty: public holidays are days like any other. Which'
    " days these are stands below once it is saved."
)


@dataclass(frozen=True)
class Row:
    """A day that differs, as typed; ``path``: where it is put."""

    at: int
    day: str
    spans: str
    path: tuple[str | int, ...]


@dataclass(frozen=True)
class Opening:
    """A table of hours: ``hours``, or ``chat.hours``; ``choices``: what its absence means, and its presence."""

    path: tuple[str, ...]
    choices: Mapping[str, str]

    @property
    def key(self) -> str:
        """As the file spells it."""
        return ".".join(self.path)

    def groups(self, document: Mapping[str, Any], typed: Typed | None) -> list[Group]:
        """The fields: whether there are hours, the week, holidays, and a row for each day that differs."""
        kept = Field((*self.path, "kept"), "When somebody is there", CHOICE, choices=self.choices)
        hint = 'As "08:00-12:00, 13:00-17:00"; empty is closed, "00:00-24:00" the whole day, and "22:00-02:00" ends on'
        week = Group("The week", (kept, *self._week()), f"{hint} the next day.")
        holidays = Field((*self.path, "holidays"), "Public holidays on which it is closed", LINE, HOLIDAYS)
        rows = self._rows(document, typed)
        return [
            week,
            Group("Holidays", (holidays,), extra=("holidays",) if self.path == ("hours",) else ()),
            Group("Days that differ", tuple(self._row_fields(rows)), _DIFFER, pairs=True),
        ]

    def typed(self, document: Mapping[str, Any]) -> dict[str, str]:
        """What is no plain value of the file: whether there is a table, and its rows."""
        shown = {f"{self.key}.kept": "own" if at(document, self.path) is not ABSENT else "none"}
        for row in self._rows(document, None):
            shown |= {self._name(row.at): row.day, self._name(row.at, "spans"): row.spans}
        return shown

    def put(self, document: Mapping[str, Any], typed: Typed) -> tuple[Document, list[Mistake]]:
        """The document with these hours, and days that are there twice or lack their date."""
        if f"{self.key}.kept" not in typed:
            return dict(document), []
        if typed[f"{self.key}.kept"] == "none":
            return _without(document, self.path), []
        holidays = Field((*self.path, "holidays"), "", LINE)
        changed = put([*self._week(), holidays], _with(document, self.path), typed)
        table = at(changed, self.path)
        rows = [row for row in self._rows(document, typed) if row.day or row.spans]
        _put_rows(table, rows)
        return changed, list(_row_mistakes(rows))

    def _week(self) -> list[Field]:
        return [Field((*self.path, day), name, SPANS) for day, name in DAYS.items()]

    def _row_fields(self, rows: list[Row]) -> Iterator[Field]:
        for row in rows:
            nth = f" {row.at + 1}" if row.at else ""
            yield Field(row.path, f"Day{nth}", LINE, name=self._name(row.at))
            yield Field((*row.path, "spans"), f"Hours{nth}", SPANS, name=self._name(row.at, "spans"))

    def _name(self, number: int, what: str = "day") -> str:
        return f"{self.key}.differs.{number}.{what}"

    def _rows(self, document: Mapping[str, Any], typed: Typed | None) -> list[Row]:
        """As typed, or as the document has them with some empty ones."""
        if typed is not None and self._name(0) in typed:
            names = list(self._named(typed))
            pairs = [(typed[day].strip(), typed.get(spans, "").strip()) for day, spans in names]
        else:
            pairs = [*_pairs(at(document, self.path)), *[("", "")] * ROWS]
        return list(self._placed(pairs, at(document, (*self.path, "open"))))

    def _named(self, typed: Typed) -> Iterator[tuple[str, str]]:
        number = 0
        while self._name(number) in typed:
            yield self._name(number), self._name(number, "spans")
            number += 1

    def _placed(self, pairs: list[tuple[str, str]], open_before: Any) -> Iterator[Row]:
        closed = 0
        for number, (day, spans) in enumerate(pairs):
            is_closed = spans.lower() in ("", CLOSED)
            if is_closed and day and at(open_before, (day,)) != []:
                yield Row(number, day, spans, (*self.path, "closed", closed))
                closed += 1
            else:
                yield Row(number, day, spans, (*self.path, "open", day or f"row {number + 1}"))


_DIFFER = 'A day by its date, and when somebody is there: "closed" or hours. They win over the week and the holidays.'


def _pairs(table: Any) -> list[tuple[str, str]]:
    closed, opened = at(table, ("closed",)), at(table, ("open",))
    pairs = [(str(day), CLOSED) for day in (closed if closed is not ABSENT else ())]
    opened = opened if opened is not ABSENT else {}
    return pairs + [(day, SPANS.write(spans) if spans else CLOSED) for day, spans in opened.items()]


def _put_rows(table: Document, rows: list[Row]) -> None:
    closed = [row.day for row in rows if row.path[-2] == "closed"]
    opened = {
        row.day: [] if row.spans.lower() in ("", CLOSED) else SPANS.read(row.spans)
        for row in rows
        if row.path[-2] == "open" and row.day
    }
    for key, value in (("closed", closed), ("open", opened)):
        if value or key in table:
            table[key] = value


def _row_mistakes(rows: list[Row]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for row in rows:
        key = key_of(row.path)
        if not row.day:
            yield Mistake(key, "hours without a day", 'a date such as "2026-12-24"')
        elif row.day in seen:
            yield Mistake(key, f'"{row.day}" a second time', "each day once")
        seen.add(row.day)


def _without(document: Mapping[str, Any], path: tuple[str, ...]) -> Document:
    first, *rest = path
    changed = dict(document)
    if rest and isinstance(changed.get(first), Mapping):
        changed[first] = _without(changed[first], tuple(rest))
    elif not rest:
        changed.pop(first, None)
    return changed


def _with(document: Mapping[str, Any], path: tuple[str, ...]) -> Document:
    """The document with a table there, empty if there was none."""
    first, *rest = path
    changed = dict(document)
    inner = changed.get(first, {})
    changed[first] = _with(inner, tuple(rest)) if rest else dict(inner)
    return changed


def is_date(text: str) -> bool:
    """Whether a browser's own field for dates can show it."""
    return not text or bool(re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", text))
