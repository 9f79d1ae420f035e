"""Times in the words of each database: a day later, and the day that a time is in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Date, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from textback.store.columns import Instant


class DaysLater(FunctionElement[float]):
    """A time and a literal number of days: as much later, to the microsecond, all days having 24 hours in UTC."""

    inherit_cache = True
    type = Instant()


class DayOf(FunctionElement[Any]):
    """The UTC day of a time."""

    inherit_cache = True
    type = Date()


def days_later(column: ColumnElement[Any], days: int) -> ColumnElement[Any]:
    """The column's time, so many days later."""
    return DaysLater(column, literal_column(str(int(days))))


@compiles(DaysLater, "sqlite")
def _sqlite_later(element: Any, compiler: Any, **named: Any) -> str:
    # SQLite's own sums would cut the microseconds off: only the date moves, the rest of the text stays
    at, days = (compiler.process(one, **named) for one in element.clauses)
    return f"(date({at}, '+{days} days') || substr({at}, 11))"


@compiles(DaysLater, "postgresql")
def _postgresql_later(element: Any, compiler: Any, **named: Any) -> str:
    at, days = (compiler.process(one, **named) for one in element.clauses)
    return f"({at} + INTERVAL '{days} days')"


@compiles(DaysLater, "mysql")
@compiles(DaysLater, "mariadb")
def _mariadb_later(element: Any, compiler: Any, **named: Any) -> str:
    at, days = (compiler.process(one, **named) for one in element.clauses)
    return f"({at} + INTERVAL {days} DAY)"


@compiles(DayOf)
def _day_of(element: Any, compiler: Any, **named: Any) -> str:
    return f"date({compiler.process(element.clauses, **named)})"
