"""What must have come of everything that was written, asked for and told, once all is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.soak.books import Books

Row = Mapping[str, Any]


def faults_at_the_end(books: Books, rows: Sequence[Row]) -> list[str]:
    """What is wrong with the texts that are stored; ``rows`` are all there are."""
    return [*of_written(books, rows), *of_told(books, rows), *of_delivered(books, rows)]


def of_written(books: Books, rows: Sequence[Row]) -> list[str]:
    came = Counter(row["provider_id"] for row in rows if row["direction"] == "in")
    found = [f"reply {sid}: is stored {count} times" for sid, count in came.items() if count > 1]
    lost = [one.sid for one in books.written if one.taken_at is not None and one.sid not in came]
    return found + [f"reply {sid}: was taken, and is not stored" for sid in lost]


def of_told(books: Books, rows: Sequence[Row]) -> list[str]:
    """What staff and call-centre software asked for is there once, if they were told so, else at most once."""
    by_body = Counter(row["body"] for row in rows if row["author"] is not None)
    started = [row for row in rows if row["call_id"] is None and row["flow"] is not None]
    by_number = Counter(row["to_number"] for row in started)
    found = []
    for told in books.told:
        count = by_number[told.number] if told.what == "webhook" else by_body[told.what]
        if count > 1 or told.took and not count:
            found.append(f"{told.what} for {told.number}: {count} texts, told that it was done: {told.took}")
    return found


def of_delivered(books: Books, rows: Sequence[Row]) -> list[str]:
    status: dict[str, Any] = {row["provider_id"]: row["status"] for row in rows}
    wrong = [sid for sid in books.delivered if status.get(sid) != "delivered"]
    return [f"{sid}: the daemon was told that it was delivered; it is {status.get(sid)}" for sid in wrong]
