"""The INSERT that leaves alone what is there already, in each database's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import mysql, postgresql, sqlite


def insert_once(conn: Connection, table: Table, row: Mapping[str, Any], *keys: str) -> Any:
    """An INSERT of ``row`` that does nothing where the value of the unique ``keys`` is there already."""
    if conn.dialect.name == "sqlite":
        return sqlite.insert(table).values(row).on_conflict_do_nothing(index_elements=keys)
    if conn.dialect.name == "postgresql":
        return postgresql.insert(table).values(row).on_conflict_do_nothing(index_elements=keys)
    # INSERT IGNORE would swallow other mistakes too.
    return mysql.insert(table).values(row).on_duplicate_key_update({keys[0]: table.c[keys[0]]})
