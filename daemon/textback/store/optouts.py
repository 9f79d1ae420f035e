"""Who wants no texts, for all lines and practices."""

from __future__ import annotations

from sqlalchemy import Connection

from textback.store.once import insert_once
from textback.store.tables import optouts


def record(conn: Connection, number: str, at: float, source: str) -> None:
    """Remember that a person (E.164) wants no texts since ``at`` (epoch seconds); the first time counts."""
    conn.execute(insert_once(conn.dialect, optouts, "number"), {"number": number, "at": at, "source": source})
