"""The INSERT that leaves alone what is there already, in each database's own words."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Dialect, Insert, Table
from sqlalchemy.dialects import mysql, postgresql, sqlite


@lru_cache(maxsize=32)
def insert_once(dialect: Dialect, table: Table, *keys: str) -> Insert:
    """An INSERT that does nothing where the value of the unique ``keys`` is there already."""
    if dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing(index_elements=keys)
    if dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing(index_elements=keys)
    # INSERT IGNORE would swallow other mistakes too.
    return mysql.insert(table).on_duplicate_key_update({keys[0]: table.c[keys[0]]})
