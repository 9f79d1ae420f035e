"""The INSERT that replaces what is there already, or counts it up, in each database's own words."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Dialect, Insert, Table
from sqlalchemy.dialects import mysql, postgresql, sqlite


def upsert(dialect: Dialect, table: Table, columns: Collection[str]) -> Insert:
    """Insert ``columns``, or set all of them in the row with the same primary key."""
    keys = [column.name for column in table.primary_key]
    changed = [name for name in columns if name not in keys]
    if dialect.name in ("mysql", "mariadb"):
        row = mysql.insert(table)
        return row.on_duplicate_key_update({name: row.inserted[name] for name in changed or keys})
    insert = postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
    if not changed:
        return insert.on_conflict_do_nothing(index_elements=keys)
    return insert.on_conflict_do_update(
        index_elements=keys, set_={name: insert.excluded[name] for name in changed}
    )


def one_more(dialect: Dialect, table: Table, column: str) -> Insert:
    """Insert a row, or add 1 to ``column`` of the one with the same primary key; others wait until we commit."""
    keys = [key.name for key in table.primary_key]
    more = {column: table.c[column] + 1}
    if dialect.name in ("mysql", "mariadb"):
        return mysql.insert(table).on_duplicate_key_update(more)
    insert = postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_update(index_elements=keys, set_=more)
