"""Until when each PBX has been followed: what ended later was not seen."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from textback.store.tables import links
from textback.store.upsert import upsert


def save(connection: Connection, seen: Mapping[str, float]) -> None:
    """Remember until when (epoch seconds) the events of each PBX were read."""
    if seen:
        rows = [{"pbx": pbx, "seen_at": at} for pbx, at in seen.items()]
        connection.execute(upsert(connection.dialect, links, ("pbx", "seen_at")), rows)


def seen_at(connection: Connection, pbx: str) -> float | None:
    """Until when that PBX was followed, in epoch seconds; None if it never was."""
    found: float | None = connection.execute(select(links.c.seen_at).where(links.c.pbx == pbx)).scalar()
    return found
