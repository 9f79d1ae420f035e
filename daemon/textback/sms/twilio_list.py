"""Twilio's lists, read page by page to a bound; a record that cannot be read does not hide the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from textback.sms.twilio_records import sid

T = TypeVar("T")

#: Records on a page, and pages of a list, at most.
PAGE, PAGES = 200, 50

log = logging.getLogger(__name__)


class ListReader:
    """Reads lists, and says once what is wrong with them."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    async def whole(self, page: Any, read: Callable[[Any], T | None]) -> list[T]:
        """All that ``read`` makes of the records from this page on, in their order.

        A list that goes on for more than 50 pages is cut there, and one that comes round again ends.
        """
        found: list[T] = []
        seen: set[str] = set()
        for number in range(1, PAGES + 1):
            records, unreadable = _readable(page)
            fresh = [record for record in records if record.sid not in seen]
            found += [one for record in fresh if (one := read(record)) is not None]
            seen.update(record.sid for record in fresh)
            if unreadable:
                self._tell("a list holds records that cannot be read: they are left out")
            if not (fresh or unreadable) or page.next_page_url is None:
                break
            if number == PAGES:
                self._tell(f"a list goes on after {PAGES} pages: the rest of it is left out")
                break
            page = await page.next_page_async()
        return found

    def _tell(self, what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            log.error("%s", what)


def _readable(page: Any) -> tuple[list[Any], int]:
    """The records of a page, and how many there are beside them that are none."""
    records: list[Any] = []
    unreadable = 0
    while True:
        try:
            record = next(page)
            sid(record)
        except StopIteration:
            return records, unreadable
        except Exception:  # whatever the SDK makes of what it did not expect
            unreadable += 1
        else:
            records.append(record)
