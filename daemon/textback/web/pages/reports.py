"""Reports: what became of the callers of each practice, line, queue and day, with what each figure means."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from textback import sheet
from textback.directory import Directory
from textback.model import Staff
from textback.reports import Part, counted, each_day, parts, sums, total
from textback.reports.uplift import Uplift, uplift_of
from textback.store import audit, figures
from textback.store.audit import Action
from textback.store.months import Month, daily
from textback.store.tally import Tally
from textback.web.access import require
from textback.web.pages import plots, report_asks
from textback.web.pages.office import Office
from textback.web.pages.plots import Plot, Series
from textback.web.pages.report_asks import ReportAsk
from textback.web.pages.view import View, view

#: The columns of the CSV, after the day, practice, line and queue: all figures, and both sides of the comparison.
COLUMNS = tuple(figure.key for figure in (*figures.FIGURES, *figures.TRIAL))
Row = tuple[str, Tally]


@dataclass(frozen=True)
class Table:
    """Tally side by side, one row each for what the heading says."""

    heading: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Report:
    """All that a page shows."""

    view: View
    ask: ReportAsk
    total: Tally
    plots: Sequence[tuple[Plot, Table]]
    tables: Sequence[Table]
    uplift: Uplift | None
    lines: Sequence[tuple[str, str]]
    queues: Sequence[str]


class ReportPages:
    """``/reports`` and ``/reports.csv``"""

    def __init__(self, office: Office) -> None:
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses."""
        return [Route("/reports", self.show), Route("/reports.csv", self.sheet)]

    async def show(self, request: Request) -> Response:
        """The report that the address asks for."""
        staff, access = require(request), self._office.access
        query, now = dict(request.query_params), access.clock()
        found = await access.look(lambda conn: look(conn, self._office.book(conn), staff, query, now))
        meanings = (*figures.FIGURES, figures.MEDIAN)
        values: dict[str, Any] = {"report": found, "figures": meanings, "when": report_asks.WHEN, "shape": plots}
        return self._office.page(request, "reports.html", found.view, **values)

    async def sheet(self, request: Request) -> Response:
        """The same as CSV: a row for each day, practice, line and queue."""
        staff, access = require(request), self._office.access
        query, now = dict(request.query_params), access.clock()
        await access.write(lambda conn: audit.note(conn, now, staff.name, Action.EXPORTED, detail="reports"))
        text = await access.look(lambda conn: _sheet(conn, self._office.book(conn), staff, query, now))
        name = {"Content-Disposition": 'attachment; filename="reports.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=name)


def look(conn: Connection, directory: Directory, staff: Staff, query: dict[str, str], now: float) -> Report:
    """The report that somebody sees at an address with that query."""
    seen = view(conn, directory, staff, now)
    ask, rows = _rows(conn, directory, seen, query)
    meant = [row for row in rows if ask.means(row)]
    places = parts(meant)
    everything = total(places)
    known = {(row.practice, row.line) for row in rows}
    lines = sorted(((line, seen.line(practice, line)) for practice, line in known), key=lambda line: line[1])
    tables = [
        *([_table("Practice", places, lambda row: row.practice)] if len(ask.practices) > 1 else []),
        _table("Line", places, lambda row: seen.line(row.practice, row.line)),
        _table("Queue", places, lambda row: row.queue or "No queue"),
    ]
    is_tried = everything["trial_held_out"] > 0 or any(one.guards.holdout for one in ask.practices)
    uplift = uplift_of(everything) if is_tried else None
    queues = sorted({row.queue for row in rows})
    return Report(seen, ask, everything, _plots(ask, meant), tables, uplift, lines, queues)


def _rows(
    conn: Connection, directory: Directory, seen: View, query: dict[str, str]
) -> tuple[ReportAsk, list[Month]]:
    ask = report_asks.read(query, seen)
    of_one = partial(counted, conn, directory, first=ask.first, last=ask.last)
    return ask, [row for practice in ask.practices for row in of_one(practice=practice)]


def _plots(ask: ReportAsk, rows: Sequence[Month]) -> list[tuple[Plot, Table]]:
    step_of = {day: ask.step_of(day) for day in each_day(ask.first, ask.last)}
    by_step = sums((step_of[day], tally) for day, tally in daily(rows))
    steps = list(dict.fromkeys(step_of.values()))
    in_order = [by_step.get(step, Tally()) for step in steps]
    labels = [_day_words(step, ask) for step in steps]
    table = Table({"day": "Day", "week": "Week from", "month": "Month from"}[ask.step], list(zip(labels, in_order)))
    answered = Series("answered", "solid", [one["answered"] for one in in_order])
    abandoned = Series("abandoned", "lines", [one["abandoned"] for one in in_order])
    missed = Series("missed", "dots", [one["missed"] for one in in_order])
    others = Series("other ends", "empty", [_others(one) for one in in_order])
    recovered = Series("recovered", "solid", [one["recovered"] for one in in_order])
    gone = Series("not recovered", "lines", [one["lost_callers"] - one["recovered"] for one in in_order])
    every = f"each {ask.step}"
    return [
        (plots.stacked("ends", f"How calls ended, {every}", labels, [answered, abandoned, missed, others]), table),
        (plots.stacked("recovery", f"Lost callers, {every}", labels, [recovered, gone]), table),
    ]


def _others(one: Tally) -> int:
    return one["calls"] - one["answered"] - one["abandoned"] - one["missed"]


def _day_words(day: date, ask: ReportAsk) -> str:
    return f"{day.day} {day:%b}" if ask.first.year == ask.last.year else f"{day.day} {day:%b %Y}"


def _table(heading: str, places: Sequence[Part], by: Callable[[Part], Hashable]) -> Table:
    found = sums((by(place), place.tally) for place in places)
    return Table(heading, sorted(((str(name), one) for name, one in found.items()), key=lambda row: row[0]))


def _sheet(conn: Connection, directory: Directory, staff: Staff, query: dict[str, str], now: float) -> str:
    ask, rows = _rows(conn, directory, view(conn, directory, staff, now), query)
    head = ("day", "practice", "line", "queue", *COLUMNS, figures.MEDIAN.key)
    meant = filter(ask.means, rows)
    found = [(str(day), row.practice, row.line, row.queue, one) for row in meant for day, one in row.days()]
    in_order = sorted(found, key=lambda item: item[:4])
    cells = [(*at, *(one[key] for key in COLUMNS), one.median_reply) for *at, one in in_order]
    return "\ufeff" + sheet.lines([head, *cells])
