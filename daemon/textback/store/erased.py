"""What stays of people who were erased: that they opted out, known by a keyed hash of their number alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from textback.store import keys
from textback.store.once import insert_once
from textback.store.tables import erased_optouts

#: The name of the key in the table ``keys``; it is made up when the first opt-out must outlive its number.
KEY = "erased_optouts"
#: How what stands for a number that was erased begins. The plus sign makes it one person's to the reports, as numbers
#: are; a telephone number it is not, so nothing can be sent there.
PREFIX = "+erased-"
#: What stands for the body of a text.
BODY = "(erased)"
_CHUNK = 500


class OptOut(NamedTuple):
    """Since when (epoch seconds), and how that is known."""

    at: float
    source: str


def keep(conn: Connection, number: str, optout: OptOut, now: float) -> None:
    """Remember the opt-out of a number (E.164) that is forgotten at ``now`` (epoch seconds)."""
    row = {"hash": _hash(keys.key(conn, KEY), number), "erased_at": now} | optout._asdict()
    conn.execute(insert_once(conn.dialect, erased_optouts, "hash"), row)


def opted_out(conn: Connection, numbers: Collection[str]) -> dict[str, OptOut]:
    """Those of the numbers (E.164) that opted out before they were erased."""
    key = keys.find(conn, KEY)
    if key is None or not numbers:
        return {}
    hashes = {_hash(key, number): number for number in numbers}
    found: dict[str, OptOut] = {}
    for start in range(0, len(hashes), _CHUNK):
        some = list(hashes)[start : start + _CHUNK]
        columns = (erased_optouts.c.hash, erased_optouts.c.at, erased_optouts.c.source)
        for row in conn.execute(select(*columns).where(erased_optouts.c.hash.in_(some))):
            found[hashes[row.hash]] = OptOut(row.at, row.source)
    return found


def forget(conn: Connection, number: str) -> OptOut | None:
    """They may be texted again, or their number is known anew; gives what was remembered."""
    found = opted_out(conn, [number]).get(number)
    key = keys.find(conn, KEY)
    if found is not None and key is not None:
        conn.execute(delete(erased_optouts).where(erased_optouts.c.hash == _hash(key, number)))
    return found


def _hash(key: str, number: str) -> str:
    return hmac.new(bytes.fromhex(key), number.encode(), hashlib.sha256).hexdigest()
