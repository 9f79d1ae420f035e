"""A column to compare row by row: a database that took an index of it would then have to sort what it finds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement


class PastIndex(FunctionElement[str]):
    """The column, which is then compared with values that are not empty."""

    inherit_cache = True
    type = String()


def past_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column, for a comparison that takes no index where a database follows rules rather than statistics."""
    return PastIndex(column)


@compiles(PastIndex)
def _past(element: Any, compiler: Any, **named: Any) -> str:
    return f"coalesce({compiler.process(element.clauses, **named)}, '')"


@compiles(PastIndex, "postgresql")
def _by_statistics(element: Any, compiler: Any, **named: Any) -> str:
    # PostgreSQL knows how many rows have which value, but not of which ones an expression is made
    return str(compiler.process(element.clauses, **named))
