"""Columns to compare row by row: a database that took an index of them would then have to sort what it finds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement


class PastIndex(FunctionElement[str]):
    """The column, which is then compared with values that are not empty."""

    inherit_cache = True
    type = String()


class Missing(FunctionElement[bool]):
    """Whether the column, which is never empty, has no value."""

    inherit_cache = True
    type = Boolean()


def past_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column, for a comparison that takes no index where a database follows rules rather than statistics."""
    return PastIndex(column)


def missing(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether it has no value, by no index either."""
    return Missing(column)


@compiles(PastIndex)
def _past(element: Any, compiler: Any, **named: Any) -> str:
    return f"coalesce({compiler.process(element.clauses, **named)}, '')"


@compiles(PastIndex, "postgresql")
def _by_statistics(element: Any, compiler: Any, **named: Any) -> str:
    # PostgreSQL knows how many rows have which value, but not of which ones an expression is made
    return str(compiler.process(element.clauses, **named))


@compiles(Missing)
def _missing(element: Any, compiler: Any, **named: Any) -> str:
    return f"(coalesce({compiler.process(element.clauses, **named)}, '') = '')"


@compiles(Missing, "postgresql")
def _missing_by_statistics(element: Any, compiler: Any, **named: Any) -> str:
    return f"({compiler.process(element.clauses, **named)} IS NULL)"
