"""Wrong passwords, so that whoever guesses must wait; answered the same for names that exist and that do not."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from textback.store.staff_tables import sign_in_failures as failures

#: Seconds in which failures count, and how many are too many: for one name from one address, an address, a name.
WINDOW = 15 * 60.0
FOR_BOTH, FOR_ADDRESS, FOR_NAME = 5, 20, 50
#: Seconds after which they are forgotten.
KEPT = 86_400.0


def wait(conn: Connection, name: str, address: str, now: float) -> float:
    """Seconds until this name may be tried from this address; 0: at once."""
    is_name, is_address = failures.c.name == name, failures.c.address == address
    limits = ((FOR_BOTH, (is_name, is_address)), (FOR_ADDRESS, (is_address,)), (FOR_NAME, (is_name,)))
    return max(_wait(conn, most, which, now) for most, which in limits)


def attempt(conn: Connection, name: str, address: str, now: float) -> float:
    """Count an attempt as failed, until ``forgive``; gives the seconds to ``wait`` instead, if it may not be made.

    It is counted before it is known whether it is wrong: a thousand guesses at once are a thousand.
    """
    prune(conn, now)
    seconds = wait(conn, name, address, now)
    if not seconds:
        conn.execute(insert(failures), {"name": name, "address": address, "at": now})
    return seconds


def forgive(conn: Connection, name: str, address: str) -> None:
    """The password was right: what failed with this name from this address were slips."""
    conn.execute(delete(failures).where(failures.c.name == name, failures.c.address == address))


def prune(conn: Connection, now: float) -> int:
    """Forget what is older than a day; gives how many."""
    return conn.execute(delete(failures).where(failures.c.at <= now - KEPT)).rowcount


def _wait(conn: Connection, most: int, which: tuple[ColumnElement[bool], ...], now: float) -> float:
    """When the oldest of the last ``most`` is out of the window, one may be tried again.

    Those of the future do not count: a clock that was set back must not keep anybody out.
    """
    recent = (*which, failures.c.at > now - WINDOW, failures.c.at <= now)
    query = select(failures.c.at).where(*recent).order_by(failures.c.at.desc()).offset(most - 1).limit(1)
    nth = conn.execute(query).scalar()
    return 0.0 if nth is None else max(0.0, nth + WINDOW - now)
