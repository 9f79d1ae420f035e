"""Waits, while somebody waits for an answer, until what they posted is committed; but not for ever."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.exceptions import HTTPException

from textback.complaints import Complaints
from textback.store.engine import StoreError
from textback.store.faults import is_fault

T = TypeVar("T")

#: Seconds that the database has: Twilio, for one, waits for 15 in all.
PATIENCE = 10.0
#: Posts that may wait for the database at once.
MOST = 5000


class Durable:
    """What is not written within ``patience`` seconds is answered with 503; it is written all the same, if late."""

    def __init__(
        self, complaints: Complaints, log: logging.Logger, patience: float = PATIENCE, most: int = MOST
    ) -> None:
        self._complaints, self._log, self._patience, self._most = complaints, log, patience, most
        self._waiting: set[asyncio.Task[Any]] = set()

    async def written(self, work: Coroutine[Any, Any, T]) -> T:
        """What work gives that ends with a COMMIT; raises HTTPException (503), and what the work raises."""
        if len(self._waiting) >= self._most:
            work.close()
            raise self._unavailable()
        task = asyncio.create_task(work)
        self._waiting.add(task)
        task.add_done_callback(self._done)
        await asyncio.wait({task}, timeout=self._patience)
        if not task.done():
            raise self._unavailable()
        try:
            return task.result()
        except Exception as error:
            if isinstance(error, StoreError) or is_fault(error):
                raise self._unavailable() from None
            raise

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._waiting.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.debug("a post was not written: %s", type(error).__name__)

    def _unavailable(self) -> HTTPException:
        self._complaints.tell("the database does not take what is posted: whoever posts is asked to come again")
        return HTTPException(HTTPStatus.SERVICE_UNAVAILABLE)
