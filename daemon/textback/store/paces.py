"""How many segments all senders of one account have claimed together, ever: each of them watches it grow."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from textback.store.once import insert_once
from textback.store.shared_tables import paces


def claimed(conn: Connection, account: str) -> int | None:
    """The segments so far; no other sender claims until the transaction ends. None: another one does just now."""
    mine = paces.c.account == account
    found = conn.execute(select(paces.c.segments).where(mine).with_for_update(skip_locked=True)).scalar()
    if found is None and conn.execute(select(paces.c.segments).where(mine)).first() is None:
        conn.execute(insert_once(conn.dialect, paces, "account"), {"account": account, "segments": 0})
        return 0
    return found


def claim(conn: Connection, account: str, segments: int) -> None:
    """So many more leave now."""
    more = {"segments": paces.c.segments + segments}
    conn.execute(update(paces).where(paces.c.account == account).values(more))
